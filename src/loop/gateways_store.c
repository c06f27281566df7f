/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RUN/gateway.json: what was decided and how the ways were, for the next meshd of this boot, which
 * shall go on where this one was. STATE/gateway.json: the user's choice. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/json_text.h"
#include "loop/gateways.h"
#include "loop/store.h"

#define RESTORED_MAX 64

static json_t *load_file(const char *directory, char *path, size_t size)
{
	json_error_t error;

	snprintf(path, size, "%s/gateway.json", directory);
	return json_load_file(path, JSON_REJECT_DUPLICATES, &error);
}

static void load_choice(struct gateways *gateways)
{
	char path[320];
	struct gateway_choice choice = {0};
	CLEANUP(cleanup_json) json_t *json = load_file(gateways->state_dir, path, sizeof(path));

	if (json == NULL) {
		return;
	}
	if (!gateway_choice_from_json(json, &choice)) {
		log_warning("gateway",
			"%s is not right and is not used; meshctl gateway writes it anew", path);
		return;
	}
	gateways->choice = choice;
	gateways->commanded = true;
}

static void load_paths(struct gateways *gateways, json_t *paths, double then)
{
	/* The configuration is not known yet; with these a penalty decays as at the standard. */
	struct path_rules rules = {.half_life = 60, .suppress = 2500, .reuse = 1000};
	const char *key;
	json_t *value;

	gateways->restored = calloc(RESTORED_MAX, sizeof(gateways->restored[0]));
	if (gateways->restored == NULL) {
		return;
	}
	json_object_foreach (paths, key, value) {
		struct gateways_restored *restored = &gateways->restored[gateways->restored_count];
		if (gateways->restored_count < RESTORED_MAX &&
			text_copy(restored->key, sizeof(restored->key), key) &&
			path_from_json(value, &rules, then, &restored->path)) {
			gateways->restored_count++;
		}
	}
}

static void load_pins(struct gateways_wants *wants, const json_t *pins)
{
	for (size_t i = 0; i < GATEWAYS_PINS_MAX; i++) {
		const json_t *pin = json_array_get(pins, i);
		const char *family = json_string_value(json_object_get(pin, "family"));
		const char *id = json_string_value(json_object_get(pin, "id"));

		if (family != NULL && id != NULL && routing_state_is_node_id(id)) {
			bool ipv6 = strcmp(family, gateway_family_text(GATEWAY_IPV6)) == 0;
			gateways_pin(wants, i, ipv6 ? GATEWAY_IPV6 : GATEWAY_IPV4, id);
		}
	}
}

/* What the daemons were told they go on with until it is decided anew. Another place of a pin, or a
 * moment without it, and bmx7 would make its tunnel anew. */
static void load_wants(struct gateways_wants *wants, const json_t *json)
{
	wants->ipv6_way = json_is_true(json_object_get(json, "ipv6_way"));
	wants->choosing = json_is_true(json_object_get(json, "choosing"));
	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		const json_t *bandwidth = json_object_get(json_object_get(json, "offers"),
			gateway_family_text(family));
		wants->offered[family] =
			json_is_integer(bandwidth) && json_integer_value(bandwidth) >= 0;
		wants->bandwidth[family] =
			wants->offered[family] ? (uint64_t)json_integer_value(bandwidth) : 0;
	}
	load_pins(wants, json_object_get(json, "pins"));
}

static json_t *pins_to_json(const struct gateways_wants *wants)
{
	json_t *pins = json_array();

	for (size_t i = 0; i < GATEWAYS_PINS_MAX; i++) {
		const struct gateways_pin *pin = &wants->pins[i];
		json_array_append_new(pins,
			pin->id[0] == '\0'
				? json_null()
				: json_pack("{s:s, s:s}", "family",
					  gateway_family_text(pin->family), "id", pin->id));
	}
	return pins;
}

static json_t *wants_to_json(const struct gateways_wants *wants)
{
	json_t *offers = json_object();

	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		if (wants->offered[family]) {
			json_object_set_new(offers, gateway_family_text(family),
				json_integer((json_int_t)wants->bandwidth[family]));
		}
	}
	return json_pack("{s:b, s:b, s:o, s:o}", "ipv6_way", wants->ipv6_way, "choosing",
		wants->choosing, "offers", offers, "pins", pins_to_json(wants));
}

void gateways_load(struct gateways *gateways, double now)
{
	char path[320];
	CLEANUP(cleanup_json) json_t *json = load_file(gateways->run_dir, path, sizeof(path));
	const json_t *memory = json_object_get(json, "memory");
	double then = json_number_value(json_object_get(json, "monotonic"));

	load_choice(gateways);
	/* A clock that was further is another boot's. */
	if (json == NULL || then <= 0 || then > now) {
		return;
	}
	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		const json_t *of = json_object_get(memory, gateway_family_text(family));
		struct gateway_memory loaded = {0};
		if (gateway_memory_from_json(of, then, &loaded)) {
			gateways->families[family].memory = loaded;
		}
	}
	load_paths(gateways, json_object_get(json, "paths"), then);
	load_wants(&gateways->wants, json_object_get(json, "wants"));
}

static void add_path(json_t *paths, const struct gateways *gateways, enum gateway_family family,
	const struct gateway_key *key, double now)
{
	char text[GATEWAY_PATH_KEY_SIZE];

	gateway_path_key(family, key, text);
	const struct path *path = gateways_path(gateways, text);
	if (path != NULL) {
		json_object_set_new(paths, text, path_to_json(path, &gateways->path_rules, now));
	}
}

static json_t *paths_to_json(const struct gateways *gateways, double now)
{
	json_t *paths = json_object();

	for (size_t i = 0; i < gateways->own_count; i++) {
		const struct gateway_own *own = &gateways->own[i];
		struct gateway_key key = {.kind = GATEWAY_UPLINK};
		text_copy(key.id, sizeof(key.id), own->link);
		add_path(paths, gateways, gateway_own_family(own), &key, now);
	}
	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		const struct gateways_family *of = &gateways->families[family];
		for (size_t i = 0; i < of->count; i++) {
			add_path(paths, gateways, family, &of->candidates[i].key, now);
		}
	}
	return paths;
}

/* What changed since the last time? Penalties and times always do. */
static uint64_t fingerprint(const struct gateways *gateways)
{
	uint64_t print = gateways->wants.ipv6_way;

	for (size_t i = 0; i < gateways->own_count; i++) {
		const struct path *path = gateways_own_path(gateways, i);
		print = print * 31 + (path == NULL ? 0 : path->changes * 8 + path->health + 1);
		print = print * 31 + gateways->offered[i];
	}
	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		const struct gateways_family *of = &gateways->families[family];
		print = print * 31 + of->memory.changes;
		for (size_t i = 0; i < of->count; i++) {
			print = print * 31 + (of->candidates[i].probed
							     ? of->candidates[i].health.health + 1
							     : 0);
		}
	}
	for (size_t i = 0; i < GATEWAYS_PINS_MAX; i++) {
		const struct gateways_pin *pin = &gateways->wants.pins[i];
		print = print * 31 + pin->family;
		for (const char *digit = pin->id; *digit != '\0'; digit++) {
			print = print * 31 + (unsigned char)*digit;
		}
	}
	return print;
}

void gateways_save(struct gateways *gateways, double now)
{
	char path[320];
	uint64_t print = fingerprint(gateways);

	if (gateways->saved == print) {
		return;
	}
	CLEANUP(cleanup_json)
	json_t *json = json_pack("{s:f, s:o, s:{s:o, s:o}, s:o}", "monotonic", now, "wants",
		wants_to_json(&gateways->wants), "memory", gateway_family_text(GATEWAY_IPV4),
		gateway_memory_to_json(&gateways->families[GATEWAY_IPV4].memory, now),
		gateway_family_text(GATEWAY_IPV6),
		gateway_memory_to_json(&gateways->families[GATEWAY_IPV6].memory, now), "paths",
		paths_to_json(gateways, now));
	snprintf(path, sizeof(path), "%s/gateway.json", gateways->run_dir);
	int result = json == NULL ? -ENOMEM : store_write(path, json);
	if (result < 0 && !gateways->save_failed) {
		log_warning("gateway", "%s cannot be written: %s", path, strerrordesc_np(-result));
	}
	gateways->save_failed = result < 0;
	gateways->saved = print;
}

int gateways_save_choice(const struct gateways *gateways)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/gateway.json", gateways->state_dir);
	if (!gateways->commanded) {
		return remove(path) < 0 && errno != ENOENT ? -errno : 0;
	}
	CLEANUP(cleanup_json) json_t *json = gateway_choice_to_json(&gateways->choice);
	return json == NULL ? -ENOMEM : store_write(path, json);
}
