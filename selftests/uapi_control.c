// SPDX-License-Identifier: GPL-2.0-only
/* The control node: names, bounds, create, destroy, list; anonymous maps. */
#include "uapi.h"

#include <sys/socket.h>

static int create(int control, struct kcmap_create args)
{
	return ioctl(control, KCMAP_CTL_CREATE, &args);
}

/* Create a map whose name is all of the given 32 bytes, and destroy it. */
static int try_name(const uint8_t name[KCMAP_NAME_SIZE])
{
	struct kcmap_create args = create_args("", 8, 4, 4);
	struct kcmap_destroy gone = { .size = sizeof(gone) };
	int control = control_open();
	int error = 0;

	memcpy(args.name, name, KCMAP_NAME_SIZE);
	memcpy(gone.name, name, KCMAP_NAME_SIZE);
	if (ioctl(control, KCMAP_CTL_CREATE, &args))
		error = errno;
	if (ioctl(control, KCMAP_CTL_DESTROY, &gone)) {
		/* Not created, so not there; and not a name is not a name. */
		CHECK_EQ(errno, error);
	} else {
		CHECK_EQ(error, 0);
		CHECK_EQ(args.fd, -1);
	}
	close(control);
	return error;
}

static int try_string(const char *string)
{
	uint8_t name[KCMAP_NAME_SIZE];

	set_name(name, string);
	return try_name(name);
}

TEST(name_length)
{
	CHECK_EQ(try_string(""), EINVAL);
	CHECK_EQ(try_string("a"), 0);
	CHECK_EQ(try_string(PREFIX "345678901234567890123456789"), 0);
	CHECK_EQ(try_string(PREFIX "34567890123456789012345678901"), 0);
	CHECK_EQ(try_string(PREFIX "345678901234567890123456789012"), EINVAL);
}

TEST(name_bytes)
{
	static const char good[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	unsigned int byte;

	for (byte = 1; byte < 256; byte++) {
		char name[] = { 't', '.', byte, 0 };

		if (!CHECK_EQ(try_string(name),
			      strchr(good, byte) ? 0 : EINVAL))
			tap_diag("... byte %u", byte);
		name[2] = 'x';
		name[0] = byte;
		if (!CHECK_EQ(try_string(name),
			      strchr(good, byte) ? 0 : EINVAL))
			tap_diag("... byte %u first", byte);
	}
}

TEST(name_reserved)
{
	CHECK_EQ(try_string("control"), EINVAL);
	CHECK_EQ(try_string("."), EINVAL);
	CHECK_EQ(try_string(".."), EINVAL);
	CHECK_EQ(try_string("..."), 0);
	CHECK_EQ(try_string("controls"), 0);
	CHECK_EQ(try_string("Control"), 0);
	CHECK_EQ(try_string("-f"), 0);
	/* Names that files in sysfs have. */
	CHECK_EQ(try_string("uevent"), 0);
	CHECK_EQ(try_string("power"), 0);
}

TEST(name_tail)
{
	unsigned int at;

	for (at = 4; at < KCMAP_NAME_SIZE; at++) {
		uint8_t name[KCMAP_NAME_SIZE] = PREFIX "a";

		name[at] = 'x';
		CHECK_EQ(try_name(name), EINVAL);
	}
}

TEST(bounds)
{
	static const struct {
		uint64_t max_entries;
		uint32_t key_size;
		uint32_t value_size;
		int error;
	} cases[] = {
		{ 0, 4, 4, EINVAL },
		{ 1, 4, 4, 0 },
		{ KCMAP_ENTRIES_MAX, 4, 4, 0 },
		{ KCMAP_ENTRIES_MAX + 1, 4, 4, EINVAL },
		{ 1ULL << 32, 4, 4, EINVAL },
		{ UINT64_MAX, 4, 4, EINVAL },
		{ 8, 0, 4, EINVAL },
		{ 8, 1, 0, 0 },
		{ 8, KCMAP_KEY_SIZE_MAX, KCMAP_VALUE_SIZE_MAX, 0 },
		{ 8, KCMAP_KEY_SIZE_MAX + 1, 4, EINVAL },
		{ 8, UINT32_MAX, 4, EINVAL },
		{ 8, 4, KCMAP_VALUE_SIZE_MAX + 1, EINVAL },
		{ 8, 4, UINT32_MAX, EINVAL },
	};
	int control = control_open();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kcmap_create args =
			create_args(PREFIX "b", cases[i].max_entries,
				    cases[i].key_size, cases[i].value_size);

		CHECK_ERRNO(create(control, args), cases[i].error);
		if (!cases[i].error)
			CHECK_OK(destroy(PREFIX "b"));
		else
			CHECK_ERRNO(destroy(PREFIX "b"), ENOENT);
	}
}

TEST(mode_bits)
{
	int control = control_open();
	unsigned int mode;

	for (mode = 0; mode < 0777; mode += 0111) {
		struct kcmap_create args = create_args(PREFIX "m", 8, 4, 4);
		struct stat st;

		args.mode = mode;
		CHECK_OK(create(control, args));
		CHECK_OK(stat("/dev/kcmap/" PREFIX "m", &st));
		CHECK_EQ(st.st_mode, S_IFCHR | mode);
		CHECK_EQ(st.st_uid, 0);
		CHECK_EQ(st.st_gid, 0);
		CHECK_OK(destroy(PREFIX "m"));
	}
	for (mode = 01000; mode; mode <<= 1) {
		struct kcmap_create args = create_args(PREFIX "m", 8, 4, 4);

		args.mode = mode | 0600;
		CHECK_ERRNO(create(control, args), EINVAL);
	}
}

/* What udev is told, so that it makes the same node. */
TEST(uevent)
{
	struct kcmap_create args = create_args(PREFIX "udev", 8, 4, 4);
	char text[512] = {};
	int fd;

	args.mode = 0640;
	args.uid = 12;
	args.gid = 34;
	CHECK_OK(create(control_open(), args));
	fd = open("/sys/class/kcmap/" PREFIX "udev/uevent", O_RDONLY);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	CHECK(strstr(text, "DEVNAME=kcmap/" PREFIX "udev\n"));
	CHECK(strstr(text, "DEVMODE=0640\n"));
	CHECK(strstr(text, "DEVUID=12\n"));
	CHECK(strstr(text, "DEVGID=34\n"));
}

TEST(create_twice)
{
	int control = control_open();
	int fd = map_create(PREFIX "two", 8, 4, 4);
	uint32_t key = 1;

	CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &key, NULL), 0);
	CHECK_ERRNO(create(control, create_args(PREFIX "two", 9, 8, 8)),
		    EEXIST);
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, &key, NULL, NULL), 0);
	CHECK_EQ(map_stats(fd).entries, 1);
}

static struct kcmap_map_info map_info(int fd)
{
	struct kcmap_map_info info = { .size = sizeof(info) };

	CHECK_OK(ioctl(fd, KCMAP_MAP_INFO, &info));
	return info;
}

TEST(info)
{
	struct kcmap_create args = create_args(PREFIX "info", 1234, 40, 32);
	struct kcmap_map_info info;
	int control = control_open();
	int fd;

	args.flags = KCMAP_F_HASH_FAST;
	args.mode = 0640;
	args.uid = 12;
	args.gid = 34;
	CHECK_OK(create(control, args));
	fd = map_open(PREFIX "info", O_RDONLY);
	info = map_info(fd);
	CHECK_EQ(info.flags, KCMAP_F_HASH_FAST);
	CHECK(!strcmp((char *)info.name, PREFIX "info"));
	CHECK(info.id > 0);
	CHECK_EQ(info.max_entries, 1234);
	CHECK_EQ(info.key_size, 40);
	CHECK_EQ(info.value_size, 32);
	CHECK_EQ(info.mode, 0640);
	CHECK_EQ(info.uid, 12);
	CHECK_EQ(info.gid, 34);
	CHECK(info.slot_size >= 72);
	CHECK_EQ(info.bucket_size % 64, 0);
	CHECK(info.bucket_slots * info.slot_size < info.bucket_size);
	CHECK(info.segment_buckets * info.bucket_size <= info.segment_size);
	CHECK(info.segments_max >= 1);
	CHECK_EQ(info.reserved, 0);
	CHECK(info.snapshots_max >= 1);
	CHECK(info.snapshot_bytes_max >= 4096);
}

/* The name goes at once, the map with its last descriptor. */
TEST(destroy_is_unlink)
{
	int fd = map_create(PREFIX "unlink", 8, 4, 4);
	struct kcmap_map_info old, new;
	uint32_t key = 1, value = 2;
	struct stat st;
	int fd2;

	CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &value, NULL), 0);
	CHECK_OK(destroy(PREFIX "unlink"));
	CHECK_ERRNO(destroy(PREFIX "unlink"), ENOENT);
	CHECK_ERRNO(stat("/dev/kcmap/" PREFIX "unlink", &st), ENOENT);
	CHECK_ERRNO(stat("/sys/class/kcmap/" PREFIX "unlink", &st), ENOENT);

	fd2 = map_create(PREFIX "unlink", 8, 4, 8);
	old = map_info(fd);
	new = map_info(fd2);
	CHECK_EQ(old.name[0], 0);
	CHECK_EQ(old.value_size, 4);
	CHECK(!strcmp((char *)new.name, PREFIX "unlink"));
	CHECK_EQ(new.value_size, 8);
	CHECK(old.id < new.id);

	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, &key, NULL, &value), 0);
	CHECK_EQ(value, 2);
	CHECK_EQ(op(fd2, KCMAP_OP_LOOKUP, &key, NULL, NULL), -ENOENT);
	key = 7;
	CHECK_EQ(op(fd, KCMAP_OP_UPSERT, &key, &value, NULL), 0);
	CHECK_EQ(map_stats(fd).entries, 2);
	CHECK_EQ(map_stats(fd2).entries, 0);
	close(fd);
	CHECK_EQ(op(fd2, KCMAP_OP_LOOKUP, &key, NULL, NULL), -ENOENT);
	CHECK_OK(destroy(PREFIX "unlink"));
}

/* A name that is destroyed and created by several processes all the time. */
TEST(destroy_create_race)
{
	pid_t pids[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = tap_fork();
		if (!pids[i]) {
			int control = control_open();
			uint64_t key = i;
			unsigned int n;

			for (n = 0; n < 100; n++) {
				int fd;

				if (create(control,
					   create_args(PREFIX "race", 8, 8, 8)))
					CHECK_EQ(errno, EEXIST);
				fd = map_open(PREFIX "race", O_RDWR);
				if (fd >= 0) {
					int ret = op(fd, KCMAP_OP_UPSERT, &key,
						     &key, NULL);

					CHECK_EQ(ret, 0);
					close(fd);
				} else {
					CHECK(errno == ENOENT ||
					      errno == ENXIO);
				}
				if (destroy(PREFIX "race"))
					CHECK_EQ(errno, ENOENT);
			}
			exit(0);
		}
	}
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		tap_join(pids[i]);
}

/* Ids of all maps that the tests made, and how many calls it took. */
static unsigned int list_ids(uint32_t capacity, uint64_t *ids, unsigned int max)
{
	static uint8_t room[64 * 200];
	const uint32_t stride = 200;
	struct kcmap_list list = {
		.size = sizeof(list),
		.maps = PTR(room),
		.map_size = stride,
		.capacity = capacity,
	};
	int control = control_open();
	uint64_t last = 0;
	unsigned int n = 0;

	for (;;) {
		uint32_t i, at;

		memset(room, 0xa5, sizeof(room));
		if (!CHECK_OK(ioctl(control, KCMAP_CTL_LIST, &list)) ||
		    !list.count)
			break;
		CHECK(list.count <= capacity);
		for (i = 0; i < list.count; i++) {
			struct kcmap_map_info *info =
				(void *)(room + i * stride);

			CHECK_EQ(info->size, sizeof(*info));
			CHECK(info->id > last);
			last = info->id;
			for (at = sizeof(*info); at < stride; at++)
				CHECK_EQ(room[i * stride + at], 0);
			if (!strncmp((char *)info->name, PREFIX "l", 3) &&
			    n < max)
				ids[n++] = info->id;
		}
		for (at = list.count * stride; at < sizeof(room); at++)
			CHECK_EQ(room[at], 0xa5);
	}
	close(control);
	return n;
}

TEST(list_pages)
{
	static const uint32_t capacities[] = { 1, 2, 3, 31, 32, 33, 64 };
	uint64_t ids[80], first[80];
	char name[32];
	unsigned int i, j;

	for (i = 0; i < 70; i++) {
		snprintf(name, sizeof(name), PREFIX "l%u", i);
		close(map_create(name, 8, 4, 4));
	}
	CHECK_EQ(list_ids(64, first, 80), 70);
	for (i = 0; i < ARRAY_SIZE(capacities); i++) {
		CHECK_EQ(list_ids(capacities[i], ids, 80), 70);
		for (j = 0; j < 70; j++)
			CHECK_EQ(ids[j], first[j]);
	}
}

/* Maps come and go; those that stay are listed exactly once. */
TEST(list_while_maps_come_and_go)
{
	uint64_t ids[80];
	char name[32];
	unsigned int i, n;
	pid_t pid;

	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), PREFIX "x%u", i);
		close(map_create(name, 8, 4, 4));
		snprintf(name, sizeof(name), PREFIX "l%u", i);
		close(map_create(name, 8, 4, 4));
	}
	pid = tap_fork();
	if (!pid) {
		for (i = 0;; i = (i + 1) % 20) {
			snprintf(name, sizeof(name), PREFIX "x%u", i);
			CHECK_OK(destroy(name));
			close(map_create(name, 8, 4, 4));
		}
	}
	for (n = 0; n < 50; n++)
		CHECK_EQ(list_ids(1 + n % 5, ids, 80), 20);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(list_arguments)
{
	uint8_t *page = guarded(1);
	size_t size = sysconf(_SC_PAGESIZE);
	struct kcmap_list list = {
		.size = sizeof(list),
		.maps = PTR(page),
		.map_size = sizeof(struct kcmap_map_info),
		.capacity = 1,
	};
	int control = control_open();

	close(map_create(PREFIX "l", 8, 4, 4));
	CHECK_OK(ioctl(control, KCMAP_CTL_LIST, &list));
	list.cursor = 0;
	list.capacity = 0;
	CHECK_ERRNO(ioctl(control, KCMAP_CTL_LIST, &list), EINVAL);
	list.capacity = 1;
	/* The first that was published. */
	list.map_size = offsetof(struct kcmap_map_info, snapshot_bytes_max) - 1;
	CHECK_ERRNO(ioctl(control, KCMAP_CTL_LIST, &list), EINVAL);
	list.map_size = 4097;
	CHECK_ERRNO(ioctl(control, KCMAP_CTL_LIST, &list), E2BIG);
	list.map_size = sizeof(struct kcmap_map_info);
	list.maps = 0;
	CHECK_ERRNO(ioctl(control, KCMAP_CTL_LIST, &list), EFAULT);
	list.maps = PTR(page + size - 100);
	CHECK_ERRNO(ioctl(control, KCMAP_CTL_LIST, &list), EFAULT);
	CHECK_EQ(list.cursor, 0);
	/* Where there is nothing to list, nothing is written. */
	list.cursor = UINT64_MAX;
	list.maps = 0;
	CHECK_OK(ioctl(control, KCMAP_CTL_LIST, &list));
	CHECK_EQ(list.count, 0);
}

TEST(anonymous)
{
	int fd = map_create(NULL, 8, 4, 4);
	struct kcmap_map_info info = map_info(fd);
	uint32_t key = 1;
	uint64_t ids[8];
	int copy;

	CHECK_EQ(info.flags, KCMAP_F_ANON);
	CHECK_EQ(info.name[0], 0);
	CHECK_EQ(info.mode, 0);
	CHECK_EQ(list_ids(8, ids, 8), 0);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &key, NULL), 0);

	copy = dup(fd);
	close(fd);
	CHECK_EQ(op(copy, KCMAP_OP_LOOKUP, &key, NULL, NULL), 0);
}

TEST(anonymous_arguments)
{
	struct kcmap_create args = create_args(NULL, 8, 4, 4);
	int control = control_open();

	args.mode = 0600;
	CHECK_ERRNO(create(control, args), EINVAL);
	args.mode = 0;
	args.name[0] = 'a';
	CHECK_ERRNO(create(control, args), EINVAL);
	args.name[0] = 0;
	args.name[KCMAP_NAME_SIZE - 1] = 'a';
	CHECK_ERRNO(create(control, args), EINVAL);
}

/* A descriptor sent to another process, which alone keeps the map. */
TEST(anonymous_passed_on)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	uint32_t key = 1, value = 0;
	struct cmsghdr *cmsg;
	int pair[2];
	pid_t pid;
	int fd;

	REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = tap_fork();
	if (!pid) {
		uint32_t seven = 7;

		fd = map_create(NULL, 8, 4, 4);
		CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &seven, NULL), 0);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
		CHECK_EQ(sendmsg(pair[0], &msg, 0), 1);
		exit(0);
	}
	CHECK_EQ(recvmsg(pair[1], &msg, MSG_CMSG_CLOEXEC), 1);
	tap_join(pid);
	cmsg = CMSG_FIRSTHDR(&msg);
	REQUIRE(cmsg);
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, &key, NULL, &value), 0);
	CHECK_EQ(value, 7);
}

TEST(too_many_files)
{
	struct kcmap_create args = create_args(NULL, 8, 4, 4);
	int control = control_open();

	while (dup(control) >= 0)
		;
	CHECK_EQ(errno, EMFILE);
	CHECK_ERRNO(create(control, args), EMFILE);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
