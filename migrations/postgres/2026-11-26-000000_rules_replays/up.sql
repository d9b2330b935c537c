-- Replays: kept decisions run through a draft or another version of the rules, chunk by chunk, by whichever process
-- holds the lease. What was found is thrown away with the replay.
CREATE TABLE rules_replays (
  id uuid NOT NULL PRIMARY KEY,
  draft uuid,
  tried bigint,
  text text NOT NULL,
  hash text COLLATE "C" NOT NULL,
  author uuid,
  -- The decisions of [since, before), of which seq lies in (beyond, until]; beyond moves on.
  since bigint NOT NULL,
  before bigint NOT NULL,
  first bigint NOT NULL,
  beyond bigint NOT NULL,
  until bigint NOT NULL,
  state text COLLATE "C" NOT NULL
    CONSTRAINT rules_replays_state CHECK (state IN ('running', 'done', 'cancelled', 'failed')),
  runner uuid,
  lease_until bigint NOT NULL,
  told json NOT NULL,
  tally json NOT NULL,
  begun_at bigint NOT NULL,
  ended_at bigint
);
CREATE INDEX rules_replays_running ON rules_replays (lease_until) WHERE state = 'running';

CREATE TABLE rules_replay_items (
  replay uuid NOT NULL REFERENCES rules_replays (id) ON DELETE CASCADE,
  part bigint NOT NULL,
  decision bigint NOT NULL,
  PRIMARY KEY (replay, part, decision)
);
