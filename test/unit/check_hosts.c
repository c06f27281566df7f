/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cloud/hosts.h"
#include "cloud/hosts_file.h"
#include "unit/check_main.h"

static char run_dir[64];
static struct hosts *hosts;
static struct lease_file files[2];
static struct lease_reservation lines[2][8];
static struct lease_name names[2][2];
static struct lease_output output;

static struct lease_reservation line_of(unsigned int address, unsigned int client)
{
	return (struct lease_reservation){.ip = {.family = 2,
						  .bytes = {10, 13, 64, (uint8_t)address}},
		.mac = {{2, 0xcc, 0, 0, 0, (uint8_t)client}}};
}

/* The text of a file below run_dir; "" when there is none. */
static const char *text_of(const char *name)
{
	static char text[4096];
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", run_dir, name);
	FILE *file = fopen(path, "r");
	size_t length = file == NULL ? 0 : fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	if (file != NULL) {
		fclose(file);
	}
	return text;
}

static size_t count_files(const char *name)
{
	char path[256];
	size_t count = 0;

	snprintf(path, sizeof(path), "%s/%s", run_dir, name);
	DIR *directory = opendir(path);
	while (readdir(directory) != NULL) {
		count++;
	}
	closedir(directory);
	return count - 2;
}

static void put(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", run_dir, name);
	ck_assert_int_eq(hosts_file_replace(path, "old\n", 4, 0644), 0);
}

static void apply(double now)
{
	output.files = files;
	ck_assert_int_eq(hosts_apply(hosts, &output, now), 0);
}

static void reload(void)
{
	ck_assert(!isinf(hosts_reload_at(hosts)));
	ck_assert_int_eq(hosts_reload(hosts, hosts_reload_at(hosts)), 0);
	ck_assert(isinf(hosts_reload_at(hosts)));
}

#define HOSTS "dnsmasq.hosts.d/"
#define NAMES "dnsmasq.names.d/"
#define ONE   "02-00-00-00-00-01"
#define TWO   "02-00-00-00-00-02"

static void setup(void)
{
	struct err err = {0};

	snprintf(run_dir, sizeof(run_dir), "/tmp/check_hosts_XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(run_dir));
	ck_assert_int_eq(hosts_open(&hosts, run_dir, &err), 0);
	for (unsigned int i = 0; i < 2; i++) {
		files[i] = (struct lease_file){.author = {{2, 0, 0, 0, 0, (uint8_t)(i + 1)}},
			.reservations = lines[i],
			.names = names[i],
			.reservations_changed = true,
			.names_changed = true};
	}
	lines[0][0] = line_of(1, 1);
	lines[0][1] = line_of(5, 5);
	files[0].reservation_count = 2;
	output = (struct lease_output){.file_count = 2};
}

static void teardown(void)
{
	char command[128];

	hosts_close(hosts);
	snprintf(command, sizeof(command), "rm -rf %s", run_dir);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(clears_what_was_left)
{
	put(HOSTS "02-00-00-00-00-09");
	put(HOSTS ONE);
	put(HOSTS ONE ".7");
	put(NAMES "02-00-00-00-00-09");
	files[0].name_count = 1;
	names[0][0] = (struct lease_name){.ip = lines[0][0].ip, .name = "printer"};
	apply(100);
	ck_assert_str_eq(text_of(HOSTS ONE),
		"02:cc:00:00:00:01,10.13.64.1\n02:cc:00:00:00:05,10.13.64.5\n");
	ck_assert_str_eq(text_of(NAMES ONE), "10.13.64.1 printer\n");
	ck_assert_uint_eq(count_files(HOSTS), 1);
	ck_assert_uint_eq(count_files(NAMES), 1);
	reload();
}
END_TEST

START_TEST(adds_a_part_for_new_lines)
{
	apply(100);
	reload();
	lines[0][1] = line_of(3, 3);
	lines[0][2] = line_of(5, 5);
	files[0].reservation_count = 3;
	apply(110);
	ck_assert_str_eq(text_of(HOSTS ONE ".1"), "02:cc:00:00:00:03,10.13.64.3\n");
	ck_assert_str_eq(text_of(HOSTS ONE),
		"02:cc:00:00:00:01,10.13.64.1\n02:cc:00:00:00:05,10.13.64.5\n");
	ck_assert(isinf(hosts_reload_at(hosts)));
	apply(111);
	ck_assert_uint_eq(count_files(HOSTS), 2);
}
END_TEST

START_TEST(an_address_that_moves_waits_for_the_reload)
{
	apply(100);
	reload();
	/* The second author comes later, and the first's line goes to it. */
	files[0].reservation_count = 1;
	lines[1][0] = line_of(5, 5);
	lines[1][1] = line_of(6, 6);
	files[1].reservation_count = 2;
	apply(102);
	ck_assert_str_eq(text_of(HOSTS TWO ".1"), "02:cc:00:00:00:06,10.13.64.6\n");
	ck_assert_str_eq(text_of(HOSTS TWO), "");
	/* Not two SIGHUPs within 5 s. */
	ck_assert_double_ge(hosts_reload_at(hosts), 105.2);
	reload();
	ck_assert_str_eq(text_of(HOSTS ONE), "02:cc:00:00:00:01,10.13.64.1\n");
	ck_assert_str_eq(text_of(HOSTS TWO),
		"02:cc:00:00:00:05,10.13.64.5\n02:cc:00:00:00:06,10.13.64.6\n");
	ck_assert_uint_eq(count_files(HOSTS), 2);
}
END_TEST

START_TEST(an_author_that_is_gone_is_forgotten)
{
	apply(100);
	reload();
	const struct mac gone[] = {files[0].author};
	output.gone = gone;
	output.gone_count = 1;
	files[0] = files[1];
	output.file_count = 1;
	apply(110);
	reload();
	ck_assert_uint_eq(count_files(HOSTS), 0);
}
END_TEST

START_TEST(too_many_parts_become_one)
{
	apply(100);
	reload();
	files[1].reservation_count = 1;
	for (unsigned int i = 0; i < 40; i++) {
		lines[0][0] = line_of(1, 1);
		lines[1][0] = line_of(100 + i, 100 + i);
		apply(110);
	}
	reload();
	ck_assert_uint_eq(count_files(HOSTS), 2);
	ck_assert_str_eq(text_of(HOSTS TWO), "02:cc:00:00:00:8b,10.13.64.139\n");
}
END_TEST

/* What dnsmasq watches for: it must see parts, and nothing of a reload. */
START_TEST(dnsmasq_sees_only_what_it_should)
{
	_Alignas(struct inotify_event) char bytes[4096];
	char path[128];

	apply(100);
	reload();
	snprintf(path, sizeof(path), "%s/dnsmasq.hosts.d", run_dir);
	int watch = inotify_init1(IN_NONBLOCK);
	ck_assert_int_ge(inotify_add_watch(watch, path, IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE),
		0);
	lines[0][1] = line_of(6, 6);
	apply(110);
	reload();
	size_t seen = 0;
	ssize_t count = read(watch, bytes, sizeof(bytes));
	for (char *at = bytes; count > 0 && at < bytes + count;) {
		const struct inotify_event *event = (const void *)at;
		at += sizeof(*event) + event->len;
		if (event->name[0] != '.') {
			ck_assert_str_eq(event->name, ONE ".1");
			seen++;
		}
	}
	ck_assert_uint_eq(seen, 1);
	close(watch);
}
END_TEST

START_TEST(blocks_addresses)
{
	lines[0][0].mac = (struct mac){{0}};
	apply(100);
	ck_assert_str_eq(text_of(HOSTS ONE), "id:meshd-blocked-10.13.64.1,10.13.64.1\n"
					     "02:cc:00:00:00:05,10.13.64.5\n");
}
END_TEST

START_TEST(tries_again_after_a_failure)
{
	char path[128];
	char moved[128];

	apply(100);
	reload();
	snprintf(path, sizeof(path), "%s/dnsmasq.hosts.d", run_dir);
	snprintf(moved, sizeof(moved), "%s/away", run_dir);
	ck_assert_int_eq(rename(path, moved), 0);
	lines[0][2] = line_of(7, 7);
	files[0].reservation_count = 3;
	ck_assert_int_lt(hosts_apply(hosts, &output, 110), 0);
	ck_assert_int_eq(rename(moved, path), 0);
	apply(115);
	ck_assert_str_eq(text_of(HOSTS ONE ".1"), "02:cc:00:00:00:07,10.13.64.7\n");
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("hosts");
	TCase *tests = tcase_create("hosts");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, clears_what_was_left);
	tcase_add_test(tests, adds_a_part_for_new_lines);
	tcase_add_test(tests, an_address_that_moves_waits_for_the_reload);
	tcase_add_test(tests, an_author_that_is_gone_is_forgotten);
	tcase_add_test(tests, too_many_parts_become_one);
	tcase_add_test(tests, dnsmasq_sees_only_what_it_should);
	tcase_add_test(tests, blocks_addresses);
	tcase_add_test(tests, tries_again_after_a_failure);
	suite_add_tcase(suite, tests);
	return suite;
}
