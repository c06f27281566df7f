/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/release.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define DHCP_HEAD        236 /* up to the options' cookie */
#define DHCP_SERVER_PORT 67
#define DNS_PORT         53

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

static struct sockaddr_in server_address(const struct ip *server, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	memcpy(&address.sin_addr, server->bytes, sizeof(address.sin_addr));
	return address;
}

int release_send(const char *link, const struct lease_line *lease, const struct ip *server,
	uint32_t id)
{
	uint8_t message[RELEASE_SIZE_MAX];
	struct sockaddr_in to = server_address(server, DHCP_SERVER_PORT);
	size_t length = release_build(message, lease, server, id);
	int fd CLEANUP(cleanup_close) =
		socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (server->family != AF_INET) {
		return -EAFNOSUPPORT;
	}
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
	struct sockaddr_in to = server_address(server, DNS_PORT);
	int length = question_build(message, name, id);

	if (length < 0) {
		return length;
	}
	if (server->family != AF_INET) {
		return -EAFNOSUPPORT;
	}
	int opened CLEANUP(cleanup_close) =
		socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (opened < 0 || connect(opened, (const struct sockaddr *)&to, sizeof(to)) < 0 ||
		send(opened, message, (size_t)length, MSG_NOSIGNAL) < 0) {
		return -errno;
	}
	*fd = opened;
	opened = -1;
	return 0;
}
