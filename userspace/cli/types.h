/* SPDX-License-Identifier: MIT */
/* Keys and values as text: --key-type and --value-type. */
#ifndef KCMAP_CLI_TYPES_H
#define KCMAP_CLI_TYPES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "json.h"
#include "util.h"

#define FORMAT_ELEMS_MAX 16

/* Why a text was refused, for the user to read. */
struct why {
	char text[400];
};

PRINTF_LIKE(2, 3)
int refuse(struct why *why, const char *fmt, ...);

/**
 * struct type - how some bytes are written as text
 * @name: as the user gives it
 * @size: bytes; 0: as many as there are
 * @whole: cannot be one of several elements
 * @help: one line for the user
 * @parse: text to exactly @size bytes; 0, or -1 with a reason
 * @print: bytes to text that @parse takes; @sep must not occur in it
 * @json: bytes to a JSON value
 */
struct type {
	const char *name;
	size_t size;
	int whole;
	const char *help;
	int (*parse)(const struct type *type, const char *text, void *out,
		     size_t size, struct why *why);
	void (*print)(const struct type *type, FILE *out, const void *in,
		      size_t size, char sep);
	void (*json)(const struct type *type, struct json *json,
		     const char *name, const void *in, size_t size);
};

struct format_elem {
	const struct type *type;
	size_t size;
};

/**
 * struct format - a type, or several with commas between them, packed
 * @nr: elements
 * @size: bytes; 0 as long as one element has no size
 * @elems: the elements
 */
struct format {
	unsigned int nr;
	size_t size;
	struct format_elem elems[FORMAT_ELEMS_MAX];
};

int format_init(struct format *format, const char *spec, struct why *why);
int format_fit(struct format *format, const char *spec, size_t size,
	       const char *what, struct why *why);
int format_parse(const struct format *format, const char *text, void *out,
		 struct why *why);
void format_print(const struct format *format, FILE *out, const void *in);
void format_json(const struct format *format, struct json *json,
		 const char *name, const void *in);

extern const struct type types_number[];
extern const struct type types_address[];
extern const struct type types_bytes[];
extern const struct type types_flow[];
extern const struct type *const type_tables[];

int hex_byte(const char *text);
int parse_u64(const char *text, uint64_t max, uint64_t *number);

/* What the classifier commands need of the types 5tuple and flow. */
struct kcmap_flow_key;
struct kcmap_flow_value;
int parse_flow_key(const char *text, struct kcmap_flow_key *key,
		   struct why *why);
void print_flow_key(FILE *out, const struct kcmap_flow_key *key);
void json_flow_key(struct json *json, const struct kcmap_flow_key *key);
int parse_verdict(const char *text, uint32_t *verdict, uint32_t *mark,
		  struct why *why);
void print_verdict(FILE *out, uint32_t verdict, uint32_t mark);
const char *verdict_name(uint32_t verdict);
void json_flow_value(struct json *json, const struct kcmap_flow_value *value);

#endif /* KCMAP_CLI_TYPES_H */
