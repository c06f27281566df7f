/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where in its network a node lives. */
#ifndef CORE_IDENTITY_HOST_H
#define CORE_IDENTITY_HOST_H

#include "base/text.h"

/* The address with the MAC's last three bytes added, when its host bits are zero; else as it is. */
struct ip identity_host(const struct prefix *address, const struct mac *mac);
/* The node's address, moved off those that are nobody's, and off the shared one (NULL = none is
 * shared), by the rules of identity_derive(). */
struct ip identity_host_avoid(const struct ip *ip, const struct prefix *subnet,
	const struct ip *shared);

#endif
