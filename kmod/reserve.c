// SPDX-License-Identifier: GPL-2.0-only
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "fault.h"
#include "reserve.h"

/**
 * struct reserve - what one CPU has in reserve
 * @lock: of all below: who fills it up may be on another CPU. Innermost, raw,
 *	taken with interrupts off
 * @nr: how many there are of each kind
 * @item: they
 */
struct reserve {
	raw_spinlock_t lock;
	unsigned int nr[KCMAP_RESERVE_KINDS];
	void *item[KCMAP_RESERVE_KINDS][KCMAP_RESERVE];
};

static DEFINE_PER_CPU(struct reserve, reserves);

static void fill_up(struct work_struct *work);
static DECLARE_WORK(fill_work, fill_up);

/*
 * Charged to nobody: whom it will serve is not known. And nobody is killed for it.
 */
static void *item_alloc(enum kcmap_reserve_kind kind)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;

	if (kcmap_fault())
		return NULL;
	if (kind == KCMAP_RESERVE_PAGES)
		return (void *)__get_free_page(gfp);
	return kmalloc(KCMAP_RESERVE_STRUCT, gfp);
}

static void item_free(enum kcmap_reserve_kind kind, void *item)
{
	if (kind == KCMAP_RESERVE_PAGES)
		free_page((unsigned long)item);
	else
		kfree(item);
}

/* Return: false if there are enough. */
static bool put(struct reserve *reserve, enum kcmap_reserve_kind kind,
		void *item)
{
	unsigned long flags;
	bool room;

	raw_spin_lock_irqsave(&reserve->lock, flags);
	room = reserve->nr[kind] < KCMAP_RESERVE;
	if (room) {
		reserve->item[kind][reserve->nr[kind]] = item;
		WRITE_ONCE(reserve->nr[kind], reserve->nr[kind] + 1);
	}
	raw_spin_unlock_irqrestore(&reserve->lock, flags);
	return room;
}

/* Return: false if there is no memory. */
static bool fill(struct reserve *reserve, enum kcmap_reserve_kind kind)
{
	void *item;

	while (READ_ONCE(reserve->nr[kind]) < KCMAP_RESERVE) {
		item = item_alloc(kind);
		if (!item)
			return false;
		if (!put(reserve, kind, item))
			item_free(kind, item);
	}
	return true;
}

/**
 * kcmap_reserve_fill - replace what was taken
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int kcmap_reserve_fill(void)
{
	enum kcmap_reserve_kind kind;
	int cpu;

	for_each_possible_cpu(cpu)
		for (kind = 0; kind < KCMAP_RESERVE_KINDS; kind++)
			if (!fill(per_cpu_ptr(&reserves, cpu), kind))
				return -ENOMEM;
	return 0;
}

/* Without memory it is tried again when the next is taken. */
static void fill_up(struct work_struct *work)
{
	kcmap_reserve_fill();
}

/**
 * kcmap_reserve_init - fill the reserve
 *
 * Context: process, may sleep; once, before any other call.
 * Return: 0 or -ENOMEM.
 */
int kcmap_reserve_init(void)
{
	int cpu, rc;

	for_each_possible_cpu(cpu)
		raw_spin_lock_init(&per_cpu_ptr(&reserves, cpu)->lock);
	rc = kcmap_reserve_fill();
	if (rc)
		kcmap_reserve_exit();
	return rc;
}

/**
 * kcmap_reserve_exit - free the reserve
 *
 * Context: process, may sleep; nobody takes from it any more.
 */
void kcmap_reserve_exit(void)
{
	enum kcmap_reserve_kind kind;
	struct reserve *reserve;
	int cpu;

	cancel_work_sync(&fill_work);
	for_each_possible_cpu(cpu) {
		reserve = per_cpu_ptr(&reserves, cpu);
		for (kind = 0; kind < KCMAP_RESERVE_KINDS; kind++)
			while (reserve->nr[kind])
				item_free(kind,
					  reserve->item[kind]
						       [--reserve->nr[kind]]);
	}
}

/**
 * kcmap_reserve_take - take a page, or a struct, from this CPU's reserve
 * @kind: which
 *
 * What is taken is the caller's: free_page() or kfree() frees it. It is replaced
 * soon, by a worker that may wait for memory.
 *
 * Context: any but NMI.
 * Return: the page, or KCMAP_RESERVE_STRUCT bytes, filled with zeros; NULL: there
 * is none left.
 */
void *kcmap_reserve_take(enum kcmap_reserve_kind kind)
{
	struct reserve *reserve;
	unsigned long flags;
	void *item = NULL;

	local_irq_save(flags);
	reserve = this_cpu_ptr(&reserves);
	raw_spin_lock(&reserve->lock);
	if (reserve->nr[kind]) {
		WRITE_ONCE(reserve->nr[kind], reserve->nr[kind] - 1);
		item = reserve->item[kind][reserve->nr[kind]];
	}
	raw_spin_unlock(&reserve->lock);
	local_irq_restore(flags);

	schedule_work(&fill_work);
	if (item)
		memset(item, 0,
		       kind == KCMAP_RESERVE_PAGES ? PAGE_SIZE :
						     KCMAP_RESERVE_STRUCT);
	return item;
}
