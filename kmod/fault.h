/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations of the table that fail on purpose, in builds made with
 * KCMAP_KUNIT=y only. In every other build this is compiled out.
 */
#ifndef _KCMAP_FAULT_H
#define _KCMAP_FAULT_H

#include <linux/types.h>

#ifdef KCMAP_KUNIT
bool kcmap_fault(void);
void kcmap_fault_set(unsigned int after, unsigned int times);
#else
static inline bool kcmap_fault(void)
{
	return false;
}
#endif

#endif /* _KCMAP_FAULT_H */
