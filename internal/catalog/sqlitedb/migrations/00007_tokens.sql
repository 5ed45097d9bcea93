-- +goose Up

-- Keys of tokens in addresses: JSON like secrets, sealed; empty means none.
ALTER TABLE apps ADD COLUMN token_secrets BLOB NOT NULL DEFAULT x'';
