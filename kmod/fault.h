/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations of the table, page faults and copies of user memory that fail on
 * purpose, and moments that last longer than they would, in builds for tests
 * (KCMAP_KUNIT=y, KCMAP_TORTURE=y) only. In every other build this is compiled out.
 *
 * Where the kernel injects faults (CONFIG_FAULT_INJECTION_DEBUG_FS), three attributes
 * in debugfs, kcmap/fail_*, say which fail: alloc, what tasks allocate for a table;
 * softirq, what anybody else does; mapping, page faults of views and snapshots. The
 * last, and copies of user memory, count for a task's fail-nth, too. Its other
 * allocations do so by themselves, in the allocator.
 */
#ifndef _KCMAP_FAULT_H
#define _KCMAP_FAULT_H

#include <linux/types.h>

#ifdef KCMAP_FAULT
#include <linux/fault-inject-usercopy.h>
#endif

enum kcmap_moment {
	KCMAP_MOMENT_READ, /* between a key's two buckets */
	KCMAP_MOMENT_WRITE, /* inside the gate */
	KCMAP_MOMENT_ROOM, /* room is made, and the key's home not locked */
	KCMAP_MOMENT_CHANGE, /* the segment need not be copied, and is not yet changed */
	KCMAP_MOMENT_STORE, /* a slot has its key, and not yet its value */
	KCMAP_MOMENT_SPLIT, /* entries are copied, and not yet to be found */
	KCMAP_MOMENT_CLEAR, /* view and kernel do not say the same */
	KCMAP_MOMENTS,
};

#ifdef KCMAP_FAULT
bool kcmap_fault(void);
bool kcmap_fault_mapping(void);
void kcmap_fault_init(void);
void kcmap_fault_exit(void);
void kcmap_fault_set(unsigned int after, unsigned int times);
void kcmap_linger_set(enum kcmap_moment moment, unsigned int us);
void kcmap_linger(enum kcmap_moment moment);

/* For copies that do not go by copy_from_user() and the like, which ask themselves. */
static inline bool kcmap_fault_user(void)
{
	return should_fail_usercopy();
}
#else
static inline bool kcmap_fault(void)
{
	return false;
}

static inline bool kcmap_fault_mapping(void)
{
	return false;
}

static inline void kcmap_fault_init(void)
{
}

static inline void kcmap_fault_exit(void)
{
}

static inline bool kcmap_fault_user(void)
{
	return false;
}

static inline void kcmap_linger(enum kcmap_moment moment)
{
}
#endif

#endif /* _KCMAP_FAULT_H */
