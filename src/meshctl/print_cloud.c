/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases and nodes of the cloud. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "meshctl/human.h"
#include "meshctl/print_services.h"
#include "meshctl/status_sections.h"

static long long not_negative(long long number)
{
	return number > 0 ? number : 0;
}

static void add_age(struct table *table, const json_t *entry, const char *name)
{
	char text[HUMAN_SIZE];
	json_t *value = json_object_get(entry, name);

	if (json_is_number(value)) {
		table_add(table, PRINT_PLAIN, "%s",
			human_seconds(not_negative((long long)json_number_value(value)), text));
	} else {
		table_add_text(table, PRINT_PLAIN, "");
	}
}

/* --- leases --- */

static void add_lease(struct table *table, const json_t *lease)
{
	const char *node = status_text(lease, "node");
	bool own = strcmp(status_text(lease, "origin"), "own") == 0;

	table_add_text(table, PRINT_PLAIN, status_text(lease, "ip"));
	table_add_text(table, PRINT_PLAIN, status_text(lease, "mac"));
	table_add_text(table, PRINT_PLAIN, status_text(lease, "hostname"));
	if (own) {
		table_add(table, PRINT_GOOD, "this node");
	} else {
		table_add_text(table, PRINT_PLAIN,
			node[0] != '\0' ? node : status_text(lease, "author"));
	}
	add_age(table, lease, "age");
	add_age(table, lease, "expires_in");
	if (status_flag(lease, "conflict")) {
		table_add(table, PRINT_BAD, "conflict");
	}
	table_end_row(table);
}

static void add_side(struct table *table, const json_t *side, enum print_style style)
{
	table_add_text(table, style, status_text(side, "mac"));
	table_add_text(table, PRINT_PLAIN, status_text(side, "author"));
}

static void print_conflicts(const json_t *result, const struct status_view *view)
{
	static const char *const titles[] = {"ago", "address", "keeps it", "leased by", "loses it",
		"leased by"};
	struct table table CLEANUP(table_free) = {0};
	const json_t *recent = json_object_get(json_object_get(result, "conflicts"), "recent");
	char age[HUMAN_SIZE];
	size_t index;
	json_t *conflict;

	if (json_array_size(recent) == 0) {
		return;
	}
	table_add_titles(&table, titles, ARRAY_SIZE(titles));
	json_array_foreach (recent, index, conflict) {
		long long time = status_number(conflict, "time");
		table_add(&table, PRINT_PLAIN, "%s",
			human_seconds(not_negative((long long)view->now - time), age));
		table_add_text(&table, PRINT_PLAIN, status_text(conflict, "ip"));
		add_side(&table, json_object_get(conflict, "winner"), PRINT_GOOD);
		add_side(&table, json_object_get(conflict, "loser"), PRINT_BAD);
		table_end_row(&table);
	}
	print_end(view->to);
	print_heading(view, "Conflicts");
	table_print(&table, view->to, view->colour, 0);
}

/* "dropped facts: 3 outside-pool, 1 bad-name" */
static void print_dropped(const json_t *result, const struct status_view *view)
{
	const char *reason;
	json_t *count;
	bool any = false;

	json_object_foreach (json_object_get(result, "dropped"), reason, count) {
		if (json_integer_value(count) <= 0) {
			continue;
		}
		print_styled(view->to, view->colour, PRINT_WARNING, "%s%lld %s",
			any ? ", " : "dropped facts: ", (long long)json_integer_value(count),
			reason);
		any = true;
	}
	if (any) {
		print_end(view->to);
	}
}

void print_leases(const json_t *result, const struct status_view *view)
{
	static const char *const titles[] = {"address", "mac", "name", "leased by", "since",
		"ends in", ""};
	struct table table CLEANUP(table_free) = {0};
	const json_t *leases = json_object_get(result, "leases");
	const json_t *counts = json_object_get(result, "counts");
	long long conflicts = status_number(json_object_get(result, "conflicts"), "total");
	size_t index;
	json_t *lease;

	print_styled(view->to, view->colour, PRINT_BOLD,
		"%lld leases of this node, %lld of other nodes", status_number(counts, "own"),
		status_number(counts, "remote"));
	print_styled(view->to, view->colour, conflicts > 0 ? PRINT_WARNING : PRINT_DIM,
		", %lld conflict%s so far", conflicts, conflicts == 1 ? "" : "s");
	print_end(view->to);
	print_dropped(result, view);
	if (json_array_size(leases) > 0) {
		print_end(view->to);
		table_add_titles(&table, titles, ARRAY_SIZE(titles));
	}
	json_array_foreach (leases, index, lease) {
		add_lease(&table, lease);
	}
	table_print(&table, view->to, view->colour, 0);
	print_conflicts(result, view);
}

/* --- nodes --- */

/* How far its clock is from ours: "+3 s", "-2 h 10 min". Facts carry whole seconds, so that one
 * second of difference is none. */
static void add_offset(struct table *table, const json_t *node)
{
	const json_t *value = json_object_get(node, "clock_offset");
	long long offset = (long long)json_number_value(value);
	char text[HUMAN_SIZE];

	if (!json_is_number(value) || status_flag(node, "self")) {
		table_add_text(table, PRINT_PLAIN, "");
		return;
	}
	if (llabs(offset) <= 1) {
		offset = 0;
	}
	human_seconds(llabs(offset), text);
	table_add(table, PRINT_PLAIN, "%s%s", offset < 0 ? "-" : offset > 0 ? "+" : "", text);
}

static void add_node(struct table *table, const json_t *node)
{
	bool self = status_flag(node, "self");

	table_add_text(table, self ? PRINT_BOLD : PRINT_PLAIN, status_text(node, "name"));
	table_add_text(table, PRINT_PLAIN, status_text(node, "ipv4"));
	table_add_text(table, PRINT_PLAIN, status_text(node, "ipv6"));
	table_add_text(table, PRINT_PLAIN, status_text(node, "mac"));
	table_add_text(table, PRINT_PLAIN, status_text(node, "role"));
	table_add(table, PRINT_PLAIN, "%lld", status_number(node, "leases"));
	if (self) {
		table_add(table, PRINT_GOOD, "this node");
	} else {
		add_age(table, node, "age");
	}
	add_offset(table, node);
	table_add_text(table, PRINT_DIM, status_text(node, "version"));
	table_end_row(table);
}

void print_nodes(const json_t *result, const struct status_view *view)
{
	static const char *const titles[] = {"node", "ipv4", "ipv6", "mac", "alfred", "leases",
		"heard", "clock", "meshd"};
	struct table table CLEANUP(table_free) = {.right = 1u << 5};
	const json_t *nodes = json_object_get(result, "nodes");
	size_t index;
	json_t *node;

	if (json_array_size(nodes) == 0) {
		print_heading(view, "No nodes are known");
		return;
	}
	table_add_titles(&table, titles, ARRAY_SIZE(titles));
	json_array_foreach (nodes, index, node) {
		add_node(&table, node);
	}
	table_print(&table, view->to, view->colour, 0);
}
