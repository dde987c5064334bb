// SPDX-License-Identifier: MIT
/* Types: what is taken, what is refused, and that text comes back as it was. */
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "types.h"

#define SIZE_MAX_TEST 64

static char *json_of(const struct format *format, const void *bytes)
{
	struct json writer = { 0 };
	char *text = NULL;
	size_t size;

	writer.out = open_memstream(&text, &size);
	format_json(format, &writer, NULL, bytes);
	fclose(writer.out);
	/* An array at the top ends its line. */
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static char *text_of(const struct format *format, const void *bytes)
{
	char *text = NULL;
	FILE *out;
	size_t size;

	out = open_memstream(&text, &size);
	format_print(format, out, bytes);
	fclose(out);
	return text;
}

static char *hex_of(const void *bytes, size_t size)
{
	char *text = malloc(2 * size + 1);
	size_t i;

	text[0] = '\0';
	for (i = 0; i < size; i++)
		sprintf(text + 2 * i, "%02x",
			((const unsigned char *)bytes)[i]);
	return text;
}

static int init(struct format *format, const char *spec, size_t size,
		struct why *why)
{
	if (format_init(format, spec, why))
		return -1;
	return format_fit(format, spec, size, "keys", why);
}

struct good {
	const char *spec;
	size_t size;
	const char *text;
	const char *hex; /* on a little-endian machine */
	const char *printed; /* NULL: as text */
	const char *json;
};

static const struct good goods[] = {
	{ "u8", 1, "255", "ff", NULL, "255" },
	{ "u8", 1, "0x0a", "0a", "10", "10" },
	{ "u8", 1, "010", "0a", "10", "10" },
	{ "u16", 2, "258", "0201", NULL, "258" },
	{ "u32", 4, "16909060", "04030201", NULL, "16909060" },
	{ "u32", 4, "4294967295", "ffffffff", NULL, "4294967295" },
	{ "u64", 8, "18446744073709551615", "ffffffffffffffff", NULL,
	  "18446744073709551615" },
	{ "u64", 8, "9007199254740993", "0100000000002000", NULL,
	  "9007199254740993" },
	{ "u16be", 2, "258", "0102", NULL, "258" },
	{ "u32be", 4, "16909060", "01020304", NULL, "16909060" },
	{ "u64be", 8, "1", "0000000000000001", NULL, "1" },
	{ "s8", 1, "-128", "80", NULL, "-128" },
	{ "s8", 1, "127", "7f", NULL, "127" },
	{ "s16", 2, "-2", "feff", NULL, "-2" },
	{ "s32", 4, "-2147483648", "00000080", NULL, "-2147483648" },
	{ "s32", 4, "-0x10", "f0ffffff", "-16", "-16" },
	{ "s64", 8, "-9223372036854775808", "0000000000000080", NULL,
	  "-9223372036854775808" },
	{ "s64", 8, "9223372036854775807", "ffffffffffffff7f", NULL,
	  "9223372036854775807" },
	{ "ipv4", 4, "192.0.2.1", "c0000201", NULL, "\"192.0.2.1\"" },
	{ "ipv6", 16, "2001:db8::1", "20010db8000000000000000000000001", NULL,
	  "\"2001:db8::1\"" },
	{ "ipv6", 16, "::", "00000000000000000000000000000000", NULL,
	  "\"::\"" },
	{ "mac", 6, "02:00:5e:10:0a:ff", "02005e100aff", NULL,
	  "\"02:00:5e:10:0a:ff\"" },
	{ "mac", 6, "02:00:5E:10:0A:FF", "02005e100aff", "02:00:5e:10:0a:ff",
	  "\"02:00:5e:10:0a:ff\"" },
	{ "hex", 3, "00ff7F", "00ff7f", "00ff7f", "\"00ff7f\"" },
	{ "hex:3", 3, "010203", "010203", NULL, "\"010203\"" },
	{ "str", 6, "abc", "616263000000", NULL, "\"abc\"" },
	{ "str", 3, "abc", "616263", NULL, "\"abc\"" },
	{ "str", 3, "", "000000", NULL, "\"\"" },
	{ "str", 8, "a b,c", "6120622c63000000", NULL, "\"a b,c\"" },
	{ "str", 4, "a\\\\b", "615c6200", NULL, "\"a\\\\b\"" },
	{ "str", 4, "a\\x00b", "61006200", NULL, "\"a\\u0000b\"" },
	{ "str", 4, "\\x09\\xff", "09ff0000", NULL, "\"\\u0009\\ufffd\"" },
	{ "str", 4, "\"x", "22780000", NULL, "\"\\\"x\"" },
	{ "str", 4, "\xc3\xa9", "c3a90000", NULL, "\"\xc3\xa9\"" },
	{ "str", 4, "\\xc2\\x9b", "c29b0000", NULL, "\"\\u009b\"" },
	/* Overlong, a surrogate, above U+10FFFF, cut short. */
	{ "str", 2, "\\xc0\\xaf", "c0af", NULL, "\"\\ufffd\\ufffd\"" },
	{ "str", 3, "\\xed\\xa0\\x80", "eda080", NULL,
	  "\"\\ufffd\\ufffd\\ufffd\"" },
	{ "str", 4, "\\xf4\\x90\\x80\\x80", "f4908080", NULL,
	  "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
	{ "str", 2, "\\xe2\\x82", "e282", NULL, "\"\\ufffd\\ufffd\"" },
	{ "u16,ipv4,hex:2", 8, "1,192.0.2.1,abcd", "0100c0000201abcd", NULL,
	  "[1,\"192.0.2.1\",\"abcd\"]" },
	{ "s8,str", 6, "-1,a\\x2cb", "ff612c620000", NULL, "[-1,\"a,b\"]" },
	{ "str,u8", 3, "a,7", "610007", NULL, "[\"a\",7]" },
};

struct bad {
	const char *spec;
	size_t size;
	const char *text;
	const char *why; /* part of the reason */
};

static const struct bad bads[] = {
	{ "u8", 1, "256", "from 0 to 255" },
	{ "u8", 1, "-1", "from 0 to 255" },
	{ "u8", 1, "+1", "from 0 to 255" },
	{ "u8", 1, "", "from 0 to 255" },
	{ "u8", 1, " 1", "from 0 to 255" },
	{ "u8", 1, "1 ", "from 0 to 255" },
	{ "u8", 1, "1x", "from 0 to 255" },
	{ "u8", 1, "0x", "from 0 to 255" },
	{ "u8", 1, "0x100", "from 0 to 255" },
	{ "u8", 1, "ff", "from 0 to 255" },
	{ "u8", 1, "1.0", "from 0 to 255" },
	{ "u16", 2, "65536", "from 0 to 65535" },
	{ "u16be", 2, "65536", "from 0 to 65535" },
	{ "u32", 4, "4294967296", "from 0 to 4294967295" },
	{ "u64", 8, "18446744073709551616", "from 0 to 18446744073709551615" },
	{ "u64", 8, "99999999999999999999999", "from 0 to" },
	{ "s8", 1, "128", "from -128 to 127" },
	{ "s8", 1, "-129", "from -128 to 127" },
	{ "s8", 1, "--1", "from -128 to 127" },
	{ "s8", 1, "-", "from -128 to 127" },
	{ "s64", 8, "9223372036854775808", "to 9223372036854775807" },
	{ "s64", 8, "-9223372036854775809", "from -9223372036854775808" },
	{ "ipv4", 4, "192.0.2", "expected four numbers" },
	{ "ipv4", 4, "192.0.2.256", "expected four numbers" },
	{ "ipv4", 4, "192.0.2.1x", "expected four numbers" },
	{ "ipv4", 4, "::1", "expected four numbers" },
	{ "ipv6", 16, "192.0.2.1", "expected groups" },
	{ "ipv6", 16, "2001:::1", "expected groups" },
	{ "mac", 6, "02:00:5e:10:00", "expected six bytes" },
	{ "mac", 6, "02:00:5e:10:00:01:02", "expected six bytes" },
	{ "mac", 6, "02-00-5e-10-00-01", "expected six bytes" },
	{ "mac", 6, "02:00:5e:10:00:g1", "expected six bytes" },
	{ "mac", 6, "2:0:5e:10:0:1", "expected six bytes" },
	{ "hex", 2, "00112", "expected 4 hex digits" },
	{ "hex", 2, "00", "expected 4 hex digits" },
	{ "hex", 2, "001122", "expected 4 hex digits" },
	{ "hex", 2, "0x0011", "no 0x" },
	{ "hex", 2, "00zz", "'zz' is not two hex digits" },
	{ "hex", 2, "0 11", "not two hex digits" },
	{ "str", 3, "abcd", "at most 3 bytes" },
	{ "str", 3, "\\", "after a backslash" },
	{ "str", 3, "\\n", "after a backslash" },
	{ "str", 3, "\\x1", "after a backslash" },
	{ "str", 3, "\\xg0", "after a backslash" },
	{ "u8,u8", 2, "1", "expected 2 parts" },
	{ "u8,u8", 2, "1,2,3", "expected 2 parts" },
	{ "u8,u8", 2, "1,", "from 0 to 255" },
	/* The type itself. */
	{ "u12", 2, "1", "no type 'u12'" },
	{ "", 2, "1", "no type ''" },
	{ "u8,", 2, "1", "no type ''" },
	{ "U8", 1, "1", "no type 'U8'" },
	{ "u32", 8, "1", "type u32 has 4 bytes, but the map's keys have 8" },
	{ "u64", 4, "1", "type u64 has 8 bytes, but the map's keys have 4" },
	{ "u32:4", 4, "1", "it takes no size" },
	{ "hex:4", 5, "1", "has 4 bytes, but the map's keys have 5" },
	{ "hex:0", 5, "1", "bad size" },
	{ "hex:", 5, "1", "bad size" },
	{ "hex:4x", 5, "1", "bad size" },
	{ "hex:99999999999999999999", 5, "1", "bad size" },
	{ "hex,str", 5, "1", "only one type of a list" },
	{ "u32,hex", 4, "1", "has 5 bytes or more" },
	{ "5tuple,u8", 41, "1", "cannot be one of a list" },
	{ "u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8", 17, "1",
	  "more than 16" },
};

static void test_good(const struct good *good)
{
	const char *printed = good->printed ? good->printed : good->text;
	unsigned char bytes[SIZE_MAX_TEST], again[SIZE_MAX_TEST];
	char *hex, *text, *json;
	struct format format;
	struct why why;
	bool back;

	if (init(&format, good->spec, good->size, &why) ||
	    format_parse(&format, good->text, bytes, &why)) {
		ok(false, "%s takes '%s': %s", good->spec, good->text,
		   why.text);
		return;
	}
	hex = hex_of(bytes, good->size);
	text = text_of(&format, bytes);
	json = json_of(&format, bytes);
	ok(!strcmp(hex, good->hex), "%s '%s' is %s: %s", good->spec, good->text,
	   good->hex, hex);
	ok(!strcmp(text, printed), "%s '%s' is printed as '%s': '%s'",
	   good->spec, good->text, printed, text);
	ok(!strcmp(json, good->json), "%s '%s' has JSON", good->spec,
	   good->text);
	back = !format_parse(&format, text, again, &why) &&
	       !memcmp(bytes, again, good->size);
	ok(back, "%s '%s' is read again", good->spec, text);
	free(hex);
	free(text);
	free(json);
}

static void test_bad(const struct bad *bad)
{
	unsigned char bytes[SIZE_MAX_TEST];
	struct why why = { "" };
	struct format format;
	bool refused;

	refused = init(&format, bad->spec, bad->size, &why) ||
		  format_parse(&format, bad->text, bytes, &why);
	ok(refused && strstr(why.text, bad->why), "%s (%zu) refuses '%s': %s",
	   bad->spec, bad->size, bad->text, why.text);
}

/* A type that is not known to fit is the map's, whatever it holds. */
static void test_random(void)
{
	static const struct {
		const char *spec;
		size_t size;
	} specs[] = {
		{ "u8", 1 },
		{ "u16", 2 },
		{ "u32", 4 },
		{ "u64", 8 },
		{ "u16be", 2 },
		{ "u32be", 4 },
		{ "u64be", 8 },
		{ "s8", 1 },
		{ "s16", 2 },
		{ "s32", 4 },
		{ "s64", 8 },
		{ "ipv4", 4 },
		{ "ipv6", 16 },
		{ "mac", 6 },
		{ "hex", 13 },
		{ "str", 11 },
		{ "5tuple", 40 },
		{ "flow", 32 },
		{ "u8,str:5,s16,ipv4", 12 },
	};
	unsigned char bytes[SIZE_MAX_TEST], again[SIZE_MAX_TEST];
	struct format format;
	size_t i, n, round;
	struct why why;
	char *text;

	srandom(1);
	for (i = 0; i < ARRAY_SIZE(specs); i++) {
		bool good = true;

		if (init(&format, specs[i].spec, specs[i].size, &why)) {
			ok(false, "%s: %s", specs[i].spec, why.text);
			continue;
		}
		for (round = 0; round < 2000 && good; round++) {
			for (n = 0; n < specs[i].size; n++)
				bytes[n] = (unsigned char)random();
			text = text_of(&format, bytes);
			good = !format_parse(&format, text, again, &why) &&
			       !memcmp(bytes, again, specs[i].size);
			if (!good)
				printf("# '%s': %s\n", text, why.text);
			free(text);
		}
		ok(good,
		   "%s: any bytes are printed so that they are read again",
		   specs[i].spec);
	}
}

int main(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(goods); i++)
		test_good(&goods[i]);
	for (i = 0; i < ARRAY_SIZE(bads); i++)
		test_bad(&bads[i]);
	test_random();
	return tap_done();
}
