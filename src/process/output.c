/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PRIORITY_INFO 6

bool output_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat own;
	char *colon = NULL;

	if (stream == NULL || fstat(STDERR_FILENO, &own) < 0) {
		return false;
	}
	unsigned long long device = strtoull(stream, &colon, 10);
	if (*colon != ':') {
		return false;
	}
	unsigned long long inode = strtoull(colon + 1, NULL, 10);
	return own.st_dev == device && own.st_ino == inode && access(OUTPUT_JOURNAL, F_OK) == 0;
}

int output_open_journal(const char *path, const char *identifier)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char header[128];
	int length = snprintf(header, sizeof(header), "%s\n\n%d\n1\n0\n0\n0\n", identifier,
		PRIORITY_INFO);

	if ((size_t)length >= sizeof(header) || strlen(path) >= sizeof(address.sun_path)) {
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	/* Without waiting for a journal that does not accept; a child may wait later. */
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		shutdown(fd, SHUT_RD) < 0 ||
		send(fd, header, (size_t)length, MSG_NOSIGNAL) != length ||
		fcntl(fd, F_SETFL, 0) < 0) {
		int error = errno;
		close(fd);
		return -error;
	}
	return fd;
}

int output_make_fifo(const char *path)
{
	struct stat there;

	if (lstat(path, &there) == 0) {
		if (S_ISFIFO(there.st_mode)) {
			return 0;
		}
		if (unlink(path) < 0) {
			return -errno;
		}
	}
	return mkfifo(path, 0600) < 0 ? -errno : 0;
}

int output_open_fifo_child(const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

int output_open_fifo(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}
