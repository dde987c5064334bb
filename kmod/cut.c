// SPDX-License-Identifier: GPL-2.0-only
/* Cuts, and the frames that only they keep. See arena.h. */
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "arena.h"
#include "busted.h"

/*
 * Frames that may wait for the end of a grace period: so many, and this share of the
 * pages that the table had.
 */
#define KCMAP_WAITING_MIN 64
#define KCMAP_WAITING_SHARE 4

static unsigned long frame_pages(const struct kcmap_segment *frame)
{
	unsigned long pages = 0;

	for (; frame; frame = rcu_dereference_protected(frame->chain, true))
		pages += 1UL << frame->page_bits;
	return pages;
}

/* The newest open cut that has a frame. Context: arena->dead_lock. */
static struct kcmap_cut *newest_with(struct kcmap_arena *arena, u64 born,
				     u64 died)
{
	struct kcmap_cut *cut;

	list_for_each_entry(cut, &arena->cuts, node) {
		if (cut->number <= born)
			break;
		if (cut->number <= died)
			return cut;
	}
	return NULL;
}

/**
 * kcmap_cut_begin - cut: what is in the table now stays as it is
 * @arena: the arena
 * @cut: gets its number
 *
 * Context: inside the gate, by its keeper; arena->cuts_lock.
 */
void kcmap_cut_begin(struct kcmap_arena *arena, struct kcmap_cut *cut)
{
	raw_spin_lock(&arena->dead_lock);
	/* Nobody is inside the gate who might read it. */
	ASSERT_EXCLUSIVE_ACCESS(arena->epoch);
	arena->epoch++;
	cut->number = arena->epoch;
	list_add(&cut->node, &arena->cuts);
	WRITE_ONCE(arena->nr_cuts, arena->nr_cuts + 1);
	WRITE_ONCE(arena->cut, cut->number);
	raw_spin_unlock(&arena->dead_lock);
}

/**
 * kcmap_retire - a frame was replaced: it goes when nobody needs it any more
 * @arena: the arena
 * @frame: the frame, with what is chained behind it; new readers cannot find it
 * @died: the epoch
 *
 * Context: any but NMI; inside the gate, or its contents were replaced there.
 */
void kcmap_retire(struct kcmap_arena *arena, struct kcmap_segment *frame,
		  u64 died)
{
	struct kcmap_segment *each;
	struct kcmap_cut *cut;
	unsigned long flags;

	for (each = frame; each;
	     each = rcu_dereference_protected(each->chain, true))
		WRITE_ONCE(each->died, died);
	raw_spin_lock_irqsave(&arena->dead_lock, flags);
	cut = kcmap_busted(KCMAP_BUSTED_NO_DEAD_LIST) ?
		      NULL :
		      newest_with(arena, frame->born, died);
	if (cut) {
		/* Readers in the kernel are most often gone when the cut is closed. */
		frame->grace = get_state_synchronize_rcu();
		ASSERT_EXCLUSIVE_WRITER(cut->dead);
		frame->next = cut->dead;
		cut->dead = frame;
		WRITE_ONCE(arena->dead, arena->dead + frame_pages(frame));
	}
	raw_spin_unlock_irqrestore(&arena->dead_lock, flags);
	if (!cut)
		kcmap_segment_free_rcu(frame);
}

/* Context: arena->cuts_lock: @older stays. @elapsed: no reader has it any more. */
static void pass_on(struct kcmap_arena *arena, struct kcmap_segment *frame,
		    struct kcmap_cut *older, bool elapsed)
{
	bool wanted = older && frame->born < older->number;

	raw_spin_lock_irq(&arena->dead_lock);
	if (wanted) {
		ASSERT_EXCLUSIVE_WRITER(older->dead);
		frame->next = older->dead;
		older->dead = frame;
	} else {
		WRITE_ONCE(arena->dead, arena->dead - frame_pages(frame));
	}
	raw_spin_unlock_irq(&arena->dead_lock);
	if (wanted)
		return;
	if (elapsed || poll_state_synchronize_rcu(frame->grace))
		kcmap_segment_free(frame);
	else
		kcmap_segment_free_rcu(frame);
}

/*
 * Where a large part of a table is written anew between one cut and the next, more
 * and more memory would wait for the end of grace periods. Then it is worth
 * hurrying: as often as writers have replaced a quarter of the table, no more.
 */
static bool hurry(struct kcmap_arena *arena, const struct kcmap_cut *cut)
{
	unsigned long most = KCMAP_WAITING_MIN +
			     (cut->bytes >> PAGE_SHIFT) / KCMAP_WAITING_SHARE;
	unsigned long waiting = atomic_long_read(&arena->waiting);
	const struct kcmap_segment *frame;

	for (frame = cut->dead; frame && waiting <= most; frame = frame->next)
		waiting += !poll_state_synchronize_rcu(frame->grace);
	if (waiting <= most)
		return false;
	synchronize_rcu_expedited();
	return true;
}

/**
 * kcmap_cut_close - nobody needs the image of a cut any more
 * @arena: the arena
 * @cut: the cut
 *
 * Takes time in proportion to what was replaced while it was the newest.
 *
 * Context: process, may sleep; arena->cuts_lock.
 */
void kcmap_cut_close(struct kcmap_arena *arena, struct kcmap_cut *cut)
{
	struct kcmap_cut *newest, *older = NULL;
	struct kcmap_segment *frame, *next;
	bool elapsed;

	raw_spin_lock_irq(&arena->dead_lock);
	if (!list_is_last(&cut->node, &arena->cuts))
		older = list_next_entry(cut, node);
	list_del(&cut->node);
	WRITE_ONCE(arena->nr_cuts, arena->nr_cuts - 1);
	newest = list_first_entry_or_null(&arena->cuts, struct kcmap_cut, node);
	/* A writer that sees the old number copies once more than it need. */
	WRITE_ONCE(arena->cut, newest ? newest->number : 0);
	raw_spin_unlock_irq(&arena->dead_lock);

	/* Who retires a frame does not find it any more. */
	ASSERT_EXCLUSIVE_ACCESS(cut->dead);
	elapsed = hurry(arena, cut);
	for (frame = cut->dead; frame; frame = next) {
		next = frame->next;
		pass_on(arena, frame, older, elapsed);
		cond_resched();
	}
	cut->dead = NULL;
}
