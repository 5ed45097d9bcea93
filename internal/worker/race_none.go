//go:build !race

package worker

const detector = 0
