/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/codec_batadv.h"

#include <errno.h>
#include <linux/batman_adv.h>
#include <linux/genetlink.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/attr.h"

/* Attribute of each field. */
static const uint16_t mesh_attrs[] = {
	[MESH_AGGREGATED_OGMS] = BATADV_ATTR_AGGREGATED_OGMS_ENABLED,
	[MESH_AP_ISOLATION] = BATADV_ATTR_AP_ISOLATION_ENABLED,
	[MESH_ISOLATION_MARK] = BATADV_ATTR_ISOLATION_MARK,
	[MESH_ISOLATION_MASK] = BATADV_ATTR_ISOLATION_MASK,
	[MESH_BONDING] = BATADV_ATTR_BONDING_ENABLED,
	[MESH_BRIDGE_LOOP_AVOIDANCE] = BATADV_ATTR_BRIDGE_LOOP_AVOIDANCE_ENABLED,
	[MESH_DISTRIBUTED_ARP_TABLE] = BATADV_ATTR_DISTRIBUTED_ARP_TABLE_ENABLED,
	[MESH_FRAGMENTATION] = BATADV_ATTR_FRAGMENTATION_ENABLED,
	[MESH_GW_BANDWIDTH_DOWN] = BATADV_ATTR_GW_BANDWIDTH_DOWN,
	[MESH_GW_BANDWIDTH_UP] = BATADV_ATTR_GW_BANDWIDTH_UP,
	[MESH_GW_MODE] = BATADV_ATTR_GW_MODE,
	[MESH_GW_SEL_CLASS] = BATADV_ATTR_GW_SEL_CLASS,
	[MESH_HOP_PENALTY] = BATADV_ATTR_HOP_PENALTY,
	[MESH_LOG_LEVEL] = BATADV_ATTR_LOG_LEVEL,
	[MESH_MULTICAST_FORCEFLOOD] = BATADV_ATTR_MULTICAST_FORCEFLOOD_ENABLED,
	[MESH_NETWORK_CODING] = BATADV_ATTR_NETWORK_CODING_ENABLED,
	[MESH_ORIG_INTERVAL] = BATADV_ATTR_ORIG_INTERVAL,
	[MESH_MULTICAST_FANOUT] = BATADV_ATTR_MULTICAST_FANOUT,
};
static const uint16_t hardif_attrs[] = {
	[HARDIF_HOP_PENALTY] = BATADV_ATTR_HOP_PENALTY,
	[HARDIF_ELP_INTERVAL] = BATADV_ATTR_ELP_INTERVAL,
	[HARDIF_THROUGHPUT_OVERRIDE] = BATADV_ATTR_THROUGHPUT_OVERRIDE,
};
static const uint16_t mesh_vlan_attrs[] = {
	[MESH_VLAN_AP_ISOLATION] = BATADV_ATTR_AP_ISOLATION_ENABLED,
};

_Static_assert(ARRAY_SIZE(mesh_attrs) == MESH_FIELD_COUNT, "a field is missing");
_Static_assert(ARRAY_SIZE(hardif_attrs) == HARDIF_FIELD_COUNT, "a field is missing");
_Static_assert(ARRAY_SIZE(mesh_vlan_attrs) == MESH_VLAN_FIELD_COUNT, "a field is missing");

static const uint16_t *const type_attrs[OBJECT_TYPES] = {
	[OBJECT_MESH] = mesh_attrs,
	[OBJECT_HARDIF] = hardif_attrs,
	[OBJECT_MESH_VLAN] = mesh_vlan_attrs,
};

#define ATTRS_OFFSET sizeof(struct genlmsghdr)

void codec_batadv_put_command(struct nlmsghdr *message, uint8_t command)
{
	struct genlmsghdr *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->cmd = command;
	head->version = 1;
}

/* Every field is an unsigned number of one or four bytes, there as here. */
void codec_batadv_encode(struct nlmsghdr *message, enum object_type type, const void *object,
	uint64_t fields)
{
	const struct object_class *class = &object_classes[type];

	for (size_t i = 0; i < class->field_count; i++) {
		if (fields & FIELD_BIT(i)) {
			mnl_attr_put(message, type_attrs[type][i], class->fields[i].size,
				(const char *)object + class->fields[i].offset);
		}
	}
}

void codec_batadv_decode(const struct nlmsghdr *message, enum object_type type, void *object)
{
	const struct object_class *class = &object_classes[type];
	struct object_head *head = object;
	const struct nlattr *attr = NULL;

	while ((attr = attr_next(message, ATTRS_OFFSET, attr)) != NULL) {
		for (size_t i = 0; i < class->field_count; i++) {
			if (type_attrs[type][i] == mnl_attr_get_type(attr) &&
				mnl_attr_get_payload_len(attr) == class->fields[i].size) {
				memcpy((char *)object + class->fields[i].offset,
					mnl_attr_get_payload(attr), class->fields[i].size);
				head->has |= FIELD_BIT(i);
			}
		}
	}
}

void codec_batadv_decode_names(const struct nlmsghdr *message, struct batadv_names *names)
{
	const struct nlattr *attr = NULL;

	memset(names, 0, sizeof(*names));
	while ((attr = attr_next(message, ATTRS_OFFSET, attr)) != NULL) {
		switch (mnl_attr_get_type(attr)) {
		case BATADV_ATTR_ALGO_NAME:
			attr_take_text(attr, names->algorithm, sizeof(names->algorithm));
			break;
		case BATADV_ATTR_HARD_IFNAME:
			attr_take_text(attr, names->hardif, sizeof(names->hardif));
			break;
		case BATADV_ATTR_ACTIVE:
			names->active = true;
			break;
		default:
			break;
		}
	}
}

int codec_batadv_decode_peer(const struct nlmsghdr *message, struct mesh_peer *peer)
{
	const struct nlattr *attr = NULL;
	bool originator = false;
	bool next_hop = false;

	memset(peer, 0, sizeof(*peer));
	while ((attr = attr_next(message, ATTRS_OFFSET, attr)) != NULL) {
		switch (mnl_attr_get_type(attr)) {
		case BATADV_ATTR_ORIG_ADDRESS:
			originator = attr_take_mac(attr, &peer->originator);
			break;
		case BATADV_ATTR_NEIGH_ADDRESS:
			next_hop = attr_take_mac(attr, &peer->next_hop);
			break;
		case BATADV_ATTR_HARD_IFNAME:
			attr_take_text(attr, peer->hardif, sizeof(peer->hardif));
			break;
		case BATADV_ATTR_TQ:
			(void)attr_take_u8(attr, &peer->tq);
			break;
		case BATADV_ATTR_THROUGHPUT:
			(void)attr_take_u32(attr, &peer->throughput);
			break;
		case BATADV_ATTR_LAST_SEEN_MSECS:
			(void)attr_take_u32(attr, &peer->last_seen);
			break;
		case BATADV_ATTR_FLAG_BEST:
			peer->best = true;
			break;
		default:
			break;
		}
	}
	if (!next_hop || peer->hardif[0] == '\0') {
		return -EINVAL;
	}
	if (!originator) { /* the neighbours dump */
		peer->originator = peer->next_hop;
		peer->neighbour = true;
	}
	return 0;
}
