package record

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/stowgate/stowgate/internal/fault"
)

// Statements runs SQL with ? for each argument, and keeps each text that it was
// given prepared. Its errors have a kind. Its methods may be called
// concurrently, unless it runs a transaction.
type Statements struct {
	on   Preparer
	kind func(error) fault.Kind

	mu       sync.Mutex
	prepared map[string]*sql.Stmt
}

// A Preparer is a pool of connections, or a connection: *sql.DB or *sql.Conn.
type Preparer interface {
	PrepareContext(ctx context.Context, text string) (*sql.Stmt, error)
}

// NewStatements returns statements that run on what on prepares. For errors of
// the database, kind tells their kind; for others it returns fault.Internal.
func NewStatements(on Preparer, kind func(error) fault.Kind) *Statements {
	return &Statements{on: on, kind: kind, prepared: make(map[string]*sql.Stmt)}
}

// Close releases what was prepared. Nothing may run, or be run afterwards.
func (s *Statements) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.prepared {
		st.Close()
	}
	clear(s.prepared)
}

// Exec returns how many rows the statement has changed.
func (s *Statements) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	st, err := s.prepare(ctx, text)
	if err != nil {
		return 0, err
	}
	result, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, s.classify(err)
	}
	return result.RowsAffected()
}

// A Row is one row of a result.
type Row interface{ Scan(into ...any) error }

// Row returns the first row of a result. The error of its Scan, which must be
// called, wraps fault.NotFound if there is none.
func (s *Statements) Row(ctx context.Context, text string, args ...any) Row {
	return scan(func(into ...any) error {
		st, err := s.prepare(ctx, text)
		if err != nil {
			return err
		}
		return s.classify(st.QueryRowContext(ctx, args...).Scan(into...))
	})
}

// scan is a Row.
type scan func(into ...any) error

func (f scan) Scan(into ...any) error { return f(into...) }

// Rows returns all rows of a result, each read by read.
func Rows[T any](ctx context.Context, s *Statements, read func(Row) (T, error), text string, args ...any) ([]T, error) {
	st, err := s.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	found, err := st.QueryContext(ctx, args...)
	if err != nil {
		return nil, s.classify(err)
	}
	defer found.Close()
	var all []T
	for found.Next() {
		v, err := read(found)
		if err != nil {
			return nil, s.classify(err)
		}
		all = append(all, v)
	}
	return all, s.classify(found.Err())
}

// Value reads a row of one column.
func Value[T any](row Row) (v T, err error) {
	err = row.Scan(&v)
	return v, err
}

func (s *Statements) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.prepared[text]; st != nil {
		return st, nil
	}
	st, err := s.on.PrepareContext(ctx, text)
	if err != nil {
		return nil, s.classify(err)
	}
	s.prepared[text] = st
	return st, nil
}

// classify gives err a kind.
func (s *Statements) classify(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("no such record: %w", fault.NotFound)
	}
	if kind := s.kind(err); kind != fault.Internal {
		return fmt.Errorf("%w: %w", err, kind)
	}
	return err
}
