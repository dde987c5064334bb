// SPDX-License-Identifier: MIT
#include <string.h>

#include "json.h"

static void indent(struct json *json)
{
	unsigned int i;

	if (!json->pretty)
		return;
	fputc('\n', json->out);
	for (i = 0; i < json->depth; i++)
		fputs("  ", json->out);
}

/**
 * utf8_sequence() - length of the UTF-8 sequence that text begins with
 * @text: bytes
 * @size: how many
 *
 * Return: 1 to 4; 0 where there is no valid one (overlong forms, surrogates and
 * what lies beyond U+10FFFF are not).
 */
size_t utf8_sequence(const unsigned char *text, size_t size)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t point;
	size_t length, i;

	if (!size)
		return 0;
	if (text[0] < 0x80)
		return 1;
	if ((text[0] & 0xe0) == 0xc0)
		length = 2;
	else if ((text[0] & 0xf0) == 0xe0)
		length = 3;
	else if ((text[0] & 0xf8) == 0xf0)
		length = 4;
	else
		return 0;
	if (length > size)
		return 0;
	point = text[0] & (0x7f >> length);
	for (i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3f);
	}
	if (point < least[length] || point > 0x10ffff ||
	    (point >= 0xd800 && point <= 0xdfff))
		return 0;
	return length;
}

static void write_string(struct json *json, const unsigned char *text,
			 size_t size)
{
	size_t length;

	fputc('"', json->out);
	while (size) {
		length = utf8_sequence(text, size);
		if (!length) {
			/* JSON has no way to say what this byte was. */
			fputs("\\ufffd", json->out);
			length = 1;
		} else if (*text == '"' || *text == '\\') {
			fprintf(json->out, "\\%c", *text);
		} else if (*text < 0x20 || *text == 0x7f) {
			fprintf(json->out, "\\u%04x", *text);
		} else if (*text == 0xc2 && text[1] < 0xa0) {
			/* C1 controls: a terminal might obey them. */
			fprintf(json->out, "\\u%04x", text[1]);
		} else {
			fwrite(text, 1, length, json->out);
		}
		text += length;
		size -= length;
	}
	fputc('"', json->out);
}

/* Everything that comes before a value: comma, indentation, name. */
static void begin(struct json *json, const char *name)
{
	uint32_t bit = 1U << json->depth;

	json->started = true;
	if (json->depth) {
		if (!(json->empty & bit))
			fputc(',', json->out);
		json->empty &= ~bit;
		indent(json);
	}
	if (!name)
		return;
	write_string(json, (const unsigned char *)name, strlen(name));
	fputc(':', json->out);
	if (json->pretty)
		fputc(' ', json->out);
}

static void open_level(struct json *json, const char *name, char opener,
		       char closer)
{
	begin(json, name);
	fputc(opener, json->out);
	json->closers[json->depth++] = closer;
	json->empty |= 1U << json->depth;
}

void json_object(struct json *json, const char *name)
{
	open_level(json, name, '{', '}');
}

void json_array(struct json *json, const char *name)
{
	open_level(json, name, '[', ']');
}

void json_end(struct json *json)
{
	bool empty = json->empty & (1U << json->depth);

	json->depth--;
	if (!empty)
		indent(json);
	fputc(json->closers[json->depth], json->out);
	if (!json->depth)
		fputc('\n', json->out);
}

void json_u64(struct json *json, const char *name, uint64_t number)
{
	begin(json, name);
	fprintf(json->out, "%ju", number);
}

void json_double(struct json *json, const char *name, double number)
{
	begin(json, name);
	fprintf(json->out, "%.2f", number);
}

void json_real(struct json *json, const char *name, double number)
{
	begin(json, name);
	fprintf(json->out, "%.9g", number);
}

void json_s64(struct json *json, const char *name, int64_t number)
{
	begin(json, name);
	fprintf(json->out, "%jd", number);
}

void json_bool(struct json *json, const char *name, bool truth)
{
	begin(json, name);
	fputs(truth ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *name)
{
	begin(json, name);
	fputs("null", json->out);
}

void json_bytes(struct json *json, const char *name, const void *text,
		size_t size)
{
	begin(json, name);
	write_string(json, text, size);
}

void json_string(struct json *json, const char *name, const char *text)
{
	json_bytes(json, name, text, strlen(text));
}

void json_hex(struct json *json, const char *name, const void *bytes,
	      size_t size)
{
	const unsigned char *p = bytes;
	size_t i;

	begin(json, name);
	fputc('"', json->out);
	for (i = 0; i < size; i++)
		fprintf(json->out, "%02x", p[i]);
	fputc('"', json->out);
}
