/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/batman_adv.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_keys_table.h"

#define SETTING(bit) .is_setting = true, .has_bit = (bit)
#define MESH_SETTING(symbol, member)                                                               \
	AT(batadv.settings.member), SETTING(MESH_##symbol),                                        \
		.head_offset = offsetof(struct config, batadv.settings.head)
#define HARDIF_SETTING(symbol, member)                                                             \
	IN(link_config, hardif.member), SETTING(HARDIF_##symbol),                                  \
		.head_offset = offsetof(struct link_config, hardif.head)

#define LINK_PATTERN     "^[^/:%*?[ \t\n\v\f\r]{1,15}$"
#define DEVICE_PATTERN   "^[A-Za-z0-9_.@+-]{1,15}$"
#define VID_PATTERN      "^([1-9][0-9]{0,2}|[1-3][0-9]{3}|40[0-8][0-9]|409[0-4])$"
#define HOSTNAME_PATTERN "^([A-Za-z0-9]|%[Mm][1-6])([A-Za-z0-9-]|%[Mm][1-6])*$"
#define DEVICE_WHAT      "the name of an interface, such as "

#define LISTED_MAX 1024
#define MAPPED_MAX 4096

const struct config_word config_auto_text[] = {{"auto", 0}};
static const struct config_word vlan_words[] = {{"auto", VLAN_AUTO}};
static const struct config_word link_mtu_words[] = {{"auto", MTU_AUTO}};
static const struct config_word vlan_protocols[] = {{"802.1q", ETH_P_8021Q},
	{"802.1ad", ETH_P_8021AD}};
static const struct config_word algorithms[] = {{"BATMAN_IV", 0}, {"BATMAN_V", 0}};
static const struct config_word protocols[] = {{"batadv", PROTOCOL_BATADV}, {"bmx7", PROTOCOL_BMX7},
	{"babeld", PROTOCOL_BABELD}};
static const struct config_word gw_modes[] = {{"off", BATADV_GW_MODE_OFF},
	{"client", BATADV_GW_MODE_CLIENT}, {"server", BATADV_GW_MODE_SERVER}};

static void set_link_name(void *element, const char *name)
{
	struct link_config *link = element;

	text_copy(link->name, sizeof(link->name), name);
}

static void set_port_name(void *element, const char *name)
{
	struct port_config *port = element;

	text_copy(port->name, sizeof(port->name), name);
}

static void set_vid(void *element, const char *name)
{
	struct mesh_vlan *vlan = element;

	vlan->key.vid = (uint16_t)strtoul(name, NULL, 10);
}

static const struct config_elements link_elements = {.size = sizeof(struct link_config),
	.count_offset = offsetof(struct config, link_count),
	.set_name = set_link_name};
static const struct config_elements port_elements = {.size = sizeof(struct port_config),
	.count_offset = offsetof(struct config, lan.port_count),
	.set_name = set_port_name};
static const struct config_elements vlan_elements = {.size = sizeof(struct mesh_vlan),
	.count_offset = offsetof(struct config, batadv.vlan_count),
	.set_name = set_vid};

static const struct config_key node_keys[] = {
	{.name = "hostname",
		.kind = CONFIG_TEXT,
		RANGE(1, 63),
		AT(node.hostname),
		.doc = "The node's name; \"auto\" is the machine's. %M1..%M6 stand for the bytes "
		       "of the primary link's MAC, %m1..%m6 for those of its MD5.",
		.what = "a hostname such as \"roof-%M5%M6\"",
		.pattern = HOSTNAME_PATTERN,
		.check = config_check_hostname,
		WORDS(config_auto_text),
		.fallback = "\"auto\""},
	{.name = "primary_link",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, node.primary_link),
		.doc = "The interface whose MAC names the node and gives its addresses; \"auto\" "
		       "takes the first of links that is there.",
		.what = DEVICE_WHAT "\"eth0\"",
		.pattern = LINK_PATTERN,
		.check = config_check_link,
		WORDS(config_auto_text),
		.fallback = "\"auto\""},
};

static const struct config_key cloud_keys[] = {
	{.name = "ssid",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, cloud.ssid),
		.doc = "The SSID of the cloud's access points: nodes with the same SSID are one "
		       "layer-2 network. At most 127 bytes, of which radios show 32. Required.",
		.what = "the SSID of the access points, such as \"LibreMesh.org\""},
	{.name = "vlan",
		.kind = CONFIG_NUMBER,
		RANGE(0, 4094),
		AT(cloud.vlan),
		WORDS(vlan_words),
		.doc = "The VLAN of batman-adv on the mesh links; \"auto\" derives 29 to 284 from "
		       "the SSID as LibreMesh does, 0 is untagged.",
		.fallback = "\"auto\""},
	{.name = "vlan_protocol",
		.kind = CONFIG_WORD,
		AT(cloud.vlan_protocol),
		WORDS(vlan_protocols),
		.doc = "The tag of all VLANs on the mesh links: 802.1q (0x8100), or 802.1ad "
		       "(0x88a8) "
		       "as LibreMesh.",
		.fallback = "\"802.1q\""},
	{.name = "ipv4",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, cloud.ipv4),
		.doc = "Template of the cloud's IPv4 network and the node's address in it, "
		       "ADDRESS/MASK or ADDRESS/MASK/RANGE with %N1..%N6, %M1..%M6 and %m1..%m6; "
		       "nodes are within RANGE, clients get addresses outside it.",
		.what = "a template such as \"10.%N1.0.0/16/17\"",
		.pattern = "^[0-9.%NMm]+/[0-9]{1,3}(/[0-9]{1,3})?$",
		.check = config_check_ipv4,
		.fallback = "\"10.%N1.0.0/16/17\""},
	{.name = "ipv6",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, cloud.ipv6),
		.doc = "The same for IPv6; the bytes are in hexadecimal.",
		.what = "a template such as \"fd%N1:%N2%N3:%N4%N5::/64\"",
		.pattern = "^[0-9A-Fa-f:.%NMm]+/[0-9]{1,3}(/[0-9]{1,3})?$",
		.check = config_check_ipv6,
		.fallback = "\"fd%N1:%N2%N3:%N4%N5::/64\""},
};

static const struct config_key link_keys[] = {
	{.name = "protocols",
		.kind = CONFIG_FLAGS,
		IN(link_config, protocols),
		WORDS(protocols),
		.doc = "Which protocols run on the link, of those that are enabled; none on an "
		       "empty list.",
		.fallback = "[\"batadv\", \"bmx7\", \"babeld\"]"},
	{.name = "mtu",
		.kind = CONFIG_NUMBER,
		RANGE(68, 65535),
		.unit = "bytes",
		IN(link_config, mtu),
		WORDS(link_mtu_words),
		.doc = "MTU of the link itself; \"auto\" raises it to what the protocols need, "
		       "where the link lets itself.",
		.fallback = "\"auto\""},
	{.name = "hop_penalty",
		.kind = CONFIG_NUMBER,
		RANGE(0, 255),
		HARDIF_SETTING(HOP_PENALTY, hop_penalty),
		.doc = "batman-adv: what a hop over this link costs, on top of the mesh's "
		       "hop_penalty.",
		.fallback = "0"},
	{.name = "elp_interval",
		.kind = CONFIG_NUMBER,
		RANGE(20, INT32_MAX),
		.unit = "milliseconds",
		HARDIF_SETTING(ELP_INTERVAL, elp_interval),
		.doc = "B.A.T.M.A.N. V: how often the link is measured.",
		.fallback = "500"},
	{.name = "throughput_override",
		.kind = CONFIG_BANDWIDTH,
		RANGE(0, KBIT_MAX),
		HARDIF_SETTING(THROUGHPUT_OVERRIDE, throughput_override),
		.doc = "B.A.T.M.A.N. V: the link's throughput, 0 = measured.",
		.fallback = "0"},
};

static const struct config_key lan_keys[] = {
	{.name = "bridge",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, lan.bridge),
		.doc = "The bridge of clients, LAN ports and the cloud.",
		.what = DEVICE_WHAT "\"br-lan\"",
		.pattern = DEVICE_PATTERN,
		.check = config_check_device,
		.fallback = "\"br-lan\""},
	{.name = "ports",
		.kind = CONFIG_LIST,
		RANGE(0, LISTED_MAX),
		ARRAY_AT(lan.ports),
		.elements = &port_elements,
		.doc = "Interfaces that become ports of the bridge, by name or by pattern (* ? [ "
		       "]).",
		.what = "names of interfaces or patterns such as \"lan*\"",
		.pattern = NAME_OR_GLOB_PATTERN,
		.check = config_check_link_or_glob,
		.fallback = "[]"},
	{.name = "stp",
		.kind = CONFIG_BOOL,
		AT(lan.stp),
		.doc = "The spanning tree protocol on the bridge.",
		.fallback = "false"},
	{.name = "multicast_snooping",
		.kind = CONFIG_BOOL,
		AT(lan.multicast_snooping),
		.doc = "IGMP and MLD snooping on the bridge.",
		.fallback = "true"},
	{.name = "multicast_querier",
		.kind = CONFIG_BOOL,
		AT(lan.multicast_querier),
		.doc = "Whether the bridge asks for multicast listeners itself.",
		.fallback = "false"},
	{.name = "mtu",
		.kind = CONFIG_NUMBER,
		RANGE(IPV6_MTU_MIN, 65535),
		.unit = "bytes",
		AT(lan.mtu),
		.doc = "MTU of the bridge, at least what IPv6 needs.",
		.fallback = "1500"},
};

static const struct config_key anycast_keys[] = {
	{.name = "enabled",
		.kind = CONFIG_BOOL,
		AT(anycast.enabled),
		.doc = "Whether the node answers for the address that all nodes of the cloud "
		       "share.",
		.fallback = "true"},
	{.name = "device",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, anycast.device),
		.doc = "The macvlan on the bridge that has the shared address.",
		.what = DEVICE_WHAT "\"anygw\"",
		.pattern = DEVICE_PATTERN,
		.check = config_check_device,
		.fallback = "\"anygw\""},
	{.name = "mac",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, anycast.mac),
		.doc = "Template of the shared MAC, with %N1..%N6.",
		.what = "a template such as \"aa:aa:aa:%N1:%N2:aa\"",
		.pattern = "^[0-9A-Fa-f:%N]+$",
		.check = config_check_anycast_mac,
		.fallback = "\"aa:aa:aa:%N1:%N2:aa\""},
	{.name = "ipv4",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, anycast.ipv4),
		.doc = "The shared IPv4 address; \"auto\" is the first of the cloud's network.",
		.what = "an address with its network's length such as \"10.13.0.1/16\"",
		.pattern = "^(auto|[0-9.]+/[0-9]{1,3})$",
		.check = config_check_anycast_ipv4,
		WORDS(config_auto_text),
		.fallback = "\"auto\""},
	{.name = "ipv6",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, anycast.ipv6),
		.doc = "The shared IPv6 address; \"auto\" is the first of the cloud's network.",
		.what = "an address with its network's length such as \"fd0d:fe46:8ce8::1/64\"",
		.pattern = "^(auto|[0-9A-Fa-f:.]+/[0-9]{1,3})$",
		.check = config_check_anycast_ipv6,
		WORDS(config_auto_text),
		.fallback = "\"auto\""},
};

static const struct config_key vlan_keys[] = {
	{.name = "ap_isolation",
		.kind = CONFIG_BOOL,
		IN(mesh_vlan, ap_isolation),
		SETTING(MESH_VLAN_AP_ISOLATION),
		.head_offset = offsetof(struct mesh_vlan, head),
		.doc = "Whether clients in this VLAN are kept from each other.",
		.fallback = "false"},
};

/* The settings of the mesh interface have no fallback: what no layer gives is left as it is. */
static const struct config_key batadv_keys[] = {
	{.name = "enabled",
		.kind = CONFIG_BOOL,
		AT(batadv.enabled),
		.doc = "Whether batman-adv, the layer-2 mesh of the cloud, runs.",
		.fallback = "true"},
	{.name = "device",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, batadv.device),
		.doc = "The mesh interface.",
		.what = DEVICE_WHAT "\"bat0\"",
		.pattern = DEVICE_PATTERN,
		.check = config_check_device,
		.fallback = "\"bat0\""},
	{.name = "algorithm",
		.kind = CONFIG_WORD_TEXT,
		AT(batadv.algorithm),
		WORDS(algorithms),
		.doc = "The routing algorithm; all nodes of a cloud need the same.",
		.fallback = "\"BATMAN_IV\""},
	{.name = "mtu",
		.kind = CONFIG_NUMBER,
		RANGE(128, 65535),
		.unit = "bytes",
		AT(batadv.mtu),
		.doc = "Wished MTU of batman-adv's interface on a mesh link: 1532 carries "
		       "full-size "
		       "frames without fragments.",
		.fallback = "1532"},
	{.name = "aggregated_ogms",
		.kind = CONFIG_BOOL,
		MESH_SETTING(AGGREGATED_OGMS, aggregated_ogms),
		.doc = "Several OGMs in one frame."},
	{.name = "ap_isolation",
		.kind = CONFIG_BOOL,
		MESH_SETTING(AP_ISOLATION, ap_isolation),
		.doc = "Whether untagged clients of access points are kept from each other."},
	{.name = "isolation_mark",
		.kind = CONFIG_HEX,
		RANGE(0, UINT32_MAX),
		MESH_SETTING(ISOLATION_MARK, isolation_mark),
		.doc = "Packet mark of clients that are isolated."},
	{.name = "isolation_mask",
		.kind = CONFIG_HEX,
		RANGE(0, UINT32_MAX),
		MESH_SETTING(ISOLATION_MASK, isolation_mask),
		.doc = "Which bits of the packet mark isolation_mark is compared with."},
	{.name = "bonding",
		.kind = CONFIG_BOOL,
		MESH_SETTING(BONDING, bonding),
		.doc = "Send over several links to one neighbour in turn."},
	{.name = "bridge_loop_avoidance",
		.kind = CONFIG_BOOL,
		MESH_SETTING(BRIDGE_LOOP_AVOIDANCE, bridge_loop_avoidance),
		.doc = "Prevent loops through LANs that several nodes share."},
	{.name = "distributed_arp_table",
		.kind = CONFIG_BOOL,
		MESH_SETTING(DISTRIBUTED_ARP_TABLE, distributed_arp_table),
		.doc = "Answer ARP from a table that the nodes share; with anycast it would answer "
		       "for the shared address too."},
	{.name = "fragmentation",
		.kind = CONFIG_BOOL,
		MESH_SETTING(FRAGMENTATION, fragmentation),
		.doc = "Fragment frames that are too large for a link."},
	{.name = "gw_bandwidth_down",
		.kind = CONFIG_BANDWIDTH,
		RANGE(0, KBIT_MAX),
		MESH_SETTING(GW_BANDWIDTH_DOWN, gw_bandwidth_down),
		.doc = "Download bandwidth that a gateway announces."},
	{.name = "gw_bandwidth_up",
		.kind = CONFIG_BANDWIDTH,
		RANGE(0, KBIT_MAX),
		MESH_SETTING(GW_BANDWIDTH_UP, gw_bandwidth_up),
		.doc = "Upload bandwidth that a gateway announces."},
	{.name = "gw_mode",
		.kind = CONFIG_WORD,
		MESH_SETTING(GW_MODE, gw_mode),
		WORDS(gw_modes),
		.doc = "batman-adv's own choice of a DHCP server: with anycast \"client\", so that "
		       "every node serves its own clients."},
	{.name = "gw_sel_class",
		.kind = CONFIG_NUMBER,
		RANGE(1, UINT32_MAX),
		MESH_SETTING(GW_SEL_CLASS, gw_sel_class),
		.doc = "How a gateway client chooses: 1 to 255 with BATMAN_IV, a throughput in "
		       "units "
		       "of 100 kbit/s with BATMAN_V. Not given, it is 20 or 50."},
	{.name = "hop_penalty",
		.kind = CONFIG_NUMBER,
		RANGE(0, 255),
		MESH_SETTING(HOP_PENALTY, hop_penalty),
		.doc = "What a hop over this node costs."},
	{.name = "log_level",
		.kind = CONFIG_HEX,
		RANGE(0, 255),
		MESH_SETTING(LOG_LEVEL, log_level),
		.doc = "Bits of what batman-adv logs; only kernels built with its debugging have "
		       "it."},
	{.name = "multicast_forceflood",
		.kind = CONFIG_BOOL,
		MESH_SETTING(MULTICAST_FORCEFLOOD, multicast_forceflood),
		.doc = "Flood all multicast instead of sending it to its listeners only."},
	{.name = "network_coding",
		.kind = CONFIG_BOOL,
		MESH_SETTING(NETWORK_CODING, network_coding),
		.doc = "Combine frames of two senders; only kernels built with it have it."},
	{.name = "orig_interval",
		.kind = CONFIG_NUMBER,
		RANGE(40, INT32_MAX),
		.unit = "milliseconds",
		MESH_SETTING(ORIG_INTERVAL, orig_interval),
		.doc = "How often the node announces itself."},
	{.name = "multicast_fanout",
		.kind = CONFIG_NUMBER,
		RANGE(0, UINT32_MAX),
		MESH_SETTING(MULTICAST_FANOUT, multicast_fanout),
		.doc = "Up to how many listeners a multicast frame is sent to one by one."},
	{.name = "vlans",
		.kind = CONFIG_MAP,
		RANGE(0, 4094),
		ARRAY_AT(batadv.vlans),
		.elements = &vlan_elements,
		CHILDREN(vlan_keys),
		.doc = "Settings of VLANs on the mesh interface, by number.",
		.what = "a VLAN's number, 1 to 4094",
		.pattern = VID_PATTERN,
		.check = config_check_vid,
		.fallback = "{}"},
};

static const struct config_key root_keys[] = {
	{.name = "$schema",
		.kind = CONFIG_IGNORED,
		.doc = "For editors: where this schema is. meshd does not read it."},
	{.name = "profile",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, profile),
		.doc = "The profile below this file: default, libremesh, l2-only, l3-only, or "
		       "another that is installed.",
		.what = "the name of a profile, such as \"default\"",
		.pattern = "^[a-z0-9][a-z0-9_-]{0,30}$",
		.check = config_check_profile,
		.fallback = "\"default\""},
	{.name = "node", .kind = CONFIG_OBJECT, CHILDREN(node_keys), .doc = "This node."},
	{.name = "cloud",
		.kind = CONFIG_OBJECT,
		CHILDREN(cloud_keys),
		.doc = "The layer-2 network that this node is part of."},
	{.name = "links",
		.kind = CONFIG_MAP,
		RANGE(0, MAPPED_MAX),
		ARRAY_AT(links),
		.elements = &link_elements,
		CHILDREN(link_keys),
		.doc = "The mesh links, by name or by pattern (* ? [ ]); a name goes before a "
		       "pattern.",
		.what = "the name of an interface, or a pattern such as \"wlan*-mesh\"",
		.pattern = NAME_OR_GLOB_PATTERN,
		.check = config_check_link_or_glob,
		.fallback = "{}"},
	{.name = "lan",
		.kind = CONFIG_OBJECT,
		CHILDREN(lan_keys),
		.doc = "The bridge that clients are on."},
	{.name = "anycast",
		.kind = CONFIG_OBJECT,
		CHILDREN(anycast_keys),
		.doc = "The gateway address that is the same on every node of the cloud."},
	{.name = "batadv",
		.kind = CONFIG_OBJECT,
		CHILDREN(batadv_keys),
		.doc = "batman-adv. Its settings have the kernel's names; null leaves a setting as "
		       "the kernel has it."},
	{.name = "bmx7",
		.kind = CONFIG_OBJECT,
		CHILDREN(config_bmx7_keys),
		.doc = "The layer-3 protocol bmx7."},
	{.name = "babeld",
		.kind = CONFIG_OBJECT,
		CHILDREN(config_babeld_keys),
		.doc = "The layer-3 protocol Babel."},
	{.name = "alfred",
		.kind = CONFIG_OBJECT,
		CHILDREN(config_alfred_keys),
		.doc = "alfred, by which the nodes of the cloud share their leases and names."},
	{.name = "dhcp",
		.kind = CONFIG_OBJECT,
		CHILDREN(config_dhcp_keys),
		.doc = "dnsmasq on the shared gateway: addresses, router advertisements and names "
		       "for clients."},
	{.name = "uplinks",
		.kind = CONFIG_MAP,
		RANGE(0, CONFIG_UPLINKS_MAX),
		ARRAY_AT(uplinks),
		.elements = &config_uplink_elements,
		CHILDREN(config_uplink_keys),
		.doc = "The interfaces by which this node itself reaches the Internet, by name or "
		       "by pattern (* ? [ ]); a name goes before a pattern. Their addresses are "
		       "made by the system.",
		.what = "the name of an interface, or a pattern such as \"wan*\"",
		.pattern = NAME_OR_GLOB_PATTERN,
		.check = config_check_link_or_glob,
		.fallback = "{}"},
	{.name = "probes",
		.kind = CONFIG_OBJECT,
		CHILDREN(config_probes_keys),
		.doc = "How it is found out whether a way leads to the Internet."},
	{.name = "gateway",
		.kind = CONFIG_OBJECT,
		CHILDREN(config_gateway_keys),
		.doc = "Which of the ways to the Internet this node takes, and whether it offers "
		       "its own."},
};

const struct config_key config_root = {.name = "",
	.kind = CONFIG_OBJECT,
	CHILDREN(root_keys),
	.doc = "Configuration of a meshd node: each of a profile, meshd.json and the files of "
	       "meshd.d. "
	       "They are merged in this order by RFC 7396, so null removes a key."};
