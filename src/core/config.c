/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/config_reader.h"

static void cleanup_config(struct config *config)
{
	config_free(config);
}

static void free_layer3(struct layer3_config *layer3)
{
	free(layer3->networks);
	free(layer3->announce);
}

#define FULL_PACKET_MAX 1500 /* the mesh interface takes no more (batadv_hardif_min_mtu()) */
#define BATADV_HEADER   32   /* of a client's packet: its Ethernet header and batman-adv's */

uint32_t config_full_packet(const struct config *config)
{
	uint32_t mtu = (uint32_t)config->lan.mtu;

	return mtu < FULL_PACKET_MAX ? mtu : FULL_PACKET_MAX;
}

uint32_t config_full_frame(const struct config *config)
{
	return config_full_packet(config) + BATADV_HEADER;
}

bool config_supervises(const struct layer3_config *layer3)
{
	return layer3->enabled && layer3->supervise;
}

void config_free(struct config *config)
{
	free(config->links);
	free(config->lan.ports);
	free(config->batadv.vlans);
	free_layer3(&config->bmx7);
	free_layer3(&config->babeld);
	free(config->dhcp.names);
	free(config->dhcp.resolvers);
	free(config->dhcp.hosts);
	free(config->uplinks);
	for (size_t i = 0; i < PROBE_KINDS; i++) {
		free(config->probes.targets[i]);
	}
	free(config->gateway.prefer);
	free(config->gateway.avoid);
	memset(config, 0, sizeof(*config));
}

static size_t count_errors(const struct err_list *errors)
{
	return errors->count + errors->left_out;
}

static bool is_object(const struct config_layer *layer, const json_t *tree, struct err_list *errors)
{
	const struct config_path top = {.depth = 0};
	char written[CONFIG_QUOTE_SIZE];

	if (!json_is_object(tree)) {
		config_quote(tree, written);
		config_report(errors, layer, &top, CONFIG_AT_VALUE,
			"the file is %s, must be an object, { ... }", written);
	}
	return json_is_object(tree);
}

/* Of a text that jansson refused: its faults, and what is wrong besides. */
static void report_wrong(const struct config_layer *layer, const char *reason,
	struct err_list *errors)
{
	const struct config_path top = {.depth = 0};
	size_t before = count_errors(errors);

	json_t *tree = config_read_wrong(layer, errors);
	if (tree != NULL && is_object(layer, tree, errors)) {
		config_check_tree(layer, tree, errors);
	}
	json_decref(tree);
	if (count_errors(errors) == before) {
		config_report(errors, layer, &top, CONFIG_AT_VALUE, "the file cannot be read: %s",
			reason);
	}
}

json_t *config_parse(const struct config_layer *layer, struct err_list *errors)
{
	const struct config_path top = {.depth = 0};
	json_error_t error;

	if (layer->length > CONFIG_FILE_MAX) {
		struct config_layer unread = {.file = layer->file, .text = ""};
		config_report(errors, &unread, &top, CONFIG_AT_VALUE,
			"the file is larger than %d KiB; no configuration needs that",
			CONFIG_FILE_MAX / 1024);
		return NULL;
	}
	json_t *tree = json_loadb(layer->text, layer->length,
		JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (tree == NULL) {
		report_wrong(layer, error.text, errors);
		return NULL;
	}
	if (!is_object(layer, tree, errors)) {
		json_decref(tree);
		return NULL;
	}
	return tree;
}

/* The object of that name in target, made when there is none. NULL when memory ends. */
static json_t *child_object(json_t *target, const char *name)
{
	json_t *child = json_object_get(target, name);

	if (json_is_object(child)) {
		return child;
	}
	child = json_object();
	return json_object_set_new(target, name, child) == 0 ? child : NULL;
}

int config_merge(json_t *target, json_t *patch)
{
	const char *name;
	json_t *value;
	int result = 0;

	json_object_foreach (patch, name, value) {
		if (json_is_null(value)) {
			json_object_del(target, name);
		} else if (json_is_object(value)) {
			json_t *child = child_object(target, name);
			result = child != NULL ? config_merge(child, value) : -ENOMEM;
		} else {
			result = json_object_set(target, name, value) == 0 ? 0 : -ENOMEM;
		}
		if (result < 0) {
			return result;
		}
	}
	return 0;
}

static void free_trees(struct config_reader *reader)
{
	for (size_t i = 0; i < reader->count; i++) {
		json_decref(reader->trees[i]);
	}
	free(reader->trees);
}

/* Parses and checks every layer. -ENOMEM, or 0 with the errors in the list. */
static int read_layers(struct config_reader *reader)
{
	const struct config_path profile = config_path_of("profile", NULL);

	reader->trees = calloc(reader->count + 1, sizeof(json_t *));
	if (reader->trees == NULL) {
		reader->count = 0;
		return -ENOMEM;
	}
	for (size_t i = 0; i < reader->count; i++) {
		json_t *tree = config_parse(&reader->layers[i], reader->errors);

		if (tree != NULL) {
			config_check_tree(&reader->layers[i], tree, reader->errors);
		}
		reader->trees[i] = tree;
	}
	if (reader->count > 1 && json_object_get(reader->trees[0], "profile") != NULL) {
		config_report(reader->errors, &reader->layers[0], &profile, CONFIG_AT_KEY,
			"a profile cannot name a profile; remove this key");
	}
	return 0;
}

int config_check(const struct config_layer *layers, size_t layer_count, struct err_list *errors)
{
	struct config_reader reader = {.layers = layers, .count = layer_count, .errors = errors};
	size_t before = count_errors(errors);

	int result = read_layers(&reader);
	free_trees(&reader);
	return result < 0 ? result : count_errors(errors) > before ? -EINVAL : 0;
}

static int merge_layers(const struct config_reader *reader, json_t *merged)
{
	int result = merged != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; i < reader->count && result == 0; i++) {
		result = config_merge(merged, reader->trees[i]);
	}
	return result;
}

static bool all_parsed(const struct config_reader *reader)
{
	for (size_t i = 0; i < reader->count; i++) {
		if (reader->trees[i] == NULL) {
			return false;
		}
	}
	return true;
}

static int read_whole(struct config_reader *reader, struct config *config)
{
	size_t before = count_errors(reader->errors);

	int result = read_layers(reader);
	if (result < 0) {
		return result;
	}
	if (!all_parsed(reader)) {
		return -EINVAL;
	}
	json_t *merged = json_object();
	result = merge_layers(reader, merged);
	if (result == 0) {
		result = config_fill(merged, config);
	}
	json_decref(merged);
	if (result < 0) {
		return result;
	}
	config_check_whole(reader, config, count_errors(reader->errors) == before);
	return count_errors(reader->errors) > before ? -EINVAL : 0;
}

int config_read(const struct config_layer *layers, size_t layer_count, struct config *config,
	struct err_list *errors)
{
	struct config_reader reader = {.layers = layers, .count = layer_count, .errors = errors};
	CLEANUP(cleanup_config) struct config filled = {0};

	int result = read_whole(&reader, &filled);
	free_trees(&reader);
	if (result < 0) {
		return result;
	}
	*config = filled;
	memset(&filled, 0, sizeof(filled));
	return 0;
}

/* The last layer that gives "profile", and what it gives. */
static const struct config_layer *find_profile(const struct config_layer *layers,
	size_t layer_count, json_t **profile)
{
	for (size_t i = layer_count; i > 0; i--) {
		json_t *tree = layers[i - 1].length > CONFIG_FILE_MAX
				       ? NULL
				       : json_loadb(layers[i - 1].text, layers[i - 1].length,
						 JSON_REJECT_DUPLICATES, NULL);

		*profile = json_incref(json_object_get(tree, "profile"));
		json_decref(tree);
		if (*profile != NULL) {
			return &layers[i - 1];
		}
	}
	return NULL;
}

void config_profile_name(const struct config_layer *layers, size_t layer_count, char *name,
	size_t size)
{
	const struct config_key *key = config_key_find(&config_root, "profile");
	json_t *profile = NULL;
	struct err why;

	find_profile(layers, layer_count, &profile);
	const char *given = json_string_value(profile);
	/* A wrong name, perhaps "../..", is config_read's to complain of. */
	bool usable = given != NULL && given[0] != '\0' && (int64_t)strlen(given) <= key->maximum &&
		      key->check(given, &why);

	text_copy(name, size, usable ? given : "default");
	json_decref(profile);
}

void config_profile_place(const struct config_layer *layers, size_t layer_count, struct err *err)
{
	const struct config_path path = config_path_of("profile", NULL);
	struct config_position position;
	json_t *profile = NULL;

	const struct config_layer *layer = find_profile(layers, layer_count, &profile);
	json_decref(profile);
	if (layer == NULL) {
		return;
	}
	config_locate(layer, &path, CONFIG_AT_VALUE, &position);
	text_copy(err->file, sizeof(err->file), layer->file);
	text_copy(err->path, sizeof(err->path), "$.profile");
	err->line = position.line;
	err->column = position.column;
}
