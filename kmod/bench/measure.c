// SPDX-License-Identifier: GPL-2.0-only
/* Threads that run a bench, each bound to a CPU of its own. */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "bench.h"

/* Operations between two looks at whether to go on: well below a millisecond. */
#define BENCH_CHUNK 1024

struct bench_run {
	const struct bench_engine *engine;
	struct kcmap_bench_run *args;
	atomic_t waiting;
	bool stop;
};

struct bench_worker {
	struct bench_thread thread;
	struct bench_run *run;
	struct task_struct *task;
	struct completion done;
	u64 ns, ops, loop_ns, loop_ops;
};

/* @nr operations; the time they took is added to @ns. */
static void bench_pass(struct bench_worker *worker,
		       const struct bench_engine *engine, u32 bench, u32 nr,
		       u64 *ns)
{
	u64 start;
	u32 chunk;

	for (; nr && !READ_ONCE(worker->run->stop); nr -= chunk) {
		chunk = min_t(u32, nr, BENCH_CHUNK);
		start = ktime_get_ns();
		engine->loop(&worker->thread, bench, chunk);
		*ns += ktime_get_ns() - start;
		cond_resched();
	}
}

/* Keys beyond those of the table go in and out; one of the two is timed. */
static void bench_in_out(struct bench_worker *worker)
{
	const struct bench_engine *engine = worker->run->engine;
	u32 extra = BENCH_EXTRA(worker->thread.entries);
	bool insert = worker->run->args->bench == BENCH_INSERT;
	u64 none = 0;

	while (worker->ops < worker->run->args->ops &&
	       !READ_ONCE(worker->run->stop)) {
		worker->thread.next = worker->thread.entries;
		bench_pass(worker, engine, BENCH_INSERT, extra,
			   insert ? &worker->ns : &none);
		worker->thread.next = worker->thread.entries;
		bench_pass(worker, engine, BENCH_DELETE, extra,
			   insert ? &none : &worker->ns);
		worker->ops += extra;
	}
}

static int bench_worker(void *data)
{
	struct bench_worker *worker = data;
	struct bench_run *run = worker->run;
	u32 bench = run->args->bench;
	u64 none = 0;

	worker->loop_ops = run->args->ops;
	bench_pass(worker, &bench_empty, bench, worker->loop_ops,
		   &worker->loop_ns);
	/* The empty loop finds nothing, and says so. */
	worker->thread.errors = 0;

	if (bench == BENCH_INSERT || bench == BENCH_DELETE) {
		bench_in_out(worker);
	} else {
		/* The engines take turns: this one's lines are not cached. */
		bench_pass(worker, run->engine, bench,
			   DIV_ROUND_UP(run->args->ops, 8), &none);
		atomic_dec(&run->waiting);
		while (atomic_read(&run->waiting) && !READ_ONCE(run->stop))
			cond_resched();
		bench_pass(worker, run->engine, bench, run->args->ops,
			   &worker->ns);
		worker->ops = run->args->ops;
	}
	complete(&worker->done);
	return 0;
}

static int bench_start(struct bench_worker *worker, unsigned int cpu)
{
	struct task_struct *task;

	task = kthread_create(bench_worker, worker, "kcmap_bench/%u", cpu);
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, cpu);
	worker->task = get_task_struct(task);
	wake_up_process(task);
	return 0;
}

static void bench_collect(struct bench_worker *worker,
			  struct kcmap_bench_run *run)
{
	run->done += worker->ops;
	run->ns += worker->ns;
	run->loop_ops += worker->loop_ops;
	run->loop_ns += worker->loop_ns;
	run->errors += worker->thread.errors;
}

/**
 * bench_measure() - run a bench on a filled table
 * @engine: engine
 * @table: its table
 * @entries: keys in it
 * @args: what to run, and results
 *
 * Context: process; may be killed.
 * Return: 0; -EINTR; -ENOMEM; -EINVAL: not so many CPUs.
 */
int bench_measure(const struct bench_engine *engine, void *table, u32 entries,
		  struct kcmap_bench_run *args)
{
	struct bench_run run = { .engine = engine, .args = args };
	unsigned int i, cpu = -1;
	struct bench_worker *workers;
	int rc = 0;

	workers = kcalloc(args->threads, sizeof(*workers), GFP_KERNEL);
	if (!workers)
		return -ENOMEM;
	atomic_set(&run.waiting, args->threads);
	for (i = 0; i < args->threads && !rc; i++) {
		workers[i].thread.table = table;
		workers[i].thread.entries = entries;
		workers[i].thread.random = ktime_get_ns() + i;
		workers[i].run = &run;
		init_completion(&workers[i].done);
		cpu = cpumask_next(cpu, cpu_online_mask);
		rc = cpu < nr_cpu_ids ? bench_start(&workers[i], cpu) : -EINVAL;
	}
	for (i = 0; i < args->threads && !rc; i++)
		if (wait_for_completion_killable(&workers[i].done))
			rc = -EINTR;
	WRITE_ONCE(run.stop, true);
	/* Returns when the thread is gone: it uses what is freed here. */
	for (i = 0; i < args->threads; i++) {
		if (!workers[i].task)
			continue;
		kthread_stop(workers[i].task);
		put_task_struct(workers[i].task);
		bench_collect(&workers[i], args);
	}
	kfree(workers);
	return rc;
}
