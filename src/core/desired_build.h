/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of desired_build(), each adding its objects. */
#ifndef CORE_DESIRED_BUILD_H
#define CORE_DESIRED_BUILD_H

#include "core/desired.h"

struct build {
	const struct desired_input *input;
	const struct config *config;
	const struct state *observed;
	const struct identity *identity;
	struct state *desired;
	struct problem_list *problems;
	uint16_t cloud_vlan;
	bool has_bridge; /* its name is free or ours */
	bool has_mesh;
	uint32_t smallest_hardif_mtu; /* UINT32_MAX without hardifs */
	/* By place in the observed set: 1 + the place of the borrowed link in the desired one. */
	size_t *borrowed;
	bool no_memory;
};

/* A desired link of ours with what all of them have (kind, alias, group, up), or NULL when a
 * foreign interface has the name (a problem then) or memory ends. */
struct link *build_own_link(struct build *build, const char *name, enum link_kind kind,
	const char *role);
/* An observed, foreign link the configuration names: found or added. NULL when memory ends. */
struct link *build_borrow(struct build *build, const struct link *observed);
/* Makes a borrowed link a port of a bridge or a hardif of the mesh, marked with role. False, and a
 * problem, when it belongs to somebody else; or when memory ends. */
bool build_enslave(struct build *build, const struct link *observed, const char *master,
	const char *role);
/* The LAN ports. */
void build_ports(struct build *build);
/* Foreign links that an older configuration took in: given back. */
void build_release_ports(struct build *build);
/* Does the foreign link stand on one of ours, so that it can be neither port nor mesh link? */
bool build_is_above_ours(const struct build *build, const struct link *observed);
/* The mesh links, their VLANs and hardifs. */
void build_links(struct build *build);
/* Does the link, a VLAN or macvlan, stand on one whose name the pattern matches? */
bool build_stands_on_match(const struct link *observed, const char *pattern);
/* The ways to the Internet: rules, tables, tunnels, masquerading. */
void build_gateway(struct build *build);
/* Takes out what a kernel without IPv6 refuses. */
void build_drop_ipv6(struct build *build);
/* Problems with others' rules and routes in the place of ours; desired is sorted. */
void build_note_foreign(struct build *build);
/* An address that stays, without its other fields. NULL when memory ends. */
struct address *build_add_address(struct build *build, const struct address_key *key);
/* NULL-safe add of an object. */
void *build_add(struct build *build, enum object_type type, const void *key);

#endif
