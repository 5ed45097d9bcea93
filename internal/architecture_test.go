// Package internal_test holds the rules of the tree (ARCHITECTURE.md) to every
// Go file of the module. It parses the files itself, so it needs no build.
package internal_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module    = "github.com/stowgate/stowgate/"
	protocols = "internal/protocol/..."
)

// The sizes above which a file or function is split by noun, in lines. Tests
// may be as long as they like.
const (
	maxFile     = 500
	maxFunction = 80
	maxPackage  = 1500
)

// A row says which packages of this module the packages matched by from may
// import; a protocol's packages may import each other as well. The first row
// that matches counts, and a package without a row fails, so that a new one
// gets its place on purpose.
type row struct {
	from string
	may  string // paths with spaces between them, or "any"
}

var imports = []row{
	{"cmd/stowgate", "internal/app internal/fault"},
	{"sign", ""},
	{"web", ""},
	{"examples/*", "sign"},

	{"internal/fault", ""},
	{"internal/corpora", ""},
	{"internal/flight", ""},
	{"internal/queue", "internal/fault"},
	{"internal/memo", ""},
	{"internal/blob", "internal/fault"},
	{"internal/blob/fileblob", "internal/blob internal/blob/fileblob/layout internal/blob/fileblob/group internal/fault"},
	{"internal/blob/fileblob/*", "internal/blob internal/fault"},
	{"internal/blob/*", "internal/blob internal/fault"},

	{"internal/asset", "internal/blob internal/fault"},
	{"internal/policy", "internal/asset internal/policy/anchored internal/policy/strictjson internal/memo internal/fault"},
	{"internal/policy/anchored", "internal/memo internal/fault"},
	{"internal/policy/instant", ""},
	{"internal/policy/strictjson", ""},
	{"internal/policy/uploading", "internal/policy internal/policy/bearer internal/policy/expiring"},
	{"internal/policy/*", "internal/asset internal/policy internal/policy/instant internal/policy/strictjson internal/fault"},
	{"internal/transform", "internal/asset internal/transform/length internal/fault"},
	{"internal/transform/length", ""},
	{"internal/transform/place", "internal/transform"},
	{"internal/transform/cost", "internal/transform internal/transform/place internal/fault"},
	{"internal/upload", "internal/asset internal/blob internal/inspect internal/policy internal/upload/ahead internal/upload/buffer internal/upload/seal internal/fault"},
	{"internal/upload/seal", "internal/fault"},
	{"internal/conversion", "internal/asset internal/delivery internal/job internal/policy internal/transform internal/upload internal/fault"},
	{"internal/upload/imports", "internal/asset internal/flight internal/queue internal/job internal/policy internal/upload internal/fault"},
	{"internal/upload/buffer", "internal/inspect"},
	{"internal/upload/ahead", "internal/blob internal/upload/buffer internal/fault"},
	{"internal/sweep", "internal/asset internal/blob internal/policy internal/upload internal/fault"},
	{"internal/library", "internal/account internal/asset internal/blob internal/policy internal/fault"},
	{"internal/delivery", "internal/asset internal/blob internal/inspect internal/policy internal/transform internal/transform/cost internal/flight internal/queue internal/delivery/ration internal/delivery/shelf internal/fault"},
	{"internal/delivery/*", "internal/blob internal/fault"},
	{"internal/account", "internal/fault"},
	{"internal/account/*", "internal/account internal/fetch internal/fault"},

	{"internal/manage", "internal/account internal/asset internal/policy internal/policy/outside internal/job internal/webhook internal/fault"},
	{"internal/manage/backlog", "internal/account internal/job"},
	{"internal/insight", "internal/account internal/policy internal/fault"},

	{"internal/inspect", "internal/asset internal/blob internal/fault"},
	{"internal/fetch", "internal/fault"},
	{"internal/worker", "internal/worker/confine internal/fault"},
	{"internal/worker/confine", ""},
	{"internal/imaging", "internal/transform internal/transform/place internal/transform/cost internal/worker internal/inspect internal/imaging/vips internal/imaging/codec internal/imaging/canvas internal/imaging/chain internal/imaging/effect internal/imaging/face internal/imaging/geometry internal/imaging/survey internal/imaging/compose internal/fault"},
	{"internal/imaging/codec", "internal/fault"},
	{"internal/imaging/geometry", "internal/transform internal/transform/place internal/imaging/canvas internal/imaging/chain internal/imaging/codec internal/imaging/face internal/imaging/subject internal/imaging/vips internal/fault"},
	{"internal/imaging/survey", "internal/asset internal/inspect internal/transform internal/imaging/chain internal/imaging/vips"},
	{"internal/imaging/chain", "internal/transform internal/imaging/vips"},
	{"internal/imaging/*", "internal/transform internal/transform/place internal/imaging/chain internal/imaging/vips internal/imaging/codec internal/imaging/face internal/fault"},
	{"internal/document", "internal/transform internal/transform/cost internal/worker internal/fault"},
	{"internal/job", "internal/fault"},
	{"internal/webhook", "internal/account internal/asset internal/job internal/fetch internal/fault"},
	{"internal/catalog", "internal/account internal/asset internal/blob internal/policy internal/upload internal/library internal/catalog/badge internal/catalog/listing internal/catalog/recent internal/catalog/record internal/catalog/rows internal/catalog/uses internal/catalog/ledger internal/fault"},
	{"internal/catalog/record", "internal/fault"},
	{"internal/catalog/recent", ""},
	{"internal/catalog/sqlitedb", "internal/catalog/record internal/fault"},
	{"internal/catalog/imports", "internal/catalog/queue internal/catalog/record internal/asset internal/job internal/upload/imports internal/fault"},
	{"internal/catalog/hooks", "internal/catalog internal/catalog/ledger internal/catalog/queue internal/catalog/record internal/account internal/asset internal/job internal/webhook internal/fault"},
	{"internal/catalog/*", "internal/catalog internal/catalog/ledger internal/catalog/record internal/catalog/rows internal/catalog/uses internal/asset internal/blob internal/policy internal/upload internal/library internal/account internal/job internal/webhook internal/insight internal/fault"},

	{"internal/server", "internal/asset internal/inspect internal/policy internal/server/conn internal/server/multipart internal/server/redact internal/fault"},
	{"internal/server/*", "internal/fault"},
	{"internal/protocol/portal/...", "internal/account internal/account/oidc internal/account/passkey internal/asset internal/policy internal/manage internal/manage/backlog internal/library internal/upload internal/transform internal/insight internal/job internal/webhook internal/server internal/memo internal/fault"},
	{"internal/protocol/portal", "internal/account internal/manage internal/manage/backlog internal/library internal/insight internal/job internal/webhook internal/server internal/fault"},
	{"internal/protocol/management/...", "internal/account internal/asset internal/policy internal/manage internal/manage/backlog internal/library internal/upload internal/insight internal/job internal/webhook internal/server internal/fault"},
	{"internal/protocol/management", "internal/account internal/policy internal/manage internal/manage/backlog internal/library internal/upload internal/insight internal/server"},
	{"internal/protocol/uploadcare", "internal/policy internal/conversion internal/upload internal/upload/imports internal/library internal/transform internal/delivery internal/manage internal/server"},
	{"internal/protocol/uploadcare/...", "internal/account internal/asset internal/policy internal/policy/expiring internal/policy/bearer internal/policy/signedrequest internal/policy/address internal/policy/outside internal/policy/uploading internal/upload internal/upload/imports internal/library internal/transform internal/delivery internal/conversion internal/manage internal/webhook internal/server internal/server/multipart internal/memo internal/fault"},
	{protocols, "internal/asset internal/policy internal/upload internal/library internal/transform internal/delivery internal/account internal/server internal/memo internal/fault"},
	{"internal/app", "any"},
	{"internal/app/*", "any"},
}

// restricted names packages outside the module that only some may import.
var restricted = []struct {
	what string // an import path, and everything below it
	who  []string
}{
	{"net/http", []string{"internal/server", "internal/server/conn", protocols, "internal/fetch", "internal/app", "internal/app/node", "examples/*"}},
	{"database/sql", []string{"internal/catalog", "internal/catalog/*"}},
	{"github.com/klippa-app/go-pdfium", []string{"internal/document"}},
	{"github.com/tetratelabs/wazero", []string{"internal/document"}},
	{"testing", nil},
}

var (
	badName = regexp.MustCompile(`^(utils?|commons?|helpers?|types|models|misc)(_test)?(\.go)?$`)
	vendors = regexp.MustCompile(`(?i)filestack|uploadcare`)
)

func TestArchitecture(t *testing.T) {
	problems, packages := check(os.DirFS(".."))
	for _, p := range problems {
		t.Error(p)
	}
	if packages < 10 {
		t.Errorf("looked at %d packages: the tree was not found", packages)
	}
}

// check returns what in the module's tree breaks a rule, and how many packages
// it looked at.
func check(tree fs.FS) (problems []string, packages int) {
	err := fs.WalkDir(tree, ".", func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if dir != "." {
			if name := d.Name(); strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" {
				return fs.SkipDir
			}
			if _, err := fs.Stat(tree, path.Join(dir, "go.mod")); err == nil {
				return fs.SkipDir // a module of its own
			}
		}
		p, found, err := checkPackage(tree, dir)
		problems = append(problems, p...)
		if found {
			packages++
		}
		return err
	})
	if err != nil {
		problems = append(problems, err.Error())
	}
	return problems, packages
}

// checkPackage looks at the Go files of one directory. Test files, and
// packages that exist for tests (blobtest), are free but for their names.
func checkPackage(tree fs.FS, dir string) (problems []string, found bool, err error) {
	report := func(at, format string, args ...any) {
		problems = append(problems, at+": "+fmt.Sprintf(format, args...))
	}
	names, err := fs.Glob(tree, path.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		return nil, false, err
	}
	if badName.MatchString(path.Base(dir)) {
		report(dir, "a package is named after what it does")
	}
	forTests := strings.HasSuffix(dir, "test") || strings.HasPrefix(dir, "test/") || dir == "internal/corpora"
	if !forTests && !slices.ContainsFunc(imports, func(r row) bool { return matches(r.from, dir) }) && !onlyTests(names) {
		report(dir, "has no row in the table of imports: decide where it stands")
	}
	commented, lines := false, 0
	for _, name := range names {
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return problems, true, err
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, name, src, parser.ParseComments)
		if err != nil {
			report(name, "%v", err)
			continue
		}
		commented = commented || f.Doc != nil && strings.HasPrefix(f.Doc.Text(), "Package ") ||
			f.Doc != nil && f.Name.Name == "main"
		if badName.MatchString(path.Base(name)) {
			report(name, "a file is named after what is in it")
		}
		if forTests || strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, spec := range f.Imports {
			if why := checkImport(dir, spec); why != "" {
				report(name, "%s", why)
			}
		}
		checkVendors(dir, files, f, report)
		n := bytes.Count(src, []byte("\n"))
		if bytes.HasPrefix(src, []byte("//go:build mutant\n")) {
			n = 0 // built for tests only
		}
		if lines += n; n > maxFile {
			report(name, "%d lines, more than %d", n, maxFile)
		}
		checkFunctions(files, f, report)
	}
	if !commented {
		report(dir, "no package comment")
	}
	if lines > maxPackage {
		report(dir, "package of %d lines without tests, more than %d", lines, maxPackage)
	}
	return problems, true, nil
}

// checkImport returns why the package in dir must not have this import, or "".
func checkImport(dir string, spec *ast.ImportSpec) string {
	target, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return err.Error()
	}
	for _, r := range restricted {
		if within(target, r.what) && !slices.ContainsFunc(r.who, func(who string) bool { return matches(who, dir) }) {
			return "must not import " + target
		}
	}
	own, ok := strings.CutPrefix(target, module)
	if !ok {
		return ""
	}
	i := slices.IndexFunc(imports, func(r row) bool { return matches(r.from, dir) })
	if i < 0 {
		return "" // reported for the package
	}
	may := strings.Fields(imports[i].may)
	switch {
	case imports[i].may == "any", slices.Contains(may, own):
		return ""
	case matches(protocols, dir) && within(own, protocolOf(dir)):
		return ""
	}
	return "must not import " + own
}

// checkVendors finds vendors' words in names outside the protocols, and the
// places that choose among protocols.
func checkVendors(dir string, files *token.FileSet, f *ast.File, report func(at, format string, args ...any)) {
	for _, free := range []string{protocols, "internal/app", "internal/app/node", "cmd/*", "sign"} {
		if matches(free, dir) {
			return
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && vendors.MatchString(id.Name) {
			report(files.Position(id.Pos()).String(), "%s: vendors' words stay in protocol", id.Name)
		}
		return true
	})
}

// checkFunctions reports functions that are too long.
func checkFunctions(files *token.FileSet, f *ast.File, report func(at, format string, args ...any)) {
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		from, to := files.Position(fn.Pos()), files.Position(fn.End())
		if n := to.Line - from.Line + 1; n > maxFunction {
			report(from.String(), "function %s of %d lines, more than %d", fn.Name.Name, n, maxFunction)
		}
	}
}

func onlyTests(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !strings.HasSuffix(name, "_test.go") })
}

// matches reports whether dir is one of those that pattern names. A pattern
// that ends with "..." names all below.
func matches(pattern, dir string) bool {
	if root, ok := strings.CutSuffix(pattern, "/..."); ok {
		return strings.HasPrefix(dir, root+"/")
	}
	ok, _ := path.Match(pattern, dir)
	return ok
}

// protocolOf returns the folder of the protocol that the package in dir is part of.
func protocolOf(dir string) string {
	return path.Join(strings.Split(dir, "/")[:3]...)
}

func within(target, root string) bool {
	return target == root || strings.HasPrefix(target, root+"/")
}
