// SPDX-License-Identifier: MIT
/* What a snapshot takes to make, beside what it takes BPF to copy a map. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libkcmap.h>
#include <linux/bpf.h>

#include "bench.h"

/* Snapshots of a repeat. */
#define CREATE_TIMES 100
/* More than one a millisecond would have to wait: the kernel rations them. */
#define CREATE_PAUSE_US 2000

#define DUMP_BATCH 65536

/* The call alone. */
static int time_call(struct kcmap_map *map, uint64_t *ns)
{
	uint64_t start = bench_now();
	int fd = bench_snapshot(kcmap_map_fd(map));

	*ns = bench_now() - start;
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* From before the call until one value is there. */
static int time_lookup(struct kcmap_map *map, unsigned int entries,
		       uint64_t *ns)
{
	uint64_t number = (uint64_t)random() % entries, value;
	uint64_t key = bench_key(number), start = bench_now();
	struct kcmap_map_snapshot *snapshot;
	int err;

	err = kcmap_snapshot_open(map, &snapshot);
	if (err)
		return err;
	err = kcmap_snapshot_lookup(snapshot, &key, &value);
	*ns = bench_now() - start;
	kcmap_snapshot_close(snapshot);
	return err ?: value == number ? 0 : -EIO;
}

static int create(struct kcmap_map *map, const struct contender *contender,
		  const struct shape *shape, unsigned int repeat)
{
	struct sample call =
		sample_of("snapshot_create", contender, shape, 1, repeat);
	struct sample first =
		sample_of("snapshot_first_lookup", contender, shape, 1, repeat);
	uint64_t calls[CREATE_TIMES], firsts[CREATE_TIMES];
	unsigned int i;
	int err = 0;

	for (i = 0; i < CREATE_TIMES && !err; i++) {
		usleep(CREATE_PAUSE_US);
		err = time_call(map, &calls[i]);
		usleep(CREATE_PAUSE_US);
		err = err ?: time_lookup(map, shape->entries, &firsts[i]);
	}
	if (err)
		return err;
	sample_times(&call, calls, CREATE_TIMES);
	sample_times(&first, firsts, CREATE_TIMES);
	sample_add(&call);
	sample_add(&first);
	return 0;
}

struct dumped {
	uint64_t *keys, *values;
	unsigned int entries;
};

static int dump_entry(const void *key, const void *value, void *arg)
{
	struct dumped *dumped = arg;
	unsigned int i = dumped->entries++ % DUMP_BATCH;

	memcpy(&dumped->keys[i], key, sizeof(*dumped->keys));
	memcpy(&dumped->values[i], value, sizeof(*dumped->values));
	return 0;
}

static int dump_snapshot(struct kcmap_map *map, struct dumped *dumped)
{
	struct kcmap_map_snapshot *snapshot;
	int err = kcmap_snapshot_open(map, &snapshot);

	if (err)
		return err;
	err = kcmap_snapshot_for_each(snapshot, dump_entry, dumped);
	kcmap_snapshot_close(snapshot);
	return err;
}

static int dump_bpf(int map, struct dumped *dumped)
{
	union bpf_attr attr;
	uint32_t cursor;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = map;
	attr.batch.keys = (uintptr_t)dumped->keys;
	attr.batch.values = (uintptr_t)dumped->values;
	attr.batch.out_batch = (uintptr_t)&cursor;
	do {
		attr.batch.count = DUMP_BATCH;
		err = syscall(SYS_bpf, BPF_MAP_LOOKUP_BATCH, &attr,
			      sizeof(attr)) ?
			      -errno :
			      0;
		if (err && err != -ENOENT)
			return err;
		dumped->entries += attr.batch.count;
		attr.batch.in_batch = (uintptr_t)&cursor;
	} while (!err);
	return 0;
}

/* All entries into memory that is there already; @map NULL: of BPF. */
static int dump(int fd, struct kcmap_map *map,
		const struct contender *contender, const struct shape *shape,
		unsigned int repeat)
{
	struct sample sample = sample_of("dump", contender, shape, 1, repeat);
	struct dumped dumped = {
		.keys = malloc(DUMP_BATCH * sizeof(*dumped.keys)),
		.values = malloc(DUMP_BATCH * sizeof(*dumped.values)),
	};
	int err = dumped.keys && dumped.values ? 0 : -ENOMEM;
	uint64_t start;

	if (!err) {
		memset(dumped.keys, 1, DUMP_BATCH * sizeof(*dumped.keys));
		memset(dumped.values, 1, DUMP_BATCH * sizeof(*dumped.values));
		start = bench_now();
		err = map ? dump_snapshot(map, &dumped) : dump_bpf(fd, &dumped);
		sample.ns_per_op = bench_now() - start;
	}
	free(dumped.keys);
	free(dumped.values);
	if (!err && dumped.entries != shape->entries)
		err = -EIO;
	if (!err)
		sample_add(&sample);
	return err;
}

/**
 * create_measure() - what it takes to have an image of a map
 * @contender: kcmap, or BPF's map
 * @shape: of the map
 * @repeats: of everything
 *
 * Samples: "snapshot_create": the call; "snapshot_first_lookup": the call and one
 * look-up in what it gave; "dump": all entries copied, in ns_per_op, from a snapshot
 * or by BPF's batch look-up.
 *
 * Return: false after a message.
 */
bool create_measure(const struct contender *contender,
		    const struct shape *shape, unsigned int repeats)
{
	struct kcmap_map *map = NULL;
	int map_fd, err = 0, fd;
	unsigned int repeat;

	fd = table_open(contender, shape, shape->entries, 1, &map_fd);
	if (fd < 0)
		return true;
	if (contender->engine == BENCH_KCMAP)
		err = kcmap_map_from_fd(map_fd, &map);
	for (repeat = 0; repeat < repeats && !err; repeat++) {
		bench_progress("snapshots of %u entries, %s, repeat %u of %u",
			       shape->entries, contender->name, repeat + 1,
			       repeats);
		if (map)
			err = create(map, contender, shape, repeat);
		err = err ?: dump(map_fd, map, contender, shape, repeat);
	}
	if (err)
		bench_say("snapshots of %s: %s", contender->name,
			  strerror(-err));
	if (map)
		kcmap_map_close(map);
	else
		close(map_fd);
	close(fd);
	return !err;
}
