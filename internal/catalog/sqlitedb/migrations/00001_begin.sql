-- Times are nanoseconds since 1970 in UTC, 0 meaning none. Names of columns
-- avoid the reserved words of PostgreSQL.

-- +goose Up
CREATE TABLE seals (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE apps (
    key            TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    security       INTEGER NOT NULL,
    disabled       INTEGER NOT NULL,
    created        INTEGER NOT NULL,
    secrets        BLOB NOT NULL, -- JSON, sealed
    revoked_before INTEGER NOT NULL,
    revoked        TEXT NOT NULL, -- JSON, digests in hexadecimal
    options        TEXT NOT NULL  -- JSON
) STRICT;

CREATE TABLE assets (
    id        TEXT PRIMARY KEY,
    uuid      TEXT NOT NULL UNIQUE,
    app       TEXT NOT NULL REFERENCES apps (key),
    name      TEXT NOT NULL,
    type      TEXT NOT NULL,
    detected  TEXT NOT NULL,
    width     INTEGER NOT NULL,
    height    INTEGER NOT NULL,
    content   BLOB NOT NULL,
    size      INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    location  TEXT NOT NULL,
    container TEXT NOT NULL,
    path      TEXT NOT NULL,
    access    TEXT NOT NULL,
    tags      TEXT NOT NULL, -- JSON
    alt       TEXT NOT NULL,
    workflows TEXT NOT NULL, -- JSON
    source    TEXT NOT NULL,
    client    TEXT NOT NULL,
    created   INTEGER NOT NULL,
    modified  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX assets_of_app ON assets (app, created, id);

-- Both names of every removed asset: they are never given again.
CREATE TABLE retired (
    name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER assets_retired BEFORE INSERT ON assets
WHEN EXISTS (SELECT 1 FROM retired WHERE name IN (NEW.id, NEW.uuid))
BEGIN
    SELECT RAISE(ABORT, 'the name was a removed asset''s');
END;
-- +goose StatementEnd

CREATE TABLE sessions (
    id      TEXT PRIMARY KEY,
    app     TEXT NOT NULL REFERENCES apps (key),
    terms   TEXT NOT NULL, -- JSON, the grant and what the caller said
    created INTEGER NOT NULL,
    touched INTEGER NOT NULL,
    asset   TEXT NOT NULL
) STRICT;

CREATE INDEX sessions_of_app ON sessions (app);
CREATE INDEX sessions_touched ON sessions (touched);
CREATE INDEX sessions_created ON sessions (created);

CREATE TABLE parts (
    session TEXT NOT NULL REFERENCES sessions (id),
    number  INTEGER NOT NULL,
    start   INTEGER NOT NULL,
    chunked INTEGER NOT NULL,
    key     TEXT NOT NULL,
    content BLOB NOT NULL,
    tag     TEXT NOT NULL,
    PRIMARY KEY (session, number, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE uses (
    app     TEXT NOT NULL,
    digest  BLOB NOT NULL,
    used    INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (app, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX uses_expiring ON uses (expires) WHERE expires > 0;

CREATE TABLE blobs (
    key    TEXT PRIMARY KEY,
    doomed INTEGER -- when it was doomed, NULL while something needs it
) STRICT, WITHOUT ROWID;

CREATE INDEX blobs_doomed ON blobs (doomed) WHERE doomed IS NOT NULL;

CREATE TABLE events (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    app   TEXT NOT NULL,
    kind  TEXT NOT NULL,
    asset TEXT NOT NULL,
    time  INTEGER NOT NULL,
    body  TEXT NOT NULL -- JSON
) STRICT;

CREATE INDEX events_time ON events (time);
