//go:build !mutant

package sweep

func mutate(*Sweeper) {}
