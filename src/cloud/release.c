/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/release.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define DHCP_HEAD        236 /* up to the options' cookie */
#define DHCP_SERVER_PORT 67

enum dhcp_offset {
	DHCP_ID = 4,
	DHCP_CIADDR = 12,
	DHCP_CHADDR = 28,
};

enum dhcp_option {
	DHCP_MESSAGE_TYPE = 53,
	DHCP_SERVER_ID = 54,
	DHCP_CLIENT_ID = 61,
	DHCP_END = 255,
};

static size_t put_option(uint8_t *to, enum dhcp_option option, const void *value, size_t length)
{
	to[0] = (uint8_t)option;
	to[1] = (uint8_t)length;
	memcpy(to + 2, value, length);
	return length + 2;
}

size_t release_build(uint8_t message[RELEASE_SIZE_MAX], const struct lease_line *lease,
	const struct ip *server, uint32_t id)
{
	static const uint8_t cookie[] = {99, 130, 83, 99};
	static const uint8_t release = 7;
	size_t at = DHCP_HEAD;

	memset(message, 0, RELEASE_SIZE_MAX);
	message[0] = 1; /* BOOTREQUEST */
	message[1] = 1; /* Ethernet */
	message[2] = sizeof(lease->mac.bytes);
	memcpy(message + DHCP_ID, &id, sizeof(id));
	memcpy(message + DHCP_CIADDR, lease->ip.bytes, 4);
	memcpy(message + DHCP_CHADDR, lease->mac.bytes, sizeof(lease->mac.bytes));
	memcpy(message + at, cookie, sizeof(cookie));
	at += sizeof(cookie);
	at += put_option(message + at, DHCP_MESSAGE_TYPE, &release, 1);
	at += put_option(message + at, DHCP_SERVER_ID, server->bytes, 4);
	if (lease->client_id_length > 0) {
		at += put_option(message + at, DHCP_CLIENT_ID, lease->client_id,
			lease->client_id_length);
	}
	message[at++] = DHCP_END;
	return at;
}

int release_send(const char *link, const struct lease_line *lease, const struct ip *server,
	uint32_t id)
{
	uint8_t message[RELEASE_SIZE_MAX];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(DHCP_SERVER_PORT)};
	size_t length = release_build(message, lease, server, id);
	int fd CLEANUP(cleanup_close) =
		socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (server->family != AF_INET) {
		return -EAFNOSUPPORT;
	}
	memcpy(&to.sin_addr, server->bytes, sizeof(to.sin_addr));
	/* The datagram goes over the loopback, but counts as received on the link it is bound to.
	 */
	if (fd < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, link, (socklen_t)strlen(link) + 1) <
			0 ||
		sendto(fd, message, length, MSG_NOSIGNAL, (const struct sockaddr *)&to,
			sizeof(to)) < 0) {
		return -errno;
	}
	return 0;
}
