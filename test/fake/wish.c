/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "fake/world.h"

#define VLAN_TAG            4
#define PREFIX_ROUTE_METRIC 256
#define OTHER_TABLE         200

/* A wish in the making: what it asks for, what is there, what comes out. */
struct build {
	const struct wish *wish;
	const struct state *observed;
	struct state *desired;
	struct dice dice; /* of the small settings of the object being built */
	bool no_memory;
};

static struct wish_base random_base(struct dice *dice)
{
	static const uint32_t mtus[] = {0, 0, 1500, 1504, 1536};
	static const uint32_t vlan_mtus[] = {1280, 1496, 1500, 1532};
	struct wish_base base = {.used = dice_chance(dice, 75),
		.port = dice_chance(dice, 20),
		.untagged = dice_chance(dice, 15),
		.mtu = mtus[dice_roll(dice, ARRAY_SIZE(mtus))],
		.protocol = dice_chance(dice, 50) ? ETH_P_8021Q : ETH_P_8021AD,
		.vlan_mtu = vlan_mtus[dice_roll(dice, ARRAY_SIZE(vlan_mtus))],
		.mac = (uint8_t)dice_roll(dice, 256),
		.hardif_settings = dice_chance(dice, 50)};

	if (!base.port) {
		base.vids[0] = base.untagged ? 0 : (uint16_t)(29 + dice_roll(dice, 3));
		base.vids[1] = dice_chance(dice, 60) ? 18 : 0;
	}
	return base;
}

struct wish wish_random(struct dice *dice)
{
	struct wish wish = {.version_v = dice_chance(dice, 30),
		.cloud = (uint8_t)(13 + dice_roll(dice, 2)),
		.node = (uint8_t)(2 + dice_roll(dice, 3)),
		.length = dice_chance(dice, 70) ? 16 : 17,
		.metric = dice_chance(dice, 70) ? 2147483647u : 0,
		.nodad = dice_chance(dice, 60),
		.routes = dice_chance(dice, 80),
		.ipv6_source = dice_chance(dice, 20),
		.rules = dice_chance(dice, 80),
		.ruleset = dice_chance(dice, 80),
		.nat = dice_chance(dice, 50),
		.sysctls = dice_chance(dice, 80),
		.seed = dice_roll(dice, 1000000)};
	/* Now and then a name that was a bridge's becomes a mesh's. */
	bool swapped = dice_chance(dice, 10);

	if (dice_chance(dice, 90)) {
		text_copy(wish.bridge, IFNAMSIZ, swapped ? "bat0" : "br-lan");
	}
	if (dice_chance(dice, 85)) {
		text_copy(wish.mesh, IFNAMSIZ, swapped ? "br-lan" : "bat0");
	}
	if (wish.bridge[0] != '\0' && dice_chance(dice, 80)) {
		text_copy(wish.anycast, IFNAMSIZ, "anygw");
	}
	for (size_t i = 0; i < WORLD_BASES; i++) {
		wish.bases[i] = random_base(dice);
	}
	wish.ways = wish_ways_random(dice);
	return wish;
}

struct wish wish_change(const struct wish *wish, struct dice *dice)
{
	struct wish other = wish_random(dice);
	struct wish changed = *wish;

	switch (dice_roll(dice, 8)) {
	case 0:
		changed.cloud = other.cloud;
		changed.node = other.node;
		changed.length = other.length;
		break;
	case 1:
		changed.version_v = other.version_v;
		changed.seed = other.seed;
		break;
	case 2:
		memcpy(changed.anycast, other.bridge[0] != '\0' ? wish->anycast : "", 1);
		changed.metric = other.metric;
		changed.nodad = other.nodad;
		changed.routes = other.routes;
		break;
	case 3:
		return other;
	case 4:
	case 5:
		changed.ways = other.ways;
		break;
	default: {
		size_t i = dice_roll(dice, WORLD_BASES);
		changed.bases[i] = other.bases[i];
		break;
	}
	}
	return changed;
}

static void *add(struct build *build, enum object_type type, const void *key)
{
	void *object = state_add(build->desired, type, key);

	if (object == NULL) {
		build->no_memory = true;
	}
	return object;
}

/* The same settings for an object at every build, whatever else is there. */
static struct dice dice_of(const struct build *build, const char *name)
{
	uint64_t hash = build->wish->seed;

	for (size_t i = 0; name[i] != '\0'; i++) {
		hash = hash * 31 + (unsigned char)name[i];
	}
	return dice_new(hash);
}

static bool is_foreign(const struct link *link)
{
	return link != NULL && !(link->head.flags & OBJECT_OWNED);
}

static bool tuple_is_taken(const struct build *build, const char *lower, uint16_t vid)
{
	for (size_t i = 0; i < state_count(build->observed, OBJECT_LINK); i++) {
		const struct link *link = state_at(build->observed, OBJECT_LINK, i);
		if (is_foreign(link) && link->kind == LINK_VLAN && link->vlan_id == vid &&
			strcmp(link->lower, lower) == 0) {
			return true;
		}
	}
	return false;
}

/* A link of ours, or NULL when a foreign one has the name. */
static struct link *add_own(struct build *build, const char *name, enum link_kind kind,
	const char *role)
{
	if (name[0] == '\0' || is_foreign(state_find_link(build->observed, name))) {
		return NULL;
	}
	struct link *link = state_add_link(build->desired, name);
	if (link == NULL) {
		build->no_memory = true;
		return NULL;
	}
	build->dice = dice_of(build, name);
	object_give(link, LINK_KIND, kind, (uint8_t)kind);
	snprintf(link->alias, sizeof(link->alias), "%s%s", STATE_ALIAS_PREFIX, role);
	link->head.has |= FIELD_BIT(LINK_ALIAS);
	object_give(link, LINK_GROUP, group, STATE_LINK_GROUP);
	object_give(link, LINK_UP, up, 1);
	if (dice_chance(&build->dice, 70)) {
		object_give(link, LINK_ADDR_GEN_MODE, addr_gen_mode,
			(uint8_t)dice_roll(&build->dice, 2));
	}
	if (dice_chance(&build->dice, 50)) {
		object_give(link, LINK_RP_FILTER, rp_filter, 2);
	}
	return link;
}

static struct mac random_mac(struct build *build)
{
	return (struct mac){{2, 1, 2, 3, 4, (uint8_t)dice_roll(&build->dice, 4)}};
}

static void add_prefix_route(struct build *build, const struct address *address, uint32_t table,
	uint32_t metric)
{
	struct route_key key = {.table = table,
		.metric = metric,
		.destination = prefix_network(&address->key.prefix)};
	bool ipv4 = address->key.prefix.ip.family == AF_INET;
	bool with_source = ipv4 || (table != RT_TABLE_MAIN && build->wish->ipv6_source);
	struct ip source = address->key.prefix.ip;

	memcpy(key.link, address->key.link, sizeof(key.link));
	struct route *route = add(build, OBJECT_ROUTE, &key);
	if (route != NULL && with_source) {
		object_give(route, ROUTE_SOURCE, source, source);
	}
}

static void add_address(struct build *build, const char *link, const struct prefix *prefix,
	uint32_t metric)
{
	struct address_key key = {.prefix = *prefix};
	bool ipv4 = prefix->ip.family == AF_INET;

	text_copy(key.link, sizeof(key.link), link);
	struct address *address = add(build, OBJECT_ADDRESS, &key);
	if (address == NULL) {
		return;
	}
	object_give(address, ADDRESS_LASTING, lasting, 1);
	if (metric != 0 || build->wish->nodad) {
		object_give(address, ADDRESS_METRIC, metric, metric);
	}
	if (!ipv4) {
		object_give(address, ADDRESS_NODAD, nodad, build->wish->nodad);
	}
	struct address added = *address;
	if (build->wish->routes) {
		uint32_t main_metric = metric == 0 && !ipv4 ? PREFIX_ROUTE_METRIC : metric;
		if (object_has(&added, ADDRESS_METRIC)) {
			add_prefix_route(build, &added, RT_TABLE_MAIN, main_metric);
		}
		add_prefix_route(build, &added, metric == 0 ? OTHER_TABLE : STATE_TABLE_ANYCAST,
			ipv4 ? 0 : 1024);
	}
}

static void add_rule(struct build *build, const struct prefix *source)
{
	struct rule_key key = {.priority = 10, .source = *source};

	key.source.length = (uint8_t)ip_bits(&source->ip);
	struct rule *rule = add(build, OBJECT_RULE, &key);
	if (rule != NULL) {
		object_give(rule, RULE_TABLE, table, 170 + (build->wish->length == 17));
	}
}

static void build_bridge(struct build *build)
{
	const struct wish *wish = build->wish;
	struct prefix ipv4 = {.ip = {.family = AF_INET, .bytes = {10, wish->cloud, 5, wish->node}},
		.length = wish->length};
	struct prefix ipv6 = {.ip = {.family = AF_INET6, .bytes = {0xfd, wish->cloud}},
		.length = 64};
	struct link *bridge = add_own(build, wish->bridge, LINK_BRIDGE, "bridge");

	if (bridge == NULL) {
		return;
	}
	ipv6.ip.bytes[15] = wish->node;
	object_give(bridge, LINK_MTU, mtu, 1500);
	object_give(bridge, LINK_MAC, mac, random_mac(build));
	object_give(bridge, LINK_STP, stp, dice_roll(&build->dice, 2));
	object_give(bridge, LINK_MULTICAST_SNOOPING, multicast_snooping,
		(uint8_t)dice_roll(&build->dice, 2));
	add_address(build, wish->bridge, &ipv4, 0);
	add_address(build, wish->bridge, &ipv6, 0);
	struct link *anycast = add_own(build, wish->anycast, LINK_MACVLAN, "anycast");
	if (anycast == NULL) {
		return;
	}
	object_give_text(anycast, LINK_LOWER, lower, wish->bridge);
	object_give(anycast, LINK_MACVLAN_MODE, macvlan_mode, MACVLAN_MODE_PRIVATE);
	object_give(anycast, LINK_MTU, mtu, 1500);
	object_give(anycast, LINK_MAC, mac, random_mac(build));
	ipv4.ip.bytes[2] = 0;
	ipv4.ip.bytes[3] = 1;
	ipv6.ip.bytes[15] = 1;
	add_address(build, wish->anycast, &ipv4, wish->metric);
	add_address(build, wish->anycast, &ipv6, wish->metric);
	if (wish->rules) {
		add_rule(build, &ipv4);
		add_rule(build, &ipv6);
	}
}

static void build_mesh(struct build *build)
{
	const struct wish *wish = build->wish;
	struct link *link = add_own(build, wish->mesh, LINK_BATADV, "mesh");

	if (link == NULL) {
		return;
	}
	object_give_text(link, LINK_ALGORITHM, algorithm,
		wish->version_v ? "BATMAN_V" : "BATMAN_IV");
	object_give(link, LINK_MAC, mac, random_mac(build));
	bool bridged = state_find_link(build->desired, wish->bridge) != NULL;
	object_give_text(link, LINK_MASTER, master, bridged ? wish->bridge : "");
	if (bridged && dice_chance(&build->dice, 80)) {
		object_give(link, LINK_MULTICAST_ROUTER, multicast_router, 2);
	}
	struct mesh *mesh = add(build, OBJECT_MESH, link->name);
	if (mesh == NULL) {
		return;
	}
	if (dice_chance(&build->dice, 80)) {
		object_give(mesh, MESH_GW_MODE, gw_mode, (uint8_t)dice_roll(&build->dice, 3));
		object_give(mesh, MESH_ORIG_INTERVAL, orig_interval,
			1000 + dice_roll(&build->dice, 2) * 1000);
		object_give(mesh, MESH_DISTRIBUTED_ARP_TABLE, distributed_arp_table, 0);
		object_give(mesh, MESH_LOG_LEVEL, log_level, 7);
	}
	struct mesh_vlan_key key = {.vid = 9};
	memcpy(key.mesh, mesh->name, sizeof(key.mesh));
	struct mesh_vlan *vlan = add(build, OBJECT_MESH_VLAN, &key);
	if (vlan != NULL) {
		object_give(vlan, MESH_VLAN_AP_ISOLATION, ap_isolation,
			(uint8_t)dice_roll(&build->dice, 2));
	}
}

static void add_hardif(struct build *build, const struct wish_base *base, const char *name)
{
	char key[IFNAMSIZ];

	text_copy(key, sizeof(key), name);
	struct hardif *hardif = add(build, OBJECT_HARDIF, key);
	if (hardif != NULL && base->hardif_settings) {
		object_give(hardif, HARDIF_HOP_PENALTY, hop_penalty, base->mac % 3);
		object_give(hardif, HARDIF_ELP_INTERVAL, elp_interval, 500);
	}
}

static void add_vlan(struct build *build, const struct wish_base *base, const struct link *lower,
	uint16_t vid, uint32_t room)
{
	char name[24];

	snprintf(name, sizeof(name), "%s.%u", lower->name, vid);
	if (tuple_is_taken(build, lower->name, vid)) {
		return;
	}
	bool is_hardif = vid != 18 && state_find_link(build->desired, build->wish->mesh) != NULL;
	struct link *vlan = add_own(build, name, LINK_VLAN, vid == 18 ? "bmx7" : "hardif");
	if (vlan == NULL) {
		return;
	}
	object_give_text(vlan, LINK_LOWER, lower, lower->name);
	object_give(vlan, LINK_VLAN_ID, vlan_id, vid);
	object_give(vlan, LINK_VLAN_PROTOCOL, vlan_protocol, base->protocol);
	object_give(vlan, LINK_MTU, mtu, base->vlan_mtu < room ? base->vlan_mtu : room);
	object_give_text(vlan, LINK_MASTER, master, is_hardif ? build->wish->mesh : "");
	if (is_hardif) {
		object_give(vlan, LINK_MAC, mac, random_mac(build));
		vlan->mac.bytes[1] = base->mac;
		add_hardif(build, base, name);
	}
}

/* The MTU that a link may have when the one it stands on gets its own. */
static uint32_t limit_of(const struct build *build, const struct link *observed)
{
	const struct link *lower = state_find_link(build->observed, observed->lower);
	const struct link *desired = state_find_link(build->desired, observed->lower);
	uint32_t limit = observed->max_mtu != 0 ? observed->max_mtu : 9000;

	if (observed->kind == LINK_VLAN && lower != NULL) {
		uint32_t below = desired != NULL && object_has(desired, LINK_MTU) ? desired->mtu
										  : lower->mtu;
		limit = below < limit ? below : limit;
	}
	return limit;
}

static void enslave(struct build *build, struct link *link, const struct link *observed,
	const char *master)
{
	if (state_find_link(build->desired, master) == NULL ||
		is_foreign(state_find_link(build->observed, observed->master))) {
		return;
	}
	object_give_text(link, LINK_MASTER, master, master);
}

static void build_base(struct build *build, size_t index)
{
	const struct wish_base *base = &build->wish->bases[index];
	const struct link *observed = state_find_link(build->observed, world_bases[index]);

	if (!base->used || observed == NULL || !is_foreign(observed)) {
		return;
	}
	const struct link *lower = state_find_link(build->observed, observed->lower);
	const struct link *lower_desired = state_find_link(build->desired, observed->lower);
	if (lower != NULL && !lower->up && lower_desired == NULL) {
		return;
	}
	struct link *link = state_add_link(build->desired, observed->name);
	if (link == NULL) {
		build->no_memory = true;
		return;
	}
	link->head.flags |= OBJECT_BORROWED;
	object_give(link, LINK_UP, up, 1);
	uint32_t limit = limit_of(build, observed);
	uint32_t mtu = observed->mtu < limit ? observed->mtu : limit;
	if (base->mtu != 0 || observed->mtu > limit) {
		mtu = base->mtu != 0 && base->mtu < limit ? base->mtu : limit;
		object_give(link, LINK_MTU, mtu, mtu);
	}
	struct link copy = *link; /* later adds move the set */
	if (base->port) {
		enslave(build, link, observed, build->wish->bridge);
	} else if (base->untagged && mtu >= 128) {
		enslave(build, link, observed, build->wish->mesh);
		if (object_has(link, LINK_MASTER)) {
			add_hardif(build, base, copy.name);
		}
	}
	for (size_t v = 0; v < WISH_VIDS; v++) {
		if (base->vids[v] != 0) {
			add_vlan(build, base, &copy, base->vids[v], mtu - VLAN_TAG);
		}
	}
}

static void build_table(struct build *build, struct ruleset *table, enum nft_verdict verdict)
{
	struct nft_chain chain = {.name = "forward", .type = "filter"};
	struct nft_rule rule = {.chain = "forward", .name = "test", .verdict = verdict};

	rule.matches[0].value[0] = build->wish->cloud;
	rule.match_count = 1;
	build->no_memory |= ruleset_add_chain(table, &chain) < 0;
	build->no_memory |= ruleset_add_rule(table, &rule) < 0;
	table->present = true;
}

static void build_rest(struct build *build)
{
	static const char *const paths[] = {"net/ipv4/ip_forward", "net/no/such/thing"};

	for (size_t i = 0; build->wish->sysctls && i < ARRAY_SIZE(paths); i++) {
		char key[sizeof(((struct sysctl *)0)->path)];
		text_copy(key, sizeof(key), paths[i]);
		struct sysctl *sysctl = add(build, OBJECT_SYSCTL, key);
		if (sysctl != NULL) {
			object_give(sysctl, SYSCTL_VALUE, value, 1);
		}
	}
	if (build->wish->ruleset) {
		build_table(build, &build->desired->ruleset, NFT_VERDICT_DROP);
	}
	if (build->wish->nat) {
		build_table(build, &build->desired->nat, NFT_VERDICT_MASQUERADE);
	}
}

int wish_build(const struct wish *wish, const struct state *observed, struct state *desired)
{
	struct build build = {.wish = wish, .observed = observed, .desired = desired};

	memset(desired, 0, sizeof(*desired));
	build_bridge(&build);
	build_mesh(&build);
	for (size_t i = 0; i < WORLD_BASES; i++) {
		build_base(&build, i);
	}
	build_rest(&build);
	build.no_memory |= wish_add_ways(wish, observed, desired) < 0;
	state_sort(desired);
	return build.no_memory ? -ENOMEM : 0;
}
