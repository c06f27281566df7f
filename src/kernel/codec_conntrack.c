/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/codec_conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/attr.h"

#define TRANSLATED (IPS_SRC_NAT | IPS_DST_NAT)

/* One direction of a flow. Ports are those of TCP, UDP, SCTP and DCCP, and GRE's keys. */
struct tuple {
	struct ip source;
	struct ip destination;
	uint8_t protocol;
	uint16_t source_port;
	uint16_t destination_port;
	uint16_t echo; /* ICMP's and ICMPv6's id; their types differ in an answer */
};

static void put_head(struct nlmsghdr *message, uint8_t family)
{
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
}

void codec_conntrack_request(struct nlmsghdr *message, uint8_t family)
{
	message->nlmsg_type = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET;
	put_head(message, family);
	mnl_attr_put_u32(message, CTA_STATUS, 0);
	mnl_attr_put_u32(message, CTA_STATUS_MASK, htonl(TRANSLATED));
}

static void take_addresses(const struct nlattr *nest, struct tuple *tuple)
{
	const struct nlattr *attr = NULL;

	while ((attr = attr_next_nested(nest, attr)) != NULL) {
		switch (mnl_attr_get_type(attr)) {
		case CTA_IP_V4_SRC:
			(void)attr_take_ip(attr, AF_INET, &tuple->source);
			break;
		case CTA_IP_V4_DST:
			(void)attr_take_ip(attr, AF_INET, &tuple->destination);
			break;
		case CTA_IP_V6_SRC:
			(void)attr_take_ip(attr, AF_INET6, &tuple->source);
			break;
		case CTA_IP_V6_DST:
			(void)attr_take_ip(attr, AF_INET6, &tuple->destination);
			break;
		default:
			break;
		}
	}
}

static void take_protocol(const struct nlattr *nest, struct tuple *tuple)
{
	const struct nlattr *attr = NULL;

	while ((attr = attr_next_nested(nest, attr)) != NULL) {
		switch (mnl_attr_get_type(attr)) {
		case CTA_PROTO_NUM:
			(void)attr_take_u8(attr, &tuple->protocol);
			break;
		case CTA_PROTO_SRC_PORT:
			(void)attr_take_u16(attr, &tuple->source_port);
			break;
		case CTA_PROTO_DST_PORT:
			(void)attr_take_u16(attr, &tuple->destination_port);
			break;
		case CTA_PROTO_ICMP_ID:
		case CTA_PROTO_ICMPV6_ID:
			(void)attr_take_u16(attr, &tuple->echo);
			break;
		default:
			break;
		}
	}
}

static void take_tuple(const struct nlattr *nest, struct tuple *tuple)
{
	const struct nlattr *attr = NULL;

	*tuple = (struct tuple){0}; /* of two the last counts */
	while ((attr = attr_next_nested(nest, attr)) != NULL) {
		switch (mnl_attr_get_type(attr)) {
		case CTA_TUPLE_IP:
			take_addresses(attr, tuple);
			break;
		case CTA_TUPLE_PROTO:
			take_protocol(attr, tuple);
			break;
		default:
			break;
		}
	}
}

static bool is_whole(const struct tuple *tuple, uint8_t family)
{
	return (family == AF_INET || family == AF_INET6) && tuple->source.family == family &&
	       tuple->destination.family == family;
}

static bool is_reverse(const struct tuple *a, const struct tuple *b)
{
	return memcmp(&a->source, &b->destination, sizeof(a->source)) == 0 &&
	       memcmp(&a->destination, &b->source, sizeof(a->destination)) == 0 &&
	       a->protocol == b->protocol && a->source_port == b->destination_port &&
	       a->destination_port == b->source_port && a->echo == b->echo;
}

static size_t attr_size(const struct nlattr *attr)
{
	return attr != NULL ? MNL_ALIGN(attr->nla_len) : 0;
}

/* With the mark of a nest that the kernel may have set. */
static void copy_attr(struct nlmsghdr *message, const struct nlattr *attr)
{
	if (attr != NULL) {
		mnl_attr_put(message, attr->nla_type, mnl_attr_get_payload_len(attr),
			mnl_attr_get_payload(attr));
	}
}

static bool is_key(const struct codec_flow_key *key)
{
	return key->original != NULL &&
	       attr_size(key->original) + attr_size(key->id) + attr_size(key->zone) <=
		       CODEC_CONNTRACK_KEY_MAX;
}

int codec_conntrack_decode(const struct nlmsghdr *message, struct codec_flow *flow)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr = NULL;
	struct codec_flow_key key = {0};
	struct tuple original = {0};
	struct tuple reply = {0};
	uint32_t status = 0;

	if (message->nlmsg_type != ((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_NEW) ||
		message->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*head)) {
		return -EBADMSG;
	}
	while ((attr = attr_next(message, sizeof(*head), attr)) != NULL) {
		switch (mnl_attr_get_type(attr)) {
		case CTA_TUPLE_ORIG:
			key.original = attr;
			take_tuple(attr, &original);
			break;
		case CTA_TUPLE_REPLY:
			take_tuple(attr, &reply);
			break;
		case CTA_STATUS:
			(void)attr_take_u32(attr, &status);
			break;
		case CTA_ID:
			key.id = attr;
			break;
		case CTA_ZONE:
			key.zone = attr;
			break;
		default:
			break;
		}
	}
	if (!is_key(&key) || !is_whole(&original, head->nfgen_family) ||
		!is_whole(&reply, head->nfgen_family)) {
		return -EBADMSG;
	}
	*flow = (struct codec_flow){
		.source = original.source,
		.destination = original.destination,
		.translated = (ntohl(status) & TRANSLATED) || !is_reverse(&original, &reply),
		.key = key,
	};
	return 0;
}

void codec_conntrack_delete(struct nlmsghdr *message, const struct codec_flow *flow)
{
	put_head(message, flow->source.family);
	copy_attr(message, flow->key.original);
	copy_attr(message, flow->key.id);
	copy_attr(message, flow->key.zone);
}
