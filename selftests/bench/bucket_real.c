// SPDX-License-Identifier: GPL-2.0-only
/* Simulates a table, and lays it out in memory for its look-ups to be timed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bucket_real.h"
#include "bucket_util.h"

#define EMPTY_KEY (~0ULL)

static void real_insert(struct segment *segs, const struct real *t, __u32 id)
{
	__u64 hash = key_hash(id_key(id));

	segment_insert(&segs[scale(hash, t->segments)], hash, id);
}

static void real_remove(struct segment *segs, const struct real *t, __u32 id)
{
	__u64 hash = key_hash(id_key(id));
	struct segment *s = &segs[scale(hash, t->segments)];
	unsigned int buckets[2 + STASH_MAX], i, j;

	buckets[0] = hash_home(hash, s->buckets);
	buckets[1] = hash_alt(hash, s->scheme->alt, buckets[0], s->buckets);
	for (i = 0; i < s->scheme->stash; i++)
		buckets[2 + i] = s->buckets + i;
	for (i = 0; i < 2 + s->scheme->stash; i++) {
		for (j = 0; j < s->used[buckets[i]]; j++) {
			if (s->slot[buckets[i]][j].id == id) {
				segment_take(s, buckets[i], j);
				return;
			}
		}
	}
}

/*
 * Generation by generation: random old keys go, new ones come. Putting the same
 * keys back would flatter: each left a hole in its own home.
 */
static void real_age(struct segment *segs, const struct real *t,
		     unsigned int age)
{
	__u32 entries = t->entries, *order = xcalloc(entries, sizeof(*order));
	unsigned int i;

	for (i = 0; i < entries; i++) {
		real_insert(segs, t, age * entries + i);
		order[i] = i;
	}
	while (age--) {
		for (i = 0; i < entries; i++) {
			unsigned int j = i + scale(rng(), entries - i);
			__u32 victim = order[j];

			order[j] = order[i];
			order[i] = victim;
			real_remove(segs, t, (age + 1) * entries + victim);
			real_insert(segs, t, age * entries + i);
		}
	}
	free(order);
}

static void real_map(struct real *t, size_t page)
{
	const size_t huge = 2 << 20;
	unsigned int i;
	char *at;

	/* Aligned by hand, so that huge pages can back it from the start. */
	t->arena_size = t->segments * page + huge;
	t->arena = mmap(NULL, t->arena_size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->arena == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(t->arena, t->arena_size, MADV_HUGEPAGE);
	at = (char *)(((unsigned long)t->arena + huge - 1) & ~(huge - 1));
	t->pages = xcalloc(t->segments, sizeof(*t->pages));
	for (i = 0; i < t->segments; i++)
		t->pages[i] = at + i * page;
}

static void real_write(const struct segment *s, const struct geometry *g,
		       char *at)
{
	unsigned int b, i;

	for (b = 0; b < g->buckets; b++, at += g->lines * 64) {
		struct header *h = (struct header *)at;
		__u64 *keys = (__u64 *)(h + 1);

		memcpy(h->away, s->away[b], HINTS);
		for (i = 0; i < g->slots; i++)
			keys[i] = EMPTY_KEY;
		for (i = 0; i < s->used[b]; i++) {
			keys[i] = id_key(s->slot[b][i].id);
			keys[g->slots + i] = ~keys[i];
		}
	}
}

/* @age: how many times all keys were replaced by others. */
void real_build(struct real *t, const struct geometry *g,
		const struct scheme *scheme, __u32 entries, double fill,
		unsigned int age)
{
	struct probes p = { 0 };
	struct segment *segs;
	unsigned int i;

	memset(t, 0, sizeof(*t));
	t->entries = entries;
	t->segments = entries / (g->buckets * g->slots * fill);
	segs = xcalloc(t->segments, sizeof(*segs));
	for (i = 0; i < t->segments; i++)
		segment_init(&segs[i], g, scheme);
	real_age(segs, t, age);
	real_map(t, g->buckets * g->lines * 64);
	for (i = 0; i < t->segments; i++) {
		segment_probes(&segs[i], &p);
		real_write(&segs[i], g, t->pages[i]);
	}
	t->refused = entries - p.hits;
	t->hit_reads = p.hit_reads / p.hits;
	free(segs);
}

void real_free(struct real *t)
{
	munmap(t->arena, t->arena_size);
	free(t->pages);
}
