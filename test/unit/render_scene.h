/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node of LibreMesh.org on eth0, as the profiles default and libremesh make it. */
#ifndef UNIT_RENDER_SCENE_H
#define UNIT_RENDER_SCENE_H

#include "core/render.h"
#include "unit/desired_scene.h"

struct render_scene {
	struct scene scene;
	struct render_input input;
	struct err err;
	struct network_config networks[6];
	struct network_config searches[5];
	struct text_config names[3];
	struct text_config resolvers[3];
};

static inline struct network_config network_of(const char *name, const char *network,
	int max_length)
{
	struct network_config config = {.max_length = max_length};

	snprintf(config.name, sizeof(config.name), "%s", name);
	ck_assert_int_eq(prefix_parse(network, &config.network), 0);
	return config;
}

static inline void render_scene_build(struct render_scene *scene)
{
	scene_build(&scene->scene);
	ck_assert_int_eq(scene->scene.result, 0);
	scene->input = (struct render_input){.config = &scene->scene.config,
		.identity = &scene->scene.identity,
		.desired = &scene->scene.desired,
		.run_dir = "/run/meshd",
		.state_dir = "/var/lib/meshd"};
}

static inline void render_scene_open(struct render_scene *scene)
{
	struct config *config = &scene->scene.config;

	memset(scene, 0, sizeof(*scene));
	scene_open(&scene->scene);
	strcpy(config->cloud.ipv4, "10.%N1.0.0/16/17");
	scene->networks[0] = network_of("clouds6", "fc00::/7", -1);
	scene->networks[1] = network_of("publicv6", "2000::/3", -1);
	scene->networks[2] = network_of("inet6", "::/0", 0);
	scene->networks[3] = network_of("clouds", "10.0.0.0/8", -1);
	scene->networks[4] = network_of("nodes", "172.16.0.0/12", 24);
	scene->networks[5] = network_of("inet4", "0.0.0.0/0", 0);
	config->babeld.networks = scene->networks;
	config->babeld.network_count = 6;
	config->alfred.enabled = true;
	config->alfred.sync_period = 2000;
	config->dhcp.enabled = true;
	config->dhcp.lease_time = 3600;
	strcpy(config->dhcp.domain, "mesh.internal");
	strcpy(scene->names[0].text, "thisnode");
	config->dhcp.names = scene->names;
	config->dhcp.name_count = 1;
	config->dhcp.resolvers = scene->resolvers;
	config->dhcp.ra = true;
	config->dhcp.ra_interval = 120;
	render_scene_build(scene);
}

static inline void render_scene_libremesh(struct render_scene *scene)
{
	struct config *config = &scene->scene.config;

	strcpy(config->cloud.ipv4, "10.%N1.0.0/16");
	config->bmx7.enabled = true;
	config->bmx7.mtu = 1500;
	config->babeld.mtu = MTU_INHERIT;
	config->babeld_link_type = BABELD_LINK_WIRELESS;
	config->dhcp.mtu = 1350;
	strcpy(config->dhcp.domain, "thisnode.info");
	strcpy(scene->names[0].text, "thisnode.info");
	strcpy(scene->names[1].text, "minodo.info");
	strcpy(scene->names[2].text, "meuno.info");
	config->dhcp.name_count = 3;
	strcpy(scene->resolvers[0].text, "4.2.2.2");
	strcpy(scene->resolvers[1].text, "141.1.1.1");
	strcpy(scene->resolvers[2].text, "2001:470:20::2");
	config->dhcp.resolver_count = 3;
	render_scene_build(scene);
}

static inline void render_scene_close(struct render_scene *scene)
{
	scene_close(&scene->scene);
}

#endif
