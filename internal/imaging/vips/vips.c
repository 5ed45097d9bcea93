// libvips through its object system. The library is opened at run time, and
// the few functions needed are declared here, so that neither its headers nor
// one version of it are needed to build. All that an operation takes and gives
// goes through GObject properties, in one function: stow_call.
//
// Source: https://www.libvips.org/API/current/binding.html

#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "vips.h"

// The parts of GLib's interface that its headers make part of programs.
// Source: gobject/gtype.h, gobject/gvalue.h, gobject/gparam.h
typedef size_t GType;
typedef struct { GType type; uint64_t data[2]; } GValue;
typedef struct { GType type; } GTypeClass;
typedef struct { GTypeClass *class; } GTypeInstance;
typedef struct {
	GTypeInstance instance;
	const char *name;
	unsigned flags;
	GType value_type;
	GType owner_type;
} GParamSpec;

enum { BOOLEAN = 5 << 2, INT = 6 << 2, UINT64 = 11 << 2, ENUM = 12 << 2, FLAGS = 13 << 2, DOUBLE = 15 << 2,
	STRING = 16 << 2, BOXED = 18 << 2, OBJECT = 20 << 2 };

// Source: vips/image.h, enum VipsBandFormat
static const char *const formats[] = {"uchar", "char", "ushort", "short", "uint", "int", "float", "complex", "double", "dpcomplex"};

#define FUNCTIONS(F) \
	F(void, g_object_unref, (void *)) \
	F(void *, g_object_ref, (void *)) \
	F(void, g_object_set_property, (void *, const char *, const GValue *)) \
	F(void, g_object_get_property, (void *, const char *, GValue *)) \
	F(GParamSpec *, g_object_class_find_property, (void *, const char *)) \
	F(GType, g_type_fundamental, (GType)) \
	F(GType, g_type_from_name, (const char *)) \
	F(const char *, g_type_name, (GType)) \
	F(GTypeClass *, g_type_class_ref, (GType)) \
	F(int, g_type_check_value_holds, (const GValue *, GType)) \
	F(GValue *, g_value_init, (GValue *, GType)) \
	F(void, g_value_unset, (GValue *)) \
	F(int, g_value_transform, (const GValue *, GValue *)) \
	F(void, g_value_set_int, (GValue *, int)) \
	F(void, g_value_set_boolean, (GValue *, int)) \
	F(void, g_value_set_double, (GValue *, double)) \
	F(double, g_value_get_double, (const GValue *)) \
	F(void, g_value_set_string, (GValue *, const char *)) \
	F(void, g_value_set_enum, (GValue *, int)) \
	F(void, g_value_set_flags, (GValue *, unsigned)) \
	F(void, g_value_set_object, (GValue *, void *)) \
	F(void *, g_value_get_object, (const GValue *)) \
	F(void, g_strfreev, (char **)) \
	F(void, g_free, (void *)) \
	F(void *, g_log_set_default_handler, (void *, void *)) \
	F(int, vips_init, (const char *)) \
	F(const char *, vips_version_string, (void)) \
	F(char *, vips_error_buffer_copy, (void)) \
	F(void, vips_concurrency_set, (int)) \
	F(void, vips_cache_set_max, (int)) \
	F(void, vips_cache_set_max_mem, (size_t)) \
	F(void, vips_cache_set_max_files, (int)) \
	F(void, vips_operation_block_set, (const char *, int)) \
	F(GType, vips_type_find, (const char *, const char *)) \
	F(const char *, vips_nickname_find, (GType)) \
	F(void *, vips_type_map_all, (GType, void *, void *)) \
	F(int, g_type_test_flags, (GType, unsigned)) \
	F(void *, vips_operation_new, (const char *)) \
	F(int, vips_operation_get_flags, (void *)) \
	F(int, vips_cache_operation_buildp, (void *)) \
	F(void, vips_object_unref_outputs, (void *)) \
	F(int, vips_enum_from_nick, (const char *, GType, const char *)) \
	F(int, vips_flags_from_nick, (const char *, GType, const char *)) \
	F(const char *, vips_enum_nick, (GType, int)) \
	F(GType, vips_array_int_get_type, (void)) \
	F(GType, vips_array_double_get_type, (void)) \
	F(GType, vips_array_image_get_type, (void)) \
	F(GType, vips_interpretation_get_type, (void)) \
	F(GType, vips_blob_get_type, (void)) \
	F(GType, vips_image_get_type, (void)) \
	F(void, vips_value_set_array_int, (GValue *, const int *, int)) \
	F(void, vips_value_set_array_double, (GValue *, const double *, int)) \
	F(double *, vips_value_get_array_double, (const GValue *, int *)) \
	F(void, vips_value_set_array_image, (GValue *, int)) \
	F(VipsImage **, vips_value_get_array_image, (const GValue *, int *)) \
	F(void *, vips_blob_copy, (const void *, size_t)) \
	F(void, g_value_take_boxed, (GValue *, const void *)) \
	F(void *, vips_source_new_from_descriptor, (int)) \
	F(void *, vips_target_new_to_descriptor, (int)) \
	F(void *, vips_interpolate_new, (const char *)) \
	F(VipsImage *, vips_image_new_from_memory_copy, (const void *, size_t, int, int, int, int)) \
	F(VipsImage *, vips_image_new_matrix_from_array, (int, int, const double *, int)) \
	F(void *, vips_image_write_to_memory, (VipsImage *, size_t *)) \
	F(VipsImage *, vips_image_copy_memory, (VipsImage *)) \
	F(void, vips_image_set_kill, (VipsImage *, int)) \
	F(int, vips_image_get_width, (VipsImage *)) \
	F(int, vips_image_get_height, (VipsImage *)) \
	F(int, vips_image_get_bands, (VipsImage *)) \
	F(int, vips_image_hasalpha, (VipsImage *)) \
	F(double, vips_image_get_xres, (VipsImage *)) \
	F(int, vips_image_get_format, (VipsImage *)) \
	F(int, vips_image_guess_interpretation, (VipsImage *)) \
	F(GType, vips_image_get_typeof, (VipsImage *, const char *)) \
	F(int, vips_image_get_int, (VipsImage *, const char *, int *)) \
	F(int, vips_image_get_array_int, (VipsImage *, const char *, int **, int *)) \
	F(int, vips_image_get_blob, (VipsImage *, const char *, const void **, size_t *)) \
	F(int, vips_image_get_as_string, (VipsImage *, const char *, char **)) \
	F(char **, vips_image_get_fields, (VipsImage *)) \
	F(void, vips_image_set_int, (VipsImage *, const char *, int)) \
	F(void, vips_image_set_array_int, (VipsImage *, const char *, const int *, int)) \
	F(void, vips_image_set_string, (VipsImage *, const char *, const char *)) \
	F(void, vips_image_set_blob_copy, (VipsImage *, const char *, const void *, size_t)) \
	F(int, vips_image_remove, (VipsImage *, const char *)) \
	F(void, vips_error, (const char *, const char *, ...)) \
	F(void, vips_add_option_entries, (void *)) \
	F(void *, g_option_group_new, (const char *, const char *, const char *, void *, void *)) \
	F(void *, g_option_context_new, (const char *)) \
	F(void, g_option_context_set_main_group, (void *, void *)) \
	F(int, g_option_context_parse, (void *, int *, char ***, void *)) \
	F(void, g_option_context_free, (void *))

#define DECLARE(result, name, params) static result (*name) params;
FUNCTIONS(DECLARE)

// ignore drops a message: otherwise images of strangers would fill the log.
static void ignore(void) {}

// narrow makes the library work on fewer rows at once: with the usual 128, the
// rows that it keeps of a wide image take more memory than all else. Tiles get
// as much wider as they get lower.
static void narrow(void)
{
	char *options[] = {"stowgate", "--vips-tile-width=256", "--vips-tile-height=64", NULL}, **rest = options;
	int n = 3;
	void *group = g_option_group_new("", "", "", NULL, NULL), *context = g_option_context_new(NULL);
	vips_add_option_entries(group);
	g_option_context_set_main_group(context, group);
	g_option_context_parse(context, &n, &rest, NULL); // a library without these options works as well
	g_option_context_free(context);
}

int stow_open(const char *path, char **why)
{
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!lib) {
		*why = strdup(dlerror());
		return -1;
	}
#define FIND(result, name, params) \
	if (!(name = (result (*) params) dlsym(lib, #name))) { \
		*why = strdup("it has no " #name); \
		return -1; \
	}
	FUNCTIONS(FIND)
	setenv("VIPS_WARNING", "off", 1);
	g_log_set_default_handler((void *) ignore, NULL);
	if (vips_init("stowgate")) {
		*why = stow_error();
		return -1;
	}
	// One job at a time needs no threads of its own, and no job is the same twice.
	vips_concurrency_set(1);
	vips_cache_set_max(0);
	vips_cache_set_max_mem(0);
	vips_cache_set_max_files(0);
	narrow();
	return 0;
}

static int leave(struct dl_phdr_info *object, size_t size, void *data)
{
	(void) size;
	(void) data;
	uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);
	if (object->dlpi_addr == getauxval(AT_SYSINFO_EHDR))
		return 0; // the kernel's own part
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		if (part->p_type != PT_LOAD || part->p_flags & PF_W)
			continue; // only what is as it is in the file
		uintptr_t from = object->dlpi_addr + part->p_vaddr, to = (from + part->p_memsz) & -page;
		from = (from + page - 1) & -page;
		if (from < to)
			madvise((void *) from, to - from, MADV_DONTNEED);
	}
	return 0;
}

// stow_settle gives back memory that is not in use, and pages of programs and
// libraries, which are mapped again when they are needed.
void stow_settle(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
	dl_iterate_phdr(leave, NULL);
}

// stow_path returns where the library was found. The caller frees it.
char *stow_path(void)
{
	Dl_info info;
	if (!dladdr((void *) vips_init, &info) || !info.dli_fname)
		return strdup("");
	char *real = realpath(info.dli_fname, NULL);
	return real ? real : strdup(info.dli_fname);
}

const char *stow_version(void) { return vips_version_string(); }

// stow_error returns what went wrong, and forgets it.
char *stow_error(void)
{
	char *text = vips_error_buffer_copy(), *copy = strdup(text);
	g_free(text);
	return copy;
}

static GParamSpec *property(void *object, const char *name)
{
	return g_object_class_find_property(((GTypeInstance *) object)->class, name);
}

// set gives an operation one argument, as what its property is.
static int set(void *object, GParamSpec *spec, const stow_arg *arg)
{
	GType type = spec->value_type, base = g_type_fundamental(type);
	GValue value = {0};
	int code = -1;

	switch (arg->kind) {
	case STOW_INT:
		g_value_init(&value, base == FLAGS ? type : INT);
		if (base == FLAGS)
			g_value_set_flags(&value, (unsigned) arg->i);
		else
			g_value_set_int(&value, (int) arg->i);
		code = base == BOXED || base == OBJECT || base == STRING || base == ENUM ? -1 : 0;
		break;
	case STOW_BOOL:
		g_value_init(&value, BOOLEAN);
		g_value_set_boolean(&value, (int) arg->i);
		code = base == BOOLEAN ? 0 : -1;
		break;
	case STOW_DOUBLE:
		g_value_init(&value, DOUBLE);
		g_value_set_double(&value, arg->d);
		code = base == DOUBLE ? 0 : -1;
		break;
	case STOW_TEXT:
		if (base == ENUM || base == FLAGS) {
			int n = base == ENUM ? vips_enum_from_nick("stowgate", type, arg->p) : vips_flags_from_nick("stowgate", type, arg->p);
			g_value_init(&value, type);
			if (base == ENUM)
				g_value_set_enum(&value, n);
			else
				g_value_set_flags(&value, (unsigned) n);
			code = n < 0 ? -1 : 0;
		}
		else if (base == STRING) {
			g_value_init(&value, STRING);
			g_value_set_string(&value, arg->p);
			code = 0;
		}
		break;
	case STOW_OBJECT:
		if (base == OBJECT) {
			g_value_init(&value, OBJECT);
			g_value_set_object(&value, (void *) arg->p);
			code = 0;
		}
		break;
	case STOW_INTS:
	case STOW_DOUBLES:
		if (type == vips_array_double_get_type() && arg->kind == STOW_DOUBLES) {
			g_value_init(&value, type);
			vips_value_set_array_double(&value, arg->p, (int) arg->i);
			code = 0;
		}
		else if (type == vips_array_int_get_type() && arg->kind == STOW_INTS) {
			g_value_init(&value, type);
			vips_value_set_array_int(&value, arg->p, (int) arg->i);
			code = 0;
		}
		break;
	case STOW_IMAGES:
		if (type == vips_array_image_get_type()) {
			g_value_init(&value, type);
			vips_value_set_array_image(&value, (int) arg->i);
			VipsImage **images = vips_value_get_array_image(&value, NULL);
			for (int i = 0; i < arg->i; i++)
				images[i] = g_object_ref(((VipsImage *const *) arg->p)[i]);
			code = 0;
		}
		break;
	case STOW_BLOB:
		if (type == vips_blob_get_type()) {
			g_value_init(&value, type);
			g_value_take_boxed(&value, vips_blob_copy(arg->p, (size_t) arg->i));
			code = 0;
		}
		break;
	}
	if (code)
		vips_error("stowgate", "argument %s does not take that", arg->name);
	else
		g_object_set_property(object, arg->name, &value);
	if (value.type)
		g_value_unset(&value);
	return code;
}

// get reads one result of an operation.
static int get(void *object, GParamSpec *spec, stow_arg *arg)
{
	GValue value = {0};
	int code = -1;

	g_value_init(&value, spec->value_type);
	g_object_get_property(object, arg->name, &value);
	if (arg->kind == STOW_OUT_IMAGE && g_type_check_value_holds(&value, vips_image_get_type())) {
		void *image = g_value_get_object(&value);
		arg->p = image ? g_object_ref(image) : NULL;
		code = 0;
	}
	else if (arg->kind == STOW_OUT_NUMBER) {
		GValue number = {0};
		g_value_init(&number, DOUBLE);
		code = g_value_transform(&value, &number) ? 0 : -1;
		arg->d = g_value_get_double(&number);
		g_value_unset(&number);
	}
	else if (arg->kind == STOW_OUT_NUMBERS && spec->value_type == vips_array_double_get_type()) {
		int n = 0;
		const double *from = vips_value_get_array_double(&value, &n);
		double *to = malloc(sizeof(double) * (size_t) (n > 0 ? n : 1));
		memcpy(to, from, sizeof(double) * (size_t) n);
		arg->p = to;
		arg->i = n;
		code = 0;
	}
	if (code)
		vips_error("stowgate", "result %s is something else", arg->name);
	g_value_unset(&value);
	return code;
}

static int is_result(const stow_arg *arg)
{
	return arg->kind == STOW_OUT_IMAGE || arg->kind == STOW_OUT_NUMBER || arg->kind == STOW_OUT_NUMBERS;
}

static int is_blocked(void *operation)
{
	enum { BLOCKED = 32 }; // in vips/operation.h
	return (vips_operation_get_flags(operation) & BLOCKED) != 0;
}

// stow_call runs any operation of libvips.
int stow_call(const char *name, stow_arg *args, int n)
{
	void *operation = vips_operation_new(name);
	if (!operation)
		return -1;
	int code = 0;
	if (is_blocked(operation)) {
		// The library says so itself, but some loaders read the file first.
		vips_error("stowgate", "operation is blocked");
		code = -1;
	}
	for (int i = 0; i < n && !code; i++) {
		GParamSpec *spec = property(operation, args[i].name);
		if (!spec && !args[i].optional) {
			vips_error("stowgate", "%s has no argument %s", name, args[i].name);
			code = -1;
		}
		else if (spec && !is_result(&args[i]))
			code = set(operation, spec, &args[i]);
	}
	if (!code)
		code = vips_cache_operation_buildp(&operation);
	for (int i = 0; i < n && !code; i++) {
		GParamSpec *spec = is_result(&args[i]) ? property(operation, args[i].name) : NULL;
		// "out" is asked of all operations, but is an image only of some.
		if (spec && (!args[i].optional || spec->value_type == vips_image_get_type()))
			code = get(operation, spec, &args[i]);
	}
	vips_object_unref_outputs(operation);
	g_object_unref(operation);
	if (code)
		for (int i = 0; i < n; i++) {
			if (args[i].kind == STOW_OUT_IMAGE && args[i].p)
				g_object_unref((void *) args[i].p);
			if (args[i].kind == STOW_OUT_NUMBERS && args[i].p)
				free((void *) args[i].p);
		}
	return code;
}

// stow_has says whether there is such an operation and, unless that is NULL,
// such an argument of it.
int stow_has(const char *operation, const char *argument)
{
	GType type = vips_type_find("VipsOperation", operation);
	if (!type || !argument)
		return type != 0;
	return g_object_class_find_property(g_type_class_ref(type), argument) != NULL;
}

void stow_block(const char *class_name, int blocked) { vips_operation_block_set(class_name, blocked); }

static void *visit(GType type, FILE *table)
{
	enum { ABSTRACT = 1 << 4 }; // in gobject/gtype.h
	if (g_type_test_flags(type, ABSTRACT))
		return NULL;
	const char *nickname = vips_nickname_find(type);
	void *operation = vips_operation_new(nickname);
	fprintf(table, "%s %s %d\n", g_type_name(type), nickname, is_blocked(operation));
	g_object_unref(operation);
	return NULL;
}

// stow_loaders returns a line for each loader: its class, its operation, and 1
// if it is blocked. The caller frees it.
char *stow_loaders(void)
{
	char *text = NULL;
	size_t size;
	FILE *table = open_memstream(&text, &size);
	if (!table)
		return NULL;
	vips_type_map_all(g_type_from_name("VipsForeignLoad"), (void *) visit, table);
	fclose(table);
	return text;
}

void *stow_source(int fd) { return vips_source_new_from_descriptor(fd); }
void *stow_target(int fd) { return vips_target_new_to_descriptor(fd); }
void *stow_interpolate(const char *nickname) { return vips_interpolate_new(nickname); }
void stow_unref(void *object) { g_object_unref(object); }

VipsImage *stow_from_memory(const void *data, size_t size, int width, int height, int bands, const char *format)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (!strcmp(formats[i], format))
			return vips_image_new_from_memory_copy(data, size, width, height, bands, (int) i);
	vips_error("stowgate", "no format %s", format);
	return NULL;
}

VipsImage *stow_matrix(int width, int height, const double *values)
{
	return vips_image_new_matrix_from_array(width, height, values, width * height);
}

void *stow_to_memory(VipsImage *image, size_t *size) { return vips_image_write_to_memory(image, size); }
VipsImage *stow_compute(VipsImage *image) { return vips_image_copy_memory(image); }
void stow_free(void *memory) { g_free(memory); }
void stow_kill(VipsImage *image) { vips_image_set_kill(image, 1); }

int stow_width(VipsImage *image) { return vips_image_get_width(image); }
int stow_height(VipsImage *image) { return vips_image_get_height(image); }
int stow_bands(VipsImage *image) { return vips_image_get_bands(image); }
int stow_has_alpha(VipsImage *image) { return vips_image_hasalpha(image); }
double stow_xres(VipsImage *image) { return vips_image_get_xres(image); }

const char *stow_format(VipsImage *image)
{
	int format = vips_image_get_format(image);
	return format >= 0 && format < (int) (sizeof formats / sizeof *formats) ? formats[format] : "";
}

const char *stow_interpretation(VipsImage *image)
{
	return vips_enum_nick(vips_interpretation_get_type(), vips_image_guess_interpretation(image));
}

int stow_get_int(VipsImage *image, const char *name, int *value)
{
	return vips_image_get_typeof(image, name) == INT ? vips_image_get_int(image, name, value) : -1;
}

int stow_get_ints(VipsImage *image, const char *name, int **values, int *n)
{
	if (vips_image_get_typeof(image, name) != vips_array_int_get_type())
		return -1;
	return vips_image_get_array_int(image, name, values, n);
}

int stow_get_blob(VipsImage *image, const char *name, const void **data, size_t *size)
{
	return vips_image_get_typeof(image, name) == vips_blob_get_type() ? vips_image_get_blob(image, name, data, size) : -1;
}

char *stow_get_text(VipsImage *image, const char *name)
{
	char *text;
	return vips_image_get_typeof(image, name) && !vips_image_get_as_string(image, name, &text) ? text : NULL;
}

char **stow_fields(VipsImage *image) { return vips_image_get_fields(image); }
void stow_free_list(char **list) { g_strfreev(list); }
void stow_set_int(VipsImage *image, const char *name, int value) { vips_image_set_int(image, name, value); }

void stow_set_ints(VipsImage *image, const char *name, const int *values, int n)
{
	vips_image_set_array_int(image, name, values, n);
}

void stow_set_text(VipsImage *image, const char *name, const char *value) { vips_image_set_string(image, name, value); }

void stow_set_blob(VipsImage *image, const char *name, const void *data, size_t size)
{
	vips_image_set_blob_copy(image, name, data, size);
}

int stow_remove(VipsImage *image, const char *name) { return vips_image_remove(image, name) ? 0 : -1; }
