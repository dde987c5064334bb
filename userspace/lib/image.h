/* SPDX-License-Identifier: MIT */
/* Images as a whole: what snapshots, saved ones and views share. */
#ifndef KCMAP_LIB_IMAGE_H
#define KCMAP_LIB_IMAGE_H

#include <linux/kcmap_image.h>

#include "probe.h"

/**
 * struct kcmap_map_snapshot - a snapshot, or a saved one
 * @probe: for look-ups
 * @header: of the image, as of the last refresh
 * @size: bytes that are mapped
 * @fd: of the snapshot; -1: saved
 */
struct kcmap_map_snapshot {
	struct kcmap_probe probe;
	struct kcmap_image header;
	size_t size;
	int fd;
};

int kcmap_image_check(const void *image, size_t size, bool live,
		      struct kcmap_image *header);
void kcmap_probe_init(struct kcmap_probe *probe, const void *image,
		      const struct kcmap_image *header);

/* Bytes of a segment's pages. */
static inline size_t kcmap_segment_bytes(const struct kcmap_probe *probe)
{
	return ((size_t)probe->segment_buckets + probe->page_buckets - 1) /
	       probe->page_buckets * KCMAP_IMAGE_PAGE;
}

#endif /* KCMAP_LIB_IMAGE_H */
