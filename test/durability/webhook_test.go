package durability_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/job"
)

// told is how long, on a busy machine, until webhooks have been told.
const told = 3 * time.Minute

// A receiver takes webhooks in another process, by the rules of Filestack's own
// client. It outlives the servers.
type receiver struct {
	t    *testing.T
	port string
}

const webhookSecret = "secret-of-the-webhook"

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	clients := filepath.Join("..", "clients")
	if _, err := os.Stat(filepath.Join(clients, "node_modules", "filestack-js")); err != nil {
		t.Skip("filestack-js is not installed: make test does that")
	}
	cmd := exec.Command("node", "receiver.cjs", webhookSecret)
	cmd.Dir, cmd.Stderr = clients, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the receiver did not start: %v", err)
	}
	return &receiver{t, strings.TrimSpace(line)}
}

func (r *receiver) url() string { return "http://127.0.0.1:" + r.port + "/hook?a=b" }

// A hearing is what a receiver has seen.
type hearing struct {
	Deliveries, Repeated int
	Problems             []string
	Told                 map[string]map[string]int64 // event by action and handle
}

func (r *receiver) hear() (h hearing) {
	r.t.Helper()
	res, err := http.Get(r.url())
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&h); err != nil {
		r.t.Fatal(err)
	}
	for _, p := range h.Problems {
		r.t.Errorf("a delivery was refused: %s", p)
	}
	return h
}

// reach returns the settings that let a server send to these ports here, and
// start soon.
func reach(ports ...string) []string {
	flags := []string{"--fetch-allow", "127.0.0.0/8", "--images", "off"}
	for _, p := range ports {
		flags = append(flags, "--fetch-port", p)
	}
	return flags
}

// addHook has the node's app tell url.
func (n *node) addHook(url string) {
	n.t.Helper()
	if out, code := n.run("webhook", "add", n.key, url, "--secret", webhookSecret); code != 0 {
		n.t.Fatalf("webhook add: exit status %d: %s", code, out)
	}
}

// wait waits until ok, and fails the test if that takes too long.
func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for give := time.Now().Add(told); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(give) {
			t.Fatalf("not in %v: %s", told, what)
		}
	}
}

// N3: a server that is killed, at random or between an event and what is noted
// of its delivery, tells of each file at least once, and always the same.
func TestN3KillBetweenCommitAndSend(t *testing.T) {
	r := newReceiver(t)
	n := newNode(t, filepath.Join(fastFolder(t), "data"), reach(r.port)...)
	program, err := buildMutant()
	if err != nil {
		t.Fatal(err)
	}
	n.program = program
	n.addHook(r.url())
	chance := random(t.Name())
	var mu sync.Mutex
	acknowledged := make(map[string]bool)
	points := []string{"die-before-send", "die-after-send", ""}
	killed := make(map[string]int)
	for round := range rounds(25, 500) {
		point := points[round%len(points)]
		n.env = []string{"STOWGATE_MUTANT=" + point, "STOWGATE_MUTANT_AFTER=" + strconv.Itoa(1+chance.IntN(10))}
		n.start()
		c := newClient(n)
		var uploads sync.WaitGroup
		for worker := range 3 {
			uploads.Go(func() {
				for i := 0; ; i++ {
					name := fmt.Sprintf("%d-%d-%d.bin", round, worker, i)
					handle, err := c.putRaw(name, newContent(uint64(round*1000+worker*100+i), 1+i))
					if err != nil {
						return // killed
					}
					mu.Lock()
					acknowledged[handle] = true
					mu.Unlock()
				}
			})
		}
		if point == "" {
			time.Sleep(time.Duration(chance.IntN(300)) * time.Millisecond)
			n.kill()
		}
		select {
		case <-n.exit:
			killed[point]++
		case <-time.After(told):
			t.Errorf("the server was to die at %q, and did not\n%s", point, n.tail())
			n.kill()
		}
		uploads.Wait()
	}
	n.env = nil
	n.start()
	r.wantAll(n, acknowledged)
	h := r.hear()
	if n.stop() != 0 {
		t.Errorf("the server did not stop\n%s", n.tail())
	}
	t.Logf("killed %v; %d files acknowledged, %d told; %d deliveries, %d of them repeated",
		killed, len(acknowledged), len(h.Told["fp.upload"]), h.Deliveries, h.Repeated)
	for _, point := range points {
		if killed[point] == 0 {
			t.Errorf("never killed at %q", point)
		}
	}
}

// wantAll waits until each file that the node has was told of, and no other.
func (r *receiver) wantAll(n *node, acknowledged map[string]bool) {
	r.t.Helper()
	assets := n.check().Assets
	wait(r.t, fmt.Sprintf("%d files are told of", assets), func() bool { return len(r.hear().Told["fp.upload"]) >= assets })
	uploads := r.hear().Told["fp.upload"]
	if len(uploads) != assets {
		r.t.Errorf("%d files were told of, and there are %d", len(uploads), assets)
	}
	if len(acknowledged) == 0 {
		r.t.Error("nothing was uploaded")
	}
	for handle := range acknowledged {
		if uploads[handle] == 0 {
			r.t.Errorf("file %s was acknowledged and never told of", handle)
		}
	}
}

// Every kind of event is told, in the words that Filestack's clients read.
func TestN2EachEvent(t *testing.T) {
	r := newReceiver(t)
	n := newNode(t, filepath.Join(fastFolder(t), "data"), reach(r.port)...)
	n.addHook(r.url())
	n.start()
	c := newClient(n)
	handle, err := c.putForm("a.bin", newContent(1, 1000))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.overwrite(handle, newContent(2, 2000)); err != nil {
		t.Fatal(err)
	}
	if err := c.remove(handle); err != nil {
		t.Fatal(err)
	}
	wait(t, "three events are told", func() bool {
		h := r.hear()
		return h.Told["fp.upload"][handle] > 0 && h.Told["fp.overwrite"][handle] > 0 && h.Told["fp.delete"][handle] > 0
	})
	if h := r.hear(); h.Deliveries != 3 || h.Repeated != 0 {
		t.Errorf("the receiver has seen %+v", h)
	}
	wait(t, "no job is left", func() bool { // of those that tell, and that which sweeps
		_, metrics, err := c.do("GET", n.admin()+"/metrics", nil)
		done := err == nil
		for _, state := range []job.State{job.Ready, job.Running, job.Dead} {
			done = done && strings.Contains(string(metrics), fmt.Sprintf("stowgate_jobs{state=%q} 0", state))
		}
		return done
	})
}

// A staller is a receiver that takes a request and then its time.
type staller struct {
	port       string
	open, most atomic.Int32 // requests at once
	taken      atomic.Int32
}

func newStaller(t *testing.T, answer func(net.Conn, <-chan struct{})) *staller {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	s := &staller{port: port}
	over := make(chan struct{})
	var all sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		close(over)
		all.Wait()
	})
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.taken.Add(1)
			now := s.open.Add(1)
			for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
			}
			gone := make(chan struct{})
			all.Go(func() {
				answer(conn, over)
				conn.Close()
			})
			all.Go(func() {
				defer close(gone)
				io.Copy(io.Discard, conn)
				s.open.Add(-1)
			})
		}
	})
	return s
}

// N4: receivers that never answer, or answer a byte at a time, delay nobody
// else, and get no more than their share at once.
func TestN4StallingReceivers(t *testing.T) {
	r := newReceiver(t)
	silent := newStaller(t, func(_ net.Conn, over <-chan struct{}) { <-over })
	dripping := newStaller(t, func(conn net.Conn, over <-chan struct{}) {
		io.WriteString(conn, "HTTP/1.1 500 Oops\r\nContent-Length: 100000\r\n\r\n")
		for {
			select {
			case <-over:
				return
			case <-time.After(50 * time.Millisecond):
			}
			if _, err := io.WriteString(conn, "x"); err != nil {
				return
			}
		}
	})
	n := newNode(t, filepath.Join(fastFolder(t), "data"), reach(r.port, silent.port, dripping.port)...)
	for _, port := range []string{silent.port, dripping.port} {
		n.addHook("http://127.0.0.1:" + port + "/")
	}
	n.addHook(r.url())
	n.start()
	c := newClient(n)
	const files = 40
	acknowledged := make(map[string]bool)
	for i := range files {
		handle, err := c.putRaw("a.bin", newContent(uint64(i), 10))
		if err != nil {
			t.Fatal(err)
		}
		acknowledged[handle] = true
	}
	r.wantAll(n, acknowledged)
	const share = 4 // of one queue
	for name, s := range map[string]*staller{"silent": silent, "dripping": dripping} {
		wait(t, name+" has its share", func() bool { return s.taken.Load() >= share })
		if most := s.most.Load(); most > share {
			t.Errorf("%s had %d requests at once, more than %d", name, most, share)
		}
	}
	if h := r.hear(); h.Deliveries != files {
		t.Errorf("the healthy receiver has seen %d deliveries, want %d", h.Deliveries, files)
	}
}
