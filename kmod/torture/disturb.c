// SPDX-License-Identifier: GPL-2.0-only
/* Those who make it harder for the others. */
#include <linux/cpu.h>
#include <linux/cpumask.h>

#include "fault.h"
#include "torture.h"

#define DOWN_MS 300

/**
 * torture_hotplug - take a CPU away for a while
 * @self: who does
 *
 * Context: process, may sleep.
 */
void torture_hotplug(struct torture_thread *self)
{
	unsigned int cpu = torture_below(self, nr_cpu_ids);

	/* The first one cannot go. */
	if (!cpu || !cpu_online(cpu))
		return;
	torture_add(self, TORTURE_OPS, 1);
	if (remove_cpu(cpu)) {
		torture_add(self, TORTURE_BUSY, 1);
		return;
	}
	torture_sleep(self, DOWN_MS);
	if (add_cpu(cpu))
		torture_error("%s: CPU %u does not come back",
			      self->actor->name, cpu);
}

/**
 * torture_linger - have a moment last longer than it would, or no longer
 * @self: who does
 *
 * Context: process, may sleep.
 */
void torture_linger(struct torture_thread *self)
{
	unsigned int us = 0;

	if (torture_random(self) & 1)
		us = torture_below(self, torture.linger_us + 1);
	kcmap_linger_set(torture_below(self, KCMAP_MOMENTS), us);
	torture_add(self, TORTURE_OPS, 1);
}

/**
 * torture_linger_stop - no moment lasts longer any more
 *
 * Context: process.
 */
void torture_linger_stop(void)
{
	unsigned int moment;

	for (moment = 0; moment < KCMAP_MOMENTS; moment++)
		kcmap_linger_set(moment, 0);
}
