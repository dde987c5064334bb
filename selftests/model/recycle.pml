/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The live view: a program that looks a key up in mapped pages without a system
 * call, by the steps in uapi/linux/kcmap_image.h (userspace/lib/probe.h), while the
 * kernel writes in place (kmod/bucket.h), replaces segments and leaves
 * (kmod/replace.c, kmod/directory.c) and uses their frames again (kmod/arena.c,
 * kmod/arena_map.c) without waiting for programs.
 *
 * One key, which is there all the time, and whose value only rises. One writer
 * adds 1 in place, another replaces its segment (frame 0 by 1, or 1 by 0) or the
 * leaf that says which, some times in any order. What was replaced may become a
 * part of another table at once, or its page be given back. What is asked: a
 * look-up that validates finds the key, with a value that is not torn and that
 * it had at some instant between the look-up's begin and its end; so a write that
 * returned before is seen; and no page is read that the kernel has given back.
 *
 * Abstracted: a bucket is its state and two words, equal but while they are
 * written, which stand for key and value: 0 is no key, OTHERS what belongs to
 * others. Freezing is to keep the lock of the bucket until both entries are
 * published (copy.pml has the rest). Frames of leaves always have a page. A state is
 * copied with the segment, and stays when others use the frame, so that sequence
 * counts help least. Page table entries, the table of frames and marks are under
 * locks and have no store buffers. The reader loads in program order: it has
 * acquire fences where it needs them.
 *
 * Variants, each of which has to be rejected:
 * BUSTED_NO_STATE: the reader does not load the state again
 * BUSTED_NO_ENTRY: the reader does not load the entry again
 * BUSTED_NO_HEADER: the reader does not load the header again
 * BUSTED_SAME_GENERATION: an entry that gets a frame back says what it said before
 * BUSTED_PLAIN_ENTRY: the entry is published before the content
 * BUSTED_PLAIN_WRITE: data are written before the odd state is seen
 * BUSTED_PLAIN_REUSE: a frame is used again before the new entry is seen
 * BUSTED_LATE_HEADER: the header says only later that a leaf was replaced, and used again
 * BUSTED_KERNEL_FIRST: the kernel's entry is published before the program's
 * BUSTED_NO_RETURN_BARRIER: a write returns before it is seen
 * BUSTED_NO_ZAP: a number is used again while a program has the zero page there
 * BUSTED_NO_MARK: nothing says that a program has the zero page there
 * BUSTED_FAULT_UNLOCKED: a fault looks for a page and installs it without the lock
 * BUSTED_MAPPED_FREE: a page is given back while a program has it mapped
 */
#define CPUS 2
#ifndef DEPTH
#define DEPTH 6
#endif
#ifndef WRITES
#define WRITES 1
#endif
#ifndef CHANGES
#define CHANGES 2
#endif
#define FIRST 1	/* the value at the beginning */
#define OTHERS 99

#define HEADER 0	/* image.root: changes whenever the root does */
#define ROOT 1		/* the leaf */
#define LEAF(l) (2 + (l))	/* its entry: segment, and generation above */
#define KERNEL 4	/* the segment, for the kernel */
#define LOCK(f) (5 + (f))
#define STATE(f) (7 + 3 * (f))
#define WORD(f, n) (8 + 3 * (f) + (n))
#define LOCATIONS 13
#define entry(segment, generation) ((segment) + 2 * (generation))

#include "buffers.pml"

mtype = { ABSENT, ZERO, PAGE };
mtype pte[2];	/* the program's */
bool backed[2];	/* the table of frames */
bool marked[2];	/* the zero page was given out */
bool given_back[2];
bool faulting;	/* arena->faults, shared; exclusively: in one step */

/* For judging only. */
byte begun, returned;	/* values: of the last write that began, and returned */

inline write_in_place(f)
{
	atomic {
		load(STATE(f), state);
		load(WORD(f, 0), value);
		store(STATE(f), state + 1);
#ifndef BUSTED_PLAIN_WRITE
		smp_wmb();
#endif
		store(WORD(f, 0), value + 1);
		store(WORD(f, 1), value + 1);
		store_release(STATE(f), state + 2);
		unlock(LOCK(f))
	}
}

proctype writer(byte me)
{
	byte segment, again, state, value, times;

	do
	:: atomic { times < WRITES -> times++; begun++ };
	   do
	   :: load(KERNEL, segment);
	      lock(LOCK(segment));
	      load(KERNEL, again);
	      if
	      :: again == segment -> break
	      :: else -> unlock(LOCK(segment))
	      fi
	   od;
	   write_in_place(segment);
#ifndef BUSTED_NO_RETURN_BARRIER
	   smp_mb();
#endif
	   d_step { returned++; segment = 0; again = 0; state = 0; value = 0 }
	:: else -> break
	od
}

/* The worst that can be used again: looks like a segment that nobody writes. */
inline scribble(f)
{
	store(WORD(f, 0), OTHERS);
	store(WORD(f, 1), OTHERS)
}

/* The page of a frame goes back to the system. */
inline unback(f)
{
	smp_mb();
	d_step {
		!faulting ->
#ifndef BUSTED_MAPPED_FREE
		pte[f] = ABSENT;
#endif
		backed[f] = false
	};
	d_step {
		given_back[f] = true;
		mem[STATE(f)] = 0;
		mem[WORD(f, 0)] = 0;
		mem[WORD(f, 1)] = 0
	}
}

/* Another page for a number, with zeros, when the worker has done with its mark. */
inline back(f)
{
	do
	:: d_step { !marked[f] -> given_back[f] = false; backed[f] = true };
	   break
	:: d_step {
		marked[f] && !faulting ->
#ifndef BUSTED_NO_ZAP
		pte[f] = ABSENT;
#endif
		marked[f] = false
	   }
	od
}

inline copy_segment(f, from)
{
	load(STATE(from), value);
	store(STATE(f), value);
	load(WORD(from, 0), value);
	store(WORD(f, 0), value);
	load(WORD(from, 1), value);
	store(WORD(f, 1), value);
	value = 0
}

inline publish_segment(f)
{
#ifndef BUSTED_SAME_GENERATION
	generation++;
#endif
#ifdef BUSTED_KERNEL_FIRST
	store_release(KERNEL, f);
	store_release(LEAF(leaf), entry(f, generation))
#else
#ifdef BUSTED_PLAIN_ENTRY
	store(LEAF(leaf), entry(f, generation));
#else
	store_release(LEAF(leaf), entry(f, generation));
#endif
	store_release(KERNEL, f)
#endif
}

/* Before a frame is used again. */
inline reuse_barrier()
{
#ifdef BUSTED_PLAIN_REUSE
	skip
#else
	smp_wmb()
#endif
}

inline replace_segment()
{
	lock(LOCK(segment));
	if
	:: !backed[1 - segment] -> back(1 - segment)
	:: else
	fi;
	atomic {
		copy_segment(1 - segment, segment);
		publish_segment(1 - segment);
		unlock(LOCK(segment));
		segment = 1 - segment;
		reuse_barrier()
	};
	if
	:: atomic { scribble(1 - segment) }
	:: unback(1 - segment)
	:: skip
	fi
}

inline publish_leaf(l)
{
	store_release(ROOT, l);
#ifndef BUSTED_LATE_HEADER
	store_release(HEADER, header + 1);
#endif
}

/* The old one becomes one of another table. */
inline scribble_leaf(l)
{
	store(LEAF(l), entry(1 - segment, generation))
}

inline replace_leaf()
{
	atomic {
		store(LEAF(1 - leaf), entry(segment, generation));
		publish_leaf(1 - leaf);
		leaf = 1 - leaf;
		reuse_barrier()
	};
	if
	:: scribble_leaf(1 - leaf)
	:: skip
	fi;
#ifdef BUSTED_LATE_HEADER
	store_release(HEADER, header + 1);
#endif
	header++
}

proctype replacer(byte me)
{
	byte segment, leaf, generation, header, value, times;

	do
	:: times < CHANGES -> times++; replace_segment()
	:: times < CHANGES -> times++; replace_leaf()
	:: times == CHANGES -> break
	od
}

/* The reader's: a page if there is one, else zeros, and a mark that says so. */
inline fault(f)
{
	atomic {
#ifndef BUSTED_FAULT_UNLOCKED
		faulting = true;
#endif
		found = backed[f];
#ifndef BUSTED_NO_MARK
		marked[f] = !found
#endif
	};
	d_step {
		if
		:: found -> pte[f] = PAGE
		:: else -> pte[f] = ZERO
		fi;
		found = false;
		faulting = false
	}
}

inline load_mapped(f, location, value)
{
	do
	:: d_step { pte[f] == PAGE -> assert(!given_back[f]); value = mem[location] };
	   break
	:: atomic { pte[f] == ZERO -> value = 0; break }
	:: pte[f] == ABSENT -> fault(f)
	od
}

inline look_up()
{
	do
	:: header = mem[HEADER];
	   leaf = mem[ROOT];
	   entry = mem[LEAF(leaf)];
	   segment = entry & 1;
	   load_mapped(segment, STATE(segment), state);
	   load_mapped(segment, WORD(segment, 0), first);
	   load_mapped(segment, WORD(segment, 1), second);
#ifndef BUSTED_NO_STATE
	   load_mapped(segment, STATE(segment), value);
	   changed = (value != state);
#endif
#ifndef BUSTED_NO_ENTRY
	   changed = changed || mem[LEAF(leaf)] != entry;
#endif
#ifndef BUSTED_NO_HEADER
	   changed = changed || mem[HEADER] != header;
#endif
	   d_step {
		changed = changed || (state & 1);
		header = 0;
		leaf = 0;
		entry = 0;
		segment = 0;
		state = 0;
		value = 0
	   };
	   if
	   :: !changed -> break
	   :: else -> changed = false
	   fi
	od
}

/* A program's look-up. */
proctype reader()
{
	byte least, header, leaf, entry, segment, state, first, second, value;
	bool changed, found;

	least = returned;
	look_up();
	assert(first == second);
	assert(first >= least && first <= begun)
}

init {
	atomic {
		d_step {
			mem[LEAF(0)] = entry(0, 0);
			mem[WORD(0, 0)] = FIRST;
			mem[WORD(0, 1)] = FIRST;
			begun = FIRST;
			returned = FIRST;
			backed[0] = true;
			backed[1] = true;
			pte[0] = ABSENT;
			pte[1] = ABSENT
		};
		run drain(0);
		run drain(1);
		run writer(0);
		run replacer(1);
		run reader()
	}
}
