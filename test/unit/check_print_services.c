/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people read of children, leases, nodes and layer 3. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "meshctl/print_services.h"
#include "meshctl/status_sections.h"
#include "unit/check_main.h"
#include "unit/print_scene.h"

#define MANY      10000
#define TEXT_MANY ((size_t)4 * 1024 * 1024)

START_TEST(test_children)
{
	json_t *json = load(DATA "children.json");

	print_compare(print_children, DATA "children.json", DATA "children.txt", false);
	print_compare(print_children, DATA "children.json", DATA "children-all.txt", true);
	ck_assert(!children_are_well(json));
	json_t *list = json_object_get(json, "children");
	json_object_set_new(json_array_get(list, 1), "wanted", json_false());
	json_object_set_new(json_array_get(list, 3), "state", json_string("running"));
	ck_assert(children_are_well(json));
	json_decref(json);
}
END_TEST

START_TEST(test_cloud)
{
	print_compare(print_leases, DATA "leases.json", DATA "leases.txt", false);
	print_compare(print_nodes, DATA "nodes.json", DATA "nodes.txt", false);
}
END_TEST

START_TEST(test_routing)
{
	json_t *json = load(DATA "routing.json");
	json_t *list = json_object_get(json, "protocols");

	print_compare(print_routing, DATA "routing.json", DATA "routing.txt", false);
	print_compare(print_routing, DATA "routing.json", DATA "routing-all.txt", true);
	ck_assert(!routing_is_well(json));
	json_object_set_new(json_array_get(list, 1), "answers", json_true());
	ck_assert(routing_is_well(json));
	json_decref(json);
}
END_TEST

START_TEST(test_colours)
{
	json_t *json = load(DATA "children.json");
	char *text = print_to_text(print_children, json, false, true);

	ck_assert_ptr_nonnull(strstr(text, "\033[32mrunning\033[0m"));
	ck_assert_ptr_nonnull(strstr(text, "\033[31mback-off\033[0m"));
	ck_assert_ptr_null(strstr(text, "\033[31mfailed")); /* the child's own escape */
	free(text);
	json_decref(json);
}
END_TEST

/* An answer of another version may lack anything, or have it of another type. */
START_TEST(test_strange)
{
	static print_fn *const prints[] = {print_children, print_leases, print_nodes, print_routing,
		status_print_services};
	static const char *const texts[] = {"{}", "[]", "3",
		"{\"children\":[{},3,null,{\"exits\":[{}]}]}",
		"{\"children\":7,\"leases\":[{},1],\"nodes\":[{},[]],\"protocols\":[{},2]}",
		"{\"children\":[{\"state\":1,\"exits\":{},\"pid\":\"x\",\"memory\":\"x\"}],"
		"\"cloud_sharing\":{\"counts\":1},\"layer3\":[{\"routing\":2}],"
		"\"dropped\":[1],\"conflicts\":{\"recent\":[1,{}]},"
		"\"protocols\":[{\"routes\":[1,{}],\"nodes\":[{}],\"networks\":[{}],"
		"\"neighbours\":[{}]}]}"};

	for (size_t i = 0; i < ARRAY_SIZE(prints); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(texts); j++) {
			json_t *json = json_loads(texts[j], JSON_DECODE_ANY, NULL);
			ck_assert_ptr_nonnull(json);
			free(print_to_text(prints[i], json, true, true));
			json_decref(json);
		}
		free(print_to_text(prints[i], NULL, true, true));
	}
}
END_TEST

START_TEST(test_many_leases)
{
	json_t *leases = json_array();
	json_t *json = json_pack("{s:o}", "leases", leases);

	for (int i = 0; i < MANY; i++) {
		json_array_append_new(leases, json_pack("{s:s, s:s, s:i}", "ip", "10.13.4.7", "mac",
						      "02:00:00:00:00:07", "age", i));
	}
	char *text = print_to_text(print_leases, json, false, false);
	size_t lines = 0;
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
		lines++;
	}
	ck_assert_uint_eq(lines, MANY + 3);
	ck_assert_uint_lt(strlen(text), TEXT_MANY);
	free(text);
	json_decref(json);
}
END_TEST

START_TEST(test_status_lines)
{
	json_t *status = json_loads(
		"{\"children\":[{\"name\":\"babeld\",\"state\":\"off\"},"
		"{\"name\":\"alfred\",\"state\":\"running\"},"
		"{\"name\":\"dnsmasq\",\"state\":\"waiting\",\"waiting_for\":\"anygw\"}],"
		"\"cloud_sharing\":{\"alfred\":{\"role\":\"primary\"},"
		"\"counts\":{\"own\":2,\"remote\":30,\"nodes\":4},\"conflicts\":1},"
		"\"layer3\":[{\"protocol\":\"bmx7\",\"routing\":{\"answers\":true,"
		"\"neighbours\":[1],\"routes\":[]}},"
		"{\"protocol\":\"babeld\",\"routing\":{\"answers\":false}}]}",
		0, NULL);
	char *text = print_to_text(status_print_services, status, false, false);

	ck_assert_str_eq(text,
		"Layer 3    bmx7 1 neighbour and 0 routes, babeld does not answer\n"
		"Sharing    2 own leases, 30 of others, 4 nodes  alfred is primary  1 conflict so "
		"far\n"
		"Children   alfred running, dnsmasq waiting (anygw)\n");
	free(text);
	json_decref(status);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("print_services");
	TCase *cases = tcase_create("print_services");

	tcase_add_test(cases, test_children);
	tcase_add_test(cases, test_cloud);
	tcase_add_test(cases, test_routing);
	tcase_add_test(cases, test_colours);
	tcase_add_test(cases, test_strange);
	tcase_add_test(cases, test_many_leases);
	tcase_add_test(cases, test_status_lines);
	suite_add_tcase(suite, cases);
	return suite;
}
