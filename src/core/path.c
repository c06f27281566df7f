/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/path.h"

#include <limits.h>
#include <math.h>

#include "base/cleanup.h"

#define LN_2           0.69314718055994531
#define CEILING        4    /* times suppress: so that every suppression ends, see RFC 2439, 4.2 */
#define FORGOTTEN      1.0  /* a smaller penalty is none */
#define SLACK          1e-3 /* seconds: no rounding makes a deadline a moment too early */
#define HALF_LIVES_MAX 64   /* after so many nothing is left */
#define BISECTIONS     48
#define BACK_OFF_MAX   32 /* doublings */
#define INTERVAL_SMALL 0.1

static const char *const health_texts[] = {
	[PATH_UNKNOWN] = "unknown",
	[PATH_UP] = "up",
	[PATH_DOUBTFUL] = "doubtful",
	[PATH_DOWN] = "down",
};

static const char *const probe_texts[] = {
	[PROBE_PING] = "ping",
	[PROBE_TCP] = "tcp",
	[PROBE_DNS] = "dns",
	[PROBE_HTTP] = "http",
};
_Static_assert(ARRAY_SIZE(probe_texts) == PROBE_KINDS, "every kind has a name");

const char *path_health_text(enum path_health health)
{
	return (size_t)health < ARRAY_SIZE(health_texts) ? health_texts[health] : "unknown";
}

const char *probe_kind_text(enum probe_kind kind)
{
	return (size_t)kind < PROBE_KINDS ? probe_texts[kind] : "unknown";
}

/* 2^-x for x >= 0. The core has no libm: whole halvings, then the series of e^y for -ln 2 < y <= 0,
 * of which 16 terms are as exact as a double. */
static double halved(double x)
{
	double result = 1;
	double term = 1;
	double sum = 1;

	if (!(x < HALF_LIVES_MAX)) {
		return 0;
	}
	int whole = (int)x;
	for (int i = 0; i < whole; i++) {
		result /= 2;
	}
	for (int i = 1; i <= 16; i++) {
		term *= -(x - whole) * LN_2 / i;
		sum += term;
	}
	return result * sum;
}

static double decayed(double penalty, double seconds, double half_life)
{
	if (!(penalty > 0) || half_life <= 0) {
		return 0;
	}
	double left = seconds > 0 ? penalty * halved(seconds / half_life) : penalty;
	return left < FORGOTTEN ? 0 : left;
}

double path_penalty(const struct path *path, const struct path_rules *rules, double now)
{
	return decayed(path->penalty, now - path->penalty_time, rules->half_life);
}

static void set_health(struct path *path, enum path_health health, double now)
{
	bool was_up = path->health == PATH_UP || path->health == PATH_DOUBTFUL;
	bool is_up = health == PATH_UP || health == PATH_DOUBTFUL;

	if (path->health == PATH_UNKNOWN || was_up != is_up) {
		path->since = now;
	}
	if (path->health != PATH_UNKNOWN && was_up != is_up) {
		path->changes++;
	}
	path->health = health;
}

static void punish(struct path *path, const struct path_rules *rules, double now)
{
	double base = rules->suppress > rules->penalty ? rules->suppress : rules->penalty;
	double penalty = path_penalty(path, rules, now) + rules->penalty;

	path->penalty = penalty < base * CEILING ? penalty : base * CEILING;
	path->penalty_time = now > path->penalty_time ? now : path->penalty_time;
	/* Without decay it would never be usable again. */
	if (rules->suppress > 0 && rules->half_life > 0 && path->penalty >= rules->suppress) {
		path->suppressed = true;
	}
}

static bool has_rounds(const struct path *path)
{
	return path->good > 0 || path->bad > 0;
}

static unsigned int count_recent(const struct path *path)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < PATH_WINDOW; i++) {
		count += path->recent >> i & 1;
	}
	return count;
}

static void on_good(struct path *path, const struct path_rules *rules, double now)
{
	unsigned int needed = path->health == PATH_DOWN ? rules->rise : 1;

	path->bad = 0;
	path->recent = (uint16_t)(path->recent << 1);
	path->good += path->good < UINT_MAX;
	if (path->good >= needed && count_recent(path) == 0) {
		set_health(path, PATH_UP, now);
	}
}

static void on_bad(struct path *path, const struct path_rules *rules, double now)
{
	bool was_up = path->health == PATH_UP || path->health == PATH_DOUBTFUL;

	path->good = 0;
	path->bad += path->bad < UINT_MAX;
	if (path->health == PATH_DOWN) {
		return;
	}
	path->recent = (uint16_t)(path->recent << 1 | 1);
	if (path->bad >= rules->fall || count_recent(path) > rules->fall) {
		path->recent = 0;
		set_health(path, PATH_DOWN, now);
		if (was_up) {
			punish(path, rules, now);
		}
	} else if (was_up) {
		set_health(path, PATH_DOUBTFUL, now);
	}
}

bool path_on_round(struct path *path, const struct path_rules *rules,
	const struct probe_round *round)
{
	enum path_health health = path->health;

	if (has_rounds(path) && round->time < path->last.time) {
		return false;
	}
	bool changed = path_decay(path, rules, round->time);
	bool suppressed = path->suppressed;

	path->last = *round;
	if (round->good && !round->captive) {
		on_good(path, rules, round->time);
	} else {
		on_bad(path, rules, round->time);
	}
	return changed || path->health != health || path->suppressed != suppressed;
}

bool path_lose(struct path *path, const struct path_rules *rules, double now, const char *reason)
{
	bool was_up = path->health == PATH_UP || path->health == PATH_DOUBTFUL;
	enum path_health health = path->health;
	bool suppressed = path->suppressed;

	path->recent = 0;
	path_decay(path, rules, now);
	if (path->health != PATH_DOWN || path->good > 0 || !has_rounds(path)) {
		/* As if rounds had just shown it: the next ones come soon. */
		path->last = (struct probe_round){.time = now};
		path->good = 0;
		path->bad = rules->fall > 0 ? rules->fall : 1;
	} /* else the next round stays where it is, however often this is said */
	text_copy(path->last.reason, sizeof(path->last.reason), reason);
	set_health(path, PATH_DOWN, now);
	if (was_up) {
		punish(path, rules, now);
	}
	return path->health != health || path->suppressed != suppressed;
}

bool path_decay(struct path *path, const struct path_rules *rules, double now)
{
	if (!path->suppressed) {
		return false;
	}
	double left = path_penalty(path, rules, now);
	path->suppressed = rules->suppress > 0 && left > 0 && left > rules->reuse;
	return !path->suppressed;
}

bool path_is_usable(const struct path *path)
{
	return (path->health == PATH_UP || path->health == PATH_DOUBTFUL) && !path->suppressed;
}

/* While down: doubled with each bad round past the one that brought it down; after a good one it
 * begins anew, as there is no bad one in a row. */
static double interval_down(const struct path *path, const struct path_rules *rules)
{
	double interval = rules->interval_doubtful;
	unsigned int more = path->bad > rules->fall ? path->bad - rules->fall : 0;

	for (unsigned int i = 0; i < more && i < BACK_OFF_MAX; i++) {
		interval *= 2;
	}
	return interval < rules->interval_down ? interval : rules->interval_down;
}

double path_next_round(const struct path *path, const struct path_rules *rules)
{
	double interval = rules->interval_doubtful;

	if (path->health == PATH_UP) {
		interval = rules->interval;
	} else if (path->health == PATH_DOWN) {
		interval = interval_down(path, rules);
	}
	if (!has_rounds(path)) {
		return path->last.time;
	}
	return path->last.time + (interval > INTERVAL_SMALL ? interval : INTERVAL_SMALL);
}

double path_next_decay(const struct path *path, const struct path_rules *rules)
{
	double low = 0;
	double high = HALF_LIVES_MAX;

	if (!path->suppressed) {
		return INFINITY;
	}
	if (rules->half_life <= 0) {
		return path->penalty_time;
	}
	for (int i = 0; i < BISECTIONS; i++) {
		double middle = (low + high) / 2;
		double left = decayed(path->penalty, middle * rules->half_life, rules->half_life);
		if (left > 0 && left > rules->reuse) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return path->penalty_time + high * rules->half_life + SLACK;
}
