/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The node's state as JSON, the answer of the control method "status". */
#ifndef CORE_SNAPSHOT_H
#define CORE_SNAPSHOT_H

#include <time.h>

#include <jansson.h>

#include "core/config.h"
#include "core/identity.h"
#include "core/plan.h"
#include "core/problem.h"
#include "core/state.h"

/* One path to an originator as batman-adv knows it. */
struct mesh_peer {
	struct mac originator;
	struct mac next_hop;
	char hardif[IFNAMSIZ];
	bool best;
	bool neighbour;      /* originator is a direct neighbour on this hardif */
	uint8_t tq;          /* B.A.T.M.A.N. IV, 0..255 */
	uint32_t throughput; /* B.A.T.M.A.N. V, 100 kbit/s */
	uint32_t last_seen;  /* ms */
};

/* What reconciling has done so far. Times are seconds since 1970. */
struct reconcile_record {
	uint64_t cycles;
	uint64_t operations; /* all that were sent */
	uint64_t failures;   /* of them refused */
	uint64_t overruns;
	uint64_t last_operations; /* of the last cycle that sent any */
	uint64_t last_failures;
	time_t started;
	time_t last_cycle;
	time_t last_change;          /* last cycle that sent an operation */
	double last_seconds;         /* how long the last cycle took */
	double change_seconds;       /* how long the last that sent any took */
	double apply_seconds;        /* of that, from the first operation to the last answer */
	double change_seconds_total; /* the same of all cycles that sent any, together */
	double apply_seconds_total;
	bool converged; /* the last cycle found nothing to do */
};

struct snapshot_request {
	const char *version;
	const struct config *config;
	const struct identity *identity; /* NULL while there is no primary link */
	const struct state *desired;
	const struct state *observed;
	const struct problem_list *problems;
	const struct reconcile_record *record;
	const json_t
		*last_plan; /* plan_to_json of the last cycle that changed something, or NULL */
	const struct mesh_peer *peers;
	size_t peer_count;
};

/* A new object {"node","cloud","links","mesh","lan","anycast","layer3","rules","problems",
 * "reconcile"}; docs/control.md describes every member. NULL when memory ends. */
json_t *snapshot_status(const struct snapshot_request *request);

/* What the programs around the kernel say; each may be NULL (not asked). Borrowed. */
struct snapshot_services {
	const json_t *children; /* of children_to_json */
	const json_t *cloud;    /* of cloud_to_json */
	const json_t *routing;  /* [routing_state_to_json...] */
};

/* Adds to a status: "children" (the short form), "cloud_sharing", and in "layer3" to the entry of
 * each protocol what it reports, "routing". 0 or -ENOMEM. */
int snapshot_add_services(json_t *status, const struct snapshot_services *services);

#endif
