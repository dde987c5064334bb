/* SPDX-License-Identifier: GPL-2.0-only */
/* Engines, and the threads that measure them. */
#ifndef _KCMAP_BENCH_BENCH_H
#define _KCMAP_BENCH_BENCH_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "kcmap_bench.h"

struct bench_engine;

/* The most that a key or a value has. */
#define BENCH_KEY_WORDS_MAX 5
#define BENCH_VALUE_WORDS_MAX 4

/* What a bulk look-up works on: too much for a stack. */
struct bench_bulk {
	u64 numbers[BENCH_BULK];
	u64 keys[BENCH_BULK * BENCH_KEY_WORDS_MAX];
	u64 values[BENCH_BULK * BENCH_VALUE_WORDS_MAX];
};

/**
 * struct bench_thread - one thread that measures
 * @table: table of the engine
 * @entries: keys in it: those of the numbers below
 * @read_pct: look-ups in 100 operations of BENCH_MIX
 * @dist: enum bench_dist, of BENCH_MIX
 * @random: state of the generator
 * @next: number of the next key of an insert or delete
 * @errors: rounds of the loop with a wrong answer
 * @error: errno of the last insert that failed
 * @bulk: for BENCH_LOOKUP_BULK32
 */
struct bench_thread {
	void *table;
	u32 entries;
	u32 read_pct;
	u32 dist;
	u64 random;
	u64 next;
	u64 errors;
	int error;
	struct bench_bulk *bulk;
};

/**
 * struct bench_engine - a table to measure
 * @benches: bit for each enum bench_id that it can do
 * @create: make a table, or an ERR_PTR; @fd: of the caller, if it needs one
 * @destroy: free it
 * @loop: @nr operations of a bench: bench_loop() compiled for this engine
 * @lookup: 0, or an error where the key is absent
 * @lookup_bulk: BENCH_BULK keys; a bit for each that was found
 * @insert: 0, or an error
 * @update: 0, or an error
 * @remove: 0, or an error
 */
struct bench_engine {
	unsigned long benches;
	void *(*create)(u32 entries, int fd);
	void (*destroy)(void *table);
	void (*loop)(struct bench_thread *thread, u32 bench, u32 nr);
	int (*lookup)(void *table, u64 *key, u64 *value);
	u64 (*lookup_bulk)(void *table, u64 *keys, u64 *values);
	int (*insert)(void *table, u64 *key, u64 *value);
	int (*update)(void *table, u64 *key, u64 *value);
	int (*remove)(void *table, u64 *key);
};

#define BENCH_SINGLE_LOOKUPS                              \
	(BIT(BENCH_LOOKUP_HIT) | BIT(BENCH_LOOKUP_MISS) | \
	 BIT(BENCH_LOOKUP_DEPENDENT))
#define BENCH_WRITES                                              \
	(BIT(BENCH_MIX) | BIT(BENCH_UPDATE) | BIT(BENCH_INSERT) | \
	 BIT(BENCH_DELETE))

/**
 * struct bench_session - what a descriptor of /dev/kcmap_bench has
 * @lock: of all below
 * @engine: NULL: no table yet
 * @empty: empty loop with keys and values of the same sizes
 * @tables: how many; threads share them in turn
 * @table: they
 * @entries: keys in each: those of the numbers below
 */
struct bench_session {
	struct mutex lock; /* of all below */
	const struct bench_engine *engine;
	const struct bench_engine *empty;
	unsigned int tables;
	void *table[BENCH_THREADS_MAX];
	u32 entries;
};

/**
 * struct bench_job - what threads do together
 * @fn: what each does; @number: 0 for the first thread, ...
 * @threads: how many
 * @arrived: how often one came to bench_together()
 * @stop: give up
 */
struct bench_job {
	void (*fn)(struct bench_job *job, unsigned int number);
	unsigned int threads;
	atomic_t arrived;
	bool stop;
};

/* Of 8-byte keys and values; and of 40-byte keys with 32-byte values. */
extern const struct bench_engine bench_kcmap, bench_kcmap_wide;
extern const struct bench_engine bench_rhashtable, bench_rhashtable_wide;
extern const struct bench_engine bench_bpf_hash, bench_bpf_hash_wide;
extern const struct bench_engine bench_flat;
extern const struct bench_engine bench_empty, bench_empty_wide;

/* session.c */
int bench_session_fill(struct bench_session *session,
		       const struct bench_engine *engine, u32 entries,
		       const s32 *fds, unsigned int tables);
int bench_session_resize(struct bench_session *session, u32 entries);
void bench_session_drop(struct bench_session *session);

/* threads.c */
int bench_threads(struct bench_job *job, unsigned int nr);
void bench_together(struct bench_job *job, unsigned int time);

/* measure.c */
int bench_measure(struct bench_session *session, struct kcmap_bench_run *args);

/* grow.c */
int bench_grow(struct bench_session *session, struct kcmap_bench_grow *args);

/* timed.c */
int bench_time(struct bench_session *session, struct kcmap_bench_timed *args);
int bench_jitter(struct kcmap_bench_jitter *args);

/* gate.c */
int bench_gate(struct kcmap_bench_gate *args);

#endif /* _KCMAP_BENCH_BENCH_H */
