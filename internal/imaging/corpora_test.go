package imaging

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/inspect"
	"github.com/stowgate/stowgate/internal/transform"
)

// What one job may take, and what it is given.
const (
	mostTime   = 10 * time.Second
	mostMemory = 512 << 20
	deadline   = 3 * time.Second
)

// mostKilled is how many images of a folder may need the process to be killed,
// because the library draws without looking whether anybody waits, or because
// they take more than mostMemory.
const mostKilled = 3

// The variables that make a test process a child that goes through a folder.
const (
	folderVariable = "STOWGATE_TEST_FOLDER"
	skipVariable   = "STOWGATE_TEST_SKIP" // how many images it passes over
)

var plans = map[string]transform.Plan{
	"thumbnail": {Ops: []transform.Op{transform.Orient{}, transform.Resize{Width: 100, Height: 100, Fit: transform.Cover}}, Output: transform.Output{Format: transform.JPEG}},
	"effect":    {Ops: []transform.Op{transform.Blur{Sigma: 2}}, Output: transform.Output{Format: transform.WebP}},
	"kept":      {},
	"size":      {Answer: transform.Size},
}

// Every image of the corpora is processed or refused with a kind, within the
// limits of time and memory. A process for each folder does it.
func TestF2Corpora(t *testing.T) {
	for _, folder := range []string{"image-bombs", "image-edge", "exif-orientation", "metadata-probes", "decoder-probes", "magick-probes",
		"polyglots", "avif", "bmp-ico", "gif-artificial", "gif-fuzz", "jpeg-fuzz", "jxl", "png-artificial", "png-fuzz", "png-suite",
		"tiff-fuzz", "tiff-valid", "webp-fuzz", "webp-valid", "svg-own", "svg-ssrf", "svg-structure"} {
		t.Run(folder, func(t *testing.T) {
			dir, skip, failed, killed := corpora.Dir(t, folder), 0, 0, 0
			for more := true; more; {
				var names []string
				names, more = goThrough(t, dir, skip, &failed, &killed)
				if more {
					killed++
					t.Logf("killed at %s", names[len(names)-1])
				}
				skip += len(names)
			}
			t.Logf("%d images, %d jobs refused or damaged, %d killed", skip, failed, killed)
			if skip == 0 || killed > mostKilled {
				t.Errorf("%d images, %d killed", skip, killed)
			}
		})
	}
}

// goThrough runs a child on a folder, and returns which images it met, and
// whether it had to be killed at the last of them.
func goThrough(t *testing.T, dir string, skip int, failed, over *int) (names []string, killed bool) {
	child := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v")
	child.Env = append(os.Environ(), folderVariable+"="+dir, fmt.Sprint(skipVariable, "=", skip), "MALLOC_ARENA_MAX=1")
	child.Stderr = os.Stderr
	said, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	late := make(chan struct{})
	watch := time.AfterFunc(mostTime, func() {
		close(late)
		child.Process.Kill()
	})
	for lines := bufio.NewScanner(said); lines.Scan(); {
		switch word, rest, _ := strings.Cut(lines.Text(), " "); word {
		case "next":
			names = append(names, rest)
			watch.Reset(mostTime)
		case "plan":
			watch.Reset(mostTime)
		case "failed":
			*failed++
		case "over":
			*over++
			t.Logf("%s took %s", names[len(names)-1], rest)
		case "bad":
			t.Errorf("%s: %s", names[len(names)-1], rest)
		}
	}
	watch.Stop()
	err = child.Wait()
	select {
	case <-late:
		return names, true
	default:
	}
	if err != nil {
		t.Errorf("after %v: %v", names, err)
	}
	return names, false
}

// TestChild is the child of TestF2Corpora.
func TestChild(t *testing.T) {
	folder := os.Getenv(folderVariable)
	if folder == "" {
		t.Skip("not a child")
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	skip, err := strconv.Atoi(os.Getenv(skipVariable))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries[min(skip, len(entries)):] {
		fmt.Printf("\nnext %s\n", e.Name())
		data, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			continue // a folder
		}
		in := Input{Type: inspect.Detect(data), File: file(t, data)}
		for name, plan := range plans {
			fmt.Printf("plan %s\n", name)
			out := file(t, nil)
			ctx, cancel := context.WithTimeout(context.Background(), deadline)
			_, err := Run(ctx, Request{Plan: plan, Inputs: []Input{in}}, out)
			cancel()
			if err != nil {
				fmt.Printf("failed %q\n", err)
			}
			if err != nil && fault.Of(err) == fault.Internal {
				fmt.Printf("bad error without a kind: %v\n", err)
			}
			out.Close()
		}
		in.File.Close()
		if most := peak(t); most > mostMemory {
			fmt.Printf("over %d MiB\n", most>>20)                 // the pool ends a worker that does
			os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // measures the next anew
		}
	}
}

// peak returns the most memory that this process has held, in bytes.
func peak(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
