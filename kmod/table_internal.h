/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the table share: lookup.c, write.c, move.c, distribute.c,
 * replace.c, split.c, copy.c, scan.c, snapshot.c, table.c.
 */
#ifndef _KCMAP_TABLE_INTERNAL_H
#define _KCMAP_TABLE_INTERNAL_H

#include <linux/irqflags.h>
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
 * @copies: segments copied, because a snapshot had them
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
	u64 copies;
	u64 read_retries;
};

/**
 * struct kcmap_table - a table
 * @directory: the root; replaced through the gate by kcmap_table_clear(), and by
 *	one that is twice as large under contents->lock; read under RCU
 * @contents: what the root belongs to; replaced through the gate
 * @arena: frames of segments and of images of leaves
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
	struct kcmap_arena *arena;
	bool pairs_fast;
	struct kcmap_hash hash;
	struct kcmap_layout layout;
	struct kcmap_table_params params;
	struct kcmap_counters __percpu *counters;
	u64 clears;
	u64 cleared;
	struct kcmap_gate gate;
};

/* table.c */
u64 kcmap_table_stored(const struct kcmap_table *table);
u64 kcmap_table_stored_exactly(const struct kcmap_table *table);

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

/* replace.c */
void kcmap_freeze(const struct kcmap_layout *layout,
		  struct kcmap_segment *segment);
void kcmap_thaw(struct kcmap_segment *segment);
unsigned int kcmap_chain_length(const struct kcmap_segment *segment);
void kcmap_retire_segment(struct kcmap_contents *contents,
			  struct kcmap_segment *segment);
bool kcmap_provide_segments(struct kcmap_table *table,
			    struct kcmap_spare *spare, unsigned int nr,
			    bool reserve, gfp_t gfp);
bool kcmap_provide_chained(struct kcmap_table *table, struct kcmap_spare *spare,
			   unsigned int nr, bool reserve, gfp_t gfp);
bool kcmap_provide_image(struct kcmap_table *table, struct kcmap_spare *spare,
			 bool reserve, gfp_t gfp);
void kcmap_spare_free(struct kcmap_arena *arena, struct kcmap_spare *spare);

/* copy.c */
bool kcmap_copy(struct kcmap_table *table, u64 hash,
		const struct kcmap_segment *shared, gfp_t gfp);

/* split.c */
bool kcmap_split(struct kcmap_table *table, u64 hash,
		 const struct kcmap_segment *full, gfp_t gfp);
void kcmap_merge(struct kcmap_table *table, u64 hash, gfp_t gfp);

/**
 * struct kcmap_section - the part of a change during which no writer may come in
 * @directory: as it was found
 * @active: this CPU's mark at the gate
 * @flags: of the interrupts
 */
struct kcmap_section {
	struct kcmap_directory *directory;
	u32 *active;
	unsigned long flags;
};

static inline void kcmap_section_begin(struct kcmap_table *table,
				       struct kcmap_section *section)
	__acquires(RCU)
{
	rcu_read_lock();
	local_irq_save(section->flags);
	section->active = kcmap_gate_enter(&table->gate);
	section->directory = rcu_dereference(table->directory);
}

/* After the last lock was taken: whether that is still the table's contents. */
static inline bool kcmap_section_passed(struct kcmap_table *table,
					struct kcmap_section *section)
{
	return kcmap_gate_passed(&table->gate) &&
	       section->directory->contents == table->contents;
}

static inline void kcmap_section_end(struct kcmap_table *table,
				     struct kcmap_section *section)
	__releases(RCU)
{
	kcmap_gate_exit(section->active);
	local_irq_restore(section->flags);
	rcu_read_unlock();
}

static __always_inline u64 kcmap_table_hash(const struct kcmap_table *table,
					    const u64 *key)
{
	return kcmap_hash_words(&table->hash, key, table->layout.key_words);
}

#endif /* _KCMAP_TABLE_INTERNAL_H */
