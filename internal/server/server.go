// Package server is the HTTP plumbing that protocols share: listeners, limits,
// routing, logs, metrics, forms, and the one way to send stored bytes. It knows
// no vendor and decides nothing about permission.
package server
