// SPDX-License-Identifier: MIT
/* One operation on one key. */
#include "internal.h"

static int submit_one(struct kcmap_map *map, struct kcmap_op *op)
{
	int ret;

	ret = kcmap_map_submit(map, op, 1, sizeof(*op));
	if (ret < 0)
		return ret;
	/* An item that was not reached has no status to go by. */
	return ret == 1 ? op->status : -EIO;
}

int kcmap_map_lookup(struct kcmap_map *map, const void *key, void *value)
{
	struct kcmap_op op;

	kcmap_prep_lookup(&op, key, value);
	return submit_one(map, &op);
}

int kcmap_map_insert(struct kcmap_map *map, const void *key, const void *value)
{
	struct kcmap_op op;

	kcmap_prep_insert(&op, key, value);
	return submit_one(map, &op);
}

int kcmap_map_update(struct kcmap_map *map, const void *key, const void *value)
{
	struct kcmap_op op;

	kcmap_prep_update(&op, key, value);
	return submit_one(map, &op);
}

int kcmap_map_upsert(struct kcmap_map *map, const void *key, const void *value)
{
	struct kcmap_op op;

	kcmap_prep_upsert(&op, key, value);
	return submit_one(map, &op);
}

int kcmap_map_delete(struct kcmap_map *map, const void *key)
{
	struct kcmap_op op;

	kcmap_prep_delete(&op, key);
	return submit_one(map, &op);
}

int kcmap_map_take(struct kcmap_map *map, const void *key, void *value)
{
	struct kcmap_op op;

	kcmap_prep_take(&op, key, value);
	return submit_one(map, &op);
}
