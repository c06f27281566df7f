/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "core/lease_book.h"
#include "core/lease_work.h"

void lease_result_free(struct lease_result *result)
{
	free(result->lines);
	free(result->by_address);
	free(result->labels);
	free(result->quarrels);
	free(result->shown);
	free(result->ends);
	free(result->reservations);
	free(result->names);
	free(result->files);
	free(result->gone);
	memset(result, 0, sizeof(*result));
}

static void fill_outside(struct lease_result *result)
{
	for (size_t i = 0; i < result->line_count; i++) {
		result->reservations[i].ip = lease_ip(result->lines[i].address);
		result->reservations[i].mac = result->lines[i].mac;
	}
	for (size_t i = 0; i < result->label_count; i++) {
		result->names[i].ip = result->labels[i].ip;
		memcpy(result->names[i].name, result->labels[i].name,
			sizeof(result->names[i].name));
	}
}

static struct lease_file *add_file(struct lease_result *result, const struct mac *author)
{
	struct lease_file *file = &result->files[result->output.file_count++];

	file->author = *author;
	return file;
}

/* Lines and labels, each sorted by author, become files. */
static void split(struct lease_result *result)
{
	size_t line = 0;
	size_t label = 0;

	while (line < result->line_count || label < result->label_count) {
		const struct mac *author;

		if (label == result->label_count ||
			(line < result->line_count &&
				lease_compare_mac(&result->lines[line].author,
					&result->labels[label].author) <= 0)) {
			author = &result->lines[line].author;
		} else {
			author = &result->labels[label].author;
		}
		struct lease_file *file = add_file(result, author);
		file->reservations = &result->reservations[line];
		file->names = &result->names[label];
		while (line < result->line_count &&
			lease_compare_mac(&result->lines[line].author, &file->author) == 0) {
			line++;
			file->reservation_count++;
		}
		while (label < result->label_count &&
			lease_compare_mac(&result->labels[label].author, &file->author) == 0) {
			label++;
			file->name_count++;
		}
	}
}

static void compare_file(struct lease_file *file, const struct lease_file *before)
{
	static const struct lease_file none;

	before = before != NULL ? before : &none;
	file->reservations_changed =
		file->reservation_count != before->reservation_count ||
		(file->reservation_count > 0 &&
			memcmp(file->reservations, before->reservations,
				file->reservation_count * sizeof(*file->reservations)) != 0);
	file->names_changed =
		file->name_count != before->name_count ||
		(file->name_count > 0 && memcmp(file->names, before->names,
						 file->name_count * sizeof(*file->names)) != 0);
}

/* Both lists are by author. */
static void compare_files(struct lease_result *result, const struct lease_result *before)
{
	struct lease_output *output = &result->output;
	size_t at = 0;

	for (size_t i = 0; i < output->file_count; i++) {
		struct lease_file *file = &result->files[i];

		while (at < before->output.file_count &&
			lease_compare_mac(&before->files[at].author, &file->author) < 0) {
			result->gone[output->gone_count++] = before->files[at++].author;
		}
		bool known = at < before->output.file_count &&
			     lease_compare_mac(&before->files[at].author, &file->author) == 0;
		compare_file(file, known ? &before->files[at] : NULL);
		at += known;
		output->changed |= file->reservations_changed || file->names_changed;
	}
	while (at < before->output.file_count) {
		result->gone[output->gone_count++] = before->files[at++].author;
	}
	output->changed |= output->gone_count > 0;
}

/* Is there a line before that is not there now? One that only moved to another file is. */
static bool lost_line(const struct lease_result *result, const struct lease_result *before)
{
	size_t at = 0;

	for (size_t i = 0; i < before->line_count; i++) {
		const struct lease_line *line = &before->by_address[i];

		while (at < result->line_count && result->by_address[at].address < line->address) {
			at++;
		}
		if (at == result->line_count || result->by_address[at].address != line->address ||
			lease_compare_mac(&result->by_address[at].mac, &line->mac) != 0) {
			return true;
		}
	}
	return false;
}

static int compare_name(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct lease_name));
}

static struct lease_name *sorted_names(const struct lease_result *result)
{
	struct lease_name *names = calloc(result->label_count + 1, sizeof(*names));

	if (names != NULL && result->label_count > 0) {
		memcpy(names, result->names, result->label_count * sizeof(*names));
		qsort(names, result->label_count, sizeof(*names), compare_name);
	}
	return names;
}

static int lost_name(const struct lease_result *result, const struct lease_result *before,
	bool *lost)
{
	struct lease_name *now = sorted_names(result);
	struct lease_name *then = sorted_names(before);
	size_t at = 0;
	int rc = now == NULL || then == NULL ? -ENOMEM : 0;

	*lost = false;
	for (size_t i = 0; rc == 0 && i < before->label_count && !*lost; i++) {
		while (at < result->label_count && compare_name(&now[at], &then[i]) < 0) {
			at++;
		}
		*lost = at == result->label_count || compare_name(&now[at], &then[i]) != 0;
	}
	free(now);
	free(then);
	return rc;
}

static void say_all_changed(struct lease_result *result)
{
	for (size_t i = 0; i < result->output.file_count; i++) {
		result->files[i].reservations_changed = true;
		result->files[i].names_changed = true;
	}
	result->output.reservations_removed = true;
	result->output.names_removed = true;
	result->output.changed = true;
}

int lease_files_build(struct lease_book *book, struct lease_result *result)
{
	const struct lease_result *before = &book->result;
	struct lease_output *output = &result->output;

	result->reservations = calloc(result->line_count + 1, sizeof(*result->reservations));
	result->names = calloc(result->label_count + 1, sizeof(*result->names));
	result->files =
		calloc(result->line_count + result->label_count + 1, sizeof(*result->files));
	result->gone = calloc(before->output.file_count + 1, sizeof(*result->gone));
	if (result->reservations == NULL || result->names == NULL || result->files == NULL ||
		result->gone == NULL) {
		return -ENOMEM;
	}
	fill_outside(result);
	split(result);
	compare_files(result, before);
	output->reservations_removed = lost_line(result, before);
	int rc = lost_name(result, before, &output->names_removed);
	if (rc < 0) {
		return rc;
	}
	if (book->forget_output) {
		say_all_changed(result);
	}
	output->files = result->files;
	output->gone = result->gone;
	output->ends = result->ends;
	output->end_count = result->end_count;
	return 0;
}
