// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/fault-inject.h>
#include <linux/preempt.h>

#include "fault.h"

static atomic_t fault_after = ATOMIC_INIT(0);
static atomic_t fault_times = ATOMIC_INIT(0);
static unsigned int linger_us[KCMAP_MOMENTS];

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
static DECLARE_FAULT_ATTR(fail_alloc);
static DECLARE_FAULT_ATTR(fail_softirq);
static DECLARE_FAULT_ATTR(fail_mapping);
static struct dentry *debugfs;

/**
 * kcmap_fault_init - make the attributes
 *
 * Without them nothing fails, which whoever looks for them sees.
 *
 * Context: process, may sleep.
 */
void kcmap_fault_init(void)
{
	debugfs = debugfs_create_dir("kcmap", NULL);
	fault_create_debugfs_attr("fail_alloc", debugfs, &fail_alloc);
	fault_create_debugfs_attr("fail_softirq", debugfs, &fail_softirq);
	fault_create_debugfs_attr("fail_mapping", debugfs, &fail_mapping);
}

/**
 * kcmap_fault_exit - remove them
 *
 * Context: process, may sleep.
 */
void kcmap_fault_exit(void)
{
	debugfs_remove(debugfs);
}

/**
 * kcmap_fault_mapping - whether a page fault is to fail
 *
 * Context: process.
 */
bool kcmap_fault_mapping(void)
{
	return should_fail(&fail_mapping, 1);
}

/* A task's fail-nth is not asked here: the allocator will. */
static bool fault_by_attr(void)
{
	struct fault_attr *attr = in_task() ? &fail_alloc : &fail_softirq;

	return attr->probability && should_fail(attr, 1);
}
#else
void kcmap_fault_init(void)
{
}

void kcmap_fault_exit(void)
{
}

bool kcmap_fault_mapping(void)
{
	return false;
}

static bool fault_by_attr(void)
{
	return false;
}
#endif

/**
 * kcmap_fault - whether an allocation is to fail
 *
 * Context: any.
 */
bool kcmap_fault(void)
{
	if (fault_by_attr())
		return true;
	if (!atomic_read(&fault_times))
		return false;
	if (atomic_add_unless(&fault_after, -1, 0))
		return false;
	return atomic_add_unless(&fault_times, -1, 0);
}

/**
 * kcmap_fault_set - have allocations fail
 * @after: this many succeed first
 * @times: then as many fail
 *
 * Context: any.
 */
void kcmap_fault_set(unsigned int after, unsigned int times)
{
	atomic_set(&fault_times, 0);
	atomic_set(&fault_after, after);
	atomic_set(&fault_times, times);
}

/**
 * kcmap_linger_set - have a moment that others must not get into last longer
 * @moment: which
 * @us: this long
 *
 * Context: any.
 */
void kcmap_linger_set(enum kcmap_moment moment, unsigned int us)
{
	WRITE_ONCE(linger_us[moment], us);
}

/**
 * kcmap_linger - stay in such a moment
 * @moment: which
 *
 * Context: any.
 */
void kcmap_linger(enum kcmap_moment moment)
{
	unsigned int us = READ_ONCE(linger_us[moment]);

	if (us)
		udelay(us);
}
