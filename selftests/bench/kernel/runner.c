// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has kcmap_bench measure one table after another, in turns, and prints a line
 * of JSON for each sample.
 *
 *	runner [--full] [BENCH]	all but memory
 *	runner --memory ENGINE KEY-SIZE VALUE-SIZE REPEAT
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner.h"

#define REPEATS 7
#define REPEATS_FULL 5
/* These differ less from one time to the next. */
#define REPEATS_LONG 5

static const struct contender contenders[] = {
	{ "kcmap", "fast", BENCH_KCMAP },
	{ "private", "fast", BENCH_PRIVATE },
	{ "rhashtable", "fast", BENCH_RHASHTABLE },
	{ "bpf_hash", "jhash", BENCH_BPF_HASH },
	{ "bpf_rhash", "jhash", BENCH_BPF_RHASH },
	{ "flat", "fast", BENCH_FLAT },
	{ "kcmap", "siphash", BENCH_KCMAP },
};

#define CONTENDERS ARRAY_SIZE(contenders)

static const struct row rows[] = {
	{ .name = "lookup_hit", .bench = BENCH_LOOKUP_HIT },
	{ .name = "lookup_miss", .bench = BENCH_LOOKUP_MISS },
	{ .name = "lookup_dependent", .bench = BENCH_LOOKUP_DEPENDENT },
	{ .name = "lookup_bulk32", .bench = BENCH_LOOKUP_BULK32 },
	{ .name = "update", .bench = BENCH_UPDATE },
	{ .name = "insert", .bench = BENCH_INSERT },
	{ .name = "delete", .bench = BENCH_DELETE },
	{ .name = "mix", .bench = BENCH_MIX, .read_pct = 50 },
	{ .name = "mix", .bench = BENCH_MIX, .read_pct = 90 },
	{ .name = "mix", .bench = BENCH_MIX, .read_pct = 99 },
	{ .name = "mix",
	  .bench = BENCH_MIX,
	  .read_pct = 50,
	  .dist = BENCH_ZIPF },
	{ .name = "mix",
	  .bench = BENCH_MIX,
	  .read_pct = 90,
	  .dist = BENCH_ZIPF },
	{ .name = "mix",
	  .bench = BENCH_MIX,
	  .read_pct = 99,
	  .dist = BENCH_ZIPF },
	{ .name = "lookup_hit", .bench = BENCH_LOOKUP_HIT, .timed = true },
	{ .name = "update", .bench = BENCH_UPDATE, .timed = true },
};

static const struct shape shapes[] = {
	{ 4096, 8, 8 },	   { 65536, 8, 8 },	{ 734003, 8, 8 },
	{ 1 << 20, 8, 8 }, { 1415578, 8, 8 },	{ 1 << 22, 8, 8 },
	{ 65536, 40, 32 }, { 1 << 20, 40, 32 },
};

static const char *only;
static bool full;

/* Whether it makes sense, and somebody wants to know. */
static bool possible(const struct contender *contender, const struct row *row,
		     const struct shape *shape, unsigned int threads)
{
	bool in_out = row->bench == BENCH_INSERT || row->bench == BENCH_DELETE;

	/* Threads would insert the same keys. */
	if (in_out && threads > 1)
		return false;
	switch (contender->engine) {
	case BENCH_PRIVATE:
		/*
		 * Its tables are as large as the shared one. While both are small
		 * enough for the caches, the one thing that then differs is that
		 * a table is shared: that compares scaling. At 1 Mi the two
		 * compete for the last level of cache, and private tables look
		 * worse than they are.
		 */
		return row->bench == BENCH_LOOKUP_HIT && !row->timed &&
		       shape->entries <= 1 << 20 && shape->key_size == 8;
	case BENCH_BPF_RHASH:
		/*
		 * Its allocator is refilled at the tick where a CPU cannot
		 * interrupt itself, as in user-mode Linux: nearly all inserts
		 * would fail.
		 */
		return !in_out;
	case BENCH_FLAT:
		return shape->key_size == 8;
	}
	return true;
}

/* What the bars need: hits at every size, the rest at 1 Mi. */
static bool in_bars(const struct contender *contender, const struct row *row,
		    const struct shape *shape, unsigned int threads)
{
	if (!strcmp(contender->hash, "siphash") || shape->key_size != 8 ||
	    (shape->entries & (shape->entries - 1)) || row->timed)
		return false;
	if (threads > 1)
		return row->bench == BENCH_LOOKUP_HIT &&
		       shape->entries <= 1 << 20 &&
		       contender->engine <= BENCH_PRIVATE;
	switch (row->bench) {
	case BENCH_LOOKUP_HIT:
		return true;
	case BENCH_LOOKUP_BULK32:
	case BENCH_UPDATE:
	case BENCH_INSERT:
	case BENCH_DELETE:
		return shape->entries == 1 << 20;
	}
	/* No bar, but asked for. */
	return only && shape->entries == 1 << 20;
}

static bool wanted(const struct contender *contender, const struct row *row,
		   const struct shape *shape, unsigned int threads)
{
	return (!only || !strcmp(only, row->name)) &&
	       possible(contender, row, shape, threads) &&
	       (full || in_bars(contender, row, shape, threads));
}

static bool table_wanted(const struct contender *contender,
			 const struct shape *shape)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (wanted(contender, &rows[i], shape, 1))
			return true;
	return false;
}

static bool measure_once(const int fd[], const struct shape *shape,
			 unsigned int repeat)
{
	unsigned int i, row, threads;
	bool good = true;

	/* The contenders take turns, one right after another. */
	for (row = 0; row < ARRAY_SIZE(rows); row++)
		for (threads = 1; threads <= THREADS; threads++)
			for (i = 0; i < CONTENDERS; i++)
				if (fd[i] >= 0 &&
				    wanted(&contenders[i], &rows[row], shape,
					   threads))
					good &= measure(fd[i], &contenders[i],
							&rows[row], shape,
							threads, repeat);
	return good;
}

static bool measure_shape(const struct shape *shape)
{
	unsigned int i, repeat, repeats = full ? REPEATS_FULL : REPEATS;
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
	for (repeat = 0; repeat < repeats; repeat++) {
		fprintf(stderr,
			"# %u entries of %u and %u bytes, repeat %u of %u\n",
			shape->entries, shape->key_size, shape->value_size,
			repeat + 1, repeats);
		good &= measure_once(fd, shape, repeat);
	}
	for (i = 0; i < CONTENDERS; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	return good;
}

/* Arguments: engine, sizes of key and value, repeat. */
static bool measure_memory(char **argv)
{
	const struct shape shape = { 0, atoi(argv[1]), atoi(argv[2]) };
	unsigned int i;

	for (i = 0; i < CONTENDERS; i++)
		if (!strcmp(argv[0], contenders[i].name))
			return memory_measure(&contenders[i], &shape,
					      atoi(argv[3]));
	return false;
}

/* The bar for growth is kcmap's own; a peer is for comparison. */
static bool measure_growth(void)
{
	unsigned int i, repeat;
	bool good = true;

	for (repeat = 0; repeat < REPEATS_LONG; repeat++) {
		fprintf(stderr, "# growth, repeat %u of %u\n", repeat + 1,
			REPEATS_LONG);
		for (i = 0; i < CONTENDERS; i++)
			if (i == 0 ||
			    (full && contenders[i].engine == BENCH_RHASHTABLE))
				good &= grow_measure(&contenders[i], repeat);
	}
	return good;
}

static bool is_bench(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(name, rows[i].name))
			return true;
	return !strcmp(name, "grow");
}

int main(int argc, char **argv)
{
	bool good = true;
	unsigned int i;

	if (argc == 6 && !strcmp(argv[1], "--memory"))
		return !measure_memory(argv + 2);
	if (argc > 1 && !strcmp(argv[1], "--full")) {
		full = true;
		argc--;
		argv++;
	}
	if (argc > 1) {
		only = argv[1];
		if (!is_bench(only)) {
			fprintf(stderr, "no such bench: %s\n", only);
			return 2;
		}
	}
	for (i = 0; i < ARRAY_SIZE(shapes); i++)
		good &= measure_shape(&shapes[i]);
	if (!only || !strcmp(only, "grow"))
		good &= measure_growth();
	measure_summary();
	return !good;
}
