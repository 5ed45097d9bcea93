package memblob_test

import (
	"testing"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/blobtest"
	"github.com/stowgate/stowgate/internal/blob/memblob"
)

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(testing.TB) blob.Store { return new(memblob.Store) })
}

func TestDirectConformance(t *testing.T) {
	blobtest.Run(t, func(t testing.TB) blob.Store { return blobtest.NewDirect(t) })
}
