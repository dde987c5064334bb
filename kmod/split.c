// SPDX-License-Identifier: GPL-2.0-only
/*
 * Growing and shrinking: a full segment is split into two by the next bit of the
 * hash, two sparse neighbours are merged into one. Both build new segments aside
 * and replace the old ones while readers go on; the writers of that segment, and
 * only they, wait for some microseconds, or longer where others are chained behind
 * it. Nothing is ever rehashed as a whole.
 */
#include <linux/irqflags.h>
#include <linux/slab.h>

#include "busted.h"
#include "fault.h"
#include "table_internal.h"

/*
 * Two neighbours merge when together they fill less of one segment than this, in
 * percent: half of what each half of a split begins with, so that a population
 * that goes up and down a little does not split and merge all the time.
 */
#define KCMAP_MERGE_FILL 40

/*
 * Most segments that may stand behind one that is split: all are copied with
 * interrupts off, some 6000 entries of the smallest. What has more behind it,
 * because its keys were chosen to collide or because memory was short for very
 * long, stays a chain until the table is cleared.
 */
#define KCMAP_SPLIT_CHAIN_MAX 32

enum outcome {
	OUTCOME_DONE,
	OUTCOME_AGAIN, /* the gate was closed, or another was faster */
	OUTCOME_LACKS, /* leaves, and perhaps a root, are needed */
	OUTCOME_NEVER,
};

/**
 * struct section - the part of a change during which no writer may come in
 * @directory: as it was found
 * @active: this CPU's mark at the gate
 * @flags: of the interrupts
 */
struct section {
	struct kcmap_directory *directory;
	u32 *active;
	unsigned long flags;
};

static void section_begin(struct kcmap_table *table, struct section *section)
	__acquires(RCU)
{
	rcu_read_lock();
	local_irq_save(section->flags);
	section->active = kcmap_gate_enter(&table->gate);
	section->directory = rcu_dereference(table->directory);
}

/* After the last lock was taken: whether that is still the table's contents. */
static bool section_passed(struct kcmap_table *table, struct section *section)
{
	return kcmap_gate_passed(&table->gate) &&
	       section->directory->contents == table->contents;
}

static void section_end(struct kcmap_table *table, struct section *section)
	__releases(RCU)
{
	kcmap_gate_exit(section->active);
	local_irq_restore(section->flags);
	rcu_read_unlock();
}

/* Context: segment->lock. When it returns, no writer is in the segment. */
static void freeze(const struct kcmap_layout *layout,
		   struct kcmap_segment *segment)
{
	raw_spinlock_t *locks = kcmap_segment_locks(layout, segment);
	unsigned int i;

	WRITE_ONCE(segment->frozen, true);
	/* See segment.h: who came before is waited for, who comes later sees it. */
	for (i = 0; i < kcmap_layout_buckets(layout); i++) {
		raw_spin_lock(&locks[i]);
		raw_spin_unlock(&locks[i]);
	}
}

static void thaw(struct kcmap_segment *segment)
{
	WRITE_ONCE(segment->frozen, false);
}

/* Segments behind a segment. Context: RCU, or nobody else sees it. */
static unsigned int chain_length(const struct kcmap_segment *segment)
{
	unsigned int length = 0;

	while ((segment = rcu_dereference_check(segment->chain, true)))
		length++;
	return length;
}

/* A segment has been replaced: count, and free what nobody can find any more. */
static void retire(struct kcmap_contents *contents,
		   struct kcmap_segment *segment)
{
	atomic_sub(chain_length(segment), &contents->chained);
	atomic_dec(&contents->segments);
	kcmap_segment_free_rcu(segment);
}

/* Context: segment->lock. */
static enum outcome split_locked(struct kcmap_table *table, u64 hash,
				 struct kcmap_contents *contents,
				 struct kcmap_segment *segment,
				 struct kcmap_spare *spare)
{
	unsigned int shift = 63 - segment->depth, i, count[2] = {};
	struct kcmap_directory *directory;
	bool enough;

	if (segment->depth >= table->layout.depth ||
	    READ_ONCE(segment->unsplittable))
		return OUTCOME_NEVER;
	raw_spin_lock(&contents->lock);
	enough = kcmap_directory_make_entries(&table->directory, hash, segment,
					      spare);
	raw_spin_unlock(&contents->lock);
	if (!enough)
		return OUTCOME_LACKS;

	freeze(&table->layout, segment);
	/* Where all go into one half and a chain again, nothing would be won. */
	if (!kcmap_distribute(table, segment, spare->segment, shift, spare,
			      count) ||
	    (segment->chain && (!count[0] || !count[1]))) {
		WRITE_ONCE(segment->unsplittable, true);
		thaw(segment);
		return OUTCOME_NEVER;
	}
	kcmap_linger(KCMAP_MOMENT_SPLIT);
	/* Before anybody can find, and so retire, them. */
	atomic_add(2, &contents->segments);
	raw_spin_lock(&contents->lock);
	directory = rcu_dereference_protected(table->directory, true);
	for (i = 0; i < 2; i++) {
		spare->segment[i]->depth = segment->depth + 1;
		atomic_add(chain_length(spare->segment[i]), &contents->chained);
		kcmap_directory_publish(
			directory, (hash & ~BIT_ULL(shift)) | (u64)i << shift,
			spare->segment[i]);
		spare->segment[i] = NULL;
	}
	raw_spin_unlock(&contents->lock);
	retire(contents, segment);
	__this_cpu_inc(table->counters->splits);
	return OUTCOME_DONE;
}

static enum outcome try_split(struct kcmap_table *table, u64 hash,
			      const struct kcmap_segment *full,
			      struct kcmap_spare *spare)
{
	enum outcome outcome = OUTCOME_DONE;
	struct kcmap_segment *segment;
	struct section section;

	section_begin(table, &section);
	segment = kcmap_dirent_segment(
		kcmap_directory_entry(section.directory, hash));
	/* Somebody else has split it, or cleared the table. */
	if (segment != full)
		goto end;
	raw_spin_lock(&segment->lock);
	if (section_passed(table, &section) && !segment->frozen)
		outcome = split_locked(table, hash, section.directory->contents,
				       segment, spare);
	else
		outcome = OUTCOME_AGAIN;
	raw_spin_unlock(&segment->lock);
end:
	section_end(table, &section);
	return outcome;
}

static bool provide_segments(struct kcmap_table *table,
			     struct kcmap_spare *spare, unsigned int nr,
			     gfp_t gfp)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		spare->segment[i] =
			kcmap_segment_alloc(&table->layout, false, false, gfp);
		if (!spare->segment[i])
			return false;
	}
	return true;
}

static bool provide_leaves(struct kcmap_table *table, u64 hash,
			   struct kcmap_spare *spare, gfp_t gfp)
{
	struct kcmap_directory *directory;
	unsigned int i, depth;
	bool doubles;

	for (i = 0; i < 2; i++) {
		if (!spare->leaf[i])
			spare->leaf[i] = kcmap_leaf_alloc(gfp);
		if (!spare->leaf[i])
			return false;
	}
	kfree(spare->directory);
	spare->directory = NULL;
	rcu_read_lock();
	directory = rcu_dereference(table->directory);
	doubles = kcmap_directory_doubles(directory, hash);
	depth = directory->depth + 1;
	rcu_read_unlock();
	/* If that changes meanwhile, it will be found lacking again. */
	if (!doubles)
		return true;
	spare->directory = kcmap_directory_alloc(&table->layout, depth, gfp);
	return spare->directory;
}

/*
 * As many for each half as the segment has behind it: the deepest bucket may be
 * another in each.
 */
static bool provide_chained(struct kcmap_table *table,
			    struct kcmap_spare *spare,
			    const struct kcmap_segment *full, u64 hash,
			    gfp_t gfp)
{
	struct kcmap_segment *segment, *chained;
	unsigned int nr = 0;
	bool vain = false;

	rcu_read_lock();
	segment = kcmap_dirent_segment(
		kcmap_directory_entry(rcu_dereference(table->directory), hash));
	if (segment == full && segment->chain) {
		nr = 2 * chain_length(segment);
		vain = nr > 2 * KCMAP_SPLIT_CHAIN_MAX ||
		       !kcmap_is_parted(table, segment);
		if (vain)
			WRITE_ONCE(segment->unsplittable, true);
	}
	rcu_read_unlock();
	if (vain)
		return false;
	while (nr--) {
		chained = kcmap_segment_alloc(&table->layout, true, false, gfp);
		if (!chained)
			return false;
		RCU_INIT_POINTER(chained->chain, spare->chained);
		spare->chained = chained;
	}
	return true;
}

static void spare_free(struct kcmap_spare *spare)
{
	unsigned int i;

	/* One behind the other, as chained segments are. */
	kcmap_segment_free(spare->chained);
	for (i = 0; i < 2; i++) {
		kcmap_segment_free(spare->segment[i]);
		kcmap_leaf_free(spare->leaf[i]);
	}
	kfree(spare->directory);
}

/**
 * kcmap_split - split the segment of a hash, which is full
 * @table: the table
 * @hash: the hash
 * @full: the segment that was found full; compared only
 * @gfp: how to allocate
 *
 * Context: as @gfp allows, outside RCU; interrupts are off for some
 * microseconds, longer where segments are chained behind.
 * Return: whether it is worth looking for room again; false: out of memory, or
 * the keys were chosen to collide.
 */
bool kcmap_split(struct kcmap_table *table, u64 hash,
		 const struct kcmap_segment *full, gfp_t gfp)
{
	enum outcome outcome = OUTCOME_NEVER;
	struct kcmap_spare spare = {};

	/* If there is none the key is chained, and nothing is lost. */
	gfp |= __GFP_NOWARN;
	if (!provide_chained(table, &spare, full, hash, gfp) ||
	    !provide_segments(table, &spare, 2, gfp))
		goto free;
	for (;;) {
		outcome = try_split(table, hash, full, &spare);
		if (outcome == OUTCOME_AGAIN) {
			kcmap_gate_wait(&table->gate);
			continue;
		}
		if (outcome != OUTCOME_LACKS)
			break;
		if (!provide_leaves(table, hash, &spare, gfp))
			break;
	}
free:
	spare_free(&spare);
	return outcome == OUTCOME_DONE;
}

/* Entries of a segment and its chain; a guess while others write. Context: RCU. */
static unsigned int population(const struct kcmap_layout *layout,
			       struct kcmap_segment *segment)
{
	unsigned int i, entries = 0;
	struct kcmap_bucket *bucket;

	for (; segment; segment = rcu_dereference(segment->chain)) {
		for (i = 0; i < kcmap_layout_buckets(layout); i++) {
			bucket = kcmap_segment_bucket(layout, segment, i);
			entries += hweight8(
				kcmap_state_live(READ_ONCE(bucket->state)));
		}
	}
	return entries;
}

/* Context: RCU. The neighbour, if the two together are sparse. */
static struct kcmap_segment *sparse_buddy(const struct kcmap_layout *layout,
					  struct kcmap_directory *directory,
					  u64 hash,
					  struct kcmap_segment *segment)
{
	unsigned int room = kcmap_layout_slots(layout) * KCMAP_MERGE_FILL / 100;
	struct kcmap_segment *buddy;

	buddy = kcmap_directory_buddy(directory, hash, segment);
	if (!buddy || population(layout, segment) > room ||
	    population(layout, segment) + population(layout, buddy) > room)
		return NULL;
	return buddy;
}

static bool is_sparse(struct kcmap_table *table, u64 hash)
{
	struct kcmap_directory *directory;
	struct kcmap_segment *segment;
	bool sparse;

	rcu_read_lock();
	directory = rcu_dereference(table->directory);
	segment = kcmap_dirent_segment(kcmap_directory_entry(directory, hash));
	sparse = sparse_buddy(&table->layout, directory, hash, segment);
	rcu_read_unlock();
	return sparse;
}

/* Context: both segments' locks; @merged: NULL when it was taken. */
static bool merge_locked(struct kcmap_table *table, u64 hash,
			 struct kcmap_contents *contents,
			 struct kcmap_segment *const pair[2],
			 struct kcmap_segment **merged)
{
	struct kcmap_segment *const to[2] = { *merged, *merged };
	struct kcmap_spare none = {};
	unsigned int count[2] = {};
	struct kcmap_directory *directory;
	bool done = false;

	freeze(&table->layout, pair[0]);
	freeze(&table->layout, pair[1]);
	if (!kcmap_distribute(table, pair[0], to, 0, &none, count) ||
	    !kcmap_distribute(table, pair[1], to, 0, &none, count))
		goto thaw;
	raw_spin_lock(&contents->lock);
	directory = rcu_dereference_protected(table->directory, true);
	/* Their leaf may have been split meanwhile, between the two. */
	done = kcmap_directory_buddy(directory, hash, pair[0]);
	if (done) {
		atomic_inc(&contents->segments);
		(*merged)->depth = pair[0]->depth - 1;
		kcmap_directory_publish(directory, hash, *merged);
	}
	raw_spin_unlock(&contents->lock);
	if (!done)
		goto thaw;
	*merged = NULL;
	retire(contents, pair[0]);
	retire(contents, pair[1]);
	__this_cpu_inc(table->counters->merges);
	return true;
thaw:
	thaw(pair[0]);
	thaw(pair[1]);
	return false;
}

static bool try_merge(struct kcmap_table *table, u64 hash,
		      struct kcmap_segment **merged)
{
	struct kcmap_segment *segment, *buddy, *pair[2];
	struct section section;
	bool done = false;
	int upper;

	section_begin(table, &section);
	segment = kcmap_dirent_segment(
		kcmap_directory_entry(section.directory, hash));
	buddy = sparse_buddy(&table->layout, section.directory, hash, segment);
	if (!buddy)
		goto end;
	upper = hash >> (64 - segment->depth) & 1;
	pair[upper] = segment;
	pair[!upper] = buddy;
	raw_spin_lock(&pair[0]->lock);
	raw_spin_lock_nested(&pair[1]->lock, SINGLE_DEPTH_NESTING);
	if (section_passed(table, &section) && !pair[0]->frozen &&
	    !pair[1]->frozen)
		done = merge_locked(table, hash, section.directory->contents,
				    pair, merged);
	raw_spin_unlock(&pair[1]->lock);
	raw_spin_unlock(&pair[0]->lock);
end:
	section_end(table, &section);
	return done;
}

/**
 * kcmap_merge - merge the segment of a hash with its neighbour, if both are sparse
 * @table: the table
 * @hash: the hash
 * @gfp: how to allocate; without memory the two stay as they are
 *
 * What is merged may be merged again. Done by whoever deletes: it is a matter of
 * memory, not of correctness, and the next one may try again.
 *
 * Context: as @gfp allows, outside RCU; interrupts are off for some
 * microseconds, longer where segments are chained behind.
 */
void kcmap_merge(struct kcmap_table *table, u64 hash, gfp_t gfp)
{
	struct kcmap_spare spare = {};
	bool merged = true;

	/* A delete in whatever context does not allocate; one that may sleep may. */
	if (!gfpflags_allow_blocking(gfp))
		return;
	gfp = (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY;
	while (merged && is_sparse(table, hash) &&
	       provide_segments(table, &spare, 1, gfp | __GFP_NOWARN)) {
		merged = try_merge(table, hash, &spare.segment[0]);
		kcmap_segment_free(spare.segment[0]);
		spare.segment[0] = NULL;
	}
}
