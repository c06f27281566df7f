/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests against the kernel that runs: a namespace of their own, and `ip` as the judge. */
#ifndef KERNEL_TEST_FIXTURE_H
#define KERNEL_TEST_FIXTURE_H

#include "core/diff.h"
#include "kernel/kernel.h"
#include "kernel/shell.h"

struct room {
	struct kernel *kernel;
	const char *mesh; /* observed too when given */
	const uint16_t *mesh_vlans;
	size_t mesh_vlan_count;
	const char (*uplinks)[64]; /* patterns */
	size_t uplink_count;
	struct state observed;
	struct plan plan;
	bool ready; /* false: no right to make a namespace; the test is to do nothing */
};

extern struct room room; /* libcheck runs each test in its own process */

/* A new namespace with the veth pair v0 - v1. */
void open_room(void);
void close_room(void);

/* What the first object of ip's JSON says, by a path such as "linkinfo.info_data.mode". */
void ck_text(const char *command, const char *path, const char *expected);
void ck_number(const char *command, const char *path, long long expected);

void observe(void);
/* Observes, plans and applies; all ops must succeed. Returns their number. */
size_t mend(struct state *desired);
/* Nothing differs. */
void ck_settled(struct state *desired);
void show_plan(void);
/* What the command changes of a node that has what is desired is noticed and mended. */
void ck_mended_after(struct state *desired, const char *command);

/* Which of kernel_fds(). */
enum hear_from {
	HEAR_RTNL = 0,
	HEAR_BATADV = 1,
};

/* What the kernel tells by one call of kernel_on_readable(), and by as many as find something. */
int hear(enum hear_from from);
int hear_all(enum hear_from from);

/* A link of ours with alias and group that shall be up. */
struct link *want_link(struct state *desired, const char *name, enum link_kind kind);

#endif
