package durability_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A disaster is a way for a server to go down and come back.
type disaster struct {
	rounds      int
	least, most time.Duration // of work before it strikes
	answers     int64         // that clients have had by then, at least
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
		before := c.book.acknowledged.Load()
		working := make(chan struct{})
		go func() {
			defer close(working)
			c.work(context.Background())
		}()
		time.Sleep(d.least + time.Duration(chance.Int64N(int64(d.most-d.least))))
		for give := time.Now().Add(startTimeout); c.book.acknowledged.Load() < before+d.answers && time.Now().Before(give); {
			time.Sleep(time.Millisecond)
		}
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
	return disaster{rounds, 5 * time.Millisecond, 400 * time.Millisecond, 0, n.kill, func() {}}
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

// A site is how a node lies on the volume whose power is cut.
type site struct {
	kind  string // of file system
	apart bool   // only the blobs are on it: no sync of the catalog helps them
}

func (s site) String() string {
	if s.apart {
		return s.kind + ", blobs apart"
	}
	return s.kind
}

// newNode returns a node on a new volume.
func (s site) newNode(t *testing.T, flags ...string) (*node, *volume) {
	t.Helper()
	v := newVolume(t, s.kind, volumeSize)
	if !s.apart {
		return newNode(t, v.data(), flags...), v
	}
	n := newNode(t, filepath.Join(fastFolder(t), "data"), flags...)
	n.storage = v.data()
	return n, v
}

// volumeSize is room for what a soak deletes, which stays for some minutes.
const volumeSize = 4 << 30

// loseVolume cuts the power of v and of the machine at the same moment: the
// server does nothing afterwards that only a living one can do. It is stopped
// first, because a kernel that has shut a file system down may tell it for a
// while that what it syncs is on disk (xfs_dir_fsync does not look).
func (n *node) loseVolume(v *volume) {
	n.dark.Store(true)
	n.signal(syscall.SIGSTOP)
	v.cut()
}

// cutting is the disaster of losing everything that is not on the volume.
func cutting(c *crew, v *volume, rounds int) disaster {
	return disaster{rounds, 5 * time.Millisecond, 400 * time.Millisecond, 10,
		func() {
			c.node.loseVolume(v)
			c.node.kill()
		},
		func() {
			v.unmount()
			v.mount()
			c.checkNamed(v)
			c.node.dark.Store(false)
		}}
}

// checkNamed looks at the files of blobs as a power cut has left them: a file
// has its name only after its bytes are on disk.
func (c *crew) checkNamed(v *volume) {
	c.t.Helper()
	for _, pattern := range []string{"data/0*/*", "data/blobs/0*/*"} {
		names, err := filepath.Glob(filepath.Join(v.dir, pattern))
		if err != nil {
			c.t.Fatal(err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				c.book.halve("%s has its name, but cannot be read: %v", name, err)
				continue
			}
			if len(b) == 0 || strings.HasSuffix(name, ".pack") && !bytes.HasPrefix(b, []byte("SGPACK")) {
				c.book.halve("%s has its name, but not its bytes (%d)", name, len(b))
			}
		}
	}
}

// TestPowerCut takes the power away at random moments (threats: power cut, R1
// and R4 to R6).
func TestPowerCut(t *testing.T) {
	for _, tt := range []struct {
		site
		short, long int
	}{
		{site{"ext4", false}, 2, 200},
		{site{"xfs", false}, 2, 100},
		{site{"ext4", true}, 1, 50},
		{site{"xfs", true}, 1, 50},
	} {
		t.Run(tt.site.String(), func(t *testing.T) {
			o := newOrigin(t)
			n, v := tt.newNode(t, o.flags()...)
			c := newCrew(t, n, o)
			done, orphans := c.suffer(cutting(c, v, rounds(tt.short, tt.long)))
			c.finish("power cut on %s: rounds %d, orphans after one sweep %d", tt.site, done, orphans)
		})
	}
}

// patience is how many rounds a mutant may survive.
const patience = 100

// TestMutants breaks the server on purpose, and fails if that is not noticed:
// the tests above would show nothing.
func TestMutants(t *testing.T) {
	for _, tt := range []struct {
		mutant string
		site   site // on a volume whose power is cut; zero means that the server is killed
		steps  bool // whether it is cut at each step, not at random
		short  bool // whether it is tried in every run
	}{
		{"no-fsync", site{"ext4", true}, false, true},
		{"no-fsync", site{"xfs", true}, false, false},
		{"no-folder-fsync", site{"ext4", true}, false, false},
		{"no-folder-fsync", site{"xfs", true}, false, false},
		{"link-before-fsync", site{"ext4", true}, true, true},
		{"link-before-fsync", site{"xfs", true}, true, false},
		{"answer-before-commit", site{}, false, false},
		{"delete-before-commit", site{}, false, false},
		{"sweep-without-grace", site{}, false, false},
	} {
		t.Run(tt.mutant+" "+tt.site.kind, func(t *testing.T) {
			if !soak && !tt.short {
				t.Skip("skipped: only with STOWGATE_SOAK=1")
			}
			program, err := buildMutant()
			if err != nil {
				t.Fatal(err)
			}
			var n *node
			var v *volume
			if tt.site.kind == "" {
				n = newNode(t, filepath.Join(fastFolder(t), "data"))
			} else {
				n, v = tt.site.newNode(t)
			}
			n.program = program
			n.env = []string{"STOWGATE_MUTANT=" + tt.mutant}
			c := newCrew(t, n, nil)
			var done int
			switch {
			case tt.steps:
				_, done, _ = c.walk(v, lateCut, patience)
			case v != nil:
				done, _ = c.suffer(cutting(c, v, patience))
			default:
				done, _ = c.suffer(killing(n, patience))
			}
			found := c.book.found()
			if len(found) == 0 {
				t.Errorf("mutant %s was not caught in %d rounds: %s", tt.mutant, done, c.book.summary())
				return
			}
			t.Logf("mutant %s, %s: caught after %d rounds: %s", tt.mutant, tt.site, done, found[0])
		})
	}
}
