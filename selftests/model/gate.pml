/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate: kmod/gate.h. Two writers, each of which writes x and then y; a keeper
 * who has two instants, reads x and y in each, and changes the epoch.
 *
 * A bucket is two words, equal but while it is written; each writer sets its bit
 * in both. What is asked: in the instant no bucket is half written; a write that
 * returned before the keeper began is in the cut; a write to y that is in the cut
 * has with it every write to x that returned before it began, its own writer's or
 * the other's; and a writer inside finds the epoch of the last instant.
 *
 * Left out: interrupts, which only make the moment short; the mutex, for there is
 * one keeper; what waiting costs.
 *
 * Variants, each of which has to be rejected:
 * BUSTED_NO_DRAIN: the keeper does not wait for writers
 * BUSTED_NO_WRITER_BARRIER: a writer has no full barrier before it looks at the gate
 * BUSTED_NO_KEEPER_BARRIER: the keeper has no full barrier before it looks at the writers
 * BUSTED_EARLY_EPOCH: a writer reads the epoch before it looks at the gate
 * BUSTED_NO_WRITER_RELEASE: a writer's mark is gone before what it wrote is seen
 * BUSTED_NO_KEEPER_RELEASE: the gate is open before the new epoch is seen
 * BUSTED_NO_CHECK: a writer does not look at the gate
 */
#define CPUS 3
#define DEPTH 5
#define WRITERS 2
#define KEEPER 2
#define INSTANTS 2

#define ACTIVE(cpu) (cpu)
#define CLOSED 2
#define EPOCH 3
#define X 0
#define Y 1
#define LOCK(bucket) (4 + bucket)
#define WORD(bucket, n) (6 + 2 * (bucket) + n)
#define LOCATIONS 10

#include "buffers.pml"

/* What the code does not know: for judging only. */
byte instants;		/* that have been */
byte returned;		/* writers whose write to x has returned */
byte before[WRITERS];	/* the same, when this writer's write to y began */

inline enter(bucket)
{
	do
	:: store(ACTIVE(me), 1);
	   lock(LOCK(bucket));
#ifndef BUSTED_NO_WRITER_BARRIER
	   smp_mb();
#endif
#ifdef BUSTED_EARLY_EPOCH
	   load(EPOCH, epoch);
#endif
	   load(CLOSED, value);
#ifdef BUSTED_NO_CHECK
	   value = 0;
#endif
	   if
	   :: atomic { value == 0 -> break }
	   :: else
	   fi;
	   unlock(LOCK(bucket));
	   store_release(ACTIVE(me), 0);
	   mem[CLOSED] == 0
	od
}

inline leave(bucket)
{
	unlock(LOCK(bucket));
#ifdef BUSTED_NO_WRITER_RELEASE
	store(ACTIVE(me), 0)
#else
	store_release(ACTIVE(me), 0)
#endif
}

inline write(bucket)
{
	enter(bucket);
#ifndef BUSTED_EARLY_EPOCH
	load(EPOCH, epoch);
#endif
	assert(epoch == instants);
	load(WORD(bucket, 0), value);
	store(WORD(bucket, 0), value | (1 << me));
	store(WORD(bucket, 1), value | (1 << me));
	leave(bucket);
	/* It returns: the barrier in kmod/write.c. */
	smp_mb()
}

proctype writer(byte me)
{
	byte epoch, value;

	write(X);
	atomic {
		returned = returned | (1 << me);
		before[me] = returned
	}
	write(Y)
}

#define has(set, subset) (((set) & (subset)) == (subset))

/* The instant: what the keeper does while nobody is inside. */
inline instant()
{
	load(WORD(X, 0), x);
	load(WORD(X, 1), value);
	assert(x == value);
	load(WORD(Y, 0), y);
	load(WORD(Y, 1), value);
	assert(y == value);
	d_step {
		assert(has(x, begun));
		assert(!(y & 1) || has(x, before[0]));
		assert(!(y & 2) || has(x, before[1]));
		instants++
	};
	store(EPOCH, instants)
}

proctype keeper(byte me)
{
	byte begun, x, y, value;

	do
	:: instants < INSTANTS ->
		begun = returned;
		store(CLOSED, 1);
#ifndef BUSTED_NO_KEEPER_BARRIER
		smp_mb();
#endif
#ifndef BUSTED_NO_DRAIN
		mem[ACTIVE(0)] == 0;
		mem[ACTIVE(1)] == 0;
#endif
		instant();
#ifdef BUSTED_NO_KEEPER_RELEASE
		store(CLOSED, 0)
#else
		store_release(CLOSED, 0)
#endif
	:: else -> break
	od
}

init {
	atomic {
		run drain(0);
		run drain(1);
		run drain(KEEPER);
		run writer(0);
		run writer(1);
		run keeper(KEEPER)
	}
}
