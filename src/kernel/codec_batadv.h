/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batman-adv's settings as attributes of its generic netlink family (linux/batman_adv.h). */
#ifndef KERNEL_CODEC_BATADV_H
#define KERNEL_CODEC_BATADV_H

#include <libmnl/libmnl.h>

#include "core/snapshot.h"
#include "core/state.h"

/* Puts the command's header: follows the netlink header. */
void codec_batadv_put_command(struct nlmsghdr *message, uint8_t command);

/* Puts the given fields of a struct mesh, hardif or mesh_vlan. */
void codec_batadv_encode(struct nlmsghdr *message, enum object_type type, const void *object,
	uint64_t fields);
/* Takes the fields of such an object out of a reply and sets their bits. */
void codec_batadv_decode(const struct nlmsghdr *message, enum object_type type, void *object);

/* What a GET_MESH or GET_HARDIF reply says besides. */
struct batadv_names {
	char algorithm[20];
	char hardif[IFNAMSIZ];
	bool active;
};
void codec_batadv_decode_names(const struct nlmsghdr *message, struct batadv_names *names);
/* An entry of the originators or neighbours dump. 0 or -EINVAL when it is not complete. */
int codec_batadv_decode_peer(const struct nlmsghdr *message, struct mesh_peer *peer);

#endif
