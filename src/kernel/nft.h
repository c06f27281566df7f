/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our tables in the kernel: read them, replace each whole, hear of changes to them. Every other
 * table, whatever its name, is left alone. */
#ifndef KERNEL_NFT_H
#define KERNEL_NFT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/state.h"

struct nft;

/* Opens a socket for requests in the current network namespace. 0 or -errno, -EPROTONOSUPPORT where
 * the kernel has no nfnetlink. */
int nft_open(struct nft **out);
/* Opens the socket for notifications; may be called again. 0 or -errno. */
int nft_listen(struct nft *nft);
/* NULL is allowed. */
void nft_close(struct nft *nft);

/* Reads the chains and rules of both tables as of one moment, and with counters theirs as of now;
 * without, they may be older, and where no table of the kernel has changed since the last reading
 * nothing is read anew. present is false when there is no such table. A table that is switched off
 * (dormant) reads as present and empty, so that it equals nothing. rulesets are written on success
 * only and freed by the caller. 0 or -errno, -EINTR when the kernel's tables changed during each of
 * 5 tries. */
int nft_read(struct nft *nft, bool counters, struct ruleset rulesets[NFT_TABLES]);

/* What is to become of a table. */
struct nft_change {
	enum nft_table table;
	const struct ruleset *wanted; /* NULL: the table goes */
	bool is_there;                /* false: known not to be there, which saves two messages */
};

/* Makes the kernel's tables equal to what is wanted of them (at least one), in one transaction and
 * one system call: all of it or nothing. 0, or -errno with a text that names the table, chain or
 * rule in message (size bytes); -EEXIST when a table that was known not to be there is. */
int nft_replace(struct nft *nft, const struct nft_change *changes, size_t count, char *message,
	size_t size);

/* The bytes counted by the rules of "inet meshd" that have this name, or this name and a number
 * (see core/nat.h): one dump. 0 or -errno, -ENOENT when there is none such. */
int nft_count(struct nft *nft, const char *rule, uint64_t *bytes);

/* To watch for reading, -1 before nft_listen(). */
int nft_event_fd(const struct nft *nft);
/* Takes what has arrived, a bounded part of it, and never blocks. 1 when a table of ours changed
 * (by our own hand too), 0 when not, -ENOBUFS when notifications were lost, or another -errno. */
int nft_on_readable(struct nft *nft);

#endif
