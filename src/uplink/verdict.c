/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uplink/verdict.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* The reason as it grows; what does not fit is cut. */
static void say(struct probe_round *round, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct probe_round *round, const char *format, ...)
{
	size_t length = strlen(round->reason);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(round->reason + length, sizeof(round->reason) - length, format, arguments);
	va_end(arguments);
}

/* What a person calls the target: without what is expected of it. */
static int target_name_length(const struct target *target)
{
	return target->kind == PROBE_HTTP ? target->url.length : (int)strlen(target->text);
}

static bool is_captive(const struct probe *probe)
{
	return probe->state == PROBE_ENDED &&
	       (probe->outcome.error == PROBE_ERROR_UNEXPECTED ||
		       probe->outcome.error == PROBE_ERROR_OTHER_TEXT);
}

struct tally {
	const struct probe *failed[PROBE_KINDS]; /* the first of them */
	uint8_t failures[PROBE_KINDS];
	const struct probe *captive;
};

static struct tally count_all(const struct probe *probes, size_t count, struct probe_round *round)
{
	struct tally tally = {0};

	for (size_t i = 0; i < count; i++) {
		const struct probe *probe = &probes[i];
		enum probe_kind kind = probe->target->kind;
		if (probe->state != PROBE_ENDED) {
			continue;
		}
		round->asked[kind]++;
		if (probe->outcome.error == 0) {
			round->answered[kind]++;
			if (round->rtt == 0 || probe->outcome.rtt < round->rtt) {
				round->rtt = probe->outcome.rtt;
			}
			continue;
		}
		if (tally.failures[kind]++ == 0) {
			tally.failed[kind] = probe;
		}
		if (tally.captive == NULL && is_captive(probe)) {
			tally.captive = probe;
		}
	}
	return tally;
}

static bool is_group_good(const struct verdict_need *need, const struct probe_round *round)
{
	int ping = round->answered[PROBE_PING];
	int tcp = round->answered[PROBE_TCP];

	if (need->of[PROBE_PING] == 0 && need->of[PROBE_TCP] == 0) {
		return true;
	}
	return (need->of[PROBE_PING] > 0 && ping >= need->of[PROBE_PING]) ||
	       (need->of[PROBE_TCP] > 0 && tcp >= need->of[PROBE_TCP]);
}

static bool is_kind_good(const struct verdict_need *need, const struct probe_round *round,
	enum probe_kind kind)
{
	return round->answered[kind] >= need->of[kind];
}

static void say_others(struct probe_round *round, const struct tally *tally, enum probe_kind kind)
{
	int others = tally->failures[kind] - 1;

	if (others > 0) {
		say(round, " and %d other%s", others, others == 1 ? "" : "s");
	}
}

/* "no answer to ping from 9.9.9.9 and 2 others", with the error where it is another one. */
static void say_no_answer(struct probe_round *round, const struct tally *tally,
	enum probe_kind kind)
{
	const struct probe *failed = tally->failed[kind];
	char error[64];

	if (failed == NULL) {
		return;
	}
	say(round, "%s to %s from %.*s", round->reason[0] == '\0' ? "no answer" : ", nor",
		probe_kind_text(kind), target_name_length(failed->target), failed->target->text);
	say_others(round, tally, kind);
	if (failed->outcome.error != ETIMEDOUT) {
		probe_error_format(&failed->outcome, error, sizeof(error));
		say(round, " (%s)", error);
	}
}

/* "DNS: 9.9.9.9 does not answer" */
static void say_dns(struct probe_round *round, const struct tally *tally)
{
	const struct probe *failed = tally->failed[PROBE_DNS];
	char error[64];

	if (failed != NULL) {
		probe_error_format(&failed->outcome, error, sizeof(error));
		say(round, "DNS: %s %s", failed->target->text, error);
		say_others(round, tally, PROBE_DNS);
	}
}

/* A fault of the device is every probe's. */
static const struct probe *find_fault(const struct tally *tally)
{
	static const int faults[] = {ENODEV, EADDRNOTAVAIL, ENETDOWN};

	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
			if (tally->failed[kind] != NULL &&
				tally->failed[kind]->outcome.error == faults[i]) {
				return tally->failed[kind];
			}
		}
	}
	return NULL;
}

static void say_why(const struct verdict_need *need, const struct tally *tally,
	const struct probe_way *way, struct probe_round *round)
{
	const struct probe *fault = find_fault(tally);
	char error[64];

	if (fault != NULL) {
		say(round, "%s: %s", way->device, strerror(fault->outcome.error));
	} else if (round->captive) {
		const struct target *target = tally->captive->target;
		probe_error_format(&tally->captive->outcome, error, sizeof(error));
		say(round, "captive portal: %.*s %s", target_name_length(target), target->text,
			error);
	} else if (!is_group_good(need, round)) {
		say_no_answer(round, tally, PROBE_PING);
		say_no_answer(round, tally, PROBE_TCP);
	} else if (!is_kind_good(need, round, PROBE_DNS)) {
		say_dns(round, tally);
	} else if (!is_kind_good(need, round, PROBE_HTTP)) {
		say_no_answer(round, tally, PROBE_HTTP);
	}
}

void verdict_judge(const struct verdict_need *need, const struct probe *probes, size_t count,
	const struct probe_way *way, struct probe_round *round)
{
	bool takes_part = false;
	double time = round->time;

	*round = (struct probe_round){.time = time};
	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		takes_part = takes_part || need->of[kind] > 0;
	}
	if (!takes_part) {
		say(round, "no targets for %s", way->family == AF_INET6 ? "IPv6" : "IPv4");
		return;
	}
	struct tally tally = count_all(probes, count, round);
	round->captive = tally.captive != NULL && round->answered[PROBE_HTTP] == 0;
	round->good = !round->captive && is_group_good(need, round) &&
		      is_kind_good(need, round, PROBE_DNS) && is_kind_good(need, round, PROBE_HTTP);
	if (!round->good) {
		say_why(need, &tally, way, round);
	}
}
