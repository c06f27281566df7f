/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a cycle did and found, as log lines. */
#ifndef LOOP_REPORT_H
#define LOOP_REPORT_H

#include "core/plan.h"
#include "core/problem.h"

/* The operations that went well, the first of them by name. */
void report_ops(const struct plan *plan);
/* Each problem is said once, when it appears, and once when it is gone. */
void report_problems(const struct problem_list *before, const struct problem_list *after);

#endif
