/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meshctl/status_sections.h"

#include <string.h>

#include "base/cleanup.h"
#include "meshctl/human.h"
#include "meshctl/table.h"

#define ROWS_SHOWN   ((size_t)10)
#define TABLE_INDENT 2
#define TQ_MAX       255

size_t status_rows_shown(const struct status_view *view, size_t count)
{
	return view->all || count <= ROWS_SHOWN ? count : ROWS_SHOWN;
}

void status_print_left_out(const struct status_view *view, size_t left_out)
{
	if (left_out > 0) {
		print_styled(view->to, view->colour, PRINT_DIM, "%*s... and %zu more (--all)",
			TABLE_INDENT, "", left_out);
		print_end(view->to);
	}
}

static void print_table(const char *title, const struct table *table,
	const struct status_view *view, size_t left_out)
{
	print_end(view->to);
	print_styled(view->to, view->colour, PRINT_BOLD, "%s", title);
	print_end(view->to);
	table_print(table, view->to, view->colour, TABLE_INDENT);
	status_print_left_out(view, left_out);
}

static const json_t *find_role(const json_t *link, const char *role)
{
	size_t index;
	json_t *vlan;

	json_array_foreach (json_object_get(link, "vlans"), index, vlan) {
		if (strcmp(status_text(vlan, "role"), role) == 0) {
			return vlan;
		}
	}
	return NULL;
}

static const char *const roles[] = {"batadv", "bmx7", "babeld"};

static bool role_is_used(const json_t *links, const char *role, long long *vid)
{
	size_t index;
	json_t *link;

	json_array_foreach (links, index, link) {
		const json_t *vlan = find_role(link, role);
		if (vlan != NULL) {
			*vid = status_number(vlan, "vid");
			return true;
		}
	}
	return false;
}

static void add_role(struct table *table, const json_t *vlan)
{
	const char *hardif = status_text(vlan, "hardif");
	long long mtu = status_number(vlan, "mtu");

	if (vlan == NULL) {
		table_add(table, PRINT_DIM, "-");
	} else if (!status_flag(vlan, "present")) {
		table_add(table, PRINT_BAD, "missing");
	} else if (!status_flag(vlan, "up")) {
		table_add(table, PRINT_BAD, "down");
	} else if (hardif[0] != '\0' && strcmp(hardif, "active") != 0) {
		table_add(table, PRINT_WARNING, "%s, mtu %lld", hardif, mtu);
	} else {
		table_add(table, PRINT_PLAIN, "%s, mtu %lld%s", hardif[0] != '\0' ? hardif : "up",
			mtu, status_flag(vlan, "fragments") ? " (fragments)" : "");
	}
}

static void add_link(struct table *table, const json_t *link, const bool used[])
{
	table_add(table, PRINT_PLAIN, "%s", status_text(link, "name"));
	if (!status_flag(link, "present")) {
		table_add(table, PRINT_BAD, "missing");
		table_end_row(table);
		return;
	}
	if (!status_flag(link, "up")) {
		table_add(table, PRINT_BAD, "down");
	} else if (!status_flag(link, "carrier")) {
		table_add(table, PRINT_WARNING, "no carrier");
	} else {
		table_add(table, PRINT_GOOD, "up");
	}
	table_add(table, PRINT_PLAIN, "%lld", status_number(link, "mtu"));
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		if (used[i]) {
			add_role(table, find_role(link, roles[i]));
		}
	}
	table_end_row(table);
}

/* One row a link; a column for each protocol that any link carries. */
void status_print_links(const json_t *status, const struct status_view *view)
{
	const json_t *links = json_object_get(status, "links");
	struct table table CLEANUP(table_free) = {.right = 1u << 2};
	size_t count = json_array_size(links);
	size_t shown = status_rows_shown(view, count);
	bool used[ARRAY_SIZE(roles)];

	table_add(&table, PRINT_DIM, "link");
	table_add(&table, PRINT_DIM, "state");
	table_add(&table, PRINT_DIM, "mtu");
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		long long vid = 0;
		used[i] = role_is_used(links, roles[i], &vid);
		if (used[i] && vid != 0) {
			table_add(&table, PRINT_DIM, "%s, VLAN %lld", roles[i], vid);
		} else if (used[i]) {
			table_add(&table, PRINT_DIM, "%s, untagged", roles[i]);
		}
	}
	table_end_row(&table);
	for (size_t i = 0; i < shown; i++) {
		add_link(&table, json_array_get(links, i), used);
	}
	print_table(count == 0 ? "Mesh links: none" : "Mesh links",
		count == 0 ? &(struct table){0} : &table, view, count - shown);
}

static void add_peer(struct table *table, const json_t *peer, bool with_next_hop)
{
	const json_t *throughput = json_object_get(peer, "throughput_kbit");
	long long tq = status_number(peer, "tq");
	char age[HUMAN_SIZE];

	table_add(table, PRINT_PLAIN, "%s", status_text(peer, "mac"));
	table_add(table, PRINT_PLAIN, "%s", status_text(peer, "hardif"));
	if (throughput != NULL) {
		table_add(table, PRINT_PLAIN, "%.1f Mbit/s",
			(double)json_integer_value(throughput) / 1000.0);
	} else {
		table_add(table, tq < TQ_MAX / 4 ? PRINT_WARNING : PRINT_PLAIN, "%lld/%d", tq,
			TQ_MAX);
	}
	table_add(table, PRINT_PLAIN, "%s ago",
		human_milliseconds(status_number(peer, "last_seen_ms"), age));
	if (with_next_hop) {
		table_add(table, PRINT_DIM, "%s", status_text(peer, "next_hop"));
	}
	table_end_row(table);
}

static void print_peers(const char *title, const json_t *peers, const struct status_view *view,
	bool with_next_hop)
{
	struct table table CLEANUP(table_free) = {.right = 1u << 2 | 1u << 3};
	size_t count = json_array_size(peers);
	size_t shown = status_rows_shown(view, count);

	if (count == 0) {
		return;
	}
	table_add(&table, PRINT_DIM, "mac");
	table_add(&table, PRINT_DIM, "through");
	table_add(&table, PRINT_DIM, "quality");
	table_add(&table, PRINT_DIM, "heard");
	if (with_next_hop) {
		table_add(&table, PRINT_DIM, "next hop");
	}
	table_end_row(&table);
	for (size_t i = 0; i < shown; i++) {
		add_peer(&table, json_array_get(peers, i), with_next_hop);
	}
	print_table(title, &table, view, count - shown);
}

void status_print_peers(const json_t *status, const struct status_view *view)
{
	const json_t *mesh = json_object_get(status, "mesh");

	print_peers("Neighbours", json_object_get(mesh, "neighbours"), view, false);
	print_peers("Nodes of the cloud", json_object_get(mesh, "originators"), view, true);
}

static void add_rule(struct table *table, const json_t *rule)
{
	bool present = status_flag(rule, "present");
	char packets[HUMAN_SIZE];
	char bytes[HUMAN_SIZE];

	table_add(table, PRINT_PLAIN, "%s", status_text(rule, "name"));
	table_add(table, PRINT_DIM, "%s", status_text(rule, "chain"));
	table_add(table, PRINT_PLAIN, "%s", status_text(rule, "verdict"));
	table_add(table, PRINT_PLAIN, "%s", human_count(status_number(rule, "packets"), packets));
	table_add(table, PRINT_PLAIN, "%s", human_bytes(status_number(rule, "bytes"), bytes));
	if (!present) {
		table_add(table, PRINT_BAD, "missing");
	} else if (status_flag(rule, "foreign")) {
		table_add(table, PRINT_WARNING, "not ours");
	}
	table_end_row(table);
}

/* What a person looks for first: rules that caught something or are wrong. Those of "inet meshd"
 * are there to be met by every packet. */
static bool rule_is_of_interest(const json_t *rule)
{
	bool catches = strcmp(status_text(rule, "table"), "inet meshd") != 0;

	return (catches && status_number(rule, "packets") > 0) || !status_flag(rule, "present") ||
	       status_flag(rule, "foreign");
}

void status_print_rules(const json_t *status, const struct status_view *view)
{
	struct table table CLEANUP(table_free) = {.right = 1u << 3 | 1u << 4};
	const json_t *rules = json_object_get(status, "rules");
	size_t count = json_array_size(rules);
	size_t interesting = 0;
	char title[128];
	size_t index;
	json_t *rule;

	table_add(&table, PRINT_DIM, "rule");
	table_add(&table, PRINT_DIM, "chain");
	table_add(&table, PRINT_DIM, "does");
	table_add(&table, PRINT_DIM, "frames");
	table_add(&table, PRINT_DIM, "bytes");
	table_end_row(&table);
	json_array_foreach (rules, index, rule) {
		bool wanted = rule_is_of_interest(rule);
		interesting += wanted;
		if (view->all || (wanted && interesting <= ROWS_SHOWN)) {
			add_rule(&table, rule);
		}
	}
	if (count == 0) {
		return;
	}
	snprintf(title, sizeof(title), "Rules: %zu, %zu of them caught frames or are not right",
		count, interesting);
	bool empty = interesting == 0 && !view->all;
	size_t shown = status_rows_shown(view, interesting);
	print_table(title, empty ? &(struct table){0} : &table, view,
		view->all ? 0 : interesting - shown);
}
