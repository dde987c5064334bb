// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has kcmap_bench measure one table after another, in turns, and prints a line
 * of JSON for each sample. Usage: runner [BENCH]
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/kcmap.h>

#include "kcmap_bench.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define REPEATS 7
/* Of 7.3: the system's header may be older. */
#define MAP_TYPE_RHASH 35

static const char *const engine_names[BENCH_ENGINES] = {
	"kcmap", "rhashtable", "bpf_hash", "bpf_rhash", "flat",
};

static const char *const bench_names[BENCHES] = {
	"lookup_hit", "lookup_miss", "lookup_dependent", "lookup_bulk32",
	"update",     "insert",	     "delete",
};

static const unsigned int sizes[] = { 4096, 65536, 1 << 20, 1 << 22 };

static const char *only;
static char kernel[sizeof(((struct utsname *)0)->release)];

/* Makes the map that an engine needs, if it needs one. */
static int make_map(unsigned int engine, unsigned int entries)
{
	struct kcmap_create create = { .size = sizeof(create) };
	union bpf_attr attr;
	int ctl, fd = -1;

	entries += BENCH_EXTRA(entries);
	if (engine == BENCH_KCMAP) {
		create.flags = KCMAP_F_ANON | KCMAP_F_HASH_FAST;
		create.max_entries = entries;
		create.key_size = 8;
		create.value_size = 8;
		create.uid = KCMAP_ID_SELF;
		create.gid = KCMAP_ID_SELF;
		ctl = open("/dev/kcmap/control", O_RDWR | O_CLOEXEC);
		if (ctl >= 0 && !ioctl(ctl, KCMAP_CTL_CREATE, &create))
			fd = create.fd;
		close(ctl);
	} else if (engine == BENCH_BPF_HASH || engine == BENCH_BPF_RHASH) {
		memset(&attr, 0, sizeof(attr));
		attr.map_type = BPF_MAP_TYPE_HASH;
		if (engine == BENCH_BPF_RHASH) {
			attr.map_type = MAP_TYPE_RHASH;
			attr.map_flags = BPF_F_NO_PREALLOC;
		}
		attr.key_size = 8;
		attr.value_size = 8;
		attr.max_entries = entries;
		fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	} else {
		return -1;
	}
	if (fd < 0)
		fprintf(stderr, "# %s: no map: %s\n", engine_names[engine],
			strerror(errno));
	return fd;
}

/* A descriptor of a filled table, or -1. */
static int make_table(unsigned int engine, unsigned int entries)
{
	struct kcmap_bench_setup setup = {
		.engine = engine,
		.entries = entries,
		.fd = make_map(engine, entries),
	};
	int fd = open("/dev/kcmap_bench", O_RDWR | O_CLOEXEC);

	fprintf(stderr, "# filling %s with %u\n", engine_names[engine],
		entries);
	if (fd < 0 || ioctl(fd, KCMAP_BENCH_SETUP, &setup)) {
		fprintf(stderr, "# %s is left out: %s\n", engine_names[engine],
			strerror(errno));
		close(fd);
		fd = -1;
	}
	close(setup.fd);
	return fd;
}

/* What the bars need: hits at every size, the rest at 1 Mi. */
static int wanted(unsigned int bench, unsigned int entries,
		  unsigned int threads)
{
	if (only && strcmp(only, bench_names[bench]))
		return 0;
	if (bench == BENCH_LOOKUP_HIT)
		return 1;
	return entries == 1 << 20 && threads == 1;
}

/*
 * The allocator of BPF RHASH is refilled at the tick where a CPU cannot interrupt
 * itself, as in user-mode Linux: nearly all inserts would fail.
 */
static int possible(unsigned int engine, unsigned int bench)
{
	return engine != BENCH_BPF_RHASH ||
	       (bench != BENCH_INSERT && bench != BENCH_DELETE);
}

static unsigned int operations(unsigned int bench)
{
	return bench >= BENCH_UPDATE ? 1 << 17 : 1 << 19;
}

static int measure(int fd, unsigned int engine, unsigned int bench,
		   unsigned int entries, unsigned int threads,
		   unsigned int repeat)
{
	struct kcmap_bench_run run = {
		.bench = bench,
		.threads = threads,
		.ops = operations(bench),
	};
	double loop, ns;

	if (ioctl(fd, KCMAP_BENCH_RUN, &run)) {
		if (errno == EOPNOTSUPP)
			return 0;
		fprintf(stderr, "# %s %s: %s\n", engine_names[engine],
			bench_names[bench], strerror(errno));
		return 1;
	}
	if (run.errors) {
		fprintf(stderr, "# %s %s: %" PRIu64 " wrong answers\n",
			engine_names[engine], bench_names[bench],
			(uint64_t)run.errors);
		return 1;
	}
	loop = (double)run.loop_ns / run.loop_ops;
	ns = (double)run.ns / run.done - loop;
	printf("{\"bench\":\"%s\",\"engine\":\"%s\",\"hash\":%s,",
	       bench_names[bench], engine_names[engine],
	       engine == BENCH_BPF_HASH || engine == BENCH_BPF_RHASH ?
		       "\"jhash\"" :
		       "\"fast\"");
	printf("\"entries\":%u,\"key_size\":8,\"value_size\":8,", entries);
	printf("\"threads\":%u,\"dist\":\"uniform\",\"ns_per_op\":%.2f,",
	       threads, ns);
	printf("\"loop_ns\":%.2f,\"ops_per_s\":%.0f,\"repeat\":%u,", loop,
	       threads * 1e9 / (ns > 0.01 ? ns : 0.01), repeat);
	printf("\"kernel\":\"%s\"}\n", kernel);
	return 0;
}

static int measure_size(unsigned int entries)
{
	unsigned int engine, bench, threads, repeat;
	int fd[BENCH_ENGINES], bad = 0;

	for (engine = 0; engine < BENCH_ENGINES; engine++)
		fd[engine] = make_table(engine, entries);
	/* Tables that grow by themselves may be at it still. */
	sleep(1);
	for (repeat = 0; repeat < REPEATS; repeat++) {
		fprintf(stderr, "# %u entries, repeat %u of %u\n", entries,
			repeat + 1, REPEATS);
		for (threads = 1; threads <= 2; threads++)
			for (bench = 0; bench < BENCHES; bench++)
				for (engine = 0; engine < BENCH_ENGINES;
				     engine++)
					if (fd[engine] >= 0 &&
					    possible(engine, bench) &&
					    wanted(bench, entries, threads))
						bad |= measure(fd[engine],
							       engine, bench,
							       entries, threads,
							       repeat);
	}
	for (engine = 0; engine < BENCH_ENGINES; engine++)
		close(fd[engine]);
	return bad;
}

int main(int argc, char **argv)
{
	struct utsname name;
	unsigned int i;
	int bad = 0;

	if (argc > 1 && *argv[1]) {
		only = argv[1];
		for (i = 0; i < BENCHES; i++)
			if (!strcmp(only, bench_names[i]))
				break;
		if (i == BENCHES) {
			fprintf(stderr, "no such bench: %s\n", only);
			return 2;
		}
	}
	uname(&name);
	snprintf(kernel, sizeof(kernel), "%s", name.release);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (!only || !strcmp(only, "lookup_hit") || sizes[i] == 1 << 20)
			bad |= measure_size(sizes[i]);
	return bad;
}
