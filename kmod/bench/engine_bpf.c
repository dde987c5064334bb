// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF's hash maps, made by bpf() and used through the operations that a program
 * calls. A program is under RCU as it starts, so that is entered once for many
 * operations here; the other engines enter it for each, as their users would.
 */
#include <linux/bpf.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "compat.h"
#include "loop.h"

/* bpf_map_get() is in this namespace in newer kernels; no harm in older ones. */
KCMAP_IMPORT_NS(BPF_INTERNAL);

static void *bpf_create(u32 entries, int fd)
{
	struct bpf_map *map = bpf_map_get(fd);

	if (IS_ERR(map))
		return map;
	if (map->key_size != BENCH_KEY_SIZE ||
	    map->value_size != BENCH_VALUE_SIZE ||
	    map->map_type == BPF_MAP_TYPE_ARRAY || !map->ops->map_lookup_elem ||
	    !map->ops->map_update_elem || !map->ops->map_delete_elem) {
		bpf_map_put(map);
		return ERR_PTR(-EINVAL);
	}
	return map;
}

static void bpf_destroy(void *table)
{
	bpf_map_put(table);
}

static int bpf_lookup(void *table, u64 *key, u64 *value)
{
	struct bpf_map *map = table;
	u64 *found = map->ops->map_lookup_elem(map, key);

	unsigned int i;

	if (!found)
		return -ENOENT;
	/* Not atomic where a value has several words. */
	for (i = 0; i < BENCH_VALUE_WORDS; i++)
		value[i] = READ_ONCE(found[i]);
	return 0;
}

static int bpf_insert(void *table, u64 *key, u64 *value)
{
	struct bpf_map *map = table;
	int rc;

	rcu_read_lock();
	rc = map->ops->map_update_elem(map, key, value, BPF_NOEXIST);
	rcu_read_unlock();
	return rc;
}

static int bpf_update(void *table, u64 *key, u64 *value)
{
	struct bpf_map *map = table;

	return map->ops->map_update_elem(map, key, value, BPF_EXIST);
}

static int bpf_delete(void *table, u64 *key)
{
	struct bpf_map *map = table;

	return map->ops->map_delete_elem(map, key);
}

static void bpf_loop(struct bench_thread *thread, u32 bench, u32 nr)
{
	rcu_read_lock();
	bench_loop(&BENCH_ENGINE(bench_bpf_hash), thread, bench, nr);
	rcu_read_unlock();
}

const struct bench_engine BENCH_ENGINE(bench_bpf_hash) = {
	.benches = BENCH_SINGLE_LOOKUPS | BENCH_WRITES,
	.create = bpf_create,
	.destroy = bpf_destroy,
	.loop = bpf_loop,
	.lookup = bpf_lookup,
	.insert = bpf_insert,
	.update = bpf_update,
	.remove = bpf_delete,
};
