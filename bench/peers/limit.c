// limit does with bare libvips what an image server does for a request: it
// opens a file, scales it, and encodes it, on as many threads as it is told. It
// speaks no protocol, isolates nothing, and keeps nothing. What it takes is
// what an image costs at least.
//
//	limit THREADS IMAGES WIDTH HEIGHT SUFFIX RESULT FILE...
//
// Image i is made of FILE i modulo their number. It is scaled to WIDTH, or, if
// HEIGHT is not 0, to cover WIDTH by HEIGHT, and cropped. SUFFIX is that of a
// file name, with options, as libvips reads it. The first image is written to
// RESULT. Standard output gets the milliseconds of each image, and then the CPU
// and wall-clock seconds of all, which follow as many that warm up as there are
// threads.

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <vips/vips.h>

static int width, height, images, files;
static char *suffix, **names;
static double *took;
static atomic_int next;

static double now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void check(int failed)
{
	if (failed) {
		fprintf(stderr, "limit: %s", vips_error_buffer());
		exit(1);
	}
}

// replace makes *image what an operation made of it.
static void replace(VipsImage **image, VipsImage *made)
{
	g_object_unref(*image);
	*image = made;
}

// load opens a file for reading in order. A JPEG is decoded smaller as far as
// leaves a factor of two for the better filter, as vips_thumbnail does it.
static VipsImage *load(const char *name)
{
	const char *loader = vips_foreign_find_load(name);
	check(loader == NULL);
	if (strstr(loader, "gif") != NULL) {
		VipsImage *all = NULL;
		check(vips_gifload(name, &all, "access", VIPS_ACCESS_SEQUENTIAL, "n", -1, NULL));
		return all;
	}
	VipsImage *image = vips_image_new_from_file(name, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
	check(image == NULL);
	if (strstr(loader, "Jpeg") == NULL)
		return image;
	double scale = (double) image->Xsize / width;
	if (height > 0)
		scale = fmin(scale, (double) image->Ysize / height);
	for (int factor = 8; factor > 1; factor /= 2)
		if (scale >= 2 * factor) {
			VipsImage *smaller;
			check(vips_jpegload(name, &smaller, "access", VIPS_ACCESS_SEQUENTIAL, "shrink", factor, NULL));
			replace(&image, smaller);
			break;
		}
	return image;
}

// scale brings one frame to its size. What is transparent does not bleed into
// what is not.
static void scale(VipsImage **frame, double across, double down)
{
	VipsImage *made;
	VipsBandFormat format = (*frame)->BandFmt;
	int alpha = vips_image_hasalpha(*frame);
	if (alpha) {
		check(vips_premultiply(*frame, &made, NULL));
		replace(frame, made);
		check(vips_cast(*frame, &made, format, NULL));
		replace(frame, made);
	}
	check(vips_resize(*frame, &made, across, "vscale", down, NULL));
	replace(frame, made);
	if (alpha) {
		check(vips_unpremultiply(*frame, &made, NULL));
		replace(frame, made);
		check(vips_cast(*frame, &made, format, NULL));
		replace(frame, made);
	}
}

// make returns a file's image as it is to be encoded.
static VipsImage *make(const char *name)
{
	VipsImage *image = load(name), *made;
	int pages = vips_image_get_n_pages(image), tall = vips_image_get_page_height(image);
	if (tall == image->Ysize)
		pages = 1;
	double factor = (double) width / image->Xsize;
	if (height > 0)
		factor = fmax(factor, (double) height / tall);
	double across = round(image->Xsize * factor) / image->Xsize, down = round(tall * factor) / tall;
	if (pages == 1) {
		scale(&image, across, down);
	} else {
		VipsImage **frames = g_new(VipsImage *, pages);
		for (int i = 0; i < pages; i++) {
			check(vips_extract_area(image, &frames[i], 0, i * tall, image->Xsize, tall, NULL));
			scale(&frames[i], across, down);
		}
		check(vips_arrayjoin(frames, &made, pages, "across", 1, NULL));
		vips_image_set_int(made, VIPS_META_PAGE_HEIGHT, frames[0]->Ysize);
		for (int i = 0; i < pages; i++)
			g_object_unref(frames[i]);
		g_free(frames);
		replace(&image, made);
	}
	if (height > 0) {
		check(vips_extract_area(image, &made, (image->Xsize - width) / 2, (image->Ysize - height) / 2, width, height, NULL));
		replace(&image, made);
	}
	return image;
}

static void encode(const char *source, const char *result)
{
	void *bytes;
	size_t length;
	VipsImage *image = make(source);
	check(vips_image_write_to_buffer(image, suffix, &bytes, &length, NULL));
	g_object_unref(image);
	if (result != NULL) {
		FILE *f = fopen(result, "wb");
		if (f == NULL || fwrite(bytes, 1, length, f) != length || fclose(f) != 0) {
			perror(result);
			exit(1);
		}
	}
	g_free(bytes);
}

static void *work(void *unused)
{
	for (int i; (i = atomic_fetch_add(&next, 1)) < images;) {
		double start = now(CLOCK_MONOTONIC);
		encode(names[i % files], NULL);
		took[i] = now(CLOCK_MONOTONIC) - start;
	}
	vips_thread_shutdown();
	return unused;
}

static void run(int threads, int count)
{
	pthread_t ids[threads];
	images = count;
	atomic_store(&next, 0);
	for (int i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, work, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
}

int main(int argc, char **argv)
{
	if (argc < 8) {
		fprintf(stderr, "usage: limit THREADS IMAGES WIDTH HEIGHT SUFFIX RESULT FILE...\n");
		return 2;
	}
	check(VIPS_INIT(argv[0]));
	vips_concurrency_set(1);
	vips_cache_set_max(0);
	int threads = atoi(argv[1]), count = atoi(argv[2]);
	width = atoi(argv[3]);
	height = atoi(argv[4]);
	suffix = argv[5];
	names = argv + 7;
	files = argc - 7;
	took = calloc(count > threads ? count : threads, sizeof *took);

	encode(names[0], argv[6]);
	run(threads, threads);
	double cpu = now(CLOCK_PROCESS_CPUTIME_ID), start = now(CLOCK_MONOTONIC);
	run(threads, count);
	double wall = now(CLOCK_MONOTONIC) - start;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	for (int i = 0; i < count; i++)
		printf("%.3f\n", took[i] * 1000);
	printf("%.6f %.6f\n", cpu, wall);
	return 0;
}
