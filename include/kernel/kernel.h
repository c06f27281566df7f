/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's side: read its state, change it, hear of changes. One struct kernel holds all
 * netlink sockets of the network namespace it was opened in. */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "base/err.h"
#include "core/plan.h"
#include "core/problem.h"
#include "core/snapshot.h"
#include "core/state.h"

struct kernel;

/* What the observer reads besides all links, our addresses, routes and rules, and our table. */
struct observe_scope {
	const char *mesh;           /* mesh interface whose batman-adv settings are read, or NULL */
	const uint16_t *mesh_vlans; /* VLANs of it whose settings are read */
	size_t mesh_vlan_count;
	/* Names and globs of uplinks, whose default routes are read; none, and they are not. */
	const char (*uplinks)[64];
	size_t uplink_count;
	bool counters; /* of the rules as of now; else they may be older, which is quicker */
};

/* Opens the sockets for requests; batman-adv may be missing and is looked for again at every read.
 * 0, or -errno with err filled. */
int kernel_open(struct kernel **out, struct err *err);
void kernel_close(struct kernel *kernel);

/* Reads the state by dumps (repeated when the kernel says NLM_F_DUMP_INTR, at most 5 times) and
 * sorts it. Addresses, routes and rules: all are read, ours carry OBJECT_OWNED. Sysctls: those
 * the desired state may name. 0, or -errno with err filled. */
int kernel_observe(struct kernel *kernel, const struct observe_scope *scope, struct state *state,
	struct err *err);

/* Sends the whole plan in as few system calls as the kernel takes and writes each op's done, error
 * and message. observed is the state the plan was made from, for the numbers of links that are
 * there. An op that fails does not stop the others. 0 when all went well, 1 when some op failed,
 * or -errno when the sockets themselves failed. */
int kernel_apply(struct kernel *kernel, struct plan *plan, const struct state *observed);

/* From now on changes are heard; what changed before is not, so observe after it. Apart from
 * kernel_open, because the kernel words a notification for every step of a node that comes up when
 * somebody listens, and nobody needs those. May be called again. 0 or -errno with err filled; what
 * could be opened is open. */
int kernel_listen(struct kernel *kernel, struct err *err);

#define KERNEL_FDS 4
/* To watch for reading: sockets (rtnetlink, batman-adv's config group, nftables) and an inotify on
 * sysctls; -1 where the kernel has no such thing (yet). Valid until the next kernel_listen,
 * kernel_observe or kernel_apply, which may open the missing. */
void kernel_fds(const struct kernel *kernel, int fds[KERNEL_FDS]);

enum kernel_event {
	KERNEL_NOTHING = 0,
	KERNEL_CHANGED = 1 << 0, /* something that may concern us changed: observe again */
	KERNEL_OVERRUN = 1 << 1, /* notifications were lost: observe again */
};
/* Drains one of them (bounded), never blocks. Returns enum kernel_event bits or -errno. */
int kernel_on_readable(struct kernel *kernel, int fd);
/* Highest link number below STATE_IFINDEX_HIGH seen in any dump or notification. */
uint32_t kernel_highest_ifindex(const struct kernel *kernel);

/* Has the kernel what the plan's ops need? Adds a problem for every missing module with the package
 * or module to install; called for ops that failed with EOPNOTSUPP, ENOENT or the like. */
void kernel_explain(struct kernel *kernel, const struct plan *plan, struct problem_list *problems);

/* Removes the IPv6 policy rules of a priority and all IPv6 routes of a table, whoever made them:
 * what a routing daemon left behind that was killed. 0 or -errno. */
int kernel_clean_routing(struct kernel *kernel, uint32_t priority, uint32_t table);

/* Removes all routes of a table, whoever made them. 0 or -errno. */
int kernel_clean_table(struct kernel *kernel, uint32_t table);

/* Has the kernel load the module of a kind of link, such as "ip6tnl", by making one and deleting
 * it. 0 or -errno (-EOPNOTSUPP: there is no such module). */
int kernel_load_link_kind(struct kernel *kernel, const char *kind);

/* Where the kernel sends a packet to a destination from a source (family 0: its own choice), by
 * RTM_GETROUTE. -ENETUNREACH and the like when it does not. 0 or -errno. */
struct kernel_way {
	char link[IFNAMSIZ];
	struct ip via; /* family 0 = none */
	struct ip source;
	uint32_t table;
	uint8_t protocol;
};
int kernel_ask_way(struct kernel *kernel, const struct ip *destination, const struct ip *source,
	struct kernel_way *way);

/* Deletes what the kernel has noted (conntrack) of untranslated flows between a source in one of
 * the networks and the Internet (no private, link-local or multicast address), so that the next
 * packet of each is taken for a first one. For when the way in use becomes an uplink of the node's
 * own: the kernel decides about masquerading at the first packet only, and what began through a
 * gateway of the mesh would leave the uplink with a client's own address for as long as it lasts.
 * Translated flows stay; the kernel itself forgets a masqueraded one that leaves by another link.
 * 0 when all is done, also where nothing is tracked; 1 when some 10 ms were not enough: then
 * kernel_forget_more() is to be called, from the loop's next round on, until it does not give 1
 * either. Or -errno; what could be deleted is then. A call in between begins anew with both
 * calls' networks. */
int kernel_forget_flows(struct kernel *kernel, const struct prefix *sources, size_t count);
int kernel_forget_more(struct kernel *kernel);

/* The counted bytes of a rule of the table "inet meshd", by its name, and of those with that name
 * and a number behind (see core/nat.h). A replaced table counts from 0 again. 0 or -errno (-ENOENT:
 * no such rule or table). */
int kernel_nat_counter(struct kernel *kernel, const char *rule, uint64_t *bytes);

/* Reads the originators and direct neighbours of a mesh interface; *peers is malloc'd. 0 or -errno
 * (-ENODEV when the mesh has no active hardif). */
int kernel_mesh_peers(struct kernel *kernel, const char *mesh, struct mesh_peer **peers,
	size_t *count);

#endif
