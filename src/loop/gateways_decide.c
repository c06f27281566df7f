/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/json_text.h"
#include "core/nat.h"
#include "loop/clock.h"
#include "loop/gateways.h"

#define WAYS_MAX   64
#define USE_TIME   5.  /* between looks at what own users take */
#define CALM_TIME  60. /* so long they have to take less than half of the cap */
#define LEFT_ALONE 0   /* own users take nothing worth noting */

static const char *const family_names[GATEWAY_FAMILIES] = {"IPv4", "IPv6"};

/* --- paths --- */

const struct path *gateways_path(const struct gateways *gateways, const char *key)
{
	const struct path *path = uplink_path(gateways->uplink, key);

	for (size_t i = 0; path == NULL && i < gateways->restored_count; i++) {
		if (strcmp(gateways->restored[i].key, key) == 0) {
			path = &gateways->restored[i].path;
		}
	}
	return path;
}

const struct path *gateways_own_path(const struct gateways *gateways, size_t i)
{
	char text[GATEWAY_PATH_KEY_SIZE];

	gateway_own_path_key(&gateways->own[i], text);
	return gateways_path(gateways, text);
}

/* --- names --- */

/* The cloud's nodes by their MAC. */
static int take_names(const struct gateways *gateways, struct gateway_name **names, size_t *count)
{
	CLEANUP(cleanup_json) json_t *json = cloud_nodes_to_json(gateways->cloud, clock_now());
	const json_t *nodes = json_object_get(json, "nodes");
	const json_t *node;
	size_t i;

	*count = 0;
	*names = calloc(json_array_size(nodes) + 1, sizeof(**names));
	if (*names == NULL) {
		return -ENOMEM;
	}
	json_array_foreach (nodes, i, node) {
		const char *mac = json_string_value(json_object_get(node, "mac"));
		const char *name = json_string_value(json_object_get(node, "name"));
		struct gateway_name *taken = &(*names)[*count];
		if (mac != NULL && name != NULL && mac_parse(mac, &taken->mac) == 0) {
			text_copy(taken->name, sizeof(taken->name), name);
			(*count)++;
		}
	}
	return 0;
}

/* --- gathering --- */

/* A daemon that is being restarted is believed what it said before, for a while. */
static const struct routing_state *routing_of(const struct gateways *gateways,
	const struct config *config, size_t number)
{
	const struct layer3_config *layer3 = number == 0 ? &config->bmx7 : &config->babeld;
	double silent_since = gateways->silent_since[number];

	if (!config_supervises(layer3) ||
		(silent_since != 0 && clock_now() - silent_since > GATEWAYS_SILENCE)) {
		return NULL;
	}
	return routing_get(gateways->routing, number == 0 ? PROTOCOL_BMX7 : PROTOCOL_BABELD);
}

int gateways_gather(const struct gateways *gateways, const struct config *config,
	struct gateways_family gathered[GATEWAY_FAMILIES])
{
	CLEANUP(cleanup_free) struct gateway_name *names = NULL;
	size_t name_count = 0;
	const struct routing_state *babeld = routing_of(gateways, config, 1);
	/* bmx7 tells the names itself. */
	int result = babeld == NULL ? 0 : take_names(gateways, &names, &name_count);
	struct gateway_gather gather = {.config = config,
		.identity = &gateways->identity,
		.own = gateways->own,
		.own_count = gateways->own_count,
		.routing = {routing_of(gateways, config, 0), babeld},
		.names = names,
		.name_count = name_count,
		.tunnels = gateways->tunnels};

	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES && result == 0; family++) {
		result = gateway_gather(&gather, family, &gathered[family].candidates,
			&gathered[family].count);
	}
	return result;
}

static void take_health(const struct gateways *gateways, enum gateway_family family,
	struct gateway_candidate *candidate)
{
	char key[GATEWAY_PATH_KEY_SIZE];

	gateway_path_key(family, &candidate->key, key);
	const struct path *path = gateways_path(gateways, key);
	candidate->probed = path != NULL;
	if (path != NULL) {
		candidate->health = *path;
	}
}

/* --- the choice --- */

static size_t take_texts(const struct text_config *texts, size_t count, char to[][64])
{
	size_t taken = count < GATEWAY_NAMES_MAX ? count : GATEWAY_NAMES_MAX;

	for (size_t i = 0; i < taken; i++) {
		text_copy(to[i], 64, texts[i].text);
	}
	return taken;
}

static void take_config(struct gateways *gateways, const struct config *config)
{
	struct gateway_choice *choice = &gateways->configured;

	*choice = (struct gateway_choice){.mode = (enum gateway_mode)config->gateway.mode,
		.strict = !config->gateway.fallback,
		.never_share = !config->gateway.share};
	text_copy(choice->use, sizeof(choice->use), config->gateway.use);
	choice->prefer_count =
		take_texts(config->gateway.prefer, config->gateway.prefer_count, choice->prefer);
	choice->avoid_count =
		take_texts(config->gateway.avoid, config->gateway.avoid_count, choice->avoid);
	if (!gateways->commanded) {
		gateways->choice = *choice;
	}
	gateways->rules =
		(struct gateway_rules){.hysteresis = (unsigned int)config->gateway.hysteresis,
			.hold_down = config->gateway.hold_down,
			.return_after = config->gateway.return_after,
			.half_life = config->probes.flap_half_life,
			.probe_next = config->gateway.probe_next};
	uplink_path_rules(&config->probes, &gateways->path_rules);
}

struct gateway_question gateways_question(const struct gateways *gateways,
	enum gateway_family family, double now)
{
	return (struct gateway_question){.candidates = gateways->families[family].candidates,
		.count = gateways->families[family].count,
		.choice = &gateways->choice,
		.rules = &gateways->rules,
		.path_rules = &gateways->path_rules,
		.now = now};
}

static int decide_family(struct gateways *gateways, enum gateway_family family,
	struct gateways_family *gathered, double now)
{
	struct gateways_family *of = &gateways->families[family];
	const struct gateway_key before = of->memory.in_use;
	uint64_t changes = of->memory.changes;
	struct gateway_decision decision = {.in_use = -1};

	for (size_t i = 0; i < gathered->count; i++) {
		take_health(gateways, family, &gathered->candidates[i]);
	}
	free(of->candidates);
	of->candidates = gathered->candidates;
	of->count = gathered->count;
	gathered->candidates = NULL;
	gateway_decision_free(&of->decision);
	struct gateway_question question = gateways_question(gateways, family, now);
	int result = gateway_decide(&question, &of->memory, &decision);
	of->decision = decision;
	if (result == 0 && of->memory.changes != changes) {
		log_notice("gateway", "%s: %s", family_names[family], decision.explanation);
		gateways->forget_due |= before.id[0] != '\0' && before.kind != GATEWAY_UPLINK &&
					of->memory.in_use.id[0] != '\0' &&
					of->memory.in_use.kind == GATEWAY_UPLINK;
	}
	return result;
}

int gateways_decide(struct gateways *gateways, const struct config *config, double now)
{
	struct gateways_family gathered[GATEWAY_FAMILIES] = {0};
	int result = gateways_gather(gateways, config, gathered);

	take_config(gateways, config);
	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES && result == 0; family++) {
		result = decide_family(gateways, family, &gathered[family], now);
	}
	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		free(gathered[family].candidates);
	}
	return result;
}

static bool same_candidates(const struct gateways_family *a, const struct gateways_family *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++) {
		const struct gateway_candidate *one = &a->candidates[i];
		const struct gateway_candidate *other = &b->candidates[i];
		same = gateway_key_equal(&one->key, &other->key) &&
		       strcmp(one->link, other->link) == 0 && strcmp(one->name, other->name) == 0 &&
		       memcmp(&one->endpoint, &other->endpoint, sizeof(one->endpoint)) == 0 &&
		       memcmp(&one->via, &other->via, sizeof(one->via)) == 0;
	}
	return same;
}

void gateways_on_routing(struct gateways *gateways)
{
	struct gateways_family gathered[GATEWAY_FAMILIES] = {0};
	bool same = gateways->decided && gateways->config != NULL &&
		    gateways_gather(gateways, gateways->config, gathered) == 0;

	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		same = same && same_candidates(&gathered[family], &gateways->families[family]);
		free(gathered[family].candidates);
	}
	if (!same) {
		gateways->look_again(gateways->context);
	}
}

/* --- probing --- */

static struct uplink_way *add_way(struct gateways *gateways, struct uplink_way *ways, size_t *count,
	enum gateway_family family, const struct gateway_key *key)
{
	if (*count >= WAYS_MAX) {
		gateways->left_out = true;
		return NULL;
	}
	struct uplink_way *way = &ways[(*count)++];
	*way = (struct uplink_way){.family = family == GATEWAY_IPV4 ? AF_INET : AF_INET6};
	gateway_path_key(family, key, way->key);
	return way;
}

static void add_own_ways(struct gateways *gateways, struct uplink_way *ways, size_t *count)
{
	for (size_t i = 0; i < gateways->own_count; i++) {
		const struct gateway_own *own = &gateways->own[i];
		struct gateway_key key = {.kind = GATEWAY_UPLINK};
		text_copy(key.id, sizeof(key.id), own->link);
		struct uplink_way *way =
			add_way(gateways, ways, count, gateway_own_family(own), &key);
		if (way != NULL) {
			text_copy(way->device, sizeof(way->device), own->link);
		}
	}
}

static void add_mesh_ways(struct gateways *gateways, const struct reconcile_view *view,
	enum gateway_family family, struct uplink_way *ways, size_t *count)
{
	const struct gateways_family *of = &gateways->families[family];

	for (size_t i = 0; i < of->decision.count; i++) {
		const struct gateway_rank *rank = &of->decision.order[i];
		const struct gateway_candidate *candidate = &of->candidates[rank->candidate];
		if (rank->probe_interval == 0 || candidate->key.kind == GATEWAY_UPLINK ||
			(state_find_link(view->observed, candidate->link) == NULL &&
				state_find_link(view->desired, candidate->link) == NULL)) {
			continue;
		}
		struct uplink_way *way = add_way(gateways, ways, count, family, &candidate->key);
		if (way != NULL) {
			text_copy(way->device, sizeof(way->device), candidate->link);
			way->source = family == GATEWAY_IPV4 ? gateways->identity.node_ipv4.ip
							     : gateways->identity.node_ipv6.ip;
			way->interval = rank->probe_interval;
			way->light = true;
		}
	}
}

void gateways_set_ways(struct gateways *gateways, const struct reconcile_view *view, double now)
{
	CLEANUP(cleanup_free) struct uplink_way *ways = calloc(WAYS_MAX, sizeof(*ways));
	size_t count = 0;

	if (ways == NULL) {
		return; /* those before are probed on */
	}
	add_own_ways(gateways, ways, &count);
	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		add_mesh_ways(gateways, view, family, ways, &count);
	}
	int result = uplink_set_wish(gateways->uplink, &view->config->probes, ways, count, now);
	if (result < 0) {
		log_warning("gateway", "cannot probe: %s", strerrordesc_np(-result));
		return;
	}
	for (size_t i = 0; i < gateways->restored_count; i++) {
		uplink_restore(gateways->uplink, gateways->restored[i].key,
			&gateways->restored[i].path);
	}
}

/* --- spare uplinks --- */

static struct gateways_use *find_use(struct gateways *gateways, const char *link)
{
	struct gateways_use *use = NULL;

	for (size_t i = 0; i < GATEWAY_OWN_MAX; i++) {
		if (strcmp(gateways->uses[i].link, link) == 0) {
			return &gateways->uses[i];
		}
		if (use == NULL && gateways->uses[i].link[0] == '\0') {
			use = &gateways->uses[i];
		}
	}
	if (use != NULL) {
		text_copy(use->link, sizeof(use->link), link);
	}
	return use;
}

/* True when own users take more than the cap; calm when less than half of it. */
static bool is_needed(const struct gateway_own *own, const struct gateways_use *use, bool *calm)
{
	const double limits[2] = {(double)own->config.down * UPLINK_RATE_UNIT * own->config.cap /
					  100,
		(double)own->config.up * UPLINK_RATE_UNIT * own->config.cap / 100};
	bool needed = false;

	*calm = true;
	for (size_t i = 0; i < 2; i++) {
		needed |= limits[i] > 0 && use->rate[i] > limits[i];
		*calm &= limits[i] <= 0 || use->rate[i] < limits[i] / 2;
	}
	return needed;
}

/* The bytes of all rules that count one direction of an uplink. */
static int sum_counters(struct kernel *kernel, const char *prefix, const char *link, uint64_t *sum)
{
	uint64_t bytes;
	char rule[NFT_NAME_SIZE];
	int result;

	*sum = 0;
	snprintf(rule, sizeof(rule), "%s%s", prefix, link);
	for (unsigned int number = 2; (result = kernel_nat_counter(kernel, rule, &bytes)) == 0;
		number++) {
		*sum += bytes;
		snprintf(rule, sizeof(rule), "%s%s%c%u", prefix, link, NAT_SEPARATOR, number);
	}
	return strchr(rule, NAT_SEPARATOR) == NULL ? result : 0;
}

static void look_at_use(struct gateways *gateways, const struct gateway_own *own,
	struct gateways_use *use, double now)
{
	uint64_t bytes[2] = {0};
	bool calm;

	for (size_t i = 0; i < 2; i++) {
		if (sum_counters(gateways->kernel, i == 0 ? NAT_OWN_DOWN : NAT_OWN_UP, own->link,
			    &bytes[i]) < 0) {
			use->time = 0; /* the table is not there yet */
			return;
		}
		/* A new table counts from zero. */
		bool known = use->time != 0 && bytes[i] >= use->bytes[i];
		use->rate[i] = known ? (double)(bytes[i] - use->bytes[i]) * 8 / (now - use->time)
				     : LEFT_ALONE;
		use->bytes[i] = bytes[i];
	}
	use->time = now;
	if (is_needed(own, use, &calm)) {
		use->spared = true;
	}
	if (!calm) {
		use->calm_since = 0;
	} else if (use->calm_since == 0) {
		use->calm_since = now;
	}
	if (use->calm_since != 0 && now - use->calm_since >= CALM_TIME) {
		use->spared = false;
	}
}

double gateways_note_use(struct gateways *gateways, double now)
{
	double next = INFINITY;

	for (size_t i = 0; i < gateways->own_count; i++) {
		struct gateway_own *own = &gateways->own[i];
		struct gateways_use *use = own->config.share == UPLINK_SHARE_SPARE
						   ? find_use(gateways, own->link)
						   : NULL;
		own->spared = false;
		if (use == NULL) {
			continue;
		}
		if (use->time == 0 || now >= use->time + USE_TIME) {
			look_at_use(gateways, own, use, now);
		}
		own->spared = use->spared;
		next = now + USE_TIME;
	}
	return next;
}
