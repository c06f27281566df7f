/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_IDENTITY_SCENE_H
#define UNIT_IDENTITY_SCENE_H

#include <check.h>

#include "core/identity.h"
#include "unit/addresses.h"

/* A request as a node with this MAC (NULL for none) makes it in the cloud LibreMesh.org. */
static inline struct identity_request request_of(const char *mac)
{
	struct identity_request request = {.ssid = "LibreMesh.org", .anycast = true};

	if (mac != NULL) {
		request.has_mac = true;
		request.mac = mac_of(mac);
	}
	return request;
}

static inline struct identity derive(const struct identity_request *request)
{
	struct identity identity;
	struct err err = {0};

	ck_assert_msg(identity_derive(request, &identity, &err) == 0, "%s", err.text);
	return identity;
}

#endif
