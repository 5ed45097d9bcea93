package taskurl

import "strings"

// synonyms lists every task with the short names of its parameters, as
// "short=long". Sources: Filestack documentation, "Processing API", and the
// pages of the single tasks; filestack-php's TransformationMixin, which writes
// short names; filestack-go, -python and -swift for the synonyms.
const synonyms = `
animate
ascii            b=background f=foreground c=colored s=size r=reverse
auto_image
blackwhite       t=threshold
blur             a=amount
blur_faces       f=faces n=minsize x=maxsize b=buffer a=amount l=blur t=type
border           w=width c=color b=background
cache            e=expiry f=false
caption
circle           b=background
collage          f=files w=width h=height m=margin c=color i=fit a=autorotate
compress         m=metadata
content
copyright
crop             d=dim
crop_faces       m=mode w=width h=height f=faces b=buffer n=minsize x=maxsize
debug
detect_faces     n=minsize x=maxsize c=color e=export
doc_detection
doc_to_images
docinfo
enhance
fallback         file=handle
flip
flop
imagesize
image_sentiment
metadata
minify_css
minify_js
modulate         b=brightness s=saturation h=hue
monochrome
negative
no_metadata
ocr
oil_paint        a=amount
output           f=format p=page d=density c=compress q=quality t=strip o=colorspace s=secure i=docinfo b=background a=pageformat r=pageorientation
partial_blur     o=objects a=amount l=blur t=type
partial_pixelate o=objects a=amount l=blur t=type
pdfconvert
pdfcreate
pdfinfo
pixelate         a=amount
pixelate_faces   f=faces n=minsize x=maxsize b=buffer a=amount l=blur t=type
pjpg             q=quality m=metadata
polaroid         c=color r=rotate b=background
preview
qr
quality          v=value
redeye
resize           w=width h=height f=fit a=align
rotate           d=deg e=exif b=background
rounded_corners  r=radius l=blur b=background
run_workflow
security         p=policy s=signature
sepia            t=tone
sfw
shadow           l=blur o=opacity v=vector c=color b=background
sharpen          a=amount
slide
smart_crop
store            f=filename l=location p=path c=container r=region a=access b=base64decode base64=base64decode w=workflows
tags
text_sentiment
torn_edges       s=spread b=background
upscale          u=upscale n=noise s=style
urlscreenshot    a=agent m=mode w=width h=height d=delay
video_convert    p=preset audio_samplerate=audio_sample_rate
video_playlist   p=preset audio_samplerate=audio_sample_rate
video_status
vignette         a=amount m=blurmode b=background
watermark        f=file s=size p=position files=file
workflow_status
zip
`

// names maps each task to the long names of its parameters by their short ones.
var names = readNames()

func readNames() map[string]map[string]string {
	tasks := map[string]map[string]string{}
	for line := range strings.Lines(strings.TrimSpace(synonyms)) {
		fields := strings.Fields(line)
		tasks[fields[0]] = map[string]string{}
		for _, pair := range fields[1:] {
			short, long, _ := strings.Cut(pair, "=")
			tasks[fields[0]][short] = long
		}
	}
	return tasks
}
