-- Things of every kind that became others by a change of rules, in the place of stages alone: what was recorded under an
-- earlier version counts for what its thing is called now. One that gets an old name later has no part in it. What was
-- removed and became nothing is called as nothing else can be: `lead@5`.
CREATE TABLE renames (
  what text COLLATE "C" NOT NULL,
  -- The ids that led to it, without its own, with dots between: '', 'standard', 'deal.size'.
  above text COLLATE "C" NOT NULL,
  rules_version bigint NOT NULL,
  from_id text COLLATE "C" NOT NULL,
  to_id text COLLATE "C" NOT NULL,
  -- Others became the same, or it was there before: what a record says of one of them says not all of it.
  merged boolean NOT NULL,
  PRIMARY KEY (what, above, rules_version, from_id)
);
INSERT INTO renames (what, above, rules_version, from_id, to_id, merged)
  SELECT 'stage', funnel, rules_version, from_stage, to_stage, merged FROM stage_renames;
DROP TABLE stage_renames;
-- What became of the rest is not known; but that it went, is.
INSERT INTO renames (what, above, rules_version, from_id, to_id, merged)
  SELECT what, above, removed_in, id, id || '@' || removed_in, false FROM (
    SELECT removed_in, p[n] AS id,
      CASE
        WHEN p[1] = 'funnels' AND n = 4 THEN 'stage'
        WHEN p[1] = 'funnels' AND n = 6 THEN 'reason'
        WHEN p[1] = 'roles' THEN 'role'
        WHEN p[1] = 'grades' THEN 'grade'
        WHEN p[1] = 'products' THEN 'product'
        WHEN p[1] = 'fields' AND n = 3 THEN 'field'
        WHEN p[1] = 'fields' AND n = 5 THEN 'choice'
        WHEN p[1] = 'activities' AND n = 2 THEN 'activity'
        WHEN p[1] = 'activities' AND n = 4 THEN 'outcome'
        WHEN p[1] = 'methods' THEN 'method'
      END AS what,
      CASE
        WHEN p[1] = 'funnels' AND n = 6 THEN p[2] || '.' || p[4]
        WHEN p[1] = 'fields' AND n = 5 THEN p[2] || '.' || p[3]
        WHEN n > 2 THEN p[2]
        ELSE ''
      END AS above
    FROM (
      SELECT removed_in, p, cardinality(p) AS n FROM (
        SELECT removed_in, string_to_array(name, '.') AS p FROM rules_removed
      ) AS names
    ) AS parts
  ) AS gone
  WHERE what IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM renames r
    WHERE r.what = gone.what AND r.above = gone.above AND r.rules_version = removed_in AND r.from_id = id
  );

-- What a replay makes of names: those of the rules that were active as it began (0: it is not known), and what the tried
-- rules rename themselves.
ALTER TABLE rules_replays ADD COLUMN against bigint NOT NULL DEFAULT 0;
ALTER TABLE rules_replays ADD COLUMN renaming json NOT NULL DEFAULT '[]';
