package people

import "strings"

// A sign tells by a part of what a browser calls itself which one it is. Many
// name others, too: the first that fits counts.
type sign struct{ part, name string }

var (
	browsers = []sign{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"Chrome/", "Chrome"},
		{"CriOS/", "Chrome"}, {"Safari/", "Safari"}}
	systems = []sign{{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"}, {"Linux", "Linux"}}
)

// browser writes in short what a browser calls itself; in full if it is unknown.
func browser(agent string) string {
	name, system := first(browsers, agent), first(systems, agent)
	switch {
	case agent == "":
		return "unknown"
	case name == "" || system == "":
		return agent
	}
	return name + " on " + system
}

func first(signs []sign, text string) string {
	for _, s := range signs {
		if strings.Contains(text, s.part) {
			return s.name
		}
	}
	return ""
}
