// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcmap's buckets in one flat array that never grows: what look-ups could cost
 * at best. Filled before it is read, so writers need no care.
 */
#include <linux/err.h>
#include <linux/prefetch.h>
#include <linux/rcupdate.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../hash.h"
#include "../pair.h"
#include "loop.h"

#define FLAT_MOVES_MAX 500

struct flat_table {
	struct kcmap_hash hash;
	u32 buckets;
	void *memory; /* of 64-byte buckets */
};

static __always_inline struct kcmap_bucket *flat_home(struct flat_table *flat,
						      u64 hash)
{
	u64 number = ((hash >> 32) * flat->buckets) >> 32;

	return flat->memory + number * 64;
}

static __always_inline struct kcmap_bucket *
flat_alternate(struct flat_table *flat, u64 hash)
{
	return flat->memory + (((u32)hash * (u64)flat->buckets) >> 32) * 64;
}

static void *flat_create(u32 entries, int fd)
{
	struct flat_table *flat = kzalloc(sizeof(*flat), GFP_KERNEL);

	if (!flat)
		return ERR_PTR(-ENOMEM);
	get_random_bytes(flat->hash.seed, sizeof(flat->hash.seed));
	flat->hash.seed[1] |= 1;
	flat->hash.fast = true;
	/* Two thirds full, about as kcmap is. */
	flat->buckets = entries / 2;
	flat->memory = vzalloc(array_size(flat->buckets, 64));
	if (!flat->memory) {
		kfree(flat);
		return ERR_PTR(-ENOMEM);
	}
	return flat;
}

static void flat_destroy(void *table)
{
	struct flat_table *flat = table;

	vfree(flat->memory);
	kfree(flat);
}

/* Two tags are alike: not the first, then. */
static noinline int flat_search(struct kcmap_bucket *bucket, u64 key,
				u64 *value)
{
	unsigned int i;

	for (i = 0; i < KCMAP_PAIR_SLOTS; i++) {
		if (!(kcmap_state_live(bucket->state) & BIT(i)) ||
		    bucket->words[i * 2] != key)
			continue;
		*value = bucket->words[i * 2 + 1];
		return 0;
	}
	return -ENOENT;
}

static __always_inline int flat_get(struct flat_table *flat, u64 hash, u64 *key,
				    u64 *value)
{
	struct kcmap_bucket *home = flat_home(flat, hash);
	struct kcmap_bucket *alternate = flat_alternate(flat, hash);
	int rc;

	rc = kcmap_pair_lookup(home, alternate, *key, value);
	if (unlikely(!*key)) {
		rc = flat_search(home, *key, value);
		if (rc)
			rc = flat_search(alternate, *key, value);
	}
	return rc;
}

static int flat_lookup(void *table, u64 *key, u64 *value)
{
	struct flat_table *flat = table;
	u64 hash = kcmap_hash_fast(flat->hash.seed, key, 1);
	int rc;

	rcu_read_lock();
	rc = flat_get(flat, hash, key, value);
	rcu_read_unlock();
	return rc;
}

static u64 flat_lookup_bulk(void *table, u64 *keys, u64 *values)
{
	struct flat_table *flat = table;
	u64 hash[BENCH_BULK], found = 0;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < BENCH_BULK; i++) {
		hash[i] = kcmap_hash_fast(flat->hash.seed, &keys[i], 1);
		prefetch(flat_home(flat, hash[i]));
		prefetch(flat_alternate(flat, hash[i]));
	}
	for (i = 0; i < BENCH_BULK; i++)
		if (!flat_get(flat, hash[i], &keys[i], &values[i]))
			found |= BIT_ULL(i);
	rcu_read_unlock();
	return found;
}

static bool flat_put(struct kcmap_bucket *bucket, u64 key, u64 value, u8 tag)
{
	int slot = kcmap_bucket_free_slot(&kcmap_pair_layout, bucket->state);

	if (slot < 0)
		return false;
	bucket->words[slot * 2] = key;
	bucket->words[slot * 2 + 1] = value;
	kcmap_bucket_set_tag(bucket, slot, tag);
	bucket->state |= BIT_ULL(KCMAP_STATE_LIVE_SHIFT + slot);
	return true;
}

/* Home, or alternate, or in place of a guest or a key that then has to move. */
static int flat_insert(void *table, u64 *key, u64 *value)
{
	struct flat_table *flat = table;
	struct kcmap_bucket *home, *bucket = NULL;
	u64 k = *key, v = *value, hash;
	unsigned int i, slot;

	for (i = 0; i < FLAT_MOVES_MAX; i++) {
		hash = kcmap_hash_fast(flat->hash.seed, &k, 1);
		home = flat_home(flat, hash);
		if (flat_put(home, k, v, kcmap_hash_tag(hash)))
			return 0;
		if (flat_put(flat_alternate(flat, hash), k, v,
			     kcmap_hash_tag(hash))) {
			home->state += KCMAP_STATE_AWAY_ONE;
			return 0;
		}
		/* Not back to where it was just taken from. */
		bucket = bucket == home ? flat_alternate(flat, hash) : home;
		if (bucket != home)
			home->state += KCMAP_STATE_AWAY_ONE;
		slot = i % KCMAP_PAIR_SLOTS;
		swap(k, bucket->words[slot * 2]);
		swap(v, bucket->words[slot * 2 + 1]);
		kcmap_bucket_set_tag(bucket, slot, kcmap_hash_tag(hash));
		hash = kcmap_hash_fast(flat->hash.seed, &k, 1);
		home = flat_home(flat, hash);
		if (home != bucket)
			home->state -= KCMAP_STATE_AWAY_ONE;
	}
	return -ENOSPC;
}

static void flat_loop(struct bench_thread *thread, u32 bench, u32 nr)
{
	bench_loop(&bench_flat, thread, bench, nr);
}

const struct bench_engine bench_flat = {
	.benches = BENCH_SINGLE_LOOKUPS | BIT(BENCH_LOOKUP_BULK32),
	.create = flat_create,
	.destroy = flat_destroy,
	.loop = flat_loop,
	.lookup = flat_lookup,
	.lookup_bulk = flat_lookup_bulk,
	.insert = flat_insert,
};
