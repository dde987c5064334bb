// SPDX-License-Identifier: GPL-2.0-only
/* Targets that parse text: an input is a few lines. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libkcmap.h>
#include <linux/kcmap_classify.h>

#include "cli.h"
#include "fuzz.h"
#include "json_read.h"
#include "reliability.h"

/* A copy of its own size: what reads behind the end is seen. */
char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

void fuzz_text_seeds(fuzz_seed_fn seed, const char *const *texts, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		seed(texts[i], strlen(texts[i]));
}

static char *printed(const struct format *format, const void *bytes)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	format_print(format, out, bytes);
	fclose(out);
	return text;
}

/* What is written as JSON is JSON. */
static void check_json(const struct format *format, const void *bytes)
{
	struct json_reader reader;
	struct json writer = { 0 };
	char *text = NULL;
	size_t size;

	writer.out = open_memstream(&text, &size);
	format_json(format, &writer, NULL, bytes);
	fclose(writer.out);
	json_read_begin(&reader, text, size);
	MUST(!json_read_skip(&reader) && !json_read_end(&reader));
	free(text);
}

/* What was taken is printed so that it is taken again, as the same bytes. */
static void check_again(const struct format *format, const void *bytes)
{
	char *text = printed(format, bytes);
	void *again = malloc(format->size);
	struct why why;

	MUST(!format_parse(format, text, again, &why));
	MUST(!memcmp(again, bytes, format->size));
	free(again);
	free(text);
}

/* Size of the map's keys, type, key: a byte and two lines. "(" is 40, " " is 32. */
void fuzz_types(const uint8_t *data, size_t size)
{
	struct format format;
	char *spec, *key;
	struct why why;
	void *bytes;

	if (size < 2)
		return;
	spec = fuzz_text(data + 1, size - 1);
	key = strchr(spec, '\n');
	if (key)
		*key++ = '\0';
	if (key && !format_init(&format, spec, &why) &&
	    !format_fit(&format, spec, data[0], "keys", &why)) {
		/* On the heap, exactly as large: what is written behind it is seen. */
		bytes = malloc(format.size);
		if (!format_parse(&format, key, bytes, &why)) {
			check_again(&format, bytes);
			check_json(&format, bytes);
		}
		/* Bytes from a map are anything. */
		if (strlen(key) >= format.size) {
			memcpy(bytes, key, format.size);
			check_again(&format, bytes);
			check_json(&format, bytes);
		}
		free(bytes);
	}
	free(spec);
}

void fuzz_types_seeds(fuzz_seed_fn seed)
{
	static const char *const texts[] = {
		"\x04u32\n4294967295",
		"\x08s64\n-0x10",
		"\x02u16be\n258",
		"\x04ipv4\n192.0.2.1",
		"\x10ipv6\n2001:db8::1",
		"\x06mac\n02:00:5e:10:00:01",
		"\x05hex\n0123456789",
		"\x08str\na\\x00b\\\\",
		"\x0cu8,str:5,s16,ipv4\n1,ab\\x2cc,-2,192.0.2.1",
		"(5tuple\ntcp:192.0.2.1:80>192.0.2.2:1234",
		"(5tuple\nudp:[2001:db8::1]:53>[2001:db8::2]:99",
		"(5tuple\nicmp:192.0.2.1>192.0.2.2:8/0",
		"(5tuple\n47:192.0.2.1>192.0.2.2,frag",
		" flow\nverdict=drop,mark=0,packets=1,bytes=60,last_seen_ns=0",
		" flow\nmark:7",
	};

	fuzz_text_seeds(seed, texts, ARRAY_SIZE(texts));
}

/* What is one word: names, flows, verdicts, numbers. */
void fuzz_names(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct kcmap_flow_key key;
	uint32_t verdict, mark;
	uint64_t number;
	struct why why;

	if (kcmap_name_valid(text))
		MUST(*text && strlen(text) < KCMAP_NAME_SIZE &&
		     !strchr(text, '/'));
	parse_flow_key(text, &key, &why);
	parse_verdict(text, &verdict, &mark, &why);
	if (!parse_u64(text, 1000, &number))
		MUST(number <= 1000);
	free(text);
}

void fuzz_names_seeds(fuzz_seed_fn seed)
{
	static const char *const texts[] = {
		"flows.1-a_B",
		"control",
		"..",
		"tcp:192.0.2.1:80>192.0.2.2:1234",
		"udp:[2001:db8::1]:53>[2001:db8::2]:99",
		"icmp6:[::1]>[::2]:128/0",
		"gre:192.0.2.1>192.0.2.2,frag",
		"hex:00000000000000000000000000000000000000000000000000000000000000000000000000000000",
		"accept",
		"mark:0xffffffff",
		"1000",
	};

	fuzz_text_seeds(seed, texts, ARRAY_SIZE(texts));
}

#define ARGS_MAX 16

/* Arguments of the tool, one a line. */
void fuzz_arguments(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text;
	/* On the heap, for the same reason. */
	struct invocation inv;
	unsigned int nr = 0, i;
	char **argv, *line;

	for (i = 0; i < size; i++)
		nr += text[i] == '\n';
	if (nr >= ARGS_MAX) {
		free(text);
		return;
	}
	/* As main() does it; what is said of errors is for nobody to read. */
	if (!json.out)
		json.out = fopen("/dev/null", "w");
	json_wanted = false;
	argv = calloc(nr + 2, sizeof(*argv));
	nr = 0;
	while ((line = strsep(&rest, "\n")))
		argv[nr++] = line;
	if (!parse_command_line(argv, &inv)) {
		MUST(inv.nr_args >= 0 && (unsigned int)inv.nr_args <= nr);
		for (i = 0; i < (unsigned int)inv.nr_args; i++)
			MUST(inv.args[i] && strlen(inv.args[i]) <= size);
	}
	free(argv);
	free(text);
}

void fuzz_arguments_seeds(fuzz_seed_fn seed)
{
	static const char *const texts[] = {
		"create\nm\n--key-size\n4\n--value-size=8\n--max-entries\n100",
		"-jp\nscan\nm\n--keys\n--snapshot",
		"--key-type\ns32\nlookup\nm\n-5",
		"snapshot\n-ofile\nm",
		"snapshot\nm\n-o\nfile",
		"classify\nset\nflows\n--\n-x\ndrop",
		"classify\nattach\neth0\n--map\nm\n--learn",
		"help\nclassify\nset",
	};

	fuzz_text_seeds(seed, texts, ARRAY_SIZE(texts));
}

/* What "make soak" writes, and what is not. */
void fuzz_soaks(const uint8_t *data, size_t size)
{
	char *text = malloc(size);
	struct soak_totals totals;
	struct json_reader reader;
	struct why why;
	int bad;

	memcpy(text, data, size);
	bad = soak_results_parse(text, size, &totals, &why);
	if (!bad) {
		MUST(totals.runs && totals.hours > 0);
		MUST(totals.failures <= FAILURES_MAX &&
		     totals.operations <= OPERATIONS_MAX);
	}
	json_read_begin(&reader, text, size);
	if (json_read_skip(&reader) || json_read_end(&reader))
		MUST(bad);
	MUST(reader.at >= text && reader.at <= text + size);
	free(text);
}

void fuzz_soaks_seeds(fuzz_seed_fn seed)
{
	static const char *const texts[] = {
		"[{\"kernel\":\"6.1 \\u00e9\",\"hours\":0.5,\"operations\":{\"lookup\":9,\"insert\":1},\"failures\":{\"lost\":0}}]",
		"{\"hours\":1e0,\"operations\":1,\"failures\":0,\"recovery_seconds\":9.25}",
		"[[[[[{\"a\":[null,true,false,-1.5E+3]}]]]]]",
		"[]",
	};

	fuzz_text_seeds(seed, texts, ARRAY_SIZE(texts));
}
