package reference

import (
	"regexp"
	"slices"
	"testing"
)

// TestReferenceLinks holds that all links on the page lead somewhere, and only
// there: no script, and nothing from elsewhere.
func TestReferenceLinks(t *testing.T) {
	d, err := readDocument()
	if err != nil {
		t.Fatal(err)
	}
	page := string(d.page)
	var ids []string
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if slices.Contains(ids, m[1]) {
			t.Errorf("two things are called %s", m[1])
		}
		ids = append(ids, m[1])
	}
	links := regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(ids) < 100 || len(links) < 100 {
		t.Fatalf("%d places and %d links", len(ids), len(links))
	}
	for _, m := range links {
		if to := m[1]; to != "openapi.json" && to != "openapi.yaml" && (to[0] != '#' || !slices.Contains(ids, to[1:])) {
			t.Errorf("a link leads to %s, which there is not", to)
		}
	}
	if regexp.MustCompile(`(?i)<script|<style|\son\w+=`).MatchString(page) {
		t.Error("the page has a script or style")
	}
}
