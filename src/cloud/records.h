/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files between dnsmasq and the lease book: its lease file is watched and read, reservations
 * and names are written, leases that lost their address are ended, and what has to outlive a
 * restart is kept in STATE_DIR/leases.json. */
#ifndef CLOUD_RECORDS_H
#define CLOUD_RECORDS_H

#include "base/err.h"
#include "cloud/cloud.h"
#include "cloud/hosts.h"
#include "core/lease.h"

#define RECORDS_BEGINS "leases.json" /* STATE_DIR */

/* One of our leases that has to end, and how often dnsmasq was asked to. */
struct records_end {
	struct ip ip;
	struct mac mac;
	double next;
	unsigned int tries;
	bool listed;
};

struct records {
	struct lease_book *book;
	char *state_dir;
	char *lease_path;
	char *begins_path;
	int inotify; /* -1 = none */
	bool watched;
	struct hosts *hosts;
	bool serve;
	char link[16];
	struct ip server;

	double lease_due;  /* when the lease file is to be read; INFINITY */
	double lease_late; /* not later than that, however often it changes */
	size_t lease_rows; /* of the newest reading */
	bool shrank;       /* it lost more than half: read once more before it is believed */
	unsigned int torn; /* readings in a row that found no end of the last line */
	unsigned int left_out;
	int read_error;     /* of the newest reading, 0 = good */
	double resolve_due; /* not before: others' facts have to be there first; INFINITY after */
	bool resolved;
	double retry_at; /* after a failed write */
	int write_error; /* of the newest writing, 0 = good */
	double store_due;
	int store_error; /* of the newest storing, 0 = good */
	struct records_end *ends;
	size_t end_count;
	uint64_t conflicts_told;
	uint64_t released;
};

int records_open(struct records *records, const char *run_dir, const char *state_dir,
	struct err *err);
/* Stores what is not stored yet. */
void records_close(struct records *records, const struct lease_now *now);
/* Reads what an earlier meshd stored. Once, after the book's first lease_book_set. */
void records_begin(struct records *records, const struct lease_now *now);
void records_set(struct records *records, const struct cloud_wish *wish, double now);
/* Others' facts were asked for: nobody has to be waited for any more. */
void records_on_heard(struct records *records);
/* The inotify descriptor is readable. */
void records_on_readable(struct records *records, double now);
/* Does what is due. True when dnsmasq needs a SIGHUP. */
bool records_on_timer(struct records *records, const struct lease_now *now);
double records_deadline(const struct records *records);

#endif
