// SPDX-License-Identifier: MIT
/* Integers: u8 to u64 and s8 to s64 in host byte order, u16be to u64be. */
#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "types.h"

/**
 * parse_u64() - a decimal number, or a hexadecimal one after 0x
 * @text: all of it has to be the number: no blank, no sign
 * @max: largest that is taken
 * @number: result
 *
 * Not strtoull(), which takes blanks, signs (and negates) and octal numbers.
 *
 * Return: 0 or -1.
 */
int parse_u64(const char *text, uint64_t max, uint64_t *number)
{
	unsigned int base = 10, digit;
	uint64_t n = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (!*text)
		return -1;
	for (; *text; text++) {
		if (*text >= '0' && *text <= '9')
			digit = (unsigned int)(*text - '0');
		else if (base == 16 && *text >= 'a' && *text <= 'f')
			digit = (unsigned int)(*text - 'a' + 10);
		else if (base == 16 && *text >= 'A' && *text <= 'F')
			digit = (unsigned int)(*text - 'A' + 10);
		else
			return -1;
		if (__builtin_mul_overflow(n, base, &n) ||
		    __builtin_add_overflow(n, digit, &n) || n > max)
			return -1;
	}
	*number = n;
	return 0;
}

static bool is_signed(const struct type *type)
{
	return type->name[0] == 's';
}

static bool is_big_endian(const struct type *type)
{
	return type->name[strlen(type->name) - 1] == 'e';
}

static void store(const struct type *type, uint64_t number, void *out)
{
	unsigned char bytes[sizeof(number)];
	size_t skip = sizeof(number) - type->size;

	if (is_big_endian(type) || BYTE_ORDER == BIG_ENDIAN) {
		number = htobe64(number);
		memcpy(bytes, &number, sizeof(number));
		memcpy(out, bytes + skip, type->size);
	} else {
		memcpy(out, &number, type->size);
	}
}

static uint64_t load(const struct type *type, const void *in)
{
	unsigned char bytes[sizeof(uint64_t)] = { 0 };
	size_t skip = sizeof(bytes) - type->size;
	uint64_t number = 0;

	if (is_big_endian(type) || BYTE_ORDER == BIG_ENDIAN) {
		memcpy(bytes + skip, in, type->size);
		memcpy(&number, bytes, sizeof(number));
		return be64toh(number);
	}
	memcpy(&number, in, type->size);
	return number;
}

static int64_t load_signed(const struct type *type, const void *in)
{
	unsigned int shift = 64 - 8 * (unsigned int)type->size;

	return (int64_t)(load(type, in) << shift) >> shift;
}

static int parse_number(const struct type *type, const char *text, void *out,
			size_t size, struct why *why)
{
	uint64_t max = UINT64_MAX >> (64 - 8 * size);
	uint64_t number;
	bool minus;

	if (!is_signed(type)) {
		if (parse_u64(text, max, &number))
			return refuse(why,
				      "'%s' is not a %s: expected a number from 0 to %ju",
				      text, type->name, max);
		store(type, number, out);
		return 0;
	}

	max >>= 1;
	minus = text[0] == '-';
	if (parse_u64(text + minus, max + minus, &number))
		return refuse(why,
			      "'%s' is not a %s: expected a number from -%ju to %ju",
			      text, type->name, max + 1, max);
	store(type, minus ? -number : number, out);
	return 0;
}

static void print_number(const struct type *type, FILE *out, const void *in,
			 size_t size, char sep)
{
	(void)size;
	(void)sep;
	if (is_signed(type))
		fprintf(out, "%jd", load_signed(type, in));
	else
		fprintf(out, "%ju", load(type, in));
}

static void json_number(const struct type *type, struct json *json,
			const char *name, const void *in, size_t size)
{
	(void)size;
	if (is_signed(type))
		json_s64(json, name, load_signed(type, in));
	else
		json_u64(json, name, load(type, in));
}

/* clang-format off */
#define NUMBER(_name, _size, _help) {	\
	.name = _name,			\
	.size = _size,			\
	.help = _help,			\
	.parse = parse_number,		\
	.print = print_number,		\
	.json = json_number,		\
}

/* clang-format on */

const struct type types_number[] = {
	NUMBER("u8", 1, "0 to 255"),
	NUMBER("u16", 2, "unsigned, host byte order"),
	NUMBER("u32", 4, "unsigned, host byte order"),
	NUMBER("u64", 8, "unsigned, host byte order"),
	NUMBER("u16be", 2, "unsigned, network byte order"),
	NUMBER("u32be", 4, "unsigned, network byte order"),
	NUMBER("u64be", 8, "unsigned, network byte order"),
	NUMBER("s8", 1, "-128 to 127"),
	NUMBER("s16", 2, "signed, host byte order"),
	NUMBER("s32", 4, "signed, host byte order"),
	NUMBER("s64", 8, "signed, host byte order"),
	{ 0 },
};
