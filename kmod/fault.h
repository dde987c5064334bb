/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations of the table that fail on purpose, and moments that last longer
 * than they would, in builds made with KCMAP_KUNIT=y only. In every other build
 * this is compiled out.
 */
#ifndef _KCMAP_FAULT_H
#define _KCMAP_FAULT_H

#include <linux/types.h>

#ifdef KCMAP_KUNIT
bool kcmap_fault(void);
void kcmap_fault_set(unsigned int after, unsigned int times);
void kcmap_linger_set(unsigned int us);
void kcmap_linger(void);
#else
static inline bool kcmap_fault(void)
{
	return false;
}

static inline void kcmap_linger(void)
{
}
#endif

#endif /* _KCMAP_FAULT_H */
