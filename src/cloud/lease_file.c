/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/lease_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define LINE_MAX_SIZE 1024 /* a client id of 255 bytes is 764 characters */
#define FIELDS        5

static int parse_expiry(const char *text, int64_t *expiry)
{
	int64_t number = 0;

	if (*text == '\0' || strlen(text) > 12) {
		return -EINVAL;
	}
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9') {
			return -EINVAL;
		}
		number = number * 10 + (*text - '0');
	}
	*expiry = number;
	return 0;
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9') {
		return digit - '0';
	}
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -EINVAL;
}

static int hex_pair(const char *text)
{
	int high = hex_value(text[0]);
	int low = high < 0 ? high : hex_value(text[1]);

	return low < 0 ? low : high << 4 | low;
}

/* "01:02:..", or "*" for none. */
static int parse_client_id(const char *text, struct lease_line *line)
{
	size_t length = strlen(text);

	line->client_id_length = 0;
	if (strcmp(text, "*") == 0) {
		return 0;
	}
	if (length % 3 != 2 || length / 3 >= LEASE_CLIENT_ID_MAX) {
		return -EINVAL;
	}
	for (size_t i = 0; i < length; i += 3) {
		int byte = hex_pair(text + i);
		if (byte < 0 || (i + 2 < length && text[i + 2] != ':')) {
			return -EINVAL;
		}
		line->client_id[line->client_id_length++] = (uint8_t)byte;
	}
	return 0;
}

static int parse_line(char *text, struct lease_line *line)
{
	char *fields[FIELDS];
	size_t count = 0;

	for (char *field = strsep(&text, " "); field != NULL; field = strsep(&text, " ")) {
		if (count == FIELDS) {
			return -EINVAL;
		}
		fields[count++] = field;
	}
	if (count != FIELDS || parse_expiry(fields[0], &line->expiry) < 0 ||
		mac_parse(fields[1], &line->mac) < 0 || ip_parse(fields[2], &line->ip) < 0 ||
		line->ip.family != AF_INET || parse_client_id(fields[4], line) < 0) {
		return -EINVAL;
	}
	memset(line->hostname, 0, sizeof(line->hostname));
	if (text_is_label(fields[3], strlen(fields[3]))) {
		text_copy(line->hostname, sizeof(line->hostname), fields[3]);
	}
	return 0;
}

int lease_file_next(struct lease_reader *reader, struct lease_line *line)
{
	while (reader->at < reader->length) {
		const char *start = reader->text + reader->at;
		const char *end = memchr(start, '\n', reader->length - reader->at);
		char copy[LINE_MAX_SIZE];

		if (end == NULL) {
			return -EAGAIN;
		}
		size_t length = (size_t)(end - start);
		reader->at += length + 1;
		if (length >= sizeof(copy) || memchr(start, '\0', length) != NULL) {
			reader->left_out++;
			continue;
		}
		memcpy(copy, start, length);
		copy[length] = '\0';
		if (strncmp(copy, "duid ", 5) == 0) {
			reader->at = reader->length; /* the rest is DHCPv6's */
			return 0;
		}
		if (parse_line(copy, line) == 0) {
			return 1;
		}
		reader->left_out++;
	}
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int read_all(int fd, char *text, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t count = read(fd, text + length, size - length);
		if (count < 0) {
			return -errno;
		}
		if (count == 0) {
			return -EAGAIN; /* shorter than it was */
		}
		length += (size_t)count;
	}
	return 0;
}

int lease_file_read(const char *path, char **text, size_t *length)
{
	/* Not blocking: whatever else may lie there. */
	int fd CLEANUP(cleanup_close) = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat before;
	struct stat after;

	if (fd < 0 && errno != ENOENT) {
		return -errno;
	}
	if (fd < 0) {
		*text = calloc(1, 1);
		*length = 0;
		return *text == NULL ? -ENOMEM : 0;
	}
	if (fstat(fd, &before) < 0) {
		return -errno;
	}
	if (!S_ISREG(before.st_mode) || before.st_size > (off_t)LEASE_FILE_MAX) {
		return S_ISREG(before.st_mode) ? -EFBIG : -EINVAL;
	}
	char *read_text CLEANUP(cleanup_free) = calloc(1, (size_t)before.st_size + 1);
	if (read_text == NULL) {
		return -ENOMEM;
	}
	int result = read_all(fd, read_text, (size_t)before.st_size);
	if (result < 0) {
		return result;
	}
	if (fstat(fd, &after) < 0 || !same_file(&before, &after)) {
		return -EAGAIN;
	}
	*text = steal_ptr(read_text);
	*length = (size_t)before.st_size;
	return 0;
}
