/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Four nodes, a dozen clients, and everything that goes wrong. When it has been quiet for a while
 * all nodes have to agree. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "unit/check_main.h"
#include "unit/lease_scene.h"

#define NODES     4
#define CLIENTS   12
#define POOL      10 /* fewer addresses than clients: conflicts are common */
#define FIRST     20
#define MAILS     512
#define RUNS      40
#define STORM     1200 /* seconds */
#define QUIET     500
#define DELAY_MAX 12

/* A dataset on its way. */
struct mail {
	size_t from;
	size_t to;
	double due;
	uint8_t *bytes;
	size_t length;
};

struct world {
	struct scene_node nodes[NODES];
	bool cut[NODES][NODES];
	struct mail mails[MAILS];
	size_t mail_count;
	size_t at[CLIENTS]; /* the node where a client is; NODES = off */
	unsigned int address[CLIENTS];
	double drift[NODES];
	uint64_t incarnation;
	uint64_t random;
	double time;
	bool adverse; /* clocks jump, nodes restart */
};

static unsigned int pick(struct world *world, unsigned int below)
{
	world->random = world->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(world->random >> 33) % below;
}

static void post(struct world *world, size_t from, size_t to, const uint8_t *bytes, size_t length)
{
	if (world->mail_count == MAILS || world->cut[from][to]) {
		return;
	}
	struct mail *mail = &world->mails[world->mail_count++];
	mail->from = from;
	mail->to = to;
	mail->due = world->time + pick(world, DELAY_MAX * 10) / 10.0;
	mail->bytes = malloc(length);
	mail->length = length;
	memcpy(mail->bytes, bytes, length);
}

static void publish(struct world *world, size_t from)
{
	struct scene_node *node = &world->nodes[from];
	struct lease_now now = scene_now(node, world->time);
	uint8_t *bytes;
	size_t length;

	if (lease_book_publish_at(node->book) > now.boot) {
		return;
	}
	ck_assert_int_eq(lease_book_publish(node->book, &now, &bytes, &length), 0);
	for (size_t to = 0; to < NODES; to++) {
		if (to != from) {
			post(world, from, to, bytes, length);
			if (pick(world, 4) == 0) {
				post(world, from, to, bytes, length); /* and a late copy */
			}
		}
	}
	free(bytes);
}

static void deliver(struct world *world)
{
	for (size_t i = 0; i < world->mail_count;) {
		struct mail *mail = &world->mails[i];
		struct scene_node *to = &world->nodes[mail->to];
		struct lease_now now = scene_now(to, world->time);
		enum lease_taken taken = LEASE_REFUSED;

		if (mail->due > world->time) {
			i++;
			continue;
		}
		ck_assert_int_eq(lease_book_take(to->book,
					 &world->nodes[mail->from].book->settings.source,
					 mail->bytes, mail->length, &now, &taken),
			0);
		if (taken == LEASE_LATER) {
			mail->due = world->time + 1;
			continue;
		}
		free(mail->bytes);
		*mail = world->mails[--world->mail_count];
	}
}

/* What a node believes about the rows of its files: no address and no MAC twice. */
static void check_files(const struct scene_node *node)
{
	const struct lease_result *result = &node->book->result;

	for (size_t i = 0; i < result->line_count; i++) {
		const struct lease_line *a = &result->by_address[i];
		for (size_t j = i + 1; j < result->line_count; j++) {
			const struct lease_line *b = &result->by_address[j];
			ck_assert(a->address != b->address);
			ck_assert(mac_is_zero(&a->mac) || lease_compare_mac(&a->mac, &b->mac) != 0);
		}
	}
}

static void resolve(struct world *world, size_t index)
{
	struct scene_node *node = &world->nodes[index];
	struct lease_now now = scene_now(node, world->time);

	if (lease_book_resolve_at(node->book) > now.boot) {
		return;
	}
	scene_resolve(node, world->time);
	check_files(node);
	for (size_t i = 0; i < node->output->end_count; i++) {
		const struct lease_end *end = &node->output->ends[i];
		for (size_t j = 0; j < node->row_count; j++) {
			if (memcmp(&node->rows[j].ip, &end->ip, sizeof(end->ip)) == 0 &&
				lease_compare_mac(&node->rows[j].mac, &end->mac) == 0) {
				scene_release(node, &end->ip);
				break;
			}
		}
	}
}

static const struct lease_row *find_row(const struct scene_node *node, unsigned int host,
	const struct mac *mac)
{
	struct ip ip = scene_ip(host);

	for (size_t i = 0; i < node->row_count; i++) {
		const struct lease_row *row = &node->rows[i];
		bool address = host == 0 || memcmp(&row->ip, &ip, sizeof(ip)) == 0;
		if (address && (mac == NULL || lease_compare_mac(&row->mac, mac) == 0)) {
			return row;
		}
	}
	return NULL;
}

/* May dnsmasq give the address to the client? */
static bool is_free(const struct scene_node *node, unsigned int host, const struct mac *mac)
{
	const struct lease_row *row = find_row(node, host, NULL);
	const struct lease_reservation *line = node->output != NULL ? scene_find(node, host) : NULL;

	return (row == NULL || lease_compare_mac(&row->mac, mac) == 0) &&
	       (line == NULL || lease_compare_mac(&line->mac, mac) == 0);
}

/* The client asks for its address, or for any, at the node where it is. */
static void request(struct world *world, unsigned int client)
{
	struct scene_node *node = &world->nodes[world->at[client]];
	struct mac mac = scene_mac(0xcc, client);

	if (world->address[client] == 0 || !is_free(node, world->address[client], &mac)) {
		world->address[client] = 0;
		for (unsigned int i = 0, host = pick(world, POOL); i < POOL; i++, host++) {
			if (is_free(node, FIRST + host % POOL, &mac)) {
				world->address[client] = FIRST + host % POOL;
				break;
			}
		}
	}
	const struct lease_row *old = find_row(node, 0, &mac);
	if (old != NULL) {
		struct ip ip = old->ip;
		scene_release(node, &ip); /* dnsmasq keeps one lease a client */
	}
	if (world->address[client] != 0) {
		scene_lease(node, world->address[client], client, "", world->time);
	}
}

static void prune(struct world *world, size_t index)
{
	struct scene_node *node = &world->nodes[index];

	for (size_t i = node->row_count; i-- > 0;) {
		if ((double)node->rows[i].expires <= node->wall + world->time) {
			struct ip ip = node->rows[i].ip;
			scene_release(node, &ip);
		}
	}
}

static void restart(struct world *world, size_t index, bool reboot)
{
	struct scene_node *node = &world->nodes[index];
	struct lease_now now = scene_now(node, world->time);
	CLEANUP(cleanup_free) char *text = lease_book_export(node->book, &now);
	char boot_id[32];

	scene_close(node);
	if (reboot) {
		node->boot = 5 - world->time;
	}
	snprintf(boot_id, sizeof(boot_id), "%.0f", node->boot);
	scene_open_at(node, (unsigned int)index + 1, ++world->incarnation, boot_id, world->time);
	now = scene_now(node, world->time);
	ck_assert_int_eq(lease_book_import(node->book, text, &now), 0);
}

static void jump(struct world *world, size_t index)
{
	static const double jumps[] = {1, -1, 30, -30, 86400, -86400, 1e9, -1e9};
	double wall = world->nodes[index].wall + jumps[pick(world, ARRAY_SIZE(jumps))];

	if (wall > 0 && wall < 1e10) {
		world->nodes[index].wall = wall;
	}
}

static void disturb(struct world *world)
{
	unsigned int client = pick(world, CLIENTS);
	size_t a = pick(world, NODES);
	size_t b = pick(world, NODES);

	switch (pick(world, world->adverse ? 60 : 40)) {
	case 0:
	case 1:
	case 2:
		world->at[client] = a;
		request(world, client);
		break;
	case 3:
		if (world->at[client] < NODES) {
			struct ip ip = scene_ip(world->address[client]);
			struct mac mac = scene_mac(0xcc, client);
			if (find_row(&world->nodes[world->at[client]], world->address[client],
				    &mac) != NULL) {
				scene_release(&world->nodes[world->at[client]], &ip);
			}
			world->at[client] = NODES;
			world->address[client] = 0;
		}
		break;
	case 4:
		world->cut[a][b] = world->cut[b][a] = a != b;
		break;
	case 5:
		world->cut[a][b] = world->cut[b][a] = false;
		break;
	case 40:
		restart(world, a, pick(world, 2) == 0);
		break;
	case 41:
		jump(world, a);
		break;
	default:
		break;
	}
}

static void step(struct world *world)
{
	world->time += 1;
	for (size_t i = 0; i < NODES; i++) {
		world->nodes[i].boot += world->drift[i];
		world->nodes[i].wall -= world->drift[i];
		prune(world, i);
		scene_read_file(&world->nodes[i], world->time);
	}
	deliver(world);
	for (size_t i = 0; i < NODES; i++) {
		publish(world, i);
		resolve(world, i);
	}
}

/* The client that a node would give the address to; false when to anybody. */
static bool holder(const struct scene_node *node, unsigned int host, struct mac *mac)
{
	const struct lease_row *row = find_row(node, host, NULL);
	const struct lease_reservation *line = scene_find(node, host);

	if (row != NULL) {
		*mac = row->mac;
	} else if (line != NULL) {
		*mac = line->mac;
	}
	return row != NULL || line != NULL;
}

/* A node whose word is about to run out may be a little ahead of the others. */
static bool runs_out(const struct world *world, unsigned int host)
{
	uint32_t address = 0x0a010000 + host;

	for (size_t i = 0; i < NODES; i++) {
		const struct scene_node *node = &world->nodes[i];
		const struct lease_result *result = &node->book->result;
		for (size_t j = 0; j < result->shown_count; j++) {
			double left = result->shown[j].expires - (node->boot + world->time);
			if (result->shown[j].address == address && left < 60) {
				return true;
			}
		}
	}
	return false;
}

static void check_agreement(const struct world *world, unsigned int run)
{
	for (size_t i = 0; i < NODES; i++) {
		ck_assert_msg(world->nodes[i].book->result.quarrel_count == 0,
			"run %u: node %zu still has a conflict", run, i);
	}
	for (unsigned int host = FIRST; host < FIRST + POOL; host++) {
		struct mac first = {{0}};
		bool any = holder(&world->nodes[0], host, &first);

		for (size_t i = 1; i < NODES && !runs_out(world, host); i++) {
			struct mac mac = {{0}};
			bool held = holder(&world->nodes[i], host, &mac);
			/* Blocked for nobody is as good: the client has a newer lease. */
			bool same = lease_compare_mac(&mac, &first) == 0 || mac_is_zero(&mac) ||
				    mac_is_zero(&first);
			ck_assert_msg(held == any && same, "run %u: node %zu, host %u", run, i,
				host);
		}
	}
}

static size_t play(unsigned int run, bool adverse)
{
	struct world *world = calloc(1, sizeof(*world));
	size_t conflicts = 0;

	world->random = run * 2654435761u + 12345;
	world->adverse = adverse;
	world->incarnation = 100;
	for (unsigned int i = 0; i < NODES; i++) {
		scene_open(&world->nodes[i], i + 1);
		world->drift[i] = (pick(world, 200) - 100.0) * 1e-6;
		if (adverse) {
			jump(world, i);
		}
	}
	for (size_t i = 0; i < CLIENTS; i++) {
		world->at[i] = NODES;
	}
	while (world->time < STORM) {
		disturb(world);
		step(world);
	}
	memset(world->cut, 0, sizeof(world->cut));
	for (size_t i = 0; i < QUIET; i++) {
		step(world);
	}
	check_agreement(world, run);
	for (size_t i = 0; i < NODES; i++) {
		conflicts += lease_book_conflict_total(world->nodes[i].book);
		scene_close(&world->nodes[i]);
	}
	for (size_t i = 0; i < world->mail_count; i++) {
		free(world->mails[i].bytes);
	}
	free(world);
	return conflicts;
}

START_TEST(nodes_agree_after_partitions)
{
	size_t conflicts = 0;

	for (unsigned int run = 0; run < RUNS; run++) {
		conflicts += play(run, false);
	}
	ck_assert_uint_gt(conflicts, RUNS);
}
END_TEST

START_TEST(nodes_agree_after_restarts_and_jumping_clocks)
{
	size_t conflicts = 0;

	for (unsigned int run = 0; run < RUNS; run++) {
		conflicts += play(1000 + run, true);
	}
	ck_assert_uint_gt(conflicts, RUNS);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("lease_property");
	TCase *tests = tcase_create("lease_property");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, nodes_agree_after_partitions);
	tcase_add_test(tests, nodes_agree_after_restarts_and_jumping_clocks);
	suite_add_tcase(suite, tests);
	return suite;
}
