// SPDX-License-Identifier: MIT
/* A map: open and close it, ask about it, clear it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

int kcmap_map_from_fd(int fd, struct kcmap_map **map)
{
	struct kcmap_map_info info = { .size = sizeof(info) };
	struct kcmap_map *m;
	int err;

	err = kcmap_ioctl(fd, KCMAP_MAP_INFO, &info);
	if (err)
		return err;
	m = malloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->fd = fd;
	m->key_size = info.key_size;
	m->value_size = info.value_size;
	*map = m;
	return 0;
}

int kcmap_map_open(const char *name, int flags, struct kcmap_map **map)
{
	char path[sizeof(KCMAP_DEV_DIR) + KCMAP_NAME_SIZE];
	int err, fd;

	/* Without read permission the sizes could not be asked for. */
	if (flags != O_RDONLY && flags != O_RDWR)
		return -EINVAL;
	if (!kcmap_name_valid(name))
		return -EINVAL;
	snprintf(path, sizeof(path), "%s/%s", KCMAP_DEV_DIR, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = kcmap_map_from_fd(fd, map);
	if (err)
		close(fd);
	return err;
}

void kcmap_map_close(struct kcmap_map *map)
{
	if (!map)
		return;
	close(map->fd);
	free(map);
}

int kcmap_map_fd(const struct kcmap_map *map)
{
	return map->fd;
}

uint32_t kcmap_map_key_size(const struct kcmap_map *map)
{
	return map->key_size;
}

uint32_t kcmap_map_value_size(const struct kcmap_map *map)
{
	return map->value_size;
}

int kcmap_map_get_info(struct kcmap_map *map, struct kcmap_map_info *info,
		       size_t size)
{
	if (size < sizeof(info->size) || size > UINT32_MAX)
		return -EINVAL;
	memset(info, 0, size);
	info->size = (__u32)size;
	return kcmap_ioctl(map->fd, KCMAP_MAP_INFO, info);
}

int kcmap_map_get_stats(struct kcmap_map *map, struct kcmap_stats *stats,
			size_t size)
{
	if (size < sizeof(stats->size) || size > UINT32_MAX)
		return -EINVAL;
	memset(stats, 0, size);
	stats->size = (__u32)size;
	return kcmap_ioctl(map->fd, KCMAP_MAP_STATS, stats);
}

int kcmap_map_clear(struct kcmap_map *map)
{
	struct kcmap_clear clear = { .size = sizeof(clear) };

	return kcmap_ioctl(map->fd, KCMAP_MAP_CLEAR, &clear);
}
