/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answers of the methods about children, the cloud and layer 3 (docs/control.md), for people.
 */
#ifndef MESHCTL_PRINT_SERVICES_H
#define MESHCTL_PRINT_SERVICES_H

#include "meshctl/print_status.h"
#include "meshctl/table.h"

/* view->all: all ends of all children, with their last words. */
void print_children(const json_t *result, const struct status_view *view);
/* Is every child running that is wanted? */
bool children_are_well(const json_t *result);
void print_leases(const json_t *result, const struct status_view *view);
void print_nodes(const json_t *result, const struct status_view *view);
/* view->all: every row. */
void print_routing(const json_t *result, const struct status_view *view);
/* Does every protocol that is wanted answer? */
bool routing_is_well(const json_t *result);

/* A bold line. */
void print_heading(const struct status_view *view, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
