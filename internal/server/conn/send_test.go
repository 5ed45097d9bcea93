package conn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A piece is a section of a file that must not be read.
type piece struct {
	file         *os.File
	offset, left int64
	reads        int
}

func (p *piece) Next() (*os.File, int64, int64) { return p.file, p.offset, p.left }
func (p *piece) Skip(n int64)                   { p.offset, p.left = p.offset+n, p.left-n }
func (p *piece) Read(b []byte) (int, error)     { p.reads++; return 0, errors.New("read") }

// pair returns both ends of a connection, the first one kept to pace.
func pair(t *testing.T, pace Pace) (*Conn, net.Conn) {
	t.Helper()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Bound(Limits{Max: -1, PerClient: -1, Pace: pace.WithDefaults()})(plain)
	t.Cleanup(func() { l.Close() })
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*Conn), client
}

func newPiece(t *testing.T, data []byte, offset, n int64) *piece {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &piece{file: f, offset: offset, left: n}
}

func TestSendsSections(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // more than any buffer holds
	for _, tt := range []struct {
		name       string
		offset, n  int64
		slow, cork bool
	}{
		{"whole", 0, int64(len(data)), false, false},
		{"middle", 1001, 12345, false, true},
		{"one byte", 5, 1, false, true},
		{"slow client", 3, int64(len(data)) - 3, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, client := pair(t, Pace{})
			p := newPiece(t, data, tt.offset, tt.n)
			sent := make(chan error, 1)
			go func() {
				if tt.cork {
					c.Cork()
				}
				_, err := c.Write([]byte("header"))
				if n, e := c.ReadFrom(p); err == nil && (e != nil || n != tt.n) {
					err = errors.Join(e, errors.New("not all was sent"))
				}
				c.Close()
				sent <- err
			}()
			if tt.slow {
				time.Sleep(100 * time.Millisecond)
			}
			got, err := io.ReadAll(client)
			if want := append([]byte("header"), data[tt.offset:][:tt.n]...); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes arrived, %v; want %d", len(got), err, len(want))
			}
			if err := <-sent; err != nil || p.reads > 0 || p.left != 0 {
				t.Errorf("ReadFrom = %v; %d reads, %d bytes left", err, p.reads, p.left)
			}
		})
	}
}

// What was written before a section waits for it, but not for ever.
func TestCorkedHeaderTravels(t *testing.T) {
	c, client := pair(t, Pace{})
	c.Cork()
	if _, err := c.Write([]byte("header")); err != nil {
		t.Fatal(err)
	}
	client.SetReadDeadline(time.Now().Add(5 * time.Second))
	got := make([]byte, 6)
	if _, err := io.ReadFull(client, got); err != nil {
		t.Error(err)
	}
}

func TestSendOfShortFile(t *testing.T) {
	c, client := pair(t, Pace{})
	go io.Copy(io.Discard, client)
	p := newPiece(t, []byte("abc"), 1, 10)
	if n, err := c.ReadFrom(p); n != 2 || err != nil || p.left != 8 {
		t.Errorf("ReadFrom = %d, %v; %d left, want 2, nil, 8", n, err, p.left)
	}
}

func TestSendToStalledClient(t *testing.T) {
	c, client := pair(t, Pace{Rate: 1 << 20, Window: 300 * time.Millisecond})
	p := newPiece(t, make([]byte, 32<<20), 0, 32<<20)
	began := time.Now()
	n, err := c.ReadFrom(p)
	if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n == 32<<20 {
		t.Errorf("ReadFrom = %d, %v, want a passed deadline", n, err)
	}
	if took := time.Since(began); took < 250*time.Millisecond {
		t.Errorf("gave up after %v", took)
	}
	client.Close()
	if _, err := c.ReadFrom(newPiece(t, make([]byte, 32<<20), 0, 32<<20)); err == nil {
		t.Error("sent to a client that is gone")
	}
}
