/* SPDX-License-Identifier: MIT */
/*
 * Many keys at once. They go by windows: first all are hashed, then their
 * directory is looked at and their buckets are fetched, then all are compared; so what
 * is missed is under way all at once.
 */
#ifndef KCMAP_LIB_PROBE_BULK_H
#define KCMAP_LIB_PROBE_BULK_H

#include "probe_any.h"
#include "probe_pair.h"

/* Keys under way: about what a CPU can miss at once. */
#define KCMAP_PROBE_WINDOW 32

/*
 * Into the second level of cache: the first has too few places for lines that are
 * under way to take two for each key of a window.
 */
KCMAP_INLINE void kcmap_prefetch_far(const void *line)
{
	__builtin_prefetch(line, 0, 2);
}

/*
 * A window of pairs. Return: whether one of @statuses is KCMAP_PROBE_AGAIN or
 * KCMAP_PROBE_ASK.
 */
KCMAP_INLINE bool kcmap_pair_window(const struct kcmap_probe *probe, bool live,
				    bool fast, unsigned int nr,
				    const unsigned char *keys,
				    unsigned char *values, int32_t *statuses)
{
	const uint64_t *home[KCMAP_PROBE_WINDOW];
	const uint64_t *alternate[KCMAP_PROBE_WINDOW];
	struct kcmap_place place[KCMAP_PROBE_WINDOW];
	uint64_t hash[KCMAP_PROBE_WINDOW];
	bool left = false;
	unsigned int i;
	uint64_t key;

	for (i = 0; i < nr; i++) {
		memcpy(&key, keys + i * 8, sizeof(key));
		hash[i] = kcmap_pair_hash(probe, fast, key);
	}
	for (i = 0; i < nr; i++) {
		home[i] = NULL;
		if (!kcmap_probe_locate(probe, live, KCMAP_PAIR_FRAME_SHIFT,
					hash[i], &place[i]))
			continue;
		home[i] = (const uint64_t *)(place[i].segment +
					     kcmap_pair_home(hash[i]));
		kcmap_prefetch_far(home[i]);
		alternate[i] =
			(const uint64_t *)(place[i].segment +
					   kcmap_pair_alternate(hash[i]));
		kcmap_prefetch_far(alternate[i]);
	}
	for (i = 0; i < nr; i++) {
		memcpy(&key, keys + i * 8, sizeof(key));
		if (KCMAP_UNLIKELY(!home[i] || !key))
			statuses[i] = KCMAP_PROBE_ASK;
		else
			statuses[i] = kcmap_pair_compare(
				probe, live, &place[i], home[i], alternate[i],
				key, values ? values + i * 8 : NULL);
		left |= statuses[i] > 0;
	}
	return left;
}

/* Likewise for keys and values of any size. */
KCMAP_INLINE bool kcmap_any_window(const struct kcmap_probe *probe, bool live,
				   unsigned int nr, const unsigned char *keys,
				   unsigned char *values, int32_t *statuses)
{
	struct kcmap_place place[KCMAP_PROBE_WINDOW];
	uint64_t hash[KCMAP_PROBE_WINDOW];
	uint64_t words[KCMAP_KEY_WORDS_MAX];
	unsigned int i, nr_words;
	bool left = false;

	for (i = 0; i < nr; i++) {
		nr_words = kcmap_any_pack(
			probe, keys + (size_t)i * probe->key_size, words);
		hash[i] = kcmap_any_hash(probe, words, nr_words);
		place[i].segment = NULL;
		if (kcmap_probe_locate(probe, live, probe->frame_shift, hash[i],
				       &place[i]))
			__builtin_prefetch(kcmap_any_bucket(
				probe, place[i].segment,
				kcmap_any_home(probe, hash[i])));
	}
	for (i = 0; i < nr; i++) {
		nr_words = kcmap_any_pack(
			probe, keys + (size_t)i * probe->key_size, words);
		statuses[i] = KCMAP_PROBE_AGAIN;
		if (place[i].segment)
			statuses[i] = kcmap_any_compare(
				probe, live, &place[i], hash[i], words,
				nr_words,
				values ?
					values + (size_t)i * probe->value_size :
					NULL);
		left |= statuses[i] > 0;
	}
	return left;
}

KCMAP_INLINE bool kcmap_probe_window(const struct kcmap_probe *probe, bool live,
				     unsigned int nr, const unsigned char *keys,
				     unsigned char *values, int32_t *statuses)
{
	if (KCMAP_LIKELY(probe->kind == KCMAP_PROBE_PAIR_FAST))
		return kcmap_pair_window(probe, live, true, nr, keys, values,
					 statuses);
	if (probe->kind == KCMAP_PROBE_PAIR_SIP)
		return kcmap_pair_window(probe, live, false, nr, keys, values,
					 statuses);
	return kcmap_any_window(probe, live, nr, keys, values, statuses);
}

/* Looks a key up by which a window was not enough; returns 0 or a negative errno. */
typedef int kcmap_again_fn(const void *reader, const void *key, void *value);

/* Any number of keys, up to INT_MAX. Return: how many were found. */
KCMAP_INLINE int kcmap_probe_bulk(const struct kcmap_probe *probe, bool live,
				  unsigned int nr, const unsigned char *keys,
				  unsigned char *values, int32_t *statuses,
				  kcmap_again_fn *again, const void *reader)
{
	const size_t key_size = probe->key_size;
	const size_t value_size = values ? probe->value_size : 0;
	unsigned int i, window;
	int found = 0;

	for (; nr; nr -= window) {
		window = nr < KCMAP_PROBE_WINDOW ? nr : KCMAP_PROBE_WINDOW;
		if (KCMAP_UNLIKELY(kcmap_probe_window(probe, live, window, keys,
						      values, statuses))) {
			for (i = 0; i < window; i++)
				if (statuses[i] > 0)
					statuses[i] = again(
						reader, keys + i * key_size,
						values ?
							values +
								i * value_size :
							NULL);
		}
		for (i = 0; i < window; i++)
			found += !statuses[i];
		keys += window * key_size;
		if (values)
			values += window * value_size;
		statuses += window;
	}
	return found;
}

#endif /* KCMAP_LIB_PROBE_BULK_H */
