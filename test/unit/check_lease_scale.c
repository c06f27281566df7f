/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a large cloud costs. Times are printed; what is held are ratios in one run. */
#include <stdlib.h>
#include <time.h>

#include "unit/check_main.h"
#include "unit/lease_scene.h"

#define AUTHORS 300
#define ROUNDS  20

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A dataset of count leases from address first on. */
static uint8_t *dataset(unsigned int author, uint32_t first, size_t count, uint32_t sequence,
	size_t *length)
{
	struct lease_settings settings = scene_settings(author);
	struct fact fact = {
		.author = settings.mac,
		.source = settings.source,
		.incarnation = 5,
		.sequence = sequence,
		.published = (int64_t)SCENE_WALL + sequence,
		.wall = (int64_t)SCENE_WALL + sequence,
		.lease_count = count,
	};
	size_t left_out;
	uint8_t *bytes;

	fact.leases = calloc(count + 1, sizeof(*fact.leases));
	snprintf(fact.hostname, sizeof(fact.hostname), "node-%u", author);
	for (size_t i = 0; i < count; i++) {
		unsigned int number = first + (unsigned int)i;
		fact.leases[i] = (struct fact_lease){
			.address = 0x0a010002 + number,
			.mac = scene_mac((uint8_t)(0x10 + sequence % 2), number),
			.begin = (int64_t)SCENE_WALL - number,
			.renewed = (int64_t)SCENE_WALL,
			.remaining = 3000,
		};
		snprintf(fact.leases[i].name, FACT_NAME_SIZE, "laptop-%05u", number);
	}
	ck_assert_int_eq(fact_build(&fact, &bytes, length, &left_out), 0);
	fact_free(&fact);
	return bytes;
}

static double take(struct scene_node *node, unsigned int author, uint32_t first, size_t count,
	uint32_t sequence)
{
	size_t length;
	uint8_t *bytes = dataset(author, first, count, sequence, &length);
	struct lease_now now = scene_now(node, sequence);
	struct mac source = scene_source(author);
	enum lease_taken taken;
	double start = seconds();

	ck_assert_int_eq(lease_book_take(node->book, &source, bytes, length, &now, &taken), 0);
	double cost = seconds() - start;
	ck_assert_int_eq(taken, LEASE_TAKEN);
	free(bytes);
	return cost;
}

/* Seconds for one changed dataset of 1,000 leases in a cloud of so many others, and for the resolve
 * after it. */
static void measure(size_t others, double *taking, double *resolving)
{
	struct scene_node node;
	size_t each = others / (AUTHORS - 1);

	scene_open(&node, 1);
	for (unsigned int i = 0; i + 1 < AUTHORS; i++) {
		take(&node, i + 3, 1000 + i * (uint32_t)each, each, 1);
	}
	*taking = 0;
	*resolving = 0;
	for (uint32_t round = 2; round < 2 + ROUNDS; round++) {
		*taking += take(&node, 2, 0, 1000, round) / ROUNDS;
		double start = seconds();
		scene_resolve(&node, round);
		*resolving += (seconds() - start) / ROUNDS;
		ck_assert(node.output->reservations_removed == (round > 2));
	}
	ck_assert_uint_eq(node.book->result.line_count, each * (AUTHORS - 1) + 1000);
	scene_close(&node);
}

START_TEST(a_changed_dataset_costs_itself)
{
	double small_take;
	double small_resolve;
	double large_take;
	double large_resolve;

	measure(900, &small_take, &small_resolve);
	measure(9000, &large_take, &large_resolve);
	printf("1,000 leases taken and resolved: of 1,900 in %.2f + %.2f ms, of 10,000 in "
	       "%.2f + %.2f ms\n",
		small_take * 1e3, small_resolve * 1e3, large_take * 1e3, large_resolve * 1e3);
	/* Five times the leases: n log n is about six times the work, the square 25. */
	ck_assert_double_lt(large_resolve, 15 * small_resolve);
	ck_assert_double_lt(large_take, 4 * small_take);
}
END_TEST

START_TEST(a_thousand_own_leases_are_read_and_packed)
{
	struct scene_node node;
	struct lease_row *rows = calloc(1000, sizeof(*rows));
	uint8_t *bytes;
	size_t length;

	scene_open(&node, 1);
	for (unsigned int i = 0; i < 1000; i++) {
		rows[i].ip = scene_ip(2 + i * 7);
		rows[i].mac = scene_mac(0xcc, i);
		rows[i].expires = (int64_t)SCENE_WALL + 3600;
		snprintf(rows[i].name, sizeof(rows[i].name), "laptop-%u", i);
	}
	struct lease_now now = scene_now(&node, 1);
	double start = seconds();
	ck_assert_int_eq(lease_book_set_own(node.book, rows, 1000, &now), 0);
	double read = seconds();
	ck_assert_int_eq(lease_book_publish(node.book, &now, &bytes, &length), 0);
	printf("1,000 own leases: read %.2f ms, packed %.2f ms, %zu bytes\n", (read - start) * 1e3,
		(seconds() - read) * 1e3, length);
	ck_assert_uint_lt(length, 36526);
	free(bytes);
	free(rows);
	scene_close(&node);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("lease_scale");
	TCase *tests = tcase_create("lease_scale");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_changed_dataset_costs_itself);
	tcase_add_test(tests, a_thousand_own_leases_are_read_and_packed);
	suite_add_tcase(suite, tests);
	return suite;
}
