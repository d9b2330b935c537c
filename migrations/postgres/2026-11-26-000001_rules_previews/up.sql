-- Previews: what a draft or another version of the rules would mean for the deals that there are, found step by step by
-- whichever process holds the lease. What was found is thrown away with the preview.
CREATE TABLE rules_previews (
  id uuid NOT NULL PRIMARY KEY,
  draft uuid,
  tried bigint,
  text text NOT NULL,
  hash text COLLATE "C" NOT NULL,
  author uuid,
  as_of bigint NOT NULL,
  migrate json NOT NULL,
  state text COLLATE "C" NOT NULL
    CONSTRAINT rules_previews_state CHECK (state IN ('running', 'done', 'cancelled', 'failed')),
  runner uuid,
  lease_until bigint NOT NULL,
  total bigint NOT NULL,
  done bigint NOT NULL,
  told json NOT NULL,
  sums json NOT NULL,
  begun_at bigint NOT NULL,
  ended_at bigint
);
CREATE INDEX rules_previews_running ON rules_previews (lease_until) WHERE state = 'running';

CREATE TABLE rules_preview_items (
  preview uuid NOT NULL REFERENCES rules_previews (id) ON DELETE CASCADE,
  part bigint NOT NULL,
  deal uuid NOT NULL,
  PRIMARY KEY (preview, part, deal)
);
