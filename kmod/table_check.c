// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must hold of a table that nobody uses at the moment, looked at from below:
 * every entry where look-ups expect it, and once; every count what it counts.
 */
#include <linux/bitfield.h>
#include <linux/sched.h>

#include "table_testlib.h"

#define BUCKETS_MAX (PAGE_SIZE / 64)

/**
 * struct census - what was found in a table
 * @entries: entries
 * @segments: segments, chained ones not counted
 * @chained: chained segments
 * @astray: entries that are where nobody looks for them, or under another tag
 * @twins: entries whose key is there more than once
 * @miscounted: buckets that are wrong about keys in their alternate or chain
 * @misdirected: places of the directory that say something else
 * @unwiped: free slots with a tag or the first word of a key
 */
struct census {
	u64 entries;
	u64 segments;
	u64 chained;
	u64 astray;
	u64 twins;
	u64 miscounted;
	u64 misdirected;
	u64 unwiped;
};

/**
 * struct elsewhere - keys of each home bucket of a segment that are not in it
 * @away: in their alternate bucket
 * @chained: in a chained segment
 */
struct elsewhere {
	u32 away[BUCKETS_MAX];
	u32 chained[BUCKETS_MAX];
};

static struct kcmap_segment *next_in_chain(const struct kcmap_segment *segment)
{
	return rcu_dereference_protected(segment->chain, true);
}

/* How often a key is in a bucket. */
static u32 times_in(const struct kcmap_layout *layout,
		    struct kcmap_bucket *bucket, const u64 *key)
{
	unsigned long live = kcmap_state_live(bucket->state);
	unsigned int slot;
	u32 times = 0;

	for_each_set_bit(slot, &live, layout->bucket_slots)
		times += kcmap_words_equal(kcmap_slot(layout, bucket, slot),
					   key, layout->key_words);
	return times;
}

static u32 times_stored(const struct kcmap_layout *layout,
			const struct kcmap_segment *segment, const u64 *key,
			u64 hash)
{
	unsigned int home = kcmap_hash_home(layout, hash);
	u32 times;

	times = times_in(
		layout,
		kcmap_segment_bucket(layout, segment,
				     kcmap_hash_alternate(layout, hash)),
		key);
	for (; segment; segment = next_in_chain(segment))
		times += times_in(layout,
				  kcmap_segment_bucket(layout, segment, home),
				  key);
	return times;
}

/* Entries of a bucket of @segment, which is @first or chained behind it. */
static void check_bucket(struct kcmap_table *table,
			 const struct kcmap_segment *first,
			 const struct kcmap_segment *segment, unsigned int i,
			 u64 top, struct elsewhere *elsewhere,
			 struct census *census)
{
	const struct kcmap_layout *layout = &table->layout;
	struct kcmap_bucket *bucket = kcmap_segment_bucket(layout, segment, i);
	unsigned long live = kcmap_state_live(bucket->state);
	unsigned int slot, home;
	u64 *words, hash;

	for (slot = 0; slot < layout->bucket_slots; slot++)
		census->unwiped += !(live & BIT(slot)) &&
				   ((u8)(bucket->tags >> 8 * slot) ||
				    *kcmap_slot(layout, bucket, slot));
	for_each_set_bit(slot, &live, layout->bucket_slots) {
		words = kcmap_slot(layout, bucket, slot);
		hash = kcmap_table_hash(table, words);
		home = kcmap_hash_home(layout, hash);
		census->entries++;
		census->twins += times_stored(layout, first, words, hash) != 1;
		if (kcmap_hash_top(hash ^ top, first->depth) ||
		    (u8)(bucket->tags >> 8 * slot) != kcmap_hash_tag(hash))
			census->astray++;
		else if (segment != first && home == i)
			elsewhere->chained[home]++;
		else if (segment == first &&
			 kcmap_hash_alternate(layout, hash) == i)
			elsewhere->away[home]++;
		else if (home != i)
			census->astray++;
	}
}

/* A segment with its chain; @top: the hash that its range begins with. */
static void check_segment(struct kcmap_table *table,
			  const struct kcmap_segment *first, u64 top,
			  struct census *census)
{
	unsigned int buckets = kcmap_layout_buckets(&table->layout), i;
	const struct kcmap_segment *segment;
	struct elsewhere elsewhere = {};
	u64 state, chained;

	for (segment = first; segment; segment = next_in_chain(segment)) {
		census->chained += segment != first;
		for (i = 0; i < buckets; i++)
			check_bucket(table, first, segment, i, top, &elsewhere,
				     census);
	}
	for (i = 0; i < buckets; i++) {
		state = kcmap_segment_bucket(&table->layout, first, i)->state;
		chained = FIELD_GET(KCMAP_STATE_CHAIN, state);
		if (kcmap_state_odd(state) ||
		    FIELD_GET(KCMAP_STATE_AWAY, state) != elsewhere.away[i] ||
		    chained != elsewhere.chained[i])
			census->miscounted++;
	}
	census->segments++;
	cond_resched();
}

/* The segment stays: nobody else uses the table. */
static struct kcmap_segment *segment_of(struct kcmap_dirent *entry)
{
	struct kcmap_segment *segment;

	rcu_read_lock();
	segment = kcmap_dirent_segment(entry);
	rcu_read_unlock();
	return segment;
}

/**
 * test_check - see that a table is whole
 * @test: of KUnit
 * @table: the table; nobody uses it at the moment
 *
 * Context: process.
 */
void test_check(struct kunit *test, struct kcmap_table *table)
{
	const struct kcmap_directory *directory =
		rcu_dereference_protected(table->directory, true);
	unsigned int bits = directory->depth + KCMAP_LEAF_BITS;
	struct kcmap_segment *segment = NULL;
	struct kcmap_dirent *entry;
	struct kcmap_table_stats stats;
	struct census census = {};
	u64 i, hash, left = 0;

	KUNIT_ASSERT_LE(test, kcmap_layout_buckets(&table->layout),
			BUCKETS_MAX);
	for (i = 0; i < 1ULL << bits; i++, left--) {
		hash = i << (64 - bits);
		entry = kcmap_directory_entry(directory, hash);
		if (!left) {
			segment = segment_of(entry);
			KUNIT_ASSERT_LE(test, segment->depth, bits);
			left = 1ULL << (bits - segment->depth);
			check_segment(table, segment, hash, &census);
		}
		census.misdirected += segment_of(entry) != segment ||
				      rcu_access_pointer(entry->page) !=
					      segment->page[0];
	}
	kcmap_table_stats(table, &stats);
	KUNIT_EXPECT_EQ(test, stats.entries, census.entries);
	KUNIT_EXPECT_EQ(test, stats.segments, census.segments + census.chained);
	KUNIT_EXPECT_EQ(test, stats.overflow_segments, census.chained);
	KUNIT_EXPECT_EQ(test, 0ULL, left);
	KUNIT_EXPECT_EQ(test, 0ULL, census.astray);
	KUNIT_EXPECT_EQ(test, 0ULL, census.twins);
	KUNIT_EXPECT_EQ(test, 0ULL, census.miscounted);
	KUNIT_EXPECT_EQ(test, 0ULL, census.misdirected);
	KUNIT_EXPECT_EQ(test, 0ULL, census.unwiped);
}
