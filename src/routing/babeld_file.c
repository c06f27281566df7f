/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing/babeld_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "core/render.h"

#define PATH_SIZE 512
#define TEXT_SIZE 96
#define TRIES_MAX 16

static bool is_ones(const struct mac *mac, const uint8_t tail[2])
{
	static const struct mac ones = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

	return memcmp(mac, &ones, sizeof(ones)) == 0 && tail[0] == 0xff && tail[1] == 0xff;
}

static void format_file(const struct mac *mac, const uint8_t tail[2], char text[TEXT_SIZE])
{
	char address[MAC_TEXT_SIZE];

	mac_format(mac, address);
	snprintf(text, TEXT_SIZE, "router-id %s:%02x:%02x\n", address, tail[0], tail[1]);
}

static void read_old(const char *path, char text[TEXT_SIZE])
{
	CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, TEXT_SIZE - 1);

	text[length < 0 ? 0 : length] = '\0';
}

/* An id of zeroes or ones alone is nobody's (RFC 8966, 4.1.3). */
static int make_text(const struct mac *mac, const char *old, char text[TEXT_SIZE])
{
	for (int i = 0; i < TRIES_MAX; i++) {
		uint8_t tail[2];
		ssize_t length = getrandom(tail, sizeof(tail), 0);
		if (length != (ssize_t)sizeof(tail)) {
			if (length < 0 && errno != EINTR) {
				return -errno;
			}
			continue;
		}
		format_file(mac, tail, text);
		if (!is_ones(mac, tail) && strcmp(text, old) != 0) {
			return 0;
		}
	}
	return -EAGAIN;
}

static int write_file(const char *path, const char *text)
{
	char fresh[PATH_SIZE + 8];

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	CLEANUP(cleanup_close)
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0) {
		return -errno;
	}
	ssize_t length = write(fd, text, strlen(text));
	if (length != (ssize_t)strlen(text)) {
		return length < 0 ? -errno : -ENOSPC;
	}
	return rename(fresh, path) < 0 ? -errno : 0;
}

int babeld_file_prepare(const char *run_dir, const struct mac *mac, struct err *err)
{
	char path[PATH_SIZE];
	char old[TEXT_SIZE] = "";
	char text[TEXT_SIZE];

	if (mac_is_zero(mac)) {
		err_set(err, "this node has no MAC yet, of which babeld's router id is made");
		return -EINVAL;
	}
	int length = snprintf(path, sizeof(path), "%s/%s", run_dir, CHILD_BABELD_CONFIG);
	if (length < 0 || (size_t)length >= sizeof(path)) {
		err_set(err, "the directory \"%s\" is too long a path", run_dir);
		return -ENAMETOOLONG;
	}
	read_old(path, old);
	int result = make_text(mac, old, text);
	if (result == 0) {
		result = write_file(path, text);
	}
	if (result < 0) {
		err_set(err, "cannot write %s: %s", path, strerrordesc_np(-result));
	}
	return result;
}
