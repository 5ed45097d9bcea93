package node

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare"
	"github.com/stowgate/stowgate/internal/server"
)

// planted is in all that a matrix looks for; content is what the file holds, and
// nothing else has its size.
const planted = "PLANTED"

var content = planted + strings.Repeat(".", 770)

// on returns r for one of the hosts of a server that has a domain; where there is
// one for each app, for that of ours.
func (s *stand) on(host string, r request) request {
	if s.set.Domain != "" {
		r.host = strings.TrimPrefix(strings.Replace(host, "*", strings.ToLower(ours), 1)+"."+s.set.Domain, ".")
	}
	return r
}

// plant makes a subject.
func (s *stand) plant(app string) (f subject) {
	s.t.Helper()
	own := owner(app)
	f.uuid = s.uploaded(app, content, "metadata[pet]", planted, "tags", "planted", "UPLOADCARE_STORE", "0")
	f.handle, _ = s.names(f.uuid)
	at, err := uploadcare.PlaceOf(s.PublicURL, s.set.Domain)
	s.must(err)
	f.outside, f.inside = strings.Replace(s.origin.URL, "127.0.0.2", outside, 1)+"/a.txt", at.CDN+"/"+f.uuid+"/"
	var made struct {
		ID     any
		UUID   string
		Upload string `json:"upload_id"`
	}
	s.want(s.on("ucupload", posted("/group/", append(own.signed(), "pub_key", app, "files[]", f.uuid)...)), 200, &made)
	f.group = made.ID.(string)
	s.want(s.on("ucupload", posted("/multipart/start/", append(own.signed(), "UPLOADCARE_PUB_KEY", app, "filename", "begun.bin", "size", "12000000", "content_type", "a/b")...)), 200, &made)
	f.begun = made.UUID
	s.want(s.on("upload", inJSON("/multipart/start", `"filename":"x","size":5`)(f, own)), 200, &made)
	f.session = made.Upload
	s.want(s.on("ucapi", own.rest("POST", "/webhooks/", f.fill(`{"target_url":"OUTSIDE/UUID","event":"file.deleted"}`))), 201, &made)
	f.hook = fmt.Sprintf("%.0f", made.ID)
	return f
}

// documentedPath returns the pattern of a route as it is documented: there are
// several ways to write some.
func documentedPath(route server.Route) string {
	if route.Hosts[0] == "ucupload" {
		return "/" + strings.Trim(route.Pattern, "/") + "/"
	}
	return route.Pattern
}

// nameOf returns a route's first host, its method and its path.
func nameOf(route server.Route) string {
	return route.Hosts[0] + " " + route.Method + " " + documentedPath(route)
}

// probesOf returns the probes of a route, with its own way to write their paths.
func probesOf(route server.Route) (list []probe) {
	documented := documentedPath(route)
	for _, p := range probes[nameOf(route)] {
		list = append(list, func(f subject, c caller) request {
			r := p(f, c)
			if rest, ok := strings.CutPrefix(r.target, documented); ok && route.Hosts[0] == "ucupload" {
				r.target = route.Pattern + rest
			}
			return r
		})
	}
	return list
}

// withoutCredential are the guarded routes that need none of whoever knows a name,
// by what that is the name of: Uploadcare's clients send none, see decision 17,
// and Filestack's go on so with an upload.
var withoutCredential = map[string]string{
	"ucupload GET /info/":                "UUID",
	"ucupload GET /group/info/":          "GROUP",
	"ucupload POST /multipart/complete/": "BEGUN",
	"upload POST /multipart/upload":      "SESSION",
	"upload POST /multipart/commit":      "SESSION",
	"upload POST /multipart/complete":    "SESSION",
	"upload POST /multipart/status":      "SESSION",
}

// publicRoutes are all of both protocols that may be public and are for more than
// saying which methods there are, with what a caller must know.
var publicRoutes = map[string]string{
	"ucupload GET /from_url/status/":          "the token of an import",
	"ucupload PUT /multipart/parts/{ticket}/": "the ticket of a part",
	"ucupload GET /app/{key}/":                "the token of an import, which is said later",
	"upload PUT /multipart/part/{ticket}":     "the ticket of a part",
	"upload POST /prefetch":                   "a key: tells what it may do",
	"upload GET /prefetch":                    "a key: tells what it may do",
	"cloud POST /auth/logout":                 "nothing, and nothing is done",
	"cloud POST /recording/{kind}/{step}":     "nothing, and nothing is done",
}

// A watch reads the records of a stand, again when they have changed.
type watch struct {
	db      *sql.DB
	version int64
	rows    map[string]string
}

func (s *stand) watch() *watch {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.data, "catalog.db")+"?mode=ro&_pragma=busy_timeout(10000)")
	s.must(err)
	s.t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1) // a version is that of a connection
	return &watch{db: db}
}

// records returns every row of the tables that are not about requests themselves,
// by table.
func (s *stand) records() map[string]string {
	s.t.Helper()
	l := s.book
	var version int64
	s.must(l.db.QueryRow("PRAGMA data_version").Scan(&version))
	if version == l.version {
		return l.rows
	}
	l.version, l.rows = version, map[string]string{}
	var tables string
	s.must(l.db.QueryRow(`SELECT group_concat(name) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'file_words%'
		AND name NOT IN ('figures', 'slowest', 'secret_uses')`).Scan(&tables))
	for table := range strings.SplitSeq(tables, ",") {
		rows, err := l.db.Query("SELECT * FROM " + table)
		s.must(err)
		columns, err := rows.Columns()
		s.must(err)
		values, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range to {
			to[i] = &values[i]
		}
		for rows.Next() {
			s.must(rows.Scan(to...))
			l.rows[table] += fmt.Sprintf("%v\n", values)
		}
		s.must(rows.Err())
	}
	return l.rows
}

// quiet waits until nothing goes on behind requests, and returns the records.
func (s *stand) quiet() map[string]string {
	s.t.Helper()
	before, since := s.records(), time.Now()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		_, err := s.listing.Fill(s.t.Context())
		s.must(err)
		now := s.records()
		if differ(before, now) != "" {
			before, since = now, time.Now()
		}
		if time.Since(since) > 300*time.Millisecond {
			return now
		}
	}
	s.t.Fatal("records keep changing")
	return nil
}

// differ returns how b is not a, and nothing if it is.
func differ(a, b map[string]string) (text string) {
	for table := range b {
		if a[table] != b[table] {
			text += fmt.Sprintf("%s was\n%.2000s\nand is\n%.2000s\n", table, a[table], b[table])
		}
	}
	return text
}

// assets returns all files of an app.
func (s *stand) assets(app string) (all []asset.Asset) {
	s.t.Helper()
	s.must(s.removing.EachAsset(s.t.Context(), "", func(a asset.Asset) error {
		if a.App == app {
			all = append(all, a)
		}
		return nil
	}))
	return all
}

// strangers are callers who have no credential for what is ours.
var strangers = []caller{
	{name: "nothing", app: ours},
	{name: "a wrong secret", app: ours, secret: "WRONG" + secretOf(ours), token: tokenSecretOf("WRONG"), life: time.Hour},
	{name: "what has expired", app: ours, secret: secretOf(ours), token: tokenSecretOf(ours), life: -time.Hour},
	{name: "another app's secret", app: ours, secret: secretOf(theirs), token: tokenSecretOf(theirs), life: time.Hour},
	{name: "the secret in place of the token's", app: ours, secret: tokenSecretOf(ours), token: "00", life: time.Hour},
	{name: "an unknown app", app: "NOBODY", secret: secretOf("NOBODY"), token: tokenSecretOf("NOBODY"), life: time.Hour},
}

// TestA1RouteTable walks the table of a whole node, which has a domain or none.
// Whoever has no good credential is told nothing and changes nothing; another app
// does what it likes to its own; and each request does something for the owner,
// so that it is a good one but for the credential.
func TestA1RouteTable(t *testing.T) {
	for _, domain := range []string{"", "files.test"} {
		t.Run("domain "+domain, func(t *testing.T) {
			s := newStand(t, domain)
			routes := s.guarded()
			f := s.plant(ours)
			tried := s.tryStrangers(routes, f)
			s.tryOther(routes, f)
			s.tryOwner(routes)
			if domain != "" { // where apps have hosts of their own
				r := s.on("*.ucarecdn", owner(ours).address(f.fill("/OUTSIDE")))
				if a := s.send(r); a.body != "from outside" {
					t.Errorf("the owner brings in %v", a)
				}
			}
			if tried < 800 {
				t.Errorf("only %d requests by strangers", tried)
			}
		})
	}
}

// guarded returns the guarded routes of both protocols, and holds that the public
// ones are those that may be, and that the portal's and the management API's
// let no stranger in.
func (s *stand) guarded() (list []server.Route) {
	s.t.Helper()
	used, rows := map[string]bool{}, map[string]int{}
	for _, route := range s.Routes() {
		if route.Public != "" || len(route.Hosts) == 1 && route.Hosts[0] == "portal" {
			s.tryPublic(route)
			continue
		}
		if len(route.Hosts) == 0 {
			s.t.Errorf("%s %s answers on every host", route.Method, route.Pattern)
			continue
		}
		if len(probesOf(route)) == 0 {
			s.t.Errorf("%s has no probe", nameOf(route))
		}
		used[nameOf(route)] = true
		rows[route.Hosts[0]+" "+route.Method+" "+route.Pattern]++
		if s.set.Domain == "" && route.Hosts[0] == "ucupload" && strings.HasPrefix(route.Pattern, "/multipart/") && !strings.HasSuffix(route.Pattern, "/") {
			continue // is Filestack's where all are on one host
		}
		list = append(list, route)
	}
	for name, n := range rows {
		if name == "ucarecdn GET /{path...}" {
			n-- // files of ours, and those from outside
		}
		if n != 1 {
			s.t.Errorf("%s is there %d times: are the probes for each?", name, n)
		}
	}
	for name := range probes {
		if !used[name] {
			s.t.Errorf("probes are for %s, and there is no such route", name)
		}
	}
	return list
}

// tryPublic holds that a route is public by name, or is the portal's or the
// management API's, which then lets nobody in who shows nothing.
func (s *stand) tryPublic(route server.Route) {
	s.t.Helper()
	switch {
	case len(route.Hosts) == 1 && route.Hosts[0] == "portal":
		if route.Public != "" {
			return // their own tests have lists of them
		}
		r := request{method: route.Method, target: strings.NewReplacer("{app}", ours, "{", "", "}", "").Replace(route.Pattern), body: "{}"}
		if a := s.send(s.on("portal", r)); a.status != 401 && a.status != 403 && (a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), "/portal/sign-in")) {
			s.t.Errorf("%s %s of a stranger = %v", route.Method, route.Pattern, a)
		}
	case route.Method == "" || len(route.Hosts) == 0 || slices.Contains(route.Hosts, "static"):
	default:
		if publicRoutes[nameOf(route)] == "" {
			s.t.Errorf("%s %s %s is public, and not by name: %s", route.Hosts, route.Method, route.Pattern, route.Public)
		}
	}
}

// tryStrangers sends what strangers do.
func (s *stand) tryStrangers(routes []server.Route, f subject) (tried int) {
	s.t.Helper()
	before := s.quiet()
	for _, route := range routes {
		for i, p := range probesOf(route) {
			for _, c := range strangers {
				for _, host := range route.Hosts {
					r := s.on(host, p(f, c))
					a := s.send(r)
					tried++
					what := fmt.Sprintf("%s %s by %s (%s, %d)", r.method, r.target, c.name, r.host, i)
					name, known := withoutCredential[nameOf(route)]
					if known && c.app == ours && strings.Contains(r.target+r.body, f.fill(name)) {
						if strings.Contains(a.body, content) {
							s.t.Errorf("%s: %v", what, a)
						}
					} else if a.status < 400 || a.status >= 500 || strings.Contains(a.body, planted) {
						s.t.Errorf("%s: %v", what, a)
					}
					if now := s.records(); differ(before, now) != "" {
						s.t.Errorf("%s: %v: %s", what, a, differ(before, now))
						before = now
					}
				}
			}
		}
	}
	if text := differ(before, s.quiet()); text != "" {
		s.t.Errorf("afterwards: %s", text)
	}
	if len(s.got) > 0 {
		s.t.Errorf("%d requests went out", len(s.got))
	}
	return tried
}

// tryOther sends what another app may, with its own credential: nothing of ours
// is in the answers or becomes its own, and nothing of ours changes.
func (s *stand) tryOther(routes []server.Route, f subject) {
	s.t.Helper()
	before := about(s.quiet(), f)
	for _, route := range routes {
		for i, p := range probesOf(route) {
			for _, host := range route.Hosts {
				r := s.on(host, p(f, owner(theirs)))
				if a := s.send(r); a.status >= 500 || strings.Contains(a.body, planted) {
					s.t.Errorf("%s %s by another app (%s, %d): %v", r.method, r.target, r.host, i, a)
				}
			}
		}
	}
	if text := differ(before, about(s.quiet(), f)); text != "" {
		s.t.Errorf("another app has changed what is ours: %s", text)
	}
	for _, a := range s.assets(theirs) {
		if a.Content.Size() == int64(len(content)) {
			s.t.Errorf("another app has a copy of the file: %+v", a)
		}
	}
	if a := s.send(s.on("ucarecdn", owner(ours).address("/"+f.uuid+"/"))); a.body != content {
		s.t.Errorf("the file is %v", a)
	}
}

// about returns the rows that name our app, or something of a subject, and not the
// other app.
func about(records map[string]string, f subject) map[string]string {
	group, _, _ := strings.Cut(f.group, "~")
	found := map[string]string{}
	for table, text := range records {
		for line := range strings.Lines(text) {
			for _, name := range []string{ours, f.handle, f.uuid, group, f.session, f.begun} {
				if strings.Contains(line, name) && !strings.Contains(line, theirs) {
					found[table] += line
					break
				}
			}
		}
	}
	return found
}

// unfinished are routes with a probe that ends, for the owner, in an error that is no
// refusal: parts are missing or the engine is, or it is about the server's own.
var unfinished = []string{
	"POST /multipart/complete/", "POST /multipart/complete", "POST /multipart/commit", "POST /multipart/upload",
	"POST /files/remote_copy/", "POST /convert/{kind}/", "GET /convert/{kind}/{uuid}/", "GET /convert/{kind}/status/{token}/",
	"POST /convert/{kind}/status/{token}/", "POST /addons/{name}/execute/", "GET /addons/{name}/execute/status/",
	"GET /api/file/{handle}/convert", "POST /api/file/{handle}/convert", "GET /{path...}", "POST /process", "PUT /groups/{id}/storage/",
	"POST /preview", "POST /store/", "POST /metadata", "POST /webhooks/",
}

// tryOwner sends what the owner may, each time about another file.
func (s *stand) tryOwner(routes []server.Route) {
	s.t.Helper()
	for _, route := range routes {
		for i, p := range probesOf(route) {
			f := s.plant(ours)
			r := s.on(route.Hosts[len(route.Hosts)-1], p(f, owner(ours)))
			a := s.send(r)
			s.send(s.on("ucapi", owner(ours).rest("DELETE", "/webhooks/"+f.hook+"/", ""))) // an app has few
			late := slices.Contains(unfinished, route.Method+" "+documentedPath(route))
			if a.status == 403 && strings.Contains(a.body, "You can't use this add-on") {
				continue // nobody can
			}
			if a.status == 401 || a.status == 403 || a.status >= 500 && a.status != 501 || a.status >= 400 && !late {
				s.t.Errorf("%s %s by the owner (%d): %v", r.method, r.target, i, a)
			}
		}
	}
}

// What needs no credential opens for whoever knows a name what decision 17 says,
// and nothing else: what a file is called and has noted, never its bytes or its
// other name; and an upload that all parts have come for.
func TestA1KnowingNames(t *testing.T) {
	s := newStand(t, "")
	f := s.plant(ours)
	stranger := caller{app: ours}
	var info map[string]any
	a := s.want(signedQuery("/info/", "file_id", "UUID")(f, stranger), 200, &info)
	var group struct{ Files []map[string]any }
	b := s.want(signedQuery("/group/info/", "group_id", "GROUP")(f, stranger), 200, &group)
	if len(group.Files) != 1 {
		t.Fatalf("the group is %v", b)
	}
	for _, told := range []map[string]any{info, group.Files[0]} {
		for name := range told {
			if !slices.Contains(strings.Fields(`is_stored done file_id content_info uuid is_image filename video_info is_ready original_filename
				image_info mime_type size total metadata default_effects s3_bucket`), name) {
				t.Errorf("%s is told as well: %v", name, told[name])
			}
		}
		if told["uuid"] != f.uuid || told["size"] != float64(len(content)) || told["original_filename"] != "a.txt" {
			t.Errorf("told is %v", told)
		}
	}
	for _, text := range []string{f.handle, content, secretOf(ours), tokenSecretOf(ours)} {
		if strings.Contains(a.body+b.body, text) {
			t.Errorf("%q is told", text)
		}
	}
	for name, c := range map[string]caller{"another app": {app: theirs}, "its owner": owner(theirs), "an unknown app": {app: "NOBODY"}} {
		for _, r := range []request{
			signedQuery("/info/", "file_id", "UUID")(f, c), signedQuery("/group/info/", "group_id", "GROUP")(f, c),
			posted("/multipart/complete/", "uuid", f.begun, "UPLOADCARE_PUB_KEY", c.app),
		} {
			if got := s.send(r); got.status < 400 || strings.Contains(got.body, planted) {
				t.Errorf("%s %s by %s: %v", r.method, r.target, name, got)
			}
		}
	}

	// An upload is completed by its UUID, but each part needs its ticket.
	var begun struct {
		UUID  string
		Parts []string
	}
	size := 10<<20 + 1
	s.want(posted("/multipart/start/", append(owner(ours).signed(), "UPLOADCARE_PUB_KEY", ours, "filename", "b", "size", fmt.Sprint(size), "content_type", "a/b")...), 200, &begun)
	complete := posted("/multipart/complete/", "uuid", begun.UUID, "UPLOADCARE_PUB_KEY", ours)
	if got := s.send(complete); got.status < 400 {
		t.Errorf("without its parts it is complete: %v", got)
	}
	plain, _ := s.LocalURLs()
	for i, part := range begun.Parts {
		ticket := strings.TrimPrefix(part, plain)
		n := min(5<<20, size-i*5<<20)
		if i == len(begun.Parts)-1 {
			n = size - i*5<<20
		}
		at := len("/multipart/parts/") + 10*(i+1)
		for _, forged := range []string{ticket[:at] + "_" + ticket[at+1:], ticket[:at] + ticket[at+1:], ticket[:at] + "~" + ticket[at:]} {
			if forged == ticket {
				continue
			}
			if got := s.send(request{method: "PUT", target: forged, body: "x"}); got.status < 400 {
				t.Errorf("PUT %s = %v", forged, got)
			}
		}
		s.want(request{method: "PUT", target: ticket, body: strings.Repeat("x", n)}, 200, nil)
	}
	var made struct {
		UUID string
		Size int
	}
	s.want(complete, 200, &made)
	if made.UUID != begun.UUID || made.Size != size {
		t.Errorf("complete is %+v", made)
	}
	if got := s.send(request{method: "GET", target: "/" + made.UUID + "/"}); got.status != 403 {
		t.Errorf("its bytes are %v", got)
	}
}
