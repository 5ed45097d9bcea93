-- +goose Up

-- What each app stores. Triggers keep it exact, whoever changes the assets.
CREATE TABLE usage (
    app   TEXT PRIMARY KEY REFERENCES apps (key) ON DELETE CASCADE,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO usage (app, files, bytes)
SELECT key, (SELECT COUNT(*) FROM assets WHERE app = key), (SELECT COALESCE(SUM(size), 0) FROM assets WHERE app = key) FROM apps;

-- +goose StatementBegin
CREATE TRIGGER usage_of_app AFTER INSERT ON apps
BEGIN
    INSERT INTO usage (app, files, bytes) VALUES (NEW.key, 0, 0);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER usage_added AFTER INSERT ON assets
BEGIN
    UPDATE usage SET files = files + 1, bytes = bytes + NEW.size WHERE app = NEW.app;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER usage_changed AFTER UPDATE OF size ON assets WHEN NEW.size <> OLD.size
BEGIN
    UPDATE usage SET bytes = bytes + NEW.size - OLD.size WHERE app = NEW.app;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER usage_removed AFTER DELETE ON assets
BEGIN
    UPDATE usage SET files = files - 1, bytes = bytes - OLD.size WHERE app = OLD.app;
END;
-- +goose StatementEnd

-- How much of something there was since start, for a number of seconds: 3600 or
-- 86400.
CREATE TABLE figures (
    app   TEXT NOT NULL, -- empty for requests that name none
    span  INTEGER NOT NULL,
    start INTEGER NOT NULL,
    name  TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (app, span, start, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE slowest (
    app   TEXT NOT NULL,
    day   INTEGER NOT NULL,
    plan  TEXT NOT NULL,
    worst INTEGER NOT NULL, -- nanoseconds, as total
    total INTEGER NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (app, day, plan)
) STRICT, WITHOUT ROWID;

CREATE TABLE secret_uses (
    app         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    used        INTEGER NOT NULL,
    PRIMARY KEY (app, fingerprint)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER figures_of_app AFTER DELETE ON apps
BEGIN
    DELETE FROM figures WHERE app = OLD.key;
    DELETE FROM slowest WHERE app = OLD.key;
    DELETE FROM secret_uses WHERE app = OLD.key;
END;
-- +goose StatementEnd
