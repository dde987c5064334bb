// SPDX-License-Identifier: GPL-2.0-only
/* Saved snapshots, and all that can be done with one that was taken for good. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libkcmap.h>

#include "../../userspace/tests/image_build.h"
#include "../../userspace/tests/wrap.h"
#include "fuzz.h"

#define LOOKUPS 8

static int file = -1;
static void *mapped;

/* No sanitizer watches what is mapped. So the file comes to the heap, to the byte. */
void *__wrap_mmap(void *addr, size_t size, int prot, int flags, int fd,
		  off_t offset)
{
	if (fd < 0 || fd != file)
		return __real_mmap(addr, size, prot, flags, fd, offset);
	mapped = malloc(size);
	MUST(pread(fd, mapped, size, offset) == (ssize_t)size);
	return mapped;
}

int __wrap_munmap(void *addr, size_t size)
{
	if (addr != mapped)
		return __real_munmap(addr, size);
	mapped = NULL;
	free(addr);
	return 0;
}

/**
 * struct walk - what for_each gives
 * @snapshot: of which
 * @info: what it is
 * @entries: so far
 */
struct walk {
	const struct kcmap_map_snapshot *snapshot;
	struct kcmap_snapshot_info info;
	uint64_t entries;
};

static int entry(const void *key, const void *value, void *arg)
{
	unsigned char k[KCMAP_KEY_SIZE_MAX], v[KCMAP_VALUE_SIZE_MAX];
	struct walk *walk = arg;

	memcpy(k, key, walk->info.key_size);
	if (value)
		memcpy(v, value, walk->info.value_size);
	/* Of a file that was made up it may be nowhere; but nothing is read outside. */
	if (walk->entries++ < LOOKUPS)
		kcmap_snapshot_lookup(walk->snapshot, k, v);
	return 0;
}

static void use(const struct kcmap_map_snapshot *snapshot)
{
	unsigned char keys[LOOKUPS * KCMAP_KEY_SIZE_MAX] = { 1, 2, 3 };
	unsigned char values[LOOKUPS * KCMAP_VALUE_SIZE_MAX];
	struct walk walk = { .snapshot = snapshot };
	int32_t statuses[LOOKUPS];
	int null;

	kcmap_snapshot_get_info(snapshot, &walk.info, sizeof(walk.info));
	kcmap_snapshot_lookup_bulk(snapshot, LOOKUPS, keys, values, statuses);
	kcmap_snapshot_for_each(snapshot, entry, &walk);
	kcmap_snapshot_prefault(snapshot);
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	kcmap_snapshot_save(snapshot, null, NULL, NULL);
	close(null);
}

void fuzz_saved(const uint8_t *data, size_t size)
{
	struct kcmap_map_snapshot *snapshot;

	if (file < 0)
		file = memfd_create("fuzz", MFD_CLOEXEC);
	MUST(!ftruncate(file, 0) &&
	     pwrite(file, data, size, 0) == (ssize_t)size);
	if (kcmap_snapshot_load(file, &snapshot))
		return;
	use(snapshot);
	kcmap_snapshot_close(snapshot);
}

static void seed_of(const struct shape *shape, fuzz_seed_fn seed)
{
	int fd = memfd_create("seed", MFD_CLOEXEC);
	struct kcmap_map_snapshot *snapshot;
	struct image image;
	unsigned char *all;
	off_t size;

	image_build(&image, shape);
	MUST(!kcmap_snapshot_load(image.fd, &snapshot) &&
	     !kcmap_snapshot_save(snapshot, fd, NULL, NULL));
	size = lseek(fd, 0, SEEK_END);
	all = malloc((size_t)size);
	MUST(pread(fd, all, (size_t)size, 0) == size);
	seed(all, (size_t)size);
	free(all);
	kcmap_snapshot_close(snapshot);
	image_free(&image);
	close(fd);
}

/* Those that are no larger than they have to be: one leaf, a few segments. */
void fuzz_saved_seeds(fuzz_seed_fn seed)
{
	struct shape shape;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		shape = shapes[i];
		if (shape.frame_size > 4096)
			continue;
		shape.depth = 0;
		if (shape.entries > shape.first + 40)
			shape.entries = shape.first + 40;
		seed_of(&shape, seed);
	}
}
