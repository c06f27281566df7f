/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alfred's unix socket, version 0 (alfred 2022.1 to 2024; packet.h, unix_sock.c there): the
 * messages as bytes. Integers are big endian. What is read is bounded and checked; the daemon is
 * ours, but what it hands on comes from the mesh. */
#ifndef CLOUD_ALFRED_WIRE_H
#define CLOUD_ALFRED_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define ALFRED_PUSH_HEAD         18    /* before the payload of a push or of an answer's data set */
#define ALFRED_PAYLOAD_MAX       65509 /* what the daemon takes */
#define ALFRED_PLUG_FROM         36526 /* a larger payload may be read in pieces: plug, see alfred.h */
#define ALFRED_STATUS_SIZE       4
#define ALFRED_REQUEST_SIZE      7
#define ALFRED_MODE_SIZE         5
#define ALFRED_INTERFACE_SIZE    260
#define ALFRED_EVENT_SIZE        11
#define ALFRED_STATUS_ANSWER_MAX 4096
#define ALFRED_VERSION           0

enum alfred_type {
	ALFRED_PUSH_DATA = 0,
	ALFRED_REQUEST = 2,
	ALFRED_STATUS_ERROR = 4,
	ALFRED_MODESWITCH = 5,
	ALFRED_CHANGE_INTERFACE = 6,
	ALFRED_SERVER_STATUS = 8,
	ALFRED_EVENT_REGISTER = 9,
	ALFRED_EVENT_NOTIFY = 10,
};

/* What SERVER_STATUS tells. */
struct alfred_status {
	bool primary;
	bool has_interface; /* is any listed? */
	bool active;        /* is the first interface in use? */
	char interface[16]; /* the first */
};

/* One data set of an answer; payload points into the answer. */
struct alfred_set {
	struct mac source;
	uint8_t type;
	uint8_t version;
	const uint8_t *payload;
	size_t length;
};

/* A walk through an answer. */
struct alfred_reader {
	const uint8_t *bytes;
	size_t length;
	size_t at;
	bool partial; /* the daemon said that the primary did not tell all */
};

/* Each writes a message and returns its size. */
size_t alfred_wire_status(uint8_t message[ALFRED_STATUS_SIZE]);
size_t alfred_wire_events(uint8_t message[ALFRED_STATUS_SIZE]);
size_t alfred_wire_request(uint8_t message[ALFRED_REQUEST_SIZE], uint8_t type, uint16_t id);
size_t alfred_wire_mode(uint8_t message[ALFRED_MODE_SIZE], bool primary);
size_t alfred_wire_interface(uint8_t message[ALFRED_INTERFACE_SIZE], const char *name);
/* Writes what comes before the payload of length bytes (at most ALFRED_PAYLOAD_MAX). The source is
 * left to the daemon. */
size_t alfred_wire_push(uint8_t head[ALFRED_PUSH_HEAD], uint8_t type, size_t length, uint16_t id);

/* 0 or -EBADMSG. */
int alfred_wire_parse_status(const uint8_t *bytes, size_t length, struct alfred_status *status);
/* The next data set of the answer to the request with the id: 1, 0 at the end, -EBADMSG when the
 * rest is no answer (or was cut). */
int alfred_wire_next(struct alfred_reader *reader, uint16_t id, struct alfred_set *set);
/* One event at the beginning of what was read: 1, 0 when it is not whole yet, -EBADMSG. Takes
 * ALFRED_EVENT_SIZE bytes. */
int alfred_wire_parse_event(const uint8_t *bytes, size_t length, uint8_t *type, struct mac *source);

#endif
