// SPDX-License-Identifier: GPL-2.0-only
/*
 * The entries of a segment that is split or merged find new places, in segments
 * that nobody sees yet.
 */
#include "table_internal.h"

/* Store an entry in a segment that nobody sees yet. */
static void store(const struct kcmap_layout *layout,
		  struct kcmap_bucket *bucket, unsigned int slot,
		  const u64 *words, u8 tag)
{
	ASSERT_EXCLUSIVE_ACCESS(bucket->state);
	memcpy(kcmap_slot(layout, bucket, slot), words,
	       layout->slot_words * sizeof(u64));
	kcmap_bucket_set_tag(bucket, slot, tag);
	bucket->state |= BIT_ULL(KCMAP_STATE_LIVE_SHIFT + slot);
}

static struct kcmap_segment *take_chained(struct kcmap_spare *spare)
{
	struct kcmap_segment *chained = spare->chained;

	if (chained) {
		spare->chained =
			rcu_dereference_protected(chained->chain, true);
		RCU_INIT_POINTER(chained->chain, NULL);
	}
	return chained;
}

/*
 * As writers do it: a place behind the segment, in the bucket of home's number.
 * False: that would take a segment more than are in @spare.
 */
static bool settle_in_chain(const struct kcmap_layout *layout,
			    struct kcmap_segment *segment, const u64 *words,
			    u64 hash, struct kcmap_spare *spare)
{
	unsigned int number = kcmap_hash_home(layout, hash);
	struct kcmap_bucket *home, *bucket;
	struct kcmap_segment *last;
	int slot;

	home = kcmap_segment_bucket(layout, segment, number);
	do {
		last = segment;
		segment = rcu_dereference_protected(last->chain, true);
		if (!segment) {
			segment = take_chained(spare);
			if (!segment)
				return false;
			RCU_INIT_POINTER(last->chain, segment);
		}
		bucket = kcmap_segment_bucket(layout, segment, number);
		slot = kcmap_bucket_free_slot(layout, bucket->state);
	} while (slot < 0);
	store(layout, bucket, slot, words, kcmap_hash_tag(hash));
	/* At the top it sticks: it does not know any more. */
	if ((home->state & KCMAP_STATE_CHAIN) != KCMAP_STATE_CHAIN)
		home->state += KCMAP_STATE_CHAIN_ONE;
	return true;
}

/* Find a place for an entry in a segment that nobody sees yet. */
static bool settle(struct kcmap_table *table, struct kcmap_segment *segment,
		   const u64 *words, u64 hash, struct kcmap_spare *spare)
{
	const struct kcmap_layout *layout = &table->layout;
	struct kcmap_bucket *home, *alternate;
	u8 tag = kcmap_hash_tag(hash);
	int slot, round;

	home = kcmap_segment_bucket(layout, segment,
				    kcmap_hash_home(layout, hash));
	alternate = kcmap_segment_bucket(layout, segment,
					 kcmap_hash_alternate(layout, hash));
	for (round = 0; round < 2; round++) {
		slot = kcmap_bucket_free_slot(layout, home->state);
		if (slot >= 0) {
			store(layout, home, slot, words, tag);
			return true;
		}
		slot = kcmap_bucket_free_slot(layout, alternate->state);
		if (slot >= 0 &&
		    (home->state & KCMAP_STATE_AWAY) != KCMAP_STATE_AWAY) {
			store(layout, alternate, slot, words, tag);
			home->state += KCMAP_STATE_AWAY_ONE;
			return true;
		}
		/* Once one had to be chained, nobody searches for long again. */
		if (rcu_access_pointer(segment->chain) ||
		    !kcmap_make_room_locked(table, segment, hash))
			break;
	}
	return settle_in_chain(layout, segment, words, hash, spare);
}

/**
 * kcmap_distribute - copy all entries of a segment and its chain
 * @table: the table
 * @from: the segment, frozen
 * @to: two new segments, by the bit of the hash at @shift; or twice the same
 * @shift: that bit
 * @spare: has the segments that may be chained behind @to
 * @count: what went where is added
 *
 * Context: interrupts off, segment->lock of @from.
 * Return: false if there is no place for an entry; @to is then to be freed.
 */
bool kcmap_distribute(struct kcmap_table *table, struct kcmap_segment *from,
		      struct kcmap_segment *const to[2], unsigned int shift,
		      struct kcmap_spare *spare, unsigned int count[2])
{
	const struct kcmap_layout *layout = &table->layout;
	struct kcmap_bucket *bucket;
	unsigned long live;
	unsigned int i, slot;
	u64 *words, hash;

	for (; from; from = rcu_dereference(from->chain)) {
		for (i = 0; i < kcmap_layout_buckets(layout); i++) {
			bucket = kcmap_segment_bucket(layout, from, i);
			/* Frozen: nobody writes there, to the end. */
			ASSERT_EXCLUSIVE_WRITER(bucket->state);
			live = kcmap_state_live(bucket->state);
			for_each_set_bit(slot, &live, layout->bucket_slots) {
				words = kcmap_slot(layout, bucket, slot);
				hash = kcmap_table_hash(table, words);
				if (!settle(table, to[hash >> shift & 1], words,
					    hash, spare))
					return false;
				count[hash >> shift & 1]++;
			}
		}
	}
	return true;
}

/**
 * kcmap_is_parted - whether a split would part the entries of a segment and chain
 * @table: the table
 * @segment: the segment
 *
 * A guess: entries are read while others write them.
 *
 * Context: RCU.
 * Return: false if all would go into one half.
 */
bool kcmap_is_parted(struct kcmap_table *table,
		     const struct kcmap_segment *segment)
{
	unsigned int shift = 63 - segment->depth, i, slot, seen = 0;
	const struct kcmap_layout *layout = &table->layout;
	u64 key[KCMAP_KEY_WORDS_MAX] __uninitialized;
	struct kcmap_bucket *bucket;
	unsigned long live;
	u64 hash;

	for (; segment; segment = rcu_dereference(segment->chain)) {
		for (i = 0; i < kcmap_layout_buckets(layout); i++) {
			bucket = kcmap_segment_bucket(layout, segment, i);
			live = kcmap_state_live(READ_ONCE(bucket->state));
			for_each_set_bit(slot, &live, layout->bucket_slots) {
				kcmap_words_load(
					key, kcmap_slot(layout, bucket, slot),
					layout->key_words);
				hash = kcmap_table_hash(table, key);
				seen |= 1U << (hash >> shift & 1);
				if (seen == 3)
					return true;
			}
		}
	}
	return false;
}
