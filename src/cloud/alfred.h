/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Talks to alfred over its unix socket without ever waiting for it, nor letting it wait for us:
 * alfred is one thread that reads and writes blocking, so a request is written in one piece at
 * once and its answer is read as it comes. Every call has its own connection and time limit.
 *
 * alfred takes a message with one read(); the kernel hands over more than about 36 kB in pieces, so
 * that the read may get the first of them only. For a larger push a second connection, made first
 * and left silent, holds the daemon until the whole message lies in its socket (the "plug"). */
#ifndef CLOUD_ALFRED_H
#define CLOUD_ALFRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "cloud/alfred_wire.h"

/* The connections; the number that the caller's epoll gets with each (plus its base). */
enum alfred_call {
	ALFRED_CALL_STATUS,  /* SERVER_STATUS */
	ALFRED_CALL_COMMAND, /* a push, MODESWITCH or CHANGE_INTERFACE: answered by an EOF */
	ALFRED_CALL_REQUEST, /* all data sets of our type */
	ALFRED_CALL_EVENTS,  /* open as long as the daemon lives */
	ALFRED_CALL_PLUG,
	ALFRED_CALLS,
};

#define ALFRED_CALL_SECONDS    3.0
#define ALFRED_FORWARD_SECONDS 25.0 /* a secondary waits 20 s for a dead primary */

struct alfred_counts {
	uint64_t pushes;
	uint64_t requests;
	uint64_t events;
	uint64_t errors;
	uint64_t bytes_in;
	uint64_t bytes_out;
};

struct alfred_listener {
	/* A call is over: result is 0 with the answer, or -errno (-ETIMEDOUT: its time was up). Of
	 * CALL_EVENTS: the subscription is lost. */
	void (*on_done)(void *context, enum alfred_call call, int result, const uint8_t *answer,
		size_t length);
	/* A data set of the type is new or changed. */
	void (*on_event)(void *context, uint8_t type, const struct mac *source);
	void *context;
};

struct alfred;

/* epoll: where the connections are added, with data.u32 = base + call. */
int alfred_open(struct alfred **out, const char *path, int epoll, uint32_t base);
void alfred_listen(struct alfred *alfred, const struct alfred_listener *listener);
void alfred_close(struct alfred *alfred);
/* Drops every connection without a word to the listener: the daemon is another one now. */
void alfred_reset(struct alfred *alfred);
bool alfred_is_busy(const struct alfred *alfred, enum alfred_call call);

/* Each begins a call: 0, -EBUSY, or -errno (nobody there); the listener is told only after a 0. */
int alfred_ask_status(struct alfred *alfred, double now);
int alfred_push(struct alfred *alfred, uint8_t type, const void *payload, size_t length,
	double now);
/* seconds: the time limit. The id of the answer is alfred_request_id(). */
int alfred_request(struct alfred *alfred, uint8_t type, double seconds, double now);
uint16_t alfred_request_id(const struct alfred *alfred);
int alfred_set_mode(struct alfred *alfred, bool primary, double now);
int alfred_set_interface(struct alfred *alfred, const char *name, double now);
int alfred_subscribe(struct alfred *alfred, double now);

void alfred_on_ready(struct alfred *alfred, enum alfred_call call);
void alfred_on_timer(struct alfred *alfred, double now);
/* Infinity when nothing is under way. */
double alfred_deadline(const struct alfred *alfred);
const struct alfred_counts *alfred_counts(const struct alfred *alfred);

#endif
