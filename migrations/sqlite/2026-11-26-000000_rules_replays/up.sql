-- Replays: kept decisions run through a draft or another version of the rules, chunk by chunk, by whichever process
-- holds the lease. What was found is thrown away with the replay.
CREATE TABLE rules_replays (
  id BLOB NOT NULL PRIMARY KEY,
  draft BLOB,
  tried INTEGER,
  text TEXT NOT NULL,
  hash TEXT NOT NULL,
  author BLOB,
  -- The decisions of [since, before), of which seq lies in (beyond, until]; beyond moves on.
  since INTEGER NOT NULL,
  before INTEGER NOT NULL,
  first INTEGER NOT NULL,
  beyond INTEGER NOT NULL,
  until INTEGER NOT NULL,
  state TEXT NOT NULL
    CONSTRAINT rules_replays_state CHECK (state IN ('running', 'done', 'cancelled', 'failed')),
  runner BLOB,
  lease_until INTEGER NOT NULL,
  told TEXT NOT NULL,
  tally TEXT NOT NULL,
  begun_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX rules_replays_running ON rules_replays (lease_until) WHERE state = 'running';

CREATE TABLE rules_replay_items (
  replay BLOB NOT NULL REFERENCES rules_replays (id) ON DELETE CASCADE,
  part INTEGER NOT NULL,
  decision INTEGER NOT NULL,
  PRIMARY KEY (replay, part, decision)
) STRICT, WITHOUT ROWID;
