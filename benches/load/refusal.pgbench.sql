-- A refused move as the raw limit makes it: the facts in one read, then the decision. Deals of the classes 8 and 9.
\set n random(0, :patterns - 1) * 20 + random(8, 9)
SELECT d.version AS v, d.facts_version AS fv, d.stage AS was, c.facts_version AS cfv, d.entered_at AS entered,
  e.rules_version AS rv, e.people_epoch AS pe, d.fields, c.fields AS cfields, c.contacts, o.roles, o.team AS oteam,
  (SELECT json_agg(json_build_array(a.kind, a.outcome, a.at)) FROM activities a WHERE a.deal = d.id) AS activities,
  (SELECT json_agg(json_build_array(k.signed_on, k.delivered_on, k.amount_minor)) FROM contracts k WHERE k.deal = d.id) AS contracts,
  (SELECT count(*) FROM payments p WHERE p.deal = d.id) AS payments,
  (SELECT json_agg(json_build_array(h.to_stage, h.at) ORDER BY h.seq) FROM history h WHERE h.deal = d.id AND h.kind <> 'owner') AS visits,
  (SELECT json_agg(json_build_array(g.stage, g.n)) FROM holdings g WHERE g.owner = d.owner) AS held,
  (SELECT count(*) FROM deals s WHERE s.customer = d.customer AND s.state = 'open') AS open_deals
FROM deals d JOIN customers c ON c.id = d.customer LEFT JOIN users o ON o.id = d.owner, epochs e
WHERE d.id = ('01900000-0000-7000-8002-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid AND e.id = 1 \gset
WITH clock AS MATERIALIZED (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS at,
  (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 19))::uuid AS decision),
e AS MATERIALIZED (SELECT 1 FROM epochs WHERE id = 1 AND rules_version = :rv AND people_epoch = :pe FOR KEY SHARE),
c AS MATERIALIZED (SELECT 1 FROM customers WHERE id = ('01900000-0000-7000-8001-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid
  AND facts_version = :cfv FOR KEY SHARE)
INSERT INTO decisions (id, at, actor, roles, action, subject_kind, subject, deal, customer, rules_version, outcome,
    criteria, facts, answer, request_id)
  SELECT clock.decision, clock.at, d.owner, '["seller"]', 'deals.move', 'deal', d.id::text, d.id, d.customer, :rv, 'refused',
    s.criteria, s.facts, s.answer, clock.decision::text FROM deals d, clock, decisions s
  WHERE s.seq = :sample AND d.id = ('01900000-0000-7000-8002-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid AND d.version = :v
  AND d.facts_version = :fv AND EXISTS (SELECT FROM e) AND EXISTS (SELECT FROM c);
