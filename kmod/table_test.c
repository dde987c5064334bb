// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: a table used by one caller: layout, capacity, and each operation at many
 * sizes.
 */
#include <linux/random.h>
#include <linux/slab.h>

#include "table_testlib.h"

static const struct test_shape shapes[] = {
	{ 1, 0, 100, false },	    { 1, 1, 256, true },
	{ 3, 5, 1000, false },	    { 4, 4, 5000, true },
	{ 7, 9, 1000, false },	    { 8, 0, 1000, true },
	{ 8, 8, 10000, false },	    { 8, 8, 10000, true },
	{ 9, 7, 1000, true },	    { 16, 16, 3000, false },
	{ 33, 100, 500, true },	    { 40, 32, 2000, false },
	{ 64, 512, 300, false },    { 128, 1024, 200, true },
	{ 127, 1023, 200, false },  { 8, 8, 1, false },
	{ 8, 1024, 1ULL << 28, 0 },
};

KUNIT_ARRAY_PARAM(shape, shapes, test_shape_desc);

/* How many keys of a size there are, up to what a test uses. */
static u64 keys_of(const struct test_shape *shape, u64 want)
{
	return shape->key_size == 1 ? min_t(u64, want, 256) : want;
}

static void layout_bounds(struct kunit *test)
{
	struct kcmap_layout layout;
	u32 key, value, slots, used;

	for (key = 1; key <= KCMAP_KEY_SIZE_MAX; key++) {
		for (value = 0; value <= KCMAP_VALUE_SIZE_MAX; value++) {
			kcmap_layout_init(&layout, key, value,
					  KCMAP_ENTRIES_MAX);
			slots = kcmap_layout_slots(&layout);
			KUNIT_ASSERT_GE(test, layout.slot_words * 8,
					key + value);
			KUNIT_ASSERT_GE(test, slots, KCMAP_SEGMENT_SLOTS_MIN);
			KUNIT_ASSERT_LE(test, layout.bucket_slots,
					KCMAP_BUCKET_SLOTS_MAX);
			KUNIT_ASSERT_GE(test, kcmap_layout_buckets(&layout), 2);
			KUNIT_ASSERT_LE(test, layout.depth, KCMAP_DEPTH_MAX);
			KUNIT_ASSERT_EQ(test, layout.bucket_size % 64, 0);
			KUNIT_ASSERT_LE(test,
					KCMAP_BUCKET_HEADER +
						layout.bucket_slots *
							layout.slot_words * 8,
					layout.bucket_size);
			used = layout.page_buckets * layout.bucket_size;
			KUNIT_ASSERT_LE(test, used, PAGE_SIZE);
			KUNIT_ASSERT_GE(test, (u64)slots << layout.depth,
					2 * KCMAP_ENTRIES_MAX);
		}
	}
	kcmap_layout_init(&layout, 8, 8, 1);
	KUNIT_EXPECT_TRUE(test, layout.word_to_word);
	KUNIT_EXPECT_EQ(test, layout.bucket_size, 64);
}

static void layout_places(struct kunit *test)
{
	struct kcmap_layout layout;
	u32 home, alternate;
	u64 hash;
	int i;

	for (i = 0; i < 100000; i++) {
		hash = i < 2 ? -(u64)i : get_random_u64();
		kcmap_layout_init(&layout, 1 + i % 128, i % 1025,
				  1ULL << (i % 29));
		home = kcmap_hash_home(&layout, hash);
		alternate = kcmap_hash_alternate(&layout, hash);
		KUNIT_ASSERT_LT(test, home, kcmap_layout_buckets(&layout));
		KUNIT_ASSERT_LT(test, alternate, kcmap_layout_buckets(&layout));
		KUNIT_ASSERT_NE(test, home, alternate);
		KUNIT_ASSERT_LT(test, kcmap_hash_top(hash, layout.depth),
				1UL << layout.depth);
	}
}

/* Credits: exactly as many as there are, whichever way they come and go. */
static void capacity_exact(struct kunit *test)
{
	static const u32 limits[] = { 1, 2, 63, 64, 1000, 4096, 100000 };
	struct kcmap_capacity capacity;
	unsigned long flags;
	u32 i, round, taken;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		KUNIT_ASSERT_EQ(test, 0,
				kcmap_capacity_init(&capacity, limits[i]));
		taken = 0;
		for (round = 0; round < 3; round++) {
			local_irq_save(flags);
			while (kcmap_capacity_left(&capacity) &&
			       kcmap_capacity_take(&capacity))
				taken++;
			local_irq_restore(flags);
			KUNIT_EXPECT_EQ(test, taken, limits[i]);
			/* Some, then all of them. */
			local_irq_save(flags);
			for (; taken > (round == 1 ? limits[i] / 2 : 0);
			     taken--)
				kcmap_capacity_give(&capacity);
			local_irq_restore(flags);
		}
		kcmap_capacity_destroy(&capacity);
	}
}

static void each_operation(struct kunit *test)
{
	const struct test_shape *shape = test->param_value;
	struct kcmap_table *table = test_table(test, shape);
	u8 key[KCMAP_KEY_SIZE_MAX], *value, *seen;

	value = kunit_kzalloc(test, KCMAP_VALUE_SIZE_MAX, GFP_KERNEL);
	seen = kunit_kzalloc(test, KCMAP_VALUE_SIZE_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_ASSERT_NOT_NULL(test, seen);
	test_key(key, shape->key_size, 17);

#define TRY(op, old) \
	kcmap_table_write(table, KCMAP_WRITE_##op, key, value, old, GFP_KERNEL)
	KUNIT_EXPECT_EQ(test, -ENOENT, kcmap_table_lookup(table, key, seen));
	KUNIT_EXPECT_EQ(test, -ENOENT, TRY(UPDATE, NULL));
	KUNIT_EXPECT_EQ(test, -ENOENT, TRY(DELETE, seen));

	test_value(value, shape->value_size, 0x1122334455667788);
	KUNIT_EXPECT_EQ(test, 0, TRY(INSERT, NULL));
	KUNIT_EXPECT_EQ(test, 0, kcmap_table_lookup(table, key, seen));
	test_expect_value(test, seen, shape->value_size, 0x1122334455667788);
	KUNIT_EXPECT_EQ(test, 0, kcmap_table_lookup(table, key, NULL));

	test_value(value, shape->value_size, 2);
	KUNIT_EXPECT_EQ(test, -EEXIST, TRY(INSERT, NULL));
	KUNIT_EXPECT_EQ(test, 0, kcmap_table_lookup(table, key, seen));
	test_expect_value(test, seen, shape->value_size, 0x1122334455667788);

	KUNIT_EXPECT_EQ(test, 0, TRY(UPDATE, NULL));
	KUNIT_EXPECT_EQ(test, 0, kcmap_table_lookup(table, key, seen));
	test_expect_value(test, seen, shape->value_size, 2);

	test_value(value, shape->value_size, 3);
	KUNIT_EXPECT_EQ(test, 0, TRY(UPSERT, seen));
	test_expect_value(test, seen, shape->value_size, 2);
	KUNIT_EXPECT_EQ(test, 0, TRY(DELETE, seen));
	test_expect_value(test, seen, shape->value_size, 3);
	KUNIT_EXPECT_EQ(test, -ENOENT, kcmap_table_lookup(table, key, seen));
	KUNIT_EXPECT_EQ(test, 0, TRY(UPSERT, NULL));
	KUNIT_EXPECT_EQ(test, 1ULL, test_count(test, table));
	KUNIT_EXPECT_EQ(test, 0, kcmap_table_clear(table));
	KUNIT_EXPECT_EQ(test, -ENOENT, kcmap_table_lookup(table, key, seen));
	KUNIT_EXPECT_EQ(test, 0ULL, test_count(test, table));
#undef TRY
	test_table_free(test, table);
}

static void create_refuses(struct kunit *test)
{
	static const struct kcmap_table_params bad[] = {
		{ .max_entries = 1, .key_size = 0 },
		{ .max_entries = 1, .key_size = KCMAP_KEY_SIZE_MAX + 1 },
		{ .max_entries = 1, .key_size = 1, .value_size = 1025 },
		{ .max_entries = 0, .key_size = 1 },
		{ .max_entries = KCMAP_ENTRIES_MAX + 1, .key_size = 1 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ(test, -EINVAL,
				PTR_ERR(kcmap_table_create(&bad[i])));
}

/* A table takes max_entries keys, not one more, and the place of each again. */
static void full_to_the_last(struct kunit *test)
{
	const struct test_shape *shape = test->param_value;
	u64 limit = min_t(u64, shape->max_entries, 10000), i;
	struct kcmap_table *table = test_table(test, shape);
	u8 key[KCMAP_KEY_SIZE_MAX], *value;
	int rc;

	value = kunit_kzalloc(test, KCMAP_VALUE_SIZE_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, value);
	for (i = 0; i < keys_of(shape, limit); i++) {
		test_key(key, shape->key_size, i);
		rc = kcmap_table_write(table, KCMAP_WRITE_INSERT, key, value,
				       NULL, GFP_KERNEL);
		KUNIT_ASSERT_EQ(test, 0, rc);
	}
	if (i == shape->max_entries && keys_of(shape, limit + 1) > limit) {
		test_key(key, shape->key_size, i);
		rc = kcmap_table_write(table, KCMAP_WRITE_UPSERT, key, value,
				       NULL, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, -ENOSPC, rc);
		/* What is there may change all the same. */
		test_key(key, shape->key_size, 0);
		rc = kcmap_table_write(table, KCMAP_WRITE_UPSERT, key, value,
				       NULL, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, 0, rc);
		rc = kcmap_table_write(table, KCMAP_WRITE_DELETE, key, NULL,
				       NULL, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, 0, rc);
		test_key(key, shape->key_size, i);
		rc = kcmap_table_write(table, KCMAP_WRITE_INSERT, key, value,
				       NULL, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, 0, rc);
	}
	KUNIT_EXPECT_EQ(test, i, test_count(test, table));
	test_table_free(test, table);
}

static struct kunit_case table_cases[] = {
	KUNIT_CASE(layout_bounds),
	KUNIT_CASE(layout_places),
	KUNIT_CASE(capacity_exact),
	KUNIT_CASE(create_refuses),
	KUNIT_CASE_PARAM(each_operation, shape_gen_params),
	KUNIT_CASE_PARAM(full_to_the_last, shape_gen_params),
	{}
};

static struct kunit_suite table_suite = {
	.name = "kcmap_table",
	.test_cases = table_cases,
};

kunit_test_suite(table_suite);
