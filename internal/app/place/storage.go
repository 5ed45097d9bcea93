package place

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/app/machine"
	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/fileblob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/blob/route"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/storage"
)

// A Storage is a folder for bytes that apps may choose. The name of the default
// is empty.
type Storage struct{ Name, Folder string }

// String returns how messages call it.
func (s Storage) String() string {
	if s.Name == "" {
		return "the default storage"
	}
	return "the storage " + s.Name
}

// parseFolder takes a folder, and file:FOLDER; kinds is what messages say that
// may stand there.
func parseFolder(text, kinds string) (string, error) {
	scheme, rest, ok := strings.Cut(text, ":")
	switch {
	case text != "" && (!ok || strings.Contains(scheme, "/")):
		return text, nil
	case scheme == "file" && strings.TrimPrefix(rest, "//") != "":
		return strings.TrimPrefix(rest, "//"), nil
	}
	return "", fmt.Errorf("is no %s; S3, Google Cloud Storage and Azure are planned, and not in this version", kinds)
}

// readNamed reads the storages besides the default.
func readNamed(r *setting.Reader, texts []string) []Storage {
	named := setting.ReadAll(r, "storage-named", texts, func(text string) (Storage, error) {
		before, after, ok := strings.Cut(text, "=")
		if !ok {
			return Storage{}, errors.New("is not NAME=FOLDER, like archive=/mnt/archive")
		}
		name, err := blob.ParseName(before)
		if err != nil {
			return Storage{}, fmt.Errorf("has no name before the =: %w", err)
		}
		folder, err := parseFolder(after, "NAME=FOLDER or NAME=file:FOLDER")
		if err != nil {
			return Storage{}, err
		}
		return Storage{name, folder}, nil
	})
	for i, s := range named {
		if s.Name != "" && slices.ContainsFunc(named[:i], func(other Storage) bool { return other.Name == s.Name }) {
			r.Fail("--storage-named says twice where %s is", s)
		}
	}
	return named
}

// Names returns what the storages are called that apps may choose besides the
// default.
func (p Places) Names() []string {
	names := make([]string, len(p.Named))
	for i, s := range p.Named {
		names[i] = s.Name
	}
	return names
}

// OpenBlobs opens the storages, as one store. It fails, with all the reasons at
// once, if a file or an app needs one that the settings do not name, or if a
// folder is not the one that it was. The caller calls the function it returns to
// close it. key is the server's.
func (p Places) OpenBlobs(ctx context.Context, records *catalog.Catalog, key [32]byte, config fileblob.Config) (blob.Store, func() error, error) {
	used, err := p.used(ctx, records)
	if err != nil {
		return nil, nil, err
	}
	if p.Blobs == "" {
		return new(memblob.Store), func() error { return nil }, nil
	}
	id := Derive(key, "stowgate storage")
	folders := folders{server: hex.EncodeToString(id[:8]), used: used, config: config}
	standard := folders.open(Storage{Folder: p.Blobs})
	named := make(map[string]blob.Store)
	for _, s := range p.Named {
		named[s.Name] = folders.open(s)
	}
	if err = errors.Join(folders.errs...); err == nil {
		err = folders.markAll()
	}
	if err != nil {
		return nil, nil, errors.Join(err, folders.close())
	}
	if len(named) == 0 {
		return standard, folders.close, nil
	}
	return route.New(standard, named), folders.close, nil
}

// used returns the storages that files are in. The error says which of those that
// files and apps need are not in the settings.
func (p Places) used(ctx context.Context, records *catalog.Catalog) ([]string, error) {
	used, err := storage.Used(ctx, records.Book())
	if err != nil {
		return nil, err
	}
	apps, err := records.Apps(ctx)
	if err != nil {
		return nil, err
	}
	var errs []error
	known := append(p.Names(), "")
	for _, name := range used {
		if !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("files are in the storage %s, and no setting says where that is: add --storage-named %s=FOLDER", name, name))
		}
	}
	for _, a := range apps {
		if name := a.Options.Storage; a.Deleted.IsZero() && !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("app %s keeps new files in the storage %s, and no setting says where that is: add --storage-named %s=FOLDER, or choose another with stowgate app set %s --keep-in default",
				a.Key, name, name, a.Key))
		}
	}
	return used, errors.Join(errs...)
}

// markName is the file in the folder of a storage with a name that says which
// storage of which server it is. Otherwise a disk that is not mounted would look
// like one whose files are lost, and the files of others like orphans.
const markName = "stowgate-storage"

// folders are those that are open, each of which is a storage.
type folders struct {
	server string   // what tells this server from others
	used   []string // storages that files are in
	config fileblob.Config

	infos  []fs.FileInfo // of those that are open
	stores []*fileblob.Store
	errs   []error   // why others are not
	fresh  []Storage // those that have no mark yet
}

func (f *folders) close() error {
	var errs []error
	for _, s := range f.stores {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// open opens a storage, or adds to f.errs why it cannot be.
func (f *folders) open(s Storage) *fileblob.Store {
	store, err := f.openMarked(s)
	if err != nil {
		f.errs = append(f.errs, fmt.Errorf("open %s: %w", s, err))
	}
	return store
}

func (f *folders) openMarked(s Storage) (*fileblob.Store, error) {
	marked, err := f.marked(s)
	if err != nil {
		return nil, err
	}
	store, err := fileblob.Open(s.Folder, f.config)
	if err != nil {
		return nil, err
	}
	f.stores = append(f.stores, store)
	info, err := os.Stat(s.Folder)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(f.infos, func(other fs.FileInfo) bool { return os.SameFile(info, other) }) {
		return nil, fmt.Errorf("the folder %s is that of another storage: each needs its own", s.Folder)
	}
	f.infos = append(f.infos, info)
	if !marked && s.Name != "" {
		f.fresh = append(f.fresh, s)
	}
	return store, nil
}

// markAll marks the folders of new storages.
func (f *folders) markAll() error {
	for _, s := range f.fresh {
		if err := writeOnce(filepath.Join(s.Folder, markName), []byte(f.mark(s)+"\n")); err != nil {
			return fmt.Errorf("mark %s: %w", s, err)
		}
		if _, err := f.marked(s); err != nil { // another may have been faster
			return fmt.Errorf("mark %s: %w", s, err)
		}
	}
	return nil
}

// mark returns what the file markName says.
func (f *folders) mark(s Storage) string { return s.Name + " of " + f.server }

// marked reports whether the folder of a storage says that it is that one. It
// may be a new one otherwise: the error says why it is not.
func (f *folders) marked(s Storage) (bool, error) {
	file := filepath.Join(s.Folder, markName)
	text, err := os.ReadFile(file)
	switch said := strings.TrimSpace(string(text)); {
	case err == nil && s.Name == "":
		return false, fmt.Errorf("the folder %s is the storage %q: name it with --storage-named", s.Folder, said)
	case err == nil && said != f.mark(s):
		return false, fmt.Errorf("the folder %s is the storage %q, and not %q", s.Folder, said, f.mark(s))
	case err == nil:
		return true, nil
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	case s.Name == "":
		return false, nil
	case slices.Contains(f.used, s.Name):
		return false, fmt.Errorf("there are files in it, but %s is not there: is its disk mounted? If this is its folder, make that file with the text %q", file, f.mark(s))
	}
	inside, err := os.ReadDir(s.Folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for _, entry := range inside {
		// What a first start that was cut short leaves, and a new file system.
		if name := entry.Name(); name != "tmp" && name != "lost+found" && !strings.HasPrefix(name, tempPrefix) {
			return false, fmt.Errorf("the folder %s is not empty: a new storage needs one of its own", s.Folder)
		}
	}
	return false, nil
}

// Folders returns where bytes are, for messages.
func (p Places) Folders() string {
	folders := []string{p.Blobs}
	for _, s := range p.Named {
		folders = append(folders, s.Folder)
	}
	return strings.Join(folders, " and ")
}

// Examine looks at the folders of storages that are not in the data folder, or
// at those they would be made in.
func (p Places) Examine() []machine.Finding {
	var found []machine.Finding
	if p.Blobs != "" && p.Blobs != filepath.Join(p.Data, "blobs") {
		found = append(found, machine.ExamineStorage(Storage{}.String(), p.Blobs, "--storage"))
	}
	for _, s := range p.Named {
		found = append(found, machine.ExamineStorage(s.String(), s.Folder, "--storage-named"))
	}
	return found
}
