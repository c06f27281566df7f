/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nftables bridge rules that keep a cloud's shared things local. */
#ifndef CORE_RULESET_H
#define CORE_RULESET_H

#include "core/state.h"

#define RULESET_TABLE "meshd" /* family bridge */

struct ruleset_request {
	const char *mesh;  /* mesh interface, "bat0" */
	bool anycast;      /* rules for the anycast MAC and IPs */
	struct ip anycast_ipv4; /* family 0 = none */
	struct ip anycast_ipv6;
	struct ip anycast_link_local;
	uint16_t vlan_protocol;  /* of the mesh VLANs, host order */
	const uint16_t *mesh_vlans; /* ids of the cloud's and the layer-3 VLANs, without 0 */
	size_t mesh_vlan_count;
};

/* Builds the whole table. 0 or -ENOMEM. */
int ruleset_build(const struct ruleset_request *request, struct ruleset *ruleset);

#endif
