package durability_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A disaster is a way for a server to go down and come back.
type disaster struct {
	rounds      int
	least, most time.Duration // of work before it strikes
	strike      func()        // takes the server down, work going on
	mend        func()        // what is needed before it can start again
}

// suffer lets a crew work through disasters, and compares after each what is
// there with what was acknowledged. It returns how many orphans one sweep left.
// It stops at the first problem.
func (c *crew) suffer(d disaster) (rounds, orphans int) {
	c.t.Helper()
	chance := random(c.t.Name() + " times")
	for rounds = 0; rounds < d.rounds && len(c.book.found()) == 0; rounds++ {
		c.node.start()
		c.verify()
		c.audit()
		working := make(chan struct{})
		go func() {
			defer close(working)
			c.work(context.Background())
		}()
		time.Sleep(d.least + time.Duration(chance.Int64N(int64(d.most-d.least))))
		d.strike()
		<-working
		d.mend()
	}
	c.node.start()
	c.verify()
	c.audit()
	if code := c.node.stop(); code != 0 {
		c.book.problem("the server ended with status %d", code)
	}
	return rounds, c.settle()
}

// killing is the disaster of losing the process only.
func killing(n *node, rounds int) disaster {
	return disaster{rounds, 5 * time.Millisecond, 400 * time.Millisecond, n.kill, func() {}}
}

// TestKill kills the server at random moments (threats: kill -9, R1 to R4 and R6).
func TestKill(t *testing.T) {
	o := newOrigin(t)
	n := newNode(t, filepath.Join(fastFolder(t), "data"), o.flags()...)
	c := newCrew(t, n, o)
	done, orphans := c.suffer(killing(n, rounds(15, 500)))
	if c.book.imports.Load() == 0 {
		t.Error("nothing was imported")
	}
	checkPrivate(t, n.data)
	c.finish("kill -9: rounds %d, orphans after one sweep %d", done, orphans)
}

// checkPrivate fails the test for what the data folder lets others read, and
// for temporary files left in it (threats: P4). The server is stopped.
func checkPrivate(t *testing.T, data string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v: others may read it", path, info.Mode())
		}
		if !d.IsDir() {
			files++
		}
		if below, _ := filepath.Rel(data, path); !d.IsDir() && strings.Contains(below, "tmp/") {
			t.Errorf("temporary file %s was left", below)
		}
		return nil
	})
	if err != nil || files == 0 {
		t.Errorf("walk %s: %d files, %v", data, files, err)
	}
}

// cutting is the disaster of losing everything that is not on the volume.
func cutting(c *crew, v *volume, rounds int) disaster {
	return disaster{rounds, 100 * time.Millisecond, 400 * time.Millisecond,
		func() {
			c.node.dark.Store(true)
			v.cut()
			c.node.kill()
		},
		func() {
			v.unmount()
			v.mount()
			c.node.dark.Store(false)
		}}
}

// volumeSize is room for what a soak deletes, which stays for some minutes.
const volumeSize = 4 << 30

// TestPowerCut takes the power away at random moments (threats: power cut, R1
// and R4 to R6).
func TestPowerCut(t *testing.T) {
	for _, tt := range []struct {
		kind        string
		short, long int
	}{
		{"ext4", 2, 200},
		{"xfs", 2, 100},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			v := newVolume(t, tt.kind, volumeSize)
			o := newOrigin(t)
			n := newNode(t, v.data(), o.flags()...)
			c := newCrew(t, n, o)
			done, orphans := c.suffer(cutting(c, v, rounds(tt.short, tt.long)))
			c.finish("power cut on %s: rounds %d, orphans after one sweep %d", tt.kind, done, orphans)
		})
	}
}

// TestMutants breaks the server on purpose, and fails if that is not noticed:
// the tests above would show nothing.
func TestMutants(t *testing.T) {
	for _, tt := range []struct {
		mutant string
		kind   string // of volume to cut the power of; empty means kill
		short  bool   // whether it is tried in every run
	}{
		{"no-fsync", "ext4", true},
		{"no-fsync", "xfs", false},
		{"no-folder-fsync", "ext4", false},
		{"no-folder-fsync", "xfs", false},
		{"link-before-fsync", "ext4", false},
		{"link-before-fsync", "xfs", false},
		{"answer-before-commit", "", false},
		{"delete-before-commit", "", false},
		{"sweep-without-grace", "", false},
	} {
		t.Run(tt.mutant+" "+tt.kind, func(t *testing.T) {
			if !soak && !tt.short {
				t.Skip("skipped: only with STOWGATE_SOAK=1")
			}
			program, err := buildMutant()
			if err != nil {
				t.Fatal(err)
			}
			data := filepath.Join(fastFolder(t), "data")
			var v *volume
			if tt.kind != "" {
				v = newVolume(t, tt.kind, volumeSize)
				data = v.data()
			}
			n := newNode(t, data)
			n.program = program
			n.env = []string{"STOWGATE_MUTANT=" + tt.mutant}
			c := newCrew(t, n, nil)
			d := killing(n, 100)
			if v != nil {
				d = cutting(c, v, 100)
			}
			done, _ := c.suffer(d)
			found := c.book.found()
			if len(found) == 0 {
				t.Errorf("mutant %s was not caught in %d rounds: %s", tt.mutant, done, c.book.summary())
				return
			}
			t.Logf("mutant %s, %s: caught after %d rounds: %s", tt.mutant, tt.kind, done, found[0])
		})
	}
}
