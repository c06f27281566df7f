/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One cycle: observe, build the desired state, diff, apply. The only caller of kernel_apply. */
#ifndef LOOP_RECONCILE_H
#define LOOP_RECONCILE_H

#include <jansson.h>

#include "base/err.h"
#include "core/config.h"
#include "core/desired.h"
#include "core/guard.h"
#include "core/snapshot.h"
#include "kernel/kernel.h"
#include "loop/refusal.h"

/* What a cycle saw and wants; good during the call. */
struct reconcile_view {
	const struct config *config;
	const struct identity *identity; /* NULL while there is no primary link */
	const struct state *desired;     /* sorted, like observed */
	const struct state *observed;    /* before the cycle's changes */
};
typedef void reconcile_view_fn(void *context, const struct reconcile_view *view);

struct reconcile {
	struct kernel *kernel;
	struct config config;
	char run_dir[256]; /* "" = nothing is kept */
	struct primary primary;
	struct primary kept; /* what state.json has */
	struct guard guard;
	struct refusal_list refusals;
	struct problem_list problems; /* of the last cycle */
	struct reconcile_record record;
	bool settled; /* a cycle has run since the configuration came into force: from now on every
			 change is a heal */
	json_t *last_plan;      /* its first ops */
	char config_error[320]; /* why the newest configuration is not in force, or "" */
	/* Before a cycle desires, so without desired and identity; brings gateway up to date. Or
	 * NULL. */
	reconcile_view_fn *on_observed;
	reconcile_view_fn *on_view;         /* called in every cycle, or NULL */
	const struct gateway_wish *gateway; /* NULL without on_observed */
	/* Adds what others find wrong; may be NULL. 0 or -ENOMEM. */
	int (*more_problems)(void *context, struct problem_list *problems);
	void *view_context;
};

/* Opens the kernel and remembers what RUN_DIR/state.json keeps. config is taken over. 0 or -errno
 * with err filled. */
int reconcile_open(struct reconcile *reconcile, struct config *config, const char *run_dir,
	struct err *err);
void reconcile_close(struct reconcile *reconcile);
/* Puts another configuration in force; taken over. */
void reconcile_set_config(struct reconcile *reconcile, struct config *config);

/* Runs a cycle. Returns the seconds after which another is wanted, or 0 for none before something
 * changes. */
double reconcile_run(struct reconcile *reconcile);
/* What a cycle would do now: [{...}] as plan_to_json, waiting objects included. NULL with err,
 * also when there is no primary link. */
json_t *reconcile_plan(struct reconcile *reconcile, struct err *err);
/* The answer of "status". NULL with err. */
json_t *reconcile_status(struct reconcile *reconcile, struct err *err);
/* Removes everything that is ours and gives borrowed links back. Returns the number of operations
 * that failed, or -errno with err. */
int reconcile_purge(struct kernel *kernel, struct err *err);

#endif
