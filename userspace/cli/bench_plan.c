// SPDX-License-Identifier: MIT
/* What is measured, in which order, and how often. */
#include <string.h>
#include <unistd.h>

#include "bench.h"

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

static const struct contender *const kcmap = &contenders[0];

static const struct row rows[] = {
	{ .name = "lookup_hit", .bench = BENCH_LOOKUP_HIT },
	{ .name = "lookup_miss", .bench = BENCH_LOOKUP_MISS },
	{ .name = "lookup_dependent", .bench = BENCH_LOOKUP_DEPENDENT },
	{ .name = "lookup_bulk32", .bench = BENCH_LOOKUP_BULK32 },
	{ .name = "view_lookup",
	  .reader = READER_VIEW,
	  .bench = BENCH_LOOKUP_HIT },
	{ .name = "snapshot_lookup",
	  .reader = READER_SNAPSHOT,
	  .bench = BENCH_LOOKUP_HIT },
	{ .name = "view_bulk32",
	  .reader = READER_VIEW_BULK,
	  .bench = BENCH_LOOKUP_BULK32 },
	{ .name = "syscall_lookup",
	  .reader = READER_SYSCALL,
	  .bench = BENCH_LOOKUP_HIT },
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

/* Whether it makes sense, and somebody wants to know. */
static bool possible(const struct contender *contender, const struct row *row,
		     const struct shape *shape, unsigned int threads)
{
	bool in_out = row->bench == BENCH_INSERT || row->bench == BENCH_DELETE;

	/* Threads would insert the same keys. */
	if (in_out && threads > 1)
		return false;
	/* Processes share nothing that they write to; images are kcmap's alone. */
	if (row->reader && (threads > 1 || shape->key_size != 8 ||
			    (contender->engine != BENCH_KCMAP &&
			     (contender->engine != BENCH_BPF_HASH ||
			      row->reader != READER_SYSCALL))))
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
	bool sip = !strcmp(contender->hash, "siphash");

	if (shape->key_size != 8 || (shape->entries & (shape->entries - 1)) ||
	    row->timed)
		return false;
	/* What a process reads is hashed with SipHash unless somebody chose not to. */
	if (sip && (threads > 1 || shape->entries > 1 << 20 ||
		    row->bench > BENCH_LOOKUP_BULK32))
		return false;
	if (threads > 1)
		return row->bench == BENCH_LOOKUP_HIT &&
		       shape->entries <= 1 << 20 &&
		       contender->engine <= BENCH_PRIVATE;
	switch (row->bench) {
	case BENCH_LOOKUP_HIT:
		return true;
	case BENCH_LOOKUP_BULK32:
		return shape->entries == 1 << 20 ||
		       contender->engine == BENCH_KCMAP;
	case BENCH_UPDATE:
	case BENCH_INSERT:
	case BENCH_DELETE:
		return shape->entries == 1 << 20;
	}
	/* No bar, but asked for. */
	return bench_config.bench && shape->entries == 1 << 20;
}

static bool engine_wanted(const struct contender *contender)
{
	return !bench_config.engine ||
	       !strcmp(bench_config.engine, contender->name);
}

static bool bench_wanted(const char *name)
{
	return !bench_config.bench || !strcmp(bench_config.bench, name);
}

static bool shape_wanted(const struct shape *shape)
{
	if (bench_config.key_size)
		return shape->key_size == bench_config.key_size;
	return shape->key_size == 8 || bench_config.full;
}

/* Who asks for a size wants to see all that there is of it. */
static bool wanted(const struct contender *contender, const struct row *row,
		   const struct shape *shape, unsigned int threads)
{
	return engine_wanted(contender) && bench_wanted(row->name) &&
	       shape_wanted(shape) &&
	       possible(contender, row, shape, threads) &&
	       (bench_config.full || bench_config.entries ||
		bench_config.key_size == 40 ||
		in_bars(contender, row, shape, threads));
}

static unsigned int repeats(unsigned int usual)
{
	return bench_config.repeats ?: usual;
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

/* One, then all; 0: that was it. */
static unsigned int more_threads(unsigned int threads)
{
	return threads < bench_config.threads ? bench_config.threads : 0;
}

static bool measure_row(int fd, int map, const struct contender *contender,
			const struct row *row, const struct shape *shape,
			unsigned int threads, unsigned int repeat)
{
	if (row->reader)
		return read_measure(map, contender, row, shape, repeat);
	return measure(fd, contender, row, shape, threads, repeat);
}

static bool measure_once(const int fd[], const int map[],
			 const struct shape *shape, unsigned int repeat)
{
	unsigned int i, row, threads;
	bool good = true;

	/* The contenders take turns, one right after another. */
	for (row = 0; row < ARRAY_SIZE(rows); row++)
		for (threads = 1; threads; threads = more_threads(threads))
			for (i = 0; i < CONTENDERS; i++)
				if (fd[i] >= 0 &&
				    wanted(&contenders[i], &rows[row], shape,
					   threads))
					good &= measure_row(fd[i], map[i],
							    &contenders[i],
							    &rows[row], shape,
							    threads, repeat);
	return good;
}

static bool measure_shape(const struct shape *shape)
{
	unsigned int n = repeats(bench_config.full ? REPEATS_FULL : REPEATS);
	unsigned int i, repeat;
	int fd[CONTENDERS], map[CONTENDERS], tables = 0;
	bool good = true;

	for (i = 0; i < CONTENDERS; i++) {
		fd[i] = -1;
		if (!table_wanted(&contenders[i], shape))
			continue;
		tables++;
		bench_progress("filling %s with %u", contenders[i].name,
			       shape->entries);
		fd[i] = table_open(&contenders[i], shape,
				   shape->entries + BENCH_EXTRA(shape->entries),
				   bench_config.threads, &map[i]);
	}
	if (!tables)
		return true;
	/* Tables that grow by themselves may be at it still. */
	sleep(1);
	for (repeat = 0; repeat < n; repeat++) {
		bench_progress("%u entries of %u and %u bytes, repeat %u of %u",
			       shape->entries, shape->key_size,
			       shape->value_size, repeat + 1, n);
		good &= measure_once(fd, map, shape, repeat);
	}
	for (i = 0; i < CONTENDERS; i++)
		if (fd[i] >= 0) {
			close(fd[i]);
			close(map[i]);
		}
	samples_print();
	return good;
}

/* The bar for growth is kcmap's own; a peer is for comparison. */
static bool grows(const struct contender *contender)
{
	return engine_wanted(contender) &&
	       (contender == kcmap ||
		(contender->engine == BENCH_RHASHTABLE &&
		 (bench_config.full || bench_config.engine)));
}

/* One table, since a kernel has but one first. */
static bool measure_memory(void)
{
	const struct shape shape = {
		.key_size = bench_config.key_size ?: 8,
		.value_size = bench_config.key_size == 40 ? 32 : 8,
	};
	unsigned int i = 0;

	while (!engine_wanted(&contenders[i]))
		i++;
	bench_progress("memory of %s, keys of %u bytes", contenders[i].name,
		       shape.key_size);
	return memory_measure(&contenders[i], &shape);
}

static bool measure_growth(void)
{
	unsigned int n = repeats(REPEATS_LONG), i, repeat;
	const struct contender *c;
	bool good = true;

	for (repeat = 0; repeat < n; repeat++) {
		bench_progress("growth, repeat %u of %u", repeat + 1, n);
		for (i = 0; i < CONTENDERS; i++) {
			c = &contenders[i];
			if (grows(c))
				good &= grow_measure(c, repeat);
		}
	}
	samples_print();
	return good;
}

/* The sizes that the bars are about, or the one that was asked for. */
static bool measure_create(void)
{
	static const unsigned int usual[] = { 4096, 65536, 1 << 20, 1 << 22 };
	struct shape shape = { bench_config.entries, 8, 8 };
	unsigned int i, c, sizes = 3 + bench_config.full;
	bool good = true;

	for (i = 0; i < (bench_config.entries ? 1 : sizes); i++) {
		shape.entries = bench_config.entries ?: usual[i];
		for (c = 0; c < CONTENDERS; c++)
			if (engine_wanted(&contenders[c]) &&
			    (&contenders[c] == kcmap ||
			     contenders[c].engine == BENCH_BPF_HASH))
				good &= create_measure(&contenders[c], &shape,
						       repeats(REPEATS_LONG));
	}
	return good;
}

/* What only kcmap has. */
static bool measure_snapshots(void)
{
	const struct shape shape = { bench_config.entries ?: 1 << 20, 8, 8 };
	bool good = true;

	if (bench_wanted("snapshot_create"))
		good &= measure_create();
	if (bench_wanted("snapshot_refresh") && engine_wanted(kcmap))
		good &= refresh_measure(kcmap, &shape, repeats(REPEATS_LONG));
	/* Who takes snapshots needs a CPU, too. */
	if (bench_wanted("snapshot_under_write") && engine_wanted(kcmap))
		good &= taken_measure(kcmap, &shape, 1, true,
				      repeats(REPEATS_LONG));
	samples_print();
	return good;
}

static bool measure_gate(void)
{
	bool good = !engine_wanted(kcmap) ||
		    gate_measure(kcmap, bench_config.threads,
				 repeats(REPEATS_LONG));

	samples_print();
	return good;
}

/**
 * bench_name() - name of a bench
 * @i: which
 *
 * Return: the name; NULL: there are no more.
 */
const char *bench_name(unsigned int i)
{
	static const char *const long_ones[] = {
		"memory",
		"grow",
		"snapshot_create",
		"snapshot_refresh",
		"snapshot_under_write",
		"gate",
	};
	unsigned int row;

	for (row = 0; row < ARRAY_SIZE(rows); row++) {
		/* Some stand there more than once, one after the other. */
		if (row && !strcmp(rows[row].name, rows[row - 1].name))
			continue;
		if (rows[row].timed)
			continue;
		if (!i--)
			return rows[row].name;
	}
	return i < ARRAY_SIZE(long_ones) ? long_ones[i] : NULL;
}

/**
 * bench_engine_name() - name of an engine
 * @i: which
 *
 * Return: the name; NULL: there are no more.
 */
const char *bench_engine_name(unsigned int i)
{
	/* The last is kcmap again, with the other hash. */
	return i < CONTENDERS - 1 ? contenders[i].name : NULL;
}

/**
 * bench_run() - measure what bench_config asks for
 *
 * Return: false if something failed or answered wrongly, after a message.
 */
bool bench_run(void)
{
	const struct shape own[] = {
		{ bench_config.entries, 8, 8 },
		{ bench_config.entries, 40, 32 },
	};
	bool good = true;
	unsigned int i;

	if (bench_config.bench && !strcmp(bench_config.bench, "memory")) {
		good = measure_memory();
		samples_print();
		return good;
	}
	if (bench_config.bench && !strcmp(bench_config.bench, "gate"))
		return measure_gate();
	if (bench_config.entries)
		for (i = 0; i < ARRAY_SIZE(own); i++)
			good &= measure_shape(&own[i]);
	else
		for (i = 0; i < ARRAY_SIZE(shapes); i++)
			good &= measure_shape(&shapes[i]);
	if (bench_wanted("grow") && !bench_config.entries &&
	    bench_config.key_size != 40)
		good &= measure_growth();
	if (bench_config.key_size != 40)
		good &= measure_snapshots();
	measure_summary();
	return good;
}
