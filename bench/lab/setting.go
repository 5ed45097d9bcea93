// Package lab has what the benchmarks share: the servers they measure, ways to
// measure them, and tables.
package lab

// A Setting is what one run of the program works with.
type Setting struct {
	Rounds   int
	Dir      string // on the disk that is measured
	Stowgate string // program files; a peer without one is left out
	Tusd     string
	Nginx    string
	Peers    string // folder that peers/build made, for images
	Quick    bool
}
