/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/reconcile.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/desired.h"
#include "core/diff.h"
#include "loop/clock.h"
#include "loop/report.h"
#include "loop/store.h"
#include "loop/suspect.h"
#include "version.h"

#define PASSES_MAX    4  /* of one cycle: each ends with a newly refused MTU */
#define TRIM_LINKS    64 /* so many links make the states worth giving back to the system */
#define SHOWN_OPS_MAX 32 /* of the last change, kept for status */
#define OBSERVE_RETRY 2.0

/* Everything one pass builds; nothing of it outlives the pass. */
struct pass {
	struct state observed;
	struct state desired;
	struct identity identity;
	struct plan plan;
	struct problem_list problems;
	double now;
	double next; /* when a waiting object may be tried, 0 = none waits */
	bool has_primary;
	bool applies; /* not only looks */
};

static void pass_free(struct pass *pass)
{
	bool large = state_count(&pass->observed, OBJECT_LINK) > TRIM_LINKS;

	plan_free(&pass->plan);
	problem_list_free(&pass->problems);
	state_free(&pass->desired);
	state_free(&pass->observed);
	if (large) {
		malloc_trim(0);
	}
}

/* --- one pass --- */

static void add_more_problems(const struct reconcile *reconcile, struct pass *pass)
{
	if (reconcile->more_problems != NULL) {
		reconcile->more_problems(reconcile->view_context, &pass->problems);
	}
}

static void keep_primary(struct reconcile *reconcile)
{
	if (reconcile->run_dir[0] == '\0' ||
		memcmp(&reconcile->primary, &reconcile->kept, sizeof(reconcile->kept)) == 0) {
		return;
	}
	int result = store_save(reconcile->run_dir, &reconcile->primary);
	if (result < 0) {
		log_warning("reconcile", "cannot write %s/state.json: %s", reconcile->run_dir,
			strerrordesc_np(-result));
		return;
	}
	reconcile->kept = reconcile->primary;
}

static int pass_observe(struct reconcile *reconcile, struct pass *pass, struct err *err)
{
	const struct config *config = &reconcile->config;
	size_t count = config->batadv.vlan_count;
	CLEANUP(cleanup_free) uint16_t *vids = calloc(count + 1, sizeof(*vids));
	CLEANUP(cleanup_free)
	char(*uplinks)[64] = calloc(config->uplink_count + 1, sizeof(*uplinks));
	struct observe_scope scope = {.mesh = config->batadv.enabled ? config->batadv.device : NULL,
		.mesh_vlans = vids,
		.mesh_vlan_count = count,
		.uplinks = uplinks,
		.uplink_count = config->uplink_count,
		.counters = !pass->applies};

	if (vids == NULL || uplinks == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->uplink_count; i++) {
		text_copy(uplinks[i], sizeof(uplinks[i]), config->uplinks[i].name);
	}
	for (size_t i = 0; i < count; i++) {
		vids[i] = config->batadv.vlans[i].key.vid;
	}
	return kernel_observe(reconcile->kernel, &scope, &pass->observed, err);
}

static int pass_desire(struct reconcile *reconcile, struct pass *pass, struct err *err)
{
	char hostname[HOST_NAME_MAX + 1] = "";
	size_t count = reconcile->refusals.count;
	CLEANUP(cleanup_free) struct mtu_refusal *refusals = calloc(count + 1, sizeof(*refusals));

	if (refusals == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		refusals[i] = reconcile->refusals.items[i].mtu;
	}
	gethostname(hostname, sizeof(hostname) - 1);
	struct desired_input input = {.config = &reconcile->config,
		.hostname = hostname,
		.observed = &pass->observed,
		.primary_mac = reconcile->primary.mac,
		.refusals = refusals,
		.refusal_count = count,
		.gateway = reconcile->gateway};
	return desired_build(&input, &pass->identity, &pass->desired, &pass->problems, err);
}

static void show_observed(struct reconcile *reconcile, const struct pass *pass)
{
	struct reconcile_view view = {.config = &reconcile->config, .observed = &pass->observed};

	if (pass->applies && reconcile->on_observed != NULL) {
		reconcile->on_observed(reconcile->view_context, &view);
	}
}

/* Observes and plans; without a primary link the plan stays empty, so that nothing of an earlier
 * run is torn down. */
static int pass_prepare(struct reconcile *reconcile, struct pass *pass, struct err *err)
{
	pass->now = clock_now();
	if (reconcile->config_error[0] != '\0') {
		problem_add(&pass->problems, PROBLEM_CONFIG, "meshd.json",
			"mend it and run: meshctl reload",
			"the new configuration is not in force: %s", reconcile->config_error);
	}
	int result = pass_observe(reconcile, pass, err);
	if (result < 0) {
		return result;
	}
	refusal_list_forget(&reconcile->refusals, &pass->observed, pass->now);
	pass->has_primary = desired_choose_primary(&reconcile->config, &pass->observed,
		&reconcile->primary, &pass->problems);
	if (!pass->has_primary) {
		return 0;
	}
	show_observed(reconcile, pass);
	result = pass_desire(reconcile, pass, err);
	if (result < 0) {
		return result;
	}
	return diff_plan(&pass->desired, &pass->observed, kernel_highest_ifindex(reconcile->kernel),
		&pass->plan);
}

static void note_next(struct pass *pass, double next)
{
	if (next != 0 && (pass->next == 0 || next < pass->next)) {
		pass->next = next;
	}
}

static void pass_guard(struct reconcile *reconcile, struct pass *pass)
{
	reconcile->guard.suspect = suspect_hint();
	guard_follow(&reconcile->guard, &pass->desired);
	pass->next = guard_filter(&reconcile->guard, &pass->observed, &pass->plan, pass->now,
		&pass->problems);
	note_next(pass, refusal_list_next(&reconcile->refusals));
}

/* Explains a failed op and lets it wait; a success counts as a heal once the node has settled. */
static void note_op(struct reconcile *reconcile, struct pass *pass, struct op *op)
{
	struct problem_list found = {0};

	if (op->error == 0) {
		if (reconcile->settled) {
			guard_note(&reconcile->guard, &pass->observed, op, pass->now, NULL);
		}
		return;
	}
	struct plan single = {.ops = op, .count = 1, .capacity = 1};
	kernel_explain(reconcile->kernel, &single, &found);
	if (found.count > 0) {
		const struct problem *problem = &found.items[0];
		guard_note(&reconcile->guard, &pass->observed, op, pass->now, problem);
		problem_add(&pass->problems, problem->kind, problem->object, problem->hint, "%s",
			problem->text);
	}
	problem_list_free(&found);
}

static void record_change(struct reconcile *reconcile, const struct plan *plan)
{
	struct reconcile_record *record = &reconcile->record;
	struct plan shown = *plan;

	record->last_change = time(NULL);
	record->last_operations = plan->count;
	record->last_failures = 0;
	plan_foreach (op, plan) {
		record->last_failures += op->error != 0;
	}
	record->operations += record->last_operations;
	record->failures += record->last_failures;
	shown.count = plan->count < SHOWN_OPS_MAX ? plan->count : SHOWN_OPS_MAX;
	json_decref(reconcile->last_plan);
	reconcile->last_plan = plan_to_json(&shown);
}

/* Applies what the pass planned. True when another pass is needed at once. */
static bool pass_apply(struct reconcile *reconcile, struct pass *pass)
{
	if (pass->plan.count == 0) {
		return false;
	}
	double began = clock_now();
	int result = kernel_apply(reconcile->kernel, &pass->plan, &pass->observed);
	reconcile->record.apply_seconds = clock_now() - began;
	reconcile->record.apply_seconds_total += reconcile->record.apply_seconds;
	if (result < 0) {
		problem_add(&pass->problems, PROBLEM_OPERATION, "netlink", "",
			"cannot talk to the kernel: %s", strerrordesc_np(-result));
		pass->next = pass->now + OBSERVE_RETRY;
		return false;
	}
	report_ops(&pass->plan);
	record_change(reconcile, &pass->plan);
	if (refusal_list_note(&reconcile->refusals, &pass->plan, pass->now)) {
		return true;
	}
	plan_foreach (op, &pass->plan) {
		if (!op->consequence) {
			note_op(reconcile, pass, op);
		}
	}
	note_next(pass, guard_next(&reconcile->guard, pass->now));
	return false;
}

static void show_view(struct reconcile *reconcile, struct pass *pass)
{
	struct reconcile_view view = {.config = &reconcile->config,
		.identity = pass->has_primary ? &pass->identity : NULL,
		.desired = &pass->desired,
		.observed = &pass->observed};

	if (reconcile->on_view != NULL) {
		reconcile->on_view(reconcile->view_context, &view);
	}
}

/* One pass of a cycle; *delay as reconcile_run's result. True when another pass is needed at once.
 */
static bool run_pass(struct reconcile *reconcile, double *delay)
{
	CLEANUP(pass_free) struct pass pass = {.applies = true};
	struct err err = {0};

	int result = pass_prepare(reconcile, &pass, &err);
	if (result < 0) {
		problem_add(&pass.problems, PROBLEM_OPERATION, "observe", "", "%s",
			err.text[0] != '\0' ? err.text : strerrordesc_np(-result));
		pass.next = pass.now + OBSERVE_RETRY;
	} else {
		keep_primary(reconcile);
		pass_guard(reconcile, &pass);
	}
	reconcile->record.converged = result == 0 && pass.has_primary && pass.plan.count == 0;
	bool again = result == 0 && pass_apply(reconcile, &pass);
	if (result == 0 && !again) {
		show_view(reconcile, &pass);
	}
	*delay = pass.next == 0 ? 0 : pass.next - pass.now;
	if (!again) {
		add_more_problems(reconcile, &pass);
		report_problems(&reconcile->problems, &pass.problems);
		problem_list_free(&reconcile->problems);
		reconcile->problems = pass.problems;
		memset(&pass.problems, 0, sizeof(pass.problems));
		reconcile->settled |= pass.has_primary;
	}
	return again;
}

double reconcile_run(struct reconcile *reconcile)
{
	struct reconcile_record *record = &reconcile->record;
	uint64_t operations = record->operations;
	double began = clock_now();
	double delay = 0;

	for (int pass = 0; pass < PASSES_MAX && run_pass(reconcile, &delay); pass++) {
	}
	record->cycles++;
	record->last_cycle = time(NULL);
	record->last_seconds = clock_now() - began;
	if (record->operations != operations) {
		record->change_seconds = record->last_seconds;
		record->change_seconds_total += record->last_seconds;
	}
	return delay;
}

/* Nothing can be planned without a primary link, which is not to be taken for a node that is right.
 */
static void explain_no_primary(const struct pass *pass, struct err *err)
{
	for (size_t i = 0; i < pass->problems.count; i++) {
		const struct problem *problem = &pass->problems.items[i];

		if (problem->kind == PROBLEM_NO_PRIMARY) {
			err_set(err, "%s; %s", problem->text, problem->hint);
		}
	}
}

json_t *reconcile_plan(struct reconcile *reconcile, struct err *err)
{
	CLEANUP(pass_free) struct pass pass = {0};

	int result = pass_prepare(reconcile, &pass, err);
	if (result < 0) {
		if (err->text[0] == '\0') {
			err_set(err, "%s", strerrordesc_np(-result));
		}
		return NULL;
	}
	if (!pass.has_primary) {
		explain_no_primary(&pass, err);
		return NULL;
	}
	return plan_to_json(&pass.plan);
}

json_t *reconcile_status(struct reconcile *reconcile, struct err *err)
{
	CLEANUP(pass_free) struct pass pass = {0};
	CLEANUP(cleanup_free) struct mesh_peer *peers = NULL;
	size_t peer_count = 0;

	int result = pass_prepare(reconcile, &pass, err);
	if (result < 0) {
		if (err->text[0] == '\0') {
			err_set(err, "%s", strerrordesc_np(-result));
		}
		return NULL;
	}
	pass_guard(reconcile, &pass);
	add_more_problems(reconcile, &pass);
	reconcile->record.converged = pass.has_primary && pass.plan.count == 0;
	if (reconcile->config.batadv.enabled) {
		kernel_mesh_peers(reconcile->kernel, reconcile->config.batadv.device, &peers,
			&peer_count);
	}
	struct snapshot_request request = {.version = MESHD_VERSION,
		.config = &reconcile->config,
		.identity = pass.has_primary ? &pass.identity : NULL,
		.desired = &pass.desired,
		.observed = &pass.observed,
		.problems = &pass.problems,
		.record = &reconcile->record,
		.last_plan = reconcile->last_plan,
		.peers = peers,
		.peer_count = peer_count};
	return snapshot_status(&request);
}

/* --- life --- */

int reconcile_open(struct reconcile *reconcile, struct config *config, const char *run_dir,
	struct err *err)
{
	memset(reconcile, 0, sizeof(*reconcile));
	int result = kernel_open(&reconcile->kernel, err);
	if (result < 0) {
		return result;
	}
	reconcile->config = *config;
	memset(config, 0, sizeof(*config));
	reconcile->record.started = time(NULL);
	text_copy(reconcile->run_dir, sizeof(reconcile->run_dir), run_dir);
	if (run_dir[0] != '\0') {
		store_load(run_dir, &reconcile->primary);
		reconcile->kept = reconcile->primary;
	}
	return 0;
}

void reconcile_close(struct reconcile *reconcile)
{
	kernel_close(reconcile->kernel);
	config_free(&reconcile->config);
	guard_free(&reconcile->guard);
	refusal_list_free(&reconcile->refusals);
	problem_list_free(&reconcile->problems);
	json_decref(reconcile->last_plan);
	memset(reconcile, 0, sizeof(*reconcile));
}

void reconcile_set_config(struct reconcile *reconcile, struct config *config)
{
	config_free(&reconcile->config);
	reconcile->config = *config;
	memset(config, 0, sizeof(*config));
	guard_free(&reconcile->guard);
	refusal_list_free(&reconcile->refusals);
	reconcile->settled = false;
	reconcile->config_error[0] = '\0';
}
