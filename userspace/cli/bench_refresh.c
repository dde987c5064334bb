// SPDX-License-Identifier: MIT
/* What moving a snapshot to now takes, and how much of the map was changed before. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libkcmap.h>

#include "bench.h"

#define ALL UINT_MAX
#define CHANGE_MS 50
/* So that the kernel's readers are gone: who waits for them is not the caller. */
#define REFRESH_PAUSE_US 50000

struct refreshed {
	int fd; /* of kcmap_bench */
	struct kcmap_map *map;
	struct kcmap_map_snapshot *snapshot;
	unsigned int entries;
};

static int copies(struct refreshed *r, uint64_t *nr)
{
	struct kcmap_stats stats;
	int err = kcmap_map_get_stats(r->map, &stats, sizeof(stats));

	*nr = stats.copies;
	return err;
}

/* Writes to all segments: until there is none left that has to be copied first. */
static int change_all(struct refreshed *r, uint64_t *nr)
{
	struct kcmap_bench_run run;
	uint64_t before;
	int err;

	do {
		before = *nr;
		run = (struct kcmap_bench_run){
			.bench = BENCH_UPDATE,
			.threads = 1,
			.ms = CHANGE_MS,
		};
		if (ioctl(r->fd, KCMAP_BENCH_RUN, &run))
			return -errno;
		err = copies(r, nr);
	} while (!err && *nr > before);
	return err;
}

/* Writes to @segments of them. Return: to how many, or a negative errno. */
static int change(struct refreshed *r, unsigned int segments)
{
	uint64_t before, nr, number, key;
	int err = copies(r, &before);

	nr = before;
	if (!err && segments == ALL)
		err = change_all(r, &nr);
	while (!err && segments != ALL && nr - before < segments) {
		number = (uint64_t)random() % r->entries;
		key = bench_key(number);
		err = kcmap_map_update(r->map, &key, &number);
		err = err ?: copies(r, &nr);
	}
	return err ?: (int)(nr - before);
}

static int refresh(struct refreshed *r, struct sample *sample,
		   unsigned int segments)
{
	int changed = change(r, segments), err;
	uint64_t start;

	if (changed < 0)
		return changed;
	usleep(REFRESH_PAUSE_US);
	start = bench_now();
	err = kcmap_snapshot_refresh(r->snapshot);
	sample->ns_per_op = bench_now() - start;
	sample->changed = changed;
	if (!err)
		sample_add(sample);
	return err;
}

/**
 * refresh_measure() - refreshes of a snapshot
 * @contender: kcmap
 * @shape: of the map
 * @repeats: of everything
 *
 * Samples: "snapshot_refresh", where changed says how many segments were changed since
 * the refresh before.
 *
 * Return: false after a message.
 */
bool refresh_measure(const struct contender *contender,
		     const struct shape *shape, unsigned int repeats)
{
	static const unsigned int segments[] = { 0, 1, 10, 100, 1000, ALL };
	struct sample sample;
	struct refreshed r = { .entries = shape->entries };
	unsigned int i, repeat;
	uint64_t nr;
	int map, err;

	r.fd = table_open(contender, shape, shape->entries, 1, &map);
	if (r.fd < 0)
		return true;
	err = kcmap_map_from_fd(map, &r.map);
	err = err ?: kcmap_snapshot_open(r.map, &r.snapshot);
	/* Whoever wants more segments than there are gets all. */
	err = err ?: change(&r, ALL);
	nr = err > 0 ? (uint64_t)err : 0;
	err = err < 0 ? err : kcmap_snapshot_refresh(r.snapshot);
	for (repeat = 0; repeat < repeats && !err; repeat++) {
		bench_progress("refreshes of %u entries, repeat %u of %u",
			       shape->entries, repeat + 1, repeats);
		for (i = 0; i < ARRAY_SIZE(segments) && !err; i++) {
			if (segments[i] != ALL && segments[i] >= nr)
				continue;
			sample = sample_of("snapshot_refresh", contender, shape,
					   1, repeat);
			err = refresh(&r, &sample, segments[i]);
		}
	}
	if (err)
		bench_say("refreshes: %s", strerror(-err));
	kcmap_snapshot_close(r.snapshot);
	kcmap_map_close(r.map);
	close(r.fd);
	return !err;
}
