/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network as data: what a node should have (desired) and what its kernel has (observed), in
 * the same structs, so that core/diff.h can compare them.
 *
 * Every kind of object is one struct: a head, a key (the kernel's own key), and fields. The lists
 * below make the members and the table of fields at once, so a field that is not classified does
 * not exist. A field counts only when its bit is set in head.has: unset in desired means "do not
 * care", unset in observed means "this kernel does not tell". All structs start zeroed, texts are
 * padded with zeros, so that memcmp() compares. */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include <linux/if_link.h>

#include "base/text.h"

/* How the kernel marks what is ours, see docs/ARCHITECTURE.md. */
#define STATE_ALIAS_PREFIX    "meshd:"
/* On foreign links that meshd made ports or hardifs: to be given back, never to be deleted. */
#define STATE_BORROWED_PREFIX "meshd-borrowed:"
#define STATE_LINK_GROUP      0x6d64u /* "md": set at creation, so no link is ever without an owner */
#define STATE_DOOMED_GROUP    0x6d65u /* links on their way out, deleted in one call */
#define STATE_PROTOCOL        109 /* routes, rules and addresses; named in rt_protos.d/meshd.conf */
#define STATE_TABLE_ANYCAST   170
/* The ways to the Internet, see core/gateway_wish.h. */
#define STATE_TABLE_INTERNET  171 /* the way in use */
#define STATE_TABLE_BABELD    172 /* the default routes that babeld installs; not ours */
#define STATE_TABLE_WARM      173 /* the next best ways */
#define STATE_TABLE_UPLINK    174 /* the default route of each uplink, for its probes */
#define STATE_TABLE_OFFER     175 /* of those that the mesh may use; with STATE_PROTOCOL_OFFER */
#define STATE_TABLE_WITHDRAWN 176 /* what it announced until now, see core/render_babeld.c */
#define STATE_PROTOCOL_OFFER  7   /* as LibreMesh's babeld-auto-gw-mode; ours in that table only */
#define STATE_ALIAS_SIZE      64
/* Link numbers from here on are somebody's choice, not the kernel's count. */
#define STATE_IFINDEX_HIGH    (UINT32_C(1) << 30)

enum object_type {
	OBJECT_LINK,
	OBJECT_MESH,
	OBJECT_HARDIF,
	OBJECT_MESH_VLAN,
	OBJECT_ADDRESS,
	OBJECT_ROUTE,
	OBJECT_RULE,
	OBJECT_SYSCTL,
	OBJECT_RULESET, /* the table "bridge meshd"; not in a set, see struct ruleset */
	OBJECT_NAT,     /* the table "inet meshd"; likewise */
	OBJECT_TYPES,
};
#define OBJECT_SETS OBJECT_RULESET

enum object_flag {
	OBJECT_OWNED = 1 << 0,    /* observed: carries our mark */
	OBJECT_BORROWED = 1 << 1, /* desired: a foreign link the configuration names; its fields are
				     set, it is never created or deleted */
};

struct object_head {
	uint64_t has; /* bit n: field n of the kind's list is given */
	uint32_t flags;
	uint32_t ifindex; /* links, observed: the kernel's number; not compared */
};

/* What a difference in a field costs. */
enum field_change {
	FIELD_SET,      /* changed in place */
	FIELD_RECREATE, /* the object is deleted and made anew */
};

enum field_format {
	FORMAT_NUMBER,
	FORMAT_SIGNED,
	FORMAT_BOOL,
	FORMAT_TEXT,
	FORMAT_MAC,
	FORMAT_IP,
	FORMAT_HEX,
	FORMAT_LINK_KIND,
	FORMAT_VLAN_PROTOCOL,
	FORMAT_MACVLAN_MODE,
	FORMAT_MILLISECONDS,
	FORMAT_BANDWIDTH, /* unit 100 kbit/s */
	FORMAT_GW_MODE,
	FORMAT_ROUTER_MODE, /* IFLA_BRPORT_MULTICAST_ROUTER */
	FORMAT_ADDR_GEN_MODE,
};

enum link_kind {
	LINK_OTHER, /* any link meshd does not make: hardware, veth, ... */
	LINK_VLAN,
	LINK_BATADV,
	LINK_BRIDGE,
	LINK_MACVLAN,
	LINK_IP6TNL, /* IPv4 or IPv6 in IPv6 */
};

/* X(SYMBOL, declaration, member, change, format) */

/* kind, lower: IFLA_INFO_KIND, IFLA_LINK. master: name or "". rp_filter .. arp_ignore:
 * IFLA_INET_CONF. accept_dad .. : /proc/sys/net/ipv6/conf/LINK, read from IFLA_INET6_CONF.
 * multicast_router .. : settings as a bridge port. stp .. : settings as a bridge. tunnel_local,
 * tunnel_remote, tunnel_protocol: IFLA_IPTUN_LOCAL, _REMOTE (::, any), _PROTO (IPPROTO_IPIP or
 * IPPROTO_IPV6; never with an encapsulation limit). */
#define LINK_FIELDS(X)                                                                             \
	X(KIND, uint8_t kind, kind, FIELD_RECREATE, FORMAT_LINK_KIND)                              \
	X(LOWER, char lower[IFNAMSIZ], lower, FIELD_RECREATE, FORMAT_TEXT)                         \
	X(VLAN_ID, uint16_t vlan_id, vlan_id, FIELD_RECREATE, FORMAT_NUMBER)                       \
	X(VLAN_PROTOCOL, uint16_t vlan_protocol, vlan_protocol, FIELD_RECREATE,                    \
		FORMAT_VLAN_PROTOCOL)                                                              \
	X(ALGORITHM, char algorithm[20], algorithm, FIELD_RECREATE, FORMAT_TEXT)                   \
	X(MACVLAN_MODE, uint32_t macvlan_mode, macvlan_mode, FIELD_SET, FORMAT_MACVLAN_MODE)       \
	X(TUNNEL_LOCAL, struct ip tunnel_local, tunnel_local, FIELD_RECREATE, FORMAT_IP)           \
	X(TUNNEL_REMOTE, struct ip tunnel_remote, tunnel_remote, FIELD_RECREATE, FORMAT_IP)        \
	X(TUNNEL_PROTOCOL, uint8_t tunnel_protocol, tunnel_protocol, FIELD_RECREATE,               \
		FORMAT_NUMBER)                                                                     \
	X(MAC, struct mac mac, mac, FIELD_SET, FORMAT_MAC)                                         \
	X(MTU, uint32_t mtu, mtu, FIELD_SET, FORMAT_NUMBER)                                        \
	X(ALIAS, char alias[STATE_ALIAS_SIZE], alias, FIELD_SET, FORMAT_TEXT)                      \
	X(GROUP, uint32_t group, group, FIELD_SET, FORMAT_HEX)                                     \
	X(ADDR_GEN_MODE, uint8_t addr_gen_mode, addr_gen_mode, FIELD_SET, FORMAT_ADDR_GEN_MODE)    \
	X(MASTER, char master[IFNAMSIZ], master, FIELD_SET, FORMAT_TEXT)                           \
	X(UP, uint8_t up, up, FIELD_SET, FORMAT_BOOL)                                              \
	X(RP_FILTER, int32_t rp_filter, rp_filter, FIELD_SET, FORMAT_SIGNED)                       \
	X(ARP_IGNORE, int32_t arp_ignore, arp_ignore, FIELD_SET, FORMAT_SIGNED)                    \
	X(ACCEPT_DAD, int32_t accept_dad, accept_dad, FIELD_SET, FORMAT_SIGNED)                    \
	X(ACCEPT_RA, int32_t accept_ra, accept_ra, FIELD_SET, FORMAT_SIGNED)                       \
	X(STP, uint32_t stp, stp, FIELD_SET, FORMAT_BOOL)                                          \
	X(MULTICAST_SNOOPING, uint8_t multicast_snooping, multicast_snooping, FIELD_SET,           \
		FORMAT_BOOL)                                                                       \
	X(MULTICAST_QUERIER, uint8_t multicast_querier, multicast_querier, FIELD_SET, FORMAT_BOOL) \
	X(MULTICAST_ROUTER, uint8_t multicast_router, multicast_router, FIELD_SET,                 \
		FORMAT_ROUTER_MODE)

/* Settings of a batman-adv mesh interface: BATADV_CMD_SET_MESH. */
#define MESH_FIELDS(X)                                                                             \
	X(AGGREGATED_OGMS, uint8_t aggregated_ogms, aggregated_ogms, FIELD_SET, FORMAT_BOOL)       \
	X(AP_ISOLATION, uint8_t ap_isolation, ap_isolation, FIELD_SET, FORMAT_BOOL)                \
	X(ISOLATION_MARK, uint32_t isolation_mark, isolation_mark, FIELD_SET, FORMAT_HEX)          \
	X(ISOLATION_MASK, uint32_t isolation_mask, isolation_mask, FIELD_SET, FORMAT_HEX)          \
	X(BONDING, uint8_t bonding, bonding, FIELD_SET, FORMAT_BOOL)                               \
	X(BRIDGE_LOOP_AVOIDANCE, uint8_t bridge_loop_avoidance, bridge_loop_avoidance, FIELD_SET,  \
		FORMAT_BOOL)                                                                       \
	X(DISTRIBUTED_ARP_TABLE, uint8_t distributed_arp_table, distributed_arp_table, FIELD_SET,  \
		FORMAT_BOOL)                                                                       \
	X(FRAGMENTATION, uint8_t fragmentation, fragmentation, FIELD_SET, FORMAT_BOOL)             \
	X(GW_BANDWIDTH_DOWN, uint32_t gw_bandwidth_down, gw_bandwidth_down, FIELD_SET,             \
		FORMAT_BANDWIDTH)                                                                  \
	X(GW_BANDWIDTH_UP, uint32_t gw_bandwidth_up, gw_bandwidth_up, FIELD_SET, FORMAT_BANDWIDTH) \
	X(GW_MODE, uint8_t gw_mode, gw_mode, FIELD_SET, FORMAT_GW_MODE)                            \
	X(GW_SEL_CLASS, uint32_t gw_sel_class, gw_sel_class, FIELD_SET, FORMAT_NUMBER)             \
	X(HOP_PENALTY, uint8_t hop_penalty, hop_penalty, FIELD_SET, FORMAT_NUMBER)                 \
	X(LOG_LEVEL, uint32_t log_level, log_level, FIELD_SET, FORMAT_HEX)                         \
	X(MULTICAST_FORCEFLOOD, uint8_t multicast_forceflood, multicast_forceflood, FIELD_SET,     \
		FORMAT_BOOL)                                                                       \
	X(NETWORK_CODING, uint8_t network_coding, network_coding, FIELD_SET, FORMAT_BOOL)          \
	X(ORIG_INTERVAL, uint32_t orig_interval, orig_interval, FIELD_SET, FORMAT_MILLISECONDS)    \
	X(MULTICAST_FANOUT, uint32_t multicast_fanout, multicast_fanout, FIELD_SET, FORMAT_NUMBER)

/* BATADV_CMD_SET_HARDIF; the object exists while the link is attached to the mesh. */
#define HARDIF_FIELDS(X)                                                                           \
	X(HOP_PENALTY, uint8_t hop_penalty, hop_penalty, FIELD_SET, FORMAT_NUMBER)                 \
	X(ELP_INTERVAL, uint32_t elp_interval, elp_interval, FIELD_SET, FORMAT_MILLISECONDS)       \
	X(THROUGHPUT_OVERRIDE, uint32_t throughput_override, throughput_override, FIELD_SET,       \
		FORMAT_BANDWIDTH)

/* BATADV_CMD_SET_VLAN; exists while a VLAN is up on the mesh interface. */
#define MESH_VLAN_FIELDS(X)                                                                        \
	X(AP_ISOLATION, uint8_t ap_isolation, ap_isolation, FIELD_SET, FORMAT_BOOL)

/* nodad: IFA_F_NODAD. metric: of the kernel's prefix route (0 default). lasting: for good. */
#define ADDRESS_FIELDS(X)                                                                          \
	X(NODAD, uint8_t nodad, nodad, FIELD_RECREATE, FORMAT_BOOL)                                \
	X(METRIC, uint32_t metric, metric, FIELD_RECREATE, FORMAT_NUMBER)                          \
	X(LASTING, uint8_t lasting, lasting, FIELD_RECREATE, FORMAT_BOOL)

/* A route to a network behind a link, or by a next hop there (via, made with RTNH_F_ONLINK).
 * Nothing is set in place: the kernel replaces the first route of that table, metric and
 * destination, be it on another link. Without a link: RTN_UNREACHABLE. */
#define ROUTE_FIELDS(X)                                                                            \
	X(SOURCE, struct ip source, source, FIELD_RECREATE, FORMAT_IP)                             \
	X(VIA, struct ip via, via, FIELD_RECREATE, FORMAT_IP)

/* table 0: the rule says "unreachable". suppress: FRA_SUPPRESS_PREFIXLEN, -1 = none. */
#define RULE_FIELDS(X)                                                                             \
	X(TABLE, uint32_t table, table, FIELD_RECREATE, FORMAT_NUMBER)                             \
	X(SUPPRESS, int32_t suppress, suppress, FIELD_RECREATE, FORMAT_SIGNED)

#define SYSCTL_FIELDS(X) X(VALUE, int32_t value, value, FIELD_SET, FORMAT_SIGNED)

#define STATE_MEMBER(symbol, declaration, member, change, format) declaration;

#define STATE_LINK_BIT(symbol, declaration, member, change, format)      LINK_##symbol,
#define STATE_MESH_BIT(symbol, declaration, member, change, format)      MESH_##symbol,
#define STATE_HARDIF_BIT(symbol, declaration, member, change, format)    HARDIF_##symbol,
#define STATE_MESH_VLAN_BIT(symbol, declaration, member, change, format) MESH_VLAN_##symbol,
#define STATE_ADDRESS_BIT(symbol, declaration, member, change, format)   ADDRESS_##symbol,
#define STATE_ROUTE_BIT(symbol, declaration, member, change, format)     ROUTE_##symbol,
#define STATE_RULE_BIT(symbol, declaration, member, change, format)      RULE_##symbol,
#define STATE_SYSCTL_BIT(symbol, declaration, member, change, format)    SYSCTL_##symbol,

/* Field numbers, LINK_MTU and the like; has() takes one of them. */
enum link_field { LINK_FIELDS(STATE_LINK_BIT) LINK_FIELD_COUNT };
enum mesh_field { MESH_FIELDS(STATE_MESH_BIT) MESH_FIELD_COUNT };
enum hardif_field { HARDIF_FIELDS(STATE_HARDIF_BIT) HARDIF_FIELD_COUNT };
enum mesh_vlan_field { MESH_VLAN_FIELDS(STATE_MESH_VLAN_BIT) MESH_VLAN_FIELD_COUNT };
enum address_field { ADDRESS_FIELDS(STATE_ADDRESS_BIT) ADDRESS_FIELD_COUNT };
enum route_field { ROUTE_FIELDS(STATE_ROUTE_BIT) ROUTE_FIELD_COUNT };
enum rule_field { RULE_FIELDS(STATE_RULE_BIT) RULE_FIELD_COUNT };
enum sysctl_field { SYSCTL_FIELDS(STATE_SYSCTL_BIT) SYSCTL_FIELD_COUNT };

struct link {
	struct object_head head;
	char name[IFNAMSIZ]; /* the key */
	LINK_FIELDS(STATE_MEMBER)
	/* Observed only, not compared: */
	uint32_t max_mtu; /* IFLA_MAX_MTU, 0 = the driver names no bound */
	uint8_t carrier;
	uint8_t switch_port; /* IFLA_PHYS_SWITCH_ID: a port of a switch chip (DSA, switchdev) */
	uint8_t ethernet;    /* ARPHRD_ETHER and not loopback: may carry a mesh */
	struct mac permanent_mac; /* IFLA_PERM_ADDRESS, zero when there is none */
};

struct mesh {
	struct object_head head;
	char name[IFNAMSIZ]; /* the mesh interface */
	MESH_FIELDS(STATE_MEMBER)
};

struct hardif {
	struct object_head head;
	char name[IFNAMSIZ];
	HARDIF_FIELDS(STATE_MEMBER)
	uint8_t active; /* observed: BATADV_ATTR_ACTIVE */
};

struct mesh_vlan {
	struct object_head head;
	struct mesh_vlan_key {
		char mesh[IFNAMSIZ];
		uint16_t vid;
	} key;
	MESH_VLAN_FIELDS(STATE_MEMBER)
};

struct address {
	struct object_head head;
	struct address_key {
		char link[IFNAMSIZ];
		struct prefix prefix;
	} key;
	ADDRESS_FIELDS(STATE_MEMBER)
	uint8_t tentative; /* observed: duplicate detection is not over, or found a duplicate */
};

/* Of those that the kernel makes with an address (IP6_RT_PRIO_ADDRCONF). */
#define ROUTE_IPV6_PREFIX_METRIC 256

struct route {
	struct object_head head;
	struct route_key {
		uint32_t table;
		uint32_t metric; /* as the kernel stores it: IPv6 turns 0 into 1024 */
		struct prefix destination;
		char link[IFNAMSIZ]; /* "" = unreachable */
		uint8_t pad[2];
	} key;
	ROUTE_FIELDS(STATE_MEMBER)
};

/* "from SOURCE iif IIF oif OIF lookup TABLE" at a priority. */
struct rule {
	struct object_head head;
	struct rule_key {
		uint32_t priority;
		struct prefix source; /* length 0: all, of that family */
		char iif[IFNAMSIZ];   /* "" = any */
		char oif[IFNAMSIZ];
		uint8_t pad[2];
	} key;
	RULE_FIELDS(STATE_MEMBER)
};

/* One value below /proc/sys, such as "net/ipv4/ip_forward". */
struct sysctl {
	struct object_head head;
	char path[64];
	SYSCTL_FIELDS(STATE_MEMBER)
};

/* Our nftables tables, all of the same name. */
enum nft_table {
	NFT_TABLE_BRIDGE, /* "bridge meshd", see core/ruleset.h */
	NFT_TABLE_INET,   /* "inet meshd", see core/nat.h */
	NFT_TABLES,
};

/* A table's rules as matches on named fields; kernel/codec_nft.h turns them into expressions and
 * back. */
enum nft_field {
	NFT_FIELD_IIF,         /* meta iifname, 16 bytes */
	NFT_FIELD_OIF,         /* meta oifname, 16 bytes */
	NFT_FIELD_L4PROTO,     /* meta l4proto, 1 byte */
	NFT_FIELD_ETHER_DADDR, /* 6 bytes */
	NFT_FIELD_ETHER_SADDR,
	NFT_FIELD_ETHER_TYPE, /* 2 bytes: ether type after the VLAN tag that the kernel took out of
				 the frame (meta protocol) */
	NFT_FIELD_VLAN_TYPE,  /* 2 bytes: TPID of the tag, link header offset 12 */
	NFT_FIELD_VLAN_ID,    /* 2 bytes with mask 0fff, link header offset 14 */
	NFT_FIELD_ARP_SENDER, /* 4 bytes */
	NFT_FIELD_ARP_TARGET,
	NFT_FIELD_IP_SADDR, /* 4 bytes */
	NFT_FIELD_IP_DADDR,
	NFT_FIELD_IP6_SADDR, /* 16 bytes */
	NFT_FIELD_IP6_DADDR,
	NFT_FIELD_ICMPV6_TYPE, /* 1 byte */
	NFT_FIELD_ND_TARGET,   /* 16 bytes: target of a neighbour solicitation or advertisement */
	NFT_FIELD_UDP_SPORT,   /* 2 bytes */
	NFT_FIELD_UDP_DPORT,
	NFT_FIELD_ARP_TARGET_MAC, /* 6 bytes */
	NFT_FIELD_NFPROTO,        /* meta nfproto, 1 byte: NFPROTO_IPV4, NFPROTO_IPV6 */
	NFT_FIELD_TCP_FLAGS,      /* 1 byte */
	NFT_FIELDS,
};

#define NFT_MATCHES_MAX 6
#define NFT_NAME_SIZE   40

/* field & mask == value, in network byte order; bytes past the field's length are zero. */
struct nft_match {
	uint8_t field; /* enum nft_field */
	uint8_t value[16];
	uint8_t mask[16];
};

enum nft_verdict {
	NFT_VERDICT_NONE,
	NFT_VERDICT_ACCEPT,
	NFT_VERDICT_DROP,
	NFT_VERDICT_JUMP,
	NFT_VERDICT_MASQUERADE,
	NFT_VERDICT_CLAMP_MSS, /* sets the TCP option to what the route's MTU allows; goes on */
	NFT_VERDICTS,
};

/* Each rule counts before its verdict. chain, name, target, matches and verdict are compared, the
 * rest is observed. */
struct nft_rule {
	char chain[NFT_NAME_SIZE];
	char name[NFT_NAME_SIZE];   /* kept as the rule's comment */
	char target[NFT_NAME_SIZE]; /* of a jump: the chain */
	struct nft_match matches[NFT_MATCHES_MAX];
	uint8_t match_count;
	uint8_t verdict;
	uint8_t foreign; /* observed: an expression meshd never writes; equals nothing */
	uint64_t packets;
	uint64_t bytes;
};

struct nft_chain {
	char name[NFT_NAME_SIZE];
	char type[16]; /* "filter", "nat", "" of a chain that is only jumped to */
	int32_t hook;  /* NF_BR_PRE_ROUTING, NF_INET_FORWARD, ..., -1 for none */
	int32_t priority;
};

struct ruleset {
	bool present;
	struct nft_chain *chains;
	size_t chain_count;
	struct nft_rule *rules; /* in the kernel's order within a chain, chains in order */
	size_t rule_count;
};

/* Observed: a default route of an uplink that somebody else made, in any table. */
struct default_route {
	char link[IFNAMSIZ];
	uint32_t table;
	uint32_t metric;
	uint8_t protocol; /* rtm_protocol */
	struct ip via; /* of the route's family; zero bytes = none, as on a point-to-point link */
	struct ip source; /* family 0 = not given */
};

/* Objects of one type, in an array of the type's struct. */
struct object_set {
	void *items;
	size_t count;
	size_t capacity;
	bool sorted;
};

struct state {
	struct object_set sets[OBJECT_SETS];
	struct ruleset ruleset; /* OBJECT_RULESET */
	struct ruleset nat;     /* OBJECT_NAT */
	/* Observed, not compared: IPv4 before IPv6, then by link, metric and table. */
	struct default_route *defaults;
	size_t default_count;
	bool no_ipv6; /* observed: the kernel has none */
};

struct field {
	const char *name; /* the member's name */
	size_t offset;
	size_t size;
	enum field_change change;
	enum field_format format;
};

struct object_class {
	const char *name; /* "link", "address", ... */
	size_t size;
	size_t key_offset;
	size_t key_size;
	const struct field *fields;
	size_t field_count;
};

extern const struct object_class object_classes[OBJECT_TYPES];

#define FIELD_BIT(field) (UINT64_C(1) << (field))
/* Sets the field and its bit: object_give(link, LINK_MTU, mtu, 1500). Texts: object_give_text. */
#define object_give(object, field, member, given)                                                  \
	do {                                                                                       \
		(object)->member = (given);                                                        \
		(object)->head.has |= FIELD_BIT(field);                                            \
	} while (0)
#define object_give_text(object, field, member, given)                                             \
	do {                                                                                       \
		text_copy((object)->member, sizeof((object)->member), (given));                    \
		(object)->head.has |= FIELD_BIT(field);                                            \
	} while (0)
#define object_has(object, field) (((object)->head.has & FIELD_BIT(field)) != 0)

/* Is it one of the tables 171 .. 176 in which meshd's own ways to the Internet stand? */
static inline bool state_table_is_way(uint32_t table)
{
	return table >= STATE_TABLE_INTERNET && table <= STATE_TABLE_WITHDRAWN &&
	       table != STATE_TABLE_BABELD;
}

static inline const struct object_head *object_head(const void *object)
{
	return object;
}

static inline const void *object_key(enum object_type type, const void *object)
{
	return (const char *)object + object_classes[type].key_offset;
}

/* A new zeroed object with the given key (key_size bytes), or NULL when memory ends. The pointer
 * is good until the next add to the same set. */
void *state_add(struct state *state, enum object_type type, const void *key);
/* Sorts all sets by key; state_find needs it and state_add undoes it for its set. */
void state_sort(struct state *state);
/* The object with the key, or NULL; in a sorted set an owned one before others of the same key, as
 * the kernel keeps rules and routes that differ beyond it. */
void *state_find(const struct state *state, enum object_type type, const void *key);
void *state_at(const struct state *state, enum object_type type, size_t index);
size_t state_count(const struct state *state, enum object_type type);
void state_free(struct state *state);

/* Conveniences for objects whose key is an interface name; name may be any string. */
struct link *state_add_link(struct state *state, const char *name);
struct link *state_find_link(const struct state *state, const char *name);

/* The table of OBJECT_RULESET or OBJECT_NAT. */
enum nft_table object_table(enum object_type type);
/* "bridge meshd", "inet meshd" */
const char *ruleset_table_name(enum nft_table table);
int ruleset_add_chain(struct ruleset *ruleset, const struct nft_chain *chain);
int ruleset_add_rule(struct ruleset *ruleset, const struct nft_rule *rule);
/* Adds a match on the whole of a field, whose length the value has, and returns it. */
struct nft_match *nft_rule_add_match(struct nft_rule *rule, enum nft_field field,
	const void *value);
/* Adds a match on "meta iifname" or "meta oifname". */
void nft_rule_add_link(struct nft_rule *rule, enum nft_field field, const char *link);
/* Same chains and same rules in the same order within each chain, counters apart? */
bool ruleset_equal(const struct ruleset *a, const struct ruleset *b);
bool nft_rule_equal(const struct nft_rule *a, const struct nft_rule *b);
/* A number that differs where chains or rules do, or their order; counters apart. */
uint64_t ruleset_digest(const struct ruleset *ruleset);
/* to, which holds nothing, is written on success only. 0 or -ENOMEM. */
int ruleset_copy(struct ruleset *to, const struct ruleset *from);
void ruleset_free(struct ruleset *ruleset);

#define OBJECT_TEXT_SIZE 128
/* The key as a person reads it: "eth0.29", "10.13.0.1/16 dev anygw". */
void object_format_key(enum object_type type, const void *object, char text[OBJECT_TEXT_SIZE]);
/* A field's value as a person reads it, "none" where the object does not have it. */
void object_format_field(enum object_type type, const void *object, size_t field,
	char text[OBJECT_TEXT_SIZE]);
/* The name of the link that the object lives on, or NULL for links, rules, sysctls and routes
 * without a link. */
const char *object_link(enum object_type type, const void *object);
/* An address of zero bytes equals none. */
bool object_field_equal(enum object_type type, const void *a, const void *b, size_t field);

#endif
