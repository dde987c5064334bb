/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The load of a soak: processes that each own some keys, write them, read everybody's,
 * and check each answer. What may be answered follows from what is in shared memory of
 * each key, so that it outlives a process that is killed.
 */
#ifndef SOAK_H
#define SOAK_H

#include <stdbool.h>
#include <stdint.h>

#include <libkcmap.h>

#include "atomic.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define WORKERS 8
#define VICTIMS 2 /* the last workers: killed now and then */
#define LANE 512 /* keys of a worker */
#define KEYS (WORKERS * LANE)
#define PAIR 2 /* first keys of a lane: see job_pair() */
#define BATCH 64
#define CLEAR_LANE 64
#define CLEAR_KEYS (WORKERS * CLEAR_LANE)

#define KEY_WORDS_MAX 2
#define VALUE_WORDS_MAX 16

enum soak_failure {
	FAIL_CORRUPT, /* a value that is not its key's, or was never written */
	FAIL_STALE, /* older than what was there before the look-up */
	FAIL_FUTURE, /* newer than what was written by the end of it */
	FAIL_LOST, /* absent, and was there throughout */
	FAIL_REVIVED, /* there, and should not be */
	FAIL_TWICE, /* returned twice */
	FAIL_INSTANT, /* a snapshot not of one instant */
	FAIL_COUNT, /* another number of entries than there are */
	FAIL_ERRNO, /* another error than documented */
	FAIL_DIED, /* a process that nobody killed */
	FAIL_HUNG, /* one that got no answer for a minute */
	FAIL_NR,
};

/**
 * struct key_state - what is known of a key; a number each time it is written
 * @committed: the last write that returned; odd: the key is there
 * @started: the last one that began
 * @absent: the last one that began and leaves the key absent
 *
 * An answer between two looks at it is right if it is that of a state from @committed
 * before to @started after.
 */
struct key_state {
	uint64_t committed, started, absent;
};

/**
 * struct map_shape - one of the maps
 * @name: of the map
 * @key_words: size of a key in words of 8 bytes
 * @value_words: of a value
 */
struct map_shape {
	const char *name;
	unsigned int key_words, value_words;
};

#define SHAPES 2
extern const struct map_shape shapes[SHAPES];

/* An operation on one key, and what it answers if that is there, and if not. */
struct opcode {
	const char *name;
	enum kcmap_opcode opcode;
	int absent, present; /* negative errno, or one of these */
#define STORES 1
#define REMOVES 2
#define KEEPS 0
	bool reads;
};

enum {
	OP_LOOKUP,
	OP_INSERT,
	OP_UPDATE,
	OP_UPSERT,
	OP_DELETE,
	OP_TAKE,
	OPCODES
};

extern const struct opcode opcodes[OPCODES];

/* Everything that processes share. */
struct shared {
	struct key_state keys[SHAPES][KEYS];
	uint64_t clear_started, clear_committed, clear_lock;
	uint64_t failures[FAIL_NR];
	uint64_t refused; /* ENOMEM: documented, and nothing was changed */
	uint64_t stop;
	struct {
		uint64_t ready, turns, done[OPCODES], jobs[16];
	} workers[WORKERS];
};

/**
 * struct clear_note - a key of the map that is cleared, as its owner stored it
 * @version: of the value; 0: not stored
 * @before: clears that had ended before
 * @after: clears that had begun after
 */
struct clear_note {
	uint64_t version, before, after;
};

struct worker {
	unsigned int number;
	bool victim;
	uint64_t random;
	struct shared *shared;
	struct kcmap_map *maps[SHAPES];
	struct kcmap_view *views[SHAPES];
	struct kcmap_map *clear_map;
	struct clear_note clear_notes[CLEAR_LANE];
};

/**
 * struct job - what a worker does in one turn
 * @name: in the results, if it counts by itself
 * @weight: how often, beside the others
 * @run: does it; returns how many operations it was besides those on keys
 */
struct job {
	const char *name;
	unsigned int weight;
	unsigned int (*run)(struct worker *worker);
};

extern const struct job jobs[];
extern const unsigned int nr_jobs;

/* check.c */
void die(const char *what, int err);
uint64_t rnd(uint64_t *state);
void fail(struct shared *shared, enum soak_failure failure, const char *fmt,
	  ...) __attribute__((format(printf, 3, 4)));
const char *failure_name(enum soak_failure failure);
void make_key(const struct map_shape *shape, uint64_t number, uint64_t *key);
void make_value(const struct map_shape *shape, uint64_t number,
		uint64_t version, uint64_t *value);
int64_t version_of(struct shared *shared, const struct map_shape *shape,
		   uint64_t number, const uint64_t *value, const char *where);
int64_t number_of(struct shared *shared, const struct map_shape *shape,
		  const uint64_t *key, const char *where);
#define ABSENT (-1)
#define CORRUPT (-2)
void judge(struct shared *shared, unsigned int shape, uint64_t number,
	   uint64_t before, const struct key_state *after, int64_t version,
	   const char *where);
struct key_state state_now(struct shared *shared, unsigned int shape,
			   uint64_t number);

/* write.c */
void adopt_lane(struct worker *worker);
unsigned int job_single(struct worker *worker);
unsigned int job_batch(struct worker *worker);
unsigned int job_strided(struct worker *worker);
unsigned int job_sweep(struct worker *worker);
unsigned int job_pair(struct worker *worker);

/* read.c */
unsigned int job_lookup(struct worker *worker);
unsigned int job_view(struct worker *worker);
unsigned int job_scan(struct worker *worker);

/* snapshot.c */
unsigned int job_snapshot(struct worker *worker);

/* maps.c */
unsigned int job_clear(struct worker *worker);
unsigned int job_create(struct worker *worker);
unsigned int job_stats(struct worker *worker);
#define CLEAR_NAME "soak.clear"

#endif /* SOAK_H */
