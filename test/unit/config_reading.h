/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads configurations that are given as texts, and compares their errors. */
#ifndef UNIT_CONFIG_READING_H
#define UNIT_CONFIG_READING_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/config.h"
#include "unit/check_main.h"

#define SSID "{\"cloud\": {\"ssid\": \"LibreMesh.org\"}}"

struct reading {
	struct config config;
	struct err_list errors;
	int result;
};

static inline struct config_layer layer(const char *file, const char *text)
{
	return (struct config_layer){file, text, strlen(text)};
}

/* An empty profile, then the texts as the files "1", "2" and "3". */
static inline struct reading read_texts(const char *first, const char *second, const char *third)
{
	struct config_layer layers[4] = {layer("profile", "{}"), layer("1", first)};
	struct reading reading = {.errors = {0}};
	size_t count = 2;

	if (second != NULL) {
		layers[count++] = layer("2", second);
	}
	if (third != NULL) {
		layers[count++] = layer("3", third);
	}
	reading.result = config_read(layers, count, &reading.config, &reading.errors);
	return reading;
}

static inline void reading_free(struct reading *reading)
{
	config_free(&reading->config);
	err_list_free(&reading->errors);
}

static inline void expect_ok(const struct reading *reading)
{
	char text[1024] = "";

	if (reading->errors.count > 0) {
		err_format(&reading->errors.items[0], text, sizeof(text));
	}
	ck_assert_msg(reading->result == 0 && reading->errors.count == 0, "%s", text);
}

/* The error starts like that, with file, line, column and path. */
static inline void expect_error(const struct reading *reading, size_t index, const char *start)
{
	char text[1024];

	ck_assert_int_eq(reading->result, -EINVAL);
	ck_assert_uint_gt(reading->errors.count, index);
	err_format(&reading->errors.items[index], text, sizeof(text));
	ck_assert_msg(strncmp(text, start, strlen(start)) == 0, "\n  got %s\nexpect %s", text,
		start);
}

/* One file besides the profile, one error. */
static inline void expect_one(const char *text, const char *start)
{
	struct reading reading = read_texts(text, NULL, NULL);

	expect_error(&reading, 0, start);
	if (reading.errors.count != 1) {
		err_list_print(&reading.errors, stderr);
	}
	ck_assert_uint_eq(reading.errors.count, 1);
	reading_free(&reading);
}

static inline struct reading read_settings(const char *settings)
{
	return read_texts(SSID, settings, NULL);
}

static inline void expect_settings_error(const char *settings, const char *start)
{
	struct reading reading = read_settings(settings);

	expect_error(&reading, 0, start);
	ck_assert_uint_eq(reading.errors.count, 1);
	reading_free(&reading);
}

#endif
