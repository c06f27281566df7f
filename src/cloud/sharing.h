/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The conversation with alfred: what is asked when, and what is done about the answers. It keeps
 * our dataset in alfred (a push is believed only when it was read back), fetches the others', keeps
 * alfred in its role, and knows whether alfred is well.
 *
 * A primary is told of new data by events and asks its own alfred, which costs no traffic; a
 * secondary is not, and polls once a period through its primary. */
#ifndef CLOUD_SHARING_H
#define CLOUD_SHARING_H

#include <jansson.h>

#include "cloud/alfred.h"
#include "cloud/cloud.h"
#include "cloud/role.h"
#include "core/lease.h"

enum sharing_command {
	SHARING_NOTHING,
	SHARING_PUSH,
	SHARING_MODE,
	SHARING_INTERFACE,
};

struct sharing {
	/* From outside. */
	struct alfred *alfred;
	struct lease_book *book;
	double sync_seconds;
	void (*on_answer)(void *context, bool works);
	void *context;
	enum cloud_role wished;
	unsigned int primaries_max;
	struct mac mac;
	struct mac source;
	uint8_t type;
	bool share;
	bool expected; /* alfred is there, says its supervisor */
	bool asked;    /* somebody waits for on_answer */

	double now;         /* of the turn */
	double expected_at; /* since when alfred is there */

	struct role role;
	double role_due;

	double status_at; /* when it was told last; -INFINITY: not known */
	double status_due;
	double inactive_since;  /* INFINITY: the interface is in use */
	double interface_asked; /* when CHANGE_INTERFACE was tried last */
	double mode_asked;
	struct alfred_status status;
	unsigned int ifindex; /* of the interface in use, 0 = not known */

	double subscribe_due;
	double subscribed_at;
	double request_due;
	double request_began;

	uint8_t *pushed; /* the newest dataset pushed */
	size_t pushed_length;
	double pushed_at;
	double push_due; /* not before, after failures */
	uint64_t lost_pushes;
	unsigned int push_failures;
	enum sharing_command command; /* under way */

	bool role_started;
	bool replaced; /* alfred's link has gone, or another has its name */
	bool misnamed; /* our data is under another MAC: alfred took the link's before it changed */
	bool subscribed;
	bool request_again; /* something happened while one was under way */
	bool heard;         /* a request was answered in whole at least once */
	bool verified;      /* what was pushed was read back */
};

int sharing_open(struct sharing *sharing, const char *path, int epoll, uint32_t base);
void sharing_close(struct sharing *sharing);
/* After share, wished, primaries_max, type, mac or source changed. */
void sharing_set(struct sharing *sharing, double now);
void sharing_on_alfred(struct sharing *sharing, bool answers, double now);
void sharing_ask(struct sharing *sharing, double now);
void sharing_on_ready(struct sharing *sharing, enum alfred_call call, double now);
/* Does what is due. True when the role changed. */
bool sharing_on_timer(struct sharing *sharing, double now);
double sharing_deadline(const struct sharing *sharing);
bool sharing_is_primary(const struct sharing *sharing);
struct lease_now sharing_now(double now);
/* alfred's part of cloud_to_json. NULL when memory ends. */
json_t *sharing_to_json(const struct sharing *sharing);

#endif
