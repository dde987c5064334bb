// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the packet parser, on packets built by hand and on garbage.
 */
#include <kunit/test.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/skbuff.h>
#include <linux/string.h>

#include "parse.h"

#define TEST_PACKET_MAX 128

/* Room behind a packet that the parser has no business in. */
#define TEST_TAIL 64

/* 192.0.2.1 to 198.51.100.2, 20 bytes. */
#define IPV4(first, total, fragment, protocol)                    \
	"" first "\x00" total "\x00\x01" fragment "\x40" protocol \
	"\x00\x00\xc0\x00\x02\x01\xc6\x33\x64\x02"

/* 2001:db8::1 to 2001:db8::2, 40 bytes. */
#define ADDRESS6 "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
#define IPV6(first, payload, next)                                           \
	"" first "\x00\x00\x00" payload next "\x40" ADDRESS6 "\x01" ADDRESS6 \
	"\x02"

/* Ports 0x1234 and 0x0050 and more of a header. */
#define PORTS "\x12\x34\x00\x50\x00\x08\x00\x00"

/* Options of 8 bytes. */
#define OPTION(next) "" next "\x00\x01\x04\x00\x00\x00\x00"

#define FRAGMENT6(next, field) "" next "\x00" field "\x00\x00\x00\x01"

#define VLAN(type) "\x00\x05" type

#define SNAP(type) "\xaa\xaa\x03\x00\x00\x00" type

/* The compiler's NUL at the end is no part of it. */
#define PACKET(bytes) .data = (bytes), .length = sizeof(bytes) - 1

/**
 * struct parse_case - a packet and what is to be found in it
 * @name: of the case
 * @data: from behind the Ethernet header and the first VLAN tag on
 * @length: bytes of it
 * @type: skb->protocol
 * @err: what kcmap_packet_parse() returns; if that is 0:
 * @family: of the key
 * @protocol: of the key
 * @sport: of the key, in host byte order
 * @dport: of the key, in host byte order
 * @flags: of the key
 * @network: offset of the IP header
 * @transport: offset of what follows the IP headers
 */
struct parse_case {
	const char *name;
	const char *data;
	unsigned int length;
	u16 type;
	int err;
	u8 family;
	u8 protocol;
	u16 sport;
	u16 dport;
	u8 flags;
	unsigned int network;
	unsigned int transport;
};

/* Otherwise it tears the packets apart. */
/* clang-format off */
static const struct parse_case parse_cases[] = {
	{
		.name = "ipv4 udp",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x1c", "\x00\x00", "\x11") PORTS),
		.family = AF_INET,
		.protocol = IPPROTO_UDP,
		.sport = 0x1234,
		.dport = 80,
		.transport = 20,
	},
	{
		.name = "ipv4 tcp, only ports",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x28", "\x00\x00", "\x06")
		       "\x12\x34\x00\x50"),
		.family = AF_INET,
		.protocol = IPPROTO_TCP,
		.sport = 0x1234,
		.dport = 80,
		.transport = 20,
	},
	{
		.name = "ipv4 tcp, ports cut off",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x28", "\x00\x00", "\x06")
		       "\x12\x34\x00"),
		.err = -EBADMSG,
	},
	{
		.name = "ipv4 sctp: other protocols have no ports",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x20", "\x00\x00", "\x84") PORTS
		       "\x00\x00\x00\x00"),
		.family = AF_INET,
		.protocol = IPPROTO_SCTP,
		.transport = 20,
	},
	{
		.name = "ipv4 udp-lite, nothing behind the header",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x14", "\x00\x00", "\x88")),
		.family = AF_INET,
		.protocol = IPPROTO_UDPLITE,
		.transport = 20,
	},
	{
		.name = "ipv4 icmp",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x1c", "\x00\x00", "\x01")
		       "\x03\x01\x00\x00\x00\x00\x00\x00"),
		.family = AF_INET,
		.protocol = IPPROTO_ICMP,
		.sport = 3,
		.dport = 1,
		.transport = 20,
	},
	{
		.name = "ipv4 icmp, header cut short",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x1c", "\x00\x00", "\x01")
		       "\x03\x01\x00\x00\x00"),
		.err = -EBADMSG,
	},
	{
		.name = "ipv4 gre",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x1c", "\x00\x00", "\x2f") PORTS),
		.family = AF_INET,
		.protocol = IPPROTO_GRE,
		.transport = 20,
	},
	{
		.name = "ipv4 with a protocol and nothing of it",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x14", "\x00\x00", "\xfd")),
		.family = AF_INET,
		.protocol = 0xfd,
		.transport = 20,
	},
	{
		.name = "ipv4 options",
		.type = ETH_P_IP,
		PACKET(IPV4("\x47", "\x00\x24", "\x00\x00", "\x11")
		       "\x01\x01\x01\x01\x01\x01\x01\x01" PORTS),
		.family = AF_INET,
		.protocol = IPPROTO_UDP,
		.sport = 0x1234,
		.dport = 80,
		.transport = 28,
	},
	{
		.name = "ipv4 options cut off",
		.type = ETH_P_IP,
		PACKET(IPV4("\x4f", "\x00\x50", "\x00\x00", "\xfd")
		       "\x01\x01\x01\x01\x01\x01\x01\x01"),
		.err = -EBADMSG,
	},
	{
		.name = "ipv4 options behind the total length",
		.type = ETH_P_IP,
		PACKET(IPV4("\x46", "\x00\x17", "\x00\x00", "\xfd")
		       "\x01\x01\x01\x01" PORTS),
		.err = -EBADMSG,
	},
	{
		.name = "ipv4 header of 16 bytes",
		.type = ETH_P_IP,
		PACKET(IPV4("\x44", "\x00\x1c", "\x00\x00", "\x11") PORTS),
		.err = -EBADMSG,
	},
	{
		.name = "ipv4 of version 6",
		.type = ETH_P_IP,
		PACKET(IPV4("\x65", "\x00\x1c", "\x00\x00", "\x11") PORTS),
		.err = -EBADMSG,
	},
	{
		.name = "ipv4 first fragment",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x1c", "\x20\x00", "\x11") PORTS),
		.family = AF_INET,
		.protocol = IPPROTO_UDP,
		.sport = 0x1234,
		.dport = 80,
		.transport = 20,
	},
	{
		.name = "ipv4 middle fragment",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x1c", "\x20\x01", "\x11") PORTS),
		.family = AF_INET,
		.protocol = IPPROTO_UDP,
		.flags = KCMAP_FLOW_FRAGMENT,
		.transport = 20,
	},
	{
		.name = "ipv4 last fragment, empty",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x14", "\x1f\xff", "\x06")),
		.family = AF_INET,
		.protocol = IPPROTO_TCP,
		.flags = KCMAP_FLOW_FRAGMENT,
		.transport = 20,
	},
	{
		.name = "ipv4 don't fragment is not a fragment",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x1c", "\xc0\x00", "\x11") PORTS),
		.family = AF_INET,
		.protocol = IPPROTO_UDP,
		.sport = 0x1234,
		.dport = 80,
		.transport = 20,
	},
	{
		.name = "ipv4 total length of 0",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x00", "\x00\x00", "\x06") PORTS),
		.family = AF_INET,
		.protocol = IPPROTO_TCP,
		.sport = 0x1234,
		.dport = 80,
		.transport = 20,
	},
	{
		.name = "ipv4 total length below the header",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x13", "\x00\x00", "\xfd") PORTS),
		.err = -EBADMSG,
	},
	{
		.name = "ipv4 total length in the ports",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\x00\x17", "\x00\x00", "\x11") PORTS),
		.err = -EBADMSG,
	},
	{
		.name = "ipv4 total length behind the frame",
		.type = ETH_P_IP,
		PACKET(IPV4("\x45", "\xff\xff", "\x00\x00", "\x11") PORTS),
		.family = AF_INET,
		.protocol = IPPROTO_UDP,
		.sport = 0x1234,
		.dport = 80,
		.transport = 20,
	},
	{
		.name = "ipv4 of 19 bytes",
		.type = ETH_P_IP,
		PACKET("\x45\x00\x00\x1c\x00\x01\x00\x00\x40\x11\x00\x00"
		       "\x01\x02\x03\x04\x01\x02\x03"),
		.err = -EBADMSG,
	},
	{
		.name = "ipv4 of 0 bytes",
		.type = ETH_P_IP,
		PACKET(""),
		.err = -EBADMSG,
	},
	{
		.name = "ipv6 udp",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x08", "\x11") PORTS),
		.family = AF_INET6,
		.protocol = IPPROTO_UDP,
		.sport = 0x1234,
		.dport = 80,
		.transport = 40,
	},
	{
		.name = "ipv6 icmpv6, only type and code",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x08", "\x3a") "\x80\x07"),
		.family = AF_INET6,
		.protocol = IPPROTO_ICMPV6,
		.sport = 128,
		.dport = 7,
		.transport = 40,
	},
	{
		.name = "ipv6 no next header",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x00", "\x3b")),
		.family = AF_INET6,
		.protocol = IPPROTO_NONE,
		.transport = 40,
	},
	{
		.name = "ipv6 hop-by-hop, routing, destination options",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x28", "\x00") OPTION("\x2b")
		       "\x3c\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		       "\x00\x00\x00\x00" OPTION("\x06") PORTS),
		.family = AF_INET6,
		.protocol = IPPROTO_TCP,
		.sport = 0x1234,
		.dport = 80,
		.transport = 72,
	},
	{
		.name = "ipv6 authentication header counts words of 4",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x14", "\x33")
		       "\x11\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01"
		       PORTS),
		.family = AF_INET6,
		.protocol = IPPROTO_UDP,
		.sport = 0x1234,
		.dport = 80,
		.transport = 52,
	},
	{
		.name = "ipv6 extension header cut off, ports wanted",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x28", "\x3c") "\x11\x03" PORTS),
		.err = -EBADMSG,
	},
	{
		.name = "ipv6 extension header cut off, nothing wanted",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x28", "\x3c") "\x3b\xff"),
		.family = AF_INET6,
		.protocol = IPPROTO_NONE,
		.transport = 40 + 2048,
	},
	{
		.name = "ipv6 extension header of 1 byte",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x28", "\x3c") "\x3b"),
		.err = -EBADMSG,
	},
	{
		.name = "ipv6 first fragment",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x10", "\x2c")
		       FRAGMENT6("\x11", "\x00\x01") PORTS),
		.family = AF_INET6,
		.protocol = IPPROTO_UDP,
		.sport = 0x1234,
		.dport = 80,
		.transport = 48,
	},
	{
		.name = "ipv6 atomic fragment, with an extension header in it",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x18", "\x2c")
		       FRAGMENT6("\x3c", "\x00\x00") OPTION("\x11") PORTS),
		.family = AF_INET6,
		.protocol = IPPROTO_UDP,
		.sport = 0x1234,
		.dport = 80,
		.transport = 56,
	},
	{
		.name = "ipv6 another fragment: what follows is data",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x18", "\x2c")
		       FRAGMENT6("\x3c", "\x00\x08") OPTION("\x11") PORTS),
		.family = AF_INET6,
		.protocol = IPPROTO_DSTOPTS,
		.flags = KCMAP_FLOW_FRAGMENT,
		.transport = 48,
	},
	{
		.name = "ipv6 fragment header cut off",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x10", "\x2c")
		       "\x11\x00\x00\x08\x00\x00\x00"),
		.err = -EBADMSG,
	},
	{
		.name = "ipv6 payload length of 0",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x00", "\x11") PORTS),
		.err = -EBADMSG,
	},
	{
		.name = "ipv6 payload length in the ports",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x60", "\x00\x03", "\x11") PORTS),
		.err = -EBADMSG,
	},
	{
		.name = "ipv6 of version 4",
		.type = ETH_P_IPV6,
		PACKET(IPV6("\x40", "\x00\x08", "\x11") PORTS),
		.err = -EBADMSG,
	},
	{
		.name = "ipv6 of 39 bytes",
		.type = ETH_P_IPV6,
		PACKET("\x60\x00\x00\x00\x00\x00\x3b\x40\x00\x00\x00\x00"
		       "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		       "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		       "\x00\x00\x00"),
		.err = -EBADMSG,
	},
	{
		.name = "a second VLAN tag",
		.type = ETH_P_8021Q,
		PACKET(VLAN("\x08\x00")
		       IPV4("\x45", "\x00\x1c", "\x00\x00", "\x11") PORTS),
		.family = AF_INET,
		.protocol = IPPROTO_UDP,
		.sport = 0x1234,
		.dport = 80,
		.network = 4,
		.transport = 24,
	},
	{
		.name = "three VLAN tags of three kinds",
		.type = 0x9100,
		PACKET(VLAN("\x88\xa8") VLAN("\x81\x00") VLAN("\x86\xdd")
		       IPV6("\x60", "\x00\x08", "\x11") PORTS),
		.family = AF_INET6,
		.protocol = IPPROTO_UDP,
		.sport = 0x1234,
		.dport = 80,
		.network = 12,
		.transport = 52,
	},
	{
		.name = "a VLAN tag cut off",
		.type = ETH_P_8021Q,
		PACKET("\x00\x05\x08"),
		.err = -EBADMSG,
	},
	{
		.name = "nothing but VLAN tags",
		.type = ETH_P_8021Q,
		PACKET(VLAN("\x81\x00") VLAN("\x81\x00") VLAN("\x81\x00")
		       VLAN("\x81\x00") VLAN("\x81\x00") VLAN("\x81\x00")
		       VLAN("\x81\x00") VLAN("\x81\x00") VLAN("\x81\x00")),
		.err = -EBADMSG,
	},
	{
		.name = "802.2 with SNAP",
		.type = ETH_P_802_2,
		PACKET(SNAP("\x08\x00")
		       IPV4("\x45", "\x00\x1c", "\x00\x00", "\x11") PORTS),
		.family = AF_INET,
		.protocol = IPPROTO_UDP,
		.sport = 0x1234,
		.dport = 80,
		.network = 8,
		.transport = 28,
	},
	{
		.name = "a length and SNAP in a VLAN tag",
		.type = ETH_P_8021Q,
		PACKET(VLAN("\x00\x24") SNAP("\x08\x00")
		       IPV4("\x45", "\x00\x1c", "\x00\x00", "\x11") PORTS),
		.family = AF_INET,
		.protocol = IPPROTO_UDP,
		.sport = 0x1234,
		.dport = 80,
		.network = 12,
		.transport = 32,
	},
	{
		.name = "802.2 without SNAP",
		.type = ETH_P_802_2,
		PACKET("\x42\x42\x03\x00\x00\x00\x08\x00\x45"),
		.err = -EPROTONOSUPPORT,
	},
	{
		.name = "802.2 cut off",
		.type = ETH_P_802_2,
		PACKET("\xaa\xaa\x03\x00\x00\x00\x08"),
		.err = -EPROTONOSUPPORT,
	},
	{
		.name = "arp",
		.type = ETH_P_ARP,
		PACKET("\x00\x01\x08\x00\x06\x04\x00\x01"),
		.err = -EPROTONOSUPPORT,
	},
};

/* clang-format on */

KUNIT_ARRAY_PARAM_DESC(parse, parse_cases, name);

/*
 * A packet whose first @linear bytes are in the head and the rest in a page,
 * with @fill behind both.
 */
static struct sk_buff *parse_skb(struct kunit *test, const void *data,
				 unsigned int length, u16 type,
				 unsigned int linear, u8 fill)
{
	struct sk_buff *skb = alloc_skb(length + TEST_TAIL, GFP_KERNEL);
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb->protocol = htons(type);
	memset(skb->head, fill, skb_end_offset(skb));
	skb_put_data(skb, data, linear);
	if (linear < length) {
		page = alloc_page(GFP_KERNEL);
		if (!page) {
			kfree_skb(skb);
			KUNIT_FAIL_AND_ABORT(test, "no memory");
		}
		memset(page_address(page), fill, PAGE_SIZE);
		memcpy(page_address(page), data + linear, length - linear);
		skb_add_rx_frag(skb, 0, page, 0, length - linear, PAGE_SIZE);
	}
	return skb;
}

static void parse_expect(struct kunit *test, const struct parse_case *param,
			 const struct kcmap_packet *packet, int err)
{
	const struct kcmap_flow_key *key = &packet->key;

	KUNIT_ASSERT_EQ(test, err, param->err);
	if (err)
		return;
	KUNIT_EXPECT_EQ(test, key->family, param->family);
	KUNIT_EXPECT_EQ(test, key->protocol, param->protocol);
	KUNIT_EXPECT_EQ(test, ntohs(key->sport), param->sport);
	KUNIT_EXPECT_EQ(test, ntohs(key->dport), param->dport);
	KUNIT_EXPECT_EQ(test, key->flags, param->flags);
	KUNIT_EXPECT_EQ(test, key->reserved, 0);
	KUNIT_EXPECT_EQ(test, packet->network, param->network);
	KUNIT_EXPECT_EQ(test, packet->transport, param->transport);
	if (param->family == AF_INET) {
		KUNIT_EXPECT_MEMEQ(test, key->src,
				   "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1",
				   16);
		KUNIT_EXPECT_MEMEQ(test, key->dst,
				   "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\2",
				   16);
	} else {
		KUNIT_EXPECT_MEMEQ(test, key->src,
				   "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
		KUNIT_EXPECT_MEMEQ(test, key->dst,
				   "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	}
}

/* Wherever the head ends, and whatever is behind the packet. */
static void parse_packets(struct kunit *test)
{
	const struct parse_case *param = test->param_value;
	struct kcmap_packet packet;
	struct sk_buff *skb;
	unsigned int linear;
	int err;

	for (linear = 0; linear <= param->length; linear++) {
		skb = parse_skb(test, param->data, param->length, param->type,
				linear, linear & 1 ? 0xff : 0);
		err = kcmap_packet_parse(skb, &packet);
		kfree_skb(skb);
		parse_expect(test, param, &packet, err);
	}
}

/* A packet that is cut anywhere is malformed, or has the flow that it had. */
static void parse_truncated(struct kunit *test)
{
	const struct parse_case *param = test->param_value;
	struct kcmap_packet packet;
	struct sk_buff *skb;
	unsigned int length;
	int err;

	if (param->err)
		return;
	for (length = 0; length < param->length; length++) {
		skb = parse_skb(test, param->data, length, param->type, length,
				0x11);
		err = kcmap_packet_parse(skb, &packet);
		kfree_skb(skb);
		if (!err)
			parse_expect(test, param, &packet, err);
		else if (err != -EPROTONOSUPPORT)
			KUNIT_EXPECT_EQ(test, err, -EBADMSG);
	}
}

/* As many extension headers as there may be, and one more. */
static void parse_many_headers(struct kunit *test)
{
	static const char head[] = IPV6("\x60", "\x00\x00", "\x3c");
	struct kcmap_packet packet;
	unsigned int count, i;
	struct sk_buff *skb;
	u8 *option;

	for (count = 30; count <= 33; count++) {
		skb = alloc_skb(512, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb->protocol = htons(ETH_P_IPV6);
		skb_put_data(skb, head, sizeof(head) - 1);
		for (i = 0; i < count; i++) {
			option = skb_put_zero(skb, 8);
			*option = i < count - 1 ? IPPROTO_DSTOPTS :
						  IPPROTO_NONE;
		}
		skb->data[4] = 8 * count >> 8;
		skb->data[5] = 8 * count;
		KUNIT_EXPECT_EQ(test, kcmap_packet_parse(skb, &packet),
				count < 32 ? 0 : -EBADMSG);
		kfree_skb(skb);
	}
}

static void parse_check_garbage(struct kunit *test, const u8 *data,
				unsigned int length, u16 type,
				unsigned int linear)
{
	struct kcmap_packet packet[2];
	struct sk_buff *skb;
	int err[2], i;

	for (i = 0; i < 2; i++) {
		skb = parse_skb(test, data, length, type, i ? linear : length,
				i ? 0x55 : 0xaa);
		err[i] = kcmap_packet_parse(skb, &packet[i]);
		kfree_skb(skb);
	}
	/* What is behind the packet makes no difference. */
	KUNIT_ASSERT_EQ(test, err[0], err[1]);
	if (err[0]) {
		if (err[0] != -EPROTONOSUPPORT)
			KUNIT_ASSERT_EQ(test, err[0], -EBADMSG);
		return;
	}
	KUNIT_ASSERT_MEMEQ(test, &packet[0], &packet[1], sizeof(packet[0]));
	if (packet->key.family != AF_INET6)
		KUNIT_ASSERT_EQ(test, packet->key.family, AF_INET);
	KUNIT_ASSERT_EQ(test, packet->key.flags & ~KCMAP_FLOW_FRAGMENT, 0);
	KUNIT_ASSERT_EQ(test, packet->key.reserved, 0);
	KUNIT_ASSERT_LE(test, packet->network + 20, length);
	if (packet->key.flags & KCMAP_FLOW_FRAGMENT) {
		KUNIT_ASSERT_EQ(test, ntohs(packet->key.sport), 0);
		KUNIT_ASSERT_EQ(test, ntohs(packet->key.dport), 0);
	}
}

/* Bytes at random, and good packets with a few bytes changed. */
static void parse_garbage(struct kunit *test)
{
	static const u16 types[] = { ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q,
				     ETH_P_802_2 };
	const struct parse_case *good;
	u8 data[TEST_PACKET_MAX];
	struct rnd_state random;
	unsigned int i, length;
	u16 type;

	prandom_seed_state(&random, 1);
	for (i = 0; i < 20000; i++) {
		if (i & 1) {
			good = &parse_cases[prandom_u32_state(&random) %
					    ARRAY_SIZE(parse_cases)];
			length = good->length;
			memcpy(data, good->data, length);
			type = good->type;
			if (length)
				data[prandom_u32_state(&random) % length] =
					prandom_u32_state(&random);
		} else {
			length = prandom_u32_state(&random) % sizeof(data);
			prandom_bytes_state(&random, data, length);
			type = types[prandom_u32_state(&random) %
				     ARRAY_SIZE(types)];
		}
		parse_check_garbage(test, data, length, type,
				    prandom_u32_state(&random) % (length + 1));
	}
}

/**
 * struct measure_case - a packet that stands for several
 * @name: of the case
 * @ipv6: IPv6, else IPv4
 * @protocol: IPPROTO_TCP or IPPROTO_UDP
 * @data: bytes behind the transport header
 * @gso_type: as in struct skb_shared_info
 * @gso_size: likewise
 * @gso_segs: likewise
 * @segments: that are to be counted
 * @bytes: likewise
 */
struct measure_case {
	const char *name;
	bool ipv6;
	u8 protocol;
	unsigned int data;
	unsigned int gso_type;
	u16 gso_size;
	u16 gso_segs;
	u32 segments;
	u64 bytes;
};

static const struct measure_case measure_cases[] = {
	{ "one packet", false, IPPROTO_TCP, 1000, 0, 0, 0, 1, 1040 },
	{ "tcp, ipv4", false, IPPROTO_TCP, 3500, SKB_GSO_TCPV4, 1000, 4, 4,
	  3500 + 4 * 40 },
	{ "tcp, ipv6", true, IPPROTO_TCP, 3000, SKB_GSO_TCPV6, 1000, 3, 3,
	  3000 + 3 * 60 },
	{ "number left open", false, IPPROTO_TCP, 3500, SKB_GSO_TCPV4, 1000, 0,
	  4, 3500 + 4 * 40 },
	{ "number not to be trusted", false, IPPROTO_TCP, 3500,
	  SKB_GSO_TCPV4 | SKB_GSO_DODGY, 1000, 900, 4, 3500 + 4 * 40 },
	{ "udp", true, IPPROTO_UDP, 2001, SKB_GSO_UDP_L4, 1000, 3, 3,
	  2001 + 3 * 48 },
	{ "one segment", false, IPPROTO_TCP, 10, SKB_GSO_TCPV4, 1000, 1, 1,
	  50 },
	{ "no more than headers", false, IPPROTO_TCP, 0, SKB_GSO_TCPV4, 1000, 9,
	  1, 40 },
};

KUNIT_ARRAY_PARAM_DESC(measure, measure_cases, name);

static void measure_packets(struct kunit *test)
{
	static const char ipv4[] = IPV4("\x45", "\x00\x00", "\x00\x00", "\x06");
	static const char ipv6[] = IPV6("\x60", "\x00\x00", "\x06");
	const struct measure_case *param = test->param_value;
	struct kcmap_packet packet;
	struct sk_buff *skb;
	u32 segments;
	u8 *header;
	u64 bytes;

	skb = alloc_skb(param->data + 60, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	if (param->ipv6) {
		skb->protocol = htons(ETH_P_IPV6);
		header = skb_put_data(skb, ipv6, sizeof(ipv6) - 1);
		header[6] = param->protocol;
	} else {
		skb->protocol = htons(ETH_P_IP);
		header = skb_put_data(skb, ipv4, sizeof(ipv4) - 1);
		header[9] = param->protocol;
	}
	if (param->protocol == IPPROTO_TCP) {
		header = skb_put_zero(skb, 20);
		header[12] = 0x50;
	} else {
		skb_put_zero(skb, 8);
	}
	skb_put_zero(skb, param->data);
	skb_shinfo(skb)->gso_type = param->gso_type;
	skb_shinfo(skb)->gso_size = param->gso_size;
	skb_shinfo(skb)->gso_segs = param->gso_segs;

	/* A payload length of 0, where the packet is not GSO, has no ports. */
	if (kcmap_packet_parse(skb, &packet))
		KUNIT_FAIL(test, "not parsed");
	kcmap_packet_measure(skb, &packet, &segments, &bytes);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, segments, param->segments);
	KUNIT_EXPECT_EQ(test, bytes, param->bytes);
}

static struct kunit_case parse_test_cases[] = {
	KUNIT_CASE_PARAM(parse_packets, parse_gen_params),
	KUNIT_CASE_PARAM(parse_truncated, parse_gen_params),
	KUNIT_CASE(parse_many_headers),
	KUNIT_CASE(parse_garbage),
	KUNIT_CASE_PARAM(measure_packets, measure_gen_params),
	{}
};

static struct kunit_suite parse_test_suite = {
	.name = "kcmap_classify_parse",
	.test_cases = parse_test_cases,
};

kunit_test_suite(parse_test_suite);
