/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links (net/core/rtnetlink.c, net/8021q, drivers/net/macvlan.c, net/bridge, all of Linux 6.1). */
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "fake/fake_rooms.h"

#define MTU_LOWEST      68
#define VLAN_ID_HIGHEST 4094
#define IPV6_MTU_LOWEST 1280
#define IPV6_HEAD       40

#define FIELDS_OF_ALL                                                                              \
	(FIELD_BIT(LINK_KIND) | FIELD_BIT(LINK_LOWER) | FIELD_BIT(LINK_MAC) |                      \
		FIELD_BIT(LINK_MTU) | FIELD_BIT(LINK_ALIAS) | FIELD_BIT(LINK_GROUP) |              \
		FIELD_BIT(LINK_ADDR_GEN_MODE) | FIELD_BIT(LINK_MASTER) | FIELD_BIT(LINK_UP) |      \
		FIELD_BIT(LINK_RP_FILTER) | FIELD_BIT(LINK_ARP_IGNORE) |                           \
		FIELD_BIT(LINK_ACCEPT_DAD) | FIELD_BIT(LINK_ACCEPT_RA))
#define FIELDS_OF_VLAN (FIELD_BIT(LINK_VLAN_ID) | FIELD_BIT(LINK_VLAN_PROTOCOL))
#define FIELDS_OF_TUNNEL                                                                           \
	(FIELD_BIT(LINK_TUNNEL_LOCAL) | FIELD_BIT(LINK_TUNNEL_REMOTE) |                            \
		FIELD_BIT(LINK_TUNNEL_PROTOCOL))
#define FIELDS_OF_BRIDGE                                                                           \
	(FIELD_BIT(LINK_STP) | FIELD_BIT(LINK_MULTICAST_SNOOPING) |                                \
		FIELD_BIT(LINK_MULTICAST_QUERIER))
/* Given once, when the link is made. */
#define FIELDS_OF_BIRTH                                                                            \
	(FIELD_BIT(LINK_KIND) | FIELD_BIT(LINK_LOWER) | FIELDS_OF_VLAN | FIELDS_OF_TUNNEL |        \
		FIELD_BIT(LINK_ALGORITHM))

struct link *fake_link(const struct fake_kernel *kernel, const char *name)
{
	return name[0] != '\0' ? state_find_link(&kernel->state, name) : NULL;
}

static struct link *link_at(const struct fake_kernel *kernel, size_t index)
{
	return state_at(&kernel->state, OBJECT_LINK, index);
}

static size_t link_count(const struct fake_kernel *kernel)
{
	return state_count(&kernel->state, OBJECT_LINK);
}

/* Stands on another link, which is more than having a peer (veth's IFLA_LINK). */
static bool stands_on(const struct link *link, const char *lower)
{
	return (link->kind == LINK_VLAN || link->kind == LINK_MACVLAN) &&
	       strcmp(link->lower, lower) == 0;
}

/* --- setting one field --- */

static int set_mtu(struct fake_kernel *kernel, struct link *link, uint32_t mtu)
{
	const struct link *lower = fake_link(kernel, link->lower);

	if (mtu < MTU_LOWEST || (link->kind == LINK_IP6TNL && mtu < IPV6_MTU_LOWEST) ||
		(link->max_mtu != 0 && mtu > link->max_mtu) ||
		(link->kind == LINK_BATADV && mtu > ETH_DATA_LEN)) {
		return -EINVAL;
	}
	if (link->kind == LINK_VLAN && mtu > lower->mtu) {
		return -ERANGE;
	}
	if (link->kind == LINK_MACVLAN && mtu > lower->mtu) {
		return -EINVAL;
	}
	link->mtu = mtu;
	for (size_t i = 0; i < link_count(kernel); i++) {
		struct link *upper = link_at(kernel, i);
		if (stands_on(upper, link->name) && upper->mtu > mtu) {
			set_mtu(kernel, upper, mtu);
		}
	}
	return 0;
}

static int set_up(struct fake_kernel *kernel, struct link *link, bool up)
{
	const struct link *lower = fake_link(kernel, link->lower);

	if (link->up == up) {
		return 0;
	}
	if (up && (link->kind == LINK_VLAN || link->kind == LINK_MACVLAN) && !lower->up) {
		return -ENETDOWN;
	}
	link->up = up;
	if (up) {
		fake_ip_on_up(kernel, link->name);
	} else {
		fake_ip_on_down(kernel, link->name);
	}
	for (size_t i = 0; i < link_count(kernel); i++) {
		struct link *upper = link_at(kernel, i);
		if (upper->kind == LINK_VLAN && stands_on(upper, link->name)) {
			set_up(kernel, upper, up);
		}
	}
	return 0;
}

/* May the bridge take the link as a port? */
static int check_port(const struct fake_kernel *kernel, const struct link *link,
	const struct link *bridge)
{
	const struct link *lower = link;

	if (link->kind == LINK_BRIDGE) {
		return -ELOOP;
	}
	while (lower != NULL && lower->kind != LINK_OTHER) {
		if (lower == bridge) {
			return -ELOOP;
		}
		lower = fake_link(kernel, lower->lower);
	}
	if (!link->ethernet) {
		return -EINVAL;
	}
	for (size_t i = 0; i < link_count(kernel); i++) {
		const struct link *upper = link_at(kernel, i);
		if (upper->kind == LINK_MACVLAN && stands_on(upper, link->name)) {
			return -EBUSY;
		}
	}
	return 0;
}

static void release(struct fake_kernel *kernel, struct link *link)
{
	memset(link->master, 0, sizeof(link->master));
	link->multicast_router = 0;
	link->head.has &= ~FIELD_BIT(LINK_MULTICAST_ROUTER);
	fake_hardif_detach(kernel, link->name);
}

static int set_master(struct fake_kernel *kernel, struct link *link, const char *name)
{
	const struct link *master = fake_link(kernel, name);
	int result;

	if (strcmp(link->master, name) == 0) {
		return 0;
	}
	if (name[0] == '\0') {
		release(kernel, link);
		return 0;
	}
	if (master == NULL) {
		return -ENODEV;
	}
	release(kernel, link); /* the kernel leaves the old master before it asks the new one */
	if (master->kind == LINK_BRIDGE) {
		result = check_port(kernel, link, master);
	} else if (master->kind == LINK_BATADV) {
		result = fake_hardif_check(kernel, link);
	} else {
		return -EOPNOTSUPP;
	}
	if (result < 0) {
		return result;
	}
	text_copy(link->master, sizeof(link->master), name);
	if (master->kind == LINK_BRIDGE) {
		object_give(link, LINK_MULTICAST_ROUTER, multicast_router, 1);
		return 0;
	}
	return fake_hardif_attach(kernel, link->name);
}

static int set_mac(struct link *link, const struct mac *mac)
{
	if (link->kind == LINK_IP6TNL) {
		return -EOPNOTSUPP;
	}
	if (mac_is_zero(mac) || (mac->bytes[0] & 1)) {
		return -EADDRNOTAVAIL;
	}
	link->mac = *mac;
	return 0;
}

static int set_macvlan_mode(struct link *link, uint32_t mode)
{
	bool passes =
		(mode == MACVLAN_MODE_PASSTHRU) != (link->macvlan_mode == MACVLAN_MODE_PASSTHRU);

	if (link->kind != LINK_MACVLAN) {
		return -EOPNOTSUPP;
	}
	if (passes) {
		return -EINVAL;
	}
	link->macvlan_mode = mode;
	return 0;
}

static int set_field(struct fake_kernel *kernel, struct link *link, const struct link *wanted,
	size_t field)
{
	const struct field *row = &object_classes[OBJECT_LINK].fields[field];

	if (FIELD_BIT(field) & FIELDS_OF_BIRTH) {
		return -EOPNOTSUPP;
	}
	if ((FIELD_BIT(field) & FIELDS_OF_BRIDGE) && link->kind != LINK_BRIDGE) {
		return -EOPNOTSUPP;
	}
	switch (field) {
	case LINK_MTU:
		return set_mtu(kernel, link, wanted->mtu);
	case LINK_UP:
		return set_up(kernel, link, wanted->up);
	case LINK_MASTER:
		return set_master(kernel, link, wanted->master);
	case LINK_MAC:
		return set_mac(link, &wanted->mac);
	case LINK_MACVLAN_MODE:
		return set_macvlan_mode(link, wanted->macvlan_mode);
	case LINK_MULTICAST_ROUTER:
		if (!object_has(link, LINK_MULTICAST_ROUTER)) {
			return -EINVAL;
		}
		break;
	default:
		break;
	}
	memcpy((char *)link + row->offset, (const char *)wanted + row->offset, row->size);
	return 0;
}

/* Fields go in their order; the first that is refused ends it, those before it stay done. */
int fake_link_set(struct fake_kernel *kernel, const struct link *wanted, uint64_t fields)
{
	struct link *link = fake_link(kernel, wanted->name);

	if (link == NULL) {
		return -ENODEV;
	}
	if (fields & ~wanted->head.has) {
		return -EINVAL;
	}
	for (size_t field = 0; field < LINK_FIELD_COUNT; field++) {
		if (fields & FIELD_BIT(field)) {
			int result = set_field(kernel, link, wanted, field);
			if (result < 0) {
				return result;
			}
		}
	}
	return 0;
}

/* --- creating --- */

static bool vlan_exists(const struct fake_kernel *kernel, const struct link *wanted)
{
	for (size_t i = 0; i < link_count(kernel); i++) {
		const struct link *link = link_at(kernel, i);
		if (link->kind == LINK_VLAN && strcmp(link->lower, wanted->lower) == 0 &&
			link->vlan_id == wanted->vlan_id &&
			link->vlan_protocol == wanted->vlan_protocol) {
			return true;
		}
	}
	return false;
}

static int check_upper(const struct fake_kernel *kernel, const struct link *wanted, uint64_t fields)
{
	const struct link *lower = fake_link(kernel, wanted->lower);

	if (!(fields & FIELD_BIT(LINK_LOWER)) || lower == NULL) {
		return -ENODEV;
	}
	/* Here it is EINVAL (vlan_newlink); a later change gets ERANGE (vlan_dev_change_mtu). */
	if ((fields & FIELD_BIT(LINK_MTU)) && wanted->mtu > lower->mtu) {
		return -EINVAL;
	}
	if (wanted->kind == LINK_MACVLAN) {
		const struct link *master = fake_link(kernel, lower->master);
		return master != NULL && master->kind == LINK_BRIDGE ? -EBUSY : 0;
	}
	if ((fields & FIELDS_OF_VLAN) != FIELDS_OF_VLAN || wanted->vlan_id > VLAN_ID_HIGHEST) {
		return -ERANGE;
	}
	if (wanted->vlan_protocol != ETH_P_8021Q && wanted->vlan_protocol != ETH_P_8021AD) {
		return -EPROTONOSUPPORT;
	}
	return vlan_exists(kernel, wanted) ? -EEXIST : 0;
}

/* The ends alone make a tunnel, not what it carries (ip6_tnl_newlink()). */
static int check_tunnel(const struct fake_kernel *kernel, const struct link *wanted,
	uint64_t fields)
{
	if ((fields & FIELDS_OF_TUNNEL) != FIELDS_OF_TUNNEL ||
		wanted->tunnel_local.family != AF_INET6) {
		return -EINVAL;
	}
	for (size_t i = 0; i < link_count(kernel); i++) {
		const struct link *link = link_at(kernel, i);
		if (link->kind == LINK_IP6TNL &&
			object_field_equal(OBJECT_LINK, link, wanted, LINK_TUNNEL_LOCAL) &&
			object_field_equal(OBJECT_LINK, link, wanted, LINK_TUNNEL_REMOTE)) {
			return -EEXIST;
		}
	}
	return 0;
}

static int check_birth(const struct fake_kernel *kernel, const struct link *wanted, uint64_t fields)
{
	if (!(fields & FIELD_BIT(LINK_KIND)) || (fields & ~wanted->head.has)) {
		return -EINVAL;
	}
	switch ((enum link_kind)wanted->kind) {
	case LINK_VLAN:
	case LINK_MACVLAN:
		return check_upper(kernel, wanted, fields);
	case LINK_BATADV:
		return !(fields & FIELD_BIT(LINK_ALGORITHM)) ||
				       strcmp(wanted->algorithm, "BATMAN_IV") == 0 ||
				       strcmp(wanted->algorithm, "BATMAN_V") == 0
			       ? 0
			       : -EINVAL;
	case LINK_IP6TNL:
		return check_tunnel(kernel, wanted, fields);
	case LINK_BRIDGE:
	case LINK_OTHER:
		return 0;
	}
	return -EOPNOTSUPP;
}

static void fill_tunnel(struct link *link, const struct link *wanted)
{
	link->head.has |= FIELDS_OF_TUNNEL;
	link->head.has &= ~FIELD_BIT(LINK_MAC);
	memset(&link->mac, 0, sizeof(link->mac));
	link->ethernet = 0;
	link->mtu -= IPV6_HEAD;
	link->tunnel_local = wanted->tunnel_local;
	link->tunnel_remote = wanted->tunnel_remote;
	link->tunnel_remote.family = AF_INET6; /* told as :: */
	link->tunnel_protocol = wanted->tunnel_protocol;
}

static void fill_birth(const struct fake_kernel *kernel, struct link *link,
	const struct link *wanted)
{
	const struct link *lower = fake_link(kernel, wanted->lower);

	link->head.has = FIELDS_OF_ALL;
	link->kind = wanted->kind;
	link->ethernet = 1;
	link->carrier = 1;
	link->mtu = lower != NULL ? lower->mtu : ETH_DATA_LEN;
	link->mac = (struct mac){{0x0a, 0, (uint8_t)(link->head.ifindex >> 16),
		(uint8_t)(link->head.ifindex >> 8), (uint8_t)link->head.ifindex, 1}};
	link->accept_dad = 1;
	link->accept_ra = 1;
	text_copy(link->lower, sizeof(link->lower), wanted->lower);
	if (link->kind == LINK_VLAN) {
		link->head.has |= FIELDS_OF_VLAN;
		link->vlan_id = wanted->vlan_id;
		link->vlan_protocol = wanted->vlan_protocol;
		link->mac = lower->mac;
	} else if (link->kind == LINK_MACVLAN) {
		object_give(link, LINK_MACVLAN_MODE, macvlan_mode, MACVLAN_MODE_VEPA);
		if (object_has(wanted, LINK_MACVLAN_MODE)) {
			link->macvlan_mode = wanted->macvlan_mode;
		}
	} else if (link->kind == LINK_BRIDGE) {
		link->head.has |= FIELDS_OF_BRIDGE;
		link->multicast_snooping = 1;
	} else if (link->kind == LINK_IP6TNL) {
		fill_tunnel(link, wanted);
	} else if (link->kind == LINK_BATADV) {
		object_give_text(link, LINK_ALGORITHM, algorithm,
			object_has(wanted, LINK_ALGORITHM) ? wanted->algorithm : "BATMAN_IV");
	}
}

static int finish_birth(struct fake_kernel *kernel, const struct link *wanted, uint64_t fields)
{
	const struct link *link = fake_link(kernel, wanted->name);
	int result = 0;

	if (link->kind == LINK_BATADV) {
		result = fake_mesh_create(kernel, link->name);
	} else if (link->kind == LINK_VLAN) {
		result = fake_mesh_vlan_create(kernel, link);
	}
	fields &= ~(FIELDS_OF_BIRTH | FIELD_BIT(LINK_MACVLAN_MODE));
	return result < 0 ? result : fake_link_set(kernel, wanted, fields);
}

int fake_link_create(struct fake_kernel *kernel, const struct link *wanted, uint64_t fields,
	uint32_t ifindex)
{
	uint32_t number = ifindex != 0 ? ifindex : kernel->highest_ifindex + 1;

	if (!ifname_is_valid(wanted->name)) {
		return -EINVAL;
	}
	for (size_t i = 0; i < link_count(kernel); i++) {
		if (link_at(kernel, i)->head.ifindex == number ||
			strcmp(link_at(kernel, i)->name, wanted->name) == 0) {
			return -EEXIST;
		}
	}
	int result = check_birth(kernel, wanted, fields);
	if (result < 0) {
		return result;
	}
	struct link *link = state_add(&kernel->state, OBJECT_LINK, wanted->name);
	if (link == NULL) {
		return -ENOMEM;
	}
	link->head.ifindex = number;
	if (number > kernel->highest_ifindex) {
		kernel->highest_ifindex = number;
	}
	fill_birth(kernel, link, wanted);
	result = finish_birth(kernel, wanted, fields);
	if (result < 0) {
		fake_link_delete(kernel, wanted->name);
	}
	return result;
}

/* --- deleting --- */

/* The name of a link that stands on the given one, or NULL. */
static struct link *find_upper(const struct fake_kernel *kernel, const char *lower)
{
	for (size_t i = 0; i < link_count(kernel); i++) {
		if (stands_on(link_at(kernel, i), lower)) {
			return link_at(kernel, i);
		}
	}
	return NULL;
}

int fake_link_delete(struct fake_kernel *kernel, const char *name)
{
	struct link *link = fake_link(kernel, name);
	const struct link *upper;
	char gone[IFNAMSIZ];

	if (link == NULL) {
		return -ENODEV;
	}
	text_copy(gone, sizeof(gone), name); /* name may lie in the set itself */
	while ((upper = find_upper(kernel, gone)) != NULL) {
		fake_link_delete(kernel, upper->name);
	}
	for (size_t i = 0; i < link_count(kernel); i++) {
		if (strcmp(link_at(kernel, i)->master, gone) == 0) {
			release(kernel, link_at(kernel, i));
		}
	}
	fake_ip_on_delete(kernel, gone);
	fake_hardif_detach(kernel, gone);
	fake_mesh_delete(kernel, gone);
	link = fake_link(kernel, gone);
	fake_mesh_vlan_delete(kernel, link);
	fake_remove(kernel, OBJECT_LINK, link);
	return 0;
}
