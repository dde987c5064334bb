// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: a table that grows and shrinks under one caller: moves, chained segments,
 * splits and merges, the depth cap, and each allocation of these failing.
 */
#include <linux/random.h>
#include <linux/slab.h>

#include "fault.h"
#include "reserve.h"
#include "table_testlib.h"

/* Far more keys than the slots of a segment: moves, then chained segments. */
static void crowded(struct kunit *test)
{
	const u32 keys = 1000;
	struct kcmap_table *table = test_crowded_table(test, 8, 8, keys);
	struct kcmap_table_stats stats;
	u64 i, value;
	int rc;

	for (i = 0; i < keys; i++) {
		rc = kcmap_table_write(table, KCMAP_WRITE_INSERT, &i, &i, NULL,
				       GFP_KERNEL);
		KUNIT_ASSERT_EQ(test, 0, rc);
	}
	kcmap_table_stats(table, &stats);
	KUNIT_EXPECT_GT(test, stats.moves, 0ULL);
	KUNIT_EXPECT_GT(test, stats.overflow_segments, 4ULL);
	KUNIT_EXPECT_EQ(test, keys, test_count(test, table));
	for (i = 0; i < 2 * keys; i++) {
		rc = kcmap_table_lookup(table, &i, &value);
		KUNIT_ASSERT_EQ(test, i < keys ? 0 : -ENOENT, rc);
		if (!rc)
			KUNIT_ASSERT_EQ(test, i, value);
	}
	/* Every other one goes: from home, alternate and chain. */
	for (i = 0; i < keys; i += 2) {
		rc = kcmap_table_write(table, KCMAP_WRITE_DELETE, &i, NULL,
				       &value, GFP_KERNEL);
		KUNIT_ASSERT_EQ(test, 0, rc);
		KUNIT_ASSERT_EQ(test, i, value);
	}
	for (i = 0; i < keys; i++)
		KUNIT_ASSERT_EQ(test, i % 2 ? 0 : -ENOENT,
				kcmap_table_lookup(table, &i, &value));
	test_table_free(test, table);
}

/* Bytes that a table takes, as it says itself. */
static u64 memory_of(struct kcmap_table *table)
{
	struct kcmap_table_stats stats;

	kcmap_table_stats(table, &stats);
	return stats.memory;
}

/* A detector of races takes its time, and in one thread there are none. */
#define SLOW (IS_ENABLED(CONFIG_KCSAN) ? 2 : 1)

static const struct test_shape grow_shapes[] = {
	{ 8, 8, KCMAP_ENTRIES_MAX, true },
	{ 8, 8, 200000, false },
	{ 40, 32, KCMAP_ENTRIES_MAX, true },
	{ 128, 64, 200000, false },
};

KUNIT_ARRAY_PARAM(grow_shape, grow_shapes, test_shape_desc);

/*
 * Small at first, large enough for roots and leaves to be split, then small
 * again; nothing is lost on the way.
 */
static void grows_and_shrinks(struct kunit *test)
{
	const u64 keys = 150000 / SLOW;
	struct kcmap_table *table = test_table(test, test->param_value);
	u64 empty = memory_of(table), full, i;
	struct kcmap_table_stats stats;

	KUNIT_EXPECT_LE(test, empty, 16384ULL);
	for (i = 0; i < keys; i++) {
		test_put(test, table, KCMAP_WRITE_INSERT, i, 0);
		if (i % 1024 == 0)
			cond_resched();
	}
	test_expect(test, table, 0, keys, 0);
	test_expect(test, table, keys, keys + 1000, -ENOENT);
	KUNIT_EXPECT_EQ(test, keys, test_count(test, table));
	full = memory_of(table);
	kcmap_table_stats(table, &stats);
	kunit_info(test, "%llu bytes, then %llu; %llu splits, %llu chained\n",
		   empty, full, stats.splits, stats.overflow_segments);
	KUNIT_EXPECT_GT(test, stats.splits, 256ULL);
	KUNIT_EXPECT_EQ(test, 0ULL, stats.overflow_segments);

	for (i = 0; i < keys; i++)
		if (i % 16)
			test_put(test, table, KCMAP_WRITE_DELETE, i, 0);
	test_expect(test, table, 1, 16, -ENOENT);
	for (i = 0; i < keys; i += 16)
		test_expect(test, table, i, i + 1, 0);
	KUNIT_EXPECT_EQ(test, keys / 16, test_count(test, table));
	KUNIT_EXPECT_LT(test, memory_of(table), full / 3);

	for (i = 0; i < keys; i += 16)
		test_put(test, table, KCMAP_WRITE_DELETE, i, 0);
	KUNIT_EXPECT_EQ(test, 0ULL, test_count(test, table));
	kunit_info(test, "%llu bytes when empty again\n", memory_of(table));
	KUNIT_EXPECT_LT(test, memory_of(table), full / 16);
	test_table_free(test, table);
}

/* No bit of the hash beyond the cap parts a segment: the rest is chained. */
static void depth_cap(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 5000, true };
	struct kcmap_table *table = test_table(test, &shape);
	struct kcmap_table_stats stats;
	u64 i;

	table->layout.depth = 2;
	for (i = 0; i < shape.max_entries; i++)
		test_put(test, table, KCMAP_WRITE_INSERT, i, 0);
	kcmap_table_stats(table, &stats);
	KUNIT_EXPECT_EQ(test, stats.splits, 3ULL);
	KUNIT_EXPECT_EQ(test, stats.segments, 4 + stats.overflow_segments);
	test_expect(test, table, 0, shape.max_entries, 0);
	test_table_free(test, table);
}

/* Writes all of @keys, whose values are their places. */
static struct kcmap_table_stats write_keys(struct kunit *test,
					   struct kcmap_table *table,
					   enum kcmap_write op, const u64 *keys,
					   u64 nr, gfp_t gfp)
{
	struct kcmap_table_stats stats;
	u64 i;

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ(test, 0,
				kcmap_table_write(table, op, &keys[i], &i, NULL,
						  gfp));
	kcmap_table_stats(table, &stats);
	kunit_info(test,
		   "%llu splits, %llu merges, %llu segments, %llu chained\n",
		   stats.splits, stats.merges, stats.segments,
		   stats.overflow_segments);
	return stats;
}

/*
 * Keys that all have the same top bits, more of them than the directory uses:
 * splitting does not part them. They are chained, and found, and each is not
 * tried again for every other.
 */
static void chosen_keys(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 3000, true };
	struct kcmap_table *table = test_table(test, &shape);
	unsigned int bits = table->layout.depth + 3;
	const u32 nr = 1000;
	struct kcmap_table_stats stats;
	u64 key, value, *keys;
	u32 i;

	keys = kunit_kmalloc_array(test, nr, sizeof(*keys), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, keys);
	for (i = 0, key = 0; i < nr; key++)
		if (!kcmap_hash_top(kcmap_table_hash(table, &key), bits))
			keys[i++] = key;

	/* What is tried in vain is not tried for each key again. */
	kcmap_fault_set(150, U32_MAX);
	stats = write_keys(test, table, KCMAP_WRITE_INSERT, keys, nr,
			   GFP_KERNEL);
	kcmap_fault_set(0, 0);
	KUNIT_EXPECT_LE(test, stats.splits, (u64)table->layout.depth);
	KUNIT_EXPECT_GT(test, stats.overflow_segments, 3ULL);
	KUNIT_EXPECT_LE(test, stats.overflow_segments, 16ULL);
	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_EQ(test, 0,
				kcmap_table_lookup(table, &keys[i], &value));
		KUNIT_ASSERT_EQ(test, i, value);
	}
	test_check(test, table);

	write_keys(test, table, KCMAP_WRITE_DELETE, keys, nr, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, 0ULL, test_count(test, table));
	test_table_free(test, table);
}

/* A key that was refused for want of memory is not there; it is next time. */
static void insert_faulty(struct kunit *test, struct kcmap_table *table,
			  u64 number, u64 *refused)
{
	u8 key[KCMAP_KEY_SIZE_MAX], value[64];
	int rc;

	test_key(key, table->params.key_size, number);
	test_value(value, table->params.value_size, number);
	rc = kcmap_table_write(table, KCMAP_WRITE_INSERT, key, value, NULL,
			       GFP_KERNEL);
	if (rc == -ENOMEM) {
		(*refused)++;
		kcmap_fault_set(0, 0);
		KUNIT_ASSERT_EQ(test, -ENOENT,
				kcmap_table_lookup(table, key, NULL));
		rc = kcmap_table_write(table, KCMAP_WRITE_INSERT, key, value,
				       NULL, GFP_KERNEL);
	}
	KUNIT_ASSERT_EQ(test, 0, rc);
}

/* Creation has four of its own. */
static void creation_fails(struct kunit *test)
{
	const struct kcmap_table_params params = { .max_entries = 1,
						   .key_size = 8,
						   .value_size = 8 };
	u32 after;

	for (after = 0; after < 4; after++) {
		kcmap_fault_set(after, 1);
		KUNIT_EXPECT_EQ(test, -ENOMEM,
				PTR_ERR(kcmap_table_create(&params)));
	}
	kcmap_fault_set(0, 0);
}

/*
 * One allocation after another fails, alone or with those that follow. There are
 * as many places as keys: one that a refused key had kept would be lacking.
 */
static void inserts_fail(struct kunit *test)
{
	static const struct test_shape small = { 8, 8, 1500, true };
	static const struct test_shape large = { 128, 64, 30000, true };
	struct test_thread random = { .random = get_random_u64() | 1 };
	struct kcmap_table_stats stats;
	u64 refused[5] = {}, i;
	struct kcmap_table *table;
	u32 after, times;

	for (times = 1; times < ARRAY_SIZE(refused); times++) {
		for (after = 0; after < 30; after += SLOW) {
			kcmap_fault_set(0, 0);
			table = test_table(test, &small);
			kcmap_fault_set(after, times);
			for (i = 0; i < small.max_entries; i++)
				insert_faulty(test, table, i, &refused[times]);
			kcmap_fault_set(0, 0);
			test_expect(test, table, 0, i, 0);
			test_table_free(test, table);
		}
	}
	/* One alone never matters: the key is chained. */
	KUNIT_EXPECT_EQ(test, 0ULL, refused[1]);
	KUNIT_EXPECT_GT(test, refused[2], 0ULL);

	/* Leaves and roots too. */
	table = test_table(test, &large);
	for (i = 0; i < large.max_entries; i++) {
		if (i % 8 == 0)
			kcmap_fault_set(test_random(&random, 8),
					1 + test_random(&random, 4));
		insert_faulty(test, table, i, &refused[0]);
	}
	kcmap_fault_set(0, 0);
	test_expect(test, table, 0, i, 0);
	KUNIT_EXPECT_EQ(test, i, test_count(test, table));
	kcmap_table_stats(table, &stats);
	KUNIT_EXPECT_EQ(test, i, stats.inserts);
	KUNIT_EXPECT_EQ(test, refused[0], stats.nomem);
	KUNIT_EXPECT_EQ(test, 0ULL, stats.full);
	kunit_info(test, "refused: %llu, %llu, %llu, %llu; %llu\n", refused[1],
		   refused[2], refused[3], refused[4], refused[0]);
	test_table_free(test, table);
}

/* Without memory a delete does not merge; otherwise it is as with it. */
static void merges_fail(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 10000, true };
	struct kcmap_table *table = test_table(test, &shape);
	struct test_thread random = { .random = get_random_u64() | 1 };
	const u64 keys = shape.max_entries;
	u64 i;

	for (i = 0; i < keys; i++)
		test_put(test, table, KCMAP_WRITE_INSERT, i, 0);
	for (i = 0; i < keys; i++) {
		if (i % 8)
			kcmap_fault_set(test_random(&random, 3), 1 + i % 4);
		test_put(test, table, KCMAP_WRITE_DELETE, i, 0);
		if (i % 1000 == 0) {
			test_expect(test, table, 0, i + 1, -ENOENT);
			test_expect(test, table, i + 1, keys, 0);
			test_check(test, table);
		}
	}
	kcmap_fault_set(0, 0);
	KUNIT_EXPECT_EQ(test, 0ULL, test_count(test, table));
	test_table_free(test, table);
}

/* A clear needs what an empty table needs; without it nothing is deleted. */
static void clear_fails(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 1000, true };
	struct kcmap_table *table = test_table(test, &shape);
	u32 after;
	u64 i;

	for (i = 0; i < shape.max_entries; i++)
		test_put(test, table, KCMAP_WRITE_INSERT, i, 0);
	for (after = 0; after < 4; after++) {
		kcmap_fault_set(after, 1);
		KUNIT_EXPECT_EQ(test, -ENOMEM, kcmap_table_clear(table));
		kcmap_fault_set(0, 0);
		test_expect(test, table, 0, i, 0);
	}
	KUNIT_EXPECT_EQ(test, i, test_count(test, table));
	KUNIT_EXPECT_EQ(test, 0, kcmap_table_clear(table));
	test_expect(test, table, 0, i, -ENOENT);
	test_table_free(test, table);
}

/*
 * A time in which there is memory for a page at a time only: nothing splits, and
 * keys are chained. When there is memory again, the next writers make up for it.
 */
static void splits_later(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 4000, true };
	struct kcmap_table *table = test_table(test, &shape);
	struct kcmap_table_stats stats;
	u64 i;

	for (i = 0; i < 1000; i++) {
		kcmap_fault_set(0, 1);
		test_put(test, table, KCMAP_WRITE_INSERT, i, 0);
	}
	kcmap_fault_set(0, 0);
	kcmap_table_stats(table, &stats);
	KUNIT_EXPECT_EQ(test, 0ULL, stats.splits);
	KUNIT_EXPECT_GT(test, stats.overflow_segments, 3ULL);
	for (; i < shape.max_entries; i++)
		test_put(test, table, KCMAP_WRITE_INSERT, i, 0);
	kcmap_table_stats(table, &stats);
	kunit_info(test, "%llu splits, %llu chained\n", stats.splits,
		   stats.overflow_segments);
	KUNIT_EXPECT_EQ(test, 0ULL, stats.overflow_segments);
	test_expect(test, table, 0, i, 0);
	test_table_free(test, table);
}

/*
 * Writers that may not wait live on the reserve for a while, and when that is used
 * up a key is refused and the table as before.
 */
static void reserve_carries(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 20000, true };
	struct kcmap_table *table = test_table(test, &shape);
	struct kcmap_table_stats stats;
	u64 key, value;
	int rc = 0;

	KUNIT_ASSERT_EQ(test, 0, kcmap_reserve_fill());
	/* One CPU's reserve, and none that is filled up meanwhile. */
	migrate_disable();
	kcmap_fault_set(0, U32_MAX);
	for (key = 0; key < shape.max_entries && !rc; key++)
		rc = kcmap_table_write(table, KCMAP_WRITE_INSERT, &key, &key,
				       NULL, GFP_ATOMIC);
	kcmap_fault_set(0, 0);
	migrate_enable();
	kcmap_table_stats(table, &stats);
	kunit_info(test, "%llu keys without memory, %llu chained\n", key - 1,
		   stats.overflow_segments);
	KUNIT_EXPECT_EQ(test, -ENOMEM, rc);
	KUNIT_EXPECT_GT(test, key, 192ULL * KCMAP_RESERVE / 4);
	test_expect(test, table, 0, key - 1, 0);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			kcmap_table_lookup(table, &(u64){ key - 1 }, &value));
	test_check(test, table);

	KUNIT_EXPECT_EQ(test, 0, kcmap_reserve_fill());
	for (key--; key < shape.max_entries; key++)
		KUNIT_ASSERT_EQ(test, 0,
				kcmap_table_write(table, KCMAP_WRITE_INSERT,
						  &key, &key, NULL,
						  GFP_ATOMIC));
	test_table_free(test, table);
}

static struct kunit_case growth_cases[] = {
	KUNIT_CASE(crowded),
	KUNIT_CASE_PARAM(grows_and_shrinks, grow_shape_gen_params),
	KUNIT_CASE(depth_cap),
	KUNIT_CASE(chosen_keys),
	KUNIT_CASE(creation_fails),
	KUNIT_CASE(inserts_fail),
	KUNIT_CASE(merges_fail),
	KUNIT_CASE(splits_later),
	KUNIT_CASE(clear_fails),
	KUNIT_CASE(reserve_carries),
	{}
};

static struct kunit_suite growth_suite = {
	.name = "kcmap_growth",
	.exit = test_no_faults,
	.test_cases = growth_cases,
};

kunit_test_suite(growth_suite);
