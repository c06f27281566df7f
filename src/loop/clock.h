/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOOP_CLOCK_H
#define LOOP_CLOCK_H

/* Seconds on the clock of all deadlines: CLOCK_MONOTONIC. */
double clock_now(void);

#endif
