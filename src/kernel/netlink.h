/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests over one netlink socket: single ones, dumps, and batches of many messages in one system
 * call. The kernel answers rtnetlink and generic netlink within sendmsg(), so nothing here waits
 * for anything but the kernel's own lock. */
#ifndef KERNEL_NETLINK_H
#define KERNEL_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

/* The kernel fills dump messages up to the size of the reader's buffer, but no further than this.
 */
#define NETLINK_BUFFER_SIZE  32768
/* What a reader offers at first: the kernel takes, and clears, memory of that size for each dump,
 * and most are short. */
#define NETLINK_RECEIVE_SIZE 8192

struct netlink {
	struct mnl_socket *socket;
	uint32_t port;
	uint32_t sequence;
	char *buffer;
	size_t buffer_size;
	size_t receive_size; /* of it, what a receive offers */
};

/* Called for every object of an answer. 0, or -errno, which ends up as the request's result. */
typedef int netlink_each_fn(const struct nlmsghdr *message, void *context);

/* bus: NETLINK_ROUTE, NETLINK_GENERIC. 0 or -errno; after an error there is nothing to close. */
int netlink_open(struct netlink *netlink, int bus);
/* May be called twice. */
void netlink_close(struct netlink *netlink);

/* Sends one message (flags and sequence number are set here) and gives every object of the answer
 * to each, which may be NULL. flags: NLM_F_ACK or NLM_F_DUMP. 0, -errno of the kernel, or -EINTR:
 * the answer is torn (NLM_F_DUMP_INTR, or an object larger than the buffer, which has grown then):
 * forget what each() got and ask again. */
int netlink_request(struct netlink *netlink, struct nlmsghdr *message, uint16_t flags,
	netlink_each_fn *each, void *context);

/* Room that batch_begin() leaves for one message. */
#define BATCH_MESSAGE_MAX 1024
#define BATCH_MESSAGES    200
/* Less than what malloc() takes from the system anew each time. */
#define BATCH_SIZE        65536

/* The result of one message: error is 0 or -errno, text the kernel's extended ack or NULL. */
typedef void batch_result_fn(void *context, void *owner, int error, const char *text);

/* Messages on their way out. Only the last one of a system call asks to be acknowledged: the kernel
 * works in order and reports errors unasked. */
struct batch {
	struct netlink *netlink;
	batch_result_fn *on_result;
	void *context;
	char *bytes;
	struct nlmsghdr *last; /* the one being filled, or the one before the next */
	uint32_t first_sequence;
	size_t count;
	void *owners[BATCH_MESSAGES];
	bool failed[BATCH_MESSAGES];
	int error; /* sticky: the socket itself failed */
};

/* 0 or -ENOMEM */
int batch_open(struct batch *batch, struct netlink *netlink, batch_result_fn *on_result,
	void *context);
void batch_close(struct batch *batch);
/* A new message to fill, good until the next call; sends what is there when it would not fit. owner
 * comes back with the result. */
struct nlmsghdr *batch_begin(struct batch *batch, void *owner, uint16_t type, uint16_t flags);
/* Sends what is there and delivers all results. 0, or -errno when the socket failed. */
int batch_flush(struct batch *batch);

/* Opens a socket that hears the groups; non-blocking, with a receive buffer of size bytes or what
 * the kernel grants. 0 or -errno. */
int netlink_open_listener(struct mnl_socket **out, int bus, size_t size);
int netlink_join(struct mnl_socket *socket, uint32_t group);

#endif
