//go:build race

package worker

// detector is how many bytes the race detector maps beside what a child holds.
const detector = 1 << 30
