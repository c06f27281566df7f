/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/routing_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NODE_ID_LENGTH 56

/* Makes room for one entry more: an array doubles, its count says its capacity. 0 or -ENOMEM. */
static int grow(void **array, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0) {
		return 0;
	}
	void *grown = reallocarray(*array, count == 0 ? 1 : count * 2, size);
	if (grown == NULL) {
		return -ENOMEM;
	}
	*array = grown;
	return 0;
}

int routing_state_add_neighbour(struct routing_state *state,
	const struct routing_neighbour *neighbour)
{
	void *array = state->neighbours;

	if (state->neighbour_count >= ROUTING_NEIGHBOURS_MAX) {
		state->left_out++;
		return 0;
	}
	int result = grow(&array, state->neighbour_count, sizeof(*neighbour));
	state->neighbours = array;
	if (result == 0) {
		state->neighbours[state->neighbour_count++] = *neighbour;
	}
	return result;
}

int routing_state_add_route(struct routing_state *state, const struct routing_route *route)
{
	void *array = state->routes;

	if (state->route_count >= ROUTING_ROUTES_MAX) {
		state->left_out++;
		return 0;
	}
	int result = grow(&array, state->route_count, sizeof(*route));
	state->routes = array;
	if (result == 0) {
		state->routes[state->route_count++] = *route;
	}
	return result;
}

int routing_state_add_node(struct routing_state *state, const struct routing_node *node)
{
	void *array = state->nodes;

	if (state->node_count >= ROUTING_NODES_MAX) {
		state->left_out++;
		return 0;
	}
	int result = grow(&array, state->node_count, sizeof(*node));
	state->nodes = array;
	if (result == 0) {
		state->nodes[state->node_count++] = *node;
	}
	return result;
}

int routing_state_add_network(struct routing_state *state, const struct routing_network *network)
{
	void *array = state->networks;

	if (state->network_count >= ROUTING_NETWORKS_MAX) {
		state->left_out++;
		return 0;
	}
	int result = grow(&array, state->network_count, sizeof(*network));
	state->networks = array;
	if (result == 0) {
		state->networks[state->network_count++] = *network;
	}
	return result;
}

static int first_difference(int a, int b, int c)
{
	if (a != 0) {
		return a;
	}
	return b != 0 ? b : c;
}

static int compare_ip(const struct ip *a, const struct ip *b)
{
	return memcmp(a, b, sizeof(*a));
}

static int compare_prefix(const struct prefix *a, const struct prefix *b)
{
	return memcmp(a, b, sizeof(*a));
}

static int compare_neighbours(const void *left, const void *right)
{
	const struct routing_neighbour *a = left;
	const struct routing_neighbour *b = right;

	return first_difference(strcmp(a->link, b->link), compare_ip(&a->address, &b->address),
		strcmp(a->id, b->id));
}

static int compare_routes(const void *left, const void *right)
{
	const struct routing_route *a = left;
	const struct routing_route *b = right;
	int where = first_difference(compare_prefix(&a->destination, &b->destination),
		compare_prefix(&a->source, &b->source), b->installed - a->installed);

	if (where != 0) {
		return where;
	}
	return first_difference(strcmp(a->id, b->id), strcmp(a->link, b->link),
		compare_ip(&a->via, &b->via));
}

static int compare_nodes(const void *left, const void *right)
{
	const struct routing_node *a = left;
	const struct routing_node *b = right;

	return first_difference(b->self - a->self, strcmp(a->name, b->name), strcmp(a->id, b->id));
}

static int compare_networks(const void *left, const void *right)
{
	const struct routing_network *a = left;
	const struct routing_network *b = right;
	int where = first_difference(b->own - a->own, compare_prefix(&a->network, &b->network),
		strcmp(a->id, b->id));

	return where != 0 ? where : strcmp(a->tunnel, b->tunnel);
}

static void sort(void *array, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	if (count > 1) {
		qsort(array, count, size, compare);
	}
}

void routing_state_sort(struct routing_state *state)
{
	sort(state->neighbours, state->neighbour_count, sizeof(*state->neighbours),
		compare_neighbours);
	sort(state->routes, state->route_count, sizeof(*state->routes), compare_routes);
	sort(state->nodes, state->node_count, sizeof(*state->nodes), compare_nodes);
	sort(state->networks, state->network_count, sizeof(*state->networks), compare_networks);
}

static bool nodes_look_same(const struct routing_node *a, const struct routing_node *b)
{
	return compare_nodes(a, b) == 0 && a->reachable == b->reachable &&
	       compare_ip(&a->address, &b->address) == 0;
}

bool routing_state_looks_same(const struct routing_state *a, const struct routing_state *b)
{
	if (a->answers != b->answers || a->neighbour_count != b->neighbour_count ||
		a->route_count != b->route_count || a->node_count != b->node_count ||
		a->network_count != b->network_count || a->left_out != b->left_out ||
		strcmp(a->id, b->id) != 0 || strcmp(a->version, b->version) != 0) {
		return false;
	}
	for (size_t i = 0; i < a->neighbour_count; i++) {
		if (compare_neighbours(&a->neighbours[i], &b->neighbours[i]) != 0 ||
			strcmp(a->neighbours[i].name, b->neighbours[i].name) != 0) {
			return false;
		}
	}
	for (size_t i = 0; i < a->route_count; i++) {
		if (compare_routes(&a->routes[i], &b->routes[i]) != 0 ||
			routing_route_is_retracted(a->protocol, &a->routes[i]) !=
				routing_route_is_retracted(b->protocol, &b->routes[i])) {
			return false;
		}
	}
	for (size_t i = 0; i < a->node_count; i++) {
		if (!nodes_look_same(&a->nodes[i], &b->nodes[i])) {
			return false;
		}
	}
	for (size_t i = 0; i < a->network_count; i++) {
		if (compare_networks(&a->networks[i], &b->networks[i]) != 0 ||
			a->networks[i].bandwidth != b->networks[i].bandwidth) {
			return false;
		}
	}
	return true;
}

/* The length of the character at text, 0 when it is not UTF-8 (RFC 3629) or not printable: C0 and
 * C1 controls, and what turns the direction of the writing around it. */
static size_t printable_length(const unsigned char *text)
{
	static const struct {
		unsigned char mask, value;
		uint32_t least;
	} forms[] = {{0x80, 0x00, 0x20}, {0xe0, 0xc0, 0xa0}, {0xf0, 0xe0, 0x800},
		{0xf8, 0xf0, 0x10000}};

	for (size_t more = 0; more < sizeof(forms) / sizeof(forms[0]); more++) {
		if ((text[0] & forms[more].mask) != forms[more].value) {
			continue;
		}
		uint32_t code = text[0] & (unsigned char)~forms[more].mask;
		for (size_t i = 1; i <= more; i++) {
			if ((text[i] & 0xc0) != 0x80) {
				return 0;
			}
			code = code << 6 | (text[i] & 0x3fU);
		}
		bool turns = (code >= 0x200b && code <= 0x200f) ||
			     (code >= 0x2028 && code <= 0x202e) ||
			     (code >= 0x2066 && code <= 0x2069);
		bool surrogate = code >= 0xd800 && code <= 0xdfff;
		return code >= forms[more].least && code != 0x7f && code <= 0x10ffff && !turns &&
				       !surrogate
			       ? more + 1
			       : 0;
	}
	return 0;
}

bool routing_state_is_node_id(const char *text)
{
	return strlen(text) == NODE_ID_LENGTH &&
	       strspn(text, "0123456789abcdefABCDEF") == NODE_ID_LENGTH;
}

void routing_state_copy_name(char *to, size_t size, const char *from)
{
	size_t length = 0;

	for (size_t i = 0; from[i] != '\0' && size > 0;) {
		size_t bytes = printable_length((const unsigned char *)from + i);
		if (bytes == 0) {
			i++;
			continue;
		}
		if (length + bytes >= size) {
			break;
		}
		memcpy(to + length, from + i, bytes);
		length += bytes;
		i += bytes;
	}
	if (size > 0) {
		memset(to + length, 0, size - length);
	}
}

void routing_state_free(struct routing_state *state)
{
	free(state->neighbours);
	free(state->routes);
	free(state->nodes);
	free(state->networks);
	*state = (struct routing_state){.protocol = state->protocol};
}
