// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcmap_classify on crafted frames: the key that each gives, the counters in the
 * value and of the attachment to the last packet and byte, verdicts, learning.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

#include "classify_util.h"

#ifndef SO_RCVMARK
#define SO_RCVMARK 75
#endif

/* --- Frames --- */

struct frame {
	uint8_t data[9100];
	size_t length;
};

static void put(struct frame *frame, const void *data, size_t length)
{
	memcpy(frame->data + frame->length, data, length);
	frame->length += length;
}

static void put8(struct frame *frame, uint8_t value)
{
	put(frame, &value, sizeof(value));
}

static void put16(struct frame *frame, uint16_t value)
{
	value = htons(value);
	put(frame, &value, sizeof(value));
}

static void put_zeros(struct frame *frame, size_t length)
{
	memset(frame->data + frame->length, 0, length);
	frame->length += length;
}

static uint8_t rx_mac[ETH_ALEN];

static void put_ether(struct frame *frame)
{
	static const uint8_t from[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };

	frame->length = 0;
	put(frame, rx_mac, ETH_ALEN);
	put(frame, from, ETH_ALEN);
}

static uint16_t checksum(const void *data, size_t length)
{
	const uint8_t *byte = data;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < length; i += 2)
		sum += byte[i] << 8 | byte[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static const uint8_t src4[] = { 192, 0, 2, 1 }, dst4[] = { 192, 0, 2, 2 };
static const uint8_t src6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
static const uint8_t dst6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 2 };

/* Header of 20 bytes; @payload and @fragment go into its fields only. */
static void put_ip4(struct frame *frame, uint8_t protocol, uint16_t payload,
		    uint16_t fragment)
{
	size_t start = frame->length;
	uint16_t sum;

	put8(frame, 0x45);
	put8(frame, 0);
	put16(frame, 20 + payload);
	put16(frame, 1);
	put16(frame, fragment);
	put8(frame, 64);
	put8(frame, protocol);
	put16(frame, 0);
	put(frame, src4, sizeof(src4));
	put(frame, dst4, sizeof(dst4));
	sum = checksum(frame->data + start, 20);
	memcpy(frame->data + start + 10, &sum, sizeof(sum));
}

static void put_ip6(struct frame *frame, uint8_t next, uint16_t payload)
{
	put8(frame, 0x60);
	put_zeros(frame, 3);
	put16(frame, payload);
	put8(frame, next);
	put8(frame, 64);
	put(frame, src6, sizeof(src6));
	put(frame, dst6, sizeof(dst6));
}

/* 8 bytes and @data more. */
static void put_udp(struct frame *frame, uint16_t sport, uint16_t dport,
		    size_t data)
{
	put16(frame, sport);
	put16(frame, dport);
	put16(frame, 8 + data);
	put16(frame, 0);
	put_zeros(frame, data);
}

static void udp4(struct frame *frame, uint16_t sport, uint16_t dport,
		 size_t data)
{
	put_ether(frame);
	put16(frame, ETH_P_IP);
	put_ip4(frame, IPPROTO_UDP, 8 + data, 0);
	put_udp(frame, sport, dport, data);
}

static struct kcmap_flow_key key4(uint8_t protocol, uint16_t sport,
				  uint16_t dport, uint8_t flags)
{
	struct kcmap_flow_key key = {
		.src = { [10] = 0xff, [11] = 0xff },
		.dst = { [10] = 0xff, [11] = 0xff },
		.sport = htons(sport),
		.dport = htons(dport),
		.protocol = protocol,
		.family = AF_INET,
		.flags = flags,
	};

	memcpy(key.src + 12, src4, 4);
	memcpy(key.dst + 12, dst4, 4);
	return key;
}

static struct kcmap_flow_key key6(uint8_t protocol, uint16_t sport,
				  uint16_t dport, uint8_t flags)
{
	struct kcmap_flow_key key = key4(protocol, sport, dport, flags);

	key.family = AF_INET6;
	memcpy(key.src, src6, 16);
	memcpy(key.dst, dst6, 16);
	return key;
}

/* --- What all tests use --- */

static struct pair pair;
static int device, sender;

static void send_frame(const struct frame *frame)
{
	if (send(sender, frame->data, frame->length, 0) !=
	    (ssize_t)frame->length)
		die("send");
}

static void attach(int map, uint32_t flags, uint32_t verdict, uint32_t mark)
{
	if (classify_attach(device, pair.rx, map, flags, verdict, mark))
		die("KCMAP_CLASSIFY_ATTACH");
}

static void detach(void)
{
	if (classify_detach(device, pair.rx))
		die("KCMAP_CLASSIFY_DETACH");
}

static uint64_t boottime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* --- Keys --- */

enum outcome { FLOW, NOT_IP, MALFORMED };

/* Sends each frame thrice: learned once, then found twice. */
static void check_frame(const char *what, const struct frame *frame,
			enum outcome outcome, struct kcmap_flow_key key,
			uint64_t bytes)
{
	struct kcmap_classify_stats stats;
	struct kcmap_flow_value value = { 0 };
	uint64_t before = boottime(), flows = outcome == FLOW;
	int map = map_create(100);
	bool good;
	int i;

	attach(map, KCMAP_CLASSIFY_LEARN, KCMAP_VERDICT_ACCEPT, 0);
	for (i = 0; i < 3; i++)
		send_frame(frame);
	good = classify_wait(device, pair.rx, 3, &stats) &&
	       stats.learned == flows && stats.misses == flows &&
	       stats.hits == 2 * flows &&
	       stats.not_ip == (outcome == NOT_IP ? 3 : 0) &&
	       stats.malformed == (outcome == MALFORMED ? 3 : 0) &&
	       stats.accepted == 3 && !stats.dropped && !stats.marked &&
	       !stats.learn_full && !stats.learn_failed &&
	       map_entries(map) == flows;
	if (outcome == FLOW)
		good = good && !map_lookup(map, &key, &value) &&
		       value.packets == 3 && value.bytes == 3 * bytes &&
		       !value.verdict && !value.mark &&
		       value.last_seen_ns >= before &&
		       value.last_seen_ns <= boottime();
	detach();
	close(map);
	if (tap_ok(good, "%s", what))
		return;
	tap_diag("learned %llu hits %llu not_ip %llu malformed %llu",
		 stats.learned, stats.hits, stats.not_ip, stats.malformed);
	tap_diag("value: packets %llu bytes %llu, want 3 and %llu",
		 value.packets, value.bytes, 3ULL * bytes);
}

static void test_keys_ipv4(void)
{
	struct frame f;

	udp4(&f, 1000, 2000, 10);
	check_frame("UDP over IPv4", &f, FLOW, key4(17, 1000, 2000, 0), 38);
	put_zeros(&f, 18);
	check_frame("Ethernet padding is counted", &f, FLOW,
		    key4(17, 1000, 2000, 0), 56);

	put_ether(&f);
	put16(&f, ETH_P_IP);
	put_ip4(&f, IPPROTO_TCP, 20, 0);
	put16(&f, 5555);
	put16(&f, 80);
	put_zeros(&f, 16);
	check_frame("TCP over IPv4", &f, FLOW, key4(6, 5555, 80, 0), 40);
	f.data[14] = 0x46;
	check_frame("IPv4 options are skipped", &f, FLOW, key4(6, 0, 0, 0), 40);
	f.data[14] = 0x44;
	check_frame("an IPv4 header that is too short", &f, MALFORMED,
		    key4(0, 0, 0, 0), 0);
	f.data[14] = 0x65;
	check_frame("version 6 in IPv4", &f, MALFORMED, key4(0, 0, 0, 0), 0);

	put_ether(&f);
	put16(&f, ETH_P_IP);
	put_ip4(&f, IPPROTO_ICMP, 8, 0);
	put8(&f, 3);
	put8(&f, 1);
	put_zeros(&f, 6);
	check_frame("ICMP: type and code", &f, FLOW, key4(1, 3, 1, 0), 28);

	put_ether(&f);
	put16(&f, ETH_P_IP);
	put_ip4(&f, IPPROTO_GRE, 8, 0);
	put_udp(&f, 7, 8, 0);
	check_frame("another protocol has no ports", &f, FLOW,
		    key4(47, 0, 0, 0), 28);

	put_ether(&f);
	put16(&f, ETH_P_IP);
	put_ip4(&f, IPPROTO_UDP, 8, 0x2000);
	put_udp(&f, 7, 8, 0);
	check_frame("the first fragment has ports", &f, FLOW, key4(17, 7, 8, 0),
		    28);
	put_ether(&f);
	put16(&f, ETH_P_IP);
	put_ip4(&f, IPPROTO_UDP, 8, 0x2001);
	put_udp(&f, 7, 8, 0);
	check_frame("another fragment has the flag", &f, FLOW,
		    key4(17, 0, 0, KCMAP_FLOW_FRAGMENT), 28);

	udp4(&f, 1, 2, 0);
	f.length = 14 + 20 + 3;
	check_frame("ports cut off", &f, MALFORMED, key4(0, 0, 0, 0), 0);
	f.length = 14 + 20 + 4;
	check_frame("ports just there", &f, FLOW, key4(17, 1, 2, 0), 24);
	f.length = 14 + 19;
	check_frame("IPv4 header cut off", &f, MALFORMED, key4(0, 0, 0, 0), 0);
	f.length = 14;
	check_frame("no IPv4 header", &f, MALFORMED, key4(0, 0, 0, 0), 0);

	put_ether(&f);
	put16(&f, ETH_P_IP);
	put_ip4(&f, IPPROTO_UDP, 3, 0);
	put_udp(&f, 7, 8, 20);
	check_frame("ports behind the total length", &f, MALFORMED,
		    key4(0, 0, 0, 0), 0);
}

static void test_keys_ipv6(void)
{
	struct frame f;

	put_ether(&f);
	put16(&f, ETH_P_IPV6);
	put_ip6(&f, IPPROTO_UDP, 18);
	put_udp(&f, 1000, 2000, 10);
	check_frame("UDP over IPv6", &f, FLOW, key6(17, 1000, 2000, 0), 58);

	put_ether(&f);
	put16(&f, ETH_P_IPV6);
	put_ip6(&f, IPPROTO_ICMPV6, 8);
	put8(&f, 128);
	put_zeros(&f, 7);
	check_frame("ICMPv6: type and code", &f, FLOW, key6(58, 128, 0, 0), 48);

	put_ether(&f);
	put16(&f, ETH_P_IPV6);
	put_ip6(&f, IPPROTO_HOPOPTS, 8 + 16 + 8 + 8);
	put8(&f, IPPROTO_ROUTING);
	put8(&f, 0);
	put_zeros(&f, 6);
	put8(&f, IPPROTO_DSTOPTS);
	put8(&f, 1);
	put_zeros(&f, 14);
	put8(&f, IPPROTO_UDP);
	put8(&f, 0);
	put_zeros(&f, 6);
	put_udp(&f, 3, 4, 0);
	check_frame("extension headers are walked", &f, FLOW, key6(17, 3, 4, 0),
		    80);
	f.length = 14 + 40 + 8 + 16 + 1;
	check_frame("an extension header is cut off", &f, MALFORMED,
		    key6(0, 0, 0, 0), 0);

	put_ether(&f);
	put16(&f, ETH_P_IPV6);
	put_ip6(&f, IPPROTO_FRAGMENT, 16);
	put8(&f, IPPROTO_UDP);
	put8(&f, 0);
	put16(&f, 1);
	put_zeros(&f, 4);
	put_udp(&f, 3, 4, 0);
	check_frame("the first fragment of IPv6 has ports", &f, FLOW,
		    key6(17, 3, 4, 0), 56);
	f.data[14 + 40 + 3] = 0x10;
	check_frame("another fragment of IPv6 has the flag", &f, FLOW,
		    key6(17, 0, 0, KCMAP_FLOW_FRAGMENT), 56);

	put_ether(&f);
	put16(&f, ETH_P_IPV6);
	put_ip6(&f, IPPROTO_NONE, 0);
	check_frame("no next header", &f, FLOW, key6(59, 0, 0, 0), 40);
	f.length--;
	check_frame("IPv6 header cut off", &f, MALFORMED, key6(0, 0, 0, 0), 0);
}

static void test_keys_link(void)
{
	struct frame f;

	put_ether(&f);
	put16(&f, ETH_P_8021Q);
	put16(&f, 5);
	put16(&f, ETH_P_IP);
	put_ip4(&f, IPPROTO_UDP, 8, 0);
	put_udp(&f, 1, 2, 0);
	check_frame("a VLAN tag is not counted", &f, FLOW, key4(17, 1, 2, 0),
		    28);

	put_ether(&f);
	put16(&f, ETH_P_8021AD);
	put16(&f, 5);
	put16(&f, ETH_P_8021Q);
	put16(&f, 6);
	put16(&f, 0x9100);
	put16(&f, 7);
	put16(&f, ETH_P_IPV6);
	put_ip6(&f, IPPROTO_UDP, 8);
	put_udp(&f, 1, 2, 0);
	check_frame("nor are three", &f, FLOW, key6(17, 1, 2, 0), 48);
	f.length = 14 + 4 + 4 + 2;
	check_frame("a VLAN tag is cut off", &f, MALFORMED, key6(0, 0, 0, 0),
		    0);

	put_ether(&f);
	put16(&f, ETH_P_ARP);
	put_zeros(&f, 28);
	check_frame("ARP", &f, NOT_IP, key4(0, 0, 0, 0), 0);
	put_ether(&f);
	put16(&f, 40);
	put_zeros(&f, 40);
	check_frame("802.3 with LLC", &f, NOT_IP, key4(0, 0, 0, 0), 0);
}

/* --- Verdicts: what arrives at a socket behind the hook --- */

/* Waits for one datagram; gives its destination port's mark and first byte. */
static int receive(int fd, uint32_t *mark)
{
	char control[CMSG_SPACE(sizeof(uint32_t))];
	uint8_t byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;

	if (recvmsg(fd, &message, 0) < 0)
		return -errno;
	*mark = 0;
	for (header = CMSG_FIRSTHDR(&message); header;
	     header = CMSG_NXTHDR(&message, header))
		if (header->cmsg_level == SOL_SOCKET &&
		    header->cmsg_type == SO_MARK)
			memcpy(mark, CMSG_DATA(header), sizeof(*mark));
	return byte;
}

static void test_verdicts(void)
{
	struct timeval limit = { .tv_sec = 30 };
	struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_port = htons(2000),
	};
	struct kcmap_flow_key dropped = key4(17, 1, 2000, 0);
	struct kcmap_flow_key marked = key4(17, 2, 2000, 0);
	struct kcmap_flow_key odd = key4(17, 3, 2000, 0);
	int map = map_create(100), fd, on = 1;
	struct kcmap_classify_stats stats;
	struct kcmap_flow_value value;
	struct frame f;
	uint32_t mark;
	bool good;

	run("ip addr add 192.0.2.2/24 dev rx0");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	memcpy(&here.sin_addr, dst4, sizeof(dst4));
	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVMARK, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		die("UDP socket");
	attach(map, 0, KCMAP_VERDICT_ACCEPT, 0);

	tap_errno(classify_set(device, map, &dropped, KCMAP_VERDICT_DROP, 0), 0,
		  "SET inserts a rule");
	tap_errno(classify_set(device, map, &marked, KCMAP_VERDICT_MARK, 77), 0,
		  "SET inserts a rule with a mark");
	good = !map_lookup(map, &dropped, &value) &&
	       value.verdict == KCMAP_VERDICT_DROP && !value.packets &&
	       !value.bytes && !value.last_seen_ns;
	tap_ok(good, "a rule that was set begins with counters of zero");

	/* Order is kept, so what comes next tells what did not. */
	udp4(&f, 1, 2000, 1);
	f.data[f.length - 1] = 'a';
	send_frame(&f);
	udp4(&f, 2, 2000, 1);
	f.data[f.length - 1] = 'b';
	send_frame(&f);
	tap_equal(receive(fd, &mark), 'b', "a dropped flow does not arrive");
	tap_equal(mark, 77, "a marked flow has the mark");
	udp4(&f, 3, 2000, 1);
	f.data[f.length - 1] = 'c';
	send_frame(&f);
	tap_equal(receive(fd, &mark), 'c', "an unknown flow is accepted");
	tap_equal(mark, 0, "and has no mark");

	tap_errno(classify_set(device, map, &dropped, KCMAP_VERDICT_ACCEPT, 0),
		  0, "SET allows the flow again");
	udp4(&f, 1, 2000, 1);
	f.data[f.length - 1] = 'd';
	send_frame(&f);
	tap_equal(receive(fd, &mark), 'd', "and it arrives");
	good = !map_lookup(map, &dropped, &value) && value.packets == 2 &&
	       value.bytes == 2 * 29;
	tap_ok(good, "its counters have gone on, the dropped packet included");

	if (classify_wait(device, pair.rx, 4, &stats)) {
		tap_equal(stats.hits, 3, "hits");
		tap_equal(stats.misses, 1, "misses");
		tap_equal(stats.dropped, 1, "dropped");
		tap_equal(stats.marked, 1, "marked");
		tap_equal(stats.accepted, 2, "accepted");
	}
	tap_equal(map_entries(map), 2, "nothing is learned unless asked for");

	/* Anyone who may write to the map may store any number there. */
	value.verdict = 0xdeadbeef;
	{
		struct kcmap_op op = {
			.opcode = KCMAP_OP_UPSERT,
			.key = (uintptr_t)&odd,
			.value = (uintptr_t)&value,
		};
		struct kcmap_submit submit = {
			.size = sizeof(submit),
			.nr = 1,
			.ops = (uintptr_t)&op,
			.op_size = sizeof(op),
		};

		if (ioctl(map, KCMAP_MAP_SUBMIT, &submit) || op.status)
			die("KCMAP_OP_UPSERT");
	}
	udp4(&f, 3, 2000, 1);
	f.data[f.length - 1] = 'e';
	send_frame(&f);
	tap_equal(receive(fd, &mark), 'e', "a verdict that is not one accepts");
	detach();

	/* The default verdict is for what is absent. */
	map_clear(map);
	attach(map, 0, KCMAP_VERDICT_DROP, 0);
	if (classify_set(device, map, &marked, KCMAP_VERDICT_ACCEPT, 0))
		die("KCMAP_CLASSIFY_SET");
	udp4(&f, 1, 2000, 1);
	send_frame(&f);
	udp4(&f, 2, 2000, 1);
	f.data[f.length - 1] = 'f';
	send_frame(&f);
	tap_equal(receive(fd, &mark), 'f', "default verdict: drop");
	detach();
	attach(map, KCMAP_CLASSIFY_LEARN, KCMAP_VERDICT_MARK, 99);
	udp4(&f, 5, 2000, 1);
	f.data[f.length - 1] = 'g';
	send_frame(&f);
	tap_equal(receive(fd, &mark), 'g', "default verdict: mark");
	tap_equal(mark, 99, "its mark");
	marked = key4(17, 5, 2000, 0);
	good = !map_lookup(map, &marked, &value) &&
	       value.verdict == KCMAP_VERDICT_MARK && value.mark == 99;
	tap_ok(good, "a flow that is learned has verdict and mark");
	detach();

	/* Not IP and malformed are passed, whatever the default says. */
	attach(map, 0, KCMAP_VERDICT_DROP, 0);
	put_ether(&f);
	put16(&f, ETH_P_ARP);
	put_zeros(&f, 28);
	send_frame(&f);
	udp4(&f, 5, 2000, 0);
	f.length = 30;
	send_frame(&f);
	good = classify_wait(device, pair.rx, 2, &stats) &&
	       stats.accepted == 2 && stats.not_ip == 1 && stats.malformed == 1;
	tap_ok(good, "what has no flow is passed by a default of drop");
	detach();
	close(fd);
	close(map);
	run("ip addr flush dev rx0");
}

/* --- A full map --- */

static void test_full(void)
{
	struct kcmap_flow_key other = key4(17, 900, 1, 0);
	struct kcmap_classify_stats stats;
	int map = map_create(4), round, i;
	struct frame f;

	attach(map, KCMAP_CLASSIFY_LEARN, KCMAP_VERDICT_ACCEPT, 0);
	for (round = 0; round < 3; round++)
		for (i = 0; i < 10; i++) {
			udp4(&f, 100 + i, 1, 0);
			send_frame(&f);
		}
	tap_ok(classify_wait(device, pair.rx, 30, &stats),
	       "full map: every packet is seen");
	tap_equal(stats.learned, 4, "full map: learned");
	tap_equal(stats.hits, 8, "full map: hits");
	tap_equal(stats.learn_full, 18, "full map: not learned");
	tap_equal(stats.misses, 22, "full map: misses");
	tap_equal(stats.learn_failed, 0, "full map: no other failure");
	tap_equal(stats.accepted, 30, "full map: packets are passed");
	tap_equal(map_entries(map), 4, "full map: entries");
	tap_errno(classify_set(device, map, &other, KCMAP_VERDICT_DROP, 0),
		  -ENOSPC, "full map: SET of another flow");
	detach();
	close(map);
}

/* --- Packets that stand for many --- */

static void set_tso(const struct pair *p, uint32_t on)
{
	struct ethtool_value value = { .cmd = ETHTOOL_STSO, .data = on };
	struct ifreq request = { .ifr_name = "tx0" };
	int fd;

	enter(p->tx_ns);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	request.ifr_data = (char *)&value;
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		die("ETHTOOL_STSO");
	close(fd);
	enter(p->rx_ns);
}

/* TCP with 3500 bytes, to be cut after each 1000. */
static void send_gso(int fd, bool ipv6)
{
	size_t header = 14 + (ipv6 ? 40 : 20) + 20;
	struct virtio_net_hdr virtio = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 :
				   VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = header,
		.gso_size = 1000,
		.csum_start = header - 20,
		.csum_offset = 16,
	};
	struct frame f = { 0 }, all = { 0 };

	put_ether(&f);
	put16(&f, ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	if (ipv6)
		put_ip6(&f, IPPROTO_TCP, 20 + 3500);
	else
		put_ip4(&f, IPPROTO_TCP, 20 + 3500, 0);
	put16(&f, 10);
	put16(&f, 20);
	put_zeros(&f, 8);
	put8(&f, 0x50);
	put8(&f, 0x10);
	put_zeros(&f, 6 + 3500);
	put(&all, &virtio, sizeof(virtio));
	put(&all, f.data, f.length);
	if (send(fd, all.data, all.length, 0) != (ssize_t)all.length)
		die("send with PACKET_VNET_HDR");
}

static void test_gso(bool ipv6, bool offload)
{
	struct kcmap_flow_key key = ipv6 ? key6(6, 10, 20, 0) :
					   key4(6, 10, 20, 0);
	const char *what = offload ? "segments of a GSO packet" :
				     "the same, segmented by the sender";
	uint64_t header = (ipv6 ? 40 : 20) + 20;
	struct kcmap_flow_value value = { 0 };
	struct kcmap_classify_stats stats;
	int map = map_create(10), fd = pair_socket(&pair), on = 1;
	bool good;

	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)))
		die("PACKET_VNET_HDR");
	set_tso(&pair, offload);
	attach(map, KCMAP_CLASSIFY_LEARN, KCMAP_VERDICT_ACCEPT, 0);
	send_gso(fd, ipv6);
	good = classify_wait(device, pair.rx, offload ? 1 : 4, &stats) &&
	       !map_lookup(map, &key, &value) && value.packets == 4 &&
	       value.bytes == 3500 + 4 * header;
	if (!tap_ok(good, "%s, IPv%d", what, ipv6 ? 6 : 4))
		tap_diag("seen %llu, packets %llu, bytes %llu", stats.packets,
			 value.packets, value.bytes);
	detach();
	set_tso(&pair, 1);
	close(fd);
	close(map);
}

static void read_mac(void)
{
	struct ifreq request = { .ifr_name = "rx0" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		die("SIOCGIFHWADDR");
	memcpy(rx_mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
	close(fd);
}

int main(void)
{
	printf("TAP version 13\n");
	device = classify_open();
	pair_create(&pair);
	read_mac();
	sender = pair_socket(&pair);

	test_keys_ipv4();
	test_keys_ipv6();
	test_keys_link();
	test_verdicts();
	test_full();
	test_gso(false, true);
	test_gso(false, false);
	test_gso(true, true);
	test_gso(true, false);
	return tap_end();
}
