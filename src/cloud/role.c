/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/role.h"

#include <math.h>

#define SPREAD_SECONDS 10

uint64_t role_rank(const struct mac *mac)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < sizeof(mac->bytes); i++) {
		hash = hash << 8 | mac->bytes[i];
	}
	/* The mixing of splitmix64: MACs of one maker differ in few bits. */
	hash += 0x9e3779b97f4a7c15U;
	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9U;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111ebU;
	return hash ^ hash >> 31;
}

bool role_is_elected(uint64_t own, const uint64_t *others, size_t count, unsigned int most)
{
	size_t before = 0;

	for (size_t i = 0; i < count; i++) {
		before += others[i] < own;
	}
	return before < most;
}

void role_start(struct role *role, const struct mac *mac, double now)
{
	*role = (struct role){.primary = true,
		.differs_at = INFINITY,
		.heard_at = now,
		.news_at = now,
		.helped_at = -INFINITY,
		.spread = (uint32_t)(role_rank(mac) % SPREAD_SECONDS)};
}

void role_adopt(struct role *role, bool primary)
{
	if (!role->known) {
		role->primary = primary;
	}
}

bool role_choose(struct role *role, bool elected)
{
	bool changed = role->primary != elected;

	role->known = true;
	role->primary = elected;
	return changed;
}

void role_on_heard(struct role *role, double now)
{
	role->heard_at = now;
}

void role_on_news(struct role *role, double now)
{
	role->heard_at = now;
	role->news_at = now;
}

static bool set_role(struct role *role, bool primary)
{
	role->primary = primary;
	role->differs_at = INFINITY;
	return true;
}

bool role_update(struct role *role, bool elected, double now)
{
	bool deaf = now - role->heard_at > ROLE_LOST_SECONDS + role->spread ||
		    now - role->news_at > ROLE_SILENT_SECONDS + role->spread;
	/* A helper goes back only when it has heard others since: else it would be deaf again. */
	bool needed = now - role->helped_at < ROLE_HELP_SECONDS ||
		      role->news_at < role->helped_at || now - role->news_at > ROLE_SILENT_SECONDS;

	if (!role->primary && deaf) {
		role->helped_at = now;
		return set_role(role, true);
	}
	if (elected == role->primary) {
		role->differs_at = INFINITY;
		return false;
	}
	if (isinf(role->differs_at)) {
		role->differs_at = now;
	}
	if (now - role->differs_at < ROLE_SETTLE_SECONDS + role->spread || (!elected && needed)) {
		return false;
	}
	if (!elected) {
		role_on_news(role, now); /* as a secondary it gets its full time to hear somebody */
	}
	return set_role(role, elected);
}
