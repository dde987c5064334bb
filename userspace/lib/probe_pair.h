/* SPDX-License-Identifier: MIT */
/*
 * Keys and values of 8 bytes, three to a line: what kmod/pair.h is to the kernel.
 * The three keys are compared and the slot selected without a branch; the
 * alternate bucket is fetched beside the home bucket and looked at only where that
 * does not have the key. In free slots is key 0, so which are live need not be
 * looked at; key 0 itself is for probe_any.h, as are chains.
 */
#ifndef KCMAP_LIB_PROBE_PAIR_H
#define KCMAP_LIB_PROBE_PAIR_H

#include "probe.h"

#define KCMAP_PAIR_BUCKETS 64
#define KCMAP_PAIR_BUCKET_SHIFT 6
#define KCMAP_PAIR_FRAME_SHIFT 12

/* Where each bucket is, in bytes: home is bits 15..10 of the hash. */
KCMAP_INLINE unsigned int kcmap_pair_home(uint64_t hash)
{
	return (hash >> 10 & (KCMAP_PAIR_BUCKETS - 1))
	       << KCMAP_PAIR_BUCKET_SHIFT;
}

KCMAP_INLINE unsigned int kcmap_pair_alternate(uint64_t hash)
{
	return kcmap_pair_home(hash) ^
	       ((hash >> 16 & (KCMAP_PAIR_BUCKETS - 1)) | 1)
		       << KCMAP_PAIR_BUCKET_SHIFT;
}

/*
 * Slot 1 to 3, or 0: none has the key. By arithmetic, and hidden from the compiler,
 * which would make branches of it: which slot it is nobody can predict. Two keys that
 * are equal, as a torn bucket may have, are still a slot.
 */
KCMAP_INLINE unsigned int kcmap_pair_match(const uint64_t *bucket, uint64_t key)
{
	unsigned int first = kcmap_load(&bucket[2]) == key;
	unsigned int second = kcmap_load(&bucket[4]) == key;
	unsigned int third = kcmap_load(&bucket[6]) == key;

	__asm__("" : "+r"(first), "+r"(second), "+r"(third));
	return first | second << 1 | third * 3;
}

/* Checked before it is stored: the caller may have key and value in one place. */
KCMAP_INLINE int kcmap_pair_copy(const struct kcmap_probe *probe, bool live,
				 const struct kcmap_place *place,
				 const uint64_t *bucket, uint64_t state,
				 unsigned int slot, void *value)
{
	uint64_t word;

	KCMAP_PROBE_LINGER(KCMAP_MOMENT_MATCH);
	word = kcmap_load(&bucket[2 * slot + 1]);
	if (!kcmap_probe_holds(probe, live, place, bucket, state))
		return KCMAP_PROBE_AGAIN;
	if (value)
		memcpy(value, &word, sizeof(word));
	return 0;
}

/* Not in the home bucket. */
KCMAP_INLINE int kcmap_pair_away(const struct kcmap_probe *probe, bool live,
				 const struct kcmap_place *place,
				 const uint64_t *home, uint64_t home_state,
				 const uint64_t *alternate, uint64_t key,
				 void *value)
{
	uint64_t state = kcmap_probe_state(live, alternate);
	unsigned int slot = kcmap_pair_match(alternate, key);

	if (slot)
		return kcmap_pair_copy(probe, live, place, alternate, state,
				       slot, value);
	if (KCMAP_UNLIKELY(kcmap_probe_torn(live, alternate, state)))
		return KCMAP_PROBE_AGAIN;
	/* A key that moved meanwhile has changed the home bucket, after that. */
	if (!kcmap_probe_holds(probe, live, place, home, home_state))
		return KCMAP_PROBE_AGAIN;
	return home_state & KCMAP_IMAGE_STATE_CHAIN ? KCMAP_PROBE_ASK : -ENOENT;
}

KCMAP_INLINE int kcmap_pair_compare(const struct kcmap_probe *probe, bool live,
				    const struct kcmap_place *place,
				    const uint64_t *home,
				    const uint64_t *alternate, uint64_t key,
				    void *value)
{
	uint64_t state = kcmap_probe_state(live, home);
	unsigned int slot;

	__builtin_prefetch(alternate);
	slot = kcmap_pair_match(home, key);
	if (KCMAP_UNLIKELY(!slot))
		return kcmap_pair_away(probe, live, place, home, state,
				       alternate, key, value);
	return kcmap_pair_copy(probe, live, place, home, state, slot, value);
}

KCMAP_INLINE uint64_t kcmap_pair_hash(const struct kcmap_probe *probe,
				      bool fast, uint64_t key)
{
	return fast ? kcmap_hash_fast(probe->seed, &key, 1) :
		      kcmap_hash_sip(probe->seed, &key, 1);
}

/* Return: 0, -ENOENT, KCMAP_PROBE_AGAIN or KCMAP_PROBE_ASK. */
KCMAP_INLINE int kcmap_pair_lookup(const struct kcmap_probe *probe, bool live,
				   bool fast, const void *key, void *value)
{
	struct kcmap_place place;
	uint64_t word, hash;

	memcpy(&word, key, sizeof(word));
	if (KCMAP_UNLIKELY(!word))
		return KCMAP_PROBE_ASK;
	hash = kcmap_pair_hash(probe, fast, word);
	if (!kcmap_probe_locate(probe, live, KCMAP_PAIR_FRAME_SHIFT, hash,
				&place))
		return KCMAP_PROBE_AGAIN;
	return kcmap_pair_compare(
		probe, live, &place,
		(const uint64_t *)(place.segment + kcmap_pair_home(hash)),
		(const uint64_t *)(place.segment + kcmap_pair_alternate(hash)),
		word, value);
}

#endif /* KCMAP_LIB_PROBE_PAIR_H */
