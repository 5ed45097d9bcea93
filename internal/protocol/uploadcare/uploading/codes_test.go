package uploading

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/expiring"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/form"
	"github.com/stowgate/stowgate/internal/upload"
)

var hello = part{Name: "file", Filename: "a.txt", Type: "text/plain", Value: "hello"}

// base uploads a file to the open project, with more parameters.
func (s *stack) base(pairs ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.post("/base/", append([]part{hello}, append(fields("UPLOADCARE_PUB_KEY", openKey), fields(pairs...)...)...)...)
}

// begin asks for an upload in parts, with some parameters replaced.
func (s *stack) begin(pairs ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	all := map[string]string{"UPLOADCARE_PUB_KEY": openKey, "filename": "a", "size": "12000000", "content_type": "x/y"}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	var parts []part
	for name, value := range all {
		parts = append(parts, part{Name: name, Value: value})
	}
	return s.post("/multipart/start/", parts...)
}

// limited returns s with other options of its open project.
func (s *stack) limited(o policy.Options) *stack {
	s.t.Helper()
	s.change(openKey, func(app *policy.App) { app.Options = o })
	return s
}

// signed returns s with an open project that asks for signatures.
func (s *stack) signed() *stack {
	s.t.Helper()
	s.secure(openKey)
	return s
}

// token returns a token for the open project. Claims is JSON without its brackets.
func (s *stack) token(life time.Duration, restrictions string) string {
	encode := base64.RawURLEncoding.EncodeToString
	now := s.clock().Unix()
	text := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
		encode(fmt.Appendf(nil, `{"iat":%d,"exp":%d,"uc":{"restrictions":{%s}}}`, now-3600, now+int64(life.Seconds()), restrictions))
	key := sha256.Sum256([]byte(secret))
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// bearing uploads a file with a token.
func (s *stack) bearing(token string) *httptest.ResponseRecorder {
	s.t.Helper()
	body, kind := inParts(s.t, append([]part{hello}, fields("UPLOADCARE_PUB_KEY", openKey)...))
	return s.send("POST", "/base/?jsonerrors=1", kind, body, "Authorization: Bearer "+token)
}

func (s *stack) importFrom(source string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.get("/from_url/", "pub_key", openKey, "source_url", source)
}

func many(n int, one func(i int) part) (parts []part) {
	for i := range n {
		parts = append(parts, one(i))
	}
	return parts
}

// A reach makes a request that is answered with an error. An import's is in its
// status.
type reach func(*stack) *httptest.ResponseRecorder

var reached = map[string]reach{
	"AccountBlockedError": func(s *stack) *httptest.ResponseRecorder {
		s.change(openKey, func(app *policy.App) { app.Disabled = true })
		return s.base()
	},
	"AccountLimitsExceededError": func(s *stack) *httptest.ResponseRecorder { return s.limited(policy.Options{MaxBytes: 4}).base() },
	"FileMetadataKeyDuplicatedError": func(s *stack) *httptest.ResponseRecorder {
		return s.base("metadata[a]", "1", "metadata[a]", "2")
	},
	"FileMetadataKeyEmptyError":     func(s *stack) *httptest.ResponseRecorder { return s.base("metadata[]", "1") },
	"FileMetadataKeyForbiddenError": func(s *stack) *httptest.ResponseRecorder { return s.base("metadata[a b]", "1") },
	"FileMetadataKeyLengthTooBigError": func(s *stack) *httptest.ResponseRecorder {
		return s.base("metadata["+strings.Repeat("a", 65)+"]", "1")
	},
	"FileMetadataKeysNumberTooBigError": func(s *stack) *httptest.ResponseRecorder {
		var pairs []string
		for i := range 51 {
			pairs = append(pairs, fmt.Sprintf("metadata[%d]", i), "1")
		}
		return s.base(pairs...)
	},
	"FileMetadataValueEmptyError":     func(s *stack) *httptest.ResponseRecorder { return s.base("metadata[a]", "") },
	"FileMetadataValueForbiddenError": func(s *stack) *httptest.ResponseRecorder { return s.base("metadata[a]", "\x01") },
	"FileMetadataValueLengthTooBigError": func(s *stack) *httptest.ResponseRecorder {
		return s.base("metadata[a]", strings.Repeat("ä", 513))
	},
	"FileSizeLimitExceededError":   func(s *stack) *httptest.ResponseRecorder { return s.limited(policy.Options{MaxSize: 4}).base() },
	"MethodNotAllowedError":        func(s *stack) *httptest.ResponseRecorder { return s.get("/base/") },
	"NullCharactersForbiddenError": func(s *stack) *httptest.ResponseRecorder { return s.base("source", "\x00") },
	"PostRequestParserFailedError": func(s *stack) *httptest.ResponseRecorder {
		return s.send("POST", "/base/?jsonerrors=1", "multipart/form-data; boundary=b", "--b")
	},
	"ProjectPublicKeyInvalidError": func(s *stack) *httptest.ResponseRecorder { return s.get("/info/", "pub_key", "invalidpublickey") },
	"ProjectPublicKeyRemovedError": func(s *stack) *httptest.ResponseRecorder {
		s.change(openKey, func(app *policy.App) { app.Deleted = s.clock() })
		return s.base()
	},
	"ProjectPublicKeyRequiredError": func(s *stack) *httptest.ResponseRecorder { return s.get("/info/") },
	"RequestFileNumberLimitExceededError": func(s *stack) *httptest.ResponseRecorder {
		return s.post("/base/", many(form.MaxFiles+1, func(i int) part { return part{Name: itoa(i), Filename: "a", Type: "x/y"} })...)
	},
	"RequestFiledsNumberLimitExceededError": func(s *stack) *httptest.ResponseRecorder {
		return s.post("/base/", many(form.MaxFields+1, func(i int) part { return part{Name: itoa(i)} })...)
	},
	"RequestSizeLimitExceededError": func(s *stack) *httptest.ResponseRecorder {
		return s.base("source", strings.Repeat("x", form.MaxBytes))
	},
	"RequestThrottledError": func(s *stack) *httptest.ResponseRecorder {
		for range upload.MaxSpools {
			f, err := s.uploads.Spool(s.t.Context(), "", strings.NewReader("x"), 1)
			if err != nil {
				s.t.Fatal(err)
			}
			s.t.Cleanup(f.Close)
		}
		w := s.base()
		if w.Code != http.StatusOK || w.Header().Get("Retry-After") != "5" {
			s.t.Errorf("throttled: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
		}
		return w
	},
	"SignatureExpirationError": func(s *stack) *httptest.ResponseRecorder {
		return s.signed().base("signature", expiring.Sign(secret, "1600000000"), "expire", "1600000000")
	},
	"SignatureExpirationInvalidError":  func(s *stack) *httptest.ResponseRecorder { return s.signed().base("signature", "x", "expire", "1e9") },
	"SignatureExpirationRequiredError": func(s *stack) *httptest.ResponseRecorder { return s.signed().base("signature", "x", "expire", "") },
	"SignatureInvalidError": func(s *stack) *httptest.ResponseRecorder {
		return s.signed().base("signature", "x", "expire", "1900000000")
	},
	"SignatureRequiredError": func(s *stack) *httptest.ResponseRecorder {
		return s.signed().base("signature", "", "expire", "1900000000")
	},
	"UploadAPIError": func(s *stack) *httptest.ResponseRecorder {
		s.catalog.Close()
		return s.base()
	},

	"AccessTokenExpiredError": func(s *stack) *httptest.ResponseRecorder { return s.signed().bearing(s.token(-time.Minute, "")) },
	"AccessTokenInvalidError": func(s *stack) *httptest.ResponseRecorder { return s.signed().bearing("nonsense") },
	"ScopeForbiddenError": func(s *stack) *httptest.ResponseRecorder {
		return s.signed().bearing(s.token(time.Hour, `"scope":["/from_url/"]`))
	},
	"OperationsLimitExceededError": func(s *stack) *httptest.ResponseRecorder {
		token := s.signed().token(time.Hour, `"scope":["/base/*"],"limits":{"operations":1}`)
		if w := s.bearing(token); codeOf(w) != "" {
			s.t.Errorf("first file of a token: %s", w.Body)
		}
		return s.bearing(token)
	},

	"DownloadFileHTTPClientError":        failing(notGiven(404)),
	"DownloadFileHTTPServerError":        failing(notGiven(500)),
	"DownloadFileHTTPNetworkError":       failing(fault.Unreachable),
	"DownloadFileHTTPURLValidationError": failing(fault.Invalid),
	"DownloadFileSizeLimitExceededError": failing(fault.TooLarge),
	"DownloadFileTimeLimitExceededError": failing(context.DeadlineExceeded),
	"DownloadFileValidationFailedError":  failing(&policy.Denial{Reason: policy.TypeNotAllowed}),
	"DownloadFileInternalServerError": func(s *stack) *httptest.ResponseRecorder {
		s.serve(func(context.Context, int64) (*upload.Remote, error) { return nil, fault.Internal })
		token := s.fromURL(openKey, "https://example.com/")
		for s.ask(token).Status == "waiting" { // until it was tried often enough
			s.pass(time.Hour / 4)
			s.runner.Wake()
			time.Sleep(20 * time.Millisecond)
		}
		return s.get("/from_url/status/", "token", token)
	},
	"DownloadFileNotFoundError": func(s *stack) *httptest.ResponseRecorder {
		s.serve(remoteFile(strings.NewReader("hello"), 5))
		token := s.fromURL(openKey, "https://example.com/")
		id := s.asset(s.await(token).UUID).ID
		if err := s.catalog.RemoveAsset(s.t.Context(), openKey, id, policy.Use{}); err != nil {
			s.t.Fatal(err)
		}
		return s.get("/from_url/status/", "token", token)
	},

	"FileIdInvalidError": func(s *stack) *httptest.ResponseRecorder {
		return s.get("/info/", "pub_key", openKey, "file_id", "nope")
	},
	"FileIdRequiredError": func(s *stack) *httptest.ResponseRecorder { return s.get("/info/", "pub_key", openKey) },
	"FileNotFoundError": func(s *stack) *httptest.ResponseRecorder {
		return s.get("/info/", "pub_key", openKey, "file_id", s.put(otherKey, "a", "x"))
	},
	"FileRequiredError": func(s *stack) *httptest.ResponseRecorder {
		return s.post("/base/", fields("UPLOADCARE_PUB_KEY", openKey, "file", "no file")...)
	},
	"UploadcareFileIdDuplicatedError": func(s *stack) *httptest.ResponseRecorder {
		const id = "49b4c5a1-31b3-4349-ba07-d97a2d883c37"
		if w := s.base("UPLOADCARE_FILE_ID", id); !strings.Contains(w.Body.String(), `"file":"`+id) {
			s.t.Errorf("file with an ID of the caller's choice: %s", w.Body)
		}
		return s.base("UPLOADCARE_FILE_ID", id)
	},
	"UploadcareFileIdInvalidError": func(s *stack) *httptest.ResponseRecorder {
		return s.base("UPLOADCARE_FILE_ID", "49b4c5a1-31b3-1349-ba07-d97a2d883c37")
	},
	"UploadcareFileIdRequiredError": func(s *stack) *httptest.ResponseRecorder { return s.base("UPLOADCARE_FILE_ID", "") },
	"FilesRequiredError": func(s *stack) *httptest.ResponseRecorder {
		return s.post("/base/", fields("UPLOADCARE_PUB_KEY", openKey)...)
	},
	"FilesNumberLimitExceededError": func(s *stack) *httptest.ResponseRecorder {
		return s.post("/group/", append(fields("pub_key", openKey), many(asset.MaxGroup+1, func(int) part { return part{Name: form.Many} })...)...)
	},
	"FileTypeForbiddenError": func(s *stack) *httptest.ResponseRecorder {
		return s.limited(policy.Options{Types: []string{"image/*"}}).base()
	},
	"InternalRequestForbiddenError": func(s *stack) *httptest.ResponseRecorder {
		s.limited(policy.Options{Origins: []string{"https://example.com"}})
		return s.send("GET", "/info/?jsonerrors=1&pub_key="+openKey, "", "", "Origin: https://other.example.com")
	},
	"MultipartFileAlreadyUploadedError": func(s *stack) *httptest.ResponseRecorder {
		id := s.sendParts(10_000_000, 5<<20)
		s.complete(id)
		return s.complete(id)
	},
	"MultipartFileIdRequiredError":        func(s *stack) *httptest.ResponseRecorder { return s.complete("") },
	"MultipartFileNotFoundError":          func(s *stack) *httptest.ResponseRecorder { return s.complete(recordedFile) },
	"MultipartFileSizeLimitExceededError": func(s *stack) *httptest.ResponseRecorder { return s.limited(policy.Options{MaxSize: 11e6}).begin() },
	"MultipartFileSizeTooSmallError":      func(s *stack) *httptest.ResponseRecorder { return s.begin("size", "9999999") },
	"MultipartPartSizeInvalidError":       func(s *stack) *httptest.ResponseRecorder { return s.begin("part_size", "x") },
	"MultipartPartSizeTooBigError":        func(s *stack) *httptest.ResponseRecorder { return s.begin("part_size", "5368709121") },
	"MultipartPartSizeTooSmallError":      func(s *stack) *httptest.ResponseRecorder { return s.begin("part_size", "5242879") },
	"MultipartSizeInvalidError":           func(s *stack) *httptest.ResponseRecorder { return s.begin("size", "") },
	"MultipartUploadSizeTooLargeError": func(s *stack) *httptest.ResponseRecorder {
		const size = 10_485_860 // 100 bytes more than two parts
		started := read[answered](s.t, s.begin("size", itoa(size)))
		for i, n := range []int{5 << 20, 5<<20 + 100, 100} {
			s.sendPart(started.Parts[i], n, http.StatusOK)
		}
		return s.complete(started.UUID)
	},
	"MultipartUploadSizeTooSmallError": func(s *stack) *httptest.ResponseRecorder {
		started := read[answered](s.t, s.begin())
		s.sendPart(started.Parts[0], 5<<20, http.StatusOK)
		return s.complete(started.UUID)
	},
	"RequestParamRequiredError": func(s *stack) *httptest.ResponseRecorder { return s.begin("content_type", "") },
	"SourceURLRequiredError":    func(s *stack) *httptest.ResponseRecorder { return s.importFrom("") },
	"TokenRequiredError":        func(s *stack) *httptest.ResponseRecorder { return s.get("/from_url/status/") },
	"UUIDInvalidError":          func(s *stack) *httptest.ResponseRecorder { return s.complete("nope") },
	"UploadViewsError":          func(s *stack) *httptest.ResponseRecorder { return s.base("tags", "a b") },

	"GroupFileURLParsingFailedError": func(s *stack) *httptest.ResponseRecorder {
		return s.post("/group/", fields("pub_key", openKey, "files[0]", "nope")...)
	},
	"GroupFilesInvalidError": func(s *stack) *httptest.ResponseRecorder { return s.post("/group/", fields("pub_key", openKey)...) },
	"GroupFilesNotFoundError": func(s *stack) *httptest.ResponseRecorder {
		return s.post("/group/", fields("pub_key", openKey, "files[0]", s.put(otherKey, "a", "x"))...)
	},
	"GroupIdRequiredError": func(s *stack) *httptest.ResponseRecorder { return s.get("/group/info/", "pub_key", openKey) },
	"GroupNotFoundError": func(s *stack) *httptest.ResponseRecorder {
		return s.get("/group/info/", "pub_key", openKey, "group_id", recordedFile+"~1")
	},
	"GroupViewsError": func(s *stack) *httptest.ResponseRecorder {
		return s.post("/group/", fields("pub_key", openKey, "files[0]", s.put(openKey, "a", "x")+"/-/\xff/")...)
	},

	"HostnameNotFoundError":          func(s *stack) *httptest.ResponseRecorder { return s.importFrom("https://1.com/1.jpg") },
	"URLHostMalformedError":          func(s *stack) *httptest.ResponseRecorder { return s.importFrom("http://a..b/") },
	"URLHostPrivateIPForbiddenError": func(s *stack) *httptest.ResponseRecorder { return s.importFrom("http://10.0.0.1/") },
	"URLHostRequiredError":           func(s *stack) *httptest.ResponseRecorder { return s.importFrom("https://") },
	"URLParsingFailedError":          func(s *stack) *httptest.ResponseRecorder { return s.importFrom("http://[::1") },
	"URLSchemeInvalidError":          func(s *stack) *httptest.ResponseRecorder { return s.importFrom("file:///etc/passwd") },
	"URLSchemeRequiredError":         func(s *stack) *httptest.ResponseRecorder { return s.importFrom("example.com/a") },
	"URLValidationError":             func(s *stack) *httptest.ResponseRecorder { return s.importFrom("http://example.com:22/") },
}

// unreached has the errors that no request is answered with, and why.
var unreached = map[string]string{
	"AccountUnpaidError":                 "nobody pays here",
	"AutostoreDisabledError":             "every project may leave to its settings what is stored",
	"BaseViewsError":                     "every refusal that is known has words of its own",
	"UploadFailedError":                  "a signature bounds neither paths nor sizes",
	"DownloadFileError":                  "every failure that is known has words of its own",
	"DownloadFileTaskFailedError":        "needs a file that is removed while its import is being recorded",
	"FileIdNotUniqueError":               "an ID that is not free has an error of its own",
	"InternalRequestInvalidError":        "there are no internal requests",
	"MultipartFileCompletionFailedError": "storage refuses no parts whose sizes are right",
	"FileInfectedError":                  "nothing here looks for viruses",
	"URLBlacklistedError":                "there is no list of forbidden sources",
	"URLRedirectsLimitExceededError":     "an import that is redirected too often has a network error: a stranger learns no more",
	"SVGValidationFailedError":           "drawings are kept as they are, and delivered so that they can do no harm",
	"SVGMaliciousContentError":           "drawings are kept as they are, and delivered so that they can do no harm",
}

// failing imports from a source that fails.
func failing(err error) reach {
	return func(s *stack) *httptest.ResponseRecorder {
		s.serve(func(context.Context, int64) (*upload.Remote, error) { return nil, err })
		token := s.fromURL(openKey, "https://example.com/")
		s.await(token)
		return s.get("/from_url/status/", "token", token)
	}
}

func (s *stack) complete(id string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.post("/multipart/complete/", fields("UPLOADCARE_PUB_KEY", openKey, "uuid", id)...)
}

func TestCodes(t *testing.T) {
	for _, code := range answer.Codes() {
		reach, why := reached[code], unreached[code]
		if (reach == nil) == (why == "") {
			t.Errorf("%s is neither reached nor is it said why it cannot be, or both", code)
		}
		if reach == nil {
			continue
		}
		t.Run(code, func(t *testing.T) {
			w := reach(newStack(t))
			if w.Code != http.StatusOK || !bytes.Contains(w.Body.Bytes(), []byte(`"error_code":"`+code+`"`)) || strings.Contains(w.Body.String(), "%!") {
				t.Errorf("answer %d %s", w.Code, w.Body)
			}
		})
	}
	for code := range unreached {
		if !slices.Contains(answer.Codes(), code) {
			t.Errorf("%s is no code", code)
		}
	}
}
