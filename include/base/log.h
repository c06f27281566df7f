/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines to stderr, each with journald's priority prefix "<N>" (sd-daemon(3)) when stderr is not a
 * terminal. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* room is the subsystem that speaks, such as "reconcile". Messages above NOTICE need no newline;
 * line breaks in the text become spaces, so one call is one line. */
void log_line(enum log_level level, const char *room, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Opens /dev/null in the place of each closed one of the descriptors 0 to 2, so that no file that
 * is opened later gets words that are meant for a person. */
void log_reserve_fds(void);

#define log_error(room, ...)   log_line(LOG_LEVEL_ERROR, room, __VA_ARGS__)
#define log_warning(room, ...) log_line(LOG_LEVEL_WARNING, room, __VA_ARGS__)
#define log_notice(room, ...)  log_line(LOG_LEVEL_NOTICE, room, __VA_ARGS__)
#define log_info(room, ...)    log_line(LOG_LEVEL_INFO, room, __VA_ARGS__)

#endif
