// SPDX-License-Identifier: GPL-2.0-only
/* Threads that measure, each bound to a CPU of its own. */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "bench.h"

struct bench_task {
	struct bench_job *job;
	unsigned int number;
	struct task_struct *task;
	struct completion done;
};

static int bench_task(void *data)
{
	struct bench_task *task = data;

	task->job->fn(task->job, task->number);
	complete(&task->done);
	return 0;
}

static int bench_start(struct bench_task *task, unsigned int cpu)
{
	struct task_struct *thread;

	thread = kthread_create(bench_task, task, "kcmap_bench/%u", cpu);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	kthread_bind(thread, cpu);
	task->task = get_task_struct(thread);
	wake_up_process(thread);
	return 0;
}

/**
 * bench_threads() - run a job on several CPUs at once
 * @job: its function, which is to end soon after @job->stop is set
 * @nr: threads
 *
 * Context: process; may be killed.
 * Return: 0; -EINTR; -ENOMEM; -EINVAL: not so many CPUs. No thread is left.
 */
int bench_threads(struct bench_job *job, unsigned int nr)
{
	unsigned int i, cpu = -1;
	struct bench_task *tasks;
	int rc = 0;

	tasks = kcalloc(nr, sizeof(*tasks), GFP_KERNEL);
	if (!tasks)
		return -ENOMEM;
	job->threads = nr;
	atomic_set(&job->arrived, 0);
	for (i = 0; i < nr && !rc; i++) {
		tasks[i].job = job;
		tasks[i].number = i;
		init_completion(&tasks[i].done);
		cpu = cpumask_next(cpu, cpu_online_mask);
		rc = cpu < nr_cpu_ids ? bench_start(&tasks[i], cpu) : -EINVAL;
	}
	for (i = 0; i < nr && !rc; i++)
		if (wait_for_completion_killable(&tasks[i].done))
			rc = -EINTR;
	WRITE_ONCE(job->stop, true);
	/* Returns when the thread is gone: it uses what is freed here. */
	for (i = 0; i < nr; i++) {
		if (!tasks[i].task)
			continue;
		kthread_stop(tasks[i].task);
		put_task_struct(tasks[i].task);
	}
	kfree(tasks);
	return rc;
}

/**
 * bench_together() - wait until all threads of a job have come here
 * @job: job
 * @time: 1 the first time, then 2, ...
 *
 * Context: a thread of the job.
 */
void bench_together(struct bench_job *job, unsigned int time)
{
	int all = job->threads * time;

	atomic_inc(&job->arrived);
	while (atomic_read(&job->arrived) < all && !READ_ONCE(job->stop))
		cond_resched();
}
