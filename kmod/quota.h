/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A quota: bytes that tables take together, and may. A table charges what it is about
 * to allocate, and gives that back when it is freed; whose quota it is, it does not
 * know. Asked where segments, leaves, roots and images come and go, and nowhere else:
 * writes that need no memory never see it.
 *
 * What waits for the end of a grace period stays charged, so that nobody has more by
 * writing fast; but for leaves and roots, at most 1/64 of the whole.
 */
#ifndef _KCMAP_QUOTA_H
#define _KCMAP_QUOTA_H

#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/types.h>

/**
 * struct kcmap_quota - bytes that tables may take
 * @bytes: how many they do
 * @most: how many they may; read each time, and may change
 * @ref: references
 * @put: lets go of one; any context but NMI, interrupts on, for PREEMPT_RT
 *
 * All functions take NULL for a quota without bounds.
 */
struct kcmap_quota {
	atomic_long_t bytes;
	const unsigned long *most;
	refcount_t ref;
	void (*put)(struct kcmap_quota *quota);
};

bool kcmap_quota_charge(struct kcmap_quota *quota, size_t bytes);
void kcmap_quota_uncharge(struct kcmap_quota *quota, size_t bytes);
int kcmap_quota_error(const struct kcmap_quota *quota, size_t bytes);
struct kcmap_quota *kcmap_quota_get(struct kcmap_quota *quota);
void kcmap_quota_put(struct kcmap_quota *quota);

#endif /* _KCMAP_QUOTA_H */
