/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing/babeld_table.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare_links(const void *left, const void *right)
{
	const struct babeld_line *a = left;
	const struct babeld_line *b = right;

	return strcmp(a->link, b->link);
}

static int compare_keys(const void *left, const void *right)
{
	const struct babeld_line *a = left;
	const struct babeld_line *b = right;

	return (a->key > b->key) - (a->key < b->key);
}

static int compare_prefixes(const void *left, const void *right)
{
	const struct babeld_line *a = left;
	const struct babeld_line *b = right;
	int prefix = memcmp(&a->prefix, &b->prefix, sizeof(a->prefix));

	return prefix != 0 ? prefix : memcmp(&a->source, &b->source, sizeof(a->source));
}

/* The key of each kind is babeld's own. */
static const struct {
	int (*compare)(const void *, const void *);
	size_t max;
} kinds[BABELD_KIND_COUNT] = {
	[BABELD_INTERFACE] = {compare_links, 256},
	[BABELD_NEIGHBOUR] = {compare_keys, ROUTING_NEIGHBOURS_MAX},
	[BABELD_XROUTE] = {compare_prefixes, 1024},
	[BABELD_ROUTE] = {compare_keys, ROUTING_ROUTES_MAX},
};

void babeld_table_free(struct babeld_table *table)
{
	for (size_t kind = 0; kind < BABELD_KIND_COUNT; kind++) {
		tdestroy(table->trees[kind], free);
	}
	*table = (struct babeld_table){0};
}

static int remove_line(struct babeld_table *table, const struct babeld_line *line)
{
	void **tree = &table->trees[line->kind];
	struct babeld_line **found = tfind(line, tree, kinds[line->kind].compare);

	if (found == NULL) {
		return 0;
	}
	struct babeld_line *old = *found;
	tdelete(line, tree, kinds[line->kind].compare);
	free(old);
	table->counts[line->kind]--;
	return 1;
}

static int add_line(struct babeld_table *table, const struct babeld_line *line)
{
	if (table->counts[line->kind] >= kinds[line->kind].max) {
		table->left_out += line->verb == BABELD_ADD ? 1 : 0;
		return line->verb == BABELD_ADD ? 1 : 0;
	}
	struct babeld_line *copy = malloc(sizeof(*copy));
	if (copy == NULL) {
		return -ENOMEM;
	}
	memcpy(copy, line, sizeof(*copy)); /* as bytes, for memcmp */
	if (tsearch(copy, &table->trees[line->kind], kinds[line->kind].compare) == NULL) {
		free(copy);
		return -ENOMEM;
	}
	table->counts[line->kind]++;
	return 1;
}

int babeld_table_take(struct babeld_table *table, const struct babeld_line *line)
{
	struct babeld_line told;

	if (line->verb == BABELD_FLUSH) {
		return remove_line(table, line);
	}
	/* "add" or "change" is no part of what is known. */
	memcpy(&told, line, sizeof(told));
	struct babeld_line **found =
		tfind(line, &table->trees[line->kind], kinds[line->kind].compare);
	if (found == NULL) {
		return add_line(table, line);
	}
	told.verb = (*found)->verb;
	/* Lines are zeroed before they are filled, padding too. */
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
	if (memcmp(*found, &told, sizeof(told)) == 0) {
		return 0;
	}
	memcpy(*found, &told, sizeof(told));
	return 1;
}

bool babeld_table_turns(const struct babeld_table *table, const struct babeld_line *line)
{
	const struct babeld_line *const *found = tfind(line,
		(void *const *)&table->trees[BABELD_ROUTE], kinds[BABELD_ROUTE].compare);

	if (found == NULL || line->verb == BABELD_FLUSH) {
		return (found == NULL) != (line->verb == BABELD_FLUSH);
	}
	const struct babeld_line *known = *found;
	return (known->metric < BABELD_INFINITY) != (line->metric < BABELD_INFINITY) ||
	       known->installed != line->installed || strcmp(known->id, line->id) != 0 ||
	       strcmp(known->link, line->link) != 0 ||
	       memcmp(&known->address, &line->address, sizeof(known->address)) != 0;
}

const struct babeld_line *babeld_table_find_interface(const struct babeld_table *table,
	const char *link)
{
	struct babeld_line wanted = {.kind = BABELD_INTERFACE};

	text_copy(wanted.link, sizeof(wanted.link), link);
	const struct babeld_line *const *found =
		tfind(&wanted, (void *const *)&table->trees[BABELD_INTERFACE], compare_links);
	return found == NULL ? NULL : *found;
}

struct visitor {
	void (*visit)(const struct babeld_line *line, void *context);
	void *context;
};

static void visit_node(const void *node, VISIT which, void *closure)
{
	const struct visitor *visitor = closure;

	if (which == postorder || which == leaf) {
		visitor->visit(*(const struct babeld_line *const *)node, visitor->context);
	}
}

void babeld_table_each(const struct babeld_table *table, enum babeld_kind kind,
	void (*visit)(const struct babeld_line *line, void *context), void *context)
{
	struct visitor visitor = {.visit = visit, .context = context};

	twalk_r(table->trees[kind], visit_node, &visitor);
}

struct building {
	const struct babeld_table *table;
	const char *id;
	struct routing_state *state;
	int result;
};

static void note(struct building *building, int result)
{
	if (result < 0) {
		building->result = result;
	}
}

static uint8_t reach_quality(uint16_t reach)
{
	return (uint8_t)(__builtin_popcount(reach) * 100 / 16);
}

/* What the neighbour says it takes to reach it: 256 is a lossless radio link, 96 a wire. */
static uint8_t cost_quality(uint32_t cost)
{
	if (cost >= BABELD_INFINITY) {
		return 0;
	}
	return cost <= 256 ? 100 : (uint8_t)(25600 / cost);
}

static void add_neighbour(const struct babeld_line *line, void *context)
{
	struct building *building = context;
	struct routing_state *state = building->state;
	struct routing_neighbour neighbour = {
		.address = line->address,
		.cost = line->cost,
		.rx_quality = reach_quality(line->reach),
		.tx_quality = cost_quality(line->txcost),
	};

	/* babeld 1.12 keeps the neighbours of an interface that was flushed until they time out. */
	if (babeld_table_find_interface(building->table, line->link) == NULL) {
		return;
	}
	text_copy(neighbour.link, sizeof(neighbour.link), line->link);
	/* And shows them beside the new ones when the interface is added again. */
	for (size_t i = 0; i < state->neighbour_count; i++) {
		struct routing_neighbour *other = &state->neighbours[i];
		if (strcmp(other->link, neighbour.link) == 0 &&
			memcmp(&other->address, &neighbour.address, sizeof(other->address)) == 0) {
			if (neighbour.cost < other->cost) {
				*other = neighbour;
			}
			return;
		}
	}
	note(building, routing_state_add_neighbour(state, &neighbour));
}

static void add_xroute(const struct babeld_line *line, void *context)
{
	struct building *building = context;
	struct routing_network network = {.network = line->prefix,
		.metric = line->metric,
		.own = true};

	text_copy(network.id, sizeof(network.id), building->id);
	note(building, routing_state_add_network(building->state, &network));
}

static void add_route(const struct babeld_line *line, void *context)
{
	struct building *building = context;
	struct routing_route route = {
		.destination = line->prefix,
		.source = line->source,
		.via = line->address,
		.metric = line->metric,
		.installed = line->installed,
	};

	text_copy(route.link, sizeof(route.link), line->link);
	text_copy(route.id, sizeof(route.id), line->id);
	note(building, routing_state_add_route(building->state, &route));
}

static int compare_ids(const void *left, const void *right)
{
	const struct routing_route *a = *(const struct routing_route *const *)left;
	const struct routing_route *b = *(const struct routing_route *const *)right;
	int id = strcmp(a->id, b->id);
	int where = memcmp(&a->destination, &b->destination, sizeof(a->destination));

	if (id != 0 || where != 0) {
		return id != 0 ? id : where;
	}
	return (a->metric > b->metric) - (a->metric < b->metric);
}

/* Nodes and the networks that they announce, from routes (NULL at the end) in the order of
 * compare_ids: the first of the same id and destination is the best. */
static int add_nodes(struct routing_state *state, struct routing_route **routes)
{
	struct routing_node node = {0};

	for (size_t i = 0; routes[i] != NULL; i++) {
		const struct routing_route *route = routes[i];
		struct routing_network network = {.network = route->destination,
			.metric = route->metric};
		bool same_node = i > 0 && strcmp(route->id, routes[i - 1]->id) == 0;
		bool same = same_node && memcmp(&route->destination, &routes[i - 1]->destination,
						 sizeof(route->destination)) == 0;

		text_copy(network.id, sizeof(network.id), route->id);
		if (!same && routing_state_add_network(state, &network) < 0) {
			return -ENOMEM;
		}
		if (!same_node) {
			if (i > 0 && routing_state_add_node(state, &node) < 0) {
				return -ENOMEM;
			}
			node = (struct routing_node){.metric = route->metric};
			text_copy(node.id, sizeof(node.id), route->id);
		}
		if (route->metric < node.metric) {
			node.metric = route->metric;
		}
		node.reachable = node.metric < BABELD_INFINITY;
	}
	return routes[0] == NULL ? 0 : routing_state_add_node(state, &node);
}

int babeld_table_to_state(const struct babeld_table *table, const char *id,
	struct routing_state *state)
{
	struct routing_state built = {.protocol = PROTOCOL_BABELD, .left_out = table->left_out};
	struct building building = {.table = table, .id = id, .state = &built};
	struct routing_node self = {.reachable = true, .self = true};

	text_copy(self.id, sizeof(self.id), id);
	text_copy(built.id, sizeof(built.id), id);
	note(&building, routing_state_add_node(&built, &self));
	babeld_table_each(table, BABELD_NEIGHBOUR, add_neighbour, &building);
	babeld_table_each(table, BABELD_XROUTE, add_xroute, &building);
	babeld_table_each(table, BABELD_ROUTE, add_route, &building);
	struct routing_route **routes =
		calloc(built.route_count + 1, sizeof(struct routing_route *));
	if (building.result == 0 && routes != NULL) {
		for (size_t i = 0; i < built.route_count; i++) {
			routes[i] = &built.routes[i];
		}
		if (built.route_count > 1) {
			qsort(routes, built.route_count, sizeof(struct routing_route *),
				compare_ids);
		}
		building.result = add_nodes(&built, routes);
	}
	if (building.result < 0 || routes == NULL) {
		free(routes);
		routing_state_free(&built);
		return -ENOMEM;
	}
	free(routes);
	*state = built;
	return 0;
}
