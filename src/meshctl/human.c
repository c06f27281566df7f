/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meshctl/human.h"

#include <stdio.h>

#define HOURS_A_DAY 24LL

static const char *scale(long long number, int base, const char *const *units, char *text)
{
	double value = (double)number;
	int unit = 0;

	/* 999.95 would be printed as 1000.0. */
	while (value >= base - 0.05 && unit < 4) {
		value /= base;
		unit++;
	}
	if (unit == 0) {
		snprintf(text, HUMAN_SIZE, "%lld%s", number, units[0]);
	} else {
		snprintf(text, HUMAN_SIZE, "%.1f%s", value, units[unit]);
	}
	return text;
}

const char *human_count(long long count, char text[HUMAN_SIZE])
{
	static const char *const units[] = {"", "k", "M", "G", "T"};

	return scale(count, 1000, units, text);
}

const char *human_rate(long long rate, char text[HUMAN_SIZE])
{
	static const char *const units[] = {" ", " k", " M", " G", " T"};

	return scale(rate, 1000, units, text);
}

const char *human_bytes(long long bytes, char text[HUMAN_SIZE])
{
	static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB"};

	return scale(bytes, 1024, units, text);
}

const char *human_milliseconds(long long milliseconds, char text[HUMAN_SIZE])
{
	long long seconds = milliseconds / 1000;
	long long minutes = seconds / 60;
	long long hours = minutes / 60;

	if (seconds < 10) {
		snprintf(text, HUMAN_SIZE, "%lld.%lld s", seconds, milliseconds % 1000 / 100);
	} else if (minutes < 1) {
		snprintf(text, HUMAN_SIZE, "%lld s", seconds);
	} else if (minutes < 60) {
		snprintf(text, HUMAN_SIZE, "%lld min", minutes);
	} else if (hours < HOURS_A_DAY) {
		snprintf(text, HUMAN_SIZE, "%lld h %lld min", hours, minutes % 60);
	} else {
		snprintf(text, HUMAN_SIZE, "%lld d %lld h", hours / HOURS_A_DAY,
			hours % HOURS_A_DAY);
	}
	return text;
}

const char *human_seconds(long long seconds, char text[HUMAN_SIZE])
{
	if (seconds < 10) {
		snprintf(text, HUMAN_SIZE, "%lld s", seconds);
		return text;
	}
	return human_milliseconds(seconds * 1000, text);
}
