/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The default routes of uplinks, in whatever table. */
#ifndef KERNEL_DEFAULTS_H
#define KERNEL_DEFAULTS_H

#include <libmnl/libmnl.h>

#include "core/state.h"

struct kernel;
struct observe_scope;

#define UPLINKS_MAX  64
#define DEFAULTS_MAX 256

/* Numbers of the links whose default routes were read last: others' are no concern. */
struct uplinks {
	uint32_t numbers[UPLINKS_MAX];
	size_t count;
};

/* Fills state's defaults, once its links are read; asks for each uplink's routes, so that a table
 * of thousands of others is not read. 0 or -errno. */
int defaults_read(struct kernel *kernel, const struct observe_scope *scope, struct state *state);
/* Is the message about a default route by one of the links? */
bool defaults_concern(const struct uplinks *uplinks, const struct nlmsghdr *message);

#endif
