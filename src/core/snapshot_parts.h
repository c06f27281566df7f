/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of snapshot_status(); docs/control.md describes what each gives. */
#ifndef CORE_SNAPSHOT_PARTS_H
#define CORE_SNAPSHOT_PARTS_H

#include "core/json_text.h"
#include "core/snapshot.h"

/* All return new references. */
json_t *snapshot_links(const struct snapshot_request *request);
json_t *snapshot_layer3(const struct snapshot_request *request);
json_t *snapshot_mesh(const struct snapshot_request *request);

/* The number of the cloud's VLAN, 0 = untagged. */
uint16_t snapshot_cloud_vlan(const struct snapshot_request *request);

json_t *snapshot_mac(const struct mac *mac); /* zero becomes null */
/* Adds "present", "up", "carrier", "mtu" and "mac" of an observed link; NULL: only present, false.
 */
void snapshot_add_link(json_t *json, const struct link *observed);

#endif
