/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random networks for property tests: what is there before meshd, what others do to it, and what a
 * node may wish. The same seed gives the same world. */
#ifndef FAKE_WORLD_H
#define FAKE_WORLD_H

#include "fake/fake_kernel.h"

struct dice {
	uint64_t state;
};

struct dice dice_new(uint64_t seed);
/* 0 .. below - 1 */
uint32_t dice_roll(struct dice *dice, uint32_t below);
/* true in percent of 100 cases */
bool dice_chance(struct dice *dice, uint32_t percent);

#define WORLD_BASES 5
extern const char *const world_bases[WORLD_BASES];

/* Foreign links, addresses, routes and rules, some with names and values near to ours. */
int world_start(struct fake_kernel *kernel, struct dice *dice);
/* Something another program or the hardware does. What the kernel refuses does not happen. */
void world_disturb(struct fake_kernel *kernel, struct dice *dice);

#define WISH_VIDS    2
#define WISH_TUNNELS 2
#define WISH_WAYS    24 /* three of each family in each table */

/* Ways to the Internet, see wish_ways.c. */
struct wish_ways {
	struct {
		bool used;
		uint8_t remote; /* 0 = from anybody */
		uint8_t carries;
	} tunnels[WISH_TUNNELS];
	bool swapped; /* each tunnel has the other's local end */
	uint8_t ways[WISH_WAYS];
	bool with_source[WISH_WAYS];
	bool rules;
};

/* A configuration, as loosely as the structs of core/state.h allow. */
struct wish {
	char bridge[IFNAMSIZ]; /* "" = none */
	char mesh[IFNAMSIZ];
	char anycast[IFNAMSIZ];
	struct wish_base {
		bool used;
		bool port;                /* of the bridge */
		bool untagged;            /* hardif itself */
		uint32_t mtu;             /* 0 = left alone */
		uint16_t vids[WISH_VIDS]; /* 0 = none */
		uint16_t protocol;
		uint32_t vlan_mtu;
		uint8_t mac;
		bool hardif_settings;
	} bases[WORLD_BASES];
	bool version_v;
	uint8_t cloud; /* second byte of 10.x.0.0/16 */
	uint8_t node;
	uint8_t length;
	uint32_t metric;
	bool nodad;
	bool routes;
	bool ipv6_source;
	bool rules;
	bool ruleset;
	bool nat;
	bool sysctls;
	struct wish_ways ways;
	uint32_t seed; /* of the many small settings */
};

struct wish wish_random(struct dice *dice);
struct wish_ways wish_ways_random(struct dice *dice);
/* Adds their objects to what is wanted already. 0 or -ENOMEM. */
int wish_add_ways(const struct wish *wish, const struct state *observed, struct state *desired);
/* A wish that differs from the one before in a few things. */
struct wish wish_change(const struct wish *wish, struct dice *dice);
/* The state it asks for, given what is there to build on; sorted. 0 or -ENOMEM. */
int wish_build(const struct wish *wish, const struct state *observed, struct state *desired);

#endif
