// SPDX-License-Identifier: MIT
/* Many operations in one system call, or in as few as the kernel allows. */
#include <limits.h>

#include "internal.h"

static unsigned int chunk_of(unsigned int left)
{
	return left < KCMAP_SUBMIT_MAX ? left : KCMAP_SUBMIT_MAX;
}

int kcmap_map_submit(struct kcmap_map *map, struct kcmap_op *ops,
		     unsigned int nr, size_t op_size)
{
	unsigned char *base = (unsigned char *)ops;
	unsigned int done = 0;
	int err;

	if (nr > INT_MAX || op_size > UINT32_MAX)
		return -EINVAL;
	while (done < nr) {
		struct kcmap_submit arg = {
			.size = sizeof(arg),
			.nr = chunk_of(nr - done),
			.ops = kcmap_addr(base + done * op_size),
			.op_size = (__u32)op_size,
		};

		err = kcmap_ioctl(map->fd, KCMAP_MAP_SUBMIT, &arg);
		if (err)
			return done ? (int)done : err;
		done += arg.done;
		if (arg.done < arg.nr)
			break;
	}
	return (int)done;
}

static __u64 strided_addr(const void *base, size_t index, size_t size)
{
	return base ? kcmap_addr((const char *)base + index * size) : 0;
}

int kcmap_map_submit_strided(struct kcmap_map *map, enum kcmap_opcode opcode,
			     unsigned int nr, const void *keys,
			     const void *values, void *results,
			     int32_t *statuses)
{
	unsigned int done = 0;
	int err;

	if (nr > INT_MAX)
		return -EINVAL;
	while (done < nr) {
		struct kcmap_submit arg = {
			.size = sizeof(arg),
			.flags = KCMAP_SUBMIT_STRIDED,
			.nr = chunk_of(nr - done),
			.opcode = (__u8)opcode,
			.keys = strided_addr(keys, done, map->key_size),
			.values = strided_addr(values, done, map->value_size),
			.results = strided_addr(results, done, map->value_size),
			.statuses =
				strided_addr(statuses, done, sizeof(*statuses)),
		};

		err = kcmap_ioctl(map->fd, KCMAP_MAP_SUBMIT, &arg);
		if (err)
			return done ? (int)done : err;
		done += arg.done;
		if (arg.done < arg.nr)
			break;
	}
	return (int)done;
}
