package chain

import (
	"fmt"

	"github.com/stowgate/stowgate/internal/transform"
)

// A form is how an operation is written, and what it asks for.
type form struct {
	takes  string // its parameters, in words
	least  int    // how many there are at least
	most   int    // and at most
	stacks bool   // each of several counts, and not only the last
	ends   bool   // it must be the last
	read   func(r *reader, p []string) bool
}

// Words about parameters that several operations have.
const (
	nothing    = "no parameter"
	framed     = "a size in pixels like 320x240"
	boxed      = "a size like 320x240 or 50px50p"
	alignments = "center, top, right, bottom, left or an offset like 10,20 or 10p,90p"
	coloured   = "a colour like 9f9, 99ff99 or 99ff9980"
	yesOrNo    = "yes or no"
)

func from(low, high int) string { return fmt.Sprintf("a whole number from %d to %d", low, high) }

func perhaps(low, high int) string { return from(low, high) + ", or nothing" }

// forms are all operations. Uploadcare documentation: "List of on-the-fly CDN
// operations", and the pages it leads to.
var forms = map[string]form{
	"preview":       {takes: framed + ", or nothing", most: 1, read: readPreview},
	"resize":        {takes: framed + ", 320x or x240", least: 1, most: 1, stacks: true, read: readResize},
	"smart_resize":  {takes: framed, least: 1, most: 1, read: readSmartResize},
	"scale_crop":    {takes: framed + ", then perhaps smart or another way to find what to keep, then perhaps " + alignments, least: 1, most: 3, stacks: true, read: readScaleCrop},
	"stretch":       {takes: "on, off or fill", least: 1, most: 1, stacks: true, read: readStretch},
	"crop":          {takes: boxed + ", a ratio like 4:3, or face or image with one of these or nothing, a size being in percent then; then perhaps " + alignments, least: 1, most: 3, stacks: true, read: readCrop},
	"trim":          {takes: "perhaps a tolerance, " + from(0, 100) + ", then perhaps the padding that stays, like 5 or 5p", most: 2, read: readTrim},
	"border_radius": {takes: "one to four radii like 10 or 50p with commas between them, then perhaps as many vertical ones", least: 1, most: 2, read: readBorderRadius},
	"setfill":       {takes: coloured, least: 1, most: 1, read: readSetFill},
	"zoom_objects":  {takes: from(1, 100), least: 1, most: 1, read: readZoom},
	"autorotate":    {takes: yesOrNo, least: 1, most: 1, read: readAutorotate},
	"rotate":        {takes: "a multiple of 90 degrees", least: 1, most: 1, read: readRotate},
	"flip":          {takes: nothing, read: readFlip},
	"mirror":        {takes: nothing, read: readMirror},

	"brightness":  {takes: from(-100, 100), least: 1, most: 1, read: tone(-100, 100, 0, func(op *transform.Adjust, n int) { op.Brightness = n })},
	"exposure":    {takes: from(-500, 500), least: 1, most: 1, read: tone(-500, 500, 0, func(op *transform.Adjust, n int) { op.Exposure = n })},
	"gamma":       {takes: from(0, 1000), least: 1, most: 1, read: tone(0, 1000, 100, func(op *transform.Adjust, n int) { op.Gamma = max(n, 1) })},
	"contrast":    {takes: from(-100, 500), least: 1, most: 1, read: tone(-100, 500, 0, func(op *transform.Adjust, n int) { op.Contrast = n })},
	"saturation":  {takes: from(-100, 500), least: 1, most: 1, read: tone(-100, 500, 0, func(op *transform.Adjust, n int) { op.Saturation = n })},
	"vibrance":    {takes: from(-100, 500), least: 1, most: 1, read: tone(-100, 500, 0, func(op *transform.Adjust, n int) { op.Vibrance = n })},
	"warmth":      {takes: from(-100, 100), least: 1, most: 1, read: tone(-100, 100, 0, func(op *transform.Adjust, n int) { op.Warmth = n })},
	"enhance":     {takes: perhaps(0, 100), most: 1, read: readEnhance},
	"grayscale":   {takes: nothing, read: readGrayscale},
	"invert":      {takes: nothing, read: readInvert},
	"filter":      {takes: "the name of a filter, then perhaps " + from(-100, 200), least: 1, most: 2, read: readFilter},
	"blur":        {takes: "perhaps " + from(0, maxBlur) + ", then perhaps an amount, " + from(-200, 100), most: 2, read: readBlur},
	"blur_region": {takes: "faces, or " + boxed + " and an offset like 10,20, then perhaps " + from(0, maxBlur), least: 1, most: 3, stacks: true, read: readBlurRegion},
	"sharp":       {takes: perhaps(0, maxSharp), most: 1, read: readSharp},

	"overlay":    {takes: "the UUID of a file or self, then perhaps " + boxed + ", then perhaps " + alignments + ", then perhaps an opacity like 40p", least: 1, most: 4, stacks: true, read: readOverlay},
	"rect":       {takes: coloured + ", " + boxed + ", then perhaps " + alignments, least: 2, most: 3, stacks: true, read: readRect},
	"text":       {takes: boxed + ", " + alignments + ", and the text", least: 3, most: 3, stacks: true, read: readText},
	"font":       {takes: "a size in pixels, " + coloured + ", regular or bold, normal or italic, and a family like NotoSerif, or some of these", least: 1, most: 5, stacks: true, read: readFont},
	"text_align": {takes: "left, center or right, then perhaps top, center or bottom", least: 1, most: 2, stacks: true, read: readTextAlign},
	"text_box":   {takes: "none, fit, line or fill, then perhaps " + coloured + ", then perhaps " + from(0, maxPadding), least: 1, most: 3, stacks: true, read: readTextBox},

	"format":       {takes: "jpeg, png, webp, auto or preserve", least: 1, most: 1, read: readFormat},
	"quality":      {takes: "lightest, lighter, normal, better, best, smart or smart_retina", least: 1, most: 1, read: readQuality},
	"progressive":  {takes: yesOrNo, least: 1, most: 1, read: readProgressive},
	"strip_meta":   {takes: "all, none or sensitive", least: 1, most: 1, read: readStripMeta},
	"srgb":         {takes: "fast, icc or keep_profile", least: 1, most: 1, read: readSRGB},
	"max_icc_size": {takes: from(0, maxICC), least: 1, most: 1, read: readMaxICC},
	"inline":       {takes: yesOrNo, least: 1, most: 1, read: readInline},
	"rasterize":    {takes: nothing, read: readRasterize},
	"json":         {takes: nothing, ends: true, read: readJSON},
	"jsonp":        {takes: nothing, ends: true, read: readJSONP},
	"main_colors":  {takes: perhaps(1, transform.MaxColors), most: 1, ends: true, read: readMainColors},
}
