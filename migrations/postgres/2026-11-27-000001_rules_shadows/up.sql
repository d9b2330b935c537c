-- Shadows: drafts that decide beside the active rules, without effect. Every process adds what it found to the sums; of
-- what differs the first decisions are listed.
CREATE TABLE rules_shadows (
  id uuid NOT NULL PRIMARY KEY,
  draft uuid NOT NULL,
  text text NOT NULL,
  hash text COLLATE "C" NOT NULL,
  author uuid,
  state text COLLATE "C" NOT NULL
    CONSTRAINT rules_shadows_state CHECK (state IN ('running', 'stopped', 'changed', 'activated', 'removed')),
  told json NOT NULL,
  tally json NOT NULL,
  begun_at bigint NOT NULL,
  ended_at bigint
);
-- One at a time: each costs every decision.
CREATE UNIQUE INDEX rules_shadows_running ON rules_shadows (state) WHERE state = 'running';

CREATE TABLE rules_shadow_items (
  shadow uuid NOT NULL REFERENCES rules_shadows (id) ON DELETE CASCADE,
  part bigint NOT NULL,
  decision bigint NOT NULL,
  PRIMARY KEY (shadow, part, decision)
);
