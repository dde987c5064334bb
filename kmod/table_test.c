// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: a table used by one caller: layout, capacity, each operation at
 * many sizes, and a long run of random operations against a trivial reference.
 */
#include <linux/random.h>
#include <linux/slab.h>

#include "fault.h"
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

/* A value whole, and made from @number as far as it has bytes. */
static void expect_value(struct kunit *test, const void *value, u32 size,
			 u64 number)
{
	u64 seen, want = 0;

	test_value(&want, min_t(u32, sizeof(want), size), number);
	KUNIT_EXPECT_TRUE(test, test_value_whole(value, size, &seen));
	KUNIT_EXPECT_EQ(test, want, seen);
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
	expect_value(test, seen, shape->value_size, 0x1122334455667788);
	KUNIT_EXPECT_EQ(test, 0, kcmap_table_lookup(table, key, NULL));

	test_value(value, shape->value_size, 2);
	KUNIT_EXPECT_EQ(test, -EEXIST, TRY(INSERT, NULL));
	KUNIT_EXPECT_EQ(test, 0, kcmap_table_lookup(table, key, seen));
	expect_value(test, seen, shape->value_size, 0x1122334455667788);

	KUNIT_EXPECT_EQ(test, 0, TRY(UPDATE, NULL));
	KUNIT_EXPECT_EQ(test, 0, kcmap_table_lookup(table, key, seen));
	expect_value(test, seen, shape->value_size, 2);

	test_value(value, shape->value_size, 3);
	KUNIT_EXPECT_EQ(test, 0, TRY(UPSERT, seen));
	expect_value(test, seen, shape->value_size, 2);
	KUNIT_EXPECT_EQ(test, 0, TRY(DELETE, seen));
	expect_value(test, seen, shape->value_size, 3);
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

static void put_number(struct kunit *test, struct kcmap_table *table,
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

static void expect_numbers(struct kunit *test, struct kcmap_table *table,
			   u64 from, u64 to, int want)
{
	u8 key[KCMAP_KEY_SIZE_MAX], value[64];
	u64 i;

	for (i = from; i < to; i++) {
		test_key(key, table->params.key_size, i);
		KUNIT_ASSERT_EQ(test, want,
				kcmap_table_lookup(table, key, value));
		if (!want)
			expect_value(test, value, table->params.value_size, i);
	}
}

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
	const u64 keys = 150000;
	struct kcmap_table *table = test_table(test, test->param_value);
	u64 empty = memory_of(table), full, i;
	struct kcmap_table_stats stats;

	KUNIT_EXPECT_LE(test, empty, 16384ULL);
	for (i = 0; i < keys; i++) {
		put_number(test, table, KCMAP_WRITE_INSERT, i, 0);
		if (i % 1024 == 0)
			cond_resched();
	}
	expect_numbers(test, table, 0, keys, 0);
	expect_numbers(test, table, keys, keys + 1000, -ENOENT);
	KUNIT_EXPECT_EQ(test, keys, test_count(test, table));
	full = memory_of(table);
	kcmap_table_stats(table, &stats);
	kunit_info(test, "%llu bytes, then %llu; %llu splits, %llu chained\n",
		   empty, full, stats.splits, stats.overflow_segments);
	KUNIT_EXPECT_GT(test, stats.splits, 256ULL);
	KUNIT_EXPECT_EQ(test, 0ULL, stats.overflow_segments);

	for (i = 0; i < keys; i++)
		if (i % 16)
			put_number(test, table, KCMAP_WRITE_DELETE, i, 0);
	expect_numbers(test, table, 1, 16, -ENOENT);
	for (i = 0; i < keys; i += 16)
		expect_numbers(test, table, i, i + 1, 0);
	KUNIT_EXPECT_EQ(test, keys / 16, test_count(test, table));
	KUNIT_EXPECT_LT(test, memory_of(table), full / 3);

	for (i = 0; i < keys; i += 16)
		put_number(test, table, KCMAP_WRITE_DELETE, i, 0);
	KUNIT_EXPECT_EQ(test, 0ULL, test_count(test, table));
	kunit_info(test, "%llu bytes when empty again\n", memory_of(table));
	KUNIT_EXPECT_LT(test, memory_of(table), full / 16);
	test_table_free(test, table);
}

/*
 * Keys that all have the same top bits: the directory grows to its cap and no
 * further, the rest is chained, and all are found.
 */
static void chosen_keys(struct kunit *test)
{
	static const struct test_shape shape = { 8, 8, 3000, true };
	struct kcmap_table *table = test_table(test, &shape);
	unsigned int depth = table->layout.depth, bits = depth + 3;
	struct kcmap_table_stats stats;
	u64 key, *keys;
	u32 i;

	keys = kunit_kmalloc_array(test, 1000, sizeof(*keys), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, keys);
	for (i = 0, key = 0; i < 1000; key++)
		if (!kcmap_hash_top(kcmap_table_hash(table, &key), bits))
			keys[i++] = key;
	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_EQ(test, 0,
				kcmap_table_write(table, KCMAP_WRITE_INSERT,
						  &keys[i], &i, NULL,
						  GFP_ATOMIC));
	kcmap_table_stats(table, &stats);
	kunit_info(test, "depth %u: %llu splits, %llu chained, %llu bytes\n",
		   depth, stats.splits, stats.overflow_segments, stats.memory);
	KUNIT_EXPECT_LE(test, stats.splits, (u64)depth);
	KUNIT_EXPECT_GT(test, stats.overflow_segments, 0ULL);
	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_EQ(test, 0,
				kcmap_table_lookup(table, &keys[i], &key));
	KUNIT_EXPECT_EQ(test, 1000ULL, test_count(test, table));
	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_EQ(test, 0,
				kcmap_table_write(table, KCMAP_WRITE_DELETE,
						  &keys[i], NULL, NULL,
						  GFP_ATOMIC));
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
			       GFP_ATOMIC);
	if (rc == -ENOMEM) {
		(*refused)++;
		kcmap_fault_set(0, 0);
		KUNIT_ASSERT_EQ(test, -ENOENT,
				kcmap_table_lookup(table, key, NULL));
		rc = kcmap_table_write(table, KCMAP_WRITE_INSERT, key, value,
				       NULL, GFP_ATOMIC);
	}
	KUNIT_ASSERT_EQ(test, 0, rc);
}

/* One allocation after another fails, alone or with those that follow. */
static void allocation_fails(struct kunit *test)
{
	static const struct test_shape small = { 8, 8, 100000, true };
	static const struct test_shape large = { 128, 64, 100000, true };
	struct test_thread random = { .random = get_random_u64() | 1 };
	u64 refused[5] = {}, i;
	struct kcmap_table *table;
	u32 after, times;

	/* Creation has four of its own. */
	for (after = 0; after < 4; after++) {
		const struct kcmap_table_params params = { .max_entries = 1,
							   .key_size = 8,
							   .value_size = 8 };

		kcmap_fault_set(after, 1);
		KUNIT_EXPECT_EQ(test, -ENOMEM,
				PTR_ERR(kcmap_table_create(&params)));
	}
	for (times = 1; times < ARRAY_SIZE(refused); times++) {
		for (after = 0; after < 30; after++) {
			kcmap_fault_set(0, 0);
			table = test_table(test, &small);
			kcmap_fault_set(after, times);
			for (i = 0; i < 1500; i++)
				insert_faulty(test, table, i, &refused[times]);
			kcmap_fault_set(0, 0);
			expect_numbers(test, table, 0, i, 0);
			test_table_free(test, table);
		}
	}
	/* One alone never matters: the key is chained. */
	KUNIT_EXPECT_EQ(test, 0ULL, refused[1]);
	KUNIT_EXPECT_GT(test, refused[2], 0ULL);

	/* Leaves and roots too. */
	table = test_table(test, &large);
	for (i = 0; i < 30000; i++) {
		if (i % 8 == 0)
			kcmap_fault_set(test_random(&random, 8),
					1 + test_random(&random, 4));
		insert_faulty(test, table, i, &refused[0]);
	}
	kcmap_fault_set(0, 0);
	expect_numbers(test, table, 0, i, 0);
	KUNIT_EXPECT_EQ(test, i, test_count(test, table));
	kunit_info(test, "refused: %llu, %llu, %llu, %llu; %llu\n", refused[1],
		   refused[2], refused[3], refused[4], refused[0]);
	test_table_free(test, table);
}

#define ENTRY_MAX (KCMAP_KEY_SIZE_MAX + KCMAP_VALUE_SIZE_MAX)

/**
 * struct reference - what the model test compares with: an array by number
 * @present: whether the key is there
 * @value: number of its value
 */
struct reference {
	bool present;
	u64 value;
};

/* Everything that a scan says is in the reference, and the reverse. */
static void compare_scan(struct kunit *test, struct kcmap_table *table,
			 const struct reference *reference, u64 keys,
			 u8 *buffer, u32 capacity)
{
	const struct kcmap_table_params *params = &table->params;
	u8 *values = buffer + capacity * params->key_size;
	u64 cursor = 0, total = 0, number, i;
	u8 key[KCMAP_KEY_SIZE_MAX];
	bool end = false;
	u32 count, j;

	for (i = 0; i < keys; i++)
		total += reference[i].present;
	while (!end) {
		KUNIT_ASSERT_EQ(test, 0,
				kcmap_table_scan(table, &cursor, buffer, values,
						 capacity, &count, &end));
		for (j = 0; j < count; j++) {
			number = 0;
			memcpy(&number, buffer + j * params->key_size,
			       min_t(u32, 8, params->key_size));
			KUNIT_ASSERT_LT(test, number, keys);
			test_key(key, params->key_size, number);
			KUNIT_ASSERT_EQ(test, 0,
					memcmp(key,
					       buffer + j * params->key_size,
					       params->key_size));
			KUNIT_ASSERT_TRUE(test, reference[number].present);
			expect_value(test, values + j * params->value_size,
				     params->value_size,
				     reference[number].value);
		}
		KUNIT_ASSERT_LE(test, (u64)count, total);
		total -= count;
	}
	KUNIT_ASSERT_EQ(test, total, 0ULL);
}

static void compare_bulk(struct kunit *test, struct kcmap_table *table,
			 const struct reference *reference, u64 keys,
			 u8 *buffer, struct test_thread *random)
{
	const struct kcmap_table_params *params = &table->params;
	u8 *values = buffer + KCMAP_BULK_MAX * params->key_size;
	u32 nr = 1 + test_random(random, KCMAP_BULK_MAX), i;
	u64 number[KCMAP_BULK_MAX], found;

	for (i = 0; i < nr; i++) {
		number[i] = test_random(random, keys);
		test_key(buffer + i * params->key_size, params->key_size,
			 number[i]);
	}
	found = kcmap_table_lookup_bulk(table, buffer, values, nr);
	KUNIT_ASSERT_EQ(test, nr < 64 ? found >> nr : 0, 0ULL);
	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_EQ(test, !!(found & BIT_ULL(i)),
				reference[number[i]].present);
		if (!(found & BIT_ULL(i)))
			continue;
		expect_value(test, values + i * params->value_size,
			     params->value_size, reference[number[i]].value);
	}
}

static void increment(void *value, void *ctx)
{
	u64 number;

	test_value_whole(value, *(u32 *)ctx, &number);
	test_value(value, *(u32 *)ctx, number + 1);
}

/* Random operations; what each returns is what the reference says. */
static void model(struct kunit *test)
{
	const struct test_shape *shape = test->param_value;
	u64 limit = min_t(u64, shape->max_entries, 1500);
	u64 keys = keys_of(shape, limit + limit / 2 + 1);
	struct kcmap_table *table = test_table(test, shape);
	struct test_thread random = { .random = get_random_u64() | 1 };
	u8 key[KCMAP_KEY_SIZE_MAX], *buffer, *value;
	struct reference *reference, *entry;
	u32 value_size = shape->value_size;
	u64 stored = 0, number, i;
	int rc, want;

	kunit_info(test, "seed %llu\n", random.random);
	reference = kunit_kcalloc(test, keys, sizeof(*reference), GFP_KERNEL);
	buffer = kunit_kzalloc(test, KCMAP_BULK_MAX * ENTRY_MAX, GFP_KERNEL);
	value = kunit_kzalloc(test, KCMAP_VALUE_SIZE_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, reference);
	KUNIT_ASSERT_NOT_NULL(test, buffer);
	KUNIT_ASSERT_NOT_NULL(test, value);

	for (i = 0; i < 50000; i++) {
		u32 op = test_random(&random, 10);

		number = test_random(&random, keys);
		entry = &reference[number];
		test_key(key, shape->key_size, number);
		test_value(value, value_size, i);
		switch (op) {
		case 0:
		case 1:
		case 2:
			want = entry->present		    ? -EEXIST :
			       stored == shape->max_entries ? -ENOSPC :
							      0;
			rc = kcmap_table_write(table, KCMAP_WRITE_INSERT, key,
					       value, NULL, GFP_ATOMIC);
			break;
		case 3:
			want = !entry->present && stored == shape->max_entries ?
				       -ENOSPC :
				       0;
			rc = kcmap_table_write(table, KCMAP_WRITE_UPSERT, key,
					       value, NULL, GFP_KERNEL);
			break;
		case 4:
			want = entry->present ? 0 : -ENOENT;
			rc = kcmap_table_write(table, KCMAP_WRITE_UPDATE, key,
					       value, NULL, GFP_KERNEL);
			break;
		case 5:
		case 6:
			want = entry->present ? 0 : -ENOENT;
			rc = kcmap_table_write(table, KCMAP_WRITE_DELETE, key,
					       NULL, value, GFP_KERNEL);
			break;
		case 7:
			want = entry->present ? 0 : -ENOENT;
			rc = kcmap_table_modify(table, key, increment,
						&value_size);
			break;
		default:
			want = entry->present ? 0 : -ENOENT;
			rc = kcmap_table_lookup(table, key, value);
			break;
		}
		KUNIT_ASSERT_EQ_MSG(test, want, rc, "operation %u at %llu", op,
				    i);
		if (!rc && op >= 5 && op != 7)
			expect_value(test, value, value_size, entry->value);
		if (!rc && op <= 4) {
			stored += !entry->present;
			entry->present = true;
			entry->value = i;
		} else if (!rc && op <= 6) {
			stored--;
			entry->present = false;
		} else if (!rc && op == 7) {
			entry->value++;
		}
		if (i % 64 == 0)
			compare_bulk(test, table, reference, keys, buffer,
				     &random);
		if (i % 5000 == 4999)
			compare_scan(test, table, reference, keys, buffer,
				     1 + test_random(&random, 60));
		if (i == 30000) {
			KUNIT_ASSERT_EQ(test, 0, kcmap_table_clear(table));
			memset(reference, 0, keys * sizeof(*reference));
			stored = 0;
		}
	}
	test_table_free(test, table);
}

static struct kunit_case table_cases[] = {
	KUNIT_CASE(layout_bounds),
	KUNIT_CASE(layout_places),
	KUNIT_CASE(capacity_exact),
	KUNIT_CASE(create_refuses),
	KUNIT_CASE_PARAM(each_operation, shape_gen_params),
	KUNIT_CASE_PARAM(full_to_the_last, shape_gen_params),
	KUNIT_CASE(crowded),
	KUNIT_CASE_PARAM(grows_and_shrinks, grow_shape_gen_params),
	KUNIT_CASE(chosen_keys),
	KUNIT_CASE(allocation_fails),
	KUNIT_CASE_PARAM(model, shape_gen_params),
	{}
};

static struct kunit_suite table_suite = {
	.name = "kcmap_table",
	.test_cases = table_cases,
};

kunit_test_suite(table_suite);
