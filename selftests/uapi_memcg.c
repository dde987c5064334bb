// SPDX-License-Identifier: GPL-2.0-only
/* A map's memory is charged to its creator, whoever writes to it. */
#include "image.h"

#include <sys/mount.h>

#define ENTRIES 10000
#define BYTES (ENTRIES * 1024LL)

static char base[64];

static void write_file(const char *group, const char *file, const char *text)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", base, group, file);
	fd = open(path, O_WRONLY);
	if (!CHECK(fd >= 0 && write(fd, text, strlen(text)) > 0))
		tap_diag("... %s", path);
	close(fd);
}

static long long charged(const char *group)
{
	char path[160], text[32] = {};
	int fd;

	snprintf(path, sizeof(path), "%s/%s/memory.current", base, group);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atoll(text);
}

static void make_group(const char *group)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", base, group);
	REQUIRE(!mkdir(path, 0755));
}

static void remove_group(const char *group)
{
	char path[160];
	unsigned int tries;

	snprintf(path, sizeof(path), "%s/%s", base, group);
	for (tries = 0; rmdir(path) && tries < 50; tries++)
		usleep(100000);
}

/* In a child that is in @group, and must exit: true. In the parent: false. */
static bool in_group(const char *group)
{
	pid_t pid = tap_fork();

	if (!pid) {
		write_file(group, "cgroup.procs", "0");
		return true;
	}
	tap_join(pid);
	return false;
}

TEST(charged_to_the_creator)
{
	long long creator, writer;

	snprintf(base, sizeof(base), "/tmp/cgroup.%d", getpid());
	REQUIRE(!mkdir(base, 0755));
	REQUIRE(!mount("none", base, "cgroup2", 0, NULL));
	write_file("", "cgroup.subtree_control", "+memory");
	make_group("creator");
	make_group("writer");

	if (in_group("creator")) {
		close(map_create(PREFIX "memcg", ENTRIES, 8, 1000));
		exit(0);
	}
	creator = charged("creator");
	writer = charged("writer");
	if (in_group("writer")) {
		int fd = map_open(PREFIX "memcg", O_RDWR);
		uint8_t value[1000] = {};
		uint64_t key;

		for (key = 0; key < ENTRIES; key++)
			CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, value, NULL), 0);
		exit(0);
	}
	tap_diag("creator +%lld, writer +%lld bytes",
		 charged("creator") - creator, charged("writer") - writer);
	CHECK(charged("creator") > BYTES * 9 / 10);
	CHECK(charged("writer") - writer < BYTES / 10);

	/* With the map the charge goes, too. */
	CHECK_OK(destroy(PREFIX "memcg"));
	for (unsigned int i = 0; charged("creator") > BYTES / 10 && i < 100;
	     i++)
		usleep(100000);
	CHECK(charged("creator") < BYTES / 10);
	remove_group("creator");
	remove_group("writer");
	umount(base);
	rmdir(base);
}

/* A creator that has no more is refused, and the map goes on. */
TEST(limit_of_the_creator)
{
	uint8_t value[1000] = {};
	unsigned int stored = 0, refused = 0;
	uint64_t key;
	int fd;

	snprintf(base, sizeof(base), "/tmp/cgroup.%d", getpid());
	REQUIRE(!mkdir(base, 0755));
	REQUIRE(!mount("none", base, "cgroup2", 0, NULL));
	write_file("", "cgroup.subtree_control", "+memory");
	make_group("creator");
	write_file("creator", "memory.max", "4194304");

	if (in_group("creator")) {
		close(map_create(PREFIX "limit", ENTRIES, 8, 1000));
		exit(0);
	}
	fd = map_open(PREFIX "limit", O_RDWR);
	for (key = 0; key < ENTRIES && refused < 100; key++) {
		int ret = op(fd, KCMAP_OP_INSERT, &key, value, NULL);

		if (ret) {
			CHECK_EQ(ret, -ENOMEM);
			refused++;
		} else {
			stored++;
		}
	}
	tap_diag("%u of %u entries fitted", stored, ENTRIES);
	CHECK(stored > 0);
	CHECK_EQ(refused, 100);
	CHECK_EQ(map_stats(fd).entries, stored);
	CHECK_EQ(map_stats(fd).nomem, refused);
	CHECK_EQ(scan_all(fd, 8, 1000, 100, NULL, NULL), stored);
	close(fd);
	CHECK_OK(destroy(PREFIX "limit"));
	remove_group("creator");
	umount(base);
	rmdir(base);
}

static void make_creator(void)
{
	snprintf(base, sizeof(base), "/tmp/cgroup.%d", getpid());
	REQUIRE(!mkdir(base, 0755));
	REQUIRE(!mount("none", base, "cgroup2", 0, NULL));
	write_file("", "cgroup.subtree_control", "+memory");
	make_group("creator");
}

static void remove_creator(void)
{
	remove_group("creator");
	umount(base);
	rmdir(base);
}

static int write_value(int fd, int opcode, uint64_t key, uint8_t byte)
{
	uint8_t value[1000];

	memset(value, byte, sizeof(value));
	return op(fd, opcode, &key, value, NULL);
}

/* A map of the group's with all entries. */
static int fill(const char *name, unsigned int entries)
{
	unsigned int key;
	int fd;

	if (in_group("creator")) {
		close(map_create(name, entries, 8, 1000));
		exit(0);
	}
	fd = map_open(name, O_RDWR);
	for (key = 0; key < entries; key++)
		REQUIRE(!write_value(fd, KCMAP_OP_INSERT, key, 1));
	return fd;
}

/* What a snapshot alone has goes with its descriptor and its mapping. */
TEST(snapshots_give_back)
{
	int fd, snapshot, round;
	struct image image;
	unsigned int key;
	long long before;
	double end;

	make_creator();
	fd = fill(PREFIX "back", ENTRIES);
	before = charged("creator");
	for (round = 0; round < 2; round++) {
		snapshot = snapshot_create(fd);
		image = image_map(snapshot);
		CHECK_EQ(image_each(&image, NULL, NULL), ENTRIES);
		for (key = 0; key < ENTRIES; key++)
			CHECK_EQ(write_value(fd, KCMAP_OP_UPDATE, key, 2), 0);
		tap_diag("pinned: +%lld bytes", charged("creator") - before);
		CHECK(charged("creator") - before > BYTES * 8 / 10);
		/* The mapping has it still. */
		close(snapshot);
		usleep(1500000);
		CHECK(charged("creator") - before > BYTES * 8 / 10);
		image_unmap(&image);
		for (end = seconds() + 2;
		     seconds() < end &&
		     charged("creator") - before > BYTES / 4;)
			usleep(50000);
		tap_diag("given back: +%lld bytes",
			 charged("creator") - before);
		CHECK(charged("creator") - before < BYTES / 4);
		CHECK_EQ(map_stats(fd).snapshot_bytes, 0);
	}
	close(fd);
	CHECK_OK(destroy(PREFIX "back"));
	remove_creator();
}

static void check_old(const void *key, const void *value, void *ctx)
{
	const uint8_t *byte = value;
	unsigned int *wrong = ctx, i;

	(void)key;
	for (i = 0; i < 1000; i++)
		*wrong += byte[i] != 1;
}

/* A writer that can have no copy is refused; snapshot and map are as they were. */
TEST(shortage_with_a_snapshot)
{
	enum { NR = 4000 };
	unsigned int key, refused = 0, kept = 0, wrong = 0;
	static uint8_t want[NR];
	uint8_t value[1000];
	struct image image;
	int fd, snapshot;
	uint64_t k, nomem;
	char limit[32];

	make_creator();
	fd = fill(PREFIX "short", NR);
	snapshot = snapshot_create(fd);
	image = image_map(snapshot);
	snprintf(limit, sizeof(limit), "%lld",
		 charged("creator") + NR * 1000 / 4);
	write_file("creator", "memory.max", limit);
	nomem = map_stats(fd).nomem;
	for (key = 0; key < NR; key++) {
		int ret = write_value(fd, KCMAP_OP_UPDATE, key, 2);

		CHECK(ret == 0 || ret == -ENOMEM);
		want[key] = ret ? 1 : 2;
		refused += ret == -ENOMEM;
	}
	tap_diag("%u of %u updates refused", refused, NR);
	CHECK(refused > NR / 4 && refused < NR);
	CHECK_EQ(map_stats(fd).nomem - nomem, refused);
	/* Deletes need a copy, too. Some segments had one after all. */
	for (k = 0; k < NR; k++) {
		int ret = want[k] == 1 ?
				  op(fd, KCMAP_OP_DELETE, &k, NULL, NULL) :
				  0;

		CHECK(ret == 0 || ret == -ENOMEM);
		if (want[k] == 1 && !ret)
			want[k] = 0;
		kept += ret == -ENOMEM;
	}
	tap_diag("%u deletes refused", kept);
	CHECK(kept > 0);
	CHECK_EQ(image_each(&image, check_old, &wrong), NR);
	CHECK_EQ(wrong, 0);
	image_unmap(&image);
	close(snapshot);
	for (k = 0; k < NR; k++) {
		int ret = op(fd, KCMAP_OP_LOOKUP, &k, NULL, value);

		if (CHECK_EQ(ret, want[k] ? 0 : -ENOENT) && !ret) {
			CHECK_EQ(value[0], want[k]);
			CHECK_EQ(value[999], want[k]);
		}
	}
	/* With the snapshot the shortage is gone. */
	for (key = 0; key < NR; key++)
		if (want[key])
			CHECK_EQ(write_value(fd, KCMAP_OP_UPDATE, key, 3), 0);
	close(fd);
	CHECK_OK(destroy(PREFIX "short"));
	remove_creator();
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
