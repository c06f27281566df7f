/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "base/cleanup.h"
#include "kernel/attr.h"

/* More than the answers to a full batch: an error is about 1 KiB of socket memory. */
#define REQUEST_RECEIVE_SIZE    (1 << 20)
/* The kernel wants the whole batch within the send buffer. */
#define REQUEST_SEND_SIZE       ((size_t)2 * BATCH_SIZE)
#define REQUEST_TIMEOUT_SECONDS 10
#define BUFFER_SIZE_MAX         (1 << 20)
#define SHORT_PARTS_MAX         3 /* of a dump; what is longer is read in large parts */

/* Without CAP_NET_ADMIN in the initial namespace the kernel only grants up to rmem_max. */
static void set_buffer(int fd, int forced, int option, size_t size)
{
	int bytes = (int)size;

	if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof(bytes)) < 0) {
		(void)setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes));
	}
}

static int open_socket(struct mnl_socket **out, int bus, int flags)
{
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC | flags);

	if (socket == NULL) {
		return -errno;
	}
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int error = -errno;
		mnl_socket_close(socket);
		return error;
	}
	*out = socket;
	return 0;
}

int netlink_open(struct netlink *netlink, int bus)
{
	static const int options[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK};
	struct timeval timeout = {.tv_sec = REQUEST_TIMEOUT_SECONDS};
	struct mnl_socket *socket = NULL;
	int on = 1;

	char *buffer = malloc(NETLINK_BUFFER_SIZE);
	if (buffer == NULL) {
		return -ENOMEM;
	}
	int error = open_socket(&socket, bus, 0);
	if (error < 0) {
		free(buffer);
		return error;
	}
	int fd = mnl_socket_get_fd(socket);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		/* Only comforts: without them texts are missing and dumps are longer. */
		(void)mnl_socket_setsockopt(socket, options[i], &on, sizeof(on));
	}
	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, REQUEST_RECEIVE_SIZE);
	set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, REQUEST_SEND_SIZE);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	*netlink = (struct netlink){
		.socket = socket,
		.port = mnl_socket_get_portid(socket),
		.sequence = (uint32_t)time(NULL),
		.buffer = buffer,
		.buffer_size = NETLINK_BUFFER_SIZE,
		.receive_size = NETLINK_RECEIVE_SIZE,
	};
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket != NULL) {
		mnl_socket_close(netlink->socket);
	}
	free(netlink->buffer);
	memset(netlink, 0, sizeof(*netlink));
}

static int send_bytes(struct netlink *netlink, const void *bytes, size_t size)
{
	ssize_t sent;

	do {
		sent = mnl_socket_sendto(netlink->socket, bytes, size);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* An object that did not fit is lost: grow for the next try. */
static int grow_buffer(struct netlink *netlink)
{
	if (netlink->receive_size < netlink->buffer_size) {
		netlink->receive_size = netlink->buffer_size;
		return 0;
	}
	if (netlink->buffer_size >= BUFFER_SIZE_MAX) {
		return -EMSGSIZE;
	}
	char *buffer = realloc(netlink->buffer, netlink->buffer_size * 2);
	if (buffer == NULL) {
		return -ENOMEM;
	}
	netlink->buffer = buffer;
	netlink->buffer_size *= 2;
	netlink->receive_size = netlink->buffer_size;
	return 0;
}

/* Bytes received, -ENOSPC when the message was cut, or -errno. */
static ssize_t receive(struct netlink *netlink)
{
	ssize_t received;

	do {
		received = mnl_socket_recvfrom(netlink->socket, netlink->buffer,
			netlink->receive_size);
	} while (received < 0 && errno == EINTR);
	if (received < 0) {
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	}
	return received;
}

/* The text of an extended ack, or NULL. It lies in the receive buffer and ends with a NUL there. */
static const char *ack_text(const struct nlmsghdr *message)
{
	const struct nlmsgerr *ack = mnl_nlmsg_get_payload(message);
	size_t offset = sizeof(*ack);
	const struct nlattr *attr = NULL;

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS)) {
		return NULL;
	}
	if (!(message->nlmsg_flags & NLM_F_CAPPED)) {
		offset += mnl_nlmsg_get_payload_len(&ack->msg);
	}
	if (mnl_nlmsg_get_payload_len(message) < offset) {
		return NULL;
	}
	while ((attr = attr_next(message, offset, attr)) != NULL) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
			mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0) {
			return mnl_attr_get_str(attr);
		}
	}
	return NULL;
}

struct answer {
	bool ended;
	bool torn;
	int error;
};

static int ack_error(const struct nlmsghdr *message)
{
	const int *error = mnl_nlmsg_get_payload(message);

	/* The error of a dump comes within NLMSG_DONE; both start with the number. */
	return mnl_nlmsg_get_payload_len(message) >= sizeof(*error) && *error < 0 ? *error : 0;
}

static void take_message(struct answer *answer, const struct nlmsghdr *message,
	netlink_each_fn *each, void *context)
{
	if (message->nlmsg_flags & NLM_F_DUMP_INTR) {
		answer->torn = true;
	}
	if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
		int error = ack_error(message);
		answer->ended = true;
		answer->error = error != 0 ? error : answer->error;
	} else if (message->nlmsg_type >= NLMSG_MIN_TYPE && each != NULL && answer->error == 0) {
		answer->error = each(message, context);
	}
}

int netlink_request(struct netlink *netlink, struct nlmsghdr *message, uint16_t flags,
	netlink_each_fn *each, void *context)
{
	struct answer answer = {0};

	message->nlmsg_flags |= NLM_F_REQUEST | flags;
	message->nlmsg_seq = ++netlink->sequence;
	uint32_t sequence = message->nlmsg_seq; /* the message may lie in the buffer */
	int error = send_bytes(netlink, message, message->nlmsg_len);
	if (error < 0) {
		return error;
	}
	for (int parts = 0; !answer.ended; parts++) {
		if (parts == SHORT_PARTS_MAX) {
			netlink->receive_size = netlink->buffer_size;
		}
		ssize_t received = receive(netlink);
		if (received == -ENOSPC) {
			error = grow_buffer(netlink);
			if (error < 0) {
				return error;
			}
			answer.torn = true;
			continue;
		}
		if (received < 0) {
			return (int)received;
		}
		int left = (int)received;
		for (const struct nlmsghdr *part = (void *)netlink->buffer;
			mnl_nlmsg_ok(part, left) && !answer.ended;
			part = mnl_nlmsg_next(part, &left)) {
			if (part->nlmsg_seq == sequence) {
				take_message(&answer, part, each, context);
			}
		}
	}
	if (answer.error != 0) {
		return answer.error;
	}
	return answer.torn ? -EINTR : 0;
}

int batch_open(struct batch *batch, struct netlink *netlink, batch_result_fn *on_result,
	void *context)
{
	memset(batch, 0, sizeof(*batch));
	batch->bytes = malloc(BATCH_SIZE);
	if (batch->bytes == NULL) {
		return -ENOMEM;
	}
	batch->netlink = netlink;
	batch->on_result = on_result;
	batch->context = context;
	return 0;
}

void batch_close(struct batch *batch)
{
	free(batch->bytes);
	batch->bytes = NULL;
}

static size_t batch_used(const struct batch *batch)
{
	if (batch->count == 0) {
		return 0;
	}
	return (size_t)((char *)batch->last - batch->bytes) + MNL_ALIGN(batch->last->nlmsg_len);
}

struct nlmsghdr *batch_begin(struct batch *batch, void *owner, uint16_t type, uint16_t flags)
{
	if (batch->count == BATCH_MESSAGES || batch_used(batch) + BATCH_MESSAGE_MAX > BATCH_SIZE) {
		(void)batch_flush(batch); /* the error is kept */
	}
	if (batch->count == 0) {
		batch->first_sequence = batch->netlink->sequence + 1;
	}
	struct nlmsghdr *message = mnl_nlmsg_put_header(batch->bytes + batch_used(batch));
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	message->nlmsg_seq = ++batch->netlink->sequence;
	batch->owners[batch->count] = owner;
	batch->failed[batch->count] = false;
	batch->count++;
	batch->last = message;
	return message;
}

/* Takes one acknowledgement; true when it is the one of the last message. */
static bool take_ack(struct batch *batch, const struct nlmsghdr *ack)
{
	uint32_t index = ack->nlmsg_seq - batch->first_sequence;

	if (ack->nlmsg_type != NLMSG_ERROR || index >= batch->count) {
		return false;
	}
	int error = ack_error(ack);
	if (error != 0 && !batch->failed[index]) {
		batch->failed[index] = true;
		batch->on_result(batch->context, batch->owners[index], error, ack_text(ack));
	}
	return index == batch->count - 1;
}

static int receive_acks(struct batch *batch)
{
	bool ended = false;

	while (!ended) {
		ssize_t received = receive(batch->netlink);
		if (received == -ENOSPC) {
			continue; /* not an acknowledgement: those are small */
		}
		if (received < 0) {
			return (int)received;
		}
		int left = (int)received;
		for (const struct nlmsghdr *ack = (void *)batch->netlink->buffer;
			mnl_nlmsg_ok(ack, left); ack = mnl_nlmsg_next(ack, &left)) {
			ended = take_ack(batch, ack) || ended;
		}
	}
	return 0;
}

int batch_flush(struct batch *batch)
{
	if (batch->count == 0) {
		return batch->error;
	}
	if (batch->error == 0) {
		batch->last->nlmsg_flags |= NLM_F_ACK;
		batch->error = send_bytes(batch->netlink, batch->bytes, batch_used(batch));
	}
	if (batch->error == 0) {
		batch->error = receive_acks(batch);
	}
	for (size_t i = 0; i < batch->count; i++) {
		if (!batch->failed[i]) {
			batch->on_result(batch->context, batch->owners[i], batch->error, NULL);
		}
	}
	batch->count = 0;
	return batch->error;
}

int netlink_open_listener(struct mnl_socket **out, int bus, size_t size)
{
	struct mnl_socket *socket = NULL;
	int error = open_socket(&socket, bus, SOCK_NONBLOCK);

	if (error < 0) {
		return error;
	}
	set_buffer(mnl_socket_get_fd(socket), SO_RCVBUFFORCE, SO_RCVBUF, size);
	*out = socket;
	return 0;
}

int netlink_join(struct mnl_socket *socket, uint32_t group)
{
	int number = (int)group;

	return mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &number, sizeof(number)) < 0
		       ? -errno
		       : 0;
}
