/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a configuration: meshd.json, meshd.d and the profile they ask for. */
#ifndef CONTROL_CONFIG_DIR_H
#define CONTROL_CONFIG_DIR_H

#include "base/err.h"
#include "core/config.h"
#include "core/problem.h"

/* Reads dir/meshd.json and the files dir/meshd.d/NAME.json in the order of their names' bytes
 * (other names and those that start with '.' are left alone), below them profile_dir/PROFILE.json,
 * and fills config as config_read does. 0, or -EINVAL with every error in errors (config
 * untouched), or -ENOMEM. */
int config_dir_read(const char *dir, const char *profile_dir, struct config *config,
	struct err_list *errors);

/* One line each: "warning: TEXT; HINT". */
void config_dir_print_warnings(const struct problem_list *warnings, FILE *to);
/* [{"file","line","column","path","text"}], null for what does not apply. */
json_t *config_dir_errors_to_json(const struct err_list *errors);

#endif
