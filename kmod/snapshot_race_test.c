// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: snapshots of a table that many threads write to. As in table_race_test.c,
 * each case must fail when what its promise rests on is left out.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kcmap_image.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "fault.h"
#include "image.h"
#include "snapshot.h"
#include "table_testlib.h"

#define RACE_MS 700

static int put_key(struct kcmap_table *table, u64 key, u64 value)
{
	return kcmap_table_write(table, KCMAP_WRITE_UPSERT, &key, &value, NULL,
				 GFP_KERNEL);
}

/*
 * Each writer counts up in one key, then in another. Whatever the instant, the second
 * is not ahead of the first, and not more than one behind; and who was writing in that
 * instant has changed nothing of it afterwards.
 */
#define PAIRS 64

static void count_pairs(struct test_thread *thread)
{
	u64 base = (u64)thread->number * 2 * PAIRS, pair, count;
	u64 *counts = thread->ctx;

	for (pair = 0; pair < PAIRS; pair++) {
		count = ++counts[thread->number * PAIRS + pair];
		thread->failures +=
			put_key(thread->table, base + pair, count) != 0;
		thread->failures +=
			put_key(thread->table, base + PAIRS + pair, count) != 0;
		thread->ops++;
	}
}

static u64 read_count(struct kcmap_table_snapshot *snapshot, u64 key)
{
	u64 value;

	return test_snapshot_lookup(snapshot, &key, &value) ? 0 : value;
}

/* Return: a sum over all counts. */
static u64 read_pairs(struct kcmap_table_snapshot *snapshot, u64 *failures)
{
	u64 writer, pair, first, second, base, sum = 0;

	for (writer = 0; writer < 3; writer++) {
		base = writer * 2 * PAIRS;
		for (pair = 0; pair < PAIRS; pair++) {
			first = read_count(snapshot, base + pair);
			second = read_count(snapshot, base + PAIRS + pair);
			*failures += second > first || first > second + 1;
			sum += first + second;
		}
	}
	return sum;
}

static void cut_pairs(struct test_thread *thread)
{
	struct kcmap_table_snapshot *snapshot;
	u64 sum;

	snapshot = kcmap_snapshot_create(thread->table);
	if (IS_ERR(snapshot)) {
		thread->failures++;
		return;
	}
	sum = read_pairs(snapshot, &thread->failures);
	usleep_range(1000, 2000);
	thread->failures += sum != read_pairs(snapshot, &thread->failures);
	kcmap_snapshot_close(snapshot);
	thread->ops++;
}

static const test_thread_fn cut_is_an_instant_fns[] = {
	count_pairs, count_pairs, count_pairs, cut_pairs
};

static void cut_is_an_instant(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 3 * 2 * PAIRS, true };
	struct kcmap_table *table = test_table(test, &shape);
	u64 *counts;

	counts = kunit_kcalloc(test, 3 * PAIRS, sizeof(*counts), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, counts);
	/* So long that a snapshot is read before who was writing goes on. */
	kcmap_linger_set(KCMAP_MOMENT_CHANGE, 300);
	KUNIT_EXPECT_EQ(test, 0ULL,
			test_threads(test, table, counts, cut_is_an_instant_fns,
				     ARRAY_SIZE(cut_is_an_instant_fns),
				     RACE_MS));
	kcmap_linger_set(KCMAP_MOMENT_CHANGE, 0);
	test_check_frames(test, table);
	test_table_free(test, table);
}

/* Keys come, go and change, so that segments are copied, split and merged. */
#define CHURN 1500

static void churn(struct test_thread *thread)
{
	u64 key, i, from = test_random(thread, CHURN);

	for (i = 0; i < 200; i++) {
		key = (from + i) % CHURN;
		if (test_random(thread, 4))
			put_key(thread->table, key, thread->random);
		else
			kcmap_table_write(thread->table, KCMAP_WRITE_DELETE,
					  &key, NULL, NULL, GFP_KERNEL);
		thread->ops++;
	}
	if (!test_random(thread, 50))
		kcmap_table_clear(thread->table);
}

/* Return: a sum over all that is there; @entries: how many. */
static u64 digest(struct kcmap_table_snapshot *snapshot, u64 *entries,
		  u64 *failures)
{
	u64 key, value, sum = 0;
	int rc;

	*entries = 0;
	for (key = 0; key < CHURN; key++) {
		rc = test_snapshot_lookup(snapshot, &key, &value);
		*failures += rc == -EFAULT;
		if (rc)
			continue;
		sum = sum * 31 + (key ^ value);
		++*entries;
	}
	return sum;
}

/* It has as many entries as it says, and the same ones some time later. */
static void watch_snapshot(struct test_thread *thread)
{
	struct kcmap_table_snapshot *snapshot, *newer;
	u64 sum, entries, again;

	snapshot = kcmap_snapshot_create(thread->table);
	if (IS_ERR(snapshot)) {
		thread->failures++;
		return;
	}
	sum = digest(snapshot, &entries, &thread->failures);
	thread->failures += entries != kcmap_snapshot_image(snapshot)->entries;
	usleep_range(2000, 4000);
	newer = kcmap_snapshot_create(thread->table);
	/* What was freed too soon is gone, or used again, by then. */
	rcu_barrier();
	usleep_range(2000, 4000);
	thread->failures += sum != digest(snapshot, &again, &thread->failures);
	if (IS_ERR(newer)) {
		thread->failures++;
	} else if (thread->ops % 2) {
		kcmap_snapshot_close(newer);
		newer = NULL;
	}
	thread->failures += sum != digest(snapshot, &again, &thread->failures);
	thread->failures += kcmap_snapshot_refresh(snapshot) != 0;
	sum = digest(snapshot, &entries, &thread->failures);
	thread->failures += entries != kcmap_snapshot_image(snapshot)->entries;
	usleep_range(2000, 4000);
	thread->failures += sum != digest(snapshot, &again, &thread->failures);
	kcmap_snapshot_close(snapshot);
	if (!IS_ERR_OR_NULL(newer))
		kcmap_snapshot_close(newer);
	thread->ops++;
}

static const test_thread_fn snapshot_stays_fns[] = { churn, churn,
						     watch_snapshot,
						     watch_snapshot };

static void snapshot_stays(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, CHURN, true };
	struct kcmap_table *table = test_table(test, &shape);

	KUNIT_ASSERT_EQ(test, 0, kcmap_view_create(table));
	KUNIT_EXPECT_EQ(test, 0ULL,
			test_threads(test, table, NULL, snapshot_stays_fns,
				     ARRAY_SIZE(snapshot_stays_fns), RACE_MS));
	test_check_frames(test, table);
	test_table_free(test, table);
}

/*
 * Who waits for its ration of cuts holds up nobody: a clear that begins meanwhile is
 * done before the cut is made.
 */
static void wait_for_cut(struct test_thread *thread)
{
	struct kcmap_table_snapshot *snapshot;

	snapshot = kcmap_snapshot_create(thread->table);
	if (IS_ERR(snapshot))
		thread->failures++;
	else
		kcmap_snapshot_close(snapshot);
	thread->ops++;
	/* One is enough. */
	while (!test_stopped(thread))
		msleep(20);
}

static void clear_meanwhile(struct test_thread *thread)
{
	u64 epoch = thread->table->arena->epoch;

	msleep(50);
	thread->failures += kcmap_table_clear(thread->table) != 0;
	thread->failures += READ_ONCE(thread->table->arena->epoch) != epoch;
	thread->ops++;
	while (!test_stopped(thread))
		msleep(20);
}

static const test_thread_fn ration_holds_up_nobody_fns[] = { wait_for_cut,
							     clear_meanwhile };

static void ration_holds_up_nobody(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 8, true };
	struct kcmap_table *table = test_table(test, &shape);

	/* As if many had been made just now. */
	table->arena->cut_due = ktime_get_ns() + NSEC_PER_SEC;
	KUNIT_EXPECT_EQ(
		test, 0ULL,
		test_threads(test, table, NULL, ration_holds_up_nobody_fns,
			     ARRAY_SIZE(ration_holds_up_nobody_fns), RACE_MS));
	KUNIT_EXPECT_EQ(test, 2ULL, table->arena->epoch);
	test_check_frames(test, table);
	test_table_free(test, table);
}

/* A page of the live view; NULL: it has none there. */
static struct page *view_page(struct kcmap_table *table, u32 frame)
{
	struct kcmap_arena *arena = table->arena;
	struct page *page;

	down_read(&arena->faults);
	page = kcmap_view_page(
		table, arena->frames_offset + (u64)frame * PAGE_SIZE, true);
	up_read(&arena->faults);
	return IS_ERR(page) ? NULL : page;
}

static u64 load(const u64 *word)
{
	/* Each load after the one before; pairs with the stores of directory.c. */
	return smp_load_acquire(word);
}

/*
 * A look-up as <linux/kcmap_image.h> has it, of the only key of a table. -EAGAIN: it
 * must begin anew.
 */
static int view_lookup(struct kcmap_table *table, u64 key, u64 *value)
{
	const struct kcmap_image *image = table->arena->view;
	const u64 *words = (void *)image + image->root_offset, *entry;
	const struct kcmap_layout *layout = &table->layout;
	u64 hash = kcmap_table_hash(table, &key), root, said, state;
	struct page *leaf = NULL, *segment = NULL;
	struct kcmap_bucket *bucket;
	int slot, rc = -EAGAIN;

	root = load(&image->root);
	leaf = view_page(table, (u32)load(&words[1]));
	if (!leaf)
		return rc;
	entry = (u64 *)page_address(leaf) + (hash >> 56);
	said = load(entry);
	segment = view_page(table, (u32)said);
	if (!segment)
		goto put;
	bucket = kcmap_page_bucket(layout, page_address(segment),
				   kcmap_hash_home(layout, hash));
	state = kcmap_bucket_read(bucket);
	slot = kcmap_bucket_find(layout, bucket, &key, kcmap_hash_tag(hash));
	if (slot >= 0)
		*value = READ_ONCE(kcmap_slot(layout, bucket, slot)[1]);
	if (!kcmap_state_odd(state) && !kcmap_bucket_changed(bucket, state) &&
	    load(entry) == said && load(&image->root) == root)
		rc = slot < 0 ? -ENOENT : 0;
	put_page(segment);
put:
	put_page(leaf);
	return rc;
}

/*
 * A key comes, with another value each time, and a clear takes it away. Who finds,
 * by kernel or view, that it is gone, does not find it by the other afterwards.
 */
#define ONLY_KEY 7

static void come_and_clear(struct test_thread *thread)
{
	u64 *stored = thread->ctx;

	thread->failures += put_key(thread->table, ONLY_KEY, thread->ops + 1) !=
			    0;
	WRITE_ONCE(*stored, ++thread->ops);
	thread->failures += kcmap_table_clear(thread->table) != 0;
}

static void look_by_both(struct test_thread *thread)
{
	u64 *stored = thread->ctx, before, value, key = ONLY_KEY;
	bool kernel_first = thread->ops % 2;
	int rc;

	before = READ_ONCE(*stored);
	rc = kernel_first ? kcmap_table_lookup(thread->table, &key, &value) :
			    view_lookup(thread->table, key, &value);
	thread->ops++;
	if (rc != -ENOENT)
		return;
	rc = kernel_first ? view_lookup(thread->table, key, &value) :
			    kcmap_table_lookup(thread->table, &key, &value);
	thread->failures += !rc && value <= before;
}

static const test_thread_fn clear_is_one_instant_fns[] = { come_and_clear,
							   look_by_both,
							   look_by_both };

static void clear_is_one_instant(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 8, true };
	struct kcmap_table *table = test_table(test, &shape);
	u64 stored = 0;

	KUNIT_ASSERT_EQ(test, 0, kcmap_view_create(table));
	kcmap_arena_map(table->arena);
	kcmap_linger_set(KCMAP_MOMENT_CLEAR, 5000);
	KUNIT_EXPECT_EQ(
		test, 0ULL,
		test_threads(test, table, &stored, clear_is_one_instant_fns,
			     ARRAY_SIZE(clear_is_one_instant_fns), RACE_MS));
	kcmap_linger_set(KCMAP_MOMENT_CLEAR, 0);
	kcmap_arena_unmap(table->arena);
	test_check_frames(test, table);
	test_table_free(test, table);
}

static struct kunit_case snapshot_race_cases[] = {
	KUNIT_CASE(cut_is_an_instant),
	KUNIT_CASE(snapshot_stays),
	KUNIT_CASE(ration_holds_up_nobody),
	KUNIT_CASE(clear_is_one_instant),
	{}
};

static struct kunit_suite snapshot_race_suite = {
	.name = "kcmap_snapshot_race",
	.test_cases = snapshot_race_cases,
};

kunit_test_suite(snapshot_race_suite);
