// SPDX-License-Identifier: GPL-2.0-only
/* Segments on their own: their fill, their probes, their ageing. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bucket_schemes.h"
#include "bucket_sim.h"
#include "bucket_util.h"

static const struct geometry geometries[] = {
	{ 64, 3, 1 }, { 63, 3, 1 }, { 32, 6, 2 }, { 32, 7, 2 }, { 32, 3, 0 },
	{ 16, 6, 0 }, { 16, 3, 0 }, { 12, 4, 0 }, { 10, 5, 0 }, { 9, 6, 0 },
};

static const double fills[] = { 0.5, 0.6, 0.7, 0.8 };

/* Segments filled one at a time, each until it first refuses a key. */
struct filling {
	struct stat fill; /* at the refusal */
	double percentile; /* the 1st, of the same */
	double moves, moves_70; /* an insert: in all, and up to fill 0.7 */
	int most_moves; /* of one insert */
	struct probes at[ARRAY_SIZE(fills)], at_refusal;
};

static void fill_segments(struct filling *f, const struct geometry *g,
			  const struct scheme *scheme, unsigned int runs)
{
	unsigned int capacity = g->buckets * g->slots;
	unsigned int reached[ARRAY_SIZE(fills)] = { 0 };
	struct segment *s = xcalloc(1, sizeof(*s));
	double *refusal = xcalloc(runs, sizeof(*refusal));
	double inserts = 0, inserts_70 = 0;
	unsigned int run, i;
	int ret;

	memset(f, 0, sizeof(*f));
	for (run = 0; run < runs; run++) {
		segment_init(s, g, scheme);
		i = 0;
		while ((ret = segment_insert(s, rng(), 0)) >= 0) {
			if (ret > f->most_moves)
				f->most_moves = ret;
			f->moves += ret;
			inserts++;
			if (s->entries <= 0.7 * capacity) {
				f->moves_70 += ret;
				inserts_70++;
			}
			while (i < ARRAY_SIZE(fills) &&
			       s->entries >= fills[i] * capacity) {
				segment_probes(s, &f->at[i]);
				reached[i++]++;
			}
		}
		segment_probes(s, &f->at_refusal);
		refusal[run] = (double)s->entries / capacity;
		stat_add(&f->fill, refusal[run]);
	}
	qsort(refusal, runs, sizeof(*refusal), cmp_double);
	f->percentile = refusal[runs / 100];
	f->moves /= inserts;
	f->moves_70 /= inserts_70;
	/* What few segments reach says nothing of the others. */
	for (i = 0; i < ARRAY_SIZE(fills); i++)
		if (reached[i] < runs / 2)
			memset(&f->at[i], 0, sizeof(f->at[i]));
	free(refusal);
	free(s);
}

void report_fill(const struct geometry *g, unsigned int runs)
{
	struct filling f;
	unsigned int i, j;

	printf("### %u buckets of %u slots, %u segments\n\n"
	       "Buckets read: hit / miss / miss, 1 counter / miss, %u counters.\n"
	       "Moves per insert: up to fill 0.7, up to refusal, most in one.\n\n"
	       "| scheme | fill at first refusal | 1st percentile | moves |",
	       g->buckets, g->slots, runs, HINTS);
	for (i = 0; i < ARRAY_SIZE(fills); i++)
		printf(" fill %.1f |", fills[i]);
	printf(" at refusal |\n");
	print_rule(5 + ARRAY_SIZE(fills));
	for (i = 0; i < nr_schemes; i++) {
		fill_segments(&f, g, &schemes[i], runs);
		printf("| %s | %.3f +-%.3f | %.2f | %.3f, %.3f, %d |",
		       schemes[i].name, stat_mean(&f.fill), stat_sd(&f.fill),
		       f.percentile, f.moves_70, f.moves, f.most_moves);
		for (j = 0; j < ARRAY_SIZE(fills); j++)
			print_probes(&f.at[j]);
		print_probes(&f.at_refusal);
		printf("\n");
	}
	printf("\n");
}

void report_geometries(unsigned int runs)
{
	struct filling f;
	unsigned int i, j;

	printf("### Fill at first refusal by geometry, %u segments\n\n"
	       "| scheme |",
	       runs);
	for (j = 0; j < ARRAY_SIZE(geometries); j++)
		printf(" %ux%u |", geometries[j].buckets, geometries[j].slots);
	printf("\n");
	print_rule(1 + ARRAY_SIZE(geometries));
	for (i = 0; i < nr_schemes; i++) {
		printf("| %s |", schemes[i].name);
		for (j = 0; j < ARRAY_SIZE(geometries); j++) {
			fill_segments(&f, &geometries[j], &schemes[i], runs);
			printf(" %.2f +-%.2f |", stat_mean(&f.fill),
			       stat_sd(&f.fill));
		}
		printf("\n");
	}
	printf("\n");
}

/* A directory of the right size at once: what refuses a key would overflow. */
static void size_once(struct segment *segs, unsigned int nr,
		      const struct geometry *g, const struct scheme *scheme,
		      double fill)
{
	unsigned int keys = fill * g->buckets * g->slots * nr;
	unsigned int over = 0, refused = 0, i;

	for (i = 0; i < nr; i++)
		segment_init(&segs[i], g, scheme);
	for (i = 0; i < keys; i++) {
		__u64 hash = rng();

		if (segment_insert(&segs[scale(hash, nr)], hash, i) < 0)
			refused++;
	}
	for (i = 0; i < nr; i++)
		over += segs[i].refused;
	printf(" %.2f (%.3f) |", 100.0 * over / nr, 100.0 * refused / keys);
}

void report_sized(const struct geometry *g, unsigned int nr)
{
	static const double at[] = { 0.5, 0.6, 0.7, 0.75, 0.8, 0.85 };
	struct segment *segs = xcalloc(nr, sizeof(*segs));
	unsigned int i, j;

	printf("### Sized once, %u buckets of %u slots, %u segments\n\n"
	       "Segments that refuse a key, %% (keys refused, %%), at mean fill:\n\n"
	       "| scheme |",
	       g->buckets, g->slots, nr);
	for (j = 0; j < ARRAY_SIZE(at); j++)
		printf(" %.2f |", at[j]);
	printf("\n");
	print_rule(1 + ARRAY_SIZE(at));
	for (i = 0; i < nr_schemes; i++) {
		printf("| %s |", schemes[i].name);
		for (j = 0; j < ARRAY_SIZE(at); j++)
			size_once(segs, nr, g, &schemes[i], at[j]);
		printf("\n");
	}
	printf("\n");
	free(segs);
}

/*
 * Deletes and inserts at a constant fill: how many entries end up away from
 * home when nothing brings them back?
 */
static void churn_one(const struct geometry *g, const struct scheme *scheme,
		      double fill, unsigned int runs)
{
	struct segment *s = xcalloc(1, sizeof(*s));
	unsigned int entries = fill * g->buckets * g->slots;
	double refused = 0, inserts = 0, moves = 0;
	struct probes p = { 0 };
	unsigned int run, i;
	int ret;

	for (run = 0; run < runs; run++) {
		segment_init(s, g, scheme);
		for (i = 0; i < 30 * entries; i++) {
			/* Any entry is as likely: draw till a slot is used. */
			while (s->entries >= entries) {
				unsigned int b = scale(rng(), g->buckets);
				unsigned int j = scale(rng(), g->slots);

				if (j < s->used[b])
					segment_take(s, b, j);
			}
			ret = segment_insert(s, rng(), i);
			inserts++;
			refused += ret < 0;
			moves += ret > 0 ? ret : 0;
		}
		segment_probes(s, &p);
	}
	print_probes(&p);
	printf(" %.3f | %.3f |", 100 * refused / inserts, moves / inserts);
	free(s);
}

void report_churn(const struct geometry *g, unsigned int runs)
{
	static const double at[] = { 0.6, 0.7, 0.8 };
	unsigned int i, j;

	printf("### Churn, %u buckets of %u slots, %u segments\n\n"
	       "At a constant fill, each entry replaced about 29 times: buckets read, hit /\n"
	       "miss / miss, 1 counter / miss, %u counters; inserts refused, %%;\n"
	       "moves an insert.\n\n| scheme |",
	       g->buckets, g->slots, runs, HINTS);
	for (j = 0; j < ARRAY_SIZE(at); j++)
		printf(" reads at %.1f | refused | moves |", at[j]);
	printf("\n");
	print_rule(1 + 3 * ARRAY_SIZE(at));
	for (i = 0; i < nr_schemes; i++) {
		printf("| %s |", schemes[i].name);
		for (j = 0; j < ARRAY_SIZE(at); j++)
			churn_one(g, &schemes[i], at[j], runs);
		printf("\n");
	}
	printf("\n");
}
