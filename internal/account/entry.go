package account

import "time"

// An Entry of the audit log says who changed what, when, and from where. It is
// written in the transaction of the change, and never changed or removed.
type Entry struct {
	ID      int64     // ascending; given by the log
	Time    time.Time // given by the log if it is zero
	Actor   string    // the ID of the Actor
	Name    string    // of the actor, as it was then
	Address string
	Action  string            // like app.create or secret.add
	App     string            // key; empty if it is about none
	Target  string            // what was changed, like a handle or a user's ID
	Detail  map[string]string // what is new, by name; never a secret
}

// Entry returns an entry of what the actor does.
func (a Actor) Entry(action, app, target string, detail map[string]string) Entry {
	return Entry{Actor: a.ID, Name: a.Name, Address: a.Address, Action: action, App: app, Target: target, Detail: detail}
}

// A Search says which entries of the audit log are wanted. Fields left zero
// choose nothing out.
type Search struct {
	App    string
	Actor  string    // an Actor's ID
	Action string    // whole, like app.create, or the part before the dot
	Since  time.Time // entries of this instant and later
	Until  time.Time // entries before this instant
	Before int64     // entries before the one with this ID: the last of the page before
	Limit  int       // of entries; 0 means 50, and 500 is the most
}
