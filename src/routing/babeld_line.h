/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of babeld's local socket (babeld(8), "local configuration interface"; the fields of the
 * lines are those that local.c of 1.8 to 1.12 writes). */
#ifndef ROUTING_BABELD_LINE_H
#define ROUTING_BABELD_LINE_H

#include "base/text.h"

/* babeld writes no longer ones. */
#define BABELD_LINE_MAX 511

enum babeld_kind {
	BABELD_INTERFACE,
	BABELD_NEIGHBOUR,
	BABELD_XROUTE,
	BABELD_ROUTE,
	BABELD_KIND_COUNT, /* those above are objects, kept in tables */
	BABELD_OK,
	BABELD_NO,
	BABELD_BAD,
	BABELD_GREETING, /* "BABEL 1.0" */
	BABELD_VERSION,
	BABELD_MY_ID,
	BABELD_OTHER, /* legal and of no interest */
};

enum babeld_verb {
	BABELD_ADD,
	BABELD_CHANGE,
	BABELD_FLUSH,
};

#define BABELD_INFINITY 65535

/* Bytes only where it counts: two parsed lines are the same object state when memcmp says so. */
struct babeld_line {
	enum babeld_kind kind;
	enum babeld_verb verb;
	uint64_t key; /* of a neighbour or route: babeld's own */
	char link[IFNAMSIZ];
	bool up;
	struct ip address; /* neighbour: its own; route: next hop */
	uint16_t reach;    /* of the last 16 hellos, the newest is the highest bit */
	uint32_t rxcost;
	uint32_t txcost;
	uint32_t cost;
	struct prefix prefix;
	struct prefix source; /* family 0 = any */
	bool installed;
	char id[24];
	uint32_t metric;
	char text[64]; /* version, id of our own, or why "no" */
};

/* One line without its end. 0, or -EINVAL: not what babeld writes. */
int babeld_line_parse(const char *text, size_t length, struct babeld_line *line);

#endif
