/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations of the table that fail on purpose, and moments that last longer
 * than they would, in builds for tests (KCMAP_KUNIT=y, KCMAP_TORTURE=y) only. In
 * every other build this is compiled out.
 */
#ifndef _KCMAP_FAULT_H
#define _KCMAP_FAULT_H

#include <linux/types.h>

enum kcmap_moment {
	KCMAP_MOMENT_READ, /* between a key's two buckets */
	KCMAP_MOMENT_WRITE, /* inside the gate */
	KCMAP_MOMENT_ROOM, /* room is made, and the key's home not locked */
	KCMAP_MOMENT_CHANGE, /* the segment need not be copied, and is not yet changed */
	KCMAP_MOMENT_SPLIT, /* entries are copied, and not yet to be found */
	KCMAP_MOMENT_CLEAR, /* view and kernel do not say the same */
	KCMAP_MOMENTS,
};

#ifdef KCMAP_FAULT
bool kcmap_fault(void);
void kcmap_fault_set(unsigned int after, unsigned int times);
void kcmap_linger_set(enum kcmap_moment moment, unsigned int us);
void kcmap_linger(enum kcmap_moment moment);
#else
static inline bool kcmap_fault(void)
{
	return false;
}

static inline void kcmap_linger(enum kcmap_moment moment)
{
}
#endif

#endif /* _KCMAP_FAULT_H */
