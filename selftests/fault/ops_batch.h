/* SPDX-License-Identifier: GPL-2.0-only */
/* Batches for the table of operations: how they are prepared. */
#ifndef OPS_BATCH_H
#define OPS_BATCH_H

#include "batch.h"

/* Half of the entries are there; items take turns between those and the others. */
#define HALF (ENTRIES / 2)
#define FEW 24

static unsigned int turn(unsigned int i)
{
	return i % 2 ? HALF + i : i;
}

static void small_map(void)
{
	bed_map(100000, 8, 8);
	bed_fill(0, HALF);
}

/* Keys and values that no stack has room for. */
static void large_map(void)
{
	bed_map(100000, 40, 1000);
	bed_fill(0, 40);
}

static void mix(void)
{
	unsigned int i;

	batch_begin(false);
	for (i = 0; i < 2 * KCMAP_OP_LOOKUP_AND_DELETE; i++)
		batch_add(KCMAP_OP_LOOKUP + i / 2, turn(i));
	batch_pack();
}

static void stride(uint8_t opcode, unsigned int nr)
{
	unsigned int i;

	batch_begin(true);
	for (i = 0; i < nr; i++)
		batch_add(opcode, turn(i));
	batch_pack();
}

static void mixed(void)
{
	small_map();
	mix();
}

static void mixed_large(void)
{
	large_map();
	mix();
}

static void mixed_copies(void)
{
	small_map();
	bed_snapshot();
	mix();
}

#define STRIDED(name, opcode)                  \
	static void strided_##name(void)       \
	{                                      \
		small_map();                   \
		stride(opcode, FEW);           \
	}                                      \
	static void strided_large_##name(void) \
	{                                      \
		large_map();                   \
		stride(opcode, FEW);           \
	}

STRIDED(lookup, KCMAP_OP_LOOKUP)
STRIDED(insert, KCMAP_OP_INSERT)
STRIDED(update, KCMAP_OP_UPDATE)
STRIDED(upsert, KCMAP_OP_UPSERT)
STRIDED(delete, KCMAP_OP_DELETE)
STRIDED(lookup_and_delete, KCMAP_OP_LOOKUP_AND_DELETE)

/* More items than the stack has room for, twice over. */
static void strided_chunks(void)
{
	unsigned int i;

	small_map();
	batch_begin(true);
	for (i = 0; i < 80; i++)
		batch_add(KCMAP_OP_UPSERT, i);
	batch_pack();
}

/* Inserts of the keys that follow those that are there. */
static void insert_after(unsigned int from, unsigned int nr)
{
	unsigned int i;

	bed_fill(0, from);
	batch_begin(true);
	for (i = from; i < from + nr; i++)
		batch_add(KCMAP_OP_INSERT, i);
}

/* Into a segment that will be split from the 6th bit on or so, and its leaf at the 9th. */
static void grow_deep(void)
{
	bed_map(1 << 20, 8, 8);
	bed_crowd(10, 8);
	insert_after(80 + 145, 60);
}

static void grow(void)
{
	grow_deep();
	batch_pack();
}

static void grow_copies(void)
{
	grow_deep();
	bed_snapshot();
	batch_pack();
}

/* Segments of sixteen pages. */
static void grow_large(void)
{
	bed_map(1 << 20, 8, 1000);
	insert_after(30, 30);
	batch_pack();
}

/* The directory may not become that deep: segments are chained. */
static void chained(unsigned int from, unsigned int nr)
{
	bed_map(1000, 8, 8);
	bed_crowd(9, 0);
	insert_after(from, nr);
}

static void grow_chain(void)
{
	chained(160, 48);
	batch_pack();
}

/* A chain is copied, and one more is chained. */
static void chain_copies(void)
{
	chained(220, 40);
	bed_snapshot();
	batch_pack();
}

static void update_copies(void)
{
	small_map();
	bed_snapshot();
	stride(KCMAP_OP_UPDATE, FEW);
}

/* Two segments are merged once most is gone. */
static void shrink(void)
{
	unsigned int i;

	bed_map(100000, 8, 8);
	bed_fill(0, 220);
	batch_begin(true);
	for (i = 0; i < 120; i++)
		batch_add(KCMAP_OP_DELETE, i);
	/* All before them: the last of these should then merge. */
	for (i = 120; i < 200; i++) {
		uint8_t key[KEY_MAX];

		pattern(key, bed.entry[i].key, bed.key_size);
		CHECK_EQ(op(bed.map, KCMAP_OP_DELETE, key, NULL, NULL), 0);
		bed.entry[i].present = false;
	}
	batch_pack();
}

static void shrink_copies(void)
{
	shrink();
	bed_snapshot();
	batch.before = map_stats(bed.map);
}

#endif /* OPS_BATCH_H */
