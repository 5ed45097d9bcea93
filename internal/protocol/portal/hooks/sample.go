package hooks

import _ "embed"

// A Sample is a program that receives what webhooks send at $PORT, and checks it
// with the secret in the variable STOWGATE_WEBHOOK_SECRET.
type Sample struct{ Name, Text string }

var (
	//go:embed samples/receive.mjs.txt
	node string
	//go:embed samples/receive.py.txt
	python string
	//go:embed samples/receive.go.txt
	golang string
)

var samples = []Sample{{"Node.js", node}, {"Python", python}, {"Go", golang}}
