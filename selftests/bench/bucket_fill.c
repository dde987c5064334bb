// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which buckets may a key live in? Fill against probes, by simulation, and the
 * look-up times of the schemes that are left, side by side.
 *
 * A segment has B buckets of S slots. A scheme says which buckets a key may use
 * (its home, an alternate, stash buckets that all keys of the segment share),
 * which of them is tried first, and how many entries an insert may move to make
 * room. A segment that refuses a key is split in two.
 *
 * Every bucket counts the keys whose home it is and that live elsewhere, in one
 * counter or in HINTS counters by some bits of the hash ("hint"): a miss reads
 * no further than the home when the counter is zero.
 *
 * All output is markdown. The seed is fixed: only the times differ from run to
 * run.
 */
#include <assert.h>
#include <linux/types.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)

#define BUCKETS_MAX 64
#define SLOTS_MAX 10
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

static const struct scheme schemes[] = {
	{ "home only", ALT_NONE, false, false, 0, 0 },
	{ "home, 2 stash", ALT_NONE, false, false, 2, 0 },
	{ "pair (home^1), 2 stash", ALT_PAIR, false, false, 2, 0 },
	{ "neighbour, 2 stash", ALT_NEIGHBOUR, false, false, 2, 0 },
	{ "balanced neighbours, 2 stash", ALT_NEIGHBOUR, true, false, 2, 0 },
	{ "Dash (balanced neighbours, 1 move, 2 stash)", ALT_NEIGHBOUR, true,
	  false, 2, 1 },
	{ "two choices, balanced", ALT_ANY, true, false, 0, 0 },
	{ "two choices, balanced, 2 stash", ALT_ANY, true, false, 2, 0 },
	{ "two choices, balanced, 1 move", ALT_ANY, true, false, 0, 1 },
	{ "home first", ALT_ANY, false, false, 0, 0 },
	{ "home first, 2 stash", ALT_ANY, false, false, 2, 0 },
	{ "home first, 1 move", ALT_ANY, false, false, 0, 1 },
	{ "home first, 2 moves", ALT_ANY, false, false, 0, 2 },
	{ "home first, 3 moves", ALT_ANY, false, false, 0, 3 },
	{ "home first, 4 moves", ALT_ANY, false, false, 0, 4 },
	{ "home first, homing, 2 moves", ALT_ANY, false, true, 0, 2 },
	{ "home first, homing, 3 moves", ALT_ANY, false, true, 0, 3 },
	{ "home first, cuckoo (any depth)", ALT_ANY, false, false, 0,
	  ANY_DEPTH },
};

/* A bucket is of whole cache lines; 0 lines: only the fill is of interest. */
struct geometry {
	unsigned int buckets;
	unsigned int slots;
	unsigned int lines;
};

static const struct geometry geometries[] = {
	{ 64, 3, 1 }, { 63, 3, 1 }, { 32, 6, 2 }, { 32, 7, 2 }, { 32, 3, 0 },
	{ 16, 6, 0 }, { 16, 3, 0 }, { 12, 4, 0 }, { 10, 5, 0 }, { 9, 6, 0 },
};

static const double fills[] = { 0.5, 0.6, 0.7, 0.8 };
static const double sized_fills[] = { 0.5, 0.6, 0.7, 0.75, 0.8, 0.85 };

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

struct stat {
	double n, sum, sum2;
};

static __u64 rng_state;

static inline void barrier(void)
{
	__asm__ __volatile__("" : : : "memory");
}

static __u64 mix64(__u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static __u64 rng(void)
{
	rng_state += 0x9e3779b97f4a7c15ULL;
	return mix64(rng_state);
}

static inline __u64 scale(__u64 x, __u64 range)
{
	return (__uint128_t)x * range >> 64;
}

static void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p) {
		perror("calloc");
		exit(1);
	}
	return p;
}

static void stat_add(struct stat *s, double x)
{
	s->n++;
	s->sum += x;
	s->sum2 += x * x;
}

static double stat_mean(const struct stat *s)
{
	return s->n ? s->sum / s->n : 0;
}

static double stat_sd(const struct stat *s)
{
	double mean = stat_mean(s);

	return s->n ? sqrt(fmax(0, s->sum2 / s->n - mean * mean)) : 0;
}

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

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

static void segment_init(struct segment *s, const struct geometry *g,
			 const struct scheme *scheme)
{
	memset(s, 0, sizeof(*s));
	s->scheme = scheme;
	s->buckets = g->buckets - scheme->stash;
	s->slots = g->slots;
	/* An odd bucket out would have no pair. */
	if (scheme->alt == ALT_PAIR)
		s->buckets &= ~1U;
}

static void segment_put(struct segment *s, unsigned int bucket,
			const struct entry *e)
{
	s->slot[bucket][s->used[bucket]++] = *e;
	s->entries++;
	if (bucket != e->home)
		s->away[e->home][e->hint]++;
}

static struct entry segment_take(struct segment *s, unsigned int bucket,
				 unsigned int slot)
{
	struct entry e = s->slot[bucket][slot];

	s->slot[bucket][slot] = s->slot[bucket][--s->used[bucket]];
	s->entries--;
	if (bucket != e.home)
		s->away[e.home][e.hint]--;
	return e;
}

/*
 * Breadth first, so that as few entries move as possible: find the nearest
 * bucket with room that entries can be shifted to, at most @depth of them, and
 * shift them, the last one first. Returns the moves; the home or the alternate
 * of @e then has room. 0: no way found.
 */
static unsigned int segment_displace(struct segment *s, const struct entry *e,
				     unsigned int *room)
{
	unsigned int queue[BUCKETS_MAX], from[BUCKETS_MAX], slot[BUCKETS_MAX];
	unsigned int level[BUCKETS_MAX] = { 0 };
	unsigned int head = 0, tail = 0, moves, i;
	bool seen[BUCKETS_MAX] = { false };

	queue[tail++] = e->home;
	seen[e->home] = true;
	if (!seen[e->alt]) {
		queue[tail++] = e->alt;
		seen[e->alt] = true;
	}
	while (head < tail) {
		unsigned int b = queue[head++];

		if (level[b] == s->scheme->depth)
			return 0;
		for (i = 0; i < s->slots; i++) {
			const struct entry *x = &s->slot[b][i];
			unsigned int to = b == x->home ? x->alt : x->home;

			if (seen[to])
				continue;
			seen[to] = true;
			from[to] = b;
			slot[to] = i;
			level[to] = level[b] + 1;
			queue[tail++] = to;
			if (s->used[to] < s->slots)
				goto found;
		}
	}
	return 0;

found:
	i = queue[tail - 1];
	for (moves = 0; level[i]; moves++) {
		struct entry moved = segment_take(s, from[i], slot[i]);

		segment_put(s, i, &moved);
		i = from[i];
	}
	*room = i;
	return moves;
}

/* Returns the entries moved, or -1 if the segment refuses the key. */
static int segment_insert(struct segment *s, __u64 hash, __u32 id)
{
	const struct scheme *scheme = s->scheme;
	struct entry e = { .hash = hash, .id = id }, guest;
	unsigned int b, i, moves;

	e.home = hash_home(hash, s->buckets);
	e.alt = hash_alt(hash, scheme->alt, e.home, s->buckets);
	e.hint = hash_hint(hash);

	b = e.home;
	if (scheme->homing && s->used[b] == s->slots) {
		for (i = 0; i < s->slots; i++) {
			unsigned int to = s->slot[b][i].home;

			if (s->used[to] == s->slots)
				continue;
			/* Not b, which is full: a guest that can go home. */
			guest = segment_take(s, b, i);
			segment_put(s, to, &guest);
			segment_put(s, b, &e);
			return 1;
		}
	}
	if (scheme->balanced ? s->used[e.alt] < s->used[b] :
			       s->used[b] == s->slots)
		b = e.alt;
	if (s->used[b] < s->slots) {
		segment_put(s, b, &e);
		return 0;
	}
	if (scheme->depth) {
		moves = segment_displace(s, &e, &b);
		if (moves) {
			segment_put(s, b, &e);
			return moves;
		}
	}
	for (i = 0; i < scheme->stash; i++) {
		b = s->buckets + i;
		if (s->used[b] < s->slots) {
			segment_put(s, b, &e);
			return 0;
		}
	}
	s->refused = true;
	return -1;
}

/* Buckets that a key may live in. */
static unsigned int scheme_reads(const struct scheme *scheme)
{
	return 1 + (scheme->alt != ALT_NONE) + scheme->stash;
}

static void segment_probes(const struct segment *s, struct probes *p)
{
	unsigned int has_alt = s->scheme->alt != ALT_NONE;
	unsigned int all = scheme_reads(s->scheme);
	unsigned int b, i;

	for (b = 0; b < s->buckets + s->scheme->stash; b++) {
		for (i = 0; i < s->used[b]; i++) {
			p->hits++;
			if (b >= s->buckets)
				p->hit_reads += 2 + has_alt + b - s->buckets;
			else
				p->hit_reads += 1 + (b != s->slot[b][i].home);
		}
	}
	for (b = 0; b < s->buckets; b++) {
		unsigned int hints = 0;

		for (i = 0; i < HINTS; i++)
			hints += !!s->away[b][i];
		p->misses++;
		p->miss_reads += all;
		p->miss_reads_hint += hints ? all : 1;
		p->miss_reads_hints += 1 + (all - 1) * (double)hints / HINTS;
	}
}

static void print_probes(const struct probes *p)
{
	if (!p->hits || !p->misses)
		printf(" - |");
	else
		printf(" %.2f / %.0f / %.2f / %.2f |", p->hit_reads / p->hits,
		       p->miss_reads / p->misses,
		       p->miss_reads_hint / p->misses,
		       p->miss_reads_hints / p->misses);
}

/* (a), (b), (c): fill one segment at a time until it first refuses a key. */
static void fill_one(const struct geometry *g, const struct scheme *scheme,
		     unsigned int runs, bool brief)
{
	unsigned int capacity = g->buckets * g->slots;
	unsigned int reached[ARRAY_SIZE(fills)] = { 0 };
	struct probes at[ARRAY_SIZE(fills) + 1] = { 0 };
	struct segment *s = xcalloc(1, sizeof(*s));
	double *refusal = xcalloc(runs, sizeof(*refusal));
	double moves = 0, moves_70 = 0, inserts = 0, inserts_70 = 0;
	struct stat fill = { 0 };
	unsigned int run, i;
	int ret, most = 0;

	for (run = 0; run < runs; run++) {
		segment_init(s, g, scheme);
		for (i = 0;;) {
			ret = segment_insert(s, rng(), 0);
			if (ret < 0)
				break;
			if (ret > most)
				most = ret;
			moves += ret;
			inserts++;
			if (s->entries <= 0.7 * capacity) {
				moves_70 += ret;
				inserts_70++;
			}
			while (i < ARRAY_SIZE(fills) &&
			       s->entries >= fills[i] * capacity) {
				segment_probes(s, &at[i]);
				reached[i++]++;
			}
		}
		segment_probes(s, &at[i = ARRAY_SIZE(fills)]);
		refusal[run] = (double)s->entries / capacity;
		stat_add(&fill, refusal[run]);
	}
	qsort(refusal, runs, sizeof(*refusal), cmp_double);
	if (brief) {
		printf(" %.2f +-%.2f |", stat_mean(&fill), stat_sd(&fill));
		goto out;
	}
	printf("| %s | %.3f +-%.3f | %.2f | %.3f, %.3f, %d |", scheme->name,
	       stat_mean(&fill), stat_sd(&fill), refusal[runs / 100],
	       moves_70 / inserts_70, moves / inserts, most);
	for (i = 0; i < ARRAY_SIZE(fills); i++) {
		/* What few segments reach says nothing of the others. */
		if (reached[i] < runs / 2)
			memset(&at[i], 0, sizeof(at[i]));
		print_probes(&at[i]);
	}
	print_probes(&at[ARRAY_SIZE(fills)]);
	printf("\n");
out:
	free(refusal);
	free(s);
}

static void report_fill(const struct geometry *g, unsigned int runs)
{
	unsigned int i;

	printf("### %u buckets of %u slots, %u segments\n\n"
	       "Buckets read: hit / miss / miss, 1 counter / miss, %u counters.\n"
	       "Moves per insert: up to fill 0.7, up to refusal, most in one.\n\n"
	       "| scheme | fill at first refusal | 1st percentile | moves |",
	       g->buckets, g->slots, runs, HINTS);
	for (i = 0; i < ARRAY_SIZE(fills); i++)
		printf(" fill %.1f |", fills[i]);
	printf(" at refusal |\n|---|---|---|---|---|---|---|---|---|\n");
	for (i = 0; i < ARRAY_SIZE(schemes); i++)
		fill_one(g, &schemes[i], runs, false);
	printf("\n");
}

static void report_geometries(unsigned int runs)
{
	unsigned int i, j;

	printf("### Fill at first refusal by geometry, %u segments\n\n"
	       "| scheme |",
	       runs);
	for (j = 0; j < ARRAY_SIZE(geometries); j++)
		printf(" %ux%u |", geometries[j].buckets, geometries[j].slots);
	printf("\n|---|");
	for (j = 0; j < ARRAY_SIZE(geometries); j++)
		printf("---|");
	printf("\n");
	for (i = 0; i < ARRAY_SIZE(schemes); i++) {
		printf("| %s |", schemes[i].name);
		for (j = 0; j < ARRAY_SIZE(geometries); j++)
			fill_one(&geometries[j], &schemes[i], runs, true);
		printf("\n");
	}
	printf("\n");
}

/* (d): a table that grows from one segment by splitting what refuses a key. */
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

static void table_free(struct table *t)
{
	unsigned int i, n = 1U << t->depth;
	struct segment *last = NULL;

	for (i = 0; i < n; i++) {
		if (t->dir[i] == last)
			continue;
		last = t->dir[i];
		free(last);
	}
	free(t->dir);
}

static void table_probes(const struct table *t, struct probes *p)
{
	unsigned int i, n = 1U << t->depth;
	struct segment *last = NULL;

	for (i = 0; i < n; i++) {
		if (t->dir[i] == last)
			continue;
		last = t->dir[i];
		segment_probes(last, p);
	}
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

static void report_growth(const struct geometry *g, unsigned int runs)
{
	unsigned int i;

	printf("### Growth, %u buckets of %u slots (%u B), %u tables\n\n"
	       "Means over the log of the entries, 64 Ki to 1 Mi. Buckets read:\n"
	       "hit / miss / miss, 1 counter / miss, %u counters.\n\n"
	       "| scheme | mean occupancy | range | at 1 Mi | bytes an entry | moves an insert | buckets read |\n"
	       "|---|---|---|---|---|---|---|\n",
	       g->buckets, g->slots, g->lines * 64, runs, HINTS);
	/* Home alone would double the directory again and again. */
	for (i = 1; i < ARRAY_SIZE(schemes); i++)
		growth_one(g, &schemes[i], runs);
	printf("\n");
}

/* (e): a directory of the right size at once; what refuses would overflow. */
static void report_sized(const struct geometry *g, unsigned int nr)
{
	struct segment *segs = xcalloc(nr, sizeof(*segs));
	unsigned int i, j, k;

	printf("### Sized once, %u buckets of %u slots, %u segments\n\n"
	       "Segments that refuse a key, %% (keys refused, %%), at mean fill:\n\n"
	       "| scheme |",
	       g->buckets, g->slots, nr);
	for (j = 0; j < ARRAY_SIZE(sized_fills); j++)
		printf(" %.2f |", sized_fills[j]);
	printf("\n|---|");
	for (j = 0; j < ARRAY_SIZE(sized_fills); j++)
		printf("---|");
	printf("\n");
	for (i = 0; i < ARRAY_SIZE(schemes); i++) {
		printf("| %s |", schemes[i].name);
		for (j = 0; j < ARRAY_SIZE(sized_fills); j++) {
			unsigned int keys =
				sized_fills[j] * g->buckets * g->slots * nr;
			unsigned int over = 0, refused = 0;

			for (k = 0; k < nr; k++)
				segment_init(&segs[k], g, &schemes[i]);
			for (k = 0; k < keys; k++) {
				__u64 hash = rng();

				refused +=
					segment_insert(&segs[scale(hash, nr)],
						       hash, k) < 0;
			}
			for (k = 0; k < nr; k++)
				over += segs[k].refused;
			printf(" %.2f (%.3f) |", 100.0 * over / nr,
			       100.0 * refused / keys);
		}
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

static void report_churn(const struct geometry *g, unsigned int runs)
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
	printf("\n|---|");
	for (j = 0; j < ARRAY_SIZE(at); j++)
		printf("---|---|---|");
	printf("\n");
	for (i = 0; i < ARRAY_SIZE(schemes); i++) {
		printf("| %s |", schemes[i].name);
		for (j = 0; j < ARRAY_SIZE(at); j++)
			churn_one(g, &schemes[i], at[j], runs);
		printf("\n");
	}
	printf("\n");
}

/*
 * The timed part: real pages, behind a directory of pointers, in huge pages as
 * the kernel's linear mapping is. A bucket is a header, its keys, its values.
 */
struct header {
	__u32 seq;
	__u32 unused;
	union {
		__u8 away[HINTS];
		__u64 away_any;
	};
};

#define EMPTY_KEY (~0ULL)
#define MISS_ID 0x80000000U /* never stored, from here up */

enum read_mode {
	READ_SERIAL, /* the alternate only if the home has it not */
	READ_PREFETCH, /* the same, both lines asked for at once */
	READ_BOTH, /* both compared, no branch between them */
};

enum hint_mode { HINT_NONE, HINT_COUNT, HINT_CLASSES };

struct real {
	const struct geometry *g;
	const struct scheme *scheme;
	void **pages;
	unsigned int segments;
	__u32 entries; /* ids 0 .. entries - 1 are stored; refused: the rest */
	__u32 refused;
	double away;
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

struct candidate {
	const char *name;
	const char *scheme;
	struct geometry g;
	enum alternate alt; /* as the scheme has it, and so is stash */
	unsigned int stash;
	enum read_mode mode;
	enum hint_mode hint;
};

/* Inlined with a constant @c, so that nothing of it is left to be tested. */
static __always_inline bool real_lookup(const struct real *t,
					const struct candidate *c, __u64 key,
					__u64 *value)
{
	const unsigned int buckets = c->g.buckets - c->stash;
	const unsigned int slots = c->g.slots, size = c->g.lines * 64;
	const unsigned int stash = c->stash;
	const enum alternate alt = c->alt;
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
	if (alt != ALT_NONE && mode != READ_BOTH) {
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

static const struct candidate candidates[] = {
	{ "home first, 3 moves: no hint",
	  "home first, homing, 3 moves",
	  { 64, 3, 1 },
	  ALT_ANY,
	  0,
	  READ_SERIAL,
	  HINT_NONE },
	{ "home first, 3 moves: 1 counter",
	  "home first, homing, 3 moves",
	  { 64, 3, 1 },
	  ALT_ANY,
	  0,
	  READ_SERIAL,
	  HINT_COUNT },
	{ "home first, 3 moves: 8 counters",
	  "home first, homing, 3 moves",
	  { 64, 3, 1 },
	  ALT_ANY,
	  0,
	  READ_SERIAL,
	  HINT_CLASSES },
	{ "home first, 3 moves: 8 counters, prefetch",
	  "home first, homing, 3 moves",
	  { 64, 3, 1 },
	  ALT_ANY,
	  0,
	  READ_PREFETCH,
	  HINT_CLASSES },
	{ "home first, 3 moves: read both",
	  "home first, homing, 3 moves",
	  { 64, 3, 1 },
	  ALT_ANY,
	  0,
	  READ_BOTH,
	  HINT_NONE },
	{ "the same, 32x7 of 128 B: 8 counters",
	  "home first, homing, 3 moves",
	  { 32, 7, 2 },
	  ALT_ANY,
	  0,
	  READ_SERIAL,
	  HINT_CLASSES },
	{ "two choices balanced, 2 stash: 8 counters",
	  "two choices, balanced, 2 stash",
	  { 64, 3, 1 },
	  ALT_ANY,
	  2,
	  READ_SERIAL,
	  HINT_CLASSES },
	{ "two choices balanced, 2 stash: read both",
	  "two choices, balanced, 2 stash",
	  { 64, 3, 1 },
	  ALT_ANY,
	  2,
	  READ_BOTH,
	  HINT_CLASSES },
	{ "pair (home^1), 2 stash: 8 counters",
	  "pair (home^1), 2 stash",
	  { 64, 3, 1 },
	  ALT_PAIR,
	  2,
	  READ_SERIAL,
	  HINT_CLASSES },
	{ "pair (home^1), 2 stash: read both",
	  "pair (home^1), 2 stash",
	  { 64, 3, 1 },
	  ALT_PAIR,
	  2,
	  READ_BOTH,
	  HINT_CLASSES },
	{ "Dash: read both",
	  "Dash (balanced neighbours, 1 move, 2 stash)",
	  { 64, 3, 1 },
	  ALT_NEIGHBOUR,
	  2,
	  READ_BOTH,
	  HINT_CLASSES },
};

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

static void real_insert(struct segment *segs, const struct real *t, __u32 id)
{
	__u64 hash = key_hash(id_key(id));

	segment_insert(&segs[scale(hash, t->segments)], hash, id);
}

static void real_remove(struct segment *segs, const struct real *t, __u32 id)
{
	__u64 hash = key_hash(id_key(id));
	struct segment *s = &segs[scale(hash, t->segments)];
	unsigned int buckets[2 + 2], i, j;

	buckets[0] = hash_home(hash, s->buckets);
	buckets[1] = hash_alt(hash, t->scheme->alt, buckets[0], s->buckets);
	for (i = 0; i < t->scheme->stash; i++)
		buckets[2 + i] = s->buckets + i;
	for (i = 0; i < 2 + t->scheme->stash; i++) {
		for (j = 0; j < s->used[buckets[i]]; j++) {
			if (s->slot[buckets[i]][j].id == id) {
				segment_take(s, buckets[i], j);
				return;
			}
		}
	}
}

/* @age: how many times all keys were replaced by others. */
static void real_build(struct real *t, const struct candidate *c, __u32 entries,
		       double fill, unsigned int age)
{
	size_t size = c->g.lines * 64, page = c->g.buckets * size;
	unsigned int b, i, k, slots = c->g.slots;
	struct segment *segs;
	struct probes p = { 0 };
	__u32 *order = xcalloc(entries, sizeof(*order));

	memset(t, 0, sizeof(*t));
	for (i = 0; strcmp(schemes[i].name, c->scheme); i++)
		;
	t->g = &c->g;
	t->scheme = &schemes[i];
	t->entries = entries;
	t->segments = entries / (c->g.buckets * slots * fill);
	segs = xcalloc(t->segments, sizeof(*segs));
	for (k = 0; k < t->segments; k++)
		segment_init(&segs[k], t->g, t->scheme);

	/*
	 * Generation by generation: random old keys go, new ones come. Putting
	 * the same keys back would flatter: each left a hole in its own home.
	 */
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

	/* Aligned by hand, so that huge pages can back it from the start. */
	t->arena_size = t->segments * page + (2 << 20);
	t->arena = mmap(NULL, t->arena_size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->arena == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(t->arena, t->arena_size, MADV_HUGEPAGE);
	t->pages = xcalloc(t->segments, sizeof(*t->pages));
	for (k = 0; k < t->segments; k++) {
		struct segment *s = &segs[k];
		char *at = (char *)(((unsigned long)t->arena + (2 << 20) - 1) &
				    ~((2UL << 20) - 1));

		at += k * page;
		t->pages[k] = at;
		segment_probes(s, &p);
		for (b = 0; b < c->g.buckets; b++, at += size) {
			struct header *h = (struct header *)at;
			__u64 *keys = (__u64 *)(h + 1);

			memcpy(h->away, s->away[b], HINTS);
			for (i = 0; i < slots; i++)
				keys[i] = EMPTY_KEY;
			for (i = 0; i < s->used[b]; i++) {
				keys[i] = id_key(s->slot[b][i].id);
				keys[slots + i] = ~keys[i];
			}
		}
	}
	t->refused = entries - p.hits;
	t->away = p.hit_reads / p.hits;
	free(order);
	free(segs);
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* Every repeat times each candidate in turn, so that noise hits all alike. */
static void report_time(__u32 entries, double fill, unsigned int age,
			unsigned int repeats)
{
	enum { KINDS = 4 };
	const unsigned int nr = ARRAY_SIZE(candidates), lookups = 1 << 19;
	struct real *t = xcalloc(nr, sizeof(*t));
	double *ns = xcalloc(nr * KINDS * repeats, sizeof(*ns));
	__u64 zero = 0;
	unsigned int i, k, r;

	__asm__("" : "+r"(zero));
	for (i = 0; i < nr; i++)
		real_build(&t[i], &candidates[i], entries, fill, age);
	for (r = 0; r < repeats; r++) {
		for (i = 0; i < nr; i++) {
			for (k = 0; k < KINDS; k++) {
				bool miss = k & 1;
				struct loop l = {
					.t = &t[i],
					.first = miss ? MISS_ID : 0,
					.nr = lookups,
					.zero = zero,
					.dependent = k & 2,
				};
				double start = now_ns();
				__u64 found = loop_candidate(&l, i);

				ns[(i * KINDS + k) * repeats + r] =
					(now_ns() - start) / lookups;
				if (miss ? found : found < lookups / 100 * 80) {
					fprintf(stderr, "%s: %llu found\n",
						candidates[i].name, found);
					exit(1);
				}
			}
		}
	}
	printf("### Look-up ns, %u u64 to u64, mean fill %.2f, age %u\n\n"
	       "Nanoseconds: median (quartiles) of %u interleaved repeats of %u\n"
	       "random keys. Dependent: each key waits for the last value.\n\n"
	       "| candidate | refused, %% | buckets a hit | hit | miss | hit, dependent | miss, dependent |\n"
	       "|---|---|---|---|---|---|---|\n",
	       entries, fill, age, repeats, lookups);
	for (i = 0; i < nr; i++) {
		printf("| %s | %.2f | %.2f |", candidates[i].name,
		       100.0 * t[i].refused / entries, t[i].away);
		for (k = 0; k < KINDS; k++) {
			double *v = &ns[(i * KINDS + k) * repeats];

			qsort(v, repeats, sizeof(*v), cmp_double);
			printf(" %.1f (%.1f-%.1f) |", v[repeats / 2],
			       v[repeats / 4], v[repeats * 3 / 4]);
		}
		printf("\n");
		munmap(t[i].arena, t[i].arena_size);
		free(t[i].pages);
	}
	printf("\n");
	free(ns);
	free(t);
}

int main(int argc, char **argv)
{
	bool simulate = argc < 2 || !strcmp(argv[1], "sim");
	bool timed = argc < 2 || !strcmp(argv[1], "time");

	if (argc > 2 || (!simulate && !timed)) {
		fprintf(stderr, "usage: %s [sim|time]\n", argv[0]);
		return 2;
	}
	setlinebuf(stdout);
	rng_state = 1;
	if (simulate) {
		report_fill(&geometries[0], 2000);
		report_geometries(1000);
		report_growth(&geometries[0], 2);
		report_growth(&geometries[2], 2);
		report_growth(&geometries[3], 2);
		report_sized(&geometries[0], 4096);
		report_churn(&geometries[0], 300);
	}
	if (timed) {
		report_time(1 << 20, 0.6, 0, 11);
		report_time(1 << 20, 0.7, 4, 11);
		report_time(1 << 20, 0.75, 0, 11);
		report_time(1 << 12, 0.7, 4, 11);
	}
	return 0;
}
