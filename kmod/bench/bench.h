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

/**
 * struct bench_thread - one thread that measures
 * @table: table of the engine
 * @entries: keys in it: those of the numbers below
 * @random: state of the generator
 * @next: number of the next key of an insert or delete
 * @errors: wrong answers
 * @error: errno of the last insert that failed
 */
struct bench_thread {
	void *table;
	u32 entries;
	u64 random;
	u64 next;
	u64 errors;
	int error;
};

/**
 * struct bench_engine - a table to measure; keys and values of 8 bytes
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
#define BENCH_WRITES (BIT(BENCH_UPDATE) | BIT(BENCH_INSERT) | BIT(BENCH_DELETE))

/**
 * struct bench_session - what a descriptor of /dev/kcmap_bench has
 * @lock: of all below
 * @engine: NULL: no table yet
 * @tables: how many; threads share them in turn
 * @table: they
 * @entries: keys in each
 */
struct bench_session {
	struct mutex lock;
	const struct bench_engine *engine;
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

extern const struct bench_engine bench_kcmap;
extern const struct bench_engine bench_rhashtable;
extern const struct bench_engine bench_bpf_hash;
extern const struct bench_engine bench_flat;
extern const struct bench_engine bench_empty;

/* Of number @i: different for each, and no pattern for a weak hash to use. */
static __always_inline u64 bench_key(u64 i)
{
	i *= 0xd1342543de82ef95ULL;
	return (i ^ (i >> 32)) * 0xaf251af3b0f025b5ULL;
}

/* session.c */
int bench_session_fill(struct bench_session *session,
		       const struct bench_engine *engine, u32 entries,
		       const s32 *fds, unsigned int tables);
void bench_session_drop(struct bench_session *session);

/* threads.c */
int bench_threads(struct bench_job *job, unsigned int nr);
void bench_together(struct bench_job *job, unsigned int time);

/* measure.c */
int bench_measure(struct bench_session *session, struct kcmap_bench_run *args);

#endif /* _KCMAP_BENCH_BENCH_H */
