/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables to time: real pages behind a directory of pointers, in huge pages as
 * the kernel's linear mapping is. A bucket is a header, its keys, its values.
 */
#ifndef BUCKET_REAL_H
#define BUCKET_REAL_H

#include <linux/types.h>

#include "bucket_schemes.h"
#include "bucket_util.h"

struct header {
	__u32 seq;
	__u32 unused;
	union {
		__u8 away[HINTS];
		__u64 away_any;
	};
};

struct real {
	void **pages; /* one a segment */
	unsigned int segments;
	__u32 entries; /* ids 0 .. entries - 1 are stored; refused: the rest */
	__u32 refused;
	double hit_reads; /* buckets that a hit reads, on average */
	void *arena;
	size_t arena_size;
};

static inline __u64 id_key(__u64 id)
{
	return mix64(id * 0x9e3779b97f4a7c15ULL + 1);
}

static inline __u64 key_hash(__u64 key)
{
	return mix64(key ^ 0x2545f4914f6cdd1dULL);
}

void real_build(struct real *t, const struct geometry *g,
		const struct scheme *scheme, __u32 entries, double fill,
		unsigned int age);
void real_free(struct real *t);

#endif
