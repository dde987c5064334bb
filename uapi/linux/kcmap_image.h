/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What a mapping of a map (the live view) or of a snapshot shows, and what a
 * saved snapshot holds: the image of a hash table, for look-ups without a system
 * call. libkcmap reads it; this page is for those who write a reader of their own.
 *
 *   0			struct kcmap_image
 *   root_offset	words of struct kcmap_image_root: 2^d of them from word
 *			number 2^d on, where d is the root's depth
 *   links_offset	__u32 for each frame: number of the frame that is chained
 *			behind it, 0: none (snapshots; a view has no links)
 *   frames_offset	frames of frame_size bytes: leaves and segments, by number
 *
 * Whoever may map a map learns the seed of its hash, and could choose keys that
 * collide: KCMAP_F_NO_MMAP is against that.
 *
 * Look-up
 * -------
 * The key, padded with zeros to words of 8 bytes in host byte order, is hashed to
 * 64 bits (below): "top bits" are the highest.
 *
 *   root	word 2^d + the top d bits of the hash: a leaf, and the leaf's depth
 *   leaf	256 words of struct kcmap_image_entry, at the start of its frame:
 *		the 8 bits of the hash that follow the top leaf.depth bits say which
 *   segment	buckets, page_buckets in each page of 4096 bytes; bucket b is at
 *		(b / page_buckets) * 4096 + (b % page_buckets) * bucket_size
 *   bucket	a word of state, a word of tags, bucket_slots slots
 *   slot	the key, then the value, each padded with zeros to 8 bytes; from the
 *		slot's start to the next one's are slot_size bytes
 *
 * With n = segment_buckets, the home bucket is ((hash & 0xffff) * n) >> 16. The
 * alternate bucket is, with KCMAP_IMAGE_XOR,
 *   home ^ (((hash >> 16) & (n - 1)) | 1), and otherwise
 *   (home + 1 + ((((hash >> 16) & 0xffff) * (n - 1)) >> 16)) % n.
 * The tag is (hash >> 32) & 0xff, or 1 where that is 0. Byte i of the word of tags,
 * from the lowest, is the tag of slot i; 0: the slot is free, and so is then the first
 * word of its key.
 *
 * A key is in its home bucket; or, if the away count there is not 0, it may be in
 * its alternate bucket; or, if the chained count is not 0, in the bucket of home's
 * number of a segment that is chained behind.
 *
 * Hashes: KCMAP_IMAGE_HASH_FAST: with fold(a, b) = the two halves of the 128-bit
 * product of a and b, exclusive-or: h = seed[0]; for each word i of the key:
 * h = fold(h ^ word, seed[1] + 2 * i); in the end
 * hash = fold(h ^ seed[2], 0x9e3779b97f4a7c15). Otherwise SipHash-2-4 of the padded
 * key, with seed[0] and seed[1] as its key.
 *
 * A live view changes under its reader
 * ------------------------------------
 * The reader takes these steps, each load after the one before (acquire), and begins
 * anew where it says so:
 *
 *   1. word = image.root; from it the depth of the root
 *   2. the root's word, the entry in the leaf, the bucket's state; odd: anew
 *   3. the key and the value, and whatever other buckets say, each with its own
 *      state before and after
 *   4. (acquire fence) the bucket's state again: changed: anew. For a key that was
 *      not found the home bucket's state, after that of all others
 *   5. the entry in the same leaf again: changed: anew
 *   6. image.root again: changed: anew
 *
 * What is found, or not found, was so at one instant between 1 and 6. The words may
 * at any time be those of something else, until 4 to 6 have said that they were not:
 * whatever is computed from them must be bounded by frames. A page that is read may
 * have been given back: it is then zeros. Chained: ask the kernel, by ioctl.
 *
 * A snapshot never changes but by KCMAP_SNAPSHOT_REFRESH, during which nobody may
 * read it. Only what can be reached from its header is part of the image. Frames
 * that are not end in SIGBUS, or show what the map has there now.
 */
#ifndef _UAPI_LINUX_KCMAP_IMAGE_H
#define _UAPI_LINUX_KCMAP_IMAGE_H

#include <linux/types.h>

#define KCMAP_IMAGE_MAGIC 0x47414d4950414d4bULL /* "KMAPIMAG" */
#define KCMAP_IMAGE_VERSION 1

#define KCMAP_IMAGE_PAGE 4096
#define KCMAP_IMAGE_LEAF_BITS 8

/* struct kcmap_image.flags */
#define KCMAP_IMAGE_LIVE (1U << 0) /* a view; else a snapshot */
#define KCMAP_IMAGE_HASH_FAST (1U << 1)
#define KCMAP_IMAGE_XOR (1U << 2) /* how the alternate bucket is found */

/* State of a bucket, from the lowest bit. */
#define KCMAP_IMAGE_STATE_ODD 1ULL /* of the sequence count: being written */
#define KCMAP_IMAGE_STATE_LIVE_SHIFT \
	32 /* a bit for each slot that holds a key */
#define KCMAP_IMAGE_STATE_AWAY (0xffULL << 40) /* away count */
#define KCMAP_IMAGE_STATE_CHAIN (0xffffULL << 48) /* chained count */

/* image.root: from the lowest bit; the rest counts its changes. */
#define KCMAP_IMAGE_ROOT_DEPTH 0xffULL

/**
 * struct kcmap_image_root - a word of the root
 * @frame: number of the leaf
 * @depth: top bits of the hash that all entries of the leaf share
 */
struct kcmap_image_root {
	__u32 frame;
	__u32 depth;
};

/**
 * struct kcmap_image_entry - an entry of a leaf
 * @frame: number of the segment
 * @generation: another one whenever the entry is changed
 */
struct kcmap_image_entry {
	__u32 frame;
	__u32 generation;
};

/**
 * struct kcmap_image - the header, at the start
 * @magic: KCMAP_IMAGE_MAGIC
 * @version: KCMAP_IMAGE_VERSION; another: do not read on
 * @header_size: sizeof(struct kcmap_image) of the module that made it; later ones
 *	may be longer
 * @flags: KCMAP_IMAGE_*
 * @key_size: bytes
 * @value_size: bytes
 * @slot_size: bytes
 * @bucket_size: bytes
 * @bucket_slots: slots in a bucket
 * @page_buckets: buckets in a page of a segment
 * @segment_buckets: buckets in a segment
 * @frame_size: bytes of a frame; a power of two of pages
 * @frames: numbers of frames are below this
 * @map_id: &kcmap_map_info.id
 * @seed: of the hash
 * @size: bytes of the whole; what can be mapped
 * @root_offset: bytes from the start, as the other offsets
 * @links_offset: see above; 0: there are none
 * @frames_offset: see above
 * @entries: snapshot: entries in it, exact; view: 0
 * @epoch: snapshot: number of its cut: greater than that of any cut of this map
 *	before; view: 0
 * @time_ns: snapshot: CLOCK_REALTIME at the cut; view: 0
 * @reserved: 0
 * @root: the root's depth in the low 8 bits; changes whenever the root does
 */
struct kcmap_image {
	__aligned_u64 magic;
	__u32 version;
	__u32 header_size;
	__u32 flags;
	__u32 key_size;
	__u32 value_size;
	__u32 slot_size;
	__u32 bucket_size;
	__u32 bucket_slots;
	__u32 page_buckets;
	__u32 segment_buckets;
	__u32 frame_size;
	__u32 frames;
	__aligned_u64 map_id;
	__aligned_u64 seed[3];
	__aligned_u64 size;
	__aligned_u64 root_offset;
	__aligned_u64 links_offset;
	__aligned_u64 frames_offset;
	__aligned_u64 entries;
	__aligned_u64 epoch;
	__aligned_u64 time_ns;
	__aligned_u64 reserved[6];
	/* In a line of its own: all else is constant. */
	__aligned_u64 root;
	__aligned_u64 reserved2[7];
};

#endif /* _UAPI_LINUX_KCMAP_IMAGE_H */
