/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/json_text.h"
#include "core/lease_book.h"

static const char *const reason_names[] = {
	[LEASE_REASON_SIZE] = "too-large",
	[LEASE_REASON_MAGIC] = "not-meshd",
	[LEASE_REASON_VERSION] = "newer-version",
	[LEASE_REASON_MALFORMED] = "malformed",
	[LEASE_REASON_SOURCE] = "wrong-source",
	[LEASE_REASON_SELF] = "claims-us",
	[LEASE_REASON_AUTHOR] = "claims-another",
	[LEASE_REASON_STALE] = "stale",
	[LEASE_REASON_FLOOD] = "flood",
	[LEASE_REASON_NODES] = "too-many-nodes",
	[LEASE_REASON_NODE_ADDRESS] = "node-address",
	[LEASE_REASON_POOL] = "outside-pool",
	[LEASE_REASON_RESERVED] = "reserved-address",
	[LEASE_REASON_MAC] = "bad-mac",
	[LEASE_REASON_TIME] = "bad-time",
	[LEASE_REASON_LEASES] = "too-many-leases",
	[LEASE_REASON_NAME] = "bad-name",
	[LEASE_REASON_NAME_TAKEN] = "name-taken",
	[LEASE_REASON_OWN] = "own-not-shareable",
};
_Static_assert(ARRAY_SIZE(reason_names) == LEASE_REASONS, "every reason has a name");

static const char *node_name(const struct lease_book *book, const struct mac *author)
{
	for (size_t i = 0; i < book->node_count; i++) {
		if (lease_compare_mac(&book->nodes[i].author, author) == 0) {
			return book->nodes[i].hostname;
		}
	}
	return lease_compare_mac(&book->settings.mac, author) == 0 ? book->settings.hostname : "";
}

static json_t *shown_to_json(const struct lease_book *book, const struct lease_shown *shown,
	const struct lease_now *now)
{
	struct ip ip = lease_ip(shown->address);
	double left = shown->expires - now->boot;
	int64_t age = lease_clock_time(book, now->boot) - shown->begin;

	return json_pack("{s:o, s:o, s:s, s:s, s:o, s:s, s:I, s:I, s:o, s:b}", "ip", json_ip(&ip),
		"mac", json_mac(&shown->mac), "hostname", shown->name, "origin",
		shown->own ? "own" : "remote", "author", json_mac(&shown->author), "node",
		node_name(book, &shown->author), "age", (json_int_t)(age > 0 ? age : 0), "begin",
		(json_int_t)shown->begin, "expires_in",
		isinf(left) ? json_null() : json_integer((json_int_t)(left > 0 ? left : 0)),
		"conflict", shown->conflict);
}

static json_t *side_to_json(const struct lease_side *side)
{
	return json_pack("{s:o, s:o, s:I}", "mac", json_mac(&side->mac), "author",
		json_mac(&side->author), "begin", (json_int_t)side->begin);
}

/* The newest first. */
static json_t *conflicts_to_json(const struct lease_book *book)
{
	json_t *recent = json_array();
	const struct lease_conflict *conflict;

	for (size_t i = 0; (conflict = lease_book_conflict(book, i)) != NULL; i++) {
		json_array_append_new(recent,
			json_pack("{s:I, s:o, s:o, s:o}", "time", (json_int_t)conflict->time, "ip",
				json_ip(&conflict->ip), "winner", side_to_json(&conflict->winner),
				"loser", side_to_json(&conflict->loser)));
	}
	return json_pack("{s:I, s:o}", "total", (json_int_t)book->conflict_total, "recent", recent);
}

static json_t *dropped_to_json(const struct lease_book *book)
{
	json_t *dropped = json_object();

	for (size_t i = 0; i < LEASE_REASONS; i++) {
		if (book->dropped[i] > 0) {
			json_object_set_new(dropped, reason_names[i],
				json_integer((json_int_t)book->dropped[i]));
		}
	}
	return dropped;
}

static size_t count_own(const struct lease_book *book)
{
	size_t count = 0;

	while (count < book->result.shown_count && book->result.shown[count].own) {
		count++;
	}
	return count;
}

json_t *lease_book_leases_to_json(const struct lease_book *book, const struct lease_now *now)
{
	const struct lease_result *result = &book->result;
	CLEANUP(cleanup_json) json_t *leases = json_array();
	size_t own = count_own(book);

	for (size_t i = 0; i < result->shown_count; i++) {
		if (json_array_append_new(leases, shown_to_json(book, &result->shown[i], now)) <
			0) {
			return NULL;
		}
	}
	return json_pack("{s:O, s:{s:I, s:I}, s:o, s:o}", "leases", leases, "counts", "own",
		(json_int_t)own, "remote", (json_int_t)(result->shown_count - own), "conflicts",
		conflicts_to_json(book), "dropped", dropped_to_json(book));
}

static json_t *self_to_json(const struct lease_book *book, const struct lease_now *now)
{
	const struct lease_settings *settings = &book->settings;

	return json_pack("{s:s, s:o, s:o, s:o, s:b, s:f, s:s, s:s, s:I, s:f}", "name",
		settings->hostname, "mac", json_mac(&settings->mac), "ipv4",
		json_ip(&settings->ipv4.ip), "ipv6", json_ip(&settings->ipv6.ip), "self", 1, "age",
		0.0, "version", settings->version, "role",
		settings->primary ? "primary" : "secondary", "leases", (json_int_t)book->own_count,
		"clock_offset", now->wall - now->boot - book->offset);
}

static json_t *node_to_json(const struct lease_book *book, const struct lease_node *node,
	const struct lease_now *now)
{
	struct ip ipv4 = lease_ip(node->ipv4);
	static const struct ip none;
	size_t last = (node->sample_count - 1) % LEASE_SAMPLES_MAX;

	return json_pack("{s:s, s:o, s:o, s:o, s:b, s:f, s:s, s:s, s:I, s:f}", "name",
		node->hostname, "mac", json_mac(&node->author), "ipv4",
		json_ip(node->has_ipv4 ? &ipv4 : &none), "ipv6", json_ip(&node->ipv6), "self", 0,
		"age", now->boot - node->received, "version", node->version, "role",
		(node->flags & FACT_PRIMARY) != 0 ? "primary" : "secondary", "leases",
		(json_int_t)node->lease_total, "clock_offset", node->samples[last] - book->offset);
}

static int compare_named(const void *left, const void *right)
{
	const struct lease_node *a = *(const struct lease_node *const *)left;
	const struct lease_node *b = *(const struct lease_node *const *)right;
	int order = strcmp(a->hostname, b->hostname);

	return order != 0 ? order : lease_compare_mac(&a->author, &b->author);
}

json_t *lease_book_nodes_to_json(const struct lease_book *book, const struct lease_now *now)
{
	CLEANUP(cleanup_json) json_t *nodes = json_array();
	CLEANUP(cleanup_free)
	const struct lease_node **order =
		calloc(book->node_count + 1, sizeof(const struct lease_node *));
	size_t count = 0;

	if (order == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < book->node_count; i++) {
		if (now->boot - book->nodes[i].received <= LEASE_NODE_TRUST) {
			order[count++] = &book->nodes[i];
		}
	}
	qsort(order, count, sizeof(const struct lease_node *), compare_named);
	json_array_append_new(nodes, self_to_json(book, now));
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(nodes, node_to_json(book, order[i], now)) < 0) {
			return NULL;
		}
	}
	return json_pack("{s:O}", "nodes", nodes);
}

json_t *lease_book_to_json(const struct lease_book *book, const struct lease_now *now)
{
	size_t own = count_own(book);
	size_t nodes = 1;

	for (size_t i = 0; i < book->node_count; i++) {
		nodes += now->boot - book->nodes[i].received <= LEASE_NODE_KEEP;
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o}", "own", (json_int_t)own,
		"remote", (json_int_t)(book->result.shown_count - own), "nodes", (json_int_t)nodes,
		"conflicts", (json_int_t)book->conflict_total, "left_out",
		(json_int_t)book->left_out, "published_bytes", (json_int_t)book->published_bytes,
		"cloud_offset", now->boot + book->offset - now->wall, "dropped",
		dropped_to_json(book));
}

bool lease_book_node(const struct lease_book *book, size_t index, const struct lease_now *now,
	struct lease_node_view *view)
{
	if (index > book->node_count) {
		return false;
	}
	if (index == 0) {
		*view = (struct lease_node_view){.mac = book->settings.mac,
			.source = book->settings.source,
			.self = true,
			.fresh = true,
			.primary = book->settings.primary,
			.hostname = book->settings.hostname,
			.lease_count = book->own_count};
		return true;
	}
	const struct lease_node *node = &book->nodes[index - 1];
	*view = (struct lease_node_view){.mac = node->author,
		.source = node->source,
		.fresh = now->boot - node->received <= LEASE_NODE_KEEP,
		.primary = (node->flags & FACT_PRIMARY) != 0,
		.hostname = node->hostname,
		.age = now->boot - node->received,
		.lease_count = node->claim_count};
	return true;
}
