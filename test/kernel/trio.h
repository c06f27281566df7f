/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three nodes in a line, a - b - c, each a network namespace of its own; this process is in b.
 * Their layer-3 daemons are the real ones. Each node has the network 10.N.0.0/16 (N = 1, 2, 3) on a
 * bridge. */
#ifndef KERNEL_TRIO_H
#define KERNEL_TRIO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "routing/routing.h"

enum trio_node {
	NODE_A,
	NODE_B,
	NODE_C,
	NODE_COUNT,
};

struct trio {
	enum link_protocol protocol;
	char dir[64];              /* of this trio */
	pid_t holders[NODE_COUNT]; /* keep the namespaces of a and c */
	pid_t daemons[NODE_COUNT];
	struct routing *routing; /* of b */
	int changes;
	int answers;
	bool works; /* the last answer */
};

/* Can it be tried here? If not, reason says why. */
bool trio_is_possible(enum link_protocol protocol, char *reason, size_t size);
/* Namespaces, links and the daemons. Those of a and c have their devices, b's has none. options:
 * bmx7: of a and c ("%d" in it is the number of the node); babeld: of all, before the trio's own
 * rules. tmp dirs are removed by trio_stop. */
void trio_start(struct trio *trio, enum link_protocol protocol, const char *options);
void trio_start_daemon(struct trio *trio, enum trio_node node);
void trio_kill_daemon(struct trio *trio, enum trio_node node, int signal_number);
void trio_stop(struct trio *trio);

double trio_now(void);
/* Turns the loop until the condition holds; fails the test when the time is up. */
void trio_wait(struct trio *trio, double seconds, bool (*holds)(struct trio *trio),
	const char *what);
/* Turns it for that long. */
void trio_turn(struct trio *trio, double seconds);
const struct routing_state *trio_state(const struct trio *trio);

/* Runs a command line in b; its output, malloc'd. */
char *trio_output(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Runs a command line there that must succeed; run() does in b. */
void trio_run_in(const struct trio *trio, enum trio_node node, const char *command);
/* One word of bmx7's own options: "parameters" as it answers it; malloc'd. */
char *trio_bmx7_parameters(const struct trio *trio);

#endif
