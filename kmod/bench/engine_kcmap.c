// SPDX-License-Identifier: GPL-2.0-only
/* kcmap, as any module uses it: through what it exports. */
#include <linux/err.h>

#include <kcmap.h>

#include "loop.h"

static void *bench_kcmap_create(u32 entries, int fd)
{
	struct kcmap *map = kcmap_get_fd(fd, true);

	if (IS_ERR(map))
		return map;
	if (kcmap_key_size(map) != BENCH_KEY_SIZE ||
	    kcmap_value_size(map) != BENCH_VALUE_SIZE) {
		kcmap_put(map);
		return ERR_PTR(-EINVAL);
	}
	return map;
}

static void bench_kcmap_destroy(void *table)
{
	kcmap_put(table);
}

static int bench_kcmap_lookup(void *table, u64 *key, u64 *value)
{
	return kcmap_lookup(table, key, value);
}

static u64 bench_kcmap_lookup_bulk(void *table, u64 *keys, u64 *values)
{
	return kcmap_lookup_bulk(table, keys, values, BENCH_BULK);
}

static int bench_kcmap_insert(void *table, u64 *key, u64 *value)
{
	return kcmap_insert(table, key, value);
}

static int bench_kcmap_update(void *table, u64 *key, u64 *value)
{
	return kcmap_update(table, key, value);
}

static int bench_kcmap_delete(void *table, u64 *key)
{
	return kcmap_delete(table, key);
}

static void bench_kcmap_loop(struct bench_thread *thread, u32 bench, u32 nr)
{
	bench_loop(&BENCH_ENGINE(bench_kcmap), thread, bench, nr);
}

const struct bench_engine BENCH_ENGINE(bench_kcmap) = {
	.benches = BENCH_SINGLE_LOOKUPS | BIT(BENCH_LOOKUP_BULK32) |
		   BENCH_WRITES,
	.create = bench_kcmap_create,
	.destroy = bench_kcmap_destroy,
	.loop = bench_kcmap_loop,
	.lookup = bench_kcmap_lookup,
	.lookup_bulk = bench_kcmap_lookup_bulk,
	.insert = bench_kcmap_insert,
	.update = bench_kcmap_update,
	.remove = bench_kcmap_delete,
};
