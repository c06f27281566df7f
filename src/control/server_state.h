/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server is made of, for the files that make and keep one. */
#ifndef CONTROL_SERVER_STATE_H
#define CONTROL_SERVER_STATE_H

#include <sys/stat.h>
#include <sys/un.h>

#include "control/peer.h"
#include "control/server.h"

struct server {
	struct sockaddr_un address;
	int listener;
	int epoll;
	int lock;
	int watch;        /* inotify of the socket's file */
	struct stat file; /* as it was made */
	int reserve;    /* given up for a moment when descriptors run out, see server_turn_away() */
	uint64_t clock; /* counts signs of life */
	const struct request_table *table;
	void *context;
	struct peer *peers[SERVER_CLIENTS_MAX];
};

/* All descriptors -1. NULL when memory ends. */
struct server *server_new(const struct request_table *table, void *context);
/* Makes the epoll set and the reserve, and watches the listener and its file. 0 or -errno. */
int server_watch(struct server *server);
/* Watches a peer and puts it in a free slot. 0, or -errno, and then the peer is still the caller's.
 */
int server_watch_peer(struct server *server, struct peer *peer, size_t slot);

#endif
