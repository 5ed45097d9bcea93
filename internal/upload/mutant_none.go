//go:build !mutant

package upload

import "github.com/stowgate/stowgate/internal/blob"

func mutateRecords(r Records, _ blob.Store) Records { return r }
