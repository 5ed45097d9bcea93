package params

import (
	"strings"
	"unicode/utf8"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/upload"
)

// Limits on what a client says about a file, in characters or items.
// Sources: filestack-python, trafarets.py (tags); filestack-js,
// src/schema/store.schema.ts (the others).
const (
	maxTags      = 10
	maxTagName   = 128
	maxTagValue  = 256
	maxAlt       = 125
	maxType      = 255
	maxWorkflows = 20
)

// Store reads what a client says about a file it stores. outer is the
// request, store the options within it; they are the same where nothing is
// nested. A name, type or tags of the request itself win over those nested by
// mistake, as filestack-ruby and filestack-swift do.
func Store(outer, store Set) (upload.Spec, error) {
	first := func(name string) string {
		if s := outer.Text(name); s != "" {
			return s
		}
		return store.Text(name)
	}
	spec := upload.Spec{
		Name: first("filename"), Type: first("mimetype"), Alt: first("alt"), Size: -1,
		Container: store.Text("container"), Path: store.Text("path"), Access: strings.ToLower(store.Text("access")),
		Base64: store.Flag("base64decode"), Workflows: store.Texts("workflows"),
		Tags: outer.Tags("upload_tags"),
	}
	if spec.Tags == nil {
		spec.Tags = store.Tags("upload_tags")
	}
	if location := store.Text("location"); !strings.EqualFold(location, "s3") && location != "" {
		store.Reject("location") // no other storage is set up
	}
	if spec.Access != "" && spec.Access != "public" && spec.Access != "private" {
		store.Reject("access")
	}
	if store.Flag("disablestoragekey") && spec.Name != "" {
		spec.Path = strings.TrimSuffix(spec.Path, "/") + "/" + asset.CleanName(spec.Name)
	}
	return spec, checkLimits(outer, store, spec)
}

func checkLimits(outer, store Set, spec upload.Spec) error {
	if len(spec.Tags) > maxTags {
		outer.Reject("upload_tags")
	}
	for name, value := range spec.Tags {
		if utf8.RuneCountInString(name) > maxTagName || utf8.RuneCountInString(value) > maxTagValue {
			outer.Reject("upload_tags")
		}
	}
	if utf8.RuneCountInString(spec.Alt) > maxAlt {
		outer.Reject("alt")
	}
	if utf8.RuneCountInString(spec.Type) > maxType {
		outer.Reject("mimetype")
	}
	if len(spec.Workflows) > maxWorkflows {
		store.Reject("workflows")
	}
	if err := outer.Err(); err != nil {
		return err
	}
	return store.Err()
}
