package plan

import (
	"strings"

	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
)

// conversions lists the tasks that a query of the older API stands for, in the
// order it works in, with the names of their parameters there, in lower case.
const conversions = `
resize    width=width w=width height=height h=height fit=fit align=align
crop      crop=dim
watermark watermark=file watermark_size=size watermark_position=position
blur      bluramount=amount
sharpen   sharpenamount=amount
rotate    rotate=deg exif=exif
output    format=format quality=quality compress=compress page=page secure=secure
text      text=text
store     storelocation=location storepath=path storecontainer=container storeregion=region storeaccess=access
`

// Convert returns the tasks that a query of the older conversion API stands
// for. What makes no sense is rejected in q.
//
// Filestack documentation: "V1 Image and Document Transformations".
func Convert(q params.Set) []taskurl.Task {
	var tasks []taskurl.Task
	filter := strings.ToLower(q.Text("filter"))
	if filter != "" && filter != "blur" && filter != "sharpen" {
		q.Reject("filter")
	}
	for line := range strings.Lines(strings.TrimSpace(conversions)) {
		fields := strings.Fields(line)
		t := taskurl.Task{Name: fields[0], Params: map[string]taskurl.Value{}}
		for _, pair := range fields[1:] {
			from, to, _ := strings.Cut(pair, "=")
			if text := q.Text(from); text != "" && t.Text(to) == "" {
				t.Params[to] = taskurl.Value{Text: text}
			}
		}
		switch {
		case t.Name == "blur" || t.Name == "sharpen":
			if t.Name != filter {
				continue // its amount alone does nothing
			}
		case len(t.Params) == 0:
			continue
		}
		tasks = append(tasks, t)
	}
	if q.Flag("crop_first") && len(tasks) > 1 && tasks[1].Name == "crop" {
		tasks[0], tasks[1] = tasks[1], tasks[0]
	}
	return tasks
}
