/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOOP_SUSPECT_H
#define LOOP_SUSPECT_H

/* The network manager that runs on this machine and what to tell it, as the hint of a
 * PROBLEM_WAR; NULL when none of the usual ones runs. */
const char *suspect_hint(void);

#endif
