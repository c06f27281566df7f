/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/attr.h"

#include <stddef.h>
#include <string.h>

static const struct nlattr *attr_within(const char *at, const char *end)
{
	const void *attr = at;

	return end - at >= (ptrdiff_t)MNL_ATTR_HDRLEN && mnl_attr_ok(attr, (int)(end - at)) ? attr
											    : NULL;
}

const struct nlattr *attr_next(const struct nlmsghdr *message, size_t head_size,
	const struct nlattr *previous)
{
	const char *start = (const char *)message + MNL_NLMSG_HDRLEN + MNL_ALIGN(head_size);
	const char *end = (const char *)message + message->nlmsg_len;

	return attr_within(previous == NULL ? start
					    : (const char *)previous + MNL_ALIGN(previous->nla_len),
		end);
}

const struct nlattr *attr_next_nested(const struct nlattr *nest, const struct nlattr *previous)
{
	const char *start = (const char *)nest + MNL_ATTR_HDRLEN;
	const char *end = (const char *)nest + nest->nla_len;

	return attr_within(previous == NULL ? start
					    : (const char *)previous + MNL_ALIGN(previous->nla_len),
		end);
}

static bool take_bytes(const struct nlattr *attr, void *bytes, size_t size)
{
	if (mnl_attr_get_payload_len(attr) != size) {
		return false;
	}
	memcpy(bytes, mnl_attr_get_payload(attr), size);
	return true;
}

bool attr_take_u8(const struct nlattr *attr, uint8_t *value)
{
	return take_bytes(attr, value, sizeof(*value));
}

bool attr_take_u16(const struct nlattr *attr, uint16_t *value)
{
	return take_bytes(attr, value, sizeof(*value));
}

bool attr_take_u32(const struct nlattr *attr, uint32_t *value)
{
	return take_bytes(attr, value, sizeof(*value));
}

bool attr_take_mac(const struct nlattr *attr, struct mac *mac)
{
	return take_bytes(attr, mac->bytes, sizeof(mac->bytes));
}

bool attr_take_ip(const struct nlattr *attr, uint8_t family, struct ip *ip)
{
	struct ip taken = {.family = family};

	if (!take_bytes(attr, taken.bytes, ip_bits(&taken) / 8)) {
		return false;
	}
	*ip = taken;
	return true;
}

void attr_take_text(const struct nlattr *attr, char *text, size_t size)
{
	size_t length = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));

	memset(text, 0, size);
	memcpy(text, mnl_attr_get_payload(attr), length < size ? length : size - 1);
}
