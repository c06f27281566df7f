/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Light ways: what is asked leaves by wan0, what is answered comes in by back0, as through a tunnel
 * of the mesh. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/shell.h"
#include "kernel/uplink_scene.h"
#include "unit/check_main.h"
#include "uplink/probe.h"

/* Each test runs for both families, for ways with a source address that is not the device's and
 * without one, and for name servers and pings. */
#define VARIANTS 8
#define ROUNDS   40 /* counted: what a new link says by itself is little then */

struct variant {
	uint8_t family;
	bool source;
	enum probe_kind kind;
};

static struct variant variant_of(int i)
{
	return (struct variant){.family = scene_families[i % 2],
		.source = i / 2 % 2 == 1,
		.kind = i / 4 == 0 ? PROBE_DNS : PROBE_PING};
}

/* The customer's addresses: the devices' own and those of the node. */
static const char *const own_addresses[] = {"10.1.0.2", "2001:db8:1::2"};
static const char *const node_addresses[] = {"10.77.0.1", "2001:db8:77::1"};

/* The first provider answers by back0 only; the second one knows the node's addresses, too. */
static void make_one_way(struct scene *scene)
{
	const struct provider *wan = &scene->providers[PROVIDER_WAN];
	const struct provider *mesh = &scene->providers[PROVIDER_MESH];

	run_format("ip link add back0 type veth peer name back netns %d", wan->server);
	run("ip link set back0 up && ip addr add 10.9.0.2/24 dev back0 && "
	    "ip addr add 2001:db8:9::2/64 dev back0 nodad && "
	    "sysctl -qw net.ipv4.conf.all.rp_filter=2");
	provider_run(wan, "ip link set back up && ip addr add 10.9.0.1/24 dev back && "
			  "ip addr add 2001:db8:9::1/64 dev back nodad && "
			  "sysctl -qw net.ipv4.conf.all.rp_filter=2");
	for (int i = 0; i < 2; i++) {
		const char *bits = i == 0 ? "32" : "128";
		run_format("ip addr add %s/%s dev lo %s", node_addresses[i], bits,
			i == 0 ? "" : "nodad");
		provider_run(wan, "ip route add %s/%s via %s && ip route add %s/%s via %s",
			own_addresses[i], bits, i == 0 ? "10.9.0.2" : "2001:db8:9::2",
			node_addresses[i], bits, i == 0 ? "10.9.0.2" : "2001:db8:9::2");
		provider_run(mesh, "ip route add %s/%s via %s", node_addresses[i], bits,
			i == 0 ? "10.2.0.2" : "2001:db8:2::2");
	}
	provider_reach("10.9.0.1");
	provider_reach("2001:db8:9::1");
}

static void set_way(struct scene *scene, const struct variant *variant, bool light)
{
	struct uplink_way way = {.key = "way",
		.family = variant->family,
		.device = "wan0",
		.light = light};
	const char *source = node_addresses[variant->family == AF_INET6];

	ck_assert(!variant->source || ip_parse(source, &way.source) == 0);
	ck_assert_int_eq(uplink_set_wish(scene->uplink, &scene->probes, &way, 1, scene_now()), 0);
}

static bool open_scene(struct scene *scene, const struct variant *variant)
{
	if (!scene_start(scene, variant->family)) {
		return false;
	}
	make_one_way(scene);
	scene->probes.need[PROBE_DNS] = variant->kind == PROBE_DNS;
	return true;
}

static int count_questions(const struct scene *scene, enum provider_name name)
{
	return scene->providers[name].modes->questions;
}

static void expect_light(const struct probe_round *round, enum probe_kind kind, unsigned int asked)
{
	ck_assert_msg(round->good, "%s", round->reason);
	for (int i = 0; i < PROBE_KINDS; i++) {
		ck_assert_uint_le(round->asked[i], i == (int)kind ? asked : 0);
		ck_assert_uint_eq(round->answered[i] > 0, i == (int)kind);
	}
}

START_TEST(heard)
{
	struct variant variant = variant_of(_i);
	struct scene scene;

	if (!open_scene(&scene, &variant)) {
		return;
	}
	int descriptors = scene_count_descriptors();
	set_way(&scene, &variant, true);
	expect_light(scene_wait_round(&scene), variant.kind, 2);
	ck_assert_int_eq(uplink_path(scene.uplink, "way")->health, PATH_UP);
	for (int i = 0; i < 3; i++) {
		expect_light(scene_wait_round(&scene), variant.kind, 1);
	}
	ck_assert_int_eq(scene.changes, 1);
	ck_assert_int_eq(scene_count_descriptors(), descriptors);
	ck_assert_int_eq(count_questions(&scene, PROVIDER_MESH), 0);
	ck_assert_int_eq(count_questions(&scene, PROVIDER_WAN) > 0, variant.kind == PROBE_DNS);
	/* A node's own uplink has to answer by itself. */
	set_way(&scene, &variant, false);
	scene_expect_bad(&scene, "no answer to ping from");
	scene_stop(&scene);
}
END_TEST

/* The device leads nowhere while another one, with the better routes, leads to the targets. */
START_TEST(other_device)
{
	struct variant variant = variant_of(_i);
	struct scene scene;

	if (!open_scene(&scene, &variant)) {
		return;
	}
	set_way(&scene, &variant, true);
	scene_expect_good(&scene);
	provider_run(&scene.providers[PROVIDER_WAN], "ip addr flush dev lo && ip link set lo down");
	run_format("ping -c 1 -W 2 %s %s %s >/dev/null", variant.source ? "-I" : "",
		variant.source ? node_addresses[variant.family == AF_INET6] : "",
		scene.targets[PROBE_PING][0].text);
	const char *reason = variant.kind == PROBE_DNS ? "DNS: " : "no answer to ping from";
	scene_expect_bad(&scene, reason);
	scene_expect_bad(&scene, reason);
	ck_assert_int_eq(uplink_path(scene.uplink, "way")->health, PATH_DOWN);
	ck_assert_int_eq(count_questions(&scene, PROVIDER_MESH), 0);
	scene_stop(&scene);
}
END_TEST

static void set_deaf(const struct scene *scene, bool deaf)
{
	const struct provider *wan = &scene->providers[PROVIDER_WAN];

	wan->modes->dns = deaf ? DNS_SILENT : DNS_ANSWERS;
	provider_run(wan,
		"sysctl -qw net.ipv4.icmp_echo_ignore_all=%d net.ipv6.icmp.echo_ignore_all=%d",
		deaf, deaf);
}

/* Begins a round that gets no answer and looks on until just before packets are sent again. */
static void begin_deaf_round(struct scene *scene)
{
	set_deaf(scene, true);
	uplink_urge(scene->uplink, "way", scene_now());
	for (double end = scene_now() + TIMEOUT / 4; scene_now() < end;) {
		scene_turn(scene);
	}
}

START_TEST(sent_again)
{
	struct variant variant = variant_of(_i);
	struct scene scene;

	if (!open_scene(&scene, &variant)) {
		return;
	}
	scene.probes.interval = 60000;
	set_way(&scene, &variant, true);
	scene_expect_good(&scene);
	begin_deaf_round(&scene);
	set_deaf(&scene, false);
	const struct probe_round *round = scene_wait_round(&scene);
	expect_light(round, variant.kind, 2);
	ck_assert_msg(round->rtt > TIMEOUT / 2 - 0.01, "%f s", round->rtt);
	ck_assert_int_eq(count_questions(&scene, PROVIDER_MESH), 0);
	/* The device is gone by then. */
	begin_deaf_round(&scene);
	run("ip link del wan0");
	round = scene_wait_round(&scene);
	ck_assert_str_eq(round->reason, "wan0: No such device");
	scene_stop(&scene);
}
END_TEST

/* Errors end a round early: ICMP's, which come in by back0, too, and the device's. */
START_TEST(errors)
{
	struct variant variant = variant_of(_i);
	struct scene scene;

	if (!open_scene(&scene, &variant)) {
		return;
	}
	set_way(&scene, &variant, true);
	int descriptors = scene_count_descriptors();
	provider_run(&scene.providers[PROVIDER_WAN],
		"sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
		"net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0; "
		"ip addr flush dev lo; ip route add unreachable 192.0.2.0/24; "
		"ip -6 route add unreachable 2001:db8::/120 metric 1");
	double begin = scene_now();
	scene_expect_bad(&scene,
		variant.family == AF_INET6 ? "Network is unreachable" : "No route to host");
	run("ip link set wan0 down");
	scene_expect_bad(&scene, "");
	run("ip link del wan0");
	scene_expect_bad(&scene, "wan0: No such device");
	ck_assert_msg(scene_now() - begin < TIMEOUT, "%f s", scene_now() - begin);
	ck_assert_int_eq(scene_count_descriptors(), descriptors);
	scene_stop(&scene);
}
END_TEST

/* Where echoes are filtered nothing is lost as long as name servers are asked. */
START_TEST(filtered)
{
	struct variant variant = variant_of(_i);
	struct scene scene;

	if (!open_scene(&scene, &variant)) {
		return;
	}
	set_deaf(&scene, true);
	scene.providers[PROVIDER_WAN].modes->dns = DNS_ANSWERS;
	set_way(&scene, &variant, true);
	if (variant.kind == PROBE_DNS) {
		scene_expect_good(&scene);
	} else {
		scene_expect_bad(&scene, "no answer to ping from");
	}
	scene_stop(&scene);
}
END_TEST

/* Bytes that wan0 sent and back0 received. */
static unsigned long long count_wire(void)
{
	FILE *file = fopen("/proc/net/dev", "r");
	unsigned long long bytes = 0;
	unsigned long long received;
	unsigned long long sent;
	char name[32];
	char line[512];

	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, " %31[^:]: %llu %*u %*u %*u %*u %*u %*u %*u %llu", name, &received,
			    &sent) == 3) {
			bytes += strcmp(name, "wan0") == 0    ? sent
				 : strcmp(name, "back0") == 0 ? received
							      : 0;
		}
	}
	fclose(file);
	return bytes;
}

/* What is said of the cost is what goes over the wire. */
START_TEST(stated_cost)
{
	struct variant variant = variant_of(_i);
	struct scene scene;

	if (!open_scene(&scene, &variant)) {
		return;
	}
	scene.probes.interval = 50;
	set_way(&scene, &variant, true);
	scene_expect_good(&scene);
	scene_wait_round(&scene);
	scene_wait_round(&scene);
	unsigned long long wire = count_wire();
	double begin = uplink_path(scene.uplink, "way")->last.time;
	double cost = uplink_cost(scene.uplink);
	for (int i = 0; i < ROUNDS; i++) {
		scene_wait_round(&scene);
	}
	double took = uplink_path(scene.uplink, "way")->last.time - begin;
	double measured = (double)(count_wire() - wire) / took;
	printf("  a round: said %.0f, measured %.0f bytes with Ethernet's heads\n",
		cost * took / ROUNDS, measured * took / ROUNDS);
	ck_assert(cost > measured * 0.5 && cost < measured * 1.1);
	set_way(&scene, &variant, false);
	ck_assert(uplink_cost(scene.uplink) == 0);
	scene_stop(&scene);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("uplink_light");
	TCase *way = tcase_create("way");
	TCase *test = tcase_create("round");

	tcase_set_timeout(way, 60);
	tcase_set_timeout(test, 60);
	tcase_add_loop_test(way, heard, 0, VARIANTS);
	tcase_add_loop_test(way, other_device, 0, VARIANTS);
	tcase_add_loop_test(test, sent_again, 0, VARIANTS);
	tcase_add_loop_test(test, errors, 0, VARIANTS);
	tcase_add_loop_test(test, filtered, 0, VARIANTS);
	tcase_add_loop_test(test, stated_cost, 0, VARIANTS);
	suite_add_tcase(suite, way);
	suite_add_tcase(suite, test);
	return suite;
}
