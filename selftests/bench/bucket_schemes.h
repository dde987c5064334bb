/* SPDX-License-Identifier: GPL-2.0-only */
/* The placement schemes, and one segment under one of them. */
#ifndef BUCKET_SCHEMES_H
#define BUCKET_SCHEMES_H

#include <linux/types.h>
#include <stdbool.h>

#define BUCKETS_MAX 64
#define SLOTS_MAX 10
#define STASH_MAX 2
#define HINTS 8
#define ANY_DEPTH BUCKETS_MAX

enum alternate {
	ALT_NONE,
	ALT_NEIGHBOUR, /* the next bucket, round the segment */
	ALT_PAIR, /* the other half of an aligned pair */
	ALT_ANY, /* any other bucket of the segment, by the hash */
};

struct scheme {
	const char *name;
	enum alternate alt;
	bool balanced; /* the emptier of the two, not the home first */
	bool homing; /* rather send a guest home than go to the alternate */
	unsigned int stash; /* taken out of the segment's buckets */
	unsigned int depth; /* most entries moved by one insert */
};

/* A bucket is of whole cache lines; 0 lines: only the fill is of interest. */
struct geometry {
	unsigned int buckets;
	unsigned int slots;
	unsigned int lines;
};

struct entry {
	__u64 hash;
	__u32 id;
	__u8 home;
	__u8 alt;
	__u8 hint;
};

struct segment {
	const struct scheme *scheme;
	unsigned int buckets; /* without the stash */
	unsigned int slots;
	unsigned int depth; /* hash bits that all keys here share */
	unsigned int entries;
	bool refused;
	__u8 used[BUCKETS_MAX];
	__u8 away[BUCKETS_MAX][HINTS];
	struct entry slot[BUCKETS_MAX][SLOTS_MAX];
};

/* Sums over look-ups of every key of a segment, and one miss for each home. */
struct probes {
	double hits, hit_reads;
	double misses, miss_reads, miss_reads_hint, miss_reads_hints;
};

extern const struct scheme schemes[];
extern const unsigned int nr_schemes;

/*
 * The high bits of the hash choose the segment; the low 32 choose the buckets,
 * 3 bits above them the counter. Both the simulation and the timed look-ups
 * place a key with these.
 */
static inline unsigned int hash_home(__u64 hash, unsigned int buckets)
{
	return (hash & 0xffff) * buckets >> 16;
}

static inline unsigned int hash_alt(__u64 hash, enum alternate alt,
				    unsigned int home, unsigned int buckets)
{
	switch (alt) {
	case ALT_NEIGHBOUR:
		home++;
		break;
	case ALT_PAIR:
		home ^= 1;
		break;
	case ALT_ANY:
		home += 1 + ((hash >> 16 & 0xffff) * (buckets - 1) >> 16);
		break;
	case ALT_NONE:
		break;
	}
	return home < buckets ? home : home - buckets;
}

static inline unsigned int hash_hint(__u64 hash)
{
	return hash >> 32 & (HINTS - 1);
}

void segment_init(struct segment *s, const struct geometry *g,
		  const struct scheme *scheme);
int segment_insert(struct segment *s, __u64 hash, __u32 id);
struct entry segment_take(struct segment *s, unsigned int bucket,
			  unsigned int slot);
void segment_probes(const struct segment *s, struct probes *p);
void print_probes(const struct probes *p);

#endif
