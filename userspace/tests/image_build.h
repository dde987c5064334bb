/* SPDX-License-Identifier: MIT */
/*
 * Images of hash tables for the tests, made as <linux/kcmap_image.h> says and not
 * with the library's own code; all that they share is the hash.
 */
#ifndef KCMAP_TESTS_IMAGE_BUILD_H
#define KCMAP_TESTS_IMAGE_BUILD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kcmap_image.h>

#include "hash.h"

#define LEAF_SEGMENTS 4 /* of 128, 64, 32 and 32 entries */

/**
 * struct shape - what an image is to be like
 * @name: in the results
 * @key_size: bytes
 * @value_size: bytes
 * @slot_size: bytes
 * @bucket_size: bytes
 * @bucket_slots: slots in a bucket
 * @page_buckets: buckets in a page
 * @segment_buckets: buckets in a segment
 * @frame_size: bytes
 * @flags: KCMAP_IMAGE_*
 * @depth: of the root; half of it is one leaf, and so on
 * @entries: keys up to this, exclusive
 * @first: and from this on
 */
struct shape {
	const char *name;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t slot_size;
	uint32_t bucket_size;
	uint32_t bucket_slots;
	uint32_t page_buckets;
	uint32_t segment_buckets;
	uint32_t frame_size;
	uint32_t flags;
	unsigned int depth;
	uint32_t entries;
	uint32_t first;
};

/**
 * struct image - an image, and the file that it is in
 * @shape: what it is like
 * @fd: a memfd
 * @base: the whole file, writable
 * @header: the same
 * @next: frames that were given out
 */
struct image {
	const struct shape *shape;
	int fd;
	unsigned char *base;
	struct kcmap_image *header;
	uint32_t next;
};

#define PAIR_SIZES 8, 8, 16, 64, 3, 64, 64, 4096

static const struct shape shapes[] = {
	{ "8+8, fast", PAIR_SIZES, KCMAP_IMAGE_XOR | KCMAP_IMAGE_HASH_FAST, 0,
	  300, 0 },
	{ "8+8, fast, without key 0", PAIR_SIZES,
	  KCMAP_IMAGE_XOR | KCMAP_IMAGE_HASH_FAST, 0, 50, 1 },
	{ "8+8, SipHash, depth 3", PAIR_SIZES, KCMAP_IMAGE_XOR, 3, 1400, 0 },
	{ "8+8, fast, chains", PAIR_SIZES,
	  KCMAP_IMAGE_XOR | KCMAP_IMAGE_HASH_FAST, 1, 6000, 0 },
	{ "4+1", 4, 1, 16, 64, 3, 64, 64, 4096, 0, 2, 1200, 0 },
	{ "40+32, fast", 40, 32, 72, 384, 5, 10, 10, 4096,
	  KCMAP_IMAGE_HASH_FAST, 1, 220, 0 },
	{ "128+1024, segments of 16 pages", 128, 1024, 1152, 1216, 1, 3, 48,
	  65536, 0, 1, 260, 0 },
	{ "1+0", 1, 0, 8, 64, 6, 64, 64, 4096, KCMAP_IMAGE_HASH_FAST, 0, 200,
	  0 },
};

static inline bool has_key(const struct shape *shape, uint32_t number)
{
	return number >= shape->first && number < shape->entries;
}

static inline void make_key(const struct shape *shape, uint32_t number,
			    void *key)
{
	memset(key, number ? 0x5a : 0, shape->key_size);
	memcpy(key, &number, shape->key_size < 4 ? shape->key_size : 4);
}

static inline void make_value(const struct shape *shape, uint32_t number,
			      void *value)
{
	unsigned char *p = value;
	uint32_t i;

	for (i = 0; i < shape->value_size; i++)
		p[i] = (unsigned char)(number * 7 + (number >> 8) + i + 1);
}

/* Frames are given out in no order, and others in between are garbage. */
static inline uint32_t image_frame(struct image *image)
{
	uint32_t frames = image->header->frames;
	uint32_t number = (uint32_t)((image->next++ * 7ULL + 3) % frames);

	if (image->next > frames / 2)
		abort();
	memset(image->base + image->header->frames_offset +
		       (size_t)number * image->header->frame_size,
	       0, image->header->frame_size);
	return number;
}

static inline void *frame_at(struct image *image, uint32_t number)
{
	return image->base + image->header->frames_offset +
	       (size_t)number * image->header->frame_size;
}

static inline uint32_t *link_of(struct image *image, uint32_t number)
{
	return (uint32_t *)(image->base + image->header->links_offset) + number;
}

static inline uint64_t hash_of(const struct image *image, const void *key)
{
	uint32_t size = image->shape->key_size;
	uint64_t words[16] = { 0 }, seed[3];

	memcpy(seed, image->header->seed, sizeof(seed));
	memcpy(words, key, size);
	if (image->shape->flags & KCMAP_IMAGE_HASH_FAST)
		return kcmap_hash_fast(seed, words, (size + 7) / 8);
	return kcmap_hash_sip(seed, words, (size + 7) / 8);
}

static inline uint64_t top_bits(uint64_t hash, unsigned int bits)
{
	return bits ? hash >> (64 - bits) : 0;
}

static inline struct kcmap_image_root *root_word(struct image *image,
						 uint64_t hash)
{
	unsigned int depth = image->header->root & KCMAP_IMAGE_ROOT_DEPTH;
	struct kcmap_image_root *words =
		(void *)(image->base + image->header->root_offset);

	return &words[(1ULL << depth) + top_bits(hash, depth)];
}

static inline struct kcmap_image_entry *leaf_entry(struct image *image,
						   uint64_t hash)
{
	const struct kcmap_image_root *root = root_word(image, hash);
	struct kcmap_image_entry *leaf = frame_at(image, root->frame);

	return &leaf[top_bits(hash << root->depth, 8)];
}

static inline uint64_t *bucket_at(struct image *image, uint32_t frame,
				  uint32_t bucket)
{
	const struct shape *shape = image->shape;
	unsigned char *segment = frame_at(image, frame);

	return (uint64_t *)(segment +
			    (size_t)(bucket / shape->page_buckets) * 4096 +
			    (size_t)(bucket % shape->page_buckets) *
				    shape->bucket_size);
}

static inline uint32_t home_of(const struct shape *shape, uint64_t hash)
{
	return (uint32_t)(((hash & 0xffff) * shape->segment_buckets) >> 16);
}

static inline uint32_t alternate_of(const struct shape *shape, uint64_t hash)
{
	uint64_t n = shape->segment_buckets, home = home_of(shape, hash);

	if (shape->flags & KCMAP_IMAGE_XOR)
		return (uint32_t)(home ^ (((hash >> 16) & (n - 1)) | 1));
	return (uint32_t)((home + 1 +
			   ((((hash >> 16) & 0xffff) * (n - 1)) >> 16)) %
			  n);
}

/* Whether there was a free slot. */
static inline bool bucket_add(struct image *image, uint64_t *bucket,
			      uint32_t number)
{
	const struct shape *shape = image->shape;
	unsigned char key[128], *slot;
	uint64_t hash, tag;
	uint32_t i;

	for (i = 0; i < shape->bucket_slots; i++) {
		if (bucket[0] >> (KCMAP_IMAGE_STATE_LIVE_SHIFT + i) & 1)
			continue;
		make_key(shape, number, key);
		hash = hash_of(image, key);
		tag = hash >> 32 & 0xff;
		if (!tag)
			tag = 1;
		bucket[0] += 2;
		bucket[0] |= 1ULL << (KCMAP_IMAGE_STATE_LIVE_SHIFT + i);
		bucket[1] |= tag << (i * 8);
		slot = (unsigned char *)bucket + 16 + i * shape->slot_size;
		memcpy(slot, key, shape->key_size);
		make_value(shape, number, slot + (shape->key_size + 7) / 8 * 8);
		return true;
	}
	return false;
}

static inline void image_chain(struct image *image, uint32_t frame,
			       uint32_t home, uint32_t number)
{
	for (;;) {
		if (!*link_of(image, frame))
			*link_of(image, frame) = image_frame(image);
		frame = *link_of(image, frame);
		if (bucket_add(image, bucket_at(image, frame, home), number))
			return;
	}
}

static inline void image_insert(struct image *image, uint32_t number)
{
	const struct shape *shape = image->shape;
	uint64_t hash, *home, *alternate;
	unsigned char key[128];
	uint32_t frame;

	make_key(shape, number, key);
	hash = hash_of(image, key);
	frame = leaf_entry(image, hash)->frame;
	home = bucket_at(image, frame, home_of(shape, hash));
	alternate = bucket_at(image, frame, alternate_of(shape, hash));
	if (bucket_add(image, home, number))
		return;
	if (bucket_add(image, alternate, number)) {
		home[0] += 1ULL << 40;
		return;
	}
	home[0] += 1ULL << 48;
	image_chain(image, frame, home_of(shape, hash), number);
}

static inline uint32_t image_leaf(struct image *image)
{
	static const unsigned int rows[LEAF_SEGMENTS] = { 128, 64, 32, 32 };
	uint32_t number = image_frame(image), segment;
	struct kcmap_image_entry *leaf = frame_at(image, number);
	unsigned int row, i, at = 0;

	for (row = 0; row < LEAF_SEGMENTS; row++) {
		segment = image_frame(image);
		for (i = 0; i < rows[row]; i++) {
			leaf[at].frame = segment;
			leaf[at++].generation = 0x1234 + row;
		}
	}
	return number;
}

/* Half of what is left is one leaf, and so on: leaves of depth 1, 2, ... */
static inline void image_directory(struct image *image)
{
	unsigned int depth = image->shape->depth, at = 0, row, i;
	struct kcmap_image_root *words =
		(void *)(image->base + image->header->root_offset);
	uint32_t leaf;

	for (; at < 1U << depth; at += row) {
		row = ((1U << depth) - at + 1) / 2;
		leaf = image_leaf(image);
		for (i = 0; i < row; i++) {
			words[(1U << depth) + at + i].frame = leaf;
			words[(1U << depth) + at + i].depth =
				depth - (unsigned int)__builtin_ctz(row);
		}
	}
}

static inline void image_header(struct image *image, uint32_t frames)
{
	const struct shape *shape = image->shape;
	struct kcmap_image *header = image->header;

	header->magic = KCMAP_IMAGE_MAGIC;
	header->version = KCMAP_IMAGE_VERSION;
	header->header_size = sizeof(*header);
	header->flags = shape->flags;
	header->key_size = shape->key_size;
	header->value_size = shape->value_size;
	header->slot_size = shape->slot_size;
	header->bucket_size = shape->bucket_size;
	header->bucket_slots = shape->bucket_slots;
	header->page_buckets = shape->page_buckets;
	header->segment_buckets = shape->segment_buckets;
	header->frame_size = shape->frame_size;
	header->frames = frames;
	header->map_id = 77;
	header->seed[0] = 0x0123456789abcdefULL;
	header->seed[1] = 0xfedcba9876543211ULL;
	header->seed[2] = 0x0f1e2d3c4b5a6978ULL;
	header->root_offset = 4096;
	header->links_offset = 4096 * 2;
	header->frames_offset = 4096 * 4;
	header->size =
		header->frames_offset + (uint64_t)frames * shape->frame_size;
	header->entries = shape->entries - shape->first;
	header->epoch = 9;
	header->time_ns = 1763900000123456789ULL;
	header->root = 0x700 | shape->depth;
}

static inline void image_build(struct image *image, const struct shape *shape)
{
	/* No multiple of 7, for image_frame(). */
	uint32_t frames = 200, i;
	size_t size = 4096 * 4 + (size_t)frames * shape->frame_size;

	memset(image, 0, sizeof(*image));
	image->shape = shape;
	image->fd = memfd_create("image", MFD_CLOEXEC);
	if (image->fd < 0 || ftruncate(image->fd, (off_t)size))
		abort();
	image->base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			   image->fd, 0);
	if (image->base == MAP_FAILED)
		abort();
	image->header = (struct kcmap_image *)image->base;
	image_header(image, frames);
	memset(image->base + image->header->frames_offset, 0xa5,
	       (size_t)frames * shape->frame_size);
	image_directory(image);
	for (i = shape->first; i < shape->entries; i++)
		image_insert(image, i);
}

static inline void image_free(struct image *image)
{
	munmap(image->base, 4096 * 4 + (size_t)200 * image->shape->frame_size);
	close(image->fd);
}

#endif /* KCMAP_TESTS_IMAGE_BUILD_H */
