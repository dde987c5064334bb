// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making room: where both buckets of a new key are full, an entry of one of
 * them moves to its own other bucket, if need be after another has moved on
 * from there. Cuckoo hashing with a breadth-first search, as in MemC3 (Fan,
 * Andersen, Kaminsky 2013) and in Li et al., EuroSys 2014. How many moves
 * are worth it: section 3 of DESIGN.md.
 */
#include <linux/bitmap.h>

#include "table_internal.h"

/* Most moves in a row, and most buckets that are looked at to find them. */
#define KCMAP_MOVES_MAX 6
#define KCMAP_NODES_MAX 64

/**
 * struct move_node - a full bucket that the search has come to
 * @bucket: its number
 * @slot: slot of the parent's bucket whose entry has this as its other bucket
 * @parent: index of the node that it was come from; -1 for the two to begin
 * with
 * @depth: moves from here to those
 */
struct move_node {
	u16 bucket;
	u8 slot;
	s8 parent;
	u8 depth;
};

/* The bucket other than @number where the entry in @slot may live. */
static unsigned int other_bucket(struct kcmap_table *table,
				 struct kcmap_bucket *bucket,
				 unsigned int number, unsigned int slot,
				 u64 *hash)
{
	const struct kcmap_layout *layout = &table->layout;
	u64 key[KCMAP_KEY_WORDS_MAX] __uninitialized;

	kcmap_words_load(key, kcmap_slot(layout, bucket, slot),
			 layout->key_words);
	*hash = kcmap_table_hash(table, key);
	if (kcmap_hash_home(layout, *hash) == number)
		return kcmap_hash_alternate(layout, *hash);
	return kcmap_hash_home(layout, *hash);
}

static void copy_slot(const struct kcmap_layout *layout,
		      struct kcmap_bucket *to, unsigned int to_slot,
		      struct kcmap_bucket *from, unsigned int from_slot)
{
	u64 *source = kcmap_slot(layout, from, from_slot);
	u64 *target = kcmap_slot(layout, to, to_slot);
	unsigned int i;

	for (i = 0; i < layout->slot_words; i++)
		WRITE_ONCE(target[i], source[i]);
}

/*
 * Move an entry, both locks held. Both buckets are odd together, so that no
 * reader finds the entry in neither: one that has found the first without it
 * will see that the home bucket, one of the two, has changed.
 */
static bool move_locked(struct kcmap_table *table,
			struct kcmap_segment *segment, unsigned int from_number,
			unsigned int slot, unsigned int to_number)
{
	const struct kcmap_layout *layout = &table->layout;
	struct kcmap_bucket *from, *to;
	u64 from_state, to_state, hash;
	int free;

	from = kcmap_segment_bucket(layout, segment, from_number);
	to = kcmap_segment_bucket(layout, segment, to_number);
	/* The search was made without locks: is it still so? */
	free = kcmap_bucket_free_slot(layout, to->state);
	if (free < 0 || !(kcmap_state_live(from->state) & BIT(slot)) ||
	    other_bucket(table, from, from_number, slot, &hash) != to_number)
		return false;
	if (kcmap_hash_home(layout, hash) == from_number &&
	    (from->state & KCMAP_STATE_AWAY) == KCMAP_STATE_AWAY)
		return false;

	from_state = kcmap_bucket_begin(from);
	to_state = kcmap_bucket_begin(to);
	copy_slot(layout, to, free, from, slot);
	kcmap_bucket_set_tag(to, free, kcmap_hash_tag(hash));
	kcmap_bucket_wipe_slot(layout, from, slot);
	to_state |= BIT_ULL(KCMAP_STATE_LIVE_SHIFT + free);
	from_state &= ~BIT_ULL(KCMAP_STATE_LIVE_SHIFT + slot);
	if (kcmap_hash_home(layout, hash) == from_number)
		from_state += KCMAP_STATE_AWAY_ONE;
	else
		to_state -= KCMAP_STATE_AWAY_ONE;
	kcmap_bucket_end(to, to_state);
	kcmap_bucket_end(from, from_state);
	__this_cpu_inc(table->counters->moves);
	return true;
}

static bool move(struct kcmap_table *table, struct kcmap_segment *segment,
		 unsigned int from, unsigned int slot, unsigned int to)
{
	raw_spinlock_t *locks = kcmap_segment_locks(&table->layout, segment);
	bool moved;

	raw_spin_lock(&locks[min(from, to)]);
	raw_spin_lock_nested(&locks[max(from, to)], SINGLE_DEPTH_NESTING);
	moved = move_locked(table, segment, from, slot, to);
	raw_spin_unlock(&locks[max(from, to)]);
	raw_spin_unlock(&locks[min(from, to)]);
	return moved;
}

/* The last move first, so that each finds the slot that the one before freed.
 */
static bool move_path(struct kcmap_table *table, struct kcmap_segment *segment,
		      const struct move_node *nodes, int last,
		      unsigned int slot, unsigned int to)
{
	for (; last >= 0; last = nodes[last].parent) {
		if (!move(table, segment, nodes[last].bucket, slot, to))
			return false;
		slot = nodes[last].slot;
		to = nodes[last].bucket;
	}
	return true;
}

static bool is_full(const struct kcmap_layout *layout,
		    const struct kcmap_segment *segment, unsigned int number)
{
	struct kcmap_bucket *bucket =
		kcmap_segment_bucket(layout, segment, number);

	return kcmap_bucket_free_slot(layout, READ_ONCE(bucket->state)) < 0;
}

/**
 * kcmap_make_room - free a slot in a key's home or alternate bucket
 * @table: the table
 * @segment: segment of the key
 * @hash: its hash
 *
 * The search reads without bucket locks and may be overtaken: the caller looks
 * again in any case.
 *
 * Context: inside the gate, interrupts off, no bucket lock held.
 * Return: false if there is no way to make room.
 */
bool kcmap_make_room(struct kcmap_table *table, struct kcmap_segment *segment,
		     u64 hash)
{
	bool room = true;

	raw_spin_lock(&segment->lock);
	/* What was replaced must not change; the caller will see that it was. */
	if (!segment->frozen)
		room = kcmap_make_room_locked(table, segment, hash);
	raw_spin_unlock(&segment->lock);
	return room;
}

/**
 * kcmap_make_room_locked - likewise
 * @table: the table
 * @segment: segment of the key
 * @hash: its hash
 *
 * Context: segment->lock, or a segment that nobody else sees.
 * Return: false if there is no way to make room.
 */
bool kcmap_make_room_locked(struct kcmap_table *table,
			    struct kcmap_segment *segment, u64 hash)
{
	const struct kcmap_layout *layout = &table->layout;
	DECLARE_BITMAP(seen, PAGE_SIZE / 64) = {};
	struct move_node nodes[KCMAP_NODES_MAX] __uninitialized;
	unsigned int slot, other, nr = 2;
	struct kcmap_bucket *bucket;
	bool room = false;
	u64 hash_other;
	int i;

	nodes[0] = (struct move_node){
		.bucket = kcmap_hash_home(layout, hash),
		.parent = -1,
	};
	nodes[1] = (struct move_node){
		.bucket = kcmap_hash_alternate(layout, hash),
		.parent = -1,
	};
	__set_bit(nodes[0].bucket, seen);
	__set_bit(nodes[1].bucket, seen);

	for (i = 0; i < nr && !room; i++) {
		bucket = kcmap_segment_bucket(layout, segment, nodes[i].bucket);
		for (slot = 0; slot < layout->bucket_slots; slot++) {
			other = other_bucket(table, bucket, nodes[i].bucket,
					     slot, &hash_other);
			if (test_bit(other, seen))
				continue;
			if (!is_full(layout, segment, other)) {
				/* Overtaken: the caller will see. */
				move_path(table, segment, nodes, i, slot,
					  other);
				room = true;
				break;
			}
			if (nodes[i].depth + 1 == KCMAP_MOVES_MAX ||
			    nr == ARRAY_SIZE(nodes))
				continue;
			__set_bit(other, seen);
			nodes[nr++] = (struct move_node){
				.bucket = other,
				.slot = slot,
				.parent = i,
				.depth = nodes[i].depth + 1,
			};
		}
	}
	return room;
}
