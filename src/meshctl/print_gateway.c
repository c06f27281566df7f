/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of the ways to the Internet. */
#include "meshctl/print_gateway.h"

#include <string.h>

#include "base/cleanup.h"
#include "meshctl/status_sections.h"
#include "meshctl/table.h"
#include "meshctl/wrap.h"

#define INDENT    2
#define LABEL_END 11

static const char *const kinds[] = {"ping", "tcp", "dns", "http"};

static enum print_style health_style(const char *health, bool suppressed)
{
	if (strcmp(health, "up") == 0) {
		return suppressed ? PRINT_WARNING : PRINT_GOOD;
	}
	return strcmp(health, "down") == 0       ? PRINT_BAD
	       : strcmp(health, "doubtful") == 0 ? PRINT_WARNING
						 : PRINT_DIM;
}

static long long sum(const json_t *counts)
{
	long long total = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		total += gateway_number(counts, kinds[i]);
	}
	return total;
}

/* "up 3/3": of the last round, how many answered of those asked. */
static void add_health(struct table *table, const json_t *path)
{
	const char *health = status_text(path, "health");
	long long asked = sum(json_object_get(path, "asked"));
	enum print_style style = health_style(health, status_flag(path, "suppressed"));

	if (!json_is_object(path) || health[0] == '\0') {
		table_add_text(table, PRINT_DIM, "");
	} else if (asked > 0) {
		table_add(table, style, "%s %lld/%lld", health,
			sum(json_object_get(path, "answered")), asked);
	} else {
		table_add(table, style, "%s", health);
	}
}

static void add_rtt(struct table *table, const json_t *path)
{
	double rtt = json_number_value(json_object_get(path, "rtt"));

	if (rtt > 0) {
		table_add(table, PRINT_PLAIN, "%.*f ms", rtt < 0.01 ? 1 : 0, rtt * 1000);
	} else {
		table_add_text(table, PRINT_PLAIN, "");
	}
}

static void add_rate(struct table *table, const json_t *entry, const char *name)
{
	long long rate = gateway_number(entry, name);
	char text[HUMAN_SIZE];

	table_add_text(table, PRINT_PLAIN, rate > 0 ? human_count(rate, text) : "");
}

static void add_part(struct table *table, const json_t *entry, const char *name)
{
	const json_t *part = json_object_get(entry, name);

	if (json_is_number(part)) {
		table_add(table, PRINT_PLAIN, "%.2f", json_number_value(part));
	} else {
		table_add_text(table, PRINT_PLAIN, "");
	}
}

/* --- gateways --- */

static const char *class_text(long long user_class)
{
	switch (user_class) {
	case 2:
		return "the one the user wants";
	case 1:
		return "preferred by the user";
	case -1:
		return "avoided by the user: for when nothing else works";
	default:
		return "";
	}
}

static void add_penalty_note(struct table *table, const json_t *path)
{
	long long penalty = gateway_number(path, "penalty");

	if (status_flag(path, "suppressed")) {
		table_add_note(table, PRINT_WARNING,
			"penalty %lld for flapping: rests until that has decayed", penalty);
	} else if (penalty > 0) {
		table_add_note(table, PRINT_DIM, "penalty %lld for flapping", penalty);
	}
}

static void add_details_note(struct table *table, const json_t *candidate)
{
	const char *link = status_text(candidate, "link");
	const char *id = status_text(candidate, "id");
	char every[HUMAN_SIZE];
	bool probed = gateway_number(candidate, "probe_interval") > 0;

	table_add_note(table, PRINT_DIM, "id %s", id[0] != '\0' ? id : "unknown");
	gateway_age(candidate, "probe_interval", every);
	table_add_note(table, PRINT_DIM, "%s%s%s%s", link[0] != '\0' ? "through " : "no device yet",
		link, probed ? ", probed every " : ", not probed", probed ? every : "");
}

static void add_notes(struct table *table, const json_t *candidate, const struct status_view *view)
{
	const json_t *path = json_object_get(candidate, "health");
	const char *why_not = status_text(candidate, "why_not");
	const char *reason = status_text(path, "reason");
	const char *class = class_text(gateway_number(candidate, "user_class"));

	if (!status_flag(candidate, "usable")) {
		table_add_note(table, PRINT_WARNING, "not usable%s%s",
			why_not[0] != '\0' ? ": " : "", why_not);
	} else if (reason[0] != '\0') {
		table_add_note(table, PRINT_WARNING, "last round: %s", reason);
	}
	add_penalty_note(table, path);
	if (strcmp(status_text(candidate, "kind"), "uplink") == 0) {
		table_add_note(table, PRINT_DIM, "priority %lld",
			gateway_number(candidate, "priority"));
	}
	if (class[0] != '\0') {
		table_add_note(table, PRINT_PLAIN, "%s", class);
	}
	if (view->all) {
		add_details_note(table, candidate);
	}
}

static void add_candidate(struct table *table, const json_t *candidate,
	const struct status_view *view)
{
	bool in_use = status_flag(candidate, "in_use");
	const char *kind = status_text(candidate, "kind");
	const json_t *path = json_object_get(candidate, "health");
	bool is_uplink = strcmp(kind, "uplink") == 0;
	char name[GATEWAY_TEXT_MAX];

	table_add(table, in_use ? PRINT_GOOD : PRINT_PLAIN, "%s %s", in_use ? "*" : " ",
		is_uplink ? status_text(candidate, "id") : gateway_name(candidate, name));
	table_add_text(table, PRINT_PLAIN, kind);
	add_health(table, path);
	add_rtt(table, path);
	add_rate(table, candidate, "path");
	add_rate(table, candidate, "bandwidth");
	add_part(table, candidate, "stability");
	add_part(table, candidate, "preference");
	add_rate(table, candidate, "score");
	table_end_row(table);
	add_notes(table, candidate, view);
}

/* Returns how many candidates there are. */
static size_t print_family(const json_t *family, const char *title, const struct status_view *view)
{
	static const char *const titles[] = {"  gateway", "kind", "health", "rtt", "path", "offers",
		"stable", "pref", "score"};
	struct table table CLEANUP(table_free) = {
		.right = 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8};
	const json_t *candidates = json_object_get(family, "candidates");
	size_t count = json_array_size(candidates);
	size_t shown = status_rows_shown(view, count);

	gateway_print_head(family, title, view);
	if (count > 0) {
		table_add_titles(&table, titles, ARRAY_SIZE(titles));
	}
	for (size_t i = 0; i < shown; i++) {
		add_candidate(&table, json_array_get(candidates, i), view);
	}
	table_print(&table, view->to, view->colour, 0);
	status_print_left_out(view, count - shown);
	print_end(view->to);
	return count;
}

static void print_families(const json_t *result, const struct status_view *view)
{
	const json_t *families = json_object_get(result, "families");
	size_t candidates = 0;

	for (size_t i = 0; i < ARRAY_SIZE(gateway_families); i++) {
		const json_t *family = json_object_get(families, gateway_families[i]);
		if (json_is_object(family)) {
			candidates += print_family(family,
				gateway_family_title(gateway_families[i]), view);
		}
	}
	if (candidates > 0) {
		wrap_print(view->to, view->colour, PRINT_DIM, 0,
			"In order of preference, * is in use. score = the smaller of path and "
			"offers (bit/s) x stable (what the penalty for flapping leaves) x pref "
			"(more for the one in use). Uplinks go by their priority, lower first.");
		print_end(view->to);
	}
}

/* --- uplinks --- */

/* "ping 2/3, dns 0/2" and why those did not answer; with --all each of them. */
static void add_targets(struct table *table, const json_t *targets, bool all)
{
	char summary[GATEWAY_TEXT_MAX] = "";
	size_t index;
	json_t *target;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		unsigned int good = 0;
		unsigned int count = 0;
		size_t length = strlen(summary);
		json_array_foreach (targets, index, target) {
			bool same = strcmp(status_text(target, "kind"), kinds[i]) == 0;
			count += same;
			good += same && status_flag(target, "ok");
		}
		if (count > 0) {
			snprintf(summary + length, sizeof(summary) - length, "%s%s %u/%u",
				length > 0 ? ", " : "", kinds[i], good, count);
		}
	}
	if (summary[0] != '\0') {
		table_add_note(table, PRINT_DIM, "targets: %s", summary);
	}
	json_array_foreach (targets, index, target) {
		bool ok = status_flag(target, "ok");
		const char *error = status_text(target, "error");
		double rtt = json_number_value(json_object_get(target, "rtt"));
		if (all && ok) {
			table_add_note(table, PRINT_DIM, "%s %s: %.1f ms",
				status_text(target, "kind"), status_text(target, "target"),
				rtt * 1000);
		} else if (!ok && (all || error[0] != '\0')) {
			table_add_note(table, PRINT_DIM, "%s %s: %s", status_text(target, "kind"),
				status_text(target, "target"),
				error[0] != '\0' ? error : "not asked yet");
		}
	}
}

static void add_share(struct table *table, const json_t *uplink)
{
	const char *share = status_text(uplink, "share");

	if (status_flag(uplink, "offered")) {
		table_add(table, PRINT_GOOD, "offered");
	} else if (strcmp(share, "never") == 0) {
		table_add(table, PRINT_DIM, "never shared");
	} else {
		table_add(table, PRINT_WARNING, "not offered");
	}
}

static void add_uplink_notes(struct table *table, const json_t *uplink)
{
	const json_t *path = json_object_get(uplink, "path");
	const char *why_not = status_text(uplink, "why_not");
	const char *reason = status_text(path, "reason");
	const json_t *own = json_object_get(uplink, "own_use");
	char rate[HUMAN_SIZE];

	if (reason[0] != '\0') {
		table_add_note(table, PRINT_WARNING, "%s%s",
			status_flag(path, "captive") ? "captive portal: " : "", reason);
	}
	bool wanted = strcmp(status_text(uplink, "share"), "never") != 0;
	if (wanted && !status_flag(uplink, "offered") && why_not[0] != '\0') {
		table_add_note(table, PRINT_WARNING, "not offered: %s", why_not);
	}
	if (json_is_number(own)) {
		table_add_note(table, PRINT_DIM, "own users need %sbit/s",
			human_rate(gateway_number(uplink, "own_use"), rate));
	}
}

static void add_uplink(struct table *table, const json_t *uplink, const struct status_view *view)
{
	const json_t *path = json_object_get(uplink, "path");
	char age[HUMAN_SIZE];

	table_add_text(table, PRINT_PLAIN, status_text(uplink, "link"));
	table_add_text(table, PRINT_PLAIN, gateway_family_title(status_text(uplink, "family")));
	table_add_text(table, PRINT_PLAIN, status_text(uplink, "gateway"));
	add_health(table, path);
	table_add_text(table, PRINT_PLAIN, gateway_age(path, "since", age));
	add_rtt(table, path);
	table_add(table, PRINT_PLAIN, "%lld", gateway_number(path, "penalty"));
	add_share(table, uplink);
	table_end_row(table);
	add_uplink_notes(table, uplink);
	add_targets(table, json_object_get(uplink, "targets"), view->all);
}

static void print_uplinks(const json_t *result, const struct status_view *view)
{
	static const char *const titles[] = {"uplink", "family", "gateway", "health", "since",
		"rtt", "penalty", "mesh"};
	struct table table CLEANUP(table_free) = {.right = 1u << 5 | 1u << 6};
	const json_t *uplinks = json_object_get(result, "uplinks");
	size_t count = json_array_size(uplinks);
	size_t shown = status_rows_shown(view, count);

	if (count == 0) {
		print_styled(view->to, view->colour, PRINT_DIM,
			"This node has no uplink of its own");
		print_end(view->to);
	} else {
		table_add_titles(&table, titles, ARRAY_SIZE(titles));
	}
	for (size_t i = 0; i < shown; i++) {
		add_uplink(&table, json_array_get(uplinks, i), view);
	}
	table_print(&table, view->to, view->colour, 0);
	status_print_left_out(view, count - shown);
	print_end(view->to);
}

/* --- the rest --- */

static void print_labelled(const struct status_view *view, const char *label, const char *text)
{
	print_styled(view->to, view->colour, PRINT_BOLD, "%-*s", LABEL_END, label);
	wrap_print(view->to, view->colour, PRINT_PLAIN, LABEL_END, text);
}

/* "IPv4 100.0 Mbit/s by bmx7 and babeld" */
static void describe_offer(const json_t *offer, const char *title, char *text, size_t size)
{
	const json_t *by = json_object_get(offer, "by");
	long long bandwidth = gateway_number(offer, "bandwidth");
	char rate[HUMAN_SIZE];
	size_t index;
	json_t *name;

	if (!status_flag(offer, "offered")) {
		snprintf(text, size, "%s not", title);
		return;
	}
	if (bandwidth > 0) {
		snprintf(text, size, "%s %sbit/s", title, human_rate(bandwidth, rate));
	} else {
		snprintf(text, size, "%s of unknown bandwidth", title);
	}
	json_array_foreach (by, index, name) {
		size_t length = strlen(text);
		const char *word = json_string_value(name);
		snprintf(text + length, size - length, "%s%s", index == 0 ? " by " : " and ",
			word == NULL ? "?" : word);
	}
}

static void print_offer(const json_t *result, const struct status_view *view)
{
	const json_t *offer = json_object_get(result, "offer");
	char text[GATEWAY_TEXT_MAX] = "";

	for (size_t i = 0; i < ARRAY_SIZE(gateway_families); i++) {
		const json_t *family = json_object_get(offer, gateway_families[i]);
		size_t length = strlen(text);
		if (!json_is_object(family)) {
			continue;
		}
		if (length > 0 && length + 3 < sizeof(text)) {
			memcpy(text + length, "; ", 3);
			length += 2;
		}
		describe_offer(family, gateway_family_title(gateway_families[i]), text + length,
			sizeof(text) - length);
	}
	if (text[0] != '\0') {
		print_labelled(view, "Offered", text);
	}
}

static void print_choice(const json_t *result, const struct status_view *view)
{
	const json_t *choice = json_object_get(result, "choice");
	bool by_command = strcmp(status_text(choice, "from"), "command") == 0;
	char text[GATEWAY_TEXT_MAX];
	char whole[GATEWAY_TEXT_MAX + 64];

	if (!json_is_object(choice)) {
		return;
	}
	gateway_choice_text(choice, text);
	snprintf(whole, sizeof(whole), "%s (%s)", text,
		by_command ? "by command" : "by the configuration");
	print_labelled(view, "Choice", whole);
}

static void print_rest(const json_t *result, const struct status_view *view)
{
	const json_t *budget = json_object_get(result, "budget");
	char text[GATEWAY_TEXT_MAX];
	char bytes[HUMAN_SIZE];

	print_choice(result, view);
	print_offer(result, view);
	if (status_flag(result, "router_lifetime_zero")) {
		print_labelled(view, "Clients",
			"are told that there is no IPv6 router, as there is no way out");
	}
	if (json_is_object(budget)) {
		snprintf(text, sizeof(text), "through the mesh need at most %s a second",
			human_bytes(gateway_number(budget, "bytes_per_second"), bytes));
		print_labelled(view, "Probes", text);
	}
}

void print_gateway(const json_t *result, const struct status_view *view)
{
	if (json_is_false(json_object_get(result, "choosing"))) {
		wrap_print(view->to, view->colour, PRINT_WARNING, 0,
			"meshd does not choose among these: gateway.enabled is false in the "
			"configuration");
		print_end(view->to);
	}
	print_families(result, view);
	print_uplinks(result, view);
	print_rest(result, view);
}
