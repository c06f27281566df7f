/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as people say them. */
#ifndef MESHCTL_HUMAN_H
#define MESHCTL_HUMAN_H

#define HUMAN_SIZE 32

/* 999, 12.3k, 4.5M, 7.8G: of a thousand each. */
const char *human_count(long long count, char text[HUMAN_SIZE]);
/* "0 ", "999 k", "12.3 M": for a unit behind it. */
const char *human_rate(long long rate, char text[HUMAN_SIZE]);
/* "312 B", "1.2 KiB", "3.4 MiB". */
const char *human_bytes(long long bytes, char text[HUMAN_SIZE]);
/* "0.4 s", "12 s", "3 min", "2 h 10 min", "3 d 4 h". */
const char *human_milliseconds(long long milliseconds, char text[HUMAN_SIZE]);

/* The same for whole seconds: "4 s". */
const char *human_seconds(long long seconds, char text[HUMAN_SIZE]);

#endif
