/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "meshctl derive" was asked, and how it prints what it found. */
#ifndef MESHCTL_DERIVE_PRINT_H
#define MESHCTL_DERIVE_PRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"
#include "core/identity.h"

#define DERIVE_INTERFACES_MAX 32
#define DERIVE_NAME_SIZE      sizeof(((struct config *)0)->cloud.ssid)
#define DERIVE_WARNINGS_MAX   4
#define DERIVE_WARNING_SIZE   192

struct derive_options {
	struct identity_request request; /* its SSID is shorter than DERIVE_NAME_SIZE */
	const char *interfaces[DERIVE_INTERFACES_MAX];
	size_t interface_count;
	const char *ssid_template; /* NULL = no radio was asked for */
	bool json;
	bool help;
};

struct derived {
	struct derive_options options;
	struct identity identity;
	char radio_ssid[SSID_TEXT_SIZE]; /* what ssid_template gives */
	char warnings[DERIVE_WARNINGS_MAX][DERIVE_WARNING_SIZE];
	size_t warning_count;
};

/* Both print to stdout; the second returns 0, or -1 when it could not be written. */
void derive_print_text(const struct derived *derived);
int derive_print_json(const struct derived *derived);

#endif
