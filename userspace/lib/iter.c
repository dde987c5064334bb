// SPDX-License-Identifier: MIT
/* All entries of a map, one after another. */
#include <stdbool.h>
#include <stdlib.h>

#include "internal.h"

#define ITER_BATCH_DEFAULT 256
/* Far above what one hash can have in a map that is not under attack. */
#define ITER_BATCH_MAX 1048576

struct kcmap_iter {
	struct kcmap_map *map;
	bool want_values;
	bool end;
	unsigned int capacity;
	unsigned int next;
	unsigned int count;
	__u64 cursor;
	unsigned char *keys;
	unsigned char *values;
};

static int set_capacity(struct kcmap_iter *iter, unsigned int capacity)
{
	unsigned char *p;

	p = reallocarray(iter->keys, capacity, iter->map->key_size);
	if (!p)
		return -ENOMEM;
	iter->keys = p;
	if (iter->want_values) {
		p = reallocarray(iter->values, capacity, iter->map->value_size);
		if (!p)
			return -ENOMEM;
		iter->values = p;
	}
	iter->capacity = capacity;
	return 0;
}

int kcmap_iter_new(struct kcmap_map *map, unsigned int flags,
		   unsigned int batch, struct kcmap_iter **iter)
{
	struct kcmap_iter *it;
	int err;

	if (flags & ~KCMAP_ITER_KEYS || batch > ITER_BATCH_MAX)
		return -EINVAL;
	it = calloc(1, sizeof(*it));
	if (!it)
		return -ENOMEM;
	it->map = map;
	it->want_values = !(flags & KCMAP_ITER_KEYS) && map->value_size;
	err = set_capacity(it, batch ? batch : ITER_BATCH_DEFAULT);
	if (err) {
		kcmap_iter_free(it);
		return err;
	}
	*iter = it;
	return 0;
}

static int refill(struct kcmap_iter *iter)
{
	struct kcmap_scan arg = {
		.size = sizeof(arg),
		.cursor = iter->cursor,
		.keys = kcmap_addr(iter->keys),
		.values = kcmap_addr(iter->values),
		.capacity = iter->capacity,
	};
	int err;

	err = kcmap_ioctl(iter->map->fd, KCMAP_MAP_SCAN, &arg);
	if (err == -EMSGSIZE && arg.count > iter->capacity &&
	    arg.count <= ITER_BATCH_MAX) {
		/* More entries with one hash than there is room for. */
		err = set_capacity(iter, arg.count);
		return err ? err : -EAGAIN;
	}
	if (err)
		return err;
	iter->cursor = arg.cursor;
	iter->end = arg.flags & KCMAP_SCAN_END;
	iter->next = 0;
	iter->count = arg.count;
	return 0;
}

int kcmap_iter_next(struct kcmap_iter *iter, const void **key,
		    const void **value)
{
	size_t i;
	int err;

	while (iter->next == iter->count) {
		if (iter->end)
			return 0;
		err = refill(iter);
		if (err && err != -EAGAIN)
			return err;
	}
	i = iter->next++;
	*key = iter->keys + i * iter->map->key_size;
	if (value && iter->values)
		*value = iter->values + i * iter->map->value_size;
	else if (value)
		*value = NULL;
	return 1;
}

void kcmap_iter_free(struct kcmap_iter *iter)
{
	if (!iter)
		return;
	free(iter->keys);
	free(iter->values);
	free(iter);
}
