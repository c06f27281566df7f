/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mesh links: MTU chain, VLANs, hardifs. */
#include <errno.h>
#include <fnmatch.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/desired_build.h"

#define VLAN_TAG         4
#define WIRED_LAYER3_MTU 1496 /* 802.1ad on a 1500-byte port, as LibreMesh */
#define LAYER3_MTU       1500

static bool name_is_ours(const struct config *config, const char *name)
{
	return strcmp(name, config->lan.bridge) == 0 || strcmp(name, config->batadv.device) == 0 ||
	       strcmp(name, config->anycast.device) == 0;
}

bool build_stands_on_match(const struct link *observed, const char *pattern)
{
	return (observed->kind == LINK_VLAN || observed->kind == LINK_MACVLAN) &&
	       observed->lower[0] != '\0' && fnmatch(pattern, observed->lower, 0) == 0;
}

/* Is it somebody's VLAN on a mesh link? Then a glob that matches both means the mesh link. */
static bool stands_on_mesh_link(const struct config *config, const struct link *observed)
{
	for (size_t i = 0; i < config->link_count; i++) {
		if (build_stands_on_match(observed, config->links[i].name)) {
			return true;
		}
	}
	return false;
}

const struct link_config *desired_link_config(const struct config *config,
	const struct link *observed)
{
	if (!observed->ethernet || (observed->head.flags & OBJECT_OWNED) ||
		name_is_ours(config, observed->name)) {
		return NULL;
	}
	for (size_t i = 0; i < config->link_count; i++) {
		if (strcmp(config->links[i].name, observed->name) == 0) {
			return &config->links[i];
		}
	}
	for (size_t i = 0; i < config->link_count; i++) {
		if (text_is_glob(config->links[i].name) &&
			fnmatch(config->links[i].name, observed->name, 0) == 0 &&
			!stands_on_mesh_link(config, observed)) {
			return &config->links[i];
		}
	}
	return NULL;
}

struct mesh_link {
	const struct link *observed;
	const struct link_config *config;
	uint8_t protocols; /* those that are enabled and wanted here */
	uint32_t mtu;      /* of the link itself once the plan has run */
};

static uint8_t enabled_protocols(const struct config *config)
{
	return (uint8_t)((config->batadv.enabled ? PROTOCOL_BATADV : 0) |
			 (config->bmx7.enabled ? PROTOCOL_BMX7 : 0) |
			 (config->babeld.enabled ? PROTOCOL_BABELD : 0));
}

static bool is_refused(const struct build *build, const char *link, uint32_t mtu)
{
	for (size_t i = 0; i < build->input->refusal_count; i++) {
		const struct mtu_refusal *refusal = &build->input->refusals[i];
		if (refusal->mtu == mtu && strcmp(refusal->link, link) == 0) {
			return true;
		}
	}
	return false;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* What the protocols on the link need below their VLAN tag. */
static uint32_t needed_mtu(const struct build *build, const struct mesh_link *link)
{
	const struct config *config = build->config;
	uint32_t mtu = 0;

	if (link->protocols & PROTOCOL_BATADV) {
		mtu = (uint32_t)config->batadv.mtu + (build->cloud_vlan != 0 ? VLAN_TAG : 0);
	}
	if ((link->protocols & PROTOCOL_BMX7) && config->bmx7.mtu > 0) {
		mtu = larger(mtu, (uint32_t)config->bmx7.mtu + (config->bmx7.vlan ? VLAN_TAG : 0));
	}
	if ((link->protocols & PROTOCOL_BABELD) && config->babeld.mtu > 0) {
		mtu = larger(mtu,
			(uint32_t)config->babeld.mtu + (config->babeld.vlan ? VLAN_TAG : 0));
	}
	return mtu;
}

/* The largest MTU the link may take. A VLAN's driver names a bound, but the kernel does not let it
 * grow beyond the link it stands on (vlan_dev_change_mtu(), macvlan_change_mtu()). */
static uint32_t mtu_limit(const struct build *build, const struct link *observed)
{
	uint32_t limit = observed->max_mtu != 0 ? observed->max_mtu : UINT32_MAX;

	if (observed->kind == LINK_VLAN || observed->kind == LINK_MACVLAN) {
		const struct link *lower = state_find_link(build->observed, observed->lower);
		if (lower != NULL && lower->mtu < limit) {
			limit = lower->mtu;
		}
	}
	return limit;
}

/* Raises the link as far as the protocols need and the link lets itself, or sets the configured
 * value; what the kernel refused before is not asked for again in this turn. */
static void settle_mtu(struct build *build, struct mesh_link *link)
{
	const struct link *observed = link->observed;
	bool fixed = link->config->mtu != MTU_AUTO;
	uint32_t wanted = fixed ? (uint32_t)link->config->mtu : needed_mtu(build, link);
	bool refused =
		is_refused(build, observed->name, wanted) || wanted > mtu_limit(build, observed);

	link->mtu = observed->mtu;
	if (wanted == observed->mtu || (!fixed && wanted < observed->mtu)) {
		return;
	}
	if (refused) {
		problem_add(build->problems, PROBLEM_MTU_REFUSED, observed->name,
			fixed ? "choose a smaller mtu for this link"
			      : "a smaller MTU is used above it",
			"%s does not take an MTU of %u, it stays at %u", observed->name, wanted,
			observed->mtu);
		return;
	}
	struct link *desired = build_borrow(build, observed);
	if (desired != NULL) {
		object_give(desired, LINK_MTU, mtu, wanted);
		link->mtu = wanted;
	}
}

static struct link *add_vlan(struct build *build, const struct mesh_link *link, uint16_t vid,
	const char *role)
{
	char name[IFNAMSIZ];

	identity_vlan_name(link->observed->name, vid, name);
	struct link *vlan = build_own_link(build, name, LINK_VLAN, role);
	if (vlan == NULL) {
		return NULL;
	}
	object_give_text(vlan, LINK_LOWER, lower, link->observed->name);
	object_give(vlan, LINK_VLAN_ID, vlan_id, vid);
	object_give(vlan, LINK_VLAN_PROTOCOL, vlan_protocol, build->config->cloud.vlan_protocol);
	return vlan;
}

static void add_hardif_settings(struct build *build, const struct mesh_link *link, const char *name)
{
	char key[IFNAMSIZ];

	text_copy(key, sizeof(key), name);
	struct hardif *hardif = build_add(build, OBJECT_HARDIF, key);
	if (hardif != NULL) {
		*hardif = link->config->hardif;
		text_copy(hardif->name, sizeof(hardif->name), name);
	}
}

static void note_fragmentation(struct build *build, const struct mesh_link *link, uint32_t mtu)
{
	uint32_t needed = config_full_frame(build->config);

	if (mtu < build->smallest_hardif_mtu) {
		build->smallest_hardif_mtu = mtu;
	}
	if (mtu < needed && build->config->batadv.settings.fragmentation) {
		problem_add(build->problems, PROBLEM_FRAGMENTATION, link->observed->name,
			"full speed needs a link that takes larger frames",
			"batman-adv fragments full-size frames on %s: it has room for %u bytes, "
			"they need %u",
			link->observed->name, mtu, needed);
	}
}

static void build_hardif(struct build *build, const struct mesh_link *link)
{
	const struct config *config = build->config;
	const char *base = link->observed->name;
	uint32_t wished = (uint32_t)config->batadv.mtu;

	if (build->cloud_vlan == 0) {
		if (build_enslave(build, link->observed, config->batadv.device, "hardif")) {
			add_hardif_settings(build, link, base);
			note_fragmentation(build, link, link->mtu);
		}
		return;
	}
	uint32_t room = link->mtu - VLAN_TAG;
	struct link *vlan = add_vlan(build, link, build->cloud_vlan, "hardif");
	if (vlan == NULL) {
		return;
	}
	uint32_t mtu = wished < room ? wished : room;
	object_give(vlan, LINK_MAC, mac, identity_interface_mac(base, &build->identity->mac));
	object_give(vlan, LINK_MTU, mtu, mtu);
	/* batman-adv frames only: a link-local address would be noise in the mesh. */
	object_give(vlan, LINK_ADDR_GEN_MODE, addr_gen_mode, IN6_ADDR_GEN_MODE_NONE);
	object_give_text(vlan, LINK_MASTER, master, config->batadv.device);
	char name[IFNAMSIZ];
	text_copy(name, sizeof(name), vlan->name);
	add_hardif_settings(build, link, name);
	note_fragmentation(build, link, mtu);
}

static bool name_is_wired(const char *name)
{
	return strncmp(name, "eth", 3) == 0 || strncmp(name, "en", 2) == 0 ||
	       strncmp(name, "lan", 3) == 0;
}

static uint32_t layer3_mtu(const struct mesh_link *link, int mtu)
{
	uint32_t wanted = mtu > 0 ? (uint32_t)mtu : LAYER3_MTU;
	uint32_t room = mtu == MTU_AUTO ? link->mtu - VLAN_TAG : link->mtu;

	if (mtu == MTU_INHERIT) {
		wanted = name_is_wired(link->observed->name) ? WIRED_LAYER3_MTU : link->mtu;
	}
	return wanted < room ? wanted : room;
}

/* babeld takes its IPv4 next hop from the interface. */
static void add_babeld_address(struct build *build, const char *device)
{
	struct address_key key = {.prefix = build->identity->node_ipv4};

	key.prefix.length = 32;
	text_copy(key.link, sizeof(key.link), device);
	(void)build_add_address(build, &key);
}

static void build_layer3(struct build *build, const struct mesh_link *link, uint8_t protocols)
{
	const struct layer3_config *layer3 =
		protocols & PROTOCOL_BMX7 ? &build->config->bmx7 : &build->config->babeld;
	const char *role = protocols == PROTOCOL_BMX7     ? "bmx7"
			   : protocols == PROTOCOL_BABELD ? "babeld"
							  : "bmx7+babeld";
	char name[IFNAMSIZ];

	text_copy(name, sizeof(name), link->observed->name);
	if (layer3->vlan != 0) {
		struct link *vlan = add_vlan(build, link, (uint16_t)layer3->vlan, role);
		if (vlan == NULL) {
			return;
		}
		object_give(vlan, LINK_MAC, mac, link->observed->mac);
		object_give(vlan, LINK_MTU, mtu, layer3_mtu(link, layer3->mtu));
		text_copy(name, sizeof(name), vlan->name);
	} else {
		(void)build_borrow(build, link->observed);
	}
	if (protocols & PROTOCOL_BABELD) {
		add_babeld_address(build, name);
	}
}

static bool layer3_shares_vlan(const struct config *config)
{
	return config->bmx7.vlan == config->babeld.vlan;
}

/* A switch chip's port that is bridged handles tags in hardware and loses the mesh's. */
static bool is_bridged_switch_port(struct build *build, const struct link *observed)
{
	const struct config *config = build->config;

	if (!observed->switch_port) {
		return false;
	}
	for (size_t i = 0; i < config->lan.port_count; i++) {
		if (fnmatch(config->lan.ports[i].name, observed->name, 0) == 0) {
			problem_add(build->problems, PROBLEM_SWITCH_PORT, observed->name,
				"use it as a LAN port or as a mesh link, not as both",
				"%s is the port of a switch chip; bridged, it carries no mesh",
				observed->name);
			return true;
		}
	}
	return false;
}

static void build_link(struct build *build, struct mesh_link *link)
{
	const struct link *observed = link->observed;

	if (is_bridged_switch_port(build, observed)) {
		return;
	}
	settle_mtu(build, link);
	struct link *desired = build_borrow(build, observed);
	if (desired == NULL) {
		return;
	}
	object_give(desired, LINK_UP, up, 1);
	if (observed->up && !observed->carrier) {
		problem_add(build->problems, PROBLEM_NO_CARRIER, observed->name,
			"check the cable, or the radio's other side", "%s has no carrier",
			observed->name);
	}
	if ((link->protocols & PROTOCOL_BATADV) && build->has_mesh) {
		build_hardif(build, link);
	}
	uint8_t layer3 = link->protocols & (PROTOCOL_BMX7 | PROTOCOL_BABELD);
	if (layer3 == (PROTOCOL_BMX7 | PROTOCOL_BABELD) && !layer3_shares_vlan(build->config)) {
		build_layer3(build, link, PROTOCOL_BMX7);
		build_layer3(build, link, PROTOCOL_BABELD);
	} else if (layer3 != 0) {
		build_layer3(build, link, layer3);
	}
}

static void note_missing_links(struct build *build)
{
	const struct config *config = build->config;

	for (size_t i = 0; i < config->link_count; i++) {
		const char *name = config->links[i].name;
		const struct link *observed = state_find_link(build->observed, name);

		if (text_is_glob(name)) {
			continue;
		}
		if (observed == NULL) {
			problem_add(build->problems, PROBLEM_LINK_MISSING, name,
				"plug it in or load its driver; meshd takes it as soon as it is "
				"there",
				"link %s is not there", name);
		} else if (!observed->ethernet) {
			problem_add(build->problems, PROBLEM_LINK_MISSING, name,
				"name an Ethernet-like interface",
				"%s cannot carry a mesh: it is not Ethernet-like", name);
		}
	}
}

void build_links(struct build *build)
{
	note_missing_links(build);
	for (size_t i = 0; i < state_count(build->observed, OBJECT_LINK); i++) {
		const struct link *observed = state_at(build->observed, OBJECT_LINK, i);
		struct mesh_link link = {.observed = observed,
			.config = desired_link_config(build->config, observed)};

		if (link.config != NULL && !build_is_above_ours(build, observed)) {
			link.protocols = link.config->protocols & enabled_protocols(build->config);
			build_link(build, &link);
		}
	}
}
