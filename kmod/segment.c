// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "fault.h"
#include "pair.h"
#include "reserve.h"
#include "segment.h"

static unsigned int lock_count(const struct kcmap_layout *layout, bool chained)
{
	return chained ? 0 : kcmap_layout_buckets(layout);
}

static size_t struct_bytes(const struct kcmap_layout *layout, bool chained)
{
	const struct kcmap_segment *segment = NULL;

	return struct_size(segment, page, kcmap_layout_pages(layout)) +
	       lock_count(layout, chained) * sizeof(raw_spinlock_t);
}

/**
 * kcmap_segment_bytes - what a segment takes
 * @layout: layout of the table
 * @chained: whether it is a chained segment, without locks
 *
 * Context: any.
 * Return: bytes asked of the kernel.
 */
size_t kcmap_segment_bytes(const struct kcmap_layout *layout, bool chained)
{
	return struct_bytes(layout, chained) +
	       kcmap_layout_pages(layout) * PAGE_SIZE;
}

/*
 * The struct of most segments has just over 256 bytes, for which kmalloc() would
 * take 512: a twentieth of all memory.
 */
#define SEGMENT_CACHE_ABOVE 256

static struct kmem_cache *segment_cache;
static size_t cache_bytes; /* of a struct from there */

/**
 * kcmap_segment_init - make what segments are allocated from
 *
 * Context: process, may sleep; before any segment.
 * Return: 0 or -ENOMEM.
 */
int kcmap_segment_init(void)
{
	cache_bytes = struct_bytes(&kcmap_pair_layout, false);
	segment_cache =
		kmem_cache_create("kcmap_segment", cache_bytes, 0, 0, NULL);
	return segment_cache ? 0 : -ENOMEM;
}

/**
 * kcmap_segment_exit - free it
 *
 * Context: process, may sleep; after all segments were freed.
 */
void kcmap_segment_exit(void)
{
	kmem_cache_destroy(segment_cache);
}

/* kfree() frees what is from a cache as well, but for SLOB's, gone since 6.4. */
static void *struct_alloc(size_t bytes, gfp_t gfp)
{
	if (!IS_ENABLED(CONFIG_SLOB) && bytes > SEGMENT_CACHE_ABOVE &&
	    bytes <= cache_bytes)
		return kmem_cache_alloc(segment_cache, gfp);
	return kmalloc(bytes, gfp);
}

static struct kcmap_segment *
segment_struct_alloc(const struct kcmap_layout *layout, bool chained,
		     bool reserve, gfp_t gfp)
{
	size_t bytes = struct_bytes(layout, chained);
	struct kcmap_segment *segment;

	segment = kcmap_fault() ? NULL : struct_alloc(bytes, gfp);
	if (!segment && reserve && !WARN_ON_ONCE(bytes > KCMAP_RESERVE_STRUCT))
		segment = kcmap_reserve_take(KCMAP_RESERVE_STRUCTS);
	return segment;
}

static struct kcmap_bucket *segment_page_alloc(bool reserve, gfp_t gfp)
{
	void *page = kcmap_fault() ? NULL : (void *)__get_free_page(gfp);

	if (!page && reserve)
		page = kcmap_reserve_take(KCMAP_RESERVE_PAGES);
	return page;
}

/**
 * kcmap_segment_alloc - make an empty segment that nobody sees yet
 * @layout: layout of the table
 * @chained: whether it is to be chained behind another, and needs no locks
 * @reserve: whether the reserve may be used where there is no memory. Not for a
 *	split, which needs more than there may be, and would give back to the kernel
 *	what it has got
 * @gfp: how to allocate
 *
 * Context: as @gfp allows; interrupts on, for PREEMPT_RT.
 * Return: the segment, or NULL.
 */
struct kcmap_segment *kcmap_segment_alloc(const struct kcmap_layout *layout,
					  bool chained, bool reserve, gfp_t gfp)
{
	unsigned int pages = kcmap_layout_pages(layout);
	struct kcmap_segment *segment;
	raw_spinlock_t *locks;
	unsigned int i;

	gfp |= __GFP_ACCOUNT | __GFP_ZERO;
	segment = segment_struct_alloc(layout, chained, reserve, gfp);
	if (!segment)
		return NULL;
	raw_spin_lock_init(&segment->lock);
	segment->page_bits = layout->page_bits;
	locks = kcmap_segment_locks(layout, segment);
	for (i = 0; i < lock_count(layout, chained); i++)
		raw_spin_lock_init(&locks[i]);

	for (i = 0; i < pages; i++) {
		segment->page[i] = segment_page_alloc(reserve, gfp);
		if (!segment->page[i]) {
			kcmap_segment_free(segment);
			return NULL;
		}
	}
	return segment;
}

/**
 * kcmap_segment_free - free a segment that nobody sees any more, with its chain
 * @segment: the segment, or NULL
 *
 * Context: any but NMI; interrupts on, for PREEMPT_RT.
 */
void kcmap_segment_free(struct kcmap_segment *segment)
{
	struct kcmap_segment *next;
	unsigned int i;

	for (; segment; segment = next) {
		/* Nobody else has it any more. */
		next = rcu_dereference_protected(segment->chain, true);
		for (i = 0; i < 1U << segment->page_bits; i++)
			free_page((unsigned long)segment->page[i]);
		kfree(segment);
	}
}

static void free_after_grace(struct rcu_head *rcu)
{
	kcmap_segment_free(container_of(rcu, struct kcmap_segment, rcu));
}

/**
 * kcmap_segment_free_rcu - free a segment that was replaced, with its chain
 * @segment: the segment; no new reader can find it
 *
 * Context: any but NMI.
 */
void kcmap_segment_free_rcu(struct kcmap_segment *segment)
{
	call_rcu(&segment->rcu, free_after_grace);
}
