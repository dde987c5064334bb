/* SPDX-License-Identifier: MIT */
/* A JSON writer: what it writes is valid however the caller's data look. */
#ifndef KCMAP_CLI_JSON_H
#define KCMAP_CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH_MAX 16

/**
 * struct json - where the writer stands
 * @out: stream
 * @pretty: lines and indentation
 * @started: something was written
 * @depth: open objects and arrays
 * @empty: bit N set: the one at depth N has no member yet
 * @closers: what ends each of the open ones
 */
struct json {
	FILE *out;
	bool pretty;
	bool started;
	unsigned int depth;
	uint32_t empty;
	char closers[JSON_DEPTH_MAX];
};

/* @name: name of the member; NULL in an array and at the top. */
void json_object(struct json *json, const char *name);
void json_array(struct json *json, const char *name);
void json_end(struct json *json);
void json_u64(struct json *json, const char *name, uint64_t number);
void json_s64(struct json *json, const char *name, int64_t number);
/* With two decimals; not for infinities. */
void json_double(struct json *json, const char *name, double number);
/* With nine digits; not for infinities. */
void json_real(struct json *json, const char *name, double number);
void json_bool(struct json *json, const char *name, bool truth);
void json_null(struct json *json, const char *name);
void json_string(struct json *json, const char *name, const char *text);
void json_bytes(struct json *json, const char *name, const void *text,
		size_t size);
void json_hex(struct json *json, const char *name, const void *bytes,
	      size_t size);

size_t utf8_sequence(const unsigned char *text, size_t size);

#endif /* KCMAP_CLI_JSON_H */
