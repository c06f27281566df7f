/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading netlink attributes. Each attr_take_...() writes only when the attribute has the right
 * size, and says whether it did. */
#ifndef KERNEL_ATTR_H
#define KERNEL_ATTR_H

#include <libmnl/libmnl.h>

#include "base/text.h"

/* The attribute after previous (NULL: the first) of a message whose own header takes head_size
 * bytes, or of a nest; NULL after the last: while ((attr = attr_next(message, sizeof(*head), attr))
 * != NULL) */
const struct nlattr *attr_next(const struct nlmsghdr *message, size_t head_size,
	const struct nlattr *previous);
const struct nlattr *attr_next_nested(const struct nlattr *nest, const struct nlattr *previous);

bool attr_take_u8(const struct nlattr *attr, uint8_t *value);
bool attr_take_u16(const struct nlattr *attr, uint16_t *value);
bool attr_take_u32(const struct nlattr *attr, uint32_t *value);
bool attr_take_mac(const struct nlattr *attr, struct mac *mac);
bool attr_take_ip(const struct nlattr *attr, uint8_t family, struct ip *ip);
/* Zero-fills the text. Longer texts than fit are cut. */
void attr_take_text(const struct nlattr *attr, char *text, size_t size);

#endif
