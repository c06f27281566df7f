/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets that are bound to a way. */
#ifndef UPLINK_PROBE_SOCKET_H
#define UPLINK_PROBE_SOCKET_H

#include "base/text.h"

/* Where its sockets are bound to. Without a device a packet would go whatever way the routes lead:
 * only tests do that, to see that the binding matters. */
struct probe_way {
	uint8_t family;
	char device[IFNAMSIZ];
	struct ip source; /* family 0 = the kernel's choice */
	bool one_way;     /* a tunnel that only sends: answers come in by another device */
};

struct probe_packet {
	struct ip to;  /* where the socket is connected to */
	uint16_t port; /* of UDP; 0 = ICMP */
	void *bytes;
	size_t length;
};

/* A socket bound to the way in *fd; type and protocol as socket(2)'s. 0 or -errno: -ENODEV when
 * there is no such device. */
int probe_socket(const struct probe_way *way, int type, int protocol, int *fd);
/* 0 or -errno. A stream is connecting after -EINPROGRESS. */
int probe_connect(int fd, const struct ip *ip, uint16_t port);
/* Sends on a connected socket of datagrams, by the way's device and no other. 0 or -errno. */
int probe_send(int fd, const struct probe_way *way, const struct probe_packet *packet);
/* What became of it: 0 = connected, -EINPROGRESS = nothing yet, or -errno, also of an ICMP error.
 */
int probe_connect_again(int fd, const struct ip *ip, uint16_t port);
/* Bytes of an IP header. */
unsigned int probe_ip_head(uint8_t family);
/* After an error of a read: the ICMP error that came for what was sent, with the first bytes of
 * that. The errno, 0 = there is none (left). */
int probe_take_error(int fd, uint8_t *bytes, size_t size, size_t *length);

#endif
