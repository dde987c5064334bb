// SPDX-License-Identifier: GPL-2.0-only
/* One bench, in one or several threads. */
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

/* Operations between two looks at the clock: well below a millisecond. */
#define BENCH_CHUNK 1024

struct bench_worker {
	struct bench_thread thread;
	struct bench_bulk bulk;
	u64 ns, ops, loop_ns, loop_ops, loop_took;
};

struct bench_measure {
	struct bench_job job;
	const struct bench_engine *engine, *empty;
	struct kcmap_bench_run *args;
	struct bench_worker *workers;
};

/* At most @nr operations, for @limit; their time is added to @ns. */
static u64 bench_pass(struct bench_measure *measure,
		      struct bench_worker *worker,
		      const struct bench_engine *engine, u32 bench, u64 nr,
		      u64 limit, u64 *ns)
{
	u64 start, done = 0, spent = 0;
	u32 chunk;

	while (done < nr && spent < limit && !READ_ONCE(measure->job.stop)) {
		chunk = min_t(u64, nr - done, BENCH_CHUNK);
		start = ktime_get_ns();
		engine->loop(&worker->thread, bench, chunk);
		spent += ktime_get_ns() - start;
		done += chunk;
		cond_resched();
	}
	*ns += spent;
	return done;
}

/*
 * The empty loop shares nothing and needs no memory: where it takes longer than
 * its fastest chunk, the thread had to wait for its CPU.
 */
static void bench_empty_loop(struct bench_measure *measure,
			     struct bench_worker *worker, u32 bench, u64 limit)
{
	u64 took, best = U64_MAX;

	while (worker->loop_took < limit && !READ_ONCE(measure->job.stop)) {
		took = 0;
		worker->loop_ops += bench_pass(measure, worker, measure->empty,
					       bench, BENCH_CHUNK, limit,
					       &took);
		worker->loop_took += took;
		best = min(best, took);
	}
	worker->loop_ns = worker->loop_ops / BENCH_CHUNK * best;
	/* It finds nothing, and says so. */
	worker->thread.errors = 0;
}

/* Keys beyond those of the table go in and out; one of the two is timed. */
static void bench_in_out(struct bench_measure *measure,
			 struct bench_worker *worker, u64 limit)
{
	const struct bench_engine *engine = measure->engine;
	u32 extra = BENCH_EXTRA(worker->thread.entries);
	bool insert = measure->args->bench == BENCH_INSERT;
	u64 none = 0;

	while (worker->ns < limit && !READ_ONCE(measure->job.stop)) {
		worker->thread.next = worker->thread.entries;
		bench_pass(measure, worker, engine, BENCH_INSERT, extra,
			   U64_MAX, insert ? &worker->ns : &none);
		worker->thread.next = worker->thread.entries;
		bench_pass(measure, worker, engine, BENCH_DELETE, extra,
			   U64_MAX, insert ? &none : &worker->ns);
		worker->ops += extra;
	}
}

static void bench_worker(struct bench_job *job, unsigned int number)
{
	struct bench_measure *measure =
		container_of(job, struct bench_measure, job);
	struct bench_worker *worker = &measure->workers[number];
	u64 limit = (u64)measure->args->ms * NSEC_PER_MSEC;
	u32 bench = measure->args->bench;
	u64 none = 0;

	bench_together(job, 1);
	bench_empty_loop(measure, worker, bench, limit / 8);
	if (bench == BENCH_INSERT || bench == BENCH_DELETE) {
		bench_in_out(measure, worker, limit);
		return;
	}
	/* The engines take turns: this one's lines are not cached. */
	bench_pass(measure, worker, measure->engine, bench, U64_MAX, limit / 8,
		   &none);
	bench_together(job, 2);
	/* By time, not by number: none goes on alone when the others are done. */
	worker->ops = bench_pass(measure, worker, measure->engine, bench,
				 U64_MAX, limit, &worker->ns);
}

/**
 * bench_measure() - run a bench on a filled table
 * @session: engine and tables
 * @args: what to run, and results
 *
 * Context: process; may be killed.
 * Return: 0; -EINTR; -ENOMEM; -EINVAL: not so many CPUs.
 */
int bench_measure(struct bench_session *session, struct kcmap_bench_run *args)
{
	struct bench_measure measure = {
		.job.fn = bench_worker,
		.engine = session->engine,
		.empty = session->empty,
		.args = args,
	};
	struct bench_worker *worker;
	unsigned int i;
	int rc;

	measure.workers =
		kcalloc(args->threads, sizeof(*measure.workers), GFP_KERNEL);
	if (!measure.workers)
		return -ENOMEM;
	for (i = 0; i < args->threads; i++) {
		worker = &measure.workers[i];
		worker->thread.table = session->table[i % session->tables];
		worker->thread.entries = session->entries;
		worker->thread.read_pct = args->read_pct;
		worker->thread.dist = args->dist;
		worker->thread.bulk = &worker->bulk;
		worker->thread.random = ktime_get_ns() + i;
	}
	rc = bench_threads(&measure.job, args->threads);
	for (i = 0; i < args->threads; i++) {
		worker = &measure.workers[i];
		args->done += worker->ops;
		args->ns += worker->ns;
		args->loop_ops += worker->loop_ops;
		args->loop_ns += worker->loop_ns;
		args->loop_took += worker->loop_took;
		args->errors += worker->thread.errors;
	}
	kfree(measure.workers);
	return rc;
}
