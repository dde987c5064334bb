// SPDX-License-Identifier: GPL-2.0-only
/* A measurement as a line of JSON. */
#include <sys/utsname.h>

#include "runner.h"

/**
 * sample_of() - a sample of which nothing is measured yet
 * @bench: name
 * @contender: what is measured
 * @shape: of its table
 * @threads: that measure
 * @repeat: which one
 */
struct sample sample_of(const char *bench, const struct contender *contender,
			const struct shape *shape, unsigned int threads,
			unsigned int repeat)
{
	struct sample sample = {
		.bench = bench,
		.contender = contender,
		.shape = *shape,
		.threads = threads,
		.repeat = repeat,
		.read_pct = -1,
		.ns_per_op = NAN,
		.loop_ns = NAN,
		.p50_ns = NAN,
		.p99_ns = NAN,
		.p9999_ns = NAN,
		.max_ns = NAN,
		.bytes_per_entry = NAN,
	};

	return sample;
}

static void text(const char *name, const char *value)
{
	if (value)
		printf("\"%s\":\"%s\",", name, value);
}

static void number(const char *name, double value)
{
	if (!isnan(value))
		printf("\"%s\":%.2f,", name, value);
}

void sample_print(const struct sample *s)
{
	static struct utsname name;

	if (!*name.release)
		uname(&name);
	printf("{\"bench\":\"%s\",\"engine\":\"%s\",", s->bench,
	       s->contender->name);
	text("hash", s->contender->hash);
	printf("\"entries\":%u,\"key_size\":%u,\"value_size\":%u,",
	       s->shape.entries, s->shape.key_size, s->shape.value_size);
	printf("\"threads\":%u,", s->threads);
	if (s->read_pct >= 0)
		printf("\"read_pct\":%d,", s->read_pct);
	text("dist", s->dist);
	number("ns_per_op", s->ns_per_op);
	number("loop_ns", s->loop_ns);
	/* A loop that takes no longer than an empty one has no speed. */
	if (s->ns_per_op > 0.01)
		number("ops_per_s", s->threads * 1e9 / s->ns_per_op);
	number("p50_ns", s->p50_ns);
	number("p99_ns", s->p99_ns);
	number("p9999_ns", s->p9999_ns);
	number("max_ns", s->max_ns);
	number("bytes_per_entry", s->bytes_per_entry);
	printf("\"repeat\":%u,\"kernel\":\"%s\"}\n", s->repeat, name.release);
	fflush(stdout);
}
