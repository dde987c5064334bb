// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots: exact, and unchanged whatever becomes of their map. */
#include "image.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#define NAME PREFIX "snapshot"
#define BATCH 256

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
	return (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ULL;
}

struct shape {
	uint32_t key_size, value_size, flags;
	uint32_t nr; /* keys */
};

static const struct shape shapes[] = {
	{ 8, 8, KCMAP_F_HASH_FAST, 20000 },
	{ 8, 8, 0, 5000 },
	{ 4, 1, 0, 5000 },
	{ 40, 32, KCMAP_F_HASH_FAST, 3000 },
	/* Many pages a segment. */
	{ 128, 1024, 0, 1000 },
	{ 1, 0, KCMAP_F_HASH_FAST, 256 },
};

/* Key number @k: different from others of its size in the first 4 bytes. */
static void make_key(const struct shape *shape, uint8_t *key, uint32_t k)
{
	memset(key, 0x5a, shape->key_size);
	memcpy(key, &k, shape->key_size < 4 ? shape->key_size : 4);
}

/* No word of it looks like an address. */
static void make_value(const struct shape *shape, uint8_t *value, uint32_t k,
		       uint64_t version)
{
	uint64_t word = k + (version << 32);
	uint32_t at, left;

	for (at = 0; at < shape->value_size; at += sizeof(word)) {
		left = shape->value_size - at;
		word = mix(word) >> 1;
		memcpy(value + at, &word, left < 8 ? left : 8);
	}
}

static int shape_map(const struct shape *shape)
{
	return map_create_flags(NULL, shape->nr, shape->key_size,
				shape->value_size, shape->flags);
}

/* An operation on keys @from to @to - 1; all have to succeed. */
static void each(const struct shape *shape, int map, int opcode, uint32_t from,
		 uint32_t to, uint64_t version)
{
	static uint8_t keys[BATCH * KCMAP_KEY_SIZE_MAX];
	static uint8_t values[BATCH * KCMAP_VALUE_SIZE_MAX];
	static int32_t statuses[BATCH];
	bool stores = opcode != KCMAP_OP_DELETE && shape->value_size;
	uint32_t nr, i;

	for (; from < to; from += nr) {
		nr = to - from < BATCH ? to - from : BATCH;
		for (i = 0; i < nr; i++) {
			make_key(shape, keys + i * shape->key_size, from + i);
			make_value(shape, values + i * shape->value_size,
				   from + i, version);
		}
		REQUIRE(strided(map, opcode, nr, keys, stores ? values : NULL,
				NULL, statuses) == (int)nr);
		for (i = 0; i < nr; i++)
			REQUIRE(statuses[i] == 0);
	}
}

static void clear(int map)
{
	struct kcmap_clear args = { .size = sizeof(args) };

	CHECK_OK(ioctl(map, KCMAP_MAP_CLEAR, &args));
}

struct content {
	const struct shape *shape;
	uint64_t version;
	uint8_t *seen;
};

static void see(const void *key, const void *value, void *ctx)
{
	struct content *content = ctx;
	uint8_t want[KCMAP_VALUE_SIZE_MAX], want_key[KCMAP_KEY_SIZE_MAX];
	uint32_t k = 0;

	memcpy(&k, key,
	       content->shape->key_size < 4 ? content->shape->key_size : 4);
	make_key(content->shape, want_key, k);
	CHECK(!memcmp(key, want_key, content->shape->key_size));
	make_value(content->shape, want, k, content->version);
	CHECK(!memcmp(value, want, content->shape->value_size));
	if (CHECK(k < content->shape->nr))
		content->seen[k]++;
}

/* That keys @from to @to - 1 are in an image, with values of @version, and no other. */
static void check_image(const struct shape *shape, const struct image *image,
			uint32_t from, uint32_t to, uint64_t version)
{
	uint8_t key[KCMAP_KEY_SIZE_MAX], value[KCMAP_VALUE_SIZE_MAX];
	uint8_t want[KCMAP_VALUE_SIZE_MAX];
	struct content content = { shape, version, calloc(1, shape->nr) };
	uint32_t k;

	CHECK_EQ(image_header(image)->entries, to - from);
	CHECK_EQ(image_each(image, see, &content), to - from);
	for (k = 0; k < shape->nr; k++)
		CHECK_EQ(content.seen[k], k >= from && k < to);
	free(content.seen);
	/* A look-up a few steps ahead costs less than all of them, and is as good. */
	for (k = 0; k < shape->nr; k += 1 + k % 3) {
		bool there = k >= from && k < to;

		make_key(shape, key, k);
		if (!CHECK_EQ(image_lookup(image, key, value),
			      there ? 0 : -ENOENT) ||
		    !there)
			continue;
		make_value(shape, want, k, version);
		CHECK(!memcmp(value, want, shape->value_size));
	}
}

TEST(descriptor)
{
	struct kcmap_snapshot arg = { .size = sizeof(arg) };
	int map = map_create(NAME, 8, 8, 8), ro = map_open(NAME, O_RDONLY);
	int wo = map_open(NAME, O_WRONLY), no = map_open(NAME, O_ACCMODE);
	struct kcmap_stats stats = { .size = sizeof(stats) };
	char path[64], byte = 0;
	int fd;

	fd = snapshot_create(ro);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_ERRNO(read(fd, &byte, 1), EINVAL);
	CHECK_ERRNO(write(fd, &byte, 1), EBADF);
	CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
	/* It cannot be had for writing in another way. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(open(path, O_RDWR) < 0);
	CHECK(open(path, O_RDONLY) < 0);
	CHECK_EQ(fcntl(fd, F_SETFL, O_RDWR), 0);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);

	CHECK_EQ(snapshot_try(wo, &arg), -EBADF);
	CHECK_EQ(snapshot_try(no, &arg), -EBADF);
	CHECK_EQ(snapshot_refresh(fd), 0);
	/* Each node knows its own ioctls. */
	CHECK_EQ(snapshot_refresh(map), -ENOTTY);
	CHECK_EQ(snapshot_try(fd, &arg), -ENOTTY);
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_STATS, &stats), ENOTTY);
}

TEST(no_refresh_unanswered)
{
	struct kcmap_snapshot *arg = guarded(1);
	int map = map_create(NULL, 8, 8, 8);
	int fd = snapshot_create(map);
	struct image image = image_map(fd);
	uint64_t epoch = image_header(&image)->epoch;

	arg->size = sizeof(*arg);
	mprotect(arg, 4096, PROT_READ);
	CHECK_ERRNO(ioctl(fd, KCMAP_SNAPSHOT_REFRESH, arg), EFAULT);
	CHECK_EQ(image_header(&image)->epoch, epoch);
}

TEST(no_descriptor_left)
{
	struct kcmap_snapshot *arg = guarded(1);
	int map = map_create(NULL, 8, 8, 8), before, fd;

	before = dup(0);
	close(before);
	arg->size = sizeof(*arg);
	mprotect(arg, 4096, PROT_READ);
	CHECK_ERRNO(ioctl(map, KCMAP_MAP_SNAPSHOT, arg), EFAULT);
	fd = dup(0);
	CHECK_EQ(fd, before);
	CHECK_EQ(map_stats(map).snapshots, 0);

	mprotect(arg, 4096, PROT_READ | PROT_WRITE);
	while (dup(map) >= 0)
		;
	CHECK_EQ(snapshot_try(map, arg), -EMFILE);
	CHECK_EQ(map_stats(map).snapshots, 0);
}

TEST(header)
{
	struct kcmap_map_info info = { .size = sizeof(info) };
	struct kcmap_snapshot arg;
	struct timespec before, after;
	const struct kcmap_image *header;
	uint64_t epoch = 0, key, ns, zeros[3] = {};
	struct image image;
	int map, fd;

	map = map_create_flags(NULL, 5000, 8, 24, KCMAP_F_HASH_FAST);
	CHECK_OK(ioctl(map, KCMAP_MAP_INFO, &info));
	for (key = 0; key < 5; key++) {
		uint64_t value[3] = { key };

		CHECK_EQ(op(map, KCMAP_OP_INSERT, &key, value, NULL), 0);
		clock_gettime(CLOCK_REALTIME, &before);
		fd = snapshot_try(map, &arg);
		clock_gettime(CLOCK_REALTIME, &after);
		REQUIRE(fd >= 0);
		CHECK_EQ(arg.size, sizeof(arg));
		CHECK_EQ(arg.flags | arg.reserved, 0);
		CHECK_EQ(arg.entries, key + 1);
		CHECK(arg.epoch > epoch);
		epoch = arg.epoch;
		ns = before.tv_sec * 1000000000ULL + before.tv_nsec;
		CHECK(arg.time_ns >= ns);
		ns = after.tv_sec * 1000000000ULL + after.tv_nsec;
		CHECK(arg.time_ns <= ns);

		image = image_map(fd);
		header = image_header(&image);
		CHECK_EQ(header->flags, KCMAP_IMAGE_HASH_FAST);
		CHECK_EQ(header->size, arg.image_size);
		CHECK_EQ(header->entries, arg.entries);
		CHECK_EQ(header->epoch, arg.epoch);
		CHECK_EQ(header->time_ns, arg.time_ns);
		CHECK_EQ(header->map_id, info.id);
		CHECK_EQ(header->key_size, info.key_size);
		CHECK_EQ(header->value_size, info.value_size);
		CHECK_EQ(header->slot_size, info.slot_size);
		CHECK_EQ(header->bucket_size, info.bucket_size);
		CHECK_EQ(header->bucket_slots, info.bucket_slots);
		CHECK_EQ(header->segment_buckets, info.segment_buckets);
		CHECK_EQ(header->frame_size, info.segment_size);
		CHECK(header->frames >= info.segments_max);
		image_check_zero(header->reserved, sizeof(header->reserved));
		image_check_zero(header->reserved2, sizeof(header->reserved2));
		image_unmap(&image);
		close(fd);
	}
	/* A refresh says the same of the new instant, and has no descriptor. */
	fd = snapshot_create(map);
	key = 100;
	CHECK_EQ(op(map, KCMAP_OP_INSERT, &key, zeros, NULL), 0);
	arg = (struct kcmap_snapshot){ .size = sizeof(arg), .fd = -2 };
	CHECK_OK(ioctl(fd, KCMAP_SNAPSHOT_REFRESH, &arg));
	CHECK_EQ(arg.fd, -1);
	CHECK_EQ(arg.entries, 6);
	CHECK(arg.epoch > epoch + 1);
	image = image_map(fd);
	CHECK_EQ(arg.image_size, image.size);
	CHECK_EQ(image_header(&image)->epoch, arg.epoch);
	CHECK_EQ(image_each(&image, NULL, NULL), 6);
}

/* A view says of itself that it is one, and nothing of an instant. */
TEST(header_of_a_view)
{
	int map = map_create(NULL, 8, 8, 8);
	struct image image = image_map(map);
	const struct kcmap_image *header = image_header(&image);

	CHECK_EQ(header->flags, KCMAP_IMAGE_LIVE | KCMAP_IMAGE_XOR);
	CHECK_EQ(header->entries | header->epoch | header->time_ns, 0);
	CHECK_EQ(header->links_offset, 0);
}

static void unchanged(const struct shape *shape)
{
	uint32_t nr = shape->nr;
	int map = shape_map(shape), fd[6];
	struct image image[6];
	unsigned int i;

	fd[0] = snapshot_create(map);
	each(shape, map, KCMAP_OP_INSERT, 0, nr / 8, 1);
	fd[1] = snapshot_create(map);
	image[1] = image_map(fd[1]);
	/* Growth. */
	each(shape, map, KCMAP_OP_INSERT, nr / 8, nr, 1);
	fd[2] = snapshot_create(map);
	each(shape, map, KCMAP_OP_UPDATE, 0, nr, 2);
	fd[3] = snapshot_create(map);
	image[3] = image_map(fd[3]);
	check_image(shape, &image[3], 0, nr, 2);
	/* It shrinks. */
	each(shape, map, KCMAP_OP_DELETE, 0, nr - nr / 8, 0);
	fd[4] = snapshot_create(map);
	clear(map);
	fd[5] = snapshot_create(map);
	each(shape, map, KCMAP_OP_UPSERT, 0, nr, 3);
	CHECK(map_stats(map).snapshot_bytes > 0);
	CHECK_EQ(map_stats(map).snapshots, 6);
	close(map);

	for (i = 0; i < 6; i++)
		if (i != 1 && i != 3)
			image[i] = image_map(fd[i]);
	/* And with nothing but the mapping left. */
	close(fd[2]);
	close(fd[3]);
	check_image(shape, &image[0], 0, 0, 0);
	check_image(shape, &image[1], 0, nr / 8, 1);
	check_image(shape, &image[2], 0, nr, 1);
	check_image(shape, &image[3], 0, nr, 2);
	check_image(shape, &image[4], nr - nr / 8, nr, 2);
	check_image(shape, &image[5], 0, 0, 0);
}

TEST(unchanged_words_fast)
{
	unchanged(&shapes[0]);
}

TEST(unchanged_words_siphash)
{
	unchanged(&shapes[1]);
}

TEST(unchanged_small)
{
	unchanged(&shapes[2]);
}

TEST(unchanged_40_bytes)
{
	unchanged(&shapes[3]);
}

TEST(unchanged_largest)
{
	unchanged(&shapes[4]);
}

TEST(unchanged_set)
{
	unchanged(&shapes[5]);
}

/* The name gone, and all else that had the map. */
TEST(outlives_the_map)
{
	const struct shape *shape = &shapes[1];
	struct image image;
	int map, fd;

	map = map_create(NAME, shape->nr, 8, 8);
	each(shape, map, KCMAP_OP_INSERT, 0, shape->nr, 1);
	fd = snapshot_create(map);
	CHECK_OK(destroy(NAME));
	close(map);
	image = image_map(fd);
	check_image(shape, &image, 0, shape->nr, 1);
	/* What is there to refresh does not change any more. */
	CHECK_EQ(snapshot_refresh(fd), 0);
	check_image(shape, &image, 0, shape->nr, 1);
	close(fd);
	check_image(shape, &image, 0, shape->nr, 1);
	CHECK_ERRNO(syscall(SYS_delete_module, "kcmap", O_NONBLOCK),
		    EWOULDBLOCK);
	image_unmap(&image);
}

/* What one snapshot does not need any more, an older one may. */
TEST(closed_in_any_order)
{
	static const struct shape shape = { 8, 8, KCMAP_F_HASH_FAST, 2000 };
	enum { OPEN = 8 };
	uint64_t random = 1, version = 0, of[OPEN];
	struct image image[OPEN];
	int map = shape_map(&shape), fd[OPEN];
	unsigned int i, round;

	each(&shape, map, KCMAP_OP_INSERT, 0, shape.nr, version);
	for (i = 0; i < OPEN; i++)
		fd[i] = -1;
	for (round = 0; round < 150; round++) {
		i = rnd(&random) % OPEN;
		if (fd[i] >= 0) {
			if (rnd(&random) % 4 == 0) {
				CHECK_EQ(snapshot_refresh(fd[i]), 0);
				of[i] = version;
			}
			check_image(&shape, &image[i], 0, shape.nr, of[i]);
			close(fd[i]);
			image_unmap(&image[i]);
			fd[i] = -1;
		} else {
			fd[i] = snapshot_create(map);
			image[i] = image_map(fd[i]);
			of[i] = version;
		}
		if (rnd(&random) % 3)
			each(&shape, map, KCMAP_OP_UPDATE, 0, shape.nr,
			     ++version);
		if (rnd(&random) % 8 == 0) {
			each(&shape, map, KCMAP_OP_DELETE, 0, shape.nr, 0);
			each(&shape, map, KCMAP_OP_INSERT, 0, shape.nr,
			     version);
		}
	}
	for (i = 0; i < OPEN; i++) {
		if (fd[i] < 0)
			continue;
		check_image(&shape, &image[i], 0, shape.nr, of[i]);
		close(fd[i]);
		image_unmap(&image[i]);
	}
	CHECK_EQ(map_stats(map).snapshots, 0);
	CHECK_EQ(map_stats(map).snapshot_bytes, 0);
}

/* Keys that collide in all that says where they are. */
static void colliding(const struct kcmap_image *header, uint64_t *keys,
		      unsigned int nr)
{
	uint64_t key = 1, hash, like = image_hash(header, &key);
	unsigned int found = 0;

	/* Those of @depth top bits make no two segments of them, whatever is split. */
	for (key = 1; found < nr; key++) {
		hash = image_hash(header, &key);
		if (image_top(hash, 4) == image_top(like, 4) &&
		    image_home(header, hash) == image_home(header, like) &&
		    image_alternate(header, hash) ==
			    image_alternate(header, like))
			keys[found++] = key;
	}
}

/* Return: how many of the keys an image has, with values of @version. */
static unsigned int count_colliding(const struct image *image,
				    const uint64_t *keys, unsigned int nr,
				    uint64_t version)
{
	unsigned int i, count = 0;
	uint64_t value;

	for (i = 0; i < nr; i++) {
		if (image_lookup(image, &keys[i], &value))
			continue;
		CHECK_EQ(value, keys[i] << 8 | version);
		count++;
	}
	CHECK_EQ(image_each(image, NULL, NULL), count);
	CHECK_EQ(image_header(image)->entries, count);
	return count;
}

static void write_colliding(int map, int opcode, const uint64_t *keys,
			    unsigned int from, unsigned int to,
			    uint64_t version)
{
	uint64_t value;

	for (; from < to; from++) {
		value = keys[from] << 8 | version;
		REQUIRE(op(map, opcode, &keys[from],
			   opcode == KCMAP_OP_DELETE ? NULL : &value,
			   NULL) == 0);
	}
}

TEST(chained)
{
	enum { NR = 40 };
	int map = map_create_flags(NULL, 64, 8, 8, KCMAP_F_HASH_FAST), fd[6];
	uint64_t keys[NR];
	struct image image[6];
	unsigned int i;

	fd[0] = snapshot_create(map);
	image[0] = image_map(fd[0]);
	colliding(image_header(&image[0]), keys, NR);
	write_colliding(map, KCMAP_OP_INSERT, keys, 0, 20, 1);
	CHECK(map_stats(map).overflow_segments > 0);
	fd[1] = snapshot_create(map);
	/* One is chained behind what the snapshot has: not for the snapshot. */
	write_colliding(map, KCMAP_OP_INSERT, keys, 20, NR, 1);
	fd[2] = snapshot_create(map);
	write_colliding(map, KCMAP_OP_UPDATE, keys, 0, NR, 2);
	fd[3] = snapshot_create(map);
	write_colliding(map, KCMAP_OP_DELETE, keys, 10, NR, 0);
	fd[4] = snapshot_create(map);
	clear(map);
	fd[5] = snapshot_create(map);
	for (i = 1; i < 6; i++)
		image[i] = image_map(fd[i]);
	CHECK_EQ(count_colliding(&image[0], keys, NR, 1), 0);
	CHECK_EQ(count_colliding(&image[1], keys, NR, 1), 20);
	CHECK_EQ(count_colliding(&image[2], keys, NR, 1), NR);
	CHECK_EQ(count_colliding(&image[3], keys, NR, 2), NR);
	CHECK_EQ(count_colliding(&image[4], keys, NR, 2), 10);
	CHECK_EQ(count_colliding(&image[5], keys, NR, 2), 0);

	/* Links move with a refresh, too. */
	for (i = 0; i < 20; i++) {
		write_colliding(map, KCMAP_OP_UPSERT, keys, 0, NR, 3 + i);
		CHECK_EQ(snapshot_refresh(fd[1]), 0);
		CHECK_EQ(count_colliding(&image[1], keys, NR, 3 + i), NR);
		write_colliding(map, KCMAP_OP_DELETE, keys, i, NR, 0);
		CHECK_EQ(snapshot_refresh(fd[2]), 0);
		CHECK_EQ(count_colliding(&image[2], keys, NR, 3 + i), i);
		CHECK_EQ(count_colliding(&image[1], keys, NR, 3 + i), NR);
	}
	CHECK_EQ(count_colliding(&image[3], keys, NR, 2), NR);
}

/* The same as a fresh snapshot, in the mapping that there was. */
static void check_refreshed(const struct shape *shape, int map, int fd,
			    const struct image *image, uint32_t from,
			    uint32_t to, uint64_t version)
{
	struct kcmap_snapshot refreshed = { .size = sizeof(refreshed) }, fresh;
	struct image other;
	int other_fd;

	CHECK_OK(ioctl(fd, KCMAP_SNAPSHOT_REFRESH, &refreshed));
	other_fd = snapshot_try(map, &fresh);
	REQUIRE(other_fd >= 0);
	CHECK_EQ(refreshed.entries, fresh.entries);
	CHECK_EQ(refreshed.image_size, fresh.image_size);
	CHECK(refreshed.epoch < fresh.epoch);
	other = image_map(other_fd);
	check_image(shape, image, from, to, version);
	check_image(shape, &other, from, to, version);
	image_unmap(&other);
	close(other_fd);
}

static void refresh(const struct shape *shape)
{
	int map = shape_map(shape), fd = snapshot_create(map);
	struct image image = image_map(fd);
	uint32_t nr = shape->nr;

	check_refreshed(shape, map, fd, &image, 0, 0, 0);
	each(shape, map, KCMAP_OP_INSERT, 0, nr / 16, 1);
	check_image(shape, &image, 0, 0, 0);
	check_refreshed(shape, map, fd, &image, 0, nr / 16, 1);
	each(shape, map, KCMAP_OP_INSERT, nr / 16, nr, 1);
	check_refreshed(shape, map, fd, &image, 0, nr, 1);
	each(shape, map, KCMAP_OP_UPDATE, 0, nr, 2);
	check_refreshed(shape, map, fd, &image, 0, nr, 2);
	/* Nothing changed. */
	check_refreshed(shape, map, fd, &image, 0, nr, 2);
	each(shape, map, KCMAP_OP_DELETE, 0, nr, 0);
	check_refreshed(shape, map, fd, &image, 0, 0, 0);
	each(shape, map, KCMAP_OP_INSERT, 0, nr, 3);
	check_refreshed(shape, map, fd, &image, 0, nr, 3);
	clear(map);
	check_refreshed(shape, map, fd, &image, 0, 0, 0);
	each(shape, map, KCMAP_OP_INSERT, nr / 2, nr, 4);
	check_refreshed(shape, map, fd, &image, nr / 2, nr, 4);
	CHECK_EQ(map_stats(map).snapshots, 1);
}

TEST(refresh_words)
{
	static const struct shape shape = { 8, 8, KCMAP_F_HASH_FAST, 5000 };

	refresh(&shape);
}

TEST(refresh_40_bytes)
{
	static const struct shape shape = { 40, 32, 0, 2000 };

	refresh(&shape);
}

TEST(refresh_largest)
{
	static const struct shape shape = { 128, 1024, 0, 500 };

	refresh(&shape);
}

static int create_with(uint32_t snapshots_max, uint64_t bytes_max)
{
	struct kcmap_create args = create_args(NULL, 100000, 8, 8);
	int control = control_open();

	args.snapshots_max = snapshots_max;
	args.snapshot_bytes_max = bytes_max;
	REQUIRE(!ioctl(control, KCMAP_CTL_CREATE, &args));
	close(control);
	return args.fd;
}

TEST(quota_of_snapshots)
{
	int map = create_with(3, 0), fd[3], i;
	struct kcmap_snapshot arg;

	for (i = 0; i < 3; i++)
		fd[i] = snapshot_create(map);
	CHECK_EQ(snapshot_try(map, &arg), -EDQUOT);
	CHECK_EQ(snapshot_refresh(fd[1]), 0);
	close(fd[0]);
	fd[0] = snapshot_create(map);
	CHECK_EQ(snapshot_try(map, &arg), -EDQUOT);
	CHECK_EQ(map_stats(map).snapshots, 3);
}

TEST(quota_of_bytes)
{
	static const struct shape shape = { 8, 8, 0, 20000 };
	const uint64_t most = 300000;
	int map = create_with(0, most), first, second;
	struct kcmap_snapshot arg;
	struct image image;
	uint32_t nr;

	first = snapshot_create(map);
	image = image_map(first);
	second = snapshot_create(map);
	close(second);
	/* What two could pin is too much, what one could is not. */
	for (nr = 0; map_stats(map).memory < most * 2 / 3; nr += 100)
		each(&shape, map, KCMAP_OP_INSERT, nr, nr + 100, 1);
	CHECK_EQ(snapshot_refresh(first), 0);
	CHECK_EQ(snapshot_try(map, &arg), -EDQUOT);
	CHECK_EQ(snapshot_refresh(first), 0);
	check_image(&shape, &image, 0, nr, 1);
	each(&shape, map, KCMAP_OP_INSERT, nr, shape.nr, 1);
	CHECK_EQ(snapshot_refresh(first), -EDQUOT);
	check_image(&shape, &image, 0, nr, 1);
	/* It is what could be pinned that counts, not what was. */
	close(first);
	image_unmap(&image);
	CHECK_EQ(snapshot_try(map, &arg), -EDQUOT);
	clear(map);
	first = snapshot_create(map);
}

TEST(no_mappings)
{
	int map = map_create_flags(NULL, 8, 8, 8, KCMAP_F_NO_MMAP);
	struct kcmap_snapshot arg;

	CHECK_EQ(snapshot_try(map, &arg), -EPERM);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, map, 0) == MAP_FAILED);
	CHECK_EQ(errno, EPERM);
	CHECK_EQ(map_stats(map).snapshots, 0);
}

/* Cuts are rationed, not refused. */
TEST(many_in_a_row)
{
	int map = map_create(NULL, 8, 8, 8), i;
	double begun = seconds();
	uint64_t key = 7;

	CHECK_EQ(op(map, KCMAP_OP_INSERT, &key, &key, NULL), 0);
	for (i = 0; i < 200; i++) {
		close(snapshot_create(map));
		CHECK_EQ(op(map, KCMAP_OP_UPDATE, &key, &key, NULL), 0);
	}
	/* A hundred at once, the others a millisecond apart. */
	CHECK(seconds() - begun > 0.09);
	CHECK_EQ(map_stats(map).snapshots, 0);
}

/* Who waits for a ration can be killed. */
TEST(killed_while_waiting)
{
	int map = map_create(NULL, 8, 8, 8), pair[2];
	pid_t pid;
	char byte;

	REQUIRE(!pipe(pair));
	pid = tap_fork();
	if (!pid) {
		CHECK_EQ(write(pair[1], "", 1), 1);
		for (;;)
			close(snapshot_create(map));
	}
	CHECK_EQ(read(pair[0], &byte, 1), 1);
	usleep(300000);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	close(snapshot_create(map));
	CHECK_EQ(map_stats(map).snapshots, 0);
}

TEST(statistics)
{
	static const struct shape shape = { 8, 8, KCMAP_F_HASH_FAST, 5000 };
	int map = shape_map(&shape), fd[2];
	struct kcmap_stats before, stats;

	each(&shape, map, KCMAP_OP_INSERT, 0, shape.nr, 1);
	CHECK_EQ(map_stats(map).copies, 0);
	fd[0] = snapshot_create(map);
	before = map_stats(map);
	CHECK_EQ(before.snapshots, 1);
	CHECK_EQ(before.snapshot_bytes, 0);
	each(&shape, map, KCMAP_OP_UPDATE, 7, 8, 2);
	stats = map_stats(map);
	CHECK_EQ(stats.copies, 1);
	/* A segment, and the leaf that says where it is. */
	CHECK_EQ(stats.snapshot_bytes, 2 * 4096);
	/* Only the first write copies. */
	each(&shape, map, KCMAP_OP_UPDATE, 7, 8, 3);
	CHECK_EQ(map_stats(map).copies, 1);
	each(&shape, map, KCMAP_OP_UPDATE, 0, shape.nr, 4);
	stats = map_stats(map);
	CHECK_EQ(stats.copies, before.segments);
	CHECK_EQ(stats.snapshot_bytes, (before.segments + 1) * 4096);
	fd[1] = snapshot_create(map);
	CHECK_EQ(map_stats(map).snapshots, 2);
	CHECK_EQ(map_stats(map).snapshot_bytes, stats.snapshot_bytes);
	close(fd[0]);
	stats = map_stats(map);
	CHECK_EQ(stats.snapshots, 1);
	CHECK_EQ(stats.snapshot_bytes, 0);
	CHECK_EQ(stats.segments, before.segments);
	close(fd[1]);
	CHECK_EQ(map_stats(map).snapshots, 0);
	each(&shape, map, KCMAP_OP_UPDATE, 0, shape.nr, 5);
	CHECK_EQ(map_stats(map).copies, before.segments);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
