// SPDX-License-Identifier: GPL-2.0-only
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "fault.h"
#include "table_testlib.h"

void test_shape_desc(const struct test_shape *shape, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "key %u value %u max %llu %s",
		 shape->key_size, shape->value_size, shape->max_entries,
		 shape->hash_fast ? "fast" : "siphash");
}

/* Numbers differ in the last bytes of a key too, not in its first word only. */
void test_key(void *key, u32 size, u64 number)
{
	u32 head = min_t(u32, size, sizeof(number));

	memset(key, 0xa5, size);
	memcpy(key, &number, head);
	if (size >= 2 * sizeof(number))
		memcpy(key + size - sizeof(number), &number, sizeof(number));
}

/* Each word of a value says the number: a mixture of two values is found out. */
void test_value(void *value, u32 size, u64 number)
{
	u32 i;

	for (i = 0; i < size; i++)
		((u8 *)value)[i] = number >> (i % sizeof(number) * 8);
}

bool test_value_whole(const void *value, u32 size, u64 *number)
{
	u32 i;

	*number = 0;
	memcpy(number, value, min_t(u32, size, sizeof(*number)));
	for (i = 0; i < size; i++)
		if (((const u8 *)value)[i] !=
		    (u8)(*number >> (i % sizeof(*number) * 8)))
			return false;
	return true;
}

/* A value whole, and made from @number as far as it has bytes. */
void test_expect_value(struct kunit *test, const void *value, u32 size,
		       u64 number)
{
	u64 seen, want = 0;

	test_value(&want, min_t(u32, sizeof(want), size), number);
	KUNIT_EXPECT_TRUE(test, test_value_whole(value, size, &seen));
	KUNIT_EXPECT_EQ(test, want, seen);
}

/* Write an entry that is made from a number, of at most 64 bytes of value. */
void test_put(struct kunit *test, struct kcmap_table *table,
	      enum kcmap_write op, u64 number, int want)
{
	u32 value_size = table->params.value_size;
	u8 key[KCMAP_KEY_SIZE_MAX], value[64];

	KUNIT_ASSERT_LE(test, value_size, (u32)sizeof(value));
	test_key(key, table->params.key_size, number);
	test_value(value, value_size, number);
	KUNIT_ASSERT_EQ(test, want,
			kcmap_table_write(table, op, key, value, NULL,
					  GFP_KERNEL));
}

/* Look up the entries made from @from to @to. */
void test_expect(struct kunit *test, struct kcmap_table *table, u64 from,
		 u64 to, int want)
{
	u8 key[KCMAP_KEY_SIZE_MAX], value[64];
	u64 i;

	for (i = from; i < to; i++) {
		test_key(key, table->params.key_size, i);
		KUNIT_ASSERT_EQ(test, want,
				kcmap_table_lookup(table, key, value));
		if (!want)
			test_expect_value(test, value, table->params.value_size,
					  i);
	}
}

/* For suites: what a case that gives up has left. */
void test_no_faults(struct kunit *test)
{
	kcmap_fault_set(0, 0);
}

struct kcmap_table *test_table(struct kunit *test,
			       const struct test_shape *shape)
{
	const struct kcmap_table_params params = {
		.max_entries = shape->max_entries,
		.key_size = shape->key_size,
		.value_size = shape->value_size,
		.hash_fast = shape->hash_fast,
		.snapshots_max = U32_MAX,
		.snapshot_bytes_max = U64_MAX,
	};
	struct kcmap_table *table = kcmap_table_create(&params);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	return table;
}

/* A table of one segment that takes as many as one likes: full and chained. */
struct kcmap_table *test_crowded_table(struct kunit *test, u32 key_size,
				       u32 value_size, u32 max_entries)
{
	const struct test_shape shape = { key_size, value_size, 1, true };
	struct kcmap_table *table = test_table(test, &shape);
	struct kcmap_directory *directory;

	table->params.max_entries = max_entries;
	table->layout.depth = 0;
	directory = kcmap_directory_create(table->arena, &table->layout,
					   max_entries, false);
	KUNIT_ASSERT_NOT_NULL(test, directory);
	kcmap_directory_begin(directory);
	kcmap_directory_retire(rcu_dereference_protected(table->directory, 1),
			       table->arena->epoch);
	table->contents = directory->contents;
	RCU_INIT_POINTER(table->directory, directory);
	return table;
}

/* Entries by a scan, which must agree with the statistics when all is quiet. */
u64 test_count(struct kunit *test, struct kcmap_table *table)
{
	const u32 capacity = 100;
	struct kcmap_table_stats stats;
	u64 cursor = 0, total = 0;
	bool end = false;
	void *keys;
	u32 count;

	keys = kunit_kmalloc_array(test, capacity, table->params.key_size,
				   GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, keys);
	while (!end) {
		KUNIT_ASSERT_EQ(test, 0,
				kcmap_table_scan(table, &cursor, keys, NULL,
						 capacity, &count, &end));
		total += count;
	}
	kcmap_table_stats(table, &stats);
	KUNIT_EXPECT_EQ(test, stats.entries, total);
	return total;
}

void test_table_free(struct kunit *test, struct kcmap_table *table)
{
	test_check(test, table);
	KUNIT_EXPECT_LE(test, test_count(test, table),
			table->params.max_entries);
	kcmap_table_destroy(table);
}

u32 test_random(struct test_thread *thread, u32 below)
{
	thread->random ^= thread->random << 13;
	thread->random ^= thread->random >> 7;
	thread->random ^= thread->random << 17;
	return (thread->random >> 32) * below >> 32;
}

struct runner {
	struct test_thread thread;
	test_thread_fn fn;
	struct completion *go;
	struct completion done;
};

static int run(void *data)
{
	struct runner *runner = data;

	wait_for_completion(runner->go);
	/* At least once, even if it comes too late. */
	do {
		runner->fn(&runner->thread);
		cond_resched();
	} while (!test_stopped(&runner->thread));
	complete(&runner->done);
	return 0;
}

/*
 * Run each of @fns again and again in a thread of its own for @ms milliseconds.
 * Return: the sum of their failures.
 */
u64 test_threads(struct kunit *test, struct kcmap_table *table, void *ctx,
		 const test_thread_fn *fns, unsigned int nr, unsigned int ms)
{
	DECLARE_COMPLETION_ONSTACK(go);
	struct task_struct *task;
	struct runner *runners;
	u64 ops = 0, failures = 0;
	unsigned int i, started;
	bool stop = false;

	runners = kunit_kcalloc(test, nr, sizeof(*runners), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, runners);
	for (started = 0; started < nr; started++) {
		struct runner *runner = &runners[started];

		runner->thread.table = table;
		runner->thread.ctx = ctx;
		runner->thread.number = started;
		runner->thread.random = get_random_u64() | 1;
		runner->thread.stop = &stop;
		runner->fn = fns[started];
		runner->go = &go;
		init_completion(&runner->done);
		task = kthread_run(run, runner, "kcmap_test/%u", started);
		if (IS_ERR(task))
			break;
	}
	complete_all(&go);
	msleep(ms);
	WRITE_ONCE(stop, true);
	for (i = 0; i < started; i++) {
		wait_for_completion(&runners[i].done);
		ops += runners[i].thread.ops;
		failures += runners[i].thread.failures;
	}
	kunit_info(test, "%u threads, %llu operations, %llu failures\n",
		   started, ops, failures);
	KUNIT_EXPECT_EQ(test, nr, started);
	KUNIT_EXPECT_GT(test, ops, 0ULL);
	return failures;
}
