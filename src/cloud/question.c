/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/question.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DNS_PORT 53

int question_build(uint8_t message[QUESTION_SIZE_MAX], const char *name, uint16_t id)
{
	static const uint8_t end[] = {0, 0, 1, 0, 1}; /* root, type A, class IN */
	size_t at = 12;

	memset(message, 0, QUESTION_SIZE_MAX);
	message[0] = (uint8_t)(id >> 8);
	message[1] = (uint8_t)id;
	message[2] = 1; /* recursion desired */
	message[5] = 1; /* one question */
	while (*name != '\0') {
		size_t length = strcspn(name, ".");
		if (length == 0 || length > 63 || at + 1 + length + sizeof(end) > 12 + 255) {
			return -EINVAL;
		}
		message[at] = (uint8_t)length;
		memcpy(message + at + 1, name, length);
		at += 1 + length;
		name += length + (name[length] == '.');
	}
	memcpy(message + at, end, sizeof(end));
	return (int)(at + sizeof(end));
}

bool question_is_answered(const uint8_t *bytes, size_t length, uint16_t id)
{
	return length >= 12 && ((unsigned int)bytes[0] << 8 | bytes[1]) == id &&
	       (bytes[2] & 0xf8) == 0x80;
}

int question_send(const char *name, const struct ip *server, uint16_t id, int *fd)
{
	uint8_t message[QUESTION_SIZE_MAX];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
	int length = question_build(message, name, id);

	if (length < 0) {
		return length;
	}
	if (server->family != AF_INET) {
		return -EAFNOSUPPORT;
	}
	memcpy(&to.sin_addr, server->bytes, sizeof(to.sin_addr));
	int opened = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (opened < 0) {
		return -errno;
	}
	if (connect(opened, (const struct sockaddr *)&to, sizeof(to)) < 0 ||
		send(opened, message, (size_t)length, MSG_NOSIGNAL) < 0) {
		int error = -errno;
		close(opened);
		return error;
	}
	*fd = opened;
	return 0;
}
