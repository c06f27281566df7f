/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/suspect.h"

#include <stddef.h>
#include <unistd.h>

#include "base/cleanup.h"

const char *suspect_hint(void)
{
	static const struct {
		const char *path; /* is there while the program runs */
		const char *hint;
	} suspects[] = {
		{"/run/systemd/netif/state",
			"systemd-networkd runs here: give meshd's interfaces a .network file with "
			"Unmanaged=yes, and set ManageForeignRoutingPolicyRules=no"},
		{"/run/NetworkManager/NetworkManager.pid", "NetworkManager runs here: list meshd's "
							   "interfaces under unmanaged-devices"},
		{"/run/connman", "connman runs here: blacklist meshd's interfaces"},
		{"/run/dhcpcd.pid", "dhcpcd runs here: deny it meshd's interfaces"},
		{"/run/network/ifstate", "ifupdown runs here: take meshd's interfaces out of "
					 "/etc/network/interfaces"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(suspects); i++) {
		if (access(suspects[i].path, F_OK) == 0) {
			return suspects[i].hint;
		}
	}
	return NULL;
}
