/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing/babeld.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* In seconds. A dump mends what a lost line would have spoilt; connecting again is cheap. */
#define DUMP_TIME    60.0
#define CONNECT_TIME 1.0
#define MISSING_TIME 10.0 /* babeld looks at the kernel's routes when told, or after 30 s */
#define INPUT_MAX    (4U << 20)
#define INPUT_KEPT   (64U << 10)

void babeld_open(struct babeld *babeld)
{
	babeld->exchange = EXCHANGE_NONE;
	babeld->side.state.protocol = PROTOCOL_BABELD;
}

static void disconnect(struct babeld *babeld, double now)
{
	exchange_close(&babeld->exchange);
	babeld_table_free(&babeld->table);
	babeld_table_free(&babeld->dump);
	babeld->request = BABELD_REQUEST_NONE;
	babeld->monitors = false;
	babeld->dirty = false;
	babeld->urgent = false;
	babeld->missing_since = 0;
	babeld->missing_said = false;
	babeld->connect_at = now + CONNECT_TIME;
	side_lose(&babeld->side);
	side_answer(&babeld->side, false);
}

void babeld_close(struct babeld *babeld)
{
	disconnect(babeld, 0);
	side_close(&babeld->side);
}

static void connect_now(struct babeld *babeld, double now)
{
	int result =
		side_open_exchange(&babeld->side, &babeld->exchange, "", INPUT_MAX, BABELD_TAG);

	if (result < 0) {
		babeld->connect_at = now + CONNECT_TIME;
		side_answer(&babeld->side, false);
		return;
	}
	babeld->connect_at = 0;
	babeld->request = BABELD_REQUEST_GREETING;
	babeld->deadline = now + SIDE_ANSWER_TIME;
}

static void send_request(struct babeld *babeld, enum babeld_request request, const char *text,
	double now)
{
	size_t length = strlen(text);
	ssize_t sent = send(babeld->exchange.fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);

	/* Only one request is under way, so that the socket's buffer takes every other one whole:
	 * when it does not, babeld has not read for long. */
	if (sent != (ssize_t)length) {
		disconnect(babeld, now);
		return;
	}
	babeld->request = request;
	babeld->deadline = now + SIDE_ANSWER_TIME;
}

struct search {
	const struct side *side;
	const char *link;
};

static void find_unwished(const struct babeld_line *line, void *context)
{
	struct search *search = context;

	if (search->link == NULL && !side_wishes_link(search->side, line->link)) {
		search->link = line->link;
	}
}

/* babeld 1.12 frees a flushed interface while its neighbours still point to it, until they time out
 * (mended upstream in 2025). A dump in that time reads freed memory, so that none is asked for
 * without need; what it then says is parsed strictly, and neighbours of unknown interfaces are not
 * shown. The flush itself cannot wait: packets would go on leaving through that link. */
static bool send_flush(struct babeld *babeld, double now)
{
	struct search search = {.side = &babeld->side};
	char text[64];

	babeld_table_each(&babeld->table, BABELD_INTERFACE, find_unwished, &search);
	if (search.link == NULL) {
		return false;
	}
	text_copy(babeld->link, sizeof(babeld->link), search.link);
	snprintf(text, sizeof(text), "flush interface %s\n", babeld->link);
	send_request(babeld, BABELD_REQUEST_FLUSH, text, now);
	babeld->dump_at = now + DUMP_TIME;
	return true;
}

static bool send_add(struct babeld *babeld, double now)
{
	static const char *const types[] = {[BABELD_LINK_AUTO] = "",
		[BABELD_LINK_WIRED] = " type wired",
		[BABELD_LINK_WIRELESS] = " type wireless"};
	const struct routing_wish *wish = &babeld->side.wish;
	char text[64];

	for (size_t i = 0; i < wish->link_count; i++) {
		/* babeld's words end at blanks, its comments begin with '#'; '"' is not for it. */
		if (babeld_table_find_interface(&babeld->table, wish->links[i]) != NULL ||
			!ifname_is_valid(wish->links[i]) ||
			strpbrk(wish->links[i], "#\"") != NULL) {
			continue;
		}
		text_copy(babeld->link, sizeof(babeld->link), wish->links[i]);
		snprintf(text, sizeof(text), "interface %s%s\n", babeld->link,
			types[wish->link_type]);
		send_request(babeld, BABELD_REQUEST_ADD, text, now);
		return true;
	}
	return false;
}

/* What to send next, when nothing is under way. One request at a time: babeld 1.12 repeats a "no"
 * for all requests that it reads together with the refused one. */
static void send_next(struct babeld *babeld, double now)
{
	if (babeld->exchange.fd < 0 || babeld->request != BABELD_REQUEST_NONE) {
		return;
	}
	if (!babeld->monitors) {
		send_request(babeld, BABELD_REQUEST_MONITOR, "monitor\n", now);
		return;
	}
	if (now >= babeld->side.try_at) {
		if (send_add(babeld, now) || send_flush(babeld, now)) {
			return;
		}
		babeld->side.try_at = 0;
		if (!babeld->missing_said) {
			side_accept(&babeld->side);
		}
	}
	if (now >= babeld->dump_at) {
		babeld->dump_at = now + DUMP_TIME;
		send_request(babeld, BABELD_REQUEST_DUMP, "dump\n", now);
		return;
	}
	if (babeld->side.ask == SIDE_ASK_WAITING) {
		send_request(babeld, BABELD_REQUEST_EMPTY, "\n", now);
	}
}

static void take_dump(struct babeld *babeld, double now)
{
	babeld_table_free(&babeld->table);
	babeld->table = babeld->dump;
	babeld->dump = (struct babeld_table){0};
	babeld->monitors = true;
	babeld->dirty = true;
	babeld->urgent = true;
	babeld->dump_at = now + DUMP_TIME;
}

static void check_change(struct babeld *babeld, const struct babeld_line *answer, double now)
{
	bool there = babeld_table_find_interface(&babeld->table, babeld->link) != NULL;
	bool adds = babeld->request == BABELD_REQUEST_ADD;

	if (answer->kind == BABELD_OK && there == adds) {
		return;
	}
	babeld->missing_said = false;
	const char *reason = answer->kind == BABELD_OK ? "it said ok and did not" : "it said no";
	if (answer->kind == BABELD_NO && answer->text[0] != '\0') {
		reason = answer->text;
	} else if (answer->kind == BABELD_BAD) {
		reason = "it does not let itself be changed (is its socket read-only?)";
	}
	side_refuse(&babeld->side, now, "%s interface %s: %s", adds ? "add" : "remove",
		babeld->link, reason);
	/* Perhaps what we know is wrong. */
	babeld->dump_at = now;
}

static void on_answer(struct babeld *babeld, const struct babeld_line *line, double now)
{
	switch (babeld->request) {
	case BABELD_REQUEST_MONITOR:
	case BABELD_REQUEST_DUMP:
		if (line->kind == BABELD_OK) {
			take_dump(babeld, now);
			break;
		}
		disconnect(babeld, now);
		return;
	case BABELD_REQUEST_ADD:
	case BABELD_REQUEST_FLUSH:
		check_change(babeld, line, now);
		break;
	case BABELD_REQUEST_NONE:
	case BABELD_REQUEST_GREETING:
	case BABELD_REQUEST_EMPTY:
		break;
	}
	babeld->request = BABELD_REQUEST_NONE;
	side_answer(&babeld->side, true);
}

/* 0 or -ENOMEM. */
static int take_object(struct babeld *babeld, const struct babeld_line *line)
{
	bool dumps =
		babeld->request == BABELD_REQUEST_MONITOR || babeld->request == BABELD_REQUEST_DUMP;

	/* Babel's metrics never rest: what they make of a way is seen once a second, but not
	 * whether it is there. */
	bool urgent = !dumps && line->kind == BABELD_ROUTE &&
		      routing_prefix_is_way(&line->prefix) &&
		      babeld_table_turns(&babeld->table, line);
	int result = babeld_table_take(dumps ? &babeld->dump : &babeld->table, line);
	if (result > 0 && !dumps) {
		babeld->dirty = true;
		babeld->urgent = babeld->urgent || urgent;
	}
	return result < 0 ? result : 0;
}

/* 0, or -errno: the connection is no use any more. */
static int take_line(struct babeld *babeld, const char *text, size_t length, double now)
{
	struct babeld_line line;

	/* A line that is not babeld's (see send_flush) says nothing. */
	if (babeld_line_parse(text, length, &line) < 0) {
		return 0;
	}
	if (line.kind < BABELD_KIND_COUNT) {
		return take_object(babeld, &line);
	}
	if (line.kind == BABELD_VERSION) {
		const char *version =
			strncmp(line.text, "babeld-", 7) == 0 ? line.text + 7 : line.text;
		text_copy(babeld->version, sizeof(babeld->version), version);
	} else if (line.kind == BABELD_MY_ID) {
		text_copy(babeld->id, sizeof(babeld->id), line.text);
	} else if (line.kind == BABELD_OK || line.kind == BABELD_NO || line.kind == BABELD_BAD) {
		on_answer(babeld, &line, now);
	}
	return babeld->exchange.fd < 0 ? -ECONNRESET : 0;
}

static int take_lines(struct babeld *babeld, double now)
{
	struct exchange *exchange = &babeld->exchange;
	size_t start = 0;

	while (start < exchange->input_length) {
		const char *text = (const char *)exchange->input + start;
		const char *end = memchr(text, '\n', exchange->input_length - start);
		if (end == NULL) {
			break;
		}
		int result = take_line(babeld, text, (size_t)(end - text), now);
		if (result < 0) {
			return result;
		}
		start += (size_t)(end - text) + 1;
	}
	exchange->input_length -= start;
	if (exchange->input_length > BABELD_LINE_MAX) {
		return -EMSGSIZE;
	}
	if (start > 0 && exchange->input_length > 0) {
		memmove(exchange->input, exchange->input + start, exchange->input_length);
	} else if (exchange->input_length == 0 && exchange->input_capacity > INPUT_KEPT) {
		free(exchange->input);
		exchange->input = NULL;
		exchange->input_capacity = 0;
	}
	return 0;
}

struct announced {
	const struct prefix *network;
	bool found;
};

static void match_network(const struct babeld_line *line, void *context)
{
	struct announced *announced = context;

	if (line->source.ip.family == 0 &&
		memcmp(&line->prefix, announced->network, sizeof(line->prefix)) == 0) {
		announced->found = true;
	}
}

/* What babeld announces follows from the kernel's routes and the rules that it was started with;
 * they cannot be changed at run time, so that all we can do is to say what is missing. */
static const struct prefix *find_missing(const struct babeld *babeld)
{
	const struct routing_wish *wish = &babeld->side.wish;

	for (size_t i = 0; i < wish->announce_count; i++) {
		struct prefix network = prefix_network(&wish->announce[i].network);
		struct announced announced = {.network = &network};
		babeld_table_each(&babeld->table, BABELD_XROUTE, match_network, &announced);
		if (!announced.found) {
			return &wish->announce[i].network;
		}
	}
	return NULL;
}

static void check_announcements(struct babeld *babeld, double now)
{
	const struct prefix *missing = babeld->monitors ? find_missing(babeld) : NULL;
	char text[PREFIX_TEXT_SIZE];

	if (missing == NULL) {
		if (babeld->missing_said) {
			side_accept(&babeld->side);
		}
		babeld->missing_said = false;
		babeld->missing_since = 0;
		return;
	}
	if (babeld->missing_since == 0) {
		babeld->missing_since = now;
	}
	/* Another refusal is not covered. */
	if (now >= babeld->missing_since + MISSING_TIME && babeld->side.refusal[0] == '\0') {
		struct prefix network = prefix_network(missing);
		char whole[160];
		prefix_format(&network, text);
		snprintf(whole, sizeof(whole),
			"%s is not announced: no route of it in the kernel, or no rule lets it",
			text);
		side_report(&babeld->side, whole);
		babeld->missing_said = true;
	}
}

/* When what changed may be shown. */
static double show_time(const struct babeld *babeld)
{
	return babeld->shown + (babeld->urgent ? SIDE_URGENT_TIME : SIDE_PUBLISH_TIME);
}

static void show(struct babeld *babeld, double now)
{
	struct routing_state state;

	check_announcements(babeld, now);
	if (!babeld->dirty || !babeld->monitors || now < show_time(babeld) ||
		babeld_table_to_state(&babeld->table, babeld->id, &state) < 0) {
		return;
	}
	text_copy(state.version, sizeof(state.version), babeld->version);
	side_show(&babeld->side, &state, now);
	babeld->dirty = false;
	babeld->urgent = false;
	babeld->shown = now;
}

int babeld_set_wish(struct babeld *babeld, const struct routing_wish *wish, double now)
{
	if (wish != NULL &&
		(wish->link_type < BABELD_LINK_AUTO || wish->link_type > BABELD_LINK_WIRELESS)) {
		return -EINVAL;
	}
	int result = side_set_wish(&babeld->side, wish);
	if (result < 0) {
		return result;
	}
	if (wish == NULL) {
		disconnect(babeld, now);
		babeld->side.changed = false;
		return 0;
	}
	babeld->missing_since = 0;
	babeld_refresh(babeld, now);
	return 0;
}

void babeld_ask(struct babeld *babeld, double now)
{
	side_ask(&babeld->side, now);
	if (babeld->exchange.fd < 0) {
		connect_now(babeld, now);
	}
	send_next(babeld, now);
}

void babeld_refresh(struct babeld *babeld, double now)
{
	babeld->side.try_at = 0;
	babeld->side.back_off = 0;
	if (babeld->side.wanted && babeld->exchange.fd < 0) {
		connect_now(babeld, now);
	}
	send_next(babeld, now);
}

void babeld_on_ready(struct babeld *babeld, double now)
{
	if (babeld->exchange.fd < 0) {
		return;
	}
	int closed = exchange_on_ready(&babeld->exchange);
	int result = take_lines(babeld, now);
	if (babeld->exchange.fd >= 0 && (closed != 0 || result < 0)) {
		disconnect(babeld, now);
	}
	send_next(babeld, now);
	show(babeld, now);
}

void babeld_on_timer(struct babeld *babeld, double now)
{
	if (babeld->request != BABELD_REQUEST_NONE && now >= babeld->deadline) {
		disconnect(babeld, now);
	}
	if (babeld->side.wanted && babeld->exchange.fd < 0 && now >= babeld->connect_at) {
		connect_now(babeld, now);
	}
	send_next(babeld, now);
	show(babeld, now);
	side_tell(&babeld->side, now);
}

double babeld_deadline(const struct babeld *babeld)
{
	double deadline = 0;

	if (babeld->request != BABELD_REQUEST_NONE) {
		deadline = babeld->deadline;
	} else if (babeld->exchange.fd >= 0) {
		deadline = side_earlier(babeld->dump_at, babeld->side.try_at);
	} else if (babeld->side.wanted) {
		deadline = babeld->connect_at;
	}
	if (babeld->dirty && babeld->monitors) {
		deadline = side_earlier(deadline, show_time(babeld));
	}
	if (babeld->missing_since != 0 && babeld->side.refusal[0] == '\0') {
		deadline = side_earlier(deadline, babeld->missing_since + MISSING_TIME);
	}
	return side_deadline(&babeld->side, deadline);
}
