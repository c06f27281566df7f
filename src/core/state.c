/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/state.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define LINK_ROW(symbol, declaration, member, change, format)                                      \
	{#member, offsetof(struct link, member), sizeof(((struct link *)0)->member), change,       \
		format},
#define MESH_ROW(symbol, declaration, member, change, format)                                      \
	{#member, offsetof(struct mesh, member), sizeof(((struct mesh *)0)->member), change,       \
		format},
#define HARDIF_ROW(symbol, declaration, member, change, format)                                    \
	{#member, offsetof(struct hardif, member), sizeof(((struct hardif *)0)->member), change,   \
		format},
#define MESH_VLAN_ROW(symbol, declaration, member, change, format)                                 \
	{#member, offsetof(struct mesh_vlan, member), sizeof(((struct mesh_vlan *)0)->member),     \
		change, format},
#define ADDRESS_ROW(symbol, declaration, member, change, format)                                   \
	{#member, offsetof(struct address, member), sizeof(((struct address *)0)->member), change, \
		format},
#define ROUTE_ROW(symbol, declaration, member, change, format)                                     \
	{#member, offsetof(struct route, member), sizeof(((struct route *)0)->member), change,     \
		format},
#define RULE_ROW(symbol, declaration, member, change, format)                                      \
	{#member, offsetof(struct rule, member), sizeof(((struct rule *)0)->member), change,       \
		format},
#define SYSCTL_ROW(symbol, declaration, member, change, format)                                    \
	{#member, offsetof(struct sysctl, member), sizeof(((struct sysctl *)0)->member), change,   \
		format},

static const struct field link_fields[] = {LINK_FIELDS(LINK_ROW)};
static const struct field mesh_fields[] = {MESH_FIELDS(MESH_ROW)};
static const struct field hardif_fields[] = {HARDIF_FIELDS(HARDIF_ROW)};
static const struct field mesh_vlan_fields[] = {MESH_VLAN_FIELDS(MESH_VLAN_ROW)};
static const struct field address_fields[] = {ADDRESS_FIELDS(ADDRESS_ROW)};
static const struct field route_fields[] = {ROUTE_FIELDS(ROUTE_ROW)};
static const struct field rule_fields[] = {RULE_FIELDS(RULE_ROW)};
static const struct field sysctl_fields[] = {SYSCTL_FIELDS(SYSCTL_ROW)};

#define CLASS(text, type, key, table)                                                              \
	{                                                                                          \
		.name = (text), .size = sizeof(struct type),                                       \
		.key_offset = offsetof(struct type, key),                                          \
		.key_size = sizeof(((struct type *)0)->key), .fields = (table),                    \
		.field_count = ARRAY_SIZE(table)                                                   \
	}

const struct object_class object_classes[OBJECT_TYPES] = {
	[OBJECT_LINK] = CLASS("link", link, name, link_fields),
	[OBJECT_MESH] = CLASS("mesh", mesh, name, mesh_fields),
	[OBJECT_HARDIF] = CLASS("hardif", hardif, name, hardif_fields),
	[OBJECT_MESH_VLAN] = CLASS("mesh-vlan", mesh_vlan, key, mesh_vlan_fields),
	[OBJECT_ADDRESS] = CLASS("address", address, key, address_fields),
	[OBJECT_ROUTE] = CLASS("route", route, key, route_fields),
	[OBJECT_RULE] = CLASS("rule", rule, key, rule_fields),
	[OBJECT_SYSCTL] = CLASS("sysctl", sysctl, path, sysctl_fields),
	[OBJECT_RULESET] = {.name = "ruleset"},
	[OBJECT_NAT] = {.name = "ruleset"},
};

static int set_grow(struct object_set *set, size_t size)
{
	size_t capacity = set->capacity == 0 ? 16 : set->capacity * 2;
	void *items = realloc(set->items, capacity * size);

	if (items == NULL) {
		return -ENOMEM;
	}
	set->items = items;
	set->capacity = capacity;
	return 0;
}

void *state_add(struct state *state, enum object_type type, const void *key)
{
	const struct object_class *class = &object_classes[type];
	struct object_set *set = &state->sets[type];

	if (set->count == set->capacity && set_grow(set, class->size) < 0) {
		return NULL;
	}
	char *object = (char *)set->items + set->count * class->size;
	memset(object, 0, class->size);
	memcpy(object + class->key_offset, key, class->key_size);
	set->count++;
	set->sorted = false;
	return object;
}

/* As memcmp(), whose call would take longer than the comparison of keys this short. */
static int compare_bytes(const void *a, const void *b, size_t size)
{
	size_t at = 0;

	for (; at + sizeof(uint64_t) <= size; at += sizeof(uint64_t)) {
		uint64_t left;
		uint64_t right;
		memcpy(&left, (const char *)a + at, sizeof(left));
		memcpy(&right, (const char *)b + at, sizeof(right));
		if (left != right) {
			return be64toh(left) < be64toh(right) ? -1 : 1;
		}
	}
	return at == size ? 0 : memcmp((const char *)a + at, (const char *)b + at, size - at);
}

static int compare_keys(const void *a, const void *b, void *context)
{
	const struct object_class *class = context;

	int order = compare_bytes((const char *)a + class->key_offset,
		(const char *)b + class->key_offset, class->key_size);

	/* Where the kernel keeps two of a key, ours is the one to be found. */
	return order != 0 ? order
			  : (int)(object_head(b)->flags & OBJECT_OWNED) -
				    (int)(object_head(a)->flags & OBJECT_OWNED);
}

void state_sort(struct state *state)
{
	for (int type = 0; type < OBJECT_SETS; type++) {
		struct object_set *set = &state->sets[type];
		struct object_class class = object_classes[type];

		if (set->count > 1) {
			qsort_r(set->items, set->count, class.size, compare_keys, &class);
		}
		set->sorted = true;
	}
}

void *state_at(const struct state *state, enum object_type type, size_t index)
{
	return (char *)state->sets[type].items + index * object_classes[type].size;
}

size_t state_count(const struct state *state, enum object_type type)
{
	return state->sets[type].count;
}

static void *find_in_turn(const struct state *state, enum object_type type, const void *key)
{
	for (size_t i = 0; i < state_count(state, type); i++) {
		void *object = state_at(state, type, i);
		if (memcmp(object_key(type, object), key, object_classes[type].key_size) == 0) {
			return object;
		}
	}
	return NULL;
}

void *state_find(const struct state *state, enum object_type type, const void *key)
{
	if (!state->sets[type].sorted) {
		return find_in_turn(state, type, key);
	}
	size_t low = 0;
	size_t high = state_count(state, type);
	void *found = NULL;

	/* The first of several. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		void *object = state_at(state, type, middle);
		int order =
			compare_bytes(object_key(type, object), key, object_classes[type].key_size);
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
			found = order == 0 ? object : found;
		}
	}
	return found;
}

void state_free(struct state *state)
{
	for (int type = 0; type < OBJECT_SETS; type++) {
		free(state->sets[type].items);
	}
	ruleset_free(&state->ruleset);
	ruleset_free(&state->nat);
	free(state->defaults);
	memset(state, 0, sizeof(*state));
}

struct link *state_add_link(struct state *state, const char *name)
{
	char key[IFNAMSIZ];

	text_copy(key, sizeof(key), name);
	return state_add(state, OBJECT_LINK, key);
}

struct link *state_find_link(const struct state *state, const char *name)
{
	char key[IFNAMSIZ];

	if (!text_copy(key, sizeof(key), name)) {
		return NULL;
	}
	return state_find(state, OBJECT_LINK, key);
}

static bool ip_field_equal(const struct ip *a, const struct ip *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0 &&
	       (a->family == b->family || ip_is_zero(a));
}

bool object_field_equal(enum object_type type, const void *a, const void *b, size_t field)
{
	const struct field *row = &object_classes[type].fields[field];

	if (row->format == FORMAT_IP) {
		return ip_field_equal((const void *)((const char *)a + row->offset),
			(const void *)((const char *)b + row->offset));
	}
	return memcmp((const char *)a + row->offset, (const char *)b + row->offset, row->size) == 0;
}

const char *object_link(enum object_type type, const void *object)
{
	switch (type) {
	case OBJECT_ADDRESS:
		return ((const struct address *)object)->key.link;
	case OBJECT_ROUTE: {
		const struct route *route = object;
		return route->key.link[0] != '\0' ? route->key.link : NULL;
	}
	case OBJECT_MESH:
	case OBJECT_HARDIF:
	case OBJECT_MESH_VLAN:
		return object_key(type, object);
	case OBJECT_LINK:
	case OBJECT_RULE:
	case OBJECT_SYSCTL:
	case OBJECT_RULESET:
	case OBJECT_NAT:
	case OBJECT_TYPES:
		break;
	}
	return NULL;
}
