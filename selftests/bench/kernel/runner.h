/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the runner share. */
#ifndef RUNNER_H
#define RUNNER_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "kcmap_bench.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Most threads that measure at once. */
#define THREADS 2

/* What is measured against each other. */
struct contender {
	const char *name;
	const char *hash; /* NULL: none */
	unsigned int engine;
};

/* What they are measured by. */
struct row {
	const char *name;
	unsigned int bench, read_pct, dist;
	bool timed;
};

/* What a table holds. */
struct shape {
	unsigned int entries, key_size, value_size;
};

/* A line of the results. NAN, NULL and -1 stand for what makes no sense there. */
struct sample {
	const char *bench;
	const struct contender *contender;
	struct shape shape;
	unsigned int threads, repeat;
	int read_pct;
	const char *dist;
	double ns_per_op, loop_ns;
	double p50_ns, p99_ns, p9999_ns, max_ns;
	double bytes_per_entry;
};

/* sample.c */
struct sample sample_of(const char *bench, const struct contender *contender,
			const struct shape *shape, unsigned int threads,
			unsigned int repeat);
void sample_print(const struct sample *sample);

/* tables.c */
int table_open(const struct contender *contender, const struct shape *shape,
	       unsigned int capacity, unsigned int threads);

/* measure.c */
bool measure(int fd, const struct contender *contender, const struct row *row,
	     const struct shape *shape, unsigned int threads,
	     unsigned int repeat);
void measure_summary(void);

/* memory.c, grow.c; false: a wrong answer, after a message */
bool memory_measure(const struct contender *contender,
		    const struct shape *shape, unsigned int repeat);
bool grow_measure(const struct contender *contender, unsigned int repeat);

#endif /* RUNNER_H */
