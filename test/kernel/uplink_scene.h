/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A customer of two providers who probes its ways: for the tests of the uplink room. */
#ifndef KERNEL_UPLINK_SCENE_H
#define KERNEL_UPLINK_SCENE_H

#include "kernel/provider.h"
#include "uplink/uplink.h"

#define TIMEOUT 0.8 /* seconds, of a round */

extern const uint8_t scene_families[2];

struct scene {
	struct provider providers[PROVIDERS];
	struct uplink *uplink;
	struct probe_target targets[PROBE_KINDS][4];
	struct probes_config probes;
	int rounds;
	int changes;
	int turns;
	int sockets; /* most at once */
};

/* Monotonic seconds. */
double scene_now(void);
/* Of this process; only differences mean something. */
int scene_count_descriptors(void);
/* Two targets of each kind; false (and said) where it is not possible. */
bool scene_start(struct scene *scene, uint8_t family);
void scene_stop(struct scene *scene);
/* One way, "way", over the device, of the node itself. */
void scene_set_way(struct scene *scene, uint8_t family, const char *device);
/* One turn of the loop. */
void scene_turn(struct scene *scene);
/* The result of the next round. */
const struct probe_round *scene_wait_round(struct scene *scene);
/* The result of a round of all targets that begins now. */
const struct probe_round *scene_ask_all(struct scene *scene);
void scene_expect_good(struct scene *scene);
/* The reason has to hold this text. */
void scene_expect_bad(struct scene *scene, const char *reason);

#endif
