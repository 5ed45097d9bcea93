//go:build !mutant

package fileblob

func newSystem() system { return kernel() }
