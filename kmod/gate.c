// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/slab.h>

#include "busted.h"
#include "gate.h"

/**
 * kcmap_gate_init - make a gate, open
 * @gate: the gate
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int kcmap_gate_init(struct kcmap_gate *gate)
{
	mutex_init(&gate->keeper);
	gate->closed = 0;
	gate->active = alloc_percpu_gfp(u32, GFP_KERNEL_ACCOUNT);
	return gate->active ? 0 : -ENOMEM;
}

/**
 * kcmap_gate_destroy - end a gate that nobody uses
 * @gate: the gate
 *
 * Context: process.
 */
void kcmap_gate_destroy(struct kcmap_gate *gate)
{
	free_percpu(gate->active);
	mutex_destroy(&gate->keeper);
}

/**
 * kcmap_gate_run - do something while no writer is inside
 * @gate: the gate
 * @instant: what to do, with interrupts off: short, no allocation
 * @ctx: its argument
 *
 * Context: process, may sleep; takes the keeper's mutex.
 */
void kcmap_gate_run(struct kcmap_gate *gate, void (*instant)(void *ctx),
		    void *ctx)
{
	unsigned long flags;
	int cpu;

	mutex_lock(&gate->keeper);
	local_irq_save(flags);
	WRITE_ONCE(gate->closed, 1);
	/* Pairs with smp_mb__after_spinlock() in kcmap_gate_passed(). */
	smp_mb();
	for_each_possible_cpu(cpu) {
		u32 *active = per_cpu_ptr(gate->active, cpu);

		if (kcmap_busted(KCMAP_BUSTED_NO_DRAIN))
			break;
		/* Acquire: what the writer did is seen in the instant. */
		while (smp_load_acquire(active))
			cpu_relax();
	}
	instant(ctx);
	/* Release: a writer that sees the gate open sees what was done. */
	smp_store_release(&gate->closed, 0);
	local_irq_restore(flags);
	mutex_unlock(&gate->keeper);
}
