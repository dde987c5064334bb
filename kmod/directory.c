// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "directory.h"
#include "fault.h"
#include "image.h"
#include "quota.h"

static size_t root_bytes(unsigned int depth)
{
	const struct kcmap_directory *directory = NULL;

	/* Each with its image. */
	return struct_size(directory, leaf, 2UL << depth);
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

/* The places in the root of the leaf of a hash, and the first of them. */
static unsigned long leaf_places(const struct kcmap_directory *directory,
				 u64 hash, unsigned int depth,
				 unsigned long *first)
{
	unsigned long places = 1UL << (directory->depth - depth);

	*first = kcmap_hash_top(hash, directory->depth) & ~(places - 1);
	return places;
}

static unsigned long *leaf_place(struct kcmap_directory *directory, u64 hash)
{
	return &directory->leaf[kcmap_hash_top(hash, directory->depth)];
}

/*
 * NULL: nobody has asked for it yet; only a leaf of depth 0 has none. Who looks only
 * whether there is one holds no lock.
 */
static struct kcmap_segment *leaf_image(struct kcmap_leaf *leaf)
{
	return (struct kcmap_segment *)READ_ONCE(virt_to_page(leaf)->private);
}

static void set_leaf_image(struct kcmap_leaf *leaf, struct kcmap_segment *image)
{
	WRITE_ONCE(virt_to_page(leaf)->private, (unsigned long)image);
}

/* struct kcmap_image_root of a leaf. */
static u64 image_word(struct kcmap_leaf *leaf, unsigned int depth)
{
	struct kcmap_segment *image = leaf_image(leaf);

	return image ? image->number | (u64)depth << 32 : 0;
}

/* One for all entries that are set together is enough. */
static u32 next_generation(struct kcmap_arena *arena)
{
	return atomic_inc_return(&arena->generation);
}

static void set_image_entry(struct kcmap_segment *image, unsigned int i,
			    const struct kcmap_segment *segment, u32 generation)
{
	u64 *words = (u64 *)image->page[0];

	ASSERT_EXCLUSIVE_WRITER(words[i]);
	/* struct kcmap_image_entry. After the contents of the segment. */
	smp_store_release(&words[i], segment->number | (u64)generation << 32);
}

static void set_entry(struct kcmap_leaf *leaf, unsigned int i,
		      struct kcmap_segment *segment, u32 generation)
{
	struct kcmap_segment *image = leaf_image(leaf);

	/*
	 * Before the kernel's: once a writer can find the segment, and change it,
	 * readers of the view find it too.
	 */
	if (image)
		set_image_entry(image, i, segment, generation);
	ASSERT_EXCLUSIVE_WRITER(leaf->segment[i]);
	/* In this order, and the contents of both before: see read_key(). */
	rcu_assign_pointer(leaf->entry[i].page, segment->page[0]);
	rcu_assign_pointer(leaf->segment[i], segment);
}

/**
 * kcmap_directory_alloc - make a root with nothing in it
 * @arena: whose quota it is charged to
 * @layout: layout of the table
 * @depth: top bits of the hash that it goes by
 * @gfp: how to allocate
 *
 * Context: as @gfp allows.
 * Return: the root, or NULL; kcmap_directory_free() frees it.
 */
struct kcmap_directory *kcmap_directory_alloc(struct kcmap_arena *arena,
					      const struct kcmap_layout *layout,
					      unsigned int depth, gfp_t gfp)
{
	struct kcmap_directory *directory;

	if (!kcmap_quota_charge(arena->quota, root_bytes(depth)))
		return NULL;
	directory = kcmap_fault() ?
			    NULL :
			    kzalloc(root_bytes(depth), gfp | __GFP_ACCOUNT);
	if (!directory) {
		kcmap_quota_uncharge(arena->quota, root_bytes(depth));
		return NULL;
	}
	directory->layout = *layout;
	directory->depth = depth;
	directory->shift = 63 - depth;
	return directory;
}

/**
 * kcmap_directory_free - free a root that nobody sees
 * @arena: whose quota it was charged to
 * @directory: the root, or NULL
 *
 * Context: any but NMI.
 */
void kcmap_directory_free(struct kcmap_arena *arena,
			  struct kcmap_directory *directory)
{
	if (!directory)
		return;
	kcmap_quota_uncharge(arena->quota, root_bytes(directory->depth));
	kfree(directory);
}

static void free_leaf(struct kcmap_leaf *leaf)
{
	kmemleak_free(leaf);
	set_leaf_image(leaf, NULL);
	free_page((unsigned long)leaf);
}

/* Without an image. */
static struct kcmap_leaf *leaf_alloc(struct kcmap_arena *arena, gfp_t gfp)
{
	struct kcmap_leaf *leaf;

	BUILD_BUG_ON(sizeof(struct kcmap_leaf) != PAGE_SIZE);
	if (!kcmap_quota_charge(arena->quota, PAGE_SIZE))
		return NULL;
	leaf = kcmap_fault() ? NULL :
			       (void *)__get_free_page(gfp | __GFP_ACCOUNT);
	if (!leaf) {
		kcmap_quota_uncharge(arena->quota, PAGE_SIZE);
		return NULL;
	}
	/* It does not look into pages by itself, and segments are known here only. */
	kmemleak_alloc(leaf, PAGE_SIZE, 1, gfp);
	set_leaf_image(leaf, NULL);
	return leaf;
}

/**
 * kcmap_leaf_alloc - make a leaf, with its image, that nobody sees yet
 * @arena: where the image is a frame
 * @layout: layout of the table
 * @gfp: how to allocate
 *
 * Context: as @gfp allows.
 * Return: the leaf, or NULL.
 */
struct kcmap_leaf *kcmap_leaf_alloc(struct kcmap_arena *arena,
				    const struct kcmap_layout *layout,
				    gfp_t gfp)
{
	struct kcmap_leaf *leaf = leaf_alloc(arena, gfp);
	struct kcmap_segment *image;

	if (!leaf)
		return NULL;
	image = kcmap_segment_alloc(arena, layout, KCMAP_FRAME_LEAF, false,
				    gfp);
	if (!image) {
		kcmap_leaf_free(arena, leaf);
		return NULL;
	}
	set_leaf_image(leaf, image);
	return leaf;
}

/**
 * kcmap_directory_create - make a directory with one segment, empty
 * @arena: where segments and images are frames
 * @layout: layout of the table
 * @max_entries: credits
 * @image: whether its leaf has an image at once
 *
 * Context: process, may sleep.
 * Return: the directory, or NULL. kcmap_directory_begin() before it is used.
 */
struct kcmap_directory *
kcmap_directory_create(struct kcmap_arena *arena,
		       const struct kcmap_layout *layout, u32 max_entries,
		       bool image)
{
	struct kcmap_directory *directory;
	struct kcmap_contents *contents;
	struct kcmap_segment *segment;
	struct kcmap_leaf *leaf;
	unsigned int i;

	directory = kcmap_directory_alloc(arena, layout, 0, GFP_KERNEL);
	contents = kzalloc(sizeof(*contents), GFP_KERNEL_ACCOUNT);
	leaf = image ? kcmap_leaf_alloc(arena, layout, GFP_KERNEL) :
		       leaf_alloc(arena, GFP_KERNEL);
	segment = kcmap_segment_alloc(arena, layout, KCMAP_FRAME_SEGMENT, false,
				      GFP_KERNEL);
	if (!directory || !contents || !leaf || !segment ||
	    kcmap_capacity_init(&contents->capacity, max_entries)) {
		kcmap_segment_free(segment);
		kcmap_leaf_free(arena, leaf);
		kfree(contents);
		kcmap_directory_free(arena, directory);
		return NULL;
	}
	raw_spin_lock_init(&contents->lock);
	contents->arena = arena;
	atomic_set(&contents->leaves, 1);
	atomic_set(&contents->segments, 1);
	for (i = 0; i < KCMAP_LEAF_ENTRIES; i++)
		set_entry(leaf, i, segment, next_generation(arena));
	directory->contents = contents;
	directory->leaf[0] = leaf_word(leaf, 0);
	*kcmap_directory_image(directory) = image_word(leaf, 0);
	return directory;
}

/**
 * kcmap_directory_begin - a new directory begins to be that of its table
 * @directory: one from kcmap_directory_create()
 *
 * Context: inside the gate, by its keeper; or nobody has the table yet.
 */
void kcmap_directory_begin(struct kcmap_directory *directory)
{
	struct kcmap_arena *arena = directory->contents->arena;
	struct kcmap_leaf *leaf = kcmap_leaf_of(directory->leaf[0]);

	if (leaf_image(leaf))
		kcmap_frame_set_born(leaf_image(leaf), arena->epoch);
	kcmap_frame_set_born(rcu_dereference_protected(leaf->segment[0], true),
			     arena->epoch);
	kcmap_view_update(arena, directory, 0, 1);
}

/**
 * kcmap_directory_step - have readers of a new directory wait, or wait no longer
 * @directory: one from kcmap_directory_create()
 *
 * As if all buckets were being written, or as if that was done.
 *
 * Context: inside the gate, by its keeper.
 */
void kcmap_directory_step(struct kcmap_directory *directory)
{
	const struct kcmap_layout *layout = &directory->layout;
	struct kcmap_leaf *leaf = kcmap_leaf_of(directory->leaf[0]);
	struct kcmap_segment *segment =
		rcu_dereference_protected(leaf->segment[0], true);
	struct kcmap_bucket *bucket;
	unsigned int i;

	for (i = 0; i < kcmap_layout_buckets(layout); i++) {
		bucket = kcmap_segment_bucket(layout, segment, i);
		ASSERT_EXCLUSIVE_WRITER(bucket->state);
		/* Even after whatever was done while it was odd. */
		smp_store_release(&bucket->state,
				  kcmap_state_next(bucket->state, 1));
	}
}

/* Entries in a row may say the same segment, which is retired once. */
static void retire_entries(struct kcmap_arena *arena, struct kcmap_leaf *leaf,
			   u64 died)
{
	struct kcmap_segment *segment, *last = NULL;
	unsigned int i;

	for (i = 0; i < KCMAP_LEAF_ENTRIES; i++) {
		segment = rcu_dereference_protected(leaf->segment[i], 1);
		if (segment != last)
			kcmap_retire(arena, segment, died);
		last = segment;
	}
}

static void retire_leaf(struct kcmap_arena *arena, struct kcmap_leaf *leaf,
			u64 died);

/**
 * kcmap_directory_retire - end of a directory, and of all that is in it
 * @directory: the directory, or NULL; new readers and writers cannot find it
 * @died: the epoch in which it was replaced
 *
 * Context: process, may sleep; a grace period after it was replaced, or nobody has
 * the table any more.
 */
void kcmap_directory_retire(struct kcmap_directory *directory, u64 died)
{
	struct kcmap_arena *arena;
	unsigned long i, step;

	if (!directory)
		return;
	arena = directory->contents->arena;
	for (i = 0; i < 1UL << directory->depth; i += step) {
		unsigned long word = directory->leaf[i];

		/* Places in a row that say the same leaf. */
		step = 1UL << (directory->depth - leaf_depth(word));
		retire_entries(arena, kcmap_leaf_of(word), died);
		retire_leaf(arena, kcmap_leaf_of(word), died);
		cond_resched();
	}
	kcmap_capacity_destroy(&directory->contents->capacity);
	kfree(directory->contents);
	kcmap_directory_free(arena, directory);
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
	u64 leaves = atomic_read(&contents->leaves);
	/* All have one, or there is but one that may have none. */
	u64 images = leaf_image(kcmap_leaf_of(READ_ONCE(directory->leaf[0]))) ?
			     leaves :
			     0;

	return root_bytes(directory->depth) + sizeof(*contents) +
	       leaves * sizeof(struct kcmap_leaf) +
	       images * kcmap_segment_bytes(layout, KCMAP_FRAME_LEAF) +
	       (u64)atomic_read(&contents->segments) *
		       kcmap_segment_bytes(layout, KCMAP_FRAME_SEGMENT) +
	       (u64)atomic_read(&contents->chained) *
		       kcmap_segment_bytes(layout, KCMAP_FRAME_CHAINED);
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
 * kcmap_leaf_free - free a leaf that nobody has seen, with its image
 * @arena: whose quota it was charged to
 * @leaf: the leaf, or NULL
 *
 * Context: any but NMI.
 */
void kcmap_leaf_free(struct kcmap_arena *arena, struct kcmap_leaf *leaf)
{
	if (!leaf)
		return;
	kcmap_segment_free(leaf_image(leaf));
	kcmap_quota_uncharge(arena->quota, PAGE_SIZE);
	free_leaf(leaf);
}

static void free_after_grace(struct rcu_head *rcu)
{
	free_leaf(page_address(container_of(rcu, struct page, rcu_head)));
}

/* Each half of @old, every entry twice. */
static void fill_leaf(struct kcmap_arena *arena, struct kcmap_leaf *leaf,
		      const struct kcmap_leaf *old, unsigned int half)
{
	unsigned int i, from = half * KCMAP_LEAF_ENTRIES / 2;
	u32 generation = next_generation(arena);

	for (i = 0; i < KCMAP_LEAF_ENTRIES; i++)
		set_entry(leaf, i,
			  rcu_dereference_protected(old->segment[from + i / 2],
						    true),
			  generation);
	kcmap_frame_set_born(leaf_image(leaf), arena->epoch);
}

/* Return: the old leaf, to be retired when the root does not say it any more. */
static struct kcmap_leaf *split_leaf(struct kcmap_directory *directory,
				     u64 hash, struct kcmap_spare *spare)
{
	unsigned long word = *leaf_place(directory, hash);
	unsigned int depth = leaf_depth(word), half;
	u64 *image = kcmap_directory_image(directory);
	unsigned long places, first, i;
	struct kcmap_leaf *old = kcmap_leaf_of(word), *leaf;

	places = leaf_places(directory, hash, depth, &first);
	for (half = 0; half < 2; half++) {
		leaf = spare->leaf[half];
		fill_leaf(directory->contents->arena, leaf, old, half);
		word = leaf_word(leaf, depth + 1);
		for (i = first + half * places / 2;
		     i < first + (half + 1) * places / 2; i++) {
			ASSERT_EXCLUSIVE_WRITER(directory->leaf[i]);
			image[i] = image_word(leaf, depth + 1);
			/* Readers find the leaf filled. */
			smp_store_release(&directory->leaf[i], word);
		}
		spare->leaf[half] = NULL;
	}
	atomic_inc(&directory->contents->leaves);
	return old;
}

static void retire_leaf(struct kcmap_arena *arena, struct kcmap_leaf *leaf,
			u64 died)
{
	if (leaf_image(leaf))
		kcmap_retire(arena, leaf_image(leaf), died);
	/* What frees it later knows no arena. */
	kcmap_quota_uncharge(arena->quota, PAGE_SIZE);
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
	struct kcmap_arena *arena = old->contents->arena;
	unsigned long i, first = 0, places;
	struct kcmap_leaf *leaf;

	if (segment->depth < depth + KCMAP_LEAF_BITS)
		return true;
	if (!spare->leaf[0] || !spare->leaf[1])
		return false;
	if (depth == old->depth) {
		if (!directory || directory->depth != old->depth + 1)
			return false;
		directory->contents = old->contents;
		for (i = 0; i < 1UL << directory->depth; i++) {
			directory->leaf[i] = old->leaf[i / 2];
			kcmap_directory_image(directory)[i] =
				kcmap_directory_image(old)[i / 2];
		}
		spare->directory = NULL;
		leaf = split_leaf(directory, hash, spare);
		rcu_assign_pointer(*root, directory);
		kcmap_quota_uncharge(arena->quota, root_bytes(old->depth));
		kfree_rcu(old, rcu);
		places = 1UL << directory->depth;
	} else {
		directory = old;
		leaf = split_leaf(directory, hash, spare);
		places = leaf_places(directory, hash, depth, &first);
	}
	kcmap_view_update(arena, directory, first, places);
	retire_leaf(arena, leaf, arena->epoch);
	return true;
}

/**
 * kcmap_directory_own_leaf - see that the image of a leaf may be written
 * @directory: the root
 * @hash: a hash in the leaf
 * @spare: image to use
 *
 * Context: contents->lock, inside the gate.
 * Return: false if a copy is needed that is not in @spare.
 */
bool kcmap_directory_own_leaf(struct kcmap_directory *directory, u64 hash,
			      struct kcmap_spare *spare)
{
	unsigned long word = *leaf_place(directory, hash), places, first, i;
	struct kcmap_arena *arena = directory->contents->arena;
	struct kcmap_leaf *leaf = kcmap_leaf_of(word);
	struct kcmap_segment *old = leaf_image(leaf);

	if (!old || !kcmap_is_shared(arena, old))
		return true;
	if (!spare->image)
		return false;
	memcpy(spare->image->page[0], old->page[0], PAGE_SIZE);
	kcmap_frame_set_born(spare->image, arena->epoch);
	set_leaf_image(leaf, spare->image);
	spare->image = NULL;
	places = leaf_places(directory, hash, leaf_depth(word), &first);
	for (i = first; i < first + places; i++)
		kcmap_directory_image(directory)[i] =
			image_word(leaf, leaf_depth(word));
	kcmap_view_update(arena, directory, first, places);
	kcmap_retire(arena, old, arena->epoch);
	return true;
}

/**
 * kcmap_directory_add_image - see that a directory has an image
 * @directory: the root
 * @image: for its leaf, if that has none: it is the only one then
 *
 * Context: inside the gate, by its keeper.
 * Return: whether @image was taken.
 */
bool kcmap_directory_add_image(struct kcmap_directory *directory,
			       struct kcmap_segment *image)
{
	struct kcmap_arena *arena = directory->contents->arena;
	struct kcmap_leaf *leaf = kcmap_leaf_of(directory->leaf[0]);
	u32 generation = next_generation(arena);
	unsigned int i;

	if (leaf_image(leaf))
		return false;
	for (i = 0; i < KCMAP_LEAF_ENTRIES; i++)
		set_image_entry(image, i,
				rcu_dereference_protected(leaf->segment[i],
							  true),
				generation);
	kcmap_frame_set_born(image, arena->epoch);
	set_leaf_image(leaf, image);
	*kcmap_directory_image(directory) = image_word(leaf, 0);
	return true;
}

/**
 * kcmap_directory_publish - have the entries of a range say a segment
 * @directory: the root
 * @hash: a hash in the range
 * @segment: the segment; its depth says the range
 *
 * Context: contents->lock, inside the gate; after kcmap_directory_own_leaf().
 */
void kcmap_directory_publish(struct kcmap_directory *directory, u64 hash,
			     struct kcmap_segment *segment)
{
	struct kcmap_arena *arena = directory->contents->arena;
	unsigned long word = *leaf_place(directory, hash);
	unsigned int shift = word & KCMAP_LEAF_SHIFT;
	unsigned int nr = 1U << (64 - shift - segment->depth);
	u32 generation = next_generation(arena);
	struct kcmap_segment *each;
	unsigned int first, i;

	for (each = segment; each;
	     each = rcu_dereference_protected(each->chain, true))
		kcmap_frame_set_born(each, arena->epoch);
	first = (hash >> shift) & (KCMAP_LEAF_ENTRIES - 1) & ~(nr - 1);
	for (i = 0; i < nr; i++)
		set_entry(kcmap_leaf_of(word), first + i, segment, generation);
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
 * Context: a bucket lock of the first segment, which is not frozen, inside the gate.
 * Return: whether it was taken; false: @last was not the last.
 */
bool kcmap_segment_chain(struct kcmap_contents *contents,
			 struct kcmap_segment *last,
			 struct kcmap_segment *segment)
{
	kcmap_frame_set_born(segment, contents->arena->epoch);
	/* cmpxchg() is a full barrier: the zeros are seen before the segment. */
	if (cmpxchg((struct kcmap_segment __force **)&last->chain, NULL,
		    segment))
		return false;
	atomic_inc(&contents->chained);
	return true;
}
