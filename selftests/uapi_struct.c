// SPDX-License-Identifier: GPL-2.0-only
/* Sizes, flags and reserved members of every ioctl struct. */
#include "uapi.h"

/* The struct of each ioctl, filled in so that the call succeeds. */
union args {
	uint32_t size;
	struct kcmap_ctl_info ctl_info;
	struct kcmap_create create;
	struct kcmap_destroy destroy;
	struct kcmap_list list;
	struct kcmap_map_info map_info;
	struct kcmap_stats stats;
	struct kcmap_submit submit;
	struct kcmap_scan scan;
	struct kcmap_clear clear;
	struct kcmap_snapshot snapshot;
	uint8_t bytes[8192];
};

static struct kcmap_map_info list_room[4];
static uint64_t scan_keys[4];

static void fill_plain(union args *args)
{
	(void)args;
}

static void fill_create(union args *args)
{
	args->create = create_args(PREFIX "struct", 8, 4, 4);
}

static void undo_create(const union args *args)
{
	(void)args;
	destroy(PREFIX "struct");
}

static void fill_destroy(union args *args)
{
	int fd = map_create(PREFIX "destroy", 8, 4, 4);

	close(fd);
	set_name(args->destroy.name, PREFIX "destroy");
}

static void undo_destroy(const union args *args)
{
	(void)args;
	destroy(PREFIX "destroy");
}

static void fill_list(union args *args)
{
	args->list.maps = PTR(list_room);
	args->list.map_size = sizeof(list_room[0]);
	args->list.capacity = ARRAY_SIZE(list_room);
}

static void fill_scan(union args *args)
{
	args->scan.keys = PTR(scan_keys);
	args->scan.capacity = ARRAY_SIZE(scan_keys);
}

static void fill_submit(union args *args)
{
	args->submit.op_size = sizeof(struct kcmap_op);
}

static void fill_snapshot(union args *args)
{
	args->snapshot.fd = -1;
}

static void undo_snapshot(const union args *args)
{
	close(args->snapshot.fd);
}

static void undo_nothing(const union args *args)
{
	(void)args;
}

/* Which descriptor an ioctl is for. */
enum node { CONTROL_NODE, MAP_NODE, SNAPSHOT_NODE, NODES };

static int node[NODES];

/* The struct as it was first published ends with the member first_last. */
#define SIZES(type, first_last)                         \
	offsetof(struct type, first_last) +             \
		sizeof(((struct type *)0)->first_last), \
		sizeof(struct type)

static const struct {
	const char *name;
	unsigned int cmd;
	uint32_t first_size;
	uint32_t size;
	enum node node;
	void (*fill)(union args *args);
	void (*undo)(const union args *args);
} calls[] = {
	{ "CTL_INFO", KCMAP_CTL_INFO, SIZES(kcmap_ctl_info, version),
	  CONTROL_NODE, fill_plain, undo_nothing },
	{ "CTL_CREATE", KCMAP_CTL_CREATE, SIZES(kcmap_create, fd), CONTROL_NODE,
	  fill_create, undo_create },
	{ "CTL_DESTROY", KCMAP_CTL_DESTROY, SIZES(kcmap_destroy, name),
	  CONTROL_NODE, fill_destroy, undo_destroy },
	{ "CTL_LIST", KCMAP_CTL_LIST, SIZES(kcmap_list, reserved), CONTROL_NODE,
	  fill_list, undo_nothing },
	{ "MAP_INFO", KCMAP_MAP_INFO, SIZES(kcmap_map_info, segments_max),
	  MAP_NODE, fill_plain, undo_nothing },
	{ "MAP_STATS", KCMAP_MAP_STATS, SIZES(kcmap_stats, read_retries),
	  MAP_NODE, fill_plain, undo_nothing },
	{ "MAP_SUBMIT", KCMAP_MAP_SUBMIT, SIZES(kcmap_submit, statuses),
	  MAP_NODE, fill_submit, undo_nothing },
	{ "MAP_SCAN", KCMAP_MAP_SCAN, SIZES(kcmap_scan, count), MAP_NODE,
	  fill_scan, undo_nothing },
	{ "MAP_CLEAR", KCMAP_MAP_CLEAR, SIZES(kcmap_clear, flags), MAP_NODE,
	  fill_plain, undo_nothing },
	{ "MAP_SNAPSHOT", KCMAP_MAP_SNAPSHOT, SIZES(kcmap_snapshot, image_size),
	  MAP_NODE, fill_snapshot, undo_snapshot },
	{ "SNAPSHOT_REFRESH", KCMAP_SNAPSHOT_REFRESH,
	  SIZES(kcmap_snapshot, image_size), SNAPSHOT_NODE, fill_snapshot,
	  undo_nothing },
};

static int control, map;

static void setup(void)
{
	struct kcmap_snapshot args = { .size = sizeof(args) };

	control = control_open();
	map = map_create(NULL, 8, 8, 8);
	REQUIRE(!ioctl(map, KCMAP_MAP_SNAPSHOT, &args));
	node[CONTROL_NODE] = control;
	node[MAP_NODE] = map;
	node[SNAPSHOT_NODE] = args.fd;
}

/* One call with a struct of the given size, and maybe a byte set. */
static int try(unsigned int i, uint32_t size, unsigned int byte)
{
	static union args args;
	int ret, error;

	memset(&args, 0, sizeof(args));
	calls[i].fill(&args);
	args.size = size;
	if (byte)
		args.bytes[byte] = 1;
	ret = ioctl(node[calls[i].node], calls[i].cmd, &args);
	error = ret ? errno : 0;
	calls[i].undo(&args);
	return error;
}

#define CHECK_TRY(i, size, byte, expected)                         \
	do {                                                       \
		if (!CHECK_EQ(try(i, size, byte), expected))       \
			tap_diag("... %s, size %u", calls[i].name, \
				 (unsigned int)(size));            \
	} while (0)

TEST(size_exact)
{
	setup();
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++)
		CHECK_TRY(i, calls[i].size, 0, 0);
}

TEST(size_too_short)
{
	setup();
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		uint32_t size;

		for (size = 0; size < calls[i].first_size; size++)
			CHECK_TRY(i, size, 0, EINVAL);
	}
}

/* Programs that were compiled when the struct had fewer members. */
TEST(size_of_old_programs)
{
	setup();
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		uint32_t size;

		for (size = calls[i].first_size; size < calls[i].size; size++)
			CHECK_TRY(i, size, 0, 0);
	}
}

TEST(size_longer_with_zeros)
{
	setup();
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		CHECK_TRY(i, calls[i].size + 1, 0, 0);
		CHECK_TRY(i, calls[i].size + 8, 0, 0);
		CHECK_TRY(i, calls[i].size + 200, 0, 0);
		CHECK_TRY(i, 4096, 0, 0);
	}
}

TEST(size_longer_with_a_byte)
{
	setup();
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		CHECK_TRY(i, calls[i].size + 1, calls[i].size, E2BIG);
		CHECK_TRY(i, calls[i].size + 8, calls[i].size + 7, E2BIG);
		CHECK_TRY(i, calls[i].size + 200, calls[i].size + 100, E2BIG);
		CHECK_TRY(i, 4096, 4095, E2BIG);
		/* Behind the end, nobody looks. */
		CHECK_TRY(i, calls[i].size, calls[i].size, 0);
	}
}

TEST(size_huge)
{
	setup();
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		CHECK_TRY(i, 4097, 0, E2BIG);
		CHECK_TRY(i, 1U << 31, 0, E2BIG);
		CHECK_TRY(i, UINT32_MAX, 0, E2BIG);
	}
}

static void check_end(unsigned int i, uint32_t size)
{
	static union args args;
	unsigned int at;

	memset(&args, 0, sizeof(args));
	calls[i].fill(&args);
	args.size = size;
	memset(args.bytes + size, 0xa5, sizeof(args) - size);
	CHECK_OK(ioctl(node[calls[i].node], calls[i].cmd, &args));
	CHECK_EQ(args.size, size);
	for (at = size; at < sizeof(args); at++)
		CHECK_EQ(args.bytes[at], 0xa5);
	calls[i].undo(&args);
}

/* Output behind the caller's size is not written, a tail is not touched. */
TEST(output_ends_with_size)
{
	setup();
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		check_end(i, calls[i].first_size);
		check_end(i, calls[i].size);
	}
}

/* Splits and merges came later: for old callers all else is as it was. */
TEST(stats_of_old_programs)
{
	size_t first = offsetof(struct kcmap_stats, splits);
	struct kcmap_stats old = { .size = first }, now;
	uint64_t key;
	int fd;

	fd = map_create(NULL, 10000, 8, 8);
	for (key = 0; key < 10000; key++)
		CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &key, NULL), 0);
	now = map_stats(fd);
	CHECK(now.splits > 0);
	CHECK_EQ(now.segments, now.splits + 1);
	CHECK_EQ(now.merges, 0);
	CHECK_OK(ioctl(fd, KCMAP_MAP_STATS, &old));
	CHECK_EQ(old.size, first);
	CHECK_EQ(old.splits, 0);
	now.size = first;
	CHECK(!memcmp(&old, &now, first));
	for (key = 0; key < 10000; key++)
		CHECK_EQ(op(fd, KCMAP_OP_DELETE, &key, NULL, NULL), 0);
	now = map_stats(fd);
	CHECK(now.merges > 0);
	CHECK_EQ(now.segments, now.splits - now.merges + 1);
}

TEST(address_bad)
{
	uint8_t *page = guarded(1);
	size_t size = sysconf(_SC_PAGESIZE);

	setup();
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		int fd = node[calls[i].node];
		union args args = {};

		CHECK_ERRNO(ioctl(fd, calls[i].cmd, NULL), EFAULT);
		CHECK_ERRNO(ioctl(fd, calls[i].cmd, page + size), EFAULT);
		CHECK_ERRNO(ioctl(fd, calls[i].cmd, page + size - 2), EFAULT);
		CHECK_ERRNO(ioctl(fd, calls[i].cmd, (void *)-4096UL), EFAULT);
		CHECK_ERRNO(ioctl(fd, calls[i].cmd, (void *)-1UL), EFAULT);
		/* The size can be read, the end cannot. */
		calls[i].fill(&args);
		args.size = calls[i].size;
		memcpy(page + size - calls[i].size + 4, &args,
		       calls[i].size - 4);
		CHECK_ERRNO(ioctl(fd, calls[i].cmd,
				  page + size - calls[i].size + 4),
			    EFAULT);
		calls[i].undo(&args);
	}
}

/* A struct that cannot be written: an error, and nothing is different. */
TEST(address_read_only)
{
	size_t size = sysconf(_SC_PAGESIZE);
	struct kcmap_create *create;
	struct kcmap_ctl_info info = { .size = sizeof(info) };
	struct kcmap_op item = { .opcode = KCMAP_OP_INSERT };
	struct kcmap_submit *submit;
	uint64_t key = 1, value = 2;
	uint32_t before;
	uint8_t *page;
	int fd, next;

	setup();
	CHECK_OK(ioctl(control, KCMAP_CTL_INFO, &info));
	before = info.maps;
	page = guarded(1);

	create = (void *)page;
	*create = create_args(PREFIX "ro", 8, 4, 4);
	mprotect(page, size, PROT_READ);
	CHECK_ERRNO(ioctl(control, KCMAP_CTL_CREATE, create), EFAULT);
	CHECK_ERRNO(map_open(PREFIX "ro", O_RDWR), ENOENT);
	CHECK_OK(ioctl(control, KCMAP_CTL_INFO, &info));
	CHECK_EQ(info.maps, before);

	/* No descriptor is left behind, either. */
	fd = dup(0);
	close(fd);
	mprotect(page, size, PROT_READ | PROT_WRITE);
	*create = create_args(NULL, 8, 4, 4);
	mprotect(page, size, PROT_READ);
	CHECK_ERRNO(ioctl(control, KCMAP_CTL_CREATE, create), EFAULT);
	next = dup(0);
	CHECK_EQ(next, fd);

	mprotect(page, size, PROT_READ | PROT_WRITE);
	item.key = PTR(&key);
	item.value = PTR(&value);
	submit = (void *)page;
	*submit = (struct kcmap_submit){
		.size = sizeof(*submit),
		.nr = 1,
		.ops = PTR(&item),
		.op_size = sizeof(item),
	};
	mprotect(page, size, PROT_READ);
	CHECK_ERRNO(ioctl(map, KCMAP_MAP_SUBMIT, submit), EFAULT);
	CHECK_EQ(op(map, KCMAP_OP_LOOKUP, &key, NULL, NULL), -ENOENT);
	CHECK_EQ(map_stats(map).inserts, 0);
}

TEST(number_unknown)
{
	static union args args;
	unsigned int nr, i;

	setup();
	for (nr = 0; nr < 256; nr++) {
		unsigned int cmd = _IO(KCMAP_IOC_TYPE, nr);
		bool known[NODES] = {};

		for (i = 0; i < ARRAY_SIZE(calls); i++)
			known[calls[i].node] |= calls[i].cmd == cmd;
		args.size = sizeof(args);
		for (i = 0; i < NODES; i++)
			if (!known[i])
				CHECK_ERRNO(ioctl(node[i], cmd, &args), ENOTTY);
		/* The number as it would be with a size or another type. */
		CHECK_ERRNO(ioctl(map, _IOWR(KCMAP_IOC_TYPE, nr, int), &args),
			    ENOTTY);
		CHECK_ERRNO(ioctl(control, _IO(KCMAP_IOC_TYPE + 1, nr), &args),
			    ENOTTY);
	}
}

/* Each byte that has to be zero, set: EINVAL. */
static void check_zero(unsigned int i, size_t from, size_t bytes)
{
	size_t at;

	for (at = from; at < from + bytes; at++)
		CHECK_TRY(i, calls[i].size, at, EINVAL);
}

#define CHECK_ZERO(i, type, member)                  \
	check_zero(i, offsetof(struct type, member), \
		   sizeof(((struct type *)0)->member))

TEST(flags_and_reserved)
{
	setup();
	CHECK_ZERO(0, kcmap_ctl_info, flags);
	CHECK_ZERO(1, kcmap_create, reserved);
	CHECK_ZERO(2, kcmap_destroy, flags);
	CHECK_ZERO(3, kcmap_list, flags);
	CHECK_ZERO(3, kcmap_list, reserved);
	CHECK_ZERO(5, kcmap_stats, flags);
	CHECK_ZERO(6, kcmap_submit, reserved);
	CHECK_ZERO(7, kcmap_scan, flags);
	CHECK_ZERO(8, kcmap_clear, flags);
	CHECK_ZERO(9, kcmap_snapshot, flags);
	CHECK_ZERO(9, kcmap_snapshot, reserved);
	CHECK_ZERO(10, kcmap_snapshot, flags);
	CHECK_ZERO(10, kcmap_snapshot, reserved);
}

TEST(flags_unknown)
{
	unsigned int bit;

	setup();
	for (bit = 0; bit < 32; bit++) {
		struct kcmap_create create = create_args(PREFIX "f", 8, 4, 4);
		struct kcmap_submit submit = {
			.size = sizeof(submit),
			.flags = 1U << bit,
		};

		if (!((1U << bit) &
		      (KCMAP_F_ANON | KCMAP_F_HASH_FAST | KCMAP_F_NO_MMAP))) {
			create.flags = 1U << bit;
			CHECK_ERRNO(ioctl(control, KCMAP_CTL_CREATE, &create),
				    EINVAL);
			create.flags |= KCMAP_F_HASH_FAST;
			CHECK_ERRNO(ioctl(control, KCMAP_CTL_CREATE, &create),
				    EINVAL);
		}
		if (1U << bit != KCMAP_SUBMIT_STRIDED)
			CHECK_ERRNO(ioctl(map, KCMAP_MAP_SUBMIT, &submit),
				    EINVAL);
	}
}

TEST(ctl_info)
{
	struct kcmap_ctl_info info = { .size = sizeof(info) };
	struct kcmap_create create;
	uint32_t maps;

	setup();
	CHECK_OK(ioctl(control, KCMAP_CTL_INFO, &info));
	CHECK_EQ(info.abi_version, KCMAP_ABI_VERSION);
	CHECK_EQ(info.features, KCMAP_FEATURE_ANON | KCMAP_FEATURE_STRIDED |
					KCMAP_FEATURE_HASH_FAST |
					KCMAP_FEATURE_SNAPSHOT |
					KCMAP_FEATURE_VIEW);
	CHECK_EQ(info.opcodes, 0x7e);
	CHECK_EQ(info.entries_max, KCMAP_ENTRIES_MAX);
	CHECK_EQ(info.key_size_max, KCMAP_KEY_SIZE_MAX);
	CHECK_EQ(info.value_size_max, KCMAP_VALUE_SIZE_MAX);
	CHECK_EQ(info.submit_max, KCMAP_SUBMIT_MAX);
	CHECK(info.maps_max >= 1);
	CHECK(info.version[0]);
	CHECK(memchr(info.version, 0, sizeof(info.version)));

	maps = info.maps;
	create = create_args(PREFIX "info", 8, 4, 4);
	CHECK_OK(ioctl(control, KCMAP_CTL_CREATE, &create));
	CHECK_OK(ioctl(control, KCMAP_CTL_INFO, &info));
	CHECK_EQ(info.maps, maps + 1);
	CHECK_OK(destroy(PREFIX "info"));
	CHECK_OK(ioctl(control, KCMAP_CTL_INFO, &info));
	CHECK_EQ(info.maps, maps);
}

#ifdef __x86_64__
/* A system call as a 32-bit program makes it; all addresses are below 4 GiB. */
static int ioctl32(int fd, unsigned int cmd, void *arg)
{
	long ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(54L), "b"((long)fd), "c"((long)cmd), "d"(arg)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

TEST(callers_of_32_bits)
{
	uint8_t *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct kcmap_op *item = (void *)(low + 4096);
	uint64_t *key = (void *)(low + 6000);
	union args *args = (void *)low;

	REQUIRE(low != MAP_FAILED);
	setup();
	/* Anything else: there are no such calls. */
	if (ioctl32(control, _IO(KCMAP_IOC_TYPE, 0xff), low) != -ENOTTY)
		SKIP("the kernel runs no 32-bit programs");
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		int fd = node[calls[i].node];

		memset(low, 0, 4096);
		calls[i].fill(args);
		if (calls[i].cmd == KCMAP_CTL_LIST)
			args->list.maps = PTR(low + 4096);
		if (calls[i].cmd == KCMAP_MAP_SCAN)
			args->scan.keys = PTR(low + 4096);
		args->size = calls[i].size;
		if (!CHECK_EQ(ioctl32(fd, calls[i].cmd, low), 0))
			tap_diag("... %s", calls[i].name);
		calls[i].undo(args);
	}
	*item = (struct kcmap_op){
		.opcode = KCMAP_OP_INSERT,
		.key = PTR(key),
		.value = PTR(key),
	};
	*key = 5;
	args->submit = (struct kcmap_submit){
		.size = sizeof(args->submit),
		.nr = 1,
		.ops = PTR(item),
		.op_size = sizeof(*item),
	};
	CHECK_EQ(ioctl32(map, KCMAP_MAP_SUBMIT, low), 0);
	CHECK_EQ(args->submit.done, 1);
	CHECK_EQ(item->status, 0);
	CHECK_EQ(op(map, KCMAP_OP_LOOKUP, key, NULL, NULL), 0);
}
#endif

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
