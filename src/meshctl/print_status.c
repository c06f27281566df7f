/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meshctl/print_status.h"

#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "meshctl/human.h"
#include "meshctl/status_sections.h"

#define LABEL_WIDTH 9

const char *status_text(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text == NULL ? "" : text;
}

bool status_flag(const json_t *json, const char *name)
{
	return json_is_true(json_object_get(json, name));
}

long long status_number(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

bool status_is_troubled(const json_t *status)
{
	size_t index;
	json_t *problem;

	json_array_foreach (json_object_get(status, "problems"), index, problem) {
		if (strcmp(status_text(problem, "severity"), "note") != 0) {
			return true;
		}
	}
	return false;
}

static void print_title(const json_t *status, const struct status_view *view)
{
	const json_t *node = json_object_get(status, "node");
	const json_t *reconcile = json_object_get(status, "reconcile");
	const char *hostname = status_text(node, "hostname");

	print_styled(view->to, view->colour, PRINT_BOLD, "%s",
		hostname[0] != '\0' ? hostname : "(no name yet)");
	if (status_is_troubled(status)) {
		print_styled(view->to, view->colour, PRINT_BAD, "  needs help");
	} else if (!status_flag(reconcile, "converged")) {
		print_styled(view->to, view->colour, PRINT_WARNING, "  is being mended");
	} else {
		print_styled(view->to, view->colour, PRINT_GOOD, "  is as configured");
	}
	print_styled(view->to, view->colour, PRINT_DIM, "  (meshd %s, profile %s)",
		status_text(node, "version"), status_text(node, "profile"));
	print_end(view->to);
}

static void print_problem(const json_t *problem, const struct status_view *view)
{
	const char *severity = status_text(problem, "severity");
	const char *object = status_text(problem, "object");
	const char *text = status_text(problem, "text");
	const char *hint = status_text(problem, "hint");
	enum print_style style = PRINT_DIM;

	if (strcmp(severity, "error") == 0) {
		style = PRINT_BAD;
	} else if (strcmp(severity, "warning") == 0) {
		style = PRINT_WARNING;
	}
	print_styled(view->to, view->colour, style, "  %-8s", severity);
	/* Most texts name the object themselves. */
	if (strstr(text, object) == NULL) {
		print_styled(view->to, view->colour, PRINT_BOLD, "%s: ", object);
	}
	print_styled(view->to, view->colour, PRINT_PLAIN, "%s", text);
	print_end(view->to);
	if (hint[0] != '\0') {
		print_styled(view->to, view->colour, PRINT_DIM, "          -> %s", hint);
		print_end(view->to);
	}
}

static void print_problems_of(const json_t *problems, const char *severity,
	const struct status_view *view)
{
	size_t index;
	json_t *problem;

	json_array_foreach (problems, index, problem) {
		if (strcmp(status_text(problem, "severity"), severity) == 0) {
			print_problem(problem, view);
		}
	}
}

static void print_problems(const json_t *status, const struct status_view *view)
{
	const json_t *problems = json_object_get(status, "problems");

	print_problems_of(problems, "error", view);
	print_problems_of(problems, "warning", view);
	print_problems_of(problems, "note", view);
	if (json_array_size(problems) > 0) {
		print_end(view->to);
	}
}

void status_print_label(const struct status_view *view, const char *label)
{
	print_styled(view->to, view->colour, PRINT_BOLD, "%-*s", LABEL_WIDTH, label);
}

/* Two spaces and the text, nothing for an empty one. */
static void print_value(const struct status_view *view, const char *text)
{
	if (text[0] != '\0') {
		print_styled(view->to, view->colour, PRINT_PLAIN, "  %s", text);
	}
}

/* "(missing)" or "(down)" where the link is not as it should be. */
static void print_link_state(const json_t *link, const struct status_view *view)
{
	if (!status_flag(link, "present")) {
		print_styled(view->to, view->colour, PRINT_BAD, "  (missing)");
	} else if (!status_flag(link, "up")) {
		print_styled(view->to, view->colour, PRINT_BAD, "  (down)");
	}
}

static void print_node(const json_t *status, const struct status_view *view)
{
	const json_t *node = json_object_get(status, "node");
	const char *primary = status_text(node, "primary_link");

	status_print_label(view, "Node");
	print_value(view, status_text(node, "ipv4"));
	print_value(view, status_text(node, "ipv6"));
	print_value(view, status_text(node, "mac"));
	if (primary[0] != '\0') {
		print_styled(view->to, view->colour, PRINT_DIM, " of %s", primary);
	} else {
		print_styled(view->to, view->colour, PRINT_WARNING, "  %s",
			status_text(node, "mac")[0] != '\0' ? "of a link that is gone"
							    : "no primary link yet");
	}
	print_end(view->to);
}

static void print_cloud(const json_t *status, const struct status_view *view)
{
	const json_t *cloud = json_object_get(status, "cloud");
	long long vlan = status_number(cloud, "vlan");

	status_print_label(view, "Cloud");
	print_value(view, status_text(cloud, "ssid"));
	print_styled(view->to, view->colour, PRINT_DIM, "  id %s",
		status_text(cloud, "network_id"));
	if (vlan != 0) {
		print_styled(view->to, view->colour, PRINT_PLAIN, "  VLAN %lld (%s)", vlan,
			status_text(cloud, "vlan_protocol"));
	} else {
		print_value(view, "untagged");
	}
	print_end(view->to);
}

static void print_anycast(const json_t *status, const struct status_view *view)
{
	const json_t *anycast = json_object_get(status, "anycast");

	if (!status_flag(anycast, "enabled")) {
		return;
	}
	status_print_label(view, "Anycast");
	print_value(view, status_text(anycast, "ipv4"));
	print_value(view, status_text(anycast, "ipv6"));
	print_value(view, status_text(anycast, "mac"));
	print_styled(view->to, view->colour, PRINT_DIM, " on %s", status_text(anycast, "device"));
	print_link_state(anycast, view);
	print_end(view->to);
}

static void print_lan(const json_t *status, const struct status_view *view)
{
	const json_t *lan = json_object_get(status, "lan");
	size_t index;
	json_t *port;

	status_print_label(view, "LAN");
	print_value(view, status_text(lan, "bridge"));
	print_link_state(lan, view);
	json_array_foreach (json_object_get(lan, "ports"), index, port) {
		bool attached = status_flag(port, "attached");
		bool carrier = status_flag(port, "carrier");
		const char *remark =
			attached ? (carrier ? "" : " (no carrier)") : " (not attached)";
		print_styled(view->to, view->colour, PRINT_DIM, index == 0 ? ": " : ", ");
		print_styled(view->to, view->colour, attached ? PRINT_PLAIN : PRINT_WARNING, "%s%s",
			status_text(port, "name"),
			status_flag(port, "present") ? remark : " (missing)");
	}
	print_end(view->to);
}

static void print_mesh(const json_t *status, const struct status_view *view)
{
	const json_t *mesh = json_object_get(status, "mesh");

	if (!status_flag(mesh, "enabled")) {
		return;
	}
	size_t nodes = json_array_size(json_object_get(mesh, "originators"));
	size_t neighbours = json_array_size(json_object_get(mesh, "neighbours"));
	status_print_label(view, "Mesh");
	print_value(view, status_text(mesh, "device"));
	print_value(view, status_text(mesh, "algorithm"));
	if (status_flag(mesh, "present")) {
		print_styled(view->to, view->colour, PRINT_PLAIN, "  mtu %lld",
			status_number(mesh, "mtu"));
	}
	print_link_state(mesh, view);
	print_styled(view->to, view->colour, nodes > 0 ? PRINT_GOOD : PRINT_WARNING,
		"  %zu other node%s, %zu neighbour%s", nodes, nodes == 1 ? "" : "s", neighbours,
		neighbours == 1 ? "" : "s");
	print_end(view->to);
}

static void print_history(const json_t *status, const struct status_view *view)
{
	const json_t *reconcile = json_object_get(status, "reconcile");
	long long now = (long long)view->now;
	long long change = status_number(reconcile, "last_change");
	long long count = status_number(reconcile, "last_operations");
	long long refused = status_number(reconcile, "last_failures");
	char age[HUMAN_SIZE];

	status_print_label(view, "Meshd");
	print_styled(view->to, view->colour, PRINT_PLAIN, "  runs for %s",
		human_milliseconds((now - status_number(reconcile, "started")) * 1000, age));
	if (change > 0) {
		print_styled(view->to, view->colour, PRINT_PLAIN,
			", last worked %s ago: %lld operation%s",
			human_milliseconds((now - change) * 1000, age), count,
			count == 1 ? "" : "s");
	}
	if (refused > 0) {
		print_styled(view->to, view->colour, PRINT_WARNING, ", %lld of them refused",
			refused);
	}
	print_end(view->to);
	if (view->all && count > 0) {
		print_end(view->to);
		print_styled(view->to, view->colour, PRINT_BOLD, "Last work");
		print_end(view->to);
		print_plan(json_object_get(reconcile, "last_plan"), view->colour, view->to);
	}
}

void print_status(const json_t *status, const struct status_view *view)
{
	print_title(status, view);
	print_end(view->to);
	print_problems(status, view);
	print_node(status, view);
	print_cloud(status, view);
	print_anycast(status, view);
	print_lan(status, view);
	print_mesh(status, view);
	status_print_gateway(status, view);
	status_print_services(status, view);
	status_print_links(status, view);
	status_print_peers(status, view);
	status_print_rules(status, view);
	print_end(view->to);
	print_history(status, view);
}
