/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/nat.h"
#include "core/ruleset.h"
#include "unit/check_main.h"

static const char uplinks[][IFNAMSIZ] = {"wan0", "", "wwan0", "wan0"};
static const char second[][IFNAMSIZ] = {"wwan0", "wan1"};
static const char third[][IFNAMSIZ] = {"wan2", "wan1"};
static const char lans[][IFNAMSIZ] = {"br-lan", "", "br-lan", "anygw"};

static struct ruleset build(const struct nat_request *request)
{
	struct ruleset nat = {0};

	ck_assert_int_eq(nat_build(request, &nat), 0);
	ck_assert(nat.present);
	return nat;
}

static void append(char *text, size_t size, const char *word)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%s", used > 0 ? " " : "", word);
}

/* Names of the rules of a chain that have a verdict, in order. */
static const char *names(const struct ruleset *nat, const char *chain, enum nft_verdict verdict)
{
	static char text[2000];

	text[0] = '\0';
	for (size_t i = 0; i < nat->rule_count; i++) {
		const struct nft_rule *rule = &nat->rules[i];

		if (strcmp(rule->chain, chain) == 0 && rule->verdict == verdict) {
			append(text, sizeof(text), rule->name);
		}
	}
	return text;
}

static const struct nft_rule *find(const struct ruleset *nat, const char *name)
{
	for (size_t i = 0; i < nat->rule_count; i++) {
		if (strcmp(nat->rules[i].name, name) == 0) {
			return &nat->rules[i];
		}
	}
	ck_abort_msg("no rule %s", name);
	return NULL;
}

static void ck_link(const struct nft_match *match, uint8_t field, const char *name)
{
	ck_assert_uint_eq(match->field, field);
	ck_assert_str_eq((const char *)match->value, name);
	ck_assert_uint_eq(match->mask[IFNAMSIZ - 1], 0xff);
}

START_TEST(masquerades_per_link_and_family)
{
	struct nat_request request = {.masquerade_ipv4 = uplinks,
		.masquerade_ipv4_count = ARRAY_SIZE(uplinks),
		.masquerade_ipv6 = second,
		.masquerade_ipv6_count = ARRAY_SIZE(second)};
	struct ruleset nat = build(&request);

	ck_assert_str_eq(names(&nat, "postrouting", NFT_VERDICT_MASQUERADE),
		"masquerade-ipv4-wan0 masquerade-ipv4-wwan0 masquerade-ipv6-wwan0 "
		"masquerade-ipv6-wan1");
	ck_assert_uint_eq(nat.chain_count, 2);
	ck_assert_str_eq(nat.chains[0].type, "nat");
	ck_assert_int_eq(nat.chains[0].hook, 4);
	ck_assert_int_eq(nat.chains[0].priority, 100);

	const struct nft_rule *rule = find(&nat, "masquerade-ipv6-wan1");
	ck_assert_uint_eq(rule->match_count, 2);
	ck_assert_uint_eq(rule->matches[0].field, NFT_FIELD_NFPROTO);
	ck_assert_uint_eq(rule->matches[0].value[0], 10);
	ck_link(&rule->matches[1], NFT_FIELD_OIF, "wan1");
	ck_assert_uint_eq(find(&nat, "masquerade-ipv4-wan0")->matches[0].value[0], 2);
	ruleset_free(&nat);
}
END_TEST

START_TEST(without_masquerading_nothing_is_tracked)
{
	struct nat_request request = {.uplinks = uplinks,
		.uplink_count = ARRAY_SIZE(uplinks),
		.lan = lans,
		.lan_count = 1};
	struct ruleset nat = build(&request);

	ck_assert_uint_eq(nat.chain_count, 1);
	ck_assert_str_eq(nat.chains[0].name, "forward");
	ck_assert_str_eq(nat.chains[0].type, "filter");
	ck_assert_int_eq(nat.chains[0].hook, 2);
	ck_assert_int_eq(nat.chains[0].priority, -150);
	ck_assert_str_eq(names(&nat, "forward", NFT_VERDICT_NONE),
		"own-down-wan0 own-up-wan0 own-down-wwan0 own-up-wwan0");
	ruleset_free(&nat);
}
END_TEST

START_TEST(clamps_every_syn)
{
	struct nat_request request = {0};
	struct ruleset nat = build(&request);

	ck_assert_uint_eq(nat.rule_count, 1);
	const struct nft_rule *rule = find(&nat, "clamp-mss");
	ck_assert_uint_eq(rule->verdict, NFT_VERDICT_CLAMP_MSS);
	ck_assert_uint_eq(rule->match_count, 2);
	ck_assert_uint_eq(rule->matches[0].field, NFT_FIELD_L4PROTO);
	ck_assert_uint_eq(rule->matches[0].value[0], 6);
	ck_assert_uint_eq(rule->matches[1].field, NFT_FIELD_TCP_FLAGS);
	ck_assert_uint_eq(rule->matches[1].value[0], 2);
	ck_assert_uint_eq(rule->matches[1].mask[0], 2);
	ruleset_free(&nat);
}
END_TEST

START_TEST(counts_own_use)
{
	struct nat_request request = {.masquerade_ipv4 = uplinks,
		.masquerade_ipv4_count = 1,
		.masquerade_ipv6 = second,
		.masquerade_ipv6_count = 2,
		.uplinks = third,
		.uplink_count = 2,
		.lan = lans,
		.lan_count = ARRAY_SIZE(lans)};
	struct ruleset nat = build(&request);

	ck_assert_str_eq(names(&nat, "forward", NFT_VERDICT_NONE),
		"own-down-wan0 own-up-wan0 own-down-wan0:2 own-up-wan0:2 "
		"own-down-wwan0 own-up-wwan0 own-down-wwan0:2 own-up-wwan0:2 "
		"own-down-wan1 own-up-wan1 own-down-wan1:2 own-up-wan1:2 "
		"own-down-wan2 own-up-wan2 own-down-wan2:2 own-up-wan2:2");
	const struct nft_rule *rule = find(&nat, "own-down-wan0:2");
	ck_assert_uint_eq(rule->match_count, 2);
	ck_link(&rule->matches[0], NFT_FIELD_IIF, "wan0");
	ck_link(&rule->matches[1], NFT_FIELD_OIF, "anygw");
	rule = find(&nat, "own-up-wan0");
	ck_link(&rule->matches[0], NFT_FIELD_IIF, "br-lan");
	ck_link(&rule->matches[1], NFT_FIELD_OIF, "wan0");
	ruleset_free(&nat);
}
END_TEST

/* nft shows names as comments, and two rules of one name could not be told apart. */
START_TEST(longest_names_fit_and_differ)
{
	static const char longest[][IFNAMSIZ] = {"abcdefghijklmn0", "abcdefghijklmn1"};
	struct nat_request request = {.masquerade_ipv4 = longest,
		.masquerade_ipv4_count = 2,
		.masquerade_ipv6 = longest,
		.masquerade_ipv6_count = 2,
		.lan = lans,
		.lan_count = ARRAY_SIZE(lans)};
	struct ruleset nat = build(&request);

	for (size_t i = 0; i < nat.rule_count; i++) {
		const struct nft_rule *rule = &nat.rules[i];
		ck_assert_uint_lt(strlen(rule->name), NFT_NAME_SIZE - 1);
		for (size_t j = 0; j < i; j++) {
			ck_assert_str_ne(rule->name, nat.rules[j].name);
		}
	}
	ck_assert_uint_eq(nat.rule_count, 4 + 1 + 8);
	ruleset_free(&nat);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("nat");
	TCase *tests = tcase_create("nat");

	tcase_add_test(tests, masquerades_per_link_and_family);
	tcase_add_test(tests, without_masquerading_nothing_is_tracked);
	tcase_add_test(tests, clamps_every_syn);
	tcase_add_test(tests, counts_own_use);
	tcase_add_test(tests, longest_names_fit_and_differ);
	suite_add_tcase(suite, tests);
	return suite;
}
