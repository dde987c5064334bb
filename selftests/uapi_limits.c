// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one user may take: maps, and memory, whichever way it is asked for, and in
 * whatever namespace. The control node is opened for the users here, as a udev rule may.
 */
#include "image.h"
#include "meminfo.h"
#include "users.h"

#include <sched.h>
#include <sys/resource.h>

#define MIB (1LL << 20)
#define PARAMETERS "/sys/module/kcmap/parameters/"

static int control;
/* Others in each test: what was taken in the one before may not be given back yet. */
static uid_t alice, bob;
static char maps_before[32], bytes_before[32];

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 &&
		    write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return good;
}

static void limit(unsigned int maps, long long bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%u", maps);
	REQUIRE(write_file(PARAMETERS "maps_per_user", text));
	snprintf(text, sizeof(text), "%lld", bytes);
	REQUIRE(write_file(PARAMETERS "bytes_per_user", text));
	control = control_open();
	alice = 10000 + getpid();
	bob = alice + 100000;
}

static void restore(void)
{
	sweep();
	write_file(PARAMETERS "maps_per_user", maps_before);
	write_file(PARAMETERS "bytes_per_user", bytes_before);
}

/* 0 or a descriptor, or a negative errno. With a NULL name an anonymous one. */
static int create(const char *name, uint64_t max_entries, uint32_t value_size)
{
	struct kcmap_create args =
		create_args(name, max_entries, 8, value_size);

	if (ioctl(control, KCMAP_CTL_CREATE, &args))
		return -errno;
	return name ? 0 : args.fd;
}

static int create_nr(unsigned int number)
{
	char name[16];

	snprintf(name, sizeof(name), PREFIX "l%u", number);
	return create(name, 8, 8);
}

static int destroy_nr(unsigned int number)
{
	struct kcmap_destroy args = { .size = sizeof(args) };
	char name[16];

	snprintf(name, sizeof(name), PREFIX "l%u", number);
	set_name(args.name, name);
	return ioctl(control, KCMAP_CTL_DESTROY, &args) ? -errno : 0;
}

/* Inserts until it is refused: entries. */
static unsigned int fill(int fd)
{
	static uint8_t value[KCMAP_VALUE_SIZE_MAX];
	unsigned int stored = 0, refused = 0;
	uint64_t key;
	int ret;

	for (key = 0; refused < 20; key++) {
		ret = op(fd, KCMAP_OP_INSERT, &key, value, NULL);
		if (!CHECK(!ret || ret == -ENOMEM || ret == -ENOSPC))
			break;
		stored += !ret;
		refused += !!ret;
	}
	return stored;
}

/* What is in use, but for page tables: those are the process's own. */
static long long in_use(void)
{
	return meminfo_bytes("MemTotal") - meminfo_bytes("MemAvailable") -
	       meminfo_bytes("PageTables");
}

TEST(maps_of_a_user)
{
	enum { NAMED = 4, NR = 10 };
	int fds[NR], open_fd;
	unsigned int i;

	limit(NR, 64 * MIB);
	if (as(alice, alice)) {
		for (i = 0; i < NAMED; i++)
			CHECK_EQ(create_nr(i), 0);
		for (; i < NR; i++) {
			fds[i] = create(NULL, 8, 8);
			CHECK(fds[i] >= 0);
		}
		CHECK_EQ(create_nr(i), -EDQUOT);
		CHECK_EQ(create(NULL, 8, 8), -EDQUOT);
		/* One that is open still is not gone. */
		open_fd = map_open(PREFIX "l0", O_RDWR);
		CHECK(open_fd >= 0);
		CHECK_EQ(destroy_nr(0), 0);
		CHECK_EQ(create_nr(0), -EDQUOT);
		close(open_fd);
		CHECK_EQ(create_nr(0), 0);
		CHECK_EQ(create_nr(i), -EDQUOT);
		close(fds[NR - 1]);
		CHECK_EQ(create_nr(NR - 1), 0);
		/* What cannot be made for another reason is not counted. */
		CHECK_EQ(destroy_nr(0), 0);
		for (i = 0; i < 2 * NR; i++)
			CHECK_EQ(create_nr(1), -EEXIST);
		exit(0);
	}
	/* With their process the anonymous ones have gone: six are left of it all. */
	if (as(bob, alice)) {
		for (i = 0; i < NR; i++)
			CHECK_EQ(create_nr(100 + i), 0);
		CHECK_EQ(create_nr(200), -EDQUOT);
		exit(0);
	}
	for (i = 0; i < 3 * NR; i++)
		CHECK_EQ(create_nr(300 + i), 0);
	/* Alice has maps 1, 2, 3 and 9, whoever destroys them. */
	CHECK_EQ(destroy_nr(1), 0);
	if (as(alice, alice)) {
		for (i = 0; i < NR - NAMED + 1; i++)
			CHECK_EQ(create_nr(400 + i), 0);
		CHECK_EQ(create_nr(500), -EDQUOT);
		exit(0);
	}
}

/* A limit that is lowered takes nothing away, and one that is raised helps at once. */
TEST(limits_change)
{
	unsigned int i;

	limit(4, 64 * MIB);
	if (as(alice, alice)) {
		for (i = 0; i < 4; i++)
			CHECK_EQ(create_nr(i), 0);
		exit(0);
	}
	limit(2, 64 * MIB);
	if (as(alice, alice)) {
		uint64_t key = 1;

		CHECK_EQ(create_nr(4), -EDQUOT);
		CHECK_EQ(op(map_open(PREFIX "l0", O_RDWR), KCMAP_OP_INSERT,
			    &key, &key, NULL),
			 0);
		exit(0);
	}
	limit(5, 64 * MIB);
	if (as(alice, alice)) {
		CHECK_EQ(create_nr(4), 0);
		CHECK_EQ(create_nr(5), -EDQUOT);
		exit(0);
	}
	limit(0, 64 * MIB);
	if (as(bob, alice)) {
		CHECK_EQ(create(NULL, 8, 8), -EDQUOT);
		exit(0);
	}
	limit(10, 0);
	if (as(bob, alice)) {
		CHECK_EQ(create(NULL, 8, 8), -EDQUOT);
		exit(0);
	}
	CHECK(create(NULL, 8, 8) >= 0);
}

TEST(memory_of_a_user)
{
	struct kcmap_stats stats;
	uint8_t value[1000] = {};
	unsigned int first, again = 0, i;
	uint64_t key = 1ULL << 40;
	int fd, other;

	limit(1000, 4 * MIB);
	if (!as(alice, alice))
		return;

	fd = create(NULL, 100000, sizeof(value));
	first = fill(fd);
	stats = map_stats(fd);
	tap_diag("%u entries, %llu bytes", first,
		 (unsigned long long)stats.memory);
	CHECK(first > 2 * MIB / 1000);
	CHECK_EQ(stats.entries, first);
	CHECK_EQ(stats.nomem, 20);
	CHECK(stats.memory <= 4 * MIB);
	/* Of all that was stored nothing is lost, and it can be changed. */
	for (key = 0; key < first; key += 100)
		CHECK_EQ(op(fd, KCMAP_OP_UPDATE, &key, value, NULL), 0);
	CHECK_EQ(scan_all(fd, 8, sizeof(value), 100, NULL, NULL), first);
	/* Others of hers have no more: each takes some kilobytes. */
	for (i = 0; i < 100 && (other = create(NULL, 8, 8)) >= 0; i++)
		;
	CHECK_EQ(other, -EDQUOT);
	CHECK(i < 20);

	/* It is given back a grace period after it has gone. */
	close(fd);
	for (i = 0; i < 100 && again < first * 9 / 10; i++) {
		usleep(50000);
		fd = create(NULL, 100000, sizeof(value));
		if (fd < 0)
			continue;
		again = fill(fd);
		close(fd);
	}
	CHECK(again >= first * 9 / 10);
	exit(0);
}

/* Whoever fills it, it is the creator's; and who is exempt is so for good. */
TEST(charged_to_the_creator)
{
	unsigned int stored;
	uint8_t value[1000] = {};
	uint64_t key;
	int fd;

	limit(10, 2 * MIB);
	if (as(alice, alice)) {
		CHECK_EQ(create(PREFIX "hers", 100000, sizeof(value)), 0);
		exit(0);
	}
	fd = map_open(PREFIX "hers", O_RDWR);
	stored = fill(fd);
	CHECK(stored > MIB / 1000 && stored < 2 * MIB / 1000);
	close(fd);

	CHECK_EQ(create(PREFIX "roots", 100000, sizeof(value)), 0);
	CHECK_OK(chown("/dev/kcmap/" PREFIX "roots", alice, alice));
	if (as(alice, alice)) {
		fd = map_open(PREFIX "roots", O_RDWR);
		for (key = 0; key < 5 * MIB / 1000; key++)
			CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, value, NULL), 0);
		exit(0);
	}
}

/* Snapshots count, with all that they may ever need, and what they pin. */
TEST(snapshots_of_a_user)
{
	enum { ENTRIES = 1000 };
	int fd, snapshots[64], nr, ret = 0;
	unsigned int refused = 0;
	uint8_t value[1000] = {};
	uint64_t key;

	limit(10, 8 * MIB);
	if (!as(alice, alice))
		return;
	fd = create(NULL, 1 << 16, sizeof(value));
	for (key = 0; key < ENTRIES; key++)
		REQUIRE(!op(fd, KCMAP_OP_INSERT, &key, value, NULL));
	for (nr = 0; nr < 64; nr++) {
		struct kcmap_snapshot args = { .size = sizeof(args) };

		ret = ioctl(fd, KCMAP_MAP_SNAPSHOT, &args) ? -errno : 0;
		if (ret)
			break;
		snapshots[nr] = args.fd;
	}
	tap_diag("%d snapshots", nr);
	CHECK(nr > 0 && nr < 64);
	CHECK_EQ(ret, -EDQUOT);
	for (key = 0; key < ENTRIES; key++) {
		ret = op(fd, KCMAP_OP_UPDATE, &key, value, NULL);
		CHECK(!ret || ret == -ENOMEM);
		refused += ret == -ENOMEM;
	}
	CHECK(refused > 0);
	while (nr)
		close(snapshots[--nr]);
	for (key = 0; key < ENTRIES; key++)
		CHECK_EQ(op(fd, KCMAP_OP_UPDATE, &key, value, NULL), 0);
	exit(0);
}

/* Touches what an image may show: header, root, all links, and frames. */
static void touch(int fd, uint64_t frames)
{
	const struct kcmap_image *header;
	uint64_t at, end;
	struct image image;

	image = image_map(fd);
	header = image_header(&image);
	end = header->frames_offset;
	/* What a snapshot does not have is not there to be touched. */
	if (header->flags & KCMAP_IMAGE_LIVE)
		end += frames * header->frame_size;
	for (at = 0; at < end && at < image.size; at += KCMAP_IMAGE_PAGE)
		image_load(image.at + at);
}

/*
 * All that one could do to have the kernel's memory, at once: maps with and without
 * names, of all sizes, filled; views and snapshots of each, every page of them touched;
 * descriptors. All stays open until it has been measured.
 */
static void take_all(void)
{
	static const uint32_t sizes[] = { 0, 8, 100, 1000, 1024 };
	struct rlimit files = { 4096, 4096 };
	unsigned int i;
	int fd;

	setrlimit(RLIMIT_NOFILE, &files);
	for (i = 0; i < 200; i++) {
		struct kcmap_snapshot args = { .size = sizeof(args) };
		char name[16];

		snprintf(name, sizeof(name), PREFIX "t%u", i);
		fd = create(i % 2 ? name : NULL, 1ULL << (10 + i % 18),
			    sizes[i % ARRAY_SIZE(sizes)]);
		if (fd < 0)
			continue;
		if (i % 2)
			fd = map_open(name, O_RDWR);
		if (!ioctl(fd, KCMAP_MAP_SNAPSHOT, &args))
			touch(args.fd, 0);
		if (i % 4 == 0 && mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd,
				       0) != MAP_FAILED)
			touch(fd, 300);
		if (i % 3 == 0)
			fill(fd);
	}
	for (i = 0; i < 5000 && dup(control) >= 0; i++)
		map_open(PREFIX "t1", O_RDWR);
}

TEST(cannot_exhaust_memory)
{
	enum { MAPS = 50, PROCESSES = 3 };
	/* Free pages that CPUs keep for themselves count as taken: some megabytes. */
	const long long bytes = 64 * MIB, noise = 16 * MIB;
	long long before, taken, most;
	int ready[2], go[2];
	pid_t pids[PROCESSES];
	unsigned int i;
	char c;

	limit(MAPS, bytes);
	REQUIRE(!pipe(ready) && !pipe(go));
	/* What was freed before this is to be counted as free. */
	sleep(1);
	before = in_use();
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = tap_fork();
		if (!pids[i]) {
			close(go[1]);
			become(alice, alice);
			take_all();
			CHECK_EQ(write(ready[1], "x", 1), 1);
			CHECK_EQ(read(go[0], &c, 1), 0);
			exit(0);
		}
	}
	for (i = 0; i < PROCESSES; i++)
		CHECK_EQ(read(ready[0], &c, 1), 1);
	taken = in_use() - before;
	/* Nodes, inodes, what is kept for each CPU; open files; processes. */
	most = bytes + noise + MAPS * 32 * 1024 +
	       PROCESSES * (4 * MIB + 10000 * 512);
	tap_diag("%lld KiB taken, may be %lld", taken / 1024, most / 1024);
	CHECK(taken > bytes / 2);
	CHECK(taken < most);
	close(go[1]);
	for (i = 0; i < PROCESSES; i++)
		tap_join(pids[i]);
	sweep();
	for (i = 0; i < 100 && in_use() - before > noise; i++)
		usleep(50000);
	tap_diag("%lld KiB afterwards", (in_use() - before) / 1024);
	CHECK(in_use() - before <= noise);
}

/* --- User namespaces --- */

/* A namespace of one's own, in which one is root. */
static void enter_namespace(uid_t id)
{
	char text[32];

	/* Or /proc/self would be root's, since it was. */
	prctl(PR_SET_DUMPABLE, 1);
	REQUIRE(!unshare(CLONE_NEWUSER));
	snprintf(text, sizeof(text), "0 %u 1", id);
	REQUIRE(write_file("/proc/self/uid_map", text));
	/* One who has a group that is not there may make none in this one. */
	REQUIRE(write_file("/proc/self/setgroups", "deny"));
	REQUIRE(write_file("/proc/self/gid_map", text));
}

TEST(namespaces_give_no_more)
{
	enum { NR = 5 };
	unsigned int i;

	limit(NR, 2 * MIB);
	if (as(alice, alice)) {
		CHECK_EQ(create_nr(0), 0);
		/* Root of one, of one in that, ... */
		for (i = 1; i < NR; i++) {
			enter_namespace(i == 1 ? alice : 0);
			CHECK_EQ(getuid(), 0);
			CHECK_EQ(create_nr(i), 0);
		}
		CHECK_EQ(create_nr(i), -EDQUOT);
		CHECK_EQ(create(NULL, 8, 8), -EDQUOT);
		exit(0);
	}
	if (as(alice, alice)) {
		CHECK_EQ(create_nr(NR), -EDQUOT);
		exit(0);
	}
	/* It is as if all had been made outside, and Bob has his own. */
	if (as(bob, alice)) {
		CHECK_EQ(create_nr(NR), 0);
		exit(0);
	}
	CHECK_EQ(destroy_nr(0), 0);
	if (as(alice, alice)) {
		unsigned int stored;
		int fd;

		enter_namespace(alice);
		fd = create(NULL, 100000, 1000);
		stored = fill(fd);
		CHECK(stored > MIB / 1000 && stored < 2 * MIB / 1000);
		exit(0);
	}
}

/* Many users, as /etc/subuid may give them to one, are still that one. */
TEST(users_of_a_namespace)
{
	enum { NR = 5 };
	int ready[2], go[2];
	char path[64], c;
	unsigned int i;
	pid_t pid;

	limit(NR, 8 * MIB);
	REQUIRE(!pipe(ready) && !pipe(go));
	pid = tap_fork();
	if (!pid) {
		become(alice, alice);
		/* To be written to by root, below. */
		prctl(PR_SET_DUMPABLE, 1);
		REQUIRE(!unshare(CLONE_NEWUSER));
		CHECK_EQ(write(ready[1], "x", 1), 1);
		CHECK_EQ(read(go[0], &c, 1), 1);
		for (i = 0; i < NR; i++) {
			pid_t user = tap_fork();

			if (!user) {
				REQUIRE(!setresuid(i + 1, i + 1, i + 1));
				CHECK_EQ(create_nr(i), 0);
				exit(0);
			}
			tap_join(user);
		}
		REQUIRE(!setresuid(100, 100, 100));
		CHECK_EQ(create_nr(NR), -EDQUOT);
		exit(0);
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	CHECK(write_file(path, "0 100000 65536"));
	CHECK_EQ(write(go[1], "x", 1), 1);
	tap_join(pid);
}

/* To be root in a namespace of one's own is to be nobody for the maps of others. */
TEST(no_rights_by_namespaces)
{
	struct kcmap_destroy gone = { .size = sizeof(gone) };
	struct kcmap_create args = create_args(PREFIX "mine", 8, 8, 8);
	char path[64];
	int fd;

	limit(10, 8 * MIB);
	fd = map_create(PREFIX "secret", 8, 8, 8);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	set_name(gone.name, PREFIX "secret");
	if (as(alice, alice)) {
		unsigned int round;

		for (round = 0; round < 2; round++) {
			CHECK_ERRNO(map_open(PREFIX "secret", O_RDONLY),
				    EACCES);
			CHECK_ERRNO(map_open(PREFIX "secret", O_WRONLY),
				    EACCES);
			CHECK_ERRNO(open(path, O_RDONLY), EACCES);
			CHECK_ERRNO(open(CONTROL, O_RDONLY), EACCES);
			CHECK_ERRNO(ioctl(control, KCMAP_CTL_DESTROY, &gone),
				    EPERM);
			CHECK_ERRNO(chmod("/dev/kcmap/" PREFIX "secret", 0666),
				    EPERM);
			CHECK(!write_file(PARAMETERS "maps_per_user", "1000"));
			CHECK(!write_file(PARAMETERS "bytes_per_user", "0"));
			if (!round)
				enter_namespace(alice);
		}
		/* As root there: for others that it has not, or may not be. */
		args.uid = bob;
		CHECK_ERRNO(ioctl(control, KCMAP_CTL_CREATE, &args), EINVAL);
		args.uid = 0;
		CHECK_OK(ioctl(control, KCMAP_CTL_CREATE, &args));
		exit(0);
	}
	close(fd);
	fd = map_open(PREFIX "mine", O_RDONLY);
	CHECK(fd >= 0);
	if (CHECK(fd >= 0)) {
		struct stat st;

		CHECK_OK(fstat(fd, &st));
		CHECK_EQ(st.st_uid, alice);
	}
}

int main(int argc, char **argv)
{
	read_text(PARAMETERS "maps_per_user", maps_before, sizeof(maps_before));
	read_text(PARAMETERS "bytes_per_user", bytes_before,
		  sizeof(bytes_before));
	tap_after = restore;
	return tap_main(argc, argv);
}
