/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases of our own that have to end: dnsmasq gets a release in the client's name, again until the
 * lease has left its file. */
#ifndef CLOUD_RECORDS_END_H
#define CLOUD_RECORDS_END_H

#include "cloud/records.h"

/* Takes over the list of an output. */
void records_end_list(struct records *records, const struct lease_output *output, double now);
void records_end_send(struct records *records, double now);
double records_end_due(const struct records *records);

#endif
