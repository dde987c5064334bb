/* SPDX-License-Identifier: MIT */
/* Keys and values of any size, chains in a snapshot, and key 0. */
#ifndef KCMAP_LIB_PROBE_ANY_H
#define KCMAP_LIB_PROBE_ANY_H

#include "probe.h"

KCMAP_INLINE unsigned int kcmap_any_words(uint32_t size)
{
	return (size + 7) / 8;
}

/* Bytes of a caller, of any alignment, to words padded with zeros. */
KCMAP_INLINE unsigned int kcmap_any_pack(const struct kcmap_probe *probe,
					 const void *key, uint64_t *words)
{
	unsigned int nr = kcmap_any_words(probe->key_size);

	words[nr - 1] = 0;
	memcpy(words, key, probe->key_size);
	return nr;
}

KCMAP_INLINE uint64_t kcmap_any_hash(const struct kcmap_probe *probe,
				     const uint64_t *words, unsigned int nr)
{
	return probe->flags & KCMAP_IMAGE_HASH_FAST ?
		       kcmap_hash_fast(probe->seed, words, nr) :
		       kcmap_hash_sip(probe->seed, words, nr);
}

KCMAP_INLINE unsigned int kcmap_any_home(const struct kcmap_probe *probe,
					 uint64_t hash)
{
	return (uint32_t)(uint16_t)hash * probe->segment_buckets >> 16;
}

KCMAP_INLINE unsigned int kcmap_any_alternate(const struct kcmap_probe *probe,
					      uint64_t hash)
{
	unsigned int n = probe->segment_buckets;
	unsigned int home = kcmap_any_home(probe, hash);
	unsigned int to;

	if (probe->flags & KCMAP_IMAGE_XOR)
		return home ^ ((hash >> 16 & (n - 1)) | 1);
	to = home + 1 + ((uint32_t)(uint16_t)(hash >> 16) * (n - 1) >> 16);
	return to < n ? to : to - n;
}

KCMAP_INLINE const uint64_t *kcmap_any_bucket(const struct kcmap_probe *probe,
					      const unsigned char *segment,
					      unsigned int number)
{
	/* Most segments are a page: no division for those. */
	if (probe->segment_buckets > probe->page_buckets) {
		segment += (size_t)(number / probe->page_buckets) *
			   KCMAP_IMAGE_PAGE;
		number %= probe->page_buckets;
	}
	return (const uint64_t *)(segment +
				  (size_t)number * probe->bucket_size);
}

KCMAP_INLINE const uint64_t *kcmap_any_slot(const struct kcmap_probe *probe,
					    const uint64_t *bucket,
					    unsigned int slot)
{
	return (const uint64_t *)((const unsigned char *)bucket +
				  KCMAP_BUCKET_HEADER +
				  (size_t)slot * probe->slot_size);
}

/*
 * The tags that are that of @hash: the top bit of the byte of each such slot,
 * exact for each byte (Warren, Hacker's Delight, 6-1). A free slot has tag 0.
 */
KCMAP_INLINE uint64_t kcmap_any_tags(const struct kcmap_probe *probe,
				     uint64_t tags, uint64_t hash)
{
	const uint64_t low = 0x7f7f7f7f7f7f7f7fULL;
	uint64_t tag = hash >> 32 & 0xff;
	uint64_t differ = tags ^ (tag + !tag) * 0x0101010101010101ULL;

	/* A damaged image may have tags where there are no slots. */
	return ~(((differ & low) + low) | differ | low) &
	       ~0ULL >> (64 - 8 * probe->bucket_slots);
}

/* The slot that has the key, or NULL. */
KCMAP_INLINE const uint64_t *
kcmap_any_find(const struct kcmap_probe *probe, const uint64_t *bucket,
	       uint64_t hash, const uint64_t *words, unsigned int nr)
{
	uint64_t match, differ;
	const uint64_t *slot;
	unsigned int i;

	match = kcmap_any_tags(probe, kcmap_load(&bucket[1]), hash);
	for (; match; match &= match - 1) {
		slot = kcmap_any_slot(probe, bucket,
				      (unsigned int)__builtin_ctzll(match) / 8);
		differ = 0;
		for (i = 0; i < nr; i++)
			differ |= kcmap_load(&slot[i]) ^ words[i];
		if (KCMAP_LIKELY(!differ))
			return slot;
	}
	return NULL;
}

KCMAP_INLINE void kcmap_any_copy(const struct kcmap_probe *probe,
				 const uint64_t *slot, void *value)
{
	const uint64_t *from = slot + kcmap_any_words(probe->key_size);
	uint32_t i, words = probe->value_size / 8;
	unsigned char *to = value;
	uint64_t word;

	for (i = 0; i < words; i++) {
		word = kcmap_load(&from[i]);
		memcpy(to + (size_t)i * 8, &word, 8);
	}
	if (probe->value_size % 8) {
		word = kcmap_load(&from[i]);
		memcpy(to + (size_t)i * 8, &word, probe->value_size % 8);
	}
}

/* -ENOENT: not in this bucket, if @state still holds. */
KCMAP_INLINE int kcmap_any_read(const struct kcmap_probe *probe, bool live,
				const struct kcmap_place *place,
				const uint64_t *bucket, uint64_t state,
				uint64_t hash, const uint64_t *words,
				unsigned int nr, void *value)
{
	const uint64_t *slot = kcmap_any_find(probe, bucket, hash, words, nr);

	if (!slot)
		return -ENOENT;
	KCMAP_PROBE_LINGER(KCMAP_MOMENT_MATCH);
	if (value)
		kcmap_any_copy(probe, slot, value);
	return kcmap_probe_holds(probe, live, place, bucket, state) ?
		       0 :
		       KCMAP_PROBE_AGAIN;
}

/* In a snapshot: the segments chained behind one. No more than there are. */
KCMAP_INLINE int kcmap_any_chain(const struct kcmap_probe *probe,
				 const struct kcmap_place *place, uint64_t hash,
				 const uint64_t *words, unsigned int nr,
				 void *value)
{
	uint32_t frame = kcmap_entry_frame(place->entry);
	const uint64_t *bucket;
	uint32_t left;

	if (!probe->links)
		return KCMAP_PROBE_AGAIN;
	for (left = probe->nr_frames; left; left--) {
		frame = __atomic_load_n(&probe->links[frame], __ATOMIC_RELAXED);
		if (!frame)
			return -ENOENT;
		if (frame >= probe->nr_frames)
			break;
		bucket = kcmap_any_bucket(probe,
					  kcmap_probe_frame(probe, frame,
							    probe->frame_shift),
					  kcmap_any_home(probe, hash));
		if (!kcmap_any_read(probe, false, place, bucket, 0, hash, words,
				    nr, value))
			return 0;
	}
	return KCMAP_PROBE_AGAIN;
}

KCMAP_INLINE int kcmap_any_compare(const struct kcmap_probe *probe, bool live,
				   const struct kcmap_place *place,
				   uint64_t hash, const uint64_t *words,
				   unsigned int nr, void *value)
{
	const uint64_t *home, *alternate;
	uint64_t home_state, state;
	int rc;

	home = kcmap_any_bucket(probe, place->segment,
				kcmap_any_home(probe, hash));
	home_state = kcmap_probe_state(live, home);
	rc = kcmap_any_read(probe, live, place, home, home_state, hash, words,
			    nr, value);
	if (rc != -ENOENT)
		return rc;
	if (home_state & KCMAP_IMAGE_STATE_AWAY) {
		alternate = kcmap_any_bucket(probe, place->segment,
					     kcmap_any_alternate(probe, hash));
		state = kcmap_probe_state(live, alternate);
		rc = kcmap_any_read(probe, live, place, alternate, state, hash,
				    words, nr, value);
		if (rc != -ENOENT)
			return rc;
		if (kcmap_probe_torn(live, alternate, state))
			return KCMAP_PROBE_AGAIN;
	}
	/* After all others: a key that moved meanwhile has changed its home. */
	if (!kcmap_probe_holds(probe, live, place, home, home_state))
		return KCMAP_PROBE_AGAIN;
	if (!(home_state & KCMAP_IMAGE_STATE_CHAIN))
		return -ENOENT;
	return live ? KCMAP_PROBE_ASK :
		      kcmap_any_chain(probe, place, hash, words, nr, value);
}

/* Return: 0, -ENOENT, KCMAP_PROBE_AGAIN or KCMAP_PROBE_ASK. */
KCMAP_INLINE int kcmap_any_lookup(const struct kcmap_probe *probe, bool live,
				  const void *key, void *value)
{
	uint64_t words[KCMAP_KEY_WORDS_MAX], hash;
	struct kcmap_place place;
	unsigned int nr;

	nr = kcmap_any_pack(probe, key, words);
	hash = kcmap_any_hash(probe, words, nr);
	if (!kcmap_probe_locate(probe, live, probe->frame_shift, hash, &place))
		return KCMAP_PROBE_AGAIN;
	return kcmap_any_compare(probe, live, &place, hash, words, nr, value);
}

#endif /* KCMAP_LIB_PROBE_ANY_H */
