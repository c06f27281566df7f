/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/config_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "control/print.h"
#include "core/json_text.h"

#define FILES_MAX 256
#define SUFFIX    ".json"

/* Layer 0 is kept for the profile, which is known last. */
struct files {
	struct config_layer layers[FILES_MAX + 1]; /* borrows from the two below */
	char *names[FILES_MAX + 1];
	char *texts[FILES_MAX + 1];
	size_t count;
	struct err_list *errors;
};

/* Names of files, sorted. */
struct names {
	char *items[FILES_MAX];
	size_t count;
	bool too_many;
};

static void free_files(struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->names[i]);
		free(files->texts[i]);
	}
	files->count = 0;
}

static void free_names(struct names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->items[i]);
	}
	names->count = 0;
}

static void cleanup_dir(DIR **dir)
{
	if (*dir != NULL) {
		closedir(*dir);
	}
}

static void report(struct err_list *errors, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void report(struct err_list *errors, const char *file, const char *format, ...)
{
	struct err *err = err_list_add(errors);
	char text[sizeof(err->text)];
	va_list args;

	if (err == NULL) {
		return;
	}
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_copy(err->file, sizeof(err->file), file);
	err_set(err, "%s", text);
}

/* Reads until the end or until size bytes are there. Bytes or -errno. */
static ssize_t read_fully(int fd, char *buffer, size_t size)
{
	size_t filled = 0;

	while (filled < size) {
		ssize_t got = read(fd, buffer + filled, size - filled);
		if (got == 0) {
			break;
		}
		if (got < 0 && errno != EINTR) {
			return -errno;
		}
		filled += got > 0 ? (size_t)got : 0;
	}
	return (ssize_t)filled;
}

/* Reads up to one byte more than is allowed, so that config_read sees that it is too much. A file
 * that grows meanwhile is cut to the size it had; the next reading sees all. */
static int read_text(int fd, char **text, size_t *length)
{
	const size_t most = (size_t)CONFIG_FILE_MAX + 1;
	struct stat status;

	if (fstat(fd, &status) < 0) {
		return -errno;
	}
	size_t size = (size_t)status.st_size < most ? (size_t)status.st_size : most;
	CLEANUP(cleanup_free) char *buffer = malloc(size + 1);
	if (buffer == NULL) {
		return -ENOMEM;
	}
	ssize_t filled = read_fully(fd, buffer, size);
	if (filled < 0) {
		return (int)filled;
	}
	*text = steal_ptr(buffer);
	*length = (size_t)filled;
	return 0;
}

/* 0, -errno, or -EINVAL for what is no regular file. */
static int open_regular(const char *path, int *fd)
{
	struct stat status;
	/* O_NONBLOCK: a FIFO of that name must not stop the daemon. */
	int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (opened < 0) {
		/* A socket cannot be opened at all. */
		return errno == ENXIO ? -EINVAL : -errno;
	}
	int result = fstat(opened, &status) < 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;
	if (result < 0) {
		close(opened);
		return result;
	}
	*fd = opened;
	return 0;
}

static bool is_link(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

static void report_unreadable(struct err_list *errors, const char *path, int error)
{
	if (error == -EINVAL) {
		report(errors, path, "is no regular file; put a file of JSON here");
	} else if (error == -EACCES || error == -EPERM) {
		report(errors, path, "cannot be read: %s; meshd needs the right to read it",
			strerror(-error));
	} else if (error == -ENOLINK) {
		report(errors, path,
			"is a link to a file that is not there; remove it or make that file");
	} else if (error == -ELOOP) {
		report(errors, path,
			"is a link that leads back to itself; put a file in its place");
	} else {
		report(errors, path, "cannot be read: %s; put a file there that can be read",
			strerror(-error));
	}
}

/* Fills the layer of that index. Adds an error for what cannot be read; -ENOENT is left to the
 * caller, who knows what it means. */
static int read_file(struct files *files, size_t index, const char *path)
{
	CLEANUP(cleanup_close) int fd = -1;
	CLEANUP(cleanup_free) char *name = strdup(path);
	CLEANUP(cleanup_free) char *text = NULL;
	size_t length = 0;

	int result = name != NULL ? open_regular(path, &fd) : -ENOMEM;
	if (result == 0) {
		result = read_text(fd, &text, &length);
	}
	if (result == -ENOENT && is_link(path)) {
		result = -ENOLINK;
	}
	if (result < 0 && result != -ENOENT && result != -ENOMEM) {
		report_unreadable(files->errors, path, result);
	}
	if (result < 0) {
		return result;
	}
	files->layers[index] = (struct config_layer){.file = name, .text = text, .length = length};
	files->names[index] = steal_ptr(name);
	files->texts[index] = steal_ptr(text);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_json_name(const char *name)
{
	size_t length = strlen(name);
	size_t suffix = strlen(SUFFIX);

	return name[0] != '.' && length > suffix && strcmp(name + length - suffix, SUFFIX) == 0;
}

/* The names in a directory that end in .json, sorted. 0 or -errno. */
static int list_names(const char *path, struct names *names)
{
	CLEANUP(cleanup_dir) DIR *dir = opendir(path);

	if (dir == NULL) {
		return -errno;
	}
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (entry == NULL && errno != 0) {
			return -errno;
		}
		if (entry == NULL) {
			break;
		}
		if (!is_json_name(entry->d_name)) {
			continue;
		}
		if (names->count == FILES_MAX) {
			names->too_many = true;
			break;
		}
		names->items[names->count] = strdup(entry->d_name);
		if (names->items[names->count] == NULL) {
			return -ENOMEM;
		}
		names->count++;
	}
	qsort(names->items, names->count, sizeof(names->items[0]), compare_names);
	return 0;
}

static int add_file(struct files *files, const char *path)
{
	int result = read_file(files, files->count, path);

	if (result == 0) {
		files->count++;
	}
	return result;
}

static int add_main_file(struct files *files, const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/meshd.json", dir);
	int result = add_file(files, path);
	if (result == -ENOENT) {
		report(files->errors, path,
			"is missing; create it with at least {\"cloud\": {\"ssid\": \"the SSID of "
			"your cloud\"}, \"links\": {\"eth1\": {}}}, see meshd.json(5)");
	}
	return result == -ENOMEM ? result : 0;
}

static int add_extra_file(struct files *files, const char *dir, const char *name)
{
	char path[PATH_MAX + NAME_MAX + 2];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int result = add_file(files, path);
	/* One that went while the directory was read is as if it had never been there. */
	return result == -ENOMEM ? result : 0;
}

static int add_extra_files(struct files *files, const char *config_dir)
{
	CLEANUP(free_names) struct names names = {.count = 0};
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s/meshd.d", config_dir);
	int result = list_names(dir, &names);
	if (result == -ENOENT || result == -ENOMEM) {
		return result == -ENOENT ? 0 : result;
	}
	if (result < 0) {
		report(files->errors, dir,
			"cannot be read as a directory: %s; remove it or make it a directory that "
			"meshd may read",
			strerror(-result));
		return 0;
	}
	if (names.too_many || files->count + names.count > FILES_MAX) {
		report(files->errors, dir,
			"has more than %d files that end in %s; put some into one", FILES_MAX - 2,
			SUFFIX);
		return 0;
	}
	for (size_t i = 0; i < names.count && result == 0; i++) {
		result = add_extra_file(files, dir, names.items[i]);
	}
	return result;
}

static void cut_suffix(char *name)
{
	name[strlen(name) - strlen(SUFFIX)] = '\0';
}

/* Says which profiles there are, and which of them has the nearest name. */
static int report_profile(struct files *files, const char *profile_dir, const char *profile)
{
	CLEANUP(free_names) struct names names = {.count = 0};
	const char *nearest = NULL;
	unsigned int least = 4; /* as far as a slip of the finger goes */
	char known[160] = "";
	size_t length = 0;

	int result = list_names(profile_dir, &names);
	if (result == -ENOMEM) {
		return result;
	}
	for (size_t i = 0; i < names.count; i++) {
		cut_suffix(names.items[i]);
		unsigned int distance = text_distance(profile, names.items[i]);
		if (distance < least) {
			least = distance;
			nearest = names.items[i];
		}
		if (length < sizeof(known)) {
			length += (size_t)snprintf(known + length, sizeof(known) - length, "%s%s",
				i == 0 ? "" : ", ", names.items[i]);
		}
	}
	struct err *err = err_list_add(files->errors);
	if (err == NULL) {
		return -ENOMEM;
	}
	config_profile_place(files->layers + 1, files->count - 1, err);
	if (names.count == 0) {
		err_set(err,
			"there is no profile \"%s\", and none at all in %s%s%s; install them "
			"there",
			profile, profile_dir, result < 0 ? ": " : "",
			result < 0 ? strerror(-result) : "");
		return 0;
	}
	err_set(err, "there is no profile \"%s\" in %s%s%s%s; there are: %s", profile, profile_dir,
		nearest != NULL ? ", did you mean \"" : "", nearest != NULL ? nearest : "",
		nearest != NULL ? "\"?" : "", known);
	return 0;
}

/* The profile that the other files ask for becomes layer 0. */
static int add_profile(struct files *files, const char *profile_dir)
{
	char profile[sizeof(((struct config *)0)->profile)];
	char path[PATH_MAX];

	config_profile_name(files->layers + 1, files->count - 1, profile, sizeof(profile));
	snprintf(path, sizeof(path), "%s/%s" SUFFIX, profile_dir, profile);
	int result = read_file(files, 0, path);
	if (result == -ENOENT) {
		return report_profile(files, profile_dir, profile);
	}
	return result == -ENOMEM ? result : 0;
}

int config_dir_read(const char *dir, const char *profile_dir, struct config *config,
	struct err_list *errors)
{
	CLEANUP(free_files) struct files files = {.count = 1, .errors = errors};
	size_t before = errors->count + errors->left_out;

	int result = add_main_file(&files, dir);
	if (result == 0) {
		result = add_extra_files(&files, dir);
	}
	if (result == 0) {
		result = add_profile(&files, profile_dir);
	}
	if (result < 0) {
		return result;
	}
	if (errors->count + errors->left_out == before) {
		return config_read(files.layers, files.count, config, errors);
	}
	/* What could not be read makes the whole say too much; each by itself is still worth it. */
	bool has_profile = files.layers[0].text != NULL;
	result = config_check(files.layers + !has_profile, files.count - !has_profile, errors);
	return result == -ENOMEM ? result : -EINVAL;
}

void config_dir_print_warnings(const struct problem_list *warnings, FILE *to)
{
	for (size_t i = 0; i < warnings->count; i++) {
		const struct problem *warning = &warnings->items[i];

		print_styled(to, false, PRINT_PLAIN, "warning: %s%s%s", warning->text,
			warning->hint[0] != '\0' ? "; " : "", warning->hint);
		print_end(to);
	}
}

static json_t *json_place(int number)
{
	return number > 0 ? json_integer(number) : json_null();
}

json_t *config_dir_errors_to_json(const struct err_list *errors)
{
	json_t *list = json_array();

	for (size_t i = 0; i < errors->count; i++) {
		const struct err *err = &errors->items[i];

		json_array_append_new(list,
			json_pack("{s:o, s:o, s:o, s:o, s:o}", "file", json_text_or_null(err->file),
				"line", json_place(err->line), "column", json_place(err->column),
				"path", json_text_or_null(err->path), "text",
				json_text(err->text)));
	}
	return list;
}
