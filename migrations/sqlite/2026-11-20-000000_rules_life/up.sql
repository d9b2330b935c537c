-- The life of the rules: drafts until they are activated, who activated which version, and every name that was removed,
-- so that nothing new gets it without somebody saying so.
ALTER TABLE rules_versions ADD COLUMN activated_by BLOB;
ALTER TABLE rules_versions ADD COLUMN draft BLOB;
ALTER TABLE rules_versions ADD COLUMN superseded_at INTEGER;

CREATE TABLE rules_drafts (
  id BLOB NOT NULL PRIMARY KEY,
  text TEXT NOT NULL,
  hash TEXT NOT NULL,
  author BLOB,
  -- Everybody who wrote in it: none of them may activate it where the rules demand two.
  editors TEXT NOT NULL,
  comment TEXT,
  parent INTEGER NOT NULL,
  state TEXT NOT NULL
    CONSTRAINT rules_drafts_state CHECK (state IN ('draft', 'scheduled', 'refused', 'activated')),
  scheduled_at INTEGER,
  schedule TEXT,
  refusal TEXT,
  activated_as INTEGER,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX rules_drafts_due ON rules_drafts (scheduled_at) WHERE state = 'scheduled';

CREATE TABLE rules_removed (
  name TEXT NOT NULL PRIMARY KEY,
  removed_in INTEGER NOT NULL
) STRICT;
