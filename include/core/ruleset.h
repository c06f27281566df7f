/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nftables bridge rules that keep a cloud's shared things local. */
#ifndef CORE_RULESET_H
#define CORE_RULESET_H

#include "core/state.h"

#define RULESET_TABLE "meshd" /* in every family */

struct ruleset_request {
	const char *mesh;       /* mesh interface, "bat0" */
	bool anycast;           /* rules that keep gateway, DHCP and router advertisements local */
	struct mac anycast_mac; /* zero = none besides aa:aa:aa:*, which is always kept local */
	struct ip anycast_ipv4; /* family 0 = none */
	struct ip anycast_ipv6;
	struct ip anycast_link_local;
	uint16_t vlan_protocol;     /* of the mesh VLANs, host order */
	const uint16_t *mesh_vlans; /* ids of the cloud's and the layer-3 VLANs, without 0 */
	size_t mesh_vlan_count;
};

/* Builds the whole table, docs/rules.md explains each rule. Without anycast it holds only what
 * keeps the mesh's own protocols off the mesh: a cloud without a shared gateway needs its DHCP and
 * router advertisements to cross. ruleset is written on success only. 0 or -ENOMEM. */
int ruleset_build(const struct ruleset_request *request, struct ruleset *ruleset);

/* Bytes of a field that a match compares; 0 for a number that is no field. */
size_t ruleset_field_length(uint8_t field);

#endif
