// SPDX-License-Identifier: MIT
/* Look-ups in a snapshot, and all its entries. */
#include <limits.h>

#include "image.h"
#include "internal.h"
#include "probe_bulk.h"
#include "walk.h"

/* A snapshot does not change: what does not hold together now never will. */
static __attribute__((noinline)) int lookup_any(const void *reader,
						const void *key, void *value)
{
	const struct kcmap_map_snapshot *snapshot = reader;
	int rc = kcmap_any_lookup(&snapshot->probe, false, key, value);

	return rc > 0 ? -EBADMSG : rc;
}

/*
 * Each reader by itself, and what is left to another as the last thing: so nothing
 * is kept for it.
 */
static __attribute__((noinline)) int
lookup_sip(const struct kcmap_map_snapshot *snapshot, const void *key,
	   void *value)
{
	int rc = kcmap_pair_lookup(&snapshot->probe, false, false, key, value);

	return KCMAP_LIKELY(rc <= 0) ? rc : lookup_any(snapshot, key, value);
}

int kcmap_snapshot_lookup(const struct kcmap_map_snapshot *snapshot,
			  const void *key, void *value)
{
	const struct kcmap_probe *probe = &snapshot->probe;
	int rc;

	if (KCMAP_UNLIKELY(probe->kind != KCMAP_PROBE_PAIR_FAST))
		return probe->kind == KCMAP_PROBE_PAIR_SIP ?
			       lookup_sip(snapshot, key, value) :
			       lookup_any(snapshot, key, value);
	rc = kcmap_pair_lookup(probe, false, true, key, value);
	return KCMAP_LIKELY(rc <= 0) ? rc : lookup_any(snapshot, key, value);
}

int kcmap_snapshot_lookup_bulk(const struct kcmap_map_snapshot *snapshot,
			       unsigned int nr, const void *keys, void *values,
			       int32_t *statuses)
{
	if (nr > INT_MAX)
		return -EINVAL;
	return kcmap_probe_bulk(&snapshot->probe, false, nr, keys, values,
				statuses, lookup_any, snapshot);
}

static int each_in_bucket(const struct kcmap_probe *probe,
			  const uint64_t *bucket, kcmap_snapshot_fn fn,
			  void *arg)
{
	uint64_t live = kcmap_load(bucket) >> KCMAP_IMAGE_STATE_LIVE_SHIFT;
	const unsigned char *slot;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < probe->bucket_slots && !ret; i++) {
		if (!(live >> i & 1))
			continue;
		slot = (const unsigned char *)kcmap_any_slot(probe, bucket, i);
		ret = fn(slot,
			 probe->value_size ?
				 slot + kcmap_any_words(probe->key_size) * 8 :
				 NULL,
			 arg);
	}
	return ret;
}

int kcmap_snapshot_for_each(const struct kcmap_map_snapshot *snapshot,
			    kcmap_snapshot_fn fn, void *arg)
{
	const struct kcmap_probe *probe = &snapshot->probe;
	const unsigned char *segment;
	struct kcmap_walk walk;
	unsigned int i;
	int ret = 0;

	kcmap_walk_init(&walk, probe, probe->root);
	while (!ret && kcmap_walk_leaf(&walk)) {
		while (!ret && kcmap_walk_segment(&walk)) {
			segment = kcmap_probe_frame(probe, walk.segment,
						    probe->frame_shift);
			for (i = 0; i < probe->segment_buckets && !ret; i++)
				ret = each_in_bucket(
					probe,
					kcmap_any_bucket(probe, segment, i), fn,
					arg);
		}
	}
	return ret;
}
