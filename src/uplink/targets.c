/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uplink/targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/dns_message.h"

#define HTTP_PORT 80
#define SCHEME    "http://"

/* 1..65535 in all of the text's length bytes; -EINVAL. */
static int parse_number(const char *text, size_t length, int max)
{
	int number = 0;

	if (length == 0 || length > 5) {
		return -EINVAL;
	}
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9') {
			return -EINVAL;
		}
		number = number * 10 + (text[i] - '0');
	}
	return number >= 1 && number <= max ? number : -EINVAL;
}

static int parse_address(const char *text, size_t length, struct ip *ip)
{
	char copy[IP_TEXT_SIZE];

	if (length >= sizeof(copy)) {
		return -EINVAL;
	}
	memcpy(copy, text, length);
	copy[length] = '\0';
	return ip_parse(copy, ip);
}

/* Where the host of "HOST[:PORT]" or "[IPV6][:PORT]" ends: its bytes without brackets in *host.
 * 0 or -EINVAL; *port is left alone when there is none. */
static int split_authority(const char *text, size_t length, struct target_part *host,
	uint16_t *port)
{
	size_t end = 0;

	*host = (struct target_part){0};
	if (length > 0 && text[0] == '[') {
		const char *bracket = memchr(text, ']', length);
		if (bracket == NULL) {
			return -EINVAL;
		}
		host->start = 1;
		host->length = (uint8_t)(bracket - text - 1);
		end = (size_t)(bracket - text) + 1;
	} else {
		const char *colon = memchr(text, ':', length);
		end = colon == NULL ? length : (size_t)(colon - text);
		host->length = (uint8_t)end;
	}
	if (host->length == 0) {
		return -EINVAL;
	}
	if (end == length) {
		return 0;
	}
	int number =
		text[end] == ':' ? parse_number(text + end + 1, length - end - 1, 65535) : -EINVAL;
	if (number < 0) {
		return number;
	}
	*port = (uint16_t)number;
	return 0;
}

static int parse_tcp(struct target *target)
{
	size_t length = strlen(target->text);
	struct target_part host;
	int result = split_authority(target->text, length, &host, &target->port);

	if (result == 0) {
		result = parse_address(target->text + host.start, host.length, &target->ip);
	}
	if (result < 0 || target->port == 0) {
		return -EINVAL;
	}
	/* Brackets are IPv6's, and only with them a port can be told from the address. */
	return (target->text[0] == '[') == (target->ip.family == AF_INET6) ? 0 : -EINVAL;
}

/* A host name of labels. */
static int copy_name(struct target *target, const char *text, size_t length)
{
	size_t start = 0;

	if (length >= sizeof(target->name)) {
		return -EINVAL;
	}
	while (start < length) {
		const char *dot = memchr(text + start, '.', length - start);
		size_t label = dot == NULL ? length - start : (size_t)(dot - text) - start;
		bool ends_in_dot = dot != NULL && start + label + 1 == length;
		if (!text_is_label(text + start, label) || ends_in_dot) {
			return -EINVAL;
		}
		start += label + 1;
	}
	memcpy(target->name, text, length);
	target->name[length] = '\0';
	return 0;
}

/* " [STATUS [TEXT]]", what stands behind the URL. */
static int parse_expectation(struct target *target, size_t start)
{
	const char *text = target->text;

	target->status = 204;
	start += strspn(text + start, " ");
	size_t digits = strcspn(text + start, " ");
	if (digits == 0) {
		return 0;
	}
	target->status = parse_number(text + start, digits, 599);
	if (target->status < 200) { /* 1xx is never the last answer */
		return -EINVAL;
	}
	start += digits;
	start += strspn(text + start, " ");
	target->body = (struct target_part){(uint8_t)start, (uint8_t)strlen(text + start)};
	return 0;
}

static int parse_http(struct target *target)
{
	const char *text = target->text;
	size_t length = strcspn(text, " ");
	size_t scheme = strlen(SCHEME);
	struct target_part host;

	target->port = HTTP_PORT;
	if (strncmp(text, SCHEME, scheme) != 0 || !text_is_printable(text, length)) {
		return -EINVAL;
	}
	size_t authority = strcspn(text + scheme, "/?# ");
	const char *at = text + scheme;
	if (at[authority] == '?' || at[authority] == '#' || memchr(text, '#', length) != NULL ||
		memchr(at, '@', authority) != NULL) {
		return -EINVAL;
	}
	int result = split_authority(at, authority, &host, &target->port);
	if (result < 0) {
		return result;
	}
	target->url = (struct target_part){0, (uint8_t)length};
	target->authority = (struct target_part){(uint8_t)scheme, (uint8_t)authority};
	target->path = (struct target_part){(uint8_t)(scheme + authority),
		(uint8_t)(length - scheme - authority)};
	bool is_address = parse_address(at + host.start, host.length, &target->ip) == 0;
	if (is_address ? (at[0] == '[') != (target->ip.family == AF_INET6)
		       : at[0] == '[' || copy_name(target, at, host.length) < 0) {
		return -EINVAL;
	}
	return parse_expectation(target, length);
}

int target_parse(enum probe_kind kind, const char *text, struct target *target)
{
	struct target parsed = {.kind = kind};
	int result = -EINVAL;

	if (!text_copy(parsed.text, sizeof(parsed.text), text)) {
		return -EINVAL;
	}
	switch (kind) {
	case PROBE_PING:
	case PROBE_DNS:
		parsed.port = kind == PROBE_DNS ? DNS_PORT : 0;
		result = ip_parse(text, &parsed.ip);
		break;
	case PROBE_TCP:
		result = parse_tcp(&parsed);
		break;
	case PROBE_HTTP:
		result = parse_http(&parsed);
		break;
	case PROBE_KINDS:
		break;
	}
	if (result == 0) {
		*target = parsed;
	}
	return result;
}

int target_list_read(const struct probes_config *probes, struct target_list *list)
{
	struct target *items = calloc((size_t)PROBE_KINDS * TARGETS_MAX, sizeof(*items));
	size_t count = 0;

	if (items == NULL) {
		return -ENOMEM;
	}
	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		for (size_t i = 0; i < probes->target_count[kind] && i < TARGETS_MAX; i++) {
			const char *text = probes->targets[kind][i].text;
			count += target_parse((enum probe_kind)kind, text, &items[count]) == 0;
		}
	}
	struct target *fitting = realloc(items, (count + 1) * sizeof(*items));
	*list = (struct target_list){fitting == NULL ? items : fitting, count};
	return 0;
}

void target_list_free(struct target_list *list)
{
	free(list->items);
	*list = (struct target_list){0};
}

bool target_is_for(const struct target_list *list, const struct target *target, uint8_t family)
{
	if (target->ip.family != 0) {
		return target->ip.family == family;
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct target *server = &list->items[i];
		if (server->kind == PROBE_DNS && server->ip.family == family) {
			return true;
		}
	}
	return false;
}
