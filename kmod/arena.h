/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arena: the frames of a table, by number. A frame is what userspace may map:
 * the pages of a segment, or the image of a leaf of the directory. Its number stays
 * while somebody may have its pages mapped, and says where they are in a mapping.
 *
 * Epochs. The table's time is counted in cuts. A frame is born in one epoch and dies,
 * that is, is replaced, in another; the cut of number n (which ends epoch n - 1)
 * has all frames that were born before n and died at n or later. While a cut is open,
 * a frame that is older than the newest of them is copied before it is written, and
 * one that dies goes to the dead list of the newest open cut that has it. When that
 * cut is closed it goes on to the next older one, if that has it as well, and else is
 * freed. So making a cut touches no frame at all. (Birth times and dead lists are how
 * ZFS does snapshots: Bonwick, Ahrens and others, 2003.)
 *
 * Idle frames. While somebody has frames mapped or a cut is open, a frame that is
 * freed keeps its number and pages for the next one that is needed. So what a mapping
 * shows at a number does not change its page, and nothing has to be unmapped. What
 * was idle for a while goes back to the kernel, unmapped first.
 *
 * Holes. A reader of the live view may have gone by an old entry, and come to a number
 * without pages. It is shown a page of zeros, which nobody takes for anything, since
 * the entry has changed; but that page must be unmapped before the number is used
 * again, or a later reader would see it in place of the new frame. So the number is
 * taken by a mark, until a worker has unmapped it.
 *
 * Locks, outer to inner:
 *   cuts_lock		mutex: cuts are made and closed one at a time
 *   faults		shared: a page is being mapped; exclusive: unmapped, so that
 *			none is mapped meanwhile that was found before
 *   frames.xa_lock	taken with interrupts off
 *   dead_lock		raw, with interrupts off, inside the locks of segments
 *
 * Lifetime: the table has a reference, and so has each frame that waits for a grace
 * period.
 */
#ifndef _KCMAP_ARENA_H
#define _KCMAP_ARENA_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/kcsan-checks.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "segment.h"

/* How often the worker looks at what is idle. */
#define KCMAP_ARENA_INTERVAL (HZ / 4)

/* Frames from the reserve must have numbers too: as many as one CPU's has pages. */
#define KCMAP_ARENA_SPARES 8

struct kcmap_image;
struct kcmap_quota;
struct page;

/**
 * typedef kcmap_zap_fn - unmap pages from all mappings of an arena
 * @ctx: as it was given to kcmap_arena_set_zap()
 * @offset: bytes from the start of the mapping
 * @size: bytes
 *
 * Context: process, may sleep; arena->faults is held exclusively.
 */
typedef void (*kcmap_zap_fn)(void *ctx, u64 offset, u64 size);

/**
 * struct kcmap_arena - the frames of a table
 * @cut: number of the newest open cut, or 0: what was born before is copied before it
 *	is written. Raised inside the gate only
 * @epoch: the present one, from 1 on; changed inside the gate
 * @view: header and root of the live view, or NULL; set once, inside the gate
 * @page_bits: log2 of the pages of a segment, and of the room for a frame
 * @limit: numbers are from 1 to below this
 * @frames_offset: of frame 0 in a mapping, bytes
 * @quota: what frames are charged to, or NULL
 * @frame_bytes: what a frame of each kind takes
 * @generation: last generation of an entry of a leaf's image
 * @frames: by number: the frame, or a mark
 * @mappings: mappings that there are; under the lock of @frames
 * @idle: frames that are idle, by kind; under the lock of @frames
 * @nr_idle: how many; likewise
 * @min_idle: fewest since the worker looked; likewise
 * @holes: marks in @frames; likewise
 * @spares: numbers that are kept for who has no memory for a node of @frames; likewise
 * @nr_spares: how many
 * @zap: unmaps; set before the first mapping, and always the same
 * @zap_ctx: argument of @zap
 * @faults: see above
 * @worker: gives back what is idle, and unmaps holes
 * @cuts_lock: see above
 * @cuts: open cuts, the newest first; under @dead_lock, and changed under @cuts_lock
 * @nr_cuts: how many
 * @cut_bytes: what they could pin at worst; under @cuts_lock
 * @cut_due: when the next cut is due; likewise
 * @dead_lock: see above
 * @dead: pages of dead frames that open cuts keep
 * @waiting: frames that wait for the end of a grace period
 * @ref: references
 */
struct kcmap_arena {
	u64 cut;
	u64 epoch;
	struct kcmap_image *view;
	u8 page_bits;
	u32 limit;
	u64 frames_offset;
	struct kcmap_quota *quota;
	u32 frame_bytes[KCMAP_FRAME_KINDS];

	atomic_t generation ____cacheline_aligned_in_smp;
	struct xarray frames;
	unsigned int mappings;
	struct kcmap_segment *idle[KCMAP_FRAME_KINDS];
	unsigned long nr_idle;
	unsigned long min_idle;
	unsigned int holes;
	u32 spares[KCMAP_ARENA_SPARES];
	unsigned int nr_spares;
	kcmap_zap_fn zap;
	void *zap_ctx;
	struct rw_semaphore faults;
	struct delayed_work worker;

	struct mutex cuts_lock; /* see above */
	struct list_head cuts;
	unsigned int nr_cuts;
	u64 cut_bytes;
	u64 cut_due;
	raw_spinlock_t dead_lock; /* see above */
	unsigned long dead;
	atomic_long_t waiting;
	refcount_t ref;
};

/**
 * struct kcmap_cut - an instant that somebody keeps an image of
 * @node: in arena->cuts
 * @number: see above
 * @bytes: what it could pin at worst
 * @dead: frames that died since, and that no newer open cut has
 */
struct kcmap_cut {
	struct list_head node;
	u64 number;
	u64 bytes;
	struct kcmap_segment *dead;
};

/* arena.c */
struct kcmap_arena *kcmap_arena_create(const struct kcmap_layout *layout,
				       u64 frames_offset,
				       struct kcmap_quota *quota);
void kcmap_arena_destroy(struct kcmap_arena *arena);
void kcmap_arena_put(struct kcmap_arena *arena);
u32 kcmap_arena_limit(const struct kcmap_layout *layout);
int kcmap_arena_add(struct kcmap_arena *arena, struct kcmap_segment *frame,
		    gfp_t gfp);
struct kcmap_segment *kcmap_arena_take_idle(struct kcmap_arena *arena,
					    enum kcmap_frame_kind kind);
bool kcmap_arena_release(struct kcmap_arena *arena,
			 struct kcmap_segment *frame);

bool kcmap_arena_is_spare(void *entry);
void kcmap_arena_drop_spare(struct kcmap_arena *arena, u32 number);

/* arena_map.c */
void kcmap_arena_set_zap(struct kcmap_arena *arena, kcmap_zap_fn zap,
			 void *ctx);
void kcmap_arena_map(struct kcmap_arena *arena);
void kcmap_arena_unmap(struct kcmap_arena *arena);
struct page *kcmap_arena_page(struct kcmap_arena *arena, u64 offset, u64 cut,
			      bool peek);
void kcmap_arena_links(struct kcmap_arena *arena, unsigned long first,
		       u32 *links, unsigned int nr, u64 cut);
void kcmap_arena_zap(struct kcmap_arena *arena, u64 offset, u64 size);
void kcmap_arena_trim(struct kcmap_arena *arena, unsigned long nr);
void kcmap_arena_work(struct work_struct *work);

/* cut.c */
void kcmap_cut_begin(struct kcmap_arena *arena, struct kcmap_cut *cut);
void kcmap_cut_close(struct kcmap_arena *arena, struct kcmap_cut *cut);
void kcmap_retire(struct kcmap_arena *arena, struct kcmap_segment *frame,
		  u64 died);

/*
 * A frame is published: by its number faults look at it all the time. Context: inside
 * the gate, before it can be found.
 */
static inline void kcmap_frame_set_born(struct kcmap_segment *frame, u64 epoch)
{
	ASSERT_EXCLUSIVE_WRITER(frame->born);
	WRITE_ONCE(frame->born, epoch);
}

/* Whether a frame must be copied before it is written. Context: inside the gate. */
static __always_inline bool kcmap_is_shared(const struct kcmap_arena *arena,
					    const struct kcmap_segment *frame)
{
	/* Nobody changes it as long as the frame can be found. */
	ASSERT_EXCLUSIVE_WRITER(frame->born);
	return frame->born < READ_ONCE(arena->cut);
}

#endif /* _KCMAP_ARENA_H */
