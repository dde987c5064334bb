// SPDX-License-Identifier: GPL-2.0-only
/* Frames come, are idle, and go. */
#include <linux/slab.h>

#include "arena.h"
#include "fault.h"
#include "quota.h"

/* At least so many numbers, and twice as many as the directory can grow to. */
#define KCMAP_ARENA_LIMIT_MIN 1024

/* What stands in arena->frames for a spare number. */
#define SPARE xa_mk_value(2)

/* Not 0, which says among links that there is none. */
static struct xa_limit numbers(const struct kcmap_arena *arena)
{
	return XA_LIMIT(1, arena->limit - 1);
}

/**
 * kcmap_arena_limit - how many frames an arena may have
 * @layout: layout of the table
 *
 * Most of them are for what snapshots keep: the directory may have eight times as
 * many segments as max_entries need.
 *
 * Context: any.
 */
u32 kcmap_arena_limit(const struct kcmap_layout *layout)
{
	return max_t(u32, KCMAP_ARENA_LIMIT_MIN, 2U << layout->depth);
}

/**
 * kcmap_arena_create - make an arena without a frame
 * @layout: layout of the table
 * @frames_offset: where frame 0 is in a mapping, in bytes
 * @quota: what frames are charged to, or NULL
 *
 * Context: process, may sleep.
 * Return: the arena, or NULL.
 */
struct kcmap_arena *kcmap_arena_create(const struct kcmap_layout *layout,
				       u64 frames_offset,
				       struct kcmap_quota *quota)
{
	struct kcmap_arena *arena;
	unsigned int kind;

	arena = kzalloc(sizeof(*arena), GFP_KERNEL_ACCOUNT);
	if (!arena)
		return NULL;
	arena->epoch = 1;
	arena->page_bits = layout->page_bits;
	arena->limit = kcmap_arena_limit(layout);
	arena->frames_offset = frames_offset;
	arena->quota = kcmap_quota_get(quota);
	for (kind = 0; kind < KCMAP_FRAME_KINDS; kind++)
		arena->frame_bytes[kind] = kcmap_segment_bytes(layout, kind);
	xa_init_flags(&arena->frames,
		      XA_FLAGS_ALLOC | XA_FLAGS_LOCK_IRQ | XA_FLAGS_ACCOUNT);
	init_rwsem(&arena->faults);
	INIT_DELAYED_WORK(&arena->worker, kcmap_arena_work);
	mutex_init(&arena->cuts_lock);
	INIT_LIST_HEAD(&arena->cuts);
	raw_spin_lock_init(&arena->dead_lock);
	refcount_set(&arena->ref, 1);
	return arena;
}

/**
 * kcmap_arena_put - let go of an arena
 * @arena: the arena
 *
 * Context: any but NMI; interrupts on, for PREEMPT_RT.
 */
void kcmap_arena_put(struct kcmap_arena *arena)
{
	if (!refcount_dec_and_test(&arena->ref))
		return;
	xa_destroy(&arena->frames);
	kcmap_quota_put(arena->quota);
	kfree(arena);
}

/**
 * kcmap_arena_destroy - end of a table's use of its arena
 * @arena: the arena, or NULL; nobody has a mapping or an open cut any more
 *
 * Context: process, may sleep.
 */
void kcmap_arena_destroy(struct kcmap_arena *arena)
{
	if (!arena)
		return;
	/* What is freed from now on is not kept: nothing starts the worker again. */
	xa_lock_irq(&arena->frames);
	xa_unlock_irq(&arena->frames);
	cancel_delayed_work_sync(&arena->worker);
	kcmap_arena_trim(arena, arena->nr_idle);
	mutex_destroy(&arena->cuts_lock);
	kcmap_arena_put(arena);
}

/* Context: process, may sleep. Without memory there are fewer. */
static void fill_spares(struct kcmap_arena *arena)
{
	u32 number;

	xa_lock_irq(&arena->frames);
	while (arena->nr_spares < KCMAP_ARENA_SPARES) {
		if (__xa_alloc(&arena->frames, &number, SPARE, numbers(arena),
			       GFP_NOWAIT | __GFP_NOWARN))
			break;
		arena->spares[arena->nr_spares] = number;
		WRITE_ONCE(arena->nr_spares, arena->nr_spares + 1);
	}
	xa_unlock_irq(&arena->frames);
}

/* Context: the lock of arena->frames. Needs no memory: the node is there. */
static bool use_spare(struct kcmap_arena *arena, struct kcmap_segment *frame)
{
	if (!arena->nr_spares)
		return false;
	WRITE_ONCE(arena->nr_spares, arena->nr_spares - 1);
	frame->number = arena->spares[arena->nr_spares];
	__xa_store(&arena->frames, frame->number, frame, GFP_NOWAIT);
	return true;
}

/**
 * kcmap_arena_is_spare - whether an entry of arena->frames is that of a spare number
 * @entry: the entry
 *
 * Context: any.
 */
bool kcmap_arena_is_spare(void *entry)
{
	return entry == SPARE;
}

/**
 * kcmap_arena_drop_spare - a number is no spare one any more
 * @arena: the arena
 * @number: the number, one of them
 *
 * Context: the lock of arena->frames.
 */
void kcmap_arena_drop_spare(struct kcmap_arena *arena, u32 number)
{
	unsigned int i, last = arena->nr_spares - 1;

	for (i = 0; i < last; i++)
		if (arena->spares[i] == number)
			arena->spares[i] = arena->spares[last];
	WRITE_ONCE(arena->nr_spares, last);
}

/**
 * kcmap_arena_add - give a new frame its number
 * @arena: the arena
 * @frame: the frame
 * @gfp: how to allocate; who may not wait may get a spare number
 *
 * Context: as @gfp allows.
 * Return: 0, -ENOMEM, or -EBUSY: all numbers are taken.
 */
int kcmap_arena_add(struct kcmap_arena *arena, struct kcmap_segment *frame,
		    gfp_t gfp)
{
	bool fail = kcmap_fault();
	unsigned long flags;
	int rc;

	/* The xarray knows how to wait only if it may enable interrupts. */
	if (gfpflags_allow_blocking(gfp)) {
		if (READ_ONCE(arena->nr_spares) < KCMAP_ARENA_SPARES)
			fill_spares(arena);
		return fail ? -ENOMEM :
			      xa_alloc_irq(&arena->frames, &frame->number,
					   frame, numbers(arena), gfp);
	}
	xa_lock_irqsave(&arena->frames, flags);
	rc = fail ? -ENOMEM :
		    __xa_alloc(&arena->frames, &frame->number, frame,
			       numbers(arena), gfp);
	if (rc == -ENOMEM && use_spare(arena, frame))
		rc = 0;
	xa_unlock_irqrestore(&arena->frames, flags);
	return rc;
}

/**
 * kcmap_arena_take_idle - take a frame that is idle
 * @arena: the arena
 * @kind: which kind
 *
 * Context: any but NMI.
 * Return: a frame with number and pages, and whatever was in them; or NULL.
 */
struct kcmap_segment *kcmap_arena_take_idle(struct kcmap_arena *arena,
					    enum kcmap_frame_kind kind)
{
	struct kcmap_segment *frame;
	unsigned long flags;

	if (!READ_ONCE(arena->nr_idle))
		return NULL;
	xa_lock_irqsave(&arena->frames, flags);
	frame = arena->idle[kind];
	if (frame) {
		/* Nobody in the kernel reads or writes it. */
		ASSERT_EXCLUSIVE_ACCESS(frame->chain);
		ASSERT_EXCLUSIVE_ACCESS(frame->page[0]->state);
		arena->idle[kind] = frame->next;
		WRITE_ONCE(arena->nr_idle, arena->nr_idle - 1);
		WRITE_ONCE(arena->min_idle,
			   min(arena->min_idle, arena->nr_idle));
	}
	xa_unlock_irqrestore(&arena->frames, flags);
	return frame;
}

/**
 * kcmap_arena_release - a frame is not used any more
 * @arena: the arena
 * @frame: the frame; nobody in the kernel reads it any more
 *
 * Context: any but NMI.
 * Return: true: its number is gone, and the caller frees it; false: it was kept.
 */
bool kcmap_arena_release(struct kcmap_arena *arena, struct kcmap_segment *frame)
{
	unsigned long flags;
	bool keep;

	xa_lock_irqsave(&arena->frames, flags);
	keep = arena->mappings || READ_ONCE(arena->nr_cuts);
	if (keep) {
		/* It is in no cut: nobody is to map it by one. */
		frame->born = U64_MAX;
		frame->next = arena->idle[frame->kind];
		arena->idle[frame->kind] = frame;
		WRITE_ONCE(arena->nr_idle, arena->nr_idle + 1);
	} else {
		__xa_erase(&arena->frames, frame->number);
	}
	/* Under the lock: see kcmap_arena_destroy(). */
	if (keep)
		schedule_delayed_work(&arena->worker, KCMAP_ARENA_INTERVAL);
	xa_unlock_irqrestore(&arena->frames, flags);
	return !keep;
}
