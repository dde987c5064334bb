// SPDX-License-Identifier: GPL-2.0-only
/* Makes tables and fills them. */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "bench.h"

/* How often filling waits for a table that is just growing, a millisecond each. */
#define BENCH_PATIENCE 2000

static int bench_fill(const struct bench_engine *engine, void *table, u32 from,
		      u32 entries)
{
	struct bench_thread thread = { .table = table, .next = from };
	int patience = BENCH_PATIENCE;

	while (thread.next < entries) {
		if (fatal_signal_pending(current))
			return -EINTR;
		engine->loop(&thread, BENCH_INSERT, 1);
		if (!thread.errors) {
			patience = BENCH_PATIENCE;
			if (!(thread.next % 1024))
				cond_resched();
			continue;
		}
		if (!--patience)
			return thread.error;
		thread.errors = 0;
		thread.next--;
		/*
		 * BPF's allocator is refilled by these, which some machines run
		 * at the next tick only.
		 */
		local_irq_disable();
		irq_work_run();
		local_irq_enable();
		if (patience < BENCH_PATIENCE - 1)
			usleep_range(1000, 2000);
	}
	return 0;
}

/**
 * bench_session_fill() - make and fill the tables of a session that has none
 * @session: session; its lock is held
 * @engine: engine
 * @entries: keys in each
 * @fds: descriptors, one a table
 * @tables: how many
 *
 * Context: process; may be killed.
 * Return: 0; -EINTR; what the engine says.
 */
int bench_session_fill(struct bench_session *session,
		       const struct bench_engine *engine, u32 entries,
		       const s32 *fds, unsigned int tables)
{
	void *table;
	int rc = 0;

	session->engine = engine;
	session->entries = entries;
	while (session->tables < tables && !rc) {
		table = engine->create(entries, fds[session->tables]);
		if (IS_ERR(table)) {
			rc = PTR_ERR(table);
			break;
		}
		session->table[session->tables++] = table;
		rc = bench_fill(engine, table, 0, entries);
	}
	if (rc)
		bench_session_drop(session);
	return rc;
}

/**
 * bench_session_resize() - insert or delete
 * @session: session with one table; its lock is held
 * @entries: how many there are to be
 *
 * Context: process; may be killed.
 * Return: 0; -EINTR; what the engine says; -ENOENT: a key was not there.
 */
int bench_session_resize(struct bench_session *session, u32 entries)
{
	const struct bench_engine *engine = session->engine;
	struct bench_thread thread = { .table = session->table[0] };
	int rc;

	if (entries > session->entries) {
		rc = bench_fill(engine, thread.table, session->entries,
				entries);
		if (rc)
			return rc;
		session->entries = entries;
	}
	while (session->entries > entries && !fatal_signal_pending(current)) {
		thread.next = session->entries - 1;
		engine->loop(&thread, BENCH_DELETE, 1);
		session->entries--;
		if (!(session->entries % 1024))
			cond_resched();
	}
	rcu_barrier();
	if (fatal_signal_pending(current))
		return -EINTR;
	return thread.errors ? -ENOENT : 0;
}

/**
 * bench_session_drop() - free the tables
 * @session: session; its lock is held, or nobody else has it
 *
 * Context: process.
 */
void bench_session_drop(struct bench_session *session)
{
	while (session->tables)
		session->engine->destroy(session->table[--session->tables]);
	session->engine = NULL;
}
