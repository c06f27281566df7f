/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/json_text.h"

#include <string.h>

#include "base/cleanup.h"

json_t *json_text(const char *text)
{
	json_t *json = json_string(text);

	if (json != NULL) {
		return json;
	}
	CLEANUP(cleanup_free)
	char *plain = strdup(text);
	if (plain == NULL) {
		return NULL;
	}
	for (char *byte = plain; *byte != '\0'; byte++) {
		if ((unsigned char)*byte >= 0x80) {
			*byte = '?';
		}
	}
	return json_string(plain);
}

json_t *json_text_or_null(const char *text)
{
	json_t *json = text == NULL || text[0] == '\0' ? NULL : json_string(text);

	return json != NULL ? json : json_null();
}

json_t *json_mac(const struct mac *mac)
{
	char text[MAC_TEXT_SIZE];

	mac_format(mac, text);
	return json_string(text);
}

json_t *json_ip(const struct ip *ip)
{
	char text[IP_TEXT_SIZE];

	if (ip == NULL || ip->family == 0) {
		return json_null();
	}
	ip_format(ip, text);
	return json_string(text);
}

json_t *json_prefix(const struct prefix *prefix)
{
	char text[PREFIX_TEXT_SIZE];

	if (prefix == NULL || prefix->ip.family == 0) {
		return json_null();
	}
	prefix_format(prefix, text);
	return json_string(text);
}
