// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: a table used by many threads at once. Each case watches one promise,
 * and each must fail when the check that the promise rests on is left out: see
 * busted.h, and "make kunit-busted".
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "fault.h"
#include "table_testlib.h"

/* How long each case runs: a broken variant is caught long before. */
#define RACE_MS 700

/* A key that is its own value. */
static int insert_key(struct kcmap_table *table, u64 key)
{
	return kcmap_table_write(table, KCMAP_WRITE_INSERT, &key, &key, NULL,
				 GFP_KERNEL);
}

static int remove_key(struct kcmap_table *table, u64 key)
{
	return kcmap_table_write(table, KCMAP_WRITE_DELETE, &key, NULL, NULL,
				 GFP_KERNEL);
}

static const struct test_shape torn_shapes[] = {
	{ 8, 8, 100, true },
	{ 40, 32, 100, false },
	{ 16, 200, 100, true },
	{ 128, 1024, 100, false },
};

KUNIT_ARRAY_PARAM(torn_shape, torn_shapes, test_shape_desc);

#define TORN_KEYS 4

static void torn_write(struct test_thread *thread)
{
	const struct kcmap_table_params *params = &thread->table->params;
	static u8 values[8][KCMAP_VALUE_SIZE_MAX];
	u8 *value = values[thread->number % ARRAY_SIZE(values)];
	u8 key[KCMAP_KEY_SIZE_MAX];
	u32 i, number;

	for (i = 0; i < 100; i++) {
		number = test_random(thread, TORN_KEYS);
		test_key(key, params->key_size, number);
		test_value(value, params->value_size,
			   thread->random << 8 | number);
		kcmap_table_write(thread->table,
				  i % 8 ? KCMAP_WRITE_UPSERT :
					  KCMAP_WRITE_DELETE,
				  key, value, NULL, GFP_KERNEL);
		thread->ops++;
	}
}

/* A value is whole, and that of the key. */
static void torn_read(struct test_thread *thread)
{
	const struct kcmap_table_params *params = &thread->table->params;
	static u8 values[8][KCMAP_VALUE_SIZE_MAX];
	u8 *value = values[thread->number % ARRAY_SIZE(values)];
	u8 key[KCMAP_KEY_SIZE_MAX];
	u32 i, number;
	u64 seen;

	for (i = 0; i < 100; i++) {
		number = test_random(thread, TORN_KEYS);
		test_key(key, params->key_size, number);
		if (kcmap_table_lookup(thread->table, key, value))
			continue;
		if (!test_value_whole(value, params->value_size, &seen) ||
		    (u8)seen != number)
			thread->failures++;
		thread->ops++;
	}
}

static const test_thread_fn no_torn_value_fns[] = { torn_write, torn_read,
						    torn_write, torn_read };

static void no_torn_value(struct kunit *test)
{
	struct kcmap_table *table = test_table(test, test->param_value);

	KUNIT_EXPECT_EQ(test, 0ULL,
			test_threads(test, table, NULL, no_torn_value_fns,
				     ARRAY_SIZE(no_torn_value_fns), RACE_MS));
	test_table_free(test, table);
}

/*
 * Keys below STABLE are there all the time, in a segment so full that they are
 * moved about to make room for others. None is ever missed.
 */
#define STABLE 150
#define CHURN 60

/* Entries move all the time, needed or not: more often than inserts need it. */
static void miss_shuffle(struct test_thread *thread)
{
	struct kcmap_table *table = thread->table;
	struct kcmap_dirent *entry;
	u32 *active;
	unsigned long flags;
	u32 i;

	for (i = 0; i < 1000; i++) {
		rcu_read_lock();
		entry = kcmap_directory_entry(rcu_dereference(table->directory),
					      0);
		local_irq_save(flags);
		active = kcmap_gate_enter(&table->gate);
		kcmap_make_room(table, kcmap_dirent_segment(entry),
				thread->random);
		kcmap_gate_exit(active);
		local_irq_restore(flags);
		rcu_read_unlock();
		test_random(thread, 1);
		thread->ops++;
	}
}

static void miss_churn(struct test_thread *thread)
{
	u64 i, key;

	for (i = 0; i < 100; i++) {
		key = STABLE + test_random(thread, CHURN);
		kcmap_table_write(thread->table,
				  i % 2 ? KCMAP_WRITE_UPSERT :
					  KCMAP_WRITE_DELETE,
				  &key, &key, NULL, GFP_KERNEL);
		thread->ops++;
	}
}

/* Keys below @nr are there all the time. */
static void read_stable(struct test_thread *thread, u32 nr)
{
	u64 i, key, value;

	for (i = 0; i < 1000; i++) {
		key = test_random(thread, nr);
		if (kcmap_table_lookup(thread->table, &key, &value) ||
		    value != key)
			thread->failures++;
		thread->ops++;
	}
}

static void miss_read(struct test_thread *thread)
{
	read_stable(thread, STABLE);
}

static void miss_bulk(struct test_thread *thread)
{
	u64 keys[KCMAP_BULK_MAX], values[KCMAP_BULK_MAX], found;
	u32 i;

	for (i = 0; i < KCMAP_BULK_MAX; i++)
		keys[i] = test_random(thread, STABLE);
	found = kcmap_table_lookup_bulk(thread->table, keys, values,
					KCMAP_BULK_MAX);
	for (i = 0; i < KCMAP_BULK_MAX; i++)
		if (!(found & BIT_ULL(i)) || values[i] != keys[i])
			thread->failures++;
	thread->ops += KCMAP_BULK_MAX;
}

/* Each stable key exactly once; the numbers that a scan saw are in ctx. */
static void miss_scan(struct test_thread *thread)
{
	u8 *seen = thread->ctx;
	u64 cursor = 0, keys[50];
	bool end = false;
	u32 i, count;

	memset(seen, 0, STABLE);
	while (!end) {
		if (kcmap_table_scan(thread->table, &cursor, keys, NULL,
				     ARRAY_SIZE(keys), &count, &end)) {
			thread->failures++;
			return;
		}
		for (i = 0; i < count; i++)
			if (keys[i] < STABLE)
				seen[keys[i]]++;
	}
	for (i = 0; i < STABLE; i++)
		thread->failures += seen[i] != 1;
	thread->ops++;
}

static const test_thread_fn no_false_miss_fns[] = { miss_shuffle, miss_read,
						    miss_churn, miss_bulk,
						    miss_scan };

static void no_false_miss(struct kunit *test)
{
	struct kcmap_table_stats stats;
	struct kcmap_table *table;
	u8 *seen;
	u64 key;

	table = test_crowded_table(test, 8, 8, STABLE + CHURN);
	seen = kunit_kzalloc(test, STABLE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, seen);
	for (key = 0; key < STABLE; key++)
		KUNIT_ASSERT_EQ(test, 0, insert_key(table, key));
	/* Between two buckets, or hardly a move would hit that moment. */
	kcmap_linger_set(KCMAP_MOMENT_READ, 20);
	KUNIT_EXPECT_EQ(test, 0ULL,
			test_threads(test, table, seen, no_false_miss_fns,
				     ARRAY_SIZE(no_false_miss_fns),
				     2 * RACE_MS));
	kcmap_linger_set(KCMAP_MOMENT_READ, 0);
	kcmap_table_stats(table, &stats);
	/* Or the case would prove nothing. */
	KUNIT_EXPECT_GT(test, stats.moves, 1000ULL);
	test_table_free(test, table);
}

/*
 * The table grows and shrinks all the time under readers of keys that are there
 * all the time. Whoever makes it grow looks for what it has stored.
 */
#define GROW_STABLE 300
#define GROW_KEYS 800
#define GROW_SPLITS 300
#define GROW_ROUNDS 12

static void grow_read(struct test_thread *thread)
{
	read_stable(thread, GROW_STABLE);
}

static void grow_write(struct test_thread *thread)
{
	u64 first = (u64)(thread->number + 1) << 32, key;

	for (key = first; key < first + GROW_KEYS; key++)
		thread->failures += insert_key(thread->table, key) != 0;
	for (key = first; key < first + GROW_KEYS; key++)
		thread->failures +=
			kcmap_table_lookup(thread->table, &key, NULL) != 0;
	for (key = first; key < first + GROW_KEYS; key++)
		thread->failures += remove_key(thread->table, key) != 0;
	thread->ops += 3 * GROW_KEYS;
}

/* Each stable key exactly once, however segments come and go. */
static void grow_scan(struct test_thread *thread)
{
	u64 cursor = 0, keys[50], sum = 0, seen = 0;
	bool end = false;
	u32 i, count;

	while (!end) {
		if (kcmap_table_scan(thread->table, &cursor, keys, NULL,
				     ARRAY_SIZE(keys), &count, &end)) {
			thread->failures++;
			return;
		}
		for (i = 0; i < count; i++) {
			if (keys[i] >= GROW_STABLE)
				continue;
			seen++;
			sum += keys[i];
		}
	}
	thread->failures += seen != GROW_STABLE;
	thread->failures += sum != GROW_STABLE * (GROW_STABLE - 1ULL) / 2;
	thread->ops++;
}

static const test_thread_fn grows_unseen_fns[] = { grow_write, grow_read,
						   grow_write, grow_scan };

static void grows_unseen(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 1 << 20, true };
	struct kcmap_table *table = test_table(test, &shape);
	struct kcmap_table_stats stats = {};
	unsigned int i;
	u64 key;

	for (key = 0; key < GROW_STABLE; key++)
		KUNIT_ASSERT_EQ(test, 0, insert_key(table, key));
	/* As long as it takes: fewer splits would prove nothing. */
	for (i = 0; i < GROW_ROUNDS && stats.splits < GROW_SPLITS; i++) {
		KUNIT_EXPECT_EQ(
			test, 0ULL,
			test_threads(test, table, NULL, grows_unseen_fns,
				     ARRAY_SIZE(grows_unseen_fns), RACE_MS));
		kcmap_table_stats(table, &stats);
	}
	KUNIT_EXPECT_EQ(test, (u64)GROW_STABLE, test_count(test, table));
	kunit_info(test, "%llu splits, %llu merges\n", stats.splits,
		   stats.merges);
	KUNIT_EXPECT_GT(test, stats.splits, 20ULL);
	KUNIT_EXPECT_GT(test, stats.merges, 5ULL);
	test_table_free(test, table);
}

static void add_one(void *value, void *ctx)
{
	(*(u64 *)value)++;
}

#define COUNTERS 3

static void count(struct test_thread *thread)
{
	u64 key, i;

	for (i = 0; i < 100; i++) {
		key = test_random(thread, COUNTERS);
		if (kcmap_table_modify(thread->table, &key, add_one, NULL))
			thread->failures++;
		atomic64_inc(thread->ctx);
		thread->ops++;
	}
}

static const test_thread_fn no_lost_update_fns[] = { count, count, count,
						     count };

static void no_lost_update(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, COUNTERS, true };
	struct kcmap_table *table = test_table(test, &shape);
	atomic64_t done = ATOMIC64_INIT(0);
	u64 key, value, sum = 0;

	for (key = 0; key < COUNTERS; key++) {
		value = 0;
		kcmap_table_write(table, KCMAP_WRITE_INSERT, &key, &value, NULL,
				  GFP_KERNEL);
	}
	KUNIT_EXPECT_EQ(test, 0ULL,
			test_threads(test, table, &done, no_lost_update_fns,
				     ARRAY_SIZE(no_lost_update_fns), RACE_MS));
	for (key = 0; key < COUNTERS; key++) {
		KUNIT_EXPECT_EQ(test, 0,
				kcmap_table_lookup(table, &key, &value));
		sum += value;
	}
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&done), sum);
	test_table_free(test, table);
}

/*
 * Whoever has inserted a key holds it, and nobody else, until he deletes it. The
 * segment is full, so that inserting drops locks to make room, in vain or not.
 */
#define TWIN_KEYS 2
#define TWIN_FILL 300

static void twin(struct test_thread *thread)
{
	atomic_t *holders = thread->ctx;
	u64 key, i;

	for (i = 0; i < 100; i++) {
		key = test_random(thread, TWIN_KEYS);
		thread->ops++;
		if (insert_key(thread->table, key))
			continue;
		thread->failures += atomic_inc_return(&holders[key]) != 1;
		/* For long enough that another who found it absent comes. */
		udelay(5);
		atomic_dec(&holders[key]);
		thread->failures += remove_key(thread->table, key) != 0;
	}
}

/* Now and then a slot is free. */
static void twin_churn(struct test_thread *thread)
{
	u64 key = TWIN_KEYS + test_random(thread, TWIN_FILL);

	thread->failures += remove_key(thread->table, key) != 0;
	thread->failures += insert_key(thread->table, key) != 0;
	thread->ops++;
}

static const test_thread_fn no_twins_fns[] = { twin, twin, twin, twin_churn };

static void no_twins(struct kunit *test)
{
	struct kcmap_table *table;
	atomic_t *holders;
	u64 key;

	table = test_crowded_table(test, 8, 8, TWIN_KEYS + TWIN_FILL);
	holders = kunit_kcalloc(test, TWIN_KEYS, sizeof(*holders), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, holders);
	for (key = TWIN_KEYS; key < TWIN_KEYS + TWIN_FILL; key++)
		KUNIT_ASSERT_EQ(test, 0, insert_key(table, key));
	kcmap_linger_set(KCMAP_MOMENT_ROOM, 20);
	KUNIT_EXPECT_EQ(test, 0ULL,
			test_threads(test, table, holders, no_twins_fns,
				     ARRAY_SIZE(no_twins_fns), RACE_MS));
	kcmap_linger_set(KCMAP_MOMENT_ROOM, 0);
	KUNIT_EXPECT_EQ(test, (u64)TWIN_FILL, test_count(test, table));
	test_table_free(test, table);
}

/*
 * All but FREE of the credits are spent, and FREE threads each insert and
 * delete one key: there is always one left for each.
 */
#define FREE 4

static void one_left(struct test_thread *thread)
{
	u64 key = U64_MAX - thread->number, i;

	for (i = 0; i < 100; i++) {
		thread->failures += insert_key(thread->table, key) != 0;
		thread->failures += remove_key(thread->table, key) != 0;
		thread->ops++;
	}
}

static const test_thread_fn never_full_too_soon_fns[] = { one_left, one_left,
							  one_left, one_left };

static void never_full_too_soon(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 20000, true };
	struct kcmap_table *table = test_table(test, &shape);
	u64 key;

	for (key = 0; key < shape.max_entries - FREE; key++)
		insert_key(table, key);
	KUNIT_EXPECT_EQ(test, 0ULL,
			test_threads(test, table, NULL, never_full_too_soon_fns,
				     ARRAY_SIZE(never_full_too_soon_fns),
				     RACE_MS));
	KUNIT_EXPECT_EQ(test, shape.max_entries - FREE,
			test_count(test, table));
	test_table_free(test, table);
}

/* As many as fit, from all sides at once, then all out again: over and over. */
static void race_to_fill(struct test_thread *thread)
{
	u64 key = (u64)thread->number << 32, i, stored = 0;

	for (i = 0; i < 3000; i++)
		stored += !insert_key(thread->table, key + i);
	for (i = 0; i < 3000; i++)
		stored -= !remove_key(thread->table, key + i);
	thread->failures += stored != 0;
	thread->ops += 6000;
}

static const test_thread_fn never_too_full_fns[] = { race_to_fill, race_to_fill,
						     race_to_fill,
						     race_to_fill };

static void never_too_full(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 5000, true };
	struct kcmap_table *table = test_table(test, &shape);
	u64 key, stored = 0;

	KUNIT_EXPECT_EQ(test, 0ULL,
			test_threads(test, table, NULL, never_too_full_fns,
				     ARRAY_SIZE(never_too_full_fns), RACE_MS));
	/* No credit was lost or made on the way. */
	for (key = 0; key < shape.max_entries + 100; key++)
		stored += !insert_key(table, key);
	KUNIT_EXPECT_EQ(test, shape.max_entries, stored);
	test_table_free(test, table);
}

static void clear_churn(struct test_thread *thread)
{
	u64 key, i;

	for (i = 0; i < 100; i++) {
		key = test_random(thread, 500);
		kcmap_table_write(thread->table,
				  i % 3 ? KCMAP_WRITE_UPSERT :
					  KCMAP_WRITE_DELETE,
				  &key, &key, NULL, GFP_KERNEL);
		thread->ops++;
	}
}

static void clear(struct test_thread *thread)
{
	thread->failures += kcmap_table_clear(thread->table) != 0;
	thread->ops++;
}

static const test_thread_fn clear_at_one_instant_fns[] = { clear_churn, clear,
							   clear_churn,
							   clear_churn };

/* What is counted at the instant of a clear is what is in the table then. */
static void clear_at_one_instant(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 1000, true };
	struct kcmap_table *table = test_table(test, &shape);

	KUNIT_EXPECT_EQ(test, 0ULL,
			test_threads(test, table, NULL,
				     clear_at_one_instant_fns,
				     ARRAY_SIZE(clear_at_one_instant_fns),
				     2 * RACE_MS));
	/* Compares the statistics with a scan. */
	test_table_free(test, table);
}

/**
 * struct splitter - a thread that fills a table until it splits
 * @table: the table
 * @from: first key that it inserts
 * @done: it has
 */
struct splitter {
	struct kcmap_table *table;
	u64 from;
	struct completion done;
};

static int splitter(void *data)
{
	struct splitter *splitter = data;
	struct kcmap_table_stats stats;
	u64 key = splitter->from;

	do {
		insert_key(splitter->table, key++);
		kcmap_table_stats(splitter->table, &stats);
	} while (!stats.splits);
	complete(&splitter->done);
	return 0;
}

/*
 * A write to a segment that is just being split waits, and is found in what takes
 * the segment's place.
 */
#define FROZEN_KEYS 100

static void frozen_waits(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 10000, true };
	struct splitter other = { .from = FROZEN_KEYS };
	struct kcmap_segment *segment;
	struct kcmap_table *table;
	struct task_struct *task;
	u64 key, value;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs a second CPU");
	table = test_table(test, &shape);
	other.table = table;
	for (key = 0; key < FROZEN_KEYS; key++)
		KUNIT_ASSERT_EQ(test, 0, insert_key(table, key));
	rcu_read_lock();
	segment = kcmap_dirent_segment(
		kcmap_directory_entry(rcu_dereference(table->directory), 0));
	rcu_read_unlock();

	init_completion(&other.done);
	kcmap_linger_set(KCMAP_MOMENT_SPLIT, 100 * USEC_PER_MSEC);
	migrate_disable();
	task = kthread_create_on_cpu(splitter, &other,
				     cpumask_any_but(cpu_online_mask,
						     raw_smp_processor_id()),
				     "kcmap_test/%u");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	/* Or it could be freed, when it has been split. */
	rcu_read_lock();
	wake_up_process(task);
	while (!READ_ONCE(segment->frozen))
		cpu_relax();
	rcu_read_unlock();
	/* Until it lingers, all copied and not yet published. */
	mdelay(10);
	for (key = 0; key < FROZEN_KEYS; key++) {
		value = key + 1;
		KUNIT_EXPECT_EQ(test, 0,
				kcmap_table_write(table, KCMAP_WRITE_UPDATE,
						  &key, &value, NULL,
						  GFP_KERNEL));
	}
	migrate_enable();
	wait_for_completion(&other.done);
	kcmap_linger_set(KCMAP_MOMENT_SPLIT, 0);
	for (key = 0; key < FROZEN_KEYS; key++) {
		KUNIT_EXPECT_EQ(test, 0,
				kcmap_table_lookup(table, &key, &value));
		KUNIT_EXPECT_EQ(test, key + 1, value);
	}
	test_table_free(test, table);
}

/**
 * struct twice - a scan that runs while an entry goes from bucket to bucket
 * @table: the table
 * @done: the scan has ended
 * @rc: what it returned
 * @keys: keys that it read
 * @count: how many
 */
struct twice {
	struct kcmap_table *table;
	struct completion done;
	int rc;
	u64 keys[8];
	u32 count;
};

static int twice_scan(void *data)
{
	struct twice *twice = data;
	u64 cursor = 0;
	bool end;

	twice->rc = kcmap_table_scan(twice->table, &cursor, twice->keys, NULL,
				     ARRAY_SIZE(twice->keys), &twice->count,
				     &end);
	complete(&twice->done);
	return 0;
}

/* The next key from @key on that may live in these two buckets. */
static u64 key_between(const struct kcmap_table *table, u64 key,
		       unsigned int home, unsigned int alternate)
{
	const struct kcmap_layout *layout = &table->layout;
	u64 hash;

	for (;; key++) {
		hash = kcmap_table_hash(table, &key);
		if (kcmap_hash_home(layout, hash) == home &&
		    kcmap_hash_alternate(layout, hash) == alternate)
			return key;
	}
}

/*
 * A scan has copied the home of a key, and not yet its alternate, when the key
 * is deleted and inserted again. It comes out once.
 */
static void scan_is_a_set(struct kunit *test)
{
	struct kcmap_segment *segment;
	struct kcmap_table *table;
	struct task_struct *task;
	struct twice twice = {};
	u64 key, filler = 0;
	unsigned long flags;
	u32 i, seen = 0;

	if (num_online_cpus() < 2)
		kunit_skip(test, "the scan needs a CPU of its own");
	table = test_crowded_table(test, 8, 8, 100);
	twice.table = table;
	key = key_between(table, 0, 1, 40);
	KUNIT_ASSERT_EQ(test, 0, insert_key(table, key));
	init_completion(&twice.done);
	rcu_read_lock();
	segment = kcmap_dirent_segment(
		kcmap_directory_entry(rcu_dereference(table->directory), 0));
	rcu_read_unlock();

	migrate_disable();
	task = kthread_create_on_cpu(twice_scan, &twice,
				     cpumask_any_but(cpu_online_mask,
						     raw_smp_processor_id()),
				     "kcmap_test/%u");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	/* On its way from bucket 1 to bucket 40 the scan waits for this lock. */
	local_irq_save(flags);
	raw_spin_lock_nested(&kcmap_segment_locks(&table->layout, segment)[20],
			     2);
	wake_up_process(task);
	mdelay(50);
	KUNIT_EXPECT_EQ(test, 0, remove_key(table, key));
	for (i = 0; i < table->layout.bucket_slots; i++) {
		filler = key_between(table, filler + 1, 1, 50);
		KUNIT_EXPECT_EQ(test, 0, insert_key(table, filler));
	}
	KUNIT_EXPECT_EQ(test, 0, insert_key(table, key));
	raw_spin_unlock(&kcmap_segment_locks(&table->layout, segment)[20]);
	local_irq_restore(flags);
	migrate_enable();

	wait_for_completion(&twice.done);
	KUNIT_EXPECT_EQ(test, 0, twice.rc);
	for (i = 0; i < twice.count; i++)
		seen += twice.keys[i] == key;
	KUNIT_EXPECT_EQ(test, 1U, seen);
	test_table_free(test, table);
}

/**
 * struct gate_watch - what the gate's keeper looks at
 * @table: the table
 * @moved: instants in which a writer was inside
 */
struct gate_watch {
	struct kcmap_table *table;
	u64 moved;
};

static u64 all_writes(struct kcmap_table *table)
{
	struct kcmap_counters *counters;
	u64 writes = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		counters = per_cpu_ptr(table->counters, cpu);
		writes += READ_ONCE(counters->inserts) +
			  READ_ONCE(counters->deletes) +
			  READ_ONCE(counters->updates);
	}
	return writes;
}

/* Time enough for a writer that is inside to finish. */
#define INSTANT_US 250

static void gate_instant(void *ctx)
{
	struct gate_watch *watch = ctx;
	u64 writes = all_writes(watch->table);

	udelay(INSTANT_US);
	watch->moved += all_writes(watch->table) != writes;
}

static void gate_keeper(struct test_thread *thread)
{
	struct gate_watch watch = { .table = thread->table };

	kcmap_gate_run(&thread->table->gate, gate_instant, &watch);
	thread->failures += watch.moved;
	thread->ops++;
}

static const test_thread_fn gate_keeps_out_fns[] = { clear_churn, gate_keeper,
						     clear_churn, clear_churn };

/* While the gate is closed, no writer is inside. */
static void gate_keeps_out(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 1000, true };
	struct kcmap_table *table = test_table(test, &shape);

	/* So long that one is inside whenever the keeper comes. */
	kcmap_linger_set(KCMAP_MOMENT_WRITE, 100);
	KUNIT_EXPECT_EQ(test, 0ULL,
			test_threads(test, table, NULL, gate_keeps_out_fns,
				     ARRAY_SIZE(gate_keeps_out_fns), RACE_MS));
	kcmap_linger_set(KCMAP_MOMENT_WRITE, 0);
	test_table_free(test, table);
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE_PARAM(no_torn_value, torn_shape_gen_params),
	KUNIT_CASE(no_false_miss),
	KUNIT_CASE(grows_unseen),
	KUNIT_CASE(frozen_waits),
	KUNIT_CASE(no_lost_update),
	KUNIT_CASE(no_twins),
	KUNIT_CASE(never_full_too_soon),
	KUNIT_CASE(never_too_full),
	KUNIT_CASE(clear_at_one_instant),
	KUNIT_CASE(gate_keeps_out),
	KUNIT_CASE(scan_is_a_set),
	{}
};

static struct kunit_suite race_suite = {
	.name = "kcmap_race",
	.test_cases = race_cases,
};

kunit_test_suite(race_suite);
