/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways to the Internet: gathered, probed, decided, and told to the kernel and to the layer-3
 * daemons. Deciding is core/gateway.h's, probing uplink/uplink.h's; here they meet. */
#ifndef LOOP_GATEWAYS_H
#define LOOP_GATEWAYS_H

#include <ev.h>

#include "cloud/cloud.h"
#include "control/request.h"
#include "core/gateway_ways.h"
#include "kernel/kernel.h"
#include "loop/reconcile.h"
#include "loop/room_watcher.h"
#include "routing/routing.h"
#include "uplink/uplink.h"

/* Of one family; candidates and decision belong together. */
struct gateways_family {
	struct gateway_candidate *candidates;
	size_t count;
	struct gateway_decision decision;
	struct gateway_memory memory;
};

/* What the layer-3 daemons are to do about default routes. */
#define GATEWAYS_PINS_MAX 8
struct gateways_pin {
	char name[32]; /* of bmx7's search */
	enum gateway_family family;
	char id[64]; /* of the only node it may be at */
	uint32_t metric;
};
struct gateways_wants {
	bool offered[GATEWAY_FAMILIES];
	uint64_t bandwidth[GATEWAY_FAMILIES];
	struct gateways_pin pins[GATEWAYS_PINS_MAX]; /* id "" = none at this place */
	bool choosing;
	bool ipv6_way; /* is there a way out for IPv6 at all? */
};

/* How much an uplink's own users take of it, for UPLINK_SHARE_SPARE. */
struct gateways_use {
	char link[IFNAMSIZ];
	uint64_t bytes[2]; /* down, up, at the last look */
	double rate[2];    /* bit/s */
	double time;       /* of the last look, 0 = none */
	double calm_since; /* 0 = not calm */
	bool spared;
};

struct gateways_restored {
	char key[GATEWAY_PATH_KEY_SIZE];
	struct path path;
};

struct gateways {
	struct ev_loop *loop;
	struct kernel *kernel;
	const char *run_dir;
	const char *state_dir;
	const struct routing *routing;
	const struct cloud *cloud;
	struct uplink *uplink;
	struct room_watcher watcher;
	ev_timer timer; /* a decision is due though nothing happened */
	/* Flows that began through the mesh have no masquerading and are forgotten when the node
	 * returns to its own uplink, and again a little later: packets were under way. */
	ev_timer forget_timer;
	void (*look_again)(void *context);
	void *context;

	const struct config *config; /* in force, NULL before the first cycle */
	double opened;
	struct identity identity; /* of the last cycle */
	struct gateway_links transit;
	double silent_since[2]; /* bmx7 and babeld do not answer; 0 = they do */

	struct gateway_own own[GATEWAY_OWN_MAX];
	size_t own_count;
	double gone_since[GATEWAY_OWN_MAX];
	bool offered[GATEWAY_OWN_MAX];
	char why_not[GATEWAY_OWN_MAX][GATEWAY_TEXT_SIZE];
	struct gateways_use uses[GATEWAY_OWN_MAX];
	struct gateways_family families[GATEWAY_FAMILIES];
	struct gateway_rules rules;
	struct path_rules path_rules;
	struct gateway_choice choice; /* in force */
	struct gateway_choice configured;
	struct gateway_wish wish;
	struct gateways_wants wants;
	struct prefix
		announced[GATEWAY_WITHDRAWN_MAX]; /* default routes and tunnel ends in Babel */
	size_t announced_count;
	struct gateways_withdrawn {
		struct prefix network;
		double since; /* monotonic */
	} withdrawn[GATEWAY_WITHDRAWN_MAX];
	size_t withdrawn_count;
	double no_ipv6_since;               /* 0 = there is a way */
	struct gateways_restored *restored; /* paths of an earlier run, until they are probed */
	size_t restored_count;
	uint64_t saved; /* fingerprint of what RUN/gateway.json has */
	bool decided;   /* since the start */
	bool has_identity;
	bool tunnels_tried;
	bool tunnels;   /* the kernel has ip6_tunnel */
	bool commanded; /* choice is the user's, not the configuration's */
	bool left_out;
	bool save_failed;
	bool forget_due;
	bool forget_again;
	bool forgetting; /* kernel_forget_more has something to do */
};

/* run_dir .. context are set before. 0 or -errno with err. */
int gateways_open(struct gateways *gateways, struct ev_loop *loop, struct err *err);
/* The kernel keeps what was decided. May run twice. */
void gateways_close(struct gateways *gateways);

/* Before a cycle desires: takes the newest state, decides, and brings the wish up to date. */
void gateways_on_observed(struct gateways *gateways, const struct reconcile_view *view);
/* After a cycle's changes: what is there is probed from now on. */
void gateways_on_view(struct gateways *gateways, const struct reconcile_view *view);
/* A layer-3 daemon tells something new: asks for a cycle if it is about gateways. */
void gateways_on_routing(struct gateways *gateways);
/* Adds what keeps them from doing what they should. 0 or -ENOMEM. */
int gateways_problems(const struct gateways *gateways, struct problem_list *problems);

/* The answers of the method "gateway" and, shorter, of "status". NULL when memory ends. */
json_t *gateways_to_json(struct gateways *gateways);
json_t *gateways_to_short_json(struct gateways *gateways);
/* The method "gateway.choose". NULL with error. */
json_t *gateways_choose(struct gateways *gateways, const json_t *params,
	struct request_error *error);

/* The choice in force and whence it is. NULL when memory ends. */
json_t *gateways_choice_to_json(const struct gateways *gateways);

/* --- between the parts (gateways_*.c) --- */

/* Has bmx7 hold a tunnel to the gateway with that id; place is that of the pin. */
void gateways_pin(struct gateways_wants *wants, size_t place, enum gateway_family family,
	const char *id);
/* Seconds that a daemon which does not answer is believed what it said before. */
#define GATEWAYS_SILENCE 15.

/* The path of that key (gateway_path_key), as probed or, right after a start, as it was before; of
 * own[i]. NULL when it is not known. */
const struct path *gateways_path(const struct gateways *gateways, const char *key);
const struct path *gateways_own_path(const struct gateways *gateways, size_t i);
/* Gathers and decides both families. 0 or -ENOMEM. */
int gateways_decide(struct gateways *gateways, const struct config *config, double now);
/* Returns when to build it again though nothing happens, INFINITY = never. */
double gateways_build_wish(struct gateways *gateways, const struct reconcile_view *view,
	double now);
void gateways_set_ways(struct gateways *gateways, const struct reconcile_view *view, double now);
/* Looks at what the own users take of spare uplinks. Returns when to look again, INFINITY = never.
 */
double gateways_note_use(struct gateways *gateways, double now);
/* Of both families, without health. 0 or -ENOMEM. */
int gateways_gather(const struct gateways *gateways, const struct config *config,
	struct gateways_family gathered[GATEWAY_FAMILIES]);
void gateways_load(struct gateways *gateways, double now);
void gateways_save(struct gateways *gateways, double now);
/* 0 or -errno. */
int gateways_save_choice(const struct gateways *gateways);
struct gateway_question gateways_question(const struct gateways *gateways,
	enum gateway_family family, double now);

#endif
