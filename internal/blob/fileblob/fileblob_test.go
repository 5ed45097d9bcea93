package fileblob

import (
	"testing"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/blobtest"
)

func newStore(t testing.TB) *Store {
	t.Helper()
	return openStore(t, t.TempDir(), kernel())
}

func openStore(t testing.TB, path string, sys system) *Store {
	t.Helper()
	s, err := open(path, Config{}, sys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(t testing.TB) blob.Store { return newStore(t) })
}
