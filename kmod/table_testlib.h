/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit suites of the table share: keys and values made from numbers,
 * and threads that hammer at a table for a while.
 */
#ifndef _KCMAP_TABLE_TESTLIB_H
#define _KCMAP_TABLE_TESTLIB_H

#include <kunit/test.h>

#include "table_internal.h"

struct kcmap_table_snapshot;

/**
 * struct test_shape - what a parameterised case makes its table to
 * @key_size: bytes
 * @value_size: bytes
 * @max_entries: limit
 * @hash_fast: which hash
 */
struct test_shape {
	u32 key_size;
	u32 value_size;
	u64 max_entries;
	bool hash_fast;
};

void test_shape_desc(const struct test_shape *shape, char *desc);
void test_key(void *key, u32 size, u64 number);
void test_value(void *value, u32 size, u64 number);
bool test_value_whole(const void *value, u32 size, u64 *number);
void test_expect_value(struct kunit *test, const void *value, u32 size,
		       u64 number);
void test_put(struct kunit *test, struct kcmap_table *table,
	      enum kcmap_write op, u64 number, int want);
void test_expect(struct kunit *test, struct kcmap_table *table, u64 from,
		 u64 to, int want);

struct kcmap_table *test_table(struct kunit *test,
			       const struct test_shape *shape);
struct kcmap_table *test_crowded_table(struct kunit *test, u32 key_size,
				       u32 value_size, u32 max_entries);
void test_table_free(struct kunit *test, struct kcmap_table *table);
void test_no_faults(struct kunit *test);
void test_check(struct kunit *test, struct kcmap_table *table);
u64 test_count(struct kunit *test, struct kcmap_table *table);

/* snapshot_testlib.c */
int test_snapshot_lookup(struct kcmap_table_snapshot *snapshot, const void *key,
			 void *value);
void test_check_frames(struct kunit *test, struct kcmap_table *table);

/**
 * struct test_thread - one of the threads of test_threads()
 * @table: as given
 * @ctx: as given
 * @number: 0, 1, ...
 * @ops: what it did, for the log
 * @failures: what it saw that must not be
 * @random: state of its random numbers
 * @stop: told to stop
 */
struct test_thread {
	struct kcmap_table *table;
	void *ctx;
	unsigned int number;
	u64 ops;
	u64 failures;
	u64 random;
	bool *stop;
};

typedef void (*test_thread_fn)(struct test_thread *thread);

u64 test_threads(struct kunit *test, struct kcmap_table *table, void *ctx,
		 const test_thread_fn *fns, unsigned int nr, unsigned int ms);
u32 test_random(struct test_thread *thread, u32 below);

static inline bool test_stopped(const struct test_thread *thread)
{
	return READ_ONCE(*thread->stop);
}

#endif /* _KCMAP_TABLE_TESTLIB_H */
