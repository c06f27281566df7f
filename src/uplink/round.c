/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uplink/round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "uplink/choice.h"

#define RESEND_AFTER 1.0 /* seconds, and at most half of the round's time */

struct round {
	struct round_plan plan;
	struct probe_scene scene;
	struct verdict_need need;
	double started;
	double deadline;
	double resend_at; /* the deadline, once it is done */
	bool good;        /* sure */
	struct probe *probes;
	size_t count;
};

size_t round_sockets_max(const struct target_list *targets, enum round_extent extent)
{
	return extent < ROUND_LIGHT || targets->count < CHOICE_LIGHT_MAX ? targets->count
									 : CHOICE_LIGHT_MAX;
}

static void free_probes(struct round *round)
{
	for (size_t i = 0; i < round->count; i++) {
		probe_close(&round->probes[i]);
		probe_http_free(&round->probes[i]);
	}
	free(round->probes);
}

void round_free(struct round *round)
{
	if (round != NULL) {
		free_probes(round);
		free(round);
	}
}

/* A verb of the i-th probe; its failure ends the probe. */
static void run(struct round *round, size_t i,
	int (*verb)(struct probe *probe, const struct probe_scene *scene), double now)
{
	struct probe *probe = &round->probes[i];

	round->scene.now = now;
	round->scene.tag = (uint64_t)round->plan.serial << 32 | i;
	int result = verb(probe, &round->scene);
	if (result < 0 && probe->state != PROBE_ENDED) {
		probe_end(probe, now, -result);
	}
}

static void start_probe(struct round *round, size_t i, double now)
{
	struct probe *probe = &round->probes[i];

	probe->state = PROBE_RUNNING;
	probe->started = now;
	run(round, i, probe_verbs(probe->target->kind)->start, now);
}

/* Does a name server have to be found by the round's own questions? */
static bool asks_dns(const struct round *round)
{
	return round->need.of[PROBE_DNS] > 0;
}

static const struct probe *find_answered_dns(const struct round *round)
{
	for (size_t i = 0; i < round->count; i++) {
		const struct probe *probe = &round->probes[i];
		if (probe->target->kind == PROBE_DNS && probe->state == PROBE_ENDED &&
			probe->outcome.error == 0) {
			return probe;
		}
	}
	return NULL;
}

static bool is_dns_running(const struct round *round)
{
	for (size_t i = 0; i < round->count; i++) {
		const struct probe *probe = &round->probes[i];
		if (probe->target->kind == PROBE_DNS && probe->state == PROBE_RUNNING) {
			return true;
		}
	}
	return false;
}

/* The first name server of the family, where none is asked for itself. */
static const struct ip *first_server(const struct round *round)
{
	const struct target_list *targets = round->plan.targets;

	for (size_t i = 0; i < targets->count; i++) {
		if (targets->items[i].kind == PROBE_DNS &&
			targets->items[i].ip.family == round->plan.way.family) {
			return &targets->items[i].ip;
		}
	}
	return NULL;
}

/* Starts a request that waited for a name server, or ends it when there will be none. */
static void go_on_http(struct round *round, size_t i, double now)
{
	struct probe *probe = &round->probes[i];
	const struct probe *dns = find_answered_dns(round);
	const struct ip *server = dns != NULL ? &dns->target->ip : NULL;
	bool known = dns != NULL && dns->answer.address_count > 0 &&
		     strcmp(probe->target->name, round->plan.probes->dns_name) == 0;

	if (!asks_dns(round)) {
		server = first_server(round);
	}
	if (server == NULL) {
		if (!is_dns_running(round)) {
			probe_end(probe, now, PROBE_ERROR_NOT_RESOLVED);
		}
		return;
	}
	if (probe_http_give(probe, known ? NULL : server, known ? &dns->answer : NULL) < 0) {
		probe_end(probe, now, ENOMEM);
		return;
	}
	start_probe(round, i, now);
}

/* After every turn: what waits goes on, and the verdict may be there. */
static void look(struct round *round, double now)
{
	struct probe_round result = {0};

	for (size_t i = 0; i < round->count; i++) {
		if (round->probes[i].state == PROBE_WAITING) {
			go_on_http(round, i, now);
		}
	}
	verdict_judge(&round->need, round->probes, round->count, &round->plan.way, &result);
	round->good = result.good;
}

static void start_all(struct round *round, const bool *chosen, double now)
{
	const struct target_list *targets = round->plan.targets;

	for (size_t i = 0; i < targets->count; i++) {
		if (chosen[i]) {
			round->probes[round->count++] =
				(struct probe){.target = &targets->items[i], .fd = -1};
		}
	}
	for (size_t i = 0; i < round->count; i++) {
		if (!probe_needs_server(round->probes[i].target)) {
			start_probe(round, i, now);
		}
	}
	look(round, now);
}

int round_start(struct round **out, const struct round_plan *plan, double now)
{
	bool chosen[PROBE_KINDS * TARGETS_MAX] = {false};
	struct round *round = calloc(1, sizeof(*round));
	double timeout = plan->probes->timeout / 1000.0;

	if (round == NULL) {
		return -ENOMEM;
	}
	round->probes = calloc(plan->targets->count + 1, sizeof(*round->probes));
	if (round->probes == NULL) {
		free(round);
		return -ENOMEM;
	}
	round->plan = *plan;
	round->plan.memory = NULL;
	round->scene = (struct probe_scene){.way = plan->way,
		.epoll = plan->epoll,
		.dns_name = plan->probes->dns_name};
	round->started = now;
	round->deadline = now + (timeout > 0 ? timeout : 1);
	round->resend_at = now + (timeout < 2 * RESEND_AFTER ? timeout / 2 : RESEND_AFTER);
	choice_make(plan, &round->need, chosen);
	start_all(round, chosen, now);
	*out = round;
	return 0;
}

void round_on_ready(struct round *round, uint64_t tag, double now)
{
	size_t i = (size_t)(tag & 0xffffffff);

	if (i >= round->count || round->probes[i].state != PROBE_RUNNING ||
		round->probes[i].fd < 0) {
		return;
	}
	round->scene.now = now;
	round->scene.tag = tag;
	probe_verbs(round->probes[i].target->kind)->on_ready(&round->probes[i], &round->scene);
	look(round, now);
}

void round_on_timer(struct round *round, double now)
{
	if (now < round->resend_at) {
		return;
	}
	round->resend_at = round->deadline;
	for (size_t i = 0; i < round->count && now < round->deadline; i++) {
		const struct probe_verbs *verbs = probe_verbs(round->probes[i].target->kind);
		if (round->probes[i].state == PROBE_RUNNING && verbs->resend != NULL) {
			run(round, i, verbs->resend, now);
		}
	}
	look(round, now);
}

bool round_is_over(const struct round *round, double now)
{
	if (round->good || now >= round->deadline) {
		return true;
	}
	for (size_t i = 0; i < round->count; i++) {
		if (round->probes[i].state != PROBE_ENDED) {
			return false;
		}
	}
	return true;
}

void round_finish(struct round *round, double now, struct round_memory *memory,
	struct probe_round *result)
{
	const struct target *first = round->plan.targets->items;

	for (size_t i = 0; i < round->count; i++) {
		struct probe *probe = &round->probes[i];
		if (probe->state != PROBE_ENDED && !round->good) {
			probe_end(probe, now,
				probe->state == PROBE_WAITING ? PROBE_ERROR_NOT_RESOLVED
							      : ETIMEDOUT);
		}
		if (probe->state == PROBE_ENDED) {
			memory->outcomes[probe->target - first] = probe->outcome;
		}
	}
	verdict_judge(&round->need, round->probes, round->count, &round->plan.way, result);
	result->time = round->started;
}

double round_deadline(const struct round *round)
{
	return round->resend_at < round->deadline ? round->resend_at : round->deadline;
}

uint32_t round_tag_serial(uint64_t tag)
{
	return (uint32_t)(tag >> 32);
}

uint32_t round_serial(const struct round *round)
{
	return round->plan.serial;
}

enum round_extent round_extent(const struct round *round)
{
	return round->plan.extent;
}

double round_started(const struct round *round)
{
	return round->started;
}

unsigned int round_bytes(const struct round *round)
{
	unsigned int bytes = 0;

	for (size_t i = 0; i < round->count; i++) {
		bytes += round->probes[i].bytes;
	}
	return bytes;
}

size_t round_sockets(const struct round *round)
{
	size_t count = 0;

	for (size_t i = 0; i < round->count; i++) {
		count += round->probes[i].state != PROBE_ENDED;
	}
	return count;
}
