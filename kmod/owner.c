// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "owner.h"
#include "quota.h"

/**
 * struct kcmap_owner - a user that has maps
 * @quota: memory of its maps; each map, and what is left of one, has a reference
 * @node: in owners
 * @uid: who
 * @maps: how many; under owners_lock
 */
struct kcmap_owner {
	struct kcmap_quota quota;
	struct hlist_node node;
	kuid_t uid;
	unsigned int maps;
};

/* Of the table of owners. Innermost; taken with interrupts off, for RCU's callbacks. */
static DEFINE_SPINLOCK(owners_lock);
static DEFINE_HASHTABLE(owners, 6);

/* See owner.h. */
static kuid_t answers_for_maps(void)
{
	const struct user_namespace *ns = current_user_ns();

	if (ns == &init_user_ns)
		return current_euid();
	while (ns->parent != &init_user_ns)
		ns = ns->parent;
	return ns->owner;
}

static void owner_put(struct kcmap_quota *quota)
{
	struct kcmap_owner *owner =
		container_of(quota, struct kcmap_owner, quota);
	unsigned long flags;
	bool last;

	spin_lock_irqsave(&owners_lock, flags);
	last = refcount_dec_and_test(&quota->ref);
	if (last)
		hash_del(&owner->node);
	spin_unlock_irqrestore(&owners_lock, flags);
	if (last)
		kfree(owner);
}

/* Context: owners_lock. */
static struct kcmap_owner *find(kuid_t uid)
{
	struct kcmap_owner *owner;

	hash_for_each_possible(owners, owner, node, __kuid_val(uid))
		if (uid_eq(owner->uid, uid))
			return owner;
	return NULL;
}

/* The user's record, with a reference; @fresh, NULL if it was not needed. */
static struct kcmap_owner *find_or_add(kuid_t uid, struct kcmap_owner **fresh)
{
	struct kcmap_owner *owner = find(uid);

	if (owner) {
		/* It is removed under the lock: there is a reference. */
		kcmap_quota_get(&owner->quota);
		return owner;
	}
	owner = *fresh;
	*fresh = NULL;
	hash_add(owners, &owner->node, __kuid_val(uid));
	return owner;
}

/**
 * kcmap_owner_add_map - count a map that the current process makes
 *
 * Context: process, may sleep.
 * Return: who answers for it; NULL: nobody need; -EDQUOT: the user has as many as it
 * may; -ENOMEM.
 */
struct kcmap_owner *kcmap_owner_add_map(void)
{
	struct kcmap_owner *owner, *fresh;
	bool full;

	/* A user without is nothing that an audit should hear of. */
	if (ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE))
		return NULL;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	fresh->uid = answers_for_maps();
	fresh->quota.most = &kcmap_bytes_per_user;
	fresh->quota.put = owner_put;
	refcount_set(&fresh->quota.ref, 1);

	spin_lock_irq(&owners_lock);
	owner = find_or_add(fresh->uid, &fresh);
	full = owner->maps >= READ_ONCE(kcmap_maps_per_user);
	if (!full)
		owner->maps++;
	spin_unlock_irq(&owners_lock);

	kfree(fresh);
	if (!full)
		return owner;
	owner_put(&owner->quota);
	return ERR_PTR(-EDQUOT);
}

/**
 * kcmap_owner_remove_map - a map has gone
 * @owner: who answered for it, or NULL
 *
 * Context: process.
 */
void kcmap_owner_remove_map(struct kcmap_owner *owner)
{
	if (!owner)
		return;
	spin_lock_irq(&owners_lock);
	owner->maps--;
	spin_unlock_irq(&owners_lock);
	owner_put(&owner->quota);
}

/**
 * kcmap_owner_quota - what the memory of a user's maps is charged to
 * @owner: the user, or NULL
 *
 * Context: any.
 * Return: the quota, or NULL.
 */
struct kcmap_quota *kcmap_owner_quota(struct kcmap_owner *owner)
{
	return owner ? &owner->quota : NULL;
}
