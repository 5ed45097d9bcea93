package listing

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
)

// A spot is a place in an order. What a list is not ordered by is zero.
type spot struct {
	Folded string `json:"f,omitempty"`
	Size   int64  `json:"s,omitempty"`
	Place  int64  `json:"p"`
}

// A match is a file that meets the conditions.
type match struct {
	at spot
	id asset.ID
}

// A search goes through files in one direction of one order, from at to end,
// and collects those that meet the conditions.
type search struct {
	*Listing
	app   string
	q     library.Query
	down  bool
	words string // that the files have, for the index; empty if it does not help
	like  [2]string
	any   []string // patterns, of which words are like one, unless there are none
	none  []string // patterns, of which words are like none
	named []any    // IDs, of which a file has one; nil for all
	union []any    // words, of which a file has one; nil for all

	sizes, places [2]int64 // at least, at most

	at, end spot // in the direction of the search; both are left out
	found   []match
	done    bool // all was looked at
}

// newSearch returns a search, or false if no name can have the part that is
// asked for.
func newSearch(l *Listing, app string, q library.Query, back bool) (*search, bool) {
	needle := fold(q.Name)
	if len(needle) > maxNeedle || strings.Contains(needle, "\x00") {
		return nil, false
	}
	s := &search{Listing: l, app: app, q: q, down: q.Descending != back}
	c := conditionsOf(app, q)
	s.like = [2]string{pattern(), pattern(c.all...)}
	s.any, s.none = c.patterns()
	for i := 0; len(c.any) > 0 && i < len(s.any); i++ { // as many, so that there are few statements
		s.union = append(s.union, word(app, label, "")) // which no file has
		if i < len(c.any) {
			s.union[i] = c.any[i]
		}
	}
	if needle != "" {
		s.like[0] = pattern(needle)
	}
	s.words = strings.Join(append(c.all, partsFor(app, needle)...), " ")
	s.sizes = [2]int64{q.MinSize, math.MaxInt64 - 1}
	if q.MaxSize > 0 {
		s.sizes[1] = q.MaxSize
	}
	s.places = [2]int64{math.MinInt64 + 1, math.MaxInt64 - 1}
	if !q.From.IsZero() {
		s.places[0] = placeOf(q.From)
	}
	if !q.Until.IsZero() {
		s.places[1] = placeOf(q.Until.Add(-1))
	}
	if !q.After.IsZero() {
		s.places[0] = max(s.places[0], q.After.UnixMicro()+1)
	}
	if !q.Before.IsZero() {
		s.places[1] = min(s.places[1], q.Before.Add(-1).UnixMicro())
	}
	var low, high spot
	switch q.Order {
	case library.ByCreated:
		low.Place, high.Place = s.places[0]-1, s.places[1]+1
	case library.ByName:
		low.Place, high.Place = math.MinInt64, math.MaxInt64
		high.Folded = strings.Repeat("\U0010FFFF", maxNeedle) // longer than any
	case library.BySize:
		low.Size, low.Place = s.sizes[0], math.MinInt64
		high.Size, high.Place = s.sizes[1], math.MaxInt64
	}
	if s.at, s.end = low, high; s.down {
		s.at, s.end = high, low
	}
	return s, true
}

// How many patterns the conditions on words that a file has one or none of may
// have: few numbers, for each is a statement of its own.
var patternCounts = [...]int{0, 1, 8, 64} // more than library.MaxWords

// patterns returns patterns, of which words are like one, and such of which they
// are like none; there are as many of both.
func (c conditions) patterns() (any, none []string) {
	i := 0
	for patternCounts[i] < max(len(c.any), len(c.none)) {
		i++
	}
	any, none = make([]string, patternCounts[i]), make([]string, patternCounts[i]) // nothing is like an empty one
	for i, w := range c.any {
		any[i] = pattern(w)
	}
	for i, w := range c.none {
		none[i] = pattern(w)
	}
	if len(c.any) == 0 && i > 0 {
		any[0] = pattern()
	}
	return any, none
}

// startAt begins the search at a spot instead of the beginning.
func (s *search) startAt(at spot) { s.at = at }

// run collects up to n matches. It looks at some files in their order first,
// which is enough where many match. Then it turns to an index that narrows the
// conditions enough, or else goes on, until a bound unless the list is to be
// whole.
func (s *search) run(ctx context.Context, n int) error {
	if s.named != nil {
		return s.finish(ctx, setOfNamed, n)
	}
	if s.q.Offset == 0 {
		if err := s.scan(ctx, plain, s.bounds.Probe, n); err != nil || s.over(n) {
			return err
		}
	}
	for _, by := range s.sets() {
		few, err := s.few(ctx, by)
		if err != nil {
			return err
		}
		if few {
			return s.finish(ctx, by, n)
		}
	}
	by, bound := plain, s.bounds.Scan
	if s.words != "" && s.q.Order == library.ByCreated {
		by, bound = byWords, s.bounds.Set
	}
	if s.q.Whole {
		return s.finish(ctx, by, n)
	}
	return s.scan(ctx, by, bound, n)
}

// finish collects matches among all that is left of a source.
func (s *search) finish(ctx context.Context, by source, n int) error {
	s.done = true
	return s.collect(ctx, by, s.end, n)
}

func (s *search) over(n int) bool { return s.done || len(s.found) >= n }

// A source says in SQL which files are looked at; its arguments come first.
type source int

const (
	plain   source = iota // all of the app
	byWords               // what the index of words finds, in the order of creation
	setOfWords
	setOfSizes
	setOfPlaces
	setOfNamed
	setOfUnion // what the index finds by one word or another, at times twice
)

// scope is in every query: nothing of another app is ever looked at.
const scope = `f.app = ? AND f.trash = ?`

func (s *search) source(by source) (text string, args []any) {
	set := func(text string, args ...any) (string, []any) {
		return `(` + text + ` LIMIT ?) AS w CROSS JOIN files AS f`, append(args, s.bounds.Set+1)
	}
	switch by {
	case byWords:
		return `(` + s.Listing.words.Find + `) AS w CROSS JOIN files AS f`, []any{s.words}
	case setOfWords:
		return set(`SELECT w.place AS place FROM (`+s.Listing.words.Find+`) AS w`, s.words)
	case setOfUnion:
		one := `SELECT w.place AS place FROM (` + s.Listing.words.Find + `) AS w`
		return set(one+strings.Repeat(` UNION ALL `+one, len(s.union)-1), s.union...)
	case setOfSizes:
		return set(`SELECT f.place AS place FROM files AS f WHERE `+scope+` AND f.size BETWEEN ? AND ?`,
			s.app, s.q.Trashed, s.sizes[0], s.sizes[1])
	case setOfPlaces:
		return set(`SELECT f.place AS place FROM files AS f WHERE `+scope+` AND f.place BETWEEN ? AND ?`,
			s.app, s.q.Trashed, s.places[0], s.places[1])
	case setOfNamed:
		args := make([]any, library.MaxNamed) // always as many, so that there is one statement
		for i := range args {
			args[i] = s.named[min(i, len(s.named)-1)]
		}
		return `(SELECT a.place AS place FROM assets AS a WHERE a.id IN (?` + strings.Repeat(", ?", library.MaxNamed-1) + `)) AS w CROSS JOIN files AS f`, args
	}
	return `files AS f`, nil
}

// sets returns which sets of files may be few, those that narrow the order of
// the list itself left out.
func (s *search) sets() []source {
	var sets []source
	if s.words != "" && s.q.Order != library.ByCreated {
		sets = append(sets, setOfWords)
	}
	if s.union != nil {
		sets = append(sets, setOfUnion)
	}
	if (s.q.MinSize > 0 || s.q.MaxSize > 0) && s.q.Order != library.BySize {
		sets = append(sets, setOfSizes)
	}
	if !(s.q.From.IsZero() && s.q.Until.IsZero() && s.q.After.IsZero() && s.q.Before.IsZero()) && s.q.Order != library.ByCreated {
		sets = append(sets, setOfPlaces)
	}
	return sets
}

// few reports whether a set is small enough to be sorted.
func (s *search) few(ctx context.Context, by source) (bool, error) {
	text, args := s.source(by)
	text = strings.TrimSuffix(text, ` CROSS JOIN files AS f`)
	n, err := record.Value[int](s.reads.Row(ctx, `SELECT COUNT(*) FROM `+text, args...))
	return n <= s.bounds.Set, err
}

// columns returns what the list is ordered by, of a source, with what stands
// for their values, and the order in words.
func (s *search) columns(by source) (columns, marks, order string) {
	direction := ""
	if s.down {
		direction = " DESC"
	}
	switch {
	case s.q.Order == library.ByName:
		return `f.folded, f.place`, `?, ?`, `f.folded` + direction + `, f.place` + direction
	case s.q.Order == library.BySize:
		return `f.size, f.place`, `?, ?`, `f.size` + direction + `, f.place` + direction
	case by == byWords:
		return `w.place`, `?`, `w.place` + direction
	}
	return `f.place`, `?`, `f.place` + direction
}

// between returns the condition for what lies after s.at and up to end.
func (s *search) between(by source, end spot) (text string, args []any) {
	columns, marks, _ := s.columns(by)
	after, until := ` > `, ` <= `
	if s.down {
		after, until = ` < `, ` >= `
	}
	text = `(` + columns + `)` + after + `(` + marks + `) AND (` + columns + `)` + until + `(` + marks + `)`
	return text, append(s.values(s.at), s.values(end)...)
}

func (s *search) values(at spot) []any {
	switch s.q.Order {
	case library.ByName:
		return []any{at.Folded, at.Place}
	case library.BySize:
		return []any{at.Size, at.Place}
	}
	return []any{at.Place}
}

// scan collects matches among the next so many files of a source: plain or
// byWords.
func (s *search) scan(ctx context.Context, by source, files, n int) error {
	if by == byWords {
		return s.scanWords(ctx, files, n)
	}
	end, err := s.ahead(ctx, files)
	if errors.Is(err, fault.NotFound) {
		end, s.done, err = s.end, true, nil
	}
	if err != nil {
		return err
	}
	return s.collect(ctx, by, end, n)
}

// ahead returns the spot that so many files lie before. The error wraps
// fault.NotFound if there are not as many.
func (s *search) ahead(ctx context.Context, files int) (spot, error) {
	columns, _, order := s.columns(plain)
	between, bounds := s.between(plain, s.end)
	args := append(append([]any{s.app, s.q.Trashed}, bounds...), files-1)
	return s.scanSpot(s.reads.Row(ctx, `SELECT `+columns+` FROM files AS f WHERE `+scope+` AND `+between+` ORDER BY `+order+` LIMIT 1 OFFSET ?`, args...))
}

// scanWords is scan for the index of words. Where many files have each word and
// none has all, it takes its time, and so is gone through once.
func (s *search) scanWords(ctx context.Context, files, n int) error {
	_, _, order := s.columns(byWords)
	between, bounds := s.between(byWords, s.end)
	last := `MAX`
	if s.down {
		last = `MIN`
	}
	var found int
	var end spot
	err := s.reads.Row(ctx, `SELECT COUNT(*), COALESCE(`+last+`(w.place), 0) FROM (SELECT w.place AS place FROM (`+s.Listing.words.Find+`) AS w
		WHERE `+between+` ORDER BY `+order+` LIMIT ?) AS w`, append(append([]any{s.words}, bounds...), files)...).Scan(&found, &end.Place)
	if err != nil {
		return err
	}
	if s.done = found < files; found == 0 {
		s.at = s.end
		return nil
	}
	return s.collect(ctx, byWords, end, n)
}

func (s *search) scanSpot(row record.Row, more ...any) (at spot, err error) {
	switch s.q.Order {
	case library.ByName:
		err = row.Scan(append([]any{&at.Folded, &at.Place}, more...)...)
	case library.BySize:
		err = row.Scan(append([]any{&at.Size, &at.Place}, more...)...)
	default:
		err = row.Scan(append([]any{&at.Place}, more...)...)
	}
	return at, err
}

// collect adds the matches of a source up to end, and goes on from there; or if
// they are more than are wanted, then after the last. An offset is passed over:
// then it is called once.
func (s *search) collect(ctx context.Context, by source, end spot, n int) error {
	text, args := s.source(by)
	columns, _, order := s.columns(by)
	where := scope
	args = append(args, s.app, s.q.Trashed)
	if by != plain {
		where += ` AND f.place = w.place`
	}
	distinct := ``
	if by == setOfUnion {
		distinct = `DISTINCT `
	}
	between, bounds := s.between(by, end)
	// The sign keeps the conditions that are for each file from choosing an index.
	where += ` AND ` + between + ` AND f.folded LIKE ? ESCAPE '\' AND f.words LIKE ? AND +f.size BETWEEN ? AND ? AND +f.place BETWEEN ? AND ?`
	args = append(append(args, bounds...), s.like[0], s.like[1], s.sizes[0], s.sizes[1], s.places[0], s.places[1])
	if n := len(s.any); n > 0 {
		likes := `(f.words LIKE ?` + strings.Repeat(` OR f.words LIKE ?`, n-1) + `)`
		where += ` AND ` + likes + ` AND NOT ` + likes
		for _, p := range slices.Concat(s.any, s.none) {
			args = append(args, p)
		}
	}
	args = append(args, n-len(s.found), s.q.Offset)
	found, err := record.Rows(ctx, s.reads, func(row record.Row) (m match, err error) {
		m.at, err = s.scanSpot(row, &m.id)
		return m, err
	}, `SELECT `+distinct+columns+`, f.id FROM `+text+` WHERE `+where+` ORDER BY `+order+` LIMIT ? OFFSET ?`, args...)
	if err != nil {
		return err
	}
	s.found = append(s.found, found...)
	if s.at = end; len(s.found) >= n {
		s.at, s.done = s.found[n-1].at, false
	}
	return nil
}
