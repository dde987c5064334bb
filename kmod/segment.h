/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A segment: pages of buckets, and what writers need beside them.
 *
 * Locks, outer to inner, all raw and taken with interrupts off, so that a
 * reader or writer in interrupt context never spins on what it interrupted:
 *
 *   segment->lock		entries do not move between buckets
 *   bucket locks		by ascending number, two at most
 *   kcmap_capacity.lock
 *
 * Every operation on a key holds the lock of its home bucket throughout, so
 * that no key can be stored twice; a bucket is written under its own lock.
 * Buckets of chained segments hold only keys whose home has the same number,
 * and so need no lock but home's.
 *
 * The locks are beside the pages, not in them: userspace is to map the pages.
 *
 * Lifetime: a segment lives as long as its directory; it is found under RCU.
 */
#ifndef _KCMAP_SEGMENT_H
#define _KCMAP_SEGMENT_H

#include <linux/gfp.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "bucket.h"
#include "layout.h"

/**
 * struct kcmap_segment - a segment
 * @chain: segment that takes what finds no place here; set once
 * @bucket_lock: array of a lock for each bucket; NULL in a chained segment
 * @lock: held while entries are moved from bucket to bucket, and while the
 *	segment is copied for a scan
 * @page: its pages
 */
struct kcmap_segment {
	struct kcmap_segment __rcu *chain;
	raw_spinlock_t *bucket_lock;
	raw_spinlock_t lock;
	struct kcmap_bucket *page[];
};

struct kcmap_segment *kcmap_segment_alloc(const struct kcmap_layout *layout,
					  bool chained, gfp_t gfp);
void kcmap_segment_free(const struct kcmap_layout *layout,
			struct kcmap_segment *segment);
size_t kcmap_segment_bytes(const struct kcmap_layout *layout, bool chained);

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
