package filestack

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/policy"
)

// tiff are bytes that are taken for a picture.
const tiff = "II*\x00\x08\x00\x00\x00 a picture"

// TestPreview holds who gets a picture of a file before it is stored: those who
// may store it.
func TestPreview(t *testing.T) {
	s, engine := newImageStack(t)
	s.change(t, otherKey, func(a *policy.App) { a.Options.Types = []string{"text/*"} })
	may := func(key, text string) string {
		return "key=" + key + "&" + query(sign(key, `{"expiry":1999999999,`+text+`}`))
	}
	pick := may(securedKey, `"call":["pick"]`)
	for _, tt := range []struct {
		name, query, body string
		want              int
	}{
		{"who may pick", pick, tiff, 200},
		{"who may store", may(securedKey, `"call":["store"]`), tiff, 200},
		{"who may store elsewhere", may(securedKey, `"path":"/a/","container":"c"`), tiff, 200},
		{"anybody", "key=" + openKey, tiff, 200},
		{"a document", pick, "%PDF-1.7 a document", 200},
		{"who may only convert", may(securedKey, `"call":["convert"]`), tiff, 403},
		{"for one file", may(securedKey, `"handle":"5aYkEQJSQCmYShsoCnZN"`), tiff, 403},
		{"nobody", "key=" + securedKey, tiff, 403},
		{"expired", "key=" + securedKey + "&" + query(sign(securedKey, `{"expiry":1700000000}`)), tiff, 403},
		{"at the size of the policy", may(securedKey, fmt.Sprintf(`"maxSize":%d`, len(tiff))), tiff, 200},
		{"over it", may(securedKey, fmt.Sprintf(`"maxSize":%d`, len(tiff)-1)), tiff, 403},
		{"of a type that the app does not take", may(otherKey, `"call":["pick"]`), tiff, 403},
		{"no picture", pick, "a text", 400},
		{"at the limit", pick, tiff + strings.Repeat(" ", delivery.MaxPreview-len(tiff)), 200},
		{"over the limit", pick, tiff + strings.Repeat(" ", delivery.MaxPreview-len(tiff)+1), 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := engine.runs
			w := s.send(t, "POST", "/preview?"+tt.query, tt.body)
			if w.Code != tt.want {
				t.Fatalf("status = %d, want %d: %.200s", w.Code, tt.want, w.Body)
			}
			if tt.want == http.StatusOK {
				if got := w.Body.String(); w.Header().Get("Content-Type") != "image/webp" || !strings.Contains(got, `"width":240,"height":240,"fit":"max"`) || !strings.HasSuffix(got, tt.body) {
					t.Errorf("answer is %s, %.200s", w.Header().Get("Content-Type"), got)
				}
				if got := w.Header().Get("Cache-Control"); !strings.Contains(got, "no-store") {
					t.Errorf("Cache-Control = %q, want no-store", got)
				}
			} else if engine.runs != before {
				t.Error("it was rendered all the same")
			}
		})
	}
	if files, bytes, err := s.catalog.Usage(t.Context(), securedKey); err != nil || files+bytes != 0 {
		t.Errorf("after previews %d files of %d bytes are stored, %v; want none", files, bytes, err)
	}
}

// Without a length that is declared, the bytes that come are counted.
func TestPreviewWithoutLength(t *testing.T) {
	s, _ := newImageStack(t)
	for _, tt := range []struct{ bytes, want int }{{delivery.MaxPreview, 200}, {delivery.MaxPreview + 1, 413}} {
		body := tiff + strings.Repeat(" ", tt.bytes-len(tiff))
		w := s.raw(t, fmt.Sprintf("POST /preview?key=%s HTTP/1.1\r\nHost: files.test\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", openKey, len(body), body))
		if w.Code != tt.want {
			t.Errorf("preview of %d bytes: status = %d, want %d: %.200s", tt.bytes, w.Code, tt.want, w.Body)
		}
	}
}

// A policy's uses are for files that are stored.
func TestPreviewCountsNoUse(t *testing.T) {
	s, _ := newImageStack(t)
	c := sign(securedKey, `{"expiry":1999999999,"call":["pick","store"],"uses":1}`)
	for range 3 {
		if w := s.send(t, "POST", "/preview?key="+securedKey+"&"+query(c), tiff); w.Code != http.StatusOK {
			t.Fatalf("preview: %d %s", w.Code, w.Body)
		}
	}
	if w := s.send(t, "POST", "/api/store/S3?key="+securedKey+"&"+query(c), tiff); w.Code != http.StatusOK {
		t.Errorf("store after previews: %d %s", w.Code, w.Body)
	}
}
