/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing/bmx7.h"

/* In seconds. */
#define CLOCK_BACK_MAX 20.0 /* twice what the machine's clock was set back, see below */
#define UPTIME_MAX     (3650.0 * 86400)

bool bmx7_clock_is_sane(struct bmx7_clock *clock, int pid, const struct bmx7_answer *answer,
	double now)
{
	/* A machine's clock set back by N seconds makes bmx7's own go back by 2 N. Until it has
	 * caught up it neither sends nor believes anything, and a large step it never outlives
	 * (its uptime wraps to 49710 days); a restart takes some 10 s. */
	if (answer->uptime > UPTIME_MAX) {
		return false;
	}
	if (clock->pid == pid &&
		answer->uptime + CLOCK_BACK_MAX < clock->uptime + now - clock->now) {
		return false;
	}
	*clock = (struct bmx7_clock){.pid = pid, .uptime = answer->uptime, .now = now};
	return true;
}
