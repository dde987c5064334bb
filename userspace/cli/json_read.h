/* SPDX-License-Identifier: MIT */
/*
 * A JSON reader that hands out what it finds, one value after another: nothing is
 * allocated, and a file from anywhere neither crashes it nor makes it recurse without
 * end. Functions that return int give -1 for what is not JSON, and stay where it is.
 */
#ifndef KCMAP_CLI_JSON_READ_H
#define KCMAP_CLI_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_NAME_SIZE 32

/**
 * struct json_reader - where the reader stands
 * @at: what is read next
 * @end: behind the text
 * @first: nothing was read yet of the object or array just begun
 * @depth: open objects and arrays
 * @closers: what ends each of the open ones
 */
struct json_reader {
	const char *at;
	const char *end;
	bool first;
	unsigned int depth;
	char closers[16];
};

void json_read_begin(struct json_reader *reader, const char *text, size_t size);
int json_read_end(struct json_reader *reader);
char json_read_kind(struct json_reader *reader);
int json_read_open(struct json_reader *reader);
int json_read_next(struct json_reader *reader, char name[JSON_NAME_SIZE]);
int json_read_number(struct json_reader *reader, double *number);
int json_read_skip(struct json_reader *reader);

#endif /* KCMAP_CLI_JSON_READ_H */
