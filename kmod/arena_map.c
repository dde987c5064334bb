// SPDX-License-Identifier: GPL-2.0-only
/* What mappings of an arena show, and how that is taken away from them. */
#include <linux/mm.h>
#include <linux/sched.h>

#include "arena.h"
#include "busted.h"

/*
 * Most numbers without pages that mappings may show zeros for at a time; and a share
 * of all numbers, so that who only reads cannot take them from those who write.
 */
#define KCMAP_HOLES_MAX 1024
#define KCMAP_HOLES_SHARE 4

/* The mark of such a number; see arena.h. */
#define HOLE xa_mk_value(1)

/* So that they are found among millions of frames. */
#define HOLES XA_MARK_1

/**
 * kcmap_arena_set_zap - say how pages are unmapped
 * @arena: the arena
 * @zap: unmaps pages from all mappings; always the same for an arena
 * @ctx: its argument
 *
 * Context: process; before kcmap_arena_map().
 */
void kcmap_arena_set_zap(struct kcmap_arena *arena, kcmap_zap_fn zap, void *ctx)
{
	xa_lock_irq(&arena->frames);
	if (!arena->zap) {
		arena->zap_ctx = ctx;
		/* Who sees it sees its argument: pairs with kcmap_arena_zap(). */
		smp_store_release(&arena->zap, zap);
	}
	xa_unlock_irq(&arena->frames);
}

/**
 * kcmap_arena_map - there is one more mapping
 * @arena: the arena
 *
 * Context: process.
 */
void kcmap_arena_map(struct kcmap_arena *arena)
{
	xa_lock_irq(&arena->frames);
	arena->mappings++;
	xa_unlock_irq(&arena->frames);
}

/**
 * kcmap_arena_unmap - there is one mapping less; its pages are unmapped already
 * @arena: the arena
 *
 * Context: process.
 */
void kcmap_arena_unmap(struct kcmap_arena *arena)
{
	xa_lock_irq(&arena->frames);
	arena->mappings--;
	xa_unlock_irq(&arena->frames);
}

/* Whether a cut has a frame; without one, the live view: it has all. */
static bool is_member(const struct kcmap_segment *frame, u64 cut)
{
	return !cut ||
	       (READ_ONCE(frame->born) < cut && READ_ONCE(frame->died) >= cut);
}

/* Return: as kcmap_arena_page(). */
static struct page *mark_hole(struct kcmap_arena *arena, unsigned long number)
{
	void *entry;
	int rc = 0;

	if (READ_ONCE(arena->holes) >=
	    min_t(u32, KCMAP_HOLES_MAX, arena->limit / KCMAP_HOLES_SHARE))
		return ERR_PTR(-EAGAIN);
	/* A spare one is marked in place; any other that is in use is not. */
	xa_lock_irq(&arena->frames);
	entry = xa_load(&arena->frames, number);
	if (kcmap_arena_is_spare(entry)) {
		kcmap_arena_drop_spare(arena, number);
		__xa_store(&arena->frames, number, HOLE, GFP_NOWAIT);
	} else {
		rc = __xa_insert(&arena->frames, number, HOLE, GFP_KERNEL);
	}
	if (!rc) {
		__xa_set_mark(&arena->frames, number, HOLES);
		WRITE_ONCE(arena->holes, arena->holes + 1);
		schedule_delayed_work(&arena->worker, KCMAP_ARENA_INTERVAL);
	}
	xa_unlock_irq(&arena->frames);
	/* Now there is something: look again. */
	if (rc == -EBUSY)
		rc = -EAGAIN;
	return ERR_PTR(rc);
}

/**
 * kcmap_arena_page - the page that a mapping shows
 * @arena: the arena
 * @offset: bytes from the start of the frames
 * @cut: number of the cut that the mapping is of; 0: the live view
 * @peek: only if there is a page
 *
 * Context: process, may sleep; arena->faults is held shared, until the page has been
 * mapped.
 * Return: the page, with a reference for the caller. NULL: there is none, show zeros
 * (of the live view only). -ENOENT: there is none. -EAGAIN: try again, after
 * kcmap_arena_work() without the lock. -ENOMEM.
 */
struct page *kcmap_arena_page(struct kcmap_arena *arena, u64 offset, u64 cut,
			      bool peek)
{
	unsigned int page_bits = arena->page_bits;
	unsigned long number = offset >> (PAGE_SHIFT + page_bits);
	unsigned long i = (offset >> PAGE_SHIFT) & ((1UL << page_bits) - 1);
	struct kcmap_segment *frame;
	struct page *page = NULL;
	bool hole;

	if (number >= arena->limit)
		return ERR_PTR(-ENOENT);
	xa_lock_irq(&arena->frames);
	frame = xa_load(&arena->frames, number);
	hole = frame == HOLE;
	if (frame && !xa_is_value(frame) && i < 1UL << frame->page_bits &&
	    is_member(frame, cut)) {
		page = virt_to_page(frame->page[i]);
		get_page(page);
	}
	xa_unlock_irq(&arena->frames);
	if (page)
		return page;
	if (cut || peek)
		return ERR_PTR(-ENOENT);
	/* The end of a leaf's room: never a page, so zeros do no harm. */
	if (hole || (frame && !xa_is_value(frame)))
		return NULL;
	return mark_hole(arena, number);
}

/**
 * kcmap_arena_links - what is chained behind the frames of a cut
 * @arena: the arena
 * @first: number of the first frame
 * @links: for each the number of the frame behind it; zeros before
 * @nr: how many
 * @cut: number of the cut, open
 *
 * Context: process.
 */
void kcmap_arena_links(struct kcmap_arena *arena, unsigned long first,
		       u32 *links, unsigned int nr, u64 cut)
{
	struct kcmap_segment *frame, *behind;
	unsigned long number;

	xa_lock_irq(&arena->frames);
	xa_for_each_range(&arena->frames, number, frame, first,
			  first + nr - 1) {
		if (xa_is_value(frame) || !is_member(frame, cut))
			continue;
		/* Nothing is chained behind what a cut has: it does not change. */
		behind = rcu_dereference_protected(frame->chain, true);
		if (behind)
			links[number - first] = behind->number;
	}
	xa_unlock_irq(&arena->frames);
}

/**
 * kcmap_arena_zap - unmap a part of all mappings of an arena
 * @arena: the arena
 * @offset: bytes from the start of the mapping
 * @size: bytes
 *
 * Context: process, may sleep; arena->faults held exclusively.
 */
void kcmap_arena_zap(struct kcmap_arena *arena, u64 offset, u64 size)
{
	/* Acquire: its argument; see kcmap_arena_set_zap(). */
	kcmap_zap_fn zap = smp_load_acquire(&arena->zap);

	/* Else nothing was ever mapped. */
	if (zap && !kcmap_busted(KCMAP_BUSTED_NO_ZAP))
		zap(arena->zap_ctx, offset, size);
}

/* Context: arena->faults held exclusively. */
static void zap_frame(struct kcmap_arena *arena, unsigned long number)
{
	unsigned int shift = PAGE_SHIFT + arena->page_bits;

	kcmap_arena_zap(arena, arena->frames_offset + ((u64)number << shift),
			1ULL << shift);
}

static struct kcmap_segment *take_any(struct kcmap_arena *arena)
{
	struct kcmap_segment *frame = NULL;
	unsigned int kind;

	for (kind = 0; kind < KCMAP_FRAME_KINDS && !frame; kind++)
		frame = kcmap_arena_take_idle(arena, kind);
	return frame;
}

/**
 * kcmap_arena_trim - give idle frames back to the kernel
 * @arena: the arena
 * @nr: how many
 *
 * Context: process, may sleep.
 */
void kcmap_arena_trim(struct kcmap_arena *arena, unsigned long nr)
{
	struct kcmap_segment *frame;

	while (nr-- && (frame = take_any(arena))) {
		/* The number may be used again once no mapping shows the old page. */
		down_write(&arena->faults);
		zap_frame(arena, frame->number);
		xa_erase_irq(&arena->frames, frame->number);
		up_write(&arena->faults);
		kcmap_frame_free_pages(frame);
		cond_resched();
	}
}

static void fill_holes(struct kcmap_arena *arena)
{
	unsigned long number;
	void *frame;

	down_write(&arena->faults);
	xa_for_each_marked(&arena->frames, number, frame, HOLES) {
		zap_frame(arena, number);
		xa_lock_irq(&arena->frames);
		__xa_erase(&arena->frames, number);
		WRITE_ONCE(arena->holes, arena->holes - 1);
		xa_unlock_irq(&arena->frames);
	}
	up_write(&arena->faults);
}

/**
 * kcmap_arena_work - unmap holes, and give back what was idle since the last time
 * @work: worker of the arena
 *
 * Context: process, may sleep.
 */
void kcmap_arena_work(struct work_struct *work)
{
	struct kcmap_arena *arena =
		container_of(work, struct kcmap_arena, worker.work);

	if (READ_ONCE(arena->holes))
		fill_holes(arena);
	kcmap_arena_trim(arena, READ_ONCE(arena->min_idle));
	xa_lock_irq(&arena->frames);
	WRITE_ONCE(arena->min_idle, arena->nr_idle);
	if (arena->nr_idle || arena->holes)
		schedule_delayed_work(&arena->worker, KCMAP_ARENA_INTERVAL);
	xa_unlock_irq(&arena->frames);
}
