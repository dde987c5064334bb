// SPDX-License-Identifier: MIT
/* 5tuple and flow: the key and the value of the classifier. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kcmap_classify.h>

#include "tap.h"
#include "types.h"

struct good {
	const char *text;
	const char *printed; /* NULL: as text */
	unsigned char protocol;
	unsigned char family;
	unsigned char flags;
	unsigned short sport;
	unsigned short dport;
	const char *src;
	const char *dst;
};

static const struct good goods[] = {
	{ "tcp:192.0.2.1:80>192.0.2.2:1234", NULL, 6, AF_INET, 0, 80, 1234,
	  "::ffff:192.0.2.1", "::ffff:192.0.2.2" },
	{ "udp:[2001:db8::1]:53>[2001:db8::2]:99", NULL, 17, AF_INET6, 0, 53,
	  99, "2001:db8::1", "2001:db8::2" },
	{ "6:192.0.2.1:0>192.0.2.2:0", "tcp:192.0.2.1:0>192.0.2.2:0", 6,
	  AF_INET, 0, 0, 0, "::ffff:192.0.2.1", "::ffff:192.0.2.2" },
	{ "icmp:192.0.2.1>192.0.2.2:8/0", NULL, 1, AF_INET, 0, 8, 0,
	  "::ffff:192.0.2.1", "::ffff:192.0.2.2" },
	{ "icmp6:[fe80::1]>[ff02::1]:135/1", NULL, 58, AF_INET6, 0, 135, 1,
	  "fe80::1", "ff02::1" },
	{ "gre:192.0.2.1>192.0.2.2", NULL, 47, AF_INET, 0, 0, 0,
	  "::ffff:192.0.2.1", "::ffff:192.0.2.2" },
	{ "253:[::1]>[::2]", NULL, 253, AF_INET6, 0, 0, 0, "::1", "::2" },
	{ "udp:192.0.2.1>192.0.2.2,frag", NULL, 17, AF_INET, 1, 0, 0,
	  "::ffff:192.0.2.1", "::ffff:192.0.2.2" },
	{ "icmp:192.0.2.1>192.0.2.2,frag", NULL, 1, AF_INET, 1, 0, 0,
	  "::ffff:192.0.2.1", "::ffff:192.0.2.2" },
	/* IPv4-mapped addresses on the wire of IPv6 are IPv6. */
	{ "udp:[::ffff:192.0.2.1]:1>[::ffff:192.0.2.2]:2", NULL, 17, AF_INET6,
	  0, 1, 2, "::ffff:192.0.2.1", "::ffff:192.0.2.2" },
	{ "sctp:192.0.2.1:1>192.0.2.2:2", NULL, 132, AF_INET, 0, 1, 2,
	  "::ffff:192.0.2.1", "::ffff:192.0.2.2" },
};

static const char *const bads[] = {
	"",
	"tcp",
	"tcp:",
	"tcp:192.0.2.1:80",
	"tcp:192.0.2.1:80>",
	"tcp:192.0.2.1>192.0.2.2",
	"tcp:192.0.2.1:80>192.0.2.2",
	"tcp:192.0.2.1:80>192.0.2.2:65536",
	"tcp:192.0.2.1:80>192.0.2.2:-1",
	"tcp:192.0.2.1:80>192.0.2.2:1 ",
	"tcp:192.0.2.1:80>192.0.2.2:1x",
	"tcp:192.0.2.1:80>[2001:db8::2]:1",
	"tcp:192.0.2.1:80>192.0.2.300:1",
	"tcp:2001:db8::1:80>2001:db8::2:1",
	"tcp:[2001:db8::1:80>[2001:db8::2]:1",
	"tcp:[192.0.2.1]:80>[192.0.2.2]:1",
	"tdp:192.0.2.1:80>192.0.2.2:1",
	"256:192.0.2.1:80>192.0.2.2:1",
	"icmp:192.0.2.1>192.0.2.2",
	"icmp:192.0.2.1>192.0.2.2:8",
	"icmp:192.0.2.1>192.0.2.2:256/0",
	"icmp:192.0.2.1:8>192.0.2.2:0",
	"tcp:192.0.2.1:80>192.0.2.2:1,flag",
	"udp:192.0.2.1>192.0.2.2,frag,frag",
	"hex:00",
	"hex:zz00000000000000000000000000000000000000000000000000000000000000000000000000000000",
	"tcp:11111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111",
};

static char *flow_text(const struct kcmap_flow_key *key)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	out = open_memstream(&text, &size);
	print_flow_key(out, key);
	fclose(out);
	return text;
}

static void test_good(const struct good *good)
{
	const char *printed = good->printed ? good->printed : good->text;
	struct kcmap_flow_key key, want;
	struct why why;
	char *text;

	memset(&want, 0, sizeof(want));
	inet_pton(AF_INET6, good->src, want.src);
	inet_pton(AF_INET6, good->dst, want.dst);
	want.sport = htons(good->sport);
	want.dport = htons(good->dport);
	want.protocol = good->protocol;
	want.family = good->family;
	want.flags = good->flags;
	if (!ok(!parse_flow_key(good->text, &key, &why), "'%s' is a 5tuple",
		good->text))
		return;
	ok(!memcmp(&key, &want, sizeof(key)), "'%s' is the right one",
	   good->text);
	text = flow_text(&key);
	ok(!strcmp(text, printed), "'%s' is printed as '%s': '%s'", good->text,
	   printed, text);
	free(text);
}

/* What the text cannot say must not look like something else. */
static void test_not_a_flow(void)
{
	struct kcmap_flow_key key, again;
	struct why why;
	char *text;
	bool good;
	int i;

	for (i = 0; i < 5; i++) {
		parse_flow_key("icmp:192.0.2.1>192.0.2.2:8/0", &key, &why);
		switch (i) {
		case 0:
			key.reserved = 1;
			break;
		case 1:
			key.flags = 2;
			break;
		case 2:
			key.family = 0;
			break;
		case 3:
			key.src[0] = 1;
			break;
		case 4:
			key.sport = htons(256);
			break;
		}
		text = flow_text(&key);
		good = !strncmp(text, "hex:", 4) &&
		       !parse_flow_key(text, &again, &why) &&
		       !memcmp(&key, &again, sizeof(key));
		ok(good, "not a flow (%d): %s", i, text);
		free(text);
	}
}

static void test_value(void)
{
	static const struct {
		const char *text;
		const char *printed; /* NULL: refused */
	} values[] = {
		{ "drop",
		  "verdict=drop,mark=0,packets=0,bytes=0,last_seen_ns=0" },
		{ "accept",
		  "verdict=accept,mark=0,packets=0,bytes=0,last_seen_ns=0" },
		{ "mark:7",
		  "verdict=mark,mark=7,packets=0,bytes=0,last_seen_ns=0" },
		{ "verdict=9,mark=0x10,packets=1,bytes=2,last_seen_ns=3",
		  "verdict=9,mark=16,packets=1,bytes=2,last_seen_ns=3" },
		{ "drop,bytes=18446744073709551615",
		  "verdict=drop,mark=0,packets=0,bytes=18446744073709551615,last_seen_ns=0" },
		{ "", NULL },
		{ "reject", NULL },
		{ "mark", NULL },
		{ "mark:", NULL },
		{ "mark:4294967296", NULL },
		{ "mark=4294967296", NULL },
		{ "verdict=", NULL },
		{ "verdict=nope", NULL },
		{ "drop,", NULL },
		{ "packets=-1", NULL },
		{ "packets=18446744073709551616", NULL },
		{ "pack=1", NULL },
	};
	const struct type *type = NULL;
	struct kcmap_flow_value value;
	struct why why;
	char *text;
	size_t i;

	for (i = 0; types_flow[i].name; i++)
		if (!strcmp(types_flow[i].name, "flow"))
			type = &types_flow[i];
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		size_t size;
		FILE *out;

		if (type->parse(type, values[i].text, &value, sizeof(value),
				&why)) {
			ok(!values[i].printed && strstr(why.text, "none of"),
			   "flow refuses '%s'", values[i].text);
			continue;
		}
		text = NULL;
		out = open_memstream(&text, &size);
		type->print(type, out, &value, sizeof(value), '\0');
		fclose(out);
		ok(values[i].printed && !strcmp(text, values[i].printed),
		   "flow '%s' is '%s'", values[i].text, text);
		free(text);
	}
}

int main(void)
{
	struct kcmap_flow_key key;
	struct why why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(goods); i++)
		test_good(&goods[i]);
	for (i = 0; i < ARRAY_SIZE(bads); i++)
		ok(parse_flow_key(bads[i], &key, &why) && why.text[0],
		   "refused: '%s'", bads[i]);
	test_not_a_flow();
	test_value();
	return tap_done();
}
