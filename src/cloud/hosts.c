/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/hosts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cloud/hosts_file.h"
#include "core/render.h"

#define RELOAD_DELAY 0.3 /* so that what changes together is read together */
#define PARTS_MAX    32

/* The reservations of one author. */
struct author {
	struct mac mac;
	struct lease_reservation *now; /* as they should be, by address */
	size_t count;
	unsigned int parts; /* files beside the first */
	bool stale;         /* the files are not what they should be */
	bool listed;        /* in the newest output */
};

struct hosts {
	char *reservations; /* directories */
	char *names;
	struct author *authors; /* by MAC */
	size_t author_count;
	uint32_t *held; /* addresses whose reservation dnsmasq has to forget first, sorted */
	size_t held_count;
	bool began; /* what was left by an earlier meshd is gone */
	double reload_at;
	double last_reload;
};

int hosts_open(struct hosts **out, const char *run_dir, struct err *err)
{
	struct hosts *hosts = calloc(1, sizeof(*hosts));

	if (hosts == NULL) {
		return -ENOMEM;
	}
	hosts->reload_at = INFINITY;
	hosts->last_reload = -INFINITY;
	int result = hosts_file_directory(&hosts->reservations, run_dir, CHILD_DNSMASQ_HOSTS, err);
	if (result == 0) {
		result = hosts_file_directory(&hosts->names, run_dir, CHILD_DNSMASQ_NAMES, err);
	}
	if (result < 0) {
		hosts_close(hosts);
		return result;
	}
	*out = hosts;
	return 0;
}

void hosts_close(struct hosts *hosts)
{
	if (hosts == NULL) {
		return;
	}
	for (size_t i = 0; i < hosts->author_count; i++) {
		free(hosts->authors[i].now);
	}
	free(hosts->authors);
	free(hosts->held);
	free(hosts->reservations);
	free(hosts->names);
	free(hosts);
}

static int compare_author(const void *a, const void *b)
{
	const struct author *left = a;
	const struct author *right = b;

	return memcmp(&left->mac, &right->mac, sizeof(left->mac));
}

static struct author *find_author(const struct hosts *hosts, const struct mac *mac)
{
	struct author key = {.mac = *mac};

	return hosts->author_count == 0 ? NULL
					: bsearch(&key, hosts->authors, hosts->author_count,
						  sizeof(key), compare_author);
}

static int compare_address(const void *a, const void *b)
{
	const uint32_t *left = a;
	const uint32_t *right = b;

	return (*left > *right) - (*left < *right);
}

static uint32_t address_of(const struct lease_reservation *reservation)
{
	const uint8_t *bytes = reservation->ip.bytes;

	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static bool is_held(const struct hosts *hosts, const struct lease_reservation *reservation)
{
	uint32_t address = address_of(reservation);

	return hosts->held_count > 0 && bsearch(&address, hosts->held, hosts->held_count,
						sizeof(address), compare_address) != NULL;
}

static int hold(struct hosts *hosts, const struct lease_reservation *reservation)
{
	uint32_t *held = realloc(hosts->held, (hosts->held_count + 1) * sizeof(*held));

	if (held == NULL) {
		return -ENOMEM;
	}
	hosts->held = held;
	hosts->held[hosts->held_count++] = address_of(reservation);
	return 0;
}

static void want_reload(struct hosts *hosts, double now)
{
	if (isinf(hosts->reload_at)) {
		hosts->reload_at =
			fmax(now + RELOAD_DELAY, hosts->last_reload + HOSTS_RELOAD_SECONDS);
	}
}

static bool same(const struct lease_reservation *a, const struct lease_reservation *b)
{
	return memcmp(&a->mac, &b->mac, sizeof(a->mac)) == 0;
}

/* The reservation of the address in a list by address, from *at on. */
static const struct lease_reservation *seek(const struct lease_reservation *list, size_t count,
	size_t *at, const struct lease_reservation *wanted)
{
	uint32_t address = address_of(wanted);

	while (*at < count && address_of(&list[*at]) < address) {
		(*at)++;
	}
	return *at < count && address_of(&list[*at]) == address ? &list[*at] : NULL;
}

/* Marks what the author no longer reserves. */
static int hold_removed(struct hosts *hosts, struct author *author, const struct lease_file *file,
	double now)
{
	size_t at = 0;
	size_t count = file == NULL ? 0 : file->reservation_count;

	for (size_t i = 0; i < author->count; i++) {
		const struct lease_reservation *kept =
			count == 0 ? NULL : seek(file->reservations, count, &at, &author->now[i]);
		if (kept != NULL && same(kept, &author->now[i])) {
			continue;
		}
		if (hold(hosts, &author->now[i]) < 0) {
			return -ENOMEM;
		}
		author->stale = true;
		want_reload(hosts, now);
	}
	return 0;
}

/* Authors that the output has and we have not; the array stays sorted. */
static int add_authors(struct hosts *hosts, const struct lease_output *output)
{
	size_t most = hosts->author_count + output->file_count;
	struct author *authors = realloc(hosts->authors, (most + 1) * sizeof(*authors));
	size_t count = hosts->author_count;

	if (authors == NULL) {
		return -ENOMEM;
	}
	hosts->authors = authors;
	for (size_t i = 0; i < output->file_count; i++) {
		struct author *known = find_author(hosts, &output->files[i].author);
		if (known == NULL) {
			authors[count++] =
				(struct author){.mac = output->files[i].author, .listed = true};
		} else {
			known->listed = true;
		}
	}
	hosts->author_count = count;
	qsort(authors, count, sizeof(*authors), compare_author);
	return 0;
}

/* Writes the lines that are new and free as a further file; the others wait for the reload. */
static int write_part(struct hosts *hosts, struct author *author, const struct lease_file *file,
	double now)
{
	struct lease_reservation *added CLEANUP(cleanup_free) =
		calloc(file->reservation_count + 1, sizeof(*added));
	size_t count = 0;
	size_t at = 0;

	if (added == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < file->reservation_count; i++) {
		const struct lease_reservation *line = &file->reservations[i];
		const struct lease_reservation *known = seek(author->now, author->count, &at, line);
		if (known != NULL && same(known, line)) {
			continue;
		}
		if (is_held(hosts, line) || author->parts >= PARTS_MAX) {
			author->stale = true;
			want_reload(hosts, now);
		} else {
			added[count++] = *line;
		}
	}
	if (count == 0) {
		return 0;
	}
	int result = hosts_file_write_reservations(hosts->reservations, &author->mac,
		author->parts + 1, &(struct hosts_lines){added, count, false});
	if (result == 0) {
		author->parts++;
	}
	return result;
}

static int take_reservations(struct hosts *hosts, const struct lease_file *file, double now)
{
	struct author *author = find_author(hosts, &file->author);
	size_t size = file->reservation_count * sizeof(*file->reservations);
	struct lease_reservation *copy = malloc(size + 1);
	int result = -ENOMEM;

	if (copy != NULL && size > 0) {
		memcpy(copy, file->reservations, size);
	}
	if (copy != NULL) {
		result = hosts->began ? write_part(hosts, author, file, now) : 0;
	}
	if (result < 0) {
		free(copy);
		return result;
	}
	free(author->now);
	author->now = copy;
	author->count = file->reservation_count;
	return 0;
}

/* The author's files as one, and nothing else of it. */
static int put_together(struct hosts *hosts, struct author *author)
{
	int result = hosts_file_write_reservations(hosts->reservations, &author->mac, 0,
		&(struct hosts_lines){author->now, author->count, true});

	if (result < 0) {
		return result;
	}
	for (unsigned int part = 1; part <= author->parts; part++) {
		hosts_file_remove(hosts->reservations, &author->mac, part);
	}
	author->parts = 0;
	author->stale = false;
	return 0;
}

/* What an earlier meshd left is of unknown age, and a dnsmasq that lived on has read it: all is
 * written anew and read anew. */
static int begin(struct hosts *hosts, const struct lease_output *output, double now)
{
	hosts_file_clear(hosts->reservations);
	hosts_file_clear_names(hosts->names, output);
	for (size_t i = 0; i < hosts->author_count; i++) {
		int result = put_together(hosts, &hosts->authors[i]);
		if (result < 0) {
			return result;
		}
	}
	hosts->began = true;
	want_reload(hosts, now);
	return 0;
}

static int apply_names(struct hosts *hosts, const struct lease_output *output)
{
	int result = 0;

	for (size_t i = 0; i < output->file_count && result == 0; i++) {
		if (output->files[i].names_changed || !hosts->began) {
			result = hosts_file_write_names(hosts->names, &output->files[i]);
		}
	}
	for (size_t i = 0; i < output->gone_count; i++) {
		hosts_file_remove_names(hosts->names, &output->gone[i]);
	}
	return result;
}

static int compare_file(const void *a, const void *b)
{
	const struct mac *left = a;
	const struct lease_file *right = b;

	return memcmp(left, &right->author, sizeof(*left));
}

static const struct lease_file *file_of(const struct lease_output *output, const struct mac *mac)
{
	return output->file_count == 0 ? NULL
				       : bsearch(mac, output->files, output->file_count,
						 sizeof(*output->files), compare_file);
}

/* First everything that goes, so that an address that moves from one author to another is known to
 * be on its way whatever the order of the two. */
static int apply_removed(struct hosts *hosts, const struct lease_output *output, double now)
{
	size_t before = hosts->held_count;
	int result = 0;

	for (size_t i = 0; i < hosts->author_count && result == 0; i++) {
		struct author *author = &hosts->authors[i];
		const struct lease_file *file = file_of(output, &author->mac);
		author->listed = file != NULL;
		if (file == NULL || file->reservations_changed) {
			result = hold_removed(hosts, author, file, now);
		}
		if (result == 0 && file == NULL) {
			author->count = 0;
		}
	}
	if (hosts->held_count > before) {
		qsort(hosts->held, hosts->held_count, sizeof(*hosts->held), compare_address);
	}
	return result;
}

int hosts_apply(struct hosts *hosts, const struct lease_output *output, double now)
{
	int result = apply_names(hosts, output);

	if (result == 0) {
		result = apply_removed(hosts, output, now);
	}
	if (result == 0) {
		result = add_authors(hosts, output);
	}
	for (size_t i = 0; i < output->file_count && result == 0; i++) {
		if (output->files[i].reservations_changed || !hosts->began) {
			result = take_reservations(hosts, &output->files[i], now);
		}
	}
	if (result == 0 && !hosts->began) {
		result = begin(hosts, output, now);
	}
	return result;
}

double hosts_reload_at(const struct hosts *hosts)
{
	return hosts->reload_at;
}

int hosts_reload(struct hosts *hosts, double now)
{
	size_t kept = 0;

	hosts->last_reload = now;
	hosts->reload_at = now + HOSTS_RELOAD_SECONDS;
	for (size_t i = 0; i < hosts->author_count; i++) {
		struct author *author = &hosts->authors[i];
		int result = author->stale || author->parts > 0 ? put_together(hosts, author) : 0;
		if (result < 0) {
			return result;
		}
	}
	for (size_t i = 0; i < hosts->author_count; i++) {
		if (hosts->authors[i].listed) {
			hosts->authors[kept++] = hosts->authors[i];
		} else {
			free(hosts->authors[i].now);
		}
	}
	hosts->author_count = kept;
	hosts->held_count = 0;
	hosts->reload_at = INFINITY;
	return 0;
}
