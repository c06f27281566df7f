/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that bmx7 lives by, made right before it starts. */
#ifndef ROUTING_BMX7_FILES_H
#define ROUTING_BMX7_FILES_H

#include "base/err.h"

/* Makes RUN_DIR/bmx7 and STATE_DIR/bmx7 (0700), and mends what would keep bmx7 from starting for
 * ever or hide the node from its neighbours: a broken key goes, and a description number that is
 * broken or missing beside a key is replaced by one that is surely larger.
 * 0, also when something was mended: err then says what; or -errno with err. */
int bmx7_files_prepare(const char *run_dir, const char *state_dir, struct err *err);

#endif
