// SPDX-License-Identifier: GPL-2.0-only
/* KUnit: what a table charges to its quota, and how many maps a user may have. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/uidgid.h>

#include "fault.h"
#include "map.h"
#include "owner.h"
#include "quota.h"
#include "snapshot.h"
#include "table_testlib.h"

/* Of 8 bytes, and of VALUE: enough for the leaf to be split, and the root doubled. */
#define KEYS 60000
#define KEYS_LARGE 10000
#define VALUE 100

static const u8 value[VALUE];
static unsigned long most;
static struct kcmap_quota quota;

static void put(struct kcmap_quota *quota)
{
	refcount_dec(&quota->ref);
}

static void begin(unsigned long bytes)
{
	most = bytes;
	quota = (struct kcmap_quota){ .most = &most, .put = put };
	refcount_set(&quota.ref, 1);
}

/* Nothing is charged any more, and nobody has the quota. */
static void end(struct kunit *test)
{
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, 0L, atomic_long_read(&quota.bytes));
	KUNIT_EXPECT_EQ(test, 1U, refcount_read(&quota.ref));
}

static struct kcmap_table *create(u32 value_size)
{
	const struct kcmap_table_params params = {
		.max_entries = KEYS,
		.key_size = 8,
		.value_size = value_size,
		.snapshots_max = U32_MAX,
		.snapshot_bytes_max = U64_MAX,
		.quota = &quota,
	};

	return kcmap_table_create(&params);
}

static int write(struct kcmap_table *table, enum kcmap_write op, u64 key,
		 gfp_t gfp)
{
	return kcmap_table_write(table, op, &key, value, NULL, gfp);
}

/* By how much more is charged than STATS tells: what is allocated for each CPU. */
static long excess(struct kcmap_table *table)
{
	struct kcmap_table_stats stats;

	rcu_barrier();
	kcmap_table_stats(table, &stats);
	return atomic_long_read(&quota.bytes) - (long)stats.memory;
}

/* Growing, shrinking, clearing: what is charged is what the table has. */
static void follows_memory(struct kunit *test)
{
	struct kcmap_table *table;
	long fixed;
	u64 i;

	begin(ULONG_MAX);
	table = create(8);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	fixed = excess(table);
	KUNIT_EXPECT_GT(test, fixed, 0L);
	for (i = 0; i < KEYS; i++)
		KUNIT_ASSERT_EQ(test, 0,
				write(table, KCMAP_WRITE_INSERT, i,
				      GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, fixed, excess(table));
	for (i = 0; i < KEYS; i++)
		write(table, KCMAP_WRITE_DELETE, i, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, fixed, excess(table));
	for (i = 0; i < KEYS; i++)
		write(table, KCMAP_WRITE_INSERT, i, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, 0, kcmap_table_clear(table));
	KUNIT_EXPECT_EQ(test, fixed, excess(table));
	test_table_free(test, table);
	end(test);
}

/* What a snapshot has of its own, what it pins, and the view. */
static void follows_snapshots(struct kunit *test)
{
	struct kcmap_table_snapshot *snapshot;
	struct kcmap_table_stats stats;
	struct kcmap_table *table;
	long before, pinned;
	u64 i;

	begin(ULONG_MAX);
	table = create(8);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	for (i = 0; i < KEYS; i++)
		write(table, KCMAP_WRITE_INSERT, i, GFP_KERNEL);
	before = excess(table);
	snapshot = kcmap_snapshot_create(table);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, snapshot);
	KUNIT_EXPECT_GT(test, excess(table), before);
	for (i = 0; i < KEYS; i++)
		write(table, KCMAP_WRITE_UPDATE, i, GFP_KERNEL);
	kcmap_table_stats(table, &stats);
	pinned = excess(table) - before;
	KUNIT_EXPECT_GT(test, pinned, (long)stats.snapshot_bytes);
	KUNIT_EXPECT_EQ(test, 0, kcmap_snapshot_refresh(snapshot));
	kcmap_snapshot_close(snapshot);
	kcmap_arena_trim(table->arena, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, before, excess(table));
	KUNIT_EXPECT_EQ(test, 0, kcmap_view_create(table));
	KUNIT_EXPECT_GT(test, excess(table), before);
	test_table_free(test, table);
	end(test);
}

/* Never more than there may be; what was stored stays, and more goes on. */
static void is_kept(struct kunit *test)
{
	struct kcmap_table_stats stats;
	struct kcmap_table *table;
	u64 i, stored = 0;
	int rc;

	begin(500000);
	table = create(8);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	for (i = 0; i < KEYS; i++) {
		/* Who may not wait has no more, from the reserve, either. */
		rc = write(table, KCMAP_WRITE_INSERT, i,
			   i % 2 ? GFP_KERNEL : GFP_NOWAIT);
		KUNIT_ASSERT_TRUE(test, !rc || rc == -ENOMEM);
		KUNIT_ASSERT_LE(test, atomic_long_read(&quota.bytes),
				(long)most);
		stored += !rc;
		KUNIT_ASSERT_EQ(test, rc ? -ENOENT : 0,
				kcmap_table_lookup(table, &i, NULL));
	}
	kcmap_table_stats(table, &stats);
	KUNIT_EXPECT_EQ(test, stored, stats.entries);
	KUNIT_EXPECT_EQ(test, KEYS - stored, stats.nomem);
	KUNIT_EXPECT_GT(test, stored, most / 64);
	KUNIT_EXPECT_LT(test, stored, (u64)KEYS);
	test_check(test, table);

	WRITE_ONCE(most, ULONG_MAX);
	for (i = 0; i < KEYS; i++)
		KUNIT_ASSERT_EQ(test, 0,
				write(table, KCMAP_WRITE_UPSERT, i,
				      GFP_KERNEL));
	test_table_free(test, table);
	end(test);
}

/* Who can be told so hears that it is the quota. */
static void refusals(struct kunit *test)
{
	struct kcmap_table_snapshot *snapshot;
	struct kcmap_table *table;
	u64 i;

	/* However little is lacking. */
	begin(0);
	for (;;) {
		table = create(8);
		if (!IS_ERR(table))
			break;
		KUNIT_ASSERT_EQ(test, -EDQUOT, PTR_ERR(table));
		most += 64;
	}
	for (i = 0; i < 100; i++)
		write(table, KCMAP_WRITE_INSERT, i, GFP_KERNEL);
	for (;;) {
		snapshot = kcmap_snapshot_create(table);
		if (!IS_ERR(snapshot))
			break;
		KUNIT_ASSERT_EQ(test, -EDQUOT, PTR_ERR(snapshot));
		most += 64;
	}
	KUNIT_EXPECT_EQ(test, -EDQUOT, kcmap_view_create(table));
	KUNIT_EXPECT_EQ(test, -EDQUOT, kcmap_snapshot_refresh(snapshot));
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			write(table, KCMAP_WRITE_UPDATE, 1, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			write(table, KCMAP_WRITE_DELETE, 1, GFP_NOWAIT));
	kcmap_snapshot_close(snapshot);
	KUNIT_EXPECT_EQ(test, 0,
			write(table, KCMAP_WRITE_UPDATE, 1, GFP_KERNEL));
	test_table_free(test, table);
	end(test);
}

/* Whatever fails on the way leaves nothing charged. */
static void failures_give_back(struct kunit *test)
{
	struct kcmap_table_snapshot *snapshot;
	struct kcmap_table *table;
	u32 after;
	u64 i;

	begin(ULONG_MAX);
	for (after = 0; after < 16; after++) {
		kcmap_fault_set(after % 8, 1);
		table = create(VALUE);
		kcmap_fault_set(0, 0);
		if (IS_ERR(table))
			table = create(VALUE);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
		kcmap_fault_set(after % 8, 1);
		if (!kcmap_view_create(table))
			kcmap_fault_set(after % 8, 1);
		snapshot = kcmap_snapshot_create(table);
		for (i = 0; i < KEYS_LARGE; i++) {
			kcmap_fault_set(after, 1 + i % 3);
			write(table, KCMAP_WRITE_INSERT, i,
			      i % 5 ? GFP_KERNEL : GFP_NOWAIT);
		}
		kcmap_fault_set(after % 8, 1);
		kcmap_table_clear(table);
		kcmap_fault_set(0, 0);
		if (!IS_ERR(snapshot))
			kcmap_snapshot_close(snapshot);
		test_table_free(test, table);
		end(test);
	}
}

/* Become a user that no limit is waived for; what must be given back. */
static const struct cred *become(struct kunit *test, uid_t uid)
{
	struct cred *cred = prepare_creds();

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cred->euid = KUIDT_INIT(uid);
	cap_clear(cred->cap_effective);
	return override_creds(cred);
}

static void back(const struct cred *before)
{
	put_cred(override_creds(before));
}

static void maps_of_users(struct kunit *test)
{
	unsigned int before = kcmap_maps_per_user, i;
	struct kcmap_owner *owner[3], *other;
	const struct cred *cred;

	KUNIT_EXPECT_PTR_EQ(test, NULL, kcmap_owner_add_map());
	WRITE_ONCE(kcmap_maps_per_user, 3);
	cred = become(test, 1001);
	for (i = 0; i < 3; i++) {
		owner[i] = kcmap_owner_add_map();
		KUNIT_EXPECT_FALSE(test, IS_ERR_OR_NULL(owner[i]));
		KUNIT_EXPECT_PTR_EQ(test, owner[0], owner[i]);
	}
	KUNIT_EXPECT_EQ(test, -EDQUOT, PTR_ERR(kcmap_owner_add_map()));
	back(cred);

	/* Another has room, as has the same one again. */
	cred = become(test, 1002);
	other = kcmap_owner_add_map();
	KUNIT_EXPECT_FALSE(test, IS_ERR_OR_NULL(other));
	KUNIT_EXPECT_PTR_NE(test, owner[0], other);
	kcmap_owner_remove_map(other);
	back(cred);
	cred = become(test, 1001);
	kcmap_owner_remove_map(owner[1]);
	owner[1] = kcmap_owner_add_map();
	KUNIT_EXPECT_PTR_EQ(test, owner[0], owner[1]);
	back(cred);
	for (i = 0; i < 3; i++)
		kcmap_owner_remove_map(owner[i]);
	WRITE_ONCE(kcmap_maps_per_user, before);
}

static struct kunit_case owner_cases[] = { KUNIT_CASE(follows_memory),
					   KUNIT_CASE(follows_snapshots),
					   KUNIT_CASE(is_kept),
					   KUNIT_CASE(refusals),
					   KUNIT_CASE(failures_give_back),
					   KUNIT_CASE(maps_of_users),
					   {} };

static struct kunit_suite owner_suite = {
	.name = "kcmap_owner",
	.exit = test_no_faults,
	.test_cases = owner_cases,
};

kunit_test_suite(owner_suite);
