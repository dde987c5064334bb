// SPDX-License-Identifier: GPL-2.0-only
/* Fills a segment as a scheme says, and counts what its look-ups read. */
#include <stdio.h>
#include <string.h>

#include "bucket_schemes.h"
#include "bucket_util.h"

const struct scheme schemes[] = {
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

const unsigned int nr_schemes = ARRAY_SIZE(schemes);

void segment_init(struct segment *s, const struct geometry *g,
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

struct entry segment_take(struct segment *s, unsigned int bucket,
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
int segment_insert(struct segment *s, __u64 hash, __u32 id)
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

void segment_probes(const struct segment *s, struct probes *p)
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

/* Buckets read: a hit, a miss, a miss with one counter and with HINTS. */
void print_probes(const struct probes *p)
{
	if (!p->hits || !p->misses)
		printf(" - |");
	else
		printf(" %.2f / %.0f / %.2f / %.2f |", p->hit_reads / p->hits,
		       p->miss_reads / p->misses,
		       p->miss_reads_hint / p->misses,
		       p->miss_reads_hints / p->misses);
}
