/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/identity_template.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"

/* What each kind of template may hold, and how errors speak of it. */
struct template_form {
	const char *name;
	const char *path;
	const char *tokens;  /* letters that may follow '%' */
	const char *allowed; /* the same for people */
	const char *example;
	unsigned int bits; /* of the address; 0 when it is none */
	bool decimal;
	bool keeps_unknown; /* a '%' that starts no token stands for itself */
};

static const struct template_form forms[TEMPLATE_KINDS] = {
	[TEMPLATE_IPV4] =
		{
			.name = "ipv4",
			.path = "$.cloud.ipv4",
			.tokens = "NMm",
			.allowed = "%N1..%N6, %M1..%M6 or %m1..%m6",
			.example = "10.%N1.0.0/16",
			.bits = 32,
			.decimal = true,
		},
	[TEMPLATE_IPV6] =
		{
			.name = "ipv6",
			.path = "$.cloud.ipv6",
			.tokens = "NMm",
			.allowed = "%N1..%N6, %M1..%M6 or %m1..%m6",
			.example = "fd%N1:%N2%N3:%N4%N5::/64",
			.bits = 128,
		},
	[TEMPLATE_ANYCAST_MAC] =
		{
			.name = "anycast MAC",
			.path = "$.anycast.mac",
			.tokens = "N",
			.allowed = "%N1..%N6 (it must be the same on every node)",
			.example = "aa:aa:aa:%N1:%N2:aa",
		},
	[TEMPLATE_HOSTNAME] =
		{
			.name = "hostname",
			.path = "$.node.hostname",
			.tokens = "Mm",
			.allowed = "%M1..%M6 or %m1..%m6",
			.example = "node-%M4%M5%M6",
		},
	[TEMPLATE_SSID] =
		{
			.name = "ssid",
			.path = "",
			.tokens = "HMm",
			.allowed = "%H, %M1..%M6 or %m1..%m6",
			.example = "MyCommunity/%H",
			.keeps_unknown = true,
		},
};

int template_error(enum template_kind kind, const char *template, struct err *err,
	const char *format, ...)
{
	char reason[sizeof(err->text)];
	const size_t shown = 80;
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	text_copy(err->path, sizeof(err->path), forms[kind].path);
	err_set(err, "%s template \"%.*s%s\": %s", forms[kind].name, (int)text_cut(template, shown),
		template, strlen(template) > shown ? "..." : "", reason);
	return -EINVAL;
}

bool template_uses_mac(const char *template)
{
	for (const char *at = strchr(template, '%'); at != NULL; at = strchr(at + 1, '%')) {
		if ((at[1] == 'M' || at[1] == 'm') && at[2] >= '1' && at[2] <= '6') {
			return true;
		}
	}
	return false;
}

/* Length of the token at a '%', 0 when there is none of this form. */
static size_t token_length(const struct template_form *form, const char *at)
{
	if (at[1] == '\0' || strchr(form->tokens, at[1]) == NULL) {
		return 0;
	}
	if (at[1] == 'H') {
		return 2;
	}
	return at[2] >= '1' && at[2] <= '6' ? 3 : 0;
}

/* Length of what a person would call the wrong token: '%' and up to two printable characters. */
static int wrong_token_length(const char *at)
{
	int length = 1;

	while (length < 3 && at[length] > ' ' && at[length] < 0x7f) {
		length++;
	}
	return length;
}

/* Writes the token's value. False when it is not known. */
static bool token_value(const struct template_form *form, const char *at,
	const struct template_values *values, char *text, size_t size)
{
	if (at[1] == 'H') {
		if (values->hostname == NULL || values->hostname[0] == '\0') {
			return false;
		}
		return text_copy(text, size, values->hostname);
	}
	const uint8_t *bytes = at[1] == 'N'   ? values->network
			       : at[1] == 'M' ? values->mac
					      : values->mac_hash;

	if (bytes == NULL) {
		return false;
	}
	snprintf(text, size, form->decimal ? "%u" : "%02x", (unsigned int)bytes[at[2] - '1']);
	return true;
}

int template_expand(enum template_kind kind, const char *template,
	const struct template_values *values, char text[TEMPLATE_TEXT_SIZE], struct err *err)
{
	const struct template_form *form = &forms[kind];
	size_t length = 0;
	const char *end = template + (form->bits > 0 ? strcspn(template, "/") : strlen(template));

	for (const char *at = template; at < end;) {
		char value[72] = {*at, '\0'};
		size_t taken = *at == '%' ? token_length(form, at) : 0;

		if (*at == '%' && taken == 0 && !form->keeps_unknown) {
			return template_error(kind, template, err,
				"\"%.*s\" means nothing here; use %s, such as \"%s\"",
				wrong_token_length(at), at, form->allowed, form->example);
		}
		if (taken > 0 && !token_value(form, at, values, value, sizeof(value))) {
			return template_error(kind, template, err, "%.*s needs the node's %s",
				(int)taken, at, at[1] == 'H' ? "hostname" : "MAC");
		}
		size_t added = strlen(value);

		if (length + added >= TEMPLATE_TEXT_SIZE) {
			return template_error(kind, template, err,
				"gives more than %d characters; use a shorter one, such as \"%s\"",
				TEMPLATE_TEXT_SIZE - 1, form->example);
		}
		memcpy(text + length, value, added);
		length += added;
		at += taken > 0 ? taken : 1;
	}
	text[length] = '\0';
	return 0;
}

/* Reads "/NUMBER" at *at and moves past it. -EINVAL when there is none from 1 to max, or one with a
 * leading zero, as everywhere else that a length is read. */
static int read_length(const char **at, unsigned int max, uint8_t *length)
{
	size_t digits = strspn(*at + 1, "0123456789");
	unsigned int value = 0;

	if (**at != '/' || digits == 0 || digits > 3 || (*at)[1] == '0') {
		return -EINVAL;
	}
	for (size_t i = 1; i <= digits; i++) {
		value = value * 10 + (unsigned int)((*at)[i] - '0');
	}
	if (value < 1 || value > max) {
		return -EINVAL;
	}
	*length = (uint8_t)value;
	*at += 1 + digits;
	return 0;
}

int template_read_lengths(struct address_template *template, struct err *err)
{
	const struct template_form *form = &forms[template->kind];
	struct address_template read = *template;
	const char *at = read.text + strcspn(read.text, "/");

	if (*at == '\0') {
		return template_error(read.kind, read.text, err,
			"the length of the network is missing; end it with /MASK, such as \"%s\"",
			form->example);
	}
	if (read_length(&at, form->bits, &read.mask) < 0) {
		return template_error(read.kind, read.text, err,
			"the length after / must be a number from 1 to %u without a leading zero, "
			"such as \"%s\"",
			form->bits, form->example);
	}
	read.range = read.mask;
	if (*at == '/' && read_length(&at, form->bits, &read.range) < 0) {
		return template_error(read.kind, read.text, err,
			"the RANGE in /MASK/RANGE must be a number from %u to %u without a leading "
			"zero",
			read.mask, form->bits);
	}
	if (*at != '\0') {
		return template_error(read.kind, read.text, err,
			"\"%.*s\" after the length is too much; write ADDRESS/MASK or "
			"ADDRESS/MASK/RANGE",
			(int)text_cut(at, 20), at);
	}
	if (read.range < read.mask) {
		return template_error(read.kind, read.text, err,
			"the range /%u is larger than the network /%u; RANGE must be from %u to %u",
			read.range, read.mask, read.mask, form->bits);
	}
	*template = read;
	return 0;
}
