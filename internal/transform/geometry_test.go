package transform

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestResizeSize(t *testing.T) {
	for _, tt := range []struct {
		op           Resize
		w, h         int
		wantW, wantH int
	}{
		{Resize{Width: 200}, 2832, 1593, 200, 113}, // 112.5 rounds up
		{Resize{Height: 200}, 1593, 2832, 113, 200},
		{Resize{Width: 200, Height: 200}, 400, 300, 200, 150},
		{Resize{Width: 200, Height: 200}, 300, 400, 150, 200},
		{Resize{Width: 200, Height: 150}, 400, 300, 200, 150},
		{Resize{Width: 800, Height: 800}, 400, 300, 800, 600},
		{Resize{Width: 1}, 1000, 10, 1, 1},
		{Resize{Width: 800, Height: 800, Fit: Max}, 400, 300, 400, 300},
		{Resize{Width: 400, Height: 300, Fit: Max}, 400, 300, 400, 300},
		{Resize{Width: 399, Height: 800, Fit: Max}, 400, 300, 399, 299},
		{Resize{Width: 800, Fit: Max}, 400, 300, 400, 300},
		{Resize{Height: 299, Fit: Max}, 400, 300, 399, 299},
		{Resize{Width: 50, Height: 300, Fit: Scale}, 400, 300, 50, 300},
		{Resize{Width: 50, Fit: Scale}, 400, 300, 50, 38},
		{Resize{Width: 50, Height: 300, Fit: Cover}, 400, 300, 50, 300},
		{Resize{Width: 500, Height: 500, Fit: Cover}, 400, 300, 500, 500},
		{Resize{Height: 150, Fit: Cover}, 400, 300, 200, 150},
	} {
		if w, h := tt.op.Size(tt.w, tt.h); w != tt.wantW || h != tt.wantH {
			t.Errorf("%+v.Size(%d, %d) = %d, %d, want %d, %d", tt.op, tt.w, tt.h, w, h, tt.wantW, tt.wantH)
		}
	}
}

func TestResizeWindow(t *testing.T) {
	for _, tt := range []struct {
		align Position
		w, h  int
		want  string
	}{
		{Position{}, 400, 200, "200 × 100, keep {50 0 100 100}"},
		{Position{X: -1}, 400, 200, "200 × 100, keep {0 0 100 100}"},
		{Position{X: 1, Y: 1}, 400, 200, "200 × 100, keep {100 0 100 100}"},
		{Position{X: 1, Y: -1}, 200, 400, "100 × 200, keep {0 0 100 100}"},
		{Position{Y: 1}, 200, 400, "100 × 200, keep {0 100 100 100}"},
		{Position{}, 300, 101, "297 × 100, keep {98 0 100 100}"},
	} {
		w, h, keep := Resize{Width: 100, Height: 100, Fit: Cover, Align: tt.align}.Window(tt.w, tt.h)
		if got := fmt.Sprintf("%d × %d, keep %v", w, h, keep); got != tt.want {
			t.Errorf("window of %d × %d at %v is %s, want %s", tt.w, tt.h, tt.align, got, tt.want)
		}
	}
}

// TestResizeProperties holds for any image and frame what the fits promise.
func TestResizeProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		w, h := 1+r.IntN(3000), 1+r.IntN(3000)
		op := Resize{Width: r.IntN(3000), Height: r.IntN(3000), Fit: []Fit{Clip, Max, Cover, Scale}[r.IntN(4)], Align: Position{r.IntN(3) - 1, r.IntN(3) - 1}}
		if op.Width+op.Height == 0 {
			continue
		}
		sw, sh, keep := op.Window(w, h)
		inside, ok := keep.Clamp(sw, sh)
		both := op.Width > 0 && op.Height > 0
		switch {
		case !ok || inside != keep:
			t.Fatalf("%+v of %d × %d keeps %v of %d × %d", op, w, h, keep, sw, sh)
		case both && (op.Fit == Cover || op.Fit == Scale) && (keep.Width != op.Width || keep.Height != op.Height):
			t.Fatalf("%+v of %d × %d is %v", op, w, h, keep)
		case both && (op.Fit == Clip || op.Fit == Max) && (keep.Width > op.Width || keep.Height > op.Height):
			t.Fatalf("%+v of %d × %d is %v, outside its frame", op, w, h, keep)
		case op.Fit == Max && (keep.Width > w || keep.Height > h):
			t.Fatalf("%+v of %d × %d is %v, enlarged", op, w, h, keep)
		case op.Fit == Clip && both && keep.Width != op.Width && keep.Height != op.Height:
			t.Fatalf("%+v of %d × %d is %v, which touches no side of its frame", op, w, h, keep)
		}
	}
}

func TestRotateCanvas(t *testing.T) {
	for _, tt := range []struct{ degrees, w, h, wantW, wantH int }{
		{0, 300, 200, 300, 200},
		{90, 300, 200, 200, 300},
		{180, 300, 200, 300, 200},
		{270, 300, 200, 200, 300},
		{45, 100, 100, 141, 141},
		{135, 100, 100, 141, 141},
		{30, 300, 200, 360, 323},
		{330, 300, 200, 360, 323},
		{60, 300, 200, 323, 360},
		{45, 1, 1, 1, 1},
	} {
		if w, h := (Rotate{Degrees: tt.degrees}).Canvas(tt.w, tt.h); w != tt.wantW || h != tt.wantH {
			t.Errorf("%d × %d turned by %d is %d × %d, want %d × %d", tt.w, tt.h, tt.degrees, w, h, tt.wantW, tt.wantH)
		}
	}
}

func TestShadowCanvas(t *testing.T) {
	for _, tt := range []struct {
		shadow Shadow
		want   string
	}{
		{Shadow{}, "100 × 50, image {0 0 100 50}"},
		{Shadow{X: 4, Y: 6}, "104 × 56, image {0 0 100 50}"},
		{Shadow{X: -4, Y: -6}, "104 × 56, image {4 6 100 50}"},
		{Shadow{Blur: 4}, "120 × 70, image {10 10 100 50}"},
		{Shadow{Blur: 4, X: 4, Y: -20}, "120 × 80, image {6 30 100 50}"},
	} {
		w, h, image := tt.shadow.Canvas(100, 50)
		if got := fmt.Sprintf("%d × %d, image %v", w, h, image); got != tt.want {
			t.Errorf("%+v.Canvas = %s, want %s", tt.shadow, got, tt.want)
		}
	}
}

func TestBoxClamp(t *testing.T) {
	for _, tt := range []struct {
		box, want Box
		ok        bool
	}{
		{Box{10, 20, 30, 30}, Box{10, 20, 30, 30}, true},
		{Box{90, 40, 30, 40}, Box{90, 40, 10, 10}, true},
		{Box{-5, -5, 10, 10}, Box{0, 0, 5, 5}, true},
		{Box{99, 49, 1, 1}, Box{99, 49, 1, 1}, true},
		{Box{100, 0, 1, 1}, Box{}, false},
		{Box{0, 50, 1, 1}, Box{}, false},
		{Box{0, 0, 0, 10}, Box{}, false},
	} {
		if got, ok := tt.box.Clamp(100, 50); got != tt.want || ok != tt.ok {
			t.Errorf("%v.Clamp(100, 50) = %v, %v, want %v, %v", tt.box, got, ok, tt.want, tt.ok)
		}
	}
}

func TestNegotiate(t *testing.T) {
	both := []Format{WebP, AVIF}
	for _, tt := range []struct {
		accept    string
		available []Format
		want      Format
	}{
		{"", both, Keep},
		{"*/*", both, Keep},
		{"image/*,*/*;q=0.8", both, Keep},
		{"image/jpeg, image/png", both, Keep},
		{"image/webp", both, WebP},
		{"IMAGE/WebP", both, WebP},
		{"image/avif,image/webp,*/*;q=0.8", both, AVIF},
		{"image/webp,image/avif", both, AVIF},
		{"image/avif,image/webp", []Format{WebP}, WebP},
		{"image/avif,image/webp", nil, Keep},
		{"image/avif;q=0.5, image/webp;q=0.9", both, WebP},
		{"image/avif;q=0.9 , image/webp ; q=0.5", both, AVIF},
		{"image/webp;q=0", both, Keep},
		{"image/avif;q=0,image/webp;q=0.001", both, WebP},
		{"image/webp;level=1;Q=0", both, Keep},
		{"image/webp;q=nonsense", both, Keep},
		{"image/webp;q=2", both, Keep},
		{"image/webpx, ximage/webp, webp", both, Keep},
		{"image/png,image/gif", []Format{PNG, GIF, WebP}, Keep},
	} {
		if got := Negotiate(tt.accept, tt.available...); got != tt.want {
			t.Errorf("Negotiate(%q, %q) = %q, want %q", tt.accept, tt.available, got, tt.want)
		}
	}
}
