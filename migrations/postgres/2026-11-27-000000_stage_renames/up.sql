-- Stages that became others by a change of rules: visits made under an earlier version count for what their stage is
-- called now. One that gets an old name later has no part in them: its visits were made under a later version.
CREATE TABLE stage_renames (
  funnel text COLLATE "C" NOT NULL,
  rules_version bigint NOT NULL,
  from_stage text COLLATE "C" NOT NULL,
  to_stage text COLLATE "C" NOT NULL,
  -- Others became the same stage, or it was there before: what a record says of one of them says not all of it.
  merged boolean NOT NULL,
  PRIMARY KEY (funnel, rules_version, from_stage)
);
-- Which of those were merged is no longer known.
INSERT INTO stage_renames (funnel, rules_version, from_stage, to_stage, merged)
  SELECT DISTINCT funnel, rules_version, from_stage, to_stage, true FROM history
  WHERE kind = 'migrated' AND from_stage <> to_stage;
