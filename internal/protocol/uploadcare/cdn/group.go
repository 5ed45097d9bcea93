package cdn

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
)

// groupPage lists the files of a group.
const groupPage = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>%s</title></head>
<body><h3>Files of %[1]s</h3><ol>
%s</ol></body>
</html>
`

// showGroup answers with a page that lists the addresses of a group's files.
// Uploadcare documentation: "Groups"; the markup is not documented.
func (a *API) showGroup(w http.ResponseWriter, r *http.Request, c call) error {
	var list strings.Builder
	for i, m := range c.group.Members {
		file, err := a.config.Library.Get(r.Context(), c.grant, m.Asset, policy.Read)
		switch {
		case errors.Is(err, fault.NotFound):
			list.WriteString("<li>File not found</li>\n")
			continue
		case err != nil:
			return err
		}
		fmt.Fprintf(&list, "<li value=%q><a href=%q>%s</a></li>\n", fmt.Sprint(i), fmt.Sprintf("/%s/nth/%d/", answer.GroupID(c.group), i),
			html.EscapeString(answer.Name(file.Name)))
	}
	h := w.Header()
	answer.Protect(h)
	markOpen(h)
	h.Set("Cache-Control", a.lifetime(c.grant, shortLife))
	send(w, http.StatusOK, "text/html; charset=UTF-8", fmt.Sprintf(groupPage, answer.GroupID(c.group), list.String()))
	return nil
}
