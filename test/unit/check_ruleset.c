/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/ruleset.h"
#include "unit/check_main.h"
#include "unit/frames.h"

static const uint16_t vlans[] = {FRAME_VLAN, FRAME_VLAN_LAYER3, 0, FRAME_VLAN};

static struct ruleset_request make_request(uint16_t vlan_protocol)
{
	struct ruleset_request request = {
		.mesh = "bat0",
		.anycast = true,
		.vlan_protocol = vlan_protocol,
		.mesh_vlans = vlans,
		.mesh_vlan_count = ARRAY_SIZE(vlans),
	};

	ck_assert_int_eq(mac_parse(ANYCAST, &request.anycast_mac), 0);
	ck_assert_int_eq(ip_parse(ANYCAST4, &request.anycast_ipv4), 0);
	ck_assert_int_eq(ip_parse(ANYCAST6, &request.anycast_ipv6), 0);
	ck_assert_int_eq(ip_parse(ANYLOCAL, &request.anycast_link_local), 0);
	return request;
}

static struct ruleset build(const struct ruleset_request *request)
{
	struct ruleset ruleset = {0};

	ck_assert_int_eq(ruleset_build(request, &ruleset), 0);
	return ruleset;
}

/* A frame at one hook, as the kernel's expressions see it: an outer VLAN tag stands beside the
 * frame, and what comes behind it is found as if it were not there. */
struct packet {
	const char *iif;
	const char *oif;
	const uint8_t *bytes;
	size_t tag; /* 4 or 0 */
};

static uint16_t get16(const uint8_t *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

static const uint8_t *network(const struct packet *packet)
{
	return packet->bytes + 14 + packet->tag;
}

static uint16_t type(const struct packet *packet)
{
	return get16(packet->bytes + 12 + packet->tag);
}

static const uint8_t *transport(const struct packet *packet)
{
	switch (type(packet)) {
	case 0x0800:
		return network(packet) + 20;
	case 0x86dd:
		return network(packet) + 40;
	default:
		return NULL;
	}
}

static const uint8_t *transport_field(const struct packet *packet, size_t offset)
{
	const uint8_t *start = transport(packet);

	return start ? start + offset : NULL;
}

static const uint8_t *l4proto(const struct packet *packet)
{
	return transport(packet) ? network(packet) + (type(packet) == 0x0800 ? 9 : 6) : NULL;
}

static const uint8_t *interface_name(const char *name, char padded[IFNAMSIZ])
{
	text_copy(padded, IFNAMSIZ, name);
	return (const uint8_t *)padded;
}

/* NULL where the kernel finds no such field and the rule does not match. */
static const uint8_t *load(const struct packet *packet, uint8_t field, char scratch[IFNAMSIZ])
{
	switch ((enum nft_field)field) {
	case NFT_FIELD_IIF:
		return interface_name(packet->iif, scratch);
	case NFT_FIELD_OIF:
		return interface_name(packet->oif, scratch);
	case NFT_FIELD_L4PROTO:
		return l4proto(packet);
	case NFT_FIELD_ETHER_DADDR:
		return packet->bytes;
	case NFT_FIELD_ETHER_SADDR:
		return packet->bytes + 6;
	case NFT_FIELD_ETHER_TYPE:
		return packet->bytes + 12 + packet->tag;
	case NFT_FIELD_VLAN_TYPE:
		return packet->bytes + 12;
	case NFT_FIELD_VLAN_ID:
		return packet->bytes + 14;
	case NFT_FIELD_ARP_SENDER:
		return network(packet) + 14;
	case NFT_FIELD_ARP_TARGET:
		return network(packet) + 24;
	case NFT_FIELD_ARP_TARGET_MAC:
		return network(packet) + 18;
	case NFT_FIELD_IP_SADDR:
		return network(packet) + 12;
	case NFT_FIELD_IP_DADDR:
		return network(packet) + 16;
	case NFT_FIELD_IP6_SADDR:
		return network(packet) + 8;
	case NFT_FIELD_IP6_DADDR:
		return network(packet) + 24;
	case NFT_FIELD_ICMPV6_TYPE:
	case NFT_FIELD_UDP_SPORT:
		return transport_field(packet, 0);
	case NFT_FIELD_UDP_DPORT:
		return transport_field(packet, 2);
	case NFT_FIELD_ND_TARGET:
		return transport_field(packet, 8);
	case NFT_FIELD_NFPROTO:
	case NFT_FIELD_TCP_FLAGS: /* of no use in bridge rules */
	case NFT_FIELDS:
		break;
	}
	ck_abort_msg("field %u", field);
	return NULL;
}

static bool rule_matches(const struct nft_rule *rule, const struct packet *packet)
{
	char scratch[IFNAMSIZ];

	for (size_t i = 0; i < rule->match_count; i++) {
		const struct nft_match *match = &rule->matches[i];
		const uint8_t *found = load(packet, match->field, scratch);

		for (size_t j = 0; found && j < ruleset_field_length(match->field); j++) {
			if ((found[j] & match->mask[j]) != match->value[j]) {
				return false;
			}
		}
		if (!found) {
			return false;
		}
	}
	return true;
}

/* The rule that decides about the packet in the chain and those it jumps to, or NULL. Counts as the
 * kernel does. */
static const struct nft_rule *run_chain(struct ruleset *ruleset, const char *chain,
	const struct packet *packet)
{
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		struct nft_rule *rule = &ruleset->rules[i];

		if (strcmp(rule->chain, chain) != 0 || !rule_matches(rule, packet)) {
			continue;
		}
		rule->packets++;
		if (rule->verdict == NFT_VERDICT_JUMP) {
			const struct nft_rule *decided = run_chain(ruleset, rule->target, packet);

			if (decided) {
				return decided;
			}
		} else if (rule->verdict != NFT_VERDICT_NONE) {
			return rule;
		}
	}
	return NULL;
}

/* The rule that drops the packet at a hook, or NULL. */
static const struct nft_rule *run_hook(struct ruleset *ruleset, const char *chain,
	const struct packet *packet)
{
	const struct nft_rule *decided = run_chain(ruleset, chain, packet);

	return decided && decided->verdict == NFT_VERDICT_DROP ? decided : NULL;
}

/* A frame's way over the bridge; the name of the rule that dropped it, or "". */
static const char *run_frame(struct ruleset *ruleset, const struct frame_spec *spec,
	enum frame_origin origin)
{
	uint8_t bytes[FRAME_SIZE];
	const char *in = origin == FROM_MESH ? "bat0" : "lan0";
	const char *out = origin == FROM_MESH ? "lan0" : "bat0";
	struct packet packet = {in, "", bytes, spec->tag_type ? 4 : 0};
	const struct nft_rule *dropped = NULL;

	frame_build(spec, 0, bytes);
	if (origin != FROM_NODE) {
		dropped = run_hook(ruleset, "prerouting", &packet);
		packet.oif = out;
		dropped = dropped ? dropped : run_hook(ruleset, "forward", &packet);
	}
	packet.iif = "";
	packet.oif = out;
	dropped = dropped ? dropped : run_hook(ruleset, "postrouting", &packet);
	return dropped ? dropped->name : "";
}

static void check_case(struct ruleset *ruleset, const struct frame_case *test)
{
	for (unsigned int origin = FROM_LAN; origin <= FROM_NODE; origin <<= 1) {
		char expected[NFT_NAME_SIZE];

		if (!(test->origins & origin)) {
			continue;
		}
		frame_rule(test, expected, sizeof(expected));
		const char *dropped = run_frame(ruleset, &test->spec, origin);

		ck_assert_msg(strcmp(dropped, expected) == 0, "%s (origin %u): '%s', not '%s'",
			test->what, origin, dropped, expected);
	}
}

START_TEST(frames_meet_their_rules)
{
	struct ruleset_request request = make_request(0x88a8);
	struct ruleset ruleset = build(&request);

	for (size_t i = 0; i < ARRAY_SIZE(frame_cases); i++) {
		check_case(&ruleset, &frame_cases[i]);
	}
	ruleset_free(&ruleset);
}
END_TEST

static const struct nft_rule *find_rule(const struct ruleset *ruleset, const char *name)
{
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		if (strcmp(ruleset->rules[i].name, name) == 0) {
			return &ruleset->rules[i];
		}
	}
	return NULL;
}

/* Every drop rule of the full table is met by at least one frame, so no rule goes untested. */
START_TEST(every_rule_is_met)
{
	struct ruleset_request request = make_request(0x8100);
	struct ruleset ruleset = build(&request);
	const struct frame_spec tagged[] = {TAGGED_FRAME(0x8100, FRAME_VLAN),
		TAGGED_FRAME(0x8100, FRAME_VLAN_LAYER3)};

	for (size_t i = 0; i < ARRAY_SIZE(frame_cases); i++) {
		check_case(&ruleset, &frame_cases[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(tagged); i++) {
		run_frame(&ruleset, &tagged[i], FROM_LAN);
		run_frame(&ruleset, &tagged[i], FROM_MESH);
	}
	for (size_t i = 0; i < ruleset.rule_count; i++) {
		ck_assert_msg(ruleset.rules[i].packets > 0, "%s met nothing",
			ruleset.rules[i].name);
	}
	ruleset_free(&ruleset);
}
END_TEST

START_TEST(mesh_vlans_stay_out)
{
	static const uint16_t protocols[] = {0x8100, 0x88a8};
	struct ruleset_request request = make_request(protocols[_i]);
	struct ruleset ruleset = build(&request);
	const struct frame_spec own = TAGGED_FRAME(protocols[_i], FRAME_VLAN);
	const struct frame_spec urgent = TAGGED_FRAME(protocols[_i], 0xe000 | FRAME_VLAN_LAYER3);
	const struct frame_spec other_id = TAGGED_FRAME(protocols[_i], FRAME_VLAN + 1);
	const struct frame_spec other_type = TAGGED_FRAME(protocols[!_i], FRAME_VLAN);

	ck_assert_str_eq(run_frame(&ruleset, &own, FROM_LAN), "mesh-vlan-29-mesh");
	ck_assert_str_eq(run_frame(&ruleset, &own, FROM_MESH), "mesh-vlan-29-mesh");
	ck_assert_str_eq(run_frame(&ruleset, &own, FROM_NODE), "mesh-vlan-29-mesh");
	ck_assert_str_eq(run_frame(&ruleset, &urgent, FROM_LAN), "mesh-vlan-18-mesh");
	ck_assert_str_eq(run_frame(&ruleset, &other_id, FROM_LAN), "");
	ck_assert_str_eq(run_frame(&ruleset, &other_type, FROM_LAN), "");
	ruleset_free(&ruleset);
}
END_TEST

START_TEST(second_node_on_the_wire_is_counted)
{
	struct ruleset_request request = make_request(0x8100);
	struct ruleset ruleset = build(&request);
	const struct frame_spec reply = ARP_FRAME(ANYCAST, ANYCAST4, CLIENT4);

	ck_assert_str_eq(run_frame(&ruleset, &reply, FROM_MESH), "anycast-mac-source-mesh");
	ck_assert_uint_eq(find_rule(&ruleset, "anycast-mac-source-from-lan")->packets, 0);
	ck_assert_str_eq(run_frame(&ruleset, &reply, FROM_LAN), "anycast-mac-source-mesh");
	ck_assert_uint_eq(find_rule(&ruleset, "anycast-mac-source-from-lan")->packets, 1);
	ruleset_free(&ruleset);
}
END_TEST

static void check_match(const struct nft_rule *rule, const struct nft_match *match)
{
	size_t length = ruleset_field_length(match->field);

	ck_assert_uint_gt(length, 0);
	for (size_t i = 0; i < sizeof(match->value); i++) {
		ck_assert_msg((match->value[i] & ~match->mask[i]) == 0, "%s", rule->name);
		ck_assert_msg(i < length || match->mask[i] == 0, "%s", rule->name);
	}
}

START_TEST(table_is_well_formed)
{
	static const char *const names[] = {"prerouting", "forward", "postrouting", "mesh"};
	/* Numbers of linux/netfilter_bridge.h, by hand. */
	static const int32_t places[][2] = {{0, -300}, {2, -200}, {4, 300}, {-1, 0}};
	struct ruleset_request request = make_request(0x88a8);
	struct ruleset ruleset = build(&request);

	ck_assert(ruleset.present);
	ck_assert_uint_eq(ruleset.chain_count, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		ck_assert_str_eq(ruleset.chains[i].name, names[i]);
		ck_assert_str_eq(ruleset.chains[i].type, places[i][0] < 0 ? "" : "filter");
		ck_assert_int_eq(ruleset.chains[i].hook, places[i][0]);
		ck_assert_int_eq(ruleset.chains[i].priority, places[i][1]);
	}
	for (size_t i = 0; i < ruleset.rule_count; i++) {
		const struct nft_rule *rule = &ruleset.rules[i];

		ck_assert_ptr_eq(find_rule(&ruleset, rule->name), rule); /* no name twice */
		ck_assert_uint_lt(strlen(rule->name), NFT_NAME_SIZE - 1);
		ck_assert_uint_gt(rule->match_count, 0);
		for (size_t j = 0; j < rule->match_count; j++) {
			check_match(rule, &rule->matches[j]);
		}
	}
	ck_assert_str_eq(ruleset.rules[0].name, "from-mesh");
	ck_assert_str_eq(ruleset.rules[0].target, "mesh");
	ruleset_free(&ruleset);
}
END_TEST

START_TEST(without_anycast_only_mesh_protocols)
{
	struct ruleset_request request = make_request(0x8100);
	const struct frame_spec discover = UDP_FRAME("0.0.0.0", "255.255.255.255", 68, 67);
	const struct frame_spec advert = ND_FRAME(134, REMOTE6, NULL);
	const struct frame_spec gateway = ARP_FRAME(CLIENT, CLIENT4, ANYCAST4);
	const struct frame_spec babel = UDP_FRAME(CLIENT6, "ff02::1:6", 6696, 6696);

	request.anycast = false;
	struct ruleset ruleset = build(&request);
	ck_assert_uint_eq(ruleset.rule_count, 2 + 1 + 4 + 2);
	ck_assert_str_eq(run_frame(&ruleset, &discover, FROM_LAN), "");
	ck_assert_str_eq(run_frame(&ruleset, &advert, FROM_MESH), "");
	ck_assert_str_eq(run_frame(&ruleset, &gateway, FROM_LAN), "");
	ck_assert_str_eq(run_frame(&ruleset, &babel, FROM_LAN), "babel-mesh");
	ck_assert_str_eq(run_frame(&ruleset, &babel, FROM_MESH), "babel-mesh");
	ruleset_free(&ruleset);
}
END_TEST

START_TEST(anycast_parts_may_be_missing)
{
	struct ruleset_request request = make_request(0x8100);

	request.anycast_ipv4 = (struct ip){0};
	request.anycast_link_local = (struct ip){0};
	request.mesh_vlan_count = 0;
	struct ruleset ruleset = build(&request);

	for (size_t i = 0; i < ruleset.rule_count; i++) {
		ck_assert_ptr_null(strstr(ruleset.rules[i].name, "-arp-"));
		ck_assert_ptr_null(strstr(ruleset.rules[i].name, "-ip4-"));
		ck_assert_ptr_null(strstr(ruleset.rules[i].name, "-ll-"));
		ck_assert_ptr_null(strstr(ruleset.rules[i].name, "-vlan-"));
	}
	ck_assert_ptr_nonnull(find_rule(&ruleset, "anycast-ip6-source-mesh"));
	ck_assert_ptr_nonnull(find_rule(&ruleset, "dhcp4-reply-mesh"));
	ruleset_free(&ruleset);
}
END_TEST

START_TEST(own_anycast_mac_is_kept_local)
{
	struct ruleset_request request = make_request(0x8100);
	const struct frame_spec to = {.source = CLIENT, .target = NODE, .sport = 0x88b5};
	const struct frame_spec from = {.source = NODE, .target = CLIENT, .sport = 0x88b5};

	ck_assert_int_eq(mac_parse(NODE, &request.anycast_mac), 0);
	struct ruleset ruleset = build(&request);

	ck_assert_str_eq(run_frame(&ruleset, &to, FROM_LAN), "anycast-own-mac-target-forward");
	ck_assert_str_eq(run_frame(&ruleset, &to, FROM_MESH), "anycast-own-mac-target-mesh");
	ck_assert_str_eq(run_frame(&ruleset, &from, FROM_NODE), "anycast-own-mac-source-mesh");
	ck_assert_uint_eq(find_rule(&ruleset, "anycast-own-mac-source-from-lan")->packets, 0);
	run_frame(&ruleset, &from, FROM_LAN);
	ck_assert_uint_eq(find_rule(&ruleset, "anycast-own-mac-source-from-lan")->packets, 1);
	ruleset_free(&ruleset);
}
END_TEST

START_TEST(equality_sees_what_matters)
{
	struct ruleset_request request = make_request(0x8100);
	struct ruleset a = build(&request);
	struct ruleset b = build(&request);
	struct ruleset none = {0};
	struct nft_rule last = b.rules[b.rule_count - 1];
	struct nft_chain first = b.chains[0];

	b.rules[3].packets = 77;
	ck_assert(ruleset_equal(&a, &b));
	ck_assert(ruleset_equal(&none, &none));
	ck_assert(!ruleset_equal(&a, &none));

	b.rules[b.rule_count - 1] = b.rules[b.rule_count - 2];
	b.rules[b.rule_count - 2] = last;
	ck_assert(!ruleset_equal(&a, &b)); /* order in a chain */
	b.rules[b.rule_count - 2] = b.rules[b.rule_count - 1];
	b.rules[b.rule_count - 1] = last;
	b.chains[0] = b.chains[2];
	b.chains[2] = first;
	ck_assert(ruleset_equal(&a, &b)); /* order of the chains */
	last = b.rules[0];
	memmove(b.rules, b.rules + 1, (b.rule_count - 1) * sizeof(last));
	b.rules[b.rule_count - 1] = last;
	ck_assert(!ruleset_equal(&a, &b)); /* moved within its chain */

	ruleset_free(&b);
	b = build(&request);
	b.rules[5].foreign = 1;
	ck_assert(!ruleset_equal(&a, &b));
	ck_assert(!ruleset_equal(&b, &b));
	b.rules[5].foreign = 0;
	b.rules[5].verdict = NFT_VERDICT_NONE;
	ck_assert(!ruleset_equal(&a, &b));
	b.rules[5].verdict = a.rules[5].verdict;
	b.rules[0].target[0] = 'M';
	ck_assert(!ruleset_equal(&a, &b));
	b.rules[0].target[0] = 'm';
	b.rules[5].matches[0].mask[1] = 0;
	ck_assert(!ruleset_equal(&a, &b));
	b.rules[5].matches[0].mask[1] = 0xff;
	b.chains[1].priority++;
	ck_assert(!ruleset_equal(&a, &b));
	ruleset_free(&a);
	ruleset_free(&b);
	ruleset_free(&b);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("ruleset");
	TCase *tests = tcase_create("ruleset");

	tcase_add_test(tests, frames_meet_their_rules);
	tcase_add_test(tests, every_rule_is_met);
	tcase_add_loop_test(tests, mesh_vlans_stay_out, 0, 2);
	tcase_add_test(tests, second_node_on_the_wire_is_counted);
	tcase_add_test(tests, table_is_well_formed);
	tcase_add_test(tests, without_anycast_only_mesh_protocols);
	tcase_add_test(tests, anycast_parts_may_be_missing);
	tcase_add_test(tests, own_anycast_mac_is_kept_local);
	tcase_add_test(tests, equality_sees_what_matters);
	suite_add_tcase(suite, tests);
	return suite;
}
