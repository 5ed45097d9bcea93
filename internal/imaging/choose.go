package imaging

import (
	"cmp"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/codec"
	"github.com/stowgate/stowgate/internal/imaging/survey"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// format returns the format to write, as far as it does not depend on the
// pixels.
func (j *job) format(alpha bool, frames int) transform.Format {
	if f := j.plan.Output.Format; f == transform.Same {
		return sameOrFitting(j.inputs[0].Type)
	} else if f != transform.Keep && !(j.plan.Output.Still && frames > 1) {
		return f
	}
	f := j.inputs[0].decoder.format
	switch {
	case frames > 1 && !encoders[f].frames:
		return transform.GIF
	case alpha && !encoders[f].alpha:
		return transform.PNG
	}
	return f
}

// sameOrFitting returns what Same means for an input of a type.
func sameOrFitting(mediaType string) transform.Format {
	switch mediaType {
	case "image/jpeg":
		return transform.JPEG
	case "image/png", "image/apng":
		return transform.PNG
	}
	return transform.Fitting
}

// largeAVIF is how many pixels an AVIF may have that may be another format.
const largeAVIF = 2_000_000

// chosen returns the format to write the image in.
func (j *job) chosen() (transform.Format, error) {
	f := j.format(j.Image.HasAlpha(), j.Image.Pages())
	if large := j.plan.Output.Large; f == transform.AVIF && large != transform.Keep && j.Image.Width()*j.Image.PageHeight() > largeAVIF {
		f = large
	}
	if f == transform.Fitting {
		return j.fitting()
	}
	return f, nil
}

// sampleSide is about how large the sample is that is looked at for colours.
const sampleSide = 256

// fitting returns what Fitting means for the image.
func (j *job) fitting() (transform.Format, error) {
	if err := j.Manage(); err != nil {
		return "", err
	}
	if err := j.Compute(); err != nil {
		return "", err
	}
	c := chain.New(&j.scope, j.Image)
	if im := j.Image; im.HasAlpha() {
		least := 255.0
		c.Call("min", c.Bands(im, im.Bands()-1, 1), vips.Args{"out": &least})
		if c.Err() != nil || least < 255 {
			return transform.PNG, c.Err()
		}
	}
	across, down := max(1, j.Image.Width()/sampleSide), max(1, j.Image.PageHeight()/sampleSide)
	sample := c.Call("subsample", nil, vips.Args{"input": j.Image, "xfac": across, "yfac": down})
	if survey.Drawn(c.Pixels(sample), sample.Bands()) {
		return transform.PNG, c.Err()
	}
	return transform.JPEG, c.Err()
}

// levels are the qualities of the levels, by the measure of each format.
var levels = map[transform.Format]map[transform.Level]int{
	transform.JPEG: {transform.Lightest: 45, transform.Lighter: 62, transform.Normal: 76, transform.Better: 85, transform.Best: 93},
	transform.WebP: {transform.Lightest: 40, transform.Lighter: 58, transform.Normal: 74, transform.Better: 84, transform.Best: 92},
	transform.AVIF: {transform.Lightest: 32, transform.Lighter: 43, transform.Normal: 54, transform.Better: 63, transform.Best: 74},
}

// quality returns the quality to write a format with, whose usual one is given.
func (j *job) quality(f transform.Format, usual int) int {
	out := j.plan.Output
	if out.Level != transform.Usual {
		return levels[f][out.Level]
	}
	if out.Quality != transform.InputQuality {
		return cmp.Or(out.Quality, usual)
	}
	return cmp.Or(codec.Quality(j.inputs[0].File), usual)
}
