/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/socket.h>

#include "unit/check_main.h"
#include "uplink/targets.h"

static bool part_is(const struct target *target, struct target_part part, const char *text)
{
	return part.length == strlen(text) &&
	       memcmp(target->text + part.start, text, part.length) == 0;
}

START_TEST(addresses)
{
	struct target target;

	ck_assert_int_eq(target_parse(PROBE_PING, "9.9.9.9", &target), 0);
	ck_assert_int_eq(target.ip.family, AF_INET);
	ck_assert_int_eq(target_parse(PROBE_DNS, "2620:fe::fe", &target), 0);
	ck_assert_int_eq(target.ip.family, AF_INET6);
	ck_assert_uint_eq(target.port, 53);
	ck_assert_int_eq(target_parse(PROBE_TCP, "9.9.9.9:443", &target), 0);
	ck_assert_uint_eq(target.port, 443);
	ck_assert_int_eq(target_parse(PROBE_TCP, "[2620:fe::fe]:65535", &target), 0);
	ck_assert_uint_eq(target.port, 65535);
	ck_assert_int_eq(target.ip.family, AF_INET6);
}
END_TEST

static const struct {
	enum probe_kind kind;
	const char *text;
} bad_texts[] = {
	{PROBE_PING, ""},
	{PROBE_PING, "example.org"},
	{PROBE_PING, "9.9.9.9:53"},
	{PROBE_DNS, "[2620:fe::fe]"},
	{PROBE_TCP, "9.9.9.9"},
	{PROBE_TCP, "9.9.9.9:"},
	{PROBE_TCP, "9.9.9.9:0"},
	{PROBE_TCP, "9.9.9.9:65536"},
	{PROBE_TCP, "9.9.9.9:-1"},
	{PROBE_TCP, "[9.9.9.9]:443"},
	{PROBE_TCP, "2620:fe::fe:443"},
	{PROBE_TCP, "[2620:fe::fe]"},
	{PROBE_TCP, "[2620:fe::fe]443"},
	{PROBE_TCP, "[2620:fe::fe"},
	{PROBE_TCP, "[]:443"},
	{PROBE_HTTP, "https://example.org/"},
	{PROBE_HTTP, "http://"},
	{PROBE_HTTP, "http:///path"},
	{PROBE_HTTP, "http://a@example.org/"},
	{PROBE_HTTP, "http://example.org?query"},
	{PROBE_HTTP, "http://example.org/a#b"},
	{PROBE_HTTP, "http://example.org:0/"},
	{PROBE_HTTP, "http://example.org./"},
	{PROBE_HTTP, "http://exa_mple.org/"},
	{PROBE_HTTP, "http://[::1/"},
	{PROBE_HTTP, "http://example.org/\r\nX: y"},
	{PROBE_HTTP, "http://example.org/ 99"},
	{PROBE_HTTP, "http://example.org/ 100"},
	{PROBE_HTTP, "http://example.org/ 600"},
	{PROBE_HTTP, "http://example.org/ ok"},
};

START_TEST(bad)
{
	struct target target = {.port = 77};

	ck_assert_msg(target_parse(bad_texts[_i].kind, bad_texts[_i].text, &target) < 0, "%s",
		bad_texts[_i].text);
	ck_assert_uint_eq(target.port, 77);
}
END_TEST

START_TEST(http)
{
	struct target target;

	ck_assert_int_eq(target_parse(PROBE_HTTP,
				 "http://network-test.debian.org/nm 200 NetworkManager is online",
				 &target),
		0);
	ck_assert_str_eq(target.name, "network-test.debian.org");
	ck_assert_int_eq(target.ip.family, 0);
	ck_assert_uint_eq(target.port, 80);
	ck_assert_int_eq(target.status, 200);
	ck_assert(part_is(&target, target.authority, "network-test.debian.org"));
	ck_assert(part_is(&target, target.path, "/nm"));
	ck_assert(part_is(&target, target.url, "http://network-test.debian.org/nm"));
	ck_assert(part_is(&target, target.body, "NetworkManager is online"));
	ck_assert_int_eq(target_parse(PROBE_HTTP, "http://[2001:db8::1]:8080", &target), 0);
	ck_assert_str_eq(target.name, "");
	ck_assert_int_eq(target.ip.family, AF_INET6);
	ck_assert_uint_eq(target.port, 8080);
	ck_assert_int_eq(target.status, 204);
	ck_assert_uint_eq(target.path.length, 0);
	ck_assert_uint_eq(target.body.length, 0);
	ck_assert(part_is(&target, target.authority, "[2001:db8::1]:8080"));
	ck_assert_int_eq(target_parse(PROBE_HTTP, "http://192.0.2.1/a?b=c 301", &target), 0);
	ck_assert_int_eq(target.ip.family, AF_INET);
	ck_assert_int_eq(target.status, 301);
	ck_assert(part_is(&target, target.path, "/a?b=c"));
}
END_TEST

START_TEST(list)
{
	struct probe_target pings[20];
	struct probe_target tcps[] = {{"nothing"}, {"192.0.2.1:1"}};
	struct probe_target https[] = {{"http://example.org/"}};
	struct probe_target servers[] = {{"2001:db8::1"}};
	struct probes_config probes = {.targets = {pings, tcps, servers, https},
		.target_count = {20, 2, 1, 1}};
	struct target_list targets;

	for (int i = 0; i < 20; i++) {
		snprintf(pings[i].text, sizeof(pings[i].text), "192.0.2.%d", i + 1);
	}
	ck_assert_int_eq(target_list_read(&probes, &targets), 0);
	ck_assert_uint_eq(targets.count, TARGETS_MAX + 3);
	ck_assert_str_eq(targets.items[TARGETS_MAX].text, "192.0.2.1:1");
	/* A name goes with the families of the name servers. */
	ck_assert(target_is_for(&targets, &targets.items[TARGETS_MAX + 2], AF_INET6));
	ck_assert(!target_is_for(&targets, &targets.items[TARGETS_MAX + 2], AF_INET));
	ck_assert(!target_is_for(&targets, &targets.items[0], AF_INET6));
	target_list_free(&targets);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("uplink_targets");
	TCase *test = tcase_create("targets");

	tcase_add_test(test, addresses);
	tcase_add_loop_test(test, bad, 0, sizeof(bad_texts) / sizeof(bad_texts[0]));
	tcase_add_test(test, http);
	tcase_add_test(test, list);
	suite_add_tcase(suite, test);
	return suite;
}
