// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "segment.h"

static unsigned int lock_count(const struct kcmap_layout *layout, bool chained)
{
	return chained ? 0 : kcmap_layout_buckets(layout);
}

static size_t struct_bytes(const struct kcmap_layout *layout, bool chained)
{
	const struct kcmap_segment *segment = NULL;

	return struct_size(segment, page, kcmap_layout_pages(layout)) +
	       lock_count(layout, chained) * sizeof(*segment->bucket_lock);
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

/**
 * kcmap_segment_alloc - make an empty segment that nobody sees yet
 * @layout: layout of the table
 * @chained: whether it is to be chained behind another, and needs no locks
 * @gfp: how to allocate
 *
 * Context: as @gfp allows; interrupts on, for PREEMPT_RT.
 * Return: the segment, or NULL.
 */
struct kcmap_segment *kcmap_segment_alloc(const struct kcmap_layout *layout,
					  bool chained, gfp_t gfp)
{
	unsigned int pages = kcmap_layout_pages(layout);
	struct kcmap_segment *segment;
	unsigned int i;

	gfp |= __GFP_ACCOUNT | __GFP_ZERO;
	segment = kmalloc(struct_bytes(layout, chained), gfp);
	if (!segment)
		return NULL;
	raw_spin_lock_init(&segment->lock);
	if (!chained)
		segment->bucket_lock = (void *)(segment->page + pages);
	for (i = 0; i < lock_count(layout, chained); i++)
		raw_spin_lock_init(&segment->bucket_lock[i]);

	for (i = 0; i < pages; i++) {
		segment->page[i] = (void *)__get_free_page(gfp);
		if (!segment->page[i]) {
			kcmap_segment_free(layout, segment);
			return NULL;
		}
	}
	return segment;
}

/**
 * kcmap_segment_free - free a segment that nobody sees any more
 * @layout: layout of the table
 * @segment: the segment, or NULL; what is chained behind it is not freed
 *
 * Context: any but NMI; interrupts on, for PREEMPT_RT.
 */
void kcmap_segment_free(const struct kcmap_layout *layout,
			struct kcmap_segment *segment)
{
	unsigned int i;

	if (!segment)
		return;
	for (i = 0; i < kcmap_layout_pages(layout); i++)
		free_page((unsigned long)segment->page[i]);
	kfree(segment);
}
