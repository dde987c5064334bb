// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/delay.h>

#include "fault.h"

static atomic_t fault_after = ATOMIC_INIT(0);
static atomic_t fault_times = ATOMIC_INIT(0);
static unsigned int linger_us[KCMAP_MOMENTS];

/**
 * kcmap_fault - whether an allocation is to fail
 *
 * Context: any.
 */
bool kcmap_fault(void)
{
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
