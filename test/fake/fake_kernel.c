/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fake/fake_rooms.h"

int fake_init(struct fake_kernel *kernel)
{
	static const char *const paths[] = {"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding",
		"net/ipv4/conf/all/rp_filter", "net/ipv4/conf/default/rp_filter"};

	memset(kernel, 0, sizeof(*kernel));
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char key[sizeof(((struct sysctl *)0)->path)];
		text_copy(key, sizeof(key), paths[i]);
		struct sysctl *sysctl = state_add(&kernel->state, OBJECT_SYSCTL, key);
		if (sysctl == NULL) {
			return -ENOMEM;
		}
		object_give(sysctl, SYSCTL_VALUE, value, 0);
	}
	return 0;
}

static int copy_ruleset(const struct ruleset *ruleset, struct ruleset *copy)
{
	memset(copy, 0, sizeof(*copy));
	for (size_t i = 0; i < ruleset->chain_count; i++) {
		if (ruleset_add_chain(copy, &ruleset->chains[i]) < 0) {
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		if (ruleset_add_rule(copy, &ruleset->rules[i]) < 0) {
			return -ENOMEM;
		}
	}
	copy->present = ruleset->present;
	return 0;
}

int fake_copy_state(const struct state *state, struct state *copy)
{
	memset(copy, 0, sizeof(*copy));
	for (int type = 0; type < OBJECT_SETS; type++) {
		for (size_t i = 0; i < state_count(state, type); i++) {
			const void *object = state_at(state, type, i);
			void *added = state_add(copy, type, object_key(type, object));
			if (added == NULL) {
				return -ENOMEM;
			}
			memcpy(added, object, object_classes[type].size);
		}
	}
	int result = copy_ruleset(&state->ruleset, &copy->ruleset);

	return result < 0 ? result : copy_ruleset(&state->nat, &copy->nat);
}

int fake_copy(const struct fake_kernel *kernel, struct fake_kernel *copy)
{
	*copy = (struct fake_kernel){.highest_ifindex = kernel->highest_ifindex};
	return fake_copy_state(&kernel->state, &copy->state);
}

void fake_free(struct fake_kernel *kernel)
{
	state_free(&kernel->state);
}

void fake_remove(struct fake_kernel *kernel, enum object_type type, void *object)
{
	struct object_set *set = &kernel->state.sets[type];
	size_t size = object_classes[type].size;
	char *next = (char *)object + size;
	char *end = (char *)set->items + set->count * size;

	memmove(object, next, (size_t)(end - next));
	set->count--;
}

/* The rule of kernel_observe: a mark, on a kind of link that meshd makes. */
static bool link_is_owned(const struct link *link)
{
	bool marked = strncmp(link->alias, STATE_ALIAS_PREFIX, strlen(STATE_ALIAS_PREFIX)) == 0 ||
		      link->group == STATE_LINK_GROUP || link->group == STATE_DOOMED_GROUP;

	return marked && link->kind != LINK_OTHER;
}

int fake_observe(const struct fake_kernel *kernel, struct state *state)
{
	int result = fake_copy_state(&kernel->state, state);

	if (result < 0) {
		return result;
	}
	for (size_t i = 0; i < state_count(state, OBJECT_LINK); i++) {
		struct link *link = state_at(state, OBJECT_LINK, i);
		link->head.flags = link_is_owned(link) ? OBJECT_OWNED : 0;
	}
	state_sort(state);
	return 0;
}

int fake_sysctl_set(struct fake_kernel *kernel, const struct sysctl *wanted)
{
	struct sysctl *sysctl = state_find(&kernel->state, OBJECT_SYSCTL, wanted->path);

	if (sysctl == NULL) {
		return -ENOENT;
	}
	sysctl->value = wanted->value;
	return 0;
}

int fake_ruleset_set(struct fake_kernel *kernel, enum object_type type,
	const struct ruleset *ruleset)
{
	struct ruleset *table = type == OBJECT_NAT ? &kernel->state.nat : &kernel->state.ruleset;
	bool present = table->present;

	ruleset_free(table);
	memset(table, 0, sizeof(*table));
	if (ruleset == NULL) {
		return present ? 0 : -ENOENT;
	}
	return copy_ruleset(ruleset, table);
}

static int apply_link(struct fake_kernel *kernel, const struct op *op, uint64_t fields)
{
	switch (op->verb) {
	case OP_CREATE:
		return fake_link_create(kernel, op->desired, fields, op->ifindex);
	case OP_SET:
		return fake_link_set(kernel, op->desired, fields);
	case OP_DELETE:
		return fake_link_delete(kernel, ((const struct link *)op->observed)->name);
	}
	return -EINVAL;
}

static int apply_address(struct fake_kernel *kernel, const struct op *op)
{
	switch (op->verb) {
	case OP_CREATE: {
		struct address address = *(const struct address *)op->desired;
		address.head.flags = OBJECT_OWNED;
		return fake_address_add(kernel, &address);
	}
	case OP_DELETE:
		return fake_address_delete(kernel, &((const struct address *)op->observed)->key);
	case OP_SET:
		break;
	}
	return -EOPNOTSUPP;
}

static int apply_route(struct fake_kernel *kernel, const struct op *op)
{
	if (op->verb == OP_DELETE) {
		return fake_route_delete(kernel, &((const struct route *)op->observed)->key);
	}
	struct route route = *(const struct route *)op->desired;

	route.head.flags = OBJECT_OWNED;
	return op->verb == OP_CREATE ? fake_route_add(kernel, &route)
				     : fake_route_set(kernel, &route);
}

static int apply_rule(struct fake_kernel *kernel, const struct op *op)
{
	switch (op->verb) {
	case OP_CREATE: {
		struct rule rule = *(const struct rule *)op->desired;
		rule.head.flags = OBJECT_OWNED;
		return fake_rule_add(kernel, &rule);
	}
	case OP_DELETE:
		return fake_rule_delete(kernel, op->observed);
	case OP_SET:
		break;
	}
	return -EOPNOTSUPP;
}

int fake_apply_fields(struct fake_kernel *kernel, const struct op *op, uint64_t fields)
{
	if (op->type == OBJECT_RULESET || op->type == OBJECT_NAT) {
		return fake_ruleset_set(kernel, op->type, op->desired);
	}
	if (op->verb == OP_DELETE && op->observed == NULL) {
		return -EINVAL;
	}
	if (op->verb != OP_DELETE && op->desired == NULL) {
		return -EINVAL;
	}
	switch (op->type) {
	case OBJECT_LINK:
		return apply_link(kernel, op, fields);
	case OBJECT_ADDRESS:
		return apply_address(kernel, op);
	case OBJECT_ROUTE:
		return apply_route(kernel, op);
	case OBJECT_RULE:
		return apply_rule(kernel, op);
	case OBJECT_MESH:
		return op->verb == OP_DELETE ? -EOPNOTSUPP
					     : fake_mesh_set(kernel, op->desired, fields);
	case OBJECT_HARDIF:
		return op->verb == OP_DELETE ? -EOPNOTSUPP
					     : fake_hardif_set(kernel, op->desired, fields);
	case OBJECT_MESH_VLAN:
		return op->verb == OP_DELETE ? -EOPNOTSUPP
					     : fake_mesh_vlan_set(kernel, op->desired, fields);
	case OBJECT_SYSCTL:
		return op->verb == OP_DELETE ? -EOPNOTSUPP : fake_sysctl_set(kernel, op->desired);
	case OBJECT_RULESET:
	case OBJECT_NAT:
	case OBJECT_TYPES:
		break;
	}
	return -EINVAL;
}

int fake_apply(struct fake_kernel *kernel, struct plan *plan, size_t first, size_t count)
{
	int refused = 0;

	for (size_t i = first; i < first + count && i < plan->count; i++) {
		struct op *op = &plan->ops[i];
		op->error = fake_apply_fields(kernel, op, op->fields);
		op->done = op->error == 0;
		refused += op->error != 0;
	}
	return refused;
}
