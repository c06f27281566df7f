/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration and what the kernel has, built by hand, and what desired_build() makes of them.
 */
#ifndef UNIT_DESIRED_SCENE_H
#define UNIT_DESIRED_SCENE_H

#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/desired.h"
#include "core/diff.h"
#include "unit/check_main.h"

struct scene {
	struct config config;
	struct state observed;
	struct state desired;
	struct identity identity;
	struct problem_list problems;
	struct mtu_refusal refusal;
	int result;
};

static inline void add_link_config(struct config *config, const char *name)
{
	config->links = realloc(config->links, (config->link_count + 1) * sizeof(*config->links));
	struct link_config *link = &config->links[config->link_count++];
	memset(link, 0, sizeof(*link));
	snprintf(link->name, sizeof(link->name), "%s", name);
	link->protocols = PROTOCOL_ALL;
}

static inline void add_port_config(struct config *config, const char *name)
{
	config->lan.ports = realloc(config->lan.ports,
		(config->lan.port_count + 1) * sizeof(*config->lan.ports));
	struct port_config *port = &config->lan.ports[config->lan.port_count++];
	memset(port, 0, sizeof(*port));
	snprintf(port->name, sizeof(port->name), "%s", name);
}

static inline struct link *add_observed(struct scene *scene, const char *name, const char *mac)
{
	struct link *link = state_add_link(&scene->observed, name);

	link->head.ifindex = (uint32_t)state_count(&scene->observed, OBJECT_LINK);
	link->ethernet = 1;
	link->carrier = 1;
	link->max_mtu = 9000;
	ck_assert_int_eq(mac_parse(mac, &link->mac), 0);
	object_give(link, LINK_KIND, kind, LINK_OTHER);
	object_give(link, LINK_MTU, mtu, 1500);
	object_give(link, LINK_UP, up, 1);
	object_give_text(link, LINK_MASTER, master, "");
	object_give_text(link, LINK_ALIAS, alias, "");
	return link;
}

/* LibreMesh.org, batadv and babeld, one link eth0 with the reference's MAC. */
static inline void scene_open(struct scene *scene)
{
	struct config *config = &scene->config;

	memset(scene, 0, sizeof(*scene));
	strcpy(config->cloud.ssid, "LibreMesh.org");
	config->cloud.vlan = VLAN_AUTO;
	config->cloud.vlan_protocol = ETH_P_8021Q;
	strcpy(config->cloud.ipv4, "10.%N1.0.0/16");
	strcpy(config->cloud.ipv6, "fd%N1:%N2%N3:%N4%N5::/64");
	strcpy(config->lan.bridge, "br-lan");
	config->lan.mtu = 1500;
	config->anycast.enabled = true;
	strcpy(config->anycast.device, "anygw");
	strcpy(config->anycast.mac, "aa:aa:aa:%N1:%N2:aa");
	config->batadv.enabled = true;
	strcpy(config->batadv.device, "bat0");
	strcpy(config->batadv.algorithm, "BATMAN_IV");
	config->batadv.mtu = 1532;
	object_give(&config->batadv.settings, MESH_FRAGMENTATION, fragmentation, 1);
	config->babeld.enabled = true;
	config->babeld.vlan = 17;
	config->bmx7.vlan = 18;
	add_link_config(config, "eth0");
	add_observed(scene, "eth0", "a8:40:41:1f:73:aa");
}

static inline void scene_build(struct scene *scene)
{
	struct err err = {0};
	struct desired_input input = {.config = &scene->config,
		.hostname = "tower",
		.observed = &scene->observed,
		.refusals = &scene->refusal,
		.refusal_count = scene->refusal.mtu != 0};

	state_sort(&scene->observed);
	const struct link *primary = desired_primary(&scene->config, &scene->observed);
	if (primary != NULL) {
		input.primary_mac = primary->mac;
	}
	state_free(&scene->desired);
	problem_list_free(&scene->problems);
	scene->result =
		desired_build(&input, &scene->identity, &scene->desired, &scene->problems, &err);
}

static inline void scene_close(struct scene *scene)
{
	free(scene->config.links);
	free(scene->config.lan.ports);
	state_free(&scene->observed);
	state_free(&scene->desired);
	problem_list_free(&scene->problems);
}

static inline const struct link *want(const struct scene *scene, const char *name)
{
	const struct link *link = state_find_link(&scene->desired, name);

	ck_assert_msg(link != NULL, "%s is not desired", name);
	return link;
}

static inline const struct problem *problem_of(const struct scene *scene, enum problem_kind kind)
{
	for (size_t i = 0; i < scene->problems.count; i++) {
		if (scene->problems.items[i].kind == kind) {
			return &scene->problems.items[i];
		}
	}
	return NULL;
}

static inline void assert_mac(const struct mac *mac, const char *expected)
{
	char text[MAC_TEXT_SIZE];

	mac_format(mac, text);
	ck_assert_str_eq(text, expected);
}

static inline bool has_address(const struct scene *scene, const char *text, const char *device)
{
	struct address_key key = {0};

	ck_assert_int_eq(prefix_parse(text, &key.prefix), 0);
	text_copy(key.link, sizeof(key.link), device);
	return state_find(&scene->desired, OBJECT_ADDRESS, &key) != NULL;
}

static inline struct link *add_vlan(struct scene *scene, const char *name, const char *lower)
{
	struct link *link = add_observed(scene, name, "02:00:00:00:00:07");

	object_give(link, LINK_KIND, kind, LINK_VLAN);
	object_give_text(link, LINK_LOWER, lower, lower);
	return link;
}

#endif
