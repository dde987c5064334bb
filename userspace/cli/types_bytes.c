// SPDX-License-Identifier: MIT
/* Strings of bytes: hex, and str (padded with zeros). */
#include <string.h>

#include "types.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/**
 * hex_byte() - two hex digits
 * @text: at least a terminating NUL
 *
 * Return: 0 to 255, or -1.
 */
int hex_byte(const char *text)
{
	int high, low;

	high = hex_digit(text[0]);
	low = high < 0 ? -1 : hex_digit(text[1]);
	return low < 0 ? -1 : high << 4 | low;
}

/*
 * No 0x: that begins a number, whose bytes would be in another order on most
 * machines.
 */
static int parse_hex(const struct type *type, const char *text, void *out,
		     size_t size, struct why *why)
{
	unsigned char *bytes = out;
	size_t i;
	int byte;

	(void)type;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return refuse(why, "'%s': expected %zu hex digits, no 0x", text,
			      2 * size);
	if (strlen(text) != 2 * size)
		return refuse(why,
			      "'%s' has %zu characters: expected %zu hex digits, two a byte (or a type: see 'kcmap help types')",
			      text, strlen(text), 2 * size);
	for (i = 0; i < size; i++) {
		byte = hex_byte(text + 2 * i);
		if (byte < 0)
			return refuse(why, "'%s': '%.2s' is not two hex digits",
				      text, text + 2 * i);
		bytes[i] = (unsigned char)byte;
	}
	return 0;
}

static void print_hex(const struct type *type, FILE *out, const void *in,
		      size_t size, char sep)
{
	const unsigned char *bytes = in;
	size_t i;

	(void)type;
	(void)sep;
	for (i = 0; i < size; i++)
		fprintf(out, "%02x", bytes[i]);
}

static void json_hexstring(const struct type *type, struct json *json,
			   const char *name, const void *in, size_t size)
{
	(void)type;
	json_hex(json, name, in, size);
}

/* Reads \\ and \xHH, which is how print_str() writes what is not plain text. */
static int parse_str(const struct type *type, const char *text, void *out,
		     size_t size, struct why *why)
{
	unsigned char *bytes = out;
	const char *p = text;
	size_t n = 0;
	int byte;

	(void)type;
	memset(bytes, 0, size);
	while (*p) {
		byte = (unsigned char)*p++;
		if (byte == '\\') {
			if (*p == 'x')
				byte = hex_byte(p + 1);
			else if (*p != '\\')
				byte = -1;
			if (byte < 0)
				return refuse(why,
					      "'%s': after a backslash expected another one, or x and two hex digits",
					      text);
			p += *p == 'x' ? 3 : 1;
		}
		if (n == size)
			return refuse(why,
				      "'%s' is too long: expected at most %zu bytes",
				      text, size);
		bytes[n++] = (unsigned char)byte;
	}
	return 0;
}

/* Without the zeros at the end. */
static size_t str_length(const unsigned char *bytes, size_t size)
{
	while (size && !bytes[size - 1])
		size--;
	return size;
}

static void print_str(const struct type *type, FILE *out, const void *in,
		      size_t size, char sep)
{
	const unsigned char *p = in;
	size_t length, n;

	(void)type;
	size = str_length(p, size);
	for (; size; p += n, size -= n) {
		length = utf8_sequence(p, size);
		n = length ? length : 1;
		/* Nothing that could steer a terminal, C1 controls included. */
		if (*p == '\\')
			fputs("\\\\", out);
		else if (!length || *p < 0x20 || *p == 0x7f ||
			 (length == 2 && p[0] == 0xc2 && p[1] < 0xa0) ||
			 (sep && *p == (unsigned char)sep))
			for (n = 0; n < (length ? length : 1); n++)
				fprintf(out, "\\x%02x", p[n]);
		else
			fwrite(p, 1, n, out);
	}
}

static void json_str(const struct type *type, struct json *json,
		     const char *name, const void *in, size_t size)
{
	(void)type;
	json_bytes(json, name, in, str_length(in, size));
}

const struct type types_bytes[] = {
	{
		.name = "hex",
		.help = "two hex digits a byte, as they lie in memory (the default)",
		.parse = parse_hex,
		.print = print_hex,
		.json = json_hexstring,
	},
	{
		.name = "str",
		.help = "text, padded with zeros; \\\\ and \\xHH for what is not",
		.parse = parse_str,
		.print = print_str,
		.json = json_str,
	},
	{ 0 },
};
