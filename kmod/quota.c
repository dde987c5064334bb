// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bug.h>
#include <linux/errno.h>

#include "quota.h"

static bool has_room(const struct kcmap_quota *quota, unsigned long used,
		     size_t bytes)
{
	unsigned long most = READ_ONCE(*quota->most);

	return used <= most && bytes <= most - used;
}

/**
 * kcmap_quota_charge - take a part of a quota
 * @quota: the quota, or NULL
 * @bytes: how much
 *
 * Context: any.
 * Return: false: there is not so much left, and nothing was taken.
 */
bool kcmap_quota_charge(struct kcmap_quota *quota, size_t bytes)
{
	long used;

	if (!quota)
		return true;
	used = atomic_long_read(&quota->bytes);
	do {
		if (!has_room(quota, used, bytes))
			return false;
	} while (!atomic_long_try_cmpxchg(&quota->bytes, &used, used + bytes));
	return true;
}

/**
 * kcmap_quota_uncharge - give back what was taken
 * @quota: the quota, or NULL
 * @bytes: how much
 *
 * Context: any.
 */
void kcmap_quota_uncharge(struct kcmap_quota *quota, size_t bytes)
{
	if (quota)
		WARN_ON_ONCE(atomic_long_sub_return(bytes, &quota->bytes) < 0);
}

/**
 * kcmap_quota_error - why there was no memory
 * @quota: the quota, or NULL
 * @bytes: how much was asked for at most
 *
 * Context: any.
 * Return: -EDQUOT: the quota has not so much left; else -ENOMEM.
 */
int kcmap_quota_error(const struct kcmap_quota *quota, size_t bytes)
{
	return !quota || has_room(quota, atomic_long_read(&quota->bytes),
				  bytes) ?
		       -ENOMEM :
		       -EDQUOT;
}

/**
 * kcmap_quota_get - take a reference
 * @quota: the quota, or NULL
 *
 * Context: any.
 */
struct kcmap_quota *kcmap_quota_get(struct kcmap_quota *quota)
{
	if (quota)
		refcount_inc(&quota->ref);
	return quota;
}

/**
 * kcmap_quota_put - let go of a quota
 * @quota: the quota, or NULL
 *
 * Context: any but NMI; interrupts on, for PREEMPT_RT.
 */
void kcmap_quota_put(struct kcmap_quota *quota)
{
	if (quota)
		quota->put(quota);
}
