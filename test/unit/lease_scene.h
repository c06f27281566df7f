/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes, leases and clocks for the tests of lease books. */
#ifndef UNIT_LEASE_SCENE_H
#define UNIT_LEASE_SCENE_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <check.h>

#include "core/lease_book.h"

#define SCENE_WALL 1800000000.0 /* of a clock that is right, when the test begins */

struct scene_node {
	struct lease_book *book;
	struct mac mac;
	double boot; /* boot clock minus test time */
	double wall; /* wall clock minus test time */
	const struct lease_output *output;
	struct lease_row rows[64];
	size_t row_count;
};

static inline struct mac scene_mac(uint8_t kind, unsigned int number)
{
	return (struct mac){{0x02, kind, 0, 0, (uint8_t)(number >> 8), (uint8_t)number}};
}

static inline struct mac scene_source(unsigned int number)
{
	return scene_mac(0xbb, number);
}

static inline struct ip scene_ip(unsigned int host)
{
	return (struct ip){AF_INET, {10, 1, (uint8_t)(host >> 8), (uint8_t)host}};
}

static inline struct lease_now scene_now(const struct scene_node *node, double time)
{
	return (struct lease_now){.boot = node->boot + time, .wall = node->wall + time};
}

static inline struct lease_settings scene_settings(unsigned int number)
{
	struct lease_settings settings = {
		.mac = scene_mac(0xaa, number),
		.source = scene_source(number),
		.version = "0.1.0",
		.ipv4 = {scene_ip(0xff00 + number), 16},
		.pool_first = scene_ip(2),
		.pool_last = scene_ip(0xfeff),
		.anycast = scene_ip(1),
		.lease_seconds = 3600,
		.serve = true,
	};

	snprintf(settings.hostname, sizeof(settings.hostname), "node-%u", number);
	return settings;
}

static inline void scene_open_at(struct scene_node *node, unsigned int number, uint64_t incarnation,
	const char *boot_id, double time)
{
	struct lease_settings settings = scene_settings(number);
	struct lease_now now = scene_now(node, time);

	node->mac = settings.mac;
	node->output = NULL;
	ck_assert_int_eq(lease_book_open(&node->book, incarnation, boot_id), 0);
	ck_assert_int_eq(lease_book_set(node->book, &settings, &now), 0);
}

static inline void scene_open(struct scene_node *node, unsigned int number)
{
	*node = (struct scene_node){.boot = 1000.0 * number, .wall = SCENE_WALL};
	scene_open_at(node, number, number, "boot", 0);
}

static inline void scene_close(struct scene_node *node)
{
	lease_book_free(node->book);
	node->book = NULL;
}

/* What dnsmasq would have in its file after (re)newing the lease now. */
static inline void scene_lease(struct scene_node *node, unsigned int host, unsigned int client,
	const char *name, double time)
{
	struct lease_row row = {.ip = scene_ip(host), .mac = scene_mac(0xcc, client)};
	size_t at = 0;

	row.expires = (int64_t)(node->wall + time) + 3600;
	text_copy(row.name, sizeof(row.name), name);
	while (at < node->row_count && memcmp(&node->rows[at].ip, &row.ip, sizeof(row.ip)) != 0) {
		at++;
	}
	ck_assert_uint_lt(at, 64);
	node->rows[at] = row;
	node->row_count += at == node->row_count;
}

static inline void scene_release(struct scene_node *node, const struct ip *ip)
{
	for (size_t i = 0; i < node->row_count; i++) {
		if (memcmp(&node->rows[i].ip, ip, sizeof(*ip)) == 0) {
			node->rows[i] = node->rows[--node->row_count];
			return;
		}
	}
}

static inline void scene_read_file(struct scene_node *node, double time)
{
	struct lease_now now = scene_now(node, time);

	ck_assert_int_eq(lease_book_set_own(node->book, node->rows, node->row_count, &now), 0);
}

/* From one node to another, at once. */
static inline enum lease_taken scene_tell(struct scene_node *from, struct scene_node *to,
	double time)
{
	struct lease_now from_now = scene_now(from, time);
	struct lease_now to_now = scene_now(to, time);
	enum lease_taken taken;
	uint8_t *bytes;
	size_t length;

	ck_assert_int_eq(lease_book_publish(from->book, &from_now, &bytes, &length), 0);
	ck_assert_int_eq(lease_book_take(to->book, &from->book->settings.source, bytes, length,
				 &to_now, &taken),
		0);
	free(bytes);
	return taken;
}

static inline void scene_resolve(struct scene_node *node, double time)
{
	struct lease_now now = scene_now(node, time);

	ck_assert_int_eq(lease_book_resolve(node->book, &now, &node->output), 0);
}

/* For whom the node's files reserve the address; NULL when they do not. */
static inline const struct lease_reservation *scene_find(const struct scene_node *node,
	unsigned int host)
{
	struct ip ip = scene_ip(host);

	for (size_t i = 0; i < node->output->file_count; i++) {
		const struct lease_file *file = &node->output->files[i];
		for (size_t j = 0; j < file->reservation_count; j++) {
			if (memcmp(&file->reservations[j].ip, &ip, sizeof(ip)) == 0) {
				return &file->reservations[j];
			}
		}
	}
	return NULL;
}

static inline bool scene_is_reserved(const struct scene_node *node, unsigned int host,
	unsigned int client)
{
	const struct lease_reservation *line = scene_find(node, host);
	struct mac mac = scene_mac(0xcc, client);

	return line != NULL && memcmp(&line->mac, &mac, sizeof(mac)) == 0;
}

static inline bool scene_is_blocked(const struct scene_node *node, unsigned int host)
{
	const struct lease_reservation *line = scene_find(node, host);

	return line != NULL && mac_is_zero(&line->mac);
}

static inline bool scene_has_name(const struct scene_node *node, const char *name,
	unsigned int host)
{
	struct ip ip = scene_ip(host);

	for (size_t i = 0; i < node->output->file_count; i++) {
		const struct lease_file *file = &node->output->files[i];
		for (size_t j = 0; j < file->name_count; j++) {
			if (strcmp(file->names[j].name, name) == 0 &&
				memcmp(&file->names[j].ip, &ip, sizeof(ip)) == 0) {
				return true;
			}
		}
	}
	return false;
}

/* Two nodes of a cloud. */
struct pair {
	struct scene_node a;
	struct scene_node b;
};

static inline void open_pair(struct pair *pair)
{
	scene_open(&pair->a, 1);
	scene_open(&pair->b, 2);
}

static inline void close_pair(struct pair *pair)
{
	scene_close(&pair->a);
	scene_close(&pair->b);
}

/* Both read their files, tell each other and resolve. */
static inline void meet(struct pair *pair, double time)
{
	scene_read_file(&pair->a, time);
	scene_read_file(&pair->b, time);
	scene_tell(&pair->a, &pair->b, time);
	scene_tell(&pair->b, &pair->a, time);
	scene_resolve(&pair->a, time);
	scene_resolve(&pair->b, time);
}

#endif
