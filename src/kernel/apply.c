/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/apply.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/codec_rtnl.h"
#include "kernel/sysctl.h"

void apply_fail(struct op *op, int error, const char *text)
{
	op->done = true;
	if (op->error != 0) {
		return;
	}
	op->error = error;
	if (text != NULL) {
		op->message = strdup(text);
	}
}

/* Is it as wanted although the kernel refused? What is gone needs no deletion. What is there
 * already, since the kernel was observed, is ours, or another program's in our place: the next
 * cycle tells. */
static bool is_success(const struct op *op, int error)
{
	if (op->verb == OP_DELETE) {
		return error == -ENODEV || error == -ESRCH || error == -ENOENT ||
		       error == -EADDRNOTAVAIL;
	}
	return error == -EEXIST &&
	       (op->type == OBJECT_ADDRESS || op->type == OBJECT_ROUTE || op->type == OBJECT_RULE);
}

static void on_result(void *context, void *owner, int error, const char *text)
{
	struct apply *apply = context;
	struct op *op = owner;

	if (op == NULL) {
		apply->group_error = error;
		return;
	}
	op->done = true;
	if (error != 0 && !is_success(op, error)) {
		apply_fail(op, error, text);
	}
}

/* --- names and numbers --- */

static const char *link_op_name(const struct op *op)
{
	const struct link *link = op->desired;

	return link->name;
}

static int compare_link_ops(const void *a, const void *b)
{
	return strcmp(link_op_name(*(struct op *const *)a), link_op_name(*(struct op *const *)b));
}

static int compare_name_with_link_op(const void *name, const void *op)
{
	return strcmp(name, link_op_name(*(struct op *const *)op));
}

static int collect_link_ops(struct apply *apply, const struct plan *plan)
{
	apply->link_ops = calloc(plan->count + 1, sizeof(struct op *));
	if (apply->link_ops == NULL) {
		return -ENOMEM;
	}
	plan_foreach (op, plan) {
		if (op->type == OBJECT_LINK && op->verb != OP_DELETE) {
			apply->link_ops[apply->link_op_count++] = op;
		}
	}
	qsort(apply->link_ops, apply->link_op_count, sizeof(struct op *), compare_link_ops);
	return 0;
}

struct op *apply_find_link_op(const struct apply *apply, const char *name)
{
	struct op **found = bsearch(name, apply->link_ops, apply->link_op_count,
		sizeof(struct op *), compare_name_with_link_op);

	return found != NULL ? *found : NULL;
}

uint32_t apply_link_number(const struct apply *apply, struct op *op, const char *name)
{
	const struct op *maker = apply_find_link_op(apply, name);
	const struct link *observed = state_find_link(apply->observed, name);
	char text[64];

	if (maker != NULL && maker->verb == OP_CREATE && maker->done) {
		if (maker->ifindex != 0) {
			return maker->ifindex;
		}
		(void)snprintf(text, sizeof(text), "its link %s could not be created", name);
	} else if (observed != NULL) {
		return observed->head.ifindex;
	} else {
		(void)snprintf(text, sizeof(text), "its link %s is not there", name);
	}
	op->consequence = op->error == 0;
	apply_fail(op, -ENODEV, text);
	return 0;
}

/* --- one function per type of object; each gets the ops of one phase --- */

typedef void apply_fn(struct apply *apply, struct op *ops, size_t count);

static void apply_addresses(struct apply *apply, struct op *ops, size_t count)
{
	for (struct op *op = ops; op < ops + count; op++) {
		const struct address *address = op_object(op);
		uint32_t ifindex = apply_link_number(apply, op, address->key.link);
		if (ifindex == 0) {
			continue;
		}
		bool delete = op->verb == OP_DELETE;
		codec_address_encode(batch_begin(&apply->rtnl, op,
					     delete ? RTM_DELADDR : RTM_NEWADDR,
					     delete ? 0 : NLM_F_CREATE | NLM_F_EXCL),
			address, ifindex);
	}
}

/* Appended, never replaced: a replaced route could be another program's to the same network. */
static void apply_routes(struct apply *apply, struct op *ops, size_t count)
{
	for (struct op *op = ops; op < ops + count; op++) {
		const struct route *route = op_object(op);
		bool unreachable = route->key.link[0] == '\0';
		uint32_t ifindex = unreachable ? 0 : apply_link_number(apply, op, route->key.link);
		if (ifindex == 0 && !unreachable) {
			continue;
		}
		bool delete = op->verb == OP_DELETE;
		kernel_saw_route(apply->kernel, route->key.destination.ip.family, route->key.table);
		codec_route_encode(batch_begin(&apply->rtnl, op,
					   delete ? RTM_DELROUTE : RTM_NEWROUTE,
					   delete ? 0 : NLM_F_CREATE | NLM_F_APPEND),
			route, ifindex);
	}
}

static void apply_rules(struct apply *apply, struct op *ops, size_t count)
{
	for (struct op *op = ops; op < ops + count; op++) {
		bool delete = op->verb == OP_DELETE;
		codec_rule_encode(batch_begin(&apply->rtnl, op, delete ? RTM_DELRULE : RTM_NEWRULE,
					  delete ? 0 : NLM_F_CREATE | NLM_F_EXCL),
			op_object(op));
	}
}

static void apply_sysctls(struct apply *apply, struct op *ops, size_t count)
{
	(void)apply;
	for (struct op *op = ops; op < ops + count; op++) {
		const struct sysctl *sysctl = op->desired;
		int error = sysctl != NULL ? sysctl_write(sysctl->path, sysctl->value) : 0;
		op->done = true;
		if (error < 0) {
			apply_fail(op, error, NULL);
		}
	}
}

/* In one transaction. Adds the reason to the op whose part was refused. */
static int replace_tables(struct apply *apply, struct op *ops, size_t count, bool known)
{
	struct nft_change changes[NFT_TABLES];
	char text[200] = "";
	int error = kernel_need_nft(apply->kernel);

	for (size_t i = 0; i < count; i++) {
		changes[i] = (struct nft_change){
			.table = object_table(ops[i].type),
			.wanted = ops[i].desired,
			.is_there = !known || ops[i].observed != NULL,
		};
	}
	if (error == 0) {
		error = nft_replace(apply->kernel->nft, changes, count, text, sizeof(text));
	}
	/* It has come since the kernel was observed. */
	if (error == -EEXIST && known) {
		return replace_tables(apply, ops, count, false);
	}
	if (error < 0 && count == 1) {
		apply_fail(&ops[0], error, text[0] != '\0' ? text : NULL);
	}
	return error;
}

/* Both tables at once; where the kernel refuses one (it may have no NAT), the other still comes. */
static void apply_rulesets(struct apply *apply, struct op *ops, size_t count)
{
	if (replace_tables(apply, ops, count, true) < 0 && count > 1) {
		for (struct op *op = ops; op < ops + count; op++) {
			(void)replace_tables(apply, op, 1, true);
		}
	}
	for (struct op *op = ops; op < ops + count; op++) {
		op->done = true;
	}
}

/* The mesh that a hardif is to belong to, or belongs to. */
static const char *hardif_mesh(const struct apply *apply, const char *name)
{
	const struct op *op = apply_find_link_op(apply, name);
	const struct link *link = op != NULL && (op->fields & FIELD_BIT(LINK_MASTER))
					  ? op->desired
					  : state_find_link(apply->observed, name);

	return link != NULL ? link->master : "";
}

static void put_mesh_settings(struct apply *apply, struct op *op)
{
	struct batadv_numbers numbers = {0};
	const char *name = object_key(op->type, op->desired); /* starts with the link's name */
	const char *mesh = op->type == OBJECT_HARDIF ? hardif_mesh(apply, name) : name;

	if (op->type == OBJECT_HARDIF) {
		numbers.hardif = apply_link_number(apply, op, name);
	}
	numbers.mesh = apply_link_number(apply, op, mesh);
	if (op->error == 0) {
		batadv_put_set(&apply->kernel->batadv, &apply->genl, op, &numbers);
	}
}

/* Meshes, hardifs and mesh VLANs come and go with their links: only their settings are sent. */
static void apply_mesh_settings(struct apply *apply, struct op *ops, size_t count)
{
	struct batadv *batadv = &apply->kernel->batadv;
	/* The module may have come with the mesh that this plan has made. */
	int error = batadv->family != 0 ? 0 : batadv_resolve(batadv);

	(void)batch_flush(&apply->rtnl); /* the links that are set are there, and attached */
	for (struct op *op = ops; op < ops + count; op++) {
		if (op->verb == OP_DELETE) {
			op->done = true;
		} else if (error < 0) {
			apply_fail(op, error, "the kernel has no batman-adv");
		} else {
			put_mesh_settings(apply, op);
		}
	}
	(void)batch_flush(&apply->genl);
}

static apply_fn *const apply_functions[OBJECT_TYPES] = {
	[OBJECT_LINK] = apply_links,
	[OBJECT_MESH] = apply_mesh_settings,
	[OBJECT_HARDIF] = apply_mesh_settings,
	[OBJECT_MESH_VLAN] = apply_mesh_settings,
	[OBJECT_ADDRESS] = apply_addresses,
	[OBJECT_ROUTE] = apply_routes,
	[OBJECT_RULE] = apply_rules,
	[OBJECT_SYSCTL] = apply_sysctls,
	[OBJECT_RULESET] = apply_rulesets,
	[OBJECT_NAT] = apply_rulesets,
};

/* --- the walk --- */

static void close_apply(struct apply *apply)
{
	batch_close(&apply->rtnl);
	batch_close(&apply->genl);
	free(apply->link_ops);
}

/* A bridge and a mesh interface are made alike, and together. */
static enum op_phase step_of(const struct op *op)
{
	return op->phase == PHASE_CREATE_MESH ? PHASE_CREATE_BRIDGE : op->phase;
}

/* How many ops from the first on share its step and its function. */
static size_t run_length(const struct plan *plan, size_t first)
{
	size_t end = first + 1;

	while (end < plan->count && step_of(&plan->ops[end]) == step_of(&plan->ops[first]) &&
		apply_functions[plan->ops[end].type] == apply_functions[plan->ops[first].type]) {
		end++;
	}
	return end - first;
}

static int count_failures(const struct plan *plan)
{
	plan_foreach (op, plan) {
		if (op->error != 0) {
			return 1;
		}
	}
	return 0;
}

int kernel_apply(struct kernel *kernel, struct plan *plan, const struct state *observed)
{
	CLEANUP(close_apply) struct apply apply = {.kernel = kernel, .observed = observed};
	int error = batch_open(&apply.rtnl, &kernel->rtnl, on_result, &apply);

	if (error == 0) {
		error = batch_open(&apply.genl, &kernel->batadv.netlink, on_result, &apply);
	}
	if (error == 0) {
		error = collect_link_ops(&apply, plan);
	}
	if (error < 0) {
		return error;
	}
	for (size_t i = 0; i < plan->count;) {
		size_t count = run_length(plan, i);
		apply_functions[plan->ops[i].type](&apply, &plan->ops[i], count);
		i += count;
	}
	(void)batch_flush(&apply.rtnl);
	if (apply.rtnl.error != 0) {
		return apply.rtnl.error;
	}
	if (apply.genl.error != 0) {
		return apply.genl.error;
	}
	return count_failures(plan);
}
