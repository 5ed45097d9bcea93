package plan

import (
	"testing"

	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
)

func TestConvert(t *testing.T) {
	for _, tt := range []struct{ query, want string }{
		{"", `{}`},
		{"dl=true&key=K&policy=P&signature=S", `{}`},
		{"w=200&h=100&fit=crop&align=top", `{"ops":[{"op":"resize","width":200,"height":100,"fit":"cover","align":{"y":-1}}]}`},
		{"width=200&w=300", `{"ops":[{"op":"resize","width":200}]}`},
		{"crop=1,2,3,4&w=9", `{"ops":[{"op":"resize","width":9},{"op":"crop","x":1,"y":2,"width":3,"height":4}]}`},
		{"crop=1,2,3,4&w=9&crop_first=true", `{"ops":[{"op":"crop","x":1,"y":2,"width":3,"height":4},{"op":"resize","width":9}]}`},
		{"crop=1,2,3,4&crop_first=true&rotate=exif", `{"ops":[{"op":"crop","x":1,"y":2,"width":3,"height":4},{"op":"orient"}]}`},
		{"watermark=https%3A%2F%2Fexample.com%2Fa%2Cb.png&watermark_size=30&watermark_position=top,right",
			`{"ops":[{"op":"overlay","input":1,"size":30,"position":{"x":1,"y":-1}}]} with https://example.com/a,b.png`},
		{"filter=blur&blurAmount=3&sharpenAmount=4", `{"ops":[{"op":"blur","sigma":3}]}`},
		{"filter=Sharpen", `{"ops":[{"op":"sharpen","sigma":2}]}`},
		{"blurAmount=3", `{}`},
		{"rotate=90&format=png&quality=80&compress=true&page=2&secure=true&exif=false",
			`{"page":2,"ops":[{"op":"orient","ignore":true},{"op":"rotate","degrees":90}],"output":{"format":"png","quality":80,"compress":true}}`},
		{"w=5&storeLocation=S3&storePath=a/b", `{"ops":[{"op":"resize","width":5}]}`},
		{"text=hello&text_size=5", `missing: text`},
		{"format=docx", `missing: output to docx`},
		{"w=0", "error: missing parameter `width` for `resize` task"},
		{"crop=1,2,3", "error: invalid parameter `dim` for `crop` task"},
		{"watermark_size=5", "error: missing parameter `file` for `watermark` task"},
		{"filter=zip", "error: invalid params: filter"},
		{"w=1&w=2", "error: invalid params: w"},
	} {
		q := params.ParseQuery(tt.query)
		tasks := Convert(q)
		c, err := Read(tasks, 1)
		if q.Err() != nil {
			err = q.Err()
		}
		if got := summary(c, err); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.query, got, tt.want)
		}
	}
	tasks := Convert(params.ParseQuery("storeLocation=S3&storePath=a/b&storeContainer=c&storeRegion=r&storeAccess=public"))
	if len(tasks) != 1 || tasks[0].Name != "store" || tasks[0].Text("path") != "a/b" || len(tasks[0].Params) != 5 {
		t.Errorf("tasks that store = %v", tasks)
	}
}
