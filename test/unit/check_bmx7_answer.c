/* SPDX-License-Identifier: GPL-2.0-or-later */
/* data/bmx7-look.txt is what bmx7 0.2 answered, with fields taken out that are not read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "routing/bmx7.h"
#include "unit/check_main.h"

#define C_ID "370FB7C9BFC625B66EC582D40605AAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static char *read_look(size_t *length)
{
	FILE *file = fopen(SOURCE_DIR "/test/unit/data/bmx7-look.txt", "r");
	char *text = calloc(1, 65536);

	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(text);
	*length = fread(text, 1, 65535, file);
	fclose(file);
	/* The file ends like every file, the answer with '$'. */
	ck_assert(*length > 0 && text[*length - 1] == '\n');
	text[--*length] = '\0';
	return text;
}

START_TEST(look_is_understood)
{
	struct bmx7_answer answer;
	size_t length;
	char *text = read_look(&length);
	size_t own = 0;
	size_t in_use = 0;

	ck_assert_int_eq(bmx7_answer_parse(text, length, &answer), 0);
	ck_assert(answer.success && answer.has_status && answer.has_options);
	ck_assert(answer.uptime > 29 && answer.uptime < 31);
	ck_assert_str_eq(answer.state.version, "0.2");
	ck_assert_uint_eq(answer.interface_count, 2);
	ck_assert(!answer.interfaces[0].up && answer.interfaces[1].up);
	ck_assert_uint_eq(answer.state.neighbour_count, 1);
	ck_assert_uint_eq(answer.state.neighbours[0].rx_quality, 27);
	ck_assert_uint_eq(answer.state.node_count, 3);
	for (size_t i = 0; i < answer.state.node_count; i++) {
		const struct routing_node *node = &answer.state.nodes[i];
		ck_assert(node->reachable == (strcmp(node->name, "nodea") != 0));
		ck_assert(node->self == (strcmp(node->name, "nodeb") == 0));
	}
	ck_assert_str_eq(answer.state.routes[0].id, C_ID);
	ck_assert_uint_eq(answer.state.routes[0].metric, 211000000);
	for (size_t i = 0; i < answer.state.network_count; i++) {
		own += answer.state.networks[i].own ? 1 : 0;
		in_use += answer.state.networks[i].tunnel[0] != '\0' ? 1 : 0;
	}
	ck_assert_uint_eq(own, 2);
	ck_assert_uint_eq(in_use, 6);
	ck_assert_uint_eq(answer.state.network_count, 9);
	bmx7_answer_free(&answer);
	free(text);
}
END_TEST

START_TEST(broken_answers_are_refused)
{
	struct bmx7_answer answer;
	size_t length;
	char *text = read_look(&length);

	/* Cut anywhere, it is never a success. */
	for (size_t cut = 0; cut < length; cut += 97) {
		if (bmx7_answer_parse(text, cut, &answer) == 0) {
			ck_assert(!answer.success);
			bmx7_answer_free(&answer);
		}
	}
	free(text);
	ck_assert_int_eq(bmx7_answer_parse("{\"links\": [}\n$", 14, &answer), -EINVAL);
	ck_assert_int_eq(bmx7_answer_parse("{\"a\": 1, \"a\": 2}\n$", 18, &answer), -EINVAL);
	static const char refusal[] = "ERROR : --tunIn  x\x1b Failed !\nERROR more\n";
	ck_assert_int_eq(bmx7_answer_parse(refusal, strlen(refusal), &answer), 0);
	ck_assert(!answer.success);
	ck_assert_str_eq(answer.error, "ERROR : --tunIn  x Failed !");
	bmx7_answer_free(&answer);
}
END_TEST

START_TEST(wrong_types_hide_nothing_else)
{
	static const char text[] =
		"{\"links\": [1, null, {\"dev\": 7}, {\"dev\": \"../x\", \"nbLocalIp\": "
		"\"fe80::1\"},"
		" {\"dev\": \"e0\", \"nbLocalIp\": \"fe80::1\", \"rq\": 999, \"tq\": -4, \"name\": "
		"[]}]}\n"
		"{\"originators\": {\"x\": 1}}\n{\"tunnels\": [{\"advNet\": \"nonsense\"}]}\n"
		"{\"news\": 1}\n$";
	struct bmx7_answer answer;

	ck_assert_int_eq(bmx7_answer_parse(text, strlen(text), &answer), 0);
	ck_assert_uint_eq(answer.state.neighbour_count, 1);
	ck_assert_uint_eq(answer.state.neighbours[0].rx_quality, 100);
	ck_assert_uint_eq(answer.state.neighbours[0].tx_quality, 0);
	ck_assert(!answer.has_status);
	bmx7_answer_free(&answer);
}
END_TEST

#define NODE(name, id, dev)                                                                        \
	"{\"nodeId\": \"" id "\", \"name\": \"" name "\", \"dev\": \"" dev                         \
	"\", \"metric\": \"531M\", \"primaryIp\": \"fd70::1\", \"nbLocalIp\": \"fe80::1\"}"
#define ROW(search, node, short_id, network, tunnel, metric)                                       \
	"{\"tunOut\": \"" search "\", \"ipMtc\": " metric ", \"tunName\": \"" tunnel               \
	"\", \"tunRoute\": \"" network "\", \"remoteName\": \"" node                               \
	"\", \"remoteId\": \"" short_id "\", \"advNet\": \"" network                               \
	"\", \"advBw\": \"9437K\", \"pathMtc\": \"531M\"}"
#define A_ID "94FBAD361EC0401419E3F043B43A4BEA079657B83352D85A09CA643B"
#define B_ID "1CBB7C33ACDF5EC29947413FC609AE6ADF553372C5B24B800CC0C865"
#define D_ID "37A1F4721CC202986D8AA7CD137D97AD69FEF233931A952DDB362703"

static const struct routing_network *find_default(const struct routing_state *state, uint8_t family,
	const char *id)
{
	const struct routing_network *found = NULL;

	for (size_t i = 0; i < state->network_count; i++) {
		const struct routing_network *network = &state->networks[i];
		if (network->network.length == 0 && network->network.ip.family == family &&
			strcmp(network->id, id) == 0) {
			ck_assert_ptr_null(found);
			found = network;
		}
	}
	return found;
}

/* One entry for each node, whichever searches match; also when none does. */
START_TEST(gateways_are_told_once)
{
	static const char text[] = "{\"originators\": [" NODE("a", A_ID, "e0") ", " NODE("b", B_ID,
		"e0") ", " NODE("c", C_ID, "e0") ", " NODE("dead", D_ID,
		"---") "]}\n{\"tunnels\": ["
		/* Pinned, and the generic search. */
		ROW("inet4", "a", "94FBAD36", "0.0.0.0\\/0", "---", "1024") ", " ROW("inet4", "b",
			"1CBB7C33", "0.0.0.0\\/0", "X7Out_1CBB7C33", "1024") ", " ROW("next", "b",
			"1CBB7C33", "0.0.0.0\\/0", "X7Out_1CBB7C33", "1025") ", " ROW("pin", "a",
			"94FBAD36", "0.0.0.0\\/0", "X7Out_94FB0000", "1101") ", " ROW("inet4",
			"dead", "37A1F472", "0.0.0.0\\/0", "X7Out_37A1F472", "1024") ", "
		/* Its tunnel is for another network; and none at all. */
		ROW("clouds", "c", "370FB7C9", "10.3.0.0\\/16", "X7Out_370FB7C9",
			"1024") ", " ROW("---", "c", "370FB7C9", "0.0.0.0\\/0", "---",
			"0") ", " ROW("---", "a", "94FBAD36", "::\\/0", "---", "0") "]}\n$";
	struct bmx7_answer answer;

	ck_assert_int_eq(bmx7_answer_parse(text, strlen(text), &answer), 0);
	const struct routing_network *a = find_default(&answer.state, AF_INET, A_ID);
	const struct routing_network *a6 = find_default(&answer.state, AF_INET6, A_ID);
	const struct routing_network *b = find_default(&answer.state, AF_INET, B_ID);
	const struct routing_network *c = find_default(&answer.state, AF_INET, C_ID);
	ck_assert_uint_eq(answer.state.network_count, 5);
	/* Out of reach, it is no way. */
	ck_assert_ptr_null(find_default(&answer.state, AF_INET, D_ID));
	ck_assert(a != NULL && a6 != NULL && b != NULL && c != NULL);
	ck_assert_str_eq(a->tunnel, "X7Out_94FB0000");
	ck_assert_str_eq(a6->tunnel, "X7Out_94FB0000");
	ck_assert_str_eq(b->tunnel, "X7Out_1CBB7C33");
	ck_assert_uint_eq(b->bandwidth, 9437000);
	ck_assert_uint_eq(b->metric, 531000000);
	ck_assert(!b->own);
	ck_assert_str_eq(c->tunnel, "X7Out_370FB7C9");
	/* Every search's own route, but one route where two lead into the same tunnel. */
	ck_assert_uint_eq(answer.tunnel_count, 4);
	ck_assert_uint_eq(answer.state.route_count, 3 + 3);
	bmx7_answer_free(&answer);
}
END_TEST

START_TEST(numbers_have_their_units)
{
	ck_assert(bmx7_rate_parse("257G") == 257000000000);
	ck_assert(bmx7_rate_parse("27450K") == 27450000);
	ck_assert(bmx7_rate_parse("960") == 960);
	ck_assert(bmx7_rate_parse("-1") == 0 && bmx7_rate_parse("") == 0);
	ck_assert(bmx7_rate_parse("1X") == 0 && bmx7_rate_parse("99999999999999999G") == 0);
	ck_assert(bmx7_uptime_parse("1:02:03:04") == 86400 + 7200 + 180 + 4);
	ck_assert(bmx7_uptime_parse("0:00:00") < 0 && bmx7_uptime_parse("0:00:00:0x") < 0);
	ck_assert(bmx7_uptime_parse("49710:04:29:07") > 4e9);
}
END_TEST

START_TEST(clock_set_back_is_seen)
{
	struct bmx7_clock clock = {0};
	struct bmx7_answer answer = {.uptime = 100};

	ck_assert(bmx7_clock_is_sane(&clock, 7, &answer, 1000));
	answer.uptime = 105;
	ck_assert(bmx7_clock_is_sane(&clock, 7, &answer, 1005));
	answer.uptime = 108; /* some seconds late: it lives with that */
	ck_assert(bmx7_clock_is_sane(&clock, 7, &answer, 1010));
	answer.uptime = 4000; /* forward: it mends itself */
	ck_assert(bmx7_clock_is_sane(&clock, 7, &answer, 1015));
	answer.uptime = 3945; /* back by 30 s, seen twice */
	ck_assert(!bmx7_clock_is_sane(&clock, 7, &answer, 1020));
	answer.uptime = 3950;
	ck_assert(!bmx7_clock_is_sane(&clock, 7, &answer, 1025));
	answer.uptime = 1; /* restarted */
	ck_assert(bmx7_clock_is_sane(&clock, 8, &answer, 1026));
	answer.uptime = 4294000000;
	ck_assert(!bmx7_clock_is_sane(&clock, 9, &answer, 1030));
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("bmx7_answer");
	TCase *tcase = tcase_create("answer");

	tcase_add_test(tcase, look_is_understood);
	tcase_add_test(tcase, broken_answers_are_refused);
	tcase_add_test(tcase, wrong_types_hide_nothing_else);
	tcase_add_test(tcase, gateways_are_told_once);
	tcase_add_test(tcase, numbers_have_their_units);
	tcase_add_test(tcase, clock_set_back_is_seen);
	suite_add_tcase(suite, tcase);
	return suite;
}
