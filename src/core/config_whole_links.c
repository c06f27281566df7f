/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the mesh links are to carry must fit them, and fit what else is wanted of them. */
#include <fnmatch.h>
#include <string.h>

#include "core/config_whole.h"

#define HARDIF_MTU_MIN 128 /* batman-adv: the least of Ethernet and its own header */
#define VLAN_TAG       4

bool config_names_overlap(const char *a, const char *b)
{
	return strcmp(a, b) == 0 ||
	       (text_is_glob(a) && !text_is_glob(b) && fnmatch(a, b, 0) == 0) ||
	       (text_is_glob(b) && !text_is_glob(a) && fnmatch(b, a, 0) == 0);
}

/* Does the entry rule over an interface of that name? A name goes before a pattern, an earlier
 * pattern before a later one. */
static bool link_rules(const struct config *config, const struct link_config *link,
	const char *name)
{
	for (size_t i = 0; i < config->link_count; i++) {
		if (strcmp(config->links[i].name, name) == 0) {
			return &config->links[i] == link;
		}
	}
	for (size_t i = 0; i < config->link_count; i++) {
		if (config_names_overlap(config->links[i].name, name)) {
			return &config->links[i] == link;
		}
	}
	return false;
}

bool config_link_takes(const struct config *config, const struct link_config *link,
	const char *name)
{
	return config_names_overlap(name, link->name) &&
	       (text_is_glob(name) || link_rules(config, link, name));
}

/* A protocol that runs on the link without a VLAN tag, or NULL. */
static const char *untagged_protocol(const struct config *config, const struct link_config *link)
{
	if ((link->protocols & PROTOCOL_BATADV) && config->batadv.enabled &&
		config->cloud.vlan == 0) {
		return "cloud";
	}
	if ((link->protocols & PROTOCOL_BMX7) && config->bmx7.enabled && config->bmx7.vlan == 0) {
		return "bmx7";
	}
	if ((link->protocols & PROTOCOL_BABELD) && config->babeld.enabled &&
		config->babeld.vlan == 0) {
		return "babeld";
	}
	return NULL;
}

/* The first port that can be the link; the count when there is none. */
static size_t find_port(const struct config *config, const struct link_config *link)
{
	size_t i = 0;

	while (i < config->lan.port_count &&
		!config_link_takes(config, link, config->lan.ports[i].name)) {
		i++;
	}
	return i;
}

static void check_port(const struct config_whole *whole, const struct link_config *link)
{
	const struct config *config = whole->config;
	const char *untagged = untagged_protocol(config, link);
	size_t port = untagged != NULL ? find_port(config, link) : config->lan.port_count;
	struct config_path path = config_path_of("lan", "ports", NULL);

	if (port == config->lan.port_count) {
		return;
	}
	config_path_push_index(&path, port);
	path = config_whole_later(whole, path, config_path_of("links", link->name, NULL));
	config_whole_report(whole,
		config_whole_later(whole, path, config_path_of(untagged, "vlan", NULL)),
		"%s is a port of %s and a mesh link without a VLAN (%s.vlan is 0), so the mesh's "
		"own frames would be bridged; take it out of lan.ports or of links, or give %s a "
		"VLAN",
		text_is_glob(link->name) ? config->lan.ports[port].name : link->name,
		config->lan.bridge, untagged, untagged);
}

/* The least MTU that what runs on a link leaves it. */
struct floor {
	const char *of;
	int mtu;
	bool tagged;
};

static void raise_floor(struct floor *floor, const char *of, int mtu, bool tagged)
{
	mtu += tagged ? VLAN_TAG : 0;
	if (mtu > floor->mtu) {
		*floor = (struct floor){of, mtu, tagged};
	}
}

static struct floor link_floor(const struct config *config, const struct link_config *link)
{
	struct floor floor = {0};

	if (config->batadv.enabled && (link->protocols & PROTOCOL_BATADV)) {
		raise_floor(&floor, "batman-adv", HARDIF_MTU_MIN, config->cloud.vlan != 0);
	}
	if (config->bmx7.enabled && (link->protocols & PROTOCOL_BMX7)) {
		raise_floor(&floor, "bmx7, which needs IPv6", IPV6_MTU_MIN, config->bmx7.vlan != 0);
	}
	if (config->babeld.enabled && (link->protocols & PROTOCOL_BABELD)) {
		raise_floor(&floor, "babeld, which needs IPv6", IPV6_MTU_MIN,
			config->babeld.vlan != 0);
	}
	return floor;
}

static void check_mtu(const struct config_whole *whole, const struct link_config *link)
{
	struct floor floor = link_floor(whole->config, link);

	if (link->mtu != MTU_AUTO && link->mtu < floor.mtu) {
		config_whole_report(whole, config_path_of("links", link->name, "mtu", NULL),
			"is %d, must be at least %d on a link of %s%s", link->mtu, floor.mtu,
			floor.of, floor.tagged ? ", of which its VLAN's tag takes 4" : "");
	}
}

void config_check_links(const struct config_whole *whole)
{
	for (size_t i = 0; i < whole->config->link_count; i++) {
		check_port(whole, &whole->config->links[i]);
		check_mtu(whole, &whole->config->links[i]);
	}
}
