// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has kcmap_bench measure one table after another, in turns, and prints a line
 * of JSON for each sample. Usage: runner [BENCH]
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "runner.h"

#define REPEATS 7
/* These differ less from one time to the next. */
#define MEMORY_REPEATS 5
#define GROW_REPEATS 5
#define THREADS 2
#define SAMPLE_MS 80

static const struct contender contenders[] = {
	{ "kcmap", "fast", BENCH_KCMAP },
	{ "private", "fast", BENCH_PRIVATE },
	{ "rhashtable", "fast", BENCH_RHASHTABLE },
	{ "bpf_hash", "jhash", BENCH_BPF_HASH },
	{ "bpf_rhash", "jhash", BENCH_BPF_RHASH },
	{ "flat", "fast", BENCH_FLAT },
};

#define CONTENDERS ARRAY_SIZE(contenders)

static const char *const bench_names[BENCHES] = {
	"lookup_hit", "lookup_miss", "lookup_dependent", "lookup_bulk32",
	"update",     "insert",	     "delete",
};

static const struct shape shapes[] = {
	{ 4096, 8, 8 },
	{ 65536, 8, 8 },
	{ 1 << 20, 8, 8 },
	{ 1 << 22, 8, 8 },
};

static const char *only;

/* The empty loops of several threads at once: what they needed, and took. */
static double loop_needed, loop_took;

/*
 * The tables of "private" are as large as the shared one. While both are small
 * enough for the caches, the one thing that then differs is that a table is
 * shared: that compares scaling. At 1 Mi the two compete for the last level of
 * cache, and private tables look worse than they are.
 */
static bool private_wanted(unsigned int bench, const struct shape *shape)
{
	return bench == BENCH_LOOKUP_HIT && shape->entries <= 1 << 20;
}

/*
 * The allocator of BPF RHASH is refilled at the tick where a CPU cannot interrupt
 * itself, as in user-mode Linux: nearly all inserts would fail.
 */
static bool possible(const struct contender *contender, unsigned int bench)
{
	return contender->engine != BENCH_BPF_RHASH ||
	       (bench != BENCH_INSERT && bench != BENCH_DELETE);
}

/* What the bars need: hits at every size, the rest at 1 Mi. */
static bool wanted(const struct contender *contender, unsigned int bench,
		   const struct shape *shape, unsigned int threads)
{
	if (only && strcmp(only, bench_names[bench]))
		return false;
	if (!possible(contender, bench))
		return false;
	if (contender->engine == BENCH_PRIVATE && !private_wanted(bench, shape))
		return false;
	if (threads > 1)
		return private_wanted(bench, shape) &&
		       (contender->engine == BENCH_KCMAP ||
			contender->engine == BENCH_PRIVATE);
	return bench == BENCH_LOOKUP_HIT || shape->entries == 1 << 20;
}

static bool table_wanted(const struct contender *contender,
			 const struct shape *shape)
{
	unsigned int bench;

	for (bench = 0; bench < BENCHES; bench++)
		if (wanted(contender, bench, shape, 1))
			return true;
	return false;
}

static bool measure(int fd, const struct contender *contender,
		    unsigned int bench, const struct shape *shape,
		    unsigned int threads, unsigned int repeat)
{
	struct sample sample = sample_of(bench_names[bench], contender, shape,
					 threads, repeat);
	struct kcmap_bench_run run = {
		.bench = bench,
		.threads = threads,
		.ms = SAMPLE_MS,
	};

	if (ioctl(fd, KCMAP_BENCH_RUN, &run)) {
		if (errno == EOPNOTSUPP)
			return true;
		fprintf(stderr, "# %s %s: %s\n", contender->name,
			bench_names[bench], strerror(errno));
		return false;
	}
	if (run.errors) {
		fprintf(stderr, "# %s %s: %" PRIu64 " wrong answers\n",
			contender->name, bench_names[bench],
			(uint64_t)run.errors);
		return false;
	}
	if (threads > 1) {
		loop_needed += run.loop_ns;
		loop_took += run.loop_took;
	}
	if (bench != BENCH_INSERT && bench != BENCH_DELETE)
		sample.dist = "uniform";
	sample.loop_ns = (double)run.loop_ns / run.loop_ops;
	sample.ns_per_op = (double)run.ns / run.done - sample.loop_ns;
	sample_print(&sample);
	return true;
}

static bool measure_shape(const struct shape *shape)
{
	unsigned int i, bench, threads, repeat;
	int fd[CONTENDERS], tables = 0;
	bool good = true;

	for (i = 0; i < CONTENDERS; i++) {
		fd[i] = -1;
		if (!table_wanted(&contenders[i], shape))
			continue;
		tables++;
		fprintf(stderr, "# filling %s with %u\n", contenders[i].name,
			shape->entries);
		fd[i] = table_open(&contenders[i], shape,
				   shape->entries + BENCH_EXTRA(shape->entries),
				   THREADS);
	}
	if (!tables)
		return true;
	/* Tables that grow by themselves may be at it still. */
	sleep(1);
	for (repeat = 0; repeat < REPEATS; repeat++) {
		fprintf(stderr, "# %u entries, repeat %u of %u\n",
			shape->entries, repeat + 1, REPEATS);
		for (bench = 0; bench < BENCHES; bench++)
			for (threads = 1; threads <= THREADS; threads++)
				for (i = 0; i < CONTENDERS; i++)
					if (fd[i] >= 0 &&
					    wanted(&contenders[i], bench, shape,
						   threads))
						good &= measure(fd[i],
								&contenders[i],
								bench, shape,
								threads,
								repeat);
	}
	for (i = 0; i < CONTENDERS; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	return good;
}

/* Memory and growth: of kcmap, to which the bars are absolute. */
static bool measure_memory(void)
{
	static const struct shape memory_shapes[] = {
		{ 0, 8, 8 },
		{ 0, 40, 32 },
	};
	unsigned int i, repeat;
	bool good = true;

	for (repeat = 0; repeat < MEMORY_REPEATS; repeat++) {
		fprintf(stderr, "# memory, repeat %u of %u\n", repeat + 1,
			MEMORY_REPEATS);
		for (i = 0; i < ARRAY_SIZE(memory_shapes); i++)
			good &= memory_measure(&contenders[0],
					       &memory_shapes[i], repeat);
	}
	return good;
}

static bool measure_growth(void)
{
	unsigned int repeat;
	bool good = true;

	for (repeat = 0; repeat < GROW_REPEATS; repeat++) {
		fprintf(stderr, "# growth, repeat %u of %u\n", repeat + 1,
			GROW_REPEATS);
		good &= grow_measure(&contenders[0], repeat);
	}
	return good;
}

static bool is_bench(const char *name)
{
	unsigned int i;

	for (i = 0; i < BENCHES; i++)
		if (!strcmp(name, bench_names[i]))
			return true;
	return !strcmp(name, "memory") || !strcmp(name, "grow");
}

int main(int argc, char **argv)
{
	bool good = true;
	unsigned int i;

	if (argc > 1 && *argv[1]) {
		only = argv[1];
		if (!is_bench(only)) {
			fprintf(stderr, "no such bench: %s\n", only);
			return 2;
		}
	}
	/* First, while no other table has left anything behind. */
	if (!only || !strcmp(only, "memory"))
		good &= measure_memory();
	for (i = 0; i < ARRAY_SIZE(shapes); i++)
		good &= measure_shape(&shapes[i]);
	if (!only || !strcmp(only, "grow"))
		good &= measure_growth();
	if (loop_took > 0)
		fprintf(stderr,
			"# %u threads at once had %.0f%% of their CPUs%s\n",
			THREADS, 100 * loop_needed / loop_took,
			loop_needed < 0.8 * loop_took ?
				": how they scale is not to be trusted" :
				"");
	return !good;
}
