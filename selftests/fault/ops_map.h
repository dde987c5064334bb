/* SPDX-License-Identifier: GPL-2.0-only */
/* Nodes, and the ioctls of control and map but for SUBMIT. */
#ifndef OPS_MAP_H
#define OPS_MAP_H

#include "ops_batch.h"

#define NONE (-2)

/* What an ioctl wrote, kept for its check. */
static union {
	struct kcmap_ctl_info info;
	struct kcmap_create create;
	struct kcmap_list list;
	struct kcmap_map_info map_info;
	struct kcmap_stats stats;
	struct kcmap_scan scan;
	struct kcmap_snapshot snapshot;
} out;
static struct kcmap_map_info listed[8];
static uint64_t memory_before, epoch_before;

static int xioctl(int fd, unsigned long number, void *args)
{
	return ioctl(fd, number, args) ? -errno : 0;
}

/* --- Control --- */

static void no_control(void)
{
	need_module("kcmap", MODULE_PARAMETERS);
}

static int open_control(void)
{
	bed.control = open(CONTROL, O_RDWR | O_CLOEXEC);
	return bed.control < 0 ? -errno : 0;
}

static void check_open_control(int ret)
{
	struct kcmap_ctl_info info = { .size = sizeof(info) };

	CHECK_EQ(xioctl(bed.control, KCMAP_CTL_INFO, &info), ret ? -EBADF : 0);
}

static int close_control(void)
{
	int ret = close(bed.control) ? -errno : 0;

	bed.control = -1;
	return ret;
}

static void check_close_control(int ret)
{
	CHECK_EQ(ret, 0);
}

static int ctl_info(void)
{
	out.info = (struct kcmap_ctl_info){ .size = sizeof(out.info) };
	return xioctl(bed.control, KCMAP_CTL_INFO, &out.info);
}

static void check_ctl_info(int ret)
{
	CHECK_EQ(out.info.maps_max, ret ? 0 : 8);
}

static int create_named(void)
{
	out.create = create_args(NAME, 1000, 8, 8);
	return xioctl(bed.control, KCMAP_CTL_CREATE, &out.create);
}

static void check_create_named(int ret)
{
	if (ret) {
		CHECK_ERRNO(map_open(NAME, O_RDWR), ENOENT);
		CHECK_ERRNO(destroy(NAME), ENOENT);
		return;
	}
	/* Node and name come as one, and the map is of use. */
	bed.map = map_open(NAME, O_RDWR);
	REQUIRE(bed.map >= 0);
	CHECK_EQ(map_stats(bed.map).entries, 0);
}

static int create_anonymous(void)
{
	out.create = create_args(NULL, 1000, 8, 8);
	return xioctl(bed.control, KCMAP_CTL_CREATE, &out.create);
}

static void check_create_anonymous(int ret)
{
	if (ret) {
		CHECK(out.create.fd == -1 || out.create.fd == NONE);
		return;
	}
	bed.map = out.create.fd;
	CHECK_EQ(map_stats(bed.map).entries, 0);
}

static int destroy_map(void)
{
	struct kcmap_destroy args = { .size = sizeof(args) };

	set_name(args.name, NAME);
	return xioctl(bed.control, KCMAP_CTL_DESTROY, &args);
}

static void check_destroy_map(int ret)
{
	int fd = map_open(NAME, O_RDWR);

	CHECK_EQ(fd >= 0, ret != 0);
	if (fd >= 0)
		close(fd);
	/* Who has it open goes on. */
	check_contents();
}

static int list(void)
{
	memset(listed, UNWRITTEN, sizeof(listed));
	out.list = (struct kcmap_list){
		.size = sizeof(out.list),
		.maps = PTR(listed),
		.map_size = sizeof(listed[0]),
		.capacity = ARRAY_SIZE(listed),
	};
	return xioctl(bed.control, KCMAP_CTL_LIST, &out.list);
}

static void check_list(int ret)
{
	CHECK_EQ(out.list.count, ret ? 0 : 1);
	CHECK_EQ(out.list.cursor != 0, ret == 0);
	if (!ret)
		CHECK(!strcmp((char *)listed[0].name, NAME));
}

/* --- Map --- */

static void closed_map(void)
{
	small_map();
	close_one(&bed.map);
}

static int open_map(void)
{
	bed.map = map_open(NAME, O_RDWR);
	return bed.map < 0 ? -errno : 0;
}

static void check_open_map(int ret)
{
	if (!ret)
		check_contents();
}

static int close_map(void)
{
	int ret = close(bed.map) ? -errno : 0;

	bed.map = -1;
	return ret;
}

static void check_close_map(int ret)
{
	CHECK_EQ(ret, 0);
}

/* The last that has it: all of it is freed. */
static void destroyed_map(void)
{
	small_map();
	REQUIRE(destroy_map() == 0);
}

static int map_info(void)
{
	out.map_info = (struct kcmap_map_info){ .size = sizeof(out.map_info) };
	return xioctl(bed.map, KCMAP_MAP_INFO, &out.map_info);
}

static void check_map_info(int ret)
{
	CHECK_EQ(out.map_info.key_size, ret ? 0 : bed.key_size);
}

static int stats(void)
{
	out.stats = (struct kcmap_stats){ .size = sizeof(out.stats) };
	return xioctl(bed.map, KCMAP_MAP_STATS, &out.stats);
}

static void check_stats(int ret)
{
	CHECK_EQ(out.stats.entries, ret ? 0 : model_length());
}

/* Several segments, and one chained behind. */
static void crowded_map(void)
{
	chained(220, 0);
}

static int scan(void)
{
	static uint8_t keys[ENTRIES * 8], values[ENTRIES * 8];

	out.scan = (struct kcmap_scan){
		.size = sizeof(out.scan),
		.keys = PTR(keys),
		.values = PTR(values),
		.capacity = ENTRIES,
	};
	return xioctl(bed.map, KCMAP_MAP_SCAN, &out.scan);
}

/* It may end early, and goes on from its cursor. */
static void check_scan(int ret)
{
	if (ret) {
		CHECK_EQ(out.scan.cursor, 0);
		CHECK_EQ(out.scan.count, 0);
	} else if (out.scan.flags & KCMAP_SCAN_END) {
		CHECK_EQ(out.scan.count, model_length());
	} else {
		CHECK(out.scan.cursor);
	}
	check_contents();
}

static void measured_map(void)
{
	crowded_map();
	memory_before = map_stats(bed.map).memory;
}

/* With a snapshot, and a live view whose root is told of the new directory. */
static void measured_view(void)
{
	crowded_map();
	bed_snapshot();
	bed.image = image_map(bed.map);
	memory_before = map_stats(bed.map).memory;
}

static int clear(void)
{
	struct kcmap_clear args = { .size = sizeof(args) };

	return xioctl(bed.map, KCMAP_MAP_CLEAR, &args);
}

static void check_live(void)
{
	uint64_t values[ENTRIES];
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		values[i] = bed.entry[i].present ? bed.entry[i].value : 0;
	/* Only the kernel knows what is chained. */
	if (!map_stats(bed.map).overflow_segments)
		check_image(&bed.image, values);
}

static void check_clear(int ret)
{
	unsigned int i;

	for (i = 0; i < ENTRIES && !ret; i++)
		bed.entry[i].present = false;
	check_contents();
	CHECK_EQ(map_stats(bed.map).clears, !ret);
	if (ret)
		check_memory(memory_before);
	if (bed.snapshot >= 0)
		check_snapshot();
	if (bed.image.at)
		check_live();
}

/* --- Snapshots --- */

static int snapshot_map(void)
{
	out.snapshot = (struct kcmap_snapshot){
		.size = sizeof(out.snapshot),
		.fd = 0,
	};
	return xioctl(bed.map, KCMAP_MAP_SNAPSHOT, &out.snapshot);
}

static void check_snapshot_map(int ret)
{
	CHECK_EQ(map_stats(bed.map).snapshots, !ret);
	if (ret) {
		CHECK_EQ(out.snapshot.entries, 0);
		check_memory(memory_before);
	} else {
		bed.snapshot = out.snapshot.fd;
		CHECK_EQ(out.snapshot.entries, model_length());
		remember_snapshot();
		check_snapshot();
	}
	check_contents();
}

static int close_snapshot(void)
{
	int ret = close(bed.snapshot) ? -errno : 0;

	bed.snapshot = -1;
	return ret;
}

static void check_close_snapshot(int ret)
{
	CHECK_EQ(ret, 0);
	CHECK_EQ(map_stats(bed.map).snapshots, 0);
	CHECK_EQ(map_stats(bed.map).snapshot_bytes, 0);
	check_contents();
}

static uint64_t snapshot_epoch(void)
{
	struct image image = image_map(bed.snapshot);
	uint64_t epoch = image_header(&image)->epoch;

	image_unmap(&image);
	return epoch;
}

/* It has entries that were changed since, and links that somebody has looked at. */
static void stale_snapshot(void)
{
	chained(220, 0);
	bed_snapshot();
	check_snapshot();
	stride(KCMAP_OP_UPDATE, FEW);
	bed.injected = 0;
	REQUIRE(submit() == 0);
	check_submit(0);
	epoch_before = snapshot_epoch();
	/* What is idle now would be taken in place of what a refresh allocates. */
	usleep(700000);
}

static int refresh(void)
{
	out.snapshot = (struct kcmap_snapshot){ .size = sizeof(out.snapshot) };
	return xioctl(bed.snapshot, KCMAP_SNAPSHOT_REFRESH, &out.snapshot);
}

/* Only after one error it may have moved: that its new instant could not be told. */
static void check_refresh(int ret)
{
	bool moved = snapshot_epoch() != epoch_before;

	if (ret != -EFAULT)
		CHECK_EQ(moved, ret == 0);
	if (moved)
		remember_snapshot();
	check_snapshot();
	check_contents();
}

#endif /* OPS_MAP_H */
