/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/ruleset.h"

#include <errno.h>
#include <linux/in6.h>
#include <linux/netfilter_bridge.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* Where a filter's rules stand. */
enum place {
	PLACE_MESH,     /* coming from the mesh, and going to the mesh */
	PLACE_FORWARD,  /* between any two ports */
	PLACE_FROM_LAN, /* coming from any port, after those from the mesh were dropped */
	PLACE_NONE,
};

enum value_source {
	VALUE_BYTES,
	VALUE_ANYCAST_MAC,
	VALUE_ANYCAST_IPV4,
	VALUE_ANYCAST_IPV6,
	VALUE_ANYCAST_LINK_LOCAL,
};

struct match_spec {
	uint8_t field; /* 0, the interface, ends the list: the place gives it */
	uint8_t source;
	uint8_t bytes[6];
	uint8_t kept; /* leading bytes that are compared; 0 = all */
};

struct filter {
	const char *name;
	enum place place;
	enum nft_verdict verdict;
	struct match_spec matches[NFT_MATCHES_MAX - 1];
};

#define ETHER_TYPE(type)                                                                           \
	{                                                                                          \
		NFT_FIELD_ETHER_TYPE, VALUE_BYTES, {(type) >> 8, (type)&0xff}, 0                   \
	}
#define L4PROTO(protocol)                                                                          \
	{                                                                                          \
		NFT_FIELD_L4PROTO, VALUE_BYTES, {protocol}, 0                                      \
	}
#define SPORT(port)                                                                                \
	{                                                                                          \
		NFT_FIELD_UDP_SPORT, VALUE_BYTES, {(port) >> 8, (port)&0xff}, 0                    \
	}
#define DPORT(port)                                                                                \
	{                                                                                          \
		NFT_FIELD_UDP_DPORT, VALUE_BYTES, {(port) >> 8, (port)&0xff}, 0                    \
	}
#define ICMPV6_TYPE(type)                                                                          \
	{                                                                                          \
		NFT_FIELD_ICMPV6_TYPE, VALUE_BYTES, {type}, 0                                      \
	}
#define ARP_ZERO(field)                                                                            \
	{                                                                                          \
		field, VALUE_BYTES, {0}, 0                                                         \
	}
#define ANYCAST(field, source)                                                                     \
	{                                                                                          \
		field, source, {0}, 0                                                              \
	}
/* LibreMesh's anycast MACs, of every cloud. */
#define ANYCAST_PREFIX(field)                                                                      \
	{                                                                                          \
		field, VALUE_BYTES, {0xaa, 0xaa, 0xaa}, 3                                          \
	}
#define ARP  ETHER_TYPE(0x0806)
#define IPV4 ETHER_TYPE(0x0800)
#define IPV6 ETHER_TYPE(0x86dd)
#define UDP  L4PROTO(IPPROTO_UDP)
#define ICMP L4PROTO(IPPROTO_ICMPV6)

/* Bridge loop avoidance marks its ARP replies in the target's hardware address, ff:43:05:TYPE:GROUP
 * (batadv_bla_send_claim() in the kernel's net/batman-adv/bridge_loop_avoidance.c). The zero
 * addresses are always there; without them a forged claim could carry an ARP for the gateway. */
#define BLA_CLAIM                                                                                  \
	ARP, {NFT_FIELD_ARP_TARGET_MAC, VALUE_BYTES, {0xff, 0x43, 0x05}, 3},                       \
		ARP_ZERO(NFT_FIELD_ARP_SENDER), ARP_ZERO(NFT_FIELD_ARP_TARGET)

/* Mesh protocols; a table's order is the order in the chain. */
static const struct filter mesh_filters[] = {
	{"bla-claim", PLACE_MESH, NFT_VERDICT_ACCEPT, {BLA_CLAIM}},
	{"bla-claim", PLACE_FORWARD, NFT_VERDICT_ACCEPT, {BLA_CLAIM}},
	{"batman-in-batman", PLACE_MESH, NFT_VERDICT_DROP, {ETHER_TYPE(0x4305)}},
	{"bmx7", PLACE_MESH, NFT_VERDICT_DROP, {IPV6, UDP, SPORT(6270), DPORT(6270)}},
	{"babel", PLACE_MESH, NFT_VERDICT_DROP, {UDP, SPORT(6696), DPORT(6696)}},
};

static const struct filter anycast_filters[] = {
	{"anycast-mac-source", PLACE_MESH, NFT_VERDICT_DROP,
		{ANYCAST_PREFIX(NFT_FIELD_ETHER_SADDR)}},
	{"anycast-mac-target", PLACE_MESH, NFT_VERDICT_DROP,
		{ANYCAST_PREFIX(NFT_FIELD_ETHER_DADDR)}},
	{"anycast-mac-target", PLACE_FORWARD, NFT_VERDICT_DROP,
		{ANYCAST_PREFIX(NFT_FIELD_ETHER_DADDR)}},
	{"anycast-own-mac-source", PLACE_MESH, NFT_VERDICT_DROP,
		{ANYCAST(NFT_FIELD_ETHER_SADDR, VALUE_ANYCAST_MAC)}},
	{"anycast-own-mac-target", PLACE_MESH, NFT_VERDICT_DROP,
		{ANYCAST(NFT_FIELD_ETHER_DADDR, VALUE_ANYCAST_MAC)}},
	{"anycast-own-mac-target", PLACE_FORWARD, NFT_VERDICT_DROP,
		{ANYCAST(NFT_FIELD_ETHER_DADDR, VALUE_ANYCAST_MAC)}},
	{"anycast-arp-sender", PLACE_MESH, NFT_VERDICT_DROP,
		{ARP, ANYCAST(NFT_FIELD_ARP_SENDER, VALUE_ANYCAST_IPV4)}},
	{"anycast-arp-target", PLACE_MESH, NFT_VERDICT_DROP,
		{ARP, ANYCAST(NFT_FIELD_ARP_TARGET, VALUE_ANYCAST_IPV4)}},
	{"anycast-nd", PLACE_MESH, NFT_VERDICT_DROP,
		{ICMP, ANYCAST(NFT_FIELD_ND_TARGET, VALUE_ANYCAST_IPV6)}},
	{"anycast-ll-nd", PLACE_MESH, NFT_VERDICT_DROP,
		{ICMP, ANYCAST(NFT_FIELD_ND_TARGET, VALUE_ANYCAST_LINK_LOCAL)}},
	{"anycast-ip4-source", PLACE_MESH, NFT_VERDICT_DROP,
		{IPV4, ANYCAST(NFT_FIELD_IP_SADDR, VALUE_ANYCAST_IPV4)}},
	{"anycast-ip4-target", PLACE_MESH, NFT_VERDICT_DROP,
		{IPV4, ANYCAST(NFT_FIELD_IP_DADDR, VALUE_ANYCAST_IPV4)}},
	{"anycast-ip6-source", PLACE_MESH, NFT_VERDICT_DROP,
		{IPV6, ANYCAST(NFT_FIELD_IP6_SADDR, VALUE_ANYCAST_IPV6)}},
	{"anycast-ip6-target", PLACE_MESH, NFT_VERDICT_DROP,
		{IPV6, ANYCAST(NFT_FIELD_IP6_DADDR, VALUE_ANYCAST_IPV6)}},
	{"anycast-ll-source", PLACE_MESH, NFT_VERDICT_DROP,
		{IPV6, ANYCAST(NFT_FIELD_IP6_SADDR, VALUE_ANYCAST_LINK_LOCAL)}},
	{"anycast-ll-target", PLACE_MESH, NFT_VERDICT_DROP,
		{IPV6, ANYCAST(NFT_FIELD_IP6_DADDR, VALUE_ANYCAST_LINK_LOCAL)}},
	{"dhcp4-request", PLACE_MESH, NFT_VERDICT_DROP, {UDP, DPORT(67)}},
	{"dhcp4-reply", PLACE_MESH, NFT_VERDICT_DROP, {UDP, SPORT(67), DPORT(68)}},
	{"dhcp6-request", PLACE_MESH, NFT_VERDICT_DROP, {UDP, DPORT(547)}},
	{"dhcp6-reply", PLACE_MESH, NFT_VERDICT_DROP, {UDP, SPORT(547), DPORT(546)}},
	{"router-solicit", PLACE_MESH, NFT_VERDICT_DROP, {ICMP, ICMPV6_TYPE(133)}},
	{"router-advert", PLACE_MESH, NFT_VERDICT_DROP, {ICMP, ICMPV6_TYPE(134)}},
	{"anycast-mac-source", PLACE_FROM_LAN, NFT_VERDICT_NONE,
		{ANYCAST_PREFIX(NFT_FIELD_ETHER_SADDR)}},
	{"anycast-own-mac-source", PLACE_FROM_LAN, NFT_VERDICT_NONE,
		{ANYCAST(NFT_FIELD_ETHER_SADDR, VALUE_ANYCAST_MAC)}},
};

#define MESH_CHAIN "mesh"

/* LibreMesh's hooks and priorities, so that both act at the same point of a frame's way. What comes
 * from the mesh and what goes to it is asked the same, so that is one chain for both ways: half the
 * rules, which are the dearest part of a node that comes up, and other frames pass it by. */
static const struct nft_chain chains[] = {
	{"prerouting", "filter", NF_BR_PRE_ROUTING, NF_BR_PRI_NAT_DST_BRIDGED},
	{"forward", "filter", NF_BR_FORWARD, NF_BR_PRI_FILTER_BRIDGED},
	{"postrouting", "filter", NF_BR_POST_ROUTING, NF_BR_PRI_NAT_SRC},
	{MESH_CHAIN, "", -1, 0},
};

/* What a chain begins with, and which filters stand in it, with what behind their names. */
static const struct stand {
	const char *chain;
	const char *entrance; /* the rule that leads to the mesh's chain, or NULL */
	uint8_t interface;    /* its match with the mesh's name */
	enum place place;
	const char *suffix;
} stands[] = {
	{"prerouting", "from-mesh", NFT_FIELD_IIF, PLACE_FROM_LAN, "-from-lan"},
	{"forward", NULL, 0, PLACE_FORWARD, "-forward"},
	{"postrouting", "to-mesh", NFT_FIELD_OIF, PLACE_NONE, ""},
	{MESH_CHAIN, NULL, 0, PLACE_MESH, "-mesh"},
};

static const uint8_t field_lengths[NFT_FIELDS] = {
	[NFT_FIELD_IIF] = 16,
	[NFT_FIELD_OIF] = 16,
	[NFT_FIELD_L4PROTO] = 1,
	[NFT_FIELD_ETHER_DADDR] = 6,
	[NFT_FIELD_ETHER_SADDR] = 6,
	[NFT_FIELD_ETHER_TYPE] = 2,
	[NFT_FIELD_VLAN_TYPE] = 2,
	[NFT_FIELD_VLAN_ID] = 2,
	[NFT_FIELD_ARP_SENDER] = 4,
	[NFT_FIELD_ARP_TARGET] = 4,
	[NFT_FIELD_IP_SADDR] = 4,
	[NFT_FIELD_IP_DADDR] = 4,
	[NFT_FIELD_IP6_SADDR] = 16,
	[NFT_FIELD_IP6_DADDR] = 16,
	[NFT_FIELD_ICMPV6_TYPE] = 1,
	[NFT_FIELD_ND_TARGET] = 16,
	[NFT_FIELD_UDP_SPORT] = 2,
	[NFT_FIELD_UDP_DPORT] = 2,
	[NFT_FIELD_ARP_TARGET_MAC] = 6,
	[NFT_FIELD_NFPROTO] = 1,
	[NFT_FIELD_TCP_FLAGS] = 1,
};

size_t ruleset_field_length(uint8_t field)
{
	return field < NFT_FIELDS ? field_lengths[field] : 0;
}

static const uint8_t *ip_value(const struct ip *ip, uint8_t family)
{
	return ip->family == family ? ip->bytes : NULL;
}

static const uint8_t *mac_value(const struct mac *mac)
{
	static const uint8_t prefix[3] = {0xaa, 0xaa, 0xaa};

	if (mac_is_zero(mac) || memcmp(mac->bytes, prefix, sizeof(prefix)) == 0) {
		return NULL; /* the rules of the prefix have it already */
	}
	return mac->bytes;
}

/* NULL when the request has no such value: then the filter has no rule. */
static const uint8_t *spec_value(const struct ruleset_request *request,
	const struct match_spec *spec)
{
	switch ((enum value_source)spec->source) {
	case VALUE_BYTES:
		return spec->bytes;
	case VALUE_ANYCAST_MAC:
		return mac_value(&request->anycast_mac);
	case VALUE_ANYCAST_IPV4:
		return ip_value(&request->anycast_ipv4, AF_INET);
	case VALUE_ANYCAST_IPV6:
		return ip_value(&request->anycast_ipv6, AF_INET6);
	case VALUE_ANYCAST_LINK_LOCAL:
		return ip_value(&request->anycast_link_local, AF_INET6);
	}
	return NULL;
}

static void begin_rule(struct nft_rule *rule, const struct stand *stand, const char *name,
	const char *suffix)
{
	memset(rule, 0, sizeof(*rule));
	text_copy(rule->chain, sizeof(rule->chain), stand->chain);
	snprintf(rule->name, sizeof(rule->name), "%s%s", name, suffix);
}

static int add_entrance(struct ruleset *ruleset, const struct ruleset_request *request,
	const struct stand *stand)
{
	struct nft_rule rule;

	begin_rule(&rule, stand, stand->entrance, "");
	nft_rule_add_link(&rule, stand->interface, request->mesh);
	rule.verdict = NFT_VERDICT_JUMP;
	text_copy(rule.target, sizeof(rule.target), MESH_CHAIN);
	return ruleset_add_rule(ruleset, &rule);
}

static int add_filter(struct ruleset *ruleset, const struct ruleset_request *request,
	const struct stand *stand, const struct filter *filter)
{
	struct nft_rule rule;

	if (filter->place != stand->place) {
		return 0;
	}
	begin_rule(&rule, stand, filter->name, stand->suffix);
	rule.verdict = filter->verdict;
	for (size_t i = 0; i < ARRAY_SIZE(filter->matches) && filter->matches[i].field; i++) {
		const struct match_spec *spec = &filter->matches[i];
		const uint8_t *value = spec_value(request, spec);

		if (!value) {
			return 0;
		}
		struct nft_match *match = nft_rule_add_match(&rule, spec->field, value);

		if (spec->kept) {
			memset(match->mask + spec->kept, 0, sizeof(match->mask) - spec->kept);
		}
	}
	return ruleset_add_rule(ruleset, &rule);
}

static int add_filters(struct ruleset *ruleset, const struct ruleset_request *request,
	const struct stand *stand, const struct filter *filters, size_t count)
{
	int error = 0;

	for (size_t i = 0; i < count && error == 0; i++) {
		error = add_filter(ruleset, request, stand, &filters[i]);
	}
	return error;
}

/* Tagged frames of the mesh itself: they reach a bridge when a port has no interface for that tag,
 * and would then run through the mesh inside the mesh. */
static int add_vlan(struct ruleset *ruleset, const struct ruleset_request *request,
	const struct stand *stand, uint16_t vid)
{
	const uint8_t type[2] = {request->vlan_protocol >> 8, request->vlan_protocol & 0xff};
	const uint8_t id[2] = {(vid >> 8) & 0x0f, vid & 0xff};
	struct nft_rule rule;
	char name[NFT_NAME_SIZE];

	snprintf(name, sizeof(name), "mesh-vlan-%u", vid);
	begin_rule(&rule, stand, name, stand->suffix);
	rule.verdict = NFT_VERDICT_DROP;
	nft_rule_add_match(&rule, NFT_FIELD_VLAN_TYPE, type);
	nft_rule_add_match(&rule, NFT_FIELD_VLAN_ID, id)->mask[0] =
		0x0f; /* not the priority bits */
	return ruleset_add_rule(ruleset, &rule);
}

static bool vlan_seen(const struct ruleset_request *request, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (request->mesh_vlans[i] == request->mesh_vlans[index]) {
			return true;
		}
	}
	return request->mesh_vlans[index] == 0;
}

static int add_vlans(struct ruleset *ruleset, const struct ruleset_request *request,
	const struct stand *stand)
{
	int error = 0;

	if (stand->place != PLACE_MESH) {
		return 0;
	}
	for (size_t i = 0; i < request->mesh_vlan_count && error == 0; i++) {
		if (!vlan_seen(request, i)) {
			error = add_vlan(ruleset, request, stand, request->mesh_vlans[i]);
		}
	}
	return error;
}

static int add_stand(struct ruleset *ruleset, const struct ruleset_request *request,
	const struct stand *stand)
{
	int error = stand->entrance ? add_entrance(ruleset, request, stand) : 0;

	if (error == 0) {
		error = add_filters(ruleset, request, stand, mesh_filters,
			ARRAY_SIZE(mesh_filters));
	}
	if (error == 0) {
		error = add_vlans(ruleset, request, stand);
	}
	if (error == 0 && request->anycast) {
		error = add_filters(ruleset, request, stand, anycast_filters,
			ARRAY_SIZE(anycast_filters));
	}
	return error;
}

int ruleset_build(const struct ruleset_request *request, struct ruleset *ruleset)
{
	CLEANUP(ruleset_free) struct ruleset built = {.present = true};
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(chains) && error == 0; i++) {
		error = ruleset_add_chain(&built, &chains[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(stands) && error == 0; i++) {
		error = add_stand(&built, request, &stands[i]);
	}
	if (error == 0) {
		*ruleset = built;
		built = (struct ruleset){0};
	}
	return error;
}
