/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of core/state.h as a person reads them. */
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "core/state.h"

/* A network, or everything; what is IPv6 is to be seen in either. */
static void add_prefix(char text[OBJECT_TEXT_SIZE], const struct prefix *prefix,
	const char *everything)
{
	char given[PREFIX_TEXT_SIZE];

	if (prefix->length > 0) {
		prefix_format(prefix, given);
		text_append(text, OBJECT_TEXT_SIZE, "%s", given);
	} else {
		text_append(text, OBJECT_TEXT_SIZE, "%s", everything);
	}
}

static const char *family_word(const struct prefix *prefix)
{
	return prefix->length == 0 && prefix->ip.family == AF_INET6 ? "IPv6 " : "";
}

static void format_route(const struct route *route, char text[OBJECT_TEXT_SIZE])
{
	const struct prefix *destination = &route->key.destination;
	char via[IP_TEXT_SIZE];

	snprintf(text, OBJECT_TEXT_SIZE, "%s%s", family_word(destination),
		route->key.link[0] == '\0' ? "unreachable " : "");
	add_prefix(text, destination, "default");
	if (object_has(route, ROUTE_VIA) && !ip_is_zero(&route->via)) {
		ip_format(&route->via, via);
		text_append(text, OBJECT_TEXT_SIZE, " via %s", via);
	}
	if (route->key.link[0] != '\0') {
		text_append(text, OBJECT_TEXT_SIZE, " dev %s", route->key.link);
	}
	text_append(text, OBJECT_TEXT_SIZE, " table %u metric %u", route->key.table,
		route->key.metric);
}

static void format_rule(const struct rule *rule, char text[OBJECT_TEXT_SIZE])
{
	snprintf(text, OBJECT_TEXT_SIZE, "%sfrom ", family_word(&rule->key.source));
	add_prefix(text, &rule->key.source, "all");
	if (rule->key.iif[0] != '\0') {
		text_append(text, OBJECT_TEXT_SIZE, " iif %s", rule->key.iif);
	}
	if (rule->key.oif[0] != '\0') {
		text_append(text, OBJECT_TEXT_SIZE, " oif %s", rule->key.oif);
	}
	if (object_has(rule, RULE_TABLE) && rule->table == 0) {
		text_append(text, OBJECT_TEXT_SIZE, " unreachable");
	} else if (object_has(rule, RULE_TABLE) && rule->table == RT_TABLE_MAIN) {
		text_append(text, OBJECT_TEXT_SIZE, " lookup main");
	} else if (object_has(rule, RULE_TABLE)) {
		text_append(text, OBJECT_TEXT_SIZE, " lookup %u", rule->table);
	}
	if (object_has(rule, RULE_SUPPRESS) && rule->suppress >= 0) {
		text_append(text, OBJECT_TEXT_SIZE, " suppress_prefixlength %d", rule->suppress);
	}
	text_append(text, OBJECT_TEXT_SIZE, " priority %u", rule->key.priority);
}

void object_format_key(enum object_type type, const void *object, char text[OBJECT_TEXT_SIZE])
{
	char prefix[PREFIX_TEXT_SIZE];

	switch (type) {
	case OBJECT_MESH_VLAN: {
		const struct mesh_vlan *vlan = object;
		snprintf(text, OBJECT_TEXT_SIZE, "%s vlan %u", vlan->key.mesh, vlan->key.vid);
		return;
	}
	case OBJECT_ADDRESS: {
		const struct address *address = object;
		prefix_format(&address->key.prefix, prefix);
		snprintf(text, OBJECT_TEXT_SIZE, "%s dev %s", prefix, address->key.link);
		return;
	}
	case OBJECT_ROUTE:
		format_route(object, text);
		return;
	case OBJECT_RULE:
		format_rule(object, text);
		return;
	case OBJECT_RULESET:
	case OBJECT_NAT:
		snprintf(text, OBJECT_TEXT_SIZE, "table %s",
			ruleset_table_name(object_table(type)));
		return;
	case OBJECT_LINK:
	case OBJECT_MESH:
	case OBJECT_HARDIF:
	case OBJECT_SYSCTL:
	case OBJECT_TYPES:
		snprintf(text, OBJECT_TEXT_SIZE, "%s", (const char *)object_key(type, object));
		return;
	}
}

static uint64_t field_number(const void *value, size_t size)
{
	uint8_t byte;
	uint16_t half;
	uint32_t word;

	switch (size) {
	case sizeof(byte):
		memcpy(&byte, value, sizeof(byte));
		return byte;
	case sizeof(half):
		memcpy(&half, value, sizeof(half));
		return half;
	default:
		memcpy(&word, value, sizeof(word));
		return word;
	}
}

struct number_name {
	enum field_format format;
	uint32_t number;
	const char *name;
};

static const struct number_name number_names[] = {
	{FORMAT_BOOL, 0, "off"},
	{FORMAT_BOOL, 1, "on"},
	{FORMAT_LINK_KIND, LINK_OTHER, "other"},
	{FORMAT_LINK_KIND, LINK_VLAN, "vlan"},
	{FORMAT_LINK_KIND, LINK_BATADV, "batadv"},
	{FORMAT_LINK_KIND, LINK_BRIDGE, "bridge"},
	{FORMAT_LINK_KIND, LINK_MACVLAN, "macvlan"},
	{FORMAT_LINK_KIND, LINK_IP6TNL, "ip6tnl"},
	{FORMAT_VLAN_PROTOCOL, ETH_P_8021Q, "802.1q"},
	{FORMAT_VLAN_PROTOCOL, ETH_P_8021AD, "802.1ad"},
	{FORMAT_MACVLAN_MODE, MACVLAN_MODE_PRIVATE, "private"},
	{FORMAT_MACVLAN_MODE, MACVLAN_MODE_VEPA, "vepa"},
	{FORMAT_MACVLAN_MODE, MACVLAN_MODE_BRIDGE, "bridge"},
	{FORMAT_MACVLAN_MODE, MACVLAN_MODE_PASSTHRU, "passthru"},
	{FORMAT_GW_MODE, 0, "off"},
	{FORMAT_GW_MODE, 1, "client"},
	{FORMAT_GW_MODE, 2, "server"},
	{FORMAT_ROUTER_MODE, 0, "never"},
	{FORMAT_ROUTER_MODE, 1, "learn"},
	{FORMAT_ROUTER_MODE, 2, "always"},
	{FORMAT_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_EUI64, "eui64"},
	{FORMAT_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE, "none"},
	{FORMAT_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_STABLE_PRIVACY, "stable-privacy"},
	{FORMAT_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_RANDOM, "random"},
};

static void format_number(enum field_format format, uint64_t number, char text[OBJECT_TEXT_SIZE])
{
	for (size_t i = 0; i < ARRAY_SIZE(number_names); i++) {
		if (number_names[i].format == format && number_names[i].number == number) {
			snprintf(text, OBJECT_TEXT_SIZE, "%s", number_names[i].name);
			return;
		}
	}
	if (format == FORMAT_HEX) {
		snprintf(text, OBJECT_TEXT_SIZE, "0x%" PRIx64, number);
	} else if (format == FORMAT_SIGNED) {
		snprintf(text, OBJECT_TEXT_SIZE, "%" PRId32, (int32_t)number);
	} else if (format == FORMAT_MILLISECONDS) {
		snprintf(text, OBJECT_TEXT_SIZE, "%" PRIu64 " ms", number);
	} else if (format == FORMAT_BANDWIDTH) {
		snprintf(text, OBJECT_TEXT_SIZE, "%" PRIu64 ".%" PRIu64 " Mbit/s", number / 10,
			number % 10);
	} else {
		snprintf(text, OBJECT_TEXT_SIZE, "%" PRIu64, number);
	}
}

void object_format_field(enum object_type type, const void *object, size_t field,
	char text[OBJECT_TEXT_SIZE])
{
	const struct field *row = &object_classes[type].fields[field];
	const void *value = (const char *)object + row->offset;

	bool is_given = (object_head(object)->has & FIELD_BIT(field)) != 0;

	if (!is_given || (row->format == FORMAT_IP && ip_is_zero(value))) {
		snprintf(text, OBJECT_TEXT_SIZE, "none");
	} else if (row->format == FORMAT_TEXT) {
		const char *given = value;
		snprintf(text, OBJECT_TEXT_SIZE, "%s", given[0] != '\0' ? given : "none");
	} else if (row->format == FORMAT_MAC) {
		mac_format(value, text);
	} else if (row->format == FORMAT_IP) {
		ip_format(value, text);
	} else {
		format_number(row->format, field_number(value, row->size), text);
	}
}
