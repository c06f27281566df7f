/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which texts are right: targets of probes, and what a gateway is called. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "core/config_keys.h"

#define DIGITS      "0123456789"
#define SCHEME      "http://"
#define STATUS_LEN  3
#define HOST_MAX    127 /* a name is asked for as probes.dns_name is */
#define TARGET_SIZE sizeof(((struct probe_target *)0)->text)

/* HOST, HOST:PORT or [HOST]:PORT */
struct authority {
	char host[TARGET_SIZE];
	bool in_brackets;
	char port[TARGET_SIZE]; /* "" = not given */
	bool has_port;
};

/* False when a bracket is not closed, or something else than a port follows. The text is shorter
 * than a target. */
static bool split_authority(const char *text, struct authority *authority)
{
	bool in_brackets = text[0] == '[';
	const char *host = text + in_brackets;
	size_t length = strcspn(host, in_brackets ? "]" : ":");
	const char *rest = host + length;

	*authority = (struct authority){.in_brackets = in_brackets};
	if (length >= sizeof(authority->host) || (in_brackets && *rest != ']')) {
		return false;
	}
	memcpy(authority->host, host, length);
	rest += in_brackets;
	authority->has_port = *rest == ':';
	return authority->has_port ? text_copy(authority->port, sizeof(authority->port), rest + 1)
				   : *rest == '\0';
}

static bool is_port(const char *text)
{
	size_t digits = strspn(text, DIGITS);

	return digits >= 1 && digits <= 5 && text[digits] == '\0' && text[0] != '0' &&
	       strtol(text, NULL, 10) <= UINT16_MAX;
}

/* An IPv6 address has its colons in brackets, another host has no brackets. */
static bool check_brackets(const char *text, const struct authority *authority, struct err *why)
{
	const char *colon = strchr(text, ':');

	if (!authority->in_brackets && colon != NULL && strchr(colon + 1, ':') != NULL) {
		err_set(why, "an IPv6 address has brackets here, such as \"[2620:fe::fe]:443\"");
		return false;
	}
	if (authority->in_brackets && strchr(authority->host, ':') == NULL) {
		err_set(why, "only an IPv6 address has brackets");
		return false;
	}
	return true;
}

bool config_check_tcp_target(const char *text, struct err *why)
{
	struct authority authority;

	if (!split_authority(text, &authority)) {
		err_set(why, "an address and a port are needed, such as \"9.9.9.9:443\" or "
			     "\"[2620:fe::fe]:443\"");
		return false;
	}
	if (!check_brackets(text, &authority, why)) {
		return false;
	}
	if (!authority.has_port) {
		err_set(why, "the port is missing, such as in \"9.9.9.9:443\"");
		return false;
	}
	if (!is_port(authority.port)) {
		err_set(why, "a port is a number from 1 to 65535");
		return false;
	}
	return authority.in_brackets ? config_check_host_ipv6(authority.host, why)
				     : config_check_host_ipv4(authority.host, why);
}

/* The host of a URL: an address or a name. */
static bool check_host(const char *text, struct err *why)
{
	struct authority authority;
	struct ip ip;

	if (strchr(text, '@') != NULL) {
		err_set(why, "no user is needed for such a page; take out what is before '@'");
		return false;
	}
	if (text[0] == '\0' || !split_authority(text, &authority)) {
		err_set(why, "after " SCHEME " a host is needed, such as "
			     "\"detectportal.firefox.com\" or \"[2001:db8::1]:8080\"");
		return false;
	}
	if (!check_brackets(text, &authority, why)) {
		return false;
	}
	if (authority.has_port && !is_port(authority.port)) {
		err_set(why, "a port is a number from 1 to 65535");
		return false;
	}
	if (authority.in_brackets) {
		return config_check_host_ipv6(authority.host, why);
	}
	if (strlen(authority.host) > HOST_MAX) {
		err_set(why, "the host's name has more than %d characters", HOST_MAX);
		return false;
	}
	return ip_parse(authority.host, &ip) == 0 ? config_check_host_ipv4(authority.host, why)
						  : config_check_domain(authority.host, why);
}

/* The first bytes of text, length of them. False when they are too many. */
static bool copy_part(char part[TARGET_SIZE], const char *text, size_t length)
{
	if (length >= TARGET_SIZE) {
		return false;
	}
	memcpy(part, text, length);
	part[length] = '\0';
	return true;
}

static bool check_url(const char *text, size_t length, struct err *why)
{
	char host[TARGET_SIZE];

	if (strncasecmp(text, "https:", 6) == 0) {
		err_set(why, "only " SCHEME " is right: a captive portal cannot answer https in "
			     "the place of another, so nothing would be learnt from it");
		return false;
	}
	if (strncmp(text, SCHEME, strlen(SCHEME)) != 0) {
		err_set(why, "a URL starts with " SCHEME);
		return false;
	}
	if (!text_is_printable(text, length) || memchr(text, '#', length) != NULL) {
		err_set(why, "a URL is made of ASCII without blanks and '#'; write %%XX for other "
			     "characters");
		return false;
	}
	const char *start = text + strlen(SCHEME);
	size_t host_length = strcspn(start, "/? ");

	if (start[host_length] == '?') {
		err_set(why, "the path is missing; write '/' before '?'");
		return false;
	}
	return copy_part(host, start, host_length) && check_host(host, why);
}

/* "STATUS" or "STATUS TEXT" */
static bool check_answer(const char *text, struct err *why)
{
	const char *page = text + STATUS_LEN + 1;

	if (strspn(text, DIGITS) != STATUS_LEN || strchr(" ", text[STATUS_LEN]) == NULL ||
		text[0] < '2' || text[0] > '5') {
		err_set(why, "after the URL and one blank comes the status that is answered, 200 "
			     "to 599");
		return false;
	}
	if (text[STATUS_LEN] == '\0') {
		return true;
	}
	if (page[0] == '\0' || page[0] == ' ') {
		err_set(why, "after the status and one blank comes the text that the page begins "
			     "with; without one take the blank away");
		return false;
	}
	if (strncmp(text, "204", STATUS_LEN) == 0) {
		err_set(why, "an answer with the status 204 has no text; take it out");
		return false;
	}
	if (text_has_control(page, strlen(page))) {
		err_set(why, "the text that the page begins with is of one line, without control "
			     "characters");
		return false;
	}
	return true;
}

bool config_check_http_target(const char *text, struct err *why)
{
	size_t length = strcspn(text, " ");

	return check_url(text, length, why) &&
	       (text[length] == '\0' || check_answer(text + length + 1, why));
}

bool config_target_address(enum probe_kind kind, const char *text, struct ip *ip)
{
	struct authority authority;
	char part[TARGET_SIZE];

	if (kind == PROBE_PING || kind == PROBE_DNS) {
		return ip_parse(text, ip) == 0;
	}
	const char *start = kind == PROBE_HTTP ? text + strlen(SCHEME) : text;

	return copy_part(part, start, strcspn(start, "/? ")) && split_authority(part, &authority) &&
	       ip_parse(authority.host, ip) == 0;
}

bool config_check_gateway_name(const char *text, struct err *why)
{
	for (const char *at = text; *at != '\0'; at++) {
		if ((unsigned char)*at <= ' ' || *at == 0x7f) {
			err_set(why, "a gateway is called by its node's name, its id, an uplink's "
				     "name or \"local\", all without blanks");
			return false;
		}
	}
	return true;
}
