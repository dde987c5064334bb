/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * kcmap_classify: packets of an interface looked up in a map, verdict applied,
 * counters kept in the value.
 *
 * The node is /dev/kcmap_classify. Conventions of size, flags and errors are
 * those of <linux/kcmap.h>.
 */
#ifndef _UAPI_LINUX_KCMAP_CLASSIFY_H
#define _UAPI_LINUX_KCMAP_CLASSIFY_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* struct kcmap_flow_key.flags */
#define KCMAP_FLOW_FRAGMENT (1U << 0) /* a fragment that is not the first */

/**
 * struct kcmap_flow_key - key of a flow: one direction of a 5-tuple
 * @src: source address; IPv4 as ::ffff:a.b.c.d
 * @dst: destination address, likewise
 * @sport: source port of TCP or UDP, network byte order; ICMP and ICMPv6: the
 *	type (as a number in network byte order); 0 for other protocols and for
 *	fragments that are not the first
 * @dport: destination port; ICMP and ICMPv6: the code
 * @protocol: IPPROTO_*: the first header that is not an IPv6 extension
 * @family: AF_INET or AF_INET6
 * @flags: KCMAP_FLOW_*
 * @reserved: 0
 */
struct kcmap_flow_key {
	__u8 src[16];
	__u8 dst[16];
	__be16 sport;
	__be16 dport;
	__u8 protocol;
	__u8 family;
	__u8 flags;
	__u8 reserved;
};

enum kcmap_verdict {
	KCMAP_VERDICT_ACCEPT = 0,
	KCMAP_VERDICT_DROP = 1,
	KCMAP_VERDICT_MARK = 2, /* accept, and set the packet's mark */
};

/**
 * struct kcmap_flow_value - value of a flow
 * @verdict: enum kcmap_verdict; a number that is not one accepts
 * @mark: the mark that KCMAP_VERDICT_MARK sets
 * @packets: packets seen, those dropped included; a GSO packet counts as its
 *	segments
 * @bytes: bytes seen, from the first byte of the network header to the end of
 *	the frame; a GSO packet counts as its segments with their headers
 * @last_seen_ns: CLOCK_BOOTTIME of the newest packet; 0: none
 */
struct kcmap_flow_value {
	__u32 verdict;
	__u32 mark;
	__aligned_u64 packets;
	__aligned_u64 bytes;
	__aligned_u64 last_seen_ns;
};

/* struct kcmap_classify_attach.flags: insert flows that the map does not have. */
#define KCMAP_CLASSIFY_LEARN (1U << 0)

/**
 * struct kcmap_classify_attach - KCMAP_CLASSIFY_ATTACH
 * @size: sizeof(struct kcmap_classify_attach)
 * @flags: KCMAP_CLASSIFY_LEARN
 * @ifindex: interface, in the caller's network namespace
 * @map_fd: descriptor of a map, open for reading and writing, with
 *	sizeof(struct kcmap_flow_key) and sizeof(struct kcmap_flow_value)
 * @default_verdict: enum kcmap_verdict for what the map does not have; a flow
 *	that is learned gets it
 * @default_mark: its mark
 *
 * The attachment holds the map; it ends with KCMAP_CLASSIFY_DETACH, with the
 * interface, with its namespace or with the module.
 * Errors: ENODEV (no such interface), EEXIST (attached already), EBADF (not a
 * map, or not open for both), EINVAL (other sizes, verdict), EPERM (no
 * CAP_NET_ADMIN over the namespace), ENOMEM.
 */
struct kcmap_classify_attach {
	__u32 size;
	__u32 flags;
	__s32 ifindex;
	__s32 map_fd;
	__u32 default_verdict;
	__u32 default_mark;
};

/**
 * struct kcmap_classify_detach - KCMAP_CLASSIFY_DETACH
 * @size: sizeof(struct kcmap_classify_detach)
 * @flags: must be 0
 * @ifindex: interface, in the caller's network namespace
 * @reserved: must be 0
 *
 * Errors: ENOENT (not attached), EPERM.
 */
struct kcmap_classify_detach {
	__u32 size;
	__u32 flags;
	__s32 ifindex;
	__u32 reserved;
};

/**
 * struct kcmap_classify_stats - KCMAP_CLASSIFY_STATS: what an attachment saw
 * @size: sizeof(struct kcmap_classify_stats)
 * @flags: out: flags of the attachment
 * @ifindex: in: interface, in the caller's network namespace
 * @default_verdict: out
 * @default_mark: out
 * @reserved: must be 0
 * @map_id: out: &kcmap_map_info.id of the map
 * @packets: out: packets that reached the hook (a GSO packet is one here and in
 *	all below)
 * @hits: out: found in the map
 * @misses: out: not found in the map
 * @learned: out: of the misses: inserted
 * @learn_full: out: of the misses: not inserted, the map was full
 * @learn_failed: out: of the misses: not inserted for another reason
 * @not_ip: out: neither IPv4 nor IPv6; passed
 * @malformed: out: truncated or garbage; passed
 * @accepted: out
 * @dropped: out
 * @marked: out: accepted with a mark
 *
 * Errors: ENOENT (not attached), EPERM.
 */
struct kcmap_classify_stats {
	__u32 size;
	__u32 flags;
	__s32 ifindex;
	__u32 default_verdict;
	__u32 default_mark;
	__u32 reserved;
	__aligned_u64 map_id;
	__aligned_u64 packets;
	__aligned_u64 hits;
	__aligned_u64 misses;
	__aligned_u64 learned;
	__aligned_u64 learn_full;
	__aligned_u64 learn_failed;
	__aligned_u64 not_ip;
	__aligned_u64 malformed;
	__aligned_u64 accepted;
	__aligned_u64 dropped;
	__aligned_u64 marked;
};

/**
 * struct kcmap_classify_set - KCMAP_CLASSIFY_SET: give a flow a verdict
 * @size: sizeof(struct kcmap_classify_set)
 * @flags: must be 0
 * @map_fd: descriptor of a map as for KCMAP_CLASSIFY_ATTACH; it need not be
 *	attached anywhere
 * @verdict: enum kcmap_verdict
 * @mark: the mark that KCMAP_VERDICT_MARK sets, else 0
 * @reserved: must be 0
 * @key: the flow
 *
 * In one atomic step: a flow that the map has keeps its counters; one that it
 * does not have is inserted with counters of zero.
 * Errors: EBADF, EINVAL (as for KCMAP_CLASSIFY_ATTACH), ENOSPC, ENOMEM.
 */
struct kcmap_classify_set {
	__u32 size;
	__u32 flags;
	__s32 map_fd;
	__u32 verdict;
	__u32 mark;
	__u32 reserved;
	struct kcmap_flow_key key;
};

#define KCMAP_CLASSIFY_IOC_TYPE 0xBD

#define KCMAP_CLASSIFY_ATTACH _IO(KCMAP_CLASSIFY_IOC_TYPE, 0x00)
#define KCMAP_CLASSIFY_DETACH _IO(KCMAP_CLASSIFY_IOC_TYPE, 0x01)
#define KCMAP_CLASSIFY_STATS _IO(KCMAP_CLASSIFY_IOC_TYPE, 0x02)
#define KCMAP_CLASSIFY_SET _IO(KCMAP_CLASSIFY_IOC_TYPE, 0x03)

#endif /* _UAPI_LINUX_KCMAP_CLASSIFY_H */
