/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the children, the layer-3 daemons and the cloud are to do, told anew in every cycle. */
#ifndef LOOP_SERVICES_H
#define LOOP_SERVICES_H

#include "cloud/cloud.h"
#include "loop/children.h"
#include "loop/dnsmasq_config.h"
#include "loop/gateways.h"
#include "loop/reconcile.h"
#include "loop/room_watcher.h"
#include "routing/routing.h"

struct services {
	struct ev_loop *loop;
	struct kernel *kernel;
	const char *run_dir;
	const char *state_dir;
	struct children *children;
	struct routing *routing;
	struct cloud *cloud;
	struct dnsmasq_config *dnsmasq_config;
	struct gateways *gateways;
	struct room_watcher routing_watcher;
	struct room_watcher cloud_watcher;
	struct mac mac;                 /* of the node, zero before the first cycle */
	char dnsmasq_environment[64];   /* see loop/wishes.h */
	struct problem_list problems;   /* of the last wishes: what could not be rendered */
	double missing_since[CHILDREN]; /* a running child lacks what it waits for, 0 = no */
	bool reload_due;                /* dnsmasq has to read its directories again */
	double load_at;                 /* when a missing module may be asked for */
	ev_timer patience_timer;
	void (*look_again)(void *context); /* asks for another cycle */
	void *context;
};

/* Opens all; run_dir, state_dir (borrowed), look_again and context are set before. 0 or -errno with
 * err. */
int services_open(struct services *services, struct ev_loop *loop, struct kernel *kernel,
	struct err *err);
/* The children live on. May run twice. */
void services_close(struct services *services);
/* Ends the short-lived programs: what follows through execve would not wait for them. */
void services_end_programs(struct services *services);
/* Each a reconcile_view_fn whose context is the struct services. */
void services_on_observed(void *context, const struct reconcile_view *view);
void services_on_view(void *context, const struct reconcile_view *view);
/* Adds what keeps them from doing what they should. 0 or -ENOMEM. */
int services_problems(const struct services *services, struct problem_list *problems);

#endif
