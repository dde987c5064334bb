// SPDX-License-Identifier: GPL-2.0-only
/* A table that grows from one segment by splitting what refuses a key. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bucket_schemes.h"
#include "bucket_sim.h"
#include "bucket_util.h"

struct table {
	const struct geometry *g;
	const struct scheme *scheme;
	struct segment **dir;
	unsigned int depth; /* the directory has 1 << depth entries */
	unsigned int segments;
};

static unsigned int dir_index(const struct table *t, __u64 hash)
{
	return t->depth ? hash >> (64 - t->depth) : 0;
}

static void table_split(struct table *t, __u64 hash)
{
	struct segment *s = t->dir[dir_index(t, hash)];
	struct segment *old = xcalloc(1, sizeof(*old));
	struct segment *new = xcalloc(1, sizeof(*new));
	unsigned int b, i, n;

	*old = *s;
	if (old->depth == t->depth) {
		struct segment **dir = xcalloc(2UL << t->depth, sizeof(*dir));

		for (i = 0; i < 2U << t->depth; i++)
			dir[i] = t->dir[i / 2];
		free(t->dir);
		t->dir = dir;
		t->depth++;
	}
	segment_init(s, t->g, t->scheme);
	segment_init(new, t->g, t->scheme);
	s->depth = old->depth + 1;
	new->depth = old->depth + 1;
	t->segments++;

	/* The upper half of the entries that led to the old one. */
	n = 1U << (t->depth - old->depth);
	i = dir_index(t, hash) & ~(n - 1);
	for (b = n / 2; b < n; b++)
		t->dir[i + b] = new;

	for (b = 0; b < t->g->buckets; b++) {
		for (i = 0; i < old->used[b]; i++) {
			const struct entry *e = &old->slot[b][i];

			while (segment_insert(t->dir[dir_index(t, e->hash)],
					      e->hash, e->id) < 0)
				table_split(t, e->hash);
		}
	}
	free(old);
}

/* To the next segment: each has a run of the directory's entries. */
static unsigned int dir_step(const struct table *t, unsigned int i)
{
	return 1U << (t->depth - t->dir[i]->depth);
}

static void table_free(struct table *t)
{
	unsigned int i, step;

	for (i = 0; i < 1U << t->depth; i += step) {
		step = dir_step(t, i);
		free(t->dir[i]);
	}
	free(t->dir);
}

static void table_probes(const struct table *t, struct probes *p)
{
	unsigned int i;

	for (i = 0; i < 1U << t->depth; i += dir_step(t, i))
		segment_probes(t->dir[i], p);
}

/* Lines, a 4-byte lock each bucket, the segment's struct, the directory. */
static double table_bytes(const struct table *t)
{
	double bucket = 64.0 * t->g->lines + 4;

	return t->segments * (t->g->buckets * bucket + 64) +
	       16.0 * (1UL << t->depth);
}

static void growth_one(const struct geometry *g, const struct scheme *scheme,
		       unsigned int runs)
{
	const unsigned int first = 1 << 16, last = 1 << 20, octave = 8;
	double capacity = g->buckets * g->slots;
	struct stat occupancy = { 0 }, bytes = { 0 };
	double moves = 0, low = 1, high = 0, at_last = 0;
	struct probes p = { 0 };
	unsigned int run, n;

	for (run = 0; run < runs; run++) {
		struct table t = { .g = g, .scheme = scheme };
		double sample = first;

		t.dir = xcalloc(1, sizeof(*t.dir));
		t.dir[0] = xcalloc(1, sizeof(*t.dir[0]));
		t.segments = 1;
		segment_init(t.dir[0], g, scheme);
		for (n = 1; n <= last; n++) {
			__u64 hash = rng();
			double fill;
			int ret;

			while ((ret = segment_insert(t.dir[dir_index(&t, hash)],
						     hash, n)) < 0)
				table_split(&t, hash);
			moves += ret;
			if (n < sample)
				continue;
			sample *= pow(2, 1.0 / octave);
			fill = n / (t.segments * capacity);
			stat_add(&occupancy, fill);
			stat_add(&bytes, table_bytes(&t) / n);
			low = fmin(low, fill);
			high = fmax(high, fill);
			at_last = fill;
			table_probes(&t, &p);
		}
		table_free(&t);
	}
	printf("| %s | %.3f | %.2f .. %.2f | %.3f |", scheme->name,
	       stat_mean(&occupancy), low, high, at_last);
	printf(" %.1f | %.4f |", stat_mean(&bytes), moves / runs / last);
	print_probes(&p);
	printf("\n");
}

void report_growth(const struct geometry *g, unsigned int runs)
{
	unsigned int i;

	printf("### Growth, %u buckets of %u slots (%u B), %u tables\n\n"
	       "Means over the log of the entries, 64 Ki to 1 Mi. Buckets read:\n"
	       "hit / miss / miss, 1 counter / miss, %u counters.\n\n"
	       "| scheme | mean occupancy | range | at 1 Mi | bytes an entry | moves an insert | buckets read |\n",
	       g->buckets, g->slots, g->lines * 64, runs, HINTS);
	print_rule(7);
	/* Home alone would double the directory again and again. */
	for (i = 1; i < nr_schemes; i++)
		growth_one(g, &schemes[i], runs);
	printf("\n");
}
