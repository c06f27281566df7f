/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uplink/asking.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int asking_open(struct asking *asking, const struct probes_config *probes)
{
	struct asking opened = {.probes = *probes};
	int result = 0;

	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		size_t count = probes->target_count[kind];
		opened.probes.targets[kind] = calloc(count + 1, sizeof(struct probe_target));
		if (opened.probes.targets[kind] == NULL) {
			result = -ENOMEM;
		} else if (count > 0) {
			memcpy(opened.probes.targets[kind], probes->targets[kind],
				count * sizeof(struct probe_target));
		}
	}
	if (result == 0) {
		result = target_list_read(&opened.probes, &opened.targets);
	}
	if (result < 0) {
		asking_close(&opened);
		return result;
	}
	*asking = opened;
	return 0;
}

void asking_close(struct asking *asking)
{
	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		free(asking->probes.targets[kind]);
	}
	target_list_free(&asking->targets);
	*asking = (struct asking){0};
}

static bool has_same_targets(const struct probes_config *a, const struct probes_config *b)
{
	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		if (a->target_count[kind] != b->target_count[kind] ||
			a->need[kind] != b->need[kind]) {
			return false;
		}
		for (size_t i = 0; i < a->target_count[kind]; i++) {
			if (strcmp(a->targets[kind][i].text, b->targets[kind][i].text) != 0) {
				return false;
			}
		}
	}
	return strcmp(a->dns_name, b->dns_name) == 0;
}

bool asking_is_same(const struct asking *asking, const struct probes_config *probes)
{
	const struct probes_config *a = &asking->probes;

	return asking->targets.items != NULL && has_same_targets(a, probes) &&
	       a->timeout == probes->timeout && a->interval == probes->interval &&
	       a->interval_doubtful == probes->interval_doubtful &&
	       a->interval_down == probes->interval_down && a->rise == probes->rise &&
	       a->fall == probes->fall && a->flap_penalty == probes->flap_penalty &&
	       a->flap_suppress == probes->flap_suppress && a->flap_reuse == probes->flap_reuse &&
	       a->flap_half_life == probes->flap_half_life;
}
