/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/records_end.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cloud/lease_file.h"
#include "cloud/release.h"

#define ENDS_A_TURN 50   /* releases in one go: dnsmasq's socket holds some 300 */
#define TURN_GAP    0.05 /* between two goes */
#define WAIT_MAX    60.0
#define TRIES_TOLD  6

static struct records_end *find(struct records *records, const struct lease_end *end)
{
	for (size_t i = 0; i < records->end_count; i++) {
		struct records_end *known = &records->ends[i];
		if (memcmp(&known->ip, &end->ip, sizeof(end->ip)) == 0 &&
			memcmp(&known->mac, &end->mac, sizeof(end->mac)) == 0) {
			return known;
		}
	}
	return NULL;
}

void records_end_list(struct records *records, const struct lease_output *output, double now)
{
	size_t kept = 0;

	for (size_t i = 0; i < records->end_count; i++) {
		records->ends[i].listed = false;
	}
	struct records_end *ends = realloc(records->ends,
		(records->end_count + output->end_count + 1) * sizeof(*ends));
	if (ends == NULL) {
		return; /* those known go on; the output lists the others again */
	}
	records->ends = ends;
	for (size_t i = 0; i < output->end_count; i++) {
		struct records_end *known = find(records, &output->ends[i]);
		if (known == NULL) {
			known = &ends[records->end_count++];
			*known = (struct records_end){.ip = output->ends[i].ip,
				.mac = output->ends[i].mac,
				.next = now};
		}
		known->listed = true;
	}
	for (size_t i = 0; i < records->end_count; i++) {
		if (ends[i].listed) {
			ends[kept++] = ends[i];
		}
	}
	records->end_count = kept;
}

double records_end_due(const struct records *records)
{
	double first = INFINITY;

	for (size_t i = 0; records->serve && i < records->end_count; i++) {
		first = fmin(first, records->ends[i].next);
	}
	return first;
}

static void send_one(struct records *records, struct records_end *end,
	const struct lease_line *line)
{
	uint32_t id = 0;
	char ip[IP_TEXT_SIZE];

	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) < 0) {
		id = (uint32_t)end->tries;
	}
	int result = release_send(records->link, line, &records->server, id);
	if (result == 0) {
		records->released++;
	}
	if (end->tries == TRIES_TOLD) {
		ip_format(&end->ip, ip);
		log_warning("cloud", "dnsmasq does not end the lease of %s%s%s", ip,
			result < 0 ? ": " : "", result < 0 ? strerror(-result) : "");
	}
}

/* The line of the lease; the file is read from its start for each turn, not for each lease. */
static struct records_end *due_end(struct records *records, const struct lease_line *line,
	double now)
{
	const struct lease_end key = {.ip = line->ip, .mac = line->mac};
	struct records_end *end = find(records, &key);

	return end != NULL && end->next <= now ? end : NULL;
}

void records_end_send(struct records *records, double now)
{
	char *text CLEANUP(cleanup_free) = NULL;
	struct lease_reader reader = {0};
	struct lease_line line;
	unsigned int sent = 0;

	if (records_end_due(records) > now) {
		return;
	}
	int result = lease_file_read(records->lease_path, &text, &reader.length);
	reader.text = text;
	while (result == 0 && sent < ENDS_A_TURN && lease_file_next(&reader, &line) == 1) {
		struct records_end *end = due_end(records, &line, now);
		if (end == NULL) {
			continue;
		}
		send_one(records, end, &line);
		end->next = now + fmin(ldexp(1, (int)(end->tries < 6 ? end->tries : 6)), WAIT_MAX);
		end->tries++;
		sent++;
	}
	/* Those that are due still: the next go's, or gone from the file already. */
	for (size_t i = 0; i < records->end_count; i++) {
		if (records->ends[i].next <= now) {
			records->ends[i].next = now + (sent == ENDS_A_TURN ? TURN_GAP : 1.0);
		}
	}
}
