/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers below /proc/sys. */
#ifndef KERNEL_SYSCTL_H
#define KERNEL_SYSCTL_H

#include <stdint.h>

/* path: "net/ipv4/ip_forward". 0 or -errno; -EINVAL when the file holds no number. */
int sysctl_read(const char *path, int32_t *value);
int sysctl_write(const char *path, int32_t value);
/* The same for net/ipv6/conf/LINK/NAME. */
int sysctl_write_link6(const char *link, const char *name, int32_t value);

#endif
