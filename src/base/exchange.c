/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define INPUT_FIRST  4096
#define READS_A_TURN 64 /* so that an endless answer does not hold the loop */
#define BYTES_A_TURN ((size_t)256 * 1024)

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);

	if (length >= sizeof(address.sun_path)) {
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, path, length + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	/* A unix socket connects at once or not at all: EAGAIN is a full queue. */
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;
		close(fd);
		return -error;
	}
	return fd;
}

static int write_more(struct exchange *exchange)
{
	while (exchange->output_sent < exchange->output_length) {
		ssize_t count = send(exchange->fd, exchange->output + exchange->output_sent,
			exchange->output_length - exchange->output_sent, MSG_NOSIGNAL);
		if (count < 0) {
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		}
		exchange->output_sent += (size_t)count;
	}
	return 0;
}

int exchange_write(struct exchange *exchange, const void *request, size_t length)
{
	size_t left = exchange->output_length - exchange->output_sent;
	uint8_t *output = malloc(left + length + 1);

	if (output == NULL) {
		return -ENOMEM;
	}
	if (left > 0) {
		memcpy(output, exchange->output + exchange->output_sent, left);
	}
	if (length > 0) {
		memcpy(output + left, request, length);
	}
	free(exchange->output);
	exchange->output = output;
	exchange->output_length = left + length;
	exchange->output_sent = 0;
	return write_more(exchange);
}

int exchange_open(struct exchange *exchange, const char *path, const void *request, size_t length,
	size_t answer_max)
{
	struct exchange opened = {.fd = connect_to(path), .input_max = answer_max};

	if (opened.fd < 0) {
		return opened.fd;
	}
	int result = length > 0 ? exchange_write(&opened, request, length) : 0;
	if (result < 0) {
		exchange_close(&opened);
		return result;
	}
	*exchange = opened;
	return 0;
}

uint32_t exchange_events(const struct exchange *exchange)
{
	uint32_t events = EPOLLIN;

	if (exchange->output_sent < exchange->output_length) {
		events |= EPOLLOUT;
	}
	return events;
}

static int grow(struct exchange *exchange)
{
	size_t capacity =
		exchange->input_capacity == 0 ? INPUT_FIRST : exchange->input_capacity * 2;

	if (exchange->input_length < exchange->input_capacity) {
		return 0;
	}
	if (exchange->input_length >= exchange->input_max) {
		return -EMSGSIZE;
	}
	/* One byte over the most that is taken shows that there is more. */
	if (capacity > exchange->input_max + 1) {
		capacity = exchange->input_max + 1;
	}
	uint8_t *input = realloc(exchange->input, capacity);
	if (input == NULL) {
		return -ENOMEM;
	}
	exchange->input = input;
	exchange->input_capacity = capacity;
	return 0;
}

static int read_more(struct exchange *exchange)
{
	size_t before = exchange->input_length;

	for (int i = 0; i < READS_A_TURN && exchange->input_length - before < BYTES_A_TURN; i++) {
		int result = grow(exchange);
		if (result < 0) {
			return result;
		}
		ssize_t count = recv(exchange->fd, exchange->input + exchange->input_length,
			exchange->input_capacity - exchange->input_length, 0);
		if (count == 0) {
			return 1;
		}
		if (count < 0) {
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		}
		exchange->input_length += (size_t)count;
		if (exchange->input_length > exchange->input_max) {
			return -EMSGSIZE;
		}
	}
	return 0;
}

int exchange_on_ready(struct exchange *exchange)
{
	int result = write_more(exchange);

	return result < 0 ? result : read_more(exchange);
}

void exchange_take(struct exchange *exchange, size_t length)
{
	if (length > exchange->input_length) {
		length = exchange->input_length;
	}
	if (length > 0) {
		memmove(exchange->input, exchange->input + length, exchange->input_length - length);
		exchange->input_length -= length;
	}
}

void exchange_close(struct exchange *exchange)
{
	if (exchange->fd >= 0) {
		close(exchange->fd);
	}
	free(exchange->output);
	free(exchange->input);
	*exchange = EXCHANGE_NONE;
}
