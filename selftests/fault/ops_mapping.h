/* SPDX-License-Identifier: GPL-2.0-only */
/* Mappings of maps and snapshots, and their page faults. */
#ifndef OPS_MAPPING_H
#define OPS_MAPPING_H

#include "ops_map.h"

static int mapped_fd(void)
{
	return bed.snapshot >= 0 ? bed.snapshot : bed.map;
}

static void crowded_snapshot(void)
{
	crowded_map();
	bed_snapshot();
}

/* The header alone: its size is what may be mapped, and is the same for all. */
static int map_image(void)
{
	void *at = mmap(NULL, 16 * KCMAP_IMAGE_PAGE, PROT_READ, MAP_SHARED,
			mapped_fd(), 0);

	if (at == MAP_FAILED)
		return -errno;
	bed.image = (struct image){ .at = at, .size = 16 * KCMAP_IMAGE_PAGE };
	return 0;
}

static void check_map_image(int ret)
{
	if (ret)
		CHECK(!bed.image.at);
	else
		CHECK_EQ(image_header(&bed.image)->magic, KCMAP_IMAGE_MAGIC);
	check_contents();
}

/* Not a page of it has been touched. */
static void map_untouched(int fd)
{
	struct image image = image_map(fd);

	bed.image.size = image.size;
	image_unmap(&image);
	bed.image.at = mmap(NULL, bed.image.size, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(bed.image.at != MAP_FAILED);
}

static void untouched_view(void)
{
	bed_map(100000, 8, 8);
	bed_fill(0, 200);
	map_untouched(bed.map);
}

static void untouched_snapshot(void)
{
	crowded_snapshot();
	map_untouched(bed.snapshot);
}

/* All that a look-up of each key goes by, and numbers that have no page. */
static int touch(void)
{
	const struct kcmap_image *header = image_header(&bed.image);
	uint64_t zeros = 0;
	unsigned int i;

	if (header->flags & KCMAP_IMAGE_LIVE)
		for (i = 0; i < 4; i++)
			zeros |= image_load(bed.image.at +
					    header->frames_offset +
					    (header->frames - 1ULL - 32 * i) *
						    header->frame_size);
	else
		zeros = image_load(bed.image.at + header->links_offset) & 0;
	for (i = 0; i < ENTRIES; i++)
		image_lookup(&bed.image, &bed.entry[i].key, NULL);
	return zeros ? -EBADMSG : 0;
}

static void check_touch(int ret)
{
	CHECK_EQ(ret, 0);
	if (bed.snapshot >= 0)
		check_image(&bed.image, bed.snapped);
	else
		check_live();
	check_contents();
}

/* A page of each kind, found in a mapping that is gone. */
static uint64_t pages[3];
static int channel[2];

static void untouched_for_kernel(void)
{
	const struct kcmap_image *header;
	struct image_path path;
	struct image image;

	crowded_snapshot();
	image = image_map(bed.snapshot);
	header = image_header(&image);
	REQUIRE(!image_walk(&image, image_hash(header, &bed.entry[0].key),
			    &path));
	pages[1] = header->links_offset;
	pages[2] = header->frames_offset +
		   (uint64_t)path.segment * header->frame_size;
	image_unmap(&image);
	map_untouched(bed.snapshot);
	REQUIRE(!pipe2(channel, O_CLOEXEC));
}

/* By the kernel for somebody, who gets an errno where a program is made to try again. */
static int touch_by_kernel(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		if (write(channel[1], bed.image.at + pages[i], 64) != 64)
			return -errno;
	return 0;
}

static void check_touch_by_kernel(int ret)
{
	(void)ret;
	close_one(&channel[0]);
	close_one(&channel[1]);
	check_touch(0);
}

#endif /* OPS_MAPPING_H */
