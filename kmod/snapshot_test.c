// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: snapshots of a table that nobody else uses. Whatever is done to the table
 * meanwhile, each of them stays what it was.
 */
#include <linux/err.h>
#include <linux/kcmap_image.h>
#include <linux/mm.h>
#include <linux/random.h>

#include "fault.h"
#include "snapshot.h"
#include "table_testlib.h"

#define KEYS 700
#define SNAPSHOTS 6

static const struct test_shape shapes[] = {
	{ 8, 8, 2 * KEYS, true },    { 8, 8, 2 * KEYS, false },
	{ 4, 1, 2 * KEYS, true },    { 40, 32, 2 * KEYS, false },
	{ 128, 64, 2 * KEYS, true },
};

KUNIT_ARRAY_PARAM(shape, shapes, test_shape_desc);

/**
 * struct state - what is in a table, or in a snapshot of it
 * @value: number that the value of each key is made from; 0: absent
 * @entries: how many are present
 */
struct state {
	u8 value[KEYS];
	u64 entries;
};

/**
 * struct world - a table, its snapshots, and what must be in them
 * @test: of KUnit
 * @table: the table
 * @now: what is in it
 * @snapshot: open snapshots, or NULL
 * @then: what is in them
 * @random: random numbers
 */
struct world {
	struct kunit *test;
	struct kcmap_table *table;
	struct state now;
	struct kcmap_table_snapshot *snapshot[SNAPSHOTS];
	struct state then[SNAPSHOTS];
	struct test_thread random;
};

static int write_one(struct world *world, enum kcmap_write op, u32 number,
		     u8 value)
{
	const struct kcmap_table_params *params = &world->table->params;
	u8 key[KCMAP_KEY_SIZE_MAX], bytes[64];
	int rc;

	test_key(key, params->key_size, number);
	test_value(bytes, params->value_size, value);
	rc = kcmap_table_write(world->table, op, key, bytes, NULL, GFP_KERNEL);
	if (rc)
		return rc;
	world->now.entries +=
		(op != KCMAP_WRITE_DELETE) - !!world->now.value[number];
	world->now.value[number] = op == KCMAP_WRITE_DELETE ? 0 : value;
	return 0;
}

static void change_one(struct world *world, u32 number)
{
	u8 value = 1 + test_random(&world->random, 255);
	bool gone = !world->now.value[number];

	if (test_random(&world->random, 3))
		KUNIT_ASSERT_EQ(world->test, 0,
				write_one(world, KCMAP_WRITE_UPSERT, number,
					  value));
	else
		KUNIT_ASSERT_EQ(world->test, gone ? -ENOENT : 0,
				write_one(world, KCMAP_WRITE_DELETE, number,
					  0));
}

static void expect_state(struct world *world,
			 struct kcmap_table_snapshot *snapshot,
			 const struct state *state)
{
	const struct kcmap_table_params *params = &world->table->params;
	u8 key[KCMAP_KEY_SIZE_MAX], bytes[64];
	u32 i;

	KUNIT_EXPECT_EQ(world->test, state->entries,
			kcmap_snapshot_image(snapshot)->entries);
	for (i = 0; i < KEYS; i++) {
		test_key(key, params->key_size, i);
		KUNIT_ASSERT_EQ(world->test, state->value[i] ? 0 : -ENOENT,
				test_snapshot_lookup(snapshot, key, bytes));
		if (state->value[i])
			test_expect_value(world->test, bytes,
					  params->value_size, state->value[i]);
	}
}

static void expect_all(struct world *world)
{
	u32 i;

	for (i = 0; i < SNAPSHOTS; i++)
		if (world->snapshot[i])
			expect_state(world, world->snapshot[i],
				     &world->then[i]);
}

static void open_one(struct world *world, u32 i)
{
	world->snapshot[i] = kcmap_snapshot_create(world->table);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(world->test, world->snapshot[i]);
	world->then[i] = world->now;
}

static void close_one(struct world *world, u32 i)
{
	kcmap_snapshot_close(world->snapshot[i]);
	world->snapshot[i] = NULL;
}

/* Open it, close it, or move it to now. */
static void change_snapshot(struct world *world, u32 i)
{
	if (!world->snapshot[i]) {
		open_one(world, i);
	} else if (test_random(&world->random, 2)) {
		close_one(world, i);
	} else {
		KUNIT_ASSERT_EQ(world->test, 0,
				kcmap_snapshot_refresh(world->snapshot[i]));
		world->then[i] = world->now;
	}
}

static void clear(struct world *world)
{
	KUNIT_ASSERT_EQ(world->test, 0, kcmap_table_clear(world->table));
	memset(&world->now, 0, sizeof(world->now));
}

static struct world *world_new(struct kunit *test, struct kcmap_table *table)
{
	struct world *world = kunit_kzalloc(test, sizeof(*world), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, world);
	world->test = test;
	world->table = table;
	world->random.random = get_random_u64() | 1;
	return world;
}

static void world_free(struct world *world)
{
	u32 i;

	for (i = 0; i < SNAPSHOTS; i++)
		if (world->snapshot[i])
			close_one(world, i);
	test_check_frames(world->test, world->table);
	test_table_free(world->test, world->table);
}

/*
 * A random walk: the table grows, shrinks and is cleared, and snapshots come, move,
 * and go in any order.
 */
static void walk(struct world *world)
{
	u32 round, i, burst, first;

	for (round = 0; round < 120; round++) {
		first = test_random(&world->random, KEYS);
		burst = test_random(&world->random, 3) ? 20 : KEYS / 2;
		for (i = 0; i < burst; i++)
			change_one(world, (first + i) % KEYS);
		change_snapshot(world, test_random(&world->random, SNAPSHOTS));
		if (round % 40 == 39)
			clear(world);
		if (round % 10 == 0)
			expect_all(world);
	}
	expect_all(world);
}

static void stays_what_it_was(struct kunit *test)
{
	struct world *world =
		world_new(test, test_table(test, test->param_value));
	u32 i;

	/* The live view is kept beside. */
	KUNIT_ASSERT_EQ(test, 0, kcmap_view_create(world->table));
	for (i = 0; i < KEYS; i++)
		KUNIT_ASSERT_EQ(test, 0,
				write_one(world, KCMAP_WRITE_INSERT, i,
					  1 + i % 255));
	walk(world);
	world_free(world);
}

/* Likewise with nearly all of it in chained segments. */
static void stays_though_chained(struct kunit *test)
{
	struct world *world =
		world_new(test, test_crowded_table(test, 8, 8, KEYS));
	struct kcmap_table_stats stats;
	u32 i;

	for (i = 0; i < KEYS; i++)
		KUNIT_ASSERT_EQ(test, 0,
				write_one(world, KCMAP_WRITE_INSERT, i,
					  1 + i % 255));
	kcmap_table_stats(world->table, &stats);
	KUNIT_EXPECT_GT(test, stats.overflow_segments, 2ULL);
	walk(world);
	world_free(world);
}

/* What nobody writes in is not copied, and copied once by however many writes. */
static void copies_once(struct kunit *test)
{
	struct world *world = world_new(test, test_table(test, &shapes[0]));
	struct kcmap_table_stats stats;
	u64 segments;
	u32 i, turn;

	for (i = 0; i < KEYS; i++)
		write_one(world, KCMAP_WRITE_INSERT, i, 1);
	open_one(world, 0);
	for (turn = 0; turn < 3; turn++)
		for (i = 0; i < KEYS; i++)
			write_one(world, KCMAP_WRITE_UPSERT, i, 2);
	/* What fails changes nothing, and needs no copy. */
	KUNIT_EXPECT_EQ(test, -EEXIST,
			write_one(world, KCMAP_WRITE_INSERT, 0, 3));
	kcmap_table_stats(world->table, &stats);
	segments = stats.segments;
	KUNIT_EXPECT_EQ(test, segments, stats.copies);
	KUNIT_EXPECT_EQ(test, 1ULL, stats.snapshots);
	/* The image of the leaf, too. */
	KUNIT_EXPECT_EQ(test, (segments + 1) * PAGE_SIZE, stats.snapshot_bytes);
	open_one(world, 1);
	close_one(world, 1);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			write_one(world, KCMAP_WRITE_INSERT, 0, 3));
	kcmap_table_stats(world->table, &stats);
	KUNIT_EXPECT_EQ(test, segments, stats.copies);
	expect_all(world);
	world_free(world);
}

/* More snapshots, or more that they could pin, than the table allows. */
static void limits(struct kunit *test)
{
	struct world *world = world_new(test, test_table(test, &shapes[0]));
	struct kcmap_table_params *params = &world->table->params;

	params->snapshots_max = 2;
	open_one(world, 0);
	open_one(world, 1);
	KUNIT_EXPECT_EQ(test, -EDQUOT,
			PTR_ERR(kcmap_snapshot_create(world->table)));
	KUNIT_EXPECT_EQ(test, 0, kcmap_snapshot_refresh(world->snapshot[0]));
	close_one(world, 0);
	open_one(world, 0);

	params->snapshots_max = 100;
	/* Enough for the two, not for a third. */
	params->snapshot_bytes_max = world->table->arena->cut_bytes * 5 / 4;
	KUNIT_EXPECT_EQ(test, -EDQUOT,
			PTR_ERR(kcmap_snapshot_create(world->table)));
	KUNIT_EXPECT_EQ(test, 0, kcmap_snapshot_refresh(world->snapshot[1]));
	params->snapshot_bytes_max = 1;
	KUNIT_EXPECT_EQ(test, -EDQUOT,
			kcmap_snapshot_refresh(world->snapshot[1]));
	expect_all(world);
	world_free(world);
}

/* A write that was refused for want of memory is not done; it is next time. */
static void write_faulty(struct world *world, enum kcmap_write op, u32 number,
			 u8 value, u64 *refused)
{
	int rc = write_one(world, op, number, value);

	if (rc == -ENOMEM) {
		(*refused)++;
		kcmap_fault_set(0, 0);
		rc = write_one(world, op, number, value);
	}
	KUNIT_ASSERT_EQ(world->test, 0, rc);
}

static void faulty(struct kunit *test, struct kcmap_table *table, u32 after,
		   u64 *refused)
{
	struct world *world = world_new(test, table);
	struct kcmap_table_snapshot *snapshot;
	u32 i;

	for (i = 0; i < KEYS; i++)
		KUNIT_ASSERT_EQ(test, 0,
				write_one(world, KCMAP_WRITE_INSERT, i, 1));
	open_one(world, 0);
	for (i = 0; i < KEYS; i++) {
		kcmap_fault_set(after, 1 + i % 3);
		write_faulty(world,
			     i % 3 ? KCMAP_WRITE_UPDATE : KCMAP_WRITE_DELETE, i,
			     2, refused);
		kcmap_fault_set(0, 0);
		if (i % 50)
			continue;
		kcmap_fault_set(after, 2);
		snapshot = kcmap_snapshot_create(world->table);
		kcmap_fault_set(0, 0);
		if (IS_ERR(snapshot))
			KUNIT_EXPECT_EQ(test, -ENOMEM, PTR_ERR(snapshot));
		else
			kcmap_snapshot_close(snapshot);
		kcmap_fault_set(after, 2);
		if (!kcmap_snapshot_refresh(world->snapshot[0]))
			world->then[0] = world->now;
		kcmap_fault_set(0, 0);
		expect_all(world);
	}
	expect_all(world);
	world_free(world);
}

/*
 * One allocation after another fails: the writer is told, the snapshot stays, and
 * so does what the writer would have changed.
 */
static void memory_is_short(struct kunit *test)
{
	u64 refused = 0;
	u32 after;

	for (after = 0; after < 8; after++) {
		faulty(test, test_table(test, &shapes[0]), after, &refused);
		faulty(test, test_table(test, &shapes[4]), after, &refused);
		faulty(test, test_crowded_table(test, 8, 8, KEYS), after,
		       &refused);
	}
	KUNIT_EXPECT_GT(test, refused, 0ULL);
	kunit_info(test, "%llu writes refused\n", refused);
}

/* Who may not wait has the reserve. */
static void reserve_copies(struct kunit *test)
{
	struct world *world = world_new(test, test_table(test, &shapes[0]));
	u64 key, value = 7;
	u32 i;

	for (i = 0; i < 100; i++)
		write_one(world, KCMAP_WRITE_INSERT, i, 1);
	open_one(world, 0);
	kcmap_fault_set(0, U32_MAX);
	for (i = 0; i < 100; i++) {
		test_key(&key, 8, i);
		KUNIT_EXPECT_EQ(test, 0,
				kcmap_table_write(world->table,
						  KCMAP_WRITE_UPDATE, &key,
						  &value, NULL, GFP_NOWAIT));
	}
	kcmap_fault_set(0, 0);
	expect_all(world);
	world_free(world);
}

/* Numbers that a mapping may show something old for, by number. */
static DECLARE_BITMAP(shown, 4096);

static void test_zap(void *ctx, u64 offset, u64 size)
{
	struct kcmap_arena *arena = ctx;

	bitmap_clear(shown, (offset - arena->frames_offset) / size, 1);
}

/* As a mapping of the live view does; it has asked for all of them. */
static void show_all(struct kunit *test, struct kcmap_arena *arena, u32 nr)
{
	struct page *page;
	u32 i;

	down_read(&arena->faults);
	for (i = 0; i < nr; i++) {
		page = kcmap_arena_page(arena, (u64)i * PAGE_SIZE, 0, false);
		KUNIT_EXPECT_FALSE(test, IS_ERR(page));
		if (!IS_ERR_OR_NULL(page))
			put_page(page);
		set_bit(i, shown);
	}
	up_read(&arena->faults);
}

/*
 * Pages that are given back, and holes, are unmapped before their number has another
 * page: what is taken for a new frame was shown as nothing else.
 */
static void numbers_are_clean(struct kunit *test)
{
	struct world *world = world_new(test, test_table(test, &shapes[0]));
	struct kcmap_arena *arena = world->table->arena;
	struct kcmap_segment *frame, *page_of[64] = {};
	u32 i, turn, dirty = 0, reused = 0;
	unsigned long number;

	kcmap_arena_set_zap(arena, test_zap, arena);
	kcmap_arena_map(arena);
	KUNIT_ASSERT_EQ(test, 0, kcmap_view_create(world->table));
	for (turn = 0; turn < 6; turn++) {
		for (i = 0; i < KEYS; i++)
			write_one(world, KCMAP_WRITE_UPSERT, i, 1);
		xa_for_each(&arena->frames, number, frame) {
			if (xa_is_value(frame) || number >= 64)
				continue;
			/* Another frame than before, and an old page is shown. */
			if (page_of[number] != frame && test_bit(number, shown))
				dirty++;
			reused += page_of[number] && page_of[number] != frame;
			page_of[number] = frame;
		}
		show_all(test, arena, 64);
		clear(world);
		rcu_barrier();
		/* Idle the first time, given back the second. */
		cancel_delayed_work_sync(&arena->worker);
		kcmap_arena_work(&arena->worker.work);
		kcmap_arena_work(&arena->worker.work);
		xa_for_each(&arena->frames, number, frame)
			if (number < 64)
				page_of[number] = frame;
	}
	KUNIT_EXPECT_EQ(test, 0U, dirty);
	KUNIT_EXPECT_GT(test, reused, 0U);
	KUNIT_EXPECT_LT(test, arena->nr_idle, 4UL);
	kcmap_arena_unmap(arena);
	world_free(world);
}

/*
 * Link 0 says that nothing is chained behind: so what is chained may not get that
 * number, not even after a reader has asked for it, and it was a hole.
 */
static void none_is_no_number(struct kunit *test)
{
	struct world *world =
		world_new(test, test_crowded_table(test, 8, 8, KEYS));
	struct kcmap_arena *arena = world->table->arena;
	u64 key, value;
	u32 i;

	kcmap_arena_set_zap(arena, test_zap, arena);
	kcmap_arena_map(arena);
	KUNIT_ASSERT_EQ(test, 0, kcmap_view_create(world->table));
	show_all(test, arena, 1);
	cancel_delayed_work_sync(&arena->worker);
	kcmap_arena_work(&arena->worker.work);
	for (i = 0; i < KEYS; i++) {
		test_key(&key, 8, i);
		test_value(&value, 8, 1);
		KUNIT_ASSERT_EQ(test, 0,
				kcmap_table_write(world->table,
						  KCMAP_WRITE_INSERT, &key,
						  &value, NULL, GFP_NOWAIT));
	}
	world->now.entries = KEYS;
	memset(world->now.value, 1, KEYS);
	open_one(world, 0);
	expect_all(world);
	kcmap_arena_unmap(arena);
	world_free(world);
}

/* A reader who asks for every number leaves enough for those who write. */
static void holes_leave_room(struct kunit *test)
{
	struct world *world = world_new(test, test_table(test, &shapes[0]));
	struct kcmap_arena *arena = world->table->arena;
	struct page *page;
	u32 i;

	bitmap_zero(shown, 4096);
	kcmap_arena_set_zap(arena, test_zap, arena);
	kcmap_arena_map(arena);
	KUNIT_ASSERT_EQ(test, 0, kcmap_view_create(world->table));
	down_read(&arena->faults);
	for (i = 0; i < arena->limit; i++) {
		page = kcmap_arena_page(arena, (u64)i * PAGE_SIZE, 0, false);
		if (!IS_ERR_OR_NULL(page))
			put_page(page);
	}
	up_read(&arena->faults);
	/* It would take the marks away in a moment. */
	cancel_delayed_work_sync(&arena->worker);
	KUNIT_EXPECT_GT(test, arena->holes, 0U);
	for (i = 0; i < KEYS; i++)
		KUNIT_ASSERT_EQ(test, 0,
				write_one(world, KCMAP_WRITE_INSERT, i, 1));
	kcmap_arena_work(&arena->worker.work);
	KUNIT_EXPECT_EQ(test, arena->holes, 0U);
	kcmap_arena_unmap(arena);
	world_free(world);
}

static struct kunit_case snapshot_cases[] = {
	KUNIT_CASE_PARAM(stays_what_it_was, shape_gen_params),
	KUNIT_CASE(stays_though_chained),
	KUNIT_CASE(copies_once),
	KUNIT_CASE(limits),
	KUNIT_CASE(memory_is_short),
	KUNIT_CASE(reserve_copies),
	KUNIT_CASE(numbers_are_clean),
	KUNIT_CASE(none_is_no_number),
	KUNIT_CASE(holes_leave_room),
	{}
};

static struct kunit_suite snapshot_suite = {
	.name = "kcmap_snapshot",
	.exit = test_no_faults,
	.test_cases = snapshot_cases,
};

kunit_test_suite(snapshot_suite);
