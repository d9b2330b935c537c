ALTER TABLE rules_replays DROP COLUMN renaming;
ALTER TABLE rules_replays DROP COLUMN against;
CREATE TABLE stage_renames (
  funnel TEXT NOT NULL,
  rules_version INTEGER NOT NULL,
  from_stage TEXT NOT NULL,
  to_stage TEXT NOT NULL,
  merged INTEGER NOT NULL CONSTRAINT stage_renames_merged CHECK (merged IN (0, 1)),
  PRIMARY KEY (funnel, rules_version, from_stage)
) STRICT, WITHOUT ROWID;
INSERT INTO stage_renames (funnel, rules_version, from_stage, to_stage, merged)
  SELECT above, rules_version, from_id, to_id, merged FROM renames WHERE what = 'stage';
DROP TABLE renames;
