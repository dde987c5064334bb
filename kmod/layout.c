// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cache.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/mm.h>

#include "layout.h"

/* Lines are 64 bytes in the layout wherever it runs: the uapi shows it. */
#define KCMAP_LINE 64

/*
 * Share of the slots that fill before a key finds no place, in percent, by
 * slots in a bucket: home and alternate with moves. From
 * selftests/bench/bucket_fill.c; see DESIGN.md.
 */
static const u8 kcmap_fill[KCMAP_BUCKET_SLOTS_MAX + 1] = {
	0, 45, 83, 92, 95, 97, 97, 98, 98,
};

/*
 * Bits that the directory may use beyond those that max_entries needs at a fill
 * of 100 %. Random keys need about one; what needs more than three was chosen
 * to collide, and is chained rather than let the directory double for ever.
 */
#define KCMAP_DEPTH_SPARE 3

static unsigned int bucket_bytes(unsigned int slot_size, unsigned int slots)
{
	return round_up(KCMAP_BUCKET_HEADER + slots * slot_size, KCMAP_LINE);
}

/* Slots of a page that get filled, in percent of a slot. */
static unsigned int page_yield(unsigned int slot_size, unsigned int slots)
{
	unsigned int bytes = bucket_bytes(slot_size, slots);

	return (PAGE_SIZE / bytes) * slots * kcmap_fill[slots];
}

/*
 * The smallest bucket that wastes little: fewer lines are touched, and a page
 * has more buckets to spread over. One line is worth a fifth of the memory; among
 * those of several lines a larger one must yield a tenth more.
 */
static unsigned int choose_bucket_slots(unsigned int slot_size)
{
	unsigned int slots, least, best = 0;

	for (slots = 1; slots <= KCMAP_BUCKET_SLOTS_MAX; slots++)
		best = max(best, page_yield(slot_size, slots));
	for (slots = 1; slots < KCMAP_BUCKET_SLOTS_MAX; slots++) {
		least = bucket_bytes(slot_size, slots) == KCMAP_LINE ?
				best * 8 / 10 :
				best * 9 / 10;
		if (page_yield(slot_size, slots) >= least)
			break;
	}
	/* More slots for nothing, where the last line has room. */
	while (slots < KCMAP_BUCKET_SLOTS_MAX &&
	       bucket_bytes(slot_size, slots + 1) ==
		       bucket_bytes(slot_size, slots))
		slots++;
	return slots;
}

/**
 * kcmap_layout_init - settle the layout of a table
 * @layout: result
 * @key_size: bytes, 1 to KCMAP_KEY_SIZE_MAX
 * @value_size: bytes, 0 to KCMAP_VALUE_SIZE_MAX
 * @max_entries: 1 to KCMAP_ENTRIES_MAX
 *
 * Context: any.
 */
void kcmap_layout_init(struct kcmap_layout *layout, u32 key_size,
		       u32 value_size, u64 max_entries)
{
	unsigned int slot_size, page_slots, pages;
	u64 segments;

	layout->key_size = key_size;
	layout->value_size = value_size;
	layout->key_words = DIV_ROUND_UP(key_size, 8);
	layout->value_words = DIV_ROUND_UP(value_size, 8);
	layout->slot_words = layout->key_words + layout->value_words;

	slot_size = layout->slot_words * 8;
	layout->bucket_slots = choose_bucket_slots(slot_size);
	layout->bucket_size = bucket_bytes(slot_size, layout->bucket_slots);
	layout->page_buckets = PAGE_SIZE / layout->bucket_size;
	/* Only if it is what kcmap_pair_layout says. */
	layout->word_to_word = key_size == 8 && value_size == 8 &&
			       layout->bucket_slots == KCMAP_PAIR_SLOTS &&
			       layout->bucket_size == KCMAP_LINE;
	page_slots = layout->page_buckets * layout->bucket_slots;
	pages = DIV_ROUND_UP(KCMAP_SEGMENT_SLOTS_MIN, page_slots);
	layout->page_bits = order_base_2(pages);

	segments = DIV_ROUND_UP_ULL(max_entries, kcmap_layout_slots(layout));
	layout->depth = min_t(u32, order_base_2(segments) + KCMAP_DEPTH_SPARE,
			      KCMAP_DEPTH_MAX);
	BUILD_BUG_ON(KCMAP_ENTRIES_MAX >
		     (KCMAP_SEGMENT_SLOTS_MIN << KCMAP_DEPTH_MAX) / 2);
}
