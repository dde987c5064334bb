// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copy before write: the first who writes in a segment that a snapshot has copies it,
 * and the copy takes its place in the table. The snapshot keeps the one that it has,
 * which never changes again.
 */
#include "busted.h"
#include "fault.h"
#include "table_internal.h"

enum outcome {
	OUTCOME_DONE, /* also by somebody else */
	OUTCOME_AGAIN, /* the gate was closed, or the segment is being replaced */
	OUTCOME_LACKS, /* more chained segments, or the image of a leaf */
};

static void copy_pages(struct kcmap_segment *to,
		       const struct kcmap_segment *from)
{
	unsigned int i;

	for (i = 0; i < 1U << from->page_bits; i++)
		memcpy(to->page[i], from->page[i], PAGE_SIZE);
}

static unsigned int spare_chained(const struct kcmap_spare *spare)
{
	return spare->chained ? 1 + kcmap_chain_length(spare->chained) : 0;
}

/* Context: segment->lock of @from, frozen; @spare has what it needs. */
static void copy_all(struct kcmap_segment *from, struct kcmap_spare *spare)
{
	struct kcmap_segment *to = spare->segment[0], *chained;

	/* Frozen: nobody writes there any more. (What copies the pages looks, too.) */
	ASSERT_EXCLUSIVE_WRITER(from->frozen);
	to->depth = from->depth;
	to->unsplittable = READ_ONCE(from->unsplittable);
	for (;;) {
		copy_pages(to, from);
		from = rcu_dereference_protected(from->chain, true);
		if (!from)
			return;
		chained = spare->chained;
		spare->chained =
			rcu_dereference_protected(chained->chain, true);
		RCU_INIT_POINTER(chained->chain, NULL);
		RCU_INIT_POINTER(to->chain, chained);
		to = chained;
	}
}

/* Context: segment->lock. */
static enum outcome copy_locked(struct kcmap_table *table, u64 hash,
				struct kcmap_contents *contents,
				struct kcmap_segment *segment,
				struct kcmap_spare *spare)
{
	struct kcmap_directory *directory;
	bool enough;

	raw_spin_lock(&contents->lock);
	directory = rcu_dereference_protected(table->directory, true);
	enough = kcmap_directory_own_leaf(directory, hash, spare);
	raw_spin_unlock(&contents->lock);
	/* Nothing is chained behind a segment that a snapshot has: it stays so. */
	if (!enough || spare_chained(spare) < kcmap_chain_length(segment))
		return OUTCOME_LACKS;

	kcmap_freeze(&table->layout, segment);
	copy_all(segment, spare);
	kcmap_linger(KCMAP_MOMENT_SPLIT);
	atomic_inc(&contents->segments);
	atomic_add(kcmap_chain_length(segment), &contents->chained);
	raw_spin_lock(&contents->lock);
	directory = rcu_dereference_protected(table->directory, true);
	kcmap_directory_publish(directory, hash, spare->segment[0]);
	spare->segment[0] = NULL;
	raw_spin_unlock(&contents->lock);
	kcmap_retire_segment(contents, segment);
	__this_cpu_inc(table->counters->copies);
	return OUTCOME_DONE;
}

static enum outcome try_copy(struct kcmap_table *table, u64 hash,
			     const struct kcmap_segment *shared,
			     struct kcmap_spare *spare, unsigned int *chained)
{
	enum outcome outcome = OUTCOME_DONE;
	struct kcmap_section section;
	struct kcmap_segment *segment;

	kcmap_section_begin(table, &section);
	segment = kcmap_dirent_segment(
		kcmap_directory_entry(section.directory, hash));
	/* Somebody else has replaced it. */
	if (segment != shared)
		goto end;
	*chained = kcmap_chain_length(segment);
	raw_spin_lock(&segment->lock);
	if (!kcmap_section_passed(table, &section) || segment->frozen)
		outcome = OUTCOME_AGAIN;
	else if (kcmap_is_shared(table->arena, segment))
		outcome = copy_locked(table, hash, section.directory->contents,
				      segment, spare);
	raw_spin_unlock(&segment->lock);
end:
	kcmap_section_end(table, &section);
	return outcome;
}

/**
 * kcmap_copy - copy the segment of a hash, which a snapshot has
 * @table: the table
 * @hash: the hash
 * @shared: the segment that was found shared; compared only
 * @gfp: how to allocate; who may not wait draws on the reserve
 *
 * Context: as @gfp allows, outside RCU; interrupts are off for some microseconds,
 * longer where segments are chained behind.
 * Return: false without memory.
 */
bool kcmap_copy(struct kcmap_table *table, u64 hash,
		const struct kcmap_segment *shared, gfp_t gfp)
{
	bool reserve = !gfpflags_allow_blocking(gfp);
	enum outcome outcome = OUTCOME_LACKS;
	unsigned int chained = 0, have;
	struct kcmap_spare spare = {};

	gfp |= __GFP_NOWARN;
	for (;;) {
		have = spare_chained(&spare);
		if (outcome == OUTCOME_LACKS &&
		    (!kcmap_provide_segments(table, &spare, 1, reserve, gfp) ||
		     !kcmap_provide_image(table, &spare, reserve, gfp) ||
		     !kcmap_provide_chained(table, &spare,
					    max(chained, have) - have, reserve,
					    gfp)))
			break;
		outcome = try_copy(table, hash, shared, &spare, &chained);
		if (outcome == OUTCOME_DONE)
			break;
		if (outcome == OUTCOME_AGAIN) {
			kcmap_gate_wait(&table->gate);
			cpu_relax();
		}
	}
	kcmap_spare_free(table->arena, &spare);
	return outcome == OUTCOME_DONE;
}
