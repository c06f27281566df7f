/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uplink/uplink.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "uplink/asking.h"
#include "uplink/ways.h"

#define SOCKETS_MAX   200
#define SPREAD        0.05 /* seconds between the starts of rounds of two ways */
#define EVENTS_A_TURN 32

struct uplink {
	int epoll;
	struct uplink_listener listener;
	struct asking asking;
	struct ways ways;
	uint32_t serial;    /* of the last round */
	double last_start;  /* of any round */
	bool sockets_spent; /* what is due waits for a round to end */
};

int uplink_open(struct uplink **out, const struct uplink_listener *listener, struct err *err)
{
	struct uplink *uplink = calloc(1, sizeof(*uplink));

	if (uplink == NULL) {
		err_set(err, "no memory");
		return -ENOMEM;
	}
	uplink->listener = *listener;
	uplink->last_start = -INFINITY;
	uplink->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (uplink->epoll < 0) {
		int error = errno;
		err_set(err, "probes: %s", strerror(error));
		free(uplink);
		return -error;
	}
	*out = uplink;
	return 0;
}

void uplink_close(struct uplink *uplink)
{
	if (uplink == NULL) {
		return;
	}
	ways_close(&uplink->ways);
	asking_close(&uplink->asking);
	close(uplink->epoll);
	free(uplink);
}

int uplink_set_wish(struct uplink *uplink, const struct probes_config *probes,
	const struct uplink_way *ways, size_t count, double now)
{
	bool same_targets = asking_is_same(&uplink->asking, probes);
	struct asking asking = uplink->asking;
	struct ways built = {0};

	if (same_targets && ways_are_same(&uplink->ways, ways, count)) {
		return 0;
	}
	int result = same_targets ? 0 : asking_open(&asking, probes);
	if (result < 0) {
		return result;
	}
	result = ways_open(&built, ways, count, asking.targets.count, now);
	if (result < 0) {
		if (!same_targets) {
			asking_close(&asking);
		}
		return result;
	}
	/* Rounds look into the old targets, so those go last. */
	ways_take_over(&built, &uplink->ways, same_targets, now);
	ways_close(&uplink->ways);
	uplink->ways = built;
	uplink->sockets_spent = false;
	if (!same_targets) {
		asking_close(&uplink->asking);
		uplink->asking = asking;
	}
	return 0;
}

void uplink_path_rules(const struct probes_config *probes, struct path_rules *rules)
{
	*rules = (struct path_rules){
		.interval = probes->interval / 1000.0,
		.interval_doubtful = probes->interval_doubtful / 1000.0,
		.interval_down = probes->interval_down / 1000.0,
		.rise = probes->rise > 0 ? (unsigned int)probes->rise : 1,
		.fall = probes->fall > 0 ? (unsigned int)probes->fall : 1,
		.penalty = probes->flap_penalty,
		.suppress = probes->flap_suppress,
		.reuse = probes->flap_reuse,
		.half_life = probes->flap_half_life,
	};
}

/* A way's own: it may be asked more or less often than others while all is well. */
static struct path_rules rules_of(const struct uplink *uplink, const struct way *way)
{
	struct path_rules rules;

	uplink_path_rules(&uplink->asking.probes, &rules);
	if (way->wish.interval > 0) {
		rules.interval = way->wish.interval;
	}
	return rules;
}

void uplink_restore(struct uplink *uplink, const char *key, const struct path *path)
{
	struct way *way = ways_find(&uplink->ways, key);

	if (way != NULL && !way->probed && way->round == NULL) {
		way->path = *path;
	}
}

void uplink_lose(struct uplink *uplink, const char *key, const char *reason, double now)
{
	struct way *way = ways_find(&uplink->ways, key);

	if (way == NULL) {
		return;
	}
	struct path_rules rules = rules_of(uplink, way);
	path_lose(&way->path, &rules, now, reason);
	way_abort(way);
	way->probed = true;
	way->urged = false;
	uplink->sockets_spent = false;
}

void uplink_urge(struct uplink *uplink, const char *key, double now)
{
	struct way *way = ways_find(&uplink->ways, key);

	if (way != NULL) {
		way_urge(way, now);
		uplink->sockets_spent = false;
	}
}

const struct path *uplink_path(const struct uplink *uplink, const char *key)
{
	const struct way *way = ways_find(&uplink->ways, key);

	return way == NULL ? NULL : &way->path;
}

static void report(struct way *way, bool changed)
{
	if (changed) {
		way->report = WAY_REPORT_CHANGED;
	} else if (way->report == WAY_REPORT_NONE) {
		way->report = WAY_REPORT_ROUND;
	}
}

/* The listener may set another wish meanwhile: ways are looked for anew each time. */
static void tell(struct uplink *uplink)
{
	for (size_t i = 0; i < uplink->ways.count; i++) {
		struct way *way = &uplink->ways.items[i];
		bool changed = way->report == WAY_REPORT_CHANGED;
		char key[UPLINK_KEY_SIZE];
		if (way->report == WAY_REPORT_NONE) {
			continue;
		}
		way->report = WAY_REPORT_NONE;
		text_copy(key, sizeof(key), way->wish.key);
		if (uplink->listener.on_round != NULL) {
			uplink->listener.on_round(uplink->listener.context, key, changed);
		}
	}
}

static void end_round(struct uplink *uplink, struct way *way, const struct probe_round *result)
{
	struct path_rules rules = rules_of(uplink, way);

	way->probed = true;
	uplink->sockets_spent = false;
	report(way, path_on_round(&way->path, &rules, result));
}

static void finish_if_over(struct uplink *uplink, struct way *way, double now)
{
	struct probe_round result;

	if (way->round == NULL || !round_is_over(way->round, now)) {
		return;
	}
	round_finish(way->round, now, &way->memory, &result);
	way->bytes = round_bytes(way->round);
	way_abort(way);
	end_round(uplink, way, &result);
}

static enum round_extent extent_of(const struct way *way)
{
	bool quick = way->probed && way->path.health == PATH_UP && !way->urged;

	if (way->wish.light) {
		return quick ? ROUND_LIGHT_QUICK : ROUND_LIGHT;
	}
	return quick ? ROUND_QUICK : ROUND_ALL;
}

static void start_round(struct uplink *uplink, struct way *way, double now)
{
	struct round_plan plan = {.probes = &uplink->asking.probes,
		.targets = &uplink->asking.targets,
		.memory = &way->memory,
		.way = {.family = way->wish.family, .one_way = way->wish.light},
		.extent = extent_of(way),
		.serial = ++uplink->serial,
		.epoll = uplink->epoll};

	text_copy(plan.way.device, sizeof(plan.way.device), way->wish.device);
	if (way->wish.source.family == way->wish.family) {
		plan.way.source = way->wish.source;
	}
	way->urged = false;
	uplink->last_start = now;
	if (round_start(&way->round, &plan, now) < 0) {
		struct probe_round none = {.time = now, .reason = "no memory for probes"};
		end_round(uplink, way, &none);
		return;
	}
	finish_if_over(uplink, way, now);
}

/* When its next round is due; INFINITY while one is under way. */
static double due_time(const struct uplink *uplink, const struct way *way)
{
	struct path_rules rules = rules_of(uplink, way);

	if (way->round != NULL) {
		return INFINITY;
	}
	if (way->urged) {
		return way->urged_at;
	}
	return way->probed ? path_next_round(&way->path, &rules) : way->first_at;
}

/* Rounds that nobody waits for do not all begin in one instant. */
static double start_time(const struct uplink *uplink, const struct way *way)
{
	double due = due_time(uplink, way);

	return way->urged ? due : fmax(due, uplink->last_start + SPREAD);
}

/* The one that has waited longest. */
static struct way *find_due(struct uplink *uplink, double now)
{
	struct way *found = NULL;
	double first = INFINITY;

	for (size_t i = 0; i < uplink->ways.count; i++) {
		struct way *way = &uplink->ways.items[i];
		double due = due_time(uplink, way);
		if (start_time(uplink, way) <= now && due < first) {
			first = due;
			found = way;
		}
	}
	return found;
}

static size_t count_sockets(const struct uplink *uplink)
{
	size_t count = 0;

	for (size_t i = 0; i < uplink->ways.count; i++) {
		const struct round *round = uplink->ways.items[i].round;
		count += round == NULL ? 0 : round_sockets(round);
	}
	return count;
}

static void start_due(struct uplink *uplink, double now)
{
	struct way *way;

	while ((way = find_due(uplink, now)) != NULL) {
		size_t wanted = round_sockets_max(&uplink->asking.targets, extent_of(way));
		uplink->sockets_spent = count_sockets(uplink) + wanted > SOCKETS_MAX;
		if (uplink->sockets_spent) {
			return;
		}
		start_round(uplink, way, now);
	}
}

void uplink_on_timer(struct uplink *uplink, double now)
{
	for (size_t i = 0; i < uplink->ways.count; i++) {
		struct way *way = &uplink->ways.items[i];
		struct path_rules rules = rules_of(uplink, way);
		if (way->round != NULL) {
			round_on_timer(way->round, now);
			finish_if_over(uplink, way, now);
		}
		if (path_decay(&way->path, &rules, now)) {
			report(way, true);
		}
	}
	start_due(uplink, now);
	tell(uplink);
}

static struct way *find_serial(const struct uplink *uplink, uint32_t serial)
{
	for (size_t i = 0; i < uplink->ways.count; i++) {
		struct way *way = &uplink->ways.items[i];
		if (way->round != NULL && round_serial(way->round) == serial) {
			return way;
		}
	}
	return NULL;
}

void uplink_on_readable(struct uplink *uplink, double now)
{
	struct epoll_event events[EVENTS_A_TURN];
	int count = epoll_wait(uplink->epoll, events, EVENTS_A_TURN, 0);

	for (int i = 0; i < count; i++) {
		uint64_t tag = events[i].data.u64;
		struct way *way = find_serial(uplink, round_tag_serial(tag));
		if (way != NULL) {
			round_on_ready(way->round, tag, now);
			finish_if_over(uplink, way, now);
		}
	}
	start_due(uplink, now);
	tell(uplink);
}

int uplink_fd(const struct uplink *uplink)
{
	return uplink->epoll;
}

double uplink_deadline(const struct uplink *uplink)
{
	double first = INFINITY;

	for (size_t i = 0; i < uplink->ways.count; i++) {
		const struct way *way = &uplink->ways.items[i];
		struct path_rules rules = rules_of(uplink, way);
		first = fmin(first, path_next_decay(&way->path, &rules));
		if (way->round != NULL) {
			first = fmin(first, round_deadline(way->round));
		} else if (!uplink->sockets_spent) {
			first = fmin(first, start_time(uplink, way));
		}
	}
	return isinf(first) ? 0 : first;
}

double uplink_cost(const struct uplink *uplink)
{
	double cost = 0;

	for (size_t i = 0; i < uplink->ways.count; i++) {
		const struct way *way = &uplink->ways.items[i];
		struct path_rules rules = rules_of(uplink, way);
		double interval = path_next_round(&way->path, &rules) - way->path.last.time;
		if (way->wish.light && interval > 0) {
			cost += way->bytes / interval;
		}
	}
	return cost;
}

static json_t *outcome_to_json(const struct target *target, const struct probe_outcome *outcome,
	double now)
{
	char error[64];

	probe_error_format(outcome, error, sizeof(error));
	return json_pack("{s:s, s:s, s:b, s:f, s:f, s:s}", "kind", probe_kind_text(target->kind),
		"target", target->text, "ok", outcome->error == 0, "rtt", outcome->rtt, "age",
		now > outcome->time ? now - outcome->time : 0.0, "error", error);
}

json_t *uplink_targets_to_json(const struct uplink *uplink, const char *key, double now)
{
	const struct way *way = ways_find(&uplink->ways, key);
	const struct target_list *targets = &uplink->asking.targets;
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && way != NULL && i < targets->count; i++) {
		const struct probe_outcome *outcome = &way->memory.outcomes[i];
		if (outcome->time > 0 &&
			json_array_append_new(list,
				outcome_to_json(&targets->items[i], outcome, now)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
