/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Begins and withdrawals over restarts. Ages are kept, not times: the clock may be another one
 * after a reboot. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "core/json_text.h"
#include "core/lease_book.h"

#define STORE_VERSION 1

static json_t *own_to_json(const struct lease_own *own, const struct lease_now *now)
{
	struct ip address = lease_ip(own->address);
	json_t *json = json_pack("{s:o, s:o, s:f, s:f, s:I, s:s}", "ip", json_ip(&address), "mac",
		json_mac(&own->mac), "age", now->boot - own->begin, "renewed",
		now->boot - own->renewed, "expires", (json_int_t)own->expires_wall, "name",
		own->name);
	if (json != NULL && !isinf(own->expires)) {
		json_object_set_new(json, "left", json_real(own->expires - now->boot));
	}
	return json;
}

static json_t *ended_to_json(const struct lease_ended *ended, const struct lease_now *now)
{
	struct ip address = lease_ip(ended->address);

	return json_pack("{s:o, s:o, s:f, s:f}", "ip", json_ip(&address), "mac",
		json_mac(&ended->mac), "age", now->boot - ended->time, "left",
		ended->until - now->boot);
}

char *lease_book_export(struct lease_book *book, const struct lease_now *now)
{
	json_t *leases = json_array();
	json_t *ended = json_array();
	CLEANUP(cleanup_json)
	json_t *json = json_pack("{s:i, s:s, s:f, s:f, s:o, s:o}", "version", STORE_VERSION,
		"boot_id", book->boot_id, "boot", now->boot, "wall", now->wall, "leases", leases,
		"withdrawals", ended);

	if (json == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < book->own_count; i++) {
		if (!lease_own_is_over(&book->own[i], now) &&
			json_array_append_new(leases, own_to_json(&book->own[i], now)) < 0) {
			return NULL;
		}
	}
	for (size_t i = 0; i < book->ended_count; i++) {
		if (json_array_append_new(ended, ended_to_json(&book->ended[i], now)) < 0) {
			return NULL;
		}
	}
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
	book->store_dirty = book->store_dirty && text == NULL;
	return text;
}

/* Seconds since the export. Over a reboot only the clock knows, if it was and is set; else no time
 * passed, which makes leases seem younger at worst. */
static double gap(const struct lease_book *book, const json_t *json, const struct lease_now *now)
{
	const char *boot_id = json_string_value(json_object_get(json, "boot_id"));
	double wall = json_number_value(json_object_get(json, "wall"));
	double boot = json_number_value(json_object_get(json, "boot"));

	if (boot_id != NULL && strcmp(boot_id, book->boot_id) == 0) {
		return now->boot > boot ? now->boot - boot : 0;
	}
	return wall >= LEASE_WALL_FLOOR && now->wall > wall ? now->wall - wall : 0;
}

static bool read_key(const json_t *json, uint32_t *address, struct mac *mac)
{
	const char *ip_text = json_string_value(json_object_get(json, "ip"));
	const char *mac_text = json_string_value(json_object_get(json, "mac"));
	struct ip ip;

	if (ip_text == NULL || mac_text == NULL || ip_parse(ip_text, &ip) < 0 ||
		mac_parse(mac_text, mac) < 0) {
		return false;
	}
	*address = lease_address(&ip);
	return *address != 0 && lease_check_mac(mac);
}

static double read_age(const json_t *json, const char *key)
{
	double age = json_number_value(json_object_get(json, key));

	return age > 0 && age < FACT_AGE_MAX ? age : 0;
}

/* False when it is not worth keeping. */
static bool read_own(const json_t *json, double gap_seconds, double boot, struct lease_own *own)
{
	const json_t *left = json_object_get(json, "left");
	const char *name = json_string_value(json_object_get(json, "name"));

	*own = (struct lease_own){.imported = true};
	if (!read_key(json, &own->address, &own->mac)) {
		return false;
	}
	own->begin = boot - gap_seconds - read_age(json, "age");
	own->renewed = boot - gap_seconds - read_age(json, "renewed");
	own->expires = left == NULL ? INFINITY : boot - gap_seconds + read_age(json, "left");
	own->expires_wall = json_integer_value(json_object_get(json, "expires"));
	if (name != NULL) {
		fact_name(name, strlen(name), own->name);
	}
	if (own->renewed < own->begin) {
		own->renewed = own->begin;
	}
	return own->expires > boot;
}

static int compare_own(const void *left, const void *right)
{
	const struct lease_own *a = left;
	const struct lease_own *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static int import_own(struct lease_book *book, const json_t *leases, double gap_seconds,
	const struct lease_now *now)
{
	size_t count = json_array_size(leases);
	struct lease_own *own = calloc(count + 1, sizeof(*own));
	size_t kept = 0;

	if (own == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		kept += read_own(json_array_get(leases, i), gap_seconds, now->boot, &own[kept]);
	}
	qsort(own, kept, sizeof(*own), compare_own);
	size_t single = 0;
	for (size_t i = 0; i < kept; i++) {
		if (single == 0 || own[single - 1].address != own[i].address) {
			own[single++] = own[i];
		}
	}
	free(book->own);
	book->own = own;
	book->own_count = single;
	return 0;
}

static int import_ended(struct lease_book *book, const json_t *list, double gap_seconds,
	const struct lease_now *now)
{
	size_t count = json_array_size(list);

	count = count < FACT_ENDED_MAX ? count : FACT_ENDED_MAX;
	struct lease_ended *ended = calloc(count + 1, sizeof(*ended));
	if (ended == NULL) {
		return -ENOMEM;
	}
	free(book->ended);
	book->ended = ended;
	book->ended_count = 0;
	for (size_t i = 0; i < count; i++) {
		const json_t *json = json_array_get(list, i);
		struct lease_ended *next = &ended[book->ended_count];

		next->time = now->boot - gap_seconds - read_age(json, "age");
		next->until = now->boot - gap_seconds + read_age(json, "left");
		book->ended_count +=
			read_key(json, &next->address, &next->mac) && next->until > now->boot;
	}
	return 0;
}

int lease_book_import(struct lease_book *book, const char *text, const struct lease_now *now)
{
	CLEANUP(cleanup_json) json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (json_integer_value(json_object_get(json, "version")) != STORE_VERSION) {
		return -EINVAL;
	}
	double gap_seconds = gap(book, json, now);
	int rc = import_own(book, json_object_get(json, "leases"), gap_seconds, now);
	if (rc < 0) {
		return rc;
	}
	return import_ended(book, json_object_get(json, "withdrawals"), gap_seconds, now);
}
