/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A few pages and structs for each CPU, for segments of writers that may not wait
 * for memory: they carry them over a moment in which there is none.
 */
#ifndef _KCMAP_RESERVE_H
#define _KCMAP_RESERVE_H

#include <linux/spinlock_types.h>
#include <linux/types.h>

/* Of each kind, for each possible CPU: 32 KiB of pages and 4 KiB of structs. */
#define KCMAP_RESERVE 8
/* Bytes; no segment's struct is larger, which has at most 64 locks. */
#define KCMAP_RESERVE_STRUCT (192 + 64 * sizeof(raw_spinlock_t))

enum kcmap_reserve_kind {
	KCMAP_RESERVE_PAGES,
	KCMAP_RESERVE_STRUCTS,
	KCMAP_RESERVE_KINDS,
};

int kcmap_reserve_init(void);
void kcmap_reserve_exit(void);
int kcmap_reserve_fill(void);
void *kcmap_reserve_take(enum kcmap_reserve_kind kind);

#endif /* _KCMAP_RESERVE_H */
