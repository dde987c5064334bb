/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The keyed hashes, over keys padded with zeros to 8-byte words. All keys of a
 * table have one length, so that padding makes no two keys equal.
 *
 * SipHash-2-4 is the default: whoever chooses the keys and does not know the
 * seed cannot make them collide. The fast hash multiplies to 128 bits and folds
 * (the step of wyhash and its relatives); the seed enters before each
 * multiplication, so which keys collide depends on it, but it is no defence
 * against somebody who can time look-ups.
 */
#ifndef _KCMAP_HASH_H
#define _KCMAP_HASH_H

#include <linux/siphash.h>
#include <linux/types.h>

/**
 * struct kcmap_hash - a hash function with its seed
 * @sip: seed of SipHash
 * @seed: seed of the fast hash
 * @fast: which of the two
 */
struct kcmap_hash {
	union {
		siphash_key_t sip;
		u64 seed[3];
	};
	bool fast;
};

void kcmap_hash_init(struct kcmap_hash *hash, bool fast);

static __always_inline u64 kcmap_hash_fold(u64 a, u64 b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (u64)product ^ (u64)(product >> 64);
}

static __always_inline u64 kcmap_hash_fast(const u64 seed[3], const u64 *key,
					   unsigned int words)
{
	u64 h = seed[0];
	unsigned int i;

	for (i = 0; i < words; i++)
		h = kcmap_hash_fold(h ^ key[i], seed[1] + 2 * i);
	return kcmap_hash_fold(h ^ seed[2], 0x9e3779b97f4a7c15ULL);
}

/**
 * kcmap_hash_words - hash of a key
 * @hash: function and seed
 * @key: the key, padded with zeros
 * @words: its 8-byte words, at least 1
 *
 * Context: any.
 */
static __always_inline u64 kcmap_hash_words(const struct kcmap_hash *hash,
					    const u64 *key, unsigned int words)
{
	if (hash->fast)
		return kcmap_hash_fast(hash->seed, key, words);
	if (words == 1)
		return siphash_1u64(key[0], &hash->sip);
	return siphash(key, words * sizeof(u64), &hash->sip);
}

#endif /* _KCMAP_HASH_H */
