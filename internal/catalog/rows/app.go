package rows

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// AppColumns are those of the table apps; AppMarks stand for their values.
const (
	AppColumns = `key, name, security, disabled, created, deleted, secrets, revoked_before, revoked, options, token_secrets`
	AppMarks   = `?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?`
)

// tokensOf returns the name that an app's token secrets are sealed under. No app
// has it as its key.
func tokensOf(app string) string { return "tokens of " + app }

// AppValues returns the values of AppColumns; secrets are sealed in box.
func AppValues(box record.Box, app policy.App) ([]any, error) {
	secrets, err := json.Marshal(app.Secrets)
	if err != nil {
		return nil, err
	}
	tokens, err := json.Marshal(app.TokenSecrets)
	if err != nil {
		return nil, err
	}
	options, err := json.Marshal(app.Options)
	if err != nil {
		return nil, err
	}
	var digests []string
	for digest, revoked := range app.Revoked {
		if revoked {
			digests = append(digests, hex.EncodeToString(digest[:]))
		}
	}
	revoked, err := json.Marshal(digests)
	if err != nil {
		return nil, err
	}
	return []any{app.Key, app.Name, app.Security, app.Disabled, record.Nanos(app.Created), record.Nanos(app.Deleted),
		box.Seal(app.Key, secrets), record.Nanos(app.RevokedBefore), string(revoked), string(options),
		box.Seal(tokensOf(app.Key), tokens)}, nil
}

// ScanApp reads AppColumns, whose secrets are sealed in box.
func ScanApp(box record.Box, row record.Row) (policy.App, error) {
	var app policy.App
	var created, deleted, revokedBefore int64
	var secrets, revoked, options, tokens []byte
	err := row.Scan(&app.Key, &app.Name, &app.Security, &app.Disabled, &created, &deleted, &secrets, &revokedBefore, &revoked, &options, &tokens)
	if err != nil {
		return policy.App{}, err
	}
	app.Created, app.Deleted, app.RevokedBefore = record.Instant(created), record.Instant(deleted), record.Instant(revokedBefore)
	if secrets, err = box.Open(app.Key, secrets); err != nil {
		return policy.App{}, err
	}
	if err := json.Unmarshal(secrets, &app.Secrets); err != nil {
		return policy.App{}, fmt.Errorf("read secrets: %w", err)
	}
	if len(tokens) > 0 {
		if tokens, err = box.Open(tokensOf(app.Key), tokens); err != nil {
			return policy.App{}, err
		}
		if err := json.Unmarshal(tokens, &app.TokenSecrets); err != nil {
			return policy.App{}, fmt.Errorf("read token secrets: %w", err)
		}
	}
	if err := json.Unmarshal(options, &app.Options); err != nil {
		return policy.App{}, fmt.Errorf("read options: %w", err)
	}
	var digests []string
	if err := json.Unmarshal(revoked, &digests); err != nil {
		return policy.App{}, fmt.Errorf("read revocations: %w", err)
	}
	for _, text := range digests {
		var digest [32]byte
		if n, err := hex.Decode(digest[:], []byte(text)); err != nil || n != len(digest) {
			return policy.App{}, fmt.Errorf("read revocation %q: %w", text, fault.Damaged)
		}
		if app.Revoked == nil {
			app.Revoked = make(map[[32]byte]bool)
		}
		app.Revoked[digest] = true
	}
	return app, nil
}
