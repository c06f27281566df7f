/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

__attribute__((format(printf, 2, 3))) static bool wrong(struct verdict *verdict, const char *format,
	...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(verdict->text, sizeof(verdict->text), format, arguments);
	va_end(arguments);
	return false;
}

static const char *key_text(enum object_type type, const void *object, char text[OBJECT_TEXT_SIZE])
{
	object_format_key(type, object, text);
	return text;
}

static bool is_owned(const void *object)
{
	return (object_head(object)->flags & OBJECT_OWNED) != 0;
}

/* Does the plan make the address anew, so that its deletion is a change? */
static bool is_remade(const struct plan *plan, const struct op *op)
{
	plan_foreach (other, plan) {
		if (other->type == op->type && other->verb == OP_CREATE &&
			memcmp(object_key(op->type, other->desired),
				object_key(op->type, op->observed),
				object_classes[op->type].key_size) == 0) {
			return true;
		}
	}
	return false;
}

static bool op_is_allowed(const struct plan *plan, const struct op *op)
{
	switch (op->type) {
	case OBJECT_LINK:
		return op->verb == OP_CREATE || is_owned(op->observed) ||
		       (op->verb == OP_SET && (object_head(op->desired)->flags & OBJECT_BORROWED));
	case OBJECT_ADDRESS:
		return op->verb == OP_CREATE || is_owned(op->observed) || is_remade(plan, op);
	case OBJECT_ROUTE:
	case OBJECT_RULE:
		return op->verb == OP_CREATE || is_owned(op->observed);
	case OBJECT_MESH:
	case OBJECT_HARDIF:
	case OBJECT_MESH_VLAN:
	case OBJECT_SYSCTL:
		return op->verb != OP_DELETE;
	case OBJECT_RULESET:
	case OBJECT_NAT:
		return true;
	case OBJECT_TYPES:
		break;
	}
	return false;
}

bool verify_plan(const struct plan *plan, struct verdict *verdict)
{
	enum op_phase phase = 0;
	char text[OBJECT_TEXT_SIZE];

	plan_foreach (op, plan) {
		if (op->phase < phase) {
			return wrong(verdict, "op on %s comes too late",
				key_text(op->type, op_object(op), text));
		}
		phase = op->phase;
		if (op_object(op) == NULL) {
			continue;
		}
		if (!op_is_allowed(plan, op)) {
			return wrong(verdict, "%s of the foreign %s %s", op_verb_name(op->verb),
				object_classes[op->type].name,
				key_text(op->type, op_object(op), text));
		}
	}
	return true;
}

bool verify_taken(const struct plan *plan, struct verdict *verdict)
{
	char text[OBJECT_TEXT_SIZE];

	plan_foreach (op, plan) {
		if (op->error != 0) {
			return wrong(verdict, "%s %s %s was refused: %s", op_verb_name(op->verb),
				object_classes[op->type].name,
				key_text(op->type, op_object(op), text), strerror(-op->error));
		}
	}
	return true;
}

static bool reached_object(enum object_type type, const void *desired, const void *observed,
	struct verdict *verdict)
{
	char key[OBJECT_TEXT_SIZE];
	char was[OBJECT_TEXT_SIZE];
	char wanted[OBJECT_TEXT_SIZE];
	bool optional = type == OBJECT_MESH_VLAN || type == OBJECT_SYSCTL;

	if (observed == NULL) {
		return optional || wrong(verdict, "%s %s is missing", object_classes[type].name,
					   key_text(type, desired, key));
	}
	for (size_t field = 0; field < object_classes[type].field_count; field++) {
		if (!(object_head(desired)->has & FIELD_BIT(field)) ||
			(type == OBJECT_MESH && field == MESH_LOG_LEVEL)) {
			continue;
		}
		if (!(object_head(observed)->has & FIELD_BIT(field)) ||
			!object_field_equal(type, desired, observed, field)) {
			object_format_field(type, observed, field, was);
			object_format_field(type, desired, field, wanted);
			return wrong(verdict, "%s %s has %s %s and not %s",
				object_classes[type].name, key_text(type, desired, key),
				object_classes[type].fields[field].name, was, wanted);
		}
	}
	return true;
}

/* Another program's object, or the kernel's, under the same key is left as it is. */
static bool is_in_the_way(enum object_type type, const void *observed)
{
	return observed != NULL &&
	       (type == OBJECT_ADDRESS || type == OBJECT_ROUTE || type == OBJECT_RULE) &&
	       !is_owned(observed);
}

bool verify_reached(const struct state *desired, const struct state *observed,
	struct verdict *verdict)
{
	for (int type = 0; type < OBJECT_SETS; type++) {
		for (size_t i = 0; i < state_count(desired, type); i++) {
			const void *object = state_at(desired, type, i);
			const void *found = state_find(observed, type, object_key(type, object));
			if (!is_in_the_way(type, found) &&
				!reached_object(type, object, found, verdict)) {
				return false;
			}
		}
		for (size_t i = 0; i < state_count(observed, type); i++) {
			const void *object = state_at(observed, type, i);
			char text[OBJECT_TEXT_SIZE];
			if (is_owned(object) &&
				state_find(desired, type, object_key(type, object)) == NULL) {
				return wrong(verdict, "%s %s was left behind",
					object_classes[type].name, key_text(type, object, text));
			}
		}
	}
	if (!ruleset_equal(&desired->ruleset, &observed->ruleset) ||
		!ruleset_equal(&desired->nat, &observed->nat)) {
		return wrong(verdict, "a ruleset differs");
	}
	return true;
}

/* --- what was there before --- */

static bool stands_on(const struct link *link, const struct link *lower)
{
	return (link->kind == LINK_VLAN || link->kind == LINK_MACVLAN) &&
	       strcmp(link->lower, lower->name) == 0;
}

/* Does the wish leave no way but to delete the link? */
static bool must_go(const struct state *desired, const struct state *before,
	const struct link *link)
{
	const struct link *lower = state_find_link(before, link->lower);
	const struct link *wanted = state_find_link(desired, link->name);

	if (lower != NULL && stands_on(link, lower) && must_go(desired, before, lower)) {
		return true;
	}
	if (!is_owned(link)) {
		return false;
	}
	return wanted == NULL || wanted->kind != link->kind ||
	       (object_has(wanted, LINK_LOWER) && strcmp(wanted->lower, link->lower) != 0) ||
	       (object_has(wanted, LINK_VLAN_ID) &&
		       (wanted->vlan_id != link->vlan_id ||
			       wanted->vlan_protocol != link->vlan_protocol)) ||
	       (object_has(wanted, LINK_ALGORITHM) &&
		       strcmp(wanted->algorithm, link->algorithm) != 0) ||
	       (wanted->kind == LINK_IP6TNL &&
		       (!object_field_equal(OBJECT_LINK, wanted, link, LINK_TUNNEL_LOCAL) ||
			       !object_field_equal(OBJECT_LINK, wanted, link, LINK_TUNNEL_REMOTE) ||
			       wanted->tunnel_protocol != link->tunnel_protocol));
}

/* Fields of a foreign link that may change with what is below or above it. */
static uint64_t consequences(const struct state *desired, const struct state *before,
	const struct link *link)
{
	const struct link *lower = state_find_link(before, link->lower);
	const struct link *master = state_find_link(before, link->master);
	const struct link *borrowed = state_find_link(desired, link->name);
	uint64_t fields = borrowed != NULL ? borrowed->head.has : 0;

	if (master != NULL && must_go(desired, before, master)) {
		fields |= FIELD_BIT(LINK_MASTER);
	}
	if (fields & FIELD_BIT(LINK_MASTER)) {
		fields |= FIELD_BIT(LINK_MULTICAST_ROUTER);
	}
	if (lower != NULL && stands_on(link, lower)) {
		const struct link *wanted = state_find_link(desired, lower->name);
		uint64_t below = is_owned(lower) && wanted != NULL
					 ? wanted->head.has
					 : consequences(desired, before, lower);
		fields |= below & (FIELD_BIT(LINK_UP) | FIELD_BIT(LINK_MTU));
	}
	return fields;
}

static bool link_is_same(const struct link *before, const struct link *after, uint64_t except,
	struct verdict *verdict)
{
	if (after == NULL || after->head.ifindex != before->head.ifindex) {
		return wrong(verdict, "link %s was deleted without need", before->name);
	}
	for (size_t field = 0; field < LINK_FIELD_COUNT; field++) {
		bool differs = ((before->head.has ^ after->head.has) & FIELD_BIT(field)) ||
			       !object_field_equal(OBJECT_LINK, before, after, field);
		if (differs && !(except & FIELD_BIT(field))) {
			return wrong(verdict, "field %s of foreign link %s changed",
				object_classes[OBJECT_LINK].fields[field].name, before->name);
		}
	}
	return true;
}

static bool links_untouched(const struct state *desired, const struct state *before,
	const struct state *after, struct verdict *verdict)
{
	for (size_t i = 0; i < state_count(before, OBJECT_LINK); i++) {
		const struct link *link = state_at(before, OBJECT_LINK, i);
		uint64_t except = is_owned(link) ? UINT64_MAX : consequences(desired, before, link);

		if (!must_go(desired, before, link) &&
			!link_is_same(link, state_find_link(after, link->name), except, verdict)) {
			return false;
		}
	}
	return true;
}

static const char *link_of(enum object_type type, const void *object)
{
	switch ((int)type) {
	case OBJECT_ADDRESS:
		return ((const struct address *)object)->key.link;
	case OBJECT_ROUTE:
		return ((const struct route *)object)->key.link;
	default:
		return "";
	}
}

static bool object_is_same(enum object_type type, const void *before, const void *after)
{
	if (after == NULL || is_owned(after)) {
		return false;
	}
	for (size_t field = 0; field < object_classes[type].field_count; field++) {
		if (!object_field_equal(type, before, after, field)) {
			return false;
		}
	}
	return true;
}

static bool address_is_same(const struct state *after, const struct address *address)
{
	const struct address *now = state_find(after, OBJECT_ADDRESS, &address->key);

	return now != NULL && now->metric == address->metric && now->nodad == address->nodad;
}

/* IPv4 takes all routes of a link with its last address; one that stayed keeps them. */
static bool lost_all_ipv4(const struct state *before, const struct state *after, const char *link)
{
	bool lost = false;

	for (size_t i = 0; i < state_count(before, OBJECT_ADDRESS); i++) {
		const struct address *address = state_at(before, OBJECT_ADDRESS, i);
		if (address->key.prefix.ip.family == AF_INET &&
			strcmp(address->key.link, link) == 0) {
			if (address_is_same(after, address)) {
				return false;
			}
			lost = true;
		}
	}
	return lost;
}

/* IPv6 takes any route to the network of the last address that goes, whoever made it. */
static bool route_went_with_address(const struct state *before, const struct state *after,
	const struct route *route)
{
	if (route->key.destination.ip.family == AF_INET) {
		return lost_all_ipv4(before, after, route->key.link);
	}
	for (size_t i = 0; i < state_count(before, OBJECT_ADDRESS); i++) {
		const struct address *address = state_at(before, OBJECT_ADDRESS, i);
		struct prefix network = prefix_network(&address->key.prefix);
		if (is_owned(address) && address->key.prefix.ip.family == AF_INET6 &&
			strcmp(address->key.link, route->key.link) == 0 &&
			memcmp(&network, &route->key.destination, sizeof(network)) == 0) {
			if (!address_is_same(after, address)) {
				return true;
			}
		}
	}
	return false;
}

/* A wanted address on a link of ours is ours, whoever wrote it. */
static bool is_taken_over(const struct state *desired, enum object_type type, const void *object,
	const struct link *link)
{
	return type == OBJECT_ADDRESS && link != NULL && is_owned(link) &&
	       state_find(desired, type, object_key(type, object)) != NULL;
}

bool verify_untouched(const struct state *desired, const struct state *before,
	const struct state *after, struct verdict *verdict)
{
	static const enum object_type types[] = {OBJECT_ADDRESS, OBJECT_ROUTE, OBJECT_RULE};

	if (!links_untouched(desired, before, after, verdict)) {
		return false;
	}
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		for (size_t i = 0; i < state_count(before, types[t]); i++) {
			const void *object = state_at(before, types[t], i);
			const struct link *link =
				state_find_link(before, link_of(types[t], object));
			const void *found =
				state_find(after, types[t], object_key(types[t], object));
			char text[OBJECT_TEXT_SIZE];
			if (is_owned(object) || is_taken_over(desired, types[t], object, link) ||
				(object_head(object)->flags & FAKE_KERNEL_MADE) ||
				(link != NULL && must_go(desired, before, link)) ||
				(types[t] == OBJECT_ROUTE &&
					route_went_with_address(before, after, object))) {
				continue;
			}
			if (!object_is_same(types[t], object, found)) {
				return wrong(verdict, "foreign %s %s was touched",
					object_classes[types[t]].name,
					key_text(types[t], object, text));
			}
		}
	}
	return true;
}
