// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a table, clearing, and statistics.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/slab.h>

#include "fault.h"
#include "image.h"
#include "plant.h"
#include "quota.h"
#include "snapshot.h"
#include "table_internal.h"

/* What a table has beside its frames, leaves and roots. */
static size_t fixed_bytes(void)
{
	return sizeof(struct kcmap_table) + sizeof(struct kcmap_arena) +
	       sizeof(struct kcmap_contents) +
	       num_possible_cpus() * (sizeof(struct kcmap_counters) +
				      2 * sizeof(u32)); /* gate, credit */
}

/**
 * kcmap_table_create - make an empty table
 * @params: sizes and limits, in the bounds that struct kcmap_table_params
 * states
 *
 * Context: process, may sleep. Memory is charged to the caller's control group.
 * Return: the table, or an ERR_PTR: -EINVAL, -ENOMEM, -EDQUOT.
 */
struct kcmap_table *kcmap_table_create(const struct kcmap_table_params *params)
{
	struct kcmap_quota *quota = params->quota;
	struct kcmap_directory *directory;
	struct kcmap_table *table;
	int rc = -ENOMEM;

	if (!params->key_size || params->key_size > KCMAP_KEY_SIZE_MAX ||
	    params->value_size > KCMAP_VALUE_SIZE_MAX || !params->max_entries ||
	    params->max_entries > KCMAP_ENTRIES_MAX)
		return ERR_PTR(-EINVAL);

	if (!kcmap_quota_charge(quota, fixed_bytes()))
		return ERR_PTR(-EDQUOT);
	table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		goto uncharge;
	table->params = *params;
	kcmap_layout_init(&table->layout, params->key_size, params->value_size,
			  params->max_entries);
	kcmap_hash_init(&table->hash, params->hash_fast);
	table->pairs_fast = table->layout.word_to_word && params->hash_fast;
	table->counters =
		alloc_percpu_gfp(struct kcmap_counters, GFP_KERNEL_ACCOUNT);
	if (!table->counters)
		goto free_table;
	if (kcmap_gate_init(&table->gate))
		goto free_counters;
	table->arena = kcmap_arena_create(
		&table->layout, kcmap_image_frames_offset(&table->layout),
		quota);
	if (!table->arena)
		goto destroy_gate;
	directory = kcmap_directory_create(table->arena, &table->layout,
					   params->max_entries, false);
	if (!directory) {
		/* A segment, a leaf, and less than a page of root. */
		rc = kcmap_quota_error(
			quota, table->arena->frame_bytes[KCMAP_FRAME_SEGMENT] +
				       2 * PAGE_SIZE);
		goto destroy_arena;
	}
	kcmap_directory_begin(directory);
	table->contents = directory->contents;
	RCU_INIT_POINTER(table->directory, directory);
	return table;

destroy_arena:
	kcmap_arena_destroy(table->arena);
destroy_gate:
	kcmap_gate_destroy(&table->gate);
free_counters:
	free_percpu(table->counters);
free_table:
	kfree(table);
uncharge:
	kcmap_quota_uncharge(quota, fixed_bytes());
	return ERR_PTR(rc);
}

/**
 * kcmap_table_destroy - free a table
 * @table: the table; nobody uses it any more, nor will; it has no snapshots and no
 *	mappings
 *
 * Context: process, may sleep.
 */
void kcmap_table_destroy(struct kcmap_table *table)
{
	struct kcmap_directory *directory;

	/* Nobody else has it any more. */
	directory = rcu_dereference_protected(table->directory, true);
	kcmap_directory_retire(directory, table->arena->epoch);
	kcmap_view_free(table);
	/* While the arena keeps the quota. */
	kcmap_quota_uncharge(table->params.quota, fixed_bytes());
	kcmap_arena_destroy(table->arena);
	kcmap_gate_destroy(&table->gate);
	free_percpu(table->counters);
	kfree(table);
}

/**
 * kcmap_table_params - how a table was made
 * @table: the table
 *
 * Context: any.
 * Return: the parameters; they live as long as the table.
 */
const struct kcmap_table_params *
kcmap_table_params(const struct kcmap_table *table)
{
	return &table->params;
}

/**
 * kcmap_table_geometry - how a table lays out its memory
 * @table: the table
 * @geometry: result
 *
 * Context: any.
 */
void kcmap_table_geometry(const struct kcmap_table *table,
			  struct kcmap_geometry *geometry)
{
	const struct kcmap_layout *layout = &table->layout;

	*geometry = (struct kcmap_geometry){
		.slot_size = layout->slot_words * sizeof(u64),
		.bucket_size = layout->bucket_size,
		.bucket_slots = layout->bucket_slots,
		.segment_buckets = kcmap_layout_buckets(layout),
		.segment_size = kcmap_layout_pages(layout) * PAGE_SIZE,
		.segments_max = 1ULL << layout->depth,
	};
}

/**
 * kcmap_table_stored - inserts less deletes of all time
 * @table: the table
 *
 * Deletes first: an entry that comes and goes meanwhile must not make the difference
 * negative.
 *
 * Context: any.
 */
u64 kcmap_table_stored(const struct kcmap_table *table)
{
	u64 inserts = 0, deletes = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		deletes +=
			READ_ONCE(per_cpu_ptr(table->counters, cpu)->deletes);
	/*
	 * A delete counts after the insert of what it deletes, on whatever CPU:
	 * pairs with the lock of the home bucket, under which both count, and
	 * smp_mb__after_spinlock() in kcmap_gate_passed().
	 */
	smp_rmb();
	for_each_possible_cpu(cpu)
		inserts +=
			READ_ONCE(per_cpu_ptr(table->counters, cpu)->inserts);
	return inserts - deletes;
}

/**
 * kcmap_table_stored_exactly - likewise, when nobody counts
 * @table: the table
 *
 * Context: inside the gate, by its keeper.
 */
u64 kcmap_table_stored_exactly(const struct kcmap_table *table)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		ASSERT_EXCLUSIVE_WRITER(
			per_cpu_ptr(table->counters, cpu)->inserts);
		ASSERT_EXCLUSIVE_WRITER(
			per_cpu_ptr(table->counters, cpu)->deletes);
	}
	return kcmap_table_stored(table);
}

/* Keeps clears away. */
static void lock_stats(struct kcmap_table *table)
{
	if (!kcmap_plant(STATS_CLEARS))
		mutex_lock(&table->gate.keeper);
}

static void unlock_stats(struct kcmap_table *table)
{
	kcmap_plant_load(STATS_CLEARS, &table->clears);

	if (!kcmap_plant(STATS_CLEARS))
		mutex_unlock(&table->gate.keeper);
	else
		fsleep(100);
}

static void add_counters(struct kcmap_table_stats *stats,
			 const struct kcmap_counters *counters)
{
	kcmap_plant_load(STATS_INSERTS, &counters->inserts);
	kcmap_plant_load(STATS_UPDATES, &counters->updates);
	kcmap_plant_load(STATS_DELETES, &counters->deletes);

	stats->inserts += READ_ONCE(counters->inserts);
	stats->updates += READ_ONCE(counters->updates);
	stats->deletes += READ_ONCE(counters->deletes);
	stats->full += READ_ONCE(counters->full);
	stats->nomem += READ_ONCE(counters->nomem);
	stats->moves += READ_ONCE(counters->moves);
	stats->splits += READ_ONCE(counters->splits);
	stats->merges += READ_ONCE(counters->merges);
	stats->copies += READ_ONCE(counters->copies);
	stats->read_retries += READ_ONCE(counters->read_retries);
}

/**
 * kcmap_table_stats - statistics of a table
 * @table: the table
 * @stats: result; see struct kcmap_stats for what is exact when
 *
 * Context: process, may sleep: the gate's mutex keeps a clear away.
 */
void kcmap_table_stats(struct kcmap_table *table,
		       struct kcmap_table_stats *stats)
{
	struct kcmap_directory *directory;
	int cpu;

	kcmap_plant_load(STATS_SEGMENTS, &table->contents->segments);

	memset(stats, 0, sizeof(*stats));
	lock_stats(table);
	stats->clears = table->clears;
	stats->entries = kcmap_table_stored(table) - table->cleared;
	stats->entries = min(stats->entries, table->params.max_entries);
	rcu_read_lock();
	directory = rcu_dereference(table->directory);
	stats->overflow_segments = atomic_read(&table->contents->chained);
	stats->segments = atomic_read(&table->contents->segments) +
			  stats->overflow_segments;
	stats->memory = sizeof(*table) + sizeof(*table->arena) +
			kcmap_directory_bytes(directory) +
			(READ_ONCE(table->arena->nr_idle)
			 << (PAGE_SHIFT + table->layout.page_bits));
	rcu_read_unlock();
	unlock_stats(table);
	stats->snapshots = READ_ONCE(table->arena->nr_cuts);
	stats->snapshot_bytes = READ_ONCE(table->arena->dead) * PAGE_SIZE;

	for_each_possible_cpu(cpu)
		add_counters(stats, per_cpu_ptr(table->counters, cpu));
}

/**
 * struct clear - a call of kcmap_table_clear()
 * @table: the table
 * @directory: in: the new, empty one; out: the old one
 * @died: out: epoch in which that was
 */
struct clear {
	struct kcmap_table *table;
	struct kcmap_directory *directory;
	u64 died;
};

static void clear_instant(void *ctx)
{
	struct clear *clear = ctx;
	struct kcmap_table *table = clear->table;
	/* Nobody doubles it now: that is done inside the gate. */
	struct kcmap_directory *old =
		rcu_dereference_protected(table->directory, true);

	/*
	 * View and kernel cannot be told at once: who looks a key up in the one that
	 * is told first must not return before the other is, where somebody could
	 * still find the key afterwards.
	 */
	kcmap_directory_step(clear->directory);
	kcmap_directory_begin(clear->directory);
	kcmap_linger(KCMAP_MOMENT_CLEAR);
	/* A writer looks at it inside the gate. */
	ASSERT_EXCLUSIVE_WRITER(table->directory);
	ASSERT_EXCLUSIVE_ACCESS(table->contents);
	table->contents = clear->directory->contents;
	rcu_assign_pointer(table->directory, clear->directory);
	kcmap_directory_step(clear->directory);
	clear->directory = old;
	clear->died = table->arena->epoch;
	ASSERT_EXCLUSIVE_WRITER(table->cleared);
	table->cleared = kcmap_table_stored_exactly(table);
	table->clears++;
}

/**
 * kcmap_table_clear - delete all entries at one instant
 * @table: the table
 *
 * The instant is that in which a new directory takes the place of the old one,
 * with no writer between finding the one and writing to it.
 *
 * Snapshots keep what they have.
 *
 * Context: process, may sleep; waits for a grace period, which is also what
 * keeps a caller from piling up directories. Return: 0 or -ENOMEM.
 */
int kcmap_table_clear(struct kcmap_table *table)
{
	struct clear clear = { .table = table };
	u64 epoch = 0;

	if (kcmap_plant(CLEAR_EPOCH)) {
		epoch = READ_ONCE(table->arena->epoch);
		fsleep(20000);
	}
	/* A view that is made just now would need the image. */
	mutex_lock(&table->arena->cuts_lock);
	clear.directory = kcmap_directory_create(table->arena, &table->layout,
						 table->params.max_entries,
						 table->arena->view);
	if (clear.directory)
		kcmap_gate_run(&table->gate, clear_instant, &clear);
	mutex_unlock(&table->arena->cuts_lock);
	if (!clear.directory)
		return -ENOMEM;
	if (kcmap_plant(CLEAR_EPOCH))
		clear.died = epoch;
	synchronize_rcu();
	kcmap_directory_retire(clear.directory, clear.died);
	return 0;
}
