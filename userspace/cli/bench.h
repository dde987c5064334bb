/* SPDX-License-Identifier: MIT */
/*
 * kcmap bench: has the module kcmap_bench measure tables, in turns. The lab's
 * "make bench" runs the same.
 */
#ifndef KCMAP_CLI_BENCH_H
#define KCMAP_CLI_BENCH_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include <kcmap_bench.h>

#include "util.h"

#define BENCH_DEVICE "/dev/kcmap_bench"

/**
 * struct bench_config - what the user wants
 * @bench: one bench only, or NULL
 * @engine: one engine only, or NULL
 * @entries: tables of this size in place of the usual ones, or 0
 * @key_size: keys of 8 bytes only, with 8-byte values, or of 40, with 32; or 0
 * @repeats: of everything, or 0: as many as are usual
 * @threads: most that measure at once
 * @full: everything, not only what the project's bars are about
 * @progress: say what is being done, on stderr
 */
struct bench_config {
	const char *bench;
	const char *engine;
	unsigned int entries;
	unsigned int key_size;
	unsigned int repeats;
	unsigned int threads;
	bool full;
	bool progress;
};

extern struct bench_config bench_config;

/**
 * struct contender - what is measured against each other
 * @name: of the engine
 * @hash: or NULL: none
 * @engine: enum bench_engine_id
 */
struct contender {
	const char *name;
	const char *hash;
	unsigned int engine;
};

/* Who looks up: a kernel thread, or a process, and then how. */
enum reader {
	READER_KERNEL,
	READER_VIEW,
	READER_VIEW_BULK,
	READER_SNAPSHOT,
	READER_SYSCALL,
};

/**
 * struct row - what they are measured by
 * @name: of the bench
 * @reader: if it is not a kernel thread
 * @bench: enum bench_id
 * @read_pct: of BENCH_MIX
 * @dist: BENCH_UNIFORM, BENCH_ZIPF
 * @timed: each operation by itself
 */
struct row {
	const char *name;
	enum reader reader;
	unsigned int bench, read_pct, dist;
	bool timed;
};

/**
 * struct shape - what a table holds
 * @entries: how many
 * @key_size: bytes
 * @value_size: bytes
 */
struct shape {
	unsigned int entries, key_size, value_size;
};

/* A result. NAN, NULL and -1 stand for what makes no sense there. */
struct sample {
	const char *bench;
	const struct contender *contender;
	struct shape shape;
	unsigned int threads, repeat;
	int read_pct;
	int changed; /* segments, before a refresh */
	const char *dist;
	double ns_per_op, loop_ns;
	double p50_ns, p99_ns, p9999_ns, max_ns;
	double bytes_per_entry;
};

/* bench_sample.c */
struct sample sample_of(const char *bench, const struct contender *contender,
			const struct shape *shape, unsigned int threads,
			unsigned int repeat);
void sample_add(const struct sample *sample);
void samples_print(void);
unsigned long samples_taken(void);

/* bench_progress.c */
PRINTF_LIKE(1, 2)
void bench_progress(const char *fmt, ...);
PRINTF_LIKE(1, 2)
void bench_say(const char *fmt, ...);
void bench_progress_end(void);

/* bench_tables.c */
int table_open(const struct contender *contender, const struct shape *shape,
	       unsigned int capacity, unsigned int threads, int *map);

/* bench_measure.c */
bool measure(int fd, const struct contender *contender, const struct row *row,
	     const struct shape *shape, unsigned int threads,
	     unsigned int repeat);
void measure_summary(void);

/* bench_read.c */
uint64_t bench_key(uint64_t number);
bool read_measure(int map, const struct contender *contender,
		  const struct row *row, const struct shape *shape,
		  unsigned int repeat);

/* bench_times.c */
uint64_t bench_now(void);
void sample_times(struct sample *sample, uint64_t *ns, size_t n);
void sample_latency(struct sample *sample,
		    const struct kcmap_bench_latency *latency);

/* bench_memory.c */
long bench_free_pages_now(void);
long bench_free_pages(void);

/* Of several files; false: a wrong answer, after a message */
bool memory_measure(const struct contender *contender,
		    const struct shape *shape);
bool grow_measure(const struct contender *contender, unsigned int repeat);
bool create_measure(const struct contender *contender,
		    const struct shape *shape, unsigned int repeats);
bool refresh_measure(const struct contender *contender,
		     const struct shape *shape, unsigned int repeats);
bool taken_measure(const struct contender *contender, const struct shape *shape,
		   unsigned int threads, bool memory, unsigned int repeats);
bool gate_measure(const struct contender *contender, unsigned int threads,
		  unsigned int repeats);

/* bench_taken.c */
int bench_snapshot(int map);

/* bench_plan.c */
const char *bench_name(unsigned int i);
const char *bench_engine_name(unsigned int i);
bool bench_run(void);

#endif /* KCMAP_CLI_BENCH_H */
