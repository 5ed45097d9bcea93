-- +goose Up
ALTER TABLE assets ADD COLUMN labels TEXT NOT NULL DEFAULT 'null';  -- JSON
ALTER TABLE assets ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;    -- since when it is permanent; 0 for a temporary one
ALTER TABLE assets ADD COLUMN picture TEXT NOT NULL DEFAULT 'null'; -- JSON

-- Until now each was.
UPDATE assets SET stored = MAX(created, 1);

-- Empty, and so for nothing, as long as there are none.
CREATE INDEX assets_temporary ON assets (created) WHERE stored = 0 AND trashed = 0;

-- The place of what is to be listed anew is kept below 0.
DROP INDEX assets_unplaced;
CREATE INDEX assets_unplaced ON assets (id) WHERE place <= 0;

ALTER TABLE usage ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;   -- files in the trash
ALTER TABLE usage ADD COLUMN temporary INTEGER NOT NULL DEFAULT 0; -- others that are not permanent

UPDATE usage SET removed = (SELECT COUNT(*) FROM assets WHERE assets.app = usage.app AND trashed > 0);

DROP TRIGGER usage_added;
DROP TRIGGER usage_removed;

-- +goose StatementBegin
CREATE TRIGGER usage_added AFTER INSERT ON assets
BEGIN
    UPDATE usage SET files = files + 1, bytes = bytes + NEW.size, removed = removed + (NEW.trashed > 0),
        temporary = temporary + (NEW.trashed = 0 AND NEW.stored = 0) WHERE app = NEW.app;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER usage_removed AFTER DELETE ON assets
BEGIN
    UPDATE usage SET files = files - 1, bytes = bytes - OLD.size, removed = removed - (OLD.trashed > 0),
        temporary = temporary - (OLD.trashed = 0 AND OLD.stored = 0) WHERE app = OLD.app;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER usage_moved AFTER UPDATE OF trashed, stored ON assets
WHEN (NEW.trashed > 0) <> (OLD.trashed > 0) OR (NEW.stored = 0) <> (OLD.stored = 0)
BEGIN
    UPDATE usage SET removed = removed + (NEW.trashed > 0) - (OLD.trashed > 0),
        temporary = temporary + (NEW.trashed = 0 AND NEW.stored = 0) - (OLD.trashed = 0 AND OLD.stored = 0) WHERE app = NEW.app;
END;
-- +goose StatementEnd

-- Lists of assets that never change, in the order in which they were made.
CREATE TABLE asset_groups (
    id      TEXT PRIMARY KEY,
    app     TEXT NOT NULL REFERENCES apps (key) ON DELETE CASCADE,
    created INTEGER NOT NULL, -- in whole microseconds
    size    INTEGER NOT NULL, -- how many members
    members TEXT NOT NULL,    -- JSON
    UNIQUE (app, created)
) STRICT;
