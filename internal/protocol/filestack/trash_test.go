package filestack

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy"
)

// TestTrashedFileIsGone asks every guarded route for a file in the trash, and
// for one that was deleted: nobody can tell them apart, also when the file and
// what was made of it are in memory and on disk.
func TestTrashedFileIsGone(t *testing.T) {
	good := sign(securedKey, everything)
	for name, list := range probes {
		for i, p := range list {
			s, _ := newImageStack(t)
			trashed, deleted := s.put(t, securedKey, "n.png", "protected"), s.put(t, securedKey, "n.png", "protected")
			for _, id := range []asset.ID{trashed, deleted} {
				s.content(t, id)
				if w := s.send(t, "GET", "/resize=width:5/"+string(id)+"?"+query(good), ""); w.Code != 200 {
					t.Fatalf("resize: %d %s", w.Code, w.Body)
				}
			}
			each, err := s.catalog.TrashAssets(t.Context(), securedKey, []asset.ID{trashed}, account.Server().Entry("test", securedKey, "", nil))
			if err != nil || each[0] != nil {
				t.Fatal(each, err)
			}
			if err := s.catalog.RemoveAsset(t.Context(), securedKey, deleted, policy.Use{}); err != nil {
				t.Fatal(err)
			}
			a, b := p(s, t, trashed, securedKey, good), p(s, t, deleted, securedKey, good)
			got, want := wire(a, trashed), wire(b, deleted)
			if strings.Contains(got, "protected") || (a.Code >= 400 || b.Code >= 400) && got != want {
				t.Errorf("%s, probe %d answers for a file in the trash\n%s, and for a deleted one\n%s", name, i, got, want)
			}
			if _, err := s.catalog.RestoreAssets(t.Context(), securedKey, []asset.ID{trashed}, now.AddDate(0, 0, -1), account.Server().Entry("test", securedKey, "", nil)); err != nil {
				t.Fatal(err)
			}
			if s.content(t, trashed) != "protected" {
				t.Errorf("%s, probe %d has changed a file in the trash", name, i)
			}
		}
	}
}

// nonce is what pages draw for their scripts and styles.
var nonce = regexp.MustCompile(`nonce[-=]"?[A-Z2-7]{26}`)

// wire returns what is sent, with HANDLE for the file's, and without nonces.
func wire(w *httptest.ResponseRecorder, id asset.ID) string {
	var b strings.Builder
	w.Result().Header.Write(&b)
	text := strings.ReplaceAll(w.Result().Status+"\n"+b.String()+w.Body.String(), string(id), "HANDLE")
	return nonce.ReplaceAllString(text, "nonce")
}
