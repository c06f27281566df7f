/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration: three layers of JSON merged by RFC 7396 (profile, meshd.json, meshd.d),
 * checked and turned into one struct. Reading files is the caller's: the core is given texts. */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include <limits.h>

#include <jansson.h>

#include "base/err.h"
#include "core/path.h"
#include "core/state.h"

enum link_protocol {
	PROTOCOL_BATADV = 1 << 0,
	PROTOCOL_BMX7 = 1 << 1,
	PROTOCOL_BABELD = 1 << 2,
	PROTOCOL_ALL = PROTOCOL_BATADV | PROTOCOL_BMX7 | PROTOCOL_BABELD,
};

#define VLAN_AUTO   (-1)
#define MTU_AUTO    0    /* as large as the link lets it be, see docs */
#define MTU_INHERIT (-1) /* the link's own; 1496 on wired names, as LibreMesh */

/* One entry of "links": a name or a glob. */
struct link_config {
	char name[64];
	uint8_t protocols; /* enum link_protocol; PROTOCOL_ALL when not given */
	int mtu;           /* of the link itself; MTU_AUTO: raised when it lets itself */
	struct hardif
		hardif; /* head.has: the given settings; the others are the kernel's default */
};

struct port_config {
	char name[64]; /* or a glob */
};

/* A program that meshd keeps running. */
struct program_config {
	char path[256]; /* "" = found at the fixed places */
	int memory_max; /* MiB of resident memory, 0 = no ceiling */
};

/* A network in configuration: announced or looked for. */
struct network_config {
	char name[32]; /* the map's key; bmx7: also its name of the search */
	struct prefix network;
	int max_length; /* of an announced prefix within it; -1 = any */
};

/* A layer-3 protocol and its VLAN on every link. */
struct layer3_config {
	bool enabled;
	bool supervise; /* false: the VLANs only, somebody else runs the daemon */
	int vlan;       /* 0 = untagged, on the link itself */
	int mtu;        /* MTU_AUTO, MTU_INHERIT or bytes */
	struct program_config program;
	/* bmx7: what it looks for at others (tunOut); babeld: what may be announced, in order. */
	struct network_config *networks;
	size_t network_count;
	/* Networks announced besides the node's own and the cloud's. */
	struct network_config *announce;
	size_t announce_count;
};

enum babeld_link_type {
	BABELD_LINK_AUTO, /* babeld decides by the kind of link */
	BABELD_LINK_WIRED,
	BABELD_LINK_WIRELESS,
};

enum alfred_role {
	ALFRED_ROLE_AUTO,
	ALFRED_ROLE_PRIMARY,
	ALFRED_ROLE_SECONDARY,
};

/* A machine of the LAN whose address is always the same. */
struct host_config {
	char name[64];  /* the map's key; RFC 1123 */
	struct mac mac; /* zero: only a name */
	struct ip ipv4; /* family 0 = none */
	struct ip ipv6;
};

struct text_config {
	char text[64];
};

enum uplink_share {
	UPLINK_SHARE_YES,
	UPLINK_SHARE_NEVER,
	UPLINK_SHARE_SPARE, /* while the node's own users need less than cap of it */
};

#define UPLINK_RATE_UNIT 100000 /* bit/s */

/* One entry of "uplinks": a name or a glob. */
struct uplink_config {
	char name[64];
	bool ipv4; /* is the family used */
	bool ipv6;
	int64_t down; /* in units of UPLINK_RATE_UNIT, 0 = not known */
	int64_t up;
	int priority; /* lower goes first */
	int share;    /* enum uplink_share */
	int cap;      /* percent of down and up, for UPLINK_SHARE_SPARE */
	bool masquerade_ipv4;
	bool masquerade_ipv6;
	int metric; /* babeld: what the announced default route costs more, 0..65534 */
};

/* How it is found out whether a way leads to the Internet. A target's text: ping and dns an
 * address, tcp ADDRESS:PORT or [ADDRESS]:PORT, http "URL [STATUS [TEXT]]" (204 when no status is
 * given; the answer's body then has to begin with the text). */
struct probe_target {
	char text[192];
};
struct probes_config {
	struct probe_target *targets[PROBE_KINDS];
	size_t target_count[PROBE_KINDS];
	/* How many of a kind's targets have to answer in a round, 0 = the kind is left out. ping
	 * and tcp stand in for each other: one of the two is enough. */
	int need[PROBE_KINDS];
	char dns_name[128]; /* asked for at dns targets, and resolved there for http */
	int timeout;        /* ms, of a round */
	int interval;       /* ms, see struct path_rules */
	int interval_doubtful;
	int interval_down;
	int rise;
	int fall;
	int flap_penalty;
	int flap_suppress;
	int flap_reuse;
	int flap_half_life; /* seconds */
};

struct config {
	char profile[32];
	struct {
		char hostname[HOST_NAME_MAX + 1]; /* "" = the machine's */
		char primary_link[IFNAMSIZ];      /* "" = chosen, see desired.h */
	} node;
	struct {
		char ssid[128];
		int vlan;               /* VLAN_AUTO, 0 = untagged, 1..4094 */
		uint16_t vlan_protocol; /* ETH_P_8021Q or ETH_P_8021AD, host order */
		char ipv4[64];          /* templates */
		char ipv6[96];
	} cloud;
	struct link_config *links; /* as written, names and globs */
	size_t link_count;
	struct {
		char bridge[IFNAMSIZ];
		struct port_config *ports;
		size_t port_count;
		bool stp;
		bool multicast_snooping;
		bool multicast_querier;
		int mtu;
	} lan;
	struct {
		bool enabled;
		char device[IFNAMSIZ];
		char mac[32];  /* template */
		char ipv4[64]; /* "" = first host of the cloud's subnet */
		char ipv6[96];
	} anycast;
	struct {
		bool enabled;
		char device[IFNAMSIZ];
		char algorithm[20];
		int mtu;                 /* wished MTU of a hardif's VLAN */
		struct mesh settings;    /* head.has: the given ones */
		struct mesh_vlan *vlans; /* key.vid and ap_isolation */
		size_t vlan_count;
	} batadv;
	struct layer3_config bmx7;
	struct layer3_config babeld;
	int babeld_link_type; /* enum babeld_link_type */
	struct {
		bool enabled;
		struct program_config program;
		int role; /* enum alfred_role */
		int primaries_max;
		int sync_period; /* ms */
		int type;        /* of the data, 64..255 */
	} alfred;
	struct {
		bool enabled; /* dnsmasq: DHCP, router advertisements, DNS */
		struct program_config program;
		char pool[96];  /* "" = chosen, else "FIRST-LAST" */
		int lease_time; /* seconds */
		int mtu;        /* told to clients; MTU_AUTO = derived from the links */
		char domain[64];
		struct text_config *names; /* more names of the anycast address */
		size_t name_count;
		struct text_config *resolvers; /* addresses; none = the machine's own */
		size_t resolver_count;
		struct host_config *hosts;
		size_t host_count;
		bool ra;         /* router advertisements */
		int ra_interval; /* seconds */
	} dhcp;
	struct uplink_config *uplinks; /* as written, names and globs */
	size_t uplink_count;
	struct probes_config probes;
	struct {
		bool enabled; /* choose among the ways to the Internet; false: as the daemons do */
		int mode;     /* enum gateway_mode (core/gateway.h) */
		char use[64];
		bool fallback; /* when the one to be used is dead */
		struct text_config *prefer;
		size_t prefer_count;
		struct text_config *avoid;
		size_t avoid_count;
		bool share;       /* false: never-share */
		int hysteresis;   /* percent */
		int hold_down;    /* seconds */
		int return_after; /* seconds */
		int probe_next;   /* seconds between the rounds through the next best gateway */
	} gateway;
};

/* A name that the shared gateway has besides dhcp.names: LibreMesh's own. */
#define CONFIG_ANYCAST_NAME "anygw"

/* A larger file is refused. */
#define CONFIG_FILE_MAX 1048576

/* One layer: where its text came from. */
struct config_layer {
	const char *file;
	const char *text;
	size_t length;
};

/* Checks every layer by itself (syntax, duplicate and unknown keys, types, ranges), merges them in
 * order, checks what only the whole shows (ssid given, vlans that clash, gw_mode server with
 * anycast), and fills config. layers[0] is the profile. 0, or -EINVAL with every error in errors
 * (config untouched), or -ENOMEM. */
int config_read(const struct config_layer *layers, size_t layer_count, struct config *config,
	struct err_list *errors);
/* The profile that the layers ask for, "default" when none does. Syntax errors are left to
 * config_read. */
void config_profile_name(const struct config_layer *layers, size_t layer_count, char *name,
	size_t size);
/* Fills file, line, column and path of err with where the layers say so; nothing when none does. */
void config_profile_place(const struct config_layer *layers, size_t layer_count, struct err *err);
/* Checks every layer by itself only, for the caller who lacks one of them. Results as config_read;
 * layers[0] may be any. */
int config_check(const struct config_layer *layers, size_t layer_count, struct err_list *errors);
void config_free(struct config *config);
/* Does meshd run this protocol's daemon? Else it is off, or somebody else's. */
bool config_supervises(const struct layer3_config *layer3);
/* The largest packet of a client that the mesh interface carries, when its links let it, and the
 * MTU that a hardif needs to carry it in one frame. */
uint32_t config_full_packet(const struct config *config);
uint32_t config_full_frame(const struct config *config);

struct identity_request;
/* All that the configuration says of it (core/identity.h): without a MAC, and with the hostname
 * that is given, "" when none is. Its texts are the configuration's. */
struct identity_request config_identity_request(const struct config *config);

struct problem_list;
/* Adds what is legal but rarely meant (an SSID that radios cannot show whole, or that
 * LibreMesh's shell would mangle). 0 or -ENOMEM. */
int config_warn(const struct config *config, struct problem_list *problems);

/* The JSON Schema (draft 2020-12) of the keys the parser knows, made from the parser's own table. A
 * key's "default" is its value in profile, the default one (borrowed), else the table's fallback;
 * NULL = fallbacks only. conf/meshd.schema.json must equal it. */
json_t *config_schema(const json_t *profile);

#endif
