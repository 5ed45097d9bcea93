// Package sign makes the signed policies that a Stowgate or Filestack app
// hands to its pages. It is what a backend written in Go imports; it needs
// nothing but the standard library.
package sign
