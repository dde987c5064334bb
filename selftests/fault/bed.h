/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bed of a sweep: the modules, a map with known entries, and whatever an operation
 * opens; a model of the entries; and the state that is to be as before.
 */
#ifndef BED_H
#define BED_H

#include <dirent.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "image.h"
#include "inject.h"

#define NAME PREFIX "fault"
/* So few that a map that was not given back is missed. */
#define MODULE_PARAMETERS "maps_max=8"

#define ENTRIES 288
#define KEY_MAX 40
#define VALUE_MAX 1024

/* A key is a word and a pattern behind it, a value likewise. */
struct entry {
	uint64_t key;
	uint64_t value;
	bool present;
};

static struct bed {
	int control;
	int map;
	int snapshot;
	int classify;
	uint32_t key_size;
	uint32_t value_size;
	struct entry entry[ENTRIES];
	uint64_t snapped[ENTRIES]; /* values in the snapshot; 0: absent */
	struct image image;
	unsigned int injected; /* failures in the last call */
} bed = { .control = -1, .map = -1, .snapshot = -1, .classify = -1 };

/* --- Modules --- */

static const char *module_path(const char *name)
{
	static char path[256];
	struct utsname uts;

	uname(&uts);
	snprintf(path, sizeof(path), "/lib/modules/%s/%s.ko", uts.release,
		 name);
	return path;
}

static bool module_loaded(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	return !access(path, F_OK);
}

static long module_users(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	return read_number(path);
}

static int module_load_fd(int fd, const char *parameters)
{
	return syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
}

static int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static void need_module(const char *name, const char *parameters)
{
	int fd;

	if (module_loaded(name))
		return;
	fd = open(module_path(name), O_RDONLY | O_CLOEXEC);
	REQUIRE(fd >= 0);
	REQUIRE(module_load_fd(fd, parameters) == 0);
	close(fd);
}

static void need_no_module(const char *name)
{
	if (module_loaded(name))
		REQUIRE(module_unload(name) == 0);
}

static void need_control(void)
{
	need_module("kcmap", MODULE_PARAMETERS);
	bed.control = control_open();
}

/* --- The map --- */

static void pattern(uint8_t *to, uint64_t word, uint32_t size)
{
	uint32_t i;

	memcpy(to, &word, size < 8 ? size : 8);
	for (i = 8; i < size; i++)
		to[i] = (uint8_t)(word + i);
}

static struct entry *entry_of(uint64_t key)
{
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		if (bed.entry[i].key == key)
			return &bed.entry[i];
	return NULL;
}

static uint64_t model_length(void)
{
	uint64_t length = 0;
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		length += bed.entry[i].present;
	return length;
}

static void bed_map(uint64_t max_entries, uint32_t key_size,
		    uint32_t value_size)
{
	unsigned int i;

	need_control();
	bed.map = map_create_flags(NAME, max_entries, key_size, value_size,
				   KCMAP_F_HASH_FAST);
	bed.key_size = key_size;
	bed.value_size = value_size;
	for (i = 0; i < ENTRIES; i++)
		bed.entry[i] = (struct entry){ .key = i + 1 };
}

static void bed_fill(unsigned int from, unsigned int to)
{
	uint8_t key[KEY_MAX], value[VALUE_MAX];

	for (; from < to; from++) {
		struct entry *entry = &bed.entry[from];

		entry->value = 1000 + from;
		entry->present = true;
		pattern(key, entry->key, bed.key_size);
		pattern(value, entry->value, bed.value_size);
		CHECK_EQ(op(bed.map, KCMAP_OP_INSERT, key, value, NULL), 0);
	}
}

static int snapshot_open(int map)
{
	struct kcmap_snapshot args = { .size = sizeof(args) };

	return ioctl(map, KCMAP_MAP_SNAPSHOT, &args) ? -errno : args.fd;
}

static void remember_snapshot(void)
{
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		bed.snapped[i] = bed.entry[i].present ? bed.entry[i].value : 0;
}

static void bed_snapshot(void)
{
	bed.snapshot = snapshot_open(bed.map);
	REQUIRE(bed.snapshot >= 0);
	remember_snapshot();
}

/* The first bit of a hash that is set, but no further than @bits. */
static unsigned int parts_at(uint64_t hash, unsigned int bits)
{
	unsigned int bit = 0;

	while (bit < bits && !image_top(hash, bit + 1))
		bit++;
	return bit;
}

/*
 * Keys that crowd into one segment, however often that is split by one of the first
 * @bits of the hash, but for @others at each of them, which come first. Whoever may map
 * a map learns its seed; it has a view from then on.
 */
static void bed_crowd(unsigned int bits, unsigned int others)
{
	const struct kcmap_image *header;
	unsigned int i, nr[64] = {};
	uint64_t key = 0;
	void *at;

	at = mmap(NULL, KCMAP_IMAGE_PAGE, PROT_READ, MAP_SHARED, bed.map, 0);
	REQUIRE(at != MAP_FAILED);
	header = at;
	for (i = 0; i < ENTRIES; key += 1) {
		unsigned int bit, wanted = ENTRIES;

		bit = parts_at(image_hash(header, &key), bits);
		if (bit < bits)
			wanted = others;
		else if (i < bits * others)
			continue;
		if (nr[bit]++ < wanted)
			bed.entry[i++].key = key;
	}
	munmap(at, KCMAP_IMAGE_PAGE);
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		CHECK_OK(close(*fd));
	*fd = -1;
}

/* Whatever an operation has left open. */
static void bed_clean(void)
{
	if (bed.image.at)
		image_unmap(&bed.image);
	close_one(&bed.snapshot);
	close_one(&bed.map);
	close_one(&bed.classify);
	if (bed.control >= 0)
		destroy(NAME);
	close_one(&bed.control);
}

/* --- Is everything what the model says? --- */

struct visit {
	uint64_t seen;
	bool wrong;
};

static void visit_entry(const void *key, const void *value, void *ctx)
{
	uint8_t expected[VALUE_MAX];
	struct visit *visit = ctx;
	struct entry *entry;
	uint64_t word = 0;

	memcpy(&word, key, bed.key_size < 8 ? bed.key_size : 8);
	entry = entry_of(word);
	visit->seen++;
	if (!entry || !entry->present) {
		visit->wrong = true;
		return;
	}
	pattern(expected, entry->key, bed.key_size);
	visit->wrong |= !!memcmp(key, expected, bed.key_size);
	pattern(expected, entry->value, bed.value_size);
	visit->wrong |= !!memcmp(value, expected, bed.value_size);
}

static void check_contents(void)
{
	struct visit visit = {};
	long count = scan_all(bed.map, bed.key_size, bed.value_size, 64,
			      visit_entry, &visit);

	CHECK_EQ(count, model_length());
	CHECK_EQ(map_stats(bed.map).entries, model_length());
	CHECK(!visit.wrong);
}

/* The image of the map or of the snapshot: @values of the entries; 0: absent. */
static void check_image(const struct image *image, const uint64_t *values)
{
	uint8_t key[KEY_MAX], value[VALUE_MAX], expected[VALUE_MAX];
	unsigned int i;

	for (i = 0; i < ENTRIES; i++) {
		pattern(key, bed.entry[i].key, bed.key_size);
		if (!CHECK_EQ(image_lookup(image, key, value),
			      values[i] ? 0 : -ENOENT))
			return;
		pattern(expected, values[i], bed.value_size);
		if (values[i])
			CHECK(!memcmp(value, expected, bed.value_size));
	}
}

static void check_snapshot(void)
{
	struct image image = image_map(bed.snapshot);

	check_image(&image, bed.snapped);
	image_unmap(&image);
}

/* --- What must not change by a call that fails, or by one and its undoing --- */

struct state {
	long fds;
	long maps;
	long users;
	long classify_users;
	bool loaded;
	bool classify_loaded;
	bool device;
};

static long count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	long count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* Those that have a name, listed; it must be what the module counts. */
static long count_maps(void)
{
	struct kcmap_map_info maps[16];
	struct kcmap_list list = {
		.size = sizeof(list),
		.maps = PTR(maps),
		.map_size = sizeof(maps[0]),
		.capacity = ARRAY_SIZE(maps),
	};
	struct kcmap_ctl_info info = { .size = sizeof(info) };
	int control = control_open();

	CHECK_OK(ioctl(control, KCMAP_CTL_LIST, &list));
	CHECK_OK(ioctl(control, KCMAP_CTL_INFO, &info));
	CHECK_EQ(info.maps, list.count);
	close(control);
	return list.count;
}

static struct state state_now(void)
{
	struct state state = {
		.fds = count_fds(),
		.loaded = module_loaded("kcmap"),
		.classify_loaded = module_loaded("kcmap_classify"),
		.device = !access(CONTROL, F_OK),
	};

	if (state.loaded) {
		state.users = module_users("kcmap");
		state.maps = count_maps();
	}
	if (state.classify_loaded)
		state.classify_users = module_users("kcmap_classify");
	return state;
}

static void check_state(const struct state *before)
{
	struct state now = state_now();

	CHECK_EQ(now.fds, before->fds);
	CHECK_EQ(now.maps, before->maps);
	CHECK_EQ(now.loaded, before->loaded);
	CHECK_EQ(now.classify_loaded, before->classify_loaded);
	CHECK_EQ(now.device, before->device);
	CHECK_EQ(now.users, before->users);
	CHECK_EQ(now.classify_users, before->classify_users);
}

/*
 * What is idle counts, and is given back by a worker within half a second: who makes a
 * snapshot may leave a page idle, so that there may be one less than before.
 */
static bool is_memory(uint64_t before)
{
	uint64_t now = map_stats(bed.map).memory;

	return now == before ||
	       (bed.snapshot >= 0 && now + KCMAP_IMAGE_PAGE == before);
}

static void check_memory(uint64_t before)
{
	unsigned int tries;

	for (tries = 0; tries < 100 && !is_memory(before); tries++)
		usleep(20000);
	if (tries == 100)
		CHECK_EQ(map_stats(bed.map).memory, before);
}

#endif /* BED_H */
