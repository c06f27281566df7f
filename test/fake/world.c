/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/world.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* "a.7" is a foreign VLAN on eth1 that sorts before it. */
const char *const world_bases[WORLD_BASES] = {"eth0", "eth1", "wlan0-mesh", "lan1", "a.7"};

struct dice dice_new(uint64_t seed)
{
	struct dice dice = {.state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15)};

	dice_roll(&dice, 2);
	return dice;
}

uint32_t dice_roll(struct dice *dice, uint32_t below)
{
	dice->state ^= dice->state << 13;
	dice->state ^= dice->state >> 7;
	dice->state ^= dice->state << 17;
	return (uint32_t)((dice->state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % below;
}

bool dice_chance(struct dice *dice, uint32_t percent)
{
	return dice_roll(dice, 100) < percent;
}

/* --- before meshd --- */

static struct link new_link(const char *name, enum link_kind kind)
{
	struct link link = {.head.has = 0};

	text_copy(link.name, sizeof(link.name), name);
	object_give(&link, LINK_KIND, kind, (uint8_t)kind);
	return link;
}

static int add_base(struct fake_kernel *kernel, const char *name, struct dice *dice)
{
	struct link link = new_link(name, LINK_OTHER);

	if (fake_link(kernel, name) != NULL) {
		return 0;
	}
	if (strcmp(name, "a.7") == 0) {
		link.kind = LINK_VLAN;
		object_give_text(&link, LINK_LOWER, lower, "eth1");
		object_give(&link, LINK_VLAN_ID, vlan_id, 7);
		object_give(&link, LINK_VLAN_PROTOCOL, vlan_protocol, ETH_P_8021Q);
	}
	int result = fake_link_create(kernel, &link, link.head.has, 0);
	if (result == 0) {
		object_give(&link, LINK_UP, up, dice_chance(dice, 70));
		fake_link_set(kernel, &link, FIELD_BIT(LINK_UP));
	}
	return result;
}

static void add_foreign_vlan(struct fake_kernel *kernel, const char *name, const char *lower,
	uint16_t vid)
{
	struct link link = new_link(name, LINK_VLAN);

	object_give_text(&link, LINK_LOWER, lower, lower);
	object_give(&link, LINK_VLAN_ID, vlan_id, vid);
	object_give(&link, LINK_VLAN_PROTOCOL, vlan_protocol, ETH_P_8021Q);
	fake_link_create(kernel, &link, link.head.has, 0);
}

static struct prefix ipv4_prefix(uint8_t cloud, uint8_t c, uint8_t d, uint8_t length)
{
	return (struct prefix){.ip = {.family = AF_INET, .bytes = {10, cloud, c, d}},
		.length = length};
}

static struct prefix ipv6_prefix(uint8_t cloud, uint8_t host, uint8_t length)
{
	struct prefix prefix = {.ip = {.family = AF_INET6, .bytes = {0xfd, cloud}},
		.length = length};

	prefix.ip.bytes[15] = host;
	return prefix;
}

static void add_foreign_address(struct fake_kernel *kernel, const char *link,
	const struct prefix *prefix, uint32_t metric)
{
	struct address address = {.key.prefix = *prefix};

	text_copy(address.key.link, sizeof(address.key.link), link);
	object_give(&address, ADDRESS_METRIC, metric, metric);
	fake_address_add(kernel, &address);
}

static void add_foreign_route(struct fake_kernel *kernel, const char *link,
	const struct prefix *prefix, uint32_t table)
{
	struct route route = {.key.table = table, .key.destination = prefix_network(prefix)};

	text_copy(route.key.link, sizeof(route.key.link), link);
	route.key.metric = prefix->ip.family == AF_INET6 ? 1024 : 0;
	fake_route_add(kernel, &route);
}

/* Another program's default route in one of our tables; nobody's metric. */
static void add_foreign_way(struct fake_kernel *kernel, struct dice *dice)
{
	static const char *const links[] = {"", "eth0", "md-a", "br-lan"};
	struct route route = {.key.table = STATE_TABLE_INTERNET + dice_roll(dice, 5),
		.key.metric = 77,
		.key.destination.ip.family = dice_chance(dice, 50) ? AF_INET : AF_INET6};

	text_copy(route.key.link, sizeof(route.key.link), links[dice_roll(dice, 4)]);
	fake_route_add(kernel, &route);
}

/* A routing daemon's, as bmx7 makes them. */
static void add_foreign_tunnel(struct fake_kernel *kernel)
{
	struct link link = new_link("X7Out_far", LINK_IP6TNL);

	object_give(&link, LINK_TUNNEL_LOCAL, tunnel_local,
		((struct ip){.family = AF_INET6, .bytes = {0xfd, 0x66}}));
	object_give(&link, LINK_TUNNEL_REMOTE, tunnel_remote,
		((struct ip){.family = AF_INET6, .bytes = {0xfd, 0x77}}));
	object_give(&link, LINK_TUNNEL_PROTOCOL, tunnel_protocol, IPPROTO_IPIP);
	fake_link_create(kernel, &link, link.head.has, 0);
}

static void add_foreign_rule(struct fake_kernel *kernel, uint32_t priority,
	const struct prefix *source, uint32_t table)
{
	struct rule rule = {.key.priority = priority, .key.source = *source};

	object_give(&rule, RULE_TABLE, table, table);
	fake_rule_add(kernel, &rule);
}

int world_start(struct fake_kernel *kernel, struct dice *dice)
{
	struct link bridge = new_link("br-lan2", LINK_BRIDGE);
	struct prefix office = ipv4_prefix(200, 0, 9, 24);
	struct prefix near = ipv4_prefix(13, 0, 1, 32);
	int result = fake_init(kernel);

	for (size_t i = 0; result == 0 && i < WORLD_BASES; i++) {
		result = dice_chance(dice, 85) || i == 0 ? add_base(kernel, world_bases[i], dice)
							 : 0;
		result = result == -ENODEV ? 0 : result; /* a.7 without its eth1 */
	}
	if (result < 0) {
		return result;
	}
	if (dice_chance(dice, 60)) {
		struct link *limited = fake_link(kernel, world_bases[0]);
		limited->max_mtu = 1500;
	}
	fake_link_create(kernel, &bridge, bridge.head.has, 0);
	if (dice_chance(dice, 50)) {
		add_foreign_vlan(kernel, "eth0.30", "eth0", 30);
	}
	if (dice_chance(dice, 50)) {
		add_foreign_tunnel(kernel);
		add_foreign_way(kernel, dice);
	}
	add_foreign_address(kernel, "eth0", &office, 0);
	add_foreign_route(kernel, "eth0", &near, 170);
	add_foreign_rule(kernel, 10, &office, 170);
	add_foreign_rule(kernel, 11, &near, 170);
	return 0;
}

/* --- what others do --- */

static void *pick(struct fake_kernel *kernel, enum object_type type, struct dice *dice)
{
	size_t count = state_count(&kernel->state, type);

	return count == 0 ? NULL : state_at(&kernel->state, type, dice_roll(dice, (uint32_t)count));
}

static void disturb_link_field(struct fake_kernel *kernel, struct dice *dice)
{
	static const uint32_t mtus[] = {1280, 1496, 1500, 1504, 1532, 1536};
	static const char *const masters[] = {"", "", "br-lan", "bat0", "br-lan2"};
	static const enum link_field fields[] = {LINK_MTU, LINK_MAC, LINK_ADDR_GEN_MODE,
		LINK_MASTER, LINK_UP, LINK_UP, LINK_RP_FILTER, LINK_STP, LINK_MULTICAST_ROUTER};
	const struct link *link = pick(kernel, OBJECT_LINK, dice);
	struct link wanted = *link;

	wanted.mtu = mtus[dice_roll(dice, ARRAY_SIZE(mtus))];
	wanted.mac.bytes[5] = (uint8_t)dice_roll(dice, 256);
	wanted.addr_gen_mode = (uint8_t)dice_roll(dice, 2);
	text_copy(wanted.master, sizeof(wanted.master),
		masters[dice_roll(dice, ARRAY_SIZE(masters))]);
	wanted.up = !link->up;
	wanted.rp_filter = (int32_t)dice_roll(dice, 3);
	wanted.stp = dice_roll(dice, 2);
	wanted.multicast_router = (uint8_t)dice_roll(dice, 3);
	fake_link_set(kernel, &wanted, FIELD_BIT(fields[dice_roll(dice, ARRAY_SIZE(fields))]));
}

/* One of the two marks may be lost; with both the link is no longer ours. */
static void disturb_mark(struct fake_kernel *kernel, struct dice *dice)
{
	const struct link *link = pick(kernel, OBJECT_LINK, dice);
	struct link wanted = *link;

	if (dice_chance(dice, 50) && link->group == STATE_LINK_GROUP) {
		text_copy(wanted.alias, sizeof(wanted.alias), "my link");
		fake_link_set(kernel, &wanted, FIELD_BIT(LINK_ALIAS));
	} else if (link->alias[0] != '\0') {
		wanted.group = 5;
		fake_link_set(kernel, &wanted, FIELD_BIT(LINK_GROUP));
	}
}

static void disturb_presence(struct fake_kernel *kernel, struct dice *dice)
{
	const char *base = world_bases[dice_roll(dice, WORLD_BASES)];
	const struct link *link = pick(kernel, OBJECT_LINK, dice);

	switch (dice_roll(dice, 4)) {
	case 0:
		if (strcmp(link->name, "eth0") != 0) {
			fake_link_delete(kernel, link->name);
		}
		break;
	case 1: /* gone and back: a new number, nothing on it */
		fake_link_delete(kernel, base);
		add_base(kernel, base, dice);
		break;
	case 2:
		add_base(kernel, base, dice);
		break;
	default:
		add_foreign_vlan(kernel, dice_chance(dice, 50) ? "vlan9" : "bat0.9",
			dice_chance(dice, 50) ? "bat0" : "br-lan", 9);
		break;
	}
}

static void disturb_ip(struct fake_kernel *kernel, struct dice *dice)
{
	uint8_t cloud = (uint8_t)(13 + dice_roll(dice, 2));
	struct prefix ipv4 = ipv4_prefix(cloud, dice_chance(dice, 50) ? 0 : 5,
		(uint8_t)(1 + dice_roll(dice, 4)), 16);
	struct prefix ipv6 = ipv6_prefix(cloud, (uint8_t)(1 + dice_roll(dice, 4)), 64);
	const struct link *link = pick(kernel, OBJECT_LINK, dice);
	struct address *address = pick(kernel, OBJECT_ADDRESS, dice);
	const struct route *route = pick(kernel, OBJECT_ROUTE, dice);
	const struct rule *rule = pick(kernel, OBJECT_RULE, dice);

	switch (dice_roll(dice, 9)) {
	case 8: /* "ip address change ... valid_lft 60": the kernel keeps the rest */
		if (address != NULL) {
			address->lasting = 0;
		}
		break;
	case 0:
		if (address != NULL) {
			struct address_key key = address->key;
			fake_address_delete(kernel, &key);
		}
		break;
	case 1:
		if (route != NULL) {
			fake_route_delete(kernel, &route->key);
		}
		break;
	case 2:
		if (rule != NULL) {
			struct rule gone = *rule;
			fake_rule_delete(kernel, &gone);
		}
		break;
	case 3:
		add_foreign_address(kernel, link->name, dice_chance(dice, 50) ? &ipv4 : &ipv6,
			dice_chance(dice, 30) ? 77 : 0);
		break;
	case 4:
		add_foreign_route(kernel, link->name, dice_chance(dice, 50) ? &ipv4 : &ipv6,
			dice_chance(dice, 50) ? RT_TABLE_MAIN : STATE_TABLE_ANYCAST);
		break;
	case 5:
		add_foreign_way(kernel, dice);
		break;
	case 6: /* a tunnel of ours is lost */
		fake_link_delete(kernel, dice_chance(dice, 50) ? "md-a" : "md-b");
		break;
	default:
		add_foreign_rule(kernel, 12, &ipv4, 99);
		break;
	}
}

static void disturb_settings(struct fake_kernel *kernel, struct dice *dice)
{
	struct mesh *mesh = pick(kernel, OBJECT_MESH, dice);
	struct hardif *hardif = pick(kernel, OBJECT_HARDIF, dice);
	struct sysctl *sysctl = pick(kernel, OBJECT_SYSCTL, dice);

	switch (dice_roll(dice, 4)) {
	case 0:
		if (mesh != NULL) {
			struct mesh wanted = *mesh;
			wanted.hop_penalty = (uint8_t)dice_roll(dice, 256);
			wanted.orig_interval = dice_roll(dice, 5000);
			fake_mesh_set(kernel, &wanted, wanted.head.has);
		}
		break;
	case 1:
		if (hardif != NULL) {
			hardif->elp_interval = 20 + dice_roll(dice, 1000);
		}
		break;
	case 2:
		sysctl->value = (int32_t)dice_roll(dice, 3);
		break;
	default:
		fake_ruleset_set(kernel, dice_chance(dice, 50) ? OBJECT_NAT : OBJECT_RULESET, NULL);
		break;
	}
}

void world_disturb(struct fake_kernel *kernel, struct dice *dice)
{
	static void (*const acts[])(struct fake_kernel *, struct dice *) = {disturb_link_field,
		disturb_link_field, disturb_mark, disturb_presence, disturb_ip, disturb_ip,
		disturb_settings};

	acts[dice_roll(dice, ARRAY_SIZE(acts))](kernel, dice);
}
