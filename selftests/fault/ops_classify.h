/* SPDX-License-Identifier: GPL-2.0-only */
/* The classifier's ioctls, and packets: what softirq asks for memory. */
#ifndef OPS_CLASSIFY_H
#define OPS_CLASSIFY_H

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/kcmap_classify.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/socket.h>

#include "ops_mapping.h"

#define CLASSIFY "/dev/kcmap_classify"

/* Two interfaces, in a namespace of this task's own: what tx0 sends, rx0 receives. */
static int rx, tx_socket = -1;

static void need_interfaces(void)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };

	if (tx_socket >= 0)
		return;
	REQUIRE(!unshare(CLONE_NEWNET));
	write_text("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	REQUIRE(!system("ip link add rx0 up type veth peer name tx0"));
	REQUIRE(!system("ip link set tx0 up"));
	rx = if_nametoindex("rx0");
	address.sll_ifindex = if_nametoindex("tx0");
	tx_socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	REQUIRE(tx_socket >= 0);
	REQUIRE(!bind(tx_socket, (void *)&address, sizeof(address)));
}

static void with_flows(void)
{
	unsigned int i;

	need_interfaces();
	need_control();
	need_module("kcmap_classify", "");
	bed.map = map_create(NAME, 100000, sizeof(struct kcmap_flow_key),
			     sizeof(struct kcmap_flow_value));
	bed.classify = open(CLASSIFY, O_RDWR | O_CLOEXEC);
	REQUIRE(bed.classify >= 0);
	for (i = 0; i < ENTRIES; i++)
		bed.entry[i].present = false;
}

static int attach(void)
{
	struct kcmap_classify_attach args = {
		.size = sizeof(args),
		.flags = KCMAP_CLASSIFY_LEARN,
		.ifindex = rx,
		.map_fd = bed.map,
	};

	return xioctl(bed.classify, KCMAP_CLASSIFY_ATTACH, &args);
}

static int detach(void)
{
	struct kcmap_classify_detach args = {
		.size = sizeof(args),
		.ifindex = rx,
	};

	return xioctl(bed.classify, KCMAP_CLASSIFY_DETACH, &args);
}

static struct kcmap_classify_stats classified;

static int classify_stats(void)
{
	classified = (struct kcmap_classify_stats){
		.size = sizeof(classified),
		.ifindex = rx,
	};
	return xioctl(bed.classify, KCMAP_CLASSIFY_STATS, &classified);
}

static void attached(void)
{
	with_flows();
	REQUIRE(attach() == 0);
}

static void check_attach(int ret)
{
	CHECK_EQ(classify_stats(), ret ? -ENOENT : 0);
	CHECK_EQ(detach(), ret ? -ENOENT : 0);
}

static void check_detach(int ret)
{
	CHECK_EQ(classify_stats(), ret ? 0 : -ENOENT);
	CHECK_EQ(detach(), ret ? 0 : -ENOENT);
}

static void check_classify_stats(int ret)
{
	CHECK_EQ(classified.map_id != 0, !ret);
	CHECK_EQ(detach(), 0);
}

static void closed_classify(void)
{
	with_flows();
	close_one(&bed.classify);
}

static int open_classify(void)
{
	bed.classify = open(CLASSIFY, O_RDWR | O_CLOEXEC);
	return bed.classify < 0 ? -errno : 0;
}

static void check_open_classify(int ret)
{
	if (!ret)
		CHECK_EQ(detach(), -ENOENT);
}

static struct kcmap_flow_key flow_key(unsigned int flow)
{
	struct kcmap_flow_key key = {
		.sport = htons(1000 + flow),
		.dport = htons(53),
		.protocol = IPPROTO_UDP,
		.family = AF_INET,
	};

	memcpy(key.src, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1", 16);
	memcpy(key.dst, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\2", 16);
	return key;
}

static int set_flow(void)
{
	struct kcmap_classify_set args = {
		.size = sizeof(args),
		.map_fd = bed.map,
		.verdict = KCMAP_VERDICT_DROP,
		.key = flow_key(7),
	};

	return xioctl(bed.classify, KCMAP_CLASSIFY_SET, &args);
}

/* The packets of a flow that the map has; 0: it does not have it. */
static uint64_t flow_packets(unsigned int flow, uint32_t *verdict)
{
	struct kcmap_flow_key key = flow_key(flow);
	struct kcmap_flow_value value = {};

	if (op(bed.map, KCMAP_OP_LOOKUP, &key, NULL, &value))
		return 0;
	if (verdict)
		*verdict = value.verdict;
	return value.packets;
}

static void check_set_flow(int ret)
{
	uint32_t verdict = KCMAP_VERDICT_ACCEPT;

	flow_packets(7, &verdict);
	CHECK_EQ(map_stats(bed.map).entries, !ret);
	CHECK_EQ(verdict, ret ? KCMAP_VERDICT_ACCEPT : KCMAP_VERDICT_DROP);
}

/* --- Packets --- */

/* More than a segment has room for. */
#define FLOWS 90

static void send_flow(unsigned int flow)
{
	struct {
		struct ether_header ether;
		struct iphdr ip;
		struct udphdr udp;
		uint8_t data[18];
	} __attribute__((packed)) frame = {
		.ether.ether_type = htons(ETHERTYPE_IP),
		.ip = {
			.version = 4,
			.ihl = 5,
			.tot_len = htons(sizeof(frame) - sizeof(frame.ether)),
			.ttl = 64,
			.protocol = IPPROTO_UDP,
			.saddr = htonl(0x0a000001),
			.daddr = htonl(0x0a000002),
		},
		.udp = {
			.source = htons(1000 + flow),
			.dest = htons(53),
			.len = htons(sizeof(frame.udp) + sizeof(frame.data)),
		},
	};

	memset(frame.ether.ether_dhost, 0xff, ETH_ALEN);
	REQUIRE(send(tx_socket, &frame, sizeof(frame), 0) == sizeof(frame));
}

static void receive(uint64_t packets)
{
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		REQUIRE(classify_stats() == 0);
		if (classified.packets == packets)
			return;
		usleep(1000);
	}
	CHECK_EQ(classified.packets, packets);
}

static int packets(void)
{
	unsigned int i;

	for (i = 0; i < FLOWS; i++)
		send_flow(i);
	receive(FLOWS);
	return 0;
}

/* Whatever failed: each flow is there once and was counted, or the counters say so. */
static void check_packets(int ret)
{
	struct kcmap_stats stats = map_stats(bed.map);
	uint64_t learned = 0;
	unsigned int i;

	CHECK_EQ(ret, 0);
	for (i = 0; i < FLOWS; i++)
		learned += flow_packets(i, NULL) == 1;
	CHECK_EQ(classified.learned, learned);
	CHECK_EQ(classified.learned + classified.learn_failed, FLOWS);
	CHECK_EQ(classified.accepted, FLOWS);
	CHECK_EQ(stats.entries, learned);
	CHECK_EQ(stats.nomem, classified.learn_failed);
	CHECK_EQ(detach(), 0);
}

/* Each flow is known, and a snapshot has them all: counting has to copy. */
static void known_flows(void)
{
	attached();
	packets();
	bed.snapshot = snapshot_open(bed.map);
	REQUIRE(bed.snapshot >= 0);
}

static int packets_again(void)
{
	unsigned int i;

	for (i = 0; i < FLOWS; i++)
		send_flow(i);
	receive(2 * FLOWS);
	return 0;
}

static void check_packets_again(int ret)
{
	struct kcmap_stats stats = map_stats(bed.map);
	uint64_t counted = 0;
	unsigned int i;

	CHECK_EQ(ret, 0);
	for (i = 0; i < FLOWS; i++)
		counted += flow_packets(i, NULL);
	CHECK_EQ(classified.hits, FLOWS);
	CHECK_EQ(classified.accepted, 2 * FLOWS);
	CHECK_EQ(stats.entries, FLOWS);
	CHECK_EQ(counted, 2 * FLOWS - stats.nomem);
	CHECK_EQ(detach(), 0);
}

#endif /* OPS_CLASSIFY_H */
