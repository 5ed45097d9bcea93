package insight_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/server/redact"
)

var (
	start      = time.Date(2026, 3, 4, 15, 20, 10, 0, time.UTC)
	errExpired = fmt.Errorf("read: %w", &policy.Denial{Reason: policy.Expired, Detail: "expired 3 minutes ago: sign a new one"})
)

// operator may see everything.
var operator = account.Actor{Operator: true}

func view(t *testing.T, s *insight.Service, app string) insight.View {
	t.Helper()
	v, err := s.View(operator, app)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func flush(t *testing.T, s *insight.Service) {
	t.Helper()
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestCountsAreExact counts from many goroutines while it is flushed all the
// time: nothing is lost or counted twice, also when some flushes fail.
func TestCountsAreExact(t *testing.T) {
	const workers, each, apps = 8, 3000, 5
	store := &memory{}
	s := insight.New(store, insight.Config{Now: func() time.Time { return start }})
	stop := make(chan struct{})
	var flushing, counting sync.WaitGroup
	flushing.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			store.mu.Lock()
			store.fail = i%3 == 0
			store.mu.Unlock()
			if err := s.Flush(t.Context()); err != nil && !errors.Is(err, errDisk) {
				t.Error(err)
			}
		}
	})
	for range workers {
		counting.Go(func() {
			for i := range each {
				app := fmt.Sprint("app", i%apps)
				v := insight.Visit{App: app, Action: insight.Read, In: 1, Out: 10, Time: start, Secret: "s"}
				switch i % 3 {
				case 1:
					v.Err = errExpired
				case 2:
					v.Action, v.Err = insight.Upload, fault.Unavailable
				}
				s.Count(v)
				s.Kept(app)
				s.Made(app, "resize", time.Millisecond)
			}
		})
	}
	counting.Wait()
	close(stop)
	flushing.Wait()
	store.fail = false
	flush(t, s)
	var total insight.Sums
	for i := range apps {
		sums, err := view(t, s, fmt.Sprint("app", i)).Totals(t.Context(), start, start.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		total.In += sums.In
		total.Out += sums.Out
		total.Made += sums.Made
		total.Kept += sums.Kept
		total.Render += sums.Render
		for _, m := range []struct{ to, from *map[string]int64 }{
			{&total.Allowed, &sums.Allowed}, {&total.Refused, &sums.Refused}, {&total.Failed, &sums.Failed},
			{&total.Reasons, &sums.Reasons}, {&total.Failures, &sums.Failures}} {
			for k, n := range *m.from {
				if *m.to == nil {
					*m.to = map[string]int64{}
				}
				(*m.to)[k] += n
			}
		}
	}
	const all, third = workers * each, workers * each / 3
	got, _ := json.Marshal(total)
	want := fmt.Sprintf(`{"allowed":{"read":%d},"refused":{"read":%d},"failed":{"upload":%d},"reasons":{"policy expired":%d},`+
		`"failures":{"unavailable":%d},"in":%d,"out":%d,"made":%d,"kept":%d,"render":%d}`,
		third, third, third, third, third, all, 10*all, all, all, int64(all*time.Millisecond))
	if string(got) != want {
		t.Errorf("counted\n%s, want\n%s", got, want)
	}
	if p := store.plans["resize"]; p.Times != all || p.Worst != time.Millisecond {
		t.Errorf("plan %+v, want %d renders", p, all)
	}
	if got := store.used["app0 s"]; !got.Equal(start.Truncate(time.Minute)) {
		t.Errorf("secret used %v, want %v", got, start.Truncate(time.Minute))
	}
}

// TestCrash: what was counted is kept after a few seconds, and a crash loses no
// more than that.
func TestCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		s := insight.New(store, insight.Config{})
		ctx, crash := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Run(ctx)
		}()
		for range 4 * 60 {
			s.Count(insight.Visit{App: "a", Action: insight.Read})
			time.Sleep(time.Second)
		}
		crash()
		<-done
		if n := store.sums["a"]["allowed/read"]; n < 235 || n > 240 {
			t.Errorf("%d requests are on record, want all of 240 but those of the last 5 s", n)
		}
	})
}

// TestHostileNames holds that neither keys nor plans that a hundred thousand
// requests make up take more than a bounded memory, and that nothing of them is
// lost from the sums.
func TestHostileNames(t *testing.T) {
	const n = 100_000
	store := &memory{}
	now := start
	s := insight.New(store, insight.Config{Now: func() time.Time { return now }})
	before := heap()
	long := strings.Repeat("x", 1000)
	for i := range n {
		s.Count(insight.Visit{App: fmt.Sprint("hostile", i), Action: insight.Read, Err: errExpired, Secret: fmt.Sprint(i), Agent: long, Time: start})
		s.Count(insight.Visit{App: "one", Secret: fmt.Sprint(i), Time: start})
		s.Made("one", fmt.Sprint(i, long), time.Duration(i))
	}
	if grown := int64(heap()) - int64(before); grown > 48<<20 {
		t.Errorf("%d MiB are held after %d names", grown>>20, n)
	}
	flush(t, s)
	sum, names := int64(0), 0
	for app, figures := range store.sums {
		sum += figures["refused/read"]
		if strings.HasPrefix(app, "hostile") {
			names++
		}
	}
	if sum != n || names > 10_000 || store.sums[insight.Unknown]["refused/read"] < n-10_000 {
		t.Errorf("%d requests counted under %d names, want %d and at most 10,000", sum, names, n)
	}
	if got := store.sums["one"]["made"]; got != n {
		t.Errorf("%d variants made, want %d", got, n)
	}
	if len(store.plans) > 3*insight.MaxSlowest || len(store.used) > 10_000+2*8 {
		t.Errorf("%d plans and %d secrets told apart", len(store.plans), len(store.used))
	}
	for text := range store.plans {
		if len(text) > 600 {
			t.Errorf("plan of %d bytes", len(text))
		}
	}
	if store.largest > 4*2000 {
		t.Errorf("a batch of %d records", store.largest)
	}
	for range 3 { // nothing is counted any more: the names are dropped
		now = now.Add(time.Minute)
		flush(t, s)
	}
	if grown := int64(heap()) - int64(before); grown > 16<<20 {
		t.Errorf("%d MiB are held after all names are flushed", grown>>20)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestSlowest: the slowest plans are told, whatever comes before or after them.
func TestSlowest(t *testing.T) {
	store := &memory{}
	s := insight.New(store, insight.Config{})
	for i := range 1000 {
		s.Made("app", fmt.Sprint("plan", i), time.Duration((i*7919)%1000)*time.Millisecond)
	}
	flush(t, s)
	var worst []time.Duration
	for _, p := range store.plans {
		worst = append(worst, p.Worst)
	}
	slices.Sort(worst)
	slices.Reverse(worst)
	for i := range insight.MaxSlowest {
		if worst[i] != time.Duration(999-i)*time.Millisecond {
			t.Fatalf("slowest %v", worst[:insight.MaxSlowest])
		}
	}
}

// TestSlowestOf adds up days: each plan is told once, with its worst rendering.
func TestSlowestOf(t *testing.T) {
	today := start.Truncate(24 * time.Hour)
	day := func(ago int) time.Time { return today.AddDate(0, 0, -ago) }
	store := &memory{days: map[time.Time][]insight.Slow{
		day(0):  {{App: "a", Plan: "p", Worst: 2, Total: 3, Times: 2}, {App: "a", Plan: "q", Worst: 1, Total: 1, Times: 1}},
		day(2):  {{App: "a", Plan: "p", Worst: 5, Total: 6, Times: 3}, {App: "a", Plan: "r", Worst: 4, Total: 4, Times: 1}},
		day(40): {{App: "a", Plan: "s", Worst: 9, Total: 9, Times: 1}},
	}}
	s := insight.New(store, insight.Config{})
	for ago, want := range map[int]string{0: "[{a p 2ns 3ns 2} {a q 1ns 1ns 1}]", 400: "[{a p 5ns 9ns 5} {a r 4ns 4ns 1} {a q 1ns 1ns 1}]"} {
		all, err := view(t, s, "a").SlowestOf(t.Context(), day(ago), start)
		if got := fmt.Sprint(all); err != nil || got != want {
			t.Errorf("the slowest of %d days = %s, %v, want %s", ago+1, got, err, want)
		}
	}
}

// TestJudge holds what counts as refused, and what is told of why.
func TestJudge(t *testing.T) {
	s := insight.New(&memory{}, insight.Config{Now: func() time.Time { return start }})
	for _, err := range []error{nil, errExpired, fault.TooLarge, fault.Busy, fault.Denied, fault.NotFound, fault.Invalid, fault.Canceled, errors.New("x")} {
		s.Count(insight.Visit{App: "a", Action: insight.Upload, Err: err, Time: start})
	}
	flush(t, s)
	sums, err := view(t, s, "a").Totals(t.Context(), start, start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if sums.Allowed["upload"] != 1 || sums.Refused["upload"] != 4 || sums.Failed["upload"] != 4 || len(sums.Reasons) != 4 || len(sums.Failures) != 4 {
		t.Errorf("%+v", sums)
	}
	refusals := view(t, s, "a").Refusals(100)
	if len(refusals) != 4 {
		t.Fatalf("%d refusals, want 4: %+v", len(refusals), refusals)
	}
	if r := refusals[3]; r.Reason != "policy expired" || r.Detail != "expired 3 minutes ago: sign a new one" {
		t.Errorf("first refusal %+v", r)
	}
	for _, r := range refusals {
		if r.Detail == "" || r.Reason == "" {
			t.Errorf("%+v does not say why", r)
		}
	}
}

// TestB19Tail holds that what is told of a refusal has no secret in it, nor the
// whole address of the client, and no more of a text than a few hundred bytes.
func TestB19Tail(t *testing.T) {
	const planted = "PLANTEDf00dPLANTEDf00d"
	s := insight.New(&memory{}, insight.Config{Clean: redact.Text})
	for i, text := range []string{
		"/security=policy:" + planted + ",signature:" + planted + "/HANDLE", "/b64/" + planted, "/x?policy=" + planted, "secret: " + planted,
		"/" + strings.Repeat(planted, 10), `{"token": "` + planted + `"}`, "Authorization: Basic " + planted, "/x%3Fsignature%3D" + planted,
	} {
		s.Count(insight.Visit{
			App: "a", Action: insight.Read, Time: start, Asset: text, Request: fmt.Sprint(i), Method: "GET", Path: text, Agent: text,
			Client: netip.MustParseAddr("203.0.113.77"), Err: &policy.Denial{Reason: policy.URLNotAllowed, Detail: "the source https://example.com" + text + " does not match"},
		})
	}
	s.Made("a", "overlay(https://example.com/?signature="+planted+")", 1)
	told, _ := json.Marshal(view(t, s, "a").Refusals(100))
	if strings.Contains(string(told), planted) || strings.Contains(string(told), "203.0.113.77") || !strings.Contains(string(told), "203.0.113.0/24") {
		t.Errorf("refusals tell %s", told)
	}
	store := &memory{}
	s = insight.New(store, insight.Config{Clean: redact.Text})
	s.Made("a", "overlay(https://example.com/?signature="+planted+")", 1)
	flush(t, s)
	if text := fmt.Sprint(store.plans); strings.Contains(text, planted) {
		t.Errorf("plans tell %s", text)
	}
	s.Count(insight.Visit{App: "a", Err: errExpired, Path: strings.Repeat("é", 5000), Agent: "\xff\xfe", Client: netip.MustParseAddr("2001:db8:1:2::3")})
	r := view(t, s, "a").Refusals(1)[0]
	if len(r.Path) > 310 || !strings.HasSuffix(r.Path, "é…") || r.Agent != "\uFFFD" || r.Client != "2001:db8:1::/48" {
		t.Errorf("%+v", r)
	}
}

// TestTail holds how many refusals are remembered, and of whom.
func TestTail(t *testing.T) {
	s := insight.New(&memory{}, insight.Config{})
	refuse := func(app string, i int) {
		s.Count(insight.Visit{App: app, Err: errExpired, Request: fmt.Sprint(i)})
	}
	refuse("quiet", 0)
	for i := range 5000 {
		refuse("loud", i)
	}
	if got := view(t, s, "quiet").Refusals(1000); len(got) != 1 {
		t.Errorf("a loud app has pushed out those of a quiet one: %d left", len(got))
	}
	loud := view(t, s, "loud").Refusals(1000)
	if len(loud) != insight.MaxRefusalsPerApp || loud[0].Request != "4999" || loud[len(loud)-1].Request != "4800" {
		t.Errorf("%d refusals of the loud app, from %s to %s", len(loud), loud[0].Request, loud[len(loud)-1].Request)
	}
	if got := view(t, s, "loud").Refusals(3); len(got) != 3 || got[2].Request != "4997" {
		t.Errorf("the last three: %+v", got)
	}
	total := 0
	for i := range 3000 {
		refuse(fmt.Sprint("app", i%30), i)
	}
	for i := range 30 {
		total += len(view(t, s, fmt.Sprint("app", i)).Refusals(1000))
	}
	total += len(view(t, s, "loud").Refusals(1000)) + len(view(t, s, "quiet").Refusals(1000))
	if total != insight.MaxRefusals {
		t.Errorf("%d refusals are remembered, want %d", total, insight.MaxRefusals)
	}
}

// TestSubscribe: who watches an app hears of its refusals and of no other's,
// and who is slow holds up nobody.
func TestSubscribe(t *testing.T) {
	s := insight.New(&memory{}, insight.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	heard, err := view(t, s, "a").Subscribe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 { // nobody takes any
		s.Count(insight.Visit{App: "b", Err: errExpired})
		s.Count(insight.Visit{App: "a", Err: errExpired, Request: fmt.Sprint(i)})
	}
	for i := range 64 {
		if r := <-heard; r.App != "a" || r.Request != fmt.Sprint(i) {
			t.Fatalf("heard %+v, want number %d", r, i)
		}
	}
	cancel()
	for range heard {
		t.Error("heard more than is kept for a slow one")
	}
	s.Count(insight.Visit{App: "a", Err: errExpired}) // must not meet the closed channel

	many, end := context.WithCancel(t.Context())
	for range 100 {
		if heard, err = view(t, s, "a").Subscribe(many); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := view(t, s, "a").Subscribe(many); !errors.Is(err, fault.Busy) {
		t.Errorf("one more than may: %v, want %v", err, fault.Busy)
	}
	end()
	for range heard {
	}
}

// TestM6View holds who may see an app's figures.
func TestM6View(t *testing.T) {
	s := insight.New(&memory{}, insight.Config{})
	viewer := account.Actor{Roles: map[string]account.Role{"a": account.Viewer}}
	for _, tt := range []struct {
		actor account.Actor
		app   string
		want  error
	}{
		{viewer, "a", nil},
		{viewer, "b", fault.NotFound},
		{viewer, insight.Unknown, fault.Denied},
		{account.Actor{}, "a", fault.NotFound},
		{account.Actor{Roles: viewer.Roles, Scopes: map[account.Act]bool{account.ViewFiles: true}}, "a", fault.Denied},
		{operator, insight.Unknown, nil},
	} {
		if _, err := s.View(tt.actor, tt.app); !errors.Is(err, tt.want) {
			t.Errorf("View(%+v, %q) = %v, want %v", tt.actor, tt.app, err, tt.want)
		}
	}
}

func TestSeries(t *testing.T) {
	v := view(t, insight.New(&memory{}, insight.Config{}), "a")
	points, err := v.Series(t.Context(), start, start.Add(3*time.Hour), time.Hour)
	if err != nil || len(points) != 4 || points[0].Start != start.Truncate(time.Hour) || points[3].Start != points[0].Start.Add(3*time.Hour) {
		t.Errorf("%v, %+v", err, points)
	}
	for step, want := range map[time.Duration]error{0: fault.Invalid, time.Minute: fault.Invalid, 90 * time.Minute: fault.Invalid, -time.Hour: fault.Invalid} {
		if _, err := v.Series(t.Context(), start, start.Add(time.Hour), step); !errors.Is(err, want) {
			t.Errorf("step %v: %v, want %v", step, err, want)
		}
	}
	from := start.Truncate(time.Hour)
	if points, err := v.Series(t.Context(), from, from.Add(insight.MaxPoints*time.Hour), time.Hour); err != nil || len(points) != insight.MaxPoints {
		t.Errorf("as many points as may be: %d, %v", len(points), err)
	}
	if _, err := v.Series(t.Context(), from, from.Add(insight.MaxPoints*time.Hour+1), time.Hour); !errors.Is(err, fault.TooLarge) {
		t.Errorf("one point more: %v, want %v", err, fault.TooLarge)
	}
	if points, err := v.Series(t.Context(), start, start.Add(-time.Hour*5), time.Hour); err != nil || len(points) != 0 {
		t.Errorf("a span that ends before it begins: %v, %v", points, err)
	}
}

func TestActions(t *testing.T) {
	for i, name := range insight.Actions() {
		if a := insight.ParseAction(name); a != insight.Action(i) || a.String() != name {
			t.Errorf("ParseAction(%q) = %v", name, a)
		}
	}
	if a := insight.ParseAction("nothing"); a != insight.Other {
		t.Errorf("ParseAction of another text = %v", a)
	}
	if reasons := insight.Reasons(); len(reasons) != len(policy.Reasons) || !slices.Contains(reasons, "quota reached") {
		t.Errorf("reasons %q", reasons)
	}
}
