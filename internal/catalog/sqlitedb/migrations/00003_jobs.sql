-- +goose Up
CREATE TABLE jobs (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    queue    TEXT NOT NULL,
    kind     TEXT NOT NULL,
    app      TEXT NOT NULL, -- '' for none
    payload  TEXT NOT NULL, -- JSON
    state    TEXT NOT NULL, -- ready, running, done, dead
    attempt  INTEGER NOT NULL, -- how often it was begun since it was last asked for
    fence    INTEGER NOT NULL, -- grows with every claim: only the last one may finish the job
    run_at   INTEGER NOT NULL, -- of a ready one: not before
    lease    INTEGER NOT NULL, -- of a running one: until when it is, unless that is put off; otherwise 0
    error    TEXT NOT NULL,
    created  INTEGER NOT NULL,
    finished INTEGER NOT NULL
) STRICT;

CREATE INDEX jobs_ready ON jobs (queue, run_at, id) WHERE state = 'ready';
CREATE INDEX jobs_running ON jobs (lease) WHERE lease > 0;
CREATE INDEX jobs_running_in ON jobs (queue) WHERE lease > 0;
CREATE INDEX jobs_finished ON jobs (state, finished) WHERE finished > 0;
CREATE INDEX jobs_in_state ON jobs (state, id);
CREATE INDEX jobs_of_queue ON jobs (queue, id);
CREATE INDEX jobs_of_app ON jobs (app, id);

-- A lane for each queue that has work, and what its turn depends on. Those
-- whose turn has come are found without a look at their jobs.
CREATE TABLE lanes (
    queue    TEXT PRIMARY KEY,
    next_at  INTEGER, -- when it may give another job: NULL if it has none, or as many run as may
    served   INTEGER NOT NULL, -- when it last had a turn
    failures INTEGER NOT NULL, -- since its last success
    paused   INTEGER NOT NULL  -- until when it gives none, because of failures
) STRICT, WITHOUT ROWID;

CREATE INDEX lanes_next ON lanes (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE hooks (
    id        TEXT PRIMARY KEY,
    app       TEXT NOT NULL REFERENCES apps (key) ON DELETE CASCADE,
    url       TEXT NOT NULL,
    events    TEXT NOT NULL, -- JSON, empty for all
    secrets   BLOB NOT NULL, -- JSON, sealed
    format    TEXT NOT NULL,
    enabled   INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    succeeded INTEGER NOT NULL, -- when an attempt last did
    failures  INTEGER NOT NULL, -- attempts since then
    error     TEXT NOT NULL     -- of the last attempt, if it failed
) STRICT;

CREATE INDEX hooks_of_app ON hooks (app, created, id);

CREATE TABLE attempts (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    hook     TEXT NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
    job      INTEGER NOT NULL,
    event    INTEGER NOT NULL,
    number   INTEGER NOT NULL, -- of the job's attempt, from 1
    began    INTEGER NOT NULL,
    took     INTEGER NOT NULL, -- nanoseconds
    status   INTEGER NOT NULL, -- of the answer; 0 for none
    error    TEXT NOT NULL,    -- empty if it succeeded
    answer   TEXT NOT NULL     -- its beginning, if it was no success
) STRICT;

CREATE INDEX attempts_of_hook ON attempts (hook, id);
CREATE INDEX attempts_of_job ON attempts (job, id);

-- Events are spread once: to each webhook of their app a job is given. Until
-- now there was nobody to tell.
ALTER TABLE events ADD COLUMN spread INTEGER NOT NULL DEFAULT 0;
UPDATE events SET spread = 1;
CREATE INDEX events_unspread ON events (id) WHERE spread = 0;
