// SPDX-License-Identifier: GPL-2.0-only
/*
 * A random fuzzer of the ioctls, and of mappings: structs that are nearly right, with a field or
 * a few bytes spoilt, on good, bad and vanishing memory, from several processes
 * that are killed now and then.
 *
 * Usage: fuzz_ioctl [SECONDS [SEED [PROCESSES]]]
 *
 * That nothing splats is for the kernel's log to say; the program checks that a
 * map still works afterwards and that the module can be unloaded.
 */
#include "uapi.h"

#include <pthread.h>
#include <sys/syscall.h>

#define AREA (1U << 20)
#define BEHIND (1UL << 30)
#define NAMES 6
#define FDS 12
#define MAPPINGS 4
/* Mappings are counted as if they were ioctls of these numbers, which none has. */
#define NR_MMAP 0xf0
#define NR_READ 0xf1

static unsigned int fuzz_seconds = 10, fuzz_processes = 6;
static uint64_t fuzz_seed = 1;

/* How often each ioctl was tried and succeeded, all processes together. */
static struct {
	uint64_t calls, good;
} (*counts)[256];

static uint64_t state;
static uint8_t *area;
static int fds[FDS];
static int pipe_fds[2];
static struct {
	uint8_t *at;
	size_t size;
} mappings[MAPPINGS];

static uint64_t below(uint64_t n)
{
	return rnd(&state) % n;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

static uint64_t number(void)
{
	static const uint64_t edges[] = {
		0,
		1,
		2,
		7,
		8,
		63,
		64,
		65,
		127,
		128,
		129,
		1023,
		1024,
		1025,
		4095,
		4096,
		4097,
		65535,
		65536,
		65537,
		1U << 28,
		(1U << 28) + 1,
		INT32_MAX,
		1U << 31,
		UINT32_MAX,
		1ULL << 32,
		INT64_MAX,
		1ULL << 63,
		UINT64_MAX - 1,
		UINT64_MAX,
	};

	switch (below(4)) {
	case 0:
		return edges[below(ARRAY_SIZE(edges))];
	case 1:
		return rnd(&state);
	case 2:
		return below(16);
	default:
		return rnd(&state) >> below(64);
	}
}

/* An address: mostly of good memory, sometimes at an edge or nowhere. */
static uint64_t address(void)
{
	switch (below(12)) {
	case 0:
		return 0;
	case 1:
		return number();
	case 2:
		return 0xffff888000000000 + below(1U << 30);
	case 3:
		return UINT64_MAX - below(4096);
	case 4:
		return 0x00007ffffffff000 - below(200);
	case 5:
		/* Up to the end of the area, behind which there is nothing. */
		return PTR(area) + AREA - below(300);
	case 6:
		/* Pages that another thread takes away and gives back. */
		return PTR(area) + 8 * 4096 + below(56 * 4096);
	default:
		return PTR(area) + 64 * 4096 + below(AREA - 128 * 4096);
	}
}

static void name(uint8_t *to)
{
	memset(to, 0, KCMAP_NAME_SIZE);
	sprintf((char *)to, PREFIX "fuzz%u", (unsigned int)below(NAMES));
	if (one_in(30))
		to[below(KCMAP_NAME_SIZE)] = rnd(&state);
}

static void random_op(struct kcmap_op *item)
{
	memset(item, 0, sizeof(*item));
	item->opcode = one_in(20) ? rnd(&state) : 1 + below(6);
	item->key = address();
	if ((item->opcode >= KCMAP_OP_INSERT &&
	     item->opcode <= KCMAP_OP_UPSERT) ||
	    one_in(30))
		item->value = address();
	if (item->opcode == KCMAP_OP_LOOKUP ||
	    item->opcode == KCMAP_OP_LOOKUP_AND_DELETE || one_in(30))
		item->result = address();
	if (one_in(40))
		((uint8_t *)item)[below(sizeof(*item))] = rnd(&state);
}

/* Fills a struct in, and says which ioctl it is for. */
static unsigned int fill(void *arg)
{
	memset(arg, 0, 256);
	switch (below(18)) {
	case 0: {
		struct kcmap_ctl_info *info = arg;

		info->size = sizeof(*info);
		return KCMAP_CTL_INFO;
	}
	case 1:
	case 2: {
		struct kcmap_create *create = arg;

		*create = create_args(one_in(2) ? NULL : "", 1 + below(1000),
				      1 + below(40), below(64));
		if (!(create->flags & KCMAP_F_ANON))
			name(create->name);
		if (one_in(4))
			create->key_size = 1 + below(KCMAP_KEY_SIZE_MAX);
		if (one_in(4))
			create->value_size = below(KCMAP_VALUE_SIZE_MAX + 1);
		if (one_in(10))
			create->max_entries = 1 + below(KCMAP_ENTRIES_MAX);
		if (one_in(3))
			create->flags |= KCMAP_F_HASH_FAST;
		if (one_in(10))
			create->flags |= KCMAP_F_NO_MMAP;
		if (one_in(5))
			create->snapshots_max = number();
		if (one_in(5))
			create->snapshot_bytes_max = number();
		return KCMAP_CTL_CREATE;
	}
	case 3: {
		struct kcmap_destroy *gone = arg;

		gone->size = sizeof(*gone);
		name(gone->name);
		return KCMAP_CTL_DESTROY;
	}
	case 4: {
		struct kcmap_list *list = arg;

		list->size = sizeof(*list);
		list->maps = address();
		list->map_size = sizeof(struct kcmap_map_info) + below(100);
		list->capacity = 1 + below(100);
		list->cursor = one_in(2) ? 0 : below(10000);
		return KCMAP_CTL_LIST;
	}
	case 5: {
		struct kcmap_map_info *info = arg;

		info->size = sizeof(*info);
		return KCMAP_MAP_INFO;
	}
	case 6: {
		struct kcmap_stats *stats = arg;

		stats->size = sizeof(*stats);
		return KCMAP_MAP_STATS;
	}
	case 7:
	case 8: {
		struct kcmap_scan *scan = arg;

		scan->size = sizeof(*scan);
		scan->cursor = one_in(2) ? 0 : number();
		scan->keys = address();
		scan->values = one_in(3) ? 0 : address();
		scan->capacity = one_in(3) ? number() : 1 + below(500);
		return KCMAP_MAP_SCAN;
	}
	case 9: {
		struct kcmap_clear *clear = arg;

		clear->size = sizeof(*clear);
		return KCMAP_MAP_CLEAR;
	}
	case 10:
	case 11: {
		struct kcmap_snapshot *snapshot = arg;

		snapshot->size = sizeof(*snapshot);
		snapshot->fd = -1;
		return one_in(2) ? KCMAP_MAP_SNAPSHOT : KCMAP_SNAPSHOT_REFRESH;
	}
	case 12:
	case 13:
	case 14: {
		struct kcmap_submit *submit = arg;
		struct kcmap_op *ops = (void *)(area + below(4096));
		unsigned int i;

		submit->size = sizeof(*submit);
		submit->nr = 1 + below(60);
		submit->ops = one_in(10) ? address() : PTR(ops);
		submit->op_size = sizeof(*ops) + (one_in(10) ? below(64) : 0);
		if (one_in(20))
			submit->nr = number();
		for (i = 0; i < 60; i++)
			random_op(&ops[i]);
		return KCMAP_MAP_SUBMIT;
	}
	default: {
		struct kcmap_submit *submit = arg;

		submit->size = sizeof(*submit);
		submit->flags = KCMAP_SUBMIT_STRIDED;
		submit->nr = one_in(10) ? number() : 1 + below(500);
		submit->opcode = 1 + below(6);
		submit->keys = address();
		if (submit->opcode >= KCMAP_OP_INSERT &&
		    submit->opcode <= KCMAP_OP_UPSERT)
			submit->values = address();
		if (submit->opcode == KCMAP_OP_LOOKUP ||
		    submit->opcode == KCMAP_OP_LOOKUP_AND_DELETE)
			submit->results = address();
		submit->statuses = address();
		return KCMAP_MAP_SUBMIT;
	}
	}
}

static void reopen(unsigned int i)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR };
	uint8_t map[KCMAP_NAME_SIZE];

	if (fds[i] >= 0)
		close(fds[i]);
	name(map);
	fds[i] = one_in(4) ? open(CONTROL, flags[below(4)]) :
			     map_open((char *)map, flags[below(4)]);
}

/* A descriptor that was made goes in the place of another. */
static void keep(int fd)
{
	unsigned int i = below(FDS);

	if (fd < 0)
		return;
	if (fds[i] >= 0)
		close(fds[i]);
	fds[i] = fd;
}

static void one_call(void)
{
	uint8_t arg[4096] __attribute__((aligned(8))) = {};
	unsigned int cmd = fill(arg);
	int fd = fds[below(FDS)];
	void *at = arg;
	int ret;

	if (one_in(40))
		reopen(below(FDS));
	if (one_in(10))
		*(uint32_t *)arg = number();
	if (one_in(10))
		*(uint32_t *)arg += below(16);
	while (one_in(6)) {
		unsigned int word = below(16);
		uint64_t value = one_in(2) ? number() : address();

		memcpy(arg + word * 8 + (one_in(4) ? 4 : 0), &value,
		       one_in(2) ? 8 : 4);
	}
	while (one_in(12))
		arg[below(200)] = rnd(&state);
	if (one_in(30))
		cmd = one_in(2) ? rnd(&state) : _IO(KCMAP_IOC_TYPE, below(256));
	if (one_in(20)) {
		/* Anywhere; what was made is put there if it can be. */
		at = (void *)(uintptr_t)address();
		if ((uint8_t *)at >= area + 64 * 4096 &&
		    (uint8_t *)at < area + AREA - 8192)
			memcpy(at, arg, 256);
	}

	ret = ioctl(fd, cmd, at);
	__atomic_fetch_add(&(*counts)[_IOC_NR(cmd)].calls, 1, __ATOMIC_RELAXED);
	if (!ret)
		__atomic_fetch_add(&(*counts)[_IOC_NR(cmd)].good, 1,
				   __ATOMIC_RELAXED);
	if (!ret && cmd == KCMAP_CTL_CREATE && at == arg) {
		struct kcmap_create *create = (void *)arg;

		if (create->flags & KCMAP_F_ANON)
			keep(create->fd);
	}
	if (!ret && cmd == KCMAP_MAP_SNAPSHOT && at == arg)
		keep(((struct kcmap_snapshot *)arg)->fd);
}

static void count(unsigned int nr, bool good)
{
	__atomic_fetch_add(&(*counts)[nr].calls, 1, __ATOMIC_RELAXED);
	if (good)
		__atomic_fetch_add(&(*counts)[nr].good, 1, __ATOMIC_RELAXED);
}

static void map_another(unsigned int i)
{
	int prot = one_in(8) ? below(8) : PROT_READ;
	int flags = one_in(8) ? MAP_PRIVATE : MAP_SHARED;
	off_t offset = one_in(3) ? (off_t)(number() & ~4095ULL) : 0;
	void *at;

	if (mappings[i].at)
		munmap(mappings[i].at, mappings[i].size);
	mappings[i].size = 4096UL << below(12);
	at = mmap(NULL, mappings[i].size, prot, flags, fds[below(FDS)], offset);
	mappings[i].at = at == MAP_FAILED ? NULL : at;
	count(NR_MMAP, at != MAP_FAILED);
}

/* By the kernel: what is not there is an error then, not a signal. */
static void read_mapping(uint8_t *at)
{
	uint8_t bytes[64];
	bool good = write(pipe_fds[1], at, sizeof(bytes)) == sizeof(bytes);

	while (read(pipe_fds[0], bytes, sizeof(bytes)) > 0)
		;
	count(NR_READ, good);
}

static void one_mapping(void)
{
	unsigned int i = below(MAPPINGS);
	uint8_t *at = mappings[i].at;
	size_t size = mappings[i].size, from;

	if (!at || one_in(10)) {
		map_another(i);
		return;
	}
	from = below(size) & ~4095UL;
	switch (below(12)) {
	case 0:
		munmap(at + from, 4096);
		break;
	case 1:
		madvise(at + from, size - from, below(26));
		break;
	case 2:
		mprotect(at + from, 4096, below(8));
		break;
	case 3:
		at = mremap(at, size, size, MREMAP_MAYMOVE);
		if (at != MAP_FAILED)
			mappings[i].at = at;
		break;
	default:
		/* There is most at the start. */
		from = one_in(2) ? from : below(16) * 4096;
		read_mapping(at + from % size);
	}
}

/* Takes some pages away and gives them back, while they are used. */
static void *vandal(void *unused)
{
	uint64_t own = fuzz_seed + getpid();

	(void)unused;
	for (;;) {
		uint8_t *at = area + (8 + rnd(&own) % 56) * 4096;

		switch (rnd(&own) % 5) {
		case 0:
			mprotect(at, 4096, PROT_NONE);
			break;
		case 1:
			mprotect(at, 4096, PROT_READ);
			break;
		case 2:
			madvise(at, 4096, MADV_DONTNEED);
			break;
		case 3:
			munmap(at, 4096);
			break;
		default:
			mmap(at, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		}
		usleep(rnd(&own) % 300);
	}
	return NULL;
}

static void fuzz(uint64_t seed)
{
	pthread_t thread;
	unsigned int i;

	state = seed * 0x9e3779b97f4a7c15 + 1;
	/* Results of many items reach far beyond: nothing must be hit there. */
	area = mmap(NULL, AREA + BEHIND, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	REQUIRE(area != MAP_FAILED);
	REQUIRE(!mprotect(area, AREA, PROT_READ | PROT_WRITE));
	for (i = 0; i < FDS; i++) {
		fds[i] = -1;
		reopen(i);
	}
	for (i = 0; i < AREA / 8; i++)
		((uint64_t *)area)[i] = below(500);
	REQUIRE(!pipe2(pipe_fds, O_NONBLOCK));
	REQUIRE(!pthread_create(&thread, NULL, vandal, NULL));
	for (;;) {
		if (one_in(4))
			one_mapping();
		else
			one_call();
		if (one_in(5000))
			for (i = 0; i < 2000; i++)
				area[64 * 4096 + below(AREA - 128 * 4096)] =
					below(4);
	}
}

TEST(fuzz_processes_and_kill_them)
{
	double end = seconds() + fuzz_seconds;
	pid_t pids[64];
	uint64_t seed = fuzz_seed, own = fuzz_seed;
	unsigned int i, started = 0;

	alarm(0);
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(counts != MAP_FAILED);
	tap_diag("%u seconds, seed %llu, %u processes", fuzz_seconds,
		 (unsigned long long)fuzz_seed, fuzz_processes);
	memset(pids, 0, sizeof(pids));
	for (i = 0; seconds() < end; i = rnd(&own) % fuzz_processes) {
		if (started >= fuzz_processes) {
			usleep(rnd(&own) % 400000);
			kill(pids[i], SIGKILL);
			CHECK_EQ(waitpid(pids[i], NULL, 0), pids[i]);
		} else {
			i = started;
		}
		started++;
		pids[i] = tap_fork();
		if (!pids[i])
			fuzz(seed + started);
	}
	for (i = 0; i < fuzz_processes && i < started; i++) {
		kill(pids[i], SIGKILL);
		CHECK_EQ(waitpid(pids[i], NULL, 0), pids[i]);
	}
	tap_diag("%u processes started", started);
	for (i = 0; i < ARRAY_SIZE(*counts); i++) {
		bool known = i <= _IOC_NR(KCMAP_CTL_LIST) ||
			     (i >= _IOC_NR(KCMAP_MAP_INFO) &&
			      i <= _IOC_NR(KCMAP_MAP_SNAPSHOT)) ||
			     i == _IOC_NR(KCMAP_SNAPSHOT_REFRESH) ||
			     i == NR_MMAP || i == NR_READ;

		if (!known)
			continue;
		tap_diag("%s %#x: %llu calls, %llu succeeded",
			 i < NR_MMAP ? "ioctl" : "mapping", i,
			 (unsigned long long)(*counts)[i].calls,
			 (unsigned long long)(*counts)[i].good);
		/* A fuzzer of which nothing gets through tests nothing. */
		CHECK(fuzz_seconds < 5 || (*counts)[i].good > 0);
	}
}

TEST(a_map_still_works)
{
	int fd = map_create(PREFIX "after", 100, 8, 8);
	uint64_t key, value;

	for (key = 0; key < 100; key++)
		CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &key, NULL), 0);
	CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &key, NULL), -ENOSPC);
	key = 50;
	CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, &key, NULL, &value), 0);
	CHECK_EQ(value, 50);
	CHECK_OK(destroy(PREFIX "after"));
}

TEST(the_module_unloads)
{
	sweep();
	syscall(SYS_delete_module, "kcmap_classify", O_NONBLOCK);
	CHECK_OK(syscall(SYS_delete_module, "kcmap", O_NONBLOCK));
	CHECK_EQ(system("modprobe kcmap"), 0);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		fuzz_seconds = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		fuzz_seed = strtoull(argv[2], NULL, 0);
	if (argc > 3)
		fuzz_processes = strtoul(argv[3], NULL, 0);
	if (!fuzz_processes || fuzz_processes > 64 || argc > 4) {
		fprintf(stderr,
			"usage: fuzz_ioctl [SECONDS [SEED [PROCESSES]]]\n");
		return 2;
	}
	return tap_main(1, argv);
}
