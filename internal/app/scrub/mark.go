package scrub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
)

// A mark says how far a Scrubber is.
type mark struct {
	Began   time.Time  `json:"began"`           // the pass that runs, or the last
	Ended   time.Time  `json:"ended,omitzero"`  // zero while it runs
	After   asset.ID   `json:"after,omitempty"` // what it has read last
	Damaged []asset.ID `json:"damaged"`         // known as damaged or missing, from any pass
}

// begin makes m the mark of a new pass.
func (m *mark) begin(now time.Time) { *m = mark{Began: now, Damaged: m.Damaged} }

// due returns how long it is until the next pass begins. A clock that was set
// back does not put it off.
func (m *mark) due(period time.Duration, now time.Time) time.Duration {
	if now.Before(m.Began) {
		return 0
	}
	return max(0, period-now.Sub(m.Began))
}

// loadMark returns what is in the file called name. Without one, or after an
// error, it returns the mark of a pass that begins now.
func loadMark(name string) (mark, error) {
	var m mark
	data, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	switch {
	case err == nil:
		return m, nil
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	default:
		err = fmt.Errorf("read %s: %w", name, err)
	}
	return mark{Began: time.Now()}, err
}

// save puts m into the file called name. A crash leaves this or what was there
// before.
func (m *mark) save(name string) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
