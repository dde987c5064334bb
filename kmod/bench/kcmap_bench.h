/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/kcmap_bench: what the runner in userspace and the module agree on. A
 * descriptor has one engine: SETUP makes and fills its table, the others measure
 * it. No stable interface: module and runner come from one source tree.
 */
#ifndef _KCMAP_BENCH_H
#define _KCMAP_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

enum bench_engine_id {
	BENCH_KCMAP,
	BENCH_PRIVATE, /* kcmap, a table for each thread */
	BENCH_RHASHTABLE,
	BENCH_BPF_HASH,
	BENCH_BPF_RHASH,
	BENCH_FLAT,
	BENCH_ENGINES
};

enum bench_id {
	BENCH_LOOKUP_HIT,
	BENCH_LOOKUP_MISS,
	BENCH_LOOKUP_DEPENDENT,
	BENCH_LOOKUP_BULK32,
	BENCH_UPDATE,
	BENCH_INSERT,
	BENCH_DELETE,
	BENCH_MIX, /* look-ups, and updates for the rest */
	BENCHES
};

enum bench_dist {
	BENCH_UNIFORM,
	BENCH_ZIPF, /* about that of exponent 1 */
	BENCH_DISTS
};

#define BENCH_BULK 32
#define BENCH_ENTRIES_MIN 1024
#define BENCH_ENTRIES_MAX 0x4000000
#define BENCH_MS_MAX 10000
#define BENCH_THREADS_MAX 64

/* Keys that insert and delete add to a table and take away again. */
#define BENCH_EXTRA(entries) ((entries) / 16)

/**
 * struct kcmap_bench_setup - KCMAP_BENCH_SETUP
 * @engine: enum bench_engine_id
 * @entries: keys to fill each table with
 * @fds: array of @tables descriptors: maps with room for BENCH_EXTRA(@entries)
 *	more; not used by an engine that makes its own
 * @tables: 1, or for BENCH_PRIVATE as many as there will be threads
 * @key_size: 8, or 40 bytes
 * @value_size: 8, or with 40-byte keys 32 bytes
 * @reserved: must be 0
 *
 * Errors: EOPNOTSUPP: this module was built without the engine.
 */
struct kcmap_bench_setup {
	__u32 engine;
	__u32 entries;
	__aligned_u64 fds;
	__u32 tables;
	__u32 key_size;
	__u32 value_size;
	__u32 reserved;
};

/**
 * struct kcmap_bench_latency - how long single operations took, with the timer
 * @p50_ns: half of them at most
 * @p99_ns: 99 in 100
 * @p9999_ns: 9999 in 10000
 * @max_ns: all
 */
struct kcmap_bench_latency {
	__aligned_u64 p50_ns;
	__aligned_u64 p99_ns;
	__aligned_u64 p9999_ns;
	__aligned_u64 max_ns;
};

/**
 * struct kcmap_bench_run - KCMAP_BENCH_RUN
 * @bench: enum bench_id
 * @threads: kernel threads, each on a CPU of its own; 1 for insert and delete;
 *	no more than tables, where these are private
 * @ms: how long each thread is to be measured
 * @read_pct: look-ups in 100 operations; 0 but for BENCH_MIX
 * @dist: enum bench_dist; BENCH_UNIFORM but for BENCH_MIX
 * @reserved: must be 0
 * @done: out: operations of all threads
 * @ns: out: nanoseconds of all threads
 * @loop_ops: out: rounds of the empty loop, of all threads
 * @loop_ns: out: nanoseconds that these would have taken undisturbed: as long for
 *	each chunk as for the fastest
 * @loop_took: out: nanoseconds that these took
 * @errors: out: not 0 if there were wrong answers, one or more in some thousand
 *
 * Errors: EOPNOTSUPP: the engine cannot do that; EINTR.
 */
struct kcmap_bench_run {
	__u32 bench;
	__u32 threads;
	__u32 ms;
	__u32 read_pct;
	__u32 dist;
	__u32 reserved;
	__aligned_u64 done;
	__aligned_u64 ns;
	__aligned_u64 loop_ops;
	__aligned_u64 loop_ns;
	__aligned_u64 loop_took;
	__aligned_u64 errors;
};

/**
 * struct kcmap_bench_timed - KCMAP_BENCH_TIMED: each operation timed by itself
 * @bench: enum bench_id, not bulk, insert or delete
 * @threads: that do it at once; the first is timed
 * @ms: how long
 * @read_pct: as for KCMAP_BENCH_RUN
 * @dist: likewise
 * @reserved: must be 0
 * @latency: out: of the operations, with the timer
 * @loop_latency: out: of the empty loop: the timer alone
 * @errors: out: wrong answers to any thread
 *
 * Errors: as KCMAP_BENCH_RUN.
 */
struct kcmap_bench_timed {
	__u32 bench;
	__u32 threads;
	__u32 ms;
	__u32 read_pct;
	__u32 dist;
	__u32 reserved;
	struct kcmap_bench_latency latency;
	struct kcmap_bench_latency loop_latency;
	__aligned_u64 errors;
};

/**
 * struct kcmap_bench_grow - KCMAP_BENCH_GROW: insert, in a thread that does only
 *	that and times each insert
 * @entries: to have then, more than there are
 * @readers: 1: another thread looks up the keys that were there before; else 0
 * @done: out: inserts
 * @ns: out: nanoseconds that they took, with the timer
 * @latency: out: of inserts
 * @reads: out: look-ups
 * @read_ns: out: nanoseconds that they took
 * @errors: out: inserts that failed, keys that were missed, wrong values
 *
 * One table only. Errors: EINTR.
 */
struct kcmap_bench_grow {
	__u32 entries;
	__u32 readers;
	__aligned_u64 done;
	__aligned_u64 ns;
	struct kcmap_bench_latency latency;
	__aligned_u64 reads;
	__aligned_u64 read_ns;
	__aligned_u64 errors;
};

/**
 * struct kcmap_bench_resize - KCMAP_BENCH_RESIZE: insert, patiently, or delete
 * @entries: to have then
 * @reserved: must be 0
 *
 * What was freed meanwhile is free when it returns: there was a grace period.
 *
 * One table only. Errors: EINTR; those of the engine.
 */
struct kcmap_bench_resize {
	__u32 entries;
	__u32 reserved;
};

/**
 * struct kcmap_bench_jitter - KCMAP_BENCH_JITTER: time nothing, as inserts are
 * @ms: for how long
 * @reserved: must be 0
 * @latency: out: of the timer; beyond the median, of the machine
 *
 * Needs no table. Errors: EINTR.
 */
struct kcmap_bench_jitter {
	__u32 ms;
	__u32 reserved;
	struct kcmap_bench_latency latency;
};

/**
 * struct kcmap_bench_gate - KCMAP_BENCH_GATE: time how long the gate keeps writers
 *	out, with nothing done inside
 * @ms: for how long
 * @writers: threads that do nothing but write, each on a CPU of its own, beside that
 *	of the keeper
 * @latency: out: of closing the gate, waiting for all writers and opening it, with the
 *	timer
 * @instants: out: how often
 * @writes: out: of all writers
 *
 * Needs no table. Errors: EINTR; EINVAL, also: not so many CPUs.
 */
struct kcmap_bench_gate {
	__u32 ms;
	__u32 writers;
	struct kcmap_bench_latency latency;
	__aligned_u64 instants;
	__aligned_u64 writes;
};

#define KCMAP_BENCH_SETUP _IOW(0xBC, 0x60, struct kcmap_bench_setup)
#define KCMAP_BENCH_RUN _IOWR(0xBC, 0x61, struct kcmap_bench_run)
#define KCMAP_BENCH_TIMED _IOWR(0xBC, 0x65, struct kcmap_bench_timed)
#define KCMAP_BENCH_GROW _IOWR(0xBC, 0x62, struct kcmap_bench_grow)
#define KCMAP_BENCH_RESIZE _IOW(0xBC, 0x63, struct kcmap_bench_resize)
#define KCMAP_BENCH_JITTER _IOWR(0xBC, 0x64, struct kcmap_bench_jitter)
#define KCMAP_BENCH_GATE _IOWR(0xBC, 0x66, struct kcmap_bench_gate)

#endif /* _KCMAP_BENCH_H */
