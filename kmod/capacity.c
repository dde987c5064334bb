// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/kcsan-checks.h>

#include "busted.h"
#include "capacity.h"

/* Credits from which on the CPUs may hold some: twice what they could hide. */
static int open_threshold(void)
{
	return 4 * KCMAP_CREDIT_BATCH * (int)num_possible_cpus();
}

/**
 * kcmap_capacity_init - credits for an empty table
 * @capacity: the credits
 * @max_entries: how many
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int kcmap_capacity_init(struct kcmap_capacity *capacity, u32 max_entries)
{
	int cpu;

	capacity->credit = alloc_percpu_gfp(atomic_t, GFP_KERNEL_ACCOUNT);
	if (!capacity->credit)
		return -ENOMEM;
	raw_spin_lock_init(&capacity->lock);
	atomic_set(&capacity->pool, max_entries);
	capacity->may_open = max_entries >= open_threshold();
	capacity->closings = !capacity->may_open;
	for_each_possible_cpu(cpu)
		atomic_set(per_cpu_ptr(capacity->credit, cpu),
			   capacity->may_open ? 0 : KCMAP_CREDIT_CLOSED);
	return 0;
}

/**
 * kcmap_capacity_destroy - end credits that nobody uses
 * @capacity: the credits
 *
 * Context: process.
 */
void kcmap_capacity_destroy(struct kcmap_capacity *capacity)
{
	free_percpu(capacity->credit);
}

static bool is_closed(struct kcmap_capacity *capacity)
{
	return READ_ONCE(capacity->closings) & 1;
}

/*
 * Fill this CPU's store, @take credits taken. Under the lock, so that nobody
 * closes the stores while credits are on the way from the pool.
 */
static bool refill(struct kcmap_capacity *capacity, int take)
{
	int pool = atomic_read(&capacity->pool);
	int batch;

	do {
		batch = min(pool, KCMAP_CREDIT_BATCH);
		if (!batch)
			return false;
	} while (!atomic_try_cmpxchg(&capacity->pool, &pool, pool - batch));
	atomic_add(batch - take, this_cpu_ptr(capacity->credit));
	return true;
}

static void close_stores(struct kcmap_capacity *capacity)
{
	int cpu, held;

	for_each_possible_cpu(cpu) {
		held = atomic_xchg(per_cpu_ptr(capacity->credit, cpu),
				   KCMAP_CREDIT_CLOSED);
		if (held > 0)
			atomic_add(held, &capacity->pool);
	}
	ASSERT_EXCLUSIVE_WRITER(capacity->closings);
	/* All credits are in the pool before anybody may judge by it. */
	smp_store_release(&capacity->closings, capacity->closings + 1);
}

static void open_stores(struct kcmap_capacity *capacity)
{
	int cpu;

	ASSERT_EXCLUSIVE_WRITER(capacity->closings);
	WRITE_ONCE(capacity->closings, capacity->closings + 1);
	/*
	 * Whoever takes from an opened store made the judgement "none left"
	 * void first. Pairs with smp_rmb() in take_closed().
	 */
	smp_wmb();
	for_each_possible_cpu(cpu)
		atomic_set(per_cpu_ptr(capacity->credit, cpu), 0);
}

/*
 * From the pool, while all stores are closed; @take: 1, or 0 to look only. 1:
 * there was one; 0: none left, at one instant; -EAGAIN: the stores were opened.
 */
static int take_closed(struct kcmap_capacity *capacity, int take)
{
	/* Acquire: a pool of 0 that is read now is not older than the closing. */
	u32 closings = smp_load_acquire(&capacity->closings);

	if (!(closings & 1))
		return -EAGAIN;
	if (atomic_add_unless(&capacity->pool, -take, 0))
		return 1;
	/* Pairs with smp_wmb() in open_stores(). */
	smp_rmb();
	return READ_ONCE(capacity->closings) == closings ? 0 : -EAGAIN;
}

static bool take_slow(struct kcmap_capacity *capacity, int take)
{
	bool found = false;
	int rc;

	for (;;) {
		rc = take_closed(capacity, take);
		if (rc >= 0)
			return rc;
		raw_spin_lock(&capacity->lock);
		if (!is_closed(capacity)) {
			found = refill(capacity, take);
			if (!found && !kcmap_busted(KCMAP_BUSTED_NO_CLOSE))
				close_stores(capacity);
		}
		raw_spin_unlock(&capacity->lock);
		if (found || kcmap_busted(KCMAP_BUSTED_NO_CLOSE))
			return found;
	}
}

/**
 * kcmap_capacity_left - look whether a credit could be taken
 * @capacity: the credits
 *
 * Context: interrupts off.
 * Return: false if at one instant during the call every credit was spent.
 */
bool kcmap_capacity_left(struct kcmap_capacity *capacity)
{
	return atomic_read(this_cpu_ptr(capacity->credit)) > 0 ||
	       take_slow(capacity, 0);
}

/**
 * kcmap_capacity_take - take a credit, to store an entry
 * @capacity: the credits
 *
 * Context: interrupts off.
 * Return: false if at one instant during the call every credit was spent.
 */
bool kcmap_capacity_take(struct kcmap_capacity *capacity)
{
	atomic_t *credit = this_cpu_ptr(capacity->credit);
	int held = atomic_read(credit);

	while (held > 0)
		if (atomic_try_cmpxchg(credit, &held, held - 1))
			return true;
	return take_slow(capacity, 1);
}

/* A CPU that only deletes must not hoard what others need. */
static void spill(struct kcmap_capacity *capacity, atomic_t *credit)
{
	raw_spin_lock(&capacity->lock);
	if (atomic_read(credit) > KCMAP_CREDIT_BATCH) {
		atomic_sub(KCMAP_CREDIT_BATCH, credit);
		atomic_add(KCMAP_CREDIT_BATCH, &capacity->pool);
	}
	raw_spin_unlock(&capacity->lock);
}

/**
 * kcmap_capacity_give - give a credit back: an entry is gone
 * @capacity: the credits
 *
 * Context: interrupts off.
 */
void kcmap_capacity_give(struct kcmap_capacity *capacity)
{
	atomic_t *credit = this_cpu_ptr(capacity->credit);
	int held = atomic_read(credit);

	while (held != KCMAP_CREDIT_CLOSED)
		if (atomic_try_cmpxchg(credit, &held, held + 1)) {
			if (held + 1 >= 2 * KCMAP_CREDIT_BATCH)
				spill(capacity, credit);
			return;
		}

	if (atomic_inc_return(&capacity->pool) < open_threshold() ||
	    !capacity->may_open)
		return;
	raw_spin_lock(&capacity->lock);
	if (is_closed(capacity))
		open_stores(capacity);
	raw_spin_unlock(&capacity->lock);
}
