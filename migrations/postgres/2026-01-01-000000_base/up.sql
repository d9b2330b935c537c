-- Everything that the running funnel keeps. The same tables and columns as on SQLite (`migrations/sqlite`), and a
-- transaction id with each row of the log; ids are UUIDv7, instants microseconds since 1970 in UTC, money whole minor
-- units. Text compares by code point (COLLATE "C") so that both databases order and compare alike.

-- The two numbers that every decision compares: which rules rule, and how often the people changed.
CREATE TABLE epochs (
  id integer NOT NULL PRIMARY KEY CONSTRAINT epochs_one_row CHECK (id = 1),
  rules_version bigint NOT NULL,
  people_epoch bigint NOT NULL
);
INSERT INTO epochs (id, rules_version, people_epoch) VALUES (1, 0, 0);

CREATE TABLE teams (
  id uuid NOT NULL PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  parent uuid,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  CONSTRAINT teams_parent_fk FOREIGN KEY (parent) REFERENCES teams (id)
);

CREATE TABLE users (
  id uuid NOT NULL PRIMARY KEY,
  login text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  email text COLLATE "C",
  password_hash text COLLATE "C",
  roles jsonb NOT NULL,
  team uuid,
  active boolean NOT NULL,
  fields jsonb NOT NULL,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  CONSTRAINT users_login_key UNIQUE (login),
  CONSTRAINT users_team_fk FOREIGN KEY (team) REFERENCES teams (id)
);
CREATE INDEX users_team ON users (team);

-- One row a refresh token; a family is one sign-in. Only digests are kept.
CREATE TABLE sessions (
  token_hash bytea NOT NULL PRIMARY KEY,
  family uuid NOT NULL,
  user_id uuid NOT NULL,
  issued_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint,
  successor_hash bytea,
  revoked_at bigint,
  CONSTRAINT sessions_user_fk FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE INDEX sessions_family ON sessions (family);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE login_attempts (
  key text COLLATE "C" NOT NULL PRIMARY KEY,
  count bigint NOT NULL,
  last_at bigint NOT NULL,
  blocked_until bigint
);

CREATE TABLE setup (
  id integer NOT NULL PRIMARY KEY CONSTRAINT setup_one_row CHECK (id = 1),
  token_hash bytea NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint
);

CREATE TABLE rules_versions (
  number bigint NOT NULL PRIMARY KEY,
  hash text COLLATE "C" NOT NULL,
  text text NOT NULL,
  author uuid,
  comment text COLLATE "C",
  parent bigint,
  source text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  activated_at bigint
);

CREATE TABLE rules_file (
  id integer NOT NULL PRIMARY KEY CONSTRAINT rules_file_one_row CHECK (id = 1),
  hash text COLLATE "C" NOT NULL
);

CREATE TABLE customers (
  id uuid NOT NULL PRIMARY KEY,
  creator uuid,
  fields jsonb NOT NULL,
  contacts jsonb NOT NULL,
  version bigint NOT NULL,
  facts_version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
CREATE INDEX customers_created ON customers (created_at, id);
CREATE INDEX customers_creator ON customers (creator);

CREATE TABLE customer_keys (
  combination text COLLATE "C" NOT NULL,
  normalised text COLLATE "C" NOT NULL,
  customer uuid NOT NULL,
  CONSTRAINT customer_keys_key PRIMARY KEY (combination, normalised),
  CONSTRAINT customer_keys_customer_fk FOREIGN KEY (customer) REFERENCES customers (id)
);
CREATE INDEX customer_keys_customer ON customer_keys (customer);

CREATE TABLE deals (
  id uuid NOT NULL PRIMARY KEY,
  customer uuid NOT NULL,
  funnel text COLLATE "C" NOT NULL,
  stage text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CONSTRAINT deals_state CHECK (state IN ('open', 'won', 'lost')),
  owner uuid,
  team uuid,
  creator uuid,
  discoverer uuid,
  origin text COLLATE "C" NOT NULL CONSTRAINT deals_origin CHECK (origin IN ('supplied', 'discovered')),
  product text COLLATE "C",
  grade text COLLATE "C",
  graded_by uuid,
  graded_at bigint,
  reason text COLLATE "C",
  cooling_until bigint,
  lost_from text COLLATE "C",
  fields jsonb NOT NULL,
  version bigint NOT NULL,
  facts_version bigint NOT NULL,
  entered_at bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  closed_at bigint,
  CONSTRAINT deals_customer_fk FOREIGN KEY (customer) REFERENCES customers (id)
);
-- At most one open deal of a customer in a funnel.
CREATE UNIQUE INDEX deals_one_open ON deals (customer, funnel) WHERE state = 'open';
CREATE INDEX deals_customer ON deals (customer);
CREATE INDEX deals_stage ON deals (funnel, stage, entered_at, id);
CREATE INDEX deals_owner ON deals (owner, created_at, id);
CREATE INDEX deals_created ON deals (created_at, id);

CREATE TABLE activities (
  id uuid NOT NULL PRIMARY KEY,
  deal uuid NOT NULL,
  customer uuid NOT NULL,
  kind text COLLATE "C" NOT NULL,
  outcome text COLLATE "C",
  method text COLLATE "C",
  contact text COLLATE "C",
  note text COLLATE "C",
  actor uuid,
  at bigint NOT NULL,
  logged_at bigint NOT NULL
);
CREATE INDEX activities_deal ON activities (deal, at, id);

CREATE TABLE contracts (
  id uuid NOT NULL PRIMARY KEY,
  deal uuid NOT NULL,
  customer uuid NOT NULL,
  number text COLLATE "C",
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  signed_on text COLLATE "C",
  delivered_on text COLLATE "C",
  accepted_on text COLLATE "C",
  cancelled_on text COLLATE "C",
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  CONSTRAINT contracts_deal_fk FOREIGN KEY (deal) REFERENCES deals (id)
);
CREATE INDEX contracts_deal ON contracts (deal, id);

CREATE TABLE payments (
  id uuid NOT NULL PRIMARY KEY,
  contract uuid NOT NULL,
  deal uuid NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  paid_on text COLLATE "C" NOT NULL,
  cancelled_on text COLLATE "C",
  recorded_at bigint NOT NULL,
  CONSTRAINT payments_contract_fk FOREIGN KEY (contract) REFERENCES contracts (id)
);
CREATE INDEX payments_deal ON payments (deal, id);

-- How many deals an owner holds in a stage: the caps' guard and the boards' counts.
CREATE TABLE holdings (
  owner uuid NOT NULL,
  funnel text COLLATE "C" NOT NULL,
  stage text COLLATE "C" NOT NULL,
  n integer NOT NULL,
  cap integer,
  PRIMARY KEY (owner, funnel, stage),
  CONSTRAINT holding_cap CHECK (cap IS NULL OR n <= cap)
);

-- Append-only from here on: visits of deals in stages, and the one log.
CREATE TABLE history (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  deal uuid NOT NULL,
  customer uuid NOT NULL,
  kind text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  funnel text COLLATE "C" NOT NULL,
  from_stage text COLLATE "C",
  to_stage text COLLATE "C" NOT NULL,
  owner uuid,
  team uuid,
  new_owner uuid,
  new_team uuid,
  grade text COLLATE "C",
  product text COLLATE "C",
  reason text COLLATE "C",
  entered_at bigint,
  dwell_micros bigint,
  target_micros bigint,
  actor uuid,
  rules_version bigint NOT NULL,
  decision uuid NOT NULL
);
CREATE INDEX history_deal ON history (deal, seq);
CREATE INDEX history_at ON history (funnel, at);

CREATE TABLE decisions (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL,
  at bigint NOT NULL,
  actor uuid,
  roles json NOT NULL,
  action text COLLATE "C" NOT NULL,
  subject_kind text COLLATE "C" NOT NULL,
  subject text COLLATE "C",
  deal uuid,
  customer uuid,
  rules_version bigint NOT NULL,
  outcome text COLLATE "C" NOT NULL CONSTRAINT decisions_outcome CHECK (outcome IN ('allowed', 'refused')),
  criteria json NOT NULL,
  facts json NOT NULL,
  answer json NOT NULL,
  request_id text COLLATE "C",
  personal_digest text COLLATE "C",
  sealed_in bytea,
  chain_digest bytea,
  -- Readers of the stream stop at the oldest transaction that still runs.
  xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE UNIQUE INDEX decisions_id ON decisions (id);
CREATE INDEX decisions_deal ON decisions (deal, seq);

-- Values of fields marked personal that a decision used: the only part of the log that erasing a person deletes.
CREATE TABLE decision_personal (
  seq bigint NOT NULL PRIMARY KEY,
  customer uuid,
  salt bytea NOT NULL,
  facts json NOT NULL
);
CREATE INDEX decision_personal_customer ON decision_personal (customer);

CREATE TABLE idempotency (
  actor uuid NOT NULL,
  key text COLLATE "C" NOT NULL,
  fingerprint bytea NOT NULL,
  decision bigint NOT NULL,
  at bigint NOT NULL,
  CONSTRAINT idempotency_key PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER history_no_change BEFORE UPDATE OR DELETE ON history FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER history_no_truncate BEFORE TRUNCATE ON history FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER decisions_no_change BEFORE UPDATE OR DELETE ON decisions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER decisions_no_truncate BEFORE TRUNCATE ON decisions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
