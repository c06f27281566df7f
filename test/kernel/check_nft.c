/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules in the running kernel: loaded, read back, listed by nft, met by real frames. Everything
 * here happens in the network namespace that the test was started in. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "core/ruleset.h"
#include "kernel/nft.h"
#include "kernel/nft_tool.h"
#include "kernel/shell.h"
#include "kernel/wire.h"
#include "unit/check_main.h"

static const uint16_t vlans[] = {FRAME_VLAN, FRAME_VLAN_LAYER3};
static const uint16_t vlan_protocols[] = {0x8100, 0x88a8};

static struct ruleset make_ruleset(uint16_t vlan_protocol, bool anycast)
{
	struct ruleset_request request = {
		.mesh = WIRE_MESH,
		.anycast = anycast,
		.vlan_protocol = vlan_protocol,
		.mesh_vlans = vlans,
		.mesh_vlan_count = ARRAY_SIZE(vlans),
	};
	struct ruleset ruleset = {0};

	ck_assert_int_eq(mac_parse("06:00:00:00:00:01", &request.anycast_mac), 0);
	ck_assert_int_eq(ip_parse(ANYCAST4, &request.anycast_ipv4), 0);
	ck_assert_int_eq(ip_parse(ANYCAST6, &request.anycast_ipv6), 0);
	ck_assert_int_eq(ip_parse(ANYLOCAL, &request.anycast_link_local), 0);
	ck_assert_int_eq(ruleset_build(&request, &ruleset), 0);
	return ruleset;
}

static struct nft *open_clean(void)
{
	struct nft *nft = NULL;

	run("nft flush ruleset");
	ck_assert_int_eq(nft_open(&nft), 0);
	ck_assert_int_eq(nft_listen(nft), 0);
	return nft;
}

static int try_replace(struct nft *nft, const struct ruleset *ruleset, char message[200])
{
	const struct nft_change change = {NFT_TABLE_BRIDGE, ruleset->present ? ruleset : NULL,
		true};

	return nft_replace(nft, &change, 1, message, 200);
}

static void replace(struct nft *nft, const struct ruleset *ruleset)
{
	char message[200];
	int error = try_replace(nft, ruleset, message);

	ck_assert_msg(error == 0, "%d: %s", error, message);
}

static int try_read(struct nft *nft, bool counters, struct ruleset *ruleset)
{
	struct ruleset both[NFT_TABLES] = {0};
	int error = nft_read(nft, counters, both);

	ruleset_free(&both[NFT_TABLE_INET]);
	*ruleset = both[NFT_TABLE_BRIDGE];
	return error;
}

static struct ruleset read_back(struct nft *nft, bool counters)
{
	struct ruleset ruleset = {0};

	ck_assert_int_eq(try_read(nft, counters, &ruleset), 0);
	return ruleset;
}

static bool kernel_has(struct nft *nft, const struct ruleset *wanted)
{
	struct ruleset found = read_back(nft, false);
	bool same = ruleset_equal(&found, wanted);

	ruleset_free(&found);
	return same;
}

/* All that was notified until now; the kernel does it within the change. */
static int heard(struct nft *nft)
{
	struct pollfd waiting = {.fd = nft_event_fd(nft), .events = POLLIN};
	int heard = 0;

	while (poll(&waiting, 1, 0) > 0) {
		int result = nft_on_readable(nft);

		if (result < 0) {
			return result;
		}
		heard = heard || result;
	}
	return heard;
}

START_TEST(empty_kernel_reads_as_absent)
{
	struct nft *nft = open_clean();
	const struct ruleset none = {0};

	ck_assert(kernel_has(nft, &none));
	replace(nft, &none); /* nothing to remove is no error */
	ck_assert(kernel_has(nft, &none));
	nft_close(nft);
	nft_close(NULL);
}
END_TEST

START_TEST(kernel_and_tool_agree)
{
	struct nft *nft = open_clean();
	struct ruleset ruleset = make_ruleset(vlan_protocols[_i], true);
	struct ruleset small = make_ruleset(vlan_protocols[_i], false);
	const struct ruleset none = {0};

	replace(nft, &ruleset);
	ck_assert(kernel_has(nft, &ruleset));
	nft_tool_compare(NFT_TABLE_BRIDGE, &ruleset);
	replace(nft, &small);
	ck_assert(kernel_has(nft, &small));
	ck_assert(!kernel_has(nft, &ruleset));
	nft_tool_compare(NFT_TABLE_BRIDGE, &small);
	replace(nft, &none);
	ck_assert(kernel_has(nft, &none));
	run("! nft list table bridge meshd 2>/dev/null");
	ruleset_free(&ruleset);
	ruleset_free(&small);
	nft_close(nft);
}
END_TEST

/* Which rules with a verdict counted between two readings: the name of the one, "" for none. */
static const char *counted(const struct ruleset *before, const struct ruleset *after)
{
	const char *name = "";

	ck_assert_uint_eq(before->rule_count, after->rule_count);
	for (size_t i = 0; i < after->rule_count; i++) {
		const struct nft_rule *rule = &after->rules[i];
		uint64_t packets = rule->packets - before->rules[i].packets;

		if (rule->verdict != NFT_VERDICT_DROP || packets == 0) {
			continue;
		}
		ck_assert_msg(*name == '\0', "%s and %s counted one frame", name, rule->name);
		ck_assert_uint_eq(packets, 1);
		ck_assert_uint_gt(rule->bytes, before->rules[i].bytes);
		name = rule->name;
	}
	return name;
}

static void check_frame(struct nft *nft, struct wire *wire, const struct frame_case *test,
	enum frame_origin origin)
{
	char expected[NFT_NAME_SIZE];
	struct ruleset before = read_back(nft, true);

	frame_rule(test, expected, sizeof(expected));
	wire_send(wire, &test->spec, origin);
	bool crossed = wire_crossed(wire, origin);
	struct ruleset after = read_back(nft, true);
	const char *rule = counted(&before, &after);

	ck_assert_msg(strcmp(rule, expected) == 0, "%s (origin %u): counted '%s', not '%s'",
		test->what, origin, rule, expected);
	ck_assert_msg(crossed == (*expected == '\0'), "%s (origin %u): crossed %d", test->what,
		origin, crossed);
	ruleset_free(&before);
	ruleset_free(&after);
}

static void check_tagged(struct nft *nft, struct wire *wire, uint16_t type, uint16_t tag,
	const char *rule)
{
	const struct frame_case test = {"tagged frame", FROM_ANY, TAGGED_FRAME(type, tag), rule};

	for (unsigned int origin = FROM_LAN; origin <= FROM_NODE; origin <<= 1) {
		check_frame(nft, wire, &test, origin);
	}
}

static const struct frame_spec for_gateway = ARP_FRAME(CLIENT, CLIENT4, ANYCAST4);

/* A bridge with a mesh, and the rules in force. */
static struct nft *open_scene(uint16_t protocol, struct ruleset *ruleset, struct wire *wire)
{
	struct nft *nft = open_clean();
	*ruleset = make_ruleset(protocol, true);
	wire_open(wire);
	replace(nft, ruleset);
	return nft;
}

static void close_scene(struct nft *nft, struct ruleset *ruleset, struct wire *wire)
{
	wire_close(wire);
	ruleset_free(ruleset);
	nft_close(nft);
}

START_TEST(real_frames_meet_their_rules)
{
	uint16_t protocol = vlan_protocols[_i];
	struct ruleset ruleset;
	struct wire wire;
	struct nft *nft = open_scene(protocol, &ruleset, &wire);

	for (size_t i = 0; i < ARRAY_SIZE(frame_cases); i++) {
		for (unsigned int origin = FROM_LAN; origin <= FROM_NODE; origin <<= 1) {
			if (frame_cases[i].origins & origin) {
				check_frame(nft, &wire, &frame_cases[i], origin);
			}
		}
	}
	check_tagged(nft, &wire, protocol, FRAME_VLAN, "mesh-vlan-29");
	check_tagged(nft, &wire, protocol, 0xe000 | FRAME_VLAN_LAYER3, "mesh-vlan-18");
	check_tagged(nft, &wire, protocol, FRAME_VLAN + 1, NULL);
	check_tagged(nft, &wire, vlan_protocols[!_i], FRAME_VLAN, NULL);
	close_scene(nft, &ruleset, &wire);
}
END_TEST

static uint64_t count_packets(struct nft *nft, bool counters)
{
	struct ruleset found = read_back(nft, counters);
	uint64_t packets = 0;

	for (size_t i = 0; i < found.rule_count; i++) {
		packets += found.rules[i].packets;
	}
	ruleset_free(&found);
	return packets;
}

START_TEST(counters_are_read_when_asked_for)
{
	struct ruleset ruleset;
	struct wire wire;
	struct nft *nft = open_scene(0x8100, &ruleset, &wire);

	uint64_t before = count_packets(nft, true);

	wire_send(&wire, &for_gateway, FROM_LAN);
	ck_assert(!wire_crossed(&wire, FROM_LAN));
	ck_assert_uint_eq(count_packets(nft, false), before); /* not read anew */
	ck_assert_uint_gt(count_packets(nft, true), before);
	close_scene(nft, &ruleset, &wire);
}
END_TEST

/* So that a pass above means something. */
START_TEST(without_the_table_the_gateway_leaks)
{
	struct ruleset ruleset;
	struct wire wire;
	struct nft *nft = open_scene(0x8100, &ruleset, &wire);

	wire_send(&wire, &for_gateway, FROM_LAN);
	ck_assert(!wire_crossed(&wire, FROM_LAN));
	run("nft delete table bridge meshd");
	wire_send(&wire, &for_gateway, FROM_LAN);
	ck_assert(wire_crossed(&wire, FROM_LAN));
	close_scene(nft, &ruleset, &wire);
}
END_TEST

static pid_t start_flood(struct wire *wire)
{
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	while (child == 0) {
		wire_send(wire, &for_gateway, FROM_LAN);
	}
	return child;
}

static void stop_child(pid_t child)
{
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

START_TEST(no_frame_slips_through_a_replacement)
{
	struct nft *nft = open_clean();
	struct ruleset rulesets[] = {make_ruleset(0x8100, true), make_ruleset(0x88a8, true)};
	uint64_t dropped = 0;
	struct wire wire;

	wire_open(&wire);
	replace(nft, &rulesets[0]);
	pid_t child = start_flood(&wire);

	for (size_t i = 0; i < 100 || dropped < 1000; i++) {
		dropped += count_packets(nft, true);
		replace(nft, &rulesets[i & 1]);
	}
	stop_child(child);
	ck_assert_uint_eq(wire_drain_mesh(&wire), 0);
	wire_close(&wire);
	ruleset_free(&rulesets[0]);
	ruleset_free(&rulesets[1]);
	nft_close(nft);
}
END_TEST

START_TEST(readings_are_of_one_moment)
{
	struct nft *nft = open_clean();
	struct ruleset full = make_ruleset(0x8100, true);
	struct ruleset small = make_ruleset(0x88a8, false);
	time_t end = time(NULL) + 5;
	size_t good = 0;

	replace(nft, &full);
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	while (child == 0) {
		struct nft *other = NULL;

		for (int i = 0; nft_open(&other) == 0; i++) {
			replace(other, i & 1 ? &full : &small);
			usleep(i % 16 * 1000); /* slow kernels need a gap to read in */
			nft_close(other);
		}
	}
	while (time(NULL) < end) {
		struct ruleset found = {0};
		int error = try_read(nft, false, &found);

		ck_assert_msg(error == 0 || error == -EINTR, "%d", error);
		ck_assert(
			error < 0 || ruleset_equal(&found, &full) || ruleset_equal(&found, &small));
		good += error == 0;
		ruleset_free(&found);
	}
	stop_child(child);
	ck_assert_uint_gt(good, 0);
	ruleset_free(&full);
	ruleset_free(&small);
	nft_close(nft);
}
END_TEST

START_TEST(refused_replacement_changes_nothing)
{
	struct nft *nft = open_clean();
	struct ruleset good = make_ruleset(0x8100, true);
	struct ruleset bad = make_ruleset(0x88a8, true);
	char message[200];

	replace(nft, &good);
	text_copy(bad.rules[7].chain, NFT_NAME_SIZE, "nowhere");
	ck_assert_int_eq(try_replace(nft, &bad, message), -ENOENT);
	ck_assert_msg(strstr(message, bad.rules[7].name) != NULL, "%s", message);
	ck_assert(kernel_has(nft, &good));

	text_copy(bad.rules[7].chain, NFT_NAME_SIZE, bad.rules[6].chain);
	bad.chains[1].hook = 77;
	ck_assert_int_lt(try_replace(nft, &bad, message), 0);
	ck_assert_msg(strstr(message, "chain forward") != NULL, "%s", message);
	ck_assert(kernel_has(nft, &good));
	bad.chains[1].hook = good.chains[1].hook;
	replace(nft, &bad);
	ck_assert(kernel_has(nft, &bad));
	ruleset_free(&good);
	ruleset_free(&bad);
	nft_close(nft);
}
END_TEST

static const char *const meddlings[] = {
	"nft delete table bridge meshd",
	"nft flush ruleset",
	"nft flush chain bridge meshd forward",
	"nft add rule bridge meshd forward counter accept comment mine",
	"nft insert rule bridge meshd forward ether type arp log",
	("nft delete rule bridge meshd forward handle $(nft -a list table bridge meshd |"
	 " sed -n 's/.*anycast-mac-target-forward.*handle //p')"),
	"nft 'chain bridge meshd forward { policy drop; }'",
	"nft add chain bridge meshd other",
	"nft 'add table bridge meshd { flags dormant; }'",
};

START_TEST(meddling_is_noticed_and_mended)
{
	struct nft *nft = open_clean();
	struct ruleset ruleset = make_ruleset(0x8100, true);

	replace(nft, &ruleset);
	ck_assert_int_eq(heard(nft), 1);
	ck_assert_int_eq(heard(nft), 0);
	ck_assert(kernel_has(nft, &ruleset));
	ck_assert_int_eq(heard(nft), 0); /* reading is no change */
	run(meddlings[_i]);
	ck_assert_msg(heard(nft) == 1, "%s", meddlings[_i]);
	ck_assert_msg(!kernel_has(nft, &ruleset), "%s", meddlings[_i]);
	replace(nft, &ruleset);
	ck_assert(kernel_has(nft, &ruleset));
	nft_tool_compare(NFT_TABLE_BRIDGE, &ruleset);
	ruleset_free(&ruleset);
	nft_close(nft);
}
END_TEST

#define LIST_FOREIGN                                                                               \
	"{ nft list table bridge meshd2; nft list table bridge mesh; nft list table ip meshd;"     \
	" nft list table bridge Meshd; }"
#define COMPARE_FOREIGN LIST_FOREIGN " | cmp - \"$KEPT\""

START_TEST(near_names_are_left_alone)
{
	struct nft *nft = open_clean();
	struct ruleset ruleset = make_ruleset(0x8100, true);
	const struct ruleset none = {0};
	char kept[] = "/tmp/check-nft-XXXXXX";
	int fd = mkstemp(kept);

	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(setenv("KEPT", kept, 1), 0);
	run("for t in 'bridge meshd2' 'bridge mesh' 'ip meshd' 'bridge Meshd'; do"
	    " nft add table $t; nft add chain $t forward '{ type filter hook forward"
	    " priority -200; }'; nft add rule $t forward counter accept; done");
	ck_assert_int_eq(heard(nft), 0);
	run(LIST_FOREIGN " >\"$KEPT\" && test $(grep -c accept \"$KEPT\") -ge 4");
	ck_assert(kernel_has(nft, &none));
	replace(nft, &ruleset);
	ck_assert_int_eq(heard(nft), 1);
	ck_assert(kernel_has(nft, &ruleset));
	run(COMPARE_FOREIGN);
	replace(nft, &none);
	ck_assert(kernel_has(nft, &none));
	run(COMPARE_FOREIGN);
	ck_assert_int_eq(heard(nft), 1);
	run("nft add rule bridge meshd2 forward counter; nft delete table ip meshd");
	ck_assert_int_eq(heard(nft), 0);
	ck_assert_int_eq(unlink(kept), 0);
	ruleset_free(&ruleset);
	nft_close(nft);
}
END_TEST

START_TEST(overrun_is_told_once)
{
	struct nft *nft = open_clean();
	struct ruleset ruleset = make_ruleset(0x8100, true);
	int size = 1;

	ck_assert_int_eq(setsockopt(nft_event_fd(nft), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)),
		0);
	for (int i = 0; i < 20; i++) {
		replace(nft, &ruleset);
	}
	ck_assert_int_eq(heard(nft), -ENOBUFS);
	ck_assert_int_ge(heard(nft), 0);
	ck_assert(kernel_has(nft, &ruleset));
	ruleset_free(&ruleset);
	nft_close(nft);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("nft in the kernel");
	TCase *tests = tcase_create("nft");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, empty_kernel_reads_as_absent);
	tcase_add_loop_test(tests, kernel_and_tool_agree, 0, ARRAY_SIZE(vlan_protocols));
	tcase_add_loop_test(tests, real_frames_meet_their_rules, 0, ARRAY_SIZE(vlan_protocols));
	tcase_add_test(tests, counters_are_read_when_asked_for);
	tcase_add_test(tests, without_the_table_the_gateway_leaks);
	tcase_add_test(tests, no_frame_slips_through_a_replacement);
	tcase_add_test(tests, readings_are_of_one_moment);
	tcase_add_test(tests, refused_replacement_changes_nothing);
	tcase_add_loop_test(tests, meddling_is_noticed_and_mended, 0, ARRAY_SIZE(meddlings));
	tcase_add_test(tests, near_names_are_left_alone);
	tcase_add_test(tests, overrun_is_told_once);
	suite_add_tcase(suite, tests);
	return suite;
}
