// SPDX-License-Identifier: GPL-2.0-only
/* No table: the loops and the making of keys alone, to be subtracted. */
#include <linux/compiler.h>

#include "loop.h"

static int empty_lookup(void *table, u64 *key, u64 *value)
{
	barrier_data(key);
	barrier_data(value);
	return 0;
}

static u64 empty_lookup_bulk(void *table, u64 *keys, u64 *values)
{
	barrier_data(keys);
	barrier_data(values);
	return 0;
}

static int empty_write(void *table, u64 *key, u64 *value)
{
	barrier_data(key);
	barrier_data(value);
	return 0;
}

static int empty_delete(void *table, u64 *key)
{
	barrier_data(key);
	return 0;
}

static void empty_loop(struct bench_thread *thread, u32 bench, u32 nr)
{
	bench_loop(&BENCH_ENGINE(bench_empty), thread, bench, nr);
}

const struct bench_engine BENCH_ENGINE(bench_empty) = {
	.loop = empty_loop,
	.lookup = empty_lookup,
	.lookup_bulk = empty_lookup_bulk,
	.insert = empty_write,
	.update = empty_write,
	.remove = empty_delete,
};
