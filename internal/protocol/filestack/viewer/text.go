package viewer

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

// languages are those that the page is written in: the picker's. Source:
// Filestack documentation, picker option "lang".
var languages = strings.Fields("en ar ca da de es fr he it ja ko nl no pl pt ru sv tr vi zh")

//go:embed locales/*.json
var locales embed.FS

// A text is what the page says in one language. The key of a sentence is its
// English wording.
type text struct {
	Lang, Dir string
	Page      map[string]string // what the server says
	Script    map[string]string // what the script of the page says
}

// texts holds every language, by its place in languages.
var texts = sync.OnceValue(func() []text {
	all := make([]text, len(languages))
	for i, lang := range languages {
		all[i] = text{Lang: lang, Dir: "ltr"}
		if lang == "ar" || lang == "he" {
			all[i].Dir = "rtl"
		}
		if lang == "en" {
			continue // a key is its own text
		}
		file, err := locales.ReadFile("locales/" + lang + ".json")
		if err == nil {
			err = json.Unmarshal(file, &all[i])
		}
		if err != nil {
			panic(fmt.Errorf("language %s of the viewer: %w", lang, err)) // it is part of the program
		}
	}
	return all
})

var matcher = sync.OnceValue(func() language.Matcher {
	var tags []language.Tag
	for _, lang := range languages {
		tags = append(tags, language.Make(strings.Replace(lang, "no", "nb", 1))) // the matcher takes no and da for one
	}
	return language.NewMatcher(tags)
})

// textFor returns the text in the best language for a field Accept-Language,
// or else in English.
func textFor(accepts string) text {
	_, i := language.MatchStrings(matcher(), accepts)
	return texts()[i]
}

// T returns the text of an English key, in which names in braces are replaced
// by the values behind them: T("{n} kB", "n", "12").
func (t text) T(key string, values ...string) string {
	said, ok := t.Page[key]
	if !ok {
		said = key
	}
	for i := 0; i+1 < len(values); i += 2 {
		said = strings.ReplaceAll(said, "{"+values[i]+"}", values[i+1])
	}
	return said
}

// ForScript returns what the script of the page says, as JSON; "" means English.
func (t text) ForScript() (string, error) {
	if t.Script == nil {
		return "", nil
	}
	said, err := json.Marshal(t.Script)
	return string(said), err
}
