/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a child's stdout and stderr go. */
#ifndef PROCESS_OUTPUT_H
#define PROCESS_OUTPUT_H

#include <stdbool.h>

#define OUTPUT_JOURNAL "/run/systemd/journal/stdout"

/* Does our own stderr go to the journal (systemd.exec(5): JOURNAL_STREAM is "device:inode" of it)
 * and is the journal's socket there? */
bool output_is_journal(void);
/* A stream of its own in the journal, by the protocol of systemd's
 * src/libsystemd/sd-journal/journal-send.c, sd_journal_stream_fd(): after connecting to the socket
 * the lines identifier, unit, priority, level prefix, forward to syslog, to kmsg, to the console.
 * Returns a descriptor or -errno. */
int output_open_journal(const char *path, const char *identifier);
/* Makes the FIFO at path unless it is there. What is there and is no FIFO is removed. 0 or -errno.
 */
int output_make_fifo(const char *path);
/* The end for the child: it holds both ends, so that it gets neither SIGPIPE nor an end of file
 * whoever reads or does not, and it does not wait when the FIFO is full. A descriptor or -errno. */
int output_open_fifo_child(const char *path);
/* The end to read from; never waits. A descriptor or -errno. */
int output_open_fifo(const char *path);

#endif
