/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The directory: a root over leaves of entries, by the top bits of the hash.
 * Leaves and segments come into being with the first key that needs them, so
 * that a table of 2^28 entries costs little until it is filled.
 *
 * A directory holds all that belongs to the contents of a table, credits
 * included: clearing a table puts a new directory in place of the old one.
 *
 * Lifetime: found under RCU by kcmap_table.directory; freed a grace period
 * after it was replaced, with all leaves and segments, which are only ever
 * added.
 */
#ifndef _KCMAP_DIRECTORY_H
#define _KCMAP_DIRECTORY_H

#include <linux/atomic.h>
#include <linux/rcupdate.h>

#include "capacity.h"
#include "layout.h"
#include "segment.h"

#define KCMAP_LEAF_BITS 8 /* 256 entries of 16 bytes: a page */

/**
 * struct kcmap_dirent - entry of the directory
 * @page: first page of the segment: what readers need, one load less than by
 *	way of @segment. Set by any writer that finds @segment set and this not,
 *	always to the same, before it stores an entry there
 * @segment: the segment; set once, from NULL
 */
struct kcmap_dirent {
	struct kcmap_bucket __rcu *page;
	struct kcmap_segment __rcu *segment;
};

struct kcmap_leaf {
	struct kcmap_dirent entry[1 << KCMAP_LEAF_BITS];
};

/**
 * struct kcmap_directory - directory and credits
 * @layout: layout of the table; a copy, in the line that readers load anyway
 * @capacity: credits for max_entries
 * @leaves: leaves that were made
 * @segments: segments that were made, chained ones not counted
 * @chained: chained segments that were made
 * @leaf: the root; a leaf is set once, from NULL
 */
struct kcmap_directory {
	struct kcmap_layout layout;
	struct kcmap_capacity capacity;
	atomic_t leaves;
	atomic_t segments;
	atomic_t chained;
	struct kcmap_leaf __rcu *leaf[];
};

struct kcmap_directory *
kcmap_directory_create(const struct kcmap_layout *layout, u32 max_entries);
void kcmap_directory_destroy(struct kcmap_directory *directory);
u64 kcmap_directory_bytes(struct kcmap_directory *directory);

struct kcmap_leaf *kcmap_leaf_alloc(gfp_t gfp);
bool kcmap_leaf_install(struct kcmap_directory *directory, u64 hash,
			struct kcmap_leaf *leaf);
bool kcmap_segment_install(struct kcmap_directory *directory,
			   struct kcmap_dirent *entry,
			   struct kcmap_segment *segment);
bool kcmap_segment_chain(struct kcmap_directory *directory,
			 struct kcmap_segment *last,
			 struct kcmap_segment *segment);

static inline unsigned long
kcmap_directory_leaves(const struct kcmap_layout *layout)
{
	return layout->depth > KCMAP_LEAF_BITS ?
		       1UL << (layout->depth - KCMAP_LEAF_BITS) :
		       1;
}

/* Entry by number of the segment, or NULL: no leaf yet. Context: RCU. */
static __always_inline struct kcmap_dirent *
kcmap_directory_entry(const struct kcmap_directory *directory,
		      unsigned long number)
{
	struct kcmap_leaf *leaf =
		rcu_dereference(directory->leaf[number >> KCMAP_LEAF_BITS]);

	if (unlikely(!leaf))
		return NULL;
	return &leaf->entry[number & ((1 << KCMAP_LEAF_BITS) - 1)];
}

/*
 * For a writer: the segment of an entry, seen by readers from here on. NULL:
 * none yet. Context: RCU.
 */
static __always_inline struct kcmap_segment *
kcmap_dirent_segment(struct kcmap_dirent *entry)
{
	struct kcmap_segment *segment = rcu_dereference(entry->segment);

	if (likely(segment) && unlikely(!rcu_access_pointer(entry->page)))
		rcu_assign_pointer(entry->page, segment->page[0]);
	return segment;
}

#endif /* _KCMAP_DIRECTORY_H */
