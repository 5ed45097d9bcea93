package node

import (
	"context"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/filestack/demo"
	"github.com/stowgate/stowgate/sign"
)

// demoSigner returns what signs the policies of the demonstration, as the
// backend of an app does.
func demoSigner(records *catalog.Catalog, key string, now func() time.Time) func(context.Context) (demo.Credentials, error) {
	return func(ctx context.Context) (demo.Credentials, error) {
		app, err := records.App(ctx, key)
		if err != nil {
			return demo.Credentials{}, fmt.Errorf("app of the demonstration: %w", err)
		}
		if len(app.Secrets) == 0 {
			return demo.Credentials{}, fmt.Errorf("app %s has no secret to sign with: %w", key, fault.NotFound)
		}
		expires := now().Add(demo.Lifetime)
		signed, err := sign.Policy{Expires: expires, Call: demo.Calls}.Sign(app.Secrets[0].Key)
		return demo.Credentials{Key: key, Policy: signed.Policy, Signature: signed.Signature, Expires: expires.Unix()}, err
	}
}
