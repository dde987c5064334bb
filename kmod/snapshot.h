/* SPDX-License-Identifier: GPL-2.0-only */
/* Images of a table: snapshots, and the live view. What they look like to a reader
 * stands in <linux/kcmap_image.h>; here are the pages that mappings show.
 */
#ifndef _KCMAP_SNAPSHOT_H
#define _KCMAP_SNAPSHOT_H

#include <linux/types.h>

#include "arena.h"

struct kcmap_image;
struct kcmap_table;
struct kcmap_table_snapshot;
struct page;

struct kcmap_table_snapshot *kcmap_snapshot_create(struct kcmap_table *table);
int kcmap_snapshot_refresh(struct kcmap_table_snapshot *snapshot);
void kcmap_snapshot_close(struct kcmap_table_snapshot *snapshot);
void kcmap_snapshot_header(const struct kcmap_table_snapshot *snapshot,
			   struct kcmap_image *header);
const struct kcmap_image *
kcmap_snapshot_image(const struct kcmap_table_snapshot *snapshot);
struct kcmap_table *
kcmap_snapshot_table(const struct kcmap_table_snapshot *snapshot);
bool kcmap_snapshot_wants_more(struct kcmap_table_snapshot *snapshot);
struct page *kcmap_snapshot_page(struct kcmap_table_snapshot *snapshot,
				 u64 offset);

int kcmap_view_create(struct kcmap_table *table);
void kcmap_view_free(struct kcmap_table *table);
struct page *kcmap_view_page(struct kcmap_table *table, u64 offset, bool peek);

u64 kcmap_table_image_size(const struct kcmap_table *table);
bool kcmap_table_is_link(const struct kcmap_table *table, u64 offset);
struct kcmap_arena *kcmap_table_arena(struct kcmap_table *table);

#endif /* _KCMAP_SNAPSHOT_H */
