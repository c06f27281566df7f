/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people read of children, leases, nodes and layer 3, compared with test/unit/data/NAME.txt.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "unit/check_main.h"

/* The printers belong to the program, not to a library.
 * NOLINTBEGIN(bugprone-suspicious-include) */
#include "meshctl/human.c"
#include "meshctl/print_children.c"
#include "meshctl/print_cloud.c"
#include "meshctl/print_routing.c"
#include "meshctl/status_services.c"
#include "meshctl/table.c"
#include "meshctl/wrap.c"
/* NOLINTEND(bugprone-suspicious-include) */

#define NOW       10000
#define DATA      SOURCE_DIR "/test/unit/data/"
#define MANY      10000
#define TEXT_MANY ((size_t)4 * 1024 * 1024)

typedef void print_fn(const json_t *result, const struct status_view *view);

/* Of print_status.c, whose other parts are tested elsewhere. */
const char *status_text(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text == NULL ? "" : text;
}

bool status_flag(const json_t *json, const char *name)
{
	return json_is_true(json_object_get(json, name));
}

long long status_number(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

void status_print_label(const struct status_view *view, const char *label)
{
	print_styled(view->to, view->colour, PRINT_BOLD, "%-9s", label);
}

static json_t *load(const char *name)
{
	json_t *json = json_load_file(name, JSON_REJECT_DUPLICATES, NULL);

	ck_assert_msg(json != NULL, "no JSON in %s", name);
	return json;
}

/* malloc'd */
static char *print_to_text(print_fn *print, const json_t *json, bool all, bool colour)
{
	char *text = NULL;
	size_t size = 0;
	struct status_view view = {.now = NOW, .all = all, .colour = colour};

	view.to = open_memstream(&text, &size);
	ck_assert_ptr_nonnull(view.to);
	print(json, &view);
	fclose(view.to);
	return text;
}

static void compare(print_fn *print, const char *json_name, const char *text_name, bool all)
{
	static char expected[20000];
	json_t *json = load(json_name);
	FILE *file = fopen(text_name, "r");

	char *text = print_to_text(print, json, all, false);
	ck_assert_msg(file != NULL, "no %s", text_name);
	size_t length = fread(expected, 1, sizeof(expected) - 1, file);
	fclose(file);
	expected[length] = '\0';
	ck_assert_str_eq(text, expected);
	free(text);
	json_decref(json);
}

START_TEST(test_children)
{
	json_t *json = load(DATA "children.json");

	compare(print_children, DATA "children.json", DATA "children.txt", false);
	compare(print_children, DATA "children.json", DATA "children-all.txt", true);
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
	compare(print_leases, DATA "leases.json", DATA "leases.txt", false);
	compare(print_nodes, DATA "nodes.json", DATA "nodes.txt", false);
}
END_TEST

START_TEST(test_routing)
{
	json_t *json = load(DATA "routing.json");
	json_t *list = json_object_get(json, "protocols");

	compare(print_routing, DATA "routing.json", DATA "routing.txt", false);
	compare(print_routing, DATA "routing.json", DATA "routing-all.txt", true);
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
