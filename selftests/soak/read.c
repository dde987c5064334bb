// SPDX-License-Identifier: GPL-2.0-only
/* Everybody's keys, read while they are written. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "soak.h"

/* Keys that are looked up together, and what was committed of them before. */
struct look {
	unsigned int shape, nr;
	uint64_t numbers[BATCH], before[BATCH];
	uint64_t keys[BATCH * KEY_WORDS_MAX], values[BATCH * VALUE_WORDS_MAX];
	int32_t statuses[BATCH];
};

/* Every other time the few keys of all pairs, where readers and writers meet. */
static void choose(struct worker *worker, struct look *look)
{
	uint64_t at = rnd(&worker->random) >> 20;
	bool pairs = rnd(&worker->random) >> 20 & 1;
	unsigned int i;

	look->shape = (unsigned int)(rnd(&worker->random) >> 20) % SHAPES;
	look->nr = 1 + (unsigned int)(rnd(&worker->random) >> 20) % BATCH;
	for (i = 0; i < look->nr; i++) {
		look->numbers[i] = (at + i) % KEYS;
		if (pairs)
			look->numbers[i] = (at + i) / PAIR % WORKERS * LANE +
					   (at + i) % PAIR;
		make_key(&shapes[look->shape], look->numbers[i],
			 look->keys + i * shapes[look->shape].key_words);
		look->before[i] = load(
			&worker->shared->keys[look->shape][look->numbers[i]]
				 .committed);
	}
}

static void judge_all(struct worker *worker, const struct look *look,
		      const char *where)
{
	const struct map_shape *shape = &shapes[look->shape];
	struct shared *shared = worker->shared;
	struct key_state after;
	int64_t version;
	unsigned int i;

	for (i = 0; i < look->nr; i++) {
		after = state_now(shared, look->shape, look->numbers[i]);
		version = ABSENT;
		if (!look->statuses[i]) {
			version = version_of(
				shared, shape, look->numbers[i],
				look->values + i * shape->value_words, where);
		} else if (look->statuses[i] != -ENOENT) {
			fail(shared, FAIL_ERRNO, "%s: %s", where,
			     strerror(-look->statuses[i]));
			continue;
		}
		judge(shared, look->shape, look->numbers[i], look->before[i],
		      &after, version, where);
	}
}

unsigned int job_lookup(struct worker *worker)
{
	struct look look;
	int done;

	choose(worker, &look);
	done = kcmap_map_submit_strided(worker->maps[look.shape],
					KCMAP_OP_LOOKUP, look.nr, look.keys,
					NULL, look.values, look.statuses);
	if (done == (int)look.nr)
		judge_all(worker, &look, "look-up");
	else
		fail(worker->shared, FAIL_ERRNO, "look-ups: %d of %u", done,
		     look.nr);
	worker->shared->workers[worker->number].done[OP_LOOKUP] += look.nr;
	return 0;
}

unsigned int job_view(struct worker *worker)
{
	const struct kcmap_view *view;
	struct look look;
	int ret;

	choose(worker, &look);
	view = worker->views[look.shape];
	if (rnd(&worker->random) >> 20 & 1) {
		look.nr = 1;
		look.statuses[0] =
			kcmap_view_lookup(view, look.keys, look.values);
	} else {
		ret = kcmap_view_lookup_bulk(view, look.nr, look.keys,
					     look.values, look.statuses);
		if (ret < 0) {
			fail(worker->shared, FAIL_ERRNO, "view: %s",
			     strerror(-ret));
			return look.nr;
		}
	}
	judge_all(worker, &look, "view");
	return look.nr;
}

static void scan_all(struct worker *worker, unsigned int shape,
		     struct kcmap_iter *iter, unsigned int *seen)
{
	const struct map_shape *map = &shapes[shape];
	struct shared *shared = worker->shared;
	uint64_t k[KEY_WORDS_MAX], v[VALUE_WORDS_MAX];
	const void *key, *value;
	struct key_state after;
	int64_t number;
	int ret;

	while ((ret = kcmap_iter_next(iter, &key, &value)) == 1) {
		memcpy(k, key, map->key_words * 8);
		memcpy(v, value, map->value_words * 8);
		number = number_of(shared, map, k, "scan");
		if (number < 0)
			continue;
		seen[number]++;
		after = state_now(shared, shape, (uint64_t)number);
		/* What a scan returns was so at some time during it. */
		judge(shared, shape, (uint64_t)number, 0, &after,
		      version_of(shared, map, (uint64_t)number, v, "scan"),
		      "scan");
	}
	if (ret)
		fail(shared, FAIL_ERRNO, "scan: %s", strerror(-ret));
}

/* A key that is there from start to end is returned exactly once. */
unsigned int job_scan(struct worker *worker)
{
	unsigned int shape =
		(unsigned int)(rnd(&worker->random) >> 20) % SHAPES;
	unsigned int *seen = calloc(KEYS, sizeof(*seen));
	uint64_t *before = calloc(KEYS, sizeof(*before));
	struct kcmap_iter *iter;
	struct key_state after;
	uint64_t i;
	int err;

	for (i = 0; i < KEYS; i++)
		before[i] = load(&worker->shared->keys[shape][i].committed);
	err = kcmap_iter_new(
		worker->maps[shape], 0,
		1 + (unsigned int)(rnd(&worker->random) >> 20) % 1000, &iter);
	if (err) {
		fail(worker->shared, FAIL_ERRNO, "scan: %s", strerror(-err));
	} else {
		scan_all(worker, shape, iter, seen);
		kcmap_iter_free(iter);
	}
	for (i = 0; !err && i < KEYS; i++) {
		after = state_now(worker->shared, shape, i);
		if (before[i] % 2 == 0 || after.absent > before[i])
			continue;
		if (seen[i] != 1)
			fail(worker->shared, seen[i] ? FAIL_TWICE : FAIL_LOST,
			     "scan: %s, key %ju returned %u times",
			     shapes[shape].name, (uintmax_t)i, seen[i]);
	}
	free(seen);
	free(before);
	return 1;
}
