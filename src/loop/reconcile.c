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
#include "loop/store.h"
#include "loop/suspect.h"
#include "version.h"

#define MTU_RETRY          300.0 /* seconds until a refused MTU is asked for again */
#define PASSES_MAX         4     /* of one cycle: each ends with a newly refused MTU */
#define LOGGED_OPS_MAX     20
#define TRIM_LINKS         64 /* so many links make the states worth giving back to the system */
#define OBSERVE_RETRY      2.0

struct refused_mtu {
	struct mtu_refusal refusal;
	uint32_t ifindex;
	double until;
};

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

static double monotonic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- refused MTUs --- */

static void forget_refusals(struct reconcile *reconcile, const struct pass *pass)
{
	size_t kept = 0;

	for (size_t i = 0; i < reconcile->refused_count; i++) {
		const struct refused_mtu *refused = &reconcile->refused[i];
		const struct link *link =
			state_find_link(&pass->observed, refused->refusal.link);
		if (link != NULL && link->head.ifindex == refused->ifindex &&
			refused->until > pass->now) {
			reconcile->refused[kept++] = *refused;
		}
	}
	reconcile->refused_count = kept;
}

static bool remember_refusal(struct reconcile *reconcile, const struct op *op, double now)
{
	const struct link *desired = op->desired;
	struct refused_mtu *refused = reallocarray(
		reconcile->refused, reconcile->refused_count + 1, sizeof(*refused));

	if (refused == NULL) {
		return false;
	}
	reconcile->refused = refused;
	refused = &refused[reconcile->refused_count++];
	memset(refused, 0, sizeof(*refused));
	text_copy(refused->refusal.link, sizeof(refused->refusal.link), desired->name);
	refused->refusal.mtu = desired->mtu;
	refused->ifindex = object_head(op->observed)->ifindex;
	refused->until = now + MTU_RETRY;
	return true;
}

/* Did a base link refuse its MTU? Then everything above it was planned too large. */
static bool note_refusals(struct reconcile *reconcile, const struct pass *pass)
{
	bool any = false;

	plan_foreach(op, &pass->plan) {
		if (op->error != 0 && op->type == OBJECT_LINK && op->verb == OP_SET &&
			(op->fields & FIELD_BIT(LINK_MTU)) &&
			(object_head(op->desired)->flags & OBJECT_BORROWED)) {
			any |= remember_refusal(reconcile, op, pass->now);
		}
	}
	return any;
}

/* --- one pass --- */

/* Keeps the primary link that was chosen once; the configuration may name another. */
static void choose_primary(struct reconcile *reconcile, struct pass *pass)
{
	const char *configured = reconcile->config.node.primary_link;
	struct primary *primary = &reconcile->primary;

	pass->has_primary = true;
	if (!mac_is_zero(&primary->mac) &&
		(configured[0] == '\0' || strcmp(configured, primary->link) == 0)) {
		return;
	}
	const struct link *link = desired_primary(&reconcile->config, &pass->observed);
	if (link == NULL) {
		pass->has_primary = false;
		problem_add(&pass->problems, PROBLEM_NO_PRIMARY,
			configured[0] != '\0' ? configured : "primary link",
			"plug in a mesh link, or set node.primary_link",
			"no link is there whose MAC could name this node");
		return;
	}
	text_copy(primary->link, sizeof(primary->link), link->name);
	primary->mac = link->mac;
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
	struct observe_scope scope = {.mesh = config->batadv.enabled ? config->batadv.device : NULL,
		.mesh_vlans = vids,
		.mesh_vlan_count = count};

	if (vids == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		vids[i] = config->batadv.vlans[i].key.vid;
	}
	return kernel_observe(reconcile->kernel, &scope, &pass->observed, err);
}

static int pass_desire(struct reconcile *reconcile, struct pass *pass, struct err *err)
{
	char hostname[HOST_NAME_MAX + 1] = "";
	size_t count = reconcile->refused_count;
	CLEANUP(cleanup_free) struct mtu_refusal *refusals = calloc(count + 1, sizeof(*refusals));

	if (refusals == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		refusals[i] = reconcile->refused[i].refusal;
	}
	gethostname(hostname, sizeof(hostname) - 1);
	struct desired_input input = {.config = &reconcile->config,
		.hostname = hostname,
		.observed = &pass->observed,
		.primary_mac = reconcile->primary.mac,
		.refusals = refusals,
		.refusal_count = count};
	return desired_build(&input, &pass->identity, &pass->desired, &pass->problems, err);
}

/* Observes and plans; without a primary link the plan stays empty, so that nothing of an earlier run
 * is torn down. */
static int pass_prepare(struct reconcile *reconcile, struct pass *pass, struct err *err)
{
	pass->now = monotonic_now();
	if (reconcile->config_error[0] != '\0') {
		problem_add(&pass->problems, PROBLEM_CONFIG, "meshd.json",
			"mend it and run: meshctl reload",
			"the new configuration is not in force: %s", reconcile->config_error);
	}
	int result = pass_observe(reconcile, pass, err);
	if (result < 0) {
		return result;
	}
	forget_refusals(reconcile, pass);
	choose_primary(reconcile, pass);
	if (!pass->has_primary) {
		return 0;
	}
	result = pass_desire(reconcile, pass, err);
	if (result < 0) {
		return result;
	}
	return diff_plan(&pass->desired, &pass->observed,
		kernel_highest_ifindex(reconcile->kernel), &pass->plan);
}

static void pass_guard(struct reconcile *reconcile, struct pass *pass)
{
	pass->next = guard_filter(&reconcile->guard, &pass->observed, &pass->plan, pass->now,
		suspect_hint(), &pass->problems);
	for (size_t i = 0; i < reconcile->refused_count; i++) {
		double until = reconcile->refused[i].until;
		if (pass->next == 0 || until < pass->next) {
			pass->next = until;
		}
	}
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

static void log_ops(const struct pass *pass)
{
	char object[OBJECT_TEXT_SIZE];
	size_t logged = 0;

	plan_foreach(op, &pass->plan) {
		if (op->error == 0 && logged++ < LOGGED_OPS_MAX) {
			object_format_key(op->type, op_object(op), object);
			log_info("reconcile", "%s %s %s", op_verb_name(op->verb),
				object_classes[op->type].name, object);
		}
	}
	if (logged > LOGGED_OPS_MAX) {
		log_info("reconcile", "and %zu more operations", logged - LOGGED_OPS_MAX);
	}
}

/* Applies what the pass planned. True when another pass is needed at once. */
static bool pass_apply(struct reconcile *reconcile, struct pass *pass)
{
	struct reconcile_record *record = &reconcile->record;

	if (pass->plan.count == 0) {
		return false;
	}
	int result = kernel_apply(reconcile->kernel, &pass->plan, &pass->observed);
	if (result < 0) {
		problem_add(&pass->problems, PROBLEM_OPERATION, "netlink", "",
			"cannot talk to the kernel: %s", strerrordesc_np(-result));
		pass->next = pass->now + OBSERVE_RETRY;
		return false;
	}
	log_ops(pass);
	record->operations += pass->plan.count;
	record->last_change = time(NULL);
	json_decref(reconcile->last_plan);
	reconcile->last_plan = plan_to_json(&pass->plan);
	if (note_refusals(reconcile, pass)) {
		return true;
	}
	plan_foreach(op, &pass->plan) {
		if (!op->consequence) {
			record->failures += op->error != 0;
			note_op(reconcile, pass, op);
		}
	}
	double next = guard_next(&reconcile->guard, pass->now);
	if (next != 0 && (pass->next == 0 || next < pass->next)) {
		pass->next = next;
	}
	return false;
}

static bool problem_was_known(const struct problem_list *before, const struct problem *problem)
{
	for (size_t i = 0; i < before->count; i++) {
		if (before->items[i].kind == problem->kind &&
			strcmp(before->items[i].object, problem->object) == 0) {
			return true;
		}
	}
	return false;
}

/* Each problem is said once, when it appears, and once when it is gone. */
static void report_problems(struct reconcile *reconcile, struct pass *pass)
{
	static const enum log_level levels[] = {[PROBLEM_NOTE] = LOG_LEVEL_INFO,
		[PROBLEM_WARNING] = LOG_LEVEL_WARNING,
		[PROBLEM_ERROR] = LOG_LEVEL_ERROR};

	for (size_t i = 0; i < pass->problems.count; i++) {
		const struct problem *problem = &pass->problems.items[i];
		if (!problem_was_known(&reconcile->problems, problem)) {
			log_line(levels[problem_severity(problem->kind)], "reconcile", "%s%s%s",
				problem->text, problem->hint[0] != '\0' ? ": " : "",
				problem->hint);
		}
	}
	for (size_t i = 0; i < reconcile->problems.count; i++) {
		const struct problem *problem = &reconcile->problems.items[i];
		if (!problem_was_known(&pass->problems, problem)) {
			log_info("reconcile", "no longer: %s", problem->text);
		}
	}
	problem_list_free(&reconcile->problems);
	reconcile->problems = pass->problems;
	memset(&pass->problems, 0, sizeof(pass->problems));
}

/* One pass of a cycle; *delay as reconcile_run's result. True when another pass is needed at once. */
static bool run_pass(struct reconcile *reconcile, double *delay)
{
	CLEANUP(pass_free) struct pass pass = {0};
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
	*delay = pass.next == 0 ? 0 : pass.next - pass.now;
	if (!again) {
		report_problems(reconcile, &pass);
		reconcile->settled |= pass.has_primary;
	}
	return again;
}

double reconcile_run(struct reconcile *reconcile)
{
	struct reconcile_record *record = &reconcile->record;
	double began = monotonic_now();
	double delay = 0;

	for (int pass = 0; pass < PASSES_MAX && run_pass(reconcile, &delay); pass++) {
	}
	record->cycles++;
	record->last_cycle = time(NULL);
	record->last_seconds = monotonic_now() - began;
	return delay;
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

/* What is desired when nothing is: borrowed links lose our mark and our masters. */
static int desire_nothing(const struct state *observed, struct state *desired)
{
	for (size_t i = 0; i < state_count(observed, OBJECT_LINK); i++) {
		const struct link *link = state_at(observed, OBJECT_LINK, i);
		const struct link *master = state_find_link(observed, link->master);

		if ((link->head.flags & OBJECT_OWNED) ||
			strncmp(link->alias, STATE_ALIAS_PREFIX, strlen(STATE_ALIAS_PREFIX)) !=
				0) {
			continue;
		}
		struct link *released = state_add_link(desired, link->name);
		if (released == NULL) {
			return -ENOMEM;
		}
		released->head.flags |= OBJECT_BORROWED;
		object_give_text(released, LINK_ALIAS, alias, "");
		if (master != NULL && (master->head.flags & OBJECT_OWNED)) {
			object_give_text(released, LINK_MASTER, master, "");
		}
	}
	state_sort(desired);
	return 0;
}

int reconcile_purge(struct kernel *kernel, struct err *err)
{
	CLEANUP(pass_free) struct pass pass = {0};
	struct observe_scope scope = {0};
	int failed = 0;

	int result = kernel_observe(kernel, &scope, &pass.observed, err);
	if (result < 0) {
		return result;
	}
	result = desire_nothing(&pass.observed, &pass.desired);
	if (result == 0) {
		result = diff_plan(&pass.desired, &pass.observed, 0, &pass.plan);
	}
	if (result == 0) {
		result = kernel_apply(kernel, &pass.plan, &pass.observed);
	}
	if (result < 0) {
		err_set(err, "%s", strerrordesc_np(-result));
		return result;
	}
	log_ops(&pass);
	plan_foreach(op, &pass.plan) {
		if (op->error != 0) {
			char object[OBJECT_TEXT_SIZE];
			object_format_key(op->type, op_object(op), object);
			log_error("purge", "%s %s: %s", object_classes[op->type].name, object,
				strerrordesc_np(-op->error));
			failed++;
		}
	}
	return failed;
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
	free(reconcile->refused);
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
	reconcile->refused_count = 0;
	reconcile->settled = false;
	reconcile->config_error[0] = '\0';
}
