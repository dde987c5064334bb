// SPDX-License-Identifier: MIT
/*
 * Look-ups by a process: through a view, in a snapshot, by system calls. The loop, the
 * keys and what is subtracted are those of kcmap_bench's look-ups.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libkcmap.h>
#include <linux/bpf.h>

#include "bench.h"

#define INLINE static inline __attribute__((always_inline))

#define READ_NS 80000000ULL
/*
 * Look-ups between two looks at the clock. That may be a system call, which in
 * user-mode Linux takes as long as thousands of look-ups: so few are made.
 */
#define READ_CHUNK 262144
#define READ_CHUNK_SYSCALLS 8192

/**
 * struct reading - look-ups that are measured
 * @map: the map, or NULL: of BPF
 * @view: of the map, or NULL
 * @snapshot: likewise
 * @bpf: argument of bpf()
 * @entries: keys in it
 * @chunk: look-ups between two looks at the clock
 * @random: state of the generator
 * @wrong: not 0: there were wrong answers
 */
struct reading {
	struct kcmap_map *map;
	struct kcmap_view *view;
	struct kcmap_map_snapshot *snapshot;
	union bpf_attr bpf;
	unsigned int entries;
	unsigned int chunk;
	uint64_t random;
	uint64_t wrong;
};

typedef int lookup_fn(struct reading *r, const uint64_t *key, uint64_t *value);
typedef int bulk_fn(struct reading *r, const uint64_t *keys, uint64_t *values);
typedef void loop_fn(struct reading *r);

/* As bench_random() and bench_key() of kcmap_bench. */
INLINE uint64_t next_number(struct reading *r)
{
	r->random = r->random * 0x5851f42d4c957f2dULL + 1;
	return ((r->random >> 32) * r->entries) >> 32;
}

/**
 * bench_key() - a key
 * @number: which
 *
 * Return: the key that kcmap_bench has stored @number under.
 */
uint64_t bench_key(uint64_t number)
{
	number *= 0xd1342543de82ef95ULL;
	return (number ^ (number >> 32)) * 0xaf251af3b0f025b5ULL;
}

INLINE void loop(struct reading *r, lookup_fn *lookup)
{
	uint64_t key, value = 0, number, wrong = 0;
	unsigned int i;

	for (i = 0; i < r->chunk; i++) {
		number = next_number(r);
		key = bench_key(number);
		wrong |= lookup(r, &key, &value) | (value ^ number);
	}
	r->wrong |= wrong;
}

INLINE void loop_bulk(struct reading *r, bulk_fn *lookup)
{
	uint64_t numbers[BENCH_BULK], keys[BENCH_BULK], values[BENCH_BULK];
	unsigned int i, k;
	uint64_t wrong = 0;

	for (i = 0; i < r->chunk; i += BENCH_BULK) {
		for (k = 0; k < BENCH_BULK; k++) {
			numbers[k] = next_number(r);
			keys[k] = bench_key(numbers[k]);
		}
		wrong |= lookup(r, keys, values) ^ BENCH_BULK;
		for (k = 0; k < BENCH_BULK; k++)
			wrong |= values[k] ^ numbers[k];
	}
	r->wrong |= wrong;
}

/* The compiler must think that key and value are used. */
INLINE int no_lookup(struct reading *r, const uint64_t *key, uint64_t *value)
{
	(void)r;
	__asm__ volatile("" : : "r"(key), "r"(value) : "memory");
	return 0;
}

INLINE int view_lookup(struct reading *r, const uint64_t *key, uint64_t *value)
{
	return kcmap_view_lookup(r->view, key, value);
}

INLINE int view_bulk(struct reading *r, const uint64_t *keys, uint64_t *values)
{
	int32_t statuses[BENCH_BULK];

	return kcmap_view_lookup_bulk(r->view, BENCH_BULK, keys, values,
				      statuses);
}

INLINE int snapshot_lookup(struct reading *r, const uint64_t *key,
			   uint64_t *value)
{
	return kcmap_snapshot_lookup(r->snapshot, key, value);
}

INLINE int syscall_lookup(struct reading *r, const uint64_t *key,
			  uint64_t *value)
{
	if (r->map)
		return kcmap_map_lookup(r->map, key, value);
	r->bpf.key = (uintptr_t)key;
	r->bpf.value = (uintptr_t)value;
	return syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &r->bpf, sizeof(r->bpf)) !=
	       0;
}

static void loop_empty(struct reading *r)
{
	loop(r, no_lookup);
}

static void loop_empty_bulk(struct reading *r)
{
	loop_bulk(r, no_lookup);
}

static void loop_view(struct reading *r)
{
	loop(r, view_lookup);
}

static void loop_view_bulk(struct reading *r)
{
	loop_bulk(r, view_bulk);
}

static void loop_snapshot(struct reading *r)
{
	loop(r, snapshot_lookup);
}

static void loop_syscall(struct reading *r)
{
	loop(r, syscall_lookup);
}

static loop_fn *const loops[] = {
	[READER_VIEW] = loop_view,
	[READER_VIEW_BULK] = loop_view_bulk,
	[READER_SNAPSHOT] = loop_snapshot,
	[READER_SYSCALL] = loop_syscall,
};

/* Chunks for @limit nanoseconds. Return: a look-up's mean; @best: in the fastest. */
static double pass(struct reading *r, loop_fn *fn, uint64_t limit, double *best)
{
	uint64_t start = bench_now(), last = start, now;
	unsigned int chunks = 0;

	*best = INFINITY;
	do {
		fn(r);
		now = bench_now();
		if ((double)(now - last) / r->chunk < *best)
			*best = (double)(now - last) / r->chunk;
		last = now;
		chunks++;
	} while (now - start < limit);
	return (double)(now - start) / r->chunk / chunks;
}

/* With all pages there that it will look at. */
static int reading_open(struct reading *r, const struct contender *contender,
			enum reader reader, int map)
{
	int err;

	if (contender->engine != BENCH_KCMAP) {
		r->bpf.map_fd = map;
		return 0;
	}
	err = kcmap_map_from_fd(map, &r->map);
	if (!err && (reader == READER_VIEW || reader == READER_VIEW_BULK)) {
		err = kcmap_view_open(r->map, &r->view);
		if (!err)
			kcmap_view_prefault(r->view);
	} else if (!err && reader == READER_SNAPSHOT) {
		err = kcmap_snapshot_open(r->map, &r->snapshot);
		if (!err)
			kcmap_snapshot_prefault(r->snapshot);
	}
	return err;
}

static void reading_close(struct reading *r)
{
	kcmap_view_close(r->view);
	kcmap_snapshot_close(r->snapshot);
	kcmap_map_close(r->map);
}

/**
 * read_measure() - measure a bench of look-ups by a process once
 * @map: descriptor of the map
 * @contender: what it is
 * @row: bench
 * @shape: of the map
 * @repeat: which one
 *
 * Return: false after a message.
 */
bool read_measure(int map, const struct contender *contender,
		  const struct row *row, const struct shape *shape,
		  unsigned int repeat)
{
	struct sample sample =
		sample_of(row->name, contender, shape, 1, repeat);
	loop_fn *empty = row->reader == READER_VIEW_BULK ? loop_empty_bulk :
							   loop_empty;
	struct reading r = {
		.entries = shape->entries,
		.chunk = row->reader == READER_SYSCALL ? READ_CHUNK_SYSCALLS :
							 READ_CHUNK,
		.random = bench_now(),
	};
	double best;
	int err;

	sample.dist = "uniform";
	/* The handle has a descriptor of its own to close. */
	err = reading_open(&r, contender, row->reader, dup(map));
	if (!err) {
		pass(&r, empty, READ_NS / 8, &sample.loop_ns);
		/* It finds nothing, and says so. */
		r.wrong = 0;
		pass(&r, loops[row->reader], READ_NS / 8, &best);
		sample.ns_per_op =
			pass(&r, loops[row->reader], READ_NS, &best) -
			sample.loop_ns;
	}
	reading_close(&r);
	if (err || r.wrong) {
		bench_say("%s %s: %s", contender->name, row->name,
			  err ? strerror(-err) : "wrong answers");
		return false;
	}
	sample_add(&sample);
	return true;
}
