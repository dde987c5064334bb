// SPDX-License-Identifier: MIT
/*
 * Files that are no good snapshots: none makes the library read outside, or without
 * end. What is mapped stands between pages that cannot be read, since no sanitizer
 * watches mappings.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libkcmap.h>

#include "image_build.h"
#include "tap.h"
#include "wrap.h"

#define GUARD (1UL << 20)
#define FLIPS 3000
#define KEYS 40

/* A snapshot as it is saved: without garbage, and nothing that is not needed. */
struct good {
	unsigned char *bytes;
	size_t size;
	const struct shape *shape;
};

void *__wrap_mmap(void *addr, size_t size, int prot, int flags, int fd,
		  off_t offset)
{
	char *p;

	p = __real_mmap(NULL, size + 2 * GUARD, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (addr || p == MAP_FAILED)
		abort();
	return __real_mmap(p + GUARD, size, prot, flags | MAP_FIXED, fd,
			   offset);
}

int __wrap_munmap(void *addr, size_t size)
{
	return __real_munmap((char *)addr - GUARD, size + 2 * GUARD);
}

static int file_of(const void *bytes, size_t size)
{
	int fd = memfd_create("hostile", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	return fd;
}

static void make_good(struct good *good, const struct shape *shape)
{
	struct kcmap_map_snapshot *snapshot;
	struct image image;
	int fd;

	image_build(&image, shape);
	fd = memfd_create("good", MFD_CLOEXEC);
	if (kcmap_snapshot_load(image.fd, &snapshot) ||
	    kcmap_snapshot_save(snapshot, fd, NULL, NULL))
		abort();
	good->shape = shape;
	good->size = (size_t)lseek(fd, 0, SEEK_END);
	good->bytes = malloc(good->size);
	if (pread(fd, good->bytes, good->size, 0) != (ssize_t)good->size)
		abort();
	kcmap_snapshot_close(snapshot);
	image_free(&image);
	close(fd);
}

static int count(const void *key, const void *value, void *arg)
{
	const unsigned char *k = key, *v = value;
	uint64_t *n = arg;

	*n += 1 + (k[0] & 0) + (v ? v[0] & 0 : 0);
	return 0;
}

/* All that can be done with a snapshot. Return: entries seen. */
static uint64_t use(const struct shape *shape,
		    struct kcmap_map_snapshot *snapshot)
{
	unsigned char keys[KEYS * 128], values[KEYS * 1024];
	struct kcmap_snapshot_info info;
	int32_t statuses[KEYS];
	uint64_t n = 0;
	uint32_t i;
	int fd;

	kcmap_snapshot_get_info(snapshot, &info, sizeof(info));
	/* Sizes that were changed, and passed. */
	memset(keys, 0, sizeof(keys));
	for (i = 0; i < KEYS; i++)
		make_key(shape, i * 5, keys + (size_t)i * info.key_size);
	for (i = 0; i < KEYS; i++)
		kcmap_snapshot_lookup(snapshot,
				      keys + (size_t)i * info.key_size, values);
	kcmap_snapshot_lookup_bulk(snapshot, KEYS, keys, values, statuses);
	kcmap_snapshot_for_each(snapshot, count, &n);
	kcmap_snapshot_prefault(snapshot);
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	kcmap_snapshot_save(snapshot, fd, NULL, NULL);
	close(fd);
	return n;
}

/* Return: 0 if it was loaded, and used without a crash; or the error. */
static int try_file(const struct shape *shape, const void *bytes, size_t size)
{
	struct kcmap_map_snapshot *snapshot;
	int fd = file_of(bytes, size);
	int err;

	err = kcmap_snapshot_load(fd, &snapshot);
	close(fd);
	if (err)
		return err;
	use(shape, snapshot);
	kcmap_snapshot_close(snapshot);
	return 0;
}

static struct kcmap_image *copy_of(const struct good *good)
{
	unsigned char *bytes = malloc(good->size);

	memcpy(bytes, good->bytes, good->size);
	return (struct kcmap_image *)bytes;
}

static void test_version(const struct good *good)
{
	struct kcmap_image *image = copy_of(good);

	image->magic++;
	ok(try_file(good->shape, image, good->size) == -EBADMSG,
	   "another magic is refused");
	image->magic--;
	image->version++;
	ok(try_file(good->shape, image, good->size) == -EPROTONOSUPPORT,
	   "a later version is refused");
	image->version -= 2;
	ok(try_file(good->shape, image, good->size) == -EPROTONOSUPPORT,
	   "version 0 is refused");
	image->version++;
	image->flags |= 1U << 31;
	ok(try_file(good->shape, image, good->size) == -EPROTONOSUPPORT,
	   "an unknown flag is refused");
	image->flags &= ~(1U << 31);
	image->flags |= KCMAP_IMAGE_LIVE;
	ok(try_file(good->shape, image, good->size) == -EBADMSG,
	   "a view is no snapshot");
	image->flags &= ~KCMAP_IMAGE_LIVE;
	ok(!try_file(good->shape, image, good->size), "undone, it is good");
	free(image);
}

static void test_truncated(const struct good *good)
{
	size_t size, step = 8;
	unsigned int bad = 0, n = 0;
	unsigned char more = 0;
	void *longer;

	for (size = 0; size < good->size; size += step) {
		step = size < 2 * sizeof(struct kcmap_image) ? 8 : 4088;
		n++;
		bad += try_file(good->shape, good->bytes, size) != -EBADMSG;
	}
	ok(!bad, "%s: cut off at %u lengths", good->shape->name, n);
	longer = calloc(1, good->size + sizeof(more));
	memcpy(longer, good->bytes, good->size);
	ok(try_file(good->shape, longer, good->size + 1) == -EBADMSG,
	   "%s: something behind the end", good->shape->name);
	free(longer);
}

#define FIELD(member)                                             \
	{                                                         \
#member, offsetof(struct kcmap_image, member),    \
			sizeof(((struct kcmap_image *)0)->member) \
	}

static const struct {
	const char *name;
	size_t offset;
	size_t size;
} fields[] = {
	FIELD(header_size),  FIELD(key_size),
	FIELD(value_size),   FIELD(slot_size),
	FIELD(bucket_size),  FIELD(bucket_slots),
	FIELD(page_buckets), FIELD(segment_buckets),
	FIELD(frame_size),   FIELD(frames),
	FIELD(size),	     FIELD(root_offset),
	FIELD(links_offset), FIELD(frames_offset),
	FIELD(entries),	     FIELD(root),
};

/* Each field of the header, with numbers that are at the edge of something. */
static void test_fields(const struct good *good)
{
	static const uint64_t edges[] = {
		0,
		1,
		2,
		3,
		4,
		7,
		8,
		9,
		16,
		63,
		64,
		65,
		127,
		128,
		255,
		256,
		4095,
		4096,
		4097,
		8192,
		65535,
		65536,
		65537,
		0x7fffffff,
		0x80000000,
		0xfffffff8,
		0xffffffff,
		1ULL << 32,
		1ULL << 62,
		1ULL << 63,
		~0ULL - 4095,
		~0ULL - 7,
		~0ULL,
	};
	unsigned int refused, i;
	size_t field;

	for (field = 0; field < ARRAY_SIZE(fields); field++) {
		refused = 0;
		for (i = 0; i < ARRAY_SIZE(edges); i++) {
			struct kcmap_image *image = copy_of(good);

			memcpy((char *)image + fields[field].offset, &edges[i],
			       fields[field].size);
			refused += !!try_file(good->shape, image, good->size);
			free(image);
		}
		ok(refused >= 10, "%s: %s: refused %u of %zu",
		   good->shape->name, fields[field].name, refused,
		   ARRAY_SIZE(edges));
	}
}

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Half of the flips are where the header and the directory are. */
static void test_flips(const struct good *good, uint64_t seed)
{
	const struct kcmap_image *header = (struct kcmap_image *)good->bytes;
	size_t early = header->frames_offset + 2 * header->frame_size;
	unsigned int refused = 0, i, j;

	for (i = 0; i < FLIPS; i++) {
		struct kcmap_image *image = copy_of(good);
		unsigned char *bytes = (unsigned char *)image;

		for (j = 0; j < 1 + i % 8; j++) {
			size_t range = j % 2 ? good->size :
				       i % 3 ? early :
					       sizeof(*image);

			bytes[next(&seed) % range] ^=
				(unsigned char)(1U << (next(&seed) % 8));
		}
		refused += !!try_file(good->shape, image, good->size);
		free(image);
	}
	ok(refused > FLIPS / 10 && refused < FLIPS,
	   "%s: flipped bits: refused %u of %u", good->shape->name, refused,
	   FLIPS);
}

/* Directories that lead in circles, or twice to one place. */
static void test_directory(const struct good *good)
{
	struct kcmap_image *image = copy_of(good);
	unsigned int depth = image->root & KCMAP_IMAGE_ROOT_DEPTH;
	unsigned char *bytes = (unsigned char *)image;
	struct kcmap_image_root *roots =
		(void *)(bytes + image->root_offset + (8UL << depth));
	struct kcmap_image_entry *leaf =
		(void *)(bytes + image->frames_offset +
			 (size_t)roots[0].frame * image->frame_size);
	uint32_t *links = (uint32_t *)(bytes + image->links_offset);
	uint32_t first = leaf[0].frame, last = leaf[255].frame, kept;

#define REFUSED(lvalue, number, what)                                    \
	do {                                                             \
		kept = (uint32_t)(lvalue);                               \
		(lvalue) = (number);                                     \
		ok(try_file(good->shape, image, good->size) == -EBADMSG, \
		   "%s: %s is refused", good->shape->name, what);        \
		(lvalue) = kept;                                         \
	} while (0)
	REFUSED(roots[0].frame, image->frames, "a leaf that is none");
	REFUSED(roots[0].depth, depth + 1, "a leaf deeper than the root");
	REFUSED(roots[0].depth, 64, "a leaf of depth 64");
	REFUSED(leaf[0].frame, ~0U, "a segment that is none");
	REFUSED(leaf[0].frame, last, "a segment in two places");
	REFUSED(leaf[0].frame, roots[0].frame, "a leaf that is a segment");
	REFUSED(links[first], first, "a chain that is a circle");
	REFUSED(links[first], last, "a chain to a segment of its own");
	REFUSED(links[first], image->frames, "a chain to nowhere");
#undef REFUSED
	ok(!try_file(good->shape, image, good->size), "%s: undone, it is good",
	   good->shape->name);
	free(image);
}

/* Sizes that fit each other, and are too large all the same. */
static void test_sizes(const struct good *good)
{
	struct kcmap_image *image = copy_of(good);
	uint32_t slots;
	int err;

	image->bucket_size = KCMAP_IMAGE_PAGE;
	image->page_buckets = 1;
	image->segment_buckets = 1;
	image->entries = 0;
	for (slots = 1; slots < 200; slots++) {
		image->bucket_slots = slots;
		err = try_file(good->shape, image, good->size);
		if (slots > 8 ? !err : err)
			break;
	}
	ok(slots == 200, "buckets of up to 8 slots: %u", slots);
	free(image);
	image = copy_of(good);
	image->segment_buckets = 48;
	image->flags |= KCMAP_IMAGE_XOR;
	ok(try_file(good->shape, image, good->size) == -EBADMSG,
	   "no exclusive or of numbers up to 48");
	free(image);
}

/* Tags where there are no slots, which are behind the bucket, or behind the file. */
static void test_tags(const struct good *good)
{
	int fd = file_of(good->bytes, good->size);
	struct image image = { .shape = good->shape };
	struct kcmap_map_snapshot *snapshot;
	unsigned char key[128], value[1024];
	unsigned int wrong = 0;
	uint64_t hash, tag;
	uint32_t i;

	image.base = mmap(NULL, good->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			  fd, 0);
	if (image.base == MAP_FAILED || kcmap_snapshot_load(fd, &snapshot))
		abort();
	close(fd);
	image.header = (struct kcmap_image *)image.base;
	for (i = 0; i < 4000; i++) {
		make_key(good->shape, good->shape->entries + i, key);
		hash = hash_of(&image, key);
		tag = hash >> 32 & 0xff;
		bucket_at(&image, leaf_entry(&image, hash)->frame,
			  home_of(good->shape, hash))[1] =
			(tag + !tag) * 0x0101010101010101ULL;
		wrong += kcmap_snapshot_lookup(snapshot, key, value) != -ENOENT;
	}
	ok(!wrong, "%s: tags of slots that there are not", good->shape->name);
	kcmap_snapshot_close(snapshot);
	munmap(image.base, good->size);
}

/* Who has it loaded when it changes gets errors, and no more than that. */
static void test_changed(const struct good *good, uint64_t seed)
{
	const struct kcmap_image *header = (struct kcmap_image *)good->bytes;
	int fd = file_of(good->bytes, good->size);
	struct kcmap_map_snapshot *snapshot;
	unsigned char *bytes;
	unsigned int i, j;
	uint64_t n = 0;

	bytes = mmap(NULL, good->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     0);
	if (bytes == MAP_FAILED || kcmap_snapshot_load(fd, &snapshot))
		abort();
	close(fd);
	for (i = 0; i < 50; i++) {
		for (j = 0; j < 200; j++)
			bytes[next(&seed) % good->size] =
				(unsigned char)next(&seed);
		n += use(good->shape, snapshot);
		memset(bytes + header->root_offset, i % 2 ? 0xff : 0,
		       header->frames_offset - header->root_offset);
		use(good->shape, snapshot);
		memcpy(bytes, good->bytes, good->size);
	}
	ok(n && use(good->shape, snapshot) == good->shape->entries,
	   "%s: changed while it is loaded", good->shape->name);
	kcmap_snapshot_close(snapshot);
	munmap(bytes, good->size);
}

int main(void)
{
	static const size_t chosen[] = { 2, 3, 5, 6, 7 };
	struct shape few;
	struct good good;
	size_t i;

	alarm(60);
	for (i = 0; i < ARRAY_SIZE(chosen); i++) {
		make_good(&good, &shapes[chosen[i]]);
		if (!i)
			test_version(&good);
		test_truncated(&good);
		test_fields(&good);
		if (good.size < 1000000)
			test_flips(&good, 0x9e3779b97f4a7c15ULL + i);
		test_directory(&good);
		if (good.shape->key_size == 1)
			test_sizes(&good);
		test_changed(&good, 0x1234567 + i);
		free(good.bytes);
	}
	/* Without chains: then the last segment is one that keys lead to. */
	few = shapes[6];
	few.entries = 20;
	make_good(&good, &few);
	test_tags(&good);
	free(good.bytes);
	return tap_done();
}
