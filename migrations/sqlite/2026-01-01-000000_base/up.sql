-- Everything that the running funnel keeps. The same tables and columns as on PostgreSQL (`migrations/postgres`);
-- ids are UUIDv7 as 16 bytes, instants microseconds since 1970 in UTC, money whole minor units, documents JSON text.

-- The two numbers that every decision compares: which rules rule, and how often the people changed.
CREATE TABLE epochs (
  id INTEGER NOT NULL PRIMARY KEY CONSTRAINT epochs_one_row CHECK (id = 1),
  rules_version INTEGER NOT NULL,
  people_epoch INTEGER NOT NULL
) STRICT;
INSERT INTO epochs (id, rules_version, people_epoch) VALUES (1, 0, 0);

CREATE TABLE teams (
  id BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  parent BLOB,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CONSTRAINT teams_parent_fk FOREIGN KEY (parent) REFERENCES teams (id)
) STRICT;

CREATE TABLE users (
  id BLOB NOT NULL PRIMARY KEY,
  login TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT,
  password_hash TEXT,
  roles TEXT NOT NULL,
  team BLOB,
  active INTEGER NOT NULL,
  fields TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CONSTRAINT users_login_key UNIQUE (login),
  CONSTRAINT users_team_fk FOREIGN KEY (team) REFERENCES teams (id)
) STRICT;
CREATE INDEX users_team ON users (team);

-- One row a refresh token; a family is one sign-in. Only digests are kept.
CREATE TABLE sessions (
  token_hash BLOB NOT NULL PRIMARY KEY,
  family BLOB NOT NULL,
  user_id BLOB NOT NULL,
  issued_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  successor_hash BLOB,
  revoked_at INTEGER,
  CONSTRAINT sessions_user_fk FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT;
CREATE INDEX sessions_family ON sessions (family);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE login_attempts (
  key TEXT NOT NULL PRIMARY KEY,
  count INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  blocked_until INTEGER
) STRICT;

CREATE TABLE setup (
  id INTEGER NOT NULL PRIMARY KEY CONSTRAINT setup_one_row CHECK (id = 1),
  token_hash BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;

CREATE TABLE rules_versions (
  number INTEGER NOT NULL PRIMARY KEY,
  hash TEXT NOT NULL,
  text TEXT NOT NULL,
  author BLOB,
  comment TEXT,
  parent INTEGER,
  source TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  activated_at INTEGER
) STRICT;

CREATE TABLE rules_file (
  id INTEGER NOT NULL PRIMARY KEY CONSTRAINT rules_file_one_row CHECK (id = 1),
  hash TEXT NOT NULL
) STRICT;

CREATE TABLE customers (
  id BLOB NOT NULL PRIMARY KEY,
  creator BLOB,
  fields TEXT NOT NULL,
  contacts TEXT NOT NULL,
  version INTEGER NOT NULL,
  facts_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX customers_created ON customers (created_at, id);
CREATE INDEX customers_creator ON customers (creator);

CREATE TABLE customer_keys (
  combination TEXT NOT NULL,
  normalised TEXT NOT NULL,
  customer BLOB NOT NULL,
  CONSTRAINT customer_keys_key PRIMARY KEY (combination, normalised),
  CONSTRAINT customer_keys_customer_fk FOREIGN KEY (customer) REFERENCES customers (id)
) STRICT;
CREATE INDEX customer_keys_customer ON customer_keys (customer);

CREATE TABLE deals (
  id BLOB NOT NULL PRIMARY KEY,
  customer BLOB NOT NULL,
  funnel TEXT NOT NULL,
  stage TEXT NOT NULL,
  state TEXT NOT NULL CONSTRAINT deals_state CHECK (state IN ('open', 'won', 'lost')),
  owner BLOB,
  team BLOB,
  creator BLOB,
  discoverer BLOB,
  origin TEXT NOT NULL CONSTRAINT deals_origin CHECK (origin IN ('supplied', 'discovered')),
  product TEXT,
  grade TEXT,
  graded_by BLOB,
  graded_at INTEGER,
  reason TEXT,
  cooling_until INTEGER,
  lost_from TEXT,
  fields TEXT NOT NULL,
  version INTEGER NOT NULL,
  facts_version INTEGER NOT NULL,
  entered_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  closed_at INTEGER,
  CONSTRAINT deals_customer_fk FOREIGN KEY (customer) REFERENCES customers (id)
) STRICT;
-- At most one open deal of a customer in a funnel.
CREATE UNIQUE INDEX deals_one_open ON deals (customer, funnel) WHERE state = 'open';
CREATE INDEX deals_customer ON deals (customer);
CREATE INDEX deals_stage ON deals (funnel, stage, entered_at, id);
CREATE INDEX deals_owner ON deals (owner, created_at, id);
CREATE INDEX deals_created ON deals (created_at, id);

CREATE TABLE activities (
  id BLOB NOT NULL PRIMARY KEY,
  deal BLOB NOT NULL,
  customer BLOB NOT NULL,
  kind TEXT NOT NULL,
  outcome TEXT,
  method TEXT,
  contact TEXT,
  note TEXT,
  actor BLOB,
  at INTEGER NOT NULL,
  logged_at INTEGER NOT NULL
) STRICT;
CREATE INDEX activities_deal ON activities (deal, at, id);

CREATE TABLE contracts (
  id BLOB NOT NULL PRIMARY KEY,
  deal BLOB NOT NULL,
  customer BLOB NOT NULL,
  number TEXT,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  signed_on TEXT,
  delivered_on TEXT,
  accepted_on TEXT,
  cancelled_on TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CONSTRAINT contracts_deal_fk FOREIGN KEY (deal) REFERENCES deals (id)
) STRICT;
CREATE INDEX contracts_deal ON contracts (deal, id);

CREATE TABLE payments (
  id BLOB NOT NULL PRIMARY KEY,
  contract BLOB NOT NULL,
  deal BLOB NOT NULL,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  paid_on TEXT NOT NULL,
  cancelled_on TEXT,
  recorded_at INTEGER NOT NULL,
  CONSTRAINT payments_contract_fk FOREIGN KEY (contract) REFERENCES contracts (id)
) STRICT;
CREATE INDEX payments_deal ON payments (deal, id);

-- How many deals an owner holds in a stage: the caps' guard and the boards' counts.
CREATE TABLE holdings (
  owner BLOB NOT NULL,
  funnel TEXT NOT NULL,
  stage TEXT NOT NULL,
  n INTEGER NOT NULL,
  cap INTEGER,
  PRIMARY KEY (owner, funnel, stage),
  CONSTRAINT holding_cap CHECK (cap IS NULL OR n <= cap)
) STRICT;

-- Append-only from here on: visits of deals in stages, and the one log.
CREATE TABLE history (
  seq INTEGER NOT NULL PRIMARY KEY,
  deal BLOB NOT NULL,
  customer BLOB NOT NULL,
  kind TEXT NOT NULL,
  at INTEGER NOT NULL,
  funnel TEXT NOT NULL,
  from_stage TEXT,
  to_stage TEXT NOT NULL,
  owner BLOB,
  team BLOB,
  new_owner BLOB,
  new_team BLOB,
  grade TEXT,
  product TEXT,
  reason TEXT,
  entered_at INTEGER,
  dwell_micros INTEGER,
  target_micros INTEGER,
  actor BLOB,
  rules_version INTEGER NOT NULL,
  decision BLOB NOT NULL
) STRICT;
CREATE INDEX history_deal ON history (deal, seq);
CREATE INDEX history_at ON history (funnel, at);

CREATE TABLE decisions (
  seq INTEGER NOT NULL PRIMARY KEY,
  id BLOB NOT NULL,
  at INTEGER NOT NULL,
  actor BLOB,
  roles TEXT NOT NULL,
  action TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject TEXT,
  deal BLOB,
  customer BLOB,
  rules_version INTEGER NOT NULL,
  outcome TEXT NOT NULL CONSTRAINT decisions_outcome CHECK (outcome IN ('allowed', 'refused')),
  criteria TEXT NOT NULL,
  facts TEXT NOT NULL,
  answer TEXT NOT NULL,
  request_id TEXT,
  personal_digest TEXT,
  sealed_in BLOB,
  chain_digest BLOB
) STRICT;
CREATE UNIQUE INDEX decisions_id ON decisions (id);
CREATE INDEX decisions_deal ON decisions (deal, seq);

-- Values of fields marked personal that a decision used: the only part of the log that erasing a person deletes.
CREATE TABLE decision_personal (
  seq INTEGER NOT NULL PRIMARY KEY,
  customer BLOB,
  salt BLOB NOT NULL,
  facts TEXT NOT NULL
) STRICT;
CREATE INDEX decision_personal_customer ON decision_personal (customer);

CREATE TABLE idempotency (
  actor BLOB NOT NULL,
  key TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  decision INTEGER NOT NULL,
  at INTEGER NOT NULL,
  CONSTRAINT idempotency_key PRIMARY KEY (actor, key)
) STRICT;
CREATE INDEX idempotency_at ON idempotency (at);

CREATE TRIGGER history_no_update BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER history_no_delete BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions is append-only'); END;
CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions is append-only'); END;
