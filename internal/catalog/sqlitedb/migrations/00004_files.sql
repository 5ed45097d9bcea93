-- +goose Up
ALTER TABLE assets ADD COLUMN trashed INTEGER NOT NULL DEFAULT 0; -- when it was put into the trash
ALTER TABLE assets ADD COLUMN place INTEGER NOT NULL DEFAULT 0;   -- in files; 0 until it is there

CREATE INDEX assets_trashed ON assets (trashed) WHERE trashed > 0;
CREATE INDEX assets_unplaced ON assets (id) WHERE place = 0;

-- What lists and searches go by: a few bytes for each asset, in the order of its
-- creation.
CREATE TABLE files (
    app    TEXT NOT NULL,
    trash  INTEGER NOT NULL, -- 1 for one in the trash
    place  INTEGER NOT NULL UNIQUE, -- microseconds of its creation, or soon after
    id     TEXT NOT NULL,
    folded TEXT NOT NULL, -- the name, without the case of letters
    words  TEXT NOT NULL, -- sorted, with spaces before, between and after
    size   INTEGER NOT NULL,
    PRIMARY KEY (app, trash, place)
) STRICT, WITHOUT ROWID;

-- They hold all that conditions are about, so that going through many files in
-- these orders does not look up each of them.
CREATE INDEX files_by_name ON files (app, trash, folded, place, words, size, id);
CREATE INDEX files_by_size ON files (app, trash, size, place, words, folded, id);

-- From words, and parts of names, to places.
CREATE VIRTUAL TABLE file_words USING fts5 (words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
