/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what bmx7_faults.h compares. */
#ifndef ROUTING_MACHINE_H
#define ROUTING_MACHINE_H

#include "routing/bmx7_faults.h"

/* 0, -errno, or -EFBIG: more than is worth reading every some seconds. */
int machine_read(struct bmx7_machine *machine);
void machine_free(struct bmx7_machine *machine);

#endif
