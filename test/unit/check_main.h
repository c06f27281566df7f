/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_CHECK_MAIN_H
#define UNIT_CHECK_MAIN_H

#include <check.h>

/* Each test/unit/check_<module>.c gives its suite. */
Suite *check_suite(void);

#endif
