/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/flows.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/cleanup.h"
#include "kernel/codec_conntrack.h"
#include "kernel/kernel.h"
#include "kernel/netlink.h"
#include "kernel/room.h"

#define STEP_MS 8

/* Where a packet goes that leaves no uplink. */
static const struct prefix inside[] = {
	{{AF_INET, {10}}, 8},
	{{AF_INET, {172, 16}}, 12},
	{{AF_INET, {192, 168}}, 16},
	{{AF_INET, {169, 254}}, 16},
	{{AF_INET, {224}}, 4},
	{{AF_INET, {255, 255, 255, 255}}, 32},
	{{AF_INET6, {0xfc}}, 7},
	{{AF_INET6, {0xfe, 0x80}}, 10},
	{{AF_INET6, {0xff}}, 8},
};

/* Deletes go over a socket of their own while the dump is still being read, so that nothing is
 * kept of what may be very many. The kernel makes each part of a dump when the one before is read;
 * between two of them all may wait. */
struct forgetting {
	struct prefix *sources;
	size_t count;
	struct netlink dump;
	struct netlink deletes;
	struct batch batch;
	bool ended;
	int error; /* the first */
};

static bool is_in(const struct ip *ip, const struct prefix *network)
{
	unsigned int whole = network->length / 8;
	unsigned int rest = network->length % 8;

	if (ip->family != network->ip.family || network->length > ip_bits(ip) ||
		memcmp(ip->bytes, network->ip.bytes, whole) != 0) {
		return false;
	}
	return rest == 0 || ((ip->bytes[whole] ^ network->ip.bytes[whole]) >> (8 - rest)) == 0;
}

static bool is_in_any(const struct ip *ip, const struct prefix *networks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_in(ip, &networks[i])) {
			return true;
		}
	}
	return false;
}

/* Tracking may have begun in the middle of a flow, with an answer. */
static bool is_wanted(const struct forgetting *forgetting, const struct ip *client,
	const struct ip *server)
{
	return is_in_any(client, forgetting->sources, forgetting->count) &&
	       !is_in_any(server, inside, ARRAY_SIZE(inside));
}

static void take_flow(struct forgetting *forgetting, const struct nlmsghdr *message)
{
	struct codec_flow flow;

	if (codec_conntrack_decode(message, &flow) == 0 && !flow.translated &&
		(is_wanted(forgetting, &flow.source, &flow.destination) ||
			is_wanted(forgetting, &flow.destination, &flow.source))) {
		codec_conntrack_delete(batch_begin(&forgetting->batch, NULL, CODEC_CONNTRACK_DELETE,
					       0),
			&flow);
	}
}

static void keep_error(struct forgetting *forgetting, int error)
{
	forgetting->error = forgetting->error == 0 ? error : forgetting->error;
}

static void on_deleted(void *context, void *owner, int error, const char *text)
{
	(void)owner;
	(void)text;
	if (error != -ENOENT) { /* it may have ended */
		keep_error(context, error);
	}
}

static void take_message(struct forgetting *forgetting, const struct nlmsghdr *message)
{
	const int *result = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
		forgetting->ended = true;
		if (mnl_nlmsg_get_payload_len(message) >= sizeof(*result) && *result < 0) {
			keep_error(forgetting, *result);
		}
	} else {
		take_flow(forgetting, message);
	}
}

static void read_part(struct forgetting *forgetting)
{
	struct netlink *dump = &forgetting->dump;
	ssize_t received;

	do {
		received = mnl_socket_recvfrom(dump->socket, dump->buffer, dump->buffer_size);
	} while (received < 0 && errno == EINTR);
	if (received < 0) {
		forgetting->ended = true;
		keep_error(forgetting, errno == EAGAIN ? -ETIMEDOUT : -errno);
		return;
	}
	int left = (int)received;
	for (const struct nlmsghdr *message = (void *)dump->buffer;
		mnl_nlmsg_ok(message, left) && !forgetting->ended;
		message = mnl_nlmsg_next(message, &left)) {
		take_message(forgetting, message);
	}
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

static void go_on(struct forgetting *forgetting)
{
	double until = now_ms() + STEP_MS;

	do {
		read_part(forgetting);
	} while (!forgetting->ended && now_ms() < until);
	int error = batch_flush(&forgetting->batch);
	if (error < 0) {
		forgetting->ended = true;
		keep_error(forgetting, error);
	}
}

void forgetting_close(struct forgetting *forgetting)
{
	if (forgetting != NULL) {
		batch_close(&forgetting->batch);
		netlink_close(&forgetting->deletes);
		netlink_close(&forgetting->dump);
		free(forgetting->sources);
		free(forgetting);
	}
}

/* What all sources have in common, AF_UNSPEC when they do not. The kernel looks at all families
 * each time it is asked. */
static uint8_t find_family(const struct forgetting *forgetting)
{
	uint8_t family = forgetting->sources[0].ip.family;

	for (size_t i = 1; i < forgetting->count; i++) {
		if (forgetting->sources[i].ip.family != family) {
			return AF_UNSPEC;
		}
	}
	return family;
}

static int start(struct forgetting *forgetting)
{
	char buffer[MNL_NLMSG_HDRLEN + 64];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	int error = netlink_open(&forgetting->dump, NETLINK_NETFILTER);

	if (error == 0) {
		error = netlink_open(&forgetting->deletes, NETLINK_NETFILTER);
	}
	if (error == 0) {
		error = batch_open(&forgetting->batch, &forgetting->deletes, on_deleted,
			forgetting);
	}
	codec_conntrack_request(message, find_family(forgetting));
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (error == 0 &&
		mnl_socket_sendto(forgetting->dump.socket, message, message->nlmsg_len) < 0) {
		error = -errno;
	}
	return error;
}

static void free_forgetting(struct forgetting **forgetting)
{
	forgetting_close(*forgetting);
}

/* The kernel has no such bus, or nobody listens there to questions about flows. */
static bool tracks_nothing(int error)
{
	return error == -EPROTONOSUPPORT || error == -EOPNOTSUPP || error == -ENOENT ||
	       error == -EINVAL;
}

static void add_sources(struct forgetting *forgetting, const struct prefix *sources, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool there = false;
		for (size_t j = 0; j < forgetting->count && !there; j++) {
			there = memcmp(&forgetting->sources[j], &sources[i], sizeof(*sources)) == 0;
		}
		if (!there) {
			forgetting->sources[forgetting->count++] = sources[i];
		}
	}
}

int kernel_forget_flows(struct kernel *kernel, const struct prefix *sources, size_t count)
{
	CLEANUP(free_forgetting) struct forgetting *forgetting = calloc(1, sizeof(*forgetting));
	const struct forgetting *before = kernel->forgetting;

	if (count == 0) {
		return kernel_forget_more(kernel);
	}
	if (forgetting == NULL) {
		return -ENOMEM;
	}
	forgetting->sources =
		calloc(count + (before != NULL ? before->count : 0), sizeof(*forgetting->sources));
	if (forgetting->sources == NULL) {
		return -ENOMEM;
	}
	add_sources(forgetting, sources, count);
	if (before != NULL) {
		add_sources(forgetting, before->sources, before->count);
	}
	int error = start(forgetting);
	if (error < 0) {
		return tracks_nothing(error) ? 0 : error;
	}
	forgetting_close(kernel->forgetting);
	kernel->forgetting = steal_ptr(forgetting);
	return kernel_forget_more(kernel);
}

int kernel_forget_more(struct kernel *kernel)
{
	if (kernel->forgetting == NULL) {
		return 0;
	}
	go_on(kernel->forgetting);
	if (!kernel->forgetting->ended) {
		return 1;
	}
	int error = kernel->forgetting->error;
	forgetting_close(steal_ptr(kernel->forgetting));
	return tracks_nothing(error) ? 0 : error;
}
