// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "directory.h"

static size_t root_bytes(const struct kcmap_layout *layout)
{
	const struct kcmap_directory *directory = NULL;

	return struct_size(directory, leaf, kcmap_directory_leaves(layout));
}

/**
 * kcmap_directory_create - make an empty directory
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

	directory = kvzalloc(root_bytes(layout), GFP_KERNEL_ACCOUNT);
	if (!directory)
		return NULL;
	directory->layout = *layout;
	if (kcmap_capacity_init(&directory->capacity, max_entries)) {
		kvfree(directory);
		return NULL;
	}
	return directory;
}

static void free_chain(const struct kcmap_layout *layout,
		       struct kcmap_segment *segment)
{
	struct kcmap_segment *next;

	for (; segment; segment = next) {
		/* Nobody else has it any more. */
		next = rcu_dereference_protected(segment->chain, true);
		kcmap_segment_free(layout, segment);
	}
}

/**
 * kcmap_directory_destroy - free a directory with all that is in it
 * @directory: the directory, or NULL; no reader or writer has it any more
 *
 * Context: process, may sleep.
 */
void kcmap_directory_destroy(struct kcmap_directory *directory)
{
	struct kcmap_segment *segment;
	struct kcmap_dirent *entry;
	struct kcmap_leaf *leaf;
	unsigned long i;
	unsigned int j;

	if (!directory)
		return;
	for (i = 0; i < kcmap_directory_leaves(&directory->layout); i++) {
		leaf = rcu_dereference_protected(directory->leaf[i], true);
		if (!leaf)
			continue;
		for (j = 0; j < ARRAY_SIZE(leaf->entry); j++) {
			entry = &leaf->entry[j];
			segment = rcu_dereference_protected(entry->segment, 1);
			free_chain(&directory->layout, segment);
		}
		kfree(leaf);
		cond_resched();
	}
	kcmap_capacity_destroy(&directory->capacity);
	kvfree(directory);
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

	return root_bytes(layout) +
	       (u64)atomic_read(&directory->leaves) *
		       sizeof(struct kcmap_leaf) +
	       (u64)atomic_read(&directory->segments) *
		       kcmap_segment_bytes(layout, false) +
	       (u64)atomic_read(&directory->chained) *
		       kcmap_segment_bytes(layout, true);
}

/**
 * kcmap_leaf_alloc - make an empty leaf that nobody sees yet
 * @gfp: how to allocate
 *
 * Context: as @gfp allows.
 * Return: the leaf, or NULL; kfree() frees it.
 */
struct kcmap_leaf *kcmap_leaf_alloc(gfp_t gfp)
{
	return kzalloc(sizeof(struct kcmap_leaf), gfp | __GFP_ACCOUNT);
}

/**
 * kcmap_leaf_install - put a leaf into the root, if there is none in its place
 * @directory: the directory
 * @hash: hash of a key in that leaf
 * @leaf: the leaf
 *
 * Context: RCU.
 * Return: whether the directory has taken it.
 */
bool kcmap_leaf_install(struct kcmap_directory *directory, u64 hash,
			struct kcmap_leaf *leaf)
{
	unsigned long number = kcmap_hash_segment(&directory->layout, hash);

	/* cmpxchg() is a full barrier: the zeros are seen before the leaf. */
	if (cmpxchg((struct kcmap_leaf __force **)&directory
			    ->leaf[number >> KCMAP_LEAF_BITS],
		    NULL, leaf))
		return false;
	atomic_inc(&directory->leaves);
	return true;
}

/**
 * kcmap_segment_install - put a segment into the directory, if there is none
 * @directory: the directory
 * @entry: its place
 * @segment: the segment
 *
 * Context: RCU.
 * Return: whether the directory has taken it.
 */
bool kcmap_segment_install(struct kcmap_directory *directory,
			   struct kcmap_dirent *entry,
			   struct kcmap_segment *segment)
{
	/* Full barrier, as above. */
	if (cmpxchg((struct kcmap_segment __force **)&entry->segment, NULL,
		    segment))
		return false;
	atomic_inc(&directory->segments);
	return true;
}

/**
 * kcmap_segment_chain - chain a segment behind the last of a chain
 * @directory: the directory
 * @last: the last segment, as far as the caller knows
 * @segment: one made to be chained
 *
 * Context: RCU.
 * Return: whether the directory has taken it; false: @last was not the last.
 */
bool kcmap_segment_chain(struct kcmap_directory *directory,
			 struct kcmap_segment *last,
			 struct kcmap_segment *segment)
{
	/* Full barrier, as above. */
	if (cmpxchg((struct kcmap_segment __force **)&last->chain, NULL,
		    segment))
		return false;
	atomic_inc(&directory->chained);
	return true;
}
