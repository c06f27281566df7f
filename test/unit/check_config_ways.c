/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_read: uplinks, probes and the choice among the ways to the Internet. */
#include <sys/socket.h>

#include "base/cleanup.h"
#include "core/config_keys.h"
#include "core/gateway.h"
#include "core/problem.h"
#include "unit/config_reading.h"
#include "uplink/targets.h"

#define PROFILES SOURCE_DIR "/conf/profiles"

static void expect_right(const char *settings)
{
	struct reading reading = read_settings(settings);

	expect_ok(&reading);
	reading_free(&reading);
}

START_TEST(test_fallbacks)
{
	struct reading reading = read_settings("{\"uplinks\": {\"wan0\": {}}}");
	const struct uplink_config *uplink = reading.config.uplinks;
	const struct probes_config *probes = &reading.config.probes;

	expect_ok(&reading);
	ck_assert_uint_eq(reading.config.uplink_count, 1);
	ck_assert_str_eq(uplink->name, "wan0");
	ck_assert(uplink->ipv4 && uplink->ipv6);
	ck_assert(uplink->masquerade_ipv4 && uplink->masquerade_ipv6);
	ck_assert_int_eq(uplink->down, 0);
	ck_assert_int_eq(uplink->up, 0);
	ck_assert_int_eq(uplink->priority, 100);
	ck_assert_int_eq(uplink->share, UPLINK_SHARE_YES);
	ck_assert_int_eq(uplink->cap, 50);
	ck_assert_int_eq(uplink->metric, 0);
	ck_assert_int_eq(probes->timeout, 2000);
	ck_assert_int_eq(probes->interval, 5000);
	ck_assert_int_eq(probes->interval_doubtful, 1000);
	ck_assert_int_eq(probes->interval_down, 30000);
	ck_assert_int_eq(probes->rise, 3);
	ck_assert_int_eq(probes->fall, 2);
	ck_assert_int_eq(probes->flap_penalty, 1000);
	ck_assert_int_eq(probes->flap_suppress, 2500);
	ck_assert_int_eq(probes->flap_reuse, 1000);
	ck_assert_int_eq(probes->flap_half_life, 60);
	ck_assert_str_eq(probes->dns_name, "debian.org");
	ck_assert(reading.config.gateway.enabled && reading.config.gateway.fallback &&
		  reading.config.gateway.share);
	ck_assert_int_eq(reading.config.gateway.mode, GATEWAY_AUTO);
	ck_assert_str_eq(reading.config.gateway.use, "");
	ck_assert_uint_eq(reading.config.gateway.prefer_count, 0);
	ck_assert_uint_eq(reading.config.gateway.avoid_count, 0);
	ck_assert_int_eq(reading.config.gateway.hysteresis, 20);
	ck_assert_int_eq(reading.config.gateway.hold_down, 20);
	ck_assert_int_eq(reading.config.gateway.return_after, 20);
	ck_assert_int_eq(reading.config.gateway.probe_next, 30);
	reading_free(&reading);
	reading = read_texts(SSID, NULL, NULL);
	expect_ok(&reading);
	ck_assert_uint_eq(reading.config.uplink_count, 0);
	reading_free(&reading);
}
END_TEST

static void count_families(const struct probes_config *probes, enum probe_kind kind,
	size_t counts[3])
{
	for (size_t i = 0; i < probes->target_count[kind]; i++) {
		struct ip ip;
		const char *text = probes->targets[kind][i].text;
		bool is_address = config_target_address(kind, text, &ip);
		struct target target;
		/* Whoever asks them reads the same from them. */
		ck_assert_msg(target_parse(kind, text, &target) == 0 &&
				      is_address == (target.ip.family != 0),
			"%s", text);
		counts[!is_address ? 2 : ip.family == AF_INET6]++;
	}
}

/* Each kind has several targets, of either family. */
START_TEST(test_targets)
{
	struct reading reading = read_texts(SSID, NULL, NULL);
	const struct probes_config *probes = &reading.config.probes;

	expect_ok(&reading);
	for (int kind = PROBE_PING; kind <= PROBE_HTTP; kind++) {
		size_t counts[3] = {0};

		count_families(probes, (enum probe_kind)kind, counts);
		ck_assert_int_eq(probes->need[kind], 1);
		ck_assert_uint_eq(counts[0], kind == PROBE_HTTP ? 0 : 4);
		ck_assert_uint_eq(counts[1], kind == PROBE_HTTP ? 0 : 4);
		ck_assert_uint_eq(counts[2], kind == PROBE_HTTP ? 4 : 0);
	}
	reading_free(&reading);
}
END_TEST

/* A profile that is not LibreMesh's gives what is in force without one. */
START_TEST(test_profiles)
{
	static const char *const names[] = {"default", "l2-only", "l3-only"};
	struct reading plain = read_texts(SSID, NULL, NULL);
	const struct probes_config *wanted = &plain.config.probes;

	expect_ok(&plain);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[128];
		snprintf(path, sizeof(path), PROFILES "/%s.json", names[i]);
		json_t *tree = json_load_file(path, 0, NULL);
		CLEANUP(cleanup_free) char *text = json_dumps(tree, 0);
		json_decref(tree);
		struct reading reading = read_texts(text, SSID, NULL);
		const struct probes_config *probes = &reading.config.probes;

		expect_ok(&reading);
		for (int kind = PROBE_PING; kind <= PROBE_HTTP; kind++) {
			ck_assert_uint_eq(probes->target_count[kind], wanted->target_count[kind]);
			ck_assert_mem_eq(probes->targets[kind], wanted->targets[kind],
				wanted->target_count[kind] * sizeof(struct probe_target));
		}
		ck_assert_mem_eq(&probes->need, &wanted->need,
			sizeof(*probes) - offsetof(struct probes_config, need));
		ck_assert_mem_eq(&reading.config.gateway.hysteresis,
			&plain.config.gateway.hysteresis, 4 * sizeof(int));
		reading_free(&reading);
	}
	reading_free(&plain);
}
END_TEST

START_TEST(test_stored)
{
	struct reading reading = read_settings(
		"{\"uplinks\": {\"wan*\": {\"ipv4\": false, \"down\": \"50Mbit\", \"up\": 700, "
		"\"priority\": 255, \"share\": \"spare\", \"cap\": 7, \"masquerade\": \"ipv4\", "
		"\"metric\": 65534}, \"ppp0\": {\"ipv6\": false, \"share\": \"never\", "
		"\"down\": \"429Gbit\", \"masquerade\": \"ipv6\"}, \"usb0\": {\"masquerade\": "
		"\"no\"}}, "
		"\"probes\": {\"ping\": [\"192.0.2.1\"], \"tcp\": [\"[2001:db8::1]:7\", "
		"\"192.0.2.9:8\"], \"http\": [\"http://192.0.2.1/x 200 a b\"], \"dns_name\": "
		"\"a.b\"}, "
		"\"gateway\": {\"mode\": \"use\", \"use\": \"roof\", \"prefer\": [\"a\", \"b\"], "
		"\"avoid\": [\"c\"]}}");
	const struct config *config = &reading.config;
	const struct uplink_config *uplink = config->uplinks;

	expect_ok(&reading);
	ck_assert_uint_eq(config->uplink_count, 3);
	ck_assert(!uplink[0].ipv4 && uplink[0].ipv6 && uplink[1].ipv4 && !uplink[1].ipv6);
	ck_assert_int_eq(uplink[0].down, 500);
	ck_assert_int_eq(uplink[0].up, 7);
	ck_assert_int_eq(uplink[1].down, 4290000);
	ck_assert_int_eq(uplink[0].priority, 255);
	ck_assert_int_eq(uplink[0].share, UPLINK_SHARE_SPARE);
	ck_assert_int_eq(uplink[1].share, UPLINK_SHARE_NEVER);
	ck_assert_int_eq(uplink[0].cap, 7);
	ck_assert_int_eq(uplink[0].metric, 65534);
	ck_assert(uplink[0].masquerade_ipv4 && !uplink[0].masquerade_ipv6);
	ck_assert(!uplink[1].masquerade_ipv4 && uplink[1].masquerade_ipv6);
	ck_assert(!uplink[2].masquerade_ipv4 && !uplink[2].masquerade_ipv6);
	ck_assert_str_eq(uplink[2].name, "usb0");
	ck_assert_uint_eq(config->probes.target_count[PROBE_PING], 1);
	ck_assert_str_eq(config->probes.targets[PROBE_PING][0].text, "192.0.2.1");
	ck_assert_uint_eq(config->probes.target_count[PROBE_TCP], 2);
	ck_assert_str_eq(config->probes.targets[PROBE_TCP][1].text, "192.0.2.9:8");
	ck_assert_uint_eq(config->probes.target_count[PROBE_HTTP], 1);
	ck_assert_str_eq(config->probes.targets[PROBE_HTTP][0].text, "http://192.0.2.1/x 200 a b");
	ck_assert_str_eq(config->probes.dns_name, "a.b");
	ck_assert_int_eq(config->gateway.mode, GATEWAY_USE);
	ck_assert_str_eq(config->gateway.use, "roof");
	ck_assert_uint_eq(config->gateway.prefer_count, 2);
	ck_assert_str_eq(config->gateway.prefer[1].text, "b");
	ck_assert_uint_eq(config->gateway.avoid_count, 1);
	ck_assert_str_eq(config->gateway.avoid[0].text, "c");
	reading_free(&reading);
}
END_TEST

START_TEST(test_unknown)
{
	expect_settings_error("{\"uplink\": {}}",
		"2:1:2: $.uplink: unknown key \"uplink\"; did you mean \"uplinks\"?");
	expect_settings_error("{\"uplinks\": {\"wan0\": {\"dwon\": 1}}}",
		"2:1:23: $.uplinks.wan0.dwon: unknown key \"dwon\"; did you mean \"down\"?");
	expect_settings_error("{\"probes\": {\"need\": {\"icmp\": 1}}}",
		"2:1:22: $.probes.need.icmp: unknown key \"icmp\"; did you mean \"tcp\"?");
	expect_settings_error("{\"probes\": {\"need\": {\"traceroute\": 1}}}",
		"2:1:22: $.probes.need.traceroute: unknown key \"traceroute\"; known here: ping, "
		"tcp, dns, http");
	expect_settings_error("{\"gateways\": {}}",
		"2:1:2: $.gateways: unknown key \"gateways\"; did you mean \"gateway\"?");
	expect_settings_error("{\"hysteresis\": 3}",
		"2:1:2: $.hysteresis: unknown key \"hysteresis\"; it belongs into \"gateway\"");
	expect_settings_error("{\"gateway\": {\"mode\": \"local\"}}",
		"2:1:22: $.gateway.mode: is \"local\", must be \"auto\", \"use\" or "
		"\"local-only\"");
	expect_settings_error("{\"uplinks\": {\"wan0\": {\"share\": \"spaer\"}}}",
		"2:1:32: $.uplinks.wan0.share: is \"spaer\", must be \"yes\", \"never\" or "
		"\"spare\"; did you mean \"spare\"?");
	expect_settings_error("{\"uplinks\": {\"wan/0\": {}}}",
		"2:1:14: $.uplinks[\"wan/0\"]: \"wan/0\" is not right: an interface's name");
}
END_TEST

static void expect_target(const char *kind, const char *target, const char *why)
{
	char settings[256];
	char start[512];

	snprintf(settings, sizeof(settings), "{\"probes\": {\"%s\": [\"%s\"]}}", kind, target);
	snprintf(start, sizeof(start), "2:1:%zu: $.probes.%s[0]: \"%s\" is not right: %s",
		strlen("{\"probes\": {\"\": [") + strlen(kind) + 1, kind, target, why);
	struct reading reading = read_settings(settings);
	expect_error(&reading, 0, start);
	reading_free(&reading);
}

START_TEST(test_target_errors)
{
	expect_target("ping", "127.0.0.1", "no other machine can be reached by this address");
	expect_target("ping", "debian.org", "this is not an IP address such as \"9.9.9.9\"");
	expect_target("dns", "fe80::1", "no other machine");
	expect_target("tcp", "192.0.2.1", "the port is missing, such as in \"9.9.9.9:443\"");
	expect_target("tcp", "2001:db8::1:443", "an IPv6 address has brackets here");
	expect_target("tcp", "[2001:db8::1]", "the port is missing");
	expect_target("tcp", "[2001:db8::1", "an address and a port are needed");
	expect_target("tcp", "[2001:db8::1]443", "an address and a port are needed");
	expect_target("tcp", "[192.0.2.1]:443", "only an IPv6 address has brackets");
	expect_target("tcp", "192.0.2.1:65536", "a port is a number from 1 to 65535");
	expect_target("tcp", "debian.org:443", "this is not an IPv4 address");
	expect_target("tcp", "224.0.0.1:443", "no other machine");
	expect_target("http", "https://a/", "only http:// is right: a captive portal cannot");
	expect_target("http", "www.debian.org/", "a URL starts with http://");
	expect_target("http", "http://", "after http:// a host is needed");
	expect_target("http", "http:///x", "after http:// a host is needed");
	expect_target("http", "http://me@a/", "no user is needed for such a page");
	expect_target("http", "http://a:x/", "a port is a number from 1 to 65535");
	expect_target("http", "http://a?b", "the path is missing; write '/' before '?'");
	expect_target("http", "http://a/#b", "a URL is made of ASCII without blanks and '#'");
	expect_target("http", "http://a_b/", "a name is made of letters, digits and '-'");
	expect_target("http", "http://1.2.3.400/", "the last part of a name is no number");
	expect_target("http", "http://2001:db8::1/", "an IPv6 address has brackets here");
	expect_target("http", "http://127.0.0.1/", "no other machine");
	expect_target("http", "http://a/ 100", "after the URL and one blank comes the status");
	expect_target("http", "http://a/ ok", "after the URL and one blank comes the status");
	expect_target("http", "http://a/ 200 ", "after the status and one blank comes the text");
	expect_target("http", "http://a/ 204 x", "an answer with the status 204 has no text");
}
END_TEST

START_TEST(test_uplink_taken)
{
	expect_settings_error("{\"links\": {\"eth1\": {}}, \"uplinks\": {\"eth1\": {}}}",
		"2:1:20: $.links.eth1: uplinks.eth1 and links.eth1 take the same interface; an "
		"uplink cannot be a mesh link too");
	expect_settings_error("{\"uplinks\": {\"eth1\": {}}, \"links\": {\"eth*\": {}}}",
		"2:1:45: $.links[\"eth*\"]: uplinks.eth1 and links[\"eth*\"] take the same");
	expect_settings_error("{\"uplinks\": {\"eth*\": {}}, \"links\": {\"eth1\": {}}}",
		"2:1:45: $.links.eth1: uplinks[\"eth*\"] and links.eth1 take the same interface");
	expect_settings_error("{\"uplinks\": {\"eth*\": {}}, \"links\": {\"eth*\": {}}}",
		"2:1:45: $.links[\"eth*\"]: uplinks[\"eth*\"] and links[\"eth*\"] take the same");
	expect_settings_error("{\"uplinks\": {\"eth1\": {}}, \"lan\": {\"ports\": [\"eth0\", "
			      "\"eth1\"]}}",
		"2:1:53: $.lan.ports[1]: uplinks.eth1 and lan.ports[1] take the same interface; "
		"an uplink cannot be a port of the bridge too");
	expect_settings_error("{\"uplinks\": {\"eth1\": {}}, \"lan\": {\"ports\": [\"eth?\"]}}",
		"2:1:45: $.lan.ports[0]: uplinks.eth1 and lan.ports[0] take the same interface");
	expect_settings_error("{\"uplinks\": {\"bat0\": {}}}",
		"2:1:22: $.uplinks.bat0: bat0 is the interface that meshd makes for "
		"batadv.device");
	expect_settings_error("{\"uplinks\": {\"anygw\": {}}}",
		"2:1:23: $.uplinks.anygw: anygw is the interface that meshd makes");
	expect_settings_error("{\"uplinks\": {\"br-lan\": {}}}",
		"2:1:24: $.uplinks[\"br-lan\"]: br-lan is the interface that meshd makes");
	/* The layer that came later is the one to blame. */
	struct reading reading =
		read_texts(SSID, "{\"links\": {\"eth1\": {}}}", "{\"uplinks\": {\"eth1\": {}}}");
	expect_error(&reading, 0, "3:1:22: $.uplinks.eth1: uplinks.eth1 and links.eth1");
	reading_free(&reading);
}
END_TEST

START_TEST(test_uplink_free)
{
	expect_right("{\"uplinks\": {\"eth1\": {}}, \"links\": {\"wlan*\": {}, \"eth2\": {}}, "
		     "\"lan\": {\"ports\": [\"eth0\"]}}");
	/* An entry without protocols takes the interface out of a pattern. */
	expect_right("{\"uplinks\": {\"eth1\": {}}, \"links\": {\"eth*\": {}, \"eth1\": "
		     "{\"protocols\": []}}}");
	expect_right("{\"uplinks\": {\"bat0\": {}}, \"batadv\": {\"enabled\": false}}");
	expect_settings_error("{\"uplinks\": {\"eth1\": {\"share\": \"spare\"}}}",
		"2:1:32: $.uplinks.eth1.share: \"spare\" means less than 50 % of a bandwidth that "
		"is not known; give down and up");
	expect_right("{\"uplinks\": {\"eth1\": {\"share\": \"spare\", \"down\": \"1Mbit\"}}}");
}
END_TEST

START_TEST(test_need)
{
	expect_settings_error("{\"probes\": {\"need\": {\"ping\": 9}}}",
		"2:1:30: $.probes.need.ping: probes.need.ping is 9, but probes.ping has 8 "
		"targets; add some, or need fewer (0 leaves the kind out)");
	expect_settings_error("{\"probes\": {\"ping\": []}}",
		"2:1:21: $.probes.ping: probes.need.ping is 1, but probes.ping has 0 targets");
	expect_settings_error("{\"probes\": {\"need\": {\"tcp\": 5}}}",
		"2:1:29: $.probes.need.tcp: probes.need.tcp is 5, but probes.tcp has only 4 of "
		"IPv4; add some, or need fewer");
	expect_settings_error("{\"probes\": {\"need\": {\"dns\": 2}, \"dns\": [\"192.0.2.1\", "
			      "\"192.0.2.2\", \"2001:db8::1\"]}}",
		"2:1:29: $.probes.need.dns: probes.need.dns is 2, but probes.dns has only 1 of "
		"IPv6");
	expect_right("{\"probes\": {\"need\": {\"ping\": 0}, \"ping\": []}}");
	/* A family without any target of a kind goes without that kind. */
	expect_right("{\"probes\": {\"ping\": [\"192.0.2.1\"]}}");
	expect_settings_error(
		"{\"probes\": {\"need\": {\"ping\": 0, \"tcp\": 0, \"dns\": 0, \"http\": 0}}}",
		"2:1:21: $.probes.need: nothing is needed, so nothing would ever be found to be "
		"down");
	expect_right("{\"probes\": {\"need\": {\"ping\": 0, \"tcp\": 0, \"dns\": 0}}}");
	/* A wrong target is one error, not two. */
	expect_settings_error("{\"probes\": {\"need\": {\"ping\": 9}, \"ping\": [\"127.0.0.1\"]}}",
		"2:1:43: $.probes.ping[0]: \"127.0.0.1\" is not right");
}
END_TEST

START_TEST(test_names_of_pages)
{
	expect_settings_error("{\"probes\": {\"dns\": [\"192.0.2.1\"]}}",
		"2:1:20: $.probes.dns: the host of probes.http[0] has a name, but probes.dns has "
		"no target of IPv6 to ask for it; add one, or a page by its address");
	expect_settings_error("{\"probes\": {\"dns\": [], \"need\": {\"dns\": 0}}}",
		"2:1:20: $.probes.dns: the host of probes.http[0] has a name, but probes.dns has "
		"no target of IPv4");
	expect_settings_error("{\"probes\": {\"http\": [\"http://192.0.2.1/\", \"http://a/\"], "
			      "\"dns\": [\"192.0.2.1\"]}}",
		"2:1:64: $.probes.dns: the host of probes.http[1] has a name");
	expect_right("{\"probes\": {\"http\": [\"http://192.0.2.1/\", \"http://[2001:db8::1]/\", "
		     "\"http://a/\"], \"dns\": [], \"need\": {\"dns\": 0}}}");
	expect_right("{\"probes\": {\"dns\": [\"192.0.2.1\"], \"need\": {\"http\": 0}}}");
	/* Nothing is probed by IPv6. */
	expect_right("{\"probes\": {\"ping\": [\"192.0.2.1\"], \"tcp\": [\"192.0.2.1:80\"], "
		     "\"dns\": [\"192.0.2.1\"]}}");
}
END_TEST

START_TEST(test_times)
{
	expect_settings_error("{\"probes\": {\"interval_doubtful\": 5001}}",
		"2:1:34: $.probes.interval_doubtful: probes.interval_doubtful is 5001 and so more "
		"than probes.interval, which is 5000");
	expect_settings_error("{\"probes\": {\"interval_down\": 999}}",
		"2:1:30: $.probes.interval_down: probes.interval_doubtful is 1000 and so more "
		"than "
		"probes.interval_down, which is 999");
	expect_right("{\"probes\": {\"interval_doubtful\": 5000, \"interval_down\": 5000}}");
	expect_settings_error("{\"probes\": {\"flap_reuse\": 2500}}",
		"2:1:27: $.probes.flap_reuse: probes.flap_reuse is 2500, must be less than "
		"probes.flap_suppress, which is 2500");
	expect_settings_error("{\"probes\": {\"flap_suppress\": 900}}",
		"2:1:30: $.probes.flap_suppress: probes.flap_reuse is 1000, must be less");
}
END_TEST

START_TEST(test_gateway)
{
	expect_settings_error("{\"gateway\": {\"mode\": \"use\"}}",
		"2:1:22: $.gateway.mode: gateway.mode is \"use\", but gateway.use names no "
		"gateway");
	expect_settings_error("{\"gateway\": {\"mode\": \"use\", \"use\": \"a b\"}}",
		"2:1:36: $.gateway.use: \"a b\" is not right: a gateway is called by");
	struct reading reading =
		read_texts(SSID, "{\"gateway\": {\"mode\": \"use\", \"use\": \"roof\"}}",
			"{\"gateway\": {\"use\": null}}");
	expect_error(&reading, 0, "3:1:21: $.gateway.use: gateway.mode is \"use\"");
	reading_free(&reading);
	expect_settings_error("{\"gateway\": {\"prefer\": [\"a\", \"Roof\"], \"avoid\": "
			      "[\"roof\"]}}",
		"2:1:48: $.gateway.avoid: roof is in gateway.prefer and in gateway.avoid");
}
END_TEST

static void expect_warning(const char *settings, const char *object)
{
	struct reading reading = read_settings(settings);
	struct problem_list problems = {0};

	expect_ok(&reading);
	ck_assert_int_eq(config_warn(&reading.config, &problems), 0);
	ck_assert_msg(problems.count == (object != NULL), "%s", settings);
	if (object != NULL) {
		ck_assert_int_eq(problems.items[0].kind, PROBLEM_GATEWAY);
		ck_assert_str_eq(problems.items[0].object, object);
	}
	problem_list_free(&problems);
	reading_free(&reading);
}

START_TEST(test_warn)
{
	expect_warning("{}", NULL);
	expect_warning("{\"probes\": {\"ping\": [\"10.14.0.7\", \"10.13.0.7\"]}}",
		"probes.ping[1]");
	expect_warning("{\"probes\": {\"tcp\": [\"[fd0d:fe46:8ce8::7]:80\"]}}", "probes.tcp[0]");
	expect_warning("{\"probes\": {\"http\": [\"http://192.168.7.1:80/\"]}, \"babeld\": "
		       "{\"announce\": [\"192.168.7.0/24\"]}}",
		"probes.http[0]");
	expect_warning("{\"probes\": {\"ping\": [\"fd6d:6573:6864::1\", \"192.0.2.1\"]}}",
		"probes.ping[0]");
	expect_warning("{\"gateway\": {\"use\": \"roof\"}}", "gateway.use");
	expect_warning("{\"gateway\": {\"use\": \"roof\", \"mode\": \"use\"}}", NULL);
	expect_warning("{\"gateway\": {\"mode\": \"local-only\"}}", "gateway.mode");
	expect_warning("{\"gateway\": {\"mode\": \"local-only\"}, \"uplinks\": {\"wan0\": {}}}",
		NULL);
}
END_TEST

Suite *check_suite(void)
{
	const TTest *const tests[] = {test_fallbacks, test_targets, test_profiles, test_stored,
		test_unknown, test_target_errors, test_uplink_taken, test_uplink_free, test_need,
		test_names_of_pages, test_times, test_gateway, test_warn};
	Suite *suite = suite_create("config_ways");
	TCase *tcase = tcase_create("config_ways");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
