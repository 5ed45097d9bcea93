// What Go needs of libvips, without its headers: see vips.c.

#include <stddef.h>
#include <stdint.h>

typedef struct _VipsImage VipsImage;

// A stow_arg is one argument of an operation, in or out.
typedef struct {
	const char *name;
	int kind;      // one of the letters below
	int optional;  // left out if the operation has no such argument
	int64_t i;     // STOW_INT, STOW_BOOL; the length of lists and blobs
	double d;      // STOW_DOUBLE
	const void *p; // everything else
} stow_arg;

enum {
	STOW_INT = 'i',
	STOW_BOOL = 'b',
	STOW_DOUBLE = 'd',
	STOW_TEXT = 's',    // a string, or the nickname of an enum's or a flag's value
	STOW_OBJECT = 'o',  // an image, source, target or interpolator
	STOW_INTS = 'I',
	STOW_DOUBLES = 'D',
	STOW_IMAGES = 'O',
	STOW_BLOB = 'B',    // bytes, copied
	STOW_OUT_IMAGE = 'x',   // p is set to a new reference, or NULL
	STOW_OUT_NUMBER = 'y',  // d is set
	STOW_OUT_NUMBERS = 'z', // p is set to an array of i doubles, to be freed
};

// Each returns 0 or, with the reason in stow_error, -1. A text is freed by the
// caller.
int stow_open(const char *path, char **why);
void stow_settle(void);
char *stow_path(void);
const char *stow_version(void);
char *stow_error(void);

int stow_call(const char *operation, stow_arg *args, int n);
int stow_has(const char *operation, const char *argument);
void stow_block(const char *class_name, int blocked);
char *stow_loaders(void);

void *stow_source(int fd);
void *stow_target(int fd);
void *stow_interpolate(const char *nickname);
void stow_unref(void *object);

VipsImage *stow_from_memory(const void *data, size_t size, int width, int height, int bands, const char *format);
VipsImage *stow_matrix(int width, int height, const double *values);
void *stow_to_memory(VipsImage *image, size_t *size);
VipsImage *stow_compute(VipsImage *image);
void stow_free(void *memory);
void stow_kill(VipsImage *image);

int stow_width(VipsImage *image);
int stow_height(VipsImage *image);
int stow_bands(VipsImage *image);
int stow_has_alpha(VipsImage *image);
double stow_xres(VipsImage *image);
const char *stow_format(VipsImage *image);
const char *stow_interpretation(VipsImage *image);

int stow_get_int(VipsImage *image, const char *name, int *value);
int stow_get_ints(VipsImage *image, const char *name, int **values, int *n); // into the image: not to be freed
int stow_get_blob(VipsImage *image, const char *name, const void **data, size_t *size); // likewise
char *stow_get_text(VipsImage *image, const char *name);
char **stow_fields(VipsImage *image);
void stow_free_list(char **list);
void stow_set_int(VipsImage *image, const char *name, int value);
void stow_set_ints(VipsImage *image, const char *name, const int *values, int n);
void stow_set_text(VipsImage *image, const char *name, const char *value);
void stow_set_blob(VipsImage *image, const char *name, const void *data, size_t size);
int stow_remove(VipsImage *image, const char *name);
