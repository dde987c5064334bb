// SPDX-License-Identifier: MIT
/*
 * The header of an image. All that look-ups go by later is checked here, so that
 * an image from anywhere makes nobody read outside it.
 */
#include "image.h"

#define FLAGS_KNOWN (KCMAP_IMAGE_LIVE | KCMAP_IMAGE_HASH_FAST | KCMAP_IMAGE_XOR)

static bool power_of_two(uint32_t number)
{
	return number && !(number & (number - 1));
}

static uint32_t padded(uint32_t size)
{
	return (size + 7) & ~7U;
}

/* In this order nothing overflows: each number is small once it was checked. */
static bool sizes_good(const struct kcmap_image *header)
{
	uint64_t pages;

	if (!header->key_size || header->key_size > KCMAP_KEY_SIZE_MAX ||
	    header->value_size > KCMAP_VALUE_SIZE_MAX)
		return false;
	if (header->slot_size % 8 || header->slot_size > KCMAP_IMAGE_PAGE ||
	    header->slot_size <
		    padded(header->key_size) + padded(header->value_size))
		return false;
	if (!header->bucket_slots || header->bucket_slots > 8 ||
	    header->bucket_size % 8 || header->bucket_size > KCMAP_IMAGE_PAGE ||
	    header->bucket_size <
		    KCMAP_BUCKET_HEADER +
			    header->bucket_slots * header->slot_size)
		return false;
	if (!header->page_buckets ||
	    header->page_buckets > KCMAP_IMAGE_PAGE / header->bucket_size)
		return false;
	/* The home bucket comes from 16 bits. */
	if (!header->segment_buckets || header->segment_buckets > 0x10000)
		return false;
	if (header->flags & KCMAP_IMAGE_XOR &&
	    (header->segment_buckets < 2 ||
	     !power_of_two(header->segment_buckets)))
		return false;
	pages = ((uint64_t)header->segment_buckets + header->page_buckets - 1) /
		header->page_buckets;
	return power_of_two(header->frame_size) &&
	       header->frame_size >= pages * KCMAP_IMAGE_PAGE;
}

/* Whether @nr things of @each bytes are inside the image at @offset. */
static bool inside(const struct kcmap_image *header, uint64_t offset,
		   uint64_t nr, uint64_t each)
{
	return offset >= header->header_size && offset <= header->size &&
	       nr <= (header->size - offset) / each;
}

static bool parts_good(const struct kcmap_image *header)
{
	unsigned int depth = header->root & KCMAP_IMAGE_ROOT_DEPTH;
	uint64_t slots;

	if (header->root_offset % 8 || header->frames_offset % 8 ||
	    depth > 62 ||
	    !inside(header, header->root_offset, 2ULL << depth, 8) ||
	    !inside(header, header->frames_offset, header->frames,
		    header->frame_size))
		return false;
	if (header->links_offset &&
	    (header->links_offset % 4 ||
	     !inside(header, header->links_offset, header->frames, 4)))
		return false;
	slots = (uint64_t)header->segment_buckets * header->bucket_slots;
	return header->entries <= header->frames * slots;
}

/**
 * kcmap_image_check() - check the header of an image
 * @image: the image
 * @size: bytes of it that can be read
 * @live: whether a view is wanted, or a snapshot
 * @header: result: a copy, which does not change any more
 *
 * Return: 0; -EBADMSG: not an image, or damaged; -EPROTONOSUPPORT: of a version
 * that is not known.
 */
int kcmap_image_check(const void *image, size_t size, bool live,
		      struct kcmap_image *header)
{
	if (size < sizeof(*header))
		return -EBADMSG;
	memcpy(header, image, sizeof(*header));
	if (header->magic != KCMAP_IMAGE_MAGIC)
		return -EBADMSG;
	if (header->version != KCMAP_IMAGE_VERSION ||
	    header->flags & ~FLAGS_KNOWN)
		return -EPROTONOSUPPORT;
	if (!!(header->flags & KCMAP_IMAGE_LIVE) != live ||
	    header->header_size < sizeof(*header) || header->size > size ||
	    !sizes_good(header) || !parts_good(header))
		return -EBADMSG;
	return 0;
}

/* Whether all sizes are those that probe_pair.h has as constants. */
static bool pairs(const struct kcmap_image *header)
{
	return header->key_size == 8 && header->value_size == 8 &&
	       header->slot_size == 16 && header->bucket_slots == 3 &&
	       header->bucket_size == 64 && header->page_buckets == 64 &&
	       header->segment_buckets == 64 &&
	       header->frame_size == KCMAP_IMAGE_PAGE &&
	       header->flags & KCMAP_IMAGE_XOR;
}

/* The largest depth for which there is room up to what follows the root. */
static uint32_t depth_max(const struct kcmap_image *header)
{
	uint64_t end = header->size, words;

	if (header->frames_offset > header->root_offset)
		end = header->frames_offset;
	if (header->links_offset > header->root_offset &&
	    header->links_offset < end)
		end = header->links_offset;
	words = (end - header->root_offset) / 8;
	return words < 2 ? 0 : 62 - (uint32_t)__builtin_clzll(words);
}

/* @header has passed kcmap_image_check(). */
void kcmap_probe_init(struct kcmap_probe *probe, const void *image,
		      const struct kcmap_image *header)
{
	const unsigned char *base = image;

	memset(probe, 0, sizeof(*probe));
	probe->image = image;
	probe->root_word = (const uint64_t *)&probe->image->root;
	probe->roots = (const uint64_t *)(base + header->root_offset);
	probe->frames = base + header->frames_offset;
	if (header->links_offset)
		probe->links = (const uint32_t *)(base + header->links_offset);
	memcpy(probe->seed, header->seed, sizeof(probe->seed));
	probe->root = header->root;
	probe->nr_frames = header->frames;
	probe->depth_max = depth_max(header);
	probe->frame_shift = (uint32_t)__builtin_ctz(header->frame_size);
	probe->flags = header->flags;
	probe->key_size = header->key_size;
	probe->value_size = header->value_size;
	probe->slot_size = header->slot_size;
	probe->bucket_size = header->bucket_size;
	probe->bucket_slots = header->bucket_slots;
	probe->page_buckets = header->page_buckets;
	probe->segment_buckets = header->segment_buckets;
	probe->kind = KCMAP_PROBE_ANY;
	if (pairs(header))
		probe->kind = header->flags & KCMAP_IMAGE_HASH_FAST ?
				      KCMAP_PROBE_PAIR_FAST :
				      KCMAP_PROBE_PAIR_SIP;
}
