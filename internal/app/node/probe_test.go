package node

import (
	"fmt"
	"slices"
	"strings"
)

// A subject is a file that callers without a credential are after, and what else
// its owner has.
type subject struct {
	handle, uuid string
	group        string // of the file
	hook         string // a webhook's number
	session      string // an upload of Filestack's that has begun
	begun        string // one of Uploadcare's
	outside      string // URL of a file elsewhere
	inside       string // URL of the file
}

// fill puts a subject's names in a text.
func (f subject) fill(text string) string {
	return strings.NewReplacer("HANDLE", f.handle, "UUID", f.uuid, "GROUP", f.group, "HOOK", f.hook, "SESSION", f.session, "BEGUN", f.begun,
		"OUTSIDE", f.outside, "INSIDE", f.inside).Replace(text)
}

// A probe is a request of a guarded route, about a file, by a caller.
type probe func(f subject, c caller) request

// inJSON returns a probe of Filestack's that says everything in its body.
func inJSON(path, fields string) probe {
	return func(f subject, c caller) request {
		text, signature := c.policy()
		body := fmt.Sprintf(`{"apikey":%q,"policy":%q,"signature":%q,%s}`, c.app, text, signature, f.fill(fields))
		return request{method: "POST", target: path, body: body, header: []string{"Content-Type: application/json"}}
	}
}

// inQuery returns a probe of Filestack's whose query has the credential.
func inQuery(method, path, body string) probe {
	return func(f subject, c caller) request {
		join := "?"
		if strings.Contains(path, "?") {
			join = "&"
		}
		return request{method: method, target: f.fill(strings.ReplaceAll(path, "KEY", c.app)) + join + c.query(), body: body}
	}
}

// inTask returns a probe of Filestack's whose path has the credential.
func inTask(method, path string) probe {
	return func(f subject, c caller) request {
		text, signature := c.policy()
		task := "security=policy:" + text + ",signature:" + signature
		return request{method: method, target: f.fill(strings.NewReplacer("KEY", c.app, "SECURITY", task).Replace(path))}
	}
}

// signedForm returns probes of the Upload API: with a signature, and with a token.
// Where the public key is called key.
func signedForm(path, key string, fields ...string) []probe {
	form := func(f subject, c caller, more []string) request {
		all := []string{}
		for _, text := range append(slices.Clone(fields), key, c.app) {
			all = append(all, f.fill(text))
		}
		return posted(path, append(all, more...)...)
	}
	return []probe{
		func(f subject, c caller) request { return form(f, c, c.signed()) },
		func(f subject, c caller) request {
			r := form(f, c, nil)
			r.header = append(r.header, c.bearer())
			return r
		},
	}
}

// signedQuery returns a probe of the Upload API that says everything in its query.
func signedQuery(path string, fields ...string) probe {
	return func(f subject, c caller) request {
		pairs := append(append(slices.Clone(fields), "pub_key", c.app), c.signed()...)
		query := ""
		for i := 0; i < len(pairs); i += 2 {
			query += "&" + pairs[i] + "=" + f.fill(pairs[i+1])
		}
		return request{method: "GET", target: path + "?" + query[1:]}
	}
}

// managing returns probes of the REST API: signed, and with the secret.
func managing(method, path, body string) []probe {
	return []probe{
		func(f subject, c caller) request { return c.rest(method, f.fill(path), f.fill(body)) },
		func(f subject, c caller) request { return c.simple(method, f.fill(path), f.fill(body)) },
	}
}

// addressed returns probes of the CDN.
func addressed(paths ...string) (list []probe) {
	for _, path := range paths {
		list = append(list, func(f subject, c caller) request { return c.address(f.fill(path)) })
	}
	return list
}

// probes has requests for every guarded route of both protocols, by its host, its
// method, and its pattern as it is documented.
var probes = map[string][]probe{
	"ucupload POST /base/":               signedForm("/base/", "UPLOADCARE_PUB_KEY", "file", "bytes"),
	"ucupload POST /multipart/start/":    signedForm("/multipart/start/", "UPLOADCARE_PUB_KEY", "filename", "a", "size", "12000000", "content_type", "a/b"),
	"ucupload POST /multipart/complete/": signedForm("/multipart/complete/", "UPLOADCARE_PUB_KEY", "uuid", "BEGUN"),
	"ucupload GET /info/":                {signedQuery("/info/", "file_id", "UUID")},
	"ucupload POST /group/":              signedForm("/group/", "pub_key", "files[]", "UUID"),
	"ucupload GET /group/info/":          {signedQuery("/group/info/", "group_id", "GROUP")},
	"ucupload GET /from_url/":            {signedQuery("/from_url/", "source_url", "OUTSIDE"), signedQuery("/from_url/", "source_url", "INSIDE")},
	"ucupload POST /from_url/": slices.Concat(signedForm("/from_url/", "pub_key", "source_url", "OUTSIDE"),
		signedForm("/from_url/", "pub_key", "source_url", "INSIDE"), signedForm("/from_url/", "pub_key", "source_url", "OUTSIDE", "check_URL_duplicates", "1")),

	"ucapi GET /files/":                          managing("GET", "/files/", ""),
	"ucapi PUT /files/storage/":                  managing("PUT", "/files/storage/", `["UUID"]`),
	"ucapi DELETE /files/storage/":               managing("DELETE", "/files/storage/", `["UUID"]`),
	"ucapi POST /files/local_copy/":              managing("POST", "/files/local_copy/", `{"source":"UUID"}`),
	"ucapi POST /files/remote_copy/":             managing("POST", "/files/remote_copy/", `{"source":"UUID","target":"t"}`),
	"ucapi POST /files/search/":                  managing("POST", "/files/search/", `{"query":"a.txt"}`),
	"ucapi GET /files/{uuid}/":                   managing("GET", "/files/UUID/?include=appdata", ""),
	"ucapi DELETE /files/{uuid}/":                managing("DELETE", "/files/UUID/", ""),
	"ucapi PUT /files/{uuid}/storage/":           managing("PUT", "/files/UUID/storage/", ""),
	"ucapi DELETE /files/{uuid}/storage/":        managing("DELETE", "/files/UUID/storage/", ""),
	"ucapi GET /files/{uuid}/metadata/":          managing("GET", "/files/UUID/metadata/", ""),
	"ucapi GET /files/{uuid}/metadata/{key}/":    managing("GET", "/files/UUID/metadata/pet/", ""),
	"ucapi PUT /files/{uuid}/metadata/{key}/":    managing("PUT", "/files/UUID/metadata/pet/", `"dog"`),
	"ucapi DELETE /files/{uuid}/metadata/{key}/": managing("DELETE", "/files/UUID/metadata/pet/", ""),
	"ucapi GET /files/{uuid}/tags/":              managing("GET", "/files/UUID/tags/", ""),
	"ucapi PUT /files/{uuid}/tags/":              managing("PUT", "/files/UUID/tags/", `{"tags":["x"]}`),
	"ucapi PATCH /files/{uuid}/tags/":            managing("PATCH", "/files/UUID/tags/", `{"add":["x"]}`),
	"ucapi GET /groups/":                         managing("GET", "/groups/", ""),
	"ucapi GET /groups/{id}/":                    managing("GET", "/groups/GROUP/", ""),
	"ucapi DELETE /groups/{id}/":                 managing("DELETE", "/groups/GROUP/", ""),
	"ucapi PUT /groups/{id}/storage/":            managing("PUT", "/groups/GROUP/storage/", ""),
	"ucapi GET /project/":                        managing("GET", "/project/", ""),
	"ucapi GET /webhooks/":                       managing("GET", "/webhooks/", ""),
	"ucapi POST /webhooks/":                      managing("POST", "/webhooks/", `{"target_url":"OUTSIDE/h","event":"file.uploaded"}`),
	"ucapi DELETE /webhooks/unsubscribe/":        managing("DELETE", "/webhooks/unsubscribe/", `{"target_url":"OUTSIDE/UUID"}`),
	"ucapi POST /webhooks/unsubscribe/":          managing("POST", "/webhooks/unsubscribe/", `{"target_url":"OUTSIDE/UUID"}`),
	"ucapi PUT /webhooks/{id}/":                  managing("PUT", "/webhooks/HOOK/", `{"target_url":"OUTSIDE/other"}`),
	"ucapi DELETE /webhooks/{id}/":               managing("DELETE", "/webhooks/HOOK/", ""),
	"ucapi POST /convert/{kind}/":                managing("POST", "/convert/document/", `{"paths":["UUID/document/-/format/pdf/"]}`),
	"ucapi GET /convert/{kind}/{uuid}/":          managing("GET", "/convert/document/UUID/", ""),
	"ucapi GET /convert/{kind}/status/{token}/":  managing("GET", "/convert/document/status/1/", ""),
	"ucapi POST /convert/{kind}/status/{token}/": managing("POST", "/convert/document/status/1/", ""),
	"ucapi POST /addons/{name}/execute/":         managing("POST", "/addons/uc_clamav_virus_scan/execute/", `{"target":"UUID"}`),
	"ucapi GET /addons/{name}/execute/status/":   managing("GET", "/addons/uc_clamav_virus_scan/execute/status/?request_id=UUID", ""),
	"ucarecdn GET /{path...}": addressed("/UUID/", "/UUID/a.txt", "/UUID/-/inline/yes/", "/UUID/-/json/", "/UUID/-/preview/", "/UUID/detect_faces/",
		"/GROUP/", "/GROUP/nth/0/", "/GROUP/nth/0/a.txt", "/GROUP/archive/zip/", "/GROUP/archive/tar/a.tar",
		"/OUTSIDE", "/-/preview/OUTSIDE"),

	"upload POST /multipart/start":        {inJSON("/multipart/start", `"filename":"x","size":5`)},
	"upload POST /multipart/upload":       {inJSON("/multipart/upload", `"upload_id":"SESSION","part":1,"size":5`), inJSON("/multipart/upload", `"upload_id":"AAAAAAAAAAAAAAAAAAAAAA","part":1,"size":5`)},
	"upload POST /multipart/commit":       {inJSON("/multipart/commit", `"upload_id":"SESSION","part":1,"size":5`)},
	"upload POST /multipart/complete":     {inJSON("/multipart/complete", `"upload_id":"SESSION"`)},
	"upload POST /multipart/status":       {inJSON("/multipart/status", `"upload_id":"SESSION"`)},
	"upload POST /preview":                {inQuery("POST", "/preview?key=KEY", "bytes")},
	"process POST /process":               {inJSON("/process", `"sources":["HANDLE"],"tasks":[{"name":"store"}]`), inJSON("/process", `"sources":["OUTSIDE"],"tasks":[{"name":"store"}]`), inJSON("/process", `"sources":["HANDLE"],"tasks":[{"name":"flip"}]`)},
	"cloud POST /folder/list":             {inJSON("/folder/list", `"clouds":{"dropbox":{}}`)},
	"cloud POST /store/":                  {inJSON("/store/", `"clouds":{"url":{"path":"OUTSIDE"}}`), inJSON("/store/", `"clouds":{"url":{"path":"INSIDE"}}`)},
	"cloud POST /metadata":                {inJSON("/metadata", `"url":"OUTSIDE"`), inJSON("/metadata", `"url":"INSIDE"`)},
	"www POST /api/store":                 {inQuery("POST", "/api/store?key=KEY", "bytes"), inQuery("POST", "/api/store?key=KEY&url=INSIDE", "")},
	"www POST /api/store/{path...}":       {inQuery("POST", "/api/store/S3?key=KEY", "bytes"), inQuery("POST", "/api/store/S3/x?key=KEY", "bytes")},
	"www DELETE /api/file/{handle}":       {inQuery("DELETE", "/api/file/HANDLE?key=KEY", ""), inQuery("DELETE", "/api/file/HANDLE", "")},
	"www POST /api/file/{handle}/remove":  {inQuery("POST", "/api/file/HANDLE/remove?key=KEY", "")},
	"www POST /api/file/{handle}":         {inQuery("POST", "/api/file/HANDLE?key=KEY", "other bytes"), inQuery("POST", "/api/file/HANDLE?url=OUTSIDE", "")},
	"www GET /api/file/{handle}":          {inQuery("GET", "/api/file/HANDLE", ""), inQuery("GET", "/api/file/HANDLE+txt?key=KEY", "")},
	"www GET /api/file/{handle}/metadata": {inQuery("GET", "/api/file/HANDLE/metadata", "")},
	"www GET /api/preview/{handle}":       {inQuery("GET", "/api/preview/HANDLE", "")},
	"www GET /api/file/{handle}/convert":  {inQuery("GET", "/api/file/HANDLE/convert?w=5", "")},
	"www POST /api/file/{handle}/convert": {inQuery("POST", "/api/file/HANDLE/convert?w=5", ""), inQuery("POST", "/api/file/HANDLE/convert?key=KEY", "")},
	"cdn GET /{handle}/metadata":          {inQuery("GET", "/HANDLE/metadata", "")},
	"cdn GET /file/{handle}/metadata":     {inQuery("GET", "/file/HANDLE/metadata", "")},
	"cdn GET /{path...}": {
		inQuery("GET", "/HANDLE", ""), inQuery("GET", "/KEY/HANDLE", ""), inTask("GET", "/SECURITY/HANDLE"), inTask("GET", "/KEY/SECURITY/HANDLE"),
		inTask("GET", "/SECURITY/metadata/HANDLE"), inTask("GET", "/SECURITY/resize=width:5/HANDLE"), inTask("GET", "/SECURITY/store/HANDLE"),
		inTask("GET", "/preview/SECURITY/HANDLE"), inTask("GET", "/KEY/SECURITY/store/OUTSIDE"), inTask("GET", "/KEY/SECURITY/store/INSIDE"),
		inTask("GET", "/KEY/SECURITY/INSIDE"),
	},
	"cdn POST /{path...}": {inTask("POST", "/SECURITY/store/HANDLE"), inTask("POST", "/KEY/store/SECURITY/OUTSIDE")},
}
