package effect

import (
	"fmt"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// A grade is the colours of a look, in percent. What is 0 changes nothing.
type grade struct {
	saturation int // more than there is; −100 leaves grey
	contrast   int // more than there is
	bright     int // of the middle tones
	fade       int // how far black is lifted
	warmth     int // blue to yellow
	tint       int // green to magenta
	shade      rgb // what is added to dark tones
	light      rgb // and to bright ones
}

type rgb struct{ r, g, b int }

// grades are those of the looks by name. They are our own: other services that
// use these names have not told what is behind them.
var grades = map[string]grade{
	"adaris":     {saturation: 15, contrast: 12, warmth: 10},
	"briaril":    {saturation: -15, fade: 8, warmth: 12, light: rgb{4, 2, -4}},
	"calarel":    {saturation: 25, contrast: 8, bright: 6},
	"carris":     {saturation: -30, contrast: 18, warmth: -12},
	"cynarel":    {saturation: -10, contrast: 10, warmth: -20, shade: rgb{-4, 2, 8}},
	"cyren":      {saturation: 10, contrast: 5, warmth: -15, tint: -6},
	"elmet":      {saturation: -100, contrast: 20},
	"elonni":     {saturation: 8, bright: 10, fade: 5, warmth: 6},
	"enzana":     {saturation: 20, contrast: 10, warmth: 22, shade: rgb{4, 0, -6}},
	"erydark":    {saturation: -20, contrast: 22, bright: -14, warmth: -6},
	"fenralan":   {saturation: -12, contrast: 6, tint: -14, shade: rgb{0, 6, 2}},
	"ferand":     {saturation: 12, contrast: 15, bright: -5, warmth: 14},
	"galen":      {saturation: -100, contrast: 8, fade: 10},
	"gavin":      {saturation: 5, contrast: 18, warmth: -8, light: rgb{0, 2, 6}},
	"gethriel":   {saturation: -25, bright: 8, fade: 12, warmth: -6},
	"iorill":     {saturation: 30, contrast: 14, tint: 5},
	"iothari":    {saturation: -40, contrast: 12, warmth: 18, shade: rgb{8, 3, -6}},
	"iselva":     {saturation: 10, bright: 5, warmth: -10, tint: 10},
	"jadis":      {saturation: -45, contrast: 15, warmth: -25, shade: rgb{-6, 0, 10}},
	"lavra":      {saturation: -8, fade: 10, tint: 14, light: rgb{6, 0, 6}},
	"misiara":    {saturation: 6, bright: 12, warmth: 15, light: rgb{6, 3, 0}},
	"namala":     {saturation: 18, contrast: 6, fade: 6, shade: rgb{0, 4, 8}},
	"nerion":     {saturation: -100, contrast: 35, bright: -4},
	"nethari":    {saturation: -20, contrast: 16, fade: 4, shade: rgb{-4, 4, 4}, light: rgb{6, 2, -6}},
	"pamaya":     {saturation: 14, fade: 8, warmth: 20, tint: 6},
	"sarnar":     {saturation: -55, contrast: 20, warmth: 25},
	"sedis":      {saturation: -10, contrast: -8, fade: 14},
	"sewen":      {saturation: 22, contrast: 20, bright: 4, warmth: -6},
	"sorahel":    {saturation: 4, contrast: 8, shade: rgb{8, 0, 10}, light: rgb{4, 4, -4}},
	"sorlen":     {saturation: -18, contrast: 4, warmth: -18, fade: 6},
	"tarian":     {saturation: 35, contrast: 10, warmth: 8},
	"thellassan": {saturation: 8, contrast: 12, warmth: -24, shade: rgb{-6, 4, 10}},
	"varriel":    {saturation: -35, contrast: 25, bright: 3},
	"varven":     {saturation: -6, contrast: 10, bright: -8, warmth: 10, shade: rgb{6, 2, 0}},
	"vevera":     {saturation: 16, bright: 8, tint: 8, light: rgb{8, 2, 4}},
	"virkas":     {saturation: -28, contrast: 14, tint: -10, shade: rgb{0, 8, 0}},
	"yedis":      {saturation: 10, contrast: 4, warmth: 28, fade: 4},
	"yllara":     {saturation: -14, bright: 14, fade: 6, light: rgb{4, 0, 8}},
	"zatvel":     {saturation: 28, contrast: 24, bright: -8},
	"zevcen":     {saturation: -100, contrast: 14, warmth: 30, fade: 6},
}

// Look gives im the colours of a look, or so many percent of the way there.
func Look(s *vips.Scope, im *vips.Image, op transform.Look) (*vips.Image, error) {
	g, ok := grades[op.Name]
	if !ok {
		return nil, fmt.Errorf("look %q: %w", op.Name, fault.Invalid)
	}
	if op.Amount == 0 {
		return im, nil
	}
	c := steps{chain.New(s, im)}
	im = c.RGB(im)
	return c.done(c.onColour(im, func(colour *vips.Image) *vips.Image {
		if op.Amount != 100 {
			colour = c.cached(colour)
		}
		graded := colour
		if g.saturation != 0 {
			graded = c.recomb(graded, saturationMatrix(1+float64(g.saturation)/100))
		}
		return c.mixed(colour, c.curves(graded, g.curve), op.Amount)
	}))
}

// curve is what g does to a channel, apart from the saturation.
func (g grade) curve(band int, v float64) float64 {
	part := func(percent int) float64 { return float64(percent) / 100 }
	v = bent(2 * part(g.contrast))(v)
	v += part(g.bright) * 4 * v * (1 - v)
	v = warmed(part(g.warmth))(band, v)
	if band == 1 {
		v *= 1 - warmest*part(g.tint)
	}
	shade := [3]int{g.shade.r, g.shade.g, g.shade.b}
	light := [3]int{g.light.r, g.light.g, g.light.b}
	v += part(shade[band])*(1-v) + part(light[band])*v
	return part(g.fade) + v*(1-part(g.fade))
}
