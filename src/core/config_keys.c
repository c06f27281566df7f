/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/config_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/batman_adv.h>
#include <linux/if_ether.h>

#include "base/cleanup.h"

/* The member of struct config that a key fills, of a map's element, or the array it fills. */
#define AT(member)                                                                                 \
	.offset = offsetof(struct config, member), .size = sizeof(((struct config *)0)->member)
#define IN(type, member)                                                                           \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define SETTING(bit)     .is_setting = true, .has_bit = (bit)
#define MESH_SETTING(symbol, member)                                                               \
	AT(batadv.settings.member), SETTING(MESH_##symbol),                                        \
		.head_offset = offsetof(struct config, batadv.settings.head)
#define HARDIF_SETTING(symbol, member)                                                             \
	IN(link_config, hardif.member), SETTING(HARDIF_##symbol),                                  \
		.head_offset = offsetof(struct link_config, hardif.head)
#define RANGE(least, most) .minimum = (least), .maximum = (most)
#define WORDS(list)        .words = (list), .word_count = ARRAY_SIZE(list)
#define CHILDREN(list)     .children = (list), .child_count = ARRAY_SIZE(list)
#define TEXT_BYTES(least, member)                                                                  \
	RANGE(least, (int64_t)sizeof(((struct config *)0)->member) - 1), AT(member)

#define NAME_OR_GLOB_PATTERN "^[^/ \t\n\v\f\r]{1,63}$"
#define LINK_PATTERN         "^[^/:%*?[ \t\n\v\f\r]{1,15}$"
#define DEVICE_PATTERN       "^[A-Za-z0-9_.@+-]{1,15}$"
#define VID_PATTERN          "^([1-9][0-9]{0,2}|[1-3][0-9]{3}|40[0-8][0-9]|409[0-4])$"
#define HOSTNAME_PATTERN     "^([A-Za-z0-9]|%[Mm][1-6])([A-Za-z0-9-]|%[Mm][1-6])*$"
#define DEVICE_WHAT          "the name of an interface, such as "

#define LISTED_MAX 1024
#define MAPPED_MAX 4096
#define KBIT_MAX   (INT64_C(0xffffffff) * CONFIG_BANDWIDTH_UNIT)

static const struct config_word auto_text[] = {{"auto", 0}};
static const struct config_word vlan_words[] = {{"auto", VLAN_AUTO}};
static const struct config_word link_mtu_words[] = {{"auto", MTU_AUTO}};
static const struct config_word layer3_mtu_words[] = {
	{"auto", MTU_AUTO}, {"inherit", MTU_INHERIT}};
static const struct config_word vlan_protocols[] = {
	{"802.1q", ETH_P_8021Q}, {"802.1ad", ETH_P_8021AD}};
static const struct config_word algorithms[] = {{"BATMAN_IV", 0}, {"BATMAN_V", 0}};
static const struct config_word protocols[] = {
	{"batadv", PROTOCOL_BATADV}, {"bmx7", PROTOCOL_BMX7}, {"babeld", PROTOCOL_BABELD}};
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

static const struct config_elements link_elements = {
	sizeof(struct link_config), offsetof(struct config, link_count), set_link_name};
static const struct config_elements port_elements = {
	sizeof(struct port_config), offsetof(struct config, lan.port_count), set_port_name};
static const struct config_elements vlan_elements = {
	sizeof(struct mesh_vlan), offsetof(struct config, batadv.vlan_count), set_vid};

static const struct config_key node_keys[] = {
	{"hostname",
		"The node's name; \"auto\" is the machine's. %M1..%M6 stand for the bytes of the "
		"primary link's MAC.",
		CONFIG_TEXT, TEXT_BYTES(1, node.hostname) - 1, WORDS(auto_text),
		.what = "a hostname, such as \"roof-%M5%M6\"", .pattern = HOSTNAME_PATTERN,
		.check = config_check_hostname, .fallback = "\"auto\""},
	{"primary_link",
		"The interface whose MAC names the node and gives its addresses; \"auto\" takes the "
		"first mesh link.",
		CONFIG_TEXT, TEXT_BYTES(1, node.primary_link), WORDS(auto_text),
		.what = DEVICE_WHAT "\"eth0\"", .pattern = LINK_PATTERN, .check = config_check_link,
		.fallback = "\"auto\""},
};
