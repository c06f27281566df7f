/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything a node derives from its cloud's SSID and its own MAC, exactly as LibreMesh does
 * (lime-packages, lime-system: network.lua, utils.lua). */
#ifndef CORE_IDENTITY_H
#define CORE_IDENTITY_H

#include "base/err.h"
#include "base/text.h"

#define HOSTNAME_SIZE 64

struct identity_request {
	const char *ssid; /* raw bytes, not cut to 32 */
	bool has_mac;
	struct mac mac;          /* of the primary link; node addresses need it */
	const char *hostname;    /* NULL or "" = template "LiMe-%M4%M5%M6" */
	const char *ipv4;        /* template, such as "10.%N1.0.0/16" */
	const char *ipv6;        /* template, such as "fd%N1:%N2%N3:%N4%N5::/64" */
	const char *anycast_mac; /* template, such as "aa:aa:aa:%N1:%N2:aa" */
	bool anycast;            /* the first host of the subnet is taken by the anycast address */
};

struct identity {
	uint8_t network[6]; /* N1..N6 */
	uint16_t cloud_vlan; /* 29 + ((N1 - 13) mod 256) */
	struct mac anycast_mac;
	struct prefix anycast_ipv4; /* first host of the subnet, with the subnet's length */
	struct prefix anycast_ipv6; /* first host, always /64 */
	struct ip anycast_link_local;
	struct prefix subnet_ipv4; /* host bits zero */
	struct prefix subnet_ipv6;
	bool has_node; /* the members below are there */
	struct mac mac;
	char hostname[HOSTNAME_SIZE]; /* sanitized; also without a MAC when it needs none */
	struct prefix node_ipv4;
	struct prefix node_ipv6;
};

extern const char *const identity_default_ipv4;
extern const char *const identity_default_ipv6;
extern const char *const identity_default_anycast_mac;

/* Bytes 0..5 of MD5(ssid + "\n"). */
void identity_network_id(const char *ssid, uint8_t network[6]);
uint16_t identity_cloud_vlan(const uint8_t network[6]);
/* The MAC a derived interface gets: 02:h2:h3:M4:M5:M6, with h2 h3 bytes 2 and 3 (counted from 1) of
 * MD5(name + "\n"). Used for hardifs (name of the base link), the bridge and the mesh interface. */
struct mac identity_interface_mac(const char *name, const struct mac *primary);
/* NULL, or the reason why LibreMesh's shell would derive another id from this SSID. */
const char *identity_ssid_warning(const char *ssid);
/* Derives all; NULL templates mean the defaults. 0, or -EINVAL with err filled: which template, what
 * is wrong and what would be right. */
int identity_derive(
	const struct identity_request *request, struct identity *identity, struct err *err);

/* "BASE.VID"; where that is over 15 bytes, a shortened base and a hash of the whole name, the same
 * on every run and different for different (base, vid). */
void identity_vlan_name(const char *base, uint16_t vid, char name[IFNAMSIZ]);

#endif
