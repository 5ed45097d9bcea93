package uploading

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/upload/imports"
)

// fromURL answers /from_url/ with a token, or with the file if the same URL was
// brought in before and that is asked for.
func (a *API) fromURL(w http.ResponseWriter, r *http.Request, c *call) error {
	source := c.set.Text("source_url")
	if err := a.checkSource(r.Context(), source); err != nil {
		return err
	}
	spec, err := specOf(c, "store")
	if err != nil {
		return err
	}
	spec.Name = c.set.Text("filename")
	check := flag(c, "check_URL_duplicates", false)
	if check {
		file, err := a.remembered(r.Context(), c, source)
		if err == nil {
			return answer.JSON(w, http.StatusOK, struct {
				Type string `json:"type"`
				answer.Info
			}{"file_info", a.place.Info(file)})
		}
		if !errors.Is(err, fault.NotFound) {
			return err
		}
	}
	token, err := a.imports.Begin(r.Context(), c.grant, source, spec, flag(c, "save_URL_duplicates", check))
	if err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, struct {
		Type  string `json:"type"`
		Token string `json:"token"`
	}{"token", token.String()})
}

// flag reads a parameter that is on or off.
func flag(c *call, name string, absent bool) bool {
	value, ok := c.set.Lookup(name)
	if !ok {
		return absent
	}
	return value == "1" || value == "true"
}

// remembered returns what was brought in from a URL before. The error wraps
// fault.NotFound if there is nothing.
func (a *API) remembered(ctx context.Context, c *call, source string) (asset.Asset, error) {
	id, err := a.imports.Remembered(ctx, c.app.Key, source)
	if err != nil {
		return asset.Asset{}, err
	}
	return a.library.Describe(ctx, policy.Known(c.app, id), id)
}

// checkSource words what can be told at once about a URL.
func (a *API) checkSource(ctx context.Context, source string) error {
	u, err := url.Parse(source)
	switch {
	case source == "":
		return answer.Refuse("SourceURLRequiredError")
	case err != nil:
		return answer.Because(err, "URLParsingFailedError")
	case u.Scheme == "":
		return answer.Refuse("URLSchemeRequiredError")
	case u.Scheme != "http" && u.Scheme != "https":
		return answer.Refuse("URLSchemeInvalidError")
	case u.Host == "":
		return answer.Refuse("URLHostRequiredError")
	}
	if _, own := a.own(source); own {
		return nil
	}
	err = a.imports.Vet(ctx, source)
	switch {
	case errors.Is(err, fault.Denied):
		return answer.Because(err, "URLHostPrivateIPForbiddenError")
	case errors.Is(err, fault.NotFound):
		return answer.Because(err, "HostnameNotFoundError")
	case errors.Is(err, fault.Invalid):
		return answer.Because(err, "URLHostMalformedError")
	case errors.Is(err, fault.Unsupported):
		return answer.Because(err, "URLValidationError")
	case err != nil:
		return err
	}
	if _, err := policy.CanonicalURL(source); err != nil {
		return answer.Because(err, "URLValidationError")
	}
	return nil
}

// A state is what /from_url/status/ answers.
type state struct {
	Status string `json:"status"`
	Done   *int64 `json:"done,omitempty"`
	Total  any    `json:"total,omitempty"`
	Error  string `json:"error,omitempty"`
	Code   string `json:"error_code,omitempty"`
}

// status answers GET /from_url/status/: knowing the token is enough.
func (a *API) status(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	if token == "" {
		return answer.Refuse("TokenRequiredError")
	}
	s, err := a.stateOf(r.Context(), token, isUploadClient(r))
	if err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, s)
}

// isUploadClient reports whether r comes from a client that takes "unknown" for
// a size that is not known; others take null.
func isUploadClient(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("X-UC-User-Agent"), "UploadcareUploadClient/")
}

// stateOf returns how an import stands. What is not known of its size is a word,
// or null.
func (a *API) stateOf(ctx context.Context, token string, word bool) (any, error) {
	name, err := answer.ParseUUID(token)
	if err != nil {
		return state{Status: "unknown"}, nil
	}
	i, progress, err := a.imports.Status(ctx, name)
	if errors.Is(err, fault.NotFound) {
		return state{Status: "unknown"}, nil
	}
	switch {
	case err != nil:
		return nil, err
	case i.State == imports.Failed:
		return failed(failureOf(i.Failure)), nil
	case i.State == imports.Done:
		return a.succeeded(ctx, i)
	case progress == nil, progress.Total == 0: // which clients divide by
		return state{Status: "waiting"}, nil
	case progress.Total < 0 && !word:
		return struct {
			Status string `json:"status"`
			Done   int64  `json:"done"`
			Total  *int64 `json:"total"`
		}{"progress", progress.Done, nil}, nil
	case progress.Total < 0:
		return state{Status: "progress", Done: &progress.Done, Total: "unknown"}, nil
	}
	return state{Status: "progress", Done: &progress.Done, Total: progress.Total}, nil
}

// succeeded returns the state of an import that is done.
func (a *API) succeeded(ctx context.Context, i imports.Import) (any, error) {
	app, err := a.apps.App(ctx, i.App)
	if err != nil {
		return nil, err
	}
	file, err := a.library.Describe(ctx, policy.Known(app, i.Asset), i.Asset)
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Denied) {
		return failed(answer.Refuse("DownloadFileNotFoundError")), nil
	}
	if err != nil {
		return nil, err
	}
	return struct {
		Status string `json:"status"`
		answer.Info
	}{"success", a.place.Info(a.begun(file))}, nil
}

func failed(e *answer.Error) state {
	return state{Status: "error", Error: e.Sentence, Code: e.Code}
}

// failureOf words why an import failed. How large a file was that is too large is
// not on record: the sentence says what is known.
func failureOf(f *imports.Failure) *answer.Error {
	switch {
	case f.Status/100 == 5:
		return answer.Refuse("DownloadFileHTTPServerError", strconv.Itoa(f.Status))
	case f.Status != 0:
		return answer.Refuse("DownloadFileHTTPClientError", strconv.Itoa(f.Status))
	case f.Reason == policy.TooLarge, f.Kind == fault.TooLarge:
		return answer.Refuse("DownloadFileSizeLimitExceededError", "its size", "the limit")
	case f.Reason != 0:
		told := answer.ErrorOf(&policy.Denial{Reason: f.Reason})
		return answer.Refuse("DownloadFileValidationFailedError", told.Sentence)
	case f.Kind == fault.Unreachable:
		return answer.Refuse("DownloadFileHTTPNetworkError", "the source could not be read")
	case f.Kind == fault.Invalid, f.Kind == fault.Unsupported:
		return answer.Refuse("DownloadFileHTTPURLValidationError", "the source cannot be read")
	case f.Kind == fault.NotFound:
		return answer.Refuse("DownloadFileNotFoundError")
	case f.Kind == fault.Canceled:
		return answer.Refuse("DownloadFileTimeLimitExceededError", strconv.Itoa(int(imports.MaxTime.Seconds())))
	case f.Kind == fault.Internal, f.Kind == fault.Unavailable:
		return answer.Refuse("DownloadFileInternalServerError")
	}
	return answer.Refuse("DownloadFileTaskFailedError")
}
