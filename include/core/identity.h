/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything a node derives from its cloud's SSID and its own MAC, exactly as LibreMesh does
 * (lime-packages, lime-system: network.lua, utils.lua). */
#ifndef CORE_IDENTITY_H
#define CORE_IDENTITY_H

#include "base/err.h"
#include "base/text.h"

#define HOSTNAME_SIZE  64
#define SSID_TEXT_SIZE 33

struct identity_request {
	const char *ssid; /* raw bytes, not cut to 32 */
	bool has_mac;
	struct mac mac;          /* of the primary link; node addresses need it */
	const char *hostname;    /* NULL or "" = template "LiMe-%M4%M5%M6" */
	const char *ipv4;        /* template, such as "10.%N1.0.0/16" */
	const char *ipv6;        /* template, such as "fd%N1:%N2%N3:%N4%N5::/64" */
	const char *anycast_mac; /* template, such as "aa:aa:aa:%N1:%N2:aa" */
	bool anycast;            /* nodes keep off the anycast address */
	/* ip.family 0 = it is the first host of the subnet. */
	struct prefix anycast_ipv4;
	struct prefix anycast_ipv6;
};

struct identity {
	uint8_t network[6];  /* N1..N6 */
	uint16_t cloud_vlan; /* 29 + ((N1 - 13) mod 256) */
	struct mac anycast_mac;
	struct prefix anycast_ipv4; /* as given; else the first host, with the subnet's length */
	struct prefix anycast_ipv6; /* the same; else always /64 */
	struct ip anycast_link_local;
	struct prefix subnet_ipv4; /* host bits zero */
	struct prefix subnet_ipv6;
	bool has_node; /* the members below are there */
	struct mac mac;
	char hostname[HOSTNAME_SIZE]; /* sanitized; also without a MAC when it needs none */
	struct prefix node_ipv4;
	struct prefix node_ipv6;
};

/* LibreMesh's templates. */
extern const char identity_default_hostname[];
extern const char identity_default_ipv4[];
extern const char identity_default_ipv6[];
extern const char identity_default_anycast_mac[];

/* Bytes 0..5 of MD5(ssid + "\n"). */
void identity_network_id(const char *ssid, uint8_t network[6]);
uint16_t identity_cloud_vlan(const uint8_t network[6]);
/* The MAC a derived interface gets: 02:h2:h3:M4:M5:M6, with h2 h3 bytes 2 and 3 (counted from 1) of
 * MD5(name + "\n"). Used for hardifs (name of the base link), the bridge and the mesh interface. */
struct mac identity_interface_mac(const char *name, const struct mac *primary);
/* NULL, or the reason why LibreMesh's shell would derive another id from this SSID. */
const char *identity_ssid_warning(const char *ssid);
/* Derives all; NULL or "" templates mean the defaults. 0, or -EINVAL with err filled: which
 * template (path is its key in meshd.json), what is wrong and what would be right.
 *
 * Templates: %N1..%N6 network id, %M1..%M6 bytes of the MAC, %m1..%m6 bytes of MD5(12 hexadecimal
 * digits of the MAC + "\n"); decimal in IPv4, two hexadecimal digits elsewhere. ipv4 and ipv6 take
 * all of them and end in /MASK or /MASK/RANGE, hostname takes %M and %m, anycast_mac takes %N. An
 * address whose host bits within RANGE (or MASK) are zero gets M4M5M6 added within those bits, any
 * other one is static. An IPv4 address that is then the network, the broadcast or (anycast) the
 * shared address becomes the last host of MASK. LibreMesh has no such rule for IPv6: there, and
 * only with anycast, an address that would equal the network or the shared one moves up by 2^24,
 * where no other MAC leads. Where that is the shared address it is the next free one below the end.
 * A network that no node can be reached in (ip_is_special()) is an error.
 *
 * Without a MAC everything that depends on none is derived; a template whose network needs one is
 * an error. */
int identity_derive(const struct identity_request *request, struct identity *identity,
	struct err *err);

/* The SSID of a radio: %H is the hostname, %M1..%M6 and %m1..%m6 as above, anything else stays as
 * it is; cut to 32 bytes. -EINVAL with err filled when it needs a MAC or hostname that is not
 * known. */
int identity_expand_ssid(const char *template, const struct identity *identity,
	char ssid[SSID_TEXT_SIZE], struct err *err);

/* "BASE.VID"; where that is over 15 bytes, a shortened base and a hash of the whole name, the same
 * on every run and different for different (base, vid). */
void identity_vlan_name(const char *base, uint16_t vid, char name[IFNAMSIZ]);

#endif
