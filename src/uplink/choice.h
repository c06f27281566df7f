/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which targets a round asks, and how many have to answer. */
#ifndef UPLINK_CHOICE_H
#define UPLINK_CHOICE_H

#include "uplink/round.h"

#define CHOICE_LIGHT_MAX 2 /* targets of a light round */

/* chosen has room for every target of the list and is all false. A quick round takes the next
 * targets in turn and leaves out those that did not answer last, as long as there are others. */
void choice_make(const struct round_plan *plan, struct verdict_need *need, bool *chosen);

#endif
