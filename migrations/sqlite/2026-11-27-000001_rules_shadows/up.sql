-- Shadows: drafts that decide beside the active rules, without effect. Every process adds what it found to the sums; of
-- what differs the first decisions are listed.
CREATE TABLE rules_shadows (
  id BLOB NOT NULL PRIMARY KEY,
  draft BLOB NOT NULL,
  text TEXT NOT NULL,
  hash TEXT NOT NULL,
  author BLOB,
  state TEXT NOT NULL
    CONSTRAINT rules_shadows_state CHECK (state IN ('running', 'stopped', 'changed', 'activated', 'removed')),
  told TEXT NOT NULL,
  tally TEXT NOT NULL,
  begun_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
-- One at a time: each costs every decision.
CREATE UNIQUE INDEX rules_shadows_running ON rules_shadows (state) WHERE state = 'running';

CREATE TABLE rules_shadow_items (
  shadow BLOB NOT NULL REFERENCES rules_shadows (id) ON DELETE CASCADE,
  part INTEGER NOT NULL,
  decision INTEGER NOT NULL,
  PRIMARY KEY (shadow, part, decision)
) STRICT, WITHOUT ROWID;
