// SPDX-License-Identifier: GPL-2.0-only
/*
 * Growth: one thread inserts, each insert timed, and another may look up the
 * keys that were there before.
 */
#include <linux/sched.h>
#include <linux/slab.h>

#include "latency.h"

/* Operations between two chances for others to run. */
#define GROW_CHUNK 1024

struct bench_grow {
	struct bench_job job;
	const struct bench_engine *engine;
	struct bench_thread writer, reader;
	u32 entries; /* to have in the end */
	u64 writes, write_ns;
	u64 reads, read_ns;
	bool written;
	struct bench_histogram histogram;
};

static void grow_write(struct bench_grow *grow)
{
	u64 start = ktime_get_ns();
	u32 chunk;

	bench_histogram_begin(&grow->histogram);
	while (grow->writer.next < grow->entries &&
	       !READ_ONCE(grow->job.stop)) {
		chunk = min_t(u64, grow->entries - grow->writer.next,
			      GROW_CHUNK);
		bench_timed(&grow->histogram, grow->engine, &grow->writer,
			    BENCH_INSERT, chunk);
		grow->writes += chunk;
		cond_resched();
	}
	grow->write_ns = ktime_get_ns() - start;
	WRITE_ONCE(grow->written, true);
}

static void grow_read(struct bench_grow *grow)
{
	u64 start;

	while (!READ_ONCE(grow->written) && !READ_ONCE(grow->job.stop)) {
		start = ktime_get_ns();
		grow->engine->loop(&grow->reader, BENCH_LOOKUP_HIT, GROW_CHUNK);
		grow->read_ns += ktime_get_ns() - start;
		grow->reads += GROW_CHUNK;
		cond_resched();
	}
}

static void grow_worker(struct bench_job *job, unsigned int number)
{
	struct bench_grow *grow = container_of(job, struct bench_grow, job);

	bench_together(job, 1);
	if (number)
		grow_read(grow);
	else
		grow_write(grow);
}

/**
 * bench_grow() - grow the table of a session
 * @session: session
 * @args: to how many entries; results
 *
 * Context: process; may be killed.
 * Return: 0; -EINTR; -ENOMEM; -EINVAL: not so many CPUs.
 */
int bench_grow(struct bench_session *session, struct kcmap_bench_grow *args)
{
	struct bench_grow *grow = kzalloc(sizeof(*grow), GFP_KERNEL);
	int rc;

	if (!grow)
		return -ENOMEM;
	grow->job.fn = grow_worker;
	grow->engine = session->engine;
	grow->entries = args->entries;
	grow->writer.table = session->table[0];
	grow->writer.next = session->entries;
	grow->reader.table = session->table[0];
	grow->reader.entries = session->entries;
	grow->reader.random = ktime_get_ns();
	rc = bench_threads(&grow->job, 1 + args->readers);
	session->entries = grow->writer.next;
	args->done = grow->writes;
	args->ns = grow->write_ns;
	args->reads = grow->reads;
	args->read_ns = grow->read_ns;
	args->errors = grow->writer.errors + grow->reader.errors;
	if (!rc)
		bench_histogram_end(&grow->histogram, &args->latency);
	kfree(grow);
	return rc;
}
