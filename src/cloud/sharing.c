/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/sharing.h"

#include <errno.h>
#include <math.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "cloud/sharing_take.h"

#define STATUS_SECONDS  3.0 /* between two looks at a healthy alfred */
#define STATUS_SOON     1.0 /* while its interface is not in use: asking also wakes it up */
#define STATUS_FRESH    1.0 /* as old may it be for a push */
#define INTERFACE_AFTER 3.0 /* without interface: tell it once more which one */
#define INTERFACE_AGAIN 15.0
#define INTERFACE_GRACE 5.0 /* then it does not work */
#define MODE_AGAIN      3.0
#define SUBSCRIBE_AGAIN 1.0
#define REQUEST_DELAY   0.05 /* events come in flocks: one for each dataset */
#define FIRST_CHOICE    5.0  /* so long others' facts are waited for */
#define ROLE_SECONDS    1.0

struct lease_now sharing_now(double now)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct lease_now){.boot = now,
		.wall = (double)wall.tv_sec + (double)wall.tv_nsec / 1e9};
}

static void forget_daemon(struct sharing *sharing, double now)
{
	alfred_reset(sharing->alfred);
	sharing->status_at = -INFINITY;
	sharing->status_due = now;
	sharing->ifindex = 0;
	sharing->replaced = false;
	sharing->inactive_since = INFINITY;
	sharing->interface_asked = -INFINITY;
	sharing->mode_asked = -INFINITY;
	sharing->subscribed = false;
	sharing->subscribe_due = now;
	sharing->request_due = now;
	sharing->request_again = false;
	sharing->command = SHARING_NOTHING;
	sharing->push_due = now;
	sharing->push_failures = 0;
	sharing->verified = false;
	sharing->pushed_length = 0;
}

static void on_done(void *context, enum alfred_call call, int result, const uint8_t *bytes,
	size_t length);
static void on_event(void *context, uint8_t type, const struct mac *source);

int sharing_open(struct sharing *sharing, const char *path, int epoll, uint32_t base)
{
	const struct alfred_listener listener = {.on_done = on_done,
		.on_event = on_event,
		.context = sharing};
	int result = alfred_open(&sharing->alfred, path, epoll, base);

	if (result < 0) {
		return result;
	}
	alfred_listen(sharing->alfred, &listener);
	sharing->role_due = INFINITY;
	forget_daemon(sharing, 0);
	return 0;
}

void sharing_close(struct sharing *sharing)
{
	alfred_close(sharing->alfred);
	sharing->alfred = NULL;
	free(sharing->pushed);
	sharing->pushed = NULL;
}

void sharing_set(struct sharing *sharing, double now)
{
	if (!sharing->role_started) {
		role_start(&sharing->role, &sharing->mac, now);
		sharing->role_started = true;
	}
	sharing->role_due = now;
	if (sharing->expected) {
		sharing->request_due = now;
	}
}

bool sharing_is_primary(const struct sharing *sharing)
{
	return sharing->wished == CLOUD_ROLE_AUTO ? sharing->role.primary
						  : sharing->wished == CLOUD_ROLE_PRIMARY;
}

void sharing_on_alfred(struct sharing *sharing, bool answers, double now)
{
	if (answers == sharing->expected) {
		return;
	}
	sharing->expected = answers;
	if (!answers) {
		forget_daemon(sharing, now);
		return;
	}
	sharing->subscribe_due = now;
	sharing->request_due = now;
	sharing->push_due = now;
	sharing->expected_at = now;
	role_on_news(&sharing->role, now);
	lease_book_republish(sharing->book);
}

void sharing_ask(struct sharing *sharing, double now)
{
	sharing->asked = true;
	sharing->status_due = now;
}

static void answer(struct sharing *sharing, bool works)
{
	if (sharing->asked) {
		sharing->asked = false;
		sharing->on_answer(sharing->context, works);
	}
}

static void status_failed(struct sharing *sharing)
{
	sharing->status_at = -INFINITY;
	sharing->status_due = sharing->now + STATUS_SOON;
	answer(sharing, false);
}

/* alfred looks at its interface once a period or less often; that the link is another one now, we
 * see at once. */
static bool is_replaced(struct sharing *sharing, const struct alfred_status *status)
{
	unsigned int index = status->has_interface ? if_nametoindex(status->interface) : 0;

	if (!status->active) {
		sharing->ifindex = 0;
		return false;
	}
	if (sharing->ifindex == 0) {
		sharing->ifindex = index;
	}
	return index != sharing->ifindex;
}

static void on_status(struct sharing *sharing, int result, const uint8_t *bytes, size_t length)
{
	struct alfred_status status = {0};

	if (result == 0) {
		result = alfred_wire_parse_status(bytes, length, &status);
	}
	if (result < 0) {
		status_failed(sharing);
		return;
	}
	if (isinf(sharing->status_at) || sharing->status.primary != status.primary) {
		sharing->request_due = sharing->now; /* the other role has another period */
	}
	sharing->replaced = is_replaced(sharing, &status);
	status.active = status.active && !sharing->replaced;
	sharing->status = status;
	sharing->status_at = sharing->now;
	if (status.active) {
		sharing->inactive_since = INFINITY;
	} else if (isinf(sharing->inactive_since)) {
		sharing->inactive_since = sharing->now;
	}
	if (sharing->wished == CLOUD_ROLE_AUTO) {
		role_adopt(&sharing->role, status.primary);
	}
	sharing->status_due = sharing->now + (status.active ? STATUS_SECONDS : STATUS_SOON);
	answer(sharing, status.active || sharing->now - sharing->inactive_since < INTERFACE_GRACE);
}

static void want_request(struct sharing *sharing, double at)
{
	if (alfred_is_busy(sharing->alfred, ALFRED_CALL_REQUEST)) {
		sharing->request_again = true;
	}
	sharing->request_due = fmin(sharing->request_due, at);
}

static void on_command(struct sharing *sharing, int result)
{
	enum sharing_command command = sharing->command;

	sharing->command = SHARING_NOTHING;
	if (command == SHARING_PUSH && result < 0) {
		sharing_push_failed(sharing);
	} else if (command == SHARING_PUSH && sharing->status.primary) {
		want_request(sharing, sharing->now);
	} else {
		sharing->status_due = sharing->now;
	}
	if (command == SHARING_INTERFACE) {
		sharing->ifindex = 0; /* of the link that is there now */
	}
}

static void on_done(void *context, enum alfred_call call, int result, const uint8_t *bytes,
	size_t length)
{
	struct sharing *sharing = context;

	switch (call) {
	case ALFRED_CALL_STATUS:
		on_status(sharing, result, bytes, length);
		break;
	case ALFRED_CALL_COMMAND:
		on_command(sharing, result);
		break;
	case ALFRED_CALL_REQUEST:
		sharing_on_request(sharing, result, bytes, length);
		break;
	case ALFRED_CALL_EVENTS:
		/* The daemon is gone, and with it what it was told; or it does not want this. */
		sharing->subscribed = false;
		sharing->subscribe_due = fmax(sharing->now + REQUEST_DELAY,
			sharing->subscribed_at + SUBSCRIBE_AGAIN);
		break;
	case ALFRED_CALL_PLUG:
	case ALFRED_CALLS:
		break;
	}
}

static void on_event(void *context, uint8_t type, const struct mac *source)
{
	struct sharing *sharing = context;

	if (type == sharing->type && memcmp(source, &sharing->source, sizeof(*source)) != 0) {
		want_request(sharing,
			fmax(sharing->now + REQUEST_DELAY, sharing->request_began + REQUEST_GAP));
	}
}

static double push_at(const struct sharing *sharing)
{
	bool able = sharing->expected && sharing->command == SHARING_NOTHING &&
		    !alfred_is_busy(sharing->alfred, ALFRED_CALL_PLUG) &&
		    !isinf(sharing->status_at) && sharing->status.active &&
		    sharing->status.primary == sharing_is_primary(sharing);

	return able ? fmax(lease_book_publish_at(sharing->book), sharing->push_due) : INFINITY;
}

static void step_status(struct sharing *sharing)
{
	bool wanted = sharing->status_due <= sharing->now && (sharing->expected || sharing->asked);

	if (!wanted && push_at(sharing) <= sharing->now) {
		wanted = sharing->now - sharing->status_at > STATUS_FRESH;
	}
	if (!wanted || alfred_is_busy(sharing->alfred, ALFRED_CALL_STATUS)) {
		return;
	}
	if (alfred_ask_status(sharing->alfred, sharing->now) < 0) {
		status_failed(sharing);
	}
}

static void step_subscribe(struct sharing *sharing)
{
	if (sharing->subscribed || !sharing->expected || sharing->subscribe_due > sharing->now) {
		return;
	}
	if (alfred_subscribe(sharing->alfred, sharing->now) < 0) {
		sharing->subscribe_due = sharing->now + SUBSCRIBE_AGAIN;
		return;
	}
	sharing->subscribed = true;
	sharing->subscribed_at = sharing->now;
	sharing->status_due = sharing->now;
	sharing->pushed_length = 0;
	lease_book_republish(sharing->book);
	want_request(sharing, sharing->now);
}

static bool step_mode(struct sharing *sharing)
{
	bool primary = sharing_is_primary(sharing);

	if (sharing->status.primary == primary || sharing->now - sharing->mode_asked < MODE_AGAIN) {
		return false;
	}
	sharing->mode_asked = sharing->now;
	if (alfred_set_mode(sharing->alfred, primary, sharing->now) == 0) {
		sharing->command = SHARING_MODE;
		log_info("cloud", "alfred becomes %s", primary ? "primary" : "secondary");
	}
	return true;
}

static bool step_interface(struct sharing *sharing)
{
	bool bad = sharing->misnamed || sharing->replaced ||
		   sharing->now - sharing->inactive_since >= INTERFACE_AFTER;

	if (!sharing->status.has_interface || !bad ||
		sharing->now - sharing->interface_asked < INTERFACE_AGAIN) {
		return false;
	}
	if (if_nametoindex(sharing->status.interface) == 0) {
		return false; /* nothing to be had */
	}
	sharing->interface_asked = sharing->now;
	if (alfred_set_interface(sharing->alfred, sharing->status.interface, sharing->now) == 0) {
		sharing->command = SHARING_INTERFACE;
	}
	return true;
}

static void step_push(struct sharing *sharing)
{
	struct lease_now now = sharing_now(sharing->now);
	uint8_t *bytes;
	size_t length;

	if (push_at(sharing) > sharing->now ||
		alfred_is_busy(sharing->alfred, ALFRED_CALL_STATUS) ||
		sharing->now - sharing->status_at > STATUS_FRESH) {
		return;
	}
	if (lease_book_publish(sharing->book, &now, &bytes, &length) < 0) {
		sharing->push_due = sharing->now + 1;
		return;
	}
	free(sharing->pushed);
	sharing->pushed = bytes;
	sharing->pushed_length = length;
	sharing->pushed_at = sharing->now;
	sharing->verified = false;
	if (alfred_push(sharing->alfred, sharing->type, bytes, length, sharing->now) < 0) {
		sharing->pushed_length = 0;
		sharing_push_failed(sharing);
		return;
	}
	sharing->command = SHARING_PUSH;
}

static void step_request(struct sharing *sharing)
{
	double limit = sharing->status.primary ? ALFRED_CALL_SECONDS : ALFRED_FORWARD_SECONDS;

	if (!sharing->expected || sharing->request_due > sharing->now ||
		isinf(sharing->status_at) || alfred_is_busy(sharing->alfred, ALFRED_CALL_REQUEST)) {
		return;
	}
	sharing->request_began = sharing->now;
	if (alfred_request(sharing->alfred, sharing->type, limit, sharing->now) < 0) {
		sharing->request_due = sharing->now + 1;
	}
}

static bool step_role(struct sharing *sharing)
{
	if (sharing->role_due > sharing->now) {
		return false;
	}
	if (sharing->wished != CLOUD_ROLE_AUTO) {
		sharing->role_due = INFINITY; /* until another is wished */
		return false;
	}
	sharing->role_due = sharing->now + ROLE_SECONDS;
	/* Without alfred nobody can be heard; what it is to be when it comes is known. */
	if (!sharing->expected) {
		return false;
	}
	if (!sharing->role.known) {
		bool ready = sharing->heard || sharing->now - sharing->expected_at > FIRST_CHOICE;
		return ready && role_choose(&sharing->role, sharing_elected(sharing));
	}
	return role_update(&sharing->role, sharing_elected(sharing), sharing->now);
}

bool sharing_on_timer(struct sharing *sharing, double now)
{
	sharing->now = now;
	if (!sharing->share) {
		answer(sharing, false);
		return false;
	}
	alfred_on_timer(sharing->alfred, now);
	bool changed = step_role(sharing);
	step_status(sharing);
	step_subscribe(sharing);
	if (sharing->expected && sharing->command == SHARING_NOTHING &&
		!isinf(sharing->status_at) && !step_mode(sharing) && !step_interface(sharing)) {
		step_push(sharing);
	}
	step_request(sharing);
	return changed;
}

void sharing_on_ready(struct sharing *sharing, enum alfred_call call, double now)
{
	sharing->now = now;
	alfred_on_ready(sharing->alfred, call);
}

double sharing_deadline(const struct sharing *sharing)
{
	double first = alfred_deadline(sharing->alfred);

	if (!sharing->share) {
		return sharing->asked ? -INFINITY : INFINITY;
	}
	if ((sharing->expected || sharing->asked) &&
		!alfred_is_busy(sharing->alfred, ALFRED_CALL_STATUS)) {
		first = fmin(first, sharing->status_due);
		first = fmin(first, push_at(sharing));
	}
	if (!sharing->expected) {
		return first;
	}
	first = fmin(first, sharing->role_due);
	if (!sharing->subscribed) {
		first = fmin(first, sharing->subscribe_due);
	}
	if (!isinf(sharing->status_at) && !alfred_is_busy(sharing->alfred, ALFRED_CALL_REQUEST)) {
		first = fmin(first, sharing->request_due);
	}
	return first;
}

json_t *sharing_to_json(const struct sharing *sharing)
{
	const struct alfred_counts *counts = alfred_counts(sharing->alfred);
	bool answers = sharing->expected && !isinf(sharing->status_at);

	return json_pack("{sb, ss?, sb, ss, sb, sI, sI, sI, sI, sI, sI, sI}", "answers", answers,
		"mode", answers ? (sharing->status.primary ? "primary" : "secondary") : NULL,
		"interface_active", answers && sharing->status.active, "role",
		sharing_is_primary(sharing) ? "primary" : "secondary", "published",
		sharing->verified, "pushes", (json_int_t)counts->pushes, "lost_pushes",
		(json_int_t)sharing->lost_pushes, "requests", (json_int_t)counts->requests,
		"events", (json_int_t)counts->events, "bytes_in", (json_int_t)counts->bytes_in,
		"bytes_out", (json_int_t)counts->bytes_out, "errors", (json_int_t)counts->errors);
}
