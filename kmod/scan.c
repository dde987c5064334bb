// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scan, in the order of the hash: the directory goes by the high bits, so a
 * cursor of one number, the hash to go on from, says all that there is to say,
 * and stays right however segments come and go.
 *
 * A segment is copied while nothing moves in it: an entry that is there all the
 * time is copied exactly once. What is copied is sorted outside the lock.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sort.h>

#include "plant.h"
#include "table_internal.h"

/**
 * struct scan_entry - place of an entry in the copy
 * @hash: its hash
 * @index: number of its slot in the copy
 */
struct scan_entry {
	u64 hash;
	u32 index;
};

/**
 * struct scan_copy - copy of the live slots of a segment and its chain
 * @words: the slots, slot_words each
 * @entries: in the order of hash, those at or above the cursor
 * @room: slots that there is room for
 * @nr: slots copied; later, entries
 */
struct scan_copy {
	u64 *words;
	struct scan_entry *entries;
	u32 room;
	u32 nr;
};

static void copy_free(struct scan_copy *copy)
{
	kvfree(copy->words);
	kvfree(copy->entries);
	copy->words = NULL;
	copy->entries = NULL;
	copy->room = 0;
}

static int copy_alloc(const struct kcmap_layout *layout, struct scan_copy *copy,
		      u32 room)
{
	copy_free(copy);
	copy->words = kvmalloc_array(room, layout->slot_words * sizeof(u64),
				     GFP_KERNEL_ACCOUNT);
	copy->entries = kvmalloc_array(room, sizeof(*copy->entries),
				       GFP_KERNEL_ACCOUNT);
	if (!copy->words || !copy->entries) {
		copy_free(copy);
		return -ENOMEM;
	}
	copy->room = room;
	return 0;
}

static void copy_bucket(const struct kcmap_layout *layout,
			struct kcmap_bucket *bucket, struct scan_copy *copy)
{
	unsigned long live = kcmap_state_live(bucket->state);
	unsigned int slot, i;
	u64 *from, *to;

	kcmap_plant_load(SCAN_UNLOCKED, &bucket->state);

	for_each_set_bit(slot, &live, layout->bucket_slots) {
		from = kcmap_slot(layout, bucket, slot);
		to = copy->words + copy->nr++ * layout->slot_words;
		for (i = 0; i < layout->slot_words; i++)
			to[i] = READ_ONCE(from[i]);
	}
}

/*
 * Copy a segment. Return: 0, or how many slots there must be room for; with
 * copy->room enough, too: the segment was replaced. Context: RCU.
 */
static u32 copy_segment(const struct kcmap_layout *layout,
			struct kcmap_segment *segment, struct scan_copy *copy)
{
	raw_spinlock_t *locks = kcmap_segment_locks(layout, segment);
	u32 need = kcmap_layout_slots(layout);
	struct kcmap_segment *chain = segment;
	unsigned long flags;
	unsigned int i;

	while ((chain = rcu_dereference(chain->chain)))
		need += kcmap_layout_slots(layout);
	if (need > copy->room)
		return need;

	copy->nr = 0;
	raw_spin_lock_irqsave(&segment->lock, flags);
	/* What was replaced must not be read after what has replaced it. */
	if (segment->frozen) {
		raw_spin_unlock_irqrestore(&segment->lock, flags);
		return need;
	}
	for (i = 0; i < kcmap_layout_buckets(layout); i++) {
		/* Home's lock covers the chained buckets of that number. */
		if (!kcmap_plant(SCAN_UNLOCKED))
			raw_spin_lock(&locks[i]);
		for (chain = segment;
		     chain && copy->nr + layout->bucket_slots <= copy->room;
		     chain = rcu_dereference(chain->chain))
			copy_bucket(layout,
				    kcmap_segment_bucket(layout, chain, i),
				    copy);
		if (!kcmap_plant(SCAN_UNLOCKED))
			raw_spin_unlock(&locks[i]);
		if (chain) {
			/* The chain has grown since it was counted. */
			need += kcmap_layout_slots(layout);
			break;
		}
	}
	raw_spin_unlock_irqrestore(&segment->lock, flags);
	return chain ? need : 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct scan_entry *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static bool same_key(const struct kcmap_layout *layout,
		     const struct scan_copy *copy, const struct scan_entry *one,
		     const struct scan_entry *other)
{
	return one->hash == other->hash &&
	       !memcmp(copy->words + one->index * layout->slot_words,
		       copy->words + other->index * layout->slot_words,
		       layout->key_words * sizeof(u64));
}

/*
 * Buckets are copied one after another: a key that is deleted from one and
 * inserted into another meanwhile may be there twice, and is to be read once,
 * or it would take more room than a caller may have.
 */
static void sort_copy(const struct kcmap_table *table, struct scan_copy *copy,
		      u64 cursor)
{
	const struct kcmap_layout *layout = &table->layout;
	u32 slot_words = layout->slot_words;
	u32 i, nr = 0;
	u64 hash;

	for (i = 0; i < copy->nr; i++) {
		hash = kcmap_table_hash(table, copy->words + i * slot_words);
		if (hash < cursor)
			continue;
		copy->entries[nr].hash = hash;
		copy->entries[nr++].index = i;
	}
	sort(copy->entries, nr, sizeof(*copy->entries), compare_entries, NULL);
	for (copy->nr = 0, i = 0; i < nr; i++)
		if (!i || !same_key(layout, copy, &copy->entries[copy->nr - 1],
				    &copy->entries[i]))
			copy->entries[copy->nr++] = copy->entries[i];
}

/**
 * struct scan - a call of kcmap_table_scan()
 * @table: the table
 * @cursor: hash to go on from
 * @keys: room for the keys
 * @values: room for the values, or NULL
 * @capacity: how many there is room for
 * @count: how many there are
 */
struct scan {
	struct kcmap_table *table;
	u64 cursor;
	void *keys;
	void *values;
	u32 capacity;
	u32 count;
};

static void emit(struct scan *scan, const struct scan_copy *copy, u32 entry)
{
	const struct kcmap_layout *layout = &scan->table->layout;
	const u64 *words =
		copy->words + copy->entries[entry].index * layout->slot_words;

	memcpy(scan->keys + (size_t)scan->count * layout->key_size, words,
	       layout->key_size);
	if (scan->values)
		memcpy(scan->values + (size_t)scan->count * layout->value_size,
		       words + layout->key_words, layout->value_size);
	scan->count++;
}

/*
 * Emit what there is room for, entries of one hash together or not at all.
 * Return: 0: all; else how many of one hash there was no room for.
 */
static u32 emit_copy(struct scan *scan, const struct scan_copy *copy)
{
	u32 i, group;

	for (i = 0; i < copy->nr; i += group) {
		u64 hash = copy->entries[i].hash;

		for (group = 1; i + group < copy->nr; group++)
			if (copy->entries[i + group].hash != hash)
				break;
		if (group > scan->capacity - scan->count) {
			scan->cursor = hash;
			return group;
		}
		for (u32 j = 0; j < group; j++)
			emit(scan, copy, i + j);
	}
	return 0;
}

/* Planted: a while after the segment was copied, how far does it reach? */
static void look_again(struct scan *scan, u64 *last)
{
	struct kcmap_segment *segment;
	u64 now;

	fsleep(2000);
	rcu_read_lock();
	segment = kcmap_dirent_segment(kcmap_directory_entry(
		rcu_dereference(scan->table->directory), scan->cursor));
	now = scan->cursor | U64_MAX >> segment->depth;
	rcu_read_unlock();
	if (kcmap_plant(SCAN_SPLIT) ? now < *last : now > *last)
		*last = now;
}

/*
 * Copy the segment of the cursor, sorted. Return: 0 and in @last the highest hash
 * of the segment, or an error.
 */
static int take_segment(struct scan *scan, struct scan_copy *copy, u64 *last)
{
	const struct kcmap_layout *layout = &scan->table->layout;
	struct kcmap_segment *segment;
	u32 need;
	int rc;

	do {
		rcu_read_lock();
		segment = kcmap_dirent_segment(kcmap_directory_entry(
			rcu_dereference(scan->table->directory), scan->cursor));
		*last = scan->cursor | U64_MAX >> segment->depth;
		need = copy_segment(layout, segment, copy);
		rcu_read_unlock();
		if (need > copy->room) {
			rc = copy_alloc(layout, copy, need);
			if (rc)
				return rc;
		}
	} while (need);
	if (kcmap_plant(SCAN_SPLIT) || kcmap_plant(SCAN_MERGE))
		look_again(scan, last);
	sort_copy(scan->table, copy, scan->cursor);
	return 0;
}

/**
 * kcmap_table_scan - read entries in the order of their hash
 * @table: the table
 * @cursor: in: 0 to begin; out: where to go on
 * @keys: room for @capacity keys
 * @values: room for @capacity values, or NULL
 * @capacity: at least 1
 * @count: out: entries read; with -EMSGSIZE how many there must be room for
 * @end: out: whether that was all
 *
 * A key that is there from the first call to the last is read exactly once. The
 * number of calls depends on the number of segments and entries found, not on
 * what writers do meanwhile: the cursor only ever rises.
 *
 * Context: process, may sleep.
 * Return: 0; -EMSGSIZE; -ENOMEM; -EINTR (a fatal signal). After an error
 * @cursor is as it was.
 */
int kcmap_table_scan(struct kcmap_table *table, u64 *cursor, void *keys,
		     void *values, u32 capacity, u32 *count, bool *end)
{
	struct scan scan = {
		.table = table,
		.cursor = *cursor,
		.keys = keys,
		.values = values,
		.capacity = capacity,
	};
	struct scan_copy copy = {};
	u32 lacking = 0;
	u64 last;
	int rc = 0;

	kcmap_plant_load(SCAN_ROOT, &table->directory);

	*end = false;
	while (!lacking) {
		cond_resched();
		if (fatal_signal_pending(current)) {
			rc = -EINTR;
			break;
		}
		rc = take_segment(&scan, &copy, &last);
		if (rc)
			break;
		lacking = emit_copy(&scan, &copy);
		if (lacking)
			break;
		if (last == U64_MAX) {
			scan.cursor = U64_MAX;
			*end = true;
			break;
		}
		scan.cursor = last + 1;
		if (scan.count == capacity)
			break;
	}
	copy_free(&copy);

	/* What was read before an error is given; the next call meets it again. */
	*count = scan.count;
	if (scan.count) {
		rc = 0;
	} else if (lacking) {
		*count = lacking;
		rc = -EMSGSIZE;
	}
	if (!rc)
		*cursor = scan.cursor;
	return rc;
}
