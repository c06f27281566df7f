/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RUN/state.json: what must outlive the process. */
#ifndef LOOP_STORE_H
#define LOOP_STORE_H

#include <jansson.h>

#include "loop/reconcile.h"

/* Leaves primary zeroed when there is no file or it says nothing useful. */
void store_load(const char *run_dir, struct primary *primary);
/* Atomic: a crash leaves the old file. 0 or -errno. */
int store_save(const char *run_dir, const struct primary *primary);
/* Writes JSON whole or not at all. 0 or -errno. */
int store_write(const char *path, const json_t *json);

#endif
