/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gate: a short moment in which no writer is inside, without interprocessor
 * interrupts. What needs one instant of the whole table goes through it.
 *
 * A writer, interrupts off:		The keeper, likewise, under a mutex:
 *
 *   active = 1				closed = 1
 *   lock a bucket			smp_mb()
 *   smp_mb__after_spinlock()		wait until active == 0 on each CPU
 *   if closed (acquire):		(acquire)
 *	back out, wait
 *   ... write ...			... the instant ...
 *   active = 0 (release)		closed = 0 (release)
 *
 * The two full barriers make a store buffering pair: either the writer sees the
 * gate closed, or the keeper sees the writer active, and waits for its release.
 * A writer that comes after the instant finds the gate open by the keeper's
 * release: it needs the acquire, or it might have read before the instant what
 * the keeper changed in it.
 * Interrupts are off on both sides, so that nobody waits for what it
 * interrupted and the moment is short.
 */
#ifndef _KCMAP_GATE_H
#define _KCMAP_GATE_H

#include <asm/barrier.h>
#include <asm/processor.h>
#include <linux/compiler.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

/**
 * struct kcmap_gate - a gate
 * @keeper: one keeper at a time; outermost of the table's locks
 * @active: for each CPU whether a writer is inside; written by that CPU only
 * @closed: written by the keeper only
 */
struct kcmap_gate {
	/* See above. */
	struct mutex keeper;
	u32 __percpu *active;
	u32 closed;
};

int kcmap_gate_init(struct kcmap_gate *gate);
void kcmap_gate_destroy(struct kcmap_gate *gate);
void kcmap_gate_run(struct kcmap_gate *gate, void (*instant)(void *ctx),
		    void *ctx);

/*
 * Context: interrupts off. To be followed by a raw_spin_lock(). Return: this CPU's
 * mark, for kcmap_gate_exit().
 */
static inline u32 *kcmap_gate_enter(struct kcmap_gate *gate)
{
	u32 *active = this_cpu_ptr(gate->active);

	WRITE_ONCE(*active, 1);
	return active;
}

/* Whether the writer may go on, after the lock: if not, it must exit. */
static inline bool kcmap_gate_passed(struct kcmap_gate *gate)
{
	/* Pairs with smp_mb() in kcmap_gate_run(). */
	smp_mb__after_spinlock();
	/*
	 * Acquire: whoever finds the gate open again sees what was done in the
	 * instant. Pairs with the release in kcmap_gate_run().
	 */
	return !smp_load_acquire(&gate->closed);
}

static inline void kcmap_gate_exit(u32 *active)
{
	/* What was written is seen by the keeper; see kcmap_gate_run(). */
	smp_store_release(active, 0);
}

/* Context: outside the gate. The keeper has interrupts off: it is soon done. */
static inline void kcmap_gate_wait(struct kcmap_gate *gate)
{
	while (READ_ONCE(gate->closed))
		cpu_relax();
}

#endif /* _KCMAP_GATE_H */
