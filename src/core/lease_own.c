/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our own leases: what dnsmasq's lease file says, with the begins that it does not. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/lease_book.h"

#define WITHDRAWAL_KEEP_MAX 3600.0 /* seconds; copies of a lease mostly end before */
#define ALMOST_OVER         2.0    /* seconds before its end a lease that goes just ended */
#define STILL_THERE         60.0   /* seconds that others may count on while dnsmasq keeps it */

static int compare_own(const void *left, const void *right)
{
	const struct lease_own *a = left;
	const struct lease_own *b = right;

	return lease_compare_client(a->address, &a->mac, b->address, &b->mac);
}

struct lease_own *lease_own_find(const struct lease_book *book, uint32_t address,
	const struct mac *mac)
{
	struct lease_own key = {.address = address, .mac = *mac};

	return book->own_count == 0
		       ? NULL
		       : bsearch(&key, book->own, book->own_count, sizeof(*book->own), compare_own);
}

/* dnsmasq reckons by the machine's clock. A lease is over only when ours says so too: either clock
 * may be the one that jumps, and too long is better than too short. */
bool lease_own_is_over(const struct lease_own *own, const struct lease_now *now)
{
	if (own->expires > now->boot) {
		return false;
	}
	return own->orphan || own->imported || (double)own->expires_wall <= now->wall;
}

struct lease_claim lease_own_claim(const struct lease_book *book, const struct lease_own *own,
	double boot)
{
	double least = own->orphan || own->imported ? boot : boot + STILL_THERE;
	struct lease_claim claim = {
		.address = own->address,
		.mac = own->mac,
		.begin = lease_clock_time(book, own->begin),
		.renewed = lease_clock_time(book, own->renewed),
		.expires = own->expires > least ? own->expires : least,
	};

	memcpy(claim.name, own->name, sizeof(claim.name));
	if (claim.renewed < claim.begin) {
		claim.renewed = claim.begin;
	}
	return claim;
}

static void forget_ended(struct lease_book *book, size_t index)
{
	memmove(&book->ended[index], &book->ended[index + 1],
		(book->ended_count - index - 1) * sizeof(*book->ended));
	book->ended_count--;
}

/* The client came back, or the withdrawal has been told for long enough. */
static void forget_withdrawals(struct lease_book *book, const struct lease_now *now)
{
	for (size_t i = book->ended_count; i-- > 0;) {
		const struct lease_ended *ended = &book->ended[i];
		const struct lease_own *own = lease_own_find(book, ended->address, &ended->mac);

		if (ended->until <= now->boot || (own != NULL && own->renewed >= ended->time)) {
			forget_ended(book, i);
			book->store_dirty = true;
		}
	}
}

int lease_own_withdraw(struct lease_book *book, const struct lease_own *own,
	const struct lease_now *now)
{
	double keep = own->expires - now->boot;

	for (size_t i = book->ended_count; i-- > 0;) {
		if (book->ended[i].address == own->address &&
			lease_compare_mac(&book->ended[i].mac, &own->mac) == 0) {
			forget_ended(book, i);
		}
	}
	if (book->ended_count == FACT_ENDED_MAX) {
		forget_ended(book, 0);
	}
	struct lease_ended *ended =
		reallocarray(book->ended, book->ended_count + 1, sizeof(*book->ended));
	if (ended == NULL) {
		return -ENOMEM;
	}
	book->ended = ended;
	ended[book->ended_count++] = (struct lease_ended){
		.address = own->address,
		.mac = own->mac,
		.time = now->boot,
		.until = now->boot + (keep < WITHDRAWAL_KEEP_MAX ? keep : WITHDRAWAL_KEEP_MAX),
	};
	return 0;
}

static double clamp(double value, double least, double most)
{
	return value < least ? least : value > most ? most : value;
}

/* Seconds left of a row by the machine's clock, which may be wrong by years. */
static double remaining(const struct lease_book *book, const struct lease_row *row,
	const struct lease_now *now)
{
	double most = book->settings.lease_seconds > 0 ? book->settings.lease_seconds : 86400.0;

	return row->expires == 0 ? INFINITY : clamp((double)row->expires - now->wall, 0, most);
}

/* When the row was last renewed: dnsmasq only tells when it ends. It was not before we last looked,
 * when we know that it changed since. */
static double renewal(const struct lease_book *book, const struct lease_row *row, bool changed,
	const struct lease_now *now)
{
	double whole = book->settings.lease_seconds;
	double left = remaining(book, row, now);
	double ago = isinf(left) || left >= whole ? 0 : whole - left;

	return changed && book->own_at >= 0 ? clamp(now->boot - ago, book->own_at, now->boot)
					    : now->boot - ago;
}

static void take_row_name(struct lease_book *book, const struct lease_row *row,
	struct lease_own *own, const struct lease_now *now)
{
	char name[FACT_NAME_SIZE];

	fact_name(row->name, strnlen(row->name, sizeof(row->name)), name);
	if (memcmp(name, own->name, sizeof(name)) != 0) {
		memcpy(own->name, name, sizeof(name));
		lease_mark_urgent(book, now);
	}
}

static void make_own(struct lease_book *book, const struct lease_row *row, struct lease_own *own,
	const struct lease_now *now)
{
	*own = (struct lease_own){
		.address = lease_address(&row->ip),
		.mac = row->mac,
		.renewed = renewal(book, row, true, now),
		.expires = now->boot + remaining(book, row, now),
		.expires_wall = row->expires,
	};
	own->begin = own->renewed;
	take_row_name(book, row, own, now);
	lease_mark_urgent(book, now);
	book->store_dirty = true;
}

/* The row of a lease that we know already. */
static void renew_own(struct lease_book *book, const struct lease_row *row, struct lease_own *own,
	const struct lease_now *now)
{
	if (own->orphan || own->imported) {
		own->orphan = false;
		own->imported = false;
		lease_mark_urgent(book, now);
	}
	if (row->expires != own->expires_wall) {
		double renewed = renewal(book, row, true, now);

		own->renewed = renewed > own->begin ? renewed : own->begin;
		own->expires = now->boot + remaining(book, row, now);
		own->expires_wall = row->expires;
		own->ending = false;
		book->lazy_since = clamp(book->lazy_since, 0, now->boot);
		book->store_dirty = true;
		lease_mark_resolve(book, now);
	}
	take_row_name(book, row, own, now);
}

/* A lease that is not in the file any more. It ended, or was given back, or only dnsmasq lost it:
 * because the clock jumped, or with its file while we did not look. Then its client still has it.
 * 1 when it is kept. */
static int lose_own(struct lease_book *book, struct lease_own *own, bool reused,
	const struct lease_now *now)
{
	bool almost_over = own->expires - now->boot <= ALMOST_OVER;
	bool jumped = own->expires_wall != 0 && (double)own->expires_wall <= now->wall;

	if (!almost_over && !reused && (own->orphan || own->imported || jumped) && !own->ending) {
		if (!own->orphan) {
			own->orphan = true;
			own->imported = false;
			lease_mark_resolve(book, now);
		}
		return 1;
	}
	lease_mark_urgent(book, now);
	book->store_dirty = true;
	return almost_over || own->orphan || own->ending ? 0 : lease_own_withdraw(book, own, now);
}

static int compare_row(const void *left, const void *right)
{
	const struct lease_row *a = left;
	const struct lease_row *b = right;
	uint32_t first = lease_address(&a->ip);
	uint32_t second = lease_address(&b->ip);

	return first < second ? -1 : first > second;
}

/* Sorted copies of the rows that others could believe, each address once. */
static int check_rows(struct lease_book *book, const struct lease_row *rows, size_t count,
	struct lease_row **out, size_t *good)
{
	struct lease_row *sorted = calloc(count + 1, sizeof(*sorted));
	size_t kept = 0;

	if (sorted == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		if (lease_check_mac(&rows[i].mac) &&
			lease_check_address(book, lease_address(&rows[i].ip)) == LEASE_REASONS) {
			sorted[kept++] = rows[i];
		}
	}
	if (book->own_at < 0) {
		book->dropped[LEASE_REASON_OWN] += count - kept;
	}
	qsort(sorted, kept, sizeof(*sorted), compare_row);
	*good = 0;
	for (size_t i = 0; i < kept; i++) {
		if (*good == 0 || compare_row(&sorted[*good - 1], &sorted[i]) != 0) {
			sorted[(*good)++] = sorted[i];
		}
	}
	*out = sorted;
	return 0;
}

/* The old leases and the rows, both by address, become the new leases. */
static int merge(struct lease_book *book, const struct lease_row *rows, size_t count,
	struct lease_own *merged, const struct lease_now *now)
{
	size_t row = 0;
	size_t kept = 0;

	for (size_t i = 0; i < book->own_count; i++) {
		struct lease_own *own = &book->own[i];

		while (row < count && lease_address(&rows[row].ip) < own->address) {
			make_own(book, &rows[row++], &merged[kept++], now);
		}
		bool here = row < count && lease_address(&rows[row].ip) == own->address;
		if (here && lease_compare_mac(&rows[row].mac, &own->mac) == 0) {
			renew_own(book, &rows[row++], own, now);
			merged[kept++] = *own;
			continue;
		}
		int rc = lose_own(book, own, here, now);
		if (rc < 0) {
			return rc;
		}
		if (rc > 0) {
			merged[kept++] = *own;
		}
	}
	while (row < count) {
		make_own(book, &rows[row++], &merged[kept++], now);
	}
	free(book->own);
	book->own = merged;
	book->own_count = kept;
	return 0;
}

int lease_book_set_own(struct lease_book *book, const struct lease_row *rows, size_t count,
	const struct lease_now *now)
{
	CLEANUP(cleanup_free) struct lease_row *sorted = NULL;
	size_t good;

	lease_clock_update(book, now);
	int rc = check_rows(book, rows, count, &sorted, &good);
	if (rc < 0) {
		return rc;
	}
	struct lease_own *merged = calloc(good + book->own_count + 1, sizeof(*merged));
	if (merged == NULL) {
		return -ENOMEM;
	}
	rc = merge(book, sorted, good, merged, now);
	if (rc < 0) {
		free(merged);
		return rc;
	}
	book->own_at = now->boot;
	forget_withdrawals(book, now);
	return 0;
}
