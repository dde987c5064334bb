// SPDX-License-Identifier: MIT
/* Snapshots of a map: take, move to now, give back. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image.h"
#include "internal.h"
#include "walk.h"

static int read_header(struct kcmap_map_snapshot *snapshot, const void *image)
{
	struct kcmap_image header;
	int err;

	err = kcmap_image_check(image, snapshot->size, false, &header);
	if (err)
		return err;
	snapshot->header = header;
	kcmap_probe_init(&snapshot->probe, image, &header);
	return 0;
}

static int map_image(struct kcmap_map_snapshot *snapshot)
{
	void *image;
	int err;

	image = mmap(NULL, snapshot->size, PROT_READ, MAP_SHARED, snapshot->fd,
		     0);
	if (image == MAP_FAILED)
		return -errno;
	err = read_header(snapshot, image);
	if (err)
		munmap(image, snapshot->size);
	return err;
}

int kcmap_snapshot_open(struct kcmap_map *map,
			struct kcmap_map_snapshot **snapshot)
{
	struct kcmap_snapshot arg = { .size = sizeof(arg), .fd = -1 };
	struct kcmap_map_snapshot *s;
	int err;

	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	err = kcmap_ioctl(map->fd, KCMAP_MAP_SNAPSHOT, &arg);
	if (err)
		goto free;
	s->fd = arg.fd;
	s->size = arg.image_size;
	err = s->size == arg.image_size ? map_image(s) : -EFBIG;
	if (err)
		goto close;
	*snapshot = s;
	return 0;
close:
	close(s->fd);
free:
	free(s);
	return err;
}

int kcmap_snapshot_refresh(struct kcmap_map_snapshot *snapshot)
{
	struct kcmap_snapshot arg = { .size = sizeof(arg), .fd = -1 };
	int err;

	if (snapshot->fd < 0)
		return -EINVAL;
	err = kcmap_ioctl(snapshot->fd, KCMAP_SNAPSHOT_REFRESH, &arg);
	if (err)
		return err;
	return read_header(snapshot, snapshot->probe.image);
}

void kcmap_snapshot_close(struct kcmap_map_snapshot *snapshot)
{
	if (!snapshot)
		return;
	munmap((void *)snapshot->probe.image, snapshot->size);
	if (snapshot->fd >= 0)
		close(snapshot->fd);
	free(snapshot);
}

uint64_t kcmap_snapshot_len(const struct kcmap_map_snapshot *snapshot)
{
	return snapshot->header.entries;
}

int kcmap_snapshot_get_info(const struct kcmap_map_snapshot *snapshot,
			    struct kcmap_snapshot_info *info, size_t size)
{
	const struct kcmap_image *header = &snapshot->header;
	struct kcmap_snapshot_info all = {
		.flags = header->flags & KCMAP_IMAGE_HASH_FAST ?
				 KCMAP_F_HASH_FAST :
				 0,
		.saved = snapshot->fd < 0,
		.key_size = header->key_size,
		.value_size = header->value_size,
		.map_id = header->map_id,
		.entries = header->entries,
		.epoch = header->epoch,
		.time_ns = header->time_ns,
		.image_size = header->size,
	};

	if (size < sizeof(info->size) || size > UINT32_MAX)
		return -EINVAL;
	/* The caller's struct may be shorter or longer than ours. */
	all.size = (uint32_t)(size < sizeof(all) ? size : sizeof(all));
	memset(info, 0, size);
	memcpy(info, &all, all.size);
	return 0;
}

void kcmap_snapshot_prefault(const struct kcmap_map_snapshot *snapshot)
{
	kcmap_walk_touch(&snapshot->probe, snapshot->probe.root,
			 kcmap_segment_bytes(&snapshot->probe));
}
