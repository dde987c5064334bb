// SPDX-License-Identifier: GPL-2.0-only
/*
 * What splitting, merging and copying have in common: a segment is frozen, others are
 * filled aside and take its place in the directory, and it is retired.
 */
#include <linux/slab.h>

#include "table_internal.h"

/**
 * kcmap_freeze - see that nobody writes in a segment any more
 * @layout: layout of the table
 * @segment: the segment
 *
 * Context: segment->lock, interrupts off. When it returns, no writer is inside.
 */
void kcmap_freeze(const struct kcmap_layout *layout,
		  struct kcmap_segment *segment)
{
	raw_spinlock_t *locks = kcmap_segment_locks(layout, segment);
	unsigned int i;

	ASSERT_EXCLUSIVE_WRITER(segment->frozen);
	WRITE_ONCE(segment->frozen, true);
	/* See segment.h: who came before is waited for, who comes later sees it. */
	for (i = 0; i < kcmap_layout_buckets(layout); i++) {
		raw_spin_lock(&locks[i]);
		raw_spin_unlock(&locks[i]);
	}
}

/**
 * kcmap_thaw - a segment is not replaced after all
 * @segment: the segment
 *
 * Context: segment->lock.
 */
void kcmap_thaw(struct kcmap_segment *segment)
{
	ASSERT_EXCLUSIVE_WRITER(segment->frozen);
	WRITE_ONCE(segment->frozen, false);
}

/**
 * kcmap_chain_length - segments behind a segment
 * @segment: the segment
 *
 * Context: RCU, or nobody else sees it.
 */
unsigned int kcmap_chain_length(const struct kcmap_segment *segment)
{
	unsigned int length = 0;

	while ((segment = rcu_dereference_check(segment->chain, true)))
		length++;
	return length;
}

/**
 * kcmap_retire_segment - a segment has been replaced
 * @contents: where it is counted
 * @segment: the segment, with its chain
 *
 * Context: inside the gate.
 */
void kcmap_retire_segment(struct kcmap_contents *contents,
			  struct kcmap_segment *segment)
{
	atomic_sub(kcmap_chain_length(segment), &contents->chained);
	atomic_dec(&contents->segments);
	kcmap_retire(contents->arena, segment, contents->arena->epoch);
}

/**
 * kcmap_provide_segments - see that there are new segments
 * @table: the table
 * @spare: where
 * @nr: how many, at most 2
 * @reserve: whether the reserve may be used
 * @gfp: how to allocate
 *
 * Context: as @gfp allows, outside RCU.
 * Return: false without memory.
 */
bool kcmap_provide_segments(struct kcmap_table *table,
			    struct kcmap_spare *spare, unsigned int nr,
			    bool reserve, gfp_t gfp)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (!spare->segment[i])
			spare->segment[i] = kcmap_segment_alloc(
				table->arena, &table->layout,
				KCMAP_FRAME_SEGMENT, reserve, gfp);
		if (!spare->segment[i])
			return false;
	}
	return true;
}

/**
 * kcmap_provide_chained - get segments to be chained
 * @table: the table
 * @spare: where
 * @nr: how many
 * @reserve: whether the reserve may be used
 * @gfp: how to allocate
 *
 * Context: as @gfp allows, outside RCU.
 * Return: false without memory.
 */
bool kcmap_provide_chained(struct kcmap_table *table, struct kcmap_spare *spare,
			   unsigned int nr, bool reserve, gfp_t gfp)
{
	struct kcmap_segment *chained;

	while (nr--) {
		chained = kcmap_segment_alloc(table->arena, &table->layout,
					      KCMAP_FRAME_CHAINED, reserve,
					      gfp);
		if (!chained)
			return false;
		RCU_INIT_POINTER(chained->chain, spare->chained);
		spare->chained = chained;
	}
	return true;
}

/**
 * kcmap_provide_image - see that the image of a leaf can be copied, if need be
 * @table: the table
 * @spare: where
 * @reserve: whether the reserve may be used
 * @gfp: how to allocate
 *
 * Context: as @gfp allows, outside RCU.
 * Return: false without memory.
 */
bool kcmap_provide_image(struct kcmap_table *table, struct kcmap_spare *spare,
			 bool reserve, gfp_t gfp)
{
	/* Should a snapshot be made just now, it will be found lacking. */
	if (spare->image || !READ_ONCE(table->arena->cut))
		return true;
	spare->image = kcmap_segment_alloc(table->arena, &table->layout,
					   KCMAP_FRAME_LEAF, reserve, gfp);
	return spare->image;
}

/**
 * kcmap_spare_free - free what was not used
 * @arena: where it is from
 * @spare: it
 *
 * Context: any but NMI; interrupts on, for PREEMPT_RT.
 */
void kcmap_spare_free(struct kcmap_arena *arena, struct kcmap_spare *spare)
{
	unsigned int i;

	/* One behind the other, as chained segments are. */
	kcmap_segment_free(spare->chained);
	for (i = 0; i < 2; i++) {
		kcmap_segment_free(spare->segment[i]);
		kcmap_leaf_free(arena, spare->leaf[i]);
	}
	kcmap_segment_free(spare->image);
	kcmap_directory_free(arena, spare->directory);
}
