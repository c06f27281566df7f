/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the table of keys is written; only the files that are parts of it need this. */
#ifndef CORE_CONFIG_KEYS_TABLE_H
#define CORE_CONFIG_KEYS_TABLE_H

#include "base/cleanup.h"
#include "core/config_keys.h"

/* The member of struct config that a key fills, of a map's element, or the array it fills. */
#define AT(member)                                                                                 \
	.offset = offsetof(struct config, member), .size = sizeof(((struct config *)0)->member)
#define IN(type, member)                                                                           \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
/* The pointer to the array of a map or list; its type is in the elements. */
#define ARRAY_AT(member)   .offset = offsetof(struct config, member)
#define RANGE(least, most) .minimum = (least), .maximum = (most)
#define WORDS(list)        .words = (list), .word_count = ARRAY_SIZE(list)
#define CHILDREN(list)     .children = (list), .child_count = ARRAY_SIZE(list)
#define TEXT_BYTES(least, member)                                                                  \
	RANGE(least, (int64_t)sizeof(((struct config *)0)->member) - 1), AT(member)

#define NAME_OR_GLOB_PATTERN "^[^/ \t\n\v\f\r]{1,63}$"
#define IP_PATTERN           "^[0-9A-Fa-f:.]+$"
#define DOMAIN_PATTERN                                                                             \
	"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?([.][A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$"
#define KBIT_MAX (INT64_C(0xffffffff) * CONFIG_BANDWIDTH_UNIT)

/* Sections that have a file of their own; a wrong number does not compile. */
#define CONFIG_BMX7_KEYS    8
#define CONFIG_BABELD_KEYS  9
#define CONFIG_ALFRED_KEYS  7
#define CONFIG_DHCP_KEYS    12
#define CONFIG_UPLINK_KEYS  9
#define CONFIG_PROBES_KEYS  16
#define CONFIG_GATEWAY_KEYS 11
extern const struct config_key config_bmx7_keys[CONFIG_BMX7_KEYS];
extern const struct config_key config_babeld_keys[CONFIG_BABELD_KEYS];
extern const struct config_key config_alfred_keys[CONFIG_ALFRED_KEYS];
extern const struct config_key config_dhcp_keys[CONFIG_DHCP_KEYS];
extern const struct config_key config_uplink_keys[CONFIG_UPLINK_KEYS];
extern const struct config_key config_probes_keys[CONFIG_PROBES_KEYS];
extern const struct config_key config_gateway_keys[CONFIG_GATEWAY_KEYS];

/* "uplinks" is a map of the outermost level. */
#define CONFIG_UPLINKS_MAX 64
extern const struct config_elements config_uplink_elements;

/* The keys of a program that meshd keeps running. */
#define PROGRAM_PATTERN "^(auto|/[^\n]*[^/\n])$"
#define PROGRAM_KEYS(section, daemon)                                                              \
	{.name = "program",                                                                        \
		.kind = CONFIG_TEXT,                                                               \
		TEXT_BYTES(2, section.program.path),                                               \
		.doc = "Where " daemon " is; \"auto\" looks at the usual places.",                 \
		.what = "an absolute path such as \"/usr/sbin/" daemon "\"",                       \
		.pattern = PROGRAM_PATTERN,                                                        \
		.check = config_check_program,                                                     \
		WORDS(config_auto_text),                                                           \
		.fallback = "\"auto\""},                                                           \
	{                                                                                          \
		.name = "memory_max", .kind = CONFIG_NUMBER, RANGE(0, 65536), .unit = "MiB",       \
		AT(section.program.memory_max),                                                    \
		.doc = "Resident memory at which " daemon " is started anew; 0 is no ceiling.",    \
		.fallback = "64"                                                                   \
	}

/* For texts that may be "auto". */
extern const struct config_word config_auto_text[1];

#endif
