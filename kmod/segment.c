// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "arena.h"
#include "busted.h"
#include "fault.h"
#include "pair.h"
#include "quota.h"
#include "reserve.h"
#include "segment.h"

static unsigned int lock_count(const struct kcmap_layout *layout,
			       enum kcmap_frame_kind kind)
{
	return kind == KCMAP_FRAME_SEGMENT ? kcmap_layout_buckets(layout) : 0;
}

static unsigned int page_bits(const struct kcmap_layout *layout,
			      enum kcmap_frame_kind kind)
{
	return kind == KCMAP_FRAME_LEAF ? 0 : layout->page_bits;
}

static size_t struct_bytes(const struct kcmap_layout *layout,
			   enum kcmap_frame_kind kind)
{
	const struct kcmap_segment *segment = NULL;

	return struct_size(segment, page, 1UL << page_bits(layout, kind)) +
	       lock_count(layout, kind) * sizeof(raw_spinlock_t);
}

/**
 * kcmap_segment_bytes - what a segment takes
 * @layout: layout of the table
 * @kind: which kind of frame
 *
 * Context: any.
 * Return: bytes asked of the kernel.
 */
size_t kcmap_segment_bytes(const struct kcmap_layout *layout,
			   enum kcmap_frame_kind kind)
{
	return struct_bytes(layout, kind) +
	       (PAGE_SIZE << page_bits(layout, kind));
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
	cache_bytes = struct_bytes(&kcmap_pair_layout, KCMAP_FRAME_SEGMENT);
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
segment_struct_alloc(const struct kcmap_layout *layout,
		     enum kcmap_frame_kind kind, bool reserve, gfp_t gfp)
{
	size_t bytes = struct_bytes(layout, kind);
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

/* With as many pages as it has got. */
static void frame_free(struct kcmap_segment *frame)
{
	unsigned int i;

	for (i = 0; i < 1U << frame->page_bits; i++)
		free_page((unsigned long)frame->page[i]);
	kfree(frame);
}

/* A frame without a number. */
static struct kcmap_segment *frame_alloc(const struct kcmap_layout *layout,
					 enum kcmap_frame_kind kind,
					 bool reserve, gfp_t gfp)
{
	struct kcmap_segment *segment;
	unsigned int i;

	/* Of a larger one the reserve would be emptied in vain. */
	reserve = reserve && 1U << page_bits(layout, kind) <= KCMAP_RESERVE;
	segment = segment_struct_alloc(layout, kind, reserve, gfp);
	if (!segment)
		return NULL;
	segment->page_bits = page_bits(layout, kind);
	segment->kind = kind;
	for (i = 0; i < 1U << segment->page_bits; i++) {
		segment->page[i] = segment_page_alloc(reserve, gfp);
		if (!segment->page[i]) {
			frame_free(segment);
			return NULL;
		}
	}
	return segment;
}

/* One that was in use before. */
static void wipe(struct kcmap_segment *segment)
{
	unsigned int i;

	RCU_INIT_POINTER(segment->chain, NULL);
	segment->depth = 0;
	segment->frozen = false;
	segment->unsplittable = false;
	segment->emptied = 0;
	for (i = 0; i < 1U << segment->page_bits; i++)
		memset(segment->page[i], 0, PAGE_SIZE);
}

/*
 * One that is idle, or a new one. Return: 0, -ENOMEM, -EBUSY: no number is free,
 * -EDQUOT.
 */
static int take_frame(struct kcmap_arena *arena,
		      const struct kcmap_layout *layout,
		      enum kcmap_frame_kind kind, bool reserve, gfp_t gfp,
		      struct kcmap_segment **frame)
{
	int rc;

	*frame = kcmap_arena_take_idle(arena, kind);
	if (*frame) {
		wipe(*frame);
		return 0;
	}
	/* First, so that nobody has more from the reserve either. */
	if (!kcmap_quota_charge(arena->quota, arena->frame_bytes[kind]))
		return -EDQUOT;
	*frame = frame_alloc(layout, kind, reserve, gfp | __GFP_ZERO);
	if (!*frame) {
		kcmap_quota_uncharge(arena->quota, arena->frame_bytes[kind]);
		return -ENOMEM;
	}
	(*frame)->arena = arena;
	/* In no cut, whoever finds it by its number. */
	(*frame)->born = U64_MAX;
	rc = kcmap_arena_add(arena, *frame, gfp);
	if (rc)
		kcmap_frame_free_pages(*frame);
	return rc;
}

/*
 * Where cuts or splits are frequent, numbers, and what the quota allows, may wait for the
 * end of a grace period, or be idle with frames of another kind: that is no reason to
 * fail for who can wait. Who has nothing to wait for is refused at once, and may not
 * keep others busy by asking again and again.
 *
 * Context: process, may sleep. Return: whether it is worth another try.
 */
static bool free_frames(struct kcmap_arena *arena, unsigned int tries)
{
	unsigned long idle = READ_ONCE(arena->nr_idle);

	if (tries == 0 && atomic_long_read(&arena->waiting))
		rcu_barrier();
	else if (tries < 2 && idle)
		kcmap_arena_trim(arena, idle);
	else
		return false;
	return true;
}

/**
 * kcmap_segment_alloc - make an empty segment that nobody sees yet
 * @arena: where it is a frame
 * @layout: layout of the table
 * @kind: which kind of frame
 * @reserve: whether the reserve may be used where there is no memory. Not for a
 *	split, which needs more than there may be, and would give back to the kernel
 *	what it has got
 * @gfp: how to allocate
 *
 * Context: as @gfp allows; interrupts on, for PREEMPT_RT.
 * Return: the segment, or NULL.
 */
struct kcmap_segment *kcmap_segment_alloc(struct kcmap_arena *arena,
					  const struct kcmap_layout *layout,
					  enum kcmap_frame_kind kind,
					  bool reserve, gfp_t gfp)
{
	struct kcmap_segment *segment;
	raw_spinlock_t *locks;
	unsigned int i, tries = 0;
	int rc;

	gfp |= __GFP_ACCOUNT;
	do {
		rc = take_frame(arena, layout, kind, reserve, gfp, &segment);
	} while ((rc == -EBUSY || rc == -EDQUOT) &&
		 gfpflags_allow_blocking(gfp) && free_frames(arena, tries++));
	if (rc)
		return NULL;
	segment->died = U64_MAX;
	raw_spin_lock_init(&segment->lock);
	locks = kcmap_segment_locks(layout, segment);
	for (i = 0; i < lock_count(layout, kind); i++)
		raw_spin_lock_init(&locks[i]);
	return segment;
}

/**
 * kcmap_frame_free_pages - give a frame back to the kernel
 * @frame: a frame that has no number any more
 *
 * Context: any but NMI; interrupts on, for PREEMPT_RT.
 */
void kcmap_frame_free_pages(struct kcmap_segment *frame)
{
	/* It has no number, and nobody came by it who is still reading. */
	ASSERT_EXCLUSIVE_ACCESS(*frame);
	kcmap_quota_uncharge(frame->arena->quota,
			     frame->arena->frame_bytes[frame->kind]);
	frame_free(frame);
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

	for (; segment; segment = next) {
		/* Nobody else has it any more. */
		next = rcu_dereference_protected(segment->chain, true);
		if (kcmap_arena_release(segment->arena, segment))
			kcmap_frame_free_pages(segment);
	}
}

static void free_after_grace(struct rcu_head *rcu)
{
	struct kcmap_segment *segment =
		container_of(rcu, struct kcmap_segment, rcu);
	struct kcmap_arena *arena = segment->arena;

	kcmap_segment_free(segment);
	/* Afterwards: see free_frames(). */
	atomic_long_dec(&arena->waiting);
	kcmap_arena_put(arena);
}

/**
 * kcmap_segment_free_rcu - free a segment that was replaced, with its chain
 * @segment: the segment; no new reader can find it
 *
 * Context: any but NMI.
 */
void kcmap_segment_free_rcu(struct kcmap_segment *segment)
{
	refcount_inc(&segment->arena->ref);
	atomic_long_inc(&segment->arena->waiting);
	if (kcmap_busted(KCMAP_BUSTED_NO_GRACE))
		kcmap_busted_call_rcu(&segment->rcu, free_after_grace);
	else
		call_rcu(&segment->rcu, free_after_grace);
}
