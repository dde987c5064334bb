/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second reader of images, written from <linux/kcmap_image.h> alone, for tests:
 * simple and slow, with a check before each access. libkcmap has the fast one.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <linux/kcmap_image.h>

#include "uapi.h"

#define IMAGE_KEY_WORDS (KCMAP_KEY_SIZE_MAX / 8)

/* A mapping of a map or of a snapshot. */
struct image {
	const uint8_t *at;
	size_t size;
};

static inline const struct kcmap_image *image_header(const struct image *image)
{
	return (const void *)image->at;
}

/* NULL where there is no room for that in the image. */
static inline const void *image_at(const struct image *image, uint64_t offset,
				   uint64_t bytes)
{
	if (offset > image->size || bytes > image->size - offset)
		return NULL;
	return image->at + offset;
}

/* Of any 8 bytes that are aligned: later loads come later. */
static inline uint64_t image_load(const void *word)
{
	return __atomic_load_n((const uint64_t *)word, __ATOMIC_ACQUIRE);
}

/* Maps all that there is, whatever it is. */
static inline struct image image_map(int fd)
{
	const struct kcmap_image *header;
	struct image image = {};

	header = mmap(NULL, KCMAP_IMAGE_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(header != MAP_FAILED);
	CHECK_EQ(header->magic, KCMAP_IMAGE_MAGIC);
	CHECK_EQ(header->version, KCMAP_IMAGE_VERSION);
	CHECK(header->header_size >= sizeof(*header));
	image.size = header->size;
	munmap((void *)header, KCMAP_IMAGE_PAGE);
	image.at = mmap(NULL, image.size, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(image.at != MAP_FAILED);
	return image;
}

static inline void image_unmap(struct image *image)
{
	CHECK_OK(munmap((void *)image->at, image->size));
	image->at = NULL;
}

/* --- Hashes --- */

static inline uint64_t image_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t image_hash_fast(const __u64 *seed, const uint64_t *words,
				       unsigned int nr)
{
	uint64_t h = seed[0];
	unsigned int i;

	for (i = 0; i < nr; i++)
		h = image_fold(h ^ words[i], seed[1] + 2 * i);
	return image_fold(h ^ seed[2], 0x9e3779b97f4a7c15ULL);
}

static inline uint64_t image_rotate(uint64_t word, unsigned int left)
{
	return word << left | word >> (64 - left);
}

static inline void image_sip_rounds(uint64_t v[4], unsigned int nr)
{
	while (nr--) {
		v[0] += v[1];
		v[1] = image_rotate(v[1], 13) ^ v[0];
		v[0] = image_rotate(v[0], 32);
		v[2] += v[3];
		v[3] = image_rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = image_rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = image_rotate(v[1], 17) ^ v[2];
		v[2] = image_rotate(v[2], 32);
	}
}

static inline uint64_t image_hash_sip(const __u64 *seed, const uint64_t *words,
				      unsigned int nr)
{
	uint64_t v[4] = {
		seed[0] ^ 0x736f6d6570736575ULL,
		seed[1] ^ 0x646f72616e646f6dULL,
		seed[0] ^ 0x6c7967656e657261ULL,
		seed[1] ^ 0x7465646279746573ULL,
	};
	unsigned int i;

	for (i = 0; i <= nr; i++) {
		uint64_t word = i < nr ? words[i] : (uint64_t)nr * 8 << 56;

		v[3] ^= word;
		image_sip_rounds(v, 2);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	image_sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static inline uint64_t image_hash(const struct kcmap_image *header,
				  const void *key)
{
	unsigned int nr = (header->key_size + 7) / 8;
	uint64_t words[IMAGE_KEY_WORDS] = {};

	memcpy(words, key, header->key_size);
	if (header->flags & KCMAP_IMAGE_HASH_FAST)
		return image_hash_fast(header->seed, words, nr);
	return image_hash_sip(header->seed, words, nr);
}

/* --- From a hash to a bucket --- */

static inline uint64_t image_top(uint64_t hash, unsigned int bits)
{
	return bits ? hash >> (64 - bits) : 0;
}

static inline unsigned int image_home(const struct kcmap_image *header,
				      uint64_t hash)
{
	return ((hash & 0xffff) * header->segment_buckets) >> 16;
}

static inline unsigned int image_alternate(const struct kcmap_image *header,
					   uint64_t hash)
{
	unsigned int n = header->segment_buckets;
	unsigned int home = image_home(header, hash);

	if (header->flags & KCMAP_IMAGE_XOR)
		return home ^ ((hash >> 16 & (n - 1)) | 1);
	return (home + 1 + (((hash >> 16 & 0xffff) * (n - 1)) >> 16)) % n;
}

static inline uint8_t image_tag(uint64_t hash)
{
	return (hash >> 32 & 0xff) ?: 1;
}

static inline const void *image_frame(const struct image *image,
				      uint32_t number)
{
	const struct kcmap_image *header = image_header(image);

	if (number >= header->frames)
		return NULL;
	return image_at(image,
			header->frames_offset +
				(uint64_t)number * header->frame_size,
			header->frame_size);
}

static inline const uint64_t *image_bucket(const struct image *image,
					   uint32_t frame, unsigned int number)
{
	const struct kcmap_image *header = image_header(image);
	const uint8_t *segment = image_frame(image, frame);
	unsigned int page = number / header->page_buckets;

	if (!segment || number >= header->segment_buckets)
		return NULL;
	return (const void *)(segment + (size_t)page * KCMAP_IMAGE_PAGE +
			      (size_t)(number % header->page_buckets) *
				      header->bucket_size);
}

/* Number of the frame behind one; 0: none. */
static inline uint32_t image_link(const struct image *image, uint32_t frame)
{
	const struct kcmap_image *header = image_header(image);
	const uint32_t *links =
		image_at(image, header->links_offset, header->frames * 4ULL);

	return header->links_offset && links ? links[frame] : 0;
}

/* What a look-up went by, and looks at again. */
struct image_path {
	uint64_t root;
	const uint64_t *entry_at;
	uint64_t entry;
	uint32_t segment;
};

/* Return: 0, or -EBADMSG: it leads out of the image. */
static inline int image_walk(const struct image *image, uint64_t hash,
			     struct image_path *path)
{
	const struct kcmap_image *header = image_header(image);
	const uint64_t *words, *leaf;
	uint64_t word, place;
	unsigned int depth;

	path->root = image_load(&header->root);
	depth = path->root & KCMAP_IMAGE_ROOT_DEPTH;
	if (depth > 24)
		return -EBADMSG;
	words = image_at(image, header->root_offset, 16ULL << depth);
	if (!words)
		return -EBADMSG;
	place = (1ULL << depth) + image_top(hash, depth);
	word = image_load(&words[place]);
	depth = word >> 32;
	leaf = image_frame(image, (uint32_t)word);
	if (!leaf || depth > 24)
		return -EBADMSG;
	path->entry_at = &leaf[image_top(hash << depth, KCMAP_IMAGE_LEAF_BITS)];
	path->entry = image_load(path->entry_at);
	path->segment = path->entry;
	return path->segment < header->frames ? 0 : -EBADMSG;
}

/* --- Look-ups --- */

static inline const uint64_t *image_slot(const struct kcmap_image *header,
					 const uint64_t *bucket,
					 unsigned int slot)
{
	return bucket + 2 + slot * header->slot_size / 8;
}

/* Whether a bucket has a key; its value. */
static inline bool image_find(const struct kcmap_image *header,
			      const uint64_t *bucket, const void *key,
			      uint8_t tag, void *value)
{
	uint64_t tags = image_load(&bucket[1]);
	unsigned int slot;

	for (slot = 0; slot < header->bucket_slots; slot++) {
		const uint8_t *at = (void *)image_slot(header, bucket, slot);

		if ((tags >> (8 * slot) & 0xff) != tag ||
		    memcmp(at, key, header->key_size))
			continue;
		if (value)
			memcpy(value, at + (header->key_size + 7) / 8 * 8,
			       header->value_size);
		return true;
	}
	return false;
}

/* Steps 2 to 4 for one bucket; -EAGAIN: written meanwhile. */
static inline int image_find_whole(const struct image *image,
				   const uint64_t *bucket, const void *key,
				   uint8_t tag, void *value, uint64_t *state)
{
	bool found;

	*state = image_load(bucket);
	if (*state & KCMAP_IMAGE_STATE_ODD)
		return -EAGAIN;
	found = image_find(image_header(image), bucket, key, tag, value);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (image_load(bucket) != *state)
		return -EAGAIN;
	return found ? 0 : -ENOENT;
}

/* Return: 0, -ENOENT, -EAGAIN, -EBADMSG; -EREMOTE: only the kernel knows. */
static inline int image_find_in_segment(const struct image *image,
					uint32_t segment, uint64_t hash,
					const void *key, void *value)
{
	const struct kcmap_image *header = image_header(image);
	uint64_t state, other;
	const uint64_t *home, *alternate;
	uint8_t tag = image_tag(hash);
	int ret;

	home = image_bucket(image, segment, image_home(header, hash));
	alternate = image_bucket(image, segment, image_alternate(header, hash));
	if (!home || !alternate)
		return -EBADMSG;
	ret = image_find_whole(image, home, key, tag, value, &state);
	if (ret == -ENOENT && state & KCMAP_IMAGE_STATE_AWAY)
		ret = image_find_whole(image, alternate, key, tag, value,
				       &other);
	if (ret != -ENOENT)
		return ret;
	while (state & KCMAP_IMAGE_STATE_CHAIN) {
		const uint64_t *chained;

		if (header->flags & KCMAP_IMAGE_LIVE)
			return -EREMOTE;
		segment = image_link(image, segment);
		if (!segment)
			break;
		chained =
			image_bucket(image, segment, image_home(header, hash));
		if (!chained)
			return -EBADMSG;
		if (image_find(header, chained, key, tag, value))
			return 0;
	}
	/* A key that moved meanwhile has changed the home bucket, after that. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return image_load(home) == state ? -ENOENT : -EAGAIN;
}

/* Once, and without a check of what may have changed of a snapshot. */
static inline int image_lookup_once(const struct image *image, const void *key,
				    void *value)
{
	const struct kcmap_image *header = image_header(image);
	uint64_t hash = image_hash(header, key);
	struct image_path path;
	int ret;

	ret = image_walk(image, hash, &path);
	if (ret)
		return ret;
	ret = image_find_in_segment(image, path.segment, hash, key, value);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (image_load(path.entry_at) != path.entry ||
	    image_load(&header->root) != path.root)
		return -EAGAIN;
	return ret;
}

/* Return: 0, -ENOENT, -EREMOTE; what cannot be in a good image fails the test. */
static inline int image_lookup(const struct image *image, const void *key,
			       void *value)
{
	bool live = image_header(image)->flags & KCMAP_IMAGE_LIVE;
	int ret;

	do {
		ret = image_lookup_once(image, key, value);
	} while (live && (ret == -EAGAIN || ret == -EBADMSG));
	CHECK(ret == 0 || ret == -ENOENT || ret == -EREMOTE);
	return ret;
}

/* --- All of a snapshot --- */

typedef void (*image_fn)(const void *key, const void *value, void *ctx);

/* Words that look like an address of the kernel's; tests store none such. */
static inline bool image_is_address(uint64_t word)
{
	return word >> 47 == 0x1ffff;
}

static inline void image_check_zero(const void *from, size_t bytes)
{
	const uint8_t *byte = from;
	size_t i = 0;

	while (i < bytes && !byte[i])
		i++;
	CHECK_EQ(i, bytes);
}

static inline void image_check_words(const void *from, size_t bytes)
{
	const uint64_t *words = from;
	size_t i;

	for (i = 0; i < bytes / 8; i++)
		CHECK(!image_is_address(words[i]));
}

/* A bucket of a snapshot; returns how many entries it has. */
static inline unsigned int
image_each_in_bucket(const struct image *image, const uint64_t *bucket,
		     unsigned int number, bool chained, image_fn fn, void *ctx)
{
	const struct kcmap_image *header = image_header(image);
	uint64_t state = bucket[0], tags = bucket[1];
	unsigned int slot, count = 0;

	/* Nobody was writing at the cut. */
	CHECK(!(state & KCMAP_IMAGE_STATE_ODD));
	for (slot = 0; slot < header->bucket_slots; slot++) {
		const uint8_t *at = (void *)image_slot(header, bucket, slot);
		bool there = state >> (KCMAP_IMAGE_STATE_LIVE_SHIFT + slot) & 1;
		uint64_t hash;

		CHECK_EQ(there, (tags >> (8 * slot) & 0xff) != 0);
		if (!there)
			continue;
		count++;
		hash = image_hash(header, at);
		CHECK_EQ(tags >> (8 * slot) & 0xff, image_tag(hash));
		CHECK(image_home(header, hash) == number ||
		      (!chained && image_alternate(header, hash) == number));
		if (fn)
			fn(at, at + (header->key_size + 7) / 8 * 8, ctx);
	}
	if (header->bucket_slots < 8)
		CHECK_EQ(tags >> (8 * header->bucket_slots), 0);
	slot = 16 + header->bucket_slots * header->slot_size;
	/* The free ones, too: what was deleted may be there, and nothing else. */
	image_check_words(&bucket[2], slot - 16);
	image_check_zero((uint8_t *)bucket + slot, header->bucket_size - slot);
	return count;
}

/* What is behind the last bucket of each page. */
static inline void image_check_segment(const struct image *image,
				       uint32_t number)
{
	const struct kcmap_image *header = image_header(image);
	unsigned int pages = header->segment_buckets / header->page_buckets;
	unsigned int used = header->page_buckets * header->bucket_size, i;
	const uint8_t *at = image_frame(image, number);

	CHECK_EQ(header->segment_buckets % header->page_buckets, 0);
	CHECK_EQ(header->frame_size, pages * KCMAP_IMAGE_PAGE);
	for (i = 0; i < pages; i++, at += KCMAP_IMAGE_PAGE)
		image_check_zero(at + used, KCMAP_IMAGE_PAGE - used);
}

static inline long image_each_in_segment(const struct image *image,
					 uint32_t number, image_fn fn,
					 void *ctx)
{
	const struct kcmap_image *header = image_header(image);
	bool chained = false;
	unsigned int i;
	long count = 0;

	do {
		if (!CHECK(image_frame(image, number)))
			break;
		image_check_segment(image, number);
		for (i = 0; i < header->segment_buckets; i++)
			count += image_each_in_bucket(
				image, image_bucket(image, number, i), i,
				chained, fn, ctx);
		number = image_link(image, number);
		chained = true;
	} while (number);
	return count;
}

static inline long image_each_in_leaf(const struct image *image, uint64_t word,
				      uint32_t *last, image_fn fn, void *ctx)
{
	const uint64_t *leaf = image_frame(image, (uint32_t)word);
	unsigned int i;
	long count = 0;

	if (!CHECK(leaf))
		return 0;
	for (i = 0; i < 1U << KCMAP_IMAGE_LEAF_BITS; i++) {
		/* Entries in a row may say the same segment. */
		if ((uint32_t)leaf[i] == *last)
			continue;
		*last = leaf[i];
		count += image_each_in_segment(image, *last, fn, ctx);
	}
	image_check_words(leaf, KCMAP_IMAGE_PAGE);
	image_check_zero(leaf + i, KCMAP_IMAGE_PAGE - 8 * i);
	return count;
}

/*
 * Calls @fn for each entry of a snapshot, and checks all that there is on the way.
 * Return: entries.
 */
static inline long image_each(const struct image *image, image_fn fn, void *ctx)
{
	const struct kcmap_image *header = image_header(image);
	unsigned int depth = header->root & KCMAP_IMAGE_ROOT_DEPTH;
	const uint64_t *words =
		image_at(image, header->root_offset, 16ULL << depth);
	uint32_t last = UINT32_MAX;
	uint64_t i, step;
	long count = 0;

	REQUIRE(depth <= 24 && words);
	words += 1UL << depth;
	for (i = 0; i < 1UL << depth; i += step) {
		unsigned int leaf = words[i] >> 32;

		REQUIRE(leaf <= depth);
		step = 1UL << (depth - leaf);
		count += image_each_in_leaf(image, words[i], &last, fn, ctx);
	}
	/* But for the seed, which is random. */
	image_check_words((void *)header, offsetof(struct kcmap_image, seed));
	image_check_words(&header->size,
			  offsetof(struct kcmap_image, root) -
				  offsetof(struct kcmap_image, size));
	image_check_zero(header + 1, header->root_offset - sizeof(*header));
	image_check_words(image_at(image, header->root_offset, 0),
			  header->links_offset - header->root_offset);
	return count;
}

/* --- Snapshots --- */

/* A snapshot's descriptor, or a negative errno. */
static inline int snapshot_try(int map, struct kcmap_snapshot *arg)
{
	*arg = (struct kcmap_snapshot){ .size = sizeof(*arg), .fd = -2 };
	return ioctl(map, KCMAP_MAP_SNAPSHOT, arg) ? -errno : arg->fd;
}

static inline int snapshot_create(int map)
{
	struct kcmap_snapshot arg;
	int fd = snapshot_try(map, &arg);

	if (!CHECK(fd >= 0)) {
		tap_diag("... %s", strerrorname_np(-fd));
		exit(1);
	}
	return fd;
}

static inline int snapshot_refresh(int fd)
{
	struct kcmap_snapshot arg = { .size = sizeof(arg) };

	return ioctl(fd, KCMAP_SNAPSHOT_REFRESH, &arg) ? -errno : 0;
}

#endif /* IMAGE_H */
