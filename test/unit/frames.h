/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames that meet the bridge rules, described in words and made into bytes, each with what must
 * become of it. The same list runs through an evaluator of rules and through the kernel. */
#ifndef UNIT_FRAMES_H
#define UNIT_FRAMES_H

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define FRAME_SIZE 128
#define FRAME_MARK "mark"
#define MARK_SIZE  8

#define BROADCAST "ff:ff:ff:ff:ff:ff"
#define CLIENT    "02:c1:00:00:00:01" /* behind this node */
#define REMOTE    "02:c2:00:00:00:02" /* behind another node */
#define NODE      "02:00:5e:00:00:0a"
#define ANYCAST   "aa:aa:aa:0d:fe:aa"
#define MULTI6    "33:33:00:00:00:01"

#define CLIENT4  "10.13.9.9"
#define REMOTE4  "10.13.7.7"
#define NODE4    "10.13.115.170"
#define ANYCAST4 "10.13.0.1"
#define INET4    "192.0.2.80"
#define CLIENT6  "fe80::c1ff:fe00:1"
#define REMOTE6  "fe80::c2ff:fe00:2"
#define ANYCAST6 "fd0d:fe46:8ce8::1"
#define ANYLOCAL "fe80::a8aa:aaff:fe0d:feaa"

enum frame_kind {
	FRAME_RAW, /* ether type in sport */
	FRAME_ARP, /* from and to are sender and target */
	FRAME_UDP, /* IPv4 or IPv6 by the addresses */
	FRAME_ND,  /* ICMPv6, type in sport, target in nd_target */
};

struct frame_spec {
	enum frame_kind kind;
	const char *source;
	const char *target;
	const char *from;
	const char *to;
	uint16_t sport;
	uint16_t dport;
	const char *nd_target;
	const char *arp_mac; /* target hardware address */
	uint16_t tag_type;   /* 0 = untagged */
	uint16_t tag;        /* priority and id */
};

enum frame_origin {
	FROM_LAN = 1 << 0,  /* a client behind this node, goes to the mesh */
	FROM_MESH = 1 << 1, /* goes to a client behind this node */
	FROM_NODE = 1 << 2, /* the node itself, goes to the mesh */
	FROM_ANY = FROM_LAN | FROM_MESH | FROM_NODE,
	FROM_SIDES = FROM_LAN | FROM_MESH,
};

struct frame_case {
	const char *what;
	unsigned int origins;
	struct frame_spec spec;
	/* Rule that drops it, without "-mesh"; NULL: it crosses. */
	const char *dropped_by;
};

/* The values behind the names above, and the mesh's tags. */
#define FRAME_VLAN        29
#define FRAME_VLAN_LAYER3 18

static inline size_t put16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = value >> 8;
	bytes[1] = value & 0xff;
	return 2;
}

static inline void put_mac(uint8_t *bytes, const char *text)
{
	struct mac mac = {{0}};

	if (text && mac_parse(text, &mac) == 0) {
		memcpy(bytes, mac.bytes, sizeof(mac.bytes));
	}
}

static inline uint8_t put_ip(uint8_t *bytes, const char *text)
{
	struct ip ip = {0};

	if (ip_parse(text, &ip) == 0) {
		memcpy(bytes, ip.bytes, ip_bits(&ip) / 8);
	}
	return ip.family;
}

static inline size_t put_arp(uint8_t *at, const struct frame_spec *spec)
{
	static const uint8_t head[] = {0, 1, 8, 0, 6, 4, 0, 1};

	memcpy(at, head, sizeof(head));
	put_mac(at + 8, spec->source);
	put_ip(at + 14, spec->from);
	put_mac(at + 18, spec->arp_mac);
	put_ip(at + 24, spec->to);
	return 28;
}

/* The kernel's br_netfilter, where it is loaded, drops IPv4 with a wrong checksum. */
static inline void put_checksum(uint8_t *head)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < 20; i += 2) {
		sum += head[i] << 8 | head[i + 1];
	}
	sum = (sum & 0xffff) + (sum >> 16);
	put16(head + 10, ~(sum + (sum >> 16)) & 0xffff);
}

/* With MARK_SIZE bytes of payload behind the headers. */
static inline size_t put_packet(uint8_t *at, const struct frame_spec *spec)
{
	bool six = strchr(spec->from, ':') != NULL;
	uint8_t protocol = spec->kind == FRAME_ND ? 58 : 17;
	size_t head = six ? 40 : 20;
	uint8_t *inner = at + head;
	uint16_t length = (spec->kind == FRAME_ND ? 24 : 8) + MARK_SIZE;

	if (six) {
		at[0] = 0x60;
		put16(at + 4, length);
		at[6] = protocol;
		at[7] = 255;
	} else {
		at[0] = 0x45;
		put16(at + 2, head + length);
		at[8] = 64;
		at[9] = protocol;
	}
	put_ip(at + (six ? 8 : 12), spec->from);
	put_ip(at + (six ? 24 : 16), spec->to);
	if (!six) {
		put_checksum(at);
	}
	if (spec->kind == FRAME_ND) {
		inner[0] = spec->sport;
		put_ip(inner + 8, spec->nd_target ? spec->nd_target : "::");
	} else {
		put16(inner, spec->sport);
		put16(inner + 2, spec->dport);
		put16(inner + 4, length);
	}
	return head + length - MARK_SIZE;
}

static inline uint16_t frame_type(const struct frame_spec *spec)
{
	switch (spec->kind) {
	case FRAME_RAW:
		return spec->sport;
	case FRAME_ARP:
		return 0x0806;
	case FRAME_UDP:
	case FRAME_ND:
		break;
	}
	return strchr(spec->from, ':') ? 0x86dd : 0x0800;
}

/* Ends the frame with a mark that holds the number. Returns the length, at least 60. */
static inline size_t frame_build(const struct frame_spec *spec, uint32_t number,
	uint8_t bytes[FRAME_SIZE])
{
	size_t at = 12;

	memset(bytes, 0, FRAME_SIZE);
	put_mac(bytes, spec->target);
	put_mac(bytes + 6, spec->source);
	if (spec->tag_type) {
		at += put16(bytes + at, spec->tag_type);
		at += put16(bytes + at, spec->tag);
	}
	at += put16(bytes + at, frame_type(spec));
	if (spec->kind == FRAME_ARP) {
		at += put_arp(bytes + at, spec);
	} else if (spec->kind != FRAME_RAW) {
		at += put_packet(bytes + at, spec);
	}
	memcpy(bytes + at, FRAME_MARK, MARK_SIZE - sizeof(number));
	memcpy(bytes + at + MARK_SIZE - sizeof(number), &number, sizeof(number));
	at += MARK_SIZE;
	return at < 60 ? 60 : at;
}

/* The number in a frame's mark, 0 when it has none. */
static inline uint32_t frame_number(const uint8_t *bytes, size_t length)
{
	const uint8_t *mark = memmem(bytes, length, FRAME_MARK, MARK_SIZE - sizeof(uint32_t));
	uint32_t number = 0;

	if (mark && (size_t)(mark - bytes) + MARK_SIZE <= length) {
		memcpy(&number, mark + MARK_SIZE - sizeof(number), sizeof(number));
	}
	return number;
}

#define ARP_FRAME(mac, sender, asked)                                                              \
	{                                                                                          \
		.kind = FRAME_ARP, .source = mac, .target = BROADCAST, .from = sender, .to = asked \
	}
#define ND_FRAME(type, address, about)                                                             \
	{                                                                                          \
		.kind = FRAME_ND, .source = CLIENT, .target = MULTI6, .from = address,             \
		.to = "ff02::1", .sport = type, .nd_target = about                                 \
	}
#define UDP_FRAME(address, peer, port, peer_port)                                                  \
	{                                                                                          \
		.kind = FRAME_UDP, .source = CLIENT, .target = BROADCAST, .from = address,         \
		.to = peer, .sport = port, .dport = peer_port                                      \
	}
#define TAGGED_FRAME(type, tci)                                                                    \
	{                                                                                          \
		.kind = FRAME_RAW, .source = CLIENT, .target = REMOTE, .sport = 0x88b5,            \
		.tag_type = type, .tag = tci                                                       \
	}
#define BLA_FRAME(daddr, sender)                                                                   \
	{                                                                                          \
		.kind = FRAME_ARP, .source = CLIENT, .target = daddr, .from = sender,              \
		.to = "0.0.0.0", .arp_mac = "ff:43:05:02:be:ef"                                    \
	}

static const struct frame_case frame_cases[] = {
	/* Everyday traffic crosses. */
	{"ARP for another client", FROM_ANY, ARP_FRAME(CLIENT, CLIENT4, REMOTE4), NULL},
	{"gratuitous ARP", FROM_ANY, ARP_FRAME(CLIENT, CLIENT4, CLIENT4), NULL},
	{"ARP probe for a new address", FROM_ANY, ARP_FRAME(CLIENT, "0.0.0.0", CLIENT4), NULL},
	{"the node's own ARP", FROM_NODE, ARP_FRAME(NODE, NODE4, REMOTE4), NULL},
	{"ARP for a node", FROM_SIDES, ARP_FRAME(CLIENT, CLIENT4, NODE4), NULL},
	{"neighbour solicitation", FROM_ANY, ND_FRAME(135, CLIENT6, REMOTE6), NULL},
	{"neighbour advertisement", FROM_ANY, ND_FRAME(136, CLIENT6, CLIENT6), NULL},
	{"duplicate address detection", FROM_ANY, ND_FRAME(135, "::", CLIENT6), NULL},
	{"multicast listener report", FROM_ANY, ND_FRAME(143, CLIENT6, NULL), NULL},
	{"multicast DNS", FROM_ANY, UDP_FRAME(CLIENT4, "224.0.0.251", 5353, 5353), NULL},
	{"unicast", FROM_ANY,
		{FRAME_UDP, CLIENT, REMOTE, CLIENT4, REMOTE4, 40000, 22, NULL, NULL, 0, 0}, NULL},
	{"unicast IPv6", FROM_ANY,
		{FRAME_UDP, CLIENT, REMOTE, CLIENT6, REMOTE6, 40000, 22, NULL, NULL, 0, 0}, NULL},
	{"answer from the Internet through this node", FROM_NODE,
		{FRAME_UDP, NODE, REMOTE, INET4, REMOTE4, 443, 40000, NULL, NULL, 0, 0}, NULL},
	{"unknown ether type", FROM_ANY, {.source = CLIENT, .target = REMOTE, .sport = 0x88b5},
		NULL},
	/* The gateway: by MAC. */
	{"client to its gateway", FROM_LAN,
		{FRAME_UDP, CLIENT, ANYCAST, CLIENT4, INET4, 40000, 443, NULL, NULL, 0, 0},
		"anycast-mac-target-forward"},
	{"another cloud's gateway MAC", FROM_LAN,
		{FRAME_UDP, CLIENT, "aa:aa:aa:be:ef:aa", CLIENT4, INET4, 1, 2, NULL, NULL, 0, 0},
		"anycast-mac-target-forward"},
	{"frame to the gateway MAC", FROM_MESH | FROM_NODE,
		{FRAME_UDP, CLIENT, ANYCAST, CLIENT4, INET4, 40000, 443, NULL, NULL, 0, 0},
		"anycast-mac-target"},
	{"frame from the gateway MAC", FROM_ANY,
		{FRAME_UDP, ANYCAST, REMOTE, INET4, REMOTE4, 443, 40000, NULL, NULL, 0, 0},
		"anycast-mac-source"},
	{"the gateway's gratuitous ARP", FROM_ANY, ARP_FRAME(ANYCAST, ANYCAST4, ANYCAST4),
		"anycast-mac-source"},
	/* The gateway: by address. */
	{"ARP for the gateway", FROM_ANY, ARP_FRAME(CLIENT, CLIENT4, ANYCAST4),
		"anycast-arp-target"},
	{"ARP probe for the gateway", FROM_ANY, ARP_FRAME(CLIENT, "0.0.0.0", ANYCAST4),
		"anycast-arp-target"},
	{"ARP as the gateway", FROM_ANY, ARP_FRAME(NODE, ANYCAST4, REMOTE4), "anycast-arp-sender"},
	{"tagged ARP for the gateway", FROM_SIDES,
		{FRAME_ARP, CLIENT, BROADCAST, CLIENT4, ANYCAST4, 0, 0, NULL, NULL, 0x8100, 10},
		"anycast-arp-target"},
	{"solicitation for the gateway", FROM_ANY, ND_FRAME(135, CLIENT6, ANYCAST6), "anycast-nd"},
	{"advertisement as the gateway", FROM_ANY, ND_FRAME(136, CLIENT6, ANYCAST6), "anycast-nd"},
	{"solicitation for the gateway's link-local", FROM_ANY, ND_FRAME(135, CLIENT6, ANYLOCAL),
		"anycast-ll-nd"},
	{"advertisement as the gateway's link-local", FROM_ANY, ND_FRAME(136, CLIENT6, ANYLOCAL),
		"anycast-ll-nd"},
	{"redirect to the gateway", FROM_ANY, ND_FRAME(137, CLIENT6, ANYCAST6), "anycast-nd"},
	{"IPv4 from the gateway", FROM_ANY, UDP_FRAME(ANYCAST4, REMOTE4, 53, 40000),
		"anycast-ip4-source"},
	{"IPv4 to the gateway", FROM_ANY, UDP_FRAME(CLIENT4, ANYCAST4, 40000, 53),
		"anycast-ip4-target"},
	{"IPv6 from the gateway", FROM_ANY, UDP_FRAME(ANYCAST6, REMOTE6, 53, 40000),
		"anycast-ip6-source"},
	{"IPv6 to the gateway", FROM_ANY, UDP_FRAME(CLIENT6, ANYCAST6, 40000, 53),
		"anycast-ip6-target"},
	{"IPv6 from the gateway's link-local", FROM_ANY, UDP_FRAME(ANYLOCAL, REMOTE6, 53, 40000),
		"anycast-ll-source"},
	{"IPv6 to the gateway's link-local", FROM_ANY, UDP_FRAME(CLIENT6, ANYLOCAL, 40000, 53),
		"anycast-ll-target"},
	/* Services of the own node. */
	{"DHCP discover", FROM_ANY, UDP_FRAME("0.0.0.0", "255.255.255.255", 68, 67),
		"dhcp4-request"},
	{"DHCP relay", FROM_ANY, UDP_FRAME(REMOTE4, NODE4, 67, 67), "dhcp4-request"},
	{"DHCP offer", FROM_ANY, UDP_FRAME(REMOTE4, "255.255.255.255", 67, 68), "dhcp4-reply"},
	{"DHCPv6 solicit", FROM_ANY, UDP_FRAME(CLIENT6, "ff02::1:2", 546, 547), "dhcp6-request"},
	{"DHCPv6 advertise", FROM_ANY, UDP_FRAME(REMOTE6, CLIENT6, 547, 546), "dhcp6-reply"},
	{"router solicitation", FROM_ANY, ND_FRAME(133, CLIENT6, NULL), "router-solicit"},
	{"router advertisement", FROM_ANY, ND_FRAME(134, REMOTE6, NULL), "router-advert"},
	/* Mesh protocols. */
	{"bmx7", FROM_ANY, UDP_FRAME(CLIENT6, "ff02::2", 6270, 6270), "bmx7"},
	{"babel", FROM_ANY, UDP_FRAME(CLIENT6, "ff02::1:6", 6696, 6696), "babel"},
	{"babel over IPv4", FROM_ANY, UDP_FRAME(CLIENT4, "224.0.0.111", 6696, 6696), "babel"},
	{"a client's port that looks like babel's", FROM_ANY,
		UDP_FRAME(CLIENT4, REMOTE4, 6696, 443), NULL},
	{"batman-adv", FROM_ANY, {.source = CLIENT, .target = BROADCAST, .sport = 0x4305},
		"batman-in-batman"},
	{"batman-adv in a foreign VLAN", FROM_SIDES,
		{.source = CLIENT,
			.target = BROADCAST,
			.sport = 0x4305,
			.tag_type = 0x8100,
			.tag = 7},
		"batman-in-batman"},
	/* Loop avoidance between nodes on one wire. */
	{"loop avoidance announcement", FROM_ANY, BLA_FRAME(BROADCAST, "0.0.0.0"), NULL},
	{"loop avoidance request", FROM_SIDES, BLA_FRAME(REMOTE, "0.0.0.0"), NULL},
	{"forged claim that answers for the gateway", FROM_ANY, BLA_FRAME(BROADCAST, ANYCAST4),
		"anycast-arp-sender"},
};

/* The rule's whole name; "" when the frame crosses. */
static inline void frame_rule(const struct frame_case *test, char *name, size_t size)
{
	if (!test->dropped_by) {
		text_copy(name, size, "");
	} else if (strstr(test->dropped_by, "-forward")) {
		text_copy(name, size, test->dropped_by);
	} else {
		snprintf(name, size, "%s-mesh", test->dropped_by);
	}
}

#endif
