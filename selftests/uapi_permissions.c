// SPDX-License-Identifier: GPL-2.0-only
/* Who may open, read, change, create and destroy. */
#include "users.h"

#include <sched.h>

static const int writers[] = {
	KCMAP_OP_INSERT,
	KCMAP_OP_UPDATE,
	KCMAP_OP_UPSERT,
	KCMAP_OP_DELETE,
	KCMAP_OP_LOOKUP_AND_DELETE,
};

static bool stores(int opcode)
{
	return opcode == KCMAP_OP_INSERT || opcode == KCMAP_OP_UPDATE ||
	       opcode == KCMAP_OP_UPSERT;
}

static void create_as(const char *name, uint32_t mode, uid_t uid, gid_t gid)
{
	struct kcmap_create args = create_args(name, 8, 4, 4);
	int control = control_open();

	args.mode = mode;
	args.uid = uid;
	args.gid = gid;
	REQUIRE(!ioctl(control, KCMAP_CTL_CREATE, &args));
	close(control);
}

TEST(control_is_for_root)
{
	struct stat st;

	CHECK_OK(stat(CONTROL, &st));
	CHECK_EQ(st.st_mode, S_IFCHR | 0600);
	CHECK_EQ(st.st_uid, 0);
	if (as(NOBODY, NOBODY)) {
		CHECK_ERRNO(open(CONTROL, O_RDONLY), EACCES);
		exit(0);
	}
}

TEST(node_modes)
{
	static const struct {
		uint32_t mode;
		uid_t uid;
		gid_t gid;
		int read, write, both;
	} cases[] = {
		{ 0600, ALICE, GROUP, 0, 0, 0 },
		{ 0600, BOB, GROUP, EACCES, EACCES, EACCES },
		{ 0640, BOB, GROUP, 0, EACCES, EACCES },
		{ 0660, BOB, GROUP, 0, 0, 0 },
		{ 0660, BOB, GROUP + 1, EACCES, EACCES, EACCES },
		{ 0644, BOB, GROUP + 1, 0, EACCES, EACCES },
		{ 0666, BOB, GROUP + 1, 0, 0, 0 },
		{ 0400, ALICE, GROUP, 0, EACCES, EACCES },
		{ 0200, ALICE, GROUP, EACCES, 0, EACCES },
		{ 0000, ALICE, GROUP, EACCES, EACCES, EACCES },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		create_as(PREFIX "mode", cases[i].mode, cases[i].uid,
			  cases[i].gid);
		if (as(ALICE, GROUP)) {
			CHECK_ERRNO(map_open(PREFIX "mode", O_RDONLY),
				    cases[i].read);
			CHECK_ERRNO(map_open(PREFIX "mode", O_WRONLY),
				    cases[i].write);
			CHECK_ERRNO(map_open(PREFIX "mode", O_RDWR),
				    cases[i].both);
			exit(0);
		}
		CHECK_OK(destroy(PREFIX "mode"));
	}
}

/* What a descriptor may do is what it was opened for, root or not. */
TEST(read_only)
{
	int rw = map_create(PREFIX "ro", 8, 4, 4);
	int ro = map_open(PREFIX "ro", O_RDONLY);
	struct kcmap_clear clear = { .size = sizeof(clear) };
	struct kcmap_map_info info = { .size = sizeof(info) };
	uint32_t key = 1, value = 2, absent = 3, result = 0;
	struct kcmap_stats before, after;
	int32_t status = 99;
	unsigned int i;

	CHECK_EQ(op(rw, KCMAP_OP_INSERT, &key, &value, NULL), 0);
	before = map_stats(ro);
	value = 9;
	for (i = 0; i < ARRAY_SIZE(writers); i++) {
		const void *v = stores(writers[i]) ? &value : NULL;

		CHECK_EQ(op(ro, writers[i], &key, v, NULL), -EBADF);
		CHECK_EQ(op(ro, writers[i], &absent, v, NULL), -EBADF);
		CHECK_EQ(strided(ro, writers[i], 1, &key, v, NULL, &status),
			 -EBADF);
	}
	CHECK_EQ(status, 99);
	CHECK_ERRNO(ioctl(ro, KCMAP_MAP_CLEAR, &clear), EBADF);

	CHECK_EQ(op(ro, KCMAP_OP_LOOKUP, &key, NULL, &result), 0);
	CHECK_EQ(result, 2);
	CHECK_EQ(op(ro, KCMAP_OP_LOOKUP, &absent, NULL, NULL), -ENOENT);
	CHECK_EQ(strided(ro, KCMAP_OP_LOOKUP, 1, &key, NULL, &result, &status),
		 1);
	CHECK_EQ(scan_all(ro, 4, 4, 8, NULL, NULL), 1);
	CHECK_OK(ioctl(ro, KCMAP_MAP_INFO, &info));
	after = map_stats(ro);
	before.read_retries = 0;
	after.read_retries = 0;
	CHECK(!memcmp(&before, &after, sizeof(before)));
}

TEST(write_only)
{
	int rw = map_create(PREFIX "wo", 8, 4, 4);
	int wo = map_open(PREFIX "wo", O_WRONLY);
	struct kcmap_map_info info = { .size = sizeof(info) };
	struct kcmap_stats stats = { .size = sizeof(stats) };
	struct kcmap_clear clear = { .size = sizeof(clear) };
	uint32_t key = 1, value = 2, result = 99;
	int32_t status;

	CHECK_EQ(op(wo, KCMAP_OP_INSERT, &key, &value, NULL), 0);
	CHECK_EQ(op(wo, KCMAP_OP_LOOKUP, &key, NULL, &result), -EBADF);
	CHECK_EQ(op(wo, KCMAP_OP_LOOKUP_AND_DELETE, &key, NULL, &result),
		 -EBADF);
	CHECK_EQ(strided(wo, KCMAP_OP_LOOKUP, 1, &key, NULL, &result, &status),
		 -EBADF);
	CHECK_EQ(result, 99);
	CHECK_EQ(scan_all(wo, 4, 4, 8, NULL, NULL), -EBADF);
	CHECK_ERRNO(ioctl(wo, KCMAP_MAP_INFO, &info), EBADF);
	CHECK_ERRNO(ioctl(wo, KCMAP_MAP_STATS, &stats), EBADF);
	CHECK_EQ(op(rw, KCMAP_OP_LOOKUP, &key, NULL, &result), 0);
	CHECK_EQ(result, 2);
	CHECK_OK(ioctl(wo, KCMAP_MAP_CLEAR, &clear));
	CHECK_EQ(op(rw, KCMAP_OP_LOOKUP, &key, NULL, &result), -ENOENT);
}

/* The access mode 3 checks for both, and gives neither. */
TEST(neither)
{
	int rw = map_create(PREFIX "no", 8, 4, 4);
	int fd = map_open(PREFIX "no", O_ACCMODE);
	uint32_t key = 1;

	CHECK(fd >= 0);
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, &key, NULL, NULL), -EBADF);
	CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &key, NULL), -EBADF);
	CHECK_EQ(map_stats(rw).inserts, 0);
}

TEST(control_read_only)
{
	struct kcmap_create create = create_args(PREFIX "c", 8, 4, 4);
	struct kcmap_ctl_info info = { .size = sizeof(info) };
	struct kcmap_destroy gone = { .size = sizeof(gone) };
	int fd = open(CONTROL, O_RDONLY);

	close(map_create(PREFIX "d", 8, 4, 4));
	set_name(gone.name, PREFIX "d");
	CHECK_OK(ioctl(fd, KCMAP_CTL_INFO, &info));
	CHECK_ERRNO(ioctl(fd, KCMAP_CTL_CREATE, &create), EBADF);
	CHECK_ERRNO(ioctl(fd, KCMAP_CTL_DESTROY, &gone), EBADF);
	CHECK_OK(destroy(PREFIX "d"));
}

/* The control node as a udev rule may open it to others. */
TEST(destroy_by_whom)
{
	struct kcmap_destroy gone = { .size = sizeof(gone) };
	int control = control_open();

	set_name(gone.name, PREFIX "own");
	create_as(PREFIX "own", 0666, ALICE, GROUP);
	if (as(BOB, GROUP)) {
		CHECK_ERRNO(ioctl(control, KCMAP_CTL_DESTROY, &gone), EPERM);
		exit(0);
	}
	CHECK_OK(access("/dev/kcmap/" PREFIX "own", F_OK));
	if (as(ALICE, NOBODY)) {
		CHECK_OK(ioctl(control, KCMAP_CTL_DESTROY, &gone));
		exit(0);
	}
	CHECK_ERRNO(access("/dev/kcmap/" PREFIX "own", F_OK), ENOENT);
	create_as(PREFIX "own", 0600, ALICE, GROUP);
	CHECK_OK(ioctl(control, KCMAP_CTL_DESTROY, &gone));
}

TEST(create_for_whom)
{
	static const struct {
		uint32_t uid, gid;
		int error;
	} cases[] = {
		{ KCMAP_ID_SELF, KCMAP_ID_SELF, 0 },
		{ ALICE, GROUP, 0 },
		{ ALICE, KCMAP_ID_SELF, 0 },
		{ ALICE, GROUP + 1, EPERM },
		{ BOB, GROUP, EPERM },
		{ 0, KCMAP_ID_SELF, EPERM },
		{ KCMAP_ID_SELF, 0, EPERM },
	};
	int control = control_open();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (as(ALICE, GROUP)) {
			struct kcmap_create args =
				create_args(PREFIX "who", 8, 4, 4);

			args.uid = cases[i].uid;
			args.gid = cases[i].gid;
			CHECK_ERRNO(ioctl(control, KCMAP_CTL_CREATE, &args),
				    cases[i].error);
			exit(0);
		}
		if (!cases[i].error) {
			struct stat st;

			CHECK_OK(stat("/dev/kcmap/" PREFIX "who", &st));
			CHECK_EQ(st.st_uid, ALICE);
			CHECK_EQ(st.st_gid, GROUP);
			CHECK_OK(destroy(PREFIX "who"));
		} else {
			CHECK_ERRNO(destroy(PREFIX "who"), ENOENT);
		}
	}
}

/* A supplementary group is a group of one's own. */
TEST(create_for_another_group)
{
	int control = control_open();
	pid_t pid = tap_fork();

	if (!pid) {
		struct kcmap_create args = create_args(PREFIX "sup", 8, 4, 4);
		gid_t group = GROUP + 1;

		REQUIRE(!setgroups(1, &group));
		REQUIRE(!setresgid(GROUP, GROUP, GROUP));
		REQUIRE(!setresuid(ALICE, ALICE, ALICE));
		args.gid = GROUP + 1;
		CHECK_OK(ioctl(control, KCMAP_CTL_CREATE, &args));
		exit(0);
	}
	tap_join(pid);
	CHECK_OK(destroy(PREFIX "sup"));
}

/* Ids that the user namespace does not have. */
TEST(user_namespace)
{
	int control = control_open();
	pid_t pid = tap_fork();

	if (!pid) {
		struct kcmap_create args = create_args(PREFIX "ns", 8, 4, 4);
		int fd;

		REQUIRE(!unshare(CLONE_NEWUSER));
		args.uid = 5;
		CHECK_ERRNO(ioctl(control, KCMAP_CTL_CREATE, &args), EINVAL);
		args.uid = KCMAP_ID_SELF;
		args.gid = 5;
		CHECK_ERRNO(ioctl(control, KCMAP_CTL_CREATE, &args), EINVAL);
		fd = open("/proc/self/uid_map", O_WRONLY);
		REQUIRE(write(fd, "100 0 1", 7) == 7);
		close(fd);
		args.gid = KCMAP_ID_SELF;
		args.uid = 100;
		CHECK_OK(ioctl(control, KCMAP_CTL_CREATE, &args));
		exit(0);
	}
	tap_join(pid);
	CHECK_OK(destroy(PREFIX "ns"));
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
