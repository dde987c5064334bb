// SPDX-License-Identifier: GPL-2.0-only
#include <linux/random.h>

#include "hash.h"

/**
 * kcmap_hash_init - choose a hash and draw its seed
 * @hash: result
 * @fast: the fast hash in place of SipHash
 *
 * Context: any.
 */
void kcmap_hash_init(struct kcmap_hash *hash, bool fast)
{
	get_random_bytes(hash->seed, sizeof(hash->seed));
	/* An even multiplier would throw bits away; 0 all of them. */
	hash->seed[1] |= 1;
	hash->fast = fast;
}
