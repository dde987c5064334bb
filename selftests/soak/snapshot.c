// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots: of one instant, complete, and never changed, as saved ones are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "soak.h"

/**
 * struct picture - a snapshot, and between which states it was taken
 * @worker: who looks at it
 * @shape: of which map
 * @entries: that for_each gave
 * @before: &key_state.committed before it was taken
 * @after: state after
 * @versions: what it has; ABSENT
 */
struct picture {
	struct worker *worker;
	unsigned int shape;
	uint64_t entries;
	uint64_t before[KEYS];
	struct key_state after[KEYS];
	int64_t versions[KEYS];
};

static void look_before(struct picture *picture)
{
	unsigned int i;

	for (i = 0; i < KEYS; i++)
		picture->before[i] =
			load(&picture->worker->shared->keys[picture->shape][i]
				      .committed);
}

static void look_after(struct picture *picture)
{
	unsigned int i;

	for (i = 0; i < KEYS; i++)
		picture->after[i] =
			state_now(picture->worker->shared, picture->shape, i);
}

static int note(const void *key, const void *value, void *arg)
{
	struct picture *picture = arg;
	const struct map_shape *map = &shapes[picture->shape];
	struct shared *shared = picture->worker->shared;
	uint64_t k[KEY_WORDS_MAX], v[VALUE_WORDS_MAX];
	int64_t number;

	memcpy(k, key, map->key_words * 8);
	memcpy(v, value, map->value_words * 8);
	picture->entries++;
	number = number_of(shared, map, k, "snapshot");
	if (number < 0)
		return 0;
	if (picture->versions[number] != ABSENT)
		fail(shared, FAIL_TWICE, "snapshot: %s, key %jd", map->name,
		     (intmax_t)number);
	picture->versions[number] =
		version_of(shared, map, (uint64_t)number, v, "snapshot");
	return 0;
}

/* The pairs of job_pair(): the first is ahead by one write at most, never behind. */
static void check_pairs(struct picture *picture)
{
	int64_t first, second;
	unsigned int lane;

	for (lane = 0; lane < WORKERS; lane++) {
		first = picture->versions[lane * LANE];
		second = picture->versions[lane * LANE + 1];
		if (first == CORRUPT || second == CORRUPT)
			continue;
		if (first != second && first != second + 2)
			fail(picture->worker->shared, FAIL_INSTANT,
			     "%s, pair of worker %u: versions %jd and %jd",
			     shapes[picture->shape].name, lane, (intmax_t)first,
			     (intmax_t)second);
	}
}

static void check_entries(struct picture *picture,
			  const struct kcmap_map_snapshot *snapshot)
{
	unsigned int i;

	picture->entries = 0;
	for (i = 0; i < KEYS; i++)
		picture->versions[i] = ABSENT;
	kcmap_snapshot_for_each(snapshot, note, picture);
	if (picture->entries != kcmap_snapshot_len(snapshot))
		fail(picture->worker->shared, FAIL_COUNT,
		     "snapshot: %ju entries, and %ju were returned",
		     (uintmax_t)kcmap_snapshot_len(snapshot),
		     (uintmax_t)picture->entries);
	for (i = 0; i < KEYS; i++)
		judge(picture->worker->shared, picture->shape, i,
		      picture->before[i], &picture->after[i],
		      picture->versions[i], "snapshot");
	check_pairs(picture);
}

/* Later, after writes: look-ups give what it had. */
static void check_lookups(struct picture *picture,
			  const struct kcmap_map_snapshot *snapshot,
			  const char *where)
{
	const struct map_shape *map = &shapes[picture->shape];
	uint64_t key[KEY_WORDS_MAX], value[VALUE_WORDS_MAX], number;
	struct worker *worker = picture->worker;
	int64_t version;
	unsigned int i;
	int err;

	for (i = 0; i < 4 * BATCH; i++) {
		number = (rnd(&worker->random) >> 20) % KEYS;
		make_key(map, number, key);
		err = kcmap_snapshot_lookup(snapshot, key, value);
		if (err && err != -ENOENT) {
			fail(worker->shared, FAIL_ERRNO, "%s: %s", where,
			     strerror(-err));
			continue;
		}
		version = err ? ABSENT :
				version_of(worker->shared, map, number, value,
					   where);
		if (version != picture->versions[number])
			fail(worker->shared, FAIL_INSTANT,
			     "%s: %s, key %ju: version %jd, which was %jd",
			     where, map->name, (uintmax_t)number,
			     (intmax_t)version,
			     (intmax_t)picture->versions[number]);
	}
}

static void check_saved(struct picture *picture,
			const struct kcmap_map_snapshot *snapshot)
{
	int fd = memfd_create("soak", MFD_CLOEXEC), err;
	struct kcmap_map_snapshot *saved;

	err = kcmap_snapshot_save(snapshot, fd, NULL, NULL);
	if (!err)
		err = kcmap_snapshot_load(fd, &saved);
	close(fd);
	if (err) {
		fail(picture->worker->shared, FAIL_ERRNO, "saved: %s",
		     strerror(-err));
		return;
	}
	check_lookups(picture, saved, "saved");
	if (kcmap_snapshot_len(saved) != picture->entries)
		fail(picture->worker->shared, FAIL_COUNT, "saved: %ju entries",
		     (uintmax_t)kcmap_snapshot_len(saved));
	kcmap_snapshot_close(saved);
}

static bool taken(struct picture *picture, int err)
{
	/* Documented: the most that all snapshots together may be. */
	if (err == -EDQUOT || err == -ENOMEM)
		add(&picture->worker->shared->refused, 1);
	else if (err)
		fail(picture->worker->shared, FAIL_ERRNO, "snapshot: %s",
		     strerror(-err));
	return !err;
}

unsigned int job_snapshot(struct worker *worker)
{
	struct picture *picture = calloc(1, sizeof(*picture));
	struct kcmap_map_snapshot *snapshot;
	unsigned int i, nr = 1;

	picture->worker = worker;
	picture->shape = (unsigned int)(rnd(&worker->random) >> 20) % SHAPES;
	look_before(picture);
	if (!taken(picture, kcmap_snapshot_open(worker->maps[picture->shape],
						&snapshot))) {
		free(picture);
		return 1;
	}
	look_after(picture);
	check_entries(picture, snapshot);
	for (i = 0; i < 20; i++)
		job_single(worker);
	check_lookups(picture, snapshot, "snapshot");
	if (rnd(&worker->random) >> 20 & 1) {
		look_before(picture);
		if (taken(picture, kcmap_snapshot_refresh(snapshot))) {
			look_after(picture);
			check_entries(picture, snapshot);
		}
		nr++;
	} else {
		check_saved(picture, snapshot);
	}
	kcmap_snapshot_close(snapshot);
	free(picture);
	return nr;
}
