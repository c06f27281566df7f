/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_tool.h"

#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <check.h>
#include <jansson.h>

#include "core/ruleset.h"

/* nft's left side of a match. */
static const char *const lefts[NFT_FIELDS] = {
	[NFT_FIELD_IIF] = "{\"meta\": {\"key\": \"iifname\"}}",
	[NFT_FIELD_OIF] = "{\"meta\": {\"key\": \"oifname\"}}",
	[NFT_FIELD_L4PROTO] = "{\"meta\": {\"key\": \"l4proto\"}}",
	[NFT_FIELD_ETHER_DADDR] = "{\"payload\": {\"protocol\": \"ether\", \"field\": \"daddr\"}}",
	[NFT_FIELD_ETHER_SADDR] = "{\"payload\": {\"protocol\": \"ether\", \"field\": \"saddr\"}}",
	[NFT_FIELD_ETHER_TYPE] = "{\"meta\": {\"key\": \"protocol\"}}",
	[NFT_FIELD_VLAN_TYPE] = "{\"payload\": {\"protocol\": \"ether\", \"field\": \"type\"}}",
	[NFT_FIELD_VLAN_ID] = "{\"payload\": {\"protocol\": \"vlan\", \"field\": \"id\"}}",
	[NFT_FIELD_ARP_SENDER] = "{\"payload\": {\"protocol\": \"arp\", \"field\": \"saddr ip\"}}",
	[NFT_FIELD_ARP_TARGET] = "{\"payload\": {\"protocol\": \"arp\", \"field\": \"daddr ip\"}}",
	[NFT_FIELD_IP_SADDR] = "{\"payload\": {\"protocol\": \"ip\", \"field\": \"saddr\"}}",
	[NFT_FIELD_IP_DADDR] = "{\"payload\": {\"protocol\": \"ip\", \"field\": \"daddr\"}}",
	[NFT_FIELD_IP6_SADDR] = "{\"payload\": {\"protocol\": \"ip6\", \"field\": \"saddr\"}}",
	[NFT_FIELD_IP6_DADDR] = "{\"payload\": {\"protocol\": \"ip6\", \"field\": \"daddr\"}}",
	[NFT_FIELD_ICMPV6_TYPE] = "{\"payload\": {\"protocol\": \"icmpv6\", \"field\": \"type\"}}",
	[NFT_FIELD_ND_TARGET] = "{\"payload\": {\"base\": \"th\", \"offset\": 64, \"len\": 128}}",
	[NFT_FIELD_UDP_SPORT] = "{\"payload\": {\"protocol\": \"udp\", \"field\": \"sport\"}}",
	[NFT_FIELD_UDP_DPORT] = "{\"payload\": {\"protocol\": \"udp\", \"field\": \"dport\"}}",
	[NFT_FIELD_ARP_TARGET_MAC] =
		"{\"payload\": {\"protocol\": \"arp\", \"field\": \"daddr ether\"}}",
	[NFT_FIELD_NFPROTO] = "{\"meta\": {\"key\": \"nfproto\"}}",
	[NFT_FIELD_TCP_FLAGS] = "{\"payload\": {\"protocol\": \"tcp\", \"field\": \"flags\"}}",
};

static const struct {
	uint8_t field;
	unsigned int number;
	const char *name;
} names[] = {
	{NFT_FIELD_ETHER_TYPE, 0x0800, "ip"},
	{NFT_FIELD_ETHER_TYPE, 0x86dd, "ip6"},
	{NFT_FIELD_ETHER_TYPE, 0x0806, "arp"},
	{NFT_FIELD_L4PROTO, IPPROTO_ICMPV6, "ipv6-icmp"},
	{NFT_FIELD_VLAN_TYPE, 0x8100, "8021q"},
	{NFT_FIELD_VLAN_TYPE, 0x88a8, "8021ad"},
	{NFT_FIELD_ICMPV6_TYPE, 133, "nd-router-solicit"},
	{NFT_FIELD_ICMPV6_TYPE, 134, "nd-router-advert"},
	{NFT_FIELD_ICMPV6_TYPE, 135, "nd-neighbor-solicit"},
	{NFT_FIELD_ICMPV6_TYPE, 136, "nd-neighbor-advert"},
	{NFT_FIELD_NFPROTO, NFPROTO_IPV4, "ipv4"},
	{NFT_FIELD_NFPROTO, NFPROTO_IPV6, "ipv6"},
	{NFT_FIELD_TCP_FLAGS, 0x02, "syn"},
};

static json_t *mac_json(const uint8_t *bytes)
{
	struct mac mac;
	char text[MAC_TEXT_SIZE];

	memcpy(mac.bytes, bytes, sizeof(mac.bytes));
	mac_format(&mac, text);
	return json_string(text);
}

static json_t *ip_json(const uint8_t *bytes, uint8_t family, size_t length)
{
	struct ip ip = {.family = family};
	char text[IP_TEXT_SIZE];

	memcpy(ip.bytes, bytes, length);
	ip_format(&ip, text);
	return json_string(text);
}

static json_t *number_json(const struct nft_match *match, size_t length)
{
	unsigned int number =
		length == 1 ? match->value[0] : match->value[0] << 8 | match->value[1];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].field == match->field && names[i].number == number) {
			return json_string(names[i].name);
		}
	}
	return json_integer(number);
}

static json_t *right_json(const struct nft_match *match)
{
	size_t length = ruleset_field_length(match->field);
	char text[2 + 32 + 1] = "0x";

	if (match->field == NFT_FIELD_IIF || match->field == NFT_FIELD_OIF) {
		return json_string((const char *)match->value);
	}
	if (match->field == NFT_FIELD_ND_TARGET) {
		for (size_t i = 0; i < length; i++) {
			snprintf(text + 2 + 2 * i, 3, "%02x", match->value[i]);
		}
		return json_string(text);
	}
	switch (length) {
	case 4:
		return ip_json(match->value, AF_INET, length);
	case 6:
		return mac_json(match->value);
	case 16:
		return ip_json(match->value, AF_INET6, length);
	default:
		return number_json(match, length);
	}
}

/* A mask shows as {"&": [LEFT, MASK]}; nft swallows the one of a VLAN id. */
static json_t *left_json(const struct nft_match *match)
{
	json_t *left = json_loads(lefts[match->field], 0, NULL);

	ck_assert_ptr_nonnull(left);
	if (ruleset_field_length(match->field) == 6 && match->mask[5] == 0) {
		left = json_pack("{s:[o,o]}", "&", left, mac_json(match->mask));
	}
	if (match->field == NFT_FIELD_TCP_FLAGS) {
		left = json_pack("{s:[o,s]}", "&", left, "syn");
	}
	return left;
}

static bool same_match(const struct nft_match *match, json_t *listed)
{
	json_t *ours = json_pack("{s:{s:s,s:o,s:o}}", "match", "op", "==", "left", left_json(match),
		"right", right_json(match));
	bool same = json_equal(ours, listed);

	json_decref(ours);
	return same;
}

/* nft leaves out a protocol, and the usual VLAN type, that a later match implies. */
static bool is_implied(const struct nft_rule *rule, size_t index)
{
	static const uint8_t usual_tag[] = {0x81, 0x00};
	const struct nft_match *match = &rule->matches[index];

	if (index + 1 == rule->match_count) {
		return false;
	}
	return match->field == NFT_FIELD_ETHER_TYPE || match->field == NFT_FIELD_L4PROTO ||
	       (match->field == NFT_FIELD_VLAN_TYPE &&
		       memcmp(match->value, usual_tag, sizeof(usual_tag)) == 0);
}

static void compare_matches(const struct nft_rule *rule, json_t *exprs, size_t *at)
{
	for (size_t i = 0; i < rule->match_count; i++) {
		if (same_match(&rule->matches[i], json_array_get(exprs, *at))) {
			++*at;
			continue;
		}
		ck_assert_msg(is_implied(rule, i), "%s: match %zu is not what nft lists",
			rule->name, i);
	}
}

static void compare_rule(const struct nft_rule *rule, json_t *listed)
{
	static const char *const verdicts[] = {[NFT_VERDICT_ACCEPT] = "accept",
		[NFT_VERDICT_DROP] = "drop",
		[NFT_VERDICT_MASQUERADE] = "masquerade",
		[NFT_VERDICT_CLAMP_MSS] = "mangle"};
	json_t *exprs = json_object_get(listed, "expr");
	size_t at = 0;

	ck_assert_str_eq(json_string_value(json_object_get(listed, "chain")), rule->chain);
	ck_assert_str_eq(json_string_value(json_object_get(listed, "comment")), rule->name);
	compare_matches(rule, exprs, &at);
	ck_assert_ptr_nonnull(json_object_get(json_array_get(exprs, at++), "counter"));
	if (rule->verdict == NFT_VERDICT_JUMP) {
		json_t *jump = json_object_get(json_array_get(exprs, at++), "jump");

		ck_assert_str_eq(json_string_value(json_object_get(jump, "target")), rule->target);
	} else if (rule->verdict != NFT_VERDICT_NONE) {
		ck_assert_ptr_nonnull(
			json_object_get(json_array_get(exprs, at++), verdicts[rule->verdict]));
	}
	ck_assert_uint_eq(json_array_size(exprs), at);
}

static void compare_chain(const struct nft_chain *chain, json_t *listed)
{
	ck_assert_str_eq(json_string_value(json_object_get(listed, "name")), chain->name);
	if (chain->hook < 0) {
		ck_assert_ptr_null(json_object_get(listed, "hook"));
		return;
	}
	ck_assert_str_eq(json_string_value(json_object_get(listed, "type")), chain->type);
	ck_assert_str_eq(json_string_value(json_object_get(listed, "hook")), chain->name);
	ck_assert_str_eq(json_string_value(json_object_get(listed, "policy")), "accept");
	ck_assert_int_eq(json_integer_value(json_object_get(listed, "prio")), chain->priority);
}

static json_t *list_table(enum nft_table table)
{
	char command[64];

	snprintf(command, sizeof(command), "nft -j list table %s", ruleset_table_name(table));
	FILE *tool = popen(command, "r");

	ck_assert_ptr_nonnull(tool);
	json_t *listed = json_loadf(tool, 0, NULL);

	ck_assert_int_eq(pclose(tool), 0);
	ck_assert_ptr_nonnull(listed);
	return listed;
}

void nft_tool_compare(enum nft_table table, const struct ruleset *ruleset)
{
	json_t *root = list_table(table);
	size_t index, chains = 0, rules = 0;
	json_t *item;

	json_array_foreach (json_object_get(root, "nftables"), index, item) {
		json_t *chain = json_object_get(item, "chain");
		json_t *rule = json_object_get(item, "rule");

		if (chain) {
			ck_assert_uint_lt(chains, ruleset->chain_count);
			compare_chain(&ruleset->chains[chains++], chain);
		} else if (rule) {
			ck_assert_uint_lt(rules, ruleset->rule_count);
			compare_rule(&ruleset->rules[rules++], rule);
		}
	}
	ck_assert_uint_eq(chains, ruleset->chain_count);
	ck_assert_uint_eq(rules, ruleset->rule_count);
	json_decref(root);
}
