// pictures makes the sources of the image benchmark out of two photographs,
// and tells how far results are from what they should be.
//
//	pictures make LARGE SMALL FOLDER
//	pictures compare SOURCE WIDTH HEIGHT FILE...
//
// make writes large.jpg (4032x3024), small.jpg (1800x1200), alpha.png
// (2048x1536, with soft edges) and moving.gif (20 frames of 480x320).
//
// compare scales SOURCE with libvips' best filter, without any short cut in a
// decoder, to WIDTH, or to cover WIDTH by HEIGHT if that is not 0. For each FILE
// it prints the mean absolute difference to that, in 256ths of full intensity,
// over grey where it is transparent. What is cropped may be a pixel aside.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

static void check(int failed)
{
	if (failed) {
		fprintf(stderr, "pictures: %s", vips_error_buffer());
		exit(1);
	}
}

static void replace(VipsImage **image, VipsImage *made)
{
	g_object_unref(*image);
	*image = made;
}

// open decodes a file, with all frames.
static VipsImage *open_all(const char *name)
{
	const char *loader = vips_foreign_find_load(name);
	check(loader == NULL);
	int frames = strstr(loader, "gif") != NULL || strstr(loader, "Webp") != NULL;
	VipsImage *image = frames ? vips_image_new_from_file(name, "n", -1, NULL) : vips_image_new_from_file(name, NULL);
	check(image == NULL);
	return image;
}

// cover scales an image so that it covers a size, and cuts out its middle.
static VipsImage *cover(VipsImage *image, int width, int height)
{
	VipsImage *scaled, *cut;
	double factor = fmax((double) width / image->Xsize, (double) height / image->Ysize);
	check(vips_resize(image, &scaled, factor, NULL));
	check(vips_extract_area(scaled, &cut, (scaled->Xsize - width) / 2, (scaled->Ysize - height) / 2, width, height, NULL));
	g_object_unref(scaled);
	return cut;
}

static void save(VipsImage *image, const char *folder, const char *name)
{
	char *path = g_build_filename(folder, name, NULL);
	check(vips_image_write_to_file(image, path, NULL));
	g_free(path);
	g_object_unref(image);
}

// soften adds opacity that falls off from the middle to the corners.
static VipsImage *soften(VipsImage *image)
{
	VipsImage *mask, *bytes, *joined;
	check(vips_mask_gaussian(&mask, image->Xsize, image->Ysize, 0.7, 0.4, "optical", TRUE, "nodc", TRUE, NULL));
	check(vips_linear1(mask, &bytes, 255, 0, "uchar", TRUE, NULL));
	replace(&mask, bytes);
	check(vips_bandjoin2(image, mask, &joined, NULL));
	g_object_unref(mask);
	return joined;
}

static void make(const char *large_name, const char *small_name, const char *folder)
{
	enum { frames = 20, wide = 480, tall = 320, step = 8 };
	VipsImage *large = open_all(large_name), *small = open_all(small_name), *made;
	// As it was taken: scaling would make it smoother than photographs are.
	check(vips_extract_area(large, &made, (large->Xsize - 4032) / 2, (large->Ysize - 3024) / 2, 4032, 3024, NULL));
	save(made, folder, "large.jpg[Q=90,keep=none]");
	save(cover(small, 1800, 1200), folder, "small.jpg[Q=85,keep=none]");
	VipsImage *opaque = cover(large, 2048, 1536);
	save(soften(opaque), folder, "alpha.png[filter=all,keep=none]");

	VipsImage *scene = cover(small, wide + frames * step, tall), *views[frames];
	for (int i = 0; i < frames; i++)
		check(vips_extract_area(scene, &views[i], i * step, 0, wide, tall, NULL));
	check(vips_arrayjoin(views, &made, frames, "across", 1, NULL));
	VipsImage *moving;
	check(vips_copy(made, &moving, NULL));
	int delays[frames];
	for (int i = 0; i < frames; i++)
		delays[i] = 80;
	vips_image_set_int(moving, VIPS_META_PAGE_HEIGHT, tall);
	vips_image_set_array_int(moving, "delay", delays, frames);
	save(moving, folder, "moving.gif[effort=1]");
}

// plain puts an image over grey, in sRGB of 8 bits.
static VipsImage *plain(VipsImage *image)
{
	VipsImage *made;
	check(vips_colourspace(image, &made, VIPS_INTERPRETATION_sRGB, NULL));
	replace(&image, made);
	if (vips_image_hasalpha(image)) {
		VipsArrayDouble *grey = vips_array_double_newv(1, 128.0);
		check(vips_flatten(image, &made, "background", grey, NULL));
		vips_area_unref(VIPS_AREA(grey));
		replace(&image, made);
	}
	check(vips_cast(image, &made, VIPS_FORMAT_UCHAR, NULL));
	g_object_unref(image);
	return made;
}

// best scales each frame of an image by itself, with opacity in full precision.
static VipsImage *best(VipsImage *image, int width, int height)
{
	int tall = vips_image_get_page_height(image), frames = image->Ysize / tall;
	VipsImage *made, **scaled = g_new(VipsImage *, frames);
	for (int i = 0; i < frames; i++) {
		VipsImage *frame;
		check(vips_extract_area(image, &frame, 0, i * tall, image->Xsize, tall, NULL));
		if (vips_image_hasalpha(frame)) {
			check(vips_premultiply(frame, &made, NULL));
			replace(&frame, made);
		}
		int high = height > 0 ? height : (int) round((double) tall * width / image->Xsize);
		double across = (double) width / image->Xsize, down = (double) high / tall;
		if (height > 0)
			across = down = fmax(across, down);
		check(vips_resize(frame, &made, across, "vscale", down, NULL));
		replace(&frame, made);
		if (height > 0) {
			check(vips_extract_area(frame, &made, (frame->Xsize - width) / 2, (frame->Ysize - height) / 2, width, height, NULL));
			replace(&frame, made);
		}
		if (vips_image_hasalpha(frame)) {
			check(vips_unpremultiply(frame, &made, NULL));
			replace(&frame, made);
		}
		scaled[i] = frame;
	}
	check(vips_arrayjoin(scaled, &made, frames, "across", 1, NULL));
	return made;
}

// difference returns the mean absolute difference of two images. Where they may
// be cropped a pixel aside, it is that where they fit best.
static double difference(VipsImage *a, VipsImage *b, int aside)
{
	double least = INFINITY;
	int width = a->Xsize - 2 * aside, height = a->Ysize - 2 * aside;
	for (int x = 0; x <= 2 * aside; x++)
		for (int y = 0; y <= 2 * aside; y++) {
			VipsImage *inner, *moved, *less, *size;
			double mean;
			check(vips_extract_area(a, &inner, aside, aside, width, height, NULL));
			check(vips_extract_area(b, &moved, x, y, width, height, NULL));
			check(vips_subtract(inner, moved, &less, NULL));
			check(vips_abs(less, &size, NULL));
			check(vips_avg(size, &mean, NULL));
			g_object_unref(inner);
			g_object_unref(moved);
			g_object_unref(less);
			g_object_unref(size);
			least = fmin(least, mean);
		}
	return least;
}

int main(int argc, char **argv)
{
	check(VIPS_INIT(argv[0]));
	if (argc == 5 && strcmp(argv[1], "make") == 0) {
		make(argv[2], argv[3], argv[4]);
		return 0;
	}
	if (argc < 6 || strcmp(argv[1], "compare") != 0) {
		fprintf(stderr, "usage: pictures make LARGE SMALL FOLDER\n       pictures compare SOURCE WIDTH HEIGHT FILE...\n");
		return 2;
	}
	VipsImage *wanted = plain(best(open_all(argv[2]), atoi(argv[3]), atoi(argv[4])));
	for (int i = 5; i < argc; i++) {
		VipsImage *got = plain(open_all(argv[i]));
		if (got->Xsize != wanted->Xsize || got->Ysize != wanted->Ysize) {
			fprintf(stderr, "pictures: %s is %d by %d pixels, not %d by %d\n", argv[i], got->Xsize, got->Ysize, wanted->Xsize, wanted->Ysize);
			return 1;
		}
		printf("%.3f\n", difference(got, wanted, atoi(argv[4]) > 0));
		g_object_unref(got);
	}
	return 0;
}
