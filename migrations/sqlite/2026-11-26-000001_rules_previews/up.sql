-- Previews: what a draft or another version of the rules would mean for the deals that there are, found step by step by
-- whichever process holds the lease. What was found is thrown away with the preview.
CREATE TABLE rules_previews (
  id BLOB NOT NULL PRIMARY KEY,
  draft BLOB,
  tried INTEGER,
  text TEXT NOT NULL,
  hash TEXT NOT NULL,
  author BLOB,
  as_of INTEGER NOT NULL,
  migrate TEXT NOT NULL,
  state TEXT NOT NULL
    CONSTRAINT rules_previews_state CHECK (state IN ('running', 'done', 'cancelled', 'failed')),
  runner BLOB,
  lease_until INTEGER NOT NULL,
  total INTEGER NOT NULL,
  done INTEGER NOT NULL,
  told TEXT NOT NULL,
  sums TEXT NOT NULL,
  begun_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX rules_previews_running ON rules_previews (lease_until) WHERE state = 'running';

CREATE TABLE rules_preview_items (
  preview BLOB NOT NULL REFERENCES rules_previews (id) ON DELETE CASCADE,
  part INTEGER NOT NULL,
  deal BLOB NOT NULL,
  PRIMARY KEY (preview, part, deal)
) STRICT, WITHOUT ROWID;
