/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a table lays out its memory, fixed when it is made.
 *
 *   directory	top bits of the hash -> segment
 *   segment	one page of buckets; several order-0 pages where slots are large
 *   bucket	whole cache lines: a header and a few slots
 *   slot	a key and its value, each padded with zeros to 8 bytes
 *
 * A key may live in one of two buckets of its segment, home and alternate, or,
 * where those are full and nothing can be moved, in the bucket of its home's
 * number in a segment chained behind.
 *
 * Which bits of the hash say what; none says two things:
 *
 *   63..40	directory, from the top
 *   39..32	tag
 *   31..16	alternate bucket
 *   15..0	home bucket
 */
#ifndef _KCMAP_LAYOUT_H
#define _KCMAP_LAYOUT_H

#include <linux/kcmap.h>
#include <linux/types.h>

#define KCMAP_KEY_WORDS_MAX (KCMAP_KEY_SIZE_MAX / 8)
#define KCMAP_VALUE_WORDS_MAX (KCMAP_VALUE_SIZE_MAX / 8)
#define KCMAP_BUCKET_HEADER 16 /* bytes: struct kcmap_bucket */
#define KCMAP_BUCKET_SLOTS_MAX \
	8 /* a bit each in the header, a byte each in the tags */
#define KCMAP_SEGMENT_SLOTS_MIN 32
#define KCMAP_PAIR_SLOTS 3 /* in a line, of keys and values of 8 bytes */
#define KCMAP_DEPTH_MAX 24 /* bits of the hash that the directory may use */

/**
 * struct kcmap_layout - sizes that follow from those of key and value
 * @key_size: bytes
 * @value_size: bytes
 * @key_words: 8-byte words of a slot that hold the key
 * @value_words: 8-byte words of a slot that hold the value
 * @slot_words: both
 * @bucket_size: bytes, whole cache lines
 * @bucket_slots: slots in a bucket
 * @page_buckets: buckets in a page
 * @page_bits: log2 of the pages of a segment
 * @depth: most bits of the hash that the directory may use: the cap on splits
 * @word_to_word: keys and values of just a word, three to a line
 */
struct kcmap_layout {
	u16 key_size;
	u16 value_size;
	u8 key_words;
	u8 value_words;
	u8 slot_words;
	u8 bucket_slots;
	u16 bucket_size;
	u16 page_buckets;
	u8 page_bits;
	u8 depth;
	bool word_to_word;
};

void kcmap_layout_init(struct kcmap_layout *layout, u32 key_size,
		       u32 value_size, u64 max_entries);

static inline unsigned int kcmap_layout_pages(const struct kcmap_layout *layout)
{
	return 1U << layout->page_bits;
}

static inline unsigned int
kcmap_layout_buckets(const struct kcmap_layout *layout)
{
	return (unsigned int)layout->page_buckets << layout->page_bits;
}

static inline unsigned int kcmap_layout_slots(const struct kcmap_layout *layout)
{
	return kcmap_layout_buckets(layout) * layout->bucket_slots;
}

/* The top @bits of a hash; the shift in two steps because @bits may be 0. */
static __always_inline unsigned long kcmap_hash_top(u64 hash, unsigned int bits)
{
	return (hash >> 1) >> (63 - bits);
}

static __always_inline unsigned int
kcmap_hash_home(const struct kcmap_layout *layout, u64 hash)
{
	return ((u32)(u16)hash * kcmap_layout_buckets(layout)) >> 16;
}

/* Never the home bucket, unless the segment has but one. */
static __always_inline unsigned int
kcmap_hash_alternate(const struct kcmap_layout *layout, u64 hash)
{
	unsigned int buckets = kcmap_layout_buckets(layout);
	unsigned int home = kcmap_hash_home(layout, hash);
	unsigned int step;

	/* By an odd step and without a carry: fewer instructions. */
	if (layout->word_to_word)
		return home ^ ((hash >> 16 & (buckets - 1)) | 1);
	step = 1 + (((u32)(u16)(hash >> 16) * (buckets - 1)) >> 16);
	return home + step < buckets ? home + step : home + step - buckets;
}

/* Never 0: that is the tag of a free slot. */
static __always_inline u8 kcmap_hash_tag(u64 hash)
{
	u8 tag = hash >> 32;

	return tag + !tag;
}

#endif /* _KCMAP_LAYOUT_H */
