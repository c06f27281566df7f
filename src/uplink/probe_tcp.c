/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "uplink/probe.h"

#define OPTIONS_SYN 20 /* bytes of TCP options in a SYN, and in what follows */
#define OPTIONS     12

static int start(struct probe *probe, const struct probe_scene *scene)
{
	/* Closing resets the connection: one packet instead of four, and nothing lingers. */
	const struct linger linger = {.l_onoff = 1, .l_linger = 0};
	int result = probe_socket(&scene->way, SOCK_STREAM, 0, &probe->fd);

	if (result == 0) {
		setsockopt(probe->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		probe->bytes +=
			probe_ip_head(scene->way.family) + sizeof(struct tcphdr) + OPTIONS_SYN;
		result = probe_connect(probe->fd, &probe->target->ip, probe->target->port);
	}
	if (result == -ECONNREFUSED) {
		probe_end(probe, scene->now, 0);
		return 0;
	}
	if (result < 0 && result != -EINPROGRESS) {
		return result;
	}
	return probe_watch(probe, scene, EPOLLOUT);
}

static void on_ready(struct probe *probe, const struct probe_scene *scene)
{
	unsigned int head = probe_ip_head(scene->way.family) + sizeof(struct tcphdr);
	int result = probe_connect_again(probe->fd, &probe->target->ip, probe->target->port);

	if (result == -EINPROGRESS) {
		return;
	}
	if (result == 0) {
		probe->bytes += 3 * head + OPTIONS_SYN + OPTIONS;
		probe_end(probe, scene->now, 0);
	} else if (result == -ECONNREFUSED) {
		/* The way leads there, and that is what is asked. */
		probe->bytes += head;
		probe_end(probe, scene->now, 0);
	} else {
		probe_end(probe, scene->now, -result);
	}
}

const struct probe_verbs probe_tcp_verbs = {
	.start = start,
	.on_ready = on_ready,
};
