// SPDX-License-Identifier: GPL-2.0-only
/* Latencies of single operations, and what the machine alone does to such times. */
#include <linux/sched.h>
#include <linux/slab.h>

#include "latency.h"

/* Operations between two chances for others to run. */
#define TIMED_CHUNK 1024

struct bench_timing {
	struct bench_job job;
	struct kcmap_bench_timed *args;
	const struct bench_engine *engine, *empty;
	bool done;
	struct bench_histogram histogram;
	struct bench_thread thread[];
};

static void timed_pass(struct bench_timing *timing,
		       const struct bench_engine *engine, u64 limit,
		       struct kcmap_bench_latency *latency)
{
	u64 end = ktime_get_ns() + limit;

	bench_histogram_begin(&timing->histogram);
	while (ktime_get_ns() < end && !READ_ONCE(timing->job.stop)) {
		bench_timed(&timing->histogram, engine, &timing->thread[0],
			    timing->args->bench, TIMED_CHUNK);
		cond_resched();
	}
	bench_histogram_end(&timing->histogram, latency);
}

/* The first thread is timed, and the others do the same until it is done. */
static void timed_worker(struct bench_job *job, unsigned int number)
{
	struct bench_timing *timing =
		container_of(job, struct bench_timing, job);
	struct kcmap_bench_timed *args = timing->args;
	u64 limit = (u64)args->ms * NSEC_PER_MSEC;

	bench_together(job, 1);
	while (number && !READ_ONCE(timing->done) && !READ_ONCE(job->stop)) {
		timing->engine->loop(&timing->thread[number], args->bench,
				     TIMED_CHUNK);
		cond_resched();
	}
	if (number)
		return;
	timed_pass(timing, timing->empty, limit / 8, &args->loop_latency);
	/* It finds nothing, and says so. */
	timing->thread[0].errors = 0;
	/* Caches are to hold what this engine left there, as in bench_worker(). */
	timed_pass(timing, timing->engine, limit / 8, &args->latency);
	timed_pass(timing, timing->engine, limit, &args->latency);
	WRITE_ONCE(timing->done, true);
}

/**
 * bench_time() - time single operations on a filled table
 * @session: engine and tables
 * @args: what to time, and results
 *
 * Context: process; may be killed.
 * Return: 0; -EINTR; -ENOMEM; -EINVAL: not so many CPUs.
 */
int bench_time(struct bench_session *session, struct kcmap_bench_timed *args)
{
	struct bench_timing *timing;
	struct bench_thread *thread;
	unsigned int i;
	int rc;

	timing =
		kzalloc(struct_size(timing, thread, args->threads), GFP_KERNEL);
	if (!timing)
		return -ENOMEM;
	timing->job.fn = timed_worker;
	timing->args = args;
	timing->engine = session->engine;
	timing->empty = session->empty;
	for (i = 0; i < args->threads; i++) {
		thread = &timing->thread[i];
		thread->table = session->table[i % session->tables];
		thread->entries = session->entries;
		thread->read_pct = args->read_pct;
		thread->dist = args->dist;
		thread->random = ktime_get_ns() + i;
	}
	rc = bench_threads(&timing->job, args->threads);
	for (i = 0; i < args->threads; i++)
		args->errors += timing->thread[i].errors;
	kfree(timing);
	return rc;
}

struct bench_jitter {
	struct bench_job job;
	u32 ms;
	struct bench_histogram histogram;
};

static void jitter_worker(struct bench_job *job, unsigned int number)
{
	struct bench_jitter *jitter =
		container_of(job, struct bench_jitter, job);
	u64 end = ktime_get_ns() + (u64)jitter->ms * NSEC_PER_MSEC;
	struct bench_thread thread = { .entries = 1 };

	bench_histogram_begin(&jitter->histogram);
	while (ktime_get_ns() < end && !READ_ONCE(job->stop)) {
		bench_timed(&jitter->histogram, &bench_empty, &thread,
			    BENCH_INSERT, TIMED_CHUNK);
		cond_resched();
	}
}

/**
 * bench_jitter() - time nothing at all, as inserts are timed
 * @args: for how long; results
 *
 * Context: process; may be killed.
 * Return: 0; -EINTR; -ENOMEM.
 */
int bench_jitter(struct kcmap_bench_jitter *args)
{
	struct bench_jitter *jitter = kzalloc(sizeof(*jitter), GFP_KERNEL);
	int rc;

	if (!jitter)
		return -ENOMEM;
	jitter->job.fn = jitter_worker;
	jitter->ms = args->ms;
	rc = bench_threads(&jitter->job, 1);
	if (!rc)
		bench_histogram_end(&jitter->histogram, &args->latency);
	kfree(jitter);
	return rc;
}
