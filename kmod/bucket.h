/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bucket: a header of two words, then slots. It is read by anybody under RCU,
 * without a lock, and written under the lock of the bucket.
 *
 * Every access to a word is a READ_ONCE() or WRITE_ONCE() of 8 bytes: a reader
 * may see a slot half written, never a word, and finds out by the sequence
 * count.
 *
 * The first word holds all that says where a key may be, so that one load gets
 * it and one comparison re-checks it:
 *
 *   31..0	sequence count, odd while a write is going on
 *   39..32	live: a bit for each slot that holds an entry
 *   47..40	away: how many keys of which this is the home live in their
 *		alternate bucket
 *   63..48	chained: how many live in chained segments; sticks at the top
 *
 * An entry that moves leaves one of home and alternate for the other, and home's
 * word changes in the same step: so a reader who finds nothing in home,
 * alternate and chain, and then home's word unchanged, has not overlooked an
 * entry that moved. Entries of a chained segment do not move.
 */
#ifndef _KCMAP_BUCKET_H
#define _KCMAP_BUCKET_H

#include <asm/barrier.h>
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/kcsan-checks.h>
#include <linux/string.h>

#include "compat.h"
#include "layout.h"

struct kcmap_bucket {
	u64 state;
	u64 tags; /* byte i: tag of slot i, 0 where there is no entry */
	u64 words[]; /* bucket_slots times slot_words; the first 0 where free */
};

#define KCMAP_STATE_SEQ GENMASK_ULL(31, 0)
#define KCMAP_STATE_LIVE_SHIFT 32
#define KCMAP_STATE_AWAY_SHIFT 40
#define KCMAP_STATE_AWAY GENMASK_ULL(47, 40)
#define KCMAP_STATE_AWAY_ONE BIT_ULL(KCMAP_STATE_AWAY_SHIFT)
#define KCMAP_STATE_CHAIN_SHIFT 48
#define KCMAP_STATE_CHAIN GENMASK_ULL(63, 48)
#define KCMAP_STATE_CHAIN_ONE BIT_ULL(KCMAP_STATE_CHAIN_SHIFT)

static __always_inline u8 kcmap_state_live(u64 state)
{
	return state >> KCMAP_STATE_LIVE_SHIFT;
}

static __always_inline bool kcmap_state_odd(u64 state)
{
	return state & 1;
}

/* The sequence count alone goes on by @by, without a carry into the rest. */
static __always_inline u64 kcmap_state_next(u64 state, u32 by)
{
	return (state & ~KCMAP_STATE_SEQ) | (u32)((u32)state + by);
}

static __always_inline u64 *kcmap_slot(const struct kcmap_layout *layout,
				       struct kcmap_bucket *bucket,
				       unsigned int slot)
{
	return bucket->words + slot * layout->slot_words;
}

/*
 * Readers, under RCU. begin: the first word is read before any other; changed:
 * whether what was read since may be torn. They pair with the barriers of
 * kcmap_bucket_begin() and kcmap_bucket_end() of writers.
 */
static __always_inline u64 kcmap_bucket_read(struct kcmap_bucket *bucket)
{
	/* Pairs with the release in kcmap_bucket_end(). */
	return smp_load_acquire(&bucket->state);
}

static __always_inline bool kcmap_bucket_changed(struct kcmap_bucket *bucket,
						 u64 state)
{
	/* Pairs with smp_wmb() in kcmap_bucket_begin(). */
	smp_rmb();
	return READ_ONCE(bucket->state) != state;
}

/*
 * Writers, under the bucket's lock. begin: the odd count is seen before any
 * word that is written; end: the words before the even count.
 */
static __always_inline u64 kcmap_bucket_begin(struct kcmap_bucket *bucket)
{
	u64 state = bucket->state;

	/* Who holds the lock is the only one. */
	ASSERT_EXCLUSIVE_WRITER(bucket->state);
	WRITE_ONCE(bucket->state, kcmap_state_next(state, 1));
	/* Pairs with smp_rmb() in kcmap_bucket_changed(). */
	smp_wmb();
	return state;
}

/*
 * @state is what begin returned, with live, away and chained as they are now.
 * Where the first word is all that changes, the one store is the whole write,
 * and needs no begin.
 */
static __always_inline void kcmap_bucket_end(struct kcmap_bucket *bucket,
					     u64 state)
{
	ASSERT_EXCLUSIVE_WRITER(bucket->state);
	/* The entry before the state that shows it; see kcmap_bucket_read(). */
	smp_store_release(&bucket->state, kcmap_state_next(state, 2));
}

static __always_inline void kcmap_bucket_set_tag(struct kcmap_bucket *bucket,
						 unsigned int slot, u8 tag)
{
	u64 tags = bucket->tags & ~(0xffULL << (slot * 8));

	ASSERT_EXCLUSIVE_WRITER(bucket->tags);
	WRITE_ONCE(bucket->tags, tags | (u64)tag << (slot * 8));
}

static __always_inline bool kcmap_words_equal(const u64 *slot, const u64 *key,
					      unsigned int words)
{
	u64 differ = 0;
	unsigned int i;

	for (i = 0; i < words; i++)
		differ |= READ_ONCE(slot[i]) ^ key[i];
	return !differ;
}

/* Words of a slot that others may be writing. */
static __always_inline void kcmap_words_load(u64 *words, const u64 *slot,
					     unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		words[i] = READ_ONCE(slot[i]);
}

/*
 * The tags that are @tag: the top bit of the byte of each such slot, exact for
 * each byte (Warren, Hacker's Delight, 6-1). Without a branch: a mispredicted one
 * would wait for the line that is just missed, and then throw away what was
 * begun. A free slot has no tag, so it never matches.
 */
static __always_inline u64 kcmap_tags_match(u64 tags, u8 tag)
{
	const u64 low = 0x7f7f7f7f7f7f7f7fULL;
	u64 differ = tags ^ (tag * 0x0101010101010101ULL);

	return ~(((differ & low) + low) | differ | low);
}

/**
 * kcmap_bucket_find - slot of a key in a bucket
 * @layout: layout of the table
 * @bucket: the bucket
 * @key: the key, padded with zeros
 * @tag: its tag
 *
 * Context: under the bucket's lock, or under RCU between kcmap_bucket_read() and
 * kcmap_bucket_changed().
 * Return: the number of the slot, or -1.
 */
static __always_inline int kcmap_bucket_find(const struct kcmap_layout *layout,
					     struct kcmap_bucket *bucket,
					     const u64 *key, u8 tag)
{
	u64 match = kcmap_tags_match(READ_ONCE(bucket->tags), tag);
	int slot;

	for (; match; match &= match - 1) {
		slot = __ffs64(match) / 8;
		if (likely(kcmap_words_equal(kcmap_slot(layout, bucket, slot),
					     key, layout->key_words)))
			return slot;
	}
	return -1;
}

/* A free slot has no tag and no key: see kcmap_tags_match() and pair.h. */
static __always_inline void
kcmap_bucket_wipe_slot(const struct kcmap_layout *layout,
		       struct kcmap_bucket *bucket, unsigned int slot)
{
	kcmap_bucket_set_tag(bucket, slot, 0);
	WRITE_ONCE(*kcmap_slot(layout, bucket, slot), 0);
}

/* A free slot, or -1. Context: under the bucket's lock. */
static __always_inline int
kcmap_bucket_free_slot(const struct kcmap_layout *layout, u64 state)
{
	unsigned int idle = ~kcmap_state_live(state) &
			    (BIT(layout->bucket_slots) - 1);

	return idle ? (int)__ffs(idle) : -1;
}

/* Bytes of a caller, of any alignment, to words padded with zeros. */
static __always_inline void kcmap_words_pack(u64 *words, const void *bytes,
					     unsigned int size)
{
	if (size == 8) {
		words[0] = get_unaligned((const u64 *)bytes);
		return;
	}
	words[DIV_ROUND_UP(size, 8) - 1] = 0;
	memcpy(words, bytes, size);
}

/* Words of a slot to bytes of a caller. */
static __always_inline void kcmap_words_read(void *bytes, const u64 *words,
					     unsigned int size)
{
	unsigned int i;
	u64 word;

	for (i = 0; i < size / 8; i++)
		put_unaligned(READ_ONCE(words[i]), (u64 *)bytes + i);
	if (size % 8) {
		word = READ_ONCE(words[i]);
		memcpy((u64 *)bytes + i, &word, size % 8);
	}
}

/* Bytes of a caller to words of a slot. */
static __always_inline void kcmap_words_write(u64 *words, const void *bytes,
					      unsigned int size)
{
	unsigned int i;
	u64 word = 0;

	for (i = 0; i < size / 8; i++)
		WRITE_ONCE(words[i], get_unaligned((const u64 *)bytes + i));
	if (size % 8) {
		memcpy(&word, (const u64 *)bytes + i, size % 8);
		WRITE_ONCE(words[i], word);
	}
}

#endif /* _KCMAP_BUCKET_H */
