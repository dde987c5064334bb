/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The look-up of a key of one word with a value of one word, three to a line, in
 * its home and alternate bucket together.
 *
 * Most of the time of a look-up in a large table is the wait for the line, and a
 * CPU has as many look-ups under way as have room in its window: so this has few
 * instructions, fetches both lines at once, and selects the slot without a branch.
 * Whether the key is at home, as most are, is the one branch that is taken now one
 * way and now the other. Where something is unusual it gives up, and the caller
 * looks again with care.
 */
#ifndef _KCMAP_PAIR_H
#define _KCMAP_PAIR_H

#include <linux/prefetch.h>
#include "bucket.h"
#include "busted.h"
#include "fault.h"

/* What kcmap_layout_init() makes of such keys and values, as a constant. */
static const struct kcmap_layout kcmap_pair_layout = {
	.key_size = 8,
	.value_size = 8,
	.key_words = 1,
	.value_words = 1,
	.slot_words = 2,
	.bucket_slots = KCMAP_PAIR_SLOTS,
	.bucket_size = 64,
	.page_buckets = PAGE_SIZE / 64,
	.word_to_word = true,
};

/*
 * Selects rather than branches: which slot it is nobody can predict. In a free
 * slot is 0, so that which slots are live need not be looked at.
 */
static __always_inline u64 *kcmap_pair_match(struct kcmap_bucket *bucket,
					     u64 key)
{
	u64 *slot = NULL;
	unsigned int i;

	for (i = 0; i < KCMAP_PAIR_SLOTS; i++)
		slot = READ_ONCE(bucket->words[i * 2]) == key ?
			       &bucket->words[i * 2] :
			       slot;
	return slot;
}

static __always_inline bool kcmap_pair_torn(struct kcmap_bucket *bucket,
					    u64 state)
{
	return (unlikely(kcmap_state_odd(state)) ||
		unlikely(kcmap_bucket_changed(bucket, state))) &&
	       !kcmap_busted(KCMAP_BUSTED_NO_RECHECK);
}

/* Checked before it is stored: the caller may have key and value in one place. */
static __always_inline int kcmap_pair_copy(struct kcmap_bucket *bucket,
					   u64 state, const u64 *slot,
					   void *value)
{
	u64 word = READ_ONCE(slot[1]);

	if (kcmap_pair_torn(bucket, state))
		return -EAGAIN;
	if (value)
		put_unaligned(word, (u64 *)value);
	return 0;
}

/*
 * Not in the home bucket. The alternate is looked at whether or not the home
 * bucket says that some of its keys are away: who looks for absent keys could
 * not predict that.
 */
static __always_inline int
kcmap_pair_lookup_away(struct kcmap_bucket *home, u64 home_state,
		       struct kcmap_bucket *alternate, u64 key, void *value)
{
	u64 state, *slot;

	kcmap_linger(KCMAP_MOMENT_READ);
	state = kcmap_bucket_read(alternate);
	slot = kcmap_pair_match(alternate, key);
	if (slot)
		return kcmap_pair_copy(alternate, state, slot, value);
	if (kcmap_pair_torn(alternate, state))
		return -EAGAIN;
	/* A key that moved meanwhile has changed the home bucket, after that. */
	if (kcmap_pair_torn(home, home_state) &&
	    !kcmap_busted(KCMAP_BUSTED_NO_HOME_RECHECK))
		return -EAGAIN;
	return home_state & KCMAP_STATE_CHAIN ? -EBUSY : -ENOENT;
}

/**
 * kcmap_pair_lookup - look a key up in its home and alternate bucket
 * @home: its home bucket
 * @alternate: its alternate bucket
 * @key: the key, not 0
 * @value: room for the value, or NULL; undefined unless 0 is returned
 *
 * Context: RCU.
 * Return: 0; -ENOENT; -EAGAIN: a write is going on in one of the two; -EBUSY: the
 * home bucket has a chain.
 */
static __always_inline int kcmap_pair_lookup(struct kcmap_bucket *home,
					     struct kcmap_bucket *alternate,
					     u64 key, void *value)
{
	u64 state = kcmap_bucket_read(home);
	u64 *slot;

	prefetch(alternate);
	slot = kcmap_pair_match(home, key);
	if (unlikely(!slot))
		return kcmap_pair_lookup_away(home, state, alternate, key,
					      value);
	return kcmap_pair_copy(home, state, slot, value);
}

#endif /* _KCMAP_PAIR_H */
