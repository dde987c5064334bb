// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long the gate keeps writers out: kcmap's own code, on a gate that nothing else
 * goes through, so that it is not the table that is timed.
 */
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../gate.c"
#include "latency.h"

/* Writes between two chances for others to run. */
#define GATE_CHUNK 1024

struct bench_gate {
	struct bench_job job;
	struct kcmap_gate gate;
	u64 limit;
	u64 instants;
	atomic64_t writes;
	bool done;
	struct bench_histogram histogram;
};

static void gate_instant(void *ctx)
{
	struct bench_gate *gate = ctx;

	gate->instants++;
}

static void gate_keep(struct bench_gate *gate)
{
	u64 end = ktime_get_ns() + gate->limit, time;

	bench_histogram_begin(&gate->histogram);
	while (ktime_get_ns() < end && !READ_ONCE(gate->job.stop)) {
		time = bench_clock();
		kcmap_gate_run(&gate->gate, gate_instant, gate);
		bench_histogram_count(&gate->histogram, bench_clock() - time);
		/* Or writers would wait more often than not. */
		usleep_range(200, 400);
	}
	WRITE_ONCE(gate->done, true);
}

/* One write to a bucket that nobody else writes to. */
static bool gate_write(struct bench_gate *gate, raw_spinlock_t *lock)
{
	unsigned long flags;
	u32 *active;
	bool passed;

	local_irq_save(flags);
	active = kcmap_gate_enter(&gate->gate);
	raw_spin_lock(lock);
	passed = kcmap_gate_passed(&gate->gate);
	raw_spin_unlock(lock);
	kcmap_gate_exit(active);
	local_irq_restore(flags);
	if (!passed)
		kcmap_gate_wait(&gate->gate);
	return passed;
}

static void gate_writes(struct bench_gate *gate)
{
	raw_spinlock_t lock;
	u64 writes = 0;
	u32 i;

	raw_spin_lock_init(&lock);
	while (!READ_ONCE(gate->done) && !READ_ONCE(gate->job.stop)) {
		for (i = 0; i < GATE_CHUNK; i++)
			writes += gate_write(gate, &lock);
		cond_resched();
	}
	atomic64_add(writes, &gate->writes);
}

static void gate_worker(struct bench_job *job, unsigned int number)
{
	struct bench_gate *gate = container_of(job, struct bench_gate, job);

	bench_together(job, 1);
	if (number)
		gate_writes(gate);
	else
		gate_keep(gate);
}

/**
 * bench_gate() - time the gate
 * @args: with how many writers, how long; results
 *
 * Context: process; may be killed.
 * Return: 0; -EINTR; -ENOMEM; -EINVAL: not so many CPUs.
 */
int bench_gate(struct kcmap_bench_gate *args)
{
	struct bench_gate *gate = kzalloc(sizeof(*gate), GFP_KERNEL);
	int rc = -ENOMEM;

	if (!gate)
		return rc;
	if (kcmap_gate_init(&gate->gate))
		goto free;
	gate->job.fn = gate_worker;
	gate->limit = (u64)args->ms * NSEC_PER_MSEC;
	rc = bench_threads(&gate->job, 1 + args->writers);
	args->instants = gate->instants;
	args->writes = atomic64_read(&gate->writes);
	if (!rc)
		bench_histogram_end(&gate->histogram, &args->latency);
	kcmap_gate_destroy(&gate->gate);
free:
	kfree(gate);
	return rc;
}
