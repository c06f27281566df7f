/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/diff_plan.h"

#define LINK_DEPTH_MAX 8

/* What a link or hardif is made with when nobody says otherwise, so that a cold start does not
 * spend a message on it (batman-adv 2022.3 hard-interface.c, bat_v.c). */
static const struct hardif hardif_defaults = {.hop_penalty = 0,
	.elp_interval = 500,
	.throughput_override = 0};

static struct op *add_op(struct diff *diff, enum op_verb verb, enum object_type type,
	enum op_phase phase)
{
	struct op *op = plan_add(diff->plan);

	if (op == NULL) {
		diff->no_memory = true;
		return NULL;
	}
	op->verb = verb;
	op->type = type;
	op->phase = phase;
	return op;
}

static void add_delete(struct diff *diff, enum object_type type, enum op_phase phase,
	const void *observed)
{
	struct op *op = add_op(diff, OP_DELETE, type, phase);

	if (op != NULL) {
		op->observed = observed;
	}
}

/* Without an observed object it is a creation. */
static void add_change(struct diff *diff, const struct op *change)
{
	enum op_verb verb = change->observed != NULL ? OP_SET : OP_CREATE;
	struct op *op = add_op(diff, verb, change->type, change->phase);

	if (op != NULL) {
		op->desired = change->desired;
		op->observed = change->observed;
		op->fields = change->fields;
	}
}

/* Fields that both sides give and that differ. */
static uint64_t differing_fields(enum object_type type, const void *desired, const void *observed)
{
	uint64_t both = object_head(desired)->has & object_head(observed)->has;
	uint64_t fields = 0;

	for (size_t field = 0; field < object_classes[type].field_count; field++) {
		if ((both & FIELD_BIT(field)) &&
			!object_field_equal(type, desired, observed, field)) {
			fields |= FIELD_BIT(field);
		}
	}
	return fields;
}

static bool needs_recreate(enum object_type type, uint64_t fields)
{
	for (size_t field = 0; field < object_classes[type].field_count; field++) {
		if ((fields & FIELD_BIT(field)) &&
			object_classes[type].fields[field].change == FIELD_RECREATE) {
			return true;
		}
	}
	return false;
}

/* --- links --- */

bool diff_link_is_gone(const struct diff *diff, const char *name)
{
	const struct link *first = diff->observed->sets[OBJECT_LINK].items;
	const struct link *link = diff->any_gone ? state_find_link(diff->observed, name) : NULL;

	return link != NULL && diff->gone[link - first];
}

bool diff_link_stays(const struct diff *diff, const char *name)
{
	return state_find_link(diff->observed, name) != NULL && !diff_link_is_gone(diff, name);
}

static bool link_must_go(const struct diff *diff, const struct link *observed)
{
	const struct link *desired = state_find_link(diff->desired, observed->name);

	if (!(observed->head.flags & OBJECT_OWNED)) {
		return false;
	}
	return desired == NULL ||
	       needs_recreate(OBJECT_LINK, differing_fields(OBJECT_LINK, desired, observed));
}

/* Finds the links to delete, and those the kernel deletes with them because they stand on one. */
static void find_gone(struct diff *diff)
{
	const struct link *links = diff->observed->sets[OBJECT_LINK].items;
	size_t count = state_count(diff->observed, OBJECT_LINK);
	bool more = false;

	for (size_t i = 0; i < count; i++) {
		diff->gone[i] = link_must_go(diff, &links[i]);
		more = more || diff->gone[i];
	}
	diff->any_gone = more;
	while (more) {
		more = false;
		for (size_t i = 0; i < count; i++) {
			if (!diff->gone[i] && links[i].lower[0] != '\0' &&
				diff_link_is_gone(diff, links[i].lower)) {
				diff->gone[i] = true;
				more = true;
			}
		}
	}
}

static void plan_link_deletes(struct diff *diff)
{
	const struct link *links = diff->observed->sets[OBJECT_LINK].items;

	for (size_t i = 0; i < state_count(diff->observed, OBJECT_LINK); i++) {
		if (diff->gone[i] && !diff_link_is_gone(diff, links[i].lower)) {
			add_delete(diff, OBJECT_LINK, PHASE_DELETE_LINK, &links[i]);
		}
	}
}

static enum op_phase create_phase(const struct link *link)
{
	if (link->kind == LINK_BRIDGE) {
		return PHASE_CREATE_BRIDGE;
	}
	return link->kind == LINK_BATADV ? PHASE_CREATE_MESH : PHASE_CREATE_UPPER;
}

/* Fields of a link that stays. A port that loses its master with a deleted link has none, and the
 * settings of a port are there only once it is one. */
static uint64_t link_fields_to_set(const struct diff *diff, const struct link *desired,
	const struct link *observed)
{
	uint64_t fields = differing_fields(OBJECT_LINK, desired, observed);

	if (object_has(desired, LINK_MASTER) && desired->master[0] != '\0' &&
		diff_link_is_gone(diff, observed->master)) {
		fields |= FIELD_BIT(LINK_MASTER);
	}
	if (fields & FIELD_BIT(LINK_MASTER)) {
		fields |= desired->head.has & FIELD_BIT(LINK_MULTICAST_ROUTER);
	}
	return fields;
}

static bool is_owned(const void *observed)
{
	return (object_head(observed)->flags & OBJECT_OWNED) != 0;
}

static void plan_link(struct diff *diff, const struct link *desired)
{
	const struct link *observed = state_find_link(diff->observed, desired->name);
	bool borrowed = (desired->head.flags & OBJECT_BORROWED) != 0;

	if (observed == NULL || diff_link_is_gone(diff, desired->name)) {
		if (!borrowed) {
			add_change(diff, &(struct op){.type = OBJECT_LINK,
						 .phase = create_phase(desired),
						 .desired = desired,
						 .fields = desired->head.has});
			if (!diff->no_memory) {
				diff->plan->ops[diff->plan->count - 1].ifindex =
					diff->next_ifindex++;
			}
		}
		return;
	}
	uint64_t fields = link_fields_to_set(diff, desired, observed);
	if (fields != 0 && (borrowed || is_owned(observed))) {
		bool upper = !borrowed && desired->lower[0] != '\0';
		add_change(diff, &(struct op){.type = OBJECT_LINK,
					 .phase = upper ? PHASE_SET_UPPER : PHASE_SET_BASE,
					 .desired = desired,
					 .observed = observed,
					 .fields = fields});
	}
}

/* How many links are below the observed one; 0 when it is not there. */
static uint8_t link_depth(const struct diff *diff, const char *name)
{
	const struct link *link = state_find_link(diff->observed, name);
	uint8_t depth = 0;

	/* A veth names its peer as its lower, so only the kinds that stand on others count. */
	while (link != NULL && (link->kind == LINK_VLAN || link->kind == LINK_MACVLAN) &&
		depth < LINK_DEPTH_MAX) {
		depth++;
		link = state_find_link(diff->observed, link->lower);
	}
	return depth;
}

/* The lowest first: a link's MTU and up need those of the link it stands on. */
static void plan_links(struct diff *diff)
{
	const struct link *links = diff->desired->sets[OBJECT_LINK].items;
	size_t count = state_count(diff->desired, OBJECT_LINK);
	CLEANUP(cleanup_free) uint8_t *depths = calloc(count + 1, sizeof(*depths));
	uint8_t deepest = 0;

	if (depths == NULL) {
		diff->no_memory = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		depths[i] = link_depth(diff, links[i].name);
		deepest = depths[i] > deepest ? depths[i] : deepest;
	}
	for (uint8_t depth = 0; depth <= deepest; depth++) {
		for (size_t i = 0; i < count; i++) {
			if (depths[i] == depth) {
				plan_link(diff, &links[i]);
			}
		}
	}
}

/* --- objects that live on links --- */

/* Does this plan create or attach the hardif, so that its settings start from the defaults? */
static bool hardif_is_fresh(const struct diff *diff, const char *name)
{
	const struct link *observed = state_find_link(diff->observed, name);
	const struct link *desired = state_find_link(diff->desired, name);

	if (observed == NULL || desired == NULL) {
		return true;
	}
	return (link_fields_to_set(diff, desired, observed) & FIELD_BIT(LINK_MASTER)) != 0;
}

/* The observed object, unless this plan takes it away before its turn comes. */
static const void *surviving(const struct diff *diff, enum object_type type, const void *desired)
{
	const char *link = object_link(type, desired);

	if (link != NULL && !diff_link_stays(diff, link)) {
		return NULL;
	}
	if (type == OBJECT_HARDIF && hardif_is_fresh(diff, link)) {
		return NULL;
	}
	return state_find(diff->observed, type, object_key(type, desired));
}

static const enum op_phase create_phases[OBJECT_SETS] = {
	[OBJECT_MESH] = PHASE_MESH,
	[OBJECT_HARDIF] = PHASE_HARDIF,
	[OBJECT_MESH_VLAN] = PHASE_HARDIF,
	[OBJECT_ADDRESS] = PHASE_ADDRESS,
	[OBJECT_ROUTE] = PHASE_ROUTE,
	[OBJECT_RULE] = PHASE_RULE,
	[OBJECT_SYSCTL] = PHASE_SYSCTL,
};

static const enum op_phase delete_phases[OBJECT_SETS] = {
	[OBJECT_ADDRESS] = PHASE_DELETE_ADDRESS,
	[OBJECT_ROUTE] = PHASE_DELETE_ROUTE,
	[OBJECT_RULE] = PHASE_DELETE_RULE,
};

/* The kinds that are ours one by one; the others come and go with their link. */
static bool is_deletable(enum object_type type)
{
	return type == OBJECT_ADDRESS || type == OBJECT_ROUTE || type == OBJECT_RULE;
}

static void plan_missing(struct diff *diff, enum object_type type, const void *desired)
{
	uint64_t fields = object_head(desired)->has;

	if (type == OBJECT_SYSCTL || type == OBJECT_MESH_VLAN) {
		return; /* nothing that could be created; desired says what is missing */
	}
	if (type == OBJECT_HARDIF) {
		struct hardif defaults = hardif_defaults;
		defaults.head.has = fields;
		fields = differing_fields(type, desired, &defaults);
		if (fields == 0) {
			return;
		}
	}
	if (type == OBJECT_MESH && fields == 0) {
		return;
	}
	if (type == OBJECT_ROUTE && diff_kernel_makes_route(diff, desired)) {
		return;
	}
	add_change(diff, &(struct op){.type = type,
				 .phase = create_phases[type],
				 .desired = desired,
				 .fields = fields});
}

/* An address that should be ours on a link that is ours: "ip address change" takes our mark off. */
static bool is_for_us(const struct diff *diff, enum object_type type, const void *observed)
{
	const struct link *link = NULL;

	if (type == OBJECT_ADDRESS) {
		link = state_find_link(diff->observed, object_link(type, observed));
	}
	return is_owned(observed) || (link != NULL && is_owned(link));
}

/* Does the plan put another route in the place of this one? */
static bool is_replaced(const struct diff *diff, const struct route *observed)
{
	for (size_t i = 0; i < state_count(diff->desired, OBJECT_ROUTE); i++) {
		const struct route *desired = state_at(diff->desired, OBJECT_ROUTE, i);
		if (desired->key.table == observed->key.table &&
			desired->key.metric == observed->key.metric &&
			memcmp(&desired->key.destination, &observed->key.destination,
				sizeof(observed->key.destination)) == 0) {
			return true;
		}
	}
	return false;
}

/* A way to the Internet goes only when the one after it is about to come. */
static enum op_phase delete_phase(const struct diff *diff, enum object_type type,
	const void *observed)
{
	const struct route *route = observed;

	if (type == OBJECT_ROUTE && state_table_is_way(route->key.table) &&
		is_replaced(diff, route) && !diff_kernel_takes_route(diff, route)) {
		return PHASE_REROUTE;
	}
	return delete_phases[type];
}

static void plan_object(struct diff *diff, enum object_type type, const void *desired)
{
	const void *observed = surviving(diff, type, desired);

	if (observed == NULL || (type == OBJECT_ROUTE && diff_kernel_takes_route(diff, observed))) {
		plan_missing(diff, type, desired);
		return;
	}
	uint64_t fields = differing_fields(type, desired, observed);
	if (type == OBJECT_ROUTE && diff_kernel_clears_source(diff, observed)) {
		fields |= object_head(desired)->has & FIELD_BIT(ROUTE_SOURCE);
	}
	if (fields == 0 || (is_deletable(type) && !is_for_us(diff, type, observed))) {
		return; /* the second: another program's object, or the kernel's, in our place */
	}
	if (needs_recreate(type, fields)) {
		add_delete(diff, type, delete_phase(diff, type, observed), observed);
		plan_missing(diff, type, desired);
	} else {
		add_change(diff, &(struct op){.type = type,
					 .phase = create_phases[type],
					 .desired = desired,
					 .observed = observed,
					 .fields = fields});
	}
}

/* Addresses, routes and rules of ours that nobody wants any more. */
static void plan_object_deletes(struct diff *diff, enum object_type type)
{
	for (size_t i = 0; is_deletable(type) && i < state_count(diff->observed, type); i++) {
		const void *observed = state_at(diff->observed, type, i);
		const char *link = object_link(type, observed);

		if (is_owned(observed) &&
			state_find(diff->desired, type, object_key(type, observed)) == NULL &&
			(link == NULL || !diff_link_is_gone(diff, link))) {
			add_delete(diff, type, delete_phase(diff, type, observed), observed);
		}
	}
}

static void plan_ruleset(struct diff *diff, enum object_type type, const struct ruleset *desired,
	const struct ruleset *observed)
{
	if (desired->present != observed->present ||
		(desired->present && !ruleset_equal(desired, observed))) {
		struct op *op = add_op(diff, OP_SET, type, PHASE_RULESET);
		if (op == NULL) {
			return;
		}
		op->desired = desired->present ? desired : NULL;
		op->observed = observed->present ? observed : NULL;
		if (op->desired == NULL) {
			op->verb = OP_DELETE;
		} else if (op->observed == NULL) {
			op->verb = OP_CREATE;
		}
	}
}

static uint32_t first_free_ifindex(const struct state *observed, uint32_t floor)
{
	const struct link *links = observed->sets[OBJECT_LINK].items;
	uint32_t highest = floor;

	for (size_t i = 0; i < state_count(observed, OBJECT_LINK); i++) {
		uint32_t number = links[i].head.ifindex;
		if (number > highest && number < STATE_IFINDEX_HIGH) {
			highest = number;
		}
	}
	return highest + 1;
}

int diff_plan(const struct state *desired, const struct state *observed, uint32_t ifindex_floor,
	struct plan *plan)
{
	/* Addresses before routes: a route's fate depends on what happens to its address. */
	static const enum object_type on_links[] = {OBJECT_SYSCTL, OBJECT_MESH, OBJECT_HARDIF,
		OBJECT_MESH_VLAN, OBJECT_ADDRESS, OBJECT_ROUTE, OBJECT_RULE};
	CLEANUP(cleanup_free)
	bool *gone = calloc(state_count(observed, OBJECT_LINK) + 1, sizeof(*gone));
	struct diff diff = {.desired = desired,
		.observed = observed,
		.gone = gone,
		.next_ifindex = first_free_ifindex(observed, ifindex_floor),
		.plan = plan};

	if (gone == NULL) {
		return -ENOMEM;
	}
	find_gone(&diff);
	plan_ruleset(&diff, OBJECT_RULESET, &desired->ruleset, &observed->ruleset);
	plan_ruleset(&diff, OBJECT_NAT, &desired->nat, &observed->nat);
	plan_link_deletes(&diff);
	plan_links(&diff);
	for (size_t t = 0; t < ARRAY_SIZE(on_links); t++) {
		enum object_type type = on_links[t];
		plan_object_deletes(&diff, type);
		for (size_t i = 0; i < state_count(desired, type); i++) {
			plan_object(&diff, type, state_at(desired, type, i));
		}
	}
	return diff.no_memory ? -ENOMEM : plan_sort(plan);
}
