/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/wishes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "version.h"

#define MEBIBYTE         1048576u
#define START_SECONDS    20
#define WEAK_RATING      1   /* percent */
#define BMX7_KEY_SECONDS 180 /* the first start makes a key, minutes on a slow router */

/* --- what a child waits for --- */

static bool link_is_up(const struct wish_input *input, const char *name)
{
	const struct link *link = state_find_link(input->observed, name);

	return link != NULL && link->up;
}

static bool has_link_local(const struct wish_input *input, const char *name)
{
	for (size_t i = 0; i < state_count(input->observed, OBJECT_ADDRESS); i++) {
		const struct address *address = state_at(input->observed, OBJECT_ADDRESS, i);
		const struct ip *ip = &address->key.prefix.ip;
		if (strcmp(address->key.link, name) == 0 && !address->tentative &&
			ip->family == AF_INET6 && ip->bytes[0] == 0xfe &&
			(ip->bytes[1] & 0xc0) == 0x80) {
			return true;
		}
	}
	return false;
}

static void wait_for(struct child_wish *wish, const char *what, const char *name)
{
	snprintf(wish->waits_for, sizeof(wish->waits_for), "%s %s", name, what);
}

/* Up, with a link-local address that duplicate detection has let through. */
static bool wait_for_link(const struct wish_input *input, const char *name, struct child_wish *wish)
{
	if (!link_is_up(input, name)) {
		wait_for(wish, "to be up", name);
	} else if (!has_link_local(input, name)) {
		wait_for(wish, "to have a link-local address", name);
	}
	return wish->waits_for[0] == '\0';
}

static int wait_for_layer3(const struct wish_input *input, enum link_protocol protocol,
	struct child_wish *wish)
{
	CLEANUP(cleanup_free) char(*names)[IFNAMSIZ] = NULL;
	size_t count = 0;
	int result = render_devices(&input->render, protocol, &names, &count);

	if (result < 0) {
		return result;
	}
	if (count == 0) {
		snprintf(wish->waits_for, sizeof(wish->waits_for), "a link with protocol %s",
			protocol == PROTOCOL_BMX7 ? "bmx7" : "babeld");
	}
	for (size_t i = 0; i < count; i++) {
		wish->waits_for[0] = '\0';
		if (wait_for_link(input, names[i], wish)) {
			break; /* one is enough: it takes the others up as they come */
		}
	}
	if (wish->waits_for[0] == '\0' && protocol == PROTOCOL_BMX7) {
		(void)routing_bmx7_has_needs(wish->waits_for, sizeof(wish->waits_for));
	}
	return 0;
}

static void wait_for_cloud(const struct wish_input *input, struct child_wish *wish)
{
	const struct config *config = input->render.config;

	if (config->batadv.enabled && !link_is_up(input, config->batadv.device)) {
		wait_for(wish, "to be up", config->batadv.device);
		return;
	}
	wait_for_link(input, config->lan.bridge, wish);
}

static void wait_for_anycast(const struct wish_input *input, struct child_wish *wish)
{
	const char *device = input->render.config->anycast.device;
	struct address_key key = {.prefix = input->render.identity->anycast_ipv4};

	text_copy(key.link, sizeof(key.link), device);
	if (!link_is_up(input, device)) {
		wait_for(wish, "to be up", device);
	} else if (state_find(input->observed, OBJECT_ADDRESS, &key) == NULL) {
		wait_for(wish, "to have the shared address", device);
	} else if (input->dnsmasq_environment == NULL) {
		wait_for(wish, "to be tested", CHILD_DNSMASQ_CONFIG);
	}
}

/* --- children --- */

static void take_program(const struct program_config *program, struct child_wish *wish)
{
	text_copy(wish->program, sizeof(wish->program), program->path);
	wish->memory_max = (uint64_t)program->memory_max * MEBIBYTE;
	wish->start_seconds = START_SECONDS;
}

static int make_babeld(const struct wish_input *input, struct child_wish *wish, struct err *err)
{
	take_program(&input->render.config->babeld.program, wish);
	int result = wait_for_layer3(input, PROTOCOL_BABELD, wish);
	return result < 0 ? result : render_babeld(&input->render, &wish->arguments, err);
}

static int make_bmx7(const struct wish_input *input, struct child_wish *wish, struct err *err)
{
	take_program(&input->render.config->bmx7.program, wish);
	wish->start_seconds = BMX7_KEY_SECONDS;
	int result = wait_for_layer3(input, PROTOCOL_BMX7, wish);
	return result < 0 ? result : render_bmx7(&input->render, &wish->arguments, err);
}

static int make_alfred(const struct wish_input *input, struct child_wish *wish, struct err *err)
{
	take_program(&input->render.config->alfred.program, wish);
	wait_for_cloud(input, wish);
	return render_alfred(&input->render, &wish->arguments, err);
}

static int make_dnsmasq(const struct wish_input *input, struct child_wish *wish, struct err *err)
{
	take_program(&input->render.config->dhcp.program, wish);
	wait_for_anycast(input, wish);
	wish->environment[0] = input->dnsmasq_environment;
	return render_dnsmasq(&input->render, &wish->arguments, err);
}

static bool is_wanted(const struct config *config, enum child_name name)
{
	switch (name) {
	case CHILD_BABELD:
		return config_supervises(&config->babeld);
	case CHILD_BMX7:
		return config_supervises(&config->bmx7);
	case CHILD_ALFRED:
		return config->alfred.enabled;
	case CHILD_DNSMASQ:
		return config->dhcp.enabled && config->anycast.enabled;
	case CHILDREN:
		break;
	}
	return false;
}

int wish_make_child(const struct wish_input *input, enum child_name name, struct child_wish *wish,
	struct err *err)
{
	static int (*const makers[CHILDREN])(const struct wish_input *, struct child_wish *,
		struct err *) = {[CHILD_BABELD] = make_babeld,
		[CHILD_BMX7] = make_bmx7,
		[CHILD_ALFRED] = make_alfred,
		[CHILD_DNSMASQ] = make_dnsmasq};

	*wish = (struct child_wish){0};
	if (!is_wanted(input->render.config, name)) {
		return 0;
	}
	int result = makers[name](input, wish, err);
	wish->wanted = result == 0;
	return result;
}

/* --- layer 3 --- */

static struct prefix default_route(enum gateway_family family)
{
	return (struct prefix){.ip = {.family = family == GATEWAY_IPV4 ? AF_INET : AF_INET6}};
}

/* bmx7 also offers the node's own addresses by themselves; babeld would draw what goes to a node of
 * the same cloud out of layer 2. */
static int take_announced(const struct wish_input *input, enum link_protocol protocol,
	const struct layer3_config *config, struct routing_wish *wish)
{
	const struct identity *identity = input->render.identity;
	struct prefix own[] = {identity->subnet_ipv4, identity->subnet_ipv6,
		{.ip = identity->node_ipv4.ip, .length = 32},
		{.ip = identity->node_ipv6.ip, .length = 128}};
	size_t own_count = protocol == PROTOCOL_BMX7 ? ARRAY_SIZE(own) : 2;

	wish->announce = calloc(own_count + config->announce_count + GATEWAY_FAMILIES,
		sizeof(wish->announce[0]));
	if (wish->announce == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < own_count; i++) {
		wish->announce[wish->announce_count++].network = own[i];
	}
	for (size_t i = 0; i < config->announce_count; i++) {
		wish->announce[wish->announce_count++].network = config->announce[i].network;
	}
	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		if (input->gateway->offered[family]) {
			wish->announce[wish->announce_count++] =
				(struct routing_announcement){.network = default_route(family),
					.bandwidth = input->gateway->bandwidth[family]};
		}
	}
	return 0;
}

/* Who chooses has bmx7 hold the tunnels to those chosen; its own choice is the last resort. */
static void take_pins(const struct gateways_wants *wants, struct routing_wish *wish)
{
	for (size_t i = 0; i < GATEWAYS_PINS_MAX; i++) {
		const struct gateways_pin *pin = &wants->pins[i];
		if (pin->id[0] == '\0') {
			continue;
		}
		struct routing_search *search = &wish->search[wish->search_count++];
		text_copy(search->name, sizeof(search->name), pin->name);
		text_copy(search->gateway, sizeof(search->gateway), pin->id);
		search->network = default_route(pin->family);
		search->metric = pin->metric;
	}
	for (size_t i = 0; i < wish->search_count && wants->choosing; i++) {
		if (wish->search[i].network.length == 0 && wish->search[i].gateway[0] == '\0') {
			wish->search[i].rating = WEAK_RATING;
		}
	}
}

static int take_searches(const struct wish_input *input, const struct layer3_config *config,
	struct routing_wish *wish)
{
	wish->search = calloc(config->network_count + GATEWAYS_PINS_MAX, sizeof(wish->search[0]));
	if (wish->search == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->network_count; i++) {
		const struct network_config *network = &config->networks[i];
		struct routing_search *search = &wish->search[wish->search_count++];
		text_copy(search->name, sizeof(search->name), network->name);
		search->network = network->network;
		search->max_length = network->max_length < 0
					     ? (uint8_t)ip_bits(&network->network.ip)
					     : (uint8_t)network->max_length;
	}
	take_pins(input->gateway, wish);
	return 0;
}

int wish_make_routing(const struct wish_input *input, enum link_protocol protocol,
	struct wish_routing *wish)
{
	const struct render_input *render = &input->render;
	bool is_bmx7 = protocol == PROTOCOL_BMX7;
	const struct layer3_config *config =
		is_bmx7 ? &render->config->bmx7 : &render->config->babeld;
	struct routing_wish *routing = &wish->routing;

	wish->wanted = config_supervises(config);
	if (!wish->wanted) {
		return 0;
	}
	text_copy(routing->hostname, sizeof(routing->hostname), render->identity->hostname);
	routing->link_type = render->config->babeld_link_type;
	routing->defaults_matter = !render->config->gateway.enabled;
	routing->tunnel_ipv4 = render->identity->node_ipv4;
	routing->tunnel_ipv6 = render->identity->node_ipv6;
	int result = render_devices(render, protocol, &routing->links, &routing->link_count);
	if (result == 0) {
		result = take_announced(input, protocol, config, routing);
	}
	return result == 0 && is_bmx7 ? take_searches(input, config, routing) : result;
}

void wish_routing_free(struct wish_routing *wish)
{
	free(wish->routing.links);
	free(wish->routing.announce);
	free(wish->routing.search);
	*wish = (struct wish_routing){0};
}

/* --- the cloud --- */

/* What no lease may take: the configuration's hosts and the shared address's names. */
static int take_reserved(const struct config *config, struct wish_cloud *wish)
{
	struct cloud_wish *cloud = &wish->cloud;

	wish->hosts = calloc(config->dhcp.host_count + 1, sizeof(wish->hosts[0]));
	wish->names = calloc(config->dhcp.name_count + 1, sizeof(wish->names[0]));
	if (wish->hosts == NULL || wish->names == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->dhcp.host_count; i++) {
		const struct host_config *host = &config->dhcp.hosts[i];
		struct lease_host *reserved = &wish->hosts[cloud->host_count++];
		reserved->mac = host->mac;
		reserved->ip = host->ipv4;
		text_copy(reserved->name, sizeof(reserved->name), host->name);
	}
	for (size_t i = 0; i < config->dhcp.name_count; i++) {
		wish->names[cloud->name_count++] = config->dhcp.names[i].text;
	}
	wish->names[cloud->name_count++] = config->anycast.device;
	cloud->hosts = wish->hosts;
	cloud->names = wish->names;
	return 0;
}

static void take_sharing(const struct config *config, struct cloud_wish *wish)
{
	static const enum cloud_role roles[] = {[ALFRED_ROLE_AUTO] = CLOUD_ROLE_AUTO,
		[ALFRED_ROLE_PRIMARY] = CLOUD_ROLE_PRIMARY,
		[ALFRED_ROLE_SECONDARY] = CLOUD_ROLE_SECONDARY};

	wish->share = config->alfred.enabled;
	wish->role = roles[config->alfred.role];
	wish->primaries_max = (unsigned int)config->alfred.primaries_max;
	wish->sync_seconds = config->alfred.sync_period / 1000.;
	wish->type = (uint8_t)config->alfred.type;
}

int wish_make_cloud(const struct wish_input *input, struct wish_cloud *wish, struct err *err)
{
	const struct config *config = input->render.config;
	const struct identity *identity = input->render.identity;
	const struct link *bridge = state_find_link(input->render.desired, config->lan.bridge);
	struct cloud_wish *cloud = &wish->cloud;

	cloud->mac = identity->mac;
	cloud->source = bridge != NULL ? bridge->mac : identity->mac;
	text_copy(cloud->hostname, sizeof(cloud->hostname), identity->hostname);
	text_copy(cloud->version, sizeof(cloud->version), MESHD_VERSION);
	cloud->ipv4 = identity->node_ipv4;
	cloud->ipv6 = identity->node_ipv6;
	cloud->serve = config->dhcp.enabled && config->anycast.enabled;
	text_copy(cloud->domain, sizeof(cloud->domain), config->dhcp.domain);
	text_copy(cloud->release_link, sizeof(cloud->release_link), config->anycast.device);
	cloud->server = identity->anycast_ipv4.ip;
	cloud->lease_seconds = (uint32_t)config->dhcp.lease_time;
	take_sharing(config, cloud);
	int result = take_reserved(config, wish);
	return result < 0 ? result
			  : render_pool(&input->render, &cloud->pool_first, &cloud->pool_last,
				    &cloud->pool_overlaps, err);
}

void wish_cloud_free(struct wish_cloud *wish)
{
	free(wish->hosts);
	free(wish->names);
	*wish = (struct wish_cloud){0};
}
