// Command go drives the official filestack-go against a server, and prints what
// each step gave as one JSON object.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/filestack/filestack-go/client"
	clientoptions "github.com/filestack/filestack-go/options/client"
	uploadoptions "github.com/filestack/filestack-go/options/upload"
	urloptions "github.com/filestack/filestack-go/options/uploadurl"
	"github.com/filestack/filestack-go/security"
	"github.com/filestack/filestack-go/store"
)

// A setup is what the test says, as the only argument.
type setup struct {
	Server string // where every request goes, whatever host the SDK names
	APIKey string
	Secret string // empty for an app without security
	Bytes  int    // of each uploaded file, a multiple of 8
	Remote string // a URL to import
}

// A redirector sends every request to one server. The SDK has no setting for
// its hosts: it uses http.DefaultClient, and https, always.
// Source: filestack-go client/client.go, internal/config
type redirector struct{ to *url.URL }

func (r redirector) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host, req.Host = r.to.Scheme, r.to.Host, ""
	return http.DefaultTransport.RoundTrip(req)
}

func main() {
	out, err := run(context.Background(), []byte(os.Args[1]))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(out)
}

func run(ctx context.Context, arg []byte) (map[string]any, error) {
	var s setup
	if err := json.Unmarshal(arg, &s); err != nil {
		return nil, err
	}
	to, err := url.Parse(s.Server)
	if err != nil {
		return nil, err
	}
	http.DefaultClient.Transport = redirector{to}
	cli, err := newClient(s)
	if err != nil {
		return nil, err
	}
	data := bytes.Repeat([]byte("stowgate"), s.Bytes/8)
	out := map[string]any{"sent": digest(data)}

	plain, err := cli.Upload(ctx, bytes.NewReader(data), uploadoptions.StoreParams(&store.Params{
		FileName: "plain.bin", MimeType: "application/x-test", Path: "from-go/", Location: "s3",
		UploadTags: []string{"a", "b"}, WorkFlows: "flow-1",
	}))
	if err != nil {
		return nil, fmt.Errorf("upload: %w", err)
	}
	out["plain"] = plain.GetHandle()
	if out["downloaded"], err = download(plain); err != nil {
		return nil, err
	}
	intelligent, err := cli.Upload(ctx, bytes.NewReader(data), uploadoptions.Intelligent())
	if err != nil {
		return nil, fmt.Errorf("intelligent upload: %w", err)
	}
	if out["intelligent"], err = download(intelligent); err != nil {
		return nil, err
	}
	imported, err := cli.UploadURL(ctx, s.Remote, urloptions.StoreParams(&store.Params{FileName: "imported.txt", Location: "s3"}))
	if err != nil {
		return nil, fmt.Errorf("upload URL: %w", err)
	}
	if out["imported"], err = download(imported); err != nil {
		return nil, err
	}
	if out["metadata"], err = cli.GetMetadata(ctx, plain.GetHandle()); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	if s.Secret == "" {
		return out, nil
	}
	if err := plain.Overwrite(ctx, bytes.NewReader([]byte("written over")), false); err != nil {
		return nil, fmt.Errorf("overwrite: %w", err)
	}
	if out["overwritten"], err = download(plain); err != nil {
		return nil, err
	}
	if err := imported.Delete(ctx); err != nil {
		return nil, fmt.Errorf("delete: %w", err)
	}
	out["deleted"] = imported.GetHandle()
	return out, nil
}

func newClient(s setup) (*client.Client, error) {
	if s.Secret == "" {
		return client.NewClient(s.APIKey)
	}
	return client.NewClient(s.APIKey, clientoptions.SecurityPolicy(
		security.NewSecurity(s.Secret, &security.Policy{Expiry: time.Now().Add(time.Hour).Unix()})))
}

// download returns the SHA-256 of what the SDK downloads.
func download(link interface {
	Download(*os.File) (int64, error)
}) (string, error) {
	file, err := os.CreateTemp("", "")
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := link.Download(file); err != nil {
		return "", fmt.Errorf("download: %w", err)
	}
	data, err := io.ReadAll(io.NewSectionReader(file, 0, 1<<40))
	return digest(data), err
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
