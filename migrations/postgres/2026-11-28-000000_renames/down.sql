ALTER TABLE rules_replays DROP COLUMN renaming;
ALTER TABLE rules_replays DROP COLUMN against;
CREATE TABLE stage_renames (
  funnel text COLLATE "C" NOT NULL,
  rules_version bigint NOT NULL,
  from_stage text COLLATE "C" NOT NULL,
  to_stage text COLLATE "C" NOT NULL,
  merged boolean NOT NULL,
  PRIMARY KEY (funnel, rules_version, from_stage)
);
INSERT INTO stage_renames (funnel, rules_version, from_stage, to_stage, merged)
  SELECT above, rules_version, from_id, to_id, merged FROM renames WHERE what = 'stage';
DROP TABLE renames;
