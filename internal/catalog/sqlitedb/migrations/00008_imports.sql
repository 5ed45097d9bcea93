-- +goose Up

-- Files that are brought in from URLs, behind the requests that asked for them.
CREATE TABLE imports (
    token   TEXT PRIMARY KEY, -- who knows it may ask how it goes
    app     TEXT NOT NULL REFERENCES apps (key) ON DELETE CASCADE,
    state   TEXT NOT NULL, -- waiting, done, failed
    terms   TEXT NOT NULL, -- JSON, the source, the grant and what the caller said
    asset   TEXT NOT NULL, -- what it became, '' until it is done
    failure TEXT NOT NULL, -- JSON, null unless it failed
    created INTEGER NOT NULL
) STRICT;

CREATE INDEX imports_waiting ON imports (app) WHERE state = 'waiting';
CREATE INDEX imports_of_app ON imports (app);
CREATE INDEX imports_created ON imports (created);

-- What was brought in from which URL, for those who want it once.
CREATE TABLE imported (
    app    TEXT NOT NULL REFERENCES apps (key) ON DELETE CASCADE,
    digest BLOB NOT NULL, -- SHA-256 of the URL
    asset  TEXT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
    PRIMARY KEY (app, digest)
) STRICT;

CREATE INDEX imported_as ON imported (asset);
