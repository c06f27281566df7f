/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The health of one way to the Internet: an uplink, or the way through a gateway of the mesh.
 * Rounds of probes go in; rise and fall counts, and a penalty for flapping (RFC 2439), come to a
 * verdict. Times are monotonic seconds. */
#ifndef CORE_PATH_H
#define CORE_PATH_H

#include <jansson.h>

#include "base/text.h"

enum probe_kind { PROBE_PING, PROBE_TCP, PROBE_DNS, PROBE_HTTP, PROBE_KINDS };

enum path_health {
	PATH_UNKNOWN,  /* no verdict yet */
	PATH_UP,       /* the last rounds were good */
	PATH_DOUBTFUL, /* up, but one of the last PATH_WINDOW rounds was not good */
	PATH_DOWN,
};

#define PATH_REASON_SIZE 128
#define PATH_WINDOW      10 /* rounds */

struct path_rules {
	double interval;          /* between the starts of rounds while all is well */
	double interval_doubtful; /* while unknown, doubtful, or down for a short time */
	double interval_down;     /* at most this while down: it grows from doubtful's, doubling */
	unsigned int rise;        /* good rounds in a row until up; the first verdict needs one */
	/* Bad ones until down: so many in a row, or one more among the last PATH_WINDOW, as of a
	 * way that works every other moment only. A captive portal is one too. */
	unsigned int fall;
	double penalty;   /* added at each fall */
	double suppress;  /* from this on the path counts as not usable, also when up, ... */
	double reuse;     /* ... until it has decayed to this */
	double half_life; /* seconds */
};

/* What one round found. */
struct probe_round {
	double time;
	bool good;
	bool captive; /* a web server gave another answer than the one expected */
	uint8_t asked[PROBE_KINDS];
	uint8_t answered[PROBE_KINDS];
	double rtt;                    /* seconds of the quickest answer, 0 = none */
	char reason[PATH_REASON_SIZE]; /* why it is not good, "" when it is */
};

struct path {
	enum path_health health;
	bool suppressed;
	unsigned int good; /* rounds in a row */
	unsigned int bad;
	uint16_t recent; /* while up: the last rounds, the newest in bit 0; 1 = bad */
	double penalty;  /* at penalty_time */
	double penalty_time;
	double since;         /* of up (doubtful is still up), down or unknown */
	unsigned int changes; /* between up and down */
	struct probe_round last;
};

/* A round ended. A round older than what is known already (it began before path_lose) is ignored.
 * True when health or suppressed changed. */
bool path_on_round(struct path *path, const struct path_rules *rules,
	const struct probe_round *round);
/* The way itself went (no route, no link, no carrier): down at once, with the penalty if it was up.
 * True when it changed. */
bool path_lose(struct path *path, const struct path_rules *rules, double now, const char *reason);
/* Ends a suppression whose penalty has decayed. True when it changed. */
bool path_decay(struct path *path, const struct path_rules *rules, double now);
/* Up or doubtful, and not suppressed. */
bool path_is_usable(const struct path *path);
double path_penalty(const struct path *path, const struct path_rules *rules, double now);
/* When the next round is to start, given when the last one did. */
double path_next_round(const struct path *path, const struct path_rules *rules);
/* When path_decay will have something to do; INFINITY = never. */
double path_next_decay(const struct path *path, const struct path_rules *rules);
const char *path_health_text(enum path_health health); /* "unknown", "up", "doubtful", "down" */
const char *probe_kind_text(enum probe_kind kind);     /* "ping", "tcp", "dns", "http" */

/* {"health","suppressed","penalty","since","changes","good","bad","rtt","reason","captive","age",
 * "asked":{"ping":n,..},"answered":{..}}; since and age in seconds before now, age null when there
 * was no round, good and bad rounds in a row. NULL when memory ends. path_from_json takes the same
 * back (after a restart); false when it is none. */
json_t *path_to_json(const struct path *path, const struct path_rules *rules, double now);
bool path_from_json(const json_t *json, const struct path_rules *rules, double now,
	struct path *path);

#endif
