// SPDX-License-Identifier: GPL-2.0-only
/* Maps as a whole: cleared, created and destroyed, asked for statistics. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "soak.h"

static void clear_all(struct worker *worker)
{
	struct shared *shared = worker->shared;
	uint64_t free_lock = 0;
	int err;

	/* One at a time, so that the number says which clears have ended. */
	if (!__atomic_compare_exchange_n(&shared->clear_lock, &free_lock, 1,
					 false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return;
	add(&shared->clear_started, 1);
	err = kcmap_map_clear(worker->clear_map);
	if (err)
		fail(shared, FAIL_ERRNO, "clear: %s", strerror(-err));
	store(&shared->clear_committed, load(&shared->clear_started));
	store(&shared->clear_lock, 0);
}

static void clear_store(struct worker *worker, uint64_t number,
			struct clear_note *at)
{
	uint64_t version = at->version + 1, key, value;
	int err;

	make_key(&shapes[0], number, &key);
	make_value(&shapes[0], number, version, &value);
	at->before = load(&worker->shared->clear_committed);
	err = kcmap_map_upsert(worker->clear_map, &key, &value);
	at->after = load(&worker->shared->clear_started);
	if (!err)
		at->version = version;
	else if (err == -ENOMEM)
		add(&worker->shared->refused, 1);
	else
		fail(worker->shared, FAIL_ERRNO, "upsert: %s", strerror(-err));
	/* What was there before may have been cleared, or not: it is not known. */
	if (err)
		at->version = 0;
}

/* After a clear that began later it is absent; while none began it is there. */
static void clear_look(struct worker *worker, uint64_t number,
		       const struct clear_note *at)
{
	uint64_t ended = load(&worker->shared->clear_committed), key, value;
	int err;

	make_key(&shapes[0], number, &key);
	err = kcmap_map_lookup(worker->clear_map, &key, &value);
	if (err && err != -ENOENT) {
		fail(worker->shared, FAIL_ERRNO, "look-up: %s", strerror(-err));
	} else if (err) {
		if (load(&worker->shared->clear_started) <= at->before)
			fail(worker->shared, FAIL_LOST,
			     "key %ju, and nobody had cleared the map",
			     (uintmax_t)number);
	} else if (ended > at->after) {
		fail(worker->shared, FAIL_REVIVED,
		     "key %ju, and the map had been cleared",
		     (uintmax_t)number);
	} else if (version_of(worker->shared, &shapes[0], number, &value,
			      "cleared map") != (int64_t)at->version) {
		fail(worker->shared, FAIL_STALE, "cleared map, key %ju",
		     (uintmax_t)number);
	}
}

/* Not by those that are killed: they would not know what they have stored. */
unsigned int job_clear(struct worker *worker)
{
	unsigned int i =
		(unsigned int)(rnd(&worker->random) >> 20) % CLEAR_LANE;
	uint64_t number = (uint64_t)worker->number * CLEAR_LANE + i;
	struct clear_note *at = &worker->clear_notes[i];

	if (worker->victim)
		return 0;
	if ((rnd(&worker->random) >> 20) % 16 == 0) {
		clear_all(worker);
		return 1;
	}
	if (at->version)
		clear_look(worker, number, at);
	clear_store(worker, number, at);
	return 2;
}

#define SMALL 3 /* entries of a map that is created */

/* Exactly so many find a place, and one that is given back can be taken. */
static void check_full(struct worker *worker, struct kcmap_map *map)
{
	uint64_t key, value;
	unsigned int i;
	int err;

	for (i = 0; i <= SMALL; i++) {
		make_key(&shapes[0], i, &key);
		make_value(&shapes[0], i, 1, &value);
		err = kcmap_map_insert(map, &key, &value);
		if (err != (i < SMALL ? 0 : -ENOSPC))
			fail(worker->shared, FAIL_ERRNO, "insert %u of %u: %s",
			     i, SMALL, strerror(-err));
	}
	make_key(&shapes[0], 0, &key);
	err = kcmap_map_take(map, &key, &value);
	if (err)
		fail(worker->shared, FAIL_LOST, "take: %s", strerror(-err));
	else
		version_of(worker->shared, &shapes[0], 0, &value, "new map");
	err = kcmap_map_insert(map, &key, &value);
	if (err)
		fail(worker->shared, FAIL_ERRNO, "insert: %s", strerror(-err));
}

static int create(struct worker *worker, struct kcmap_ctl *ctl,
		  struct kcmap_map **map)
{
	struct kcmap_create_opts opts;
	char name[KCMAP_NAME_SIZE];
	int err;

	kcmap_create_opts_init(&opts, 8, 8, SMALL);
	if (rnd(&worker->random) >> 20 & 1)
		return kcmap_ctl_create_anon(ctl, &opts, map);
	/* Of a process: one that was killed has left its map behind. */
	snprintf(name, sizeof(name), "soak.new.%d", getpid());
	err = kcmap_ctl_create(ctl, name, &opts);
	if (!err)
		err = kcmap_map_open(name, O_RDWR, map);
	/* It goes on without a name. */
	if (!err)
		err = kcmap_ctl_destroy(ctl, name);
	return err;
}

unsigned int job_create(struct worker *worker)
{
	struct kcmap_ctl *ctl;
	struct kcmap_map *map;
	int err;

	err = kcmap_ctl_open(&ctl);
	if (!err) {
		err = create(worker, ctl, &map);
		kcmap_ctl_close(ctl);
	}
	if (err) {
		fail(worker->shared, FAIL_ERRNO, "create: %s", strerror(-err));
		return 1;
	}
	check_full(worker, map);
	kcmap_map_close(map);
	return 1;
}

unsigned int job_stats(struct worker *worker)
{
	unsigned int shape =
		(unsigned int)(rnd(&worker->random) >> 20) % SHAPES;
	struct kcmap_stats stats;
	struct kcmap_map_info info;
	int err;

	err = kcmap_map_get_stats(worker->maps[shape], &stats, sizeof(stats));
	if (!err)
		err = kcmap_map_get_info(worker->maps[shape], &info,
					 sizeof(info));
	if (err)
		fail(worker->shared, FAIL_ERRNO, "stats: %s", strerror(-err));
	else if (stats.entries > KEYS || info.max_entries != KEYS ||
		 strcmp((const char *)info.name, shapes[shape].name))
		fail(worker->shared, FAIL_COUNT, "%s: %ju entries of %ju",
		     shapes[shape].name, (uintmax_t)stats.entries,
		     (uintmax_t)info.max_entries);
	return 1;
}
