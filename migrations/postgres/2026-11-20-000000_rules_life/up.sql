-- The life of the rules: drafts until they are activated, who activated which version, and every name that was removed,
-- so that nothing new gets it without somebody saying so.
ALTER TABLE rules_versions ADD COLUMN activated_by uuid;
ALTER TABLE rules_versions ADD COLUMN draft uuid;
ALTER TABLE rules_versions ADD COLUMN superseded_at bigint;

CREATE TABLE rules_drafts (
  id uuid NOT NULL PRIMARY KEY,
  text text NOT NULL,
  hash text COLLATE "C" NOT NULL,
  author uuid,
  -- Everybody who wrote in it: none of them may activate it where the rules demand two.
  editors json NOT NULL,
  comment text COLLATE "C",
  parent bigint NOT NULL,
  state text COLLATE "C" NOT NULL
    CONSTRAINT rules_drafts_state CHECK (state IN ('draft', 'scheduled', 'refused', 'activated')),
  scheduled_at bigint,
  schedule json,
  refusal json,
  activated_as bigint,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
CREATE INDEX rules_drafts_due ON rules_drafts (scheduled_at) WHERE state = 'scheduled';

CREATE TABLE rules_removed (
  name text COLLATE "C" NOT NULL PRIMARY KEY,
  removed_in bigint NOT NULL
);
