/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nftables table for what a node forwards: masquerading on uplinks, TCP's segment size, and how
 * much the node's own clients use the uplinks. */
#ifndef CORE_NAT_H
#define CORE_NAT_H

#include "core/state.h"

/* The counting rules of an uplink "wan0" are "own-down-wan0" and "own-up-wan0"; with several LAN
 * links there is one for each: "own-down-wan0", "own-down-wan0:2", "own-down-wan0:3", ... (no link
 * has a colon in its name). */
#define NAT_OWN_DOWN         "own-down-"
#define NAT_OWN_UP           "own-up-"
#define NAT_SEPARATOR        ':'
#define NAT_CHAIN_MASQUERADE "postrouting"
#define NAT_CHAIN_FORWARD    "forward"

/* Names of links that need not exist (yet), in any order; what is twice or "" is taken once or not
 * at all. */
struct nat_request {
	const char (*masquerade_ipv4)[IFNAMSIZ];
	size_t masquerade_ipv4_count;
	const char (*masquerade_ipv6)[IFNAMSIZ];
	size_t masquerade_ipv6_count;
	const char (*uplinks)[IFNAMSIZ]; /* counted too, without masquerading */
	size_t uplink_count;
	const char (*lan)[IFNAMSIZ];
	size_t lan_count;
};

/* Builds the whole table "inet meshd". Without a link to masquerade on it has no chain of type nat:
 * that alone would have the kernel track every connection. nat is written on success only. 0 or
 * -ENOMEM. */
int nat_build(const struct nat_request *request, struct ruleset *nat);

#endif
