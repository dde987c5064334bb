// SPDX-License-Identifier: GPL-2.0-only
/* Times the look-ups of the schemes that are left, side by side. */
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bucket_real.h"
#include "bucket_schemes.h"
#include "bucket_time.h"
#include "bucket_util.h"

#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define LOOKUPS (512U * 1024)
#define MISS_ID 0x80000000U /* never stored, from here up */

enum hint_mode { HINT_NONE, HINT_COUNT, HINT_CLASSES };

enum read_mode {
	READ_SERIAL, /* the alternate only if the home has it not */
	READ_PREFETCH, /* the same, both lines asked for at once */
	READ_BOTH, /* both compared, no branch between them */
};

static const struct geometry one_line = { 64, 3, 1 };
static const struct geometry two_lines = { 32, 7, 2 };

static const struct scheme homing = {
	.alt = ALT_ANY,
	.homing = true,
	.depth = 3,
};

static const struct scheme balanced = {
	.alt = ALT_ANY,
	.balanced = true,
	.stash = 2,
};

static const struct scheme pair = {
	.alt = ALT_PAIR,
	.stash = 2,
};

static const struct scheme dash = {
	.alt = ALT_NEIGHBOUR,
	.balanced = true,
	.stash = 2,
	.depth = 1,
};

struct candidate {
	const char *name;
	const struct scheme *scheme;
	const struct geometry *g;
	enum read_mode mode;
	enum hint_mode hint;
};

static const struct candidate candidates[] = {
	{ "home first, 3 moves: no hint", &homing, &one_line, READ_SERIAL,
	  HINT_NONE },
	{ "home first, 3 moves: 1 counter", &homing, &one_line, READ_SERIAL,
	  HINT_COUNT },
	{ "home first, 3 moves: 8 counters", &homing, &one_line, READ_SERIAL,
	  HINT_CLASSES },
	{ "home first, 3 moves: 8 counters, prefetch", &homing, &one_line,
	  READ_PREFETCH, HINT_CLASSES },
	{ "home first, 3 moves: read both", &homing, &one_line, READ_BOTH,
	  HINT_NONE },
	{ "the same, 32x7 of 128 B: 8 counters", &homing, &two_lines,
	  READ_SERIAL, HINT_CLASSES },
	{ "two choices balanced, 2 stash: 8 counters", &balanced, &one_line,
	  READ_SERIAL, HINT_CLASSES },
	{ "two choices balanced, 2 stash: read both", &balanced, &one_line,
	  READ_BOTH, HINT_CLASSES },
	{ "pair (home^1), 2 stash: 8 counters", &pair, &one_line, READ_SERIAL,
	  HINT_CLASSES },
	{ "pair (home^1), 2 stash: read both", &pair, &one_line, READ_BOTH,
	  HINT_CLASSES },
	{ "Dash: read both", &dash, &one_line, READ_BOTH, HINT_CLASSES },
};

static inline void barrier(void)
{
	__asm__ __volatile__("" : : : "memory");
}

/* Compare all, then select: a branch would wait for the missed line. */
static __always_inline __u64 bucket_find(const void *bucket, unsigned int slots,
					 __u64 key, __u64 *value)
{
	const __u64 *keys = bucket + sizeof(struct header);
	__u64 found = 0, v = 0;
	unsigned int i;

#pragma GCC unroll 8
	for (i = 0; i < slots; i++) {
		__u64 mask = -(__u64)(READ_ONCE(keys[i]) == key);

		/* Or the compiler makes a branch or vectors of it. */
		__asm__("" : "+r"(mask));
		v |= mask & READ_ONCE(keys[slots + i]);
		found |= mask;
	}
	*value |= v;
	return found;
}

/* Inlined with a constant @c, so that nothing of it is left to be tested. */
static __always_inline bool real_lookup(const struct real *t,
					const struct candidate *c, __u64 key,
					__u64 *value)
{
	const unsigned int buckets = c->g->buckets - c->scheme->stash;
	const unsigned int slots = c->g->slots, size = c->g->lines * 64;
	const unsigned int stash = c->scheme->stash;
	const enum alternate alt = c->scheme->alt;
	const enum read_mode mode = c->mode;
	const enum hint_mode hint = c->hint;
	__u64 hash = key_hash(key), found;
	unsigned int home = hash_home(hash, buckets), i;
	unsigned int other = hash_alt(hash, alt, home, buckets);
	const void *page = READ_ONCE(t->pages[scale(hash, t->segments)]);
	const struct header *b = page + home * size, *a = page + other * size;
	__u32 seq, seq_a, seq_s;
	bool elsewhere;

	if (mode == READ_PREFETCH)
		__builtin_prefetch(a);
	if (size > 64)
		__builtin_prefetch((const void *)b + 64);
retry:
	*value = 0;
	seq = READ_ONCE(b->seq);
	barrier();
	found = bucket_find(b, slots, key, value);
	if (mode == READ_BOTH) {
		seq_a = READ_ONCE(a->seq);
		found |= bucket_find(a, slots, key, value);
		barrier();
		if ((seq | seq_a) & 1 || seq != READ_ONCE(b->seq) ||
		    seq_a != READ_ONCE(a->seq))
			goto retry;
		if (found || !stash)
			return found;
	}
	if (hint == HINT_CLASSES)
		elsewhere = READ_ONCE(b->away[hash_hint(hash)]);
	else if (hint == HINT_COUNT)
		elsewhere = READ_ONCE(b->away_any);
	else
		elsewhere = true;
	barrier();
	if (seq & 1 || seq != READ_ONCE(b->seq))
		goto retry;
	if (found || !elsewhere)
		return found;
	if (mode != READ_BOTH) {
		seq_a = READ_ONCE(a->seq);
		barrier();
		found = bucket_find(a, slots, key, value);
		barrier();
		if (seq_a & 1 || seq_a != READ_ONCE(a->seq))
			goto retry;
		if (found)
			return true;
	}
	for (i = 0; i < stash; i++) {
		const struct header *s = page + (buckets + i) * size;

		seq_s = READ_ONCE(s->seq);
		barrier();
		found = bucket_find(s, slots, key, value);
		barrier();
		if (seq_s & 1 || seq_s != READ_ONCE(s->seq))
			goto retry;
		if (found)
			return true;
	}
	/* An entry may have moved from what was read later to the home. */
	if (seq != READ_ONCE(b->seq))
		goto retry;
	return false;
}

struct loop {
	const struct real *t;
	__u32 first; /* id; the first of as many as the table has entries */
	__u32 nr;
	__u64 zero; /* 0, which the compiler does not know */
	bool dependent;
};

static __always_inline __u64 loop_run(const struct loop *l,
				      const struct candidate *c, bool dependent)
{
	const struct real *t = l->t;
	__u64 state = l->first + 1, zero = l->zero, found = 0, value, id;
	__u32 first = l->first, nr;

	for (nr = l->nr; nr; nr--) {
		state += 0x9e3779b97f4a7c15ULL;
		id = first + scale(mix64(state), t->entries);
		found += real_lookup(t, c, id_key(id), &value);
		if (dependent)
			state += value & zero;
	}
	return found;
}

/*
 * Two loops: were "dependent" tested in one, the compiler would make a select
 * of it, and every look-up would wait for the one before.
 */
static __always_inline __u64 loop_either(const struct loop *l,
					 const struct candidate *c)
{
	return l->dependent ? loop_run(l, c, true) : loop_run(l, c, false);
}

static __u64 loop_candidate(const struct loop *l, unsigned int candidate)
{
	static_assert(ARRAY_SIZE(candidates) == 11, "a case for each");

	switch (candidate) {
	case 0:
		return loop_either(l, &candidates[0]);
	case 1:
		return loop_either(l, &candidates[1]);
	case 2:
		return loop_either(l, &candidates[2]);
	case 3:
		return loop_either(l, &candidates[3]);
	case 4:
		return loop_either(l, &candidates[4]);
	case 5:
		return loop_either(l, &candidates[5]);
	case 6:
		return loop_either(l, &candidates[6]);
	case 7:
		return loop_either(l, &candidates[7]);
	case 8:
		return loop_either(l, &candidates[8]);
	case 9:
		return loop_either(l, &candidates[9]);
	case 10:
		return loop_either(l, &candidates[10]);
	}
	return 0;
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

enum { KINDS = 4 }; /* hit, miss, hit dependent, miss dependent */

static double time_one(const struct real *t, unsigned int candidate,
		       unsigned int kind)
{
	bool miss = kind & 1;
	struct loop l = {
		.t = t,
		.first = miss ? MISS_ID : 0,
		.nr = LOOKUPS,
		.dependent = kind & 2,
	};
	double start, ns;
	__u64 found;

	__asm__("" : "+r"(l.zero));
	start = now_ns();
	found = loop_candidate(&l, candidate);
	ns = now_ns() - start;
	if (miss ? found : found < LOOKUPS / 100 * 80) {
		fprintf(stderr, "%s: %llu found\n", candidates[candidate].name,
			found);
		exit(1);
	}
	return ns / LOOKUPS;
}

void report_time(__u32 entries, double fill, unsigned int age,
		 unsigned int repeats)
{
	const unsigned int nr = ARRAY_SIZE(candidates);
	struct real *t = xcalloc(nr, sizeof(*t));
	double *ns = xcalloc(nr * KINDS * repeats, sizeof(*ns));
	unsigned int i, k, r;

	for (i = 0; i < nr; i++)
		real_build(&t[i], candidates[i].g, candidates[i].scheme,
			   entries, fill, age);
	/* Every repeat times each in turn, so that noise hits all alike. */
	for (r = 0; r < repeats; r++)
		for (i = 0; i < nr; i++)
			for (k = 0; k < KINDS; k++)
				ns[(i * KINDS + k) * repeats + r] =
					time_one(&t[i], i, k);
	printf("### Look-up ns, %u u64 to u64, mean fill %.2f, age %u\n\n"
	       "Nanoseconds: median (quartiles) of %u interleaved repeats of %u\n"
	       "random keys. Dependent: each key waits for the last value.\n\n"
	       "| candidate | refused, %% | buckets a hit | hit | miss | hit, dependent | miss, dependent |\n",
	       entries, fill, age, repeats, LOOKUPS);
	print_rule(3 + KINDS);
	for (i = 0; i < nr; i++) {
		printf("| %s | %.2f | %.2f |", candidates[i].name,
		       100.0 * t[i].refused / entries, t[i].hit_reads);
		for (k = 0; k < KINDS; k++) {
			double *v = &ns[(i * KINDS + k) * repeats];

			qsort(v, repeats, sizeof(*v), cmp_double);
			printf(" %.1f (%.1f-%.1f) |", v[repeats / 2],
			       v[repeats / 4], v[repeats * 3 / 4]);
		}
		printf("\n");
		real_free(&t[i]);
	}
	printf("\n");
	free(ns);
	free(t);
}
