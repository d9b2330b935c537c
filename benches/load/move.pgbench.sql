-- A move as the raw limit makes it: the facts in one read, then everything that is recorded in one statement. Deals of
-- the classes 0 to 3 of each pattern of 20 (benches/load/data.rs); the decision is made by the script: the other stage.
-- What is kept with it is copied from a decision that the product recorded (`sample`).
\set n random(0, :patterns - 1) * 20 + random(0, 3)
SELECT d.version AS v, d.facts_version AS fv, d.stage AS was, c.facts_version AS cfv,
  CASE d.stage WHEN 'lead' THEN 'contacted' ELSE 'lead' END AS next,
  CASE d.stage WHEN 'lead' THEN 'back' ELSE 'forward' END AS way, d.entered_at AS entered,
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
  AND facts_version = :cfv FOR KEY SHARE),
u AS (UPDATE deals d SET stage = :next, version = d.version + 1, entered_at = clock.at, updated_at = clock.at FROM clock
  WHERE d.id = ('01900000-0000-7000-8002-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid AND d.version = :v
  AND d.facts_version = :fv AND EXISTS (SELECT FROM e) AND EXISTS (SELECT FROM c)
  RETURNING d.id, d.customer, d.owner, d.team, d.product, clock.at, clock.decision),
h AS (INSERT INTO history (deal, customer, kind, at, funnel, from_stage, to_stage, owner, team, new_owner, new_team,
    product, entered_at, dwell_micros, actor, rules_version, decision)
  SELECT id, customer, :way, at, 'standard', :was, :next, owner, team, owner, team, product, :entered,
    at - :entered, owner, :rv, decision FROM u),
g AS (INSERT INTO holdings AS o (owner, funnel, stage, n, cap)
  SELECT u.owner, 'standard', s.stage, s.n, s.cap FROM u,
    (VALUES (:was, -1, NULL::int), (:next, 1, 1000000)) s(stage, n, cap) ORDER BY u.owner, s.stage
  ON CONFLICT (owner, funnel, stage) DO UPDATE SET n = o.n + excluded.n, cap = excluded.cap),
x AS (INSERT INTO decisions (id, at, actor, roles, action, subject_kind, subject, deal, customer, rules_version, outcome,
    criteria, facts, answer, request_id)
  SELECT u.decision, u.at, u.owner, '["seller"]', 'deals.move', 'deal', u.id::text, u.id, u.customer, :rv, 'allowed',
    s.criteria, s.facts, s.answer, u.decision::text FROM u, decisions s WHERE s.seq = :sample
  RETURNING seq, customer, actor, request_id, at),
p AS (INSERT INTO decision_personal (seq, customer, salt, facts)
  SELECT x.seq, x.customer, s.salt, s.facts FROM x, decision_personal s WHERE s.seq = :sample)
INSERT INTO idempotency (actor, key, fingerprint, decision, at)
  SELECT actor, request_id, decode(repeat('ab', 32), 'hex'), seq, at FROM x;
