/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client and servers in namespaces of their own, and this node between them: client - br-lan -
 * node
 * - tun0 and wan0 - servers. The client is 10.13.0.2 and fd13::2, the node's uplink 198.51.100.7
 * and 2001:db8:7::7; the servers know the way back through tun0 only. */
#ifndef KERNEL_TEST_TALK_H
#define KERNEL_TEST_TALK_H

#include <stdint.h>
#include <sys/socket.h>

/* In the namespace of the caller, which is to be one of its own. */
void talk_start(void);
void talk_stop(void);

/* A client's socket and a server's. */
struct talk {
	const char *address; /* the server's */
	int client;
	int server;
};

/* By UDP, from the client's port to the server's port 7. */
struct talk talk_open(const char *address, uint16_t port);
/* A packet arrives at the server, and an answer at the client. source: whom the server sees. */
void ck_talk(const struct talk *talk, const char *source);
socklen_t talk_name(const char *address, uint16_t port, struct sockaddr_storage *name);

/* How many flows the node tracks from a source to a destination, as /proc tells. */
int talk_tracked(const char *source, const char *destination);

#endif
