/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Foreign links in our bridge and our mesh: taken in, and given back. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/desired_build.h"

static bool alias_is_borrowed(const char *alias)
{
	return strncmp(alias, STATE_BORROWED_PREFIX, strlen(STATE_BORROWED_PREFIX)) == 0;
}

/* May meshd give the link a master? Not when it has a foreign one. */
static bool master_is_free(struct build *build, const struct link *observed, const char *master)
{
	const struct link *current = state_find_link(build->observed, observed->master);

	if (current == NULL || (current->head.flags & OBJECT_OWNED) ||
		strcmp(observed->master, master) == 0) {
		return true;
	}
	problem_add(build->problems, PROBLEM_NAME_TAKEN, observed->name,
		"take it out of there, or out of meshd.json",
		"%s should be a port of %s but belongs to %s, which is not meshd's", observed->name,
		master, observed->master);
	return false;
}

bool build_enslave(struct build *build, const struct link *observed, const char *master,
	const char *role)
{
	char alias[STATE_ALIAS_SIZE];

	if (!master_is_free(build, observed, master)) {
		return false;
	}
	struct link *link = build_borrow(build, observed);
	if (link == NULL) {
		return false;
	}
	object_give_text(link, LINK_MASTER, master, master);
	object_give(link, LINK_UP, up, 1);
	/* The mark tells a later configuration that the port is ours to release. */
	if (observed->alias[0] == '\0' || alias_is_borrowed(observed->alias)) {
		snprintf(alias, sizeof(alias), "%s%s", STATE_BORROWED_PREFIX, role);
		object_give_text(link, LINK_ALIAS, alias, alias);
	}
	return true;
}

/* Foreign links that an older configuration made ports: given back. */
void build_release_ports(struct build *build)
{
	for (size_t i = 0; i < state_count(build->observed, OBJECT_LINK); i++) {
		const struct link *observed = state_at(build->observed, OBJECT_LINK, i);
		const struct link *master = state_find_link(build->observed, observed->master);

		if ((observed->head.flags & OBJECT_OWNED) || !alias_is_borrowed(observed->alias)) {
			continue;
		}
		struct link *link = build_borrow(build, observed);
		if (link == NULL || object_has(link, LINK_ALIAS)) {
			continue;
		}
		object_give_text(link, LINK_ALIAS, alias, "");
		if (master != NULL && (master->head.flags & OBJECT_OWNED)) {
			object_give_text(link, LINK_MASTER, master, "");
		}
	}
}

static bool is_port(const struct config *config, const struct link *observed, const char *pattern)
{
	if (!observed->ethernet || (observed->head.flags & OBJECT_OWNED) ||
		strcmp(observed->name, config->lan.bridge) == 0 ||
		fnmatch(pattern, observed->name, 0) != 0) {
		return false;
	}
	/* A glob means the port, not somebody's VLAN on it. */
	return !text_is_glob(pattern) || !build_stands_on_match(observed, pattern);
}

bool build_is_above_ours(const struct build *build, const struct link *observed)
{
	const struct link *lower = state_find_link(build->observed, observed->lower);

	return (observed->kind == LINK_VLAN || observed->kind == LINK_MACVLAN) && lower != NULL &&
	       (lower->head.flags & OBJECT_OWNED);
}

/* Is it a hardif itself, without a VLAN? Two patterns may both mean it, which no check sees. */
static bool is_hardif(struct build *build, const struct link *observed)
{
	const struct link *first = state_at(build->observed, OBJECT_LINK, 0);
	size_t place = build->borrowed[observed - first];
	const struct link *link =
		place != 0 ? state_at(build->desired, OBJECT_LINK, place - 1) : NULL;

	if (link == NULL || !object_has(link, LINK_MASTER) ||
		strcmp(link->master, build->config->batadv.device) != 0) {
		return false;
	}
	problem_add(build->problems, PROBLEM_NAME_TAKEN, observed->name,
		"take it out of lan.ports or of links, or give the cloud a VLAN",
		"%s is a mesh link without a VLAN (cloud.vlan is 0), so it is no port of %s",
		observed->name, build->config->lan.bridge);
	return true;
}

static void note_missing_port(struct build *build, const char *name)
{
	const struct link *observed = state_find_link(build->observed, name);

	if (text_is_glob(name)) {
		return;
	}
	if (observed == NULL) {
		problem_add(build->problems, PROBLEM_LINK_MISSING, name,
			"plug it in, or take it out of lan.ports", "LAN port %s is not there",
			name);
	} else if (!observed->ethernet) {
		problem_add(build->problems, PROBLEM_LINK_MISSING, name,
			"name an Ethernet-like interface, or take it out of lan.ports",
			"%s cannot be a LAN port: it is not Ethernet-like", name);
	}
}

void build_ports(struct build *build)
{
	const struct config *config = build->config;

	for (size_t p = 0; build->has_bridge && p < config->lan.port_count; p++) {
		const char *pattern = config->lan.ports[p].name;

		note_missing_port(build, pattern);
		for (size_t i = 0; i < state_count(build->observed, OBJECT_LINK); i++) {
			const struct link *observed = state_at(build->observed, OBJECT_LINK, i);
			if (is_port(config, observed, pattern) &&
				!build_is_above_ours(build, observed) &&
				!is_hardif(build, observed)) {
				(void)build_enslave(build, observed, config->lan.bridge, "port");
			}
		}
	}
}

int desired_nothing(const struct state *observed, struct state *desired)
{
	CLEANUP(cleanup_free)
	size_t *borrowed = calloc(state_count(observed, OBJECT_LINK) + 1, sizeof(*borrowed));
	struct build build = {.observed = observed, .desired = desired, .borrowed = borrowed};

	if (borrowed == NULL) {
		return -ENOMEM;
	}
	build_release_ports(&build);
	state_sort(desired);
	return build.no_memory ? -ENOMEM : 0;
}
