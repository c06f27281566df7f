/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batman-adv's generic netlink family: resolve it, ask it, hear of its settings. */
#ifndef KERNEL_BATADV_H
#define KERNEL_BATADV_H

#include "core/plan.h"
#include "core/snapshot.h"
#include "core/state.h"
#include "kernel/netlink.h"

struct batadv {
	struct netlink netlink;
	struct mnl_socket *listener; /* of the group "config", NULL while there is none to hear */
	bool listening;
	uint16_t family; /* 0: the kernel has no such family (yet) */
	uint32_t config_group;
};

/* 0 or -errno. The family is not looked for yet. */
int batadv_open(struct batadv *batadv);
void batadv_close(struct batadv *batadv);

/* Looks the family up anew: its numbers change when the module is loaded again. The kernel loads
 * the module when it is there to load. 0, or -ENOENT when there is none. */
int batadv_resolve(struct batadv *batadv);

/* From now on the family's group is heard, once there is one. 0 or -errno. */
int batadv_listen(struct batadv *batadv);

/* Each reads by the number of the mesh interface. The names are filled by the caller, except those
 * of the hardifs, which are added to the state. 0 or -errno. */
int batadv_read_mesh(struct batadv *batadv, uint32_t mesh_ifindex, struct mesh *mesh,
	char algorithm[20]);
int batadv_read_hardifs(struct batadv *batadv, uint32_t mesh_ifindex, struct state *state);
int batadv_read_mesh_vlan(struct batadv *batadv, uint32_t mesh_ifindex,
	struct mesh_vlan *mesh_vlan);
int batadv_read_peers(struct batadv *batadv, uint32_t mesh_ifindex, struct mesh_peer **peers,
	size_t *count);

struct batadv_numbers {
	uint32_t mesh;
	uint32_t hardif; /* of a hardif */
};
/* Adds the SET command for the given fields of a struct mesh, hardif or mesh_vlan to the batch. */
void batadv_put_set(struct batadv *batadv, struct batch *batch, struct op *op,
	const struct batadv_numbers *numbers);

#endif
