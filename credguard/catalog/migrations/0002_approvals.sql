-- What a person allowed a program to use, and until when; `until` is null for always.
CREATE TABLE approvals (
  program TEXT NOT NULL,
  account_id TEXT NOT NULL,
  at REAL NOT NULL,
  until REAL,
  PRIMARY KEY (program, account_id)
) WITHOUT ROWID;
