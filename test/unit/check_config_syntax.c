/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_read: texts that are no JSON. */
#include "base/cleanup.h"
#include "unit/config_reading.h"

/* One fault each: its place, its path, what is wrong and what would be right. */
static const char *const faults[][2] = {
	{"", "1:1:1: $: the file is empty; write at least {}"},
	{" \n\t", "1:1:1: $: the file is empty; write at least {}"},
	{"{\n  \"cloud\": {\n    \"ssid\": \"a\",\n  }\n}",
		"1:3:16: $.cloud: no comma may follow the last entry; remove it"},
	{"{\"lan\": {,}}", "1:1:10: $.lan: nothing stands before this comma; remove it"},
	{"{ // no\n}", "1:1:3: $: JSON has no comments; remove this one and all others"},
	{"{ /* no */ } # no", "1:1:3: $: JSON has no comments; remove this one and all others"},
	{"{\"cloud\": {\"ssid\": \"a\"}",
		"1:1:24: $: the file ends here, but the { of line 1 is not closed; a } is "
		"missing, or the file was cut off"},
	{"{\"lan\": {\n \"ports\": [\"a\",",
		"1:2:16: $.lan.ports: the file ends here, but the [ of line 2 is not "
		"closed; a ] is missing, or the file was cut off"},
	{"{\"lan\": {\"ports\": [\"a\"}}", "1:1:23: $.lan.ports: there is a } here, but "
					   "the [ of line 1 is not closed; "
					   "a ] is missing before it"},
	{"{\"cloud\": {\"ssid\": \"a}}", "1:1:20: $.cloud.ssid: the text that starts here "
					 "is not closed on its line; "
					 "end it with \""},
	{"{\"cloud\": {\"ssid\": \"a\n\"}}",
		"1:1:20: $.cloud.ssid: the text that starts here is not closed"},
	{"{\"cloud\": {\"ssid\": \"a\"}} hello",
		"1:1:26: $: \"hello\" comes after the end of the object that starts the "
		"file; remove what is too much"},
	{"{} {}", "1:1:4: $: \"{\" comes after the end of the object"},
	{"{}}", "1:1:3: $: \"}\" comes after the end of the object"},
	{"{\"lan\": {}\n \"dhcp\": {}}",
		"1:2:2: $: \"dhcp\" was not expected here; a comma may be missing before "
		"it"},
	{"{\"lan\": {\"ports\": [\"a\" \"b\"]}}",
		"1:1:24: $.lan.ports: \"b\" was not expected here; a comma may be missing"},
	{"{\"lan\" {}}", "1:1:8: $: \"{\" was not expected here; after a key come a colon and its "
			 "value"},
	{"{\"lan\" = 1}", "1:1:8: $: \"=\" was not expected here; after a key come"},
	{"{\"lan\": }", "1:1:9: $.lan: the value is missing here; write one"},
	{"{lan: {}}", "1:1:2: $: \"lan\" must be a key in double quotes"},
	{"{'lan': {}}", "1:1:2: $: \"'lan'\" must be a key in double quotes"},
	{"{\"cloud\": {\"ssid\": 'a'}}", "1:1:20: $.cloud.ssid: \"'a'\" is in single "
					 "quotes; put it in double quotes"},
	{"{\"cloud\": {\"ssid\": \xe2\x80\x9c"
	 "a\xe2\x80\x9d}}",
		"1:1:20: $.cloud.ssid: these quotes are typographic; write plain ones"},
	{"{\"lan\": {\"stp\": True}}",
		"1:1:17: $.lan.stp: \"True\" is no value; write true, in small letters"},
	{"{\"lan\": {\"stp\": no}}",
		"1:1:17: $.lan.stp: \"no\" is no value; write false, in small letters"},
	{"{\"lan\": {\"stp\": None}}",
		"1:1:17: $.lan.stp: \"None\" is no value; write null, in small letters"},
	{"{\"lan\": {\"mtu\": NaN}}",
		"1:1:17: $.lan.mtu: \"NaN\" is no number; write one in digits"},
	{"{\"lan\": {\"mtu\": 017}}",
		"1:1:17: $.lan.mtu: \"017\" starts with 0, which a number may not; remove "
		"the 0 in front"},
	{"{\"lan\": {\"mtu\": 0x10}}",
		"1:1:17: $.lan.mtu: \"0x10\" is not JSON's way to write a number; write it "
		"in decimal, or in double quotes where a hexadecimal text is taken"},
	{"{\"batadv\": {\"gw_bandwidth_up\": 10Mbit}}",
		"1:1:32: $.batadv.gw_bandwidth_up: \"10Mbit\" is no number; write it in "
		"digits, as in 1500, or put a text in double quotes"},
	{"{\"lan\": {\"mtu\": +5}}", "1:1:17: $.lan.mtu: \"+5\" is no number"},
	{"{\"cloud\": {\"vlan\": auto}}",
		"1:1:20: $.cloud.vlan: \"auto\" is neither a number nor true, false or "
		"null; put a text in double quotes"},
	{"{\"cloud\": {\"ssid\": \"a\tb\"}}", "1:1:22: $.cloud.ssid: there is a tab within "
					      "the text; write \\t or blanks"},
	{"{\"cloud\": {\"ssid\": \"a\x01\"}}",
		"1:1:22: $.cloud.ssid: there is a control character; remove it"},
	{"{\"cloud\": {\"ssid\": \x01}}",
		"1:1:20: $.cloud.ssid: there is a control character; remove it"},
	{"{\"cloud\": {\"ssid\": \"\\x41\"}}", "1:1:21: $.cloud.ssid: \"\\x\" means "
					       "nothing within a text; write \\\\ for a "
					       "backslash"},
	{"{\"cloud\": {\"ssid\": \"a\\u0000\"}}",
		"1:1:22: $.cloud.ssid: \"\\u0000\" stands for a byte 0, which no text here "
		"may have; remove it"},
	{"{\"cl\\u0000oud\": {}}",
		"1:1:5: $: \"\\u0000\" stands for a byte 0, which no text here may have"},
	{"{\"cloud\": {\"ssid\": \"\\ud800\"}}", "1:1:21: $.cloud.ssid: \"\\ud800\" is "
						 "half a character; write the character "
						 "itself"},
	{"{\"cloud\": {\"ssid\": \"\\ud800\\u0041\"}}",
		"1:1:21: $.cloud.ssid: \"\\ud800\" is half a character"},
	{"{\"cloud\": {\"ssid\": \"\xc3\xa4\xff\"}}",
		"1:1:22: $.cloud.ssid: this byte is no UTF-8; save the file as UTF-8"},
	{"\xff\xfe{", "1:1:1: $: the file is not UTF-8 but UTF-16; save it as UTF-8"},
	{"\xef\xbb\xbf" SSID, "1:1:1: $: the file starts with a byte order mark; save it "
			      "as UTF-8 without "
			      "one"},
	{"[1]", "1:1:1: $: the file is a list, must be an object, { ... }"},
	{"[1e400]", "1:1:1: $: the file is a list, must be an object, { ... }"},
	{"7", "1:1:1: $: the file is 7, must be an object"},
};

START_TEST(test_faults)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		expect_one(faults[i][0], faults[i][1]);
	}
}
END_TEST

static void expect_bytes(const char *text, size_t length, const char *start)
{
	struct config_layer layers[] = {layer("profile", "{}"), {"1", text, length}};
	struct reading reading = {.errors = {0}};

	reading.result = config_read(layers, 2, &reading.config, &reading.errors);
	expect_error(&reading, 0, start);
	ck_assert_uint_eq(reading.errors.count, 1);
	reading_free(&reading);
}

START_TEST(test_zero_byte)
{
	const char after[] = SSID "\0";
	const char within[] = "{\"cloud\": {\"ssid\": \"a\0b\"}}";

	expect_bytes(after, sizeof(after) - 1, "1:1:37: $: there is a byte 0, which no text has");
	expect_bytes(within, sizeof(within) - 1, "1:1:22: $.cloud.ssid: there is a byte 0");
	expect_bytes("\0", 1, "1:1:1: $: there is a byte 0");
}
END_TEST

START_TEST(test_deep)
{
	char text[5001];

	memset(text, '[', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	expect_one(text, "1:1:65: $[0][0][0][0][0][0][0][0]: more brackets are open here than any "
			 "configuration needs");
}
END_TEST

/* All that is wrong, as far as it is plain. */
START_TEST(test_all)
{
	struct reading reading =
		read_texts("{\"cloud\": {\"ssid\": \"x\",\n \"vlan\": 1, \"vlan\": "
			   "5000},\n \"lann\": {}, \"lan\": {\"mtu\": 1}\n "
			   "\"batadv\": {\"hop_penalty\": 99999999999999999999,\n "
			   "\"bonding\": TRUE, \"x\": [1e400, 01]}}",
			NULL, NULL);

	expect_error(&reading, 0,
		"1:2:13: $.cloud.vlan: the key \"vlan\" is given twice, first in line 2; a key may "
		"be "
		"given once, remove one of them");
	expect_error(&reading, 1,
		"1:4:2: $: \"batadv\" was not expected here; a comma may be missing before it");
	expect_error(&reading, 2, "1:5:13: $.batadv.bonding: \"TRUE\" is no value; write true");
	expect_error(&reading, 3, "1:5:32: $.batadv.x[1]: \"01\" starts with 0");
	expect_error(&reading, 4,
		"1:2:21: $.cloud.vlan: is 5000, must be an integer from 0 to 4094");
	expect_error(&reading, 5, "1:3:2: $.lann: unknown key \"lann\"; did you mean \"lan\"?");
	expect_error(&reading, 6, "1:3:29: $.lan.mtu: is 1, must be an integer");
	expect_error(&reading, 7,
		"1:4:28: $.batadv.hop_penalty: is 99999999999999999999, must be an integer from 0 "
		"to 255");
	expect_error(&reading, 8, "1:5:19: $.batadv.x: unknown key \"x\"; known here: ");
	ck_assert_uint_eq(reading.errors.count, 9);
	reading_free(&reading);

	/* A mark before the text hides nothing of it, and takes no column. */
	reading = read_texts("\xef\xbb\xbf{\"lan\": 1} // c\n", NULL, NULL);
	expect_error(&reading, 0, "1:1:1: $: the file starts with a byte order mark");
	expect_error(&reading, 1, "1:1:12: $: JSON has no comments");
	expect_error(&reading, 2, "1:1:9: $.lan: is 1, must be an object");
	ck_assert_uint_eq(reading.errors.count, 3);
	reading_free(&reading);
}
END_TEST

START_TEST(test_numbers)
{
	expect_one("{\"cloud\": {\"ssid\": \"a\"}, \"lan\": {\"mtu\": 99999999999999999999}}",
		"1:1:41: $.lan.mtu: is 99999999999999999999, must be an integer from 1280 to 65535 "
		"(bytes)");
	expect_one("{\"cloud\": {\"ssid\": \"a\"}, \"lan\": {\"mtu\": -1e999}}",
		"1:1:41: $.lan.mtu: is -1e999, must be an integer");
	expect_one("{\"cloud\": {\"ssid\": \"a\"}, \"lan\": {\"ports\": [99999999999999999999]}}",
		"1:1:44: $.lan.ports[0]: is 99999999999999999999, must be a text");
	expect_one("{\"$schema\": 1e400, \"cloud\": {\"ssid\": \"a\"}}",
		"1:1:13: $.$schema: is 1e400, must be a text");
	expect_one("{\"cloud\": {\"ssid\": \"a\"}, \"lan\": {\"mtu\": 1500.25}}",
		"1:1:41: $.lan.mtu: is 1500.25, must be an integer");
}
END_TEST

Suite *check_suite(void)
{
	const TTest *const tests[] = {test_faults, test_zero_byte, test_deep, test_all,
		test_numbers};
	Suite *suite = suite_create("config_syntax");
	TCase *tcase = tcase_create("config_syntax");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
