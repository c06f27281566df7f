/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that babeld reads at its start. */
#ifndef ROUTING_BABELD_FILE_H
#define ROUTING_BABELD_FILE_H

#include "base/err.h"
#include "base/text.h"

/* Writes RUN_DIR/babeld.conf (core/render.h), to be called right before each start: "router-id" is
 * the node's MAC, by which other nodes know whose it is, and two random bytes that are not those of
 * the last start. A fixed id would shut the node out for minutes after a crash: its sequence number
 * is lost then, and the others wait until their memory of a newer one expires. A new id has no
 * past. 0, -EINVAL (the MAC is zero) or -errno, with err. */
int babeld_file_prepare(const char *run_dir, const struct mac *mac, struct err *err);

#endif
