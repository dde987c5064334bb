// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kcmap_bench: that it refuses what makes no sense, that each engine gives
 * samples that can be, and that wrong answers are noticed.
 */
#include <sys/syscall.h>

#include <linux/bpf.h>

#include "../kmod/bench/kcmap_bench.h"
#include "uapi.h"

#define ENTRIES 2048
#define CAPACITY 16384
#define MS 20

static int bench_open(void)
{
	int fd = open("/dev/kcmap_bench", O_RDWR | O_CLOEXEC);

	REQUIRE(fd >= 0);
	return fd;
}

static struct kcmap_bench_setup setup_args(unsigned int engine, int32_t *fd)
{
	struct kcmap_bench_setup setup = {
		.engine = engine,
		.entries = ENTRIES,
		.fds = PTR(fd),
		.tables = 1,
		.key_size = 8,
		.value_size = 8,
	};

	return setup;
}

static int kcmap_fast(unsigned int key_size, unsigned int value_size)
{
	return map_create_flags(NULL, CAPACITY, key_size, value_size,
				KCMAP_F_HASH_FAST);
}

/* A descriptor with kcmap in it; @map: the map itself. */
static int bench_kcmap(int32_t *map)
{
	struct kcmap_bench_setup setup = setup_args(BENCH_KCMAP, map);
	int fd = bench_open();

	*map = kcmap_fast(8, 8);
	REQUIRE(CHECK_OK(ioctl(fd, KCMAP_BENCH_SETUP, &setup)));
	CHECK_EQ(map_stats(*map).entries, ENTRIES);
	return fd;
}

static struct kcmap_bench_run run_args(unsigned int bench)
{
	struct kcmap_bench_run run = {
		.bench = bench,
		.threads = 1,
		.ms = MS,
	};

	return run;
}

/* Wrong answers in a run that must be possible. */
static long run_errors(int fd, unsigned int bench)
{
	struct kcmap_bench_run run = run_args(bench);

	REQUIRE(CHECK_OK(ioctl(fd, KCMAP_BENCH_RUN, &run)));
	return run.errors;
}

TEST(refuses_before_setup)
{
	struct kcmap_bench_run run = run_args(BENCH_LOOKUP_HIT);
	struct kcmap_bench_timed timed = { .threads = 1, .ms = MS };
	struct kcmap_bench_grow grow = { .entries = CAPACITY };
	struct kcmap_bench_resize resize = { .entries = CAPACITY };
	int fd = bench_open();

	CHECK_ERRNO(ioctl(fd, KCMAP_BENCH_RUN, &run), EINVAL);
	CHECK_ERRNO(ioctl(fd, KCMAP_BENCH_TIMED, &timed), EINVAL);
	CHECK_ERRNO(ioctl(fd, KCMAP_BENCH_GROW, &grow), EINVAL);
	CHECK_ERRNO(ioctl(fd, KCMAP_BENCH_RESIZE, &resize), EINVAL);
	CHECK_ERRNO(ioctl(fd, KCMAP_BENCH_RUN, NULL), EFAULT);
	CHECK_ERRNO(ioctl(fd, _IO(0xBC, 0x7f), NULL), ENOTTY);
}

/* SETUP with one member set to what makes no sense. */
#define CHECK_SETUP(member, wrong, error)                                 \
	do {                                                              \
		struct kcmap_bench_setup tried = good;                    \
		tried.member = (wrong);                                   \
		CHECK_ERRNO(ioctl(fd, KCMAP_BENCH_SETUP, &tried), error); \
	} while (0)

TEST(is_for_root)
{
	pid_t pid = tap_fork();

	if (!pid) {
		CHECK_OK(setuid(65534));
		CHECK_ERRNO(open("/dev/kcmap_bench", O_RDWR), EACCES);
		exit(0);
	}
	tap_join(pid);
}

TEST(refuses_bad_setup)
{
	int32_t map = kcmap_fast(8, 8), wide = kcmap_fast(40, 32), none = -1;
	struct kcmap_bench_setup good = setup_args(BENCH_KCMAP, &map);
	int fd = bench_open();

	CHECK_SETUP(engine, BENCH_ENGINES, EINVAL);
	CHECK_SETUP(entries, BENCH_ENTRIES_MIN - 1, EINVAL);
	CHECK_SETUP(entries, BENCH_ENTRIES_MAX + 1, EINVAL);
	CHECK_SETUP(tables, 0, EINVAL);
	CHECK_SETUP(tables, 2, EINVAL);
	CHECK_SETUP(tables, BENCH_THREADS_MAX + 1, EINVAL);
	CHECK_SETUP(key_size, 16, EINVAL);
	CHECK_SETUP(value_size, 32, EINVAL);
	CHECK_SETUP(reserved, 1, EINVAL);
	CHECK_SETUP(fds, PTR(NULL), EFAULT);
	CHECK_SETUP(fds, PTR(&none), EBADF);
	CHECK_SETUP(fds, PTR(&fd), EBADF);
	CHECK_SETUP(fds, PTR(&wide), EINVAL);
	CHECK_SETUP(engine, BENCH_BPF_HASH, EINVAL);
	/* What did not fit is no table; the map is full now. */
	CHECK_SETUP(entries, CAPACITY + 1, ENOSPC);
	close(map);
	map = kcmap_fast(8, 8);
	CHECK_OK(ioctl(fd, KCMAP_BENCH_SETUP, &good));
	CHECK_ERRNO(ioctl(fd, KCMAP_BENCH_SETUP, &good), EBUSY);

	/* No flat table of wide keys. */
	good.engine = BENCH_FLAT;
	good.key_size = 40;
	good.value_size = 32;
	CHECK_ERRNO(ioctl(bench_open(), KCMAP_BENCH_SETUP, &good), EOPNOTSUPP);
}

#define CHECK_RUN(type, cmd, member, wrong, error)          \
	do {                                                \
		struct type tried = good;                   \
		tried.member = (wrong);                     \
		CHECK_ERRNO(ioctl(fd, cmd, &tried), error); \
	} while (0)

TEST(refuses_bad_runs)
{
	struct kcmap_bench_run good = run_args(BENCH_LOOKUP_HIT);
	int32_t map;
	int fd = bench_kcmap(&map);

	CHECK_RUN(kcmap_bench_run, KCMAP_BENCH_RUN, bench, BENCHES, EINVAL);
	CHECK_RUN(kcmap_bench_run, KCMAP_BENCH_RUN, threads, 0, EINVAL);
	CHECK_RUN(kcmap_bench_run, KCMAP_BENCH_RUN, threads,
		  BENCH_THREADS_MAX + 1, EINVAL);
	/* More than there are CPUs. */
	CHECK_RUN(kcmap_bench_run, KCMAP_BENCH_RUN, threads,
		  sysconf(_SC_NPROCESSORS_ONLN) + 1, EINVAL);
	CHECK_RUN(kcmap_bench_run, KCMAP_BENCH_RUN, ms, 0, EINVAL);
	CHECK_RUN(kcmap_bench_run, KCMAP_BENCH_RUN, ms, BENCH_MS_MAX + 1,
		  EINVAL);
	CHECK_RUN(kcmap_bench_run, KCMAP_BENCH_RUN, reserved, 1, EINVAL);
	CHECK_RUN(kcmap_bench_run, KCMAP_BENCH_RUN, read_pct, 1, EINVAL);
	CHECK_RUN(kcmap_bench_run, KCMAP_BENCH_RUN, dist, 1, EINVAL);
	good.bench = BENCH_MIX;
	CHECK_RUN(kcmap_bench_run, KCMAP_BENCH_RUN, read_pct, 101, EINVAL);
	CHECK_RUN(kcmap_bench_run, KCMAP_BENCH_RUN, dist, BENCH_DISTS, EINVAL);
	good.bench = BENCH_INSERT;
	CHECK_RUN(kcmap_bench_run, KCMAP_BENCH_RUN, threads, 2, EINVAL);
	good.bench = BENCH_DELETE;
	CHECK_RUN(kcmap_bench_run, KCMAP_BENCH_RUN, threads, 2, EINVAL);
}

TEST(refuses_bad_timed_runs)
{
	struct kcmap_bench_timed good = { .threads = 1, .ms = MS };
	int32_t map;
	int fd = bench_kcmap(&map);

	CHECK_RUN(kcmap_bench_timed, KCMAP_BENCH_TIMED, bench,
		  BENCH_LOOKUP_BULK32, EINVAL);
	CHECK_RUN(kcmap_bench_timed, KCMAP_BENCH_TIMED, bench, BENCH_INSERT,
		  EINVAL);
	CHECK_RUN(kcmap_bench_timed, KCMAP_BENCH_TIMED, bench, BENCH_DELETE,
		  EINVAL);
	CHECK_RUN(kcmap_bench_timed, KCMAP_BENCH_TIMED, threads, 0, EINVAL);
	CHECK_RUN(kcmap_bench_timed, KCMAP_BENCH_TIMED, ms, 0, EINVAL);
	CHECK_RUN(kcmap_bench_timed, KCMAP_BENCH_TIMED, reserved, 1, EINVAL);
}

TEST(refuses_bad_growth)
{
	struct kcmap_bench_resize resize = { .entries = CAPACITY + 1 };
	struct kcmap_bench_jitter jitter = { .ms = 0 };
	struct kcmap_bench_grow good = { .entries = CAPACITY };
	int32_t map;
	int fd = bench_kcmap(&map);

	CHECK_RUN(kcmap_bench_grow, KCMAP_BENCH_GROW, entries, ENTRIES, EINVAL);
	CHECK_RUN(kcmap_bench_grow, KCMAP_BENCH_GROW, entries,
		  BENCH_ENTRIES_MAX + 1, EINVAL);
	CHECK_RUN(kcmap_bench_grow, KCMAP_BENCH_GROW, readers, 2, EINVAL);
	CHECK_ERRNO(ioctl(fd, KCMAP_BENCH_RESIZE, &resize), ENOSPC);
	resize.entries = BENCH_ENTRIES_MIN - 1;
	CHECK_ERRNO(ioctl(fd, KCMAP_BENCH_RESIZE, &resize), EINVAL);
	resize.entries = ENTRIES;
	resize.reserved = 1;
	CHECK_ERRNO(ioctl(fd, KCMAP_BENCH_RESIZE, &resize), EINVAL);
	CHECK_ERRNO(ioctl(fd, KCMAP_BENCH_JITTER, &jitter), EINVAL);
	jitter.ms = BENCH_MS_MAX + 1;
	CHECK_ERRNO(ioctl(fd, KCMAP_BENCH_JITTER, &jitter), EINVAL);
}

TEST(refuses_a_bad_gate)
{
	struct kcmap_bench_gate good = { .ms = MS };
	int fd = bench_open();

	CHECK_RUN(kcmap_bench_gate, KCMAP_BENCH_GATE, ms, 0, EINVAL);
	CHECK_RUN(kcmap_bench_gate, KCMAP_BENCH_GATE, ms, BENCH_MS_MAX + 1,
		  EINVAL);
	CHECK_RUN(kcmap_bench_gate, KCMAP_BENCH_GATE, writers,
		  BENCH_THREADS_MAX, EINVAL);
	/* The keeper needs a CPU, too. */
	CHECK_RUN(kcmap_bench_gate, KCMAP_BENCH_GATE, writers,
		  sysconf(_SC_NPROCESSORS_ONLN), EINVAL);
}

/* Of number @i, as the bench makes them. */
static uint64_t bench_key(uint64_t i)
{
	i *= 0xd1342543de82ef95ULL;
	return (i ^ (i >> 32)) * 0xaf251af3b0f025b5ULL;
}

static const unsigned int finds[] = {
	BENCH_LOOKUP_HIT,    BENCH_LOOKUP_DEPENDENT,
	BENCH_LOOKUP_BULK32, BENCH_UPDATE,
	BENCH_MIX,
};

TEST(notices_a_missing_key)
{
	uint64_t key = bench_key(ENTRIES / 2);
	struct kcmap_bench_timed timed = { .threads = 1, .ms = MS };
	struct kcmap_bench_grow grow = { .entries = CAPACITY, .readers = 1 };
	int32_t map;
	int fd = bench_kcmap(&map);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(finds); i++)
		CHECK_EQ(run_errors(fd, finds[i]), 0);
	CHECK_OK(ioctl(fd, KCMAP_BENCH_TIMED, &timed));
	CHECK_EQ(timed.errors, 0);

	CHECK_EQ(op(map, KCMAP_OP_DELETE, &key, NULL, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(finds); i++)
		CHECK(run_errors(fd, finds[i]) > 0);
	CHECK_OK(ioctl(fd, KCMAP_BENCH_TIMED, &timed));
	CHECK(timed.errors > 0);
	CHECK_OK(ioctl(fd, KCMAP_BENCH_GROW, &grow));
	CHECK(grow.errors > 0);
}

TEST(notices_a_wrong_value)
{
	uint64_t key = bench_key(ENTRIES / 2), value = ENTRIES / 2 + 1;
	int32_t map;
	int fd = bench_kcmap(&map);

	CHECK_EQ(op(map, KCMAP_OP_UPDATE, &key, &value, NULL), 0);
	CHECK(run_errors(fd, BENCH_LOOKUP_HIT) > 0);
	CHECK(run_errors(fd, BENCH_LOOKUP_DEPENDENT) > 0);
	CHECK(run_errors(fd, BENCH_LOOKUP_BULK32) > 0);
}

TEST(notices_a_key_too_many)
{
	uint64_t i, key;
	int32_t map;
	int fd = bench_kcmap(&map);

	CHECK_EQ(run_errors(fd, BENCH_LOOKUP_MISS), 0);
	CHECK_EQ(run_errors(fd, BENCH_INSERT), 0);
	CHECK_EQ(run_errors(fd, BENCH_DELETE), 0);
	CHECK_EQ(map_stats(map).entries, ENTRIES);
	/* One that is to miss, and one that is to be inserted. */
	for (i = 0; i < 16; i++) {
		key = bench_key((1ULL << 40) + i);
		CHECK_EQ(op(map, KCMAP_OP_INSERT, &key, &i, NULL), 0);
	}
	CHECK(run_errors(fd, BENCH_LOOKUP_MISS) > 0);
	key = bench_key(ENTRIES);
	CHECK_EQ(op(map, KCMAP_OP_INSERT, &key, &i, NULL), 0);
	CHECK(run_errors(fd, BENCH_INSERT) > 0);
}

static void check_latency(const struct kcmap_bench_latency *latency)
{
	CHECK(latency->p50_ns > 0);
	CHECK(latency->p50_ns <= latency->p99_ns);
	CHECK(latency->p99_ns <= latency->p9999_ns);
	CHECK(latency->p9999_ns <= latency->max_ns);
	CHECK(latency->max_ns < 10ULL * 1000000000);
}

TEST(grows_and_shrinks)
{
	struct kcmap_bench_grow grow = { .entries = CAPACITY, .readers = 1 };
	struct kcmap_bench_resize resize = { .entries = ENTRIES };
	struct kcmap_bench_jitter jitter = { .ms = MS };
	int32_t map;
	int fd = bench_kcmap(&map);

	CHECK_OK(ioctl(fd, KCMAP_BENCH_GROW, &grow));
	CHECK_EQ(grow.done, CAPACITY - ENTRIES);
	CHECK_EQ(grow.errors, 0);
	CHECK(grow.ns > 0 && grow.reads > 0 && grow.read_ns > 0);
	CHECK(grow.latency.max_ns <= grow.ns);
	check_latency(&grow.latency);
	CHECK_EQ(map_stats(map).entries, CAPACITY);
	CHECK_OK(ioctl(fd, KCMAP_BENCH_RESIZE, &resize));
	CHECK_EQ(map_stats(map).entries, ENTRIES);
	CHECK_EQ(run_errors(fd, BENCH_LOOKUP_HIT), 0);
	resize.entries = CAPACITY;
	CHECK_OK(ioctl(fd, KCMAP_BENCH_RESIZE, &resize));
	CHECK_EQ(map_stats(map).entries, CAPACITY);
	CHECK_EQ(run_errors(fd, BENCH_LOOKUP_HIT), 0);
	/* Nothing takes less time than something. */
	CHECK_OK(ioctl(fd, KCMAP_BENCH_JITTER, &jitter));
	check_latency(&jitter.latency);
	CHECK(jitter.latency.p50_ns < grow.latency.p50_ns);
}

TEST(times_the_gate)
{
	struct kcmap_bench_gate gate = { .ms = MS };
	int fd = bench_open();

	CHECK_OK(ioctl(fd, KCMAP_BENCH_GATE, &gate));
	CHECK(gate.instants > 0);
	CHECK_EQ(gate.writes, 0);
	check_latency(&gate.latency);

	gate.writers = 1;
	CHECK_OK(ioctl(fd, KCMAP_BENCH_GATE, &gate));
	CHECK(gate.instants > 0);
	CHECK(gate.writes > 0);
	check_latency(&gate.latency);
}

/* A sample of each bench that the engine has, or none where there is no engine. */
static void check_engine(struct kcmap_bench_setup *setup, unsigned int threads)
{
	struct kcmap_bench_timed timed = { .threads = threads, .ms = MS };
	struct kcmap_bench_run run;
	unsigned int bench, samples = 0;
	int fd = bench_open();

	REQUIRE(CHECK_OK(ioctl(fd, KCMAP_BENCH_SETUP, setup)));
	for (bench = 0; bench < BENCHES; bench++) {
		run = run_args(bench);
		if (bench != BENCH_INSERT && bench != BENCH_DELETE)
			run.threads = threads;
		if (bench == BENCH_MIX) {
			run.read_pct = 90;
			run.dist = BENCH_ZIPF;
		}
		if (ioctl(fd, KCMAP_BENCH_RUN, &run)) {
			CHECK_EQ(errno, EOPNOTSUPP);
			continue;
		}
		samples++;
		CHECK_EQ(run.errors, 0);
		CHECK(run.done > 0 && run.loop_ops > 0 && run.loop_ns > 0);
		CHECK(run.ns >= run.threads * MS * 1000000ULL);
		CHECK(run.loop_ns <= run.loop_took);
		/* A nanosecond to a millisecond. */
		CHECK(run.ns > run.done && run.ns / run.done < 1000000);
	}
	CHECK(samples >= 4);
	CHECK_OK(ioctl(fd, KCMAP_BENCH_TIMED, &timed));
	CHECK_EQ(timed.errors, 0);
	check_latency(&timed.latency);
	check_latency(&timed.loop_latency);
	CHECK(timed.loop_latency.p50_ns < timed.latency.p50_ns);
	close(fd);
}

static int bpf_map(unsigned int key_size, unsigned int value_size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.key_size = key_size;
	attr.value_size = value_size;
	attr.max_entries = CAPACITY;
	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void check_sizes(unsigned int key_size, unsigned int value_size)
{
	int32_t fds[2] = { kcmap_fast(key_size, value_size),
			   kcmap_fast(key_size, value_size) };
	struct kcmap_bench_setup setup = setup_args(BENCH_KCMAP, fds);
	struct kcmap_bench_run run = run_args(BENCH_LOOKUP_HIT);
	int fd;

	setup.key_size = key_size;
	setup.value_size = value_size;
	check_engine(&setup, 2);
	setup.engine = BENCH_RHASHTABLE;
	check_engine(&setup, 2);
	if (key_size == 8) {
		setup.engine = BENCH_FLAT;
		check_engine(&setup, 1);
	}

	close(fds[0]);
	fds[0] = kcmap_fast(key_size, value_size);
	setup.engine = BENCH_PRIVATE;
	setup.tables = 2;
	check_engine(&setup, 2);
	CHECK_EQ(map_stats(fds[0]).entries, ENTRIES);
	CHECK_EQ(map_stats(fds[1]).entries, ENTRIES);
	close(fds[1]);
	fds[1] = kcmap_fast(key_size, value_size);
	close(fds[0]);
	fds[0] = kcmap_fast(key_size, value_size);
	fd = bench_open();
	CHECK_OK(ioctl(fd, KCMAP_BENCH_SETUP, &setup));
	run.threads = 3;
	CHECK_ERRNO(ioctl(fd, KCMAP_BENCH_RUN, &run), EINVAL);

	setup.engine = BENCH_BPF_HASH;
	setup.tables = 1;
	close(fds[0]);
	fds[0] = bpf_map(key_size, value_size);
	REQUIRE(fds[0] >= 0);
	/* Alone: its elements are reused at once, under readers' eyes. */
	check_engine(&setup, 1);
}

TEST(samples_of_8_byte_keys)
{
	check_sizes(8, 8);
}

TEST(samples_of_40_byte_keys)
{
	check_sizes(40, 32);
}

int main(int argc, char **argv)
{
	int failed;

	if (system("modprobe kcmap_bench")) {
		printf("Bail out! no kcmap_bench\n");
		return 1;
	}
	failed = tap_main(argc, argv);
	/* It uses kcmap, which others unload; and nothing has it open. */
	return system("rmmod kcmap_bench") || failed;
}
