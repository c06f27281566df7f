/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/json_text.h"
#include "core/routing_state.h"

/* "" and none become null. */
static json_t *text_json(const char *text)
{
	return text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *neighbour_json(const struct routing_neighbour *neighbour)
{
	return json_pack("{s:o, s:s, s:o, s:o, s:I, s:i, s:i}", "address",
		json_ip(&neighbour->address), "link", neighbour->link, "name",
		text_json(neighbour->name), "id", text_json(neighbour->id), "cost",
		(json_int_t)neighbour->cost, "rx_quality", neighbour->rx_quality, "tx_quality",
		neighbour->tx_quality);
}

static json_t *route_json(const struct routing_route *route)
{
	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:I, s:b}", "destination",
		json_prefix(&route->destination), "source", json_prefix(&route->source), "via",
		json_ip(&route->via), "link", route->link, "id", text_json(route->id), "metric",
		(json_int_t)route->metric, "installed", route->installed);
}

static json_t *node_json(const struct routing_node *node)
{
	return json_pack("{s:o, s:o, s:o, s:I, s:o, s:b, s:b}", "id", text_json(node->id), "name",
		text_json(node->name), "address", json_ip(&node->address), "metric",
		(json_int_t)node->metric, "hops",
		node->hops == 0 ? json_null() : json_integer(node->hops), "reachable",
		node->reachable, "self", node->self);
}

static json_t *network_json(const struct routing_network *network)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:b}", "network",
		json_prefix(&network->network), "id", text_json(network->id), "name",
		text_json(network->name), "bandwidth",
		network->bandwidth == 0 ? json_null()
					: json_integer((json_int_t)network->bandwidth),
		"metric", (json_int_t)network->metric, "tunnel", text_json(network->tunnel), "own",
		network->own);
}

/* Appends to one list of the state; false when memory ended. */
static bool append(json_t *state, const char *list, json_t *entry)
{
	return json_array_append_new(json_object_get(state, list), entry) == 0;
}

static bool append_all(json_t *json, const struct routing_state *state)
{
	bool whole = true;

	for (size_t i = 0; i < state->neighbour_count; i++) {
		whole = whole && append(json, "neighbours", neighbour_json(&state->neighbours[i]));
	}
	for (size_t i = 0; i < state->route_count; i++) {
		whole = whole && append(json, "routes", route_json(&state->routes[i]));
	}
	for (size_t i = 0; i < state->node_count; i++) {
		whole = whole && append(json, "nodes", node_json(&state->nodes[i]));
	}
	for (size_t i = 0; i < state->network_count; i++) {
		whole = whole && append(json, "networks", network_json(&state->networks[i]));
	}
	return whole;
}

json_t *routing_state_to_json(const struct routing_state *state)
{
	const char *protocol = state->protocol == PROTOCOL_BMX7 ? "bmx7" : "babeld";
	json_t *json = json_pack("{s:s, s:b, s:o, s:o, s:[], s:[], s:[], s:[], s:I}", "protocol",
		protocol, "answers", state->answers, "id", text_json(state->id), "version",
		text_json(state->version), "neighbours", "routes", "nodes", "networks", "left_out",
		(json_int_t)state->left_out);

	if (json == NULL || !append_all(json, state)) {
		json_decref(json);
		return NULL;
	}
	return json;
}
