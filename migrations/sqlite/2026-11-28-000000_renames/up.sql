-- Things of every kind that became others by a change of rules, in the place of stages alone: what was recorded under an
-- earlier version counts for what its thing is called now. One that gets an old name later has no part in it. What was
-- removed and became nothing is called as nothing else can be: `lead@5`.
CREATE TABLE renames (
  what TEXT NOT NULL,
  -- The ids that led to it, without its own, with dots between: '', 'standard', 'deal.size'.
  above TEXT NOT NULL,
  rules_version INTEGER NOT NULL,
  from_id TEXT NOT NULL,
  to_id TEXT NOT NULL,
  -- Others became the same, or it was there before: what a record says of one of them says not all of it.
  merged INTEGER NOT NULL CONSTRAINT renames_merged CHECK (merged IN (0, 1)),
  PRIMARY KEY (what, above, rules_version, from_id)
) STRICT, WITHOUT ROWID;
INSERT INTO renames (what, above, rules_version, from_id, to_id, merged)
  SELECT 'stage', funnel, rules_version, from_stage, to_stage, merged FROM stage_renames;
DROP TABLE stage_renames;
-- What became of the rest, the program reads from the versions, in the same transaction: store/ops/rules_recalled.rs.

-- What a replay makes of names: those of the rules that were active as it began (0: it is not known), and what the tried
-- rules rename themselves.
ALTER TABLE rules_replays ADD COLUMN against INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rules_replays ADD COLUMN renaming TEXT NOT NULL DEFAULT '[]';
