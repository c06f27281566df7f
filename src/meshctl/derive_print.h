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

/* Where a node's templates differ from LibreMesh's without anybody having asked for it. */
#define DERIVE_DEFAULT_PROFILE                                                                     \
	"the default profile has --ipv4 10.%N1.0.0/16/17 and,\n"                                   \
	"as --hostname, the machine's name"

struct derive_options {
	/* Its SSID is shorter than DERIVE_NAME_SIZE, and it has all templates. */
	struct identity_request request;
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
