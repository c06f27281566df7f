/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel made of one struct state: it does to links, addresses, routes, rules and batman-adv
 * settings what Linux 6.1 does, refuses what Linux refuses and keeps quiet where Linux keeps quiet.
 *
 * The functions below are what any program may ask of it; fake_apply() is what meshd asks. The
 * kernel does not know whose an object is: it deletes what it is told to delete. */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include "core/plan.h"
#include "core/state.h"

/* Flags of the fake's own objects, besides OBJECT_OWNED (address, route, rule: protocol 109). */
#define FAKE_KERNEL_MADE (1u << 16) /* route: the prefix route of an address */
#define FAKE_SECONDARY   (1u << 17) /* IPv4 address: another of the same network was there first */

struct fake_kernel {
	struct state state; /* in the order of creation, never sorted */
	uint32_t highest_ifindex;
};

/* An empty network with the sysctls that meshd knows, all 0, and the state's copies. */
int fake_init(struct fake_kernel *kernel);
int fake_copy(const struct fake_kernel *kernel, struct fake_kernel *copy);
void fake_free(struct fake_kernel *kernel);
/* What a dump tells, sorted, links marked as kernel_observe marks them. 0 or -ENOMEM. */
int fake_observe(const struct fake_kernel *kernel, struct state *state);
/* A deep copy. */
int fake_copy_state(const struct state *state, struct state *copy);

/* Executes ops in order, first .. first + count - 1, and writes done and error of each. Returns how
 * many were refused. */
int fake_apply(struct fake_kernel *kernel, struct plan *plan, size_t first, size_t count);
/* Only the given fields of an op: what a daemon killed between two messages of one op leaves. */
int fake_apply_fields(struct fake_kernel *kernel, const struct op *op, uint64_t fields);

/* All return 0 or -errno. wanted->head.has and fields together say which fields are given. */
int fake_link_create(struct fake_kernel *kernel, const struct link *wanted, uint64_t fields,
	uint32_t ifindex);
int fake_link_set(struct fake_kernel *kernel, const struct link *wanted, uint64_t fields);
int fake_link_delete(struct fake_kernel *kernel, const char *name);
struct link *fake_link(const struct fake_kernel *kernel, const char *name);

int fake_address_add(struct fake_kernel *kernel, const struct address *wanted);
int fake_address_delete(struct fake_kernel *kernel, const struct address_key *key);
int fake_route_add(struct fake_kernel *kernel, const struct route *wanted);
int fake_route_set(struct fake_kernel *kernel, const struct route *wanted);
int fake_route_delete(struct fake_kernel *kernel, const struct route_key *key);
int fake_rule_add(struct fake_kernel *kernel, const struct rule *wanted);
int fake_rule_delete(struct fake_kernel *kernel, const struct rule *rule);

int fake_mesh_set(struct fake_kernel *kernel, const struct mesh *wanted, uint64_t fields);
int fake_hardif_set(struct fake_kernel *kernel, const struct hardif *wanted, uint64_t fields);
int fake_mesh_vlan_set(struct fake_kernel *kernel, const struct mesh_vlan *wanted, uint64_t fields);
int fake_sysctl_set(struct fake_kernel *kernel, const struct sysctl *wanted);
/* NULL deletes the table. */
int fake_ruleset_set(struct fake_kernel *kernel, enum object_type type,
	const struct ruleset *ruleset);

#endif
