package survey

import (
	"fmt"
	"math"
	"slices"
)

// The hash is of the eight lowest frequencies each way of a picture of hashSide
// pixels each way.
const (
	hashSide  = 32
	hashWaves = 8
)

// Hash returns 64 bits as 16 hexadecimal digits, of which a picture that looks
// alike has nearly all: which of its lowest frequencies are above their median.
// It takes grey pixels of hashSide by hashSide.
// Source: https://www.phash.org/docs/design.html
func Hash(grey []byte) string {
	waves := make([]float64, 0, hashWaves*hashWaves)
	for v := range hashWaves {
		for u := range hashWaves {
			waves = append(waves, wave(grey, hashSide, hashSide, u, v))
		}
	}
	sorted := slices.Sorted(slices.Values(waves))
	median := (sorted[len(sorted)/2-1] + sorted[len(sorted)/2]) / 2
	var bits uint64
	for _, w := range waves {
		bits <<= 1
		if w > median {
			bits |= 1
		}
	}
	return fmt.Sprintf("%016x", bits)
}

// wave returns how strong a frequency of the discrete cosine transform is in
// pixels of one band.
func wave(pixels []byte, width, height, u, v int) float64 {
	sum := 0.0
	for y := range height {
		row := 0.0
		for x := range width {
			row += float64(pixels[y*width+x]) * math.Cos(math.Pi*(float64(x)+0.5)*float64(u)/float64(width))
		}
		sum += row * math.Cos(math.Pi*(float64(y)+0.5)*float64(v)/float64(height))
	}
	return sum
}

// digits are those of a number of base 83.
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"

// Blurhash returns a blurred miniature as text, for pixels of red, green and
// blue.
// Source: https://github.com/woltapp/blurhash/blob/master/Algorithm.md
func Blurhash(pixels []byte, width, height int) string {
	across, down := 4, 3
	if height > width {
		across, down = 3, 4
	}
	linear := make([]float64, len(pixels))
	for i, v := range pixels {
		linear[i] = toLinear(v)
	}
	var factors [][3]float64
	most := 0.0
	for v := range down {
		for u := range across {
			f := component(linear, width, height, u, v)
			if u+v > 0 {
				most = max(most, math.Abs(f[0]), math.Abs(f[1]), math.Abs(f[2]))
			}
			factors = append(factors, f)
		}
	}
	scale := min(max(int(math.Floor(most*166-0.5)), 0), 82)
	most = float64(scale+1) / 166
	text := base83(across-1+9*(down-1), 1) + base83(scale, 1)
	mean := factors[0]
	text += base83(fromLinear(mean[0])<<16|fromLinear(mean[1])<<8|fromLinear(mean[2]), 4)
	for _, f := range factors[1:] {
		n := 0
		for _, v := range f {
			root := math.Copysign(math.Sqrt(math.Abs(v/most)), v)
			n = 19*n + min(max(int(math.Floor(root*9+9.5)), 0), 18)
		}
		text += base83(n, 2)
	}
	return text
}

// component returns a factor of the cosine transform of pixels in linear light.
func component(linear []float64, width, height, u, v int) (f [3]float64) {
	for y := range height {
		wy := math.Cos(math.Pi * float64(v) * float64(y) / float64(height))
		for x := range width {
			w := wy * math.Cos(math.Pi*float64(u)*float64(x)/float64(width))
			for i := range f {
				f[i] += w * linear[3*(y*width+x)+i]
			}
		}
	}
	normal := 2.0
	if u+v == 0 {
		normal = 1
	}
	for i := range f {
		f[i] *= normal / float64(width*height)
	}
	return f
}

// toLinear and fromLinear convert between sRGB and linear light.
// Source: https://www.w3.org/Graphics/Color/sRGB
func toLinear(v byte) float64 {
	f := float64(v) / 255
	if f <= 0.04045 {
		return f / 12.92
	}
	return math.Pow((f+0.055)/1.055, 2.4)
}

func fromLinear(f float64) int {
	f = min(max(f, 0), 1)
	if f <= 0.0031308 {
		return int(f*12.92*255 + 0.5)
	}
	return int((1.055*math.Pow(f, 1/2.4)-0.055)*255 + 0.5)
}

// base83 returns n in so many digits.
func base83(n, count int) string {
	text := make([]byte, count)
	for i := count - 1; i >= 0; i-- {
		text[i] = digits[n%len(digits)]
		n /= len(digits)
	}
	return string(text)
}
