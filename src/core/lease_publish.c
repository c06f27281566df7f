/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/lease_book.h"

#define SPREAD      50.0 /* seconds by which the nodes' unchanged publications are spread */
#define AT_MOST_ONE 1.0  /* publication in so many seconds */

static double earlier(double a, double b)
{
	return a < b ? a : b;
}

static double later(double a, double b)
{
	return a > b ? a : b;
}

double lease_book_publish_at(const struct lease_book *book)
{
	double spread = SPREAD * book->settings.mac.bytes[5] / 256.0;
	double again = book->published_at + AT_MOST_ONE;

	if (book->published_at < 0) {
		return 0;
	}
	double due = book->published_at + LEASE_PUBLISH_MAX - spread;
	due = earlier(due, later(book->urgent_since, again));
	return earlier(due, later(book->lazy_since + LEASE_LAZY, again));
}

void lease_book_republish(struct lease_book *book)
{
	book->published_at = -1;
}

static size_t fill_leases(const struct lease_book *book, const struct lease_now *now,
	struct fact_lease *leases)
{
	size_t count = 0;

	for (size_t i = 0; i < book->own_count; i++) {
		if (lease_own_is_over(&book->own[i], now)) {
			continue;
		}
		struct lease_claim claim = lease_own_claim(book, &book->own[i], now->boot);
		double left = claim.expires - now->boot;
		struct fact_lease *lease = &leases[count++];
		lease->address = claim.address;
		lease->mac = claim.mac;
		lease->begin = claim.begin;
		lease->renewed = claim.renewed;
		lease->remaining = left >= FACT_AGE_MAX ? FACT_FOREVER : (uint32_t)ceil(left);
		memcpy(lease->name, claim.name, sizeof(lease->name));
	}
	return count;
}

static int compare_withdrawal(const void *left, const void *right)
{
	const struct fact_withdrawal *a = left;
	const struct fact_withdrawal *b = right;

	return lease_compare_client(a->address, &a->mac, b->address, &b->mac);
}

static size_t fill_withdrawals(const struct lease_book *book, const struct lease_now *now,
	struct fact_withdrawal *withdrawals)
{
	size_t count = 0;

	for (size_t i = 0; i < book->ended_count; i++) {
		const struct lease_ended *ended = &book->ended[i];

		if (ended->until > now->boot) {
			withdrawals[count++] = (struct fact_withdrawal){
				.address = ended->address,
				.mac = ended->mac,
				.time = lease_clock_time(book, ended->time),
			};
		}
	}
	qsort(withdrawals, count, sizeof(*withdrawals), compare_withdrawal);
	return count;
}

static void fill_node(const struct lease_book *book, const struct lease_now *now, struct fact *fact)
{
	const struct lease_settings *settings = &book->settings;

	fact->author = settings->mac;
	fact->source = settings->source;
	fact->incarnation = book->incarnation;
	fact->sequence = book->sequence + 1;
	fact->published = (int64_t)later(0, (double)lease_clock_time(book, now->boot));
	fact->wall = (int64_t)later(0, floor(now->wall));
	fact->ipv4 = settings->ipv4;
	fact->ipv6 = settings->ipv6;
	fact->flags =
		(settings->primary ? FACT_PRIMARY : 0) | (settings->serve ? 0 : FACT_NO_SERVER);
	text_copy(fact->hostname, sizeof(fact->hostname), settings->hostname);
	text_copy(fact->version, sizeof(fact->version), settings->version);
}

int lease_book_publish(struct lease_book *book, const struct lease_now *now, uint8_t **bytes,
	size_t *length)
{
	CLEANUP(fact_free) struct fact fact = {0};

	lease_clock_update(book, now);
	fill_node(book, now, &fact);
	fact.leases = calloc(book->own_count + 1, sizeof(*fact.leases));
	fact.withdrawals = calloc(book->ended_count + 1, sizeof(*fact.withdrawals));
	if (fact.leases == NULL || fact.withdrawals == NULL) {
		return -ENOMEM;
	}
	fact.lease_count = fill_leases(book, now, fact.leases);
	fact.withdrawal_count = fill_withdrawals(book, now, fact.withdrawals);
	int rc = fact_build(&fact, bytes, length, &book->left_out);
	if (rc < 0) {
		return rc;
	}
	book->sequence = fact.sequence;
	book->published_at = now->boot;
	book->published_bytes = *length;
	book->urgent_since = INFINITY;
	book->lazy_since = INFINITY;
	return 0;
}
