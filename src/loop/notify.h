/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sd_notify(3)'s protocol, spoken directly: libsystemd would double the daemon's memory. */
#ifndef LOOP_NOTIFY_H
#define LOOP_NOTIFY_H

/* Sends assignments such as "READY=1\nSTATUS=..."; nothing happens outside systemd. */
void notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Seconds between two WATCHDOG=1, half of what systemd allows; 0 when it does not watch. */
double notify_watchdog_interval(void);

#endif
