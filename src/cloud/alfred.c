/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/alfred.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/exchange.h"

#define ANSWER_MAX ((size_t)16 * 1024 * 1024) /* of a request: 10,000 leases are about 1 MB */
#define EVENTS_MAX ((size_t)64 * 1024)        /* in one turn */

struct call {
	struct exchange exchange;
	double deadline;
	uint32_t events; /* as epoll knows them */
};

struct alfred {
	char *path;
	int epoll;
	uint32_t base;
	uint16_t id; /* of the newest request */
	uint16_t pushes;
	struct call calls[ALFRED_CALLS];
	struct alfred_counts counts;
	struct alfred_listener listener;
};

int alfred_open(struct alfred **out, const char *path, int epoll, uint32_t base)
{
	struct alfred *alfred = calloc(1, sizeof(*alfred));

	if (alfred == NULL || (alfred->path = strdup(path)) == NULL) {
		free(alfred);
		return -ENOMEM;
	}
	alfred->epoll = epoll;
	alfred->base = base;
	/* The daemon keeps requests apart by their sender and number: not the one of a run before.
	 */
	if (getrandom(&alfred->id, sizeof(alfred->id), GRND_NONBLOCK) < 0) {
		alfred->id = (uint16_t)getpid();
	}
	for (size_t i = 0; i < ALFRED_CALLS; i++) {
		alfred->calls[i] = (struct call){.exchange = EXCHANGE_NONE, .deadline = INFINITY};
	}
	*out = alfred;
	return 0;
}

void alfred_listen(struct alfred *alfred, const struct alfred_listener *listener)
{
	alfred->listener = *listener;
}

static void drop(struct alfred *alfred, enum alfred_call name)
{
	struct call *call = &alfred->calls[name];

	exchange_close(&call->exchange); /* epoll forgets a closed descriptor by itself */
	call->deadline = INFINITY;
	call->events = 0;
}

void alfred_reset(struct alfred *alfred)
{
	for (size_t i = 0; i < ALFRED_CALLS; i++) {
		drop(alfred, (enum alfred_call)i);
	}
}

void alfred_close(struct alfred *alfred)
{
	if (alfred == NULL) {
		return;
	}
	alfred_reset(alfred);
	free(alfred->path);
	free(alfred);
}

bool alfred_is_busy(const struct alfred *alfred, enum alfred_call call)
{
	return alfred->calls[call].exchange.fd >= 0;
}

/* Tells epoll what the call waits for. */
static int watch(struct alfred *alfred, enum alfred_call name)
{
	struct call *call = &alfred->calls[name];
	uint32_t events = exchange_events(&call->exchange);
	struct epoll_event event = {.events = events, .data.u32 = alfred->base + name};
	int operation = call->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (events == call->events) {
		return 0;
	}
	if (epoll_ctl(alfred->epoll, operation, call->exchange.fd, &event) < 0) {
		return -errno;
	}
	call->events = events;
	return 0;
}

static size_t answer_max(enum alfred_call name)
{
	switch (name) {
	case ALFRED_CALL_REQUEST:
		return ANSWER_MAX;
	case ALFRED_CALL_EVENTS:
		return EVENTS_MAX;
	case ALFRED_CALL_STATUS:
	case ALFRED_CALL_COMMAND:
	case ALFRED_CALL_PLUG:
	case ALFRED_CALLS:
		break;
	}
	return ALFRED_STATUS_ANSWER_MAX;
}

static int begin(struct alfred *alfred, enum alfred_call name, const void *message, size_t length,
	double deadline)
{
	struct call *call = &alfred->calls[name];

	if (call->exchange.fd >= 0) {
		return -EBUSY;
	}
	int result =
		exchange_open(&call->exchange, alfred->path, message, length, answer_max(name));
	if (result == 0) {
		result = watch(alfred, name);
	}
	if (result < 0) {
		alfred->counts.errors++;
		drop(alfred, name);
		return result;
	}
	alfred->counts.bytes_out += length;
	call->deadline = deadline;
	return 0;
}

int alfred_ask_status(struct alfred *alfred, double now)
{
	uint8_t message[ALFRED_STATUS_SIZE];

	return begin(alfred, ALFRED_CALL_STATUS, message, alfred_wire_status(message),
		now + ALFRED_CALL_SECONDS);
}

int alfred_set_mode(struct alfred *alfred, bool primary, double now)
{
	uint8_t message[ALFRED_MODE_SIZE];

	return begin(alfred, ALFRED_CALL_COMMAND, message, alfred_wire_mode(message, primary),
		now + ALFRED_CALL_SECONDS);
}

int alfred_set_interface(struct alfred *alfred, const char *name, double now)
{
	uint8_t message[ALFRED_INTERFACE_SIZE];

	return begin(alfred, ALFRED_CALL_COMMAND, message, alfred_wire_interface(message, name),
		now + ALFRED_CALL_SECONDS);
}

int alfred_subscribe(struct alfred *alfred, double now)
{
	uint8_t message[ALFRED_STATUS_SIZE];

	(void)now;
	return begin(alfred, ALFRED_CALL_EVENTS, message, alfred_wire_events(message), INFINITY);
}

int alfred_request(struct alfred *alfred, uint8_t type, double seconds, double now)
{
	uint8_t message[ALFRED_REQUEST_SIZE];
	uint16_t id = (uint16_t)(alfred->id + 1);
	int result = begin(alfred, ALFRED_CALL_REQUEST, message,
		alfred_wire_request(message, type, id), now + seconds);

	if (result == 0) {
		alfred->id = id;
		alfred->counts.requests++;
	}
	return result;
}

uint16_t alfred_request_id(const struct alfred *alfred)
{
	return alfred->id;
}

/* The message is in the daemon's socket as a whole: now it may go on. */
static int pull_plug(struct alfred *alfred)
{
	struct exchange *plug = &alfred->calls[ALFRED_CALL_PLUG].exchange;
	const struct exchange *command = &alfred->calls[ALFRED_CALL_COMMAND].exchange;
	uint8_t message[ALFRED_STATUS_SIZE];

	if (command->output_sent < command->output_length) {
		return -ENOBUFS;
	}
	alfred->counts.bytes_out += ALFRED_STATUS_SIZE;
	int result = exchange_write(plug, message, alfred_wire_status(message));
	return result < 0 ? result : watch(alfred, ALFRED_CALL_PLUG);
}

int alfred_push(struct alfred *alfred, uint8_t type, const void *payload, size_t length, double now)
{
	double deadline = now + ALFRED_CALL_SECONDS;
	bool plugged = length > ALFRED_PLUG_FROM;

	if (length > ALFRED_PAYLOAD_MAX) {
		return -EMSGSIZE;
	}
	uint8_t *message CLEANUP(cleanup_free) = malloc(ALFRED_PUSH_HEAD + length);
	if (message == NULL) {
		return -ENOMEM;
	}
	size_t head = alfred_wire_push(message, type, length, alfred->pushes);
	if (length > 0) {
		memcpy(message + head, payload, length);
	}
	int result = 0;
	if (plugged) {
		result = begin(alfred, ALFRED_CALL_PLUG, NULL, 0, deadline);
	}
	if (result == 0) {
		result = begin(alfred, ALFRED_CALL_COMMAND, message, head + length, deadline);
	}
	if (result == 0 && plugged) {
		result = pull_plug(alfred);
		if (result < 0) {
			drop(alfred, ALFRED_CALL_COMMAND);
		}
	}
	if (result < 0) {
		drop(alfred, ALFRED_CALL_PLUG);
		return result;
	}
	alfred->pushes++;
	alfred->counts.pushes++;
	return 0;
}

/* Ends a call: its connection is closed before the listener may begin the next one. */
static void finish(struct alfred *alfred, enum alfred_call name, int result)
{
	struct call *call = &alfred->calls[name];
	size_t length = call->exchange.input_length;
	uint8_t *answer CLEANUP(cleanup_free) = steal_ptr(call->exchange.input);

	drop(alfred, name);
	if (result < 0) {
		alfred->counts.errors++;
	}
	if (name != ALFRED_CALL_PLUG) {
		alfred->listener.on_done(alfred->listener.context, name, result < 0 ? result : 0,
			answer, length);
	}
}

static int read_events(struct alfred *alfred)
{
	struct exchange *exchange = &alfred->calls[ALFRED_CALL_EVENTS].exchange;
	size_t at = 0;
	int result;

	for (;;) {
		uint8_t type;
		struct mac source;

		result = alfred_wire_parse_event(exchange->input + at, exchange->input_length - at,
			&type, &source);
		if (result <= 0) {
			break;
		}
		at += ALFRED_EVENT_SIZE;
		alfred->counts.events++;
		alfred->listener.on_event(alfred->listener.context, type, &source);
	}
	exchange_take(exchange, at);
	return result;
}

void alfred_on_ready(struct alfred *alfred, enum alfred_call call)
{
	struct exchange *exchange = &alfred->calls[call].exchange;
	size_t before = exchange->input_length;

	if (exchange->fd < 0) {
		return; /* closed in the same turn */
	}
	int result = exchange_on_ready(exchange);
	alfred->counts.bytes_in += exchange->input_length - before;
	if (call == ALFRED_CALL_EVENTS && result >= 0 && read_events(alfred) < 0) {
		result = -EBADMSG;
	}
	if (result == 0) {
		result = watch(alfred, call);
	}
	if (result != 0) {
		finish(alfred, call, result);
	}
}

void alfred_on_timer(struct alfred *alfred, double now)
{
	for (size_t i = 0; i < ALFRED_CALLS; i++) {
		if (alfred->calls[i].deadline <= now) {
			finish(alfred, (enum alfred_call)i, -ETIMEDOUT);
		}
	}
}

double alfred_deadline(const struct alfred *alfred)
{
	double first = INFINITY;

	for (size_t i = 0; i < ALFRED_CALLS; i++) {
		first = fmin(first, alfred->calls[i].deadline);
	}
	return first;
}

const struct alfred_counts *alfred_counts(const struct alfred *alfred)
{
	return &alfred->counts;
}
