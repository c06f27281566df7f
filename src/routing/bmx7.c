/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing/bmx7.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "routing/machine.h"

/* In seconds. */
/* bmx7 tells nothing by itself. A look costs it under a ms, in a large mesh some more: it is not
 * kept busy for more than one part in LOOK_SHARE. */
#define LOOK_TIME       5.0
#define LOOK_TIME_WAYS  2.0 /* while a way to the Internet is looked for */
#define LOOK_SHARE      50
#define CONNECT_TIME    1.0
#define FAULTS_TIME     15.0
#define MEND_TIME_FIRST 30.0 /* longer than bmx7 takes to have everything back */
#define MEND_TIME_MAX   600.0

#define ANSWER_MAX  (8U << 20)
#define MESSAGE_MAX 1990 /* bmx7 closes silently at 2000 bytes */

/* No newline (bmx7 closes without a word), all in one write (it takes every piece for a whole
 * request), and "#": answer and close. The file json/parameters is not read: bmx7 writes it in
 * place, so that it is empty at times. */
#define LOOK_WORDS "jshow=status jshow=interfaces jshow=links jshow=originators %sparameters #"

void bmx7_open(struct bmx7 *bmx7)
{
	bmx7->exchange = EXCHANGE_NONE;
	bmx7->probe = EXCHANGE_NONE;
	bmx7->side.state.protocol = PROTOCOL_BMX7;
	bmx7->faults_wait = MEND_TIME_FIRST;
}

static void forget(struct bmx7 *bmx7)
{
	exchange_close(&bmx7->exchange);
	exchange_close(&bmx7->probe);
	bmx7_commands_free(&bmx7->commands);
	bmx7->question = BMX7_QUESTION_NONE;
	bmx7->no_tunnels = false;
	bmx7->broken = false;
	bmx7->suspected = false;
	bmx7->clock = (struct bmx7_clock){0};
}

void bmx7_close(struct bmx7 *bmx7)
{
	forget(bmx7);
	side_close(&bmx7->side);
}

/* It is not there, or says nothing. */
static void lose(struct bmx7 *bmx7, double now)
{
	exchange_close(&bmx7->exchange);
	bmx7->question = BMX7_QUESTION_NONE;
	bmx7->look_at = now + CONNECT_TIME;
	side_lose(&bmx7->side);
}

static void ask_question(struct bmx7 *bmx7, enum bmx7_question question, const char *text,
	double now)
{
	if (side_open_exchange(&bmx7->side, &bmx7->exchange, text, ANSWER_MAX, BMX7_TAG) < 0) {
		lose(bmx7, now);
		return;
	}
	bmx7->question = question;
	bmx7->deadline = now + SIDE_ANSWER_TIME;
}

/* After a wish, in seconds: a tunnel stands after some 0.1 s. */
static const double quick_times[] = {0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3};

/* Has every search for a node its tunnel? */
static bool pins_stand(const struct bmx7 *bmx7, const struct bmx7_answer *answer)
{
	const struct routing_wish *wish = &bmx7->side.wish;

	for (size_t i = 0; i < wish->search_count; i++) {
		const struct routing_search *search = &wish->search[i];
		bool stands = search->gateway[0] == '\0';
		for (size_t k = 0; k < answer->tunnel_count && !stands; k++) {
			stands = strcmp(answer->tunnels[k].search, search->name) == 0;
		}
		if (!stands) {
			return false;
		}
	}
	return true;
}

static bool wishes_ways(const struct routing_wish *wish)
{
	for (size_t i = 0; i < wish->search_count; i++) {
		if (wish->search[i].network.length == 0) {
			return true;
		}
	}
	return false;
}

static void plan_look(struct bmx7 *bmx7, const struct bmx7_answer *answer, double now)
{
	double pause = wishes_ways(&bmx7->side.wish) ? LOOK_TIME_WAYS : LOOK_TIME;
	double cost = (now - bmx7->asked_at) * LOOK_SHARE;

	if (cost > pause) {
		pause = cost < LOOK_TIME ? cost : LOOK_TIME;
	}
	bmx7->look_at = now + pause;
	while (bmx7->quick < ARRAY_SIZE(quick_times) &&
		bmx7->quick_from + quick_times[bmx7->quick] <= now) {
		bmx7->quick++;
	}
	if (bmx7->quick_from > bmx7->asked_at) {
		bmx7->look_at = now; /* it was wished for while this answer was under way */
	} else if (bmx7->quick < ARRAY_SIZE(quick_times) && !pins_stand(bmx7, answer)) {
		bmx7->look_at = bmx7->quick_from + quick_times[bmx7->quick];
	}
}

static void look(struct bmx7 *bmx7, double now)
{
	char text[160];

	/* One name that it does not know and bmx7 refuses the whole message. */
	snprintf(text, sizeof(text), LOOK_WORDS, bmx7->no_tunnels ? "" : "jshow=tunnels ");
	bmx7->asked_at = now;
	ask_question(bmx7, BMX7_QUESTION_LOOK, text, now);
}

static void send_commands(struct bmx7 *bmx7, double now)
{
	const struct bmx7_commands *commands = &bmx7->commands;
	char text[MESSAGE_MAX + 3] = "";
	size_t length = 0;

	bmx7->sending = 0;
	for (size_t i = bmx7->applied; i < commands->count; i++) {
		size_t more = strlen(commands->items[i]) + 1;
		if (length + more > MESSAGE_MAX || (bmx7->one_by_one && bmx7->sending > 0)) {
			break;
		}
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s ",
			commands->items[i]);
		bmx7->sending++;
	}
	snprintf(text + length, sizeof(text) - length, "#");
	ask_question(bmx7, BMX7_QUESTION_APPLY, text, now);
}

/* Takes the commands (given away) and says them. */
static void apply(struct bmx7 *bmx7, struct bmx7_commands *commands, bool mending, double now)
{
	bmx7_commands_free(&bmx7->commands);
	bmx7->commands = *commands;
	*commands = (struct bmx7_commands){0};
	bmx7->applied = 0;
	bmx7->one_by_one = false;
	bmx7->refused = false;
	bmx7->mending = mending;
	send_commands(bmx7, now);
}

static bool same_commands(const struct bmx7_commands *a, const struct bmx7_commands *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++) {
		same = strcmp(a->items[i], b->items[i]) == 0;
	}
	return same;
}

static int peer_pid(const struct exchange *exchange)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(exchange->fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) {
		return 0;
	}
	return peer.pid;
}

static bool wishes_tunnels(const struct bmx7 *bmx7)
{
	const struct routing_wish *wish = &bmx7->side.wish;

	return wish->search_count > 0 || wish->tunnel_ipv4.ip.family != 0 ||
	       wish->tunnel_ipv6.ip.family != 0;
}

/* Why nothing can be said about tunnels, "" when it can. */
static void find_hindrance(const struct bmx7 *bmx7, char *text, size_t size)
{
	char missing[128];

	text_copy(text, size, "");
	if (bmx7->no_tunnels && (wishes_tunnels(bmx7) || bmx7->side.wish.announce_count > 0)) {
		text_copy(text, size, "bmx7 has no tun plugin: nothing is announced");
	} else if (wishes_tunnels(bmx7) && !routing_bmx7_has_needs(missing, sizeof(missing))) {
		/* It would die of them. */
		snprintf(text, size, "no tunnels without %s", missing);
	}
}

/* Whether only a restart helps; text says why. */
static bool is_broken(struct bmx7 *bmx7, const struct bmx7_answer *answer, int pid, double now,
	char text[128])
{
	const char *device = "X7" BMX7_TUNNEL_DEVICE;

	if (!bmx7_clock_is_sane(&bmx7->clock, pid, answer, now)) {
		text_copy(text, 128, "the machine's clock was set back: bmx7 must be restarted");
		return true;
	}
	/* Without the device that it made, any word about tunDev, and its own end too, is an abort.
	 */
	if (bmx7_options_find(&answer->options, "tunDev", BMX7_TUNNEL_DEVICE) != NULL &&
		if_nametoindex(device) == 0) {
		snprintf(text, 128, "%s was deleted: bmx7 must be restarted", device);
		return true;
	}
	return false;
}

static void find_faults(struct bmx7 *bmx7, const struct bmx7_answer *answer, char *text,
	size_t size, double now)
{
	struct bmx7_commands commands = {0};
	struct bmx7_machine machine;
	char fault[160] = "";

	if (now < bmx7->faults_at || machine_read(&machine) < 0) {
		return;
	}
	machine.defaults_matter = bmx7->side.wish.defaults_matter;
	int result = bmx7_faults_find(&machine, answer, &commands, fault, sizeof(fault));
	machine_free(&machine);
	if (result < 0 || commands.count == 0) {
		bmx7_commands_free(&commands);
		bmx7->suspected = false;
		bmx7->faults_at = now + FAULTS_TIME;
		if (now >= bmx7->mend_at) {
			bmx7->faults_wait = MEND_TIME_FIRST;
		}
		return;
	}
	/* What came this moment may not be in the kernel yet: only what lasts is a fault, and one
	 * that was there after mending is worth a word. */
	if (bmx7->suspected && now >= bmx7->mend_at) {
		bmx7->mend_at = now + bmx7->faults_wait;
		bmx7->faults_wait *= 2;
		if (bmx7->faults_wait > MEND_TIME_MAX) {
			bmx7->faults_wait = MEND_TIME_MAX;
		}
		text_copy(text, size, fault);
		apply(bmx7, &commands, true, now);
	} else if (bmx7->suspected) {
		text_copy(text, size, fault);
	}
	bmx7->suspected = true;
	bmx7_commands_free(&commands);
}

/* The difference is empty. */
static void settle(struct bmx7 *bmx7, const struct bmx7_answer *answer, double now)
{
	char text[200];

	bmx7_commands_free(&bmx7->commands);
	find_hindrance(bmx7, text, sizeof(text));
	find_faults(bmx7, answer, text, sizeof(text), now);
	side_accept(&bmx7->side);
	side_report(&bmx7->side, text);
}

static void reconcile(struct bmx7 *bmx7, const struct bmx7_answer *answer, double now)
{
	struct bmx7_commands commands;
	char hindrance[200];

	find_hindrance(bmx7, hindrance, sizeof(hindrance));
	if (bmx7_difference(&answer->options, &bmx7->side.wish,
		    !bmx7->no_tunnels && hindrance[0] == '\0', &commands) < 0) {
		return;
	}
	if (commands.count == 0) {
		settle(bmx7, answer, now);
	} else if (now < bmx7->side.try_at) {
		bmx7_commands_free(&commands);
	} else if (!bmx7->refused && same_commands(&commands, &bmx7->commands)) {
		side_refuse(&bmx7->side, now, "bmx7 took \"%s\" and does not show it",
			commands.items[0]);
		bmx7_commands_free(&bmx7->commands);
		bmx7_commands_free(&commands);
	} else {
		apply(bmx7, &commands, false, now);
	}
}

static void take_look(struct bmx7 *bmx7, struct bmx7_answer *answer, int pid, double now)
{
	char text[128];

	plan_look(bmx7, answer, now);
	if (!answer->success && !bmx7->no_tunnels) {
		bmx7->no_tunnels = true;
		bmx7->look_at = now;
		return;
	}
	if (!answer->success || !answer->has_status || !answer->has_options) {
		side_refuse(&bmx7->side, now, "bmx7 does not tell its state: %s",
			answer->error[0] == '\0' ? "has it the json plugin?" : answer->error);
		side_lose(&bmx7->side);
		return;
	}
	if (pid != bmx7->clock.pid && bmx7->clock.pid != 0) {
		/* Another bmx7: what was refused and found belonged to the one before. */
		bmx7->no_tunnels = false;
		bmx7->suspected = false;
		bmx7->side.try_at = 0;
	}
	bmx7->broken = is_broken(bmx7, answer, pid, now, text);
	if (bmx7->broken) {
		side_report(&bmx7->side, text);
	} else {
		reconcile(bmx7, answer, now);
	}
	side_show(&bmx7->side, &answer->state, now);
}

static void take_applied(struct bmx7 *bmx7, const struct bmx7_answer *answer, double now)
{
	if (!answer->success && bmx7->sending > 1) {
		/* Nothing of the message was applied. */
		bmx7->one_by_one = true;
		send_commands(bmx7, now);
		return;
	}
	if (!answer->success && !bmx7->refused) {
		bmx7->refused = true;
		side_refuse(&bmx7->side, now, "bmx7 refused \"%s\": %s",
			bmx7->commands.items[bmx7->applied], answer->error);
	}
	bmx7->applied += bmx7->sending;
	if (bmx7->applied < bmx7->commands.count) {
		send_commands(bmx7, now);
		return;
	}
	if (bmx7->mending) {
		bmx7_commands_free(&bmx7->commands);
	}
	bmx7->look_at = now;
}

void bmx7_on_ready(struct bmx7 *bmx7, double now)
{
	enum bmx7_question question = bmx7->question;
	struct bmx7_answer answer;

	if (question == BMX7_QUESTION_NONE) {
		return;
	}
	int done = exchange_on_ready(&bmx7->exchange);
	if (done == 0) {
		side_watch(&bmx7->side, &bmx7->exchange, BMX7_TAG);
		return;
	}
	int pid = peer_pid(&bmx7->exchange);
	int result = done < 0 ? done
			      : bmx7_answer_parse((const char *)bmx7->exchange.input,
					bmx7->exchange.input_length, &answer);
	if (result < 0) {
		lose(bmx7, now);
		return;
	}
	exchange_close(&bmx7->exchange);
	bmx7->question = BMX7_QUESTION_NONE;
	if (question == BMX7_QUESTION_LOOK) {
		take_look(bmx7, &answer, pid, now);
	} else {
		take_applied(bmx7, &answer, now);
	}
	bmx7_answer_free(&answer);
	if (bmx7->question == BMX7_QUESTION_NONE && now >= bmx7->look_at) {
		look(bmx7, now);
	}
}

int bmx7_set_wish(struct bmx7 *bmx7, const struct routing_wish *wish, double now)
{
	int result = side_set_wish(&bmx7->side, wish);

	if (result < 0) {
		return result;
	}
	if (wish == NULL) {
		forget(bmx7);
		return 0;
	}
	bmx7_refresh(bmx7, now);
	return 0;
}

void bmx7_ask(struct bmx7 *bmx7, double now)
{
	exchange_close(&bmx7->probe);
	side_ask(&bmx7->side, now);
	if (side_open_exchange(&bmx7->side, &bmx7->probe, "jshow=status #", ANSWER_MAX,
		    BMX7_PROBE_TAG) < 0) {
		side_answer(&bmx7->side, false);
	}
}

void bmx7_on_probe_ready(struct bmx7 *bmx7, double now)
{
	struct bmx7_answer answer;

	if (bmx7->probe.fd < 0) {
		return;
	}
	int done = exchange_on_ready(&bmx7->probe);
	if (done == 0) {
		side_watch(&bmx7->side, &bmx7->probe, BMX7_PROBE_TAG);
		return;
	}
	int pid = peer_pid(&bmx7->probe);
	bool works = false;
	if (done > 0 && bmx7_answer_parse((const char *)bmx7->probe.input, bmx7->probe.input_length,
				&answer) == 0) {
		works = answer.success && answer.has_status &&
			bmx7_clock_is_sane(&bmx7->clock, pid, &answer, now) && !bmx7->broken;
		bmx7_answer_free(&answer);
	}
	exchange_close(&bmx7->probe);
	side_answer(&bmx7->side, works);
}

void bmx7_refresh(struct bmx7 *bmx7, double now)
{
	bmx7->side.try_at = 0;
	bmx7->side.back_off = 0;
	bmx7->look_at = now;
	bmx7->quick_from = now;
	bmx7->quick = 0;
	bmx7->faults_at = now;
}

void bmx7_on_timer(struct bmx7 *bmx7, double now)
{
	if (bmx7->question != BMX7_QUESTION_NONE && now >= bmx7->deadline) {
		side_report(&bmx7->side, "bmx7 did not answer within 3 s");
		lose(bmx7, now);
	}
	if (bmx7->side.wanted && bmx7->question == BMX7_QUESTION_NONE && now >= bmx7->look_at) {
		look(bmx7, now);
	}
	side_tell(&bmx7->side, now);
	if (bmx7->side.ask != SIDE_ASK_WAITING) {
		exchange_close(&bmx7->probe);
	}
}

double bmx7_deadline(const struct bmx7 *bmx7)
{
	double deadline = 0;

	if (bmx7->question != BMX7_QUESTION_NONE) {
		deadline = bmx7->deadline;
	} else if (bmx7->side.wanted) {
		deadline = bmx7->look_at;
	}
	return side_deadline(&bmx7->side, deadline);
}
