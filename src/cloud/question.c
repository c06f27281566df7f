/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/question.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/dns_message.h"

bool question_is_answered(const uint8_t *bytes, size_t length, uint16_t id)
{
	return length >= 12 && ((unsigned int)bytes[0] << 8 | bytes[1]) == id &&
	       (bytes[2] & 0xf8) == 0x80;
}

int question_send(const char *name, const struct ip *server, uint16_t id, int *fd)
{
	uint8_t message[DNS_QUESTION_MAX];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
	int length = dns_question_build(message, name, AF_INET, id);

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
