package catalog

import (
	"encoding/json"

	"github.com/stowgate/stowgate/internal/blob"
)

func encodeContent(c blob.Content) ([]byte, error)     { return json.Marshal(c) }
func decodeContent(data []byte, c *blob.Content) error { return json.Unmarshal(data, c) }
