/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes: does a way lead to the Internet? Each way is a device (and a source address) that every
 * probe is bound to, so that a packet which would go another way is not sent at all. Rounds of ICMP
 * echoes, TCP connections, DNS questions and HTTP requests, all without waiting; the verdict is
 * core/path.h's.
 *
 * A round of a way that is well asks only as many targets of each kind as are needed, others each
 * time; every other round asks all. A round ends when it is sure to be good, when every target has
 * answered or failed, or at its timeout.
 *
 * A light way leads through a tunnel of the mesh that only sends: what is asked goes by its device,
 * the answer comes in by whatever device the mesh brings it. No TCP connection can be held to that,
 * so light rounds ask name servers, or pings where those take no part: one while all is well, two
 * otherwise, and one answer is enough. */
#ifndef UPLINK_UPLINK_H
#define UPLINK_UPLINK_H

#include "base/err.h"
#include "core/config.h"
#include "core/path.h"

#define UPLINK_KEY_SIZE 96
#define UPLINK_WAYS_MAX 64

/* A way to be probed. */
struct uplink_way {
	char key[UPLINK_KEY_SIZE]; /* the caller's name of it; unique */
	uint8_t family;
	char device[IFNAMSIZ]; /* every packet leaves by it, and unless light comes in by it */
	struct ip source;      /* bound to as well; another family = the kernel's choice */
	double interval;       /* seconds while all is well, 0 = the configuration's */
	bool light;            /* through the mesh: dns or ping only, answers by any device */
};

struct uplink;

struct uplink_listener {
	/* A round ended or a path was suppressed or released; changed: its health did, or it is
	 * usable now and was not, or the reverse. */
	void (*on_round)(void *context, const char *key, bool changed);
	void *context;
};

/* Times are monotonic seconds. 0 or -errno with err. */
int uplink_open(struct uplink **out, const struct uplink_listener *listener, struct err *err);
void uplink_close(struct uplink *uplink);

/* The ways to be probed from now on; a way whose key was there keeps its path, also when its device
 * is another one now. probes is copied; nothing new costs nothing. 0 or -errno (then nothing
 * changed): -E2BIG for more than UPLINK_WAYS_MAX, -EINVAL for one without key, device or family. */
int uplink_set_wish(struct uplink *uplink, const struct probes_config *probes,
	const struct uplink_way *ways, size_t count, double now);
/* Puts in what is known of a way from before a restart; ignored when the key is not there or has
 * had a round already. */
void uplink_restore(struct uplink *uplink, const char *key, const struct path *path);
/* The way itself went (path_lose). */
void uplink_lose(struct uplink *uplink, const char *key, const char *reason, double now);
/* Start a round of it now, with all targets. */
void uplink_urge(struct uplink *uplink, const char *key, double now);
/* NULL when the key is not there. Good until the next call. */
const struct path *uplink_path(const struct uplink *uplink, const char *key);
/* The last answers of a way: [{"kind","target","ok","rtt","age","error"}] in the order of the
 * configuration. NULL when memory ends. */
json_t *uplink_targets_to_json(const struct uplink *uplink, const char *key, double now);
/* What the probes of all light ways cost, bytes a second: each way's last round over the time until
 * its next. IP packets sent and received, about, without what the tunnel and the mesh add to each.
 */
double uplink_cost(const struct uplink *uplink);
void uplink_path_rules(const struct probes_config *probes, struct path_rules *rules);

/* The loop's side: one descriptor (an epoll) and one deadline (0 = none). */
int uplink_fd(const struct uplink *uplink);
void uplink_on_readable(struct uplink *uplink, double now);
double uplink_deadline(const struct uplink *uplink);
void uplink_on_timer(struct uplink *uplink, double now);

#endif
