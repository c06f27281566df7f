/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of print_status(). */
#ifndef MESHCTL_STATUS_SECTIONS_H
#define MESHCTL_STATUS_SECTIONS_H

#include "meshctl/print_status.h"

void status_print_links(const json_t *status, const struct status_view *view);
void status_print_peers(const json_t *status, const struct status_view *view);
void status_print_rules(const json_t *status, const struct status_view *view);
/* One line each for the children, what is shared in the cloud and layer 3. */
void status_print_services(const json_t *status, const struct status_view *view);

/* The ways to the Internet that are in use, the node's uplinks and the user's choice. */
void status_print_gateway(const json_t *status, const struct status_view *view);

/* A label of print_status(), in its column. */
void status_print_label(const struct status_view *view, const char *label);
/* How many of a table's rows are shown. */
size_t status_rows_shown(const struct status_view *view, size_t count);
/* Below a table: "... and 3 more (--all)". */
void status_print_left_out(const struct status_view *view, size_t left_out);
/* Members of an object; "", false and 0 where there is none. */
const char *status_text(const json_t *json, const char *name);
bool status_flag(const json_t *json, const char *name);
long long status_number(const json_t *json, const char *name);

#endif
