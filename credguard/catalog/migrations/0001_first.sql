-- Facts, never a secret. Times are seconds since 1970 (REAL).
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE accounts (
  account_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  company TEXT NOT NULL,
  color TEXT NOT NULL,
  alias TEXT,
  partition TEXT NOT NULL,
  root_mfa INTEGER
) WITHOUT ROWID;

CREATE TABLE access_keys (
  access_key_id TEXT PRIMARY KEY,
  account_id TEXT,
  arn TEXT,
  created REAL,
  status TEXT NOT NULL,
  store TEXT NOT NULL,
  last_used REAL
) WITHOUT ROWID;

CREATE TABLE profiles (
  profile_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  access_key_id TEXT NOT NULL,
  account_id TEXT,
  config_path TEXT NOT NULL,
  config_line INTEGER,
  mfa_serial TEXT
) WITHOUT ROWID;
CREATE INDEX profiles_by_key ON profiles (access_key_id);
CREATE INDEX profiles_by_name ON profiles (name);

-- An MFA device is its serial where that is known, else the code entry (`entry/<id>`).
CREATE TABLE devices (
  device TEXT PRIMARY KEY,
  serial TEXT,
  entry_id TEXT,
  account_id TEXT,
  name TEXT NOT NULL,
  user_name TEXT,
  kind TEXT NOT NULL
) WITHOUT ROWID;

-- The set of time steps that must not be sent again: sent by us, or shown to a person.
CREATE TABLE used_steps (
  device TEXT NOT NULL,
  step INTEGER NOT NULL,
  how TEXT NOT NULL CHECK (how IN ('sent', 'shown')),
  at REAL NOT NULL,
  PRIMARY KEY (device, step)
) WITHOUT ROWID;

-- Codes sent to AWS; `ok` is null until the answer is known.
CREATE TABLE tries (
  id INTEGER PRIMARY KEY,
  device TEXT NOT NULL,
  at REAL NOT NULL,
  ok INTEGER
);
CREATE INDEX tries_by_device ON tries (device, at);

-- One run of a state machine; `begun` holds the effect whose outcome nobody has seen yet.
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY,
  number INTEGER NOT NULL UNIQUE,
  machine TEXT NOT NULL,
  subject TEXT NOT NULL,
  started REAL NOT NULL,
  ended REAL,
  parked TEXT CHECK (parked IN ('ask', 'wait')),
  until REAL,
  failure TEXT,
  state TEXT NOT NULL,
  begun TEXT
);
CREATE INDEX runs_by_machine ON runs (machine, number);

CREATE TABLE run_log (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
  at REAL NOT NULL,
  kind TEXT NOT NULL,
  content TEXT NOT NULL
);
CREATE INDEX run_log_by_run ON run_log (run_id, id);

CREATE TABLE activity (
  id INTEGER PRIMARY KEY,
  at REAL NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  account_id TEXT,
  access_key_id TEXT,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX activity_by_time ON activity (at);

-- How far each file of provider lines has been taken in, so that none counts twice.
CREATE TABLE spools (
  name TEXT PRIMARY KEY,
  consumed INTEGER NOT NULL
) WITHOUT ROWID;
