/* SPDX-License-Identifier: GPL-2.0-or-later */
/* docs/rules.md names every rule. */
#include <stdio.h>

#include "core/ruleset.h"
#include "unit/check_main.h"
#include "unit/frames.h"

/* Is there a line of the page's tables that names the rule and where it stands? */
static bool page_has(FILE *page, const char *rule)
{
	static const char *const suffixes[] = {"-from-lan", "-forward", "-mesh"};
	char line[2048], first[NFT_NAME_SIZE + 8];
	const char *suffix = "";
	int length = (int)strlen(rule); /* without the suffix; an entrance has none */

	for (size_t i = 0; i < ARRAY_SIZE(suffixes) && *suffix == '\0'; i++) {
		const char *found = strstr(rule, suffixes[i]);

		if (found && strchr("ft", rule[0]) == NULL) {
			suffix = found;
			length = (int)(found - rule);
		}
	}
	bool is_vlan = strncmp(rule, "mesh-vlan-", 10) == 0;

	length = is_vlan ? 10 : length;
	snprintf(first, sizeof(first), "| `%.*s%s` |", length, rule, is_vlan ? "ID" : "");
	rewind(page);
	while (fgets(line, sizeof(line), page)) {
		if (strncmp(line, first, strlen(first)) == 0 && strstr(line, suffix)) {
			return true;
		}
	}
	return false;
}

START_TEST(every_rule_is_on_its_page)
{
	static const uint16_t vlans[] = {FRAME_VLAN, FRAME_VLAN_LAYER3};
	struct ruleset_request request = {.mesh = "bat0",
		.anycast = true,
		.vlan_protocol = 0x8100,
		.mesh_vlans = vlans,
		.mesh_vlan_count = ARRAY_SIZE(vlans)};
	struct ruleset ruleset = {0};
	FILE *page = fopen(SOURCE_DIR "/docs/rules.md", "r");

	ck_assert_ptr_nonnull(page);
	ck_assert_int_eq(mac_parse(NODE, &request.anycast_mac), 0);
	ck_assert_int_eq(ip_parse(ANYCAST4, &request.anycast_ipv4), 0);
	ck_assert_int_eq(ip_parse(ANYCAST6, &request.anycast_ipv6), 0);
	ck_assert_int_eq(ip_parse(ANYLOCAL, &request.anycast_link_local), 0);
	ck_assert_int_eq(ruleset_build(&request, &ruleset), 0);
	ck_assert_uint_gt(ruleset.rule_count, 30);

	for (size_t i = 0; i < ruleset.rule_count; i++) {
		ck_assert_msg(page_has(page, ruleset.rules[i].name), "docs/rules.md lacks %s",
			ruleset.rules[i].name);
	}
	fclose(page);
	ruleset_free(&ruleset);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("ruleset page");
	TCase *tests = tcase_create("ruleset page");

	tcase_add_test(tests, every_rule_is_on_its_page);
	suite_add_tcase(suite, tests);
	return suite;
}
