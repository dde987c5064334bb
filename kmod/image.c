// SPDX-License-Identifier: GPL-2.0-only
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "fault.h"
#include "image.h"
#include "table_internal.h"

/*
 * Bytes of header and root: roots of all depths, one behind the other, so that most
 * have theirs in the page of the header.
 */
static u64 head_bytes(const struct kcmap_layout *layout)
{
	int depth = max(0, layout->depth - KCMAP_LEAF_BITS);

	return sizeof(struct kcmap_image) + (2ULL << depth) * sizeof(u64);
}

/**
 * kcmap_image_links_offset - where the links are in a mapping
 * @layout: layout of the table
 *
 * Context: any.
 * Return: bytes.
 */
u64 kcmap_image_links_offset(const struct kcmap_layout *layout)
{
	return PAGE_ALIGN(head_bytes(layout));
}

/**
 * kcmap_image_frames_offset - where the frames are in a mapping
 * @layout: layout of the table
 *
 * Context: any.
 * Return: bytes.
 */
u64 kcmap_image_frames_offset(const struct kcmap_layout *layout)
{
	return kcmap_image_links_offset(layout) +
	       PAGE_ALIGN((u64)kcmap_arena_limit(layout) * sizeof(u32));
}

/* Up to this, pages in a row are had sooner than they are mapped in a row. */
#define IMAGE_PAGES_MAX (4 * PAGE_SIZE)

static void *head_alloc(size_t size)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO;
	void *head = NULL;

	if (kcmap_fault())
		return NULL;
	if (size <= IMAGE_PAGES_MAX)
		head = alloc_pages_exact(size, gfp | __GFP_NOWARN);
	return head ?: __vmalloc(size, gfp);
}

/**
 * kcmap_image_free - free an image
 * @image: the image, or NULL; mapped nowhere
 * @layout: layout of its table
 *
 * Context: process, may sleep.
 */
void kcmap_image_free(struct kcmap_image *image,
		      const struct kcmap_layout *layout)
{
	if (!image)
		return;
	if (is_vmalloc_addr(image))
		vfree(image);
	else
		free_pages_exact(image, kcmap_image_links_offset(layout));
}

/**
 * kcmap_image_page - a page of an image, but for links and frames
 * @image: the image
 * @offset: bytes from its start
 *
 * Context: any.
 */
struct page *kcmap_image_page(struct kcmap_image *image, u64 offset)
{
	void *address = (void *)image + offset;

	return is_vmalloc_addr(address) ? vmalloc_to_page(address) :
					  virt_to_page(address);
}

/**
 * kcmap_image_alloc - make an image of a table, all but its root
 * @table: the table
 * @flags: KCMAP_IMAGE_LIVE or 0
 *
 * Context: process, may sleep.
 * Return: the image, or NULL; kcmap_image_free() frees it.
 */
struct kcmap_image *kcmap_image_alloc(struct kcmap_table *table, u32 flags)
{
	const struct kcmap_layout *layout = &table->layout;
	struct kcmap_image *image;

	BUILD_BUG_ON(KCMAP_IMAGE_LEAF_BITS != KCMAP_LEAF_BITS);
	BUILD_BUG_ON(sizeof(*image) != 256 ||
		     offsetof(struct kcmap_image, root) != 192);
	image = head_alloc(kcmap_image_links_offset(layout));
	if (!image)
		return NULL;
	*image = (struct kcmap_image){
		.magic = KCMAP_IMAGE_MAGIC,
		.version = KCMAP_IMAGE_VERSION,
		.header_size = sizeof(*image),
		.flags = flags,
		.key_size = layout->key_size,
		.value_size = layout->value_size,
		.slot_size = layout->slot_words * sizeof(u64),
		.bucket_size = layout->bucket_size,
		.bucket_slots = layout->bucket_slots,
		.page_buckets = layout->page_buckets,
		.segment_buckets = kcmap_layout_buckets(layout),
		.frame_size = PAGE_SIZE << layout->page_bits,
		.frames = kcmap_arena_limit(layout),
		.map_id = table->params.id,
		.root_offset = sizeof(*image),
		.frames_offset = kcmap_image_frames_offset(layout),
	};
	image->size =
		image->frames_offset + (u64)image->frames * image->frame_size;
	if (!(flags & KCMAP_IMAGE_LIVE))
		image->links_offset = kcmap_image_links_offset(layout);
	if (layout->word_to_word)
		image->flags |= KCMAP_IMAGE_XOR;
	if (table->hash.fast) {
		image->flags |= KCMAP_IMAGE_HASH_FAST;
		memcpy(image->seed, table->hash.seed, sizeof(image->seed));
	} else {
		memcpy(image->seed, &table->hash.sip, sizeof(table->hash.sip));
	}
	return image;
}

/**
 * kcmap_image_set_root - have an image say what the directory says
 * @image: the image
 * @directory: the directory
 * @first: first place that is to be set
 * @nr: how many places
 *
 * Context: contents->lock, or inside the gate by its keeper.
 */
void kcmap_image_set_root(struct kcmap_image *image,
			  struct kcmap_directory *directory,
			  unsigned long first, unsigned long nr)
{
	u64 *words = (void *)image + image->root_offset;
	u64 count = image->root & ~KCMAP_IMAGE_ROOT_DEPTH;
	unsigned long i;

	words += 1UL << directory->depth;
	for (i = first; i < first + nr; i++)
		/* The leaf's image before the word by which it is found. */
		smp_store_release(&words[i],
				  kcmap_directory_image(directory)[i]);
	/*
	 * Afterwards, and before the leaf that was there is changed or used again:
	 * whoever goes by the old word finds that out when it looks at this last.
	 */
	smp_store_release(&image->root, count + KCMAP_IMAGE_ROOT_DEPTH + 1 +
						directory->depth);
}

/**
 * kcmap_view_update - the root of a table has changed
 * @arena: the table's arena
 * @directory: the root
 * @first: first place that has changed
 * @nr: how many places
 *
 * Context: contents->lock inside the gate, or inside the gate by its keeper.
 */
void kcmap_view_update(struct kcmap_arena *arena,
		       struct kcmap_directory *directory, unsigned long first,
		       unsigned long nr)
{
	if (!arena->view)
		return;
	kcmap_image_set_root(arena->view, directory, first, nr);
	/* The new word before entries of the new leaves. */
	smp_wmb();
}
