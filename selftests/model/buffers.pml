/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared memory with store buffers, for spin, which by itself is sequentially
 * consistent. The including model defines CPUS, how many processes store,
 * LOCATIONS, how many bytes of memory there are, and DEPTH, how many stores a
 * buffer holds; a process says with "me" which buffer is its own.
 *
 * A store goes into the buffer of its CPU and reaches memory later, in a step of
 * the process drain(). A load finds the newest store in its own CPU's buffer, or
 * else memory. Stores to different locations overtake each other (as in SPARC's
 * PSO, and more than x86's TSO allows), unless smp_wmb() is between them or the
 * later one is a release; with -DTSO they do not. A release waits for all before
 * it, but not those after it for the release. smp_mb() waits until the buffer is
 * empty. lock() is an acquire only: it does not wait for the buffer, as a locked
 * instruction of x86 would, so the models hold where it does not.
 *
 * Loads are made in program order: read barriers and acquires cannot be missed
 * here, except where a variant makes the loads in another order.
 */

#define WMB 127
#define RELEASE 128 /* added to the location */

typedef buffer {
	byte nr;
	byte where[DEPTH];
	byte what[DEPTH];
};

byte mem[LOCATIONS];
buffer buf[CPUS];
hidden byte scan; /* no part of the state */

#define location_of(cpu, i) (buf[cpu].where[i] & 127)
#define plain(cpu, i) (i < buf[cpu].nr && buf[cpu].where[i] < WMB)
#define passes(cpu, i, j) \
	(buf[cpu].where[j] != WMB && location_of(cpu, j) != location_of(cpu, i))

inline append(location, value)
{
	d_step {
		buf[me].nr < DEPTH ->
		buf[me].where[buf[me].nr] = location;
		buf[me].what[buf[me].nr] = value;
		buf[me].nr++
	}
}

inline store(location, value) { append(location, value) }
inline store_release(location, value) { append((location) + RELEASE, value) }

inline load(location, value)
{
	d_step {
		value = mem[location];
		scan = 0;
		do
		:: scan < buf[me].nr ->
			if
			:: location_of(me, scan) == location -> value = buf[me].what[scan]
			:: else
			fi;
			scan++
		:: else -> break
		od
	}
}

#define smp_mb() (buf[me].nr == 0)

/* A mark in the buffer, which goes with the last store that is before it. */
inline smp_wmb()
{
	d_step {
		buf[me].nr < DEPTH ->
		if
		:: buf[me].nr > 0 && buf[me].where[buf[me].nr - 1] != WMB ->
			buf[me].where[buf[me].nr] = WMB;
			buf[me].nr++
		:: else
		fi
	}
}

/* An own unlock() that is still in the buffer keeps it locked, too. */
inline lock(location) { d_step { mem[location] == 0 -> mem[location] = 1 } }
inline unlock(location) { store_release(location, 0) }

/* The store at i goes to memory; a mark that nothing is before any more goes. */
inline commit(cpu, i)
{
	mem[location_of(cpu, i)] = buf[cpu].what[i];
	scan = i;
	remove(cpu);
	if
	:: buf[cpu].where[0] == WMB -> scan = 0; remove(cpu)
	:: else
	fi
}

/* What is unused is 0, or equal states would differ. */
inline remove(cpu)
{
	buf[cpu].nr--;
	do
	:: scan < buf[cpu].nr ->
		buf[cpu].where[scan] = buf[cpu].where[scan + 1];
		buf[cpu].what[scan] = buf[cpu].what[scan + 1];
		scan++
	:: else -> break
	od;
	buf[cpu].where[scan] = 0;
	buf[cpu].what[scan] = 0
}

proctype drain(byte cpu)
{
end:
	do
	:: d_step { buf[cpu].nr > 0 -> commit(cpu, 0) }
#ifndef TSO
	:: d_step { plain(cpu, 1) && passes(cpu, 1, 0) -> commit(cpu, 1) }
	:: d_step {
		plain(cpu, 2) && passes(cpu, 2, 0) && passes(cpu, 2, 1) ->
		commit(cpu, 2)
	}
#if DEPTH > 3
	:: d_step {
		plain(cpu, 3) && passes(cpu, 3, 0) && passes(cpu, 3, 1) &&
		passes(cpu, 3, 2) ->
		commit(cpu, 3)
	}
#endif
#if DEPTH > 4
	:: d_step {
		plain(cpu, 4) && passes(cpu, 4, 0) && passes(cpu, 4, 1) &&
		passes(cpu, 4, 2) && passes(cpu, 4, 3) ->
		commit(cpu, 4)
	}
#endif
#if DEPTH > 5
	:: d_step {
		plain(cpu, 5) && passes(cpu, 5, 0) && passes(cpu, 5, 1) &&
		passes(cpu, 5, 2) && passes(cpu, 5, 3) && passes(cpu, 5, 4) ->
		commit(cpu, 5)
	}
#endif
#endif
	od
}
