package uploading

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// A listener is a client of the push channel.
type listener struct {
	t    *testing.T
	conn *websocket.Conn
}

func (s *stack) listen(t *testing.T) *listener {
	t.Helper()
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, web.URL+"/app/79ae88bd931ea68464d9?protocol=5&client=js&version=1.12.2",
		&websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://page.example.com"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	l := &listener{t, conn}
	if m := l.next(); m.Event != "pusher:connection_established" {
		t.Errorf("at first: %+v", m)
	}
	return l
}

func (l *listener) say(text string, args ...any) {
	l.t.Helper()
	if err := l.conn.Write(l.t.Context(), websocket.MessageText, fmt.Appendf(nil, text, args...)); err != nil {
		l.t.Fatal(err)
	}
}

// next returns the next message, whose data is a text.
func (l *listener) next() (m struct{ Event, Channel, Data string }) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	if err := wsjson.Read(ctx, l.conn, &m); err != nil {
		l.t.Fatal(err)
	}
	return m
}

func TestPush(t *testing.T) {
	s := newStack(t)
	r, w := io.Pipe()
	t.Cleanup(func() { w.Close() })
	s.serve(remoteFile(r, 5))
	token := s.fromURL(openKey, "https://example.com/")
	l := s.listen(t)
	l.say(`{"event":"pusher:subscribe","data":{"channel":"task-status-%s"}}`, token)
	if m := l.next(); m.Event != "pusher_internal:subscription_succeeded" {
		t.Errorf("after subscribing: %+v", m)
	}
	l.say(`{"event":"pusher:ping","data":{}}`)
	m := l.next()
	for m.Event == "progress" {
		m = l.next()
	}
	if m.Event != "pusher:pong" {
		t.Errorf("after a ping: %+v", m)
	}
	io.WriteString(w, "hell")
	for {
		m := l.next()
		if m.Event != "progress" || m.Channel != "task-status-"+token {
			t.Fatalf("on the way: %+v", m)
		}
		if m.Data == `{"done":4,"total":5}` {
			break
		}
	}
	io.WriteString(w, "o")
	w.Close()
	for m = l.next(); m.Event == "progress"; {
		m = l.next()
	}
	var info status
	if err := json.Unmarshal([]byte(m.Data), &info); m.Event != "success" || err != nil || info.Size != 5 || info.UUID == "" {
		t.Errorf("at last: %+v, %v", m, err)
	}

	s.serve(nil)
	l.say(`{"event":"pusher:subscribe","data":{"channel":"task-status-%s"}}`, s.fromURL(openKey, "https://example.com/"))
	l.next()
	if m := l.next(); m.Event != "fail" || m.Data != `{"error_code":"DownloadFileHTTPClientError","msg":"HTTP client error: 404."}` {
		t.Errorf("of an import that fails: %+v", m)
	}
}

// TestPushLimits: nobody hears of another's import, or takes more than a share.
func TestPushLimits(t *testing.T) {
	s := newStack(t)
	l := s.listen(t)
	for i := range maxChannels + 1 {
		l.say(`{"event":"pusher:subscribe","data":{"channel":"task-status-%d"}}`, i)
	}
	for i := range maxChannels {
		if m := l.next(); m.Channel != fmt.Sprint("task-status-", i) {
			t.Errorf("channel %d: %+v", i, m)
		}
	}
	l.say(`{"event":"pusher:unsubscribe","data":{"channel":"task-status-0"}}`)
	l.say(`{"event":"pusher:subscribe","data":{"channel":"task-status-again"}}`)
	if m := l.next(); m.Channel != "task-status-again" {
		t.Errorf("after one was left: %+v", m)
	}
	l.say(`{"event":"%s"}`, strings.Repeat("x", maxMessage))
	if _, _, err := l.conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("after too long a message: %v", err)
	}
	if w := s.send("GET", "/app/key", "", ""); w.Code != http.StatusNotFound {
		t.Errorf("without an upgrade: %d", w.Code)
	}
}
