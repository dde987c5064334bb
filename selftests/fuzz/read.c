// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_sequence: the ioctls of maps and snapshots, but for SUBMIT. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"

/* snapshots_max of a map that was made with 0. */
#define SNAPSHOTS_DEFAULT 64

static uint32_t snapshots_max(const struct map *map)
{
	return map->made.snapshots_max ?: SNAPSHOTS_DEFAULT;
}

void model_map_info(struct world *w, const struct call *call)
{
	const struct kcmap_map_info *info = call->out;
	struct map *map = call->file->map;
	const char *name = map->linked ? (char *)map->made.name : "";

	if (!expect_error(w, 0, call->got))
		return;
	expect(w, "flags", map->made.flags, info->flags);
	expect(w, "name", 0, strcmp(name, (char *)info->name));
	expect(w, "max_entries", map->made.max_entries, info->max_entries);
	expect(w, "key_size", map->made.key_size, info->key_size);
	expect(w, "value_size", map->made.value_size, info->value_size);
	expect(w, "mode", map->made.mode, info->mode);
	expect(w, "uid", map->uid, info->uid);
	expect(w, "gid", map->gid, info->gid);
	expect(w, "snapshots_max", snapshots_max(map), info->snapshots_max);
	expect(w, "reserved", 0, info->reserved);
	if (map->id && map->id != info->id)
		complain(w, "the id has changed");
	map->id = info->id;
}

void model_stats(struct world *w, const struct call *call)
{
	const struct kcmap_stats *in = call->in, *stats = call->out;
	const struct map *map = call->file->map;

	if (!expect_error(w, 0, call->got))
		return;
	expect(w, "entries", map->entries, stats->entries);
	expect(w, "inserts", map->inserts, stats->inserts);
	expect(w, "updates", map->updates, stats->updates);
	expect(w, "deletes", map->deletes, stats->deletes);
	expect(w, "clears", map->clears, stats->clears);
	expect(w, "full", map->full, stats->full);
	expect(w, "nomem", 0, stats->nomem);
	/* Members that callers of old do not know. */
	if (in->size < sizeof(*stats))
		return;
	expect(w, "snapshots", map->snapshots, stats->snapshots);
	if (!map->snapshots)
		expect(w, "snapshot_bytes", 0, stats->snapshot_bytes);
}

/* --- SCAN --- */

static void scan_begin(struct scan *scan, struct map *map)
{
	unsigned int key;

	memset(scan, 0, sizeof(*scan));
	scan->map = map;
	for (key = 0; key < KEYS; key++) {
		scan->must[key] = map->values[key];
		scan->may[key] = map->values[key] != 0;
	}
}

void fill_scan(struct world *w, unsigned int agent, const struct file *file,
	       void *arg)
{
	struct kcmap_scan *args = arg;
	struct scan *scan;

	(void)agent;
	args->keys = 0;
	w->scan = below(w, SCANS);
	args->capacity = one_in(w, 20) ? 0 : 1 + below(w, KEYS);
	if (!file || file->kind != KIND_MAP)
		return;
	scan = &w->scans[w->scan];
	if (scan->map != file->map || one_in(w, 12))
		scan_begin(scan, file->map);
	args->cursor = scan->cursor;
	if (!one_in(w, 16))
		args->keys = ADDRESS(
			room(args->capacity * file->map->made.key_size + 1));
	if (!one_in(w, 3))
		args->values = ADDRESS(
			room(args->capacity * file->map->made.value_size + 1));
	say(w, " %u capacity %u at %d %d", w->scan, args->capacity,
	    args->keys != 0, args->values != 0);
}

static void scan_entry(struct world *w, struct scan *scan, const uint8_t *key,
		       const uint8_t *value)
{
	const struct kcmap_create *made = &scan->map->made;
	int64_t number = key_number(key, made->key_size);

	if (number < 0 || number >= KEYS || !scan->map->values[number])
		complain(w, "a key that is not there: %lld", (long long)number);
	else if (value &&
		 !value_is(scan->map->values[number], value, made->value_size))
		complain(w, "key %lld has another value", (long long)number);
	else if (++scan->came[number] > scan->may[number])
		complain(w, "key %lld came %u times", (long long)number,
			 scan->came[number]);
}

static void scan_end(struct world *w, struct scan *scan)
{
	unsigned int key;

	for (key = 0; key < KEYS; key++)
		if (scan->must[key] && scan->came[key] != 1)
			complain(w, "key %u was there all the time, came %u",
				 key, scan->came[key]);
	scan->map = NULL;
}

void model_scan(struct world *w, const struct call *call)
{
	const struct kcmap_scan *in = call->in, *out = call->out;
	struct scan *scan = &w->scans[w->scan];
	const struct kcmap_create *made = &scan->map->made;
	uint32_t i;

	if (!in->capacity) {
		expect_error(w, -EINVAL, call->got);
		return;
	}
	/* A range of hashes in which there is nothing may come first. */
	if (!in->keys && (call->got || out->count)) {
		if (call->got != -EFAULT)
			complain(w, "no fault: %ld", call->got);
		return;
	}
	if (call->got || out->count > in->capacity) {
		complain(w, "saw %ld, %u entries", call->got, out->count);
		return;
	}
	for (i = 0; i < out->count; i++)
		scan_entry(w, scan,
			   (uint8_t *)(uintptr_t)in->keys + i * made->key_size,
			   in->values ? (uint8_t *)(uintptr_t)in->values +
						i * made->value_size :
					NULL);
	scan->cursor = out->cursor;
	if (out->flags & KCMAP_SCAN_END)
		scan_end(w, scan);
	else if (out->cursor <= in->cursor)
		complain(w, "the cursor does not rise");
}

void model_clear(struct world *w, const struct call *call)
{
	if (expect_error(w, 0, call->got))
		map_clear(w, call->file->map);
}

/* --- Snapshots --- */

/* An image of what is now. */
static void snapshot_take(struct world *w, struct map *map,
			  struct snapshot *snapshot,
			  const struct kcmap_snapshot *out)
{
	snapshot->entries = map->entries;
	memcpy(snapshot->values, map->values, sizeof(map->values));
	expect(w, "entries", map->entries, out->entries);
	if (out->epoch <= map->epoch)
		complain(w, "the epoch does not rise");
	map->epoch = out->epoch;
	if (map->image_size && map->image_size != out->image_size)
		complain(w, "the image has changed its size");
	map->image_size = out->image_size;
}

int snapshot_error(const struct map *map)
{
	if (map->made.flags & KCMAP_F_NO_MMAP)
		return -EPERM;
	/* One byte is less than any map has. */
	if (map->snapshots >= snapshots_max(map) ||
	    map->made.snapshot_bytes_max == 1)
		return -EDQUOT;
	return 0;
}

void model_snapshot(struct world *w, const struct call *call)
{
	const struct kcmap_snapshot *out = call->out;
	struct map *map = call->file->map;
	struct file *file;

	if (!expect_error(w, snapshot_error(map), call->got))
		return;
	if (out->fd < 0)
		complain(w, "descriptor %d", out->fd);
	map->refs++;
	map->snapshots++;
	file = file_new(KIND_SNAPSHOT, map, true, false);
	file->snapshot = calloc(1, sizeof(*file->snapshot));
	snapshot_take(w, map, file->snapshot, out);
	install(w, call->agent, out->fd, below(w, FDS), file);
}

void model_refresh(struct world *w, const struct call *call)
{
	const struct kcmap_snapshot *out = call->out;

	if (!expect_error(w, 0, call->got))
		return;
	expect(w, "fd", -1, out->fd);
	snapshot_take(w, call->file->map, call->file->snapshot, out);
}
