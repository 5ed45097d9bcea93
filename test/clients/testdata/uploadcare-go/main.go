// Does with uploadcare-go what its users do, against a server of ours: its hosts
// are constants, so the transport sends its requests elsewhere. It prints what
// went wrong, and otherwise nothing.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/uploadcare/uploadcare-go/v2/file"
	"github.com/uploadcare/uploadcare-go/v2/group"
	"github.com/uploadcare/uploadcare-go/v2/metadata"
	"github.com/uploadcare/uploadcare-go/v2/project"
	"github.com/uploadcare/uploadcare-go/v2/ucare"
	"github.com/uploadcare/uploadcare-go/v2/upload"
	"github.com/uploadcare/uploadcare-go/v2/webhook"
)

// An elsewhere sends every request to one origin.
type elsewhere struct{ origin *url.URL }

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	asked := r.URL.Host
	r.URL.Scheme, r.URL.Host = e.origin.Scheme, e.origin.Host
	if strings.HasSuffix(asked, "uploadcare.com") { // as a proxy that keeps the Host header
		r.Host = asked
	}
	return http.DefaultTransport.RoundTrip(r)
}

func main() {
	var arg struct {
		URL, Key, Secret, Remote string
		Signed                   bool
	}
	try(json.Unmarshal([]byte(os.Args[1]), &arg))
	origin, err := url.Parse(arg.URL)
	try(err)
	creds := ucare.APICreds{PublicKey: arg.Key, SecretKey: arg.Secret}
	options := []ucare.Option{
		ucare.WithHTTPClient(&http.Client{Transport: elsewhere{origin}, Timeout: time.Minute}), ucare.WithCDNBase(arg.URL),
	}
	if arg.Signed {
		options = append(options, ucare.WithSignBasedAuthentication())
	}
	config, err := ucare.NewConfig(creds, options...)
	try(err)
	client, err := ucare.NewClient(creds, config)
	try(err)
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()

	uploads, files, groups := upload.NewService(client), file.NewService(client), group.NewService(client)
	small, err := uploads.File(ctx, upload.FileParams{
		Data: strings.NewReader("hello"), Name: "a.txt", ContentType: "text/plain",
		ToStore: ucare.String(upload.ToStoreTrue), Metadata: map[string]string{"pet": "cat"},
	})
	try(err)
	described, err := uploads.FileInfo(ctx, small)
	try(err)
	same("size", described.Size, 5)

	large := bytes.Repeat([]byte("abcdefgh"), 1_500_000)
	parts, err := uploads.Multipart(ctx, upload.MultipartParams{
		FileName: "large.bin", Size: int64(len(large)), ContentType: "application/x-large", Data: bytes.NewReader(large),
	})
	try(err)
	var whole upload.FileInfo
	select {
	case whole = <-parts.Done():
	case err := <-parts.Error():
		try(err)
	}
	same("size in parts", whole.Size, uint64(len(large)))

	remote, err := uploads.FromURL(ctx, upload.FromURLParams{URL: arg.Remote, Name: ucare.String("remote.txt")})
	try(err)
	fetched, ready := remote.Info()
	if !ready {
		select {
		case fetched = <-remote.Done():
		case err := <-remote.Error():
			try(err)
		}
	}
	same("name", fetched.OriginalFileName, "remote.txt")

	made, err := uploads.CreateGroup(ctx, []string{small, whole.ID})
	try(err)
	told, err := uploads.GroupInfo(ctx, made.ID)
	try(err)
	same("files of the group", len(told.Files), 2)
	again, err := groups.Info(ctx, made.ID)
	try(err)
	same("group", again.ID, made.ID)

	info, err := files.Info(ctx, small, &file.InfoParams{Include: ucare.String("appdata")})
	try(err)
	same("metadata", info.Metadata["pet"], "cat")
	same("body", read(*info.OriginalFileURL), "hello")
	_, err = files.Store(ctx, whole.ID)
	try(err)

	values := metadata.NewService(client)
	_, err = values.Set(ctx, small, "pet", "dog")
	try(err)
	value, err := values.Get(ctx, small, "pet")
	try(err)
	same("value", value, "dog")
	try(values.Delete(ctx, small, "pet"))

	copied, err := files.LocalCopy(ctx, file.LocalCopyParams{Source: small, Store: ucare.String(file.StoreTrue)})
	try(err)
	batch, err := files.BatchStore(ctx, []string{small, copied.Result.ID})
	try(err)
	same("stored", len(batch.Results), 2)

	var ids []string
	list, err := files.List(ctx, file.ListParams{Limit: ucare.Uint64(2), OrderBy: ucare.String(file.OrderByUploadedAtDesc)})
	try(err)
	for list.Next() {
		f, err := list.ReadResult()
		try(err)
		ids = append(ids, f.ID)
	}
	want := []string{copied.Result.ID, fetched.ID, whole.ID, small}
	slices.Sort(want)
	slices.Sort(ids)
	if !slices.Equal(ids, want) {
		fail("list: %v, want %v", ids, want)
	}

	hooks := webhook.NewService(client)
	event, target := webhook.Event("file.uploaded"), "https://example.com/hook"
	hook, err := hooks.Create(ctx, webhook.Params{TargetURL: &target, Event: &event})
	try(err)
	all, err := hooks.List(ctx)
	try(err)
	same("webhooks", len(all), 1)
	try(hooks.Delete(ctx, hook.ID))

	about, err := project.NewService(client).Info(ctx)
	try(err)
	same("project", about.PubKey, arg.Key)

	try(groups.Delete(ctx, made.ID))
	gone, err := files.Delete(ctx, small)
	try(err)
	same("removed", gone.RemovedAt != nil, true)
}

func read(url string) string {
	res, err := http.Get(url)
	try(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	try(err)
	return string(body)
}

func same[T comparable](what string, got, want T) {
	if got != want {
		fail("%s: %v, want %v", what, got, want)
	}
}

func try(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}
