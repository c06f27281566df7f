/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of config_read(): parse, check each layer, merge, fill, check the whole. */
#ifndef CORE_CONFIG_READER_H
#define CORE_CONFIG_READER_H

#include <jansson.h>

#include "core/config.h"
#include "core/config_keys.h"
#include "core/config_report.h"

struct config_reader {
	const struct config_layer *layers;
	json_t **trees; /* one per layer, an object each; NULL where the text is no JSON object */
	size_t count;
	struct err_list *errors;
};

/* The layer's object, or NULL with an error added. */
json_t *config_parse(const struct config_layer *layer, struct err_list *errors);

/* Adds an error for each fault of a text that is no JSON. The tree of what it means all the same,
 * with null where a value is wrong and numbers with a fraction for those that are too large, or
 * NULL where that is not sure. */
json_t *config_read_wrong(const struct config_layer *layer, struct err_list *errors);

/* Adds an error for everything that is wrong in the tree by itself, and takes it out of the tree,
 * so that what remains can be merged and looked at as a whole. */
void config_check_tree(const struct config_layer *layer, json_t *tree, struct err_list *errors);

/* RFC 7396: null removes. 0 or -ENOMEM. Objects in target are its own afterwards, all else is
 * shared with patch. */
int config_merge(json_t *target, json_t *patch);

/* Fills config (zeroed) from a tree that was checked. 0 or -ENOMEM. */
int config_fill(const json_t *tree, struct config *config);

/* Adds an error for everything that only the whole shows. is_complete: nothing was taken out, so
 * what is missing was never there. */
void config_check_whole(const struct config_reader *reader, const struct config *config,
	bool is_complete);

/* The last layer that gives the path, a null included, as an index; -1 when none does. */
int config_last_writer(const struct config_reader *reader, const struct config_path *path);

#endif
