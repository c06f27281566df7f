/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notifications of rtnetlink and batman-adv: what may concern us marks, nothing is kept. */
#ifndef KERNEL_NOTIFY_H
#define KERNEL_NOTIFY_H

#include "kernel/room.h"

/* Opens the socket for links, addresses, routes, rules and their sysctls. 0 or -errno. */
int notify_open(struct mnl_socket **listener);
/* Each takes what has arrived, a bounded part of it. enum kernel_event bits or -errno. */
int notify_take_rtnl(struct kernel *kernel);
int notify_take_batadv(struct kernel *kernel);

/* May the message concern us, given the uplinks? Pure, for the tests. */
bool notify_concerns(const struct nlmsghdr *message, const struct uplinks *uplinks);

#endif
