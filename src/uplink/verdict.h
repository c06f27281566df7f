/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a round's probes say of the way, together. */
#ifndef UPLINK_VERDICT_H
#define UPLINK_VERDICT_H

#include "uplink/probe.h"

/* How many answers a round needs. */
struct verdict_need {
	uint8_t of[PROBE_KINDS]; /* 0 = the kind takes no part */
};

/* Fills all of round but its time. Probes that have not ended count neither as asked nor as
 * answered. family and device are for the reason's text. */
void verdict_judge(const struct verdict_need *need, const struct probe *probes, size_t count,
	const struct probe_way *way, struct probe_round *round);

#endif
