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
#include "plant.h"
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
					      spare) &&
		 (kcmap_plant(SPLIT_SHARED) ||
		  kcmap_directory_own_leaf(
			  rcu_dereference_protected(table->directory, true),
			  hash, spare));
	raw_spin_unlock(&contents->lock);
	if (!enough)
		return OUTCOME_LACKS;

	kcmap_freeze(&table->layout, segment);
	/* Where all go into one half and a chain again, nothing would be won. */
	if (!kcmap_distribute(table, segment, spare->segment, shift, spare,
			      count) ||
	    (rcu_access_pointer(segment->chain) && (!count[0] || !count[1]))) {
		WRITE_ONCE(segment->unsplittable, true);
		kcmap_thaw(segment);
		return OUTCOME_NEVER;
	}
	kcmap_linger(KCMAP_MOMENT_SPLIT);
	/* Before anybody can find, and so retire, them. */
	atomic_add(2, &contents->segments);
	raw_spin_lock(&contents->lock);
	directory = rcu_dereference_protected(table->directory, true);
	for (i = 0; i < 2; i++) {
		spare->segment[i]->depth = segment->depth + 1;
		atomic_add(kcmap_chain_length(spare->segment[i]),
			   &contents->chained);
		kcmap_directory_publish(
			directory, (hash & ~BIT_ULL(shift)) | (u64)i << shift,
			spare->segment[i]);
		spare->segment[i] = NULL;
	}
	raw_spin_unlock(&contents->lock);
	kcmap_retire_segment(contents, segment);
	__this_cpu_inc(table->counters->splits);
	return OUTCOME_DONE;
}

static enum outcome try_split(struct kcmap_table *table, u64 hash,
			      const struct kcmap_segment *full,
			      struct kcmap_spare *spare)
{
	enum outcome outcome = OUTCOME_DONE;
	struct kcmap_segment *segment;
	struct kcmap_section section;

	kcmap_section_begin(table, &section);
	segment = kcmap_dirent_segment(
		kcmap_directory_entry(section.directory, hash));
	/* Somebody else has split it, or cleared the table. */
	if (segment != full)
		goto end;
	raw_spin_lock(&segment->lock);
	if (kcmap_section_passed(table, &section) && !segment->frozen)
		outcome = split_locked(table, hash, section.directory->contents,
				       segment, spare);
	else
		outcome = OUTCOME_AGAIN;
	raw_spin_unlock(&segment->lock);
end:
	kcmap_section_end(table, &section);
	return outcome;
}

static bool provide_leaves(struct kcmap_table *table, u64 hash,
			   struct kcmap_spare *spare, gfp_t gfp)
{
	struct kcmap_directory *directory;
	unsigned int i, depth;
	bool doubles;

	for (i = 0; i < 2; i++) {
		if (!spare->leaf[i])
			spare->leaf[i] = kcmap_leaf_alloc(table->arena,
							  &table->layout, gfp);
		if (!spare->leaf[i])
			return false;
	}
	kcmap_directory_free(table->arena, spare->directory);
	spare->directory = NULL;
	rcu_read_lock();
	directory = rcu_dereference(table->directory);
	doubles = kcmap_directory_doubles(directory, hash);
	depth = directory->depth + 1;
	rcu_read_unlock();
	/* If that changes meanwhile, it will be found lacking again. */
	if (!doubles)
		return true;
	spare->directory =
		kcmap_directory_alloc(table->arena, &table->layout, depth, gfp);
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
	struct kcmap_segment *segment;
	unsigned int nr = 0;
	bool vain = false;

	rcu_read_lock();
	segment = kcmap_dirent_segment(
		kcmap_directory_entry(rcu_dereference(table->directory), hash));
	if (segment == full && rcu_access_pointer(segment->chain)) {
		nr = 2 * kcmap_chain_length(segment);
		vain = nr > 2 * KCMAP_SPLIT_CHAIN_MAX ||
		       !kcmap_is_parted(table, segment);
		if (vain)
			WRITE_ONCE(segment->unsplittable, true);
	}
	rcu_read_unlock();
	return !vain && kcmap_provide_chained(table, spare, nr, false, gfp);
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
	    !kcmap_provide_segments(table, &spare, 2, false, gfp) ||
	    !kcmap_provide_image(table, &spare, false, gfp))
		goto free;
	for (;;) {
		outcome = try_split(table, hash, full, &spare);
		if (outcome == OUTCOME_AGAIN) {
			kcmap_gate_wait(&table->gate);
			continue;
		}
		if (outcome != OUTCOME_LACKS)
			break;
		if (!provide_leaves(table, hash, &spare, gfp) ||
		    !kcmap_provide_image(table, &spare, false, gfp))
			break;
	}
free:
	kcmap_spare_free(table->arena, &spare);
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

/* Context: both segments' locks. */
static bool merge_locked(struct kcmap_table *table, u64 hash,
			 struct kcmap_contents *contents,
			 struct kcmap_segment *const pair[2],
			 struct kcmap_spare *spare)
{
	struct kcmap_segment *merged = spare->segment[0];
	struct kcmap_segment *const to[2] = { merged, merged };
	unsigned int count[2] = {};
	struct kcmap_directory *directory;
	bool done = false;

	kcmap_freeze(&table->layout, pair[0]);
	kcmap_freeze(&table->layout, pair[1]);
	if (!kcmap_distribute(table, pair[0], to, 0, spare, count) ||
	    !kcmap_distribute(table, pair[1], to, 0, spare, count))
		goto thaw;
	raw_spin_lock(&contents->lock);
	directory = rcu_dereference_protected(table->directory, true);
	/* Their leaf may have been split meanwhile, between the two. */
	done = kcmap_directory_buddy(directory, hash, pair[0]) &&
	       kcmap_directory_own_leaf(directory, hash, spare);
	if (done) {
		atomic_inc(&contents->segments);
		merged->depth = pair[0]->depth - 1;
		kcmap_directory_publish(directory, hash, merged);
	}
	raw_spin_unlock(&contents->lock);
	if (!done)
		goto thaw;
	spare->segment[0] = NULL;
	if (kcmap_plant(MERGE_SHARED)) {
		pair[0]->born = contents->arena->epoch;
		pair[1]->born = contents->arena->epoch;
	}
	kcmap_retire_segment(contents, pair[0]);
	kcmap_retire_segment(contents, pair[1]);
	__this_cpu_inc(table->counters->merges);
	return true;
thaw:
	kcmap_thaw(pair[0]);
	kcmap_thaw(pair[1]);
	return false;
}

static bool try_merge(struct kcmap_table *table, u64 hash,
		      struct kcmap_spare *spare)
{
	struct kcmap_segment *segment, *buddy, *pair[2];
	struct kcmap_section section;
	bool done = false;
	int upper;

	kcmap_section_begin(table, &section);
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
	if (kcmap_section_passed(table, &section) && !pair[0]->frozen &&
	    !pair[1]->frozen)
		done = merge_locked(table, hash, section.directory->contents,
				    pair, spare);
	raw_spin_unlock(&pair[1]->lock);
	raw_spin_unlock(&pair[0]->lock);
end:
	kcmap_section_end(table, &section);
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
	       kcmap_provide_segments(table, &spare, 1, false,
				      gfp | __GFP_NOWARN) &&
	       kcmap_provide_image(table, &spare, false, gfp | __GFP_NOWARN))
		merged = try_merge(table, hash, &spare);
	kcmap_spare_free(table->arena, &spare);
}
