// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: long runs of random operations on a table that grows and shrinks, each
 * compared with an array that says what the table must hold. A run depends on
 * its seed alone, the hash's included: model_seed=N repeats the one that said N.
 */
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "fault.h"
#include "table_testlib.h"

static u64 model_seed;

module_param(model_seed, ullong, 0400);
MODULE_PARM_DESC(model_seed, "Seed of the KUnit model test (0: a random one)");

static const struct test_shape shapes[] = {
	{ 1, 0, 100, false },	   { 1, 1, 256, true },
	{ 3, 5, 1000, false },	   { 4, 4, 5000, true },
	{ 7, 9, 1000, false },	   { 8, 0, 6000, true },
	{ 8, 8, 8000, false },	   { 8, 8, 8000, true },
	{ 8, 8, 1, false },	   { 9, 7, 1000, true },
	{ 16, 16, 3000, false },   { 33, 100, 3000, true },
	{ 40, 32, 4000, true },	   { 40, 32, 4000, false },
	{ 64, 512, 300, false },   { 127, 1023, 1000, false },
	{ 128, 64, 3000, true },   { 128, 64, 3000, false },
	{ 128, 1024, 1000, true }, { 8, 1024, 1ULL << 28, false },
};

KUNIT_ARRAY_PARAM(shape, shapes, test_shape_desc);

#define BATCH KCMAP_BULK_MAX
#define ENTRY_MAX (KCMAP_KEY_SIZE_MAX + KCMAP_VALUE_SIZE_MAX)
/* With lockdep everything takes ten times as long, or more. */
#define SHARE (IS_ENABLED(CONFIG_PROVE_LOCKING) ? 8 : 1)
#define LIMIT_MAX (8000 / SHARE)
#define OPERATIONS_MIN (25000 / SHARE)
#define OPERATIONS_EACH 10 /* for each key that there may be */
#define CLEAR_EVERY 40000
#define SEARCH 4000 /* keys looked at for one that is there, or is not */

/**
 * struct reference - what must be there: an array of these, by number of the key
 * @value: number of the value
 * @since: operation that inserted it; 0: it is not there
 * @seen: by the scan that is going on
 */
struct reference {
	u64 value;
	u64 since;
	bool seen;
};

/**
 * struct model - a run
 * @test: of KUnit
 * @table: the table
 * @params: its parameters
 * @reference: what it must hold
 * @keys: elements of @reference; more than there is room for
 * @limit: most entries that there may be
 * @stored: entries in @reference
 * @now: number of the operation, from 1
 * @target: @stored to go to, from below or from above
 * @growing: from below
 * @stay: operations until it goes elsewhere; 0: it is not there yet
 * @cursor: of the scan that is going on
 * @scan_since: operation before which that began; 0: none is going on
 * @random: random numbers
 * @value: room for a value
 * @batch: room for BATCH entries
 */
struct model {
	struct kunit *test;
	struct kcmap_table *table;
	const struct kcmap_table_params *params;
	struct reference *reference;
	u64 keys;
	u64 limit;
	u64 stored;
	u64 now;
	u64 target;
	bool growing;
	u32 stay;
	u64 cursor;
	u64 scan_since;
	struct test_thread random;
	u8 *value;
	u8 *batch;
};

static u64 random_64(struct model *model)
{
	test_random(&model->random, 1);
	return model->random.random;
}

/* A key at random, that is there, or is not, if one is soon found. */
static u64 pick(struct model *model, bool there)
{
	u64 number = test_random(&model->random, model->keys);
	u32 i;

	for (i = 0; i < SEARCH && there != !!model->reference[number].since;
	     i++)
		number = number + 1 < model->keys ? number + 1 : 0;
	return number;
}

/* What a write must return; where it is 0, the reference follows. */
static int expected(struct model *model, enum kcmap_write op,
		    struct reference *entry)
{
	bool inserts = op == KCMAP_WRITE_INSERT || op == KCMAP_WRITE_UPSERT;

	if (entry->since && op == KCMAP_WRITE_INSERT)
		return -EEXIST;
	if (!entry->since && !inserts)
		return -ENOENT;
	if (!entry->since && model->stored == model->params->max_entries)
		return -ENOSPC;
	if (op == KCMAP_WRITE_DELETE) {
		model->stored--;
		entry->since = 0;
		return 0;
	}
	if (!entry->since) {
		model->stored++;
		entry->since = model->now;
		entry->seen = false;
	}
	entry->value = model->now;
	return 0;
}

static void write_one(struct model *model, enum kcmap_write op, u64 number)
{
	struct reference *entry = &model->reference[number];
	u64 old = entry->value, there = entry->since;
	struct kunit *test = model->test;
	u8 key[KCMAP_KEY_SIZE_MAX];
	int want, rc;

	/* Where writing may sleep, and merge, and where it may not. */
	gfp_t gfp = test_random(&model->random, 4) ? GFP_KERNEL : GFP_ATOMIC;

	want = expected(model, op, entry);
	test_key(key, model->params->key_size, number);
	test_value(model->value, model->params->value_size, model->now);
	rc = kcmap_table_write(model->table, op, key, model->value,
			       model->batch, gfp);
	KUNIT_ASSERT_EQ_MSG(test, want, rc, "write %u of %llu at %llu", op,
			    number, model->now);
	if (there && !rc)
		test_expect_value(test, model->batch, model->params->value_size,
				  old);
}

static void increment(void *value, void *ctx)
{
	u64 number;

	test_value_whole(value, *(u32 *)ctx, &number);
	test_value(value, *(u32 *)ctx, number + 1);
}

static void modify_one(struct model *model, u64 number)
{
	struct reference *entry = &model->reference[number];
	u32 value_size = model->params->value_size;
	u8 key[KCMAP_KEY_SIZE_MAX];

	test_key(key, model->params->key_size, number);
	KUNIT_ASSERT_EQ(model->test, entry->since ? 0 : -ENOENT,
			kcmap_table_modify(model->table, key, increment,
					   &value_size));
	entry->value += !!entry->since;
}

static void look_up_one(struct model *model, u64 number)
{
	struct reference *entry = &model->reference[number];
	u8 key[KCMAP_KEY_SIZE_MAX];

	test_key(key, model->params->key_size, number);
	KUNIT_ASSERT_EQ(model->test, entry->since ? 0 : -ENOENT,
			kcmap_table_lookup(model->table, key, model->value));
	if (entry->since)
		test_expect_value(model->test, model->value,
				  model->params->value_size, entry->value);
}

static void look_up_many(struct model *model)
{
	const struct kcmap_table_params *params = model->params;
	u32 nr = 1 + test_random(&model->random, BATCH), i;
	u8 *values = model->batch + BATCH * params->key_size;
	u64 number[BATCH], found;

	for (i = 0; i < nr; i++) {
		number[i] = test_random(&model->random, model->keys);
		test_key(model->batch + i * params->key_size, params->key_size,
			 number[i]);
	}
	found = kcmap_table_lookup_bulk(model->table, model->batch, values, nr);
	KUNIT_ASSERT_EQ(model->test, nr < BATCH ? found >> nr : 0, 0ULL);
	for (i = 0; i < nr; i++) {
		const struct reference *entry = &model->reference[number[i]];

		KUNIT_ASSERT_EQ(model->test, !!(found & BIT_ULL(i)),
				!!entry->since);
		if (entry->since)
			test_expect_value(model->test,
					  values + i * params->value_size,
					  params->value_size, entry->value);
	}
}

/* One that a scan has come to; the writer of @model is between two writes. */
static void scanned(struct model *model, const u8 *key, const u8 *value)
{
	u32 key_size = model->params->key_size;
	struct kunit *test = model->test;
	u8 want[KCMAP_KEY_SIZE_MAX];
	struct reference *entry;
	u64 number = 0;

	memcpy(&number, key, min_t(u32, sizeof(number), key_size));
	KUNIT_ASSERT_LT(test, number, model->keys);
	test_key(want, key_size, number);
	KUNIT_ASSERT_EQ(test, 0, memcmp(key, want, key_size));
	entry = &model->reference[number];
	KUNIT_ASSERT_NE(test, entry->since, 0ULL);
	/* Once for each time that it was inserted. */
	KUNIT_ASSERT_FALSE(test, entry->seen);
	entry->seen = true;
	test_expect_value(test, value, model->params->value_size, entry->value);
}

/* The next step of a scan, with writes between one and the next. */
static void scan_step(struct model *model)
{
	const struct kcmap_table_params *params = model->params;
	u32 capacity = 1 + test_random(&model->random, BATCH), count, i;
	u8 *values = model->batch + BATCH * params->key_size;
	struct reference *entry;
	bool end;

	if (!model->scan_since) {
		model->scan_since = model->now;
		model->cursor = 0;
		for (i = 0; i < model->keys; i++)
			model->reference[i].seen = false;
	}
	KUNIT_ASSERT_EQ(model->test, 0,
			kcmap_table_scan(model->table, &model->cursor,
					 model->batch, values, capacity, &count,
					 &end));
	KUNIT_ASSERT_LE(model->test, count, capacity);
	for (i = 0; i < count; i++)
		scanned(model, model->batch + i * params->key_size,
			values + i * params->value_size);
	if (!end)
		return;
	for (i = 0; i < model->keys; i++) {
		entry = &model->reference[i];
		if (entry->since && entry->since < model->scan_since)
			KUNIT_ASSERT_TRUE(model->test, entry->seen);
	}
	model->scan_since = 0;
}

static void clear(struct model *model)
{
	u64 i;

	kcmap_fault_set(0, 0);
	KUNIT_ASSERT_EQ(model->test, 0, kcmap_table_clear(model->table));
	for (i = 0; i < model->keys; i++)
		model->reference[i].since = 0;
	model->stored = 0;
}

/* Up to some number of entries, stay there a little, down to some, and so on. */
static void turn(struct model *model)
{
	if (!model->stay) {
		if (model->growing ? model->stored < model->target :
				     model->stored > model->target)
			return;
		model->stay = 1 + test_random(&model->random, 100);
	}
	if (--model->stay)
		return;
	test_check(model->test, model->table);
	model->growing = !model->growing;
	/* Often all the way. */
	if (test_random(&model->random, 2))
		model->target = model->growing ? model->limit :
						 model->limit / 256;
	else if (model->growing)
		model->target = model->stored + 1 +
				test_random(&model->random,
					    model->limit - model->stored);
	else
		model->target = test_random(&model->random, model->stored + 1);
}

static void operate(struct model *model)
{
	enum kcmap_write op;

	switch (test_random(&model->random, 32)) {
	case 0 ... 13:
		op = model->growing ? KCMAP_WRITE_INSERT : KCMAP_WRITE_DELETE;
		write_one(model, op, pick(model, !model->growing));
		break;
	case 14 ... 15:
		write_one(model, KCMAP_WRITE_INSERT, pick(model, false));
		break;
	case 16 ... 17:
		write_one(model, KCMAP_WRITE_DELETE, pick(model, true));
		break;
	case 18 ... 19:
		write_one(model, KCMAP_WRITE_UPSERT,
			  pick(model, !model->growing));
		break;
	case 20 ... 21:
		/* Whatever is there or not. */
		write_one(model, test_random(&model->random, 4),
			  test_random(&model->random, model->keys));
		break;
	case 22 ... 23:
		write_one(model, KCMAP_WRITE_UPDATE, pick(model, true));
		break;
	case 24 ... 25:
		modify_one(model, pick(model, true));
		break;
	case 26 ... 28:
		look_up_one(model, test_random(&model->random, model->keys));
		break;
	case 29:
		look_up_many(model);
		break;
	default:
		scan_step(model);
		break;
	}
}

/* All the way, at last. */
static void fill_and_empty(struct model *model)
{
	u64 i;

	for (i = 0; i < model->keys; i++)
		write_one(model, KCMAP_WRITE_UPSERT, i);
	test_check(model->test, model->table);
	for (i = 0; i < model->keys; i++)
		write_one(model, KCMAP_WRITE_DELETE, i);
	KUNIT_ASSERT_EQ(model->test, 0ULL, model->stored);
}

static void model(struct kunit *test)
{
	const struct test_shape *shape = test->param_value;
	u64 seed = model_seed ?: get_random_u64() | 1, operations;
	struct model model = { .test = test, .random.random = seed };
	struct kcmap_table_stats stats;

	kunit_info(test, "model_seed=%llu\n", seed);
	model.limit = min_t(u64, shape->max_entries, LIMIT_MAX);
	model.keys = model.limit + model.limit / 4 + 1;
	if (shape->key_size == 1)
		model.keys = min_t(u64, model.keys, 256);
	model.limit = min(model.limit, model.keys);
	model.table = test_table(test, shape);
	model.params = kcmap_table_params(model.table);
	model.table->hash.seed[0] = random_64(&model);
	model.table->hash.seed[1] = random_64(&model) | 1;
	model.table->hash.seed[2] = random_64(&model);
	model.reference = kunit_kcalloc(test, model.keys,
					sizeof(*model.reference), GFP_KERNEL);
	model.batch = kunit_kzalloc(test, BATCH * ENTRY_MAX, GFP_KERNEL);
	model.value = kunit_kzalloc(test, KCMAP_VALUE_SIZE_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model.reference);
	KUNIT_ASSERT_NOT_NULL(test, model.batch);
	KUNIT_ASSERT_NOT_NULL(test, model.value);

	operations = max_t(u64, OPERATIONS_MIN, OPERATIONS_EACH * model.limit);
	for (model.now = 1; model.now <= operations; model.now++) {
		turn(&model);
		/* One alone never matters: what is not split is chained. */
		if (!test_random(&model.random, 50))
			kcmap_fault_set(test_random(&model.random, 4), 1);
		operate(&model);
		if (!test_random(&model.random, CLEAR_EVERY))
			clear(&model);
		if (model.now % 1024 == 0)
			cond_resched();
	}
	kcmap_fault_set(0, 0);
	fill_and_empty(&model);
	kcmap_table_stats(model.table, &stats);
	kunit_info(test, "%llu splits, %llu merges, %llu full\n", stats.splits,
		   stats.merges, stats.full);
	KUNIT_EXPECT_EQ(test, 0ULL, stats.entries);
	if (model.limit >= 8 * kcmap_layout_slots(&model.table->layout)) {
		KUNIT_EXPECT_GT(test, stats.splits, 4ULL);
		KUNIT_EXPECT_GT(test, stats.merges, 4ULL);
	}
	test_table_free(test, model.table);
}

static struct kunit_case model_cases[] = { KUNIT_CASE_PARAM(model,
							    shape_gen_params),
					   {} };

static struct kunit_suite model_suite = {
	.name = "kcmap_model",
	.exit = test_no_faults,
	.test_cases = model_cases,
};

kunit_test_suite(model_suite);
