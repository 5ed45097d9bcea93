package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

func newBook(t *testing.T) *record.Book {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	book, err := record.Open(t.Context(), db, [32]byte{1}, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func add(t *testing.T, book *record.Book, e account.Entry) error {
	t.Helper()
	return book.Write(t.Context(), func(ctx context.Context, tx *record.Statements) error { return ledger.Add(ctx, tx, e) })
}

func TestM7Entries(t *testing.T) {
	book := newBook(t)
	for i := range 120 {
		e := account.Entry{
			Time: now.Add(time.Duration(i) * time.Minute), Actor: fmt.Sprint("user:", i%3), Name: "é", Address: "::1",
			Action: []string{"app.change", "app.create", "apple.change", "secret.add"}[i%4], App: fmt.Sprint("app", i%2), Target: "x",
			Detail: map[string]string{"name": fmt.Sprint(i)},
		}
		if err := add(t, book, e); err != nil {
			t.Fatal(err)
		}
	}
	l := ledger.New(book)
	search := func(s account.Search) []account.Entry {
		t.Helper()
		found, err := l.Entries(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range found[:max(0, len(found)-1)] {
			if found[i].ID <= found[i+1].ID {
				t.Errorf("%+v: entry %d is before %d", s, found[i].ID, found[i+1].ID)
			}
		}
		return found
	}
	newest := search(account.Search{Limit: 1})[0]
	want := account.Entry{ID: newest.ID, Time: now.Add(119 * time.Minute), Actor: "user:2", Name: "é", Address: "::1", Action: "secret.add",
		App: "app1", Target: "x", Detail: map[string]string{"name": "119"}}
	if !reflect.DeepEqual(newest, want) {
		t.Errorf("the newest is %+v, want %+v", newest, want)
	}
	for _, tt := range []struct {
		s    account.Search
		want int
	}{
		{account.Search{}, 50},
		{account.Search{Limit: 500}, 120},
		{account.Search{Limit: 500, App: "app0"}, 60},
		{account.Search{Limit: 500, App: "app"}, 0},
		{account.Search{Limit: 500, Actor: "user:1"}, 40},
		{account.Search{Limit: 500, Action: "app.change"}, 30},
		{account.Search{Limit: 500, Action: "app"}, 60},
		{account.Search{Limit: 500, Action: "app.change' OR 1 = 1"}, 0},
		{account.Search{Limit: 500, Since: now.Add(100 * time.Minute)}, 20},
		{account.Search{Limit: 500, Until: now.Add(100 * time.Minute)}, 100},
		{account.Search{Limit: 500, App: "app0", Actor: "user:0", Action: "app", Since: now.Add(12 * time.Minute), Until: now.Add(24 * time.Minute)}, 1},
	} {
		if got := len(search(tt.s)); got != tt.want {
			t.Errorf("%+v finds %d, want %d", tt.s, got, tt.want)
		}
	}
	seen := 0
	for page := (account.Search{App: "app1", Limit: 7}); ; {
		found := search(page)
		seen += len(found)
		if len(found) < page.Limit {
			break
		}
		page.Before = found[len(found)-1].ID
	}
	if seen != 60 {
		t.Errorf("page by page there are %d entries, want 60", seen)
	}
}

// TestM7AppendOnly has the database itself refuse every other change.
func TestM7AppendOnly(t *testing.T) {
	book := newBook(t)
	if err := add(t, book, account.Entry{Actor: "a", Action: "b.c"}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`UPDATE audit SET actor = 'other'`, `DELETE FROM audit`,
		`INSERT OR REPLACE INTO audit (id, time, actor, name, address, action, app, target, detail) VALUES (1, 1, 'x', '', '', 'x', '', '', '{}')`} {
		err := book.Write(t.Context(), func(ctx context.Context, tx *record.Statements) error {
			_, err := tx.Exec(ctx, text)
			return err
		})
		if err == nil {
			t.Errorf("%s succeeded", text)
		}
	}
	found, err := ledger.New(book).Entries(t.Context(), account.Search{})
	if err != nil || len(found) != 1 || found[0].Actor != "a" || found[0].Time.IsZero() {
		t.Errorf("Entries = %+v, %v", found, err)
	}
}

func TestM7EntryIsPartOfTheChange(t *testing.T) {
	book := newBook(t)
	for _, e := range []account.Entry{{}, {Actor: "a"}, {Action: "b.c"}} {
		if err := add(t, book, e); !errors.Is(err, fault.Invalid) {
			t.Errorf("Add(%+v) = %v, want %v", e, err, fault.Invalid)
		}
	}
	errLate := errors.New("late")
	err := book.Write(t.Context(), func(ctx context.Context, tx *record.Statements) error {
		if err := ledger.Add(ctx, tx, account.Entry{Actor: "a", Action: "b.c", Detail: map[string]string{"x": strings.Repeat("y", 1000)}}); err != nil {
			return err
		}
		return errLate
	})
	if !errors.Is(err, errLate) {
		t.Errorf("Write = %v", err)
	}
	if found, err := ledger.New(book).Entries(t.Context(), account.Search{}); err != nil || len(found) != 0 {
		t.Errorf("of a change that failed there are %+v, %v", found, err)
	}
}
