/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batman-adv's settings (net/batman-adv/netlink.c and hard-interface.c, 2022.3): what is out of
 * range is clamped or ignored, and always acknowledged. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "fake/fake_rooms.h"

#define HARDIF_MTU_LOWEST    128
#define ORIG_INTERVAL_LOWEST 40
#define ELP_INTERVAL_LOWEST  20

static const struct mesh mesh_defaults = {.aggregated_ogms = 1,
	.bridge_loop_avoidance = 1,
	.distributed_arp_table = 1,
	.fragmentation = 1,
	.gw_bandwidth_down = 100,
	.gw_bandwidth_up = 20,
	.gw_sel_class = 20,
	.hop_penalty = 30,
	.orig_interval = 1000,
	.multicast_fanout = 16};

static bool algorithm_is_v(const struct fake_kernel *kernel, const char *mesh)
{
	const struct link *link = fake_link(kernel, mesh);

	return link != NULL && strcmp(link->algorithm, "BATMAN_V") == 0;
}

int fake_mesh_create(struct fake_kernel *kernel, const char *mesh)
{
	char key[IFNAMSIZ];

	text_copy(key, sizeof(key), mesh);
	struct mesh *object = state_add(&kernel->state, OBJECT_MESH, key);
	if (object == NULL) {
		return -ENOMEM;
	}
	*object = mesh_defaults;
	memcpy(object->name, key, sizeof(key));
	object->head.has = (FIELD_BIT(MESH_FIELD_COUNT) - 1) & ~FIELD_BIT(MESH_LOG_LEVEL);
	if (algorithm_is_v(kernel, mesh)) {
		object->gw_sel_class = 50;
	}
	return 0;
}

void fake_mesh_delete(struct fake_kernel *kernel, const char *mesh)
{
	char key[IFNAMSIZ];

	text_copy(key, sizeof(key), mesh);
	struct mesh *object = state_find(&kernel->state, OBJECT_MESH, key);
	if (object != NULL) {
		fake_remove(kernel, OBJECT_MESH, object);
	}
}

static uint32_t at_least(uint32_t value, uint32_t lowest)
{
	if (value < lowest) {
		return lowest;
	}
	return value > INT_MAX ? INT_MAX : value;
}

/* The value the kernel makes of what it was given. */
static void settle(const struct fake_kernel *kernel, const struct mesh *before, struct mesh *mesh)
{
	const struct object_class *class = &object_classes[OBJECT_MESH];
	bool v = algorithm_is_v(kernel, mesh->name);

	for (size_t field = 0; field < class->field_count; field++) {
		uint8_t *value = (uint8_t *)mesh + class->fields[field].offset;
		if (class->fields[field].format == FORMAT_BOOL) {
			*value = *value != 0;
		}
	}
	mesh->orig_interval = at_least(mesh->orig_interval, ORIG_INTERVAL_LOWEST);
	if (mesh->gw_mode > 2) {
		mesh->gw_mode = before->gw_mode;
	}
	if (mesh->gw_sel_class == 0 || (!v && mesh->gw_sel_class > 255)) {
		mesh->gw_sel_class = before->gw_sel_class;
	}
	mesh->log_level = 0;
}

static void take_fields(enum object_type type, void *object, const void *wanted, uint64_t fields)
{
	for (size_t field = 0; field < object_classes[type].field_count; field++) {
		const struct field *row = &object_classes[type].fields[field];
		if (fields & FIELD_BIT(field)) {
			memcpy((char *)object + row->offset, (const char *)wanted + row->offset,
				row->size);
		}
	}
}

int fake_mesh_set(struct fake_kernel *kernel, const struct mesh *wanted, uint64_t fields)
{
	struct mesh *mesh = state_find(&kernel->state, OBJECT_MESH, wanted->name);

	if (mesh == NULL) {
		return -ENODEV;
	}
	struct mesh before = *mesh;
	take_fields(OBJECT_MESH, mesh, wanted, fields & wanted->head.has);
	settle(kernel, &before, mesh);
	return 0;
}

/* --- hardifs --- */

int fake_hardif_check(const struct fake_kernel *kernel, const struct link *link)
{
	const struct link *lower = link;

	if (!link->ethernet || link->mtu < HARDIF_MTU_LOWEST) {
		return -EINVAL;
	}
	while (lower != NULL) {
		if (lower->kind == LINK_BATADV) {
			return -EINVAL;
		}
		lower = lower->kind == LINK_VLAN ? fake_link(kernel, lower->lower) : NULL;
	}
	return 0;
}

int fake_hardif_attach(struct fake_kernel *kernel, const char *link)
{
	char key[IFNAMSIZ];

	text_copy(key, sizeof(key), link);
	struct hardif *hardif = state_add(&kernel->state, OBJECT_HARDIF, key);
	if (hardif == NULL) {
		return -ENOMEM;
	}
	hardif->head.has = FIELD_BIT(HARDIF_FIELD_COUNT) - 1;
	hardif->elp_interval = 500;
	hardif->active = 1;
	return 0;
}

void fake_hardif_detach(struct fake_kernel *kernel, const char *link)
{
	char key[IFNAMSIZ];

	text_copy(key, sizeof(key), link);
	struct hardif *hardif = state_find(&kernel->state, OBJECT_HARDIF, key);
	if (hardif != NULL) {
		fake_remove(kernel, OBJECT_HARDIF, hardif);
	}
}

int fake_hardif_set(struct fake_kernel *kernel, const struct hardif *wanted, uint64_t fields)
{
	struct hardif *hardif = state_find(&kernel->state, OBJECT_HARDIF, wanted->name);

	if (hardif == NULL) {
		return fake_link(kernel, wanted->name) != NULL ? -EINVAL : -ENODEV;
	}
	take_fields(OBJECT_HARDIF, hardif, wanted, fields & wanted->head.has);
	hardif->elp_interval = at_least(hardif->elp_interval, ELP_INTERVAL_LOWEST);
	return 0;
}

/* --- VLANs on the mesh --- */

static struct mesh_vlan *find_vlan(const struct fake_kernel *kernel, const struct link *vlan)
{
	struct mesh_vlan_key key = {.vid = vlan->vlan_id};

	text_copy(key.mesh, sizeof(key.mesh), vlan->lower);
	return vlan->kind == LINK_VLAN ? state_find(&kernel->state, OBJECT_MESH_VLAN, &key) : NULL;
}

int fake_mesh_vlan_create(struct fake_kernel *kernel, const struct link *vlan)
{
	const struct link *lower = fake_link(kernel, vlan->lower);
	struct mesh_vlan_key key = {.vid = vlan->vlan_id};

	if (lower->kind != LINK_BATADV || find_vlan(kernel, vlan) != NULL) {
		return 0;
	}
	text_copy(key.mesh, sizeof(key.mesh), vlan->lower);
	struct mesh_vlan *object = state_add(&kernel->state, OBJECT_MESH_VLAN, &key);
	if (object == NULL) {
		return -ENOMEM;
	}
	object_give(object, MESH_VLAN_AP_ISOLATION, ap_isolation, 0);
	return 0;
}

void fake_mesh_vlan_delete(struct fake_kernel *kernel, const struct link *vlan)
{
	struct mesh_vlan *object = find_vlan(kernel, vlan);

	if (object != NULL) {
		fake_remove(kernel, OBJECT_MESH_VLAN, object);
	}
}

int fake_mesh_vlan_set(struct fake_kernel *kernel, const struct mesh_vlan *wanted, uint64_t fields)
{
	struct mesh_vlan *vlan = state_find(&kernel->state, OBJECT_MESH_VLAN, &wanted->key);

	if (vlan == NULL) {
		return -ENOENT;
	}
	take_fields(OBJECT_MESH_VLAN, vlan, wanted, fields & wanted->head.has);
	vlan->ap_isolation = vlan->ap_isolation != 0;
	return 0;
}
