/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that dnsmasq reads of its own accord: reservations (dhcp-hostsdir) and names
 * (hostsdir), one file an author in each.
 *
 * What dnsmasq 2.90 does with them, as seen: it reads a file that is moved to its name or closed
 * after writing, and skips names that begin with '.'. Names of a changed or removed file are
 * replaced; reservations are only ever added. A reservation for an address that already has one is
 * an error line in its log and is left out, also when it is the very same. Only SIGHUP makes it
 * forget them all and read the directory anew.
 *
 * So new reservations are moved into place as a further file of their author (MAC.1, MAC.2, ...),
 * which costs dnsmasq the reading of just these. When some went away, or an address moved, the
 * author's files are put together to one by a way dnsmasq is not told of (link(), and a move to a
 * name it skips), and then it gets its SIGHUP. */
#ifndef CLOUD_HOSTS_H
#define CLOUD_HOSTS_H

#include <stdbool.h>

#include "base/err.h"
#include "core/lease.h"

#define HOSTS_RELOAD_SECONDS 5.0 /* between two SIGHUPs */

struct hosts;

/* Makes the directories. 0 or -errno with err. */
int hosts_open(struct hosts **out, const char *run_dir, struct err *err);
void hosts_close(struct hosts *hosts);
/* Writes what changed; the first time also removes what an earlier meshd left. 0 or -errno: what
 * failed is tried again at the next call. */
int hosts_apply(struct hosts *hosts, const struct lease_output *output, double now);
/* Infinity: dnsmasq knows all there is. Else, when hosts_reload is due. */
double hosts_reload_at(const struct hosts *hosts);
/* Puts together what has to be read anew. 0: dnsmasq needs a SIGHUP now; -errno: a file could not
 * be written, try again at hosts_reload_at. */
int hosts_reload(struct hosts *hosts, double now);

#endif
