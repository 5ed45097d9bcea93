package queue

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
)

// A listener is a database that hears which statements are run.
type listener struct {
	record.Database
	on    *record.Statements
	texts []string
}

type preparer struct {
	*sql.DB
	l *listener
}

func (p preparer) PrepareContext(ctx context.Context, text string) (*sql.Stmt, error) {
	p.l.texts = append(p.l.texts, text)
	return p.DB.PrepareContext(ctx, text)
}

func (l *listener) Reads() *record.Statements { return l.on }

func (l *listener) Write(ctx context.Context, do func(context.Context, *record.Statements) error) error {
	return do(ctx, l.on)
}

// What is done all the time looks at no more jobs than it has to: none of its
// statements goes through a table, or sorts.
func TestStatementsUseIndexes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	migrated, err := sqlitedb.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := migrated.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l := new(listener)
	l.on = record.NewStatements(preparer{db, l}, func(error) fault.Kind { return fault.Internal })
	s := New(&record.Book{Database: l, Now: time.Now}, Config{})
	one := job.Job{Queue: "q", Kind: "k", Payload: json.RawMessage("1")}
	ids, err := s.Add(t.Context(), l.on, one, one, one)
	if err != nil {
		t.Fatal(err)
	}
	claimed, err := s.Claim(t.Context(), 2, time.Now().Add(time.Minute))
	if err != nil || len(claimed) != 2 {
		t.Fatalf("Claim = %v, %v", claimed, err)
	}
	for _, err := range []error{
		s.Renew(t.Context(), claimed, time.Now()),
		s.Finish(t.Context(), claimed[0], job.Outcome{State: job.Done}),
		s.Finish(t.Context(), claimed[1], job.Outcome{State: job.Ready, Failed: true}),
		s.Retry(t.Context(), l.on, ids[2]),
		s.Cancel(t.Context(), l.on, ids[2]),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, f := range []job.Filter{{}, {Queue: "q"}, {App: "a"}, {State: job.Ready}} {
		if _, err := s.Jobs(t.Context(), f, job.Page{Before: 10, Limit: 10}); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.texts) < 15 {
		t.Fatalf("only %d statements were heard", len(l.texts))
	}
	for _, text := range l.texts {
		rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, slices.Repeat([]any{nil}, strings.Count(text, "?"))...)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			// What is left of the few that were found may be looked at, and a list
			// of all goes along its key.
			if (strings.HasPrefix(step, "SCAN jobs") || strings.HasPrefix(step, "SCAN lanes") || strings.Contains(step, "TEMP B-TREE")) &&
				!strings.Contains(step, "USING") {
				t.Errorf("%s\nin %s", step, text)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A job is claimed and finished, out of a queue with none, or many, that wait.
func BenchmarkJob(b *testing.B) {
	for _, backlog := range []int{0, 1000, 100_000} {
		b.Run(fmt.Sprint("waiting=", backlog), func(b *testing.B) {
			db, err := sqlitedb.Open(b.Context(), filepath.Join(b.TempDir(), "catalog.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			book, err := record.Open(b.Context(), db, [32]byte{}, time.Now)
			if err != nil {
				b.Fatal(err)
			}
			s := New(book, Config{PerQueue: 100})
			add := func(n int) {
				jobs := slices.Repeat([]job.Job{{Queue: "q", Kind: "k", Payload: json.RawMessage(`{"hook":"h","body":"` + strings.Repeat("x", 400) + `"}`)}}, n)
				err := book.Write(b.Context(), func(ctx context.Context, tx *record.Statements) error {
					_, err := s.Add(ctx, tx, jobs...)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			add(backlog + b.N)
			b.ResetTimer()
			for left := b.N; left > 0; {
				claimed, err := s.Claim(b.Context(), min(left, 100), time.Now().Add(time.Minute))
				if err != nil || len(claimed) == 0 {
					b.Fatal(err)
				}
				left -= len(claimed)
				err = book.Write(b.Context(), func(ctx context.Context, tx *record.Statements) error {
					for _, j := range claimed {
						if err := s.finish(ctx, tx, j, job.Outcome{State: job.Done}); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
		})
	}
}
