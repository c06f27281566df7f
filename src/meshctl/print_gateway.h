/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways to the Internet (docs/control.md, gateway), for people. */
#ifndef MESHCTL_PRINT_GATEWAY_H
#define MESHCTL_PRINT_GATEWAY_H

#include "meshctl/human.h"
#include "meshctl/print_status.h"

/* view->all: every row, ids, intervals and each target of the probes. */
void print_gateway(const json_t *result, const struct status_view *view);
/* What decided, what would change it, and the last decisions. */
void print_gateway_why(const json_t *result, const struct status_view *view);
/* Is there a way of some family, and does the kernel do what was decided? Also when meshd is not to
 * decide. */
bool gateway_is_well(const json_t *result);

/* --- parts --- */

#define GATEWAY_TEXT_MAX 256

/* "IPv4: g2 by babeld through gw4-..., since 12 min (score)", and what the kernel does. */
void gateway_print_head(const json_t *family, const char *title, const struct status_view *view);
/* "use g2, or another while it is dead; avoids g3". */
void gateway_choice_text(const json_t *choice, char text[GATEWAY_TEXT_MAX]);
/* "g2", "uplink wan0", "Babel's own": a candidate, or something with a kind, id and name.
 */
const char *gateway_name(const json_t *entry, char text[GATEWAY_TEXT_MAX]);
/* "IPv4" of "ipv4". */
const char *gateway_family_title(const char *family);
/* A number that may be whole or not, rounded; 0 where there is none. */
long long gateway_number(const json_t *json, const char *name);
/* The same as "12 min"; "" where there is none. */
const char *gateway_age(const json_t *json, const char *name, char text[HUMAN_SIZE]);
/* Does the kernel's way differ from the decision? */
bool gateway_kernel_differs(const json_t *family);

extern const char *const gateway_families[2];

#endif
