/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An exact limit on the number of entries, without a counter that every insert
 * on every CPU fights for.
 *
 * Each entry that may still be stored is a credit, and every credit is in one
 * place: in the pool, with a CPU, or spent on an entry. While many are left the
 * CPUs hold some each (open). When the pool runs dry all are called back, and
 * each CPU's store is closed: from then on all take from the pool, one atomic
 * variable, so that "none left" is known at one instant. When enough have come
 * back the CPUs' stores open again.
 *
 * A table too small to have credits for all CPUs is closed for ever.
 *
 * A credit is taken before its entry can be found, and given back after it can
 * be found no more. So there are never too many entries; but for as long as a
 * write is going on, its entry counts as stored.
 */
#ifndef _KCMAP_CAPACITY_H
#define _KCMAP_CAPACITY_H

#include <linux/atomic.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

/**
 * struct kcmap_capacity - credits of a table
 * @pool: credits that no CPU holds
 * @closings: odd while all CPUs' stores are closed. Written under @lock: after
 *	the last store was closed, before the first is opened
 * @credit: for each CPU the credits that it holds, or KCMAP_CREDIT_CLOSED. Its
 *	own CPU takes and gives by compare-and-swap; else under @lock only
 * @lock: for closing, opening, and moving credits between pool and CPUs;
 *	innermost of the table's locks, taken with interrupts off
 * @may_open: whether there are enough for all CPUs
 */
struct kcmap_capacity {
	atomic_t pool;
	u32 closings;
	atomic_t __percpu *credit;
	raw_spinlock_t lock;
	bool may_open;
};

#define KCMAP_CREDIT_CLOSED (-1)
#define KCMAP_CREDIT_BATCH 64

int kcmap_capacity_init(struct kcmap_capacity *capacity, u32 max_entries);
void kcmap_capacity_destroy(struct kcmap_capacity *capacity);
bool kcmap_capacity_left(struct kcmap_capacity *capacity);
bool kcmap_capacity_take(struct kcmap_capacity *capacity);
void kcmap_capacity_give(struct kcmap_capacity *capacity);

#endif /* _KCMAP_CAPACITY_H */
