/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Deliberately broken variants, in builds for tests (KCMAP_BUSTED=y,
 * KCMAP_TORTURE=y) only. Each leaves out one check that a promise rests on; a test
 * that does not notice proves nothing. In every other build they are compiled out.
 */
#ifndef _KCMAP_BUSTED_H
#define _KCMAP_BUSTED_H

#include <linux/compiler.h>
#include <linux/types.h>

enum kcmap_busted {
	KCMAP_BUSTED_NONE,
	KCMAP_BUSTED_NO_RECHECK, /* readers believe what may be torn */
	KCMAP_BUSTED_NO_HOME_RECHECK, /* a miss is not checked against moves */
	KCMAP_BUSTED_NO_DRAIN, /* the gate does not wait for writers */
	KCMAP_BUSTED_DROP_LOCK, /* read, modify, and write under another lock */
	KCMAP_BUSTED_NO_CLOSE, /* "full" without looking at other CPUs */
	KCMAP_BUSTED_NO_FROZEN, /* writers do not see that a segment is frozen */
	KCMAP_BUSTED_NO_SECOND_LOOK, /* room was made, the key not looked for again */
	KCMAP_BUSTED_NO_COPY, /* writers write in what a snapshot has */
	KCMAP_BUSTED_NO_DEAD_LIST, /* what is replaced is freed, snapshots or not */
	KCMAP_BUSTED_NO_ZAP, /* numbers are used again with old pages still mapped */
	KCMAP_BUSTED_NO_ROLLBACK, /* a map that could not be made still counts */
	KCMAP_BUSTED_LEAK, /* a cut that could not be made is not freed */
	KCMAP_BUSTED_NO_GRACE, /* what is replaced is freed under readers' eyes */
	KCMAP_BUSTED_NO_VIEW_ROOT, /* a view's reader does not look at the root again */
	KCMAP_BUSTED_NR,
};

#ifdef KCMAP_BUSTED
extern unsigned int kcmap_busted_variant;

#define kcmap_busted(variant) (READ_ONCE(kcmap_busted_variant) == (variant))

void kcmap_busted_call_rcu(struct rcu_head *head, rcu_callback_t fn);
#else
#define kcmap_busted(variant) ((variant) == KCMAP_BUSTED_NR)

static inline void kcmap_busted_call_rcu(struct rcu_head *head,
					 rcu_callback_t fn)
{
}
#endif

#endif /* _KCMAP_BUSTED_H */
