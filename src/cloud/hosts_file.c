/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/hosts_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define FILE_NAME_SIZE 40
#define NEW_NAME       ".new" /* dnsmasq skips names that begin with a dot */
#define GONE_NAME      ".gone"

static int join(char path[PATH_MAX], const char *directory, const char *name)
{
	int length = snprintf(path, PATH_MAX, "%s/%s", directory, name);

	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static void name_file(char name[FILE_NAME_SIZE], const struct mac *author, unsigned int part)
{
	char text[MAC_TEXT_SIZE];

	mac_format(author, text);
	for (char *at = text; *at != '\0'; at++) {
		if (*at == ':') {
			*at = '-';
		}
	}
	if (part == 0) {
		snprintf(name, FILE_NAME_SIZE, "%s", text);
	} else {
		snprintf(name, FILE_NAME_SIZE, "%s.%u", text, part);
	}
}

int hosts_file_directory(char **path, const char *run_dir, const char *name, struct err *err)
{
	char joined[PATH_MAX];
	struct stat status;
	int result = join(joined, run_dir, name);

	if (result == 0 && mkdir(joined, 0755) < 0 && errno != EEXIST) {
		result = -errno;
	}
	if (result == 0 && (lstat(joined, &status) < 0 || !S_ISDIR(status.st_mode))) {
		result = -ENOTDIR;
	}
	if (result < 0) {
		err_set(err, "cannot make the directory %s/%s: %s", run_dir, name,
			strerror(-result));
		return result;
	}
	*path = strdup(joined);
	return *path == NULL ? -ENOMEM : 0;
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t count = write(fd, text, length);
		if (count < 0 && errno != EINTR) {
			return -errno;
		}
		if (count > 0) {
			text += count;
			length -= (size_t)count;
		}
	}
	return 0;
}

static int write_new(const char *path, const char *text, size_t length, unsigned int mode)
{
	unlink(path);
	int fd CLEANUP(cleanup_close) =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0) {
		return -errno;
	}
	/* dnsmasq reads it as another user, whatever our umask. */
	int result = fchmod(fd, mode) < 0 ? -errno : write_all(fd, text, length);
	if (result < 0) {
		unlink(path);
	}
	return result;
}

int hosts_file_replace(const char *path, const char *text, size_t length, unsigned int mode)
{
	const char *slash = strrchr(path, '/');
	char fresh[PATH_MAX];
	size_t directory = slash == NULL ? 0 : (size_t)(slash - path) + 1;

	if (directory + sizeof("." NEW_NAME) + strlen(path + directory) > sizeof(fresh)) {
		return -ENAMETOOLONG;
	}
	snprintf(fresh, sizeof(fresh), "%.*s.%s" NEW_NAME, (int)directory, path, path + directory);
	int result = write_new(fresh, text, length, mode);
	if (result == 0 && rename(fresh, path) < 0) {
		result = -errno;
		unlink(fresh);
	}
	return result;
}

/* dnsmasq watches for files that are closed, moved to a name, or deleted; not for those moved away
 * or linked. */
static void remove_silently(const char *directory, const char *name)
{
	char path[PATH_MAX];
	char gone[PATH_MAX];

	if (join(path, directory, name) == 0 && join(gone, directory, GONE_NAME) == 0 &&
		rename(path, gone) == 0) {
		unlink(gone);
	}
}

static int write_silently(const char *directory, const char *name, const char *text, size_t length)
{
	char path[PATH_MAX];
	char fresh[PATH_MAX];
	int result = join(path, directory, name);

	if (result == 0) {
		result = join(fresh, directory, NEW_NAME);
	}
	if (result == 0) {
		result = write_new(fresh, text, length, 0644);
	}
	if (result < 0) {
		return result;
	}
	remove_silently(directory, name);
	if (link(fresh, path) < 0) {
		result = -errno;
	}
	unlink(fresh);
	return result;
}

/* A line for dhcp-hostsdir. A blocked address is kept for a client id that nobody has. */
static void print_reservation(FILE *to, const struct lease_reservation *line)
{
	char ip[IP_TEXT_SIZE];
	char mac[MAC_TEXT_SIZE];

	ip_format(&line->ip, ip);
	if (mac_is_zero(&line->mac)) {
		fprintf(to, "id:meshd-blocked-%s,%s\n", ip, ip);
		return;
	}
	mac_format(&line->mac, mac);
	fprintf(to, "%s,%s\n", mac, ip);
}

int hosts_file_write_reservations(const char *directory, const struct mac *author,
	unsigned int part, const struct hosts_lines *lines)
{
	char name[FILE_NAME_SIZE];
	char path[PATH_MAX];
	char *text = NULL;
	size_t length = 0;

	name_file(name, author, part);
	if (lines->count == 0) {
		remove_silently(directory, name);
		return 0;
	}
	FILE *stream = open_memstream(&text, &length);
	if (stream == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < lines->count; i++) {
		print_reservation(stream, &lines->items[i]);
	}
	int result = fclose(stream) == 0 ? join(path, directory, name) : -ENOMEM;
	if (result == 0) {
		result = lines->silent ? write_silently(directory, name, text, length)
				       : hosts_file_replace(path, text, length, 0644);
	}
	free(text);
	return result;
}

void hosts_file_remove(const char *directory, const struct mac *author, unsigned int part)
{
	char name[FILE_NAME_SIZE];

	name_file(name, author, part);
	remove_silently(directory, name);
}

void hosts_file_remove_names(const char *directory, const struct mac *author)
{
	char name[FILE_NAME_SIZE];
	char path[PATH_MAX];

	name_file(name, author, 0);
	if (join(path, directory, name) == 0) {
		unlink(path);
	}
}

int hosts_file_write_names(const char *directory, const struct lease_file *file)
{
	char name[FILE_NAME_SIZE];
	char path[PATH_MAX];
	char ip[IP_TEXT_SIZE];
	char *text = NULL;
	size_t length = 0;

	if (file->name_count == 0) {
		hosts_file_remove_names(directory, &file->author);
		return 0;
	}
	FILE *stream = open_memstream(&text, &length);
	if (stream == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < file->name_count; i++) {
		ip_format(&file->names[i].ip, ip);
		fprintf(stream, "%s %s\n", ip, file->names[i].name);
	}
	name_file(name, &file->author, 0);
	int result = fclose(stream) == 0 ? join(path, directory, name) : -ENOMEM;
	if (result == 0) {
		result = hosts_file_replace(path, text, length, 0644);
	}
	free(text);
	return result;
}

static bool is_kept(const char *name, const struct lease_output *output)
{
	for (size_t i = 0; output != NULL && i < output->file_count; i++) {
		char kept[FILE_NAME_SIZE];
		name_file(kept, &output->files[i].author, 0);
		if (strcmp(name, kept) == 0 && output->files[i].name_count > 0) {
			return true;
		}
	}
	return false;
}

/* output: whose files stay, NULL = nobody's. */
static void clear(const char *directory, const struct lease_output *output)
{
	DIR *open_directory = opendir(directory);

	if (open_directory == NULL) {
		return;
	}
	for (const struct dirent *entry = readdir(open_directory); entry != NULL;
		entry = readdir(open_directory)) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || is_kept(name, output)) {
			continue;
		}
		if (output == NULL) {
			remove_silently(directory, name);
		} else {
			unlinkat(dirfd(open_directory), name, 0);
		}
	}
	closedir(open_directory);
}

void hosts_file_clear(const char *directory)
{
	clear(directory, NULL);
}

void hosts_file_clear_names(const char *directory, const struct lease_output *output)
{
	clear(directory, output);
}
