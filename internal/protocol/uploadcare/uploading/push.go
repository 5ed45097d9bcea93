package uploading

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/server"
)

// Limits of sockets that are told how imports go.
const (
	maxSockets  = 1000             // at once
	maxChannels = 100              // of one socket
	maxMessage  = 4 << 10          // bytes of what a client says
	socketLife  = 10 * time.Minute // then the client asks in another way
	pushEvery   = 500 * time.Millisecond
	pushTime    = 10 * time.Second // for one message to be taken
)

// channelOf begins the name of an import's channel, before its token.
// Source: @uploadcare/upload-client, src/uploadFile/pusher.ts.
const channelOf = "task-status-"

// A message is one of Pusher's protocol. What the server says in Data is JSON in
// a text.
type message struct {
	Event   string `json:"event"`
	Channel string `json:"channel,omitempty"`
	Data    any    `json:"data,omitempty"`
}

// A socket is a client that is told of imports.
type socket struct {
	api  *API
	conn *websocket.Conn

	mu       sync.Mutex // guards writing, and what follows
	channels map[string]context.CancelFunc
}

// pushRoute returns the route of Pusher's protocol, which is only what upload-client
// needs of it: the same path without an upgrade is another protocol's.
func (a *API) pushRoute() server.Route {
	return server.Public("GET", "/app/{key}", "tells who knows the token of an import how it goes", http.HandlerFunc(a.push)).
		When(func(r *http.Request) bool { return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") })
}

// push answers a socket until its client goes.
func (a *API) push(w http.ResponseWriter, r *http.Request) {
	select {
	case a.sockets <- struct{}{}:
		defer func() { <-a.sockets }()
	default:
		answer.Fail(w, r, fault.Busy)
		return
	}
	// Pages of any origin may listen: they have to know a token.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		server.NoteError(r.Context(), err)
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(maxMessage)
	ctx, cancel := context.WithTimeout(r.Context(), socketLife)
	var following sync.WaitGroup
	defer following.Wait()
	defer cancel()
	s := &socket{api: a, conn: conn, channels: map[string]context.CancelFunc{}}
	s.say(ctx, message{Event: "pusher:connection_established", Data: `{"socket_id":"1.1","activity_timeout":120}`})
	for s.hear(ctx, &following) == nil {
	}
}

// hear does what the next message asks for.
func (s *socket) hear(ctx context.Context, following *sync.WaitGroup) error {
	var m struct {
		Event string
		Data  struct{ Channel string }
	}
	if err := wsjson.Read(ctx, s.conn, &m); err != nil {
		return err
	}
	channel := m.Data.Channel
	token, known := strings.CutPrefix(channel, channelOf)
	switch m.Event {
	case "pusher:ping":
		return s.say(ctx, message{Event: "pusher:pong", Data: "{}"})
	case "pusher:unsubscribe":
		s.mu.Lock()
		defer s.mu.Unlock()
		if stop := s.channels[channel]; stop != nil {
			stop()
		}
		delete(s.channels, channel)
	case "pusher:subscribe":
		listening, ok := s.join(ctx, channel)
		if !ok || !known {
			return nil
		}
		err := s.say(ctx, message{Event: "pusher_internal:subscription_succeeded", Channel: channel, Data: "{}"})
		following.Go(func() { s.follow(listening, channel, token) })
		return err
	}
	return nil
}

// join returns the context of a channel, unless the socket is on it, or on too
// many.
func (s *socket) join(ctx context.Context, channel string) (context.Context, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.channels[channel] != nil || len(s.channels) == maxChannels {
		return nil, false
	}
	listening, stop := context.WithCancel(ctx)
	s.channels[channel] = stop
	return listening, true
}

// follow tells how an import goes until it is over.
func (s *socket) follow(ctx context.Context, channel, token string) {
	last := ""
	tick := time.NewTicker(pushEvery)
	defer tick.Stop()
	for {
		event, data := s.api.event(ctx, token)
		if event != "" && data != last {
			if s.say(ctx, message{Event: event, Channel: channel, Data: data}) != nil {
				return
			}
			last = data
		}
		if event == "success" || event == "fail" {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// event returns how an import stands as an event and its data, and nothing if
// there is nothing to tell.
func (a *API) event(ctx context.Context, token string) (name, data string) {
	at, err := a.stateOf(ctx, token, true)
	if err != nil {
		return "", ""
	}
	var told any = at
	name = "success"
	if s, ok := at.(state); ok {
		switch s.Status {
		case "progress":
			name, told = "progress", map[string]any{"done": s.Done, "total": s.Total}
		case "error":
			name, told = "fail", map[string]string{"msg": s.Error, "error_code": s.Code}
		default:
			return "", ""
		}
	}
	text, err := json.Marshal(told)
	if err != nil {
		return "", ""
	}
	return name, string(text)
}

// say sends a message.
func (s *socket) say(ctx context.Context, m message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, pushTime)
	defer cancel()
	return wsjson.Write(ctx, s.conn, m)
}
