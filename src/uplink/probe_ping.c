/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw sockets and not the kernel's ping sockets: who may open those is a setting of the machine
 * (net.ipv4.ping_group_range; Debian's and each new namespace's is "nobody", and root is not
 * exempt). A raw one is connected, so that only the target's packets come, and filtered to echo
 * replies; id, sequence and a random secret tell which are ours. */
#include <errno.h>
#include <netinet/icmp6.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "uplink/probe.h"

#define STRANGERS_MAX   64
/* <linux/icmp.h> does not go together with <net/if.h>. */
#define RAW_ICMP_FILTER 1

static int set_filter(int fd, uint8_t family)
{
	int result = 0;

	if (family == AF_INET6) {
		struct icmp6_filter filter;
		ICMP6_FILTER_SETBLOCKALL(&filter);
		ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
		result = setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
	} else {
		uint32_t filter = ~(1U << ICMP4_ECHO_REPLY); /* bits of what is dropped */
		result = setsockopt(fd, SOL_RAW, RAW_ICMP_FILTER, &filter, sizeof(filter));
	}
	return result < 0 ? -errno : 0;
}

static int send_echo(struct probe *probe, const struct probe_scene *scene)
{
	uint8_t message[ICMP_ECHO_SIZE];
	struct probe_packet packet = {.to = probe->target->ip,
		.bytes = message,
		.length = sizeof(message)};

	probe->echo.sequence++;
	icmp_echo_build(&probe->echo, scene->way.family, message);
	probe->bytes += probe_ip_head(scene->way.family) + ICMP_ECHO_SIZE;
	return probe_send(probe->fd, &scene->way, &packet);
}

static int start(struct probe *probe, const struct probe_scene *scene)
{
	uint8_t family = scene->way.family;
	int result = probe_socket(&scene->way, SOCK_RAW,
		family == AF_INET6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP, &probe->fd);

	if (result == 0) {
		result = set_filter(probe->fd, family);
	}
	if (result == 0) {
		result = probe_connect(probe->fd, &probe->target->ip, 0);
	}
	if (result == 0 && getrandom(&probe->echo, sizeof(probe->echo), GRND_NONBLOCK) < 0) {
		result = -errno;
	}
	probe->echo.sequence = 0;
	if (result == 0) {
		result = send_echo(probe, scene);
	}
	return result < 0 ? result : probe_watch(probe, scene, EPOLLIN);
}

/* An ICMP error ends it when it is about one of its requests. */
static void on_error(struct probe *probe, const struct probe_scene *scene, int error)
{
	uint8_t bytes[128];
	size_t length = 0;
	bool queued = false;

	for (int i = 0; i < STRANGERS_MAX; i++) {
		int found = probe_take_error(probe->fd, bytes, sizeof(bytes), &length);
		if (found == 0) {
			break;
		}
		queued = true;
		if (icmp_echo_is_request(&probe->echo, scene->way.family, bytes, length)) {
			probe_end(probe, scene->now, found);
			return;
		}
	}
	if (!queued) {
		probe_end(probe, scene->now, error); /* of this machine, such as ENETDOWN */
	}
}

static void on_ready(struct probe *probe, const struct probe_scene *scene)
{
	uint8_t bytes[256];

	while (probe->state == PROBE_RUNNING) {
		ssize_t count = recv(probe->fd, bytes, sizeof(bytes), 0);
		if (count < 0 && errno == EAGAIN) {
			return;
		}
		if (count < 0) {
			on_error(probe, scene, errno);
			continue;
		}
		probe->bytes += (unsigned int)count +
				(scene->way.family == AF_INET6 ? probe_ip_head(AF_INET6) : 0);
		if (icmp_echo_is_answered(&probe->echo, scene->way.family, bytes, (size_t)count)) {
			probe_end(probe, scene->now, 0);
		} else if (++probe->strangers > STRANGERS_MAX) {
			probe_end(probe, scene->now, PROBE_ERROR_MALFORMED);
		}
	}
}

const struct probe_verbs probe_ping_verbs = {
	.start = start,
	.resend = send_echo,
	.on_ready = on_ready,
};
