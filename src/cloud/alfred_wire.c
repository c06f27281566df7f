/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/alfred_wire.h"

#include <errno.h>
#include <string.h>

#define HEAD_SIZE        4  /* type, version, length */
#define TRANSACTION_SIZE 4  /* id, sequence number */
#define SET_HEAD_SIZE    10 /* source, type, version, length */
#define STATUS_MODE      0
#define STATUS_INTERFACE 1
#define INTERFACE_LENGTH 17 /* char[16] and "active" */

static void put16(uint8_t *to, size_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static size_t get16(const uint8_t *from)
{
	return (size_t)from[0] << 8 | from[1];
}

static void put_head(uint8_t *message, enum alfred_type type, size_t length)
{
	message[0] = (uint8_t)type;
	message[1] = ALFRED_VERSION;
	put16(message + 2, length);
}

size_t alfred_wire_status(uint8_t message[ALFRED_STATUS_SIZE])
{
	put_head(message, ALFRED_SERVER_STATUS, 0);
	return ALFRED_STATUS_SIZE;
}

size_t alfred_wire_events(uint8_t message[ALFRED_STATUS_SIZE])
{
	put_head(message, ALFRED_EVENT_REGISTER, 0);
	return ALFRED_STATUS_SIZE;
}

size_t alfred_wire_request(uint8_t message[ALFRED_REQUEST_SIZE], uint8_t type, uint16_t id)
{
	/* Any other length and the daemon keeps the connection for ever. */
	put_head(message, ALFRED_REQUEST, ALFRED_REQUEST_SIZE - HEAD_SIZE);
	message[4] = type;
	put16(message + 5, id);
	return ALFRED_REQUEST_SIZE;
}

size_t alfred_wire_mode(uint8_t message[ALFRED_MODE_SIZE], bool primary)
{
	put_head(message, ALFRED_MODESWITCH, 1);
	message[4] = primary ? 1 : 0;
	return ALFRED_MODE_SIZE;
}

size_t alfred_wire_interface(uint8_t message[ALFRED_INTERFACE_SIZE], const char *name)
{
	memset(message, 0, ALFRED_INTERFACE_SIZE);
	put_head(message, ALFRED_CHANGE_INTERFACE, ALFRED_INTERFACE_SIZE - HEAD_SIZE);
	text_copy((char *)message + HEAD_SIZE, ALFRED_INTERFACE_SIZE - HEAD_SIZE, name);
	return ALFRED_INTERFACE_SIZE;
}

size_t alfred_wire_push(uint8_t head[ALFRED_PUSH_HEAD], uint8_t type, size_t length, uint16_t id)
{
	memset(head, 0, ALFRED_PUSH_HEAD);
	put_head(head, ALFRED_PUSH_DATA, TRANSACTION_SIZE + SET_HEAD_SIZE + length);
	put16(head + 4, id);
	head[14] = type;
	put16(head + 16, length);
	return ALFRED_PUSH_HEAD;
}

static int parse_interface(const uint8_t *value, size_t length, struct alfred_status *status)
{
	if (length != INTERFACE_LENGTH || memchr(value, '\0', INTERFACE_LENGTH - 1) == NULL) {
		return -EBADMSG;
	}
	if (!status->has_interface) {
		text_copy(status->interface, sizeof(status->interface), (const char *)value);
		status->has_interface = true;
		status->active = value[INTERFACE_LENGTH - 1] != 0;
	}
	return 0;
}

int alfred_wire_parse_status(const uint8_t *bytes, size_t length, struct alfred_status *status)
{
	struct alfred_status parsed = {0};
	bool has_mode = false;

	if (length < HEAD_SIZE || bytes[0] != ALFRED_SERVER_STATUS || bytes[1] != ALFRED_VERSION ||
		get16(bytes + 2) != length - HEAD_SIZE) {
		return -EBADMSG;
	}
	for (size_t at = HEAD_SIZE; at < length;) {
		if (length - at < HEAD_SIZE || length - at - HEAD_SIZE < get16(bytes + at + 2)) {
			return -EBADMSG;
		}
		const uint8_t *value = bytes + at + HEAD_SIZE;
		size_t size = get16(bytes + at + 2);
		if (bytes[at] == STATUS_MODE) {
			if (size != 1) {
				return -EBADMSG;
			}
			parsed.primary = value[0] == 1;
			has_mode = true;
		} else if (bytes[at] == STATUS_INTERFACE &&
			   parse_interface(value, size, &parsed) < 0) {
			return -EBADMSG;
		}
		at += HEAD_SIZE + size;
	}
	if (!has_mode) {
		return -EBADMSG;
	}
	*status = parsed;
	return 0;
}

/* The daemon's last word when the primary went silent in the middle. Its number is written without
 * a change of byte order, so it is not looked at. */
static bool is_error(const uint8_t *message, size_t left)
{
	return message[0] == ALFRED_STATUS_ERROR && get16(message + 2) == TRANSACTION_SIZE &&
	       left == HEAD_SIZE + TRANSACTION_SIZE;
}

int alfred_wire_next(struct alfred_reader *reader, uint16_t id, struct alfred_set *set)
{
	const uint8_t *message = reader->bytes + reader->at;
	size_t left = reader->length - reader->at;

	if (left == 0) {
		return 0;
	}
	if (left < HEAD_SIZE || message[1] != ALFRED_VERSION) {
		return -EBADMSG;
	}
	size_t length = get16(message + 2);
	if (is_error(message, left)) {
		reader->partial = true;
		reader->at = reader->length;
		return 0;
	}
	if (message[0] != ALFRED_PUSH_DATA || length < TRANSACTION_SIZE + SET_HEAD_SIZE ||
		left - HEAD_SIZE < length || get16(message + 4) != id) {
		return -EBADMSG;
	}
	const uint8_t *head = message + HEAD_SIZE + TRANSACTION_SIZE;
	if (get16(head + 8) != length - TRANSACTION_SIZE - SET_HEAD_SIZE) {
		return -EBADMSG;
	}
	memcpy(set->source.bytes, head, sizeof(set->source.bytes));
	set->type = head[6];
	set->version = head[7];
	set->payload = head + SET_HEAD_SIZE;
	set->length = length - TRANSACTION_SIZE - SET_HEAD_SIZE;
	reader->at += HEAD_SIZE + length;
	return 1;
}

int alfred_wire_parse_event(const uint8_t *bytes, size_t length, uint8_t *type, struct mac *source)
{
	if (length < ALFRED_EVENT_SIZE) {
		return 0;
	}
	if (bytes[0] != ALFRED_EVENT_NOTIFY || bytes[1] != ALFRED_VERSION ||
		get16(bytes + 2) != ALFRED_EVENT_SIZE - HEAD_SIZE) {
		return -EBADMSG;
	}
	*type = bytes[4];
	memcpy(source->bytes, bytes + 5, sizeof(source->bytes));
	return 1;
}
