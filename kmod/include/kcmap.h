/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kcmap for users in the kernel.
 *
 * A map is found by name or by descriptor, held by a reference, and used by any
 * number of callers at once. Context, unless a function says otherwise:
 *
 *   look-ups	any: process, softirq, hardirq, NMI; no lock is taken and nothing
 *		shared is stored to; from NMI a look-up may answer -EAGAIN
 *
 *   writes	process, softirq and hardirq, with interrupts on or off, not NMI;
 *		bucket locks are raw spinlocks taken with interrupts off. A write
 *		may allocate: an insert, and any while there are snapshots. So on
 *		PREEMPT_RT only with interrupts on, and in no hardirq but a threaded
 *
 *   get, put	process, may sleep
 *
 * Keys and values are passed as untyped pointers to as many bytes as the map was
 * created with (kcmap_key_size(), kcmap_value_size()); no alignment is needed.
 */
#ifndef _KCMAP_H
#define _KCMAP_H

#include <linux/types.h>

struct kcmap;

/* Most keys in one kcmap_lookup_bulk(): a bit each in its result. */
#define KCMAP_BULK_MAX 64

struct kcmap *kcmap_get(const char *name);
struct kcmap *kcmap_get_fd(int fd, bool write);
void kcmap_put(struct kcmap *map);

u64 kcmap_id(const struct kcmap *map);
u32 kcmap_key_size(const struct kcmap *map);
u32 kcmap_value_size(const struct kcmap *map);

int kcmap_lookup(struct kcmap *map, const void *key, void *value);
u64 kcmap_lookup_bulk(struct kcmap *map, const void *keys, void *values,
		      unsigned int nr);

int kcmap_insert(struct kcmap *map, const void *key, const void *value);
int kcmap_update(struct kcmap *map, const void *key, const void *value);
int kcmap_upsert(struct kcmap *map, const void *key, const void *value);
int kcmap_delete(struct kcmap *map, const void *key);
int kcmap_lookup_and_delete(struct kcmap *map, const void *key, void *value);

/**
 * typedef kcmap_modify_fn - change a value in one atomic step
 * @value: copy of the value, aligned to 8 bytes; what the function leaves there
 *	is stored
 * @ctx: as given to kcmap_modify()
 *
 * Context: under a bucket lock with interrupts off: short, no sleeping, no call
 * of kcmap.
 */
typedef void (*kcmap_modify_fn)(void *value, void *ctx);

int kcmap_modify(struct kcmap *map, const void *key, kcmap_modify_fn fn,
		 void *ctx);

#endif /* _KCMAP_H */
