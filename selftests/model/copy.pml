/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copy before write, for snapshots: kmod/copy.c, kmod/replace.c (freezing,
 * replacing), kmod/snapshot.c, kmod/cut.c (epochs, dead lists). Two writers add 1 to a value, a user
 * takes, reads and closes snapshots in any order, a reader in the kernel looks
 * the value up under RCU. A segment is replaced because a snapshot has it, or once
 * at any other time, as splits do.
 *
 * One entry in the directory, one bucket in a segment, one word in it. What is
 * asked: a snapshot reads what was there at its instant, for as long as it is
 * open; no increment is lost; a look-up gives what the value was at some instant
 * between its begin and its end; and nobody comes upon a segment that was freed.
 *
 * Abstracted: the gate, which gate.pml is about. Who enters does so in one step
 * with taking its lock, by what the barriers there ensure, and leaves by a release
 * that the keeper waits for; the instant is one step while nobody is inside. A
 * grace period is one that begins when a segment is retired, and orders what was
 * stored before it and in the sections that it waits for, as RCU does. A freed
 * segment is not used again but poisoned, which is the worst use of it. Lists of
 * snapshots and dead segments change under a spinlock, hence in one step.
 *
 * Variants, each of which has to be rejected:
 * BUSTED_CUT_BEFORE_GATE: a writer reads which snapshot is the newest before it is inside
 * BUSTED_NO_BORN: a writer does not compare the segment's birth with it at all
 * BUSTED_NO_FROZEN: a writer does not look whether the segment is frozen
 * BUSTED_NO_FREEZE_LOCKS: who freezes does not take the bucket lock
 * BUSTED_NO_SECOND_LOOK: who replaces does not look whether another was faster
 * BUSTED_PLAIN_PUBLISH: the new segment can be found before its content
 * BUSTED_RETIRE_FREES: a replaced segment is freed though a snapshot has it
 * BUSTED_CLOSE_FREES: closing frees the dead list though an older snapshot has it
 * BUSTED_NO_GRACE: a segment is freed without a grace period
 */
#define CPUS 2
#define DEPTH 5
#define WRITERS 2
#define READER 2
#ifndef INCREMENTS
#define INCREMENTS 1	/* each writer's */
#endif
#ifndef SNAPSHOTS
#define SNAPSHOTS 2
#endif
#ifndef SPLITS
#define SPLITS 1
#endif
#define SEGMENTS (SNAPSHOTS + SPLITS + 1)
#define POISON 99

#define ACTIVE(cpu) (cpu)
#define EPOCH 2
#define CUT 3	/* the newest open snapshot, or 0 */
#define USER 4	/* the directory's entry, twice */
#define KERNEL 5
#define BORN(s) (6 + 5 * (s))
#define FROZEN(s) (7 + 5 * (s))
#define SEGMENT_LOCK(s) (8 + 5 * (s))
#define LOCK(s) (9 + 5 * (s))
#define VALUE(s) (10 + 5 * (s))
#define LOCATIONS (6 + 5 * SEGMENTS)

#include "buffers.pml"

/* Snapshots are numbered from 1; the root of each is one entry. */
bool open[SNAPSHOTS + 1];
byte root[SNAPSHOTS + 1];
hidden byte newest, older;

mtype = { IDLE, USED, DEAD, GRACE, FREED };
mtype life[SEGMENTS];
byte dead_on[SEGMENTS];	/* the snapshot on whose dead list it is */
byte inside_rcu;	/* a bit each */
byte waits_for[SEGMENTS];
byte splits;	/* so many */

/* For judging only. */
byte begun, returned;	/* increments */
byte content[SNAPSHOTS + 1];	/* what was there at the instant */

#define rcu_read_lock() inside_rcu = inside_rcu | (1 << me)

/* Nobody waits to free what nobody waits for: as soon as can be. */
inline rcu_read_unlock()
{
	inside_rcu = inside_rcu & ~(1 << me);
	scan = 0;
	do
	:: scan < SEGMENTS ->
		waits_for[scan] = waits_for[scan] & ~(1 << me);
		if
		:: life[scan] == GRACE && !waits_for[scan] -> poison(scan)
		:: else
		fi;
		scan++
	:: else -> break
	od;
	scan = 0
}

inline poison(s)
{
	life[s] = FREED;
	dead_on[s] = 0;
	mem[VALUE(s)] = POISON
}

/* See gate.pml: entering has a full barrier, and the keeper waits for who did. */
inline enter(place)
{
	d_step {
		smp_mb() && mem[place] == 0 ->
		mem[place] = 1;
		mem[ACTIVE(me)] = 1
	}
}

inline leave(place)
{
	atomic { unlock(place); store_release(ACTIVE(me), 0) }
}

/* After a grace period. Context: the lists' lock. */
inline free(s)
{
	waits_for[s] = inside_rcu;
	life[s] = GRACE;
#ifdef BUSTED_NO_GRACE
	waits_for[s] = 0;
#endif
	if
	:: !waits_for[s] -> poison(s)
	:: else
	fi
}

/* The newest open snapshot below a number, or 0. */
inline newest_below(number)
{
	newest = number - 1;
	do
	:: newest > 0 && !open[newest] -> newest--
	:: else -> break
	od
}

inline retire(s)
{
	d_step {
		/* Whoever takes the lists' lock sees that it was replaced. */
		smp_mb() ->
		newest_below(SNAPSHOTS + 1);
#ifdef BUSTED_RETIRE_FREES
		newest = 0;
#endif
		if
		:: newest > mem[BORN(s)] -> life[s] = DEAD; dead_on[s] = newest
		:: else -> free(s)
		fi
	}
}

/* A new segment, with what @from has. */
inline make(s, from)
{
	d_step {
		s = 0;
		do
		:: life[s] != IDLE -> s++
		:: else -> break
		od;
		life[s] = USED
	};
	load(EPOCH, value);
	store(BORN(s), value);
	load(VALUE(from), value);
	store(VALUE(s), value)
}

inline freeze(s)
{
	store(FROZEN(s), 1);
#ifndef BUSTED_NO_FREEZE_LOCKS
	lock(LOCK(s));
	unlock(LOCK(s))
#endif
}

inline publish(s)
{
#ifdef BUSTED_PLAIN_PUBLISH
	store(USER, s);
	store(KERNEL, s)
#else
	store_release(USER, s);
	store_release(KERNEL, s)
#endif
}

/* Context: RCU. */
inline replace(s)
{
	enter(SEGMENT_LOCK(s));
	/* Nobody else changes these now: one step is as good as two. */
	atomic { load(KERNEL, entry); load(FROZEN(s), frozen) };
#ifdef BUSTED_NO_SECOND_LOOK
	entry = s;
	frozen = 0;
#endif
	if
	:: entry == s && !frozen ->
		atomic { freeze(s) };
		atomic { make(copy, s); publish(copy) };
		retire(s)
	:: else
	fi;
	leave(SEGMENT_LOCK(s))
}

/* Context: RCU, inside. Whether the segment may be written. */
inline look(s)
{
	atomic {
		assert(life[s] != FREED);
		load(FROZEN(s), frozen);
#ifdef BUSTED_NO_FROZEN
		frozen = 0;
#endif
	};
	atomic {
#ifndef BUSTED_CUT_BEFORE_GATE
		load(CUT, cut);
#endif
		/* Which does not change. */
		load(BORN(s), value);
#ifdef BUSTED_NO_BORN
		value = cut;
#endif
	}
}

inline increment()
{
	do
	:: atomic { rcu_read_lock(); load(KERNEL, segment) };
#ifdef BUSTED_CUT_BEFORE_GATE
	   load(CUT, cut);
#endif
	   enter(LOCK(segment));
	   look(segment);
	   if
	   :: !frozen && value >= cut -> break
	   :: atomic { splits < SPLITS -> splits++ }
	   :: else
	   fi;
	   leave(LOCK(segment));
	   if
	   :: !frozen -> replace(segment)
	   :: else
	   fi;
	   d_step { smp_mb() -> rcu_read_unlock(); forget() }
	od;
	atomic {
		load(VALUE(segment), value);
		store(VALUE(segment), value + 1);
		leave(LOCK(segment))
	};
	/* It returns: the barrier in kmod/write.c. */
	d_step { smp_mb() -> rcu_read_unlock(); forget(); returned++ }
}

/* Equal states would differ by what is not used any more. */
inline forget()
{
	segment = 0;
	copy = 0;
	entry = 0;
	frozen = 0;
	cut = 0;
	value = 0
}

proctype writer(byte me)
{
	byte segment, copy, entry, frozen, cut, value, times;

	do
	:: atomic { times < INCREMENTS -> times++; begun++ };
	   increment()
	:: else -> break
	od;
	if
	:: returned == WRITERS * INCREMENTS ->
		assert(mem[VALUE(mem[KERNEL])] == returned);
		assert(mem[USER] == mem[KERNEL])
	:: else
	fi
}

/* In the kernel. */
proctype reader(byte me)
{
	byte least, segment;

	atomic {
		rcu_read_lock();
		least = returned;
		segment = mem[KERNEL]
	};
	d_step {
		assert(life[segment] != FREED);
		assert(mem[VALUE(segment)] >= least && mem[VALUE(segment)] <= begun);
		segment = 0;
		least = 0;
		rcu_read_unlock()
	}
}

/* While nobody is inside. */
inline take(number)
{
	d_step {
		!mem[ACTIVE(0)] && !mem[ACTIVE(1)] ->
		assert(mem[USER] == mem[KERNEL]);
		mem[EPOCH] = number;
		mem[CUT] = number;
		root[number] = mem[USER];
		open[number] = true;
		content[number] = mem[VALUE(root[number])]
	}
}

inline read(number)
{
	d_step {
		assert(life[root[number]] != FREED);
		assert(mem[VALUE(root[number])] == content[number])
	}
}

/* Its dead list goes to the next older one, or whatever is on it is freed. */
inline close(number)
{
	d_step {
		open[number] = false;
		newest_below(number);
		older = newest;
#ifdef BUSTED_CLOSE_FREES
		older = 0;
#endif
		scan = 0;
		do
		:: scan < SEGMENTS ->
			if
			:: life[scan] == DEAD && dead_on[scan] == number ->
				dead_on[scan] = 0;
				if
				:: mem[BORN(scan)] < older -> dead_on[scan] = older
				:: else -> free(scan)
				fi
			:: else
			fi;
			scan++
		:: else -> break
		od;
		scan = 0;
		newest_below(SNAPSHOTS + 1);
		mem[CUT] = newest
	}
}

proctype user()
{
	byte taken, n;

	do
	:: atomic { taken < SNAPSHOTS -> taken++; take(taken) }
	:: atomic { open[1] -> read(1) }
	:: atomic { open[1] -> close(1) }
	:: atomic { open[2] -> read(2) }
	:: atomic { open[2] -> close(2) }
#if SNAPSHOTS > 2
	:: atomic { open[3] -> read(3) }
	:: atomic { open[3] -> close(3) }
#endif
	:: break
	od
}

init {
	atomic {
		d_step {
			scan = 0;
			do
			:: scan < SEGMENTS -> life[scan] = IDLE; scan++
			:: else -> break
			od;
			scan = 0;
			life[0] = USED
		};
		run drain(0);
		run drain(1);
		run writer(0);
		run writer(1);
		run reader(READER);
		run user()
	}
}
