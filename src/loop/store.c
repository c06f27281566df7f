/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "core/json_text.h"

void store_load(const char *run_dir, struct primary *primary)
{
	char path[320];
	const char *link = NULL;
	const char *mac = NULL;
	struct primary loaded = {0};

	snprintf(path, sizeof(path), "%s/state.json", run_dir);
	CLEANUP(cleanup_json) json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	if (json == NULL ||
		json_unpack(json, "{s:{s:s, s:s}}", "primary", "link", &link, "mac", &mac) < 0) {
		return;
	}
	if (text_copy(loaded.link, sizeof(loaded.link), link) && ifname_is_valid(link) &&
		mac_parse(mac, &loaded.mac) == 0) {
		*primary = loaded;
	}
}

int store_write(const char *path, const json_t *json)
{
	char fresh[336];

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	errno = 0;
	if (json_dump_file(json, fresh, JSON_COMPACT) < 0 || rename(fresh, path) < 0) {
		return errno != 0 ? -errno : -EIO;
	}
	return 0;
}

int store_save(const char *run_dir, const struct primary *primary)
{
	char path[320];
	char mac[MAC_TEXT_SIZE];

	if (mkdir(run_dir, 0755) < 0 && errno != EEXIST) {
		return -errno;
	}
	mac_format(&primary->mac, mac);
	snprintf(path, sizeof(path), "%s/state.json", run_dir);
	CLEANUP(cleanup_json)
	json_t *json = json_pack("{s:{s:s, s:s}}", "primary", "link", primary->link, "mac", mac);
	return json == NULL ? -ENOMEM : store_write(path, json);
}
