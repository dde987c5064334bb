// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_sequence: the ioctls of the control node. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"

#define ROOT 0
/* What a byte that must not be written holds. */
#define UNTOUCHED 0xa5

/* Where struct kcmap_map_info ended when it was first published. */
#define MAP_INFO_FIRST \
	(offsetof(struct kcmap_map_info, segments_max) + sizeof(uint64_t))
#define MAP_INFO_MAX 4096

void fill_info(struct world *w, unsigned int agent, const struct file *file,
	       void *arg)
{
	(void)w;
	(void)agent;
	(void)file;
	(void)arg;
}

static unsigned int nr_linked(const struct world *w)
{
	unsigned int i, nr = 0;

	for (i = 0; i < NAMES; i++)
		nr += !!w->names[i];
	return nr;
}

void model_ctl_info(struct world *w, const struct call *call)
{
	const struct kcmap_ctl_info *info = call->out;

	if (!expect_error(w, 0, call->got))
		return;
	expect(w, "abi_version", KCMAP_ABI_VERSION, info->abi_version);
	expect(w, "maps", nr_linked(w), info->maps - w->others);
	expect(w, "opcodes", opcodes_known(), info->opcodes);
	expect(w, "entries_max", KCMAP_ENTRIES_MAX, info->entries_max);
	expect(w, "key_size_max", KCMAP_KEY_SIZE_MAX, info->key_size_max);
	expect(w, "value_size_max", KCMAP_VALUE_SIZE_MAX, info->value_size_max);
	expect(w, "submit_max", KCMAP_SUBMIT_MAX, info->submit_max);
}

/* --- Names --- */

static void choose_name(struct world *w, uint8_t name[KCMAP_NAME_SIZE])
{
	static const char *const bad[] = { "",	  ".",	     "..",
					   "a/b", "control", "\xff" };

	memset(name, 0, KCMAP_NAME_SIZE);
	switch (below(w, 30)) {
	case 0:
		sprintf((char *)name, "%s", bad[below(w, COUNT(bad))]);
		break;
	case 1:
		memset(name, 'x', KCMAP_NAME_SIZE);
		break;
	case 2:
		/* Something behind its end. */
		name[0] = 'a';
		name[KCMAP_NAME_SIZE - 1] = 1;
		break;
	default:
		sprintf((char *)name, NAME_FORMAT,
			(unsigned int)below(w, NAMES));
	}
}

/* Which of the names, NAMES: another good one, -EINVAL: no name. */
static int name_number(const uint8_t name[KCMAP_NAME_SIZE])
{
	char good[KCMAP_NAME_SIZE];
	unsigned int i;

	for (i = 0; i < NAMES; i++) {
		memset(good, 0, sizeof(good));
		sprintf(good, NAME_FORMAT, i);
		if (!memcmp(good, name, sizeof(good)))
			return i;
	}
	/* All others that are chosen above are bad. */
	return -EINVAL;
}

static bool is_empty(const uint8_t name[KCMAP_NAME_SIZE])
{
	static const uint8_t none[KCMAP_NAME_SIZE];

	return !memcmp(name, none, sizeof(none));
}

/* --- CREATE --- */

static uint64_t choose_entries(struct world *w)
{
	switch (below(w, 4)) {
	case 0:
		return 1 + below(w, 8);
	case 1:
		return 1 + below(w, 100);
	default:
		return 1 + below(w, 900);
	}
}

static void choose_sizes(struct world *w, struct kcmap_create *create)
{
	static const uint32_t keys[] = { 8, 8, 4, 1, 16, 40, 128 };
	static const uint32_t values[] = { 8, 8, 4, 0, 16, 32, 1024 };

	create->key_size = keys[below(w, COUNT(keys))];
	create->value_size = values[below(w, COUNT(values))];
	if (one_in(w, 4)) {
		create->key_size = 1 + below(w, KCMAP_KEY_SIZE_MAX);
		create->value_size = below(w, KCMAP_VALUE_SIZE_MAX + 1);
	}
}

static void choose_owner(struct world *w, struct kcmap_create *create)
{
	static const uint32_t ids[] = { KCMAP_ID_SELF, KCMAP_ID_SELF,
					KCMAP_ID_SELF, ROOT,
					1001,	       1002 };

	create->uid = ids[below(w, COUNT(ids))];
	create->gid = ids[below(w, COUNT(ids))];
}

/* One thing that is wrong. */
static void choose_wrong(struct world *w, struct kcmap_create *create)
{
	switch (below(w, 8)) {
	case 0:
		create->max_entries = one_in(w, 2) ? 0 : KCMAP_ENTRIES_MAX + 1;
		break;
	case 1:
		create->key_size = one_in(w, 2) ? 0 : KCMAP_KEY_SIZE_MAX + 1;
		break;
	case 2:
		create->value_size = KCMAP_VALUE_SIZE_MAX + 1 + below(w, 99);
		break;
	case 3:
		create->mode |= 1U << (9 + below(w, 20));
		break;
	case 4:
		create->reserved = 1;
		break;
	case 5:
		create->mode = 0600;
		create->flags |= KCMAP_F_ANON;
		break;
	case 6:
		memset(create->name, 0, sizeof(create->name));
		create->flags &= ~KCMAP_F_ANON;
		break;
	default:
		create->name[below(w, KCMAP_NAME_SIZE)] = 'x';
		create->flags |= KCMAP_F_ANON;
	}
}

void fill_create(struct world *w, unsigned int agent, const struct file *file,
		 void *arg)
{
	static const uint32_t modes[] = { 0600, 0666, 0644, 0400, 0200, 0000 };
	struct kcmap_create *create = arg;

	(void)agent;
	(void)file;
	create->max_entries = choose_entries(w);
	choose_sizes(w, create);
	choose_owner(w, create);
	create->fd = -2;
	create->snapshots_max = one_in(w, 2) ? 0 : 1 + below(w, 2);
	create->snapshot_bytes_max = one_in(w, 8);
	if (one_in(w, 3))
		create->flags |= KCMAP_F_HASH_FAST;
	if (one_in(w, 8))
		create->flags |= KCMAP_F_NO_MMAP;
	if (one_in(w, 2)) {
		create->flags |= KCMAP_F_ANON;
	} else {
		choose_name(w, create->name);
		create->mode = modes[below(w, COUNT(modes))];
	}
	if (one_in(w, 10))
		choose_wrong(w, create);
	say(w, " '%.*s' entries %llu sizes %u %u flags %#x mode %o ids %d %d",
	    KCMAP_NAME_SIZE, create->name,
	    (unsigned long long)create->max_entries, create->key_size,
	    create->value_size, create->flags, create->mode, create->uid,
	    create->gid);
}

static int create_error(const struct world *w, unsigned int agent,
			const struct kcmap_create *create)
{
	uint32_t uid = w->agents[agent].uid;
	bool anonymous = create->flags & KCMAP_F_ANON;

	if (create->reserved || !create->max_entries ||
	    create->max_entries > KCMAP_ENTRIES_MAX || !create->key_size ||
	    create->key_size > KCMAP_KEY_SIZE_MAX ||
	    create->value_size > KCMAP_VALUE_SIZE_MAX)
		return -EINVAL;
	if (anonymous ? create->mode || !is_empty(create->name) :
			create->mode > 0777 || name_number(create->name) < 0)
		return -EINVAL;
	if (uid != ROOT &&
	    ((create->uid != KCMAP_ID_SELF && create->uid != uid) ||
	     (create->gid != KCMAP_ID_SELF && create->gid != uid)))
		return -EPERM;
	if (!anonymous && w->names[name_number(create->name)])
		return -EEXIST;
	return 0;
}

/* Groups have the numbers of their only users. */
static struct map *map_new(struct world *w, unsigned int agent,
			   const struct kcmap_create *create)
{
	struct map *map = calloc(1, sizeof(*map));
	uint32_t uid = w->agents[agent].uid;
	uint64_t keys = create->max_entries + create->max_entries / 8 + 2;

	map->made = *create;
	map->uid = create->uid == KCMAP_ID_SELF ? uid : create->uid;
	map->gid = create->gid == KCMAP_ID_SELF ? uid : create->gid;
	map->order = ++w->last_order;
	/* Bytes that keys of one byte can have. */
	if (create->key_size == 1 && keys > 256)
		keys = 256;
	map->keys = keys < KEYS ? keys : KEYS;
	map->refs = 1;
	return map;
}

void model_create(struct world *w, const struct call *call)
{
	const struct kcmap_create *in = call->in, *out = call->out;
	struct map *map;

	if (!expect_error(w, create_error(w, call->agent, in), call->got))
		return;
	map = map_new(w, call->agent, in);
	if (in->flags & KCMAP_F_ANON) {
		if (out->fd < 0)
			complain(w, "descriptor %d", out->fd);
		install(w, call->agent, out->fd, below(w, FDS),
			file_new(KIND_MAP, map, true, true));
	} else {
		expect(w, "fd", -1, out->fd);
		w->names[name_number(in->name)] = map;
		map->linked = true;
	}
}

/* --- DESTROY --- */

void fill_destroy(struct world *w, unsigned int agent, const struct file *file,
		  void *arg)
{
	struct kcmap_destroy *gone = arg;

	(void)agent;
	(void)file;
	choose_name(w, gone->name);
	say(w, " '%.*s'", KCMAP_NAME_SIZE, gone->name);
}

void model_destroy(struct world *w, const struct call *call)
{
	const struct kcmap_destroy *in = call->in;
	int number = name_number(in->name), error = 0;
	uint32_t uid = w->agents[call->agent].uid;
	struct map *map = number < 0 ? NULL : w->names[number];

	if (number < 0)
		error = -EINVAL;
	else if (!map)
		error = -ENOENT;
	else if (uid != ROOT && uid != map->uid)
		error = -EPERM;
	if (!expect_error(w, error, call->got))
		return;
	w->names[number] = NULL;
	map->linked = false;
	map_put(w, map);
}

/* --- LIST --- */

void fill_list(struct world *w, unsigned int agent, const struct file *file,
	       void *arg)
{
	struct kcmap_list *list = arg;

	(void)agent;
	(void)file;
	list->cursor = w->last_other;
	list->capacity = below(w, NAMES + 2);
	list->map_size = sizeof(struct kcmap_map_info);
	switch (below(w, 8)) {
	case 0:
		list->map_size += below(w, 100);
		break;
	case 1:
		list->map_size = MAP_INFO_FIRST;
		break;
	case 2:
		list->map_size = below(w, MAP_INFO_FIRST);
		break;
	case 3:
		list->map_size = MAP_INFO_MAX + below(w, 2);
		break;
	case 4:
		list->reserved = one_in(w, 2);
		break;
	}
	if (!one_in(w, 10)) {
		uint8_t *at = room(list->capacity * list->map_size);

		memset(at, UNTOUCHED, list->capacity * list->map_size);
		list->maps = ADDRESS(at);
	}
	say(w, " capacity %u size %u at %d", list->capacity, list->map_size,
	    list->maps != 0);
}

/* The named map that was made next after another. */
static struct map *next_map(const struct world *w, uint64_t order)
{
	struct map *next = NULL;
	unsigned int i;

	for (i = 0; i < NAMES; i++) {
		struct map *map = w->names[i];

		if (map && map->order > order &&
		    (!next || map->order < next->order))
			next = map;
	}
	return next;
}

static void check_listed(struct world *w, struct map *map, const uint8_t *at,
			 uint32_t size)
{
	struct kcmap_map_info info = {};
	uint32_t known = size < sizeof(info) ? size : sizeof(info), i;

	memcpy(&info, at, known);
	expect(w, "size", known, info.size);
	expect(w, "name", 0, strcmp((char *)map->made.name, (char *)info.name));
	expect(w, "max_entries", map->made.max_entries, info.max_entries);
	expect(w, "uid", map->uid, info.uid);
	for (i = known; i < size; i++)
		if (at[i])
			complain(w, "byte %u of an element is not 0", i);
	if (map->id && map->id != info.id)
		complain(w, "id was %llu, is %llu", (unsigned long long)map->id,
			 (unsigned long long)info.id);
	map->id = info.id;
}

void model_list(struct world *w, const struct call *call)
{
	const struct kcmap_list *in = call->in, *out = call->out;
	uint32_t count = nr_linked(w), i;
	struct map *map = NULL;
	int error = 0;

	if (count > in->capacity)
		count = in->capacity;
	if (in->reserved || !in->capacity || in->map_size < MAP_INFO_FIRST)
		error = -EINVAL;
	else if (in->map_size > MAP_INFO_MAX)
		error = -E2BIG;
	else if (!in->maps && count)
		error = -EFAULT;
	if (!expect_error(w, error, call->got) ||
	    !expect(w, "count", count, out->count))
		return;
	for (i = 0; i < count; i++) {
		map = next_map(w, map ? map->order : 0);
		check_listed(w, map,
			     (uint8_t *)(uintptr_t)in->maps + i * in->map_size,
			     in->map_size);
	}
	if (map && out->cursor != map->id)
		complain(w, "the cursor is not the last id");
}
