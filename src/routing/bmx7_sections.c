/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sections of bmx7's JSON in the common form. Entries that are not what bmx7 prints are passed
 * over: one strange node must not hide the others. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "routing/bmx7_answer.h"

#define INTERFACES_MAX 1024

uint64_t bmx7_rate_parse(const char *text)
{
	char *end;

	if (!isdigit((unsigned char)text[0]) || strlen(text) > 18) {
		return 0;
	}
	uint64_t value = strtoull(text, &end, 10);
	uint64_t factor = 1;
	switch (end[0]) {
	case 'G':
		factor = 1000000000;
		break;
	case 'M':
		factor = 1000000;
		break;
	case 'K':
		factor = 1000;
		break;
	case '\0':
		return value;
	default:
		return 0;
	}
	return end[1] == '\0' && value <= INT64_MAX / factor ? value * factor : 0;
}

double bmx7_uptime_parse(const char *text)
{
	unsigned long parts[4];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t digits = strspn(text, "0123456789");
		if (digits == 0 || digits > 6 || text[digits] != (i < 3 ? ':' : '\0')) {
			return -1;
		}
		parts[i] = strtoul(text, NULL, 10);
		text += digits + 1;
	}
	return (double)parts[0] * 86400 + (double)(parts[1] * 3600 + parts[2] * 60 + parts[3]);
}

/* A string member; "" when it is none, and for what bmx7 prints instead of nothing. */
static const char *get_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL || strcmp(text, "---") == 0 ? "" : text;
}

static void get_name(const json_t *object, const char *name, char *to, size_t size)
{
	routing_state_copy_name(to, size, get_text(object, name));
}

/* A node's, or "". */
static void get_id(const json_t *object, const char *name, char *to, size_t size)
{
	const char *text = get_text(object, name);

	text_copy(to, size, routing_state_is_node_id(text) ? text : "");
}

static void get_link(const json_t *object, const char *name, char to[IFNAMSIZ])
{
	const char *text = get_text(object, name);

	text_copy(to, IFNAMSIZ, ifname_is_valid(text) ? text : "");
}

static uint8_t get_byte(const json_t *object, const char *name, uint8_t max)
{
	json_int_t number = json_integer_value(json_object_get(object, name));

	if (number < 0) {
		return 0;
	}
	return number > max ? max : (uint8_t)number;
}

static int take_status(struct bmx7_answer *answer, const json_t *status)
{
	const char *version = get_text(status, "version");

	if (!json_is_object(status)) {
		return -EINVAL;
	}
	get_id(status, "nodeId", answer->state.id, sizeof(answer->state.id));
	routing_state_copy_name(answer->state.version, sizeof(answer->state.version),
		strncmp(version, "BMX7-", 5) == 0 ? version + 5 : version);
	(void)ip_parse(get_text(status, "primaryIp"), &answer->primary);
	answer->uptime = bmx7_uptime_parse(get_text(status, "uptime"));
	answer->has_status = answer->state.id[0] != '\0' && answer->uptime >= 0;
	return 0;
}

static int take_interface(struct bmx7_answer *answer, const json_t *entry)
{
	struct bmx7_interface interface = {.up = strcmp(get_text(entry, "state"), "UP") == 0};

	get_link(entry, "dev", interface.name);
	if (interface.name[0] == '\0' || answer->interface_count >= INTERFACES_MAX) {
		return 0;
	}
	struct bmx7_interface *grown =
		reallocarray(answer->interfaces, answer->interface_count + 1, sizeof(*grown));
	if (grown == NULL) {
		return -ENOMEM;
	}
	answer->interfaces = grown;
	grown[answer->interface_count++] = interface;
	return 0;
}

static int take_link(struct bmx7_answer *answer, const json_t *entry)
{
	struct routing_neighbour neighbour = {
		.rx_quality = get_byte(entry, "rq", 100),
		.tx_quality = get_byte(entry, "tq", 100),
	};

	get_link(entry, "dev", neighbour.link);
	get_name(entry, "name", neighbour.name, sizeof(neighbour.name));
	get_id(entry, "nodeId", neighbour.id, sizeof(neighbour.id));
	if (neighbour.link[0] == '\0' ||
		ip_parse(get_text(entry, "nbLocalIp"), &neighbour.address) < 0) {
		return 0;
	}
	return routing_state_add_neighbour(&answer->state, &neighbour);
}

/* A node and, when there is a way to it, its route. A node that was reachable once keeps its
 * metric for ever: only its dev tells. */
static int take_originator(struct bmx7_answer *answer, const json_t *entry)
{
	struct routing_state *state = &answer->state;
	struct routing_node node = {
		.metric = bmx7_rate_parse(get_text(entry, "metric")),
		.hops = get_byte(entry, "hops", UINT8_MAX),
	};
	struct routing_route route = {.metric = node.metric, .installed = true};

	get_id(entry, "nodeId", node.id, sizeof(node.id));
	get_name(entry, "name", node.name, sizeof(node.name));
	(void)ip_parse(get_text(entry, "primaryIp"), &node.address);
	get_link(entry, "dev", route.link);
	if (node.id[0] == '\0') {
		return 0;
	}
	node.self = strcmp(node.id, state->id) == 0;
	node.reachable = node.self || route.link[0] != '\0';
	if (!node.reachable) {
		node.metric = 0;
	}
	int result = routing_state_add_node(state, &node);
	if (result < 0 || node.self || !node.reachable || node.address.family == 0) {
		return result;
	}
	route.destination =
		(struct prefix){.ip = node.address, .length = (uint8_t)ip_bits(&node.address)};
	(void)ip_parse(get_text(entry, "nbLocalIp"), &route.via);
	text_copy(route.id, sizeof(route.id), node.id);
	return routing_state_add_route(state, &route);
}

static int compare_node_ids(const void *left, const void *right)
{
	const struct routing_node *a = left;
	const struct routing_node *b = right;

	return strcmp(a->id, b->id);
}

static int compare_short_id(const void *key, const void *member)
{
	const struct routing_node *node = member;

	return strncmp(key, node->id, 8);
}

/* The node of which tunnels tell only the first 8 digits; nodes are in the order of their id. */
static const struct routing_node *find_node(const struct routing_state *state, const char *id)
{
	if (strlen(id) != 8 || state->node_count == 0) {
		return NULL;
	}
	return bsearch(id, state->nodes, state->node_count, sizeof(*state->nodes),
		compare_short_id);
}

static int compare_networks(const void *left, const void *right)
{
	const struct routing_network *a = left;
	const struct routing_network *b = right;
	int network = memcmp(&a->network, &b->network, sizeof(a->network));
	int id = strcmp(a->id, b->id);

	if (network != 0 || id != 0) {
		return network != 0 ? network : id;
	}
	int name = strcmp(a->name, b->name);
	return name != 0 ? name : strcmp(b->tunnel, a->tunnel);
}

/* Several searches may match one announcement: the row with the tunnel in use stands for it, which
 * is the first in the order of compare_networks. */
static void unite_networks(struct routing_state *state)
{
	size_t kept = 0;

	if (state->network_count < 2) {
		return;
	}
	qsort(state->networks, state->network_count, sizeof(*state->networks), compare_networks);
	for (size_t i = 1; i < state->network_count; i++) {
		const struct routing_network *network = &state->networks[i];
		const struct routing_network *last = &state->networks[kept];
		if (memcmp(&network->network, &last->network, sizeof(last->network)) != 0 ||
			strcmp(network->id, last->id) != 0 ||
			strcmp(network->name, last->name) != 0) {
			state->networks[++kept] = *network;
		}
	}
	state->network_count = kept + 1;
}

static int compare_ids(const void *left, const void *right)
{
	const struct routing_network *a = *(const struct routing_network *const *)left;
	const struct routing_network *b = *(const struct routing_network *const *)right;

	return strcmp(a->id, b->id);
}

/* A node has one tunnel for all its networks, whichever search it is made for: it leads to its
 * default route too. */
static int complete_ways(struct routing_state *state)
{
	CLEANUP(cleanup_free)
	const struct routing_network **tunnels =
		calloc(state->network_count + 1, sizeof(struct routing_network *));
	size_t count = 0;

	if (tunnels == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < state->network_count; i++) {
		if (state->networks[i].tunnel[0] != '\0') {
			tunnels[count++] = &state->networks[i];
		}
	}
	if (count > 1) {
		qsort(tunnels, count, sizeof(struct routing_network *), compare_ids);
	}
	for (size_t i = 0; i < state->network_count && count > 0; i++) {
		struct routing_network *way = &state->networks[i];
		const struct routing_network *key = way;
		const struct routing_network *const *found =
			way->network.length == 0 && way->tunnel[0] == '\0'
				? bsearch(&key, tunnels, count, sizeof(struct routing_network *),
					  compare_ids)
				: NULL;
		if (found != NULL) {
			text_copy(way->tunnel, sizeof(way->tunnel), (*found)->tunnel);
		}
	}
	return 0;
}

static int compare_routes(const void *left, const void *right)
{
	const struct routing_route *a = left;
	const struct routing_route *b = right;
	int where = memcmp(&a->destination, &b->destination, sizeof(a->destination));
	int id = strcmp(a->id, b->id);

	if (where != 0 || id != 0) {
		return where != 0 ? where : id;
	}
	return strcmp(a->link, b->link);
}

/* Two searches may have the same route, of different metric, into one tunnel. */
static void unite_routes(struct routing_state *state)
{
	size_t kept = 0;

	if (state->route_count < 2) {
		return;
	}
	qsort(state->routes, state->route_count, sizeof(*state->routes), compare_routes);
	for (size_t i = 1; i < state->route_count; i++) {
		if (compare_routes(&state->routes[i], &state->routes[kept]) != 0) {
			state->routes[++kept] = state->routes[i];
		}
	}
	state->route_count = kept + 1;
}

static int add_tunnel(struct bmx7_answer *answer, const json_t *entry, const char *link)
{
	json_int_t metric = json_integer_value(json_object_get(entry, "ipMtc"));
	struct bmx7_tunnel tunnel = {
		.metric = metric < 0 || metric > UINT32_MAX ? 0 : (uint32_t)metric,
	};

	if (answer->tunnel_count >= ROUTING_ROUTES_MAX ||
		prefix_parse(get_text(entry, "tunRoute"), &tunnel.route) < 0) {
		return 0;
	}
	text_copy(tunnel.search, sizeof(tunnel.search), get_text(entry, "tunOut"));
	text_copy(tunnel.link, sizeof(tunnel.link), link);
	if ((answer->tunnel_count & (answer->tunnel_count - 1)) == 0) {
		size_t capacity = answer->tunnel_count == 0 ? 1 : answer->tunnel_count * 2;
		struct bmx7_tunnel *grown = reallocarray(answer->tunnels, capacity, sizeof(*grown));
		if (grown == NULL) {
			return -ENOMEM;
		}
		answer->tunnels = grown;
	}
	answer->tunnels[answer->tunnel_count++] = tunnel;
	return 0;
}

static int take_tunnel(struct bmx7_answer *answer, const json_t *entry)
{
	struct routing_state *state = &answer->state;
	const struct routing_node *node = find_node(state, get_text(entry, "remoteId"));
	struct routing_network network = {
		.bandwidth = bmx7_rate_parse(get_text(entry, "advBw")),
		.metric = bmx7_rate_parse(get_text(entry, "pathMtc")),
	};
	struct routing_route route = {.metric = network.metric, .installed = true};

	if (prefix_parse(get_text(entry, "advNet"), &network.network) < 0) {
		return 0; /* a search that nothing matches */
	}
	get_name(entry, "remoteName", network.name, sizeof(network.name));
	text_copy(network.id, sizeof(network.id), node == NULL ? "" : node->id);
	get_link(entry, "tunName", network.tunnel);
	/* No way leads to the Internet by a node that is out of reach, whatever it announced. */
	if (network.network.length == 0 && (node == NULL || !node->reachable)) {
		return 0;
	}
	int result = routing_state_add_network(state, &network);
	size_t count = answer->tunnel_count;
	/* The gateway in use is the row with a tunnel. */
	if (result == 0 && network.tunnel[0] != '\0') {
		result = add_tunnel(answer, entry, network.tunnel);
	}
	if (result < 0 || answer->tunnel_count == count) {
		return result;
	}
	route.destination = answer->tunnels[count].route;
	text_copy(route.link, sizeof(route.link), network.tunnel);
	text_copy(route.id, sizeof(route.id), network.id);
	return routing_state_add_route(state, &route);
}

static int take_entries(struct bmx7_answer *answer, const json_t *section,
	int (*take)(struct bmx7_answer *answer, const json_t *entry))
{
	size_t index;
	json_t *entry;

	json_array_foreach (section, index, entry) {
		int result = take(answer, entry);
		if (result < 0) {
			return result;
		}
	}
	return 0;
}

static int take_tunnels(struct bmx7_answer *answer, const json_t *section)
{
	struct routing_state *state = &answer->state;

	if (state->node_count > 1) {
		qsort(state->nodes, state->node_count, sizeof(*state->nodes), compare_node_ids);
	}
	int result = take_entries(answer, section, take_tunnel);
	unite_networks(state);
	unite_routes(state);
	return result < 0 ? result : complete_ways(state);
}

int bmx7_section_take(struct bmx7_answer *answer, const char *name, const json_t *section)
{
	if (strcmp(name, "status") == 0) {
		return take_status(answer, section);
	}
	if (strcmp(name, "interfaces") == 0) {
		return take_entries(answer, section, take_interface);
	}
	if (strcmp(name, "links") == 0) {
		return take_entries(answer, section, take_link);
	}
	if (strcmp(name, "originators") == 0) {
		return take_entries(answer, section, take_originator);
	}
	return strcmp(name, "tunnels") == 0 ? take_tunnels(answer, section) : 0;
}
