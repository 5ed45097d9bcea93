package delivery_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/transform"
)

// collect is an order with n outside files.
func (st *studio) collect(n int) delivery.Order {
	o := resizeURL(100, "https://x.test/0")
	for i := range n {
		url := fmt.Sprint("https://x.test/", i)
		st.web.text[url] = fmt.Sprint("<", i, ">")
		if i > 0 {
			o.Plan.Ops = append(o.Plan.Ops, transform.Overlay{Input: i, Size: 100})
			o.Inputs = append(o.Inputs, delivery.Input{URL: url})
		}
	}
	return o
}

func TestFetchesSeveral(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	o := st.collect(6)
	st.web.gate = make(chan struct{})
	got := make(chan string)
	go func() { got <- st.get(may("a"), o) }()
	for st.Stats().Fetching < 4 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(10 * time.Millisecond) // for a fifth
	if n := st.Stats().Fetching; n != 4 {
		t.Errorf("%d files are fetched at once, want 4", n)
	}
	close(st.web.gate)
	want := `{"ops":[{"op":"resize","width":100}`
	for i := 1; i < 6; i++ {
		want += fmt.Sprintf(`,{"op":"overlay","input":%d,"size":100}`, i)
	}
	want = "plan " + want + "]}"
	for i := range 6 {
		want += fmt.Sprintf(", text/plain <%d>", i)
	}
	if text := <-got; text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

// One that cannot be had ends the others.
func TestFetchFails(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	o := st.collect(6)
	o.Inputs[2].Asset, o.Inputs[2].URL = st.add("a", "pixels"), ""
	st.store.Remove(t.Context(), st.book.assets[o.Inputs[2].Asset].Content.Segments[0].Key)
	unknown := st.book.assets[o.Inputs[2].Asset]
	unknown.Width = 0 // so that it is looked at at once
	st.book.assets[unknown.ID] = unknown
	st.web.gate = make(chan struct{}) // never opens
	_, err := st.Transform(t.Context(), may("a"), o)
	var at *delivery.InputError
	if !errors.As(err, &at) || at.Input != 2 || errors.Is(err, fault.Unreachable) {
		t.Errorf("error %v, want one of input 2", err)
	}
	if s := st.Stats(); s.Fetching != 0 || s.Fetchers.Inside != 0 {
		t.Errorf("still there: %+v", s)
	}
}
