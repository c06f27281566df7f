/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/records.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cloud/hosts_file.h"
#include "cloud/lease_file.h"
#include "cloud/records_end.h"
#include "core/render.h"

#define QUIET_SECONDS  0.05 /* dnsmasq empties the file, then writes it */
#define LATE_SECONDS   0.5
#define SHRANK_SECONDS 0.5
#define TORN_MAX       10   /* readings in a row of a file without an end */
#define SAFETY_SECONDS 60.0 /* read without being told */
#define WAIT_SECONDS   15.0 /* for others' facts, before old reservations are cleared away */
#define STORE_SECONDS  5.0
#define RETRY_SECONDS  5.0
#define EVENTS_A_TURN  64
#define WATCHED                                                                                    \
	(IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF |        \
		IN_MOVE_SELF | IN_ONLYDIR)

static char *join(const char *directory, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

int records_open(struct records *records, const char *run_dir, const char *state_dir,
	struct err *err)
{
	records->resolve_due = INFINITY;
	records->lease_due = INFINITY;
	records->lease_late = INFINITY;
	records->store_due = INFINITY;
	records->retry_at = -INFINITY;
	records->state_dir = strdup(state_dir);
	records->lease_path = join(state_dir, CHILD_DNSMASQ_LEASES);
	records->begins_path = join(state_dir, RECORDS_BEGINS);
	records->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (records->state_dir == NULL || records->lease_path == NULL ||
		records->begins_path == NULL) {
		return -ENOMEM;
	}
	if (records->inotify < 0) {
		int error = -errno;
		err_set(err, "no inotify: %s", strerror(-error));
		return error;
	}
	return hosts_open(&records->hosts, run_dir, err);
}

static void store(struct records *records, const struct lease_now *now)
{
	char *text CLEANUP(cleanup_free) = lease_book_export(records->book, now);

	records->store_due = INFINITY;
	if (text == NULL) {
		return;
	}
	int result = hosts_file_replace(records->begins_path, text, strlen(text), 0600);
	if (result < 0) {
		records->store_due = now->boot + SAFETY_SECONDS;
	}
	if (result < 0 && result != records->store_error) {
		log_warning("cloud", "cannot write %s: %s", records->begins_path,
			strerror(-result));
	}
	records->store_error = result;
}

void records_close(struct records *records, const struct lease_now *now)
{
	if (records->book != NULL &&
		(!isinf(records->store_due) || lease_book_is_dirty(records->book))) {
		store(records, now);
	}
	if (records->inotify >= 0) {
		close(records->inotify);
	}
	hosts_close(records->hosts);
	free(records->ends);
	free(records->state_dir);
	free(records->lease_path);
	free(records->begins_path);
	*records = (struct records){.inotify = -1};
}

void records_begin(struct records *records, const struct lease_now *now)
{
	char *text CLEANUP(cleanup_free) = NULL;
	size_t length;
	int result = lease_file_read(records->begins_path, &text, &length);

	if (result == 0 && length > 0) {
		result = lease_book_import(records->book, text, now);
	}
	if (result < 0) {
		log_warning("cloud", "%s is of no use: %s; leases count as new",
			records->begins_path, strerror(-result));
	}
	records->resolve_due = now->boot + WAIT_SECONDS;
}

/* The directory is watched, since the file itself may come and go. */
static void watch(struct records *records)
{
	if (!records->watched) {
		records->watched =
			inotify_add_watch(records->inotify, records->state_dir, WATCHED) >= 0;
	}
}

void records_set(struct records *records, const struct cloud_wish *wish, double now)
{
	records->serve = wish->serve;
	records->server = wish->server;
	text_copy(records->link, sizeof(records->link), wish->release_link);
	if (!wish->share) {
		records->resolve_due = INFINITY;
	}
	watch(records);
	records->lease_due = now;
	records->lease_late = now;
}

void records_on_heard(struct records *records)
{
	records->resolve_due = INFINITY;
}

static void want_reading(struct records *records, double now)
{
	if (isinf(records->lease_late)) {
		records->lease_late = now + LATE_SECONDS;
	}
	records->lease_due = fmin(now + QUIET_SECONDS, records->lease_late);
}

static void on_inotify(struct records *records, const struct inotify_event *event, double now)
{
	if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) {
		records->watched = false;
	}
	if (event->mask & (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED) ||
		(event->len > 0 && strcmp(event->name, CHILD_DNSMASQ_LEASES) == 0)) {
		want_reading(records, now);
	}
}

void records_on_readable(struct records *records, double now)
{
	_Alignas(struct inotify_event) char bytes[4096];

	for (int i = 0; i < EVENTS_A_TURN; i++) {
		ssize_t count = read(records->inotify, bytes, sizeof(bytes));
		if (count <= 0) {
			return;
		}
		for (char *at = bytes; at < bytes + count;) {
			const struct inotify_event *event = (const void *)at;
			on_inotify(records, event, now);
			at += sizeof(*event) + event->len;
		}
	}
}

/* 0, -EAGAIN when the file is being written, or -errno. */
static int read_rows(struct records *records, struct lease_row **rows, size_t *count)
{
	char *text CLEANUP(cleanup_free) = NULL;
	struct lease_reader reader = {0};
	struct lease_line line;
	int result = lease_file_read(records->lease_path, &text, &reader.length);

	if (result < 0) {
		return result;
	}
	reader.text = text;
	size_t most = 1;
	for (size_t i = 0; i < reader.length; i++) {
		most += text[i] == '\n';
	}
	struct lease_row *list CLEANUP(cleanup_free) = calloc(most, sizeof(*list));
	if (list == NULL) {
		return -ENOMEM;
	}
	size_t filled = 0;
	while ((result = lease_file_next(&reader, &line)) == 1 && filled < most) {
		struct lease_row *row = &list[filled++];
		row->ip = line.ip;
		row->mac = line.mac;
		row->expires = line.expiry;
		text_copy(row->name, sizeof(row->name), line.hostname);
	}
	if (result == -EAGAIN && records->torn >= TORN_MAX) {
		reader.left_out++; /* nobody is writing: its last line was cut off */
		result = 0;
	}
	if (result < 0) {
		return result;
	}
	records->left_out = reader.left_out;
	*rows = steal_ptr(list);
	*count = filled;
	return 0;
}

static void read_leases(struct records *records, const struct lease_now *now)
{
	struct lease_row *rows CLEANUP(cleanup_free) = NULL;
	size_t count = 0;
	int result = records->serve ? read_rows(records, &rows, &count) : 0;

	records->lease_late = INFINITY;
	records->lease_due = records->serve ? now->boot + SAFETY_SECONDS : INFINITY;
	if (result == -EAGAIN) {
		records->torn++;
		want_reading(records, now->boot);
		return;
	}
	if (result < 0 && result != records->read_error) {
		log_warning("cloud", "cannot read %s: %s", records->lease_path, strerror(-result));
	}
	records->read_error = result;
	if (result < 0) {
		return;
	}
	records->torn = 0;
	/* dnsmasq may have been held up between emptying and writing. */
	if (records->serve && count < records->lease_rows / 2 && !records->shrank) {
		records->shrank = true;
		records->lease_due = now->boot + SHRANK_SECONDS;
		return;
	}
	records->shrank = false;
	records->lease_rows = count;
	if (lease_book_set_own(records->book, rows, count, now) < 0) {
		records->lease_due = now->boot + RETRY_SECONDS;
	}
}

static double resolve_at(const struct records *records)
{
	double due = lease_book_resolve_at(records->book);

	if (!isinf(records->resolve_due)) {
		due = fmax(due, records->resolve_due);
	}
	return fmax(due, records->retry_at);
}

static void tell_conflicts(struct records *records)
{
	uint64_t total = lease_book_conflict_total(records->book);
	size_t fresh = (size_t)(total - records->conflicts_told);

	records->conflicts_told = total;
	for (size_t i = fresh < 4 ? fresh : 4; i > 0; i--) {
		const struct lease_conflict *conflict = lease_book_conflict(records->book, i - 1);
		char ip[IP_TEXT_SIZE];
		char winner[MAC_TEXT_SIZE];
		char loser[MAC_TEXT_SIZE];
		if (conflict == NULL) {
			continue;
		}
		ip_format(&conflict->ip, ip);
		mac_format(&conflict->winner.mac, winner);
		mac_format(&conflict->loser.mac, loser);
		log_notice("cloud", "%s was given twice: %s keeps it, %s loses it", ip, winner,
			loser);
	}
	if (fresh > 4) {
		log_notice("cloud", "and %zu more addresses were given twice", fresh - 4);
	}
}

static void resolve(struct records *records, const struct lease_now *now)
{
	const struct lease_output *output;

	if (lease_book_resolve(records->book, now, &output) < 0) {
		records->retry_at = now->boot + RETRY_SECONDS;
		return;
	}
	int result = records->serve ? hosts_apply(records->hosts, output, now->boot) : 0;
	if (result < 0) {
		if (result != records->write_error) {
			log_error("cloud", "cannot write dnsmasq's reservations: %s",
				strerror(-result));
		}
		lease_book_forget_output(records->book);
		records->retry_at = now->boot + RETRY_SECONDS;
	}
	records->write_error = result;
	records->resolved = true;
	records_end_list(records, output, now->boot);
	tell_conflicts(records);
}

static bool reload(struct records *records, double now)
{
	if (hosts_reload_at(records->hosts) > now) {
		return false;
	}
	int result = hosts_reload(records->hosts, now);
	if (result < 0 && result != records->write_error) {
		log_error("cloud", "cannot write dnsmasq's reservations: %s", strerror(-result));
	}
	records->write_error = result;
	return result == 0;
}

bool records_on_timer(struct records *records, const struct lease_now *now)
{
	if (records->lease_due <= now->boot) {
		watch(records);
		read_leases(records, now);
	}
	if (resolve_at(records) <= now->boot) {
		resolve(records, now);
	}
	records_end_send(records, now->boot);
	if (lease_book_is_dirty(records->book) && isinf(records->store_due)) {
		records->store_due = now->boot + STORE_SECONDS;
	}
	if (records->store_due <= now->boot) {
		store(records, now);
	}
	return reload(records, now->boot);
}

double records_deadline(const struct records *records)
{
	double first = fmin(records->lease_due, resolve_at(records));

	first = fmin(first, records->store_due);
	first = fmin(first, hosts_reload_at(records->hosts));
	return fmin(first, records_end_due(records));
}
