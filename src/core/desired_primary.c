/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which link's MAC names the node. */
#include <fnmatch.h>
#include <string.h>

#include "core/desired.h"

/* Has it a MAC that no other machine has? lo and tunnels have none. */
static bool can_name(const struct link *link)
{
	return link->ethernet && !mac_is_zero(&link->mac);
}

static const struct link *first_match(const struct state *observed, const char *pattern)
{
	for (size_t i = 0; i < state_count(observed, OBJECT_LINK); i++) {
		const struct link *link = state_at(observed, OBJECT_LINK, i);
		if (can_name(link) && !(link->head.flags & OBJECT_OWNED) &&
			fnmatch(pattern, link->name, 0) == 0) {
			return link;
		}
	}
	return NULL;
}

static const struct link *first_permanent(const struct state *observed)
{
	for (size_t i = 0; i < state_count(observed, OBJECT_LINK); i++) {
		const struct link *link = state_at(observed, OBJECT_LINK, i);
		if (can_name(link) && !mac_is_zero(&link->permanent_mac)) {
			return link;
		}
	}
	return NULL;
}

static const struct link *automatic(const struct config *config, const struct state *observed)
{
	const struct link *link = NULL;

	for (int globs = 0; globs <= 1; globs++) {
		for (size_t i = 0; link == NULL && i < config->link_count; i++) {
			if (text_is_glob(config->links[i].name) == (globs == 1)) {
				link = first_match(observed, config->links[i].name);
			}
		}
	}
	for (size_t i = 0; link == NULL && i < config->lan.port_count; i++) {
		link = first_match(observed, config->lan.ports[i].name);
	}
	return link != NULL ? link : first_permanent(observed);
}

/* The configured one, where it is there and can name the node. */
static const struct link *named(const struct config *config, const struct state *observed)
{
	const struct link *link = config->node.primary_link[0] != '\0'
					  ? state_find_link(observed, config->node.primary_link)
					  : NULL;

	return link != NULL && can_name(link) ? link : NULL;
}

const struct link *desired_primary(const struct config *config, const struct state *observed)
{
	const struct link *link = named(config, observed);

	return link != NULL ? link : automatic(config, observed);
}

static void note_none(const char *configured, struct problem_list *problems)
{
	if (configured[0] == '\0') {
		problem_add(problems, PROBLEM_NO_PRIMARY, "primary link",
			"plug in a mesh link, or set node.primary_link",
			"no link is there whose MAC could name this node");
		return;
	}
	problem_add(problems, PROBLEM_NO_PRIMARY, configured,
		"plug it in, or correct node.primary_link",
		"neither node.primary_link %s nor another link is there whose MAC could name this "
		"node",
		configured);
}

/* The configured one is not there, or of no use: another names the node. */
static void note_stand_in(const struct state *observed, const char *configured,
	const struct primary *primary, struct problem_list *problems)
{
	if (state_find_link(observed, configured) == NULL) {
		problem_add(problems, PROBLEM_NO_PRIMARY, configured,
			"plug it in, or correct node.primary_link",
			"node.primary_link %s is not there; the node is named after %s until it is",
			configured, primary->link);
		return;
	}
	problem_add(problems, PROBLEM_NO_PRIMARY, configured,
		"name an Ethernet-like interface in node.primary_link",
		"node.primary_link %s has no MAC that could name a node; it is named after %s "
		"instead",
		configured, primary->link);
}

bool desired_choose_primary(const struct config *config, const struct state *observed,
	struct primary *primary, struct problem_list *problems)
{
	const char *configured = config->node.primary_link;
	bool is_chosen = !mac_is_zero(&primary->mac);

	if (is_chosen && (configured[0] == '\0' || strcmp(configured, primary->link) == 0)) {
		return true;
	}
	const struct link *link = named(config, observed);
	bool is_named = link != NULL;
	/* A stand-in is kept as well: it does not change when links come and go. */
	if (!is_named && !is_chosen) {
		link = automatic(config, observed);
	}
	if (link == NULL && !is_chosen) {
		note_none(configured, problems);
		return false;
	}
	if (link != NULL) {
		text_copy(primary->link, sizeof(primary->link), link->name);
		primary->mac = link->mac;
	}
	if (!is_named && configured[0] != '\0') {
		note_stand_in(observed, configured, primary, problems);
	}
	return true;
}
