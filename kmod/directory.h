/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The directory: a root over leaves of 256 entries, by the top bits of the hash.
 * It is extendible hashing (Fagin, Nievergelt, Pippenger, Strong 1979) on both
 * levels: several entries in a row may say the same segment, and several places
 * of the root the same leaf. A segment that is split needs two entries; where it
 * has but one, its leaf is split into two before, and where that has but one
 * place in the root, the root is doubled: a few kilobytes for millions of
 * entries. So nobody ever waits for more than one leaf, or the root, to be copied.
 *
 * Locks: leaves, the root, and what entries say change under contents->lock.
 *
 * Lifetime: the root is found under RCU by kcmap_table.directory. Roots, leaves
 * and segments that were replaced are freed a grace period later, and do not
 * change any more: what a reader finds by way of an old one was true when it was
 * replaced. All that belongs to the contents of a table, credits included,
 * hangs on one struct kcmap_contents: clearing a table puts a new one in place of
 * the old one.
 */
#ifndef _KCMAP_DIRECTORY_H
#define _KCMAP_DIRECTORY_H

#include <linux/atomic.h>
#include <linux/rcupdate.h>

#include "arena.h"
#include "capacity.h"
#include "layout.h"
#include "segment.h"

#define KCMAP_LEAF_BITS 8 /* 256 entries of two words: a page */
#define KCMAP_LEAF_ENTRIES BIT(KCMAP_LEAF_BITS)

/**
 * struct kcmap_dirent - entry of the directory, for readers
 * @page: first page of the segment: one load less than by way of the segment
 */
struct kcmap_dirent {
	struct kcmap_bucket __rcu *page;
};

/**
 * struct kcmap_leaf - a page of the directory; its struct page has the rcu_head
 *	that frees it, and its image as page_private(): what userspace sees of it,
 *	a frame of the arena, with an entry for each
 * @entry: what readers need, by itself: so twice as many fit in the cache
 * @segment: the segment of each entry; written after @entry, so a reader who
 *	takes both checks that they belong together
 */
struct kcmap_leaf {
	struct kcmap_dirent entry[KCMAP_LEAF_ENTRIES];
	struct kcmap_segment __rcu *segment[KCMAP_LEAF_ENTRIES];
};

/**
 * struct kcmap_contents - what a table holds, between one clear and the next
 * @capacity: credits for max_entries
 * @arena: where the frames of segments and images are; the table's
 * @lock: see above; taken with interrupts off, inside segment->lock
 * @leaves: leaves that there are
 * @segments: segments that there are, chained ones not counted
 * @chained: chained segments that there are
 */
struct kcmap_contents {
	struct kcmap_capacity capacity;
	struct kcmap_arena *arena;
	raw_spinlock_t lock;
	atomic_t leaves;
	atomic_t segments;
	atomic_t chained;
};

/**
 * struct kcmap_directory - the root
 * @layout: layout of the table; a copy, in the line that readers load anyway
 * @depth: top bits of the hash that say the place in @leaf
 * @shift: 63 - @depth, which brings them down after a shift by one
 * @contents: to what it belongs
 * @rcu: to free it
 * @leaf: leaves. In the low 6 bits, which the address has not, is the shift that
 *	brings the leaf's 8 bits of the hash down. Behind them stands their image:
 *	for each a struct kcmap_image_root
 */
struct kcmap_directory {
	struct kcmap_layout layout;
	u8 depth;
	u8 shift;
	struct kcmap_contents *contents;
	struct rcu_head rcu;
	unsigned long leaf[];
};

#define KCMAP_LEAF_SHIFT 63UL

/**
 * struct kcmap_spare - what a change of the directory may need
 * @segment: new segments
 * @chained: segments to be chained, each behind the other
 * @leaf: new leaves
 * @image: a copy of a leaf's image
 * @directory: a root twice as large as the present one
 *
 * What is taken is set to NULL.
 */
struct kcmap_spare {
	struct kcmap_segment *segment[2];
	struct kcmap_segment *chained;
	struct kcmap_leaf *leaf[2];
	struct kcmap_segment *image;
	struct kcmap_directory *directory;
};

struct kcmap_directory *
kcmap_directory_create(struct kcmap_arena *arena,
		       const struct kcmap_layout *layout, u32 max_entries,
		       bool image);
bool kcmap_directory_add_image(struct kcmap_directory *directory,
			       struct kcmap_segment *image);
void kcmap_directory_begin(struct kcmap_directory *directory);
void kcmap_directory_step(struct kcmap_directory *directory);
void kcmap_directory_retire(struct kcmap_directory *directory, u64 died);
void kcmap_directory_destroy(struct kcmap_directory *directory);
u64 kcmap_directory_bytes(struct kcmap_directory *directory);

struct kcmap_directory *kcmap_directory_alloc(struct kcmap_arena *arena,
					      const struct kcmap_layout *layout,
					      unsigned int depth, gfp_t gfp);
void kcmap_directory_free(struct kcmap_arena *arena,
			  struct kcmap_directory *directory);
bool kcmap_directory_doubles(struct kcmap_directory *directory, u64 hash);
struct kcmap_leaf *kcmap_leaf_alloc(struct kcmap_arena *arena,
				    const struct kcmap_layout *layout,
				    gfp_t gfp);
void kcmap_leaf_free(struct kcmap_arena *arena, struct kcmap_leaf *leaf);
bool kcmap_directory_make_entries(struct kcmap_directory __rcu **root, u64 hash,
				  const struct kcmap_segment *segment,
				  struct kcmap_spare *spare);
bool kcmap_directory_own_leaf(struct kcmap_directory *directory, u64 hash,
			      struct kcmap_spare *spare);
void kcmap_directory_publish(struct kcmap_directory *directory, u64 hash,
			     struct kcmap_segment *segment);
struct kcmap_segment *kcmap_directory_buddy(struct kcmap_directory *directory,
					    u64 hash,
					    struct kcmap_segment *segment);
bool kcmap_segment_chain(struct kcmap_contents *contents,
			 struct kcmap_segment *last,
			 struct kcmap_segment *segment);

/* Words of struct kcmap_image_root, one for each of directory->leaf. */
static inline u64 *kcmap_directory_image(struct kcmap_directory *directory)
{
	return (u64 *)&directory->leaf[1UL << directory->depth];
}

static __always_inline struct kcmap_leaf *kcmap_leaf_of(unsigned long word)
{
	return (struct kcmap_leaf *)(word & ~KCMAP_LEAF_SHIFT);
}

/* Entry of a hash. Context: RCU, or contents->lock. */
static __always_inline struct kcmap_dirent *
kcmap_directory_entry(const struct kcmap_directory *directory, u64 hash)
{
	/* What is in the leaf comes after it: an address dependency. */
	unsigned long word = READ_ONCE(
		directory->leaf[(hash >> 1) >> (directory->shift & 63)]);
	unsigned int number = hash >> (word & KCMAP_LEAF_SHIFT);

	return &kcmap_leaf_of(word)->entry[number & (KCMAP_LEAF_ENTRIES - 1)];
}

static __always_inline struct kcmap_segment *
kcmap_dirent_segment(struct kcmap_dirent *entry)
{
	/* An array of as many stands behind that of the entries. */
	return rcu_dereference(
		*(struct kcmap_segment __rcu **)(entry + KCMAP_LEAF_ENTRIES));
}

#endif /* _KCMAP_DIRECTORY_H */
