/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration of the probes, kept, with its targets read. */
#ifndef UPLINK_ASKING_H
#define UPLINK_ASKING_H

#include "uplink/targets.h"

struct asking {
	struct probes_config probes; /* owned copy */
	struct target_list targets;
};

/* 0 or -ENOMEM. */
int asking_open(struct asking *asking, const struct probes_config *probes);
void asking_close(struct asking *asking);
bool asking_is_same(const struct asking *asking, const struct probes_config *probes);

#endif
