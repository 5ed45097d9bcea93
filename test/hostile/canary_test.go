package hostile_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// token is in the planted files that are text, and pink is the colour of those
// that are images.
const token = "STOWGATE-CANARY-5b1f"

var pink = color.NRGBA{232, 21, 167, 255}

// Canaries are places that nobody may go to: files, and ports.
type canaries struct {
	picture, drawing, text string // files
	address                string // host and port

	mu    sync.Mutex
	heard []string
}

// plant makes canaries until the test ends, and fails it then if anybody went
// to a port.
func plant(t *testing.T) *canaries {
	t.Helper()
	dir := t.TempDir()
	for at := dir; at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o755); err != nil { // workers are nobody in particular
			t.Fatal(err)
		}
	}
	c := &canaries{picture: filepath.Join(dir, "canary.png"), drawing: filepath.Join(dir, "canary.svg"), text: filepath.Join(dir, "canary.txt")}
	for name, data := range map[string][]byte{
		c.picture: canaryPNG(t), c.text: []byte(token + "\n"),
		c.drawing: fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="#%02x%02x%02x"/><text>%s</text></svg>`,
			pink.R, pink.G, pink.B, token),
	} {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c.listen(t)
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, what := range c.heard {
			t.Errorf("somebody went out: %s", what)
		}
	})
	return c
}

// canaryPNG returns a picture that is all pink.
func canaryPNG(t *testing.T) []byte {
	t.Helper()
	im := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	draw.Draw(im, im.Rect, image.NewUniform(pink), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// listen listens on a port of its own, and on those of the web and of name
// servers where nobody else does. In a network of its own, these are the ports
// of all hosts.
func (c *canaries) listen(t *testing.T) {
	t.Helper()
	tcp := func(address string) (string, error) {
		l, err := net.Listen("tcp4", address)
		if err != nil {
			return "", err
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				c.note("TCP from %v to %v", conn.RemoteAddr(), conn.LocalAddr())
				conn.Close()
			}
		}()
		return l.Addr().String(), nil
	}
	udp := func(address string) error {
		l, err := net.ListenPacket("udp4", address)
		if err != nil {
			return err
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for b := make([]byte, 2048); ; {
				n, from, err := l.ReadFrom(b)
				if err != nil {
					return
				}
				c.note("UDP from %v: %q", from, b[:n])
			}
		}()
		return nil
	}
	var err error
	if c.address, err = tcp("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if err := udp(c.address); err != nil {
		t.Fatal(err)
	}
	ears := 0
	for _, port := range []string{":53", ":80", ":443"} {
		if _, err := tcp(port); err == nil {
			ears++
		}
	}
	if udp(":53") == nil {
		ears++
	}
	if os.Getenv(programVariable) != "" && ears < 4 {
		t.Errorf("%d of 4 ports are listened on", ears)
	}
}

func (c *canaries) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, fmt.Sprintf(format, args...))
}

// What probes point at: hosts, and files.
var (
	hosts = regexp.MustCompile(`(canary\.stowgate\.invalid|example\.com|evil\.com|ssrfevil\.com|localhost|127\.0\.0\.0)`)
	files = regexp.MustCompile(`(file://)?(/etc/[a-z]+|(\.\./)+resources/[a-z-]+\.[a-z]+|(\.\?)?(\.\./)+etc/[a-z]+)`)
)

// aim returns data pointed at the canaries instead of where it points, once for
// each kind of file, or nothing if it points nowhere.
func (c *canaries) aim(data []byte) (all [][]byte) {
	if !hosts.Match(data) && !files.Match(data) {
		return nil
	}
	for _, file := range []string{c.picture, c.drawing, c.text} {
		aimed := hosts.ReplaceAllLiteral(data, []byte(c.address))
		all = append(all, files.ReplaceAll(aimed, []byte("${1}"+file)))
		if !files.Match(data) {
			break
		}
	}
	return all
}

// sing returns what in an answer comes from a planted file, or "".
func sing(body []byte) string {
	if bytes.Contains(body, []byte(token)) {
		return "the text of a planted file"
	}
	im, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		return ""
	}
	b := im.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		run := 0 // a single one may be a blend of others, as on the edge of a turned image
		for x := b.Min.X; x < b.Max.X; x++ {
			at := color.NRGBAModel.Convert(im.At(x, y)).(color.NRGBA)
			run++
			if at.A <= 128 || !near(at.R, pink.R) || !near(at.G, pink.G) || !near(at.B, pink.B) {
				run = 0
			}
			if run >= min(3, b.Dx()) {
				return fmt.Sprintf("the colour of a planted file at %d, %d", x, y)
			}
		}
	}
	return ""
}

func near(a, b uint8) bool { return max(a, b)-min(a, b) <= 12 }

// TestCanaries: what is looked for would be found.
func TestCanaries(t *testing.T) {
	c := plant(t)
	for _, name := range []string{c.picture, c.drawing, c.text} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if sing(data) == "" {
			t.Errorf("%s is not recognised", name)
		}
	}
	aimed := c.aim([]byte(`<image href="http://example.com/a.png"/><image href="file:///etc/hostname"/><image href="../../../resources/image.png"/>`))
	if len(aimed) != 3 || strings.Count(string(aimed[0]), c.picture) != 2 || !strings.Contains(string(aimed[0]), "file://"+c.picture) ||
		!strings.Contains(string(aimed[1]), "http://"+c.address+"/a.png") {
		t.Errorf("aimed: %q", aimed)
	}
	where := []string{c.address}
	if os.Getenv(programVariable) != "" {
		where = append(where, "192.0.2.1:80", "198.51.100.7:443")
	}
	for _, address := range where {
		for _, network := range []string{"tcp", "udp"} {
			if network == "udp" && address != c.address {
				continue
			}
			conn, err := net.Dial(network, address)
			if err != nil {
				t.Fatal(err)
			}
			conn.Write([]byte("hello"))
			conn.Close()
		}
	}
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		c.mu.Lock()
		n := len(c.heard)
		if n == len(where)+1 {
			c.heard = nil
		}
		c.mu.Unlock()
		if n == len(where)+1 {
			return
		}
	}
	t.Errorf("heard %q", c.heard)
}
