/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the node's network should be, from the configuration and from what is there to build on. */
#ifndef CORE_DESIRED_H
#define CORE_DESIRED_H

#include "core/config.h"
#include "core/identity.h"
#include "core/problem.h"
#include "core/state.h"

/* A base link that would not take an MTU: remembered so that the next cycle falls back. */
struct mtu_refusal {
	char link[IFNAMSIZ];
	uint32_t mtu;
};

struct gateway_wish;
struct desired_input {
	const struct config *config;
	const char *hostname;         /* the machine's, used when the configuration gives none */
	const struct state *observed; /* sorted */
	struct mac primary_mac;       /* of an earlier choice, zero when none was made */
	const struct mtu_refusal *refusals;
	size_t refusal_count;
	const struct gateway_wish *gateway; /* NULL: not known, so what is there stays */
};

/* The link whose MAC names the node: once chosen it is kept, also across restarts, so that
 * addresses stay when links come and go. */
struct primary {
	char link[IFNAMSIZ];
	struct mac mac;
};

/* Chooses the primary link among those observed that have a MAC of their own: the configured one,
 * else the first name of "links" that exists, else the first by name that a glob matches, else a
 * LAN port, else one with a burnt-in MAC. Returns NULL when none is there. */
const struct link *desired_primary(const struct config *config, const struct state *observed);
/* Keeps primary as it is when it was chosen before (its mac is not zero), also while its link is
 * gone; a configured link goes before another that was chosen, as soon as it is there. False when
 * there is none at all. What is not as configured becomes a problem. */
bool desired_choose_primary(const struct config *config, const struct state *observed,
	struct primary *primary, struct problem_list *problems);

/* Derives the identity and builds the desired state (sorted). What stands in the way is added to
 * problems, and everything that does not depend on it is still built.
 * 0, -ENOMEM, or -EINVAL with err filled when the identity cannot be derived. */
int desired_build(const struct desired_input *input, struct identity *identity,
	struct state *desired, struct problem_list *problems, struct err *err);

/* What is desired when nothing is (sorted): borrowed links lose our mark and our masters. 0 or
 * -ENOMEM. */
int desired_nothing(const struct state *observed, struct state *desired);

/* Which protocols run on the link and by which entry of "links"; NULL when it is no mesh link. */
const struct link_config *desired_link_config(const struct config *config,
	const struct link *observed);

#endif
