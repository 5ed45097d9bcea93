package record

// Words is the SQL of an index of files by words, which each database has its
// own way to keep. A word is made of letters a to z and digits. A file is the
// number of its place, which no other file has.
type Words struct {
	// Put is a statement that has a place found by words. Its arguments are the
	// place, which must not be there, and the words with spaces between them.
	Put string

	// Remove is a statement that has a place found no more.
	Remove string

	// Find selects the places, in a column of this name, that have all words of
	// its one argument, which has spaces between them and at least one word.
	// Going through them in their order, up or down, and stopping after some
	// costs no more than these.
	Find string
}
