// SPDX-License-Identifier: MIT
/* Look-ups in snapshots of all shapes, all their entries, and saving them. */
#include <errno.h>
#include <stdio.h>

#include <libkcmap.h>

#include "image_build.h"
#include "tap.h"

#define BULK 100 /* more than a window, and no multiple of one */

static bool value_good(const struct shape *shape, uint32_t number,
		       const void *value)
{
	unsigned char want[1024];

	make_value(shape, number, want);
	return !memcmp(value, want, shape->value_size);
}

static bool lookups_good(const struct shape *shape,
			 const struct kcmap_map_snapshot *snapshot)
{
	unsigned char key[128], value[1024];
	uint32_t i, all = shape->key_size == 1 ? 256 : 2 * shape->entries;

	for (i = 0; i < all; i++) {
		make_key(shape, i, key);
		if (!has_key(shape, i)) {
			if (kcmap_snapshot_lookup(snapshot, key, value) !=
			    -ENOENT)
				return false;
			continue;
		}
		if (kcmap_snapshot_lookup(snapshot, key, value) ||
		    !value_good(shape, i, value) ||
		    kcmap_snapshot_lookup(snapshot, key, NULL))
			return false;
	}
	return true;
}

/* Each second key of a call is there, beginning with key 0, if that is. */
static bool bulk_good(const struct shape *shape,
		      const struct kcmap_map_snapshot *snapshot)
{
	unsigned char *keys = calloc(BULK, 128), *values = calloc(BULK, 1024);
	uint32_t i, number, here = 0;
	int32_t statuses[BULK + 1];
	bool good = true;
	int found;

	statuses[BULK] = 4321;
	for (i = 0; i < BULK; i++) {
		number = i % 2 ? i / 2 : shape->entries + i / 2;
		here += has_key(shape, number);
		make_key(shape, number, keys + i * shape->key_size);
	}
	found = kcmap_snapshot_lookup_bulk(snapshot, BULK, keys, values,
					   statuses);
	for (i = 0; i < BULK; i++) {
		if (i % 2 == 0 || !has_key(shape, i / 2))
			good &= statuses[i] == -ENOENT;
		else
			good &= !statuses[i] &&
				value_good(shape, i / 2,
					   values + i * shape->value_size);
	}
	good &= found == (int)here && statuses[BULK] == 4321;
	found = kcmap_snapshot_lookup_bulk(snapshot, BULK, keys, NULL,
					   statuses);
	good &= found == (int)here &&
		kcmap_snapshot_lookup_bulk(snapshot, 0, NULL, NULL, NULL) == 0;
	free(keys);
	free(values);
	return good;
}

/* What is seen by kcmap_snapshot_for_each(). */
struct seen {
	const struct shape *shape;
	unsigned char *times;
	uint32_t nr;
	uint32_t stop_at;
	bool good;
};

static int see(const void *key, const void *value, void *arg)
{
	const struct shape *shape;
	unsigned char want[128];
	struct seen *seen = arg;
	uint32_t number = 0;

	shape = seen->shape;
	memcpy(&number, key, shape->key_size < 4 ? shape->key_size : 4);
	make_key(shape, number, want);
	if (!has_key(shape, number) || memcmp(key, want, shape->key_size)) {
		seen->good = false;
		return -1;
	}
	seen->good &= shape->value_size ? value_good(shape, number, value) :
					  !value;
	seen->times[number]++;
	return ++seen->nr == seen->stop_at ? 42 : 0;
}

static bool each_good(const struct shape *shape,
		      const struct kcmap_map_snapshot *snapshot)
{
	struct seen seen = { .shape = shape, .good = true };
	uint32_t i;

	seen.times = calloc(1, shape->entries);
	seen.good &= !kcmap_snapshot_for_each(snapshot, see, &seen);
	for (i = 0; i < shape->entries; i++)
		seen.good &= seen.times[i] == has_key(shape, i);
	seen.nr = 0;
	seen.stop_at = 7;
	seen.good &= kcmap_snapshot_for_each(snapshot, see, &seen) == 42 &&
		     seen.nr == 7;
	free(seen.times);
	return seen.good;
}

static bool info_good(const struct shape *shape,
		      const struct kcmap_map_snapshot *snapshot)
{
	struct {
		struct kcmap_snapshot_info info;
		uint64_t more;
	} longer;
	struct kcmap_snapshot_info info;
	bool good;

	memset(&longer, 0xff, sizeof(longer));
	good = !kcmap_snapshot_get_info(snapshot, &longer.info,
					sizeof(longer)) &&
	       longer.info.size == sizeof(info) && !longer.more;
	memset(&info, 0xff, sizeof(info));
	good &= !kcmap_snapshot_get_info(snapshot, &info,
					 offsetof(struct kcmap_snapshot_info,
						  epoch)) &&
		info.epoch == ~0ULL &&
		info.entries == shape->entries - shape->first &&
		kcmap_snapshot_get_info(snapshot, &info, 3) == -EINVAL &&
		!kcmap_snapshot_get_info(snapshot, &info, sizeof(info));
	return good && info.key_size == shape->key_size &&
	       info.value_size == shape->value_size && info.saved &&
	       info.map_id == 77 && info.epoch == 9 &&
	       info.time_ns == 1763900000123456789ULL &&
	       kcmap_snapshot_len(snapshot) == info.entries &&
	       (info.flags == KCMAP_F_HASH_FAST) ==
		       !!(shape->flags & KCMAP_IMAGE_HASH_FAST);
}

static void test_snapshot(const struct shape *shape,
			  struct kcmap_map_snapshot *snapshot, const char *what)
{
	ok(lookups_good(shape, snapshot), "%s%s: look-ups", shape->name, what);
	ok(bulk_good(shape, snapshot), "%s%s: bulk look-ups", shape->name,
	   what);
	ok(each_good(shape, snapshot), "%s%s: each entry once", shape->name,
	   what);
	ok(info_good(shape, snapshot), "%s%s: info", shape->name, what);
	ok(kcmap_snapshot_refresh(snapshot) == -EINVAL,
	   "%s%s: what was saved cannot be refreshed", shape->name, what);
	kcmap_snapshot_prefault(snapshot);
}

struct progress {
	uint64_t done;
	uint64_t size;
	unsigned int calls;
	bool good;
};

static int on_progress(uint64_t done, uint64_t size, void *arg)
{
	struct progress *progress = arg;

	progress->good &= done > progress->done && done <= size;
	progress->done = done;
	progress->size = size;
	progress->calls++;
	return 0;
}

static int give_up(uint64_t done, uint64_t size, void *arg)
{
	(void)arg;
	return done <= size;
}

static bool same_files(int a, int b, uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, a, 0);
	void *q = mmap(NULL, size, PROT_READ, MAP_SHARED, b, 0);
	bool same = p != MAP_FAILED && q != MAP_FAILED &&
		    lseek(a, 0, SEEK_END) == (off_t)size &&
		    lseek(b, 0, SEEK_END) == (off_t)size && !memcmp(p, q, size);

	munmap(p, size);
	munmap(q, size);
	return same;
}

static void test_save(const struct image *image,
		      const struct kcmap_map_snapshot *snapshot)
{
	const struct shape *shape = image->shape;
	struct progress progress = { .good = true };
	struct kcmap_map_snapshot *saved;
	int fd = memfd_create("saved", MFD_CLOEXEC);
	int again = memfd_create("again", MFD_CLOEXEC);

	ok(!kcmap_snapshot_save(snapshot, fd, on_progress, &progress),
	   "%s: save", shape->name);
	ok(progress.good && progress.calls && progress.done == progress.size &&
		   progress.size < 4096 * 4 + (uint64_t)(image->next + 1) *
						      shape->frame_size,
	   "%s: only what can be reached: %ju bytes", shape->name,
	   (uintmax_t)progress.size);
	if (!ok(!kcmap_snapshot_load(fd, &saved), "%s: load", shape->name))
		return;
	test_snapshot(shape, saved, ", saved");
	ok(!kcmap_snapshot_save(saved, again, NULL, NULL) &&
		   same_files(fd, again, progress.size),
	   "%s: what was saved and loaded is saved alike", shape->name);
	kcmap_snapshot_close(saved);
	ok(kcmap_snapshot_save(snapshot, again, give_up, NULL) == -ECANCELED,
	   "%s: saving can be given up", shape->name);
	ok(kcmap_snapshot_save(snapshot, -1, NULL, NULL) == -EBADF,
	   "%s: an error of the file is given", shape->name);
	close(fd);
	close(again);
}

static bool has_away(struct image *image)
{
	uint32_t i;

	for (i = 0; i < image->shape->entries; i++) {
		unsigned char key[128];
		uint64_t hash;

		make_key(image->shape, i, key);
		hash = hash_of(image, key);
		if (*bucket_at(image, leaf_entry(image, hash)->frame,
			       home_of(image->shape, hash)) &
		    KCMAP_IMAGE_STATE_AWAY)
			return true;
	}
	return false;
}

int main(void)
{
	struct kcmap_map_snapshot *snapshot;
	struct image image;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		image_build(&image, &shapes[i]);
		ok(has_away(&image) || shapes[i].entries < 250,
		   "%s: some keys are away from home", shapes[i].name);
		if (ok(!kcmap_snapshot_load(image.fd, &snapshot), "%s: load",
		       shapes[i].name)) {
			test_snapshot(&shapes[i], snapshot, "");
			test_save(&image, snapshot);
			kcmap_snapshot_close(snapshot);
		}
		image_free(&image);
	}
	kcmap_snapshot_close(NULL);
	return tap_done();
}
