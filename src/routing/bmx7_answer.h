/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bmx7 answers on its control socket: lines of JSON ("jshow=..."), the text of "parameters",
 * and "$" as the last byte when all went well. Pure; everything in it may come from the mesh. */
#ifndef ROUTING_BMX7_ANSWER_H
#define ROUTING_BMX7_ANSWER_H

#include "routing/bmx7_options.h"

struct bmx7_interface {
	char name[IFNAMSIZ];
	bool up;
};

/* A tunnel that a search has in use: its route in the kernel. */
struct bmx7_tunnel {
	char search[32];
	struct prefix route;
	char link[IFNAMSIZ];
	uint32_t metric; /* of the kernel's route */
};

struct bmx7_answer {
	bool success;
	char error[128]; /* the first "ERROR" line, "" = none */
	bool has_status;
	double uptime; /* seconds */
	struct ip primary;
	struct bmx7_interface *interfaces;
	size_t interface_count;
	struct bmx7_tunnel *tunnels;
	size_t tunnel_count;
	struct routing_state state; /* all but protocol, answers and time */
	bool has_options;
	struct bmx7_options options;
};

/* 0, -EINVAL (no answer of bmx7) or -ENOMEM. */
int bmx7_answer_parse(const char *text, size_t length, struct bmx7_answer *answer);
void bmx7_answer_free(struct bmx7_answer *answer);

/* "257G", "27450K", "960", "---" (0): bit/s. */
uint64_t bmx7_rate_parse(const char *text);
/* "0:01:02:03": days, hours, minutes, seconds. -1: not that. */
double bmx7_uptime_parse(const char *text);

/* What src/routing/bmx7_sections.c does with one section of the answer. */
int bmx7_section_take(struct bmx7_answer *answer, const char *name, const json_t *section);

#endif
