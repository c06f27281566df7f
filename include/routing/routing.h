/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The run-time control of bmx7 and babeld: asked, compared with what is wanted, mended by the
 * difference, like the kernel. Nothing here starts or stops them. */
#ifndef ROUTING_ROUTING_H
#define ROUTING_ROUTING_H

#include "base/err.h"
#include "core/routing_state.h"

/* A network that bmx7 looks for at other nodes (tunOut). A change of a search takes its tunnel down
 * and makes it anew, unless another search leads to the same node; so one that is pinned to a node
 * keeps its name and metric for as long as it is wished. */
struct routing_search {
	char name[32];
	struct prefix network;
	uint8_t max_length; /* of an announced prefix; all bits of the family or more: any */
	char gateway[64];   /* node id of the only node that it may be at (gwId), 56 hexadecimal
			       digits, "" = any; with another text the search is left out */
	uint32_t rating;    /* percent, 0 = bmx7's own 100, at most 10000 */
	uint32_t metric;    /* of the kernel's route, 0 = bmx7's own 1024 */
};

/* A network that this node offers. */
struct routing_announcement {
	struct prefix network;
	uint64_t bandwidth; /* bit/s, 0 = bmx7's own; bmx7 only, which tells others 4 bits of it */
};

/* What both are to do. Arrays are borrowed during the call that takes them. */
struct routing_wish {
	char (*links)[IFNAMSIZ]; /* devices it runs on */
	size_t link_count;
	struct routing_announcement *announce; /* its own networks, its cloud's, default routes */
	size_t announce_count;
	struct routing_search *search; /* bmx7 only; said in this order */
	size_t search_count;
	bool defaults_matter; /* bmx7: its default routes decide, as no table of ours goes before
				 them */
	char hostname[64];
	struct prefix tunnel_ipv4; /* bmx7: addresses of its tunnel device, with announced length */
	struct prefix tunnel_ipv6;
	int link_type; /* enum babeld_link_type; babeld only, of links that it is given from now on
			*/
};

struct routing;

struct routing_listener {
	/* The state changed in a way that people see (told at most once a second), a way to the
	 * Internet changed (told at once), or the daemon began or ceased to answer. */
	void (*on_change)(void *context, enum link_protocol protocol);
	/* The answer to routing_ask. */
	void (*on_answer)(void *context, enum link_protocol protocol, bool works);
	void *context;
};

/* Sockets are looked for in run_dir, see core/render.h. Times are monotonic seconds. */
int routing_open(struct routing **out, const char *run_dir, const struct routing_listener *listener,
	struct err *err);
void routing_close(struct routing *routing);

/* NULL: not wanted any more; its state is dropped. Copied. 0 or -ENOMEM. */
int routing_set_wish(struct routing *routing, enum link_protocol protocol,
	const struct routing_wish *wish, double now);
/* Is it well? Answered by on_answer, within 3 s also when it hangs. */
void routing_ask(struct routing *routing, enum link_protocol protocol, double now);
/* The daemon was (re)started or told by us: look again at once, and a few times more until the
 * tunnels of all searches that name a gateway stand. */
void routing_refresh(struct routing *routing, enum link_protocol protocol, double now);
const struct routing_state *routing_get(const struct routing *routing, enum link_protocol protocol);
/* The last thing the daemon refused, "" = nothing: for the problems in status. */
const char *routing_refusal(const struct routing *routing, enum link_protocol protocol);

/* The loop's side: one descriptor (an epoll) and one deadline (0 = none). */
int routing_fd(const struct routing *routing);
void routing_on_readable(struct routing *routing, double now);
double routing_deadline(const struct routing *routing);
void routing_on_timer(struct routing *routing, double now);

/* Does this machine have what bmx7's tunnels need: it dies of a SIGSEGV without ip6_tunnel.
 * (/dev/net/tun is for tunnels that wait for traffic; core/render has them stand at once.) False:
 * what is missing is in text. */
bool routing_bmx7_has_needs(char *text, size_t size);

#endif
