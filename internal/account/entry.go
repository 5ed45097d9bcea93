package account

import "time"

// An Entry of the audit log says who changed what, when, and from where. It is
// written in the transaction of the change, and never changed or removed.
type Entry struct {
	ID      int64 // ascending
	Time    time.Time
	Actor   string // the ID of the Actor
	Name    string // of the actor, as it was then
	Address string
	Action  string            // like app.create or secret.rotate
	App     string            // key; empty if it is about none
	Target  string            // what was changed, like a handle or a user's ID
	Detail  map[string]string // what is new, by name; never a secret
}

// Entry returns an entry of what the actor does. The catalog fills in ID and Time.
func (a Actor) Entry(action, app, target string, detail map[string]string) Entry {
	return Entry{Actor: a.ID, Name: a.Name, Address: a.Address, Action: action, App: app, Target: target, Detail: detail}
}
