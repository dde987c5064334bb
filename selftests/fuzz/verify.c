// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_sequence: whether all is there that the model says, and nothing else: by look-ups
 * and a scan, in snapshots, and through views. Agents look, at what they have open.
 */
#include <sys/syscall.h>

#include "../image.h"

#include "memory.h"
#include "ops.h"

/* Keys that are looked up through a view when only some are. */
#define SOME_KEYS 64

/**
 * struct look - what an agent is to look at, and what it found
 * @fd: descriptor; or else
 * @image: mapping
 * @map: what its map was created with
 * @from: number of the first key to look up
 * @keys: how many
 * @nr: keys that there are
 * @entries: that must be there
 * @values: that they must have
 * @found: entries that were there
 * @wrong: keys that were there and should not, were not and should, or had another
 *	value
 * @key: the last of them
 * @failures: what image.h found to be wrong with an image
 */
struct look {
	int fd;
	struct image image;
	struct kcmap_create map;
	unsigned int from, keys, nr;
	uint64_t entries;
	uint64_t values[KEYS];
	uint64_t found;
	unsigned int wrong;
	int64_t key;
	int failures;
};

/* Where CHECK() of image.h counts: whatever process it is in. */
void verify_init(void *shared)
{
	tap_shared = shared;
}

static void look_wrong(struct look *look, int64_t key)
{
	look->wrong++;
	look->key = key;
}

/* image_fn */
static void look_entry(const void *bytes, const void *value, void *ctx)
{
	struct look *look = ctx;
	int64_t key = key_number(bytes, look->map.key_size);

	look->found++;
	if (key < 0 || key >= look->nr || !look->values[key] ||
	    !value_is(look->values[key], value, look->map.value_size))
		look_wrong(look, key);
}

/* --- What agents do --- */

static void look_scan(struct look *look)
{
	long entries = scan_all(look->fd, look->map.key_size,
				look->map.value_size, KEYS, look_entry, look);

	if (entries != (long)look->found)
		look_wrong(look, entries);
}

static void look_up(struct look *look)
{
	uint32_t key_size = look->map.key_size,
		 value_size = look->map.value_size;
	uint8_t *keys = malloc(KEYS * key_size);
	uint8_t *values = malloc(KEYS * value_size + 1);
	int32_t statuses[KEYS];
	unsigned int i;

	for (i = 0; i < look->nr; i++)
		key_bytes(i, keys + i * key_size, key_size);
	if (strided(look->fd, KCMAP_OP_LOOKUP, look->nr, keys, NULL, values,
		    statuses) != (int)look->nr)
		look_wrong(look, -1);
	for (i = 0; i < look->nr; i++) {
		bool there = look->values[i];

		if (statuses[i] != (there ? 0 : -ENOENT) ||
		    (there && !value_is(look->values[i],
					values + i * value_size, value_size)))
			look_wrong(look, i);
	}
	free(keys);
	free(values);
}

/* agent_fn: by ioctl. */
static long look_at_map(void *arg)
{
	struct look *look = arg;

	look_scan(look);
	look_up(look);
	return 0;
}

/* agent_fn: all of an image. */
static long look_at_snapshot(void *arg)
{
	struct look *look = arg;
	int before = tap_shared->failures;
	bool mapped = look->image.at;

	if (!mapped)
		look->image = image_map(look->fd);
	image_each(&look->image, look_entry, look);
	if (image_header(&look->image)->entries != look->entries)
		look_wrong(look, -1);
	if (!mapped)
		image_unmap(&look->image);
	look->failures = tap_shared->failures - before;
	return 0;
}

/* agent_fn: some keys, through a view. */
static long look_at_view(void *arg)
{
	uint8_t key[KCMAP_KEY_SIZE_MAX], value[KCMAP_VALUE_SIZE_MAX];
	struct look *look = arg;
	int before = tap_shared->failures, ret;
	unsigned int i;

	for (i = 0; i < look->keys; i++) {
		unsigned int number = (look->from + i) % look->nr;
		bool there = look->values[number];

		key_bytes(number, key, look->map.key_size);
		ret = image_lookup(&look->image, key, value);
		/* Where keys are chained only the kernel knows. */
		if (ret == -EREMOTE)
			continue;
		if (ret != (there ? 0 : -ENOENT) ||
		    (there && !value_is(look->values[number], value,
					look->map.value_size)))
			look_wrong(look, number);
	}
	look->found = look->entries;
	look->failures = tap_shared->failures - before;
	return 0;
}

/* --- What the driver makes of it --- */

static struct look *look_new(const struct map *map,
			     const struct snapshot *snapshot)
{
	struct look *look = room(sizeof(*look));

	look->fd = -1;
	look->map = map->made;
	look->nr = map->keys;
	look->entries = snapshot ? snapshot->entries : map->entries;
	memcpy(look->values, snapshot ? snapshot->values : map->values,
	       sizeof(look->values));
	return look;
}

static void look_done(struct world *w, const struct look *look,
		      const char *what, unsigned int agent)
{
	if (look->wrong)
		complain(w, "%s, process %u: %u keys wrong, one is %lld", what,
			 agent, look->wrong, (long long)look->key);
	else if (look->found != look->entries)
		complain(w, "%s, process %u: expected %llu entries, saw %llu",
			 what, agent, (unsigned long long)look->entries,
			 (unsigned long long)look->found);
	else if (look->failures)
		complain(w, "%s, process %u: not a good image", what, agent);
}

static void verify_fd(struct world *w, unsigned int agent, unsigned int fd)
{
	struct file *file = w->agents[agent].fds[fd];
	struct look *look = look_new(file->map, file->snapshot);

	look->fd = FD_BASE + fd;
	agent_run(w, agent, file->snapshot ? look_at_snapshot : look_at_map,
		  look);
	look_done(w, look, file->snapshot ? "a snapshot" : "a map", agent);
}

static void verify_mapping(struct world *w, unsigned int agent,
			   unsigned int place, bool all)
{
	const struct mapping *mapping = &w->agents[agent].mappings[place];
	struct file *file = mapping->file;
	struct look *look = look_new(file->map, file->snapshot);

	look->image.at =
		(void *)(uintptr_t)mapping_address(place, mapping->side);
	look->image.size = mapping->size;
	look->from = below(w, look->nr);
	look->keys = all ? look->nr : SOME_KEYS;
	agent_run(w, agent, file->snapshot ? look_at_snapshot : look_at_view,
		  look);
	look_done(w, look, file->snapshot ? "a mapped snapshot" : "a view",
		  agent);
}

static bool can_verify_fd(const struct file *file)
{
	return file && file->readable && file->map &&
	       (!file->snapshot || !(file->map->made.flags & KCMAP_F_NO_MMAP));
}

/* All of an image, and it can be read. */
static bool can_verify_mapping(const struct mapping *mapping)
{
	return mapping->file && !mapping->offset && mapping->prot & PROT_READ &&
	       mapping->size == mapping->file->map->image_size;
}

/* The nth of all that can be looked at. Return: how many there are. */
static unsigned int verify_nth(struct world *w, unsigned int n, bool all)
{
	unsigned int agent, i, nr = 0;

	for (agent = 0; agent < AGENTS; agent++) {
		for (i = 0; i < FDS; i++)
			if (can_verify_fd(w->agents[agent].fds[i]) && nr++ == n)
				verify_fd(w, agent, i);
		for (i = 0; i < MAPPINGS; i++)
			if (can_verify_mapping(&w->agents[agent].mappings[i]) &&
			    nr++ == n)
				verify_mapping(w, agent, i, all);
	}
	return nr;
}

/* Another one each time, by chance. */
void verify_some(struct world *w)
{
	unsigned int nr = verify_nth(w, UINT32_MAX, false);

	if (nr)
		verify_nth(w, below(w, nr), false);
}

void verify_all(struct world *w)
{
	unsigned int nr = verify_nth(w, UINT32_MAX, true), i;

	for (i = 0; i < nr && !w->failed; i++) {
		room_reset();
		verify_nth(w, i, true);
	}
}

/* What the map that the step was about has counted. */
void verify_touched(struct world *w)
{
	unsigned int agent, i;

	for (agent = 0; agent < AGENTS; agent++) {
		for (i = 0; i < FDS; i++) {
			struct file *file = w->agents[agent].fds[i];
			struct kcmap_stats *stats;
			struct call call;

			if (!file || file->kind != KIND_MAP ||
			    file->map != w->touched || !file->readable)
				continue;
			stats = room(sizeof(*stats));
			stats->size = sizeof(*stats);
			call = (struct call){
				.agent = agent,
				.file = file,
				.in = stats,
				.out = stats,
				.got = DO(w, agent, SYS_ioctl, FD_BASE + i,
					  KCMAP_MAP_STATS, (long)stats),
			};
			model_stats(w, &call);
			return;
		}
	}
}
