/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The batman-adv mesh interface, its settings and who is heard on it. */
#include <string.h>

#include "base/cleanup.h"
#include "core/snapshot_parts.h"

#define KBIT_PER_UNIT 100 /* struct mesh_peer's throughput */

static bool measures_throughput(const struct link *mesh)
{
	return mesh != NULL && strcmp(mesh->algorithm, "BATMAN_V") == 0;
}

static json_t *peer_to_json(const struct mesh_peer *peer, bool throughput)
{
	json_t *json = json_object();

	json_object_set_new(json, "mac", snapshot_mac(&peer->originator));
	json_object_set_new(json, "next_hop", snapshot_mac(&peer->next_hop));
	json_object_set_new(json, "hardif", json_text_or_null(peer->hardif));
	if (throughput) {
		json_object_set_new(json, "throughput_kbit",
			json_integer((json_int_t)peer->throughput * KBIT_PER_UNIT));
	} else {
		json_object_set_new(json, "tq", json_integer(peer->tq));
	}
	json_object_set_new(json, "last_seen_ms", json_integer(peer->last_seen));
	return json;
}

/* batman-adv's own choice first; without one, the better measure. */
static bool is_better(const struct mesh_peer *a, const struct mesh_peer *b)
{
	if (a->best != b->best) {
		return a->best;
	}
	return a->tq != b->tq ? a->tq > b->tq : a->throughput > b->throughput;
}

static int compare_peers(const void *a, const void *b)
{
	const struct mesh_peer *first = a;
	const struct mesh_peer *second = b;
	int order = memcmp(&first->originator, &second->originator, sizeof(first->originator));

	return order != 0 ? order : is_better(second, first) - is_better(first, second);
}

/* A copy of the peers by MAC, for each the best path first. NULL when memory ends. */
static struct mesh_peer *sort_peers(const struct snapshot_request *request)
{
	struct mesh_peer *sorted = calloc(request->peer_count + 1, sizeof(*sorted));

	if (sorted != NULL && request->peer_count > 0) {
		memcpy(sorted, request->peers, request->peer_count * sizeof(*sorted));
		qsort(sorted, request->peer_count, sizeof(*sorted), compare_peers);
	}
	return sorted;
}

static void add_peers(json_t *json, const struct snapshot_request *request, bool throughput)
{
	struct mesh_peer *sorted CLEANUP(cleanup_free) = sort_peers(request);
	json_t *originators = json_array();
	json_t *neighbours = json_array();

	for (size_t i = 0; sorted != NULL && i < request->peer_count; i++) {
		const struct mesh_peer *peer = &sorted[i];
		if (i == 0 || memcmp(&peer->originator, &sorted[i - 1].originator,
				      sizeof(peer->originator)) != 0) {
			json_array_append_new(originators, peer_to_json(peer, throughput));
		}
		if (peer->neighbour) {
			json_array_append_new(neighbours, peer_to_json(peer, throughput));
		}
	}
	json_object_set_new(json, "originators", originators);
	json_object_set_new(json, "neighbours", neighbours);
}

/* Every setting that this kernel tells, as a person reads it. */
static json_t *mesh_settings(const struct mesh *mesh)
{
	const struct object_class *class = &object_classes[OBJECT_MESH];
	json_t *settings = json_object();
	char text[OBJECT_TEXT_SIZE];

	for (size_t field = 0; mesh != NULL && field < class->field_count; field++) {
		if (object_has(mesh, field)) {
			object_format_field(OBJECT_MESH, mesh, field, text);
			json_object_set_new(settings, class->fields[field].name, json_string(text));
		}
	}
	return settings;
}

json_t *snapshot_mesh(const struct snapshot_request *request)
{
	const struct config *config = request->config;
	json_t *json = json_object();
	char name[IFNAMSIZ] = {0};

	json_object_set_new(json, "enabled", json_boolean(config->batadv.enabled));
	json_object_set_new(json, "device", json_text_or_null(config->batadv.device));
	if (!config->batadv.enabled) {
		return json;
	}
	text_copy(name, sizeof(name), config->batadv.device);
	const struct link *observed = state_find_link(request->observed, name);
	snapshot_add_link(json, observed);
	json_object_set_new(json, "algorithm",
		json_text_or_null(observed != NULL && observed->algorithm[0] != '\0'
					  ? observed->algorithm
					  : config->batadv.algorithm));
	json_object_set_new(json, "settings",
		mesh_settings(state_find(request->observed, OBJECT_MESH, name)));
	add_peers(json, request, measures_throughput(observed));
	return json;
}
