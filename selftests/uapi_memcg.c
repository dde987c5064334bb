// SPDX-License-Identifier: GPL-2.0-only
/* A map's memory is charged to its creator, whoever writes to it. */
#include "uapi.h"

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

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
