/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MESHCTL_PRINT_STATUS_H
#define MESHCTL_PRINT_STATUS_H

#include <time.h>

#include "control/print.h"

struct status_view {
	FILE *to;
	bool colour;
	bool all; /* every row and the last change; else what fits a screen */
	time_t now;
};

/* The status (docs/control.md) on one screen, what is wrong first. */
void print_status(const json_t *status, const struct status_view *view);
/* Has the status a problem of severity warning or error? */
bool status_is_troubled(const json_t *status);

#endif
