/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/batadv.h"

#include <errno.h>
#include <linux/batman_adv.h>
#include <linux/genetlink.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/attr.h"
#include "kernel/codec_batadv.h"

#define LISTENER_SIZE (1 << 20)
/* What comes from the mesh is bounded: more originators than this are not shown. */
#define PEERS_MAX     8192
#define REPEAT_MAX    5

int batadv_open(struct batadv *batadv)
{
	memset(batadv, 0, sizeof(*batadv));
	return netlink_open(&batadv->netlink, NETLINK_GENERIC);
}

static void close_listener(struct batadv *batadv)
{
	if (batadv->listener != NULL) {
		mnl_socket_close(batadv->listener);
		batadv->listener = NULL;
	}
}

void batadv_close(struct batadv *batadv)
{
	close_listener(batadv);
	netlink_close(&batadv->netlink);
	batadv->family = 0;
}

/* --- the family --- */

struct family {
	uint16_t id;
	uint32_t config_group;
};

static void take_group(const struct nlattr *group, struct family *family)
{
	const struct nlattr *attr = NULL;
	char name[16] = "";
	uint32_t id = 0;

	while ((attr = attr_next_nested(group, attr)) != NULL) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME) {
			attr_take_text(attr, name, sizeof(name));
		} else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID) {
			(void)attr_take_u32(attr, &id);
		}
	}
	if (strcmp(name, BATADV_NL_MCAST_GROUP_CONFIG) == 0) {
		family->config_group = id;
	}
}

static int take_family(const struct nlmsghdr *message, void *context)
{
	struct family *family = context;
	const struct nlattr *attr = NULL;

	while ((attr = attr_next(message, sizeof(struct genlmsghdr), attr)) != NULL) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID) {
			(void)attr_take_u16(attr, &family->id);
		} else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS) {
			const struct nlattr *group = NULL;
			while ((group = attr_next_nested(attr, group)) != NULL) {
				take_group(group, family);
			}
		}
	}
	return 0;
}

static int ask_family(struct batadv *batadv, struct family *family)
{
	char bytes[128];
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	struct genlmsghdr *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	message->nlmsg_type = GENL_ID_CTRL;
	head->cmd = CTRL_CMD_GETFAMILY;
	head->version = 1;
	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, BATADV_NL_NAME);
	return netlink_request(&batadv->netlink, message, NLM_F_ACK, take_family, family);
}

static int open_listener(struct batadv *batadv)
{
	if (batadv->listener != NULL || batadv->config_group == 0) {
		return 0;
	}
	int error = netlink_open_listener(&batadv->listener, NETLINK_GENERIC, LISTENER_SIZE);
	if (error < 0) {
		return error;
	}
	error = netlink_join(batadv->listener, batadv->config_group);
	if (error < 0) {
		close_listener(batadv); /* a deaf one would pass for one that hears */
	}
	return error;
}

int batadv_resolve(struct batadv *batadv)
{
	struct family family = {0};
	int error = ask_family(batadv, &family);

	if (error < 0 || family.id == 0) {
		close_listener(batadv);
		batadv->family = 0;
		return error < 0 ? error : -ENOENT;
	}
	if (family.id != batadv->family || family.config_group != batadv->config_group) {
		close_listener(batadv);
	}
	batadv->family = family.id;
	batadv->config_group = family.config_group;
	return batadv->listening ? open_listener(batadv) : 0;
}

int batadv_listen(struct batadv *batadv)
{
	batadv->listening = true;
	return batadv->family != 0 ? open_listener(batadv) : 0;
}

/* --- reading --- */

/* flags: NLM_F_ACK or NLM_F_DUMP; a torn dump is the caller's to repeat. */
static struct nlmsghdr *put_command(const struct batadv *batadv, char *bytes, uint8_t command,
	uint32_t mesh_ifindex)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);

	message->nlmsg_type = batadv->family;
	codec_batadv_put_command(message, command);
	mnl_attr_put_u32(message, BATADV_ATTR_MESH_IFINDEX, mesh_ifindex);
	return message;
}

struct mesh_reply {
	struct mesh *mesh;
	struct batadv_names names;
};

static int take_mesh(const struct nlmsghdr *message, void *context)
{
	struct mesh_reply *reply = context;

	codec_batadv_decode(message, OBJECT_MESH, reply->mesh);
	codec_batadv_decode_names(message, &reply->names);
	return 0;
}

int batadv_read_mesh(struct batadv *batadv, uint32_t mesh_ifindex, struct mesh *mesh,
	char algorithm[20])
{
	char bytes[128];
	struct nlmsghdr *message = put_command(batadv, bytes, BATADV_CMD_GET_MESH, mesh_ifindex);
	struct mesh_reply reply = {.mesh = mesh};
	int error = netlink_request(&batadv->netlink, message, NLM_F_ACK, take_mesh, &reply);

	if (error == 0) {
		memcpy(algorithm, reply.names.algorithm, sizeof(reply.names.algorithm));
	}
	return error;
}

static int take_hardif(const struct nlmsghdr *message, void *context)
{
	struct batadv_names names;

	codec_batadv_decode_names(message, &names);
	if (names.hardif[0] == '\0') {
		return 0;
	}
	struct hardif *hardif = state_add(context, OBJECT_HARDIF, names.hardif);
	if (hardif == NULL) {
		return -ENOMEM;
	}
	hardif->active = names.active;
	codec_batadv_decode(message, OBJECT_HARDIF, hardif);
	return 0;
}

int batadv_read_hardifs(struct batadv *batadv, uint32_t mesh_ifindex, struct state *state)
{
	char bytes[128];
	int error = -EINTR;

	for (int i = 0; i < REPEAT_MAX && error == -EINTR; i++) {
		state->sets[OBJECT_HARDIF].count = 0;
		struct nlmsghdr *message =
			put_command(batadv, bytes, BATADV_CMD_GET_HARDIF, mesh_ifindex);
		error = netlink_request(&batadv->netlink, message, NLM_F_DUMP, take_hardif, state);
	}
	return error;
}

static int take_mesh_vlan(const struct nlmsghdr *message, void *context)
{
	codec_batadv_decode(message, OBJECT_MESH_VLAN, context);
	return 0;
}

int batadv_read_mesh_vlan(struct batadv *batadv, uint32_t mesh_ifindex, struct mesh_vlan *mesh_vlan)
{
	char bytes[128];
	struct nlmsghdr *message = put_command(batadv, bytes, BATADV_CMD_GET_VLAN, mesh_ifindex);

	mnl_attr_put_u16(message, BATADV_ATTR_VLANID, mesh_vlan->key.vid);
	return netlink_request(&batadv->netlink, message, NLM_F_ACK, take_mesh_vlan, mesh_vlan);
}

/* --- peers --- */

struct peer_list {
	struct mesh_peer *items;
	size_t count;
	size_t capacity;
};

static void free_peers(struct peer_list *peers)
{
	free(peers->items);
}

static int add_peer(struct peer_list *peers, const struct mesh_peer *peer)
{
	if (peers->count == PEERS_MAX) {
		return 0;
	}
	if (peers->count == peers->capacity) {
		size_t capacity = peers->capacity == 0 ? 32 : peers->capacity * 2;
		struct mesh_peer *items = reallocarray(peers->items, capacity, sizeof(*items));
		if (items == NULL) {
			return -ENOMEM;
		}
		peers->items = items;
		peers->capacity = capacity;
	}
	peers->items[peers->count++] = *peer;
	return 0;
}

static int take_peer(const struct nlmsghdr *message, void *context)
{
	struct mesh_peer peer;

	return codec_batadv_decode_peer(message, &peer) < 0 ? 0 : add_peer(context, &peer);
}

static int read_peers(struct batadv *batadv, uint8_t command, uint32_t mesh_ifindex,
	struct peer_list *peers)
{
	char bytes[128];
	int error = -EINTR;

	for (int i = 0; i < REPEAT_MAX && error == -EINTR; i++) {
		peers->count = 0;
		struct nlmsghdr *message = put_command(batadv, bytes, command, mesh_ifindex);
		error = netlink_request(&batadv->netlink, message, NLM_F_DUMP, take_peer, peers);
	}
	return error;
}

/* By neighbour and hardif, so that a path and the neighbour it starts at can be brought together.
 */
static int compare_next_hops(const void *a, const void *b)
{
	const struct mesh_peer *left = a;
	const struct mesh_peer *right = b;
	int order = memcmp(&left->next_hop, &right->next_hop, sizeof(left->next_hop));

	return order != 0 ? order : memcmp(left->hardif, right->hardif, sizeof(left->hardif));
}

/* A path whose originator is its own next hop leads to a neighbour. Neighbours that no path names
 * (another interface of a node, or one just met) are added. */
static int merge_neighbours(struct peer_list *paths, struct peer_list *neighbours)
{
	size_t path_count = paths->count;

	if (neighbours->count == 0) {
		return 0;
	}
	qsort(neighbours->items, neighbours->count, sizeof(*neighbours->items), compare_next_hops);
	for (size_t i = 0; i < path_count; i++) {
		struct mesh_peer *path = &paths->items[i];
		if (memcmp(&path->originator, &path->next_hop, sizeof(path->next_hop)) != 0) {
			continue;
		}
		struct mesh_peer *neighbour = bsearch(path, neighbours->items, neighbours->count,
			sizeof(*neighbours->items), compare_next_hops);
		if (neighbour != NULL) {
			path->neighbour = true;
			neighbour->neighbour = false; /* has its path */
		}
	}
	for (size_t i = 0; i < neighbours->count; i++) {
		if (neighbours->items[i].neighbour && add_peer(paths, &neighbours->items[i]) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

int batadv_read_peers(struct batadv *batadv, uint32_t mesh_ifindex, struct mesh_peer **peers,
	size_t *count)
{
	CLEANUP(free_peers) struct peer_list paths = {0};
	CLEANUP(free_peers) struct peer_list neighbours = {0};
	int error = read_peers(batadv, BATADV_CMD_GET_ORIGINATORS, mesh_ifindex, &paths);

	if (error == 0) {
		error = read_peers(batadv, BATADV_CMD_GET_NEIGHBORS, mesh_ifindex, &neighbours);
	}
	if (error == 0) {
		error = merge_neighbours(&paths, &neighbours);
	}
	if (error < 0) {
		return error == -ENOENT ? -ENODEV : error; /* no primary hardif */
	}
	*count = paths.count;
	*peers = steal_ptr(paths.items);
	return 0;
}

/* --- changing --- */

void batadv_put_set(struct batadv *batadv, struct batch *batch, struct op *op,
	const struct batadv_numbers *numbers)
{
	static const uint8_t commands[OBJECT_TYPES] = {
		[OBJECT_MESH] = BATADV_CMD_SET_MESH,
		[OBJECT_HARDIF] = BATADV_CMD_SET_HARDIF,
		[OBJECT_MESH_VLAN] = BATADV_CMD_SET_VLAN,
	};
	struct nlmsghdr *message = batch_begin(batch, op, batadv->family, 0);

	codec_batadv_put_command(message, commands[op->type]);
	mnl_attr_put_u32(message, BATADV_ATTR_MESH_IFINDEX, numbers->mesh);
	if (op->type == OBJECT_HARDIF) {
		mnl_attr_put_u32(message, BATADV_ATTR_HARD_IFINDEX, numbers->hardif);
	}
	if (op->type == OBJECT_MESH_VLAN) {
		const struct mesh_vlan *mesh_vlan = op->desired;
		mnl_attr_put_u16(message, BATADV_ATTR_VLANID, mesh_vlan->key.vid);
	}
	codec_batadv_encode(message, op->type, op->desired, op->fields);
}
