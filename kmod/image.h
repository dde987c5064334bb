/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What userspace sees of a table, but for its frames: header and root, as
 * <linux/kcmap_image.h> describes them. A snapshot has its own, filled in its
 * instant; that of the live view is kept as the directory is, once somebody wants it.
 *
 * Pages, in a row as the kernel sees them; the links of a snapshot, between root and
 * frames, are made where they are asked for.
 */
#ifndef _KCMAP_IMAGE_H
#define _KCMAP_IMAGE_H

#include <linux/kcmap_image.h>

#include "layout.h"

struct kcmap_arena;
struct kcmap_directory;
struct kcmap_table;
struct page;

u64 kcmap_image_links_offset(const struct kcmap_layout *layout);
u64 kcmap_image_frames_offset(const struct kcmap_layout *layout);
struct kcmap_image *kcmap_image_alloc(struct kcmap_table *table, u32 flags);
void kcmap_image_free(struct kcmap_image *image,
		      const struct kcmap_layout *layout);
struct page *kcmap_image_page(struct kcmap_image *image, u64 offset);
void kcmap_image_set_root(struct kcmap_image *image,
			  struct kcmap_directory *directory,
			  unsigned long first, unsigned long nr);
void kcmap_view_update(struct kcmap_arena *arena,
		       struct kcmap_directory *directory, unsigned long first,
		       unsigned long nr);

#endif /* _KCMAP_IMAGE_H */
