package policy

// A Pattern is a bounded RE2 expression. The zero Pattern matches everything.
type Pattern struct{ text string }
