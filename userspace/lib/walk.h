/* SPDX-License-Identifier: MIT */
/*
 * The leaves of an image, and the segments of each, one after another: each once,
 * since what several words in a row say is one leaf, or one segment. A chained
 * segment comes after the one that it is chained behind.
 */
#ifndef KCMAP_LIB_WALK_H
#define KCMAP_LIB_WALK_H

#include "probe.h"

#define KCMAP_WALK_NONE UINT32_MAX /* more than any frame */

/**
 * struct kcmap_walk - where a walk is
 * @probe: the image
 * @root_at: next word of the root
 * @root_end: behind its last
 * @entry_at: next entry of the leaf
 * @leaf: the leaf
 * @segment: the segment
 * @head: it, or the one that has it in its chain
 * @left: steps that are left: no more than there are frames
 */
struct kcmap_walk {
	const struct kcmap_probe *probe;
	size_t root_at;
	size_t root_end;
	unsigned int entry_at;
	uint32_t leaf;
	uint32_t segment;
	uint32_t head;
	uint32_t left;
};

static inline void kcmap_walk_init(struct kcmap_walk *walk,
				   const struct kcmap_probe *probe,
				   uint64_t root)
{
	unsigned int depth = root & KCMAP_IMAGE_ROOT_DEPTH;

	if (depth > probe->depth_max)
		depth = probe->depth_max;
	walk->probe = probe;
	walk->root_at = (size_t)1 << depth;
	walk->root_end = (size_t)2 << depth;
	walk->entry_at = KCMAP_LEAF_ENTRIES;
	walk->leaf = KCMAP_WALK_NONE;
	walk->segment = KCMAP_WALK_NONE;
	walk->head = KCMAP_WALK_NONE;
	walk->left = probe->nr_frames;
}

/* Whether a step to @frame can be made. */
static inline bool kcmap_walk_step(struct kcmap_walk *walk, uint32_t frame)
{
	if (frame >= walk->probe->nr_frames || !walk->left)
		return false;
	walk->left--;
	return true;
}

/* On to the next leaf; false: there is none. */
static inline bool kcmap_walk_leaf(struct kcmap_walk *walk)
{
	uint32_t frame;

	while (walk->root_at < walk->root_end) {
		frame = kcmap_root_of(
				kcmap_load_acquire(
					&walk->probe->roots[walk->root_at++]))
				.frame;
		if (frame == walk->leaf || !kcmap_walk_step(walk, frame))
			continue;
		walk->leaf = frame;
		walk->entry_at = 0;
		return true;
	}
	return false;
}

static inline uint64_t kcmap_walk_entry(const struct kcmap_walk *walk,
					unsigned int number)
{
	const struct kcmap_probe *probe = walk->probe;

	return kcmap_load_acquire(
		(const uint64_t *)kcmap_probe_frame(probe, walk->leaf,
						    probe->frame_shift) +
		number);
}

/* What is chained behind a frame; 0: nothing. */
static inline uint32_t kcmap_walk_link(const struct kcmap_probe *probe,
				       uint32_t frame)
{
	return probe->links ?
		       __atomic_load_n(&probe->links[frame], __ATOMIC_RELAXED) :
		       0;
}

/* On to the next segment of the leaf; false: there is none. */
static inline bool kcmap_walk_segment(struct kcmap_walk *walk)
{
	uint32_t frame;

	if (walk->segment != KCMAP_WALK_NONE) {
		frame = kcmap_walk_link(walk->probe, walk->segment);
		walk->segment = KCMAP_WALK_NONE;
		if (frame && kcmap_walk_step(walk, frame)) {
			walk->segment = frame;
			return true;
		}
	}
	while (walk->entry_at < KCMAP_LEAF_ENTRIES) {
		frame = kcmap_entry_frame(
			kcmap_walk_entry(walk, walk->entry_at++));
		if (frame == walk->head || !kcmap_walk_step(walk, frame))
			continue;
		walk->head = frame;
		walk->segment = frame;
		return true;
	}
	return false;
}

/* Fault in all that can be reached. */
static inline void kcmap_walk_touch(const struct kcmap_probe *probe,
				    uint64_t root, size_t segment_bytes)
{
	const unsigned char *segment;
	struct kcmap_walk walk;
	size_t at;

	kcmap_walk_init(&walk, probe, root);
	while (kcmap_walk_leaf(&walk)) {
		while (kcmap_walk_segment(&walk)) {
			segment = kcmap_probe_frame(probe, walk.segment,
						    probe->frame_shift);
			for (at = 0; at < segment_bytes; at += KCMAP_IMAGE_PAGE)
				kcmap_load((const uint64_t *)(segment + at));
		}
	}
}

#endif /* KCMAP_LIB_WALK_H */
