package library

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
)

// The sizes of a page, in files.
const (
	DefaultPage = 50
	MaxPage     = 200  // of a Desk
	MaxList     = 1000 // of a Service
)

// MaxNamed is how many files a query may name, and MaxWords how many labels.
const (
	MaxNamed = 200
	MaxWords = 50
)

// An Order is what a list goes by, ascending. Files that are equal in it are in
// the order in which they were created.
type Order uint8

// The orders.
const (
	ByCreated Order = iota // to the microsecond, see File.Listed
	ByName                 // whose letters' case does not count
	BySize
)

var orderNames = [...]string{"created", "name", "size"}

func (o Order) String() string { return orderNames[o] }

// ParseOrder is the inverse of String. The error wraps fault.Invalid.
func ParseOrder(text string) (Order, error) {
	for o, name := range orderNames {
		if name == text {
			return Order(o), nil
		}
	}
	return 0, fmt.Errorf("order %q is none of created, name and size: %w", text, fault.Invalid)
}

// A Query says which of an app's files are listed: those that meet all
// conditions that are set. The zero Query lists all, the oldest first.
type Query struct {
	Name      string    // part of the name, whatever the case of its letters
	Type      string    // media type that the bytes have, or all of a family, like image/*
	MinSize   int64     // bytes
	MaxSize   int64     // bytes; 0 means no bound
	From      time.Time // created then or later
	Until     time.Time // created before
	Tag       string    // name of a tag that the file has
	Value     string    // if not empty, the value that this tag has
	Folder    string    // storage path that the file has, or is somewhere below
	Container string
	Client    string // what brought it, like Computer
	Trashed   bool   // those in the trash, instead of the others
	Stored    *bool  // whether it is permanent; nil for both

	After  time.Time // listed later than then; see File.Listed
	Before time.Time // listed earlier than then
	Named  Named     // if not empty, only these
	Labels Labels

	Order      Order
	Descending bool

	Limit  int    // files of a page; 0 means DefaultPage
	Offset int    // how many files are passed over before it
	Cursor string // Next or Previous of a page of the same query; empty for the first page

	// Whole makes a page full whenever there are enough files, however many
	// must be looked at for that; see Page.Partial.
	Whole bool
}

// Named names files, by either of their names; they are up to MaxNamed.
type Named struct {
	IDs   []asset.ID
	UUIDs []uuid.UUID
}

// Labels are conditions on the labels that a file has, which are as
// asset.NormalLabels returns them; together they are up to MaxWords.
type Labels struct {
	All  []string // it has all of these
	Any  []string // if not empty, it has one of these
	None []string // it has none of these
}

// Check returns nil, or why the query makes no sense, wrapping fault.Invalid.
func (q Query) Check() error { return q.check(MaxPage) }

func (q Query) check(most int) error {
	named, labels := len(q.Named.IDs)+len(q.Named.UUIDs), len(q.Labels.All)+len(q.Labels.Any)+len(q.Labels.None)
	switch {
	case q.Limit < 0 || q.Limit > most:
		return fmt.Errorf("a page of %d files is not 1 to %d: %w", q.Limit, most, fault.Invalid)
	case q.Offset < 0:
		return fmt.Errorf("an offset below 0: %w", fault.Invalid)
	case q.Offset > 0 && (!q.Whole || q.Cursor != ""):
		return fmt.Errorf("an offset into a page that need not be whole, or after a cursor: %w", fault.Invalid)
	case named > MaxNamed:
		return fmt.Errorf("%d files are named, more than %d: %w", named, MaxNamed, fault.Invalid)
	case labels > MaxWords:
		return fmt.Errorf("%d labels are more than %d: %w", labels, MaxWords, fault.Invalid)
	case q.MinSize < 0 || q.MaxSize < 0:
		return fmt.Errorf("a size below 0: %w", fault.Invalid)
	case q.Value != "" && q.Tag == "":
		return fmt.Errorf("the value of a tag without its name: %w", fault.Invalid)
	case int(q.Order) >= len(orderNames):
		return fmt.Errorf("order %d: %w", q.Order, fault.Invalid)
	}
	return nil
}

// Family returns the part of Type before its slash if it asks for a family.
func (q Query) Family() (string, bool) { return strings.CutSuffix(q.Type, "/*") }

// A File is an asset as those see it who look after it.
type File struct {
	asset.Asset           // in lists without its Content
	Size        int64     // bytes
	Trashed     time.Time // when it was put into the trash; zero if it is not there

	// Listed is Created in whole microseconds, or soon after: no two files have
	// the same. It is what ByCreated goes by, so that a list which goes on after
	// it, written with six digits, neither leaves out a file nor has one twice.
	Listed time.Time
}

// A Page is a part of a list. What is added or removed between two pages
// neither hides nor doubles another file.
type Page struct {
	Files    []File
	Next     string // the cursor of what comes after; empty at the end
	Previous string // the cursor of what comes before; empty at the beginning

	// Partial says that the search has stopped before the page was full,
	// because few of the files looked at met the conditions. Next goes on
	// (Previous, if that was asked for) from where it stopped.
	Partial bool
}

// Totals are how many files an app has, exactly.
type Totals struct {
	Stored    int64 // permanent ones
	Temporary int64
	Removed   int64 // in the trash, whether permanent or not
}

// A Count is how many files meet a query: N, or more.
type Count struct {
	N    int
	More bool
}
