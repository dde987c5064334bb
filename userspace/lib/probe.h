/* SPDX-License-Identifier: MIT */
/*
 * How a key is looked up in an image, be it a view, a snapshot or a file: the
 * protocol of <linux/kcmap_image.h>. All is inline and the argument @live is a
 * constant, so that each reader is compiled by itself and no look-up calls
 * another function.
 *
 *   probe.h		the way to the segment, and the checks
 *   probe_pair.h	keys and values of 8 bytes, with every size a constant
 *   probe_any.h	all others
 *   probe_bulk.h	many at once
 *
 * Of the image itself only words of the directory and of buckets are loaded: what
 * the header says was checked once, and copied (image.c). A frame's number is
 * checked before each use, whoever wrote it, so that nothing outside the image is
 * read even if the image changes.
 */
#ifndef KCMAP_LIB_PROBE_H
#define KCMAP_LIB_PROBE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/kcmap.h>
#include <linux/kcmap_image.h>

#include "hash.h"

/* Tests leave one of the checks out, to see that they would notice. */
#ifndef KCMAP_PROBE_BUSTED_NO_STATE
#define KCMAP_PROBE_BUSTED_NO_STATE 0
#endif
#ifndef KCMAP_PROBE_BUSTED_NO_ENTRY
#define KCMAP_PROBE_BUSTED_NO_ENTRY 0
#endif
#ifndef KCMAP_PROBE_BUSTED_NO_ROOT
#define KCMAP_PROBE_BUSTED_NO_ROOT 0
#endif

/* Tests change the image at these moments of a look-up. */
#ifndef KCMAP_PROBE_LINGER
#define KCMAP_PROBE_LINGER(moment) ((void)(moment))
#endif

enum kcmap_probe_moment {
	KCMAP_MOMENT_ROOT, /* the root has said which leaf */
	KCMAP_MOMENT_ENTRY, /* the leaf has said which segment */
	KCMAP_MOMENT_MATCH, /* a slot has the key, the value is not read yet */
};

#define KCMAP_LIKELY(x) __builtin_expect(!!(x), 1)
#define KCMAP_UNLIKELY(x) __builtin_expect(!!(x), 0)

#define KCMAP_KEY_WORDS_MAX (KCMAP_KEY_SIZE_MAX / 8)
#define KCMAP_LEAF_ENTRIES (1U << KCMAP_IMAGE_LEAF_BITS)
#define KCMAP_BUCKET_HEADER 16

/* What a look-up says besides 0 and -ENOENT. */
enum {
	KCMAP_PROBE_AGAIN = 1, /* something changed, or is damaged */
	KCMAP_PROBE_ASK = 2, /* not for this reader: try a more thorough one */
};

enum kcmap_probe_kind {
	KCMAP_PROBE_PAIR_FAST,
	KCMAP_PROBE_PAIR_SIP,
	KCMAP_PROBE_ANY,
};

/**
 * struct kcmap_probe - all that look-ups need to know of an image
 * @image: its start
 * @root_word: &kcmap_image.root
 * @roots: words of the root
 * @frames: frame 0
 * @links: frame chained behind each frame; NULL: there are none
 * @seed: of the hash
 * @root: &kcmap_image.root when the header was read
 * @nr_frames: numbers of frames are below this
 * @depth_max: largest depth of the root for which there is room
 * @frame_shift: log2 of the bytes of a frame
 * @kind: which reader is for it
 * @flags: KCMAP_IMAGE_*
 * @key_size: bytes
 * @value_size: bytes
 * @slot_size: bytes
 * @bucket_size: bytes
 * @bucket_slots: slots in a bucket
 * @page_buckets: buckets in a page of a segment
 * @segment_buckets: buckets in a segment
 */
struct kcmap_probe {
	const struct kcmap_image *image;
	const uint64_t *root_word;
	const uint64_t *roots;
	const unsigned char *frames;
	const uint32_t *links;
	uint64_t seed[3];
	uint64_t root;
	uint32_t nr_frames;
	uint32_t depth_max;
	uint32_t frame_shift;
	enum kcmap_probe_kind kind;
	uint32_t flags;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t slot_size;
	uint32_t bucket_size;
	uint32_t bucket_slots;
	uint32_t page_buckets;
	uint32_t segment_buckets;
};

/**
 * struct kcmap_place - where a hash led to
 * @root: &kcmap_image.root by which it went
 * @entry_at: the entry of the leaf
 * @entry: what it said
 * @segment: the segment's start
 */
struct kcmap_place {
	uint64_t root;
	const uint64_t *entry_at;
	uint64_t entry;
	const unsigned char *segment;
};

KCMAP_INLINE uint64_t kcmap_load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

KCMAP_INLINE uint64_t kcmap_load_acquire(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* Both kinds of words of the directory are two numbers of 32 bits. */
union kcmap_dirword {
	uint64_t word;
	struct kcmap_image_root root;
	struct kcmap_image_entry entry;
};

KCMAP_INLINE struct kcmap_image_root kcmap_root_of(uint64_t word)
{
	const union kcmap_dirword both = { .word = word };

	return both.root;
}

KCMAP_INLINE uint32_t kcmap_entry_frame(uint64_t word)
{
	const union kcmap_dirword both = { .word = word };

	return both.entry.frame;
}

KCMAP_INLINE const unsigned char *
kcmap_probe_frame(const struct kcmap_probe *probe, uint32_t number,
		  unsigned int shift)
{
	return probe->frames + ((size_t)number << shift);
}

/* Steps 1 and 2, up to the segment. @shift: log2 of the bytes of a frame. */
KCMAP_INLINE bool kcmap_probe_locate(const struct kcmap_probe *probe, bool live,
				     unsigned int shift, uint64_t hash,
				     struct kcmap_place *place)
{
	struct kcmap_image_root leaf;
	unsigned int depth;
	uint32_t frame;

	place->root = live ? kcmap_load_acquire(probe->root_word) : probe->root;
	depth = place->root & KCMAP_IMAGE_ROOT_DEPTH;
	if (live && KCMAP_UNLIKELY(depth > probe->depth_max))
		return false;
	/* A one and the top bits of the hash: 2^depth and the place from there. */
	leaf = kcmap_root_of(kcmap_load_acquire(
		&probe->roots[(1ULL << 63 | hash >> 1) >> ((63 - depth) & 63)]));
	KCMAP_PROBE_LINGER(KCMAP_MOMENT_ROOT);
	if (KCMAP_UNLIKELY(leaf.frame >= probe->nr_frames))
		return false;
	place->entry_at =
		(const uint64_t *)kcmap_probe_frame(probe, leaf.frame, shift) +
		(hash << (leaf.depth & 63) >> (64 - KCMAP_IMAGE_LEAF_BITS));
	place->entry = kcmap_load_acquire(place->entry_at);
	KCMAP_PROBE_LINGER(KCMAP_MOMENT_ENTRY);
	frame = kcmap_entry_frame(place->entry);
	if (KCMAP_UNLIKELY(frame >= probe->nr_frames))
		return false;
	place->segment = kcmap_probe_frame(probe, frame, shift);
	return true;
}

/* Step 2 in the bucket. A snapshot's state never changes. */
KCMAP_INLINE uint64_t kcmap_probe_state(bool live, const uint64_t *bucket)
{
	return live ? kcmap_load_acquire(bucket) : kcmap_load(bucket);
}

/* Whether a write went on in @bucket; what was read before is complete. */
KCMAP_INLINE uint64_t kcmap_probe_torn(bool live, const uint64_t *bucket,
				       uint64_t state)
{
	if (!live || KCMAP_PROBE_BUSTED_NO_STATE)
		return 0;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return (state & KCMAP_IMAGE_STATE_ODD) |
	       (kcmap_load_acquire(bucket) ^ state);
}

/* Steps 4 to 6; one branch for all of them. */
KCMAP_INLINE bool kcmap_probe_holds(const struct kcmap_probe *probe, bool live,
				    const struct kcmap_place *place,
				    const uint64_t *bucket, uint64_t state)
{
	uint64_t changed = kcmap_probe_torn(live, bucket, state);

	if (live && !KCMAP_PROBE_BUSTED_NO_ENTRY)
		changed |= kcmap_load_acquire(place->entry_at) ^ place->entry;
	if (live && !KCMAP_PROBE_BUSTED_NO_ROOT)
		changed |= kcmap_load_acquire(probe->root_word) ^ place->root;
	return KCMAP_LIKELY(!changed);
}

#endif /* KCMAP_LIB_PROBE_H */
