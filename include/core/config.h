/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration: three layers of JSON merged by RFC 7396 (profile, meshd.json, meshd.d),
 * checked and turned into one struct. Reading files is the caller's: the core is given texts. */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include <limits.h>

#include <jansson.h>

#include "base/err.h"
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
};

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

struct problem_list;
/* Adds what is legal but rarely meant (an SSID that radios cannot show whole). 0 or -ENOMEM. */
int config_warn(const struct config *config, struct problem_list *problems);

/* The JSON Schema (draft 2020-12) of the keys the parser knows, made from the parser's own table;
 * conf/meshd.schema.json must equal it. */
json_t *config_schema(void);

#endif
