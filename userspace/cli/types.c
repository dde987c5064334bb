// SPDX-License-Identifier: MIT
/* Types and lists of types: from the user's word to bytes and back. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "types.h"

const struct type *const type_tables[] = {
	types_number, types_address, types_bytes, types_flow, NULL,
};

int refuse(struct why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return -1;
}

static const struct type *find_type(const char *name, size_t length)
{
	const struct type *const *table;
	const struct type *type;

	for (table = type_tables; *table; table++)
		for (type = *table; type->name; type++)
			if (strlen(type->name) == length &&
			    !memcmp(type->name, name, length))
				return type;
	return NULL;
}

/* One element: NAME, or NAME:SIZE for a type that has no size of its own. */
static int init_elem(struct format_elem *elem, const char *spec, size_t length,
		     struct why *why)
{
	const char *colon = memchr(spec, ':', length);
	char digits[8];
	uint64_t size;
	size_t n;

	n = colon ? (size_t)(colon - spec) : length;
	elem->type = find_type(spec, n);
	if (!elem->type)
		return refuse(why, "no type '%.*s': see 'kcmap help types'",
			      (int)n, spec);
	elem->size = elem->type->size;
	if (!colon)
		return 0;
	if (elem->size)
		return refuse(why, "type %s has %zu bytes: it takes no size",
			      elem->type->name, elem->size);
	n = length - n - 1;
	if (n >= sizeof(digits))
		return refuse(why, "'%.*s': bad size", (int)length, spec);
	memcpy(digits, colon + 1, n);
	digits[n] = '\0';
	if (parse_u64(digits, 65535, &size) || !size)
		return refuse(why, "'%.*s': bad size", (int)length, spec);
	elem->size = size;
	return 0;
}

/**
 * format_init() - read what --key-type or --value-type says
 * @format: result; its size is 0 if format_fit() has to give it
 * @spec: TYPE[,TYPE...]
 * @why: out: reason
 *
 * Return: 0 or -1.
 */
int format_init(struct format *format, const char *spec, struct why *why)
{
	unsigned int open_ended = 0, i;
	const char *end;

	memset(format, 0, sizeof(*format));
	for (;; spec = end + 1) {
		struct format_elem *elem = &format->elems[format->nr];

		if (format->nr == FORMAT_ELEMS_MAX)
			return refuse(why, "more than %d types in a list",
				      FORMAT_ELEMS_MAX);
		end = strchrnul(spec, ',');
		if (init_elem(elem, spec, (size_t)(end - spec), why))
			return -1;
		format->nr++;
		format->size += elem->size;
		open_ended += !elem->size;
		if (!*end)
			break;
	}
	for (i = 0; format->nr > 1 && i < format->nr; i++)
		if (format->elems[i].type->whole)
			return refuse(why, "type %s cannot be one of a list",
				      format->elems[i].type->name);
	if (open_ended > 1)
		return refuse(why,
			      "only one type of a list can be without a size: write hex:6, str:16");
	if (open_ended)
		format->size = 0;
	return 0;
}

/**
 * format_fit() - make a format fit the map
 * @format: from format_init()
 * @spec: what was given to it
 * @size: bytes of the map's keys or values
 * @what: "keys" or "values"
 * @why: out: reason
 *
 * Return: 0 or -1.
 */
int format_fit(struct format *format, const char *spec, size_t size,
	       const char *what, struct why *why)
{
	struct format_elem *open_ended = NULL;
	size_t sum = 0;
	unsigned int i;

	for (i = 0; i < format->nr; i++) {
		sum += format->elems[i].size;
		if (!format->elems[i].size)
			open_ended = &format->elems[i];
	}
	if (open_ended && sum < size) {
		open_ended->size = size - sum;
		sum = size;
	} else if (open_ended && (size || format->nr > 1)) {
		/* It takes a byte, save where there are no values at all. */
		sum++;
	}
	if (sum != size)
		return refuse(why,
			      "type %s has %zu bytes%s, but the map's %s have %zu",
			      spec, sum, open_ended ? " or more" : "", what,
			      size);
	format->size = size;
	return 0;
}

static int parse_list(const struct format *format, const char *text, void *out,
		      struct why *why)
{
	unsigned char *p = out;
	const char *end;
	unsigned int i;
	char *part;
	int ret;

	for (i = 0; i < format->nr; i++) {
		const struct format_elem *elem = &format->elems[i];

		end = strchrnul(text, ',');
		if (!*end != (i == format->nr - 1))
			return refuse(why,
				      "expected %u parts with commas between them",
				      format->nr);
		part = strndup(text, (size_t)(end - text));
		if (!part)
			return refuse(why, "out of memory");
		ret = elem->type->parse(elem->type, part, p, elem->size, why);
		free(part);
		if (ret)
			return ret;
		p += elem->size;
		text = end + 1;
	}
	return 0;
}

/**
 * format_parse() - text to bytes
 * @format: from format_fit()
 * @text: what the user gave
 * @out: room for the format's size
 * @why: out: reason
 *
 * Return: 0 or -1.
 */
int format_parse(const struct format *format, const char *text, void *out,
		 struct why *why)
{
	const struct format_elem *elem = &format->elems[0];

	if (format->nr > 1)
		return parse_list(format, text, out, why);
	return elem->type->parse(elem->type, text, out, elem->size, why);
}

/**
 * format_print() - bytes to text that format_parse() takes
 * @format: from format_fit()
 * @out: stream
 * @in: as many bytes as the format has
 */
void format_print(const struct format *format, FILE *out, const void *in)
{
	const unsigned char *p = in;
	char sep = format->nr > 1 ? ',' : '\0';
	unsigned int i;

	for (i = 0; i < format->nr; i++) {
		const struct format_elem *elem = &format->elems[i];

		if (i)
			fputc(sep, out);
		elem->type->print(elem->type, out, p, elem->size, sep);
		p += elem->size;
	}
}

/**
 * format_json() - bytes to a JSON value; an array for a list of types
 * @format: from format_fit()
 * @json: writer
 * @name: name of the member
 * @in: as many bytes as the format has
 */
void format_json(const struct format *format, struct json *json,
		 const char *name, const void *in)
{
	const unsigned char *p = in;
	bool list = format->nr > 1;
	unsigned int i;

	if (list)
		json_array(json, name);
	for (i = 0; i < format->nr; i++) {
		const struct format_elem *elem = &format->elems[i];

		elem->type->json(elem->type, json, list ? NULL : name, p,
				 elem->size);
		p += elem->size;
	}
	if (list)
		json_end(json);
}
