package plan

import (
	"encoding/base64"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/transform"
)

// TestTasks reads tasks in every spelling they have.
func TestTasks(t *testing.T) {
	sizes := `"sizes":{"min":0.35,"max":0.35}`
	for _, tt := range []struct{ path, want string }{
		// Geometry.
		{"resize=width:200.5", `{"op":"resize","width":201}`},
		{"resize=w:0,h:9", `{"op":"resize","height":9}`},
		{"resize=w:10000,h:10000,fit:MAX", `{"op":"resize","width":10000,"height":10000,"fit":"max"}`},
		{"resize=w:9,h:9,fit:crop,align:center", `{"op":"resize","width":9,"height":9,"fit":"cover"}`},
		{"resize=w:9,h:9,fit:crop,align:[bottom,right]", `{"op":"resize","width":9,"height":9,"fit":"cover","align":{"x":1,"y":1}}`},
		{"resize=w:9,h:9,fit:crop,align:[right,bottom]", `{"op":"resize","width":9,"height":9,"fit":"cover","align":{"x":1,"y":1}}`},
		{"resize=w:9,h:9,fit:crop,align:[center,left]", `{"op":"resize","width":9,"height":9,"fit":"cover","align":{"x":-1}}`},
		{"resize=w:9,h:9,fit:crop,align:Faces", `{"op":"resize","width":9,"height":9,"fit":"cover","faces":true}`},
		{"resize=w:9,h:9,align:top", `{"op":"resize","width":9,"height":9}`},
		{"resize=w:9,fit:crop,align:top", `{"op":"resize","width":9}`},
		{"resize=w:9,fit:scale", `{"op":"resize","width":9}`},
		{"resize=w:9,fit:max", `{"op":"resize","width":9,"fit":"max"}`},
		{"resize=w:9,filter:Triangle", `{"op":"resize","width":9,"kernel":"linear"}`},
		{"resize=w:9,filter:lanczos3", `{"op":"resize","width":9}`},
		{"resize=w:9,filter:nearest", `{"op":"resize","width":9,"kernel":"nearest"}`},
		{"resize=w:9,filter:quadric", `{"op":"resize","width":9}`},
		{"crop=d:[0,1,2,3]", `{"op":"crop","x":0,"y":1,"width":2,"height":3}`},
		{"crop=dim:0,1,2,3", `{"op":"crop","x":0,"y":1,"width":2,"height":3}`},
		{"crop=width:2,height:3", `{"op":"crop","x":0,"y":0,"width":2,"height":3}`},
		{"rotate=deg:exif,exif:false", `{"op":"orient"}`},
		{"rotate=exif:false", `{"op":"orient","ignore":true}`},
		{"rotate=exif:true", ``},
		{"rotate=deg:0", ``},
		{"rotate=d:180,e:true,b:red", `{"op":"rotate","degrees":180}`},
		{"rotate=d:1,e:0", `{"op":"orient","ignore":true},{"op":"rotate","degrees":1}`},
		{"rotate=d:359,b:none", `{"op":"rotate","degrees":359,"background":"00000000"}`},
		{"flip/flop", `{"op":"flip"},{"op":"flop"}`},
		{"smart_crop=width:5", `{"op":"smart_crop","width":5}`},
		{"smart_crop=width:5,height:6,mode:fit,fill_color:none", `{"op":"smart_crop","width":5,"height":6,"fill":"00000000"}`},
		{"upscale=u:false", ``},
		{"upscale=u:0,n:high", `{"op":"upscale","only":true,"noise":3}`},
		{"upscale=noise:none,style:artwork", `{"op":"upscale","artwork":true}`},

		// Faces.
		{"detect_faces=n:1,x:2,c:red", `{"op":"mark_faces","sizes":{"min":1,"max":2},"color":"ff0000ff"}`},
		{"detect_faces=export:false", `{"op":"mark_faces",` + sizes + `,"color":"000000ff"}`},
		{"crop_faces", `{"op":"crop_faces","which":[1],"buffer":50,` + sizes + `}`},
		{"crop_faces=m:crop,b:9", `{"op":"crop_faces","mode":"crop","which":[1],` + sizes + `}`},
		{"crop_faces=m:fill,w:1,h:2,f:ALL,b:0,n:0,x:0", `{"op":"crop_faces","mode":"fill","width":1,"height":2}`},
		{"crop_faces=f:[3,1,3]", `{"op":"crop_faces","which":[1,3],"buffer":50,` + sizes + `}`},
		{"pixelate_faces", `{"op":"obscure","amount":10,"soft":4,` + sizes + `}`},
		{"pixelate_faces=f:2,n:3,x:4,b:5,a:6,l:7,t:oval", `{"op":"obscure","amount":6,"soft":7,"oval":true,"which":[2],"buffer":5,"sizes":{"min":3,"max":4}}`},
		{"blur_faces", `{"op":"obscure","blur":true,"amount":10,"soft":4,` + sizes + `}`},
		{"blur_faces=amount:0,blur:0.5", `{"op":"obscure","blur":true,"amount":0,"soft":0.5,` + sizes + `}`},

		// Several images.
		{"watermark=f:h1", `{"op":"overlay","input":1,"size":100} with h1`},
		{"watermark=f:h1,s:0,p:[top,left]", `{"op":"overlay","input":1,"size":1,"position":{"x":-1,"y":-1}} with h1`},
		{"watermark=files:[h1]", `{"op":"overlay","input":1,"size":100} with h1`},
		{"watermark=file:h1/watermark=file:h2/watermark=file:h1", `{"op":"overlay","input":1,"size":100},{"op":"overlay","input":2,"size":100},{"op":"overlay","input":1,"size":100} with h1 h2`},
		{"collage=f:[h1,h1],w:8,h:6,i:crop,m:100,c:red,a:1", `{"op":"collage","inputs":[1,1],"width":8,"height":6,"margin":100,"color":"ff0000ff","cut":true,"orient":true} with h1`},
		{"collage=f:h1,w:8,h:6", `{"op":"collage","inputs":[1],"width":8,"height":6,"margin":10,"color":"ffffffff"} with h1`},

		// Borders and shapes.
		{"rounded_corners", `{"op":"round_corners","radius":10,"soft":0.3}`},
		{"round_corners=r:MAX,l:0,b:transparent", `{"op":"round_corners","background":"00000000"}`},
		{"circle=b:fff", `{"op":"circle","background":"ffffffff"}`},
		{"vignette=a:0,m:linear,b:gray50", `{"op":"vignette","amount":0,"linear":true,"background":"808080ff"}`},
		{"polaroid", `{"op":"polaroid","color":"fffafaff","degrees":45}`},
		{"polaroid=c:white,r:0,b:white", `{"op":"polaroid","color":"ffffffff","background":"ffffffff"}`},
		{"torn_edges", `{"op":"torn_edges","min":1,"max":10}`},
		{"torn_edges=s:[20,5],b:red", `{"op":"torn_edges","min":5,"max":20,"background":"ff0000ff"}`},
		{"shadow", `{"op":"shadow","blur":4,"opacity":60,"x":4,"y":4,"color":"000000ff"}`},
		{"shadow=l:0,o:0,v:[-1000,0],c:blue", `{"op":"shadow","opacity":0,"x":-1000,"color":"0000ffff"}`},
		{"border", `{"op":"border","width":2,"color":"000000ff"}`},
		{"border=w:0,c:123456,b:white", `{"op":"border","width":1,"color":"123456ff","background":"ffffffff"}`},

		// Filters.
		{"sharpen/blur", `{"op":"sharpen","sigma":2},{"op":"blur","sigma":2}`},
		{"sharpen=a:0/blur=a:-0.0", ``},
		{"blur=amount:0.5", `{"op":"blur","sigma":0.5}`},
		{"monochrome/negative/redeye", `{"op":"grey"},{"op":"negate"},{"op":"red_eye"}`},
		{"blackwhite/blackwhite=t:0", `{"op":"threshold","percent":50},{"op":"threshold","percent":0}`},
		{"sepia/sepia=t:0", `{"op":"sepia","tone":80},{"op":"sepia","tone":0}`},
		{"pixelate/pixelate=a:100", `{"op":"pixelate","size":2},{"op":"pixelate","size":100}`},
		{"oil_paint/oil_paint=a:1/oil_paint=a:100", `{"op":"oil_paint","radius":2},{"op":"oil_paint","radius":1},{"op":"oil_paint","radius":10}`},
		{"modulate/modulate=b:100,s:100,h:0", ``},
		{"modulate=h:359", `{"op":"modulate","brightness":100,"saturation":100,"hue":359}`},
		{"partial_pixelate=o:[[0,0,1,1]],a:2,l:0,t:oval", `{"op":"obscure","amount":2,"oval":true,"boxes":[{"x":0,"y":0,"width":1,"height":1}]}`},
		{"partial_blur=o:[[0,0,1,1]],a:20", `{"op":"obscure","blur":true,"amount":20,"soft":4,"boxes":[{"x":0,"y":0,"width":1,"height":1}]}`},
		{"enhance=preset:auto/enhance=preset:Beautify_Plus/enchance", `{"op":"enhance"},{"op":"enhance","preset":"beautify_plus"},{"op":"enhance"}`},
	} {
		want, files, _ := strings.Cut(tt.want, " with ")
		if want = `{"ops":[` + want + `]}`; tt.want == "" {
			want = "{}"
		}
		if files != "" {
			want += " with " + files
		}
		if got := summary(read(t, tt.path)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", tt.path, got, want)
		}
	}
}

// TestEncoding holds how the result is encoded, and what ends a chain.
func TestEncoding(t *testing.T) {
	for _, tt := range []struct{ path, want string }{
		{"output", `{}`},
		{"output=f:JPG", `{"output":{"format":"jpeg"}}`},
		{"output=f:tiff/output=f:bmp/output=f:avif", `{"output":{"format":"avif"}}`},
		{"output=f:png,p:2,d:72.5,c:true,q:1,t:1,o:CMYK,s:true,b:red,a:A4,r:landscape", `{"page":2,"density":72.5,"output":{"format":"png","quality":1,"compress":true,"strip":true,"space":"cmyk","background":"ff0000ff"}}`},
		{"output=colorspace:cmyk/output=colorspace:RGB", `{}`},
		{"output=q:80/resize=w:1/output=f:webp", `{"ops":[{"op":"resize","width":1}],"output":{"format":"webp","quality":80}}`},
		{"output=q:INPUT", `{"output":{"quality":-1}}`},
		{"output=f:pjpg", `{"output":{"format":"jpeg","progressive":true}}`},
		{"pjpg", `{"output":{"format":"jpeg","quality":85,"progressive":true,"strip":true}}`},
		{"pjpg=q:0,m:true", `{"output":{"format":"jpeg","quality":-1,"progressive":true,"metadata":true}}`},
		{"quality=v:70/pjpg=m:true", `{"output":{"format":"jpeg","quality":70,"progressive":true,"metadata":true}}`},
		{"pjpg=m:true/quality=v:70", `{"output":{"format":"jpeg","quality":70,"progressive":true,"metadata":true}}`},
		{"pjpg=m:true/output=f:png", `{"output":{"format":"png","metadata":true}}`},
		{"output=f:png/pjpg=m:true", `{"output":{"format":"jpeg","quality":85,"progressive":true,"metadata":true}}`},
		{"quality=v:70", `{"output":{"quality":70,"smaller":true}}`},
		{"quality=v:70/flip", `{"ops":[{"op":"flip"}],"output":{"quality":70}}`},
		{"quality=v:70/no_metadata", `{"output":{"quality":70,"strip":true}}`},
		{"quality=v:70/output=f:webp", `{"output":{"format":"webp","quality":70}}`},
		{"compress", `{"output":{"quality":-1,"compress":true,"strip":true}}`},
		{"compress=m:true", `{"output":{"quality":-1,"compress":true,"smaller":true,"metadata":true}}`},
		{"compress=m:true/no_metadata", `{"output":{"quality":-1,"compress":true,"strip":true}}`},
		{"compress/flip", `{"ops":[{"op":"flip"}],"output":{"compress":true,"strip":true}}`},
		{"output=c:true", `{"output":{"quality":-1,"compress":true,"smaller":true}}`},
		{"quality=v:70/output=p:2", `{"page":2,"output":{"quality":70}}`},
		{"auto_image/flip", `{"ops":[{"op":"flip"}],"output":{"format":"auto","still":true}}`},
		{"auto_image/output=f:png", `{"output":{"format":"png"}}`},
		{"output=f:png/auto_image", `{"output":{"format":"png"}}`},
		{"output=q:9/auto_image", `{"output":{"format":"auto","still":true,"quality":9}}`},
		{"animate/[h1,h2]", `{"ops":[{"op":"animate","inputs":2,"delay":1000}],"output":{"format":"gif"}}`},
		{"animate=width:MAX,height:1800,fit:crop,align:top,background:red/watermark=file:h1/output=f:webp/[h1,h2]",
			`{"ops":[{"op":"animate","inputs":2,"delay":1000,"width":-1,"height":1800,"fit":"cover","align":{"y":-1},"background":"ff0000ff"},{"op":"overlay","input":2,"size":100}],"output":{"format":"webp"}} with h1`},
		{"animate", `{"ops":[{"op":"animate","inputs":1,"delay":1000}],"output":{"format":"gif"}}`},

		// Info tasks end the chain.
		{"flip/imagesize/compress/store", `{"ops":[{"op":"flip"}],"answer":"size"}`},
		{"output=f:jpg,page:2/imagesize", `{"page":2,"answer":"size"}`},
		{"flip/metadata", `{"ops":[{"op":"flip"}]} metadata`},
		{"detect_faces=e:true,c:red", `{"ops":[{"op":"mark_faces","sizes":{"min":0.35,"max":0.35},"color":"00000000"}],"answer":"faces"}`},
		{"smart_crop=width:5,coords:true", `{"ops":[{"op":"smart_crop","width":5}],"answer":"region"}`},
		{"ascii", `{"answer":"ascii","output":{"ascii":{"background":"ffffffff","foreground":"000000ff","size":100}}}`},
		{"ascii=b:black,f:white,c:true,s:10,r:true", `{"answer":"ascii","output":{"ascii":{"background":"000000ff","foreground":"00000000","colored":true,"size":10,"reverse":true}}}`},

		// What is done elsewhere, or switched off.
		{"cache=expiry:max,x:y/security=p:a,s:b/debug/store=path:a,unknown:b", `{}`},
		{"cache=false", `{}`},
		{"fallback=file:h1,cache:31536000", `{} or else h1 for 31536000 s`},
		{"flip=false", `{}`},
		{"flip=true", `{"ops":[{"op":"flip"}]}`},
		{"zip=false/ocr=false", `{}`},
		{"resize=,width:6,height:", `{"ops":[{"op":"resize","width":6}]}`},
		{"resize=width:6,unknown:", `{"ops":[{"op":"resize","width":6}]}`},
		{"flip@1", `{"ops":[{"op":"flip"}]}`},
	} {
		if got := summary(read(t, tt.path)); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.path, got, tt.want)
		}
	}
	if c, _ := read(t, "content=filename:report.pdf,type:text%2Fhtml"); c.Name != "report.pdf" || !c.Plain() {
		t.Errorf("content: %+v", c)
	}
}

// TestPlain holds when the source is answered as it is.
func TestPlain(t *testing.T) {
	for path, want := range map[string]bool{
		"cache=expiry:1": true, "output": true, "rotate=deg:0": true,
		"flip": false, "auto_image": false, "metadata": false, "imagesize": false, "zip": false, "no_metadata": false,
	} {
		if c, err := read(t, path); err != nil || c.Plain() != want {
			t.Errorf("Plain of %s = %v, %v, want %v", path, c.Plain(), err, want)
		}
	}
}

// TestMissing holds which engines are named that are not built.
func TestMissing(t *testing.T) {
	for path, want := range map[string]string{
		"flip/ocr/zip":                                "ocr",
		"output=format:DOCX":                          "output to docx",
		"output=docinfo:true":                         "output with docinfo",
		"smart_crop=mode:object,object:dog,width:300": "smart_crop with mode object",
		"doc_to_images@1/rotate=deg:exif":             "doc_to_images",
	} {
		c, err := read(t, path)
		if err != nil || c.Missing != want || len(c.Plan.Ops) > 0 {
			t.Errorf("%s: Missing = %q, %v, want %q and no plan", path, c.Missing, err, want)
		}
	}
	if c, err := Read(nil, 0); err == nil {
		t.Errorf("no source: %+v, want an error", c)
	}
}

func TestErrors(t *testing.T) {
	for path, want := range map[string]string{
		// Recorded: Filestack documentation, "Transformation Debug Mode".
		"resize=heigt:3":         "invalid parameter `heigt` for `resize` task",
		"resize=width:3,heigt:3": "invalid parameter `heigt` for `resize` task",

		"resize":                             "missing parameter `width` for `resize` task",
		"resize=w:0":                         "missing parameter `width` for `resize` task",
		"resize=w:10001":                     "invalid parameter `width` for `resize` task",
		"resize=w:-1":                        "invalid parameter `width` for `resize` task",
		"resize=w:ten":                       "invalid parameter `width` for `resize` task",
		"resize=w:NaN":                       "invalid parameter `width` for `resize` task",
		"resize=w:Inf":                       "invalid parameter `width` for `resize` task",
		"resize=w:0x10":                      "invalid parameter `width` for `resize` task",
		"resize=w:1_0":                       "invalid parameter `width` for `resize` task",
		"resize=w:[1]":                       "invalid parameter `width` for `resize` task",
		"resize=w:1,fit:cover":               "invalid parameter `fit` for `resize` task",
		"resize=w:1,align:upper":             "invalid parameter `align` for `resize` task",
		"resize=w:1,align:[top,bottom]":      "invalid parameter `align` for `resize` task",
		"resize=w:1,align:[left,right]":      "invalid parameter `align` for `resize` task",
		"resize=w:1,align:[top,left,center]": "invalid parameter `align` for `resize` task",
		"crop":                               "missing parameter `dim` for `crop` task",
		"crop=x:1,y:2":                       "missing parameter `dim` for `crop` task",
		"crop=width:1":                       "missing parameter `height` for `crop` task",
		"crop=dim:[1,2,3]":                   "invalid parameter `dim` for `crop` task",
		"crop=dim:[1,2,3,0]":                 "invalid parameter `dim` for `crop` task",
		"crop=dim:[1,2,3,100001]":            "invalid parameter `dim` for `crop` task",
		"crop=dim:[[1],2,3,4]":               "invalid parameter `dim` for `crop` task",
		"rotate":                             "missing parameter `deg` for `rotate` task",
		"rotate=b:red":                       "missing parameter `deg` for `rotate` task",
		"rotate=deg:360":                     "invalid parameter `deg` for `rotate` task",
		"rotate=deg:1,exif:maybe":            "invalid parameter `exif` for `rotate` task",
		"rotate=deg:1,background:%23fff":     "invalid parameter `background` for `rotate` task",
		"flip=deg:1":                         "invalid parameter `deg` for `flip` task",
		"smart_crop":                         "missing parameter `width` for `smart_crop` task",
		"smart_crop=width:1,mode:best":       "invalid parameter `mode` for `smart_crop` task",
		"smart_crop=width:1,mode:object":     "missing parameter `object` for `smart_crop` task",
		"upscale=n:some":                     "invalid parameter `noise` for `upscale` task",
		"crop_faces=width:0":                 "invalid parameter `width` for `crop_faces` task",
		"crop_faces=faces:0":                 "invalid parameter `faces` for `crop_faces` task",
		"crop_faces=faces:1001":              "invalid parameter `faces` for `crop_faces` task",
		"crop_faces=faces:[1,x]":             "invalid parameter `faces` for `crop_faces` task",
		"crop_faces=buffer:10001":            "invalid parameter `buffer` for `crop_faces` task",
		"pixelate_faces=amount:1":            "invalid parameter `amount` for `pixelate_faces` task",
		"blur_faces=amount:10.5":             "invalid parameter `amount` for `blur_faces` task",
		"partial_blur":                       "missing parameter `objects` for `partial_blur` task",
		"partial_blur=objects:[1,2,3,4]":     "invalid parameter `objects` for `partial_blur` task",
		"partial_blur=objects:[[1,2,3,0]]":   "invalid parameter `objects` for `partial_blur` task",
		"partial_blur=objects:[" + strings.Repeat("[0,0,1,1],", 50) + "[0,0,1,1]]": "invalid parameter `objects` for `partial_blur` task",
		"watermark":                             "missing parameter `file` for `watermark` task",
		"watermark=file:[h1,h2]":                "invalid parameter `file` for `watermark` task",
		"collage=width:1,height:1":              "missing parameter `files` for `collage` task",
		"collage=files:[h1],width:1":            "missing parameter `height` for `collage` task",
		"collage=files:[h1],width:0,height:1":   "invalid parameter `width` for `collage` task",
		"collage=files:[[h1]],width:1,height:1": "invalid parameter `files` for `collage` task",
		"animate=loop:1001":                     "invalid parameter `loop` for `animate` task",
		"animate=width:1801":                    "invalid parameter `width` for `animate` task",
		"animate=fit:max":                       "invalid parameter `fit` for `animate` task",
		"torn_edges=spread:[1]":                 "invalid parameter `spread` for `torn_edges` task",
		"shadow=vector:[1,1001]":                "invalid parameter `vector` for `shadow` task",
		"shadow=blur:20.1":                      "invalid parameter `blur` for `shadow` task",
		"rounded_corners=radius:0":              "invalid parameter `radius` for `rounded_corners` task",
		"oil_paint=amount:101":                  "invalid parameter `amount` for `oil_paint` task",
		"enhance=preset:best":                   "invalid parameter `preset` for `enhance` task",
		"ascii=size:9":                          "invalid parameter `size` for `ascii` task",
		"ascii=colored:yes":                     "invalid parameter `colored` for `ascii` task",
		"output=format:psd":                     "invalid parameter `format` for `output` task",
		"output=format:[png]":                   "invalid parameter `format` for `output` task",
		"output=page:0":                         "invalid parameter `page` for `output` task",
		"output=quality:0":                      "invalid parameter `quality` for `output` task",
		"output=colorspace:lab":                 "invalid parameter `colorspace` for `output` task",
		"output=pageformat:a9":                  "invalid parameter `pageformat` for `output` task",
		"quality":                               "missing parameter `value` for `quality` task",
		"quality=value:0":                       "invalid parameter `value` for `quality` task",
		"pjpg=quality:101":                      "invalid parameter `quality` for `pjpg` task",
		"fallback":                              "missing parameter `handle` for `fallback` task",
		"fallback=handle:h,cache:0":             "invalid parameter `cache` for `fallback` task",
	} {
		_, err := read(t, path)
		var arg *Error
		if !errors.As(err, &arg) || err.Error() != want || !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	const several = "several images need an `animate` task; a `collage` of one image names the others in `files`"
	for path, want := range map[string]struct {
		text string
		kind fault.Kind
	}{
		"imagesize/flip":           {"`flip` cannot follow `imagesize`", fault.Invalid},
		"metadata/imagesize":       {"`imagesize` cannot follow `metadata`", fault.Invalid},
		"ascii/resize=w:1":         {"`resize` cannot follow `ascii`", fault.Invalid},
		"detect_faces=e:true/flip": {"`flip` cannot follow `detect_faces`", fault.Invalid},
		"flip/animate/[h1,h2]":     {"`animate` must come before other image tasks", fault.Invalid},
		"flip/[h1,h2]":             {several, fault.Invalid},
		"[h1,h2]":                  {several, fault.Invalid},
		"flip@2":                   {"`flip` has one result", fault.Invalid},
		strings.TrimSuffix(strings.Repeat("flip/", transform.MaxSteps+1), "/"):                    {"31 steps, more than 30", fault.TooLarge},
		"animate/[h1" + strings.Repeat(",h2", transform.MaxInputs) + "]":                          {"21 images, more than 20", fault.TooLarge},
		"animate/watermark=file:x/[h1" + strings.Repeat(",h2", transform.MaxInputs-1) + "]":       {"21 images, more than 20", fault.TooLarge},
		"collage=files:[h1" + strings.Repeat(",h1", transform.MaxInputs-1) + "],width:1,height:1": {"collage: too many inputs", fault.Invalid},
	} {
		_, err := read(t, path)
		var refusal *transform.Refusal
		if !errors.As(err, &refusal) || refusal.Why != want.text || fault.Of(err) != want.kind {
			t.Errorf("%s: %v, want %s", path, err, want.text)
		}
	}
}

// TestDialects holds that what different clients write for the same thing comes
// to the same plan.
func TestDialects(t *testing.T) {
	list := func(json string) string { return "b64/" + base64.URLEncoding.EncodeToString([]byte(json)) }
	for _, same := range [][]string{
		{"resize=width:200,height:100,fit:crop,align:[top,left]", "resize=a:[top,left],f:crop,h:100,w:200", "resize=align:%5B%22top%22%2C%22left%22%5D,fit:Crop,height:100,width:200",
			list(`[{"name":"resize","params":{"width":200,"height":100,"fit":"crop","align":["top","left"]}}]`)},
		{"crop=dim:[10,20,30,40]", "crop=d:%5B10%2C20%2C30%2C40%5D", "crop=height:40,width:30,x:10,y:20", list(`[{"Name":"crop","Params":{"dim":[10,20,30,40]}}]`)},
		{"security=p:P,s:S/resize=width:10/sepia", "cache=expiry:max/resize=w:10,h:0/sepia=t:80/security=policy:P,signature:S", "debug/resize=width:10.2%2Fsepia=tone:80", "resize=w:10,f:clip,a:center/sepia=tone:80.0"},
		{"rotate=deg:45,background:red", "rotate=b:FF0000FF,d:45", "rotate=deg:45,background:f00", "rotate=background:ff0000,deg:045", list(`[{"name":"rotate","params":{"deg":45,"background":"Red"}}]`)},
		{"output=format:webp/resize=width:10", "resize=w:10/output=f:webp", "output=format:jpg/resize=width:10/output=format:webp"},
		{"output=format:jpg,quality:80/flip", "flip/output=q:80,f:jpeg", "quality=value:80/flip/output=format:jpg"},
		{"smart_crop=mode:face,width:5,height:5,fill_color:fff", list(`[{"name":"smartCrop","params":{"mode":"face","width":5,"height":5,"fillColor":"white"}}]`)},
		{"crop_faces=buffer:50,faces:1,maxsize:0.35,minsize:0.35,mode:thumb", "crop_faces", "crop_faces=f:[1],m:Thumb"},
		{"pixelate_faces=faces:all", "pixelate_faces", "pixelate_faces=f:all,a:10.0,l:4,t:RECT"},
		{"rounded_corners=radius:max", "round_corners=r:max,l:0.30"},
		{"vignette=background:gray,amount:20", "vignette=b:808080", "vignette=b:Grey,m:gaussian"},
		{"shadow=vector:[4,4],background:none", "shadow=b:transparent", "shadow=background:FF000000"},
		{"compress=metadata:false/flip", "flip/compress", list(`[{"name":"flip","params":true},{"name":"compress","params":{}}]`), list(`[{"name":"flip","params":null},{"name":"blur","params":false},{"name":"compress"}]`)},
		{"collage=files:[\"h1\",\"https://example.com/a.jpg\"],width:8,height:6", "collage=f:%5B%22h1%22%2C%22https%3A%5C%2F%5C%2Fexample.com%5C%2Fa.jpg%22%5D,w:8,h:6,c:white,i:auto,m:10,a:false"},
	} {
		want := summary(read(t, same[0]))
		for _, path := range same[1:] {
			if got := summary(read(t, path)); got != want {
				t.Errorf("%s\n is %s, but %s\n is %s", path, got, same[0], want)
			}
		}
	}
}

func TestParseColor(t *testing.T) {
	for text, want := range map[string]transform.Color{
		"fff": transform.White, "FFFFFF": transform.White, "ffffffff": transform.White, "White": transform.White, "gray100": transform.White,
		"12345678": {R: 0x12, G: 0x34, B: 0x56, A: 0x78}, "f80": {R: 255, G: 136, A: 255}, "black": transform.Black, "grey0": transform.Black,
		"none": {}, "transparent": {}, "fractal": {}, "ff000000": {}, "gray": {R: 128, G: 128, B: 128, A: 255}, "DarkSlateGrey": {R: 0x2f, G: 0x4f, B: 0x4f, A: 255},
		"aliceblue": {R: 0xf0, G: 0xf8, B: 0xff, A: 255}, "yellowgreen": {R: 0x9a, G: 0xcd, B: 0x32, A: 255}, "gray1": {R: 3, G: 3, B: 3, A: 255},
	} {
		if got, ok := parseColor(text); !ok || got != want {
			t.Errorf("parseColor(%q) = %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "f", "ff", "ffff", "fffff", "#fff", "ggg", "fffffff", "123456789", "gray101", "gray-1", "gray1.5", "gray256", "bluish", "é1"} {
		if got, ok := parseColor(text); ok {
			t.Errorf("parseColor(%q) = %v, want none", text, got)
		}
	}
	if n := len(colorNames); n != 141 { // the 148 of CSS but for the 7 with grey
		t.Errorf("%d names of colours", n)
	}
	for name, digits := range colorNames {
		if c, ok := parseColor(digits); !ok || c.A != 255 || len(digits) != 6 {
			t.Errorf("colour %s is %q", name, digits)
		}
	}
}

// TestReaders holds that each is for a task that the parser knows.
func TestReaders(t *testing.T) {
	for name := range readers {
		if !taskurl.Known(name) {
			t.Errorf("%s is no task", name)
		}
	}
}

// FuzzRead holds that what is read is a plan that can be run, written and
// understood again, or an error that says why.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"resize=w:200,h:100,f:crop,a:faces/quality=v:80", "crop=d:[1,2,3,4]/rotate=d:45,b:red", "animate=width:max/[h1,h2]", "partial_blur=o:[[0,0,1,1]]",
		"watermark=f:h1/collage=f:[h2],w:1,h:1", "ascii/flip", "output=f:png,p:2/pjpg/auto_image/no_metadata/compress", "crop_faces=f:[3,1]/detect_faces=e:1",
		"shadow=v:[-0,1e2]/blur=a:-0", "smart_crop=width:1e-3,mode:object,object:x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		parsed, err := taskurl.Parse("/K/" + path + "/" + handle)
		if err != nil {
			return
		}
		c, err := Read(parsed.Tasks, len(parsed.Sources))
		if err != nil {
			var arg *Error
			var refusal *transform.Refusal
			if !errors.As(err, &arg) && !errors.As(err, &refusal) {
				t.Fatalf("Read(%q): %v", path, err)
			}
			return
		}
		if c.Missing != "" {
			return
		}
		again, err := transform.Parse(c.Plan.Canonical())
		if err != nil || !reflect.DeepEqual(again, c.Plan) {
			t.Errorf("Read(%q): plan %+v comes back as %+v, %v", path, c.Plan, again, err)
		}
		if n := c.Plan.Inputs(); n > len(parsed.Sources)+len(c.Files) || slices.Contains(c.Files, "") {
			t.Errorf("Read(%q) needs %d inputs and has %d and %q", path, n, len(parsed.Sources), c.Files)
		}
	})
}
