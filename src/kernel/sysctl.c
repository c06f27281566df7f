/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define PATH_SIZE 128

/* A file descriptor or -errno. */
static int sysctl_open(const char *path, int flags)
{
	char full[PATH_SIZE];

	if (snprintf(full, sizeof(full), "/proc/sys/%s", path) >= (int)sizeof(full)) {
		return -ENAMETOOLONG;
	}
	int fd = open(full, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_read(const char *path, int32_t *value)
{
	char text[16];
	char *end;

	CLEANUP(cleanup_close) int fd = sysctl_open(path, O_RDONLY);
	if (fd < 0) {
		return fd;
	}
	ssize_t size = read(fd, text, sizeof(text) - 1);
	if (size < 0) {
		return -errno;
	}
	text[size] = '\0';
	long number = strtol(text, &end, 10);
	if (end == text || number < INT32_MIN || number > INT32_MAX) {
		return -EINVAL;
	}
	*value = (int32_t)number;
	return 0;
}

int sysctl_write(const char *path, int32_t value)
{
	char text[16];

	CLEANUP(cleanup_close) int fd = sysctl_open(path, O_WRONLY);
	if (fd < 0) {
		return fd;
	}
	int size = snprintf(text, sizeof(text), "%d\n", value);
	return write(fd, text, (size_t)size) < 0 ? -errno : 0;
}

int sysctl_write_link6(const char *link, const char *name, int32_t value)
{
	char path[PATH_SIZE];

	if (snprintf(path, sizeof(path), "net/ipv6/conf/%s/%s", link, name) >= (int)sizeof(path)) {
		return -ENAMETOOLONG;
	}
	return sysctl_write(path, value);
}
