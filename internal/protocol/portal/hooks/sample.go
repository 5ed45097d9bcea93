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
	//go:embed samples/care.mjs.txt
	careNode string
	//go:embed samples/care.py.txt
	carePython string
	//go:embed samples/care.go.txt
	careGolang string
)

// samples are for each format.
var samples = map[string][]Sample{
	"filestack":  {{"Node.js", node}, {"Python", python}, {"Go", golang}},
	"uploadcare": {{"Node.js", careNode}, {"Python", carePython}, {"Go", careGolang}},
}
