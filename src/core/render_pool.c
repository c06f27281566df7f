/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses clients get: what is left of the cloud's network when the addresses that are
 * nobody's, the shared gateway and the nodes' own are taken out. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "core/identity_template.h"
#include "core/render_parts.h"

/* Addresses as numbers, both ends included. */
struct span {
	uint32_t first;
	uint32_t last;
	bool empty;
};

static uint32_t number_of(const struct ip *ip)
{
	const uint8_t *b = ip->bytes;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static struct ip ip_of(uint32_t number)
{
	return (struct ip){.family = AF_INET,
		.bytes = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
			(uint8_t)number}};
}

static struct span span_of(const struct prefix *prefix)
{
	struct prefix network = prefix_network(prefix);
	uint32_t first = number_of(&network.ip);

	return (struct span){.first = first,
		.last = first | (uint32_t)(UINT32_MAX >> 1 >> (prefix->length - 1))};
}

static bool spans_meet(const struct span *a, const struct span *b)
{
	return !a->empty && !b->empty && a->first <= b->last && b->first <= a->last;
}

/* Takes cut out of span and leaves the larger of the two rests, the upper one of equals. */
static void span_cut(struct span *span, const struct span *cut)
{
	if (!spans_meet(span, cut)) {
		return;
	}
	uint32_t below = cut->first > span->first ? cut->first - span->first : 0;
	uint32_t above = span->last > cut->last ? span->last - cut->last : 0;

	if (below == 0 && above == 0) {
		span->empty = true;
	} else if (below > above) {
		span->last = cut->first - 1;
	} else {
		span->first = cut->last + 1;
	}
}

static void span_cut_one(struct span *span, uint32_t number)
{
	struct span one = {.first = number, .last = number};

	span_cut(span, &one);
}

/* What the pool must keep away from. */
struct layout {
	struct span network; /* all of it */
	struct span nodes;   /* where nodes derive their addresses; empty: anywhere */
	uint32_t spare;      /* a node whose address would be nobody's is moved to this one */
	bool has_gateway;
	uint32_t gateway;
};

/* Nodes keep to a part of the network when the template has a RANGE and leaves the host to be
 * derived within it; a host that it writes out itself may be anywhere on the next node. */
static bool node_range(const struct render_input *input, struct span *nodes)
{
	const char *text = input->config->cloud.ipv4;
	struct address_template template = {.kind = TEMPLATE_IPV4,
		.text = text[0] != '\0' ? text : identity_default_ipv4};
	struct template_values values = {.network = input->identity->network};
	char expanded[TEMPLATE_TEXT_SIZE];
	struct err ignored = {0};
	struct prefix base = {0};

	/* Expanding fails where the MAC is asked for: no MAC is given. */
	if (template_read_lengths(&template, &ignored) < 0 || template.range <= template.mask ||
		template_expand(TEMPLATE_IPV4, template.text, &values, expanded, &ignored) < 0 ||
		ip_parse(expanded, &base.ip) < 0 || base.ip.family != AF_INET) {
		return false;
	}
	base.length = template.range;
	struct prefix network = prefix_network(&base);
	*nodes = span_of(&base);
	return memcmp(&network, &base, sizeof(base)) == 0;
}

static struct layout lay_out(const struct render_input *input)
{
	const struct identity *identity = input->identity;
	struct layout layout = {.network = span_of(&identity->subnet_ipv4)};

	if (!node_range(input, &layout.nodes)) {
		layout.nodes = (struct span){.empty = true};
	}
	layout.spare = layout.network.last - 1;
	layout.has_gateway = input->config->anycast.enabled;
	layout.gateway = number_of(&identity->anycast_ipv4.ip);
	return layout;
}

static int choose(const struct layout *layout, struct span *pool, struct err *err)
{
	*pool = layout->network;
	span_cut_one(pool, layout->network.first);
	span_cut_one(pool, layout->network.last);
	if (!layout->nodes.empty) {
		span_cut(pool, &layout->nodes);
		span_cut_one(pool, layout->spare);
	}
	if (layout->has_gateway) {
		span_cut_one(pool, layout->gateway);
	}
	if (pool->empty) {
		text_copy(err->path, sizeof(err->path), "$.cloud.ipv4");
		err_set(err, "the cloud's network has no address left for clients; take a larger "
			     "one, such as \"10.%%N1.0.0/16\"");
		return -EINVAL;
	}
	return 0;
}

static int refuse(struct err *err, const char *pool, const char *reason)
{
	text_copy(err->path, sizeof(err->path), "$.dhcp.pool");
	err_set(err, "the pool \"%.*s\" %s", (int)text_cut(pool, 80), pool, reason);
	return -EINVAL;
}

/* "FIRST-LAST" */
static int read_pool(const char *text, struct span *pool, struct err *err)
{
	size_t length = strcspn(text, "-");
	char first_text[IP_TEXT_SIZE];
	struct ip first;
	struct ip last;

	if (text[length] == '\0' || length >= sizeof(first_text)) {
		return refuse(err, text,
			"is not FIRST-LAST, such as \"10.13.128.0-10.13.191.255\"");
	}
	text_copy(first_text, length + 1, text);
	if (ip_parse(first_text, &first) < 0 || ip_parse(text + length + 1, &last) < 0 ||
		first.family != AF_INET || last.family != AF_INET) {
		return refuse(err, text, "needs two IPv4 addresses");
	}
	*pool = (struct span){.first = number_of(&first), .last = number_of(&last)};
	return pool->first <= pool->last ? 0 : refuse(err, text, "ends before it begins");
}

static bool span_has(const struct span *span, uint32_t number)
{
	return number >= span->first && number <= span->last;
}

static int check_pool(const struct layout *layout, const char *text, const struct span *pool,
	struct err *err)
{
	if (pool->first <= layout->network.first || pool->last >= layout->network.last) {
		return refuse(err, text,
			"is not within the cloud's network, without its first and last address");
	}
	if (layout->has_gateway && span_has(pool, layout->gateway)) {
		return refuse(err, text, "has the shared gateway's address in it");
	}
	return 0;
}

int render_pool(const struct render_input *input, struct ip *first, struct ip *last, bool *overlaps,
	struct err *err)
{
	const char *configured = input->config->dhcp.pool;
	struct layout layout = lay_out(input);
	struct span pool;
	int rc;

	if (configured[0] == '\0') {
		rc = choose(&layout, &pool, err);
	} else {
		rc = read_pool(configured, &pool, err);
		rc = rc < 0 ? rc : check_pool(&layout, configured, &pool, err);
	}
	if (rc < 0) {
		return rc;
	}
	*first = ip_of(pool.first);
	*last = ip_of(pool.last);
	*overlaps = layout.nodes.empty || spans_meet(&pool, &layout.nodes) ||
		    span_has(&pool, layout.spare);
	return 0;
}
