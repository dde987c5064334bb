// SPDX-License-Identifier: GPL-2.0-only
/*
 * rhashtable as a careful user would have it: made for the number of entries,
 * the same fast hash as kcmap's, keys compared as words, a line to an object
 * where that has room.
 */
#include <linux/err.h>
#include <linux/prefetch.h>
#include <linux/random.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "../hash.h"
#include "loop.h"

struct rht_object {
	struct rhash_head node;
	u64 key[BENCH_KEY_WORDS];
	u64 value[BENCH_VALUE_WORDS];
	spinlock_t lock; /* of value, against other writers */
	struct rcu_head rcu;
};

static u64 rht_seed[3];

static u32 rht_hash(const void *data, u32 len, u32 seed)
{
	u64 seeds[3] = { rht_seed[0] ^ seed, rht_seed[1], rht_seed[2] };

	return kcmap_hash_fast(seeds, data, BENCH_KEY_WORDS);
}

static __always_inline bool rht_equal(const struct rht_object *object,
				      const u64 *key)
{
	u64 differ = 0;
	unsigned int i;

	for (i = 0; i < BENCH_KEY_WORDS; i++)
		differ |= object->key[i] ^ key[i];
	return !differ;
}

static int rht_compare(struct rhashtable_compare_arg *arg, const void *obj)
{
	return !rht_equal(obj, arg->key);
}

/* Values of several words are read word by word: not atomic, unlike kcmap's. */
static __always_inline void rht_value(const struct rht_object *object,
				      u64 *value)
{
	unsigned int i;

	for (i = 0; i < BENCH_VALUE_WORDS; i++)
		value[i] = READ_ONCE(object->value[i]);
}

static const struct rhashtable_params rht_params = {
	.head_offset = offsetof(struct rht_object, node),
	.key_offset = offsetof(struct rht_object, key),
	.key_len = BENCH_KEY_SIZE,
	.hashfn = rht_hash,
	.obj_cmpfn = rht_compare,
};

static void rht_free(void *object, void *unused)
{
	kfree(object);
}

static void *rht_create(u32 entries, int fd)
{
	struct rhashtable_params params = rht_params;
	struct rhashtable *ht;
	int rc;

	if (!rht_seed[1]) {
		get_random_bytes(rht_seed, sizeof(rht_seed));
		rht_seed[1] |= 1;
	}
	ht = kzalloc(sizeof(*ht), GFP_KERNEL);
	if (!ht)
		return ERR_PTR(-ENOMEM);
	params.nelem_hint = entries;
	rc = rhashtable_init(ht, &params);
	if (rc) {
		kfree(ht);
		return ERR_PTR(rc);
	}
	return ht;
}

static void rht_destroy(void *table)
{
	rhashtable_free_and_destroy(table, rht_free, NULL);
	kfree(table);
}

static int rht_lookup(void *table, u64 *key, u64 *value)
{
	struct rht_object *object;

	rcu_read_lock();
	object = rhashtable_lookup(table, key, rht_params);
	if (object)
		rht_value(object, value);
	rcu_read_unlock();
	return object ? 0 : -ENOENT;
}

/* rhashtable_lookup() from where the bucket is known: no second hash. */
static __always_inline struct rht_object *
rht_find(struct rhashtable *ht, struct bucket_table *tbl,
	 struct rhash_lock_head __rcu *const *bucket, u64 *key)
{
	struct rht_object *object;
	struct rhash_head *head;

	do {
		rht_for_each_rcu_from(head, rht_ptr_rcu(bucket), tbl, 0) {
			object = container_of(head, struct rht_object, node);
			if (rht_equal(object, key))
				return object;
		}
	} while (head != RHT_NULLS_MARKER(bucket));
	/* Perhaps the table is just growing: see __rhashtable_lookup(). */
	smp_rmb();
	if (unlikely(rht_dereference_rcu(tbl->future_tbl, ht)))
		return rhashtable_lookup(ht, key, rht_params);
	return NULL;
}

/* Three passes: hash and bucket, first object, compare. */
static u64 rht_lookup_bulk(void *table, u64 *keys, u64 *values)
{
	struct rhash_lock_head __rcu *const *bucket[BENCH_BULK];
	struct rhashtable *ht = table;
	struct bucket_table *tbl;
	struct rht_object *object;
	unsigned int i;
	u64 found = 0;

	rcu_read_lock();
	tbl = rht_dereference_rcu(ht->tbl, ht);
	for (i = 0; i < BENCH_BULK; i++) {
		bucket[i] = rht_bucket(
			tbl, rht_key_hashfn(ht, tbl, keys + i * BENCH_KEY_WORDS,
					    rht_params));
		prefetch(bucket[i]);
	}
	for (i = 0; i < BENCH_BULK; i++)
		prefetch(rht_ptr_rcu(bucket[i]));
	for (i = 0; i < BENCH_BULK; i++) {
		object = rht_find(ht, tbl, bucket[i],
				  keys + i * BENCH_KEY_WORDS);
		if (!object)
			continue;
		rht_value(object, values + i * BENCH_VALUE_WORDS);
		found |= BIT_ULL(i);
	}
	rcu_read_unlock();
	return found;
}

static int rht_insert(void *table, u64 *key, u64 *value)
{
	struct rht_object *object = kmalloc(sizeof(*object), GFP_ATOMIC);
	int rc;

	if (!object)
		return -ENOMEM;
	memcpy(object->key, key, BENCH_KEY_SIZE);
	memcpy(object->value, value, BENCH_VALUE_SIZE);
	spin_lock_init(&object->lock);
	rc = rhashtable_lookup_insert_fast(table, &object->node, rht_params);
	if (rc)
		kfree(object);
	return rc;
}

static int rht_update(void *table, u64 *key, u64 *value)
{
	struct rht_object *object;
	unsigned int i;

	rcu_read_lock();
	object = rhashtable_lookup(table, key, rht_params);
	if (object) {
		spin_lock(&object->lock);
		for (i = 0; i < BENCH_VALUE_WORDS; i++)
			WRITE_ONCE(object->value[i], value[i]);
		spin_unlock(&object->lock);
	}
	rcu_read_unlock();
	return object ? 0 : -ENOENT;
}

static int rht_delete(void *table, u64 *key)
{
	struct rht_object *object;
	int rc = -ENOENT;

	rcu_read_lock();
	object = rhashtable_lookup(table, key, rht_params);
	if (object)
		rc = rhashtable_remove_fast(table, &object->node, rht_params);
	rcu_read_unlock();
	if (!rc)
		kfree_rcu(object, rcu);
	return rc;
}

static void rht_loop(struct bench_thread *thread, u32 bench, u32 nr)
{
	bench_loop(&BENCH_ENGINE(bench_rhashtable), thread, bench, nr);
}

const struct bench_engine BENCH_ENGINE(bench_rhashtable) = {
	.benches = BENCH_SINGLE_LOOKUPS | BIT(BENCH_LOOKUP_BULK32) |
		   BENCH_WRITES,
	.create = rht_create,
	.destroy = rht_destroy,
	.loop = rht_loop,
	.lookup = rht_lookup,
	.lookup_bulk = rht_lookup_bulk,
	.insert = rht_insert,
	.update = rht_update,
	.remove = rht_delete,
};
