/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/config_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"

#define FILES_MAX 256
#define SUFFIX    ".json"

/* Layer 0 is kept for the profile, which is known last. */
struct files {
	struct config_layer layers[FILES_MAX + 1];
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
		free((void *)(uintptr_t)files->layers[i].file);
		free((void *)(uintptr_t)files->layers[i].text);
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

static struct err *add_error(struct err_list *errors, const char *file)
{
	struct err *err = err_list_add(errors);

	if (err != NULL) {
		text_copy(err->file, sizeof(err->file), file);
	}
	return err;
}

#define report(errors, file, ...)                                                                  \
	do {                                                                                       \
		struct err *added = add_error(errors, file);                                       \
		if (added != NULL) {                                                               \
			err_set(added, __VA_ARGS__);                                               \
		}                                                                                  \
	} while (0)

/* Reads up to one byte more than is allowed, so that config_read sees that it is too much. */
static int read_text(int fd, char **text, size_t *length)
{
	const size_t most = CONFIG_FILE_MAX + 1;
	struct stat status;

	if (fstat(fd, &status) < 0) {
		return -errno;
	}
	/* A file may grow while it is read, so its size is only where to begin. */
	size_t size = status.st_size >= 0 && (size_t)status.st_size < most
			      ? (size_t)status.st_size + 1
			      : most;
	CLEANUP(cleanup_free) char *read_so_far = malloc(size);
	size_t filled = 0;

	while (read_so_far != NULL) {
		ssize_t got = read(fd, read_so_far + filled, size - filled);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return -errno;
		}
		filled += (size_t)got;
		if (got == 0 || filled == most) {
			*text = steal_ptr(read_so_far);
			*length = filled;
			return 0;
		}
		if (filled == size) {
			size = 2 * size < most ? 2 * size : most;
			char *larger = realloc(read_so_far, size);
			if (larger == NULL) {
				return -ENOMEM;
			}
			read_so_far = larger;
		}
	}
	return -ENOMEM;
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

/* Adds an error for what cannot be read; -ENOENT is left to the caller, who knows what it means. */
static int read_file(const char *path, struct config_layer *layer, struct err_list *errors)
{
	CLEANUP(cleanup_close) int fd = -1;
	CLEANUP(cleanup_free) char *name = strdup(path);
	char *text = NULL;
	size_t length = 0;

	int result = name != NULL ? open_regular(path, &fd) : -ENOMEM;
	if (result == 0) {
		result = read_text(fd, &text, &length);
	}
	if (result == -ENOENT || result == -ENOMEM) {
		return result;
	}
	if (result == -EINVAL) {
		report(errors, path, "is no regular file; put a file of JSON here");
		return result;
	}
	if (result < 0) {
		report(errors, path, "cannot be read: %s; meshd needs the right to read it",
			strerror(-result));
		return result;
	}
	*layer = (struct config_layer){.file = steal_ptr(name), .text = text, .length = length};
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
	int result = read_file(path, &files->layers[files->count], files->errors);

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

static int add_extra_files(struct files *files, const char *dir)
{
	CLEANUP(free_names) struct names names = {.count = 0};
	char path[PATH_MAX];
	char extra[PATH_MAX - NAME_MAX];

	int length = snprintf(extra, sizeof(extra), "%s/meshd.d", dir);
	if (length < 0 || (size_t)length >= sizeof(extra)) {
		report(files->errors, dir, "the name of this directory is too long");
		return 0;
	}
	int result = list_names(extra, &names);
	if (result == -ENOENT) {
		return 0;
	}
	if (result == -ENOMEM) {
		return result;
	}
	if (result < 0) {
		report(files->errors, extra,
			"cannot be read as a directory: %s; remove it or make "
			"it a directory that meshd may read",
			strerror(-result));
		return 0;
	}
	if (names.too_many || files->count + names.count > FILES_MAX) {
		report(files->errors, extra,
			"has more than %d files that end in %s; put some into "
			"one",
			FILES_MAX - 1, SUFFIX);
		return 0;
	}
	for (size_t i = 0; i < names.count; i++) {
		snprintf(path, sizeof(path), "%s/%s", extra, names.items[i]);
		result = add_file(files, path);
		if (result == -ENOENT) {
			report(files->errors, path,
				"is a link to a file that is not there; remove it or its target's "
				"name");
		} else if (result == -ENOMEM) {
			return result;
		}
	}
	return 0;
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
	int result = read_file(path, &files->layers[0], files->errors);
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
