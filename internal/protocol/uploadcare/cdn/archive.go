package cdn

import (
	"archive/tar"
	"archive/zip"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/transform"
)

// maxArchive is how many bytes the files of a group may have together to be
// packed. Uploadcare documentation: "Groups".
const maxArchive = 2 << 30

// An archiver writes files one behind the other.
type archiver interface {
	add(name string, file asset.Asset) (io.Writer, error)
	Close() error
}

type zipper struct{ *zip.Writer }

// add begins a file. It is not compressed: most of what is uploaded is already.
func (z zipper) add(name string, file asset.Asset) (io.Writer, error) {
	return z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: file.Modified.UTC()})
}

type tarrer struct{ *tar.Writer }

func (t tarrer) add(name string, file asset.Asset) (io.Writer, error) {
	return t, t.WriteHeader(&tar.Header{Name: name, Size: file.Content.Size(), Mode: 0o644, ModTime: file.Modified.UTC()})
}

// archives are the kinds of archives, with their media types.
var archives = map[string]struct {
	mediaType string
	open      func(io.Writer) archiver
}{
	"zip": {"application/zip", func(w io.Writer) archiver { return zipper{zip.NewWriter(w)} }},
	"tar": {"application/x-tar", func(w io.Writer) archiver { return tarrer{tar.NewWriter(w)} }},
}

// A client is who gets an archive. That it takes no more is no failure of ours.
type client struct{ io.Writer }

func (c client) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	if err != nil {
		err = fmt.Errorf("client took no more: %w: %w", err, fault.Canceled)
	}
	return n, err
}

// pack answers with all files of a group, as they were uploaded. That one is
// gone, may not be read or makes it too large is found out before the first byte;
// what fails later breaks the connection, so that nobody takes a part for all.
func (a *API) pack(w http.ResponseWriter, r *http.Request, c call) error {
	files, err := a.members(r.Context(), c)
	if err != nil {
		return err
	}
	kind := archives[c.archive]
	name := cmp.Or(c.name, c.id.String()+"."+c.archive)
	h := w.Header()
	markOpen(h)
	h.Set("Content-Type", kind.mediaType)
	h.Set("Content-Disposition", asset.Disposition("attachment", asset.CleanName(name)))
	h.Set("Content-Security-Policy", unseen)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", a.lifetime(c.grant, longLife))
	if r.Method == http.MethodHead {
		return nil
	}
	w.WriteHeader(http.StatusOK)
	archive := kind.open(client{w})
	used := map[string]bool{}
	for _, file := range files {
		if err = a.packFile(r.Context(), archive, c.grant, file.ID, used); err != nil {
			break
		}
	}
	if err == nil {
		err = archive.Close()
	}
	if err != nil {
		server.NoteError(r.Context(), fmt.Errorf("pack group %s: %w", c.id, err))
		panic(http.ErrAbortHandler)
	}
	return nil
}

// members returns the files of a group, which must all be there.
func (a *API) members(ctx context.Context, c call) ([]asset.Asset, error) {
	files := make([]asset.Asset, len(c.group.Members))
	for i, m := range c.group.Members {
		var err error
		if files[i], err = a.config.Library.Get(ctx, c.grant, m.Asset, policy.Read); err != nil {
			return nil, err
		}
	}
	return files, checkArchive(files)
}

// checkArchive returns why files are too large to be packed.
func checkArchive(files []asset.Asset) error {
	left := int64(maxArchive)
	for _, file := range files {
		if left -= file.Content.Size(); left < 0 {
			return transform.TooLarge("The files of this group are more than 2 GB together.")
		}
	}
	return nil
}

// packFile adds a file to an archive under a name that is not used yet.
func (a *API) packFile(ctx context.Context, to archiver, g policy.Grant, id asset.ID, used map[string]bool) error {
	file, err := a.config.Delivery.Open(ctx, g, id)
	if err != nil {
		return err
	}
	defer file.Close()
	out, err := to.add(unused(asset.CleanName(file.Asset.Name), used), file.Asset)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, file); err != nil {
		return fmt.Errorf("pack asset %s: %w", id, err)
	}
	return nil
}

// unused returns name, or that with a number, if it is taken, and takes it.
// Programs that unpack archives on some systems see no difference in case.
func unused(name string, used map[string]bool) string {
	name = strings.NewReplacer("/", "_", `\`, "_").Replace(name)
	ext := path.Ext(name)
	free := name
	for n := 2; used[strings.ToLower(free)]; n++ {
		free = strings.TrimSuffix(name, ext) + " (" + strconv.Itoa(n) + ")" + ext
	}
	used[strings.ToLower(free)] = true
	return free
}
