package internal_test

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestArchitectureFinds plants violations, to show that TestArchitecture is
// able to fail.
func TestArchitectureFinds(t *testing.T) {
	const doc = "// Package p is here to be looked at.\npackage p\n"
	imports := func(paths ...string) string {
		src := doc
		for _, p := range paths {
			src += "import _ \"" + p + "\"\n"
		}
		return src
	}
	for _, tt := range []struct {
		name string
		file string
		src  string
		want string // part of the one problem; empty means none
	}{
		{"clean", "internal/upload/a.go", imports("io", module+"internal/asset", "golang.org/x/sync/errgroup"), ""},
		{"protocol imports blob", "internal/protocol/tus/a.go", imports(module + "internal/blob"), "must not import internal/blob"},
		{"protocol imports blob driver", "internal/protocol/tus/a.go", imports(module + "internal/blob/fileblob"), "must not import internal/blob/fileblob"},
		{"protocol imports catalog", "internal/protocol/tus/a.go", imports(module + "internal/catalog/sqlite"), "must not import internal/catalog/sqlite"},
		{"protocol imports protocol", "internal/protocol/tus/a.go", imports(module + "internal/protocol/filestack"), "must not import internal/protocol/filestack"},
		{"protocol imports its own", "internal/protocol/filestack/a.go", imports(module + "internal/protocol/filestack/taskurl"), ""},
		{"part of a protocol imports its sibling", "internal/protocol/filestack/params/a.go", imports(module+"internal/protocol/filestack/taskurl", "net/http"), ""},
		{"part of a protocol imports another", "internal/protocol/tus/params/a.go", imports(module + "internal/protocol/filestack/taskurl"), "must not import internal/protocol/filestack/taskurl"},
		{"part of a protocol imports catalog", "internal/protocol/tus/params/a.go", imports(module + "internal/catalog"), "must not import internal/catalog"},
		{"protocol uses HTTP", "internal/protocol/tus/a.go", imports("net/http"), ""},
		{"middle knows HTTP", "internal/upload/a.go", imports("net/http"), "must not import net/http"},
		{"middle knows HTTP by a package below", "internal/policy/a.go", imports("net/http/httputil"), "must not import net/http/httputil"},
		{"middle knows SQL", "internal/library/a.go", imports("database/sql"), "must not import database/sql"},
		{"middle imports catalog", "internal/delivery/a.go", imports(module + "internal/catalog"), "must not import internal/catalog"},
		{"middle imports server", "internal/upload/a.go", imports(module + "internal/server"), "must not import internal/server"},
		{"driver imports the middle", "internal/blob/fileblob/a.go", imports(module + "internal/asset"), "must not import internal/asset"},
		{"driver imports driver", "internal/blob/fileblob/a.go", imports(module + "internal/blob/memblob"), "must not import internal/blob/memblob"},
		{"app imports everything", "internal/app/a.go", imports("net/http", module+"internal/blob/fileblob", module+"internal/protocol/tus"), ""},
		{"command imports app", "cmd/stowgate/main.go", "// Command stowgate serves.\npackage main\nimport _ \"" + module + "internal/app\"\n", ""},
		{"command imports more", "cmd/stowgate/main.go", "// Command stowgate serves.\npackage main\nimport _ \"" + module + "internal/upload\"\n", "must not import internal/upload"},
		{"only the command imports app", "internal/server/a.go", imports(module + "internal/app"), "must not import internal/app"},
		{"package for tests in the product", "internal/upload/a.go", imports(module + "internal/blob/blobtest"), "must not import internal/blob/blobtest"},
		{"testing in the product", "internal/upload/a.go", imports("testing"), "must not import testing"},
		{"tests import what they like", "internal/upload/a_test.go", imports("net/http", module+"internal/blob/memblob"), ""},
		{"suites import what they like", "internal/blob/blobtest/a.go", imports("testing", module+"internal/corpora"), ""},
		{"package without a row", "internal/novelty/a.go", doc, "has no row"},
		{"no package comment", "internal/upload/a.go", "package upload\n", "no package comment"},
		{"wrong package comment", "internal/upload/a.go", "// Uploads things.\npackage upload\n", "no package comment"},
		{"package named util", "internal/upload/util/a_test.go", doc, "named after what it does"},
		{"file named helpers", "internal/upload/helpers.go", doc, "named after what is in it"},
		{"test file named common", "internal/upload/common_test.go", doc, "named after what is in it"},
		{"vendor's word in the middle", "internal/upload/a.go", doc + "func toFilestackHandle() {}\n", "vendors' words"},
		{"vendor's word in a protocol", "internal/protocol/filestack/a.go", doc + "type FilestackError struct{}\n", ""},
		{"function at the limit", "internal/upload/a.go", doc + function(maxFunction), ""},
		{"function over the limit", "internal/upload/a.go", doc + function(maxFunction+1), "function f of 81 lines"},
		{"file at the limit", "internal/upload/a.go", doc + strings.Repeat("\n", maxFile-2), ""},
		{"file over the limit", "internal/upload/a.go", doc + strings.Repeat("\n", maxFile-1), "501 lines, more than 500"},
		{"another module", "tools/a.go", "package util\n", ""},
		{"test data", "internal/upload/testdata/a.go", "package util\n", ""},
		{"not Go", "internal/upload/a.go", doc + "func {\n", "expected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			problems, _ := check(fstest.MapFS{
				tt.file:        {Data: []byte(tt.src)},
				"tools/go.mod": {Data: []byte("module tools\n")},
			})
			got := strings.Join(problems, "\n")
			if tt.want == "" && got != "" {
				t.Errorf("check found %q in a clean file", got)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("check found %q, want %q", got, tt.want)
			}
			if tt.want != "" && tt.name != "not Go" && len(problems) != 1 {
				t.Errorf("check found %d problems, want 1: %q", len(problems), got)
			}
		})
	}
}

// TestArchitecturePackageSize plants a package of many files.
func TestArchitecturePackageSize(t *testing.T) {
	tree := fstest.MapFS{"internal/upload/doc.go": {Data: []byte("// Package upload is long.\npackage upload\n")}}
	for _, name := range []string{"a", "b", "c"} {
		tree["internal/upload/"+name+".go"] = &fstest.MapFile{Data: []byte("package upload\n" + strings.Repeat("\n", 499))}
	}
	tree["internal/upload/long_test.go"] = &fstest.MapFile{Data: []byte("package upload\n" + strings.Repeat("\n", 9000))}
	if problems, _ := check(tree); len(problems) != 1 || !strings.Contains(problems[0], "package of 1502 lines") {
		t.Errorf("check found %q, want the package's 1502 lines", problems)
	}
	delete(tree, "internal/upload/c.go")
	if problems, _ := check(tree); len(problems) != 0 {
		t.Errorf("check found %q in a package of 1002 lines", problems)
	}
}

// function returns the source of a function f of so many lines.
func function(lines int) string {
	return "func f() {" + strings.Repeat("\n", lines-1) + "}\n"
}
