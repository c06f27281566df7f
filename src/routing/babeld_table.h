/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What babeld has told: its interfaces, neighbours, own announcements and routes. */
#ifndef ROUTING_BABELD_TABLE_H
#define ROUTING_BABELD_TABLE_H

#include "core/routing_state.h"
#include "routing/babeld_line.h"

struct babeld_table {
	void *trees[BABELD_KIND_COUNT]; /* tsearch(3) of struct babeld_line */
	size_t counts[BABELD_KIND_COUNT];
	size_t left_out;
};

void babeld_table_free(struct babeld_table *table);
/* Takes over what the line of an object says. 1: the table changed, 0: it did not, -ENOMEM. */
int babeld_table_take(struct babeld_table *table, const struct babeld_line *line);
/* Does a route's line say that it comes or goes, is retracted or installed, or leads elsewhere? */
bool babeld_table_turns(const struct babeld_table *table, const struct babeld_line *line);
const struct babeld_line *babeld_table_find_interface(const struct babeld_table *table,
	const char *link);
/* Calls visit for every object of a kind, in order of its key. */
void babeld_table_each(const struct babeld_table *table, enum babeld_kind kind,
	void (*visit)(const struct babeld_line *line, void *context), void *context);
/* In the common form; id and version are the caller's, who has them from the greeting. 0 or
 * -ENOMEM. */
int babeld_table_to_state(const struct babeld_table *table, const char *id,
	struct routing_state *state);

#endif
