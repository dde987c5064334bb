// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json_read.h"
#include "util.h"

#define NUMBER_SIZE 64

static void skip_blanks(struct json_reader *reader)
{
	while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) &&
	       *reader->at)
		reader->at++;
}

static bool take(struct json_reader *reader, char c)
{
	if (reader->at == reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

void json_read_begin(struct json_reader *reader, const char *text, size_t size)
{
	memset(reader, 0, sizeof(*reader));
	reader->at = text;
	reader->end = text + size;
}

/* That there is nothing more. */
int json_read_end(struct json_reader *reader)
{
	skip_blanks(reader);
	return reader->at == reader->end ? 0 : -1;
}

/**
 * json_read_kind() - what comes next
 * @reader: where
 *
 * Return: the first character of the value, 0 for each number; '?': no value.
 */
char json_read_kind(struct json_reader *reader)
{
	skip_blanks(reader);
	if (reader->at == reader->end)
		return '?';
	if (*reader->at == '-' || (*reader->at >= '0' && *reader->at <= '9'))
		return '0';
	return *reader->at && strchr("{[\"tfn", *reader->at) ? *reader->at :
							       '?';
}

/* Begins an object or an array. */
int json_read_open(struct json_reader *reader)
{
	char kind = json_read_kind(reader);

	if ((kind != '{' && kind != '[') ||
	    reader->depth == ARRAY_SIZE(reader->closers))
		return -1;
	reader->at++;
	reader->closers[reader->depth++] = kind == '{' ? '}' : ']';
	reader->first = true;
	return 0;
}

static int read_escape(struct json_reader *reader)
{
	unsigned int i;

	if (reader->at == reader->end)
		return -1;
	if (!take(reader, 'u')) {
		if (!*reader->at || !strchr("\"\\/bfnrt", *reader->at))
			return -1;
		reader->at++;
		return 0;
	}
	for (i = 0; i < 4; i++, reader->at++)
		if (reader->at == reader->end || !*reader->at ||
		    !strchr("0123456789abcdefABCDEF", *reader->at))
			return -1;
	return 0;
}

static int read_string(struct json_reader *reader)
{
	if (!take(reader, '"'))
		return -1;
	while (!take(reader, '"')) {
		if (reader->at == reader->end ||
		    (unsigned char)*reader->at < 0x20)
			return -1;
		if (*reader->at++ == '\\' && read_escape(reader))
			return -1;
	}
	return 0;
}

/* As it stands there: a name with escapes is none that anybody looks for. */
static int read_name(struct json_reader *reader, char name[JSON_NAME_SIZE])
{
	const char *start;
	size_t size;

	skip_blanks(reader);
	start = reader->at + 1;
	if (read_string(reader))
		return -1;
	size = (size_t)(reader->at - 1 - start);
	/* One that is longer is none, either. */
	if (size >= JSON_NAME_SIZE)
		size = 0;
	memcpy(name, start, size);
	name[size] = '\0';
	skip_blanks(reader);
	return take(reader, ':') ? 0 : -1;
}

/**
 * json_read_next() - the next member of an object, or element of an array
 * @reader: where; each value has to be read before this is called for the next
 * @name: out: of the member
 *
 * Return: 1; 0: there are no more, and it is closed; -1.
 */
int json_read_next(struct json_reader *reader, char name[JSON_NAME_SIZE])
{
	char closer;

	if (!reader->depth)
		return -1;
	closer = reader->closers[reader->depth - 1];
	name[0] = '\0';
	skip_blanks(reader);
	if (take(reader, closer)) {
		reader->depth--;
		reader->first = false;
		return 0;
	}
	if (!reader->first && !take(reader, ','))
		return -1;
	reader->first = false;
	if (closer == '}' && read_name(reader, name))
		return -1;
	return json_read_kind(reader) == '?' ? -1 : 1;
}

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* strtod() takes more than JSON has: hexadecimal, infinity, a leading zero. */
static bool is_number(const char *text)
{
	text += *text == '-';
	if (!digits(text) || (*text == '0' && digits(text) > 1))
		return false;
	text += digits(text);
	if (*text == '.') {
		if (!digits(++text))
			return false;
		text += digits(text);
	}
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		if (!digits(text))
			return false;
		text += digits(text);
	}
	return !*text;
}

int json_read_number(struct json_reader *reader, double *number)
{
	char text[NUMBER_SIZE];
	size_t size = 0;

	if (json_read_kind(reader) != '0')
		return -1;
	while (size < sizeof(text) && reader->at + size < reader->end &&
	       reader->at[size] && strchr("+-.0123456789eE", reader->at[size]))
		size++;
	if (size == sizeof(text))
		return -1;
	memcpy(text, reader->at, size);
	text[size] = '\0';
	if (!is_number(text))
		return -1;
	*number = strtod(text, NULL);
	if (!isfinite(*number))
		return -1;
	reader->at += size;
	return 0;
}

static int read_word(struct json_reader *reader, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(reader->end - reader->at) < size ||
	    memcmp(reader->at, word, size))
		return -1;
	reader->at += size;
	return 0;
}

/* Reads a value that is of no interest. */
int json_read_skip(struct json_reader *reader)
{
	char name[JSON_NAME_SIZE];
	double number;
	int ret;

	switch (json_read_kind(reader)) {
	case '{':
	case '[':
		ret = json_read_open(reader);
		if (ret)
			return ret;
		while ((ret = json_read_next(reader, name)) > 0)
			if (json_read_skip(reader))
				return -1;
		return ret;
	case '"':
		return read_string(reader);
	case '0':
		return json_read_number(reader, &number);
	case 't':
		return read_word(reader, "true");
	case 'f':
		return read_word(reader, "false");
	case 'n':
		return read_word(reader, "null");
	}
	return -1;
}
