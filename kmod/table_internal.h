/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the table share: lookup.c, write.c, move.c, distribute.c,
 * split.c, scan.c, table.c.
 */
#ifndef _KCMAP_TABLE_INTERNAL_H
#define _KCMAP_TABLE_INTERNAL_H

#include <linux/percpu.h>

#include "directory.h"
#include "gate.h"
#include "hash.h"
#include "table.h"

/**
 * struct kcmap_counters - what a CPU counts; written by that CPU only
 * @inserts: entries stored
 * @updates: values replaced
 * @deletes: entries deleted
 * @full: writes refused with ENOSPC
 * @nomem: writes refused with ENOMEM
 * @moves: entries moved to make room
 * @splits: segments split
 * @merges: segments merged
 * @read_retries: buckets read again
 *
 * @inserts and @deletes change inside the gate, so that the gate's keeper finds
 * their difference exact.
 */
struct kcmap_counters {
	u64 inserts;
	u64 updates;
	u64 deletes;
	u64 full;
	u64 nomem;
	u64 moves;
	u64 splits;
	u64 merges;
	u64 read_retries;
};

/**
 * struct kcmap_table - a table
 * @directory: the root; replaced through the gate by kcmap_table_clear(), and by
 *	one that is twice as large under contents->lock; read under RCU
 * @contents: what the root belongs to; replaced through the gate
 * @hash: function and seed
 * @pairs_fast: keys and values of 8 bytes, and the fast hash
 * @layout: as in each directory
 * @params: as it was made
 * @counters: of each CPU
 * @clears: how often it was cleared; under the gate's mutex
 * @cleared: inserts less deletes at the last clear; likewise
 * @gate: writers pass, clear goes through
 */
struct kcmap_table {
	struct kcmap_directory __rcu *directory;
	struct kcmap_contents *contents;
	bool pairs_fast;
	struct kcmap_hash hash;
	struct kcmap_layout layout;
	struct kcmap_table_params params;
	struct kcmap_counters __percpu *counters;
	u64 clears;
	u64 cleared;
	struct kcmap_gate gate;
};

/* move.c */
bool kcmap_make_room(struct kcmap_table *table, struct kcmap_segment *segment,
		     u64 hash);
bool kcmap_make_room_locked(struct kcmap_table *table,
			    struct kcmap_segment *segment, u64 hash);

/* distribute.c */
bool kcmap_distribute(struct kcmap_table *table, struct kcmap_segment *from,
		      struct kcmap_segment *const to[2], unsigned int shift,
		      struct kcmap_spare *spare, unsigned int count[2]);
bool kcmap_is_parted(struct kcmap_table *table,
		     const struct kcmap_segment *segment);

/* split.c */
bool kcmap_split(struct kcmap_table *table, u64 hash,
		 const struct kcmap_segment *full, gfp_t gfp);
void kcmap_merge(struct kcmap_table *table, u64 hash, gfp_t gfp);

static __always_inline u64 kcmap_table_hash(const struct kcmap_table *table,
					    const u64 *key)
{
	return kcmap_hash_words(&table->hash, key, table->layout.key_words);
}

#endif /* _KCMAP_TABLE_INTERNAL_H */
