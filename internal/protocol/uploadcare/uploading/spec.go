package uploading

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/form"
	"github.com/stowgate/stowgate/internal/upload"
)

// specOf reads what every way of uploading says about files; store names the
// parameter that says whether they are kept.
func specOf(c *call, store string) (upload.Spec, error) {
	spec := upload.Spec{Size: -1, Temporary: isTemporary(c, store)}
	var err error
	if spec.Tags, err = metadata(c.set.Under("metadata")); err != nil {
		return spec, err
	}
	spec.Labels, err = tags(c.set.Text("tags"))
	return spec, err
}

// isTemporary reports whether files are not to be kept. The jQuery widget sends
// the parameter without a value for that (uploadcare-widget, src/files).
func isTemporary(c *call, store string) bool {
	value, ok := c.set.Lookup(store)
	if !ok || value == "auto" {
		return c.app.Options.Temporary
	}
	return value == "" || value == "0" || value == "false"
}

// metadata reads what clients call metadata, and the core tags.
// Source: Uploadcare documentation, "Upload API", "File metadata".
func metadata(fields []form.Field) (map[string]string, error) {
	var tags map[string]string
	for _, f := range fields {
		key, value := f.Name, f.Value
		if _, repeated := tags[key]; repeated { // once in the query, once in the body
			return nil, answer.Refuse("FileMetadataKeyDuplicatedError", key)
		}
		if err := answer.CheckMetadata(key, value); err != nil {
			return nil, err
		}
		if len(tags) == library.MaxTags {
			return nil, answer.Refuse("FileMetadataKeysNumberTooBigError", library.MaxTags)
		}
		if tags == nil {
			tags = map[string]string{}
		}
		tags[key] = value
	}
	return tags, nil
}

// tags reads what clients call tags, and the core labels.
// Source: Uploadcare documentation, "File tags".
func tags(list string) ([]string, error) {
	words := strings.Split(list, ",")
	labels, err := asset.NormalLabels(words)
	if err == nil {
		return labels, nil
	}
	different := map[string]bool{}
	for _, word := range words {
		if word = strings.ToLower(strings.TrimSpace(word)); word != "" {
			different[word] = true
		}
	}
	sentence := fmt.Sprintf("Tags can have up to %d characters: letters, digits, '-', '_' and '.'.", asset.MaxLabel)
	if n := len(different); n > asset.MaxLabels {
		sentence = fmt.Sprintf("Too many tags: %d (max %d).", n, asset.MaxLabels)
	}
	return nil, &answer.Error{Code: "UploadViewsError", Status: http.StatusBadRequest, Sentence: sentence}
}
