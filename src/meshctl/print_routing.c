/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layer 3: what bmx7 and babeld report. */
#include <string.h>

#include "base/cleanup.h"
#include "meshctl/human.h"
#include "meshctl/print_services.h"
#include "meshctl/status_sections.h"

#define INDENT 2

/* One of the tables of a protocol. */
struct list {
	const char *member;
	const char *title;
	const char *titles[8];
	size_t title_count;
	unsigned int right;
	void (*add)(struct table *table, const json_t *entry, bool is_bmx7);
};

bool routing_is_well(const json_t *result)
{
	size_t index;
	json_t *protocol;

	json_array_foreach (json_object_get(result, "protocols"), index, protocol) {
		if (!status_flag(protocol, "answers")) {
			return false;
		}
	}
	return true;
}

/* bmx7's metric is the bandwidth of the path, babeld's a cost. */
static void add_metric(struct table *table, const json_t *entry, bool is_bmx7)
{
	long long metric = status_number(entry, "metric");
	char text[HUMAN_SIZE];

	if (is_bmx7) {
		table_add(table, PRINT_PLAIN, "%sbit/s", human_rate(metric, text));
	} else if (metric >= 65535) {
		table_add(table, PRINT_WARNING, "out of reach");
	} else {
		table_add(table, PRINT_PLAIN, "%lld", metric);
	}
}

static void add_name(struct table *table, const json_t *entry)
{
	const char *name = status_text(entry, "name");

	table_add_text(table, PRINT_PLAIN, name[0] != '\0' ? name : status_text(entry, "id"));
}

static void add_neighbour(struct table *table, const json_t *entry, bool is_bmx7)
{
	add_name(table, entry);
	table_add_text(table, PRINT_PLAIN, status_text(entry, "address"));
	table_add_text(table, PRINT_PLAIN, status_text(entry, "link"));
	table_add(table, PRINT_PLAIN, "%lld%%", status_number(entry, "rx_quality"));
	table_add(table, PRINT_PLAIN, "%lld%%", status_number(entry, "tx_quality"));
	if (!is_bmx7) {
		table_add(table, PRINT_PLAIN, "%lld", status_number(entry, "cost"));
	}
	table_end_row(table);
}

static void add_route(struct table *table, const json_t *entry, bool is_bmx7)
{
	const char *source = status_text(entry, "source");

	table_add_text(table, PRINT_PLAIN, status_text(entry, "destination"));
	table_add_text(table, PRINT_PLAIN, status_text(entry, "via"));
	table_add_text(table, PRINT_PLAIN, status_text(entry, "link"));
	add_metric(table, entry, is_bmx7);
	table_add_text(table, PRINT_PLAIN, source);
	table_add(table, status_flag(entry, "installed") ? PRINT_GOOD : PRINT_DIM, "%s",
		status_flag(entry, "installed") ? "in use" : "spare");
	table_end_row(table);
}

static void add_known_node(struct table *table, const json_t *entry, bool is_bmx7)
{
	long long hops = status_number(entry, "hops");
	bool self = status_flag(entry, "self");

	add_name(table, entry);
	table_add_text(table, PRINT_PLAIN, status_text(entry, "address"));
	if (self) {
		table_add(table, PRINT_GOOD, "this node");
		table_end_row(table);
		return;
	}
	add_metric(table, entry, is_bmx7);
	if (hops > 0) {
		table_add(table, PRINT_PLAIN, "%lld hop%s", hops, hops == 1 ? "" : "s");
	} else {
		table_add_text(table, PRINT_PLAIN, "");
	}
	if (!status_flag(entry, "reachable")) {
		table_add(table, PRINT_BAD, "not reachable");
	}
	table_end_row(table);
}

static void add_network(struct table *table, const json_t *entry, bool is_bmx7)
{
	const char *tunnel = status_text(entry, "tunnel");
	long long bandwidth = status_number(entry, "bandwidth");
	bool own = status_flag(entry, "own");
	char text[HUMAN_SIZE];

	table_add_text(table, PRINT_PLAIN, status_text(entry, "network"));
	if (own) {
		table_add(table, PRINT_GOOD, "this node");
		table_add_text(table, PRINT_PLAIN, "");
	} else {
		add_name(table, entry);
		add_metric(table, entry, is_bmx7);
	}
	if (bandwidth > 0) {
		table_add(table, PRINT_PLAIN, "%sbit/s", human_rate(bandwidth, text));
	} else {
		table_add_text(table, PRINT_PLAIN, "");
	}
	if (tunnel[0] != '\0') {
		table_add(table, PRINT_GOOD, "through %s", tunnel);
	}
	table_end_row(table);
}

static const struct list lists[] = {
	{"neighbours", "neighbour",
		{"neighbour", "address", "link", "hears it", "is heard", "cost"}, 6,
		1u << 3 | 1u << 4 | 1u << 5, add_neighbour},
	{"nodes", "node", {"node", "address", "metric", "distance", ""}, 5, 1u << 2,
		add_known_node},
	{"routes", "route", {"route to", "next hop", "link", "metric", "from", ""}, 6, 1u << 3,
		add_route},
	{"networks", "network", {"network", "offered by", "metric", "offers", ""}, 5,
		1u << 2 | 1u << 3, add_network},
};

static void print_list(const struct list *list, const json_t *protocol,
	const struct status_view *view)
{
	bool is_bmx7 = strcmp(status_text(protocol, "protocol"), "bmx7") == 0;
	const json_t *entries = json_object_get(protocol, list->member);
	struct table table CLEANUP(table_free) = {.right = list->right};
	size_t count = json_array_size(entries);
	size_t shown = status_rows_shown(view, count);
	/* bmx7 has no cost of a link. */
	size_t titles = list->title_count - (is_bmx7 && list->add == add_neighbour);

	if (count == 0) {
		return;
	}
	print_end(view->to);
	table_add_titles(&table, list->titles, titles);
	for (size_t i = 0; i < shown; i++) {
		list->add(&table, json_array_get(entries, i), is_bmx7);
	}
	table_print(&table, view->to, view->colour, INDENT);
	status_print_left_out(view, count - shown);
}

static void print_daemon(const json_t *protocol, const struct status_view *view)
{
	bool answers = status_flag(protocol, "answers");
	const char *id = status_text(protocol, "id");
	long long left_out = status_number(protocol, "left_out");

	print_styled(view->to, view->colour, PRINT_BOLD, "%s", status_text(protocol, "protocol"));
	print_styled(view->to, view->colour, answers ? PRINT_GOOD : PRINT_BAD, "  %s",
		answers ? "answers" : "does not answer");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		size_t count = json_array_size(json_object_get(protocol, lists[i].member));
		print_styled(view->to, view->colour, PRINT_PLAIN, ", %zu %s%s", count,
			lists[i].title, count == 1 ? "" : "s");
	}
	print_styled(view->to, view->colour, PRINT_DIM, "  %s", status_text(protocol, "version"));
	print_end(view->to);
	if (id[0] != '\0') {
		print_styled(view->to, view->colour, PRINT_DIM, "%*sits id is %s", INDENT, "", id);
		print_end(view->to);
	}
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		print_list(&lists[i], protocol, view);
	}
	if (left_out > 0) {
		print_styled(view->to, view->colour, PRINT_WARNING,
			"%*s%lld entries over meshd's bounds are left out", INDENT, "", left_out);
		print_end(view->to);
	}
}

void print_routing(const json_t *result, const struct status_view *view)
{
	const json_t *protocols = json_object_get(result, "protocols");
	size_t index;
	json_t *protocol;

	if (json_array_size(protocols) == 0) {
		print_heading(view, "No layer-3 protocol is in use");
		return;
	}
	json_array_foreach (protocols, index, protocol) {
		if (index > 0) {
			print_end(view->to);
		}
		print_daemon(protocol, view);
	}
}
