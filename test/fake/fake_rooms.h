/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the fake kernel want of each other. */
#ifndef FAKE_ROOMS_H
#define FAKE_ROOMS_H

#include "fake/fake_kernel.h"

/* Takes an object out of its set; pointers into the set are void afterwards. */
void fake_remove(struct fake_kernel *kernel, enum object_type type, void *object);

/* The IP side of a link that goes up, down or away. */
void fake_ip_on_up(struct fake_kernel *kernel, const char *link);
void fake_ip_on_down(struct fake_kernel *kernel, const char *link);
void fake_ip_on_delete(struct fake_kernel *kernel, const char *link);

/* batman-adv's side: may the link be a hardif (0 or -EINVAL), and what is there once it is. */
int fake_hardif_check(const struct fake_kernel *kernel, const struct link *link);
int fake_hardif_attach(struct fake_kernel *kernel, const char *link);
void fake_hardif_detach(struct fake_kernel *kernel, const char *link);
int fake_mesh_create(struct fake_kernel *kernel, const char *mesh);
void fake_mesh_delete(struct fake_kernel *kernel, const char *mesh);
/* A VLAN interface on a mesh makes the mesh's VLAN. */
int fake_mesh_vlan_create(struct fake_kernel *kernel, const struct link *vlan);
void fake_mesh_vlan_delete(struct fake_kernel *kernel, const struct link *vlan);

#endif
