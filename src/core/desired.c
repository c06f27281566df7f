/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/desired.h"

#include <errno.h>
#include <fnmatch.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/desired_build.h"
#include "core/ruleset.h"

/* Connected routes of the shared addresses lose against those of the node's own (LibreMesh). */
#define ANYCAST_METRIC          2147483647u
/* Before any routing daemon's rule: answers from the anycast address leave by its macvlan. */
#define ANYCAST_RULE_PRIORITY   10
#define IPV6_DEFAULT_METRIC     1024 /* IP6_RT_PRIO_USER */
#define BATADV_OVERHEAD         60   /* largest header, with network coding compiled in */
#define MULTICAST_ROUTER_ALWAYS 2
#define RP_FILTER_LOOSE         2

void *build_add(struct build *build, enum object_type type, const void *key)
{
	void *object = state_add(build->desired, type, key);

	if (object == NULL) {
		build->no_memory = true;
	}
	return object;
}

struct link *build_own_link(struct build *build, const char *name, enum link_kind kind,
	const char *role)
{
	const struct link *observed = state_find_link(build->observed, name);
	char alias[STATE_ALIAS_SIZE];

	if (observed != NULL && !(observed->head.flags & OBJECT_OWNED)) {
		problem_add(build->problems, PROBLEM_NAME_TAKEN, name,
			"remove or rename that interface, or choose another name in meshd.json",
			"%s is there already and is not meshd's", name);
		return NULL;
	}
	char key[IFNAMSIZ];
	text_copy(key, sizeof(key), name);
	struct link *link = build_add(build, OBJECT_LINK, key);
	if (link == NULL) {
		return NULL;
	}
	snprintf(alias, sizeof(alias), "%s%s", STATE_ALIAS_PREFIX, role);
	object_give(link, LINK_KIND, kind, (uint8_t)kind);
	object_give_text(link, LINK_ALIAS, alias, alias);
	object_give(link, LINK_GROUP, group, STATE_LINK_GROUP);
	object_give_text(link, LINK_MASTER, master, "");
	object_give(link, LINK_UP, up, 1);
	return link;
}

struct link *build_borrow(struct build *build, const struct link *observed)
{
	const struct link *first = state_at(build->observed, OBJECT_LINK, 0);
	size_t *place = &build->borrowed[observed - first];

	if (*place != 0) {
		return state_at(build->desired, OBJECT_LINK, *place - 1);
	}
	struct link *link = build_add(build, OBJECT_LINK, observed->name);
	if (link != NULL) {
		link->head.flags |= OBJECT_BORROWED;
		*place = state_count(build->desired, OBJECT_LINK);
	}
	return link;
}

struct address *build_add_address(struct build *build, const struct address_key *key)
{
	struct address *address = build_add(build, OBJECT_ADDRESS, key);

	if (address != NULL) {
		object_give(address, ADDRESS_LASTING, lasting, 1);
	}
	return address;
}

static void add_address(struct build *build, const char *device, const struct prefix *prefix,
	uint32_t metric)
{
	struct address_key key = {.prefix = *prefix};

	text_copy(key.link, sizeof(key.link), device);
	struct address *address = build_add_address(build, &key);
	if (address != NULL && metric != 0) {
		object_give(address, ADDRESS_METRIC, metric, metric);
	}
}

/* An IPv6 address that every node has: no duplicate detection. */
static void add_shared_ipv6(struct build *build, const char *device, const struct prefix *prefix,
	uint32_t metric)
{
	add_address(build, device, prefix, metric);
	if (!build->no_memory) {
		size_t last = state_count(build->desired, OBJECT_ADDRESS) - 1;
		struct address *address = state_at(build->desired, OBJECT_ADDRESS, last);
		object_give(address, ADDRESS_NODAD, nodad, 1);
	}
}

static void add_route(struct build *build, const char *device, uint32_t table, uint32_t metric,
	const struct prefix *address)
{
	struct route_key key = {.table = table,
		.metric = metric,
		.destination = prefix_network(address)};

	text_copy(key.link, sizeof(key.link), device);
	struct route *route = build_add(build, OBJECT_ROUTE, &key);
	if (route != NULL && address->ip.family == AF_INET) {
		object_give(route, ROUTE_SOURCE, source, address->ip);
	}
}

static void add_rule(struct build *build, const struct ip *source, uint32_t table)
{
	struct rule_key key = {.priority = ANYCAST_RULE_PRIORITY,
		.source = {.ip = *source, .length = (uint8_t)ip_bits(source)}};
	struct rule *rule = build_add(build, OBJECT_RULE, &key);

	if (rule != NULL) {
		object_give(rule, RULE_TABLE, table, table);
		object_give(rule, RULE_SUPPRESS, suppress, -1);
	}
}

static void build_bridge(struct build *build)
{
	const struct config *config = build->config;
	const char *name = config->lan.bridge;
	struct link *link = build_own_link(build, name, LINK_BRIDGE, "bridge");

	build->has_bridge = link != NULL;
	if (link == NULL) {
		return;
	}
	object_give(link, LINK_MAC, mac, identity_interface_mac(name, &build->identity->mac));
	object_give(link, LINK_MTU, mtu, (uint32_t)config->lan.mtu);
	object_give(link, LINK_STP, stp, config->lan.stp);
	object_give(link, LINK_MULTICAST_SNOOPING, multicast_snooping,
		config->lan.multicast_snooping);
	object_give(link, LINK_MULTICAST_QUERIER, multicast_querier, config->lan.multicast_querier);
	object_give(link, LINK_RP_FILTER, rp_filter, RP_FILTER_LOOSE);
	/* Else it answers ARP for the anycast address with the node's own MAC. */
	object_give(link, LINK_ARP_IGNORE, arp_ignore, 1);
	object_give(link, LINK_ACCEPT_RA, accept_ra, 0);
	add_address(build, name, &build->identity->node_ipv4, 0);
	add_address(build, name, &build->identity->node_ipv6, 0);
	add_route(build, name, RT_TABLE_MAIN, 0, &build->identity->node_ipv4);
	add_route(build, name, RT_TABLE_MAIN, ROUTE_IPV6_PREFIX_METRIC,
		&build->identity->node_ipv6);
}

static void build_anycast(struct build *build)
{
	const struct identity *identity = build->identity;
	const char *name = build->config->anycast.device;
	struct prefix link_local = {.ip = identity->anycast_link_local, .length = 64};

	if (!build->config->anycast.enabled || !build->has_bridge) {
		return;
	}
	struct link *link = build_own_link(build, name, LINK_MACVLAN, "anycast");
	if (link == NULL) {
		return;
	}
	object_give_text(link, LINK_LOWER, lower, build->config->lan.bridge);
	object_give(link, LINK_MACVLAN_MODE, macvlan_mode, MACVLAN_MODE_PRIVATE);
	object_give(link, LINK_MAC, mac, identity->anycast_mac);
	object_give(link, LINK_MTU, mtu, (uint32_t)build->config->lan.mtu);
	/* The link-local is the same on every node, so it is ours to set, without detection. */
	object_give(link, LINK_ADDR_GEN_MODE, addr_gen_mode, IN6_ADDR_GEN_MODE_NONE);
	object_give(link, LINK_RP_FILTER, rp_filter, RP_FILTER_LOOSE);
	object_give(link, LINK_ARP_IGNORE, arp_ignore, 1);
	object_give(link, LINK_ACCEPT_DAD, accept_dad, 0);
	object_give(link, LINK_ACCEPT_RA, accept_ra, 0);

	add_address(build, name, &identity->anycast_ipv4, ANYCAST_METRIC);
	add_shared_ipv6(build, name, &identity->anycast_ipv6, ANYCAST_METRIC);
	add_shared_ipv6(build, name, &link_local, 0);
	add_route(build, name, RT_TABLE_MAIN, ANYCAST_METRIC, &identity->anycast_ipv4);
	add_route(build, name, RT_TABLE_MAIN, ANYCAST_METRIC, &identity->anycast_ipv6);
	add_route(build, name, RT_TABLE_MAIN, ROUTE_IPV6_PREFIX_METRIC, &link_local);
	add_route(build, name, STATE_TABLE_ANYCAST, 0, &identity->anycast_ipv4);
	add_route(build, name, STATE_TABLE_ANYCAST, IPV6_DEFAULT_METRIC, &identity->anycast_ipv6);
	add_rule(build, &identity->anycast_ipv4.ip, STATE_TABLE_ANYCAST);
	add_rule(build, &identity->anycast_ipv6.ip, STATE_TABLE_ANYCAST);
}

/* Without fragmentation the mesh interface cannot be larger than its smallest hardif allows. */
static uint32_t mesh_mtu(const struct build *build)
{
	uint32_t mtu = config_full_packet(build->config);
	uint32_t limit = mtu;

	if (!build->config->batadv.settings.fragmentation &&
		build->smallest_hardif_mtu != UINT32_MAX) {
		limit = build->smallest_hardif_mtu - BATADV_OVERHEAD;
	}
	return mtu < limit ? mtu : limit;
}

static bool field_is_zero(const struct object_class *class, size_t field, const void *object)
{
	const struct field *row = &class->fields[field];
	const char *bytes = (const char *)object + row->offset;

	return bytes[0] == 0 && memcmp(bytes, bytes + 1, row->size - 1) == 0;
}

/* Settings the file gives but this kernel's batman-adv does not know. */
static void check_mesh_support(struct build *build, const struct mesh *desired)
{
	const struct mesh *observed = state_find(build->observed, OBJECT_MESH, desired->name);
	const struct object_class *class = &object_classes[OBJECT_MESH];

	for (size_t field = 0; observed != NULL && field < class->field_count; field++) {
		/* What is off is so without the setting as well. */
		if ((desired->head.has & ~observed->head.has & FIELD_BIT(field)) &&
			!field_is_zero(class, field, desired)) {
			problem_add(build->problems, PROBLEM_UNSUPPORTED, class->fields[field].name,
				"take it out of meshd.json",
				"this kernel's batman-adv has no setting %s",
				class->fields[field].name);
		}
	}
}

static void build_mesh_settings(struct build *build)
{
	const struct config *config = build->config;
	char key[IFNAMSIZ];

	text_copy(key, sizeof(key), config->batadv.device);
	struct mesh *mesh = build_add(build, OBJECT_MESH, key);
	if (mesh == NULL) {
		return;
	}
	*mesh = config->batadv.settings;
	text_copy(mesh->name, sizeof(mesh->name), config->batadv.device);
	check_mesh_support(build, mesh);
	for (size_t i = 0; i < config->batadv.vlan_count; i++) {
		struct mesh_vlan_key vlan_key = config->batadv.vlans[i].key;
		text_copy(vlan_key.mesh, sizeof(vlan_key.mesh), config->batadv.device);
		struct mesh_vlan *vlan = build_add(build, OBJECT_MESH_VLAN, &vlan_key);
		if (vlan == NULL) {
			return;
		}
		object_give(vlan, MESH_VLAN_AP_ISOLATION, ap_isolation,
			config->batadv.vlans[i].ap_isolation);
		if (state_find_link(build->observed, config->batadv.device) != NULL &&
			state_find(build->observed, OBJECT_MESH_VLAN, &vlan_key) == NULL) {
			char object[OBJECT_TEXT_SIZE];
			object_format_key(OBJECT_MESH_VLAN, vlan, object);
			problem_add(build->problems, PROBLEM_LINK_MISSING, object,
				"create that VLAN interface, or take it out of batadv.vlans",
				"no VLAN %u stands on %s", vlan_key.vid, vlan_key.mesh);
		}
	}
}

static void build_mesh(struct build *build)
{
	const struct config *config = build->config;
	const char *name = config->batadv.device;
	struct link *link = state_find_link(build->desired, name);

	if (link == NULL) {
		return;
	}
	object_give_text(link, LINK_ALGORITHM, algorithm, config->batadv.algorithm);
	object_give(link, LINK_MAC, mac, identity_interface_mac(name, &build->identity->mac));
	object_give(link, LINK_MTU, mtu, mesh_mtu(build));
	if (link->mtu < config_full_packet(config)) {
		problem_add(build->problems, PROBLEM_FRAGMENTATION, name,
			"set batadv.fragmentation, or mesh by links that take larger frames",
			"without fragmentation %s carries packets of %u bytes at most", name,
			link->mtu);
	}
	object_give(link, LINK_ADDR_GEN_MODE, addr_gen_mode, IN6_ADDR_GEN_MODE_NONE);
	if (build->has_bridge) {
		object_give_text(link, LINK_MASTER, master, config->lan.bridge);
		object_give(link, LINK_MULTICAST_ROUTER, multicast_router, MULTICAST_ROUTER_ALWAYS);
	}
	build_mesh_settings(build);
}

static void build_sysctls(struct build *build)
{
	static const struct {
		const char *path;
		int32_t value;
	} wanted[] = {
		{"net/ipv4/ip_forward", 1},
		{"net/ipv6/conf/all/forwarding", 1},
		{"net/ipv4/conf/all/rp_filter", RP_FILTER_LOOSE},
		{"net/ipv4/conf/default/rp_filter", RP_FILTER_LOOSE},
		/* Else others' addresses in a network go with our first one there. */
		{"net/ipv4/conf/all/promote_secondaries", 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		char key[sizeof(((struct sysctl *)0)->path)];
		text_copy(key, sizeof(key), wanted[i].path);
		struct sysctl *sysctl = build_add(build, OBJECT_SYSCTL, key);
		if (sysctl == NULL) {
			return;
		}
		object_give(sysctl, SYSCTL_VALUE, value, wanted[i].value);
	}
}

static int build_ruleset(struct build *build)
{
	const struct config *config = build->config;
	uint16_t vlans[3];
	struct ruleset_request request = {.mesh = config->batadv.device,
		.anycast = config->anycast.enabled,
		.anycast_mac = build->identity->anycast_mac,
		.anycast_ipv4 = build->identity->anycast_ipv4.ip,
		.anycast_ipv6 = build->identity->anycast_ipv6.ip,
		.anycast_link_local = build->identity->anycast_link_local,
		.vlan_protocol = config->cloud.vlan_protocol,
		.mesh_vlans = vlans};

	if (!config->batadv.enabled && !config->anycast.enabled) {
		return 0;
	}
	if (config->batadv.enabled && build->cloud_vlan != 0) {
		vlans[request.mesh_vlan_count++] = build->cloud_vlan;
	}
	if (config->bmx7.enabled && config->bmx7.vlan != 0) {
		vlans[request.mesh_vlan_count++] = (uint16_t)config->bmx7.vlan;
	}
	if (config->babeld.enabled && config->babeld.vlan != 0 &&
		!(config->bmx7.enabled && config->bmx7.vlan == config->babeld.vlan)) {
		vlans[request.mesh_vlan_count++] = (uint16_t)config->babeld.vlan;
	}
	return ruleset_build(&request, &build->desired->ruleset);
}

static int derive(const struct desired_input *input, struct identity *identity, struct err *err)
{
	struct identity_request request = config_identity_request(input->config);

	request.has_mac = !mac_is_zero(&input->primary_mac);
	request.mac = input->primary_mac;
	if (request.hostname[0] == '\0') {
		request.hostname = input->hostname;
	}
	return identity_derive(&request, identity, err);
}

static void build_all(struct build *build)
{
	const struct config *config = build->config;

	config_warn(config, build->problems);
	build_sysctls(build);
	build_bridge(build);
	if (config->batadv.enabled) {
		build->has_mesh =
			build_own_link(build, config->batadv.device, LINK_BATADV, "mesh") != NULL;
	}
	build_links(build);
	build_ports(build);
	build_mesh(build);
	build_anycast(build);
	build_gateway(build);
	build_release_ports(build);
}

int desired_build(const struct desired_input *input, struct identity *identity,
	struct state *desired, struct problem_list *problems, struct err *err)
{
	CLEANUP(cleanup_free)
	size_t *borrowed = calloc(state_count(input->observed, OBJECT_LINK) + 1, sizeof(*borrowed));
	struct build build = {.input = input,
		.config = input->config,
		.observed = input->observed,
		.identity = identity,
		.desired = desired,
		.problems = problems,
		.smallest_hardif_mtu = UINT32_MAX,
		.borrowed = borrowed};

	if (borrowed == NULL) {
		return -ENOMEM;
	}
	int result = derive(input, identity, err);
	if (result < 0) {
		return result;
	}
	if (!identity->has_node) {
		err_set(err, "no link is there whose MAC could name this node");
		return -ENODEV;
	}
	build.cloud_vlan = input->config->cloud.vlan == VLAN_AUTO
				   ? identity->cloud_vlan
				   : (uint16_t)input->config->cloud.vlan;
	build_all(&build);
	build_drop_ipv6(&build);
	result = build_ruleset(&build);
	state_sort(desired);
	build_note_foreign(&build);
	return build.no_memory ? -ENOMEM : result;
}
