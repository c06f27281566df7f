/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows that the kernel must look at anew, see kernel_forget_flows(). */
#ifndef KERNEL_FLOWS_H
#define KERNEL_FLOWS_H

struct forgetting; /* under way */

/* Leaves off. NULL is none. */
void forgetting_close(struct forgetting *forgetting);

#endif
