/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Templates of addresses and names: %N1..%N6, %M1..%M6, %m1..%m6 and %H. */
#ifndef CORE_IDENTITY_TEMPLATE_H
#define CORE_IDENTITY_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TEMPLATE_TEXT_SIZE 256

enum template_kind {
	TEMPLATE_IPV4,
	TEMPLATE_IPV6,
	TEMPLATE_ANYCAST_MAC,
	TEMPLATE_HOSTNAME,
	TEMPLATE_SSID,
	TEMPLATE_KINDS,
};

/* What the tokens stand for; NULL = not known. */
struct template_values {
	const uint8_t *network;
	const uint8_t *mac;
	const uint8_t *mac_hash;
	const char *hostname;
};

/* "ADDRESS/MASK" or "ADDRESS/MASK/RANGE"; without RANGE, range is mask. */
struct address_template {
	enum template_kind kind;
	const char *text;
	uint8_t mask;
	uint8_t range;
};

/* Replaces the tokens; of an address only the part before the first '/'. 0, or -EINVAL with err
 * filled. */
int template_expand(enum template_kind kind, const char *template,
	const struct template_values *values, char text[TEMPLATE_TEXT_SIZE], struct err *err);
/* Fills mask and range from the end of text. */
int template_read_lengths(struct address_template *template, struct err *err);
/* Has the template a token whose value depends on the MAC? */
bool template_uses_mac(const char *template);
/* Fills err with the template's name and text before the words of format. Always -EINVAL. */
int template_error(enum template_kind kind, const char *template, struct err *err,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
