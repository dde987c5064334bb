// SPDX-License-Identifier: MIT
/* One sample of one bench on one table. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "bench.h"

#define SAMPLE_MS 80

/* The empty loops of several threads at once: what they needed, and took. */
static double loop_needed, loop_took;

/* Net of @loop, what the timer alone takes. */
static double net(uint64_t ns, uint64_t loop)
{
	return ns > loop ? ns - loop : 0;
}

static uint64_t run(int fd, const struct row *row, struct sample *sample)
{
	struct kcmap_bench_run run = {
		.bench = row->bench,
		.threads = sample->threads,
		.ms = SAMPLE_MS,
		.read_pct = row->read_pct,
		.dist = row->dist,
	};

	if (ioctl(fd, KCMAP_BENCH_RUN, &run))
		return UINT64_MAX;
	if (run.threads > 1) {
		loop_needed += run.loop_ns;
		loop_took += run.loop_took;
	}
	sample->loop_ns = (double)run.loop_ns / run.loop_ops;
	sample->ns_per_op = (double)run.ns / run.done - sample->loop_ns;
	return run.errors;
}

static uint64_t timed(int fd, const struct row *row, struct sample *sample)
{
	struct kcmap_bench_timed timed = {
		.bench = row->bench,
		.threads = sample->threads,
		.ms = SAMPLE_MS,
		.read_pct = row->read_pct,
		.dist = row->dist,
	};

	if (ioctl(fd, KCMAP_BENCH_TIMED, &timed))
		return UINT64_MAX;
	sample->loop_ns = timed.loop_latency.p50_ns;
	sample->p50_ns = net(timed.latency.p50_ns, timed.loop_latency.p50_ns);
	sample->p99_ns = net(timed.latency.p99_ns, timed.loop_latency.p50_ns);
	sample->p9999_ns =
		net(timed.latency.p9999_ns, timed.loop_latency.p50_ns);
	sample->max_ns = net(timed.latency.max_ns, timed.loop_latency.p50_ns);
	return timed.errors;
}

/*
 * BPF HASH updates by another element, and reuses the old one at once: a reader
 * that has just found that gets the value of another key. That is how it is used.
 */
static bool may_err(const struct contender *contender, const struct row *row,
		    unsigned int threads)
{
	return contender->engine == BENCH_BPF_HASH && row->bench == BENCH_MIX &&
	       threads > 1;
}

/**
 * measure() - measure a bench once
 * @fd: table
 * @contender: what it is
 * @row: bench
 * @shape: of the table
 * @threads: how many
 * @repeat: which one
 *
 * Return: false after a message.
 */
bool measure(int fd, const struct contender *contender, const struct row *row,
	     const struct shape *shape, unsigned int threads,
	     unsigned int repeat)
{
	struct sample sample =
		sample_of(row->name, contender, shape, threads, repeat);
	uint64_t errors;

	if (row->bench == BENCH_MIX)
		sample.read_pct = row->read_pct;
	if (row->bench != BENCH_INSERT && row->bench != BENCH_DELETE)
		sample.dist = row->dist == BENCH_ZIPF ? "zipf" : "uniform";
	errors = row->timed ? timed(fd, row, &sample) : run(fd, row, &sample);
	if (errors == UINT64_MAX) {
		if (errno == EOPNOTSUPP)
			return true;
		bench_say("%s %s: %s", contender->name, row->name,
			  strerror(errno));
		return false;
	}
	if (errors)
		bench_say("%s %s: %" PRIu64 " wrong answers", contender->name,
			  row->name, errors);
	if (errors && !may_err(contender, row, threads))
		return false;
	sample_add(&sample);
	return true;
}

/* Whether threads that ran at once really did. */
void measure_summary(void)
{
	if (loop_took > 0)
		bench_say("threads at once had %.0f%% of their CPUs%s",
			  100 * loop_needed / loop_took,
			  loop_needed < 0.8 * loop_took ?
				  ": how they scale is not to be trusted" :
				  "");
}
