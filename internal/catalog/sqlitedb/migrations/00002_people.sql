-- +goose Up
ALTER TABLE apps ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0; -- when its owner deleted it

CREATE TABLE users (
    id         TEXT PRIMARY KEY,
    email      TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    operator   INTEGER NOT NULL,
    disabled   INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    seen       INTEGER NOT NULL,
    password   BLOB NOT NULL, -- sealed
    passkeys   BLOB NOT NULL, -- JSON, sealed
    subject    TEXT NOT NULL,
    invitation BLOB NOT NULL, -- digest
    invited    INTEGER NOT NULL,
    epoch      INTEGER NOT NULL
) STRICT;

CREATE TABLE roles (
    member TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    app    TEXT NOT NULL REFERENCES apps (key) ON DELETE CASCADE,
    role   TEXT NOT NULL,
    PRIMARY KEY (member, app)
) STRICT, WITHOUT ROWID;

CREATE INDEX roles_of_app ON roles (app);

-- Stays of users in the portal. The table sessions holds uploads.
CREATE TABLE signins (
    digest  BLOB PRIMARY KEY,
    member  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch   INTEGER NOT NULL,
    way     TEXT NOT NULL,
    created INTEGER NOT NULL,
    seen    INTEGER NOT NULL,
    address TEXT NOT NULL,
    agent   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX signins_of_member ON signins (member);

CREATE TABLE tokens (
    id      TEXT PRIMARY KEY,
    digest  BLOB NOT NULL UNIQUE,
    name    TEXT NOT NULL,
    member  TEXT REFERENCES users (id) ON DELETE CASCADE, -- NULL: made on the command line
    app     TEXT REFERENCES apps (key) ON DELETE CASCADE, -- NULL: all of its maker's
    scopes  TEXT NOT NULL, -- with spaces between them
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used    INTEGER NOT NULL
) STRICT;

CREATE INDEX tokens_of_member ON tokens (member);
CREATE INDEX tokens_of_app ON tokens (app);

-- The first-run token, while there is no user.
CREATE TABLE setup (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    digest  BLOB NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

-- Who changed what. It refers to no other table: it outlives what it tells of.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    time    INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    name    TEXT NOT NULL,
    address TEXT NOT NULL,
    action  TEXT NOT NULL,
    app     TEXT NOT NULL,
    target  TEXT NOT NULL,
    detail  TEXT NOT NULL -- JSON
) STRICT;

CREATE INDEX audit_of_app ON audit (app, id);
CREATE INDEX audit_of_actor ON audit (actor, id);
CREATE INDEX audit_time ON audit (time);

-- +goose StatementBegin
CREATE TRIGGER audit_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is not changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_delete BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is not changed');
END;
-- +goose StatementEnd

-- INSERT OR REPLACE calls no trigger for what it deletes.
-- +goose StatementBegin
CREATE TRIGGER audit_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is not changed');
END;
-- +goose StatementEnd
