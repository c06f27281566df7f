/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers in JSON, for people: no more digits than mean something. */
#ifndef CORE_JSON_NUMBER_H
#define CORE_JSON_NUMBER_H

/* To the nearest of so many parts of 1. */
double json_rounded(double value, double parts);
/* Seconds from time to now, to the millisecond; 0 when it is yet to come. */
double json_age(double now, double time);

#endif
