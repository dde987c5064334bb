// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "directory.h"
#include "fault.h"

static size_t root_bytes(unsigned int depth)
{
	const struct kcmap_directory *directory = NULL;

	return struct_size(directory, leaf, 1UL << depth);
}

/* Top bits of the hash that all entries of a leaf share. */
static unsigned int leaf_depth(unsigned long word)
{
	return 64 - KCMAP_LEAF_BITS - (word & KCMAP_LEAF_SHIFT);
}

static unsigned long leaf_word(struct kcmap_leaf *leaf, unsigned int depth)
{
	return (unsigned long)leaf | (64 - KCMAP_LEAF_BITS - depth);
}

static unsigned long *leaf_place(struct kcmap_directory *directory, u64 hash)
{
	return &directory->leaf[kcmap_hash_top(hash, directory->depth)];
}

static void set_entry(struct kcmap_leaf *leaf, unsigned int i,
		      struct kcmap_segment *segment)
{
	/* In this order, and the contents of both before: see read_key(). */
	rcu_assign_pointer(leaf->entry[i].page, segment->page[0]);
	rcu_assign_pointer(leaf->segment[i], segment);
}

/**
 * kcmap_directory_alloc - make a root with nothing in it
 * @layout: layout of the table
 * @depth: top bits of the hash that it goes by
 * @gfp: how to allocate
 *
 * Context: as @gfp allows.
 * Return: the root, or NULL; kfree() frees it.
 */
struct kcmap_directory *kcmap_directory_alloc(const struct kcmap_layout *layout,
					      unsigned int depth, gfp_t gfp)
{
	struct kcmap_directory *directory;

	directory = kcmap_fault() ?
			    NULL :
			    kzalloc(root_bytes(depth), gfp | __GFP_ACCOUNT);
	if (!directory)
		return NULL;
	directory->layout = *layout;
	directory->depth = depth;
	directory->shift = 63 - depth;
	return directory;
}

/**
 * kcmap_directory_create - make a directory with one segment, empty
 * @layout: layout of the table
 * @max_entries: credits
 *
 * Context: process, may sleep.
 * Return: the directory, or NULL.
 */
struct kcmap_directory *
kcmap_directory_create(const struct kcmap_layout *layout, u32 max_entries)
{
	struct kcmap_directory *directory;
	struct kcmap_contents *contents;
	struct kcmap_segment *segment;
	struct kcmap_leaf *leaf;
	unsigned int i;

	directory = kcmap_directory_alloc(layout, 0, GFP_KERNEL);
	contents = kzalloc(sizeof(*contents), GFP_KERNEL_ACCOUNT);
	leaf = kcmap_leaf_alloc(GFP_KERNEL);
	segment = kcmap_segment_alloc(layout, false, false, GFP_KERNEL);
	if (!directory || !contents || !leaf || !segment ||
	    kcmap_capacity_init(&contents->capacity, max_entries)) {
		kcmap_segment_free(segment);
		kcmap_leaf_free(leaf);
		kfree(contents);
		kfree(directory);
		return NULL;
	}
	raw_spin_lock_init(&contents->lock);
	atomic_set(&contents->leaves, 1);
	atomic_set(&contents->segments, 1);
	for (i = 0; i < KCMAP_LEAF_ENTRIES; i++)
		set_entry(leaf, i, segment);
	directory->contents = contents;
	directory->leaf[0] = leaf_word(leaf, 0);
	return directory;
}

/* Entries in a row may say the same segment, which is freed once. */
static void free_leaf(struct kcmap_leaf *leaf)
{
	struct kcmap_segment *segment, *last = NULL;
	unsigned int i;

	for (i = 0; i < KCMAP_LEAF_ENTRIES; i++) {
		segment = rcu_dereference_protected(leaf->segment[i], 1);
		if (segment == last)
			continue;
		kcmap_segment_free(last);
		last = segment;
	}
	kcmap_segment_free(last);
	kcmap_leaf_free(leaf);
}

/**
 * kcmap_directory_destroy - free a directory with all that is in it
 * @directory: the directory, or NULL; no reader or writer has it any more
 *
 * Context: process, may sleep.
 */
void kcmap_directory_destroy(struct kcmap_directory *directory)
{
	unsigned long i, step;

	if (!directory)
		return;
	for (i = 0; i < 1UL << directory->depth; i += step) {
		unsigned long word = directory->leaf[i];

		/* Places in a row that say the same leaf. */
		step = 1UL << (directory->depth - leaf_depth(word));
		free_leaf(kcmap_leaf_of(word));
		cond_resched();
	}
	kcmap_capacity_destroy(&directory->contents->capacity);
	kfree(directory->contents);
	kfree(directory);
}

/**
 * kcmap_directory_bytes - memory of a directory and all that is in it
 * @directory: the directory
 *
 * Context: any.
 * Return: bytes asked of the kernel, per-CPU ones not counted.
 */
u64 kcmap_directory_bytes(struct kcmap_directory *directory)
{
	const struct kcmap_layout *layout = &directory->layout;
	struct kcmap_contents *contents = directory->contents;

	return root_bytes(directory->depth) + sizeof(*contents) +
	       (u64)atomic_read(&contents->leaves) * sizeof(struct kcmap_leaf) +
	       (u64)atomic_read(&contents->segments) *
		       kcmap_segment_bytes(layout, false) +
	       (u64)atomic_read(&contents->chained) *
		       kcmap_segment_bytes(layout, true);
}

/**
 * kcmap_directory_doubles - whether splitting a leaf needs a larger root
 * @directory: the present root
 * @hash: a hash in the leaf
 *
 * Context: RCU.
 * Return: whether the leaf has only one place in the root.
 */
bool kcmap_directory_doubles(struct kcmap_directory *directory, u64 hash)
{
	unsigned long word = READ_ONCE(*leaf_place(directory, hash));

	return leaf_depth(word) == directory->depth;
}

/**
 * kcmap_leaf_alloc - make a leaf that nobody sees yet
 * @gfp: how to allocate
 *
 * Context: as @gfp allows.
 * Return: the leaf, or NULL.
 */
struct kcmap_leaf *kcmap_leaf_alloc(gfp_t gfp)
{
	struct kcmap_leaf *leaf;

	BUILD_BUG_ON(sizeof(struct kcmap_leaf) != PAGE_SIZE);
	if (kcmap_fault())
		return NULL;
	leaf = (void *)__get_free_page(gfp | __GFP_ACCOUNT);
	/* It does not look into pages by itself, and segments are known here only. */
	if (leaf)
		kmemleak_alloc(leaf, PAGE_SIZE, 1, gfp);
	return leaf;
}

/**
 * kcmap_leaf_free - free a leaf that nobody sees any more
 * @leaf: the leaf, or NULL
 *
 * Context: any but NMI.
 */
void kcmap_leaf_free(struct kcmap_leaf *leaf)
{
	if (!leaf)
		return;
	kmemleak_free(leaf);
	free_page((unsigned long)leaf);
}

static void free_after_grace(struct rcu_head *rcu)
{
	kcmap_leaf_free(page_address(container_of(rcu, struct page, rcu_head)));
}

/* Each half of @old, every entry twice. */
static void fill_leaf(struct kcmap_leaf *leaf, const struct kcmap_leaf *old,
		      unsigned int half)
{
	unsigned int i, from = half * KCMAP_LEAF_ENTRIES / 2;

	for (i = 0; i < KCMAP_LEAF_ENTRIES; i++)
		set_entry(leaf, i,
			  rcu_dereference_protected(old->segment[from + i / 2],
						    true));
}

/* Return: the old leaf, to be retired when the root does not say it any more. */
static struct kcmap_leaf *split_leaf(struct kcmap_directory *directory,
				     u64 hash, struct kcmap_spare *spare)
{
	unsigned long word = *leaf_place(directory, hash);
	unsigned int depth = leaf_depth(word), half;
	unsigned long places, first, i;
	struct kcmap_leaf *old = kcmap_leaf_of(word);

	places = 1UL << (directory->depth - depth);
	first = kcmap_hash_top(hash, directory->depth) & ~(places - 1);
	for (half = 0; half < 2; half++) {
		fill_leaf(spare->leaf[half], old, half);
		word = leaf_word(spare->leaf[half], depth + 1);
		for (i = 0; i < places / 2; i++)
			/* Readers find the leaf filled. */
			smp_store_release(
				&directory->leaf[first + half * places / 2 + i],
				word);
		spare->leaf[half] = NULL;
	}
	atomic_inc(&directory->contents->leaves);
	return old;
}

static void retire_leaf(struct kcmap_leaf *leaf)
{
	call_rcu(&virt_to_page(leaf)->rcu_head, free_after_grace);
}

/**
 * kcmap_directory_make_entries - see that a segment has two entries or more
 * @root: where the root is found
 * @hash: a hash in the segment
 * @segment: the segment
 * @spare: leaves and root to use
 *
 * Context: segment->lock and contents->lock, @segment not frozen.
 * Return: false if something that is needed is not in @spare.
 */
bool kcmap_directory_make_entries(struct kcmap_directory __rcu **root, u64 hash,
				  const struct kcmap_segment *segment,
				  struct kcmap_spare *spare)
{
	/* Under contents->lock it does not change. */
	struct kcmap_directory *old = rcu_dereference_protected(*root, true);
	struct kcmap_directory *directory = spare->directory;
	unsigned int depth = leaf_depth(*leaf_place(old, hash));
	struct kcmap_leaf *leaf;
	unsigned long i;

	if (segment->depth < depth + KCMAP_LEAF_BITS)
		return true;
	if (!spare->leaf[0] || !spare->leaf[1])
		return false;
	if (depth == old->depth) {
		if (!directory || directory->depth != old->depth + 1)
			return false;
		directory->contents = old->contents;
		for (i = 0; i < 1UL << directory->depth; i++)
			directory->leaf[i] = old->leaf[i / 2];
		spare->directory = NULL;
		leaf = split_leaf(directory, hash, spare);
		rcu_assign_pointer(*root, directory);
		retire_leaf(leaf);
		kfree_rcu(old, rcu);
		return true;
	}
	retire_leaf(split_leaf(old, hash, spare));
	return true;
}

/**
 * kcmap_directory_publish - have the entries of a range say a segment
 * @directory: the root
 * @hash: a hash in the range
 * @segment: the segment; its depth says the range
 *
 * Context: contents->lock.
 */
void kcmap_directory_publish(struct kcmap_directory *directory, u64 hash,
			     struct kcmap_segment *segment)
{
	unsigned long word = *leaf_place(directory, hash);
	unsigned int shift = word & KCMAP_LEAF_SHIFT;
	unsigned int nr = 1U << (64 - shift - segment->depth);
	unsigned int first, i;

	first = (hash >> shift) & (KCMAP_LEAF_ENTRIES - 1) & ~(nr - 1);
	for (i = 0; i < nr; i++)
		set_entry(kcmap_leaf_of(word), first + i, segment);
}

/**
 * kcmap_directory_buddy - the segment that one might be merged with
 * @directory: the root
 * @hash: a hash in the segment
 * @segment: the segment
 *
 * Context: RCU.
 * Return: the segment that has its range beside it, in the same leaf and as
 * large; or NULL.
 */
struct kcmap_segment *kcmap_directory_buddy(struct kcmap_directory *directory,
					    u64 hash,
					    struct kcmap_segment *segment)
{
	unsigned long word = READ_ONCE(*leaf_place(directory, hash));
	struct kcmap_segment *buddy;

	if (segment->depth <= leaf_depth(word))
		return NULL;
	buddy = kcmap_dirent_segment(kcmap_directory_entry(
		directory, hash ^ BIT_ULL(64 - segment->depth)));
	return buddy->depth == segment->depth ? buddy : NULL;
}

/**
 * kcmap_segment_chain - chain a segment behind the last of a chain
 * @contents: where it is counted
 * @last: the last segment, as far as the caller knows
 * @segment: one made to be chained
 *
 * Context: a bucket lock of the first segment, which is not frozen.
 * Return: whether it was taken; false: @last was not the last.
 */
bool kcmap_segment_chain(struct kcmap_contents *contents,
			 struct kcmap_segment *last,
			 struct kcmap_segment *segment)
{
	/* cmpxchg() is a full barrier: the zeros are seen before the segment. */
	if (cmpxchg((struct kcmap_segment __force **)&last->chain, NULL,
		    segment))
		return false;
	atomic_inc(&contents->chained);
	return true;
}
