-- Stages that became others by a change of rules: visits made under an earlier version count for what their stage is
-- called now. One that gets an old name later has no part in them: its visits were made under a later version.
CREATE TABLE stage_renames (
  funnel TEXT NOT NULL,
  rules_version INTEGER NOT NULL,
  from_stage TEXT NOT NULL,
  to_stage TEXT NOT NULL,
  -- Others became the same stage, or it was there before: what a record says of one of them says not all of it.
  merged INTEGER NOT NULL CONSTRAINT stage_renames_merged CHECK (merged IN (0, 1)),
  PRIMARY KEY (funnel, rules_version, from_stage)
) STRICT, WITHOUT ROWID;
-- Which of those were merged is no longer known.
INSERT INTO stage_renames (funnel, rules_version, from_stage, to_stage, merged)
  SELECT DISTINCT funnel, rules_version, from_stage, to_stage, 1 FROM history
  WHERE kind = 'migrated' AND from_stage <> to_stage;
