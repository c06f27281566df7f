/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrying out a plan: apply.c walks it, apply_link.c knows how links are made, changed and
 * deleted. */
#ifndef KERNEL_APPLY_H
#define KERNEL_APPLY_H

#include "kernel/room.h"

struct apply {
	struct kernel *kernel;
	const struct state *observed;
	struct batch rtnl;
	struct batch genl;
	struct op **link_ops; /* those that create or set a link, by name */
	size_t link_op_count;
	int group_error; /* of the deletion by group */
};

/* Marks the op as failed; the first error counts. text is copied, NULL for none. */
void apply_fail(struct op *op, int error, const char *text);
/* The number of a link by its name, made by this plan or observed. 0 with the op failed when there
 * is none. */
uint32_t apply_link_number(const struct apply *apply, struct op *op, const char *name);
/* The op that creates or sets the link, or NULL. */
struct op *apply_find_link_op(const struct apply *apply, const char *name);

/* Runs ops of one phase on links. When it returns it is known which links were made and deleted;
 * the rest of the results comes with the next flush. */
void apply_links(struct apply *apply, struct op *ops, size_t count);

#endif
