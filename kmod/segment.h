/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A segment: pages of buckets, and what writers need beside them.
 *
 * Locks, outer to inner, all raw and taken with interrupts off, so that a
 * reader or writer in interrupt context never spins on what it interrupted:
 *
 *   segment->lock		entries do not move between buckets; of two segments
 *				that merge, the one of the lower hashes first
 *   bucket locks		by ascending number, two at most
 *   kcmap_contents.lock
 *   kcmap_capacity.lock
 *
 * Every operation on a key holds the lock of its home bucket throughout, so
 * that no key can be stored twice; a bucket is written under its own lock.
 * Buckets of chained segments hold only keys whose home has the same number,
 * and so need no lock but home's.
 *
 * The locks are beside the pages, not in them: userspace is to map the pages.
 *
 * Splitting and merging build new segments aside and then replace the old ones,
 * which are frozen first: frozen is set under segment->lock, then every bucket
 * lock is taken and released once. A writer looks at it after it has taken its
 * home lock, and again whenever it has dropped and retaken that; so it either
 * is waited for, or sees that the segment is frozen, and begins anew.
 *
 * Lifetime: found under RCU; kcmap_retire() when it was replaced, or its directory.
 * What a reader finds in a segment that has been replaced was true when it was, and
 * that was after the reader had begun.
 *
 * A frame of the arena (arena.h) is one of these as well where it is the image of a
 * leaf: without locks, and with nothing but a number, times and a page.
 */
#ifndef _KCMAP_SEGMENT_H
#define _KCMAP_SEGMENT_H

#include <linux/gfp.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "bucket.h"
#include "layout.h"

struct kcmap_arena;

enum kcmap_frame_kind {
	KCMAP_FRAME_SEGMENT,
	KCMAP_FRAME_CHAINED, /* without locks */
	KCMAP_FRAME_LEAF, /* image of a leaf */
	KCMAP_FRAME_KINDS,
};

/**
 * struct kcmap_segment - a segment
 * @chain: segment that takes what finds no place here; set once
 * @lock: held while entries are moved from bucket to bucket, while the segment is
 *	copied for a scan, split, or merged
 * @depth: top bits that the hashes of its keys share
 * @page_bits: log2 of its pages
 * @kind: enum kcmap_frame_kind
 * @frozen: about to be replaced, or replaced; under @lock
 * @unsplittable: splitting was tried in vain, for its keys were chosen to
 *	collide; a hint, until another segment is chained behind
 * @emptied: buckets that deletes emptied; a hint when to look for a merge
 * @number: in the arena
 * @born: epoch in which it was published; written before it is
 * @died: epoch in which it was replaced; U64_MAX before
 * @arena: where it is a frame
 * @rcu: to free it
 * @next: the next of a list, of dead or idle frames
 * @grace: grace period after which no reader in the kernel has it
 * @page: its pages; behind them, unless it is a chained segment, a lock for each
 *	bucket
 */
struct kcmap_segment {
	struct kcmap_segment __rcu *chain;
	raw_spinlock_t lock;
	u8 depth;
	u8 page_bits;
	u8 kind;
	bool frozen;
	bool unsplittable;
	u32 emptied;
	u32 number;
	u64 born;
	u64 died;
	struct kcmap_arena *arena;
	union {
		struct rcu_head rcu;
		struct {
			struct kcmap_segment *next;
			unsigned long grace;
		};
	};
	struct kcmap_bucket *page[];
};

/* Of its buckets. From the layout: no need to wait for the segment's lines. */
static __always_inline raw_spinlock_t *
kcmap_segment_locks(const struct kcmap_layout *layout,
		    struct kcmap_segment *segment)
{
	return (void *)&segment->page[1U << layout->page_bits];
}

int kcmap_segment_init(void);
void kcmap_segment_exit(void);
struct kcmap_segment *kcmap_segment_alloc(struct kcmap_arena *arena,
					  const struct kcmap_layout *layout,
					  enum kcmap_frame_kind kind,
					  bool reserve, gfp_t gfp);
void kcmap_segment_free(struct kcmap_segment *segment);
void kcmap_frame_free_pages(struct kcmap_segment *frame);
void kcmap_segment_free_rcu(struct kcmap_segment *segment);
size_t kcmap_segment_bytes(const struct kcmap_layout *layout,
			   enum kcmap_frame_kind kind);

static __always_inline struct kcmap_bucket *
kcmap_page_bucket(const struct kcmap_layout *layout, struct kcmap_bucket *page,
		  unsigned int number)
{
	return (void *)page + number * layout->bucket_size;
}

static __always_inline struct kcmap_bucket *
kcmap_segment_bucket(const struct kcmap_layout *layout,
		     const struct kcmap_segment *segment, unsigned int number)
{
	unsigned int page = 0;

	if (layout->page_bits) {
		page = number / layout->page_buckets;
		number %= layout->page_buckets;
	}
	return kcmap_page_bucket(layout, segment->page[page], number);
}

#endif /* _KCMAP_SEGMENT_H */
