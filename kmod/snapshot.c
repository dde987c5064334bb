// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots of a table. Making one goes through the gate once, and touches no
 * segment: what is in the table from then on belongs to the cut, see arena.h.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "busted.h"
#include "image.h"
#include "quota.h"
#include "snapshot.h"
#include "table_internal.h"

/*
 * Who may read a map may ask for cuts, and each holds up all writers for a moment, and
 * has them copy: so there are no more than this in the long run, and no more than the
 * burst at once.
 */
#define KCMAP_CUT_INTERVAL (NSEC_PER_SEC / 1000)
#define KCMAP_CUT_BURST 100

/* Faults after which a reader is taken to want more than a few look-ups. */
#define KCMAP_FAULTS_ALONE 8

/**
 * struct kcmap_table_snapshot - a snapshot
 * @table: the table
 * @cut: its instant; changed by a refresh under arena->faults and arena->cuts_lock
 * @image: header and root
 * @links: pages of links, by number, as far as somebody has asked for them
 * @faults: how often a page was asked for, up to KCMAP_FAULTS_ALONE; a hint
 */
struct kcmap_table_snapshot {
	struct kcmap_table *table;
	struct kcmap_cut *cut;
	struct kcmap_image *image;
	struct xarray links;
	unsigned int faults;
};

/**
 * struct instant - what is done inside the gate
 * @table: the table
 * @cut: cut to begin
 * @image: image to fill
 * @leaf: image of the only leaf, to use if that has none
 */
struct instant {
	struct kcmap_table *table;
	struct kcmap_cut *cut;
	struct kcmap_image *image;
	struct kcmap_segment *leaf;
};

/* Context: inside the gate. */
static void image_instant(struct instant *instant)
{
	struct kcmap_directory *directory =
		rcu_dereference_protected(instant->table->directory, true);

	kcmap_image_set_root(instant->image, directory, 0,
			     1UL << directory->depth);
}

/* Context: inside the gate. */
static void leaf_instant(struct instant *instant)
{
	struct kcmap_directory *directory =
		rcu_dereference_protected(instant->table->directory, true);

	if (kcmap_directory_add_image(directory, instant->leaf))
		instant->leaf = NULL;
}

/* Context: process, may sleep; arena->cuts_lock. Return: 0, -ENOMEM or -EDQUOT. */
static int run_instant(struct instant *instant, void (*fn)(void *ctx))
{
	struct kcmap_table *table = instant->table;

	instant->leaf = kcmap_segment_alloc(table->arena, &table->layout,
					    KCMAP_FRAME_LEAF, false,
					    GFP_KERNEL);
	if (!instant->leaf)
		return kcmap_quota_error(
			table->arena->quota,
			table->arena->frame_bytes[KCMAP_FRAME_LEAF]);
	kcmap_gate_run(&table->gate, fn, instant);
	kcmap_segment_free(instant->leaf);
	return 0;
}

static void cut_instant(void *ctx)
{
	struct instant *instant = ctx;
	struct kcmap_table *table = instant->table;
	struct kcmap_image *image = instant->image;

	leaf_instant(instant);
	kcmap_cut_begin(table->arena, instant->cut);
	image->entries = kcmap_table_stored_exactly(table) - table->cleared;
	image->epoch = instant->cut->number;
	image->time_ns = ktime_get_real_ns();
	image_instant(instant);
}

/*
 * A generic cell rate: arena->cut_due is when the next cut would come on its own.
 * Return: how long to wait for it, 0: it may be made. Context: arena->cuts_lock.
 */
static u64 ration(const struct kcmap_arena *arena)
{
	const u64 burst = KCMAP_CUT_BURST * KCMAP_CUT_INTERVAL;
	u64 now = ktime_get_ns();

	return arena->cut_due > now + burst ? arena->cut_due - now - burst : 0;
}

/*
 * Take arena->cuts_lock when a cut may be made. Who must wait for that holds up nobody
 * else: a clear, or who closes a snapshot. Return: 0 or -EINTR.
 */
static int lock_cuts(struct kcmap_arena *arena)
{
	u64 wait;

	for (;;) {
		if (mutex_lock_killable(&arena->cuts_lock))
			return -EINTR;
		wait = ration(arena);
		if (!wait)
			return 0;
		mutex_unlock(&arena->cuts_lock);
		schedule_timeout_killable(nsecs_to_jiffies(wait) + 1);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
}

/* What a cut could keep from being freed: all that the table has now. */
static u64 worst_bytes(struct kcmap_table *table)
{
	u64 bytes;

	rcu_read_lock();
	bytes = kcmap_directory_bytes(rcu_dereference(table->directory));
	rcu_read_unlock();
	return bytes;
}

/* Context: lock_cuts(). @replaces: closed afterwards, or NULL. */
static int cut(struct kcmap_table *table, struct kcmap_cut *cut,
	       const struct kcmap_cut *replaces, struct kcmap_image *image)
{
	struct instant instant = {
		.table = table,
		.cut = cut,
		.image = image,
	};
	struct kcmap_arena *arena = table->arena;
	u64 others = arena->cut_bytes - (replaces ? replaces->bytes : 0);
	int rc;

	if (!replaces && arena->nr_cuts >= table->params.snapshots_max)
		return -EDQUOT;
	cut->bytes = worst_bytes(table);
	if (others > table->params.snapshot_bytes_max ||
	    cut->bytes > table->params.snapshot_bytes_max - others)
		return -EDQUOT;
	arena->cut_due =
		max(arena->cut_due, ktime_get_ns()) + KCMAP_CUT_INTERVAL;
	rc = run_instant(&instant, cut_instant);
	if (!rc)
		arena->cut_bytes += cut->bytes;
	return rc;
}

/* Context: arena->cuts_lock. */
static void uncut(struct kcmap_arena *arena, struct kcmap_cut *cut)
{
	arena->cut_bytes -= cut->bytes;
	kcmap_cut_close(arena, cut);
	kfree(cut);
}

/*
 * What a snapshot has of its own, with all its links: whoever reads them is not to be
 * refused one.
 */
static u64 own_bytes(const struct kcmap_table *table)
{
	return kcmap_image_frames_offset(&table->layout);
}

static void snapshot_free(struct kcmap_table_snapshot *snapshot)
{
	struct kcmap_table *table = snapshot->table;

	kcmap_image_free(snapshot->image, &table->layout);
	kfree(snapshot);
	kcmap_quota_uncharge(table->arena->quota, own_bytes(table));
}

/**
 * kcmap_snapshot_create - make a snapshot of a table
 * @table: the table; outlives the snapshot
 *
 * The cut is linearizable: each operation comes wholly before or wholly after it.
 *
 * Context: process, may sleep.
 * Return: the snapshot, or an ERR_PTR: -EDQUOT: more snapshots, or more bytes that
 * they may pin, than the table's parameters allow, or more than its quota; -ENOMEM;
 * -EINTR.
 */
struct kcmap_table_snapshot *kcmap_snapshot_create(struct kcmap_table *table)
{
	struct kcmap_arena *arena = table->arena;
	struct kcmap_table_snapshot *snapshot;
	int rc = -ENOMEM;

	if (!kcmap_quota_charge(arena->quota, own_bytes(table)))
		return ERR_PTR(-EDQUOT);
	snapshot = kzalloc(sizeof(*snapshot), GFP_KERNEL_ACCOUNT);
	if (!snapshot) {
		kcmap_quota_uncharge(arena->quota, own_bytes(table));
		return ERR_PTR(-ENOMEM);
	}
	snapshot->table = table;
	xa_init(&snapshot->links);
	snapshot->cut = kzalloc(sizeof(*snapshot->cut), GFP_KERNEL_ACCOUNT);
	snapshot->image = kcmap_image_alloc(table, 0);
	if (!snapshot->cut || !snapshot->image)
		goto free;

	rc = lock_cuts(arena);
	if (rc)
		goto free;
	rc = cut(table, snapshot->cut, NULL, snapshot->image);
	mutex_unlock(&arena->cuts_lock);
	if (!rc)
		return snapshot;
free:
	if (!kcmap_busted(KCMAP_BUSTED_LEAK))
		kfree(snapshot->cut);
	snapshot_free(snapshot);
	return ERR_PTR(rc);
}

static void free_links(struct kcmap_table_snapshot *snapshot)
{
	unsigned long number;
	struct page *page;

	xa_for_each(&snapshot->links, number, page)
		put_page(page);
	xa_destroy(&snapshot->links);
}

/* Context: arena->cuts_lock. Mappings show the links of the old cut no more. */
static struct kcmap_cut *change_cut(struct kcmap_table_snapshot *snapshot,
				    struct kcmap_cut *fresh)
{
	const struct kcmap_layout *layout = &snapshot->table->layout;
	struct kcmap_arena *arena = snapshot->table->arena;
	u64 links = kcmap_image_links_offset(layout);
	struct kcmap_cut *old = snapshot->cut;

	down_write(&arena->faults);
	snapshot->cut = fresh;
	if (!xa_empty(&snapshot->links)) {
		kcmap_arena_zap(arena, links,
				kcmap_image_frames_offset(layout) - links);
		free_links(snapshot);
	}
	up_write(&arena->faults);
	return old;
}

/**
 * kcmap_snapshot_refresh - move a snapshot to this instant
 * @snapshot: the snapshot; nobody reads its image meanwhile
 *
 * Takes time in proportion to what was replaced in the table since it was made, or
 * refreshed. What did not change stays mapped.
 *
 * Context: process, may sleep.
 * Return: 0; -EDQUOT, -ENOMEM, -EINTR: the snapshot is as it was.
 */
int kcmap_snapshot_refresh(struct kcmap_table_snapshot *snapshot)
{
	struct kcmap_arena *arena = snapshot->table->arena;
	struct kcmap_cut *fresh;
	int rc;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	rc = lock_cuts(arena);
	if (rc)
		goto free;
	rc = cut(snapshot->table, fresh, snapshot->cut, snapshot->image);
	if (!rc)
		uncut(arena, change_cut(snapshot, fresh));
	mutex_unlock(&arena->cuts_lock);
	if (!rc)
		return 0;
free:
	kfree(fresh);
	return rc;
}

/**
 * kcmap_snapshot_close - nobody needs a snapshot any more
 * @snapshot: the snapshot; not mapped
 *
 * Context: process, may sleep.
 */
void kcmap_snapshot_close(struct kcmap_table_snapshot *snapshot)
{
	struct kcmap_arena *arena = snapshot->table->arena;

	mutex_lock(&arena->cuts_lock);
	uncut(arena, snapshot->cut);
	mutex_unlock(&arena->cuts_lock);
	free_links(snapshot);
	snapshot_free(snapshot);
}

/**
 * kcmap_snapshot_header - copy the header of a snapshot
 * @snapshot: the snapshot
 * @header: where
 *
 * All of it is of one instant, whoever else refreshes the snapshot.
 *
 * Context: process, may sleep.
 */
void kcmap_snapshot_header(const struct kcmap_table_snapshot *snapshot,
			   struct kcmap_image *header)
{
	struct kcmap_arena *arena = snapshot->table->arena;

	mutex_lock(&arena->cuts_lock);
	*header = *snapshot->image;
	mutex_unlock(&arena->cuts_lock);
}

/**
 * kcmap_snapshot_image - header of a snapshot
 * @snapshot: the snapshot
 *
 * Context: any, while nobody refreshes it.
 */
const struct kcmap_image *
kcmap_snapshot_image(const struct kcmap_table_snapshot *snapshot)
{
	return snapshot->image;
}

/**
 * kcmap_snapshot_table - the table of a snapshot
 * @snapshot: the snapshot
 *
 * Context: any.
 */
struct kcmap_table *
kcmap_snapshot_table(const struct kcmap_table_snapshot *snapshot)
{
	return snapshot->table;
}

/**
 * kcmap_snapshot_wants_more - whether pages should be mapped before they are asked for
 * @snapshot: the snapshot; a page of it was just asked for
 *
 * The first look-up is to be soon done, and thousands not to fault for each page.
 *
 * Context: any.
 */
bool kcmap_snapshot_wants_more(struct kcmap_table_snapshot *snapshot)
{
	unsigned int faults = READ_ONCE(snapshot->faults);

	if (faults >= KCMAP_FAULTS_ALONE)
		return true;
	WRITE_ONCE(snapshot->faults, faults + 1);
	return false;
}

/* A page of links is made when it is first asked for: hardly any ever is. */
static struct page *links_page(struct kcmap_table_snapshot *snapshot,
			       unsigned long number)
{
	struct page *page = xa_load(&snapshot->links, number), *other;

	if (page)
		goto found;
	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!page)
		return ERR_PTR(-ENOMEM);
	kcmap_arena_links(snapshot->table->arena,
			  number * (PAGE_SIZE / sizeof(u32)),
			  page_address(page), PAGE_SIZE / sizeof(u32),
			  snapshot->cut->number);
	other = xa_cmpxchg(&snapshot->links, number, NULL, page, GFP_KERNEL);
	if (other) {
		put_page(page);
		if (xa_is_err(other))
			return ERR_PTR(xa_err(other));
		page = other;
	}
found:
	get_page(page);
	return page;
}

static struct page *image_page(struct kcmap_image *image, u64 offset)
{
	struct page *page = kcmap_image_page(image, offset);

	get_page(page);
	return page;
}

/**
 * kcmap_snapshot_page - the page that a mapping of a snapshot shows
 * @snapshot: the snapshot
 * @offset: bytes from the start of the mapping
 *
 * Context: process, may sleep; arena->faults is held shared, until it is mapped.
 * Return: the page, with a reference for the caller; -ENOENT: it has none there;
 * -ENOMEM.
 */
struct page *kcmap_snapshot_page(struct kcmap_table_snapshot *snapshot,
				 u64 offset)
{
	const struct kcmap_layout *layout = &snapshot->table->layout;
	u64 links = kcmap_image_links_offset(layout);
	u64 frames = kcmap_image_frames_offset(layout);

	if (offset < links)
		return image_page(snapshot->image, offset);
	if (offset < frames)
		return links_page(snapshot, (offset - links) >> PAGE_SHIFT);
	return kcmap_arena_page(snapshot->table->arena, offset - frames,
				snapshot->cut->number, false);
}

static void view_instant(void *ctx)
{
	struct instant *instant = ctx;

	leaf_instant(instant);
	image_instant(instant);
	instant->table->arena->view = instant->image;
}

static u64 view_bytes(const struct kcmap_table *table)
{
	return kcmap_image_links_offset(&table->layout);
}

/* Context: process, may sleep; arena->cuts_lock. Return: 0, -ENOMEM or -EDQUOT. */
static int make_view(struct kcmap_table *table)
{
	struct kcmap_quota *quota = table->arena->quota;
	struct instant instant = { .table = table };
	int rc;

	if (!kcmap_quota_charge(quota, view_bytes(table)))
		return -EDQUOT;
	instant.image = kcmap_image_alloc(table, KCMAP_IMAGE_LIVE);
	rc = instant.image ? run_instant(&instant, view_instant) : -ENOMEM;
	if (rc) {
		kcmap_image_free(instant.image, &table->layout);
		kcmap_quota_uncharge(quota, view_bytes(table));
	}
	return rc;
}

/**
 * kcmap_view_create - see that a table has a live view
 * @table: the table
 *
 * It is kept from then on, as long as the table lives.
 *
 * Context: process, may sleep.
 * Return: 0, -ENOMEM, -EDQUOT or -EINTR.
 */
int kcmap_view_create(struct kcmap_table *table)
{
	struct kcmap_arena *arena = table->arena;
	int rc;

	rc = mutex_lock_killable(&arena->cuts_lock);
	if (rc)
		return rc;
	if (!arena->view)
		rc = make_view(table);
	mutex_unlock(&arena->cuts_lock);
	return rc;
}

/**
 * kcmap_view_free - free the live view of a table, if it has one
 * @table: the table; nobody has the view mapped
 *
 * Context: process, may sleep.
 */
void kcmap_view_free(struct kcmap_table *table)
{
	if (!table->arena->view)
		return;
	kcmap_image_free(table->arena->view, &table->layout);
	kcmap_quota_uncharge(table->arena->quota, view_bytes(table));
}

/**
 * kcmap_view_page - the page that a mapping of the live view shows
 * @table: a table that has a view
 * @offset: bytes from the start of the mapping
 * @peek: only if there is one
 *
 * Context, return: as kcmap_arena_page().
 */
struct page *kcmap_view_page(struct kcmap_table *table, u64 offset, bool peek)
{
	u64 links = kcmap_image_links_offset(&table->layout);
	u64 frames = kcmap_image_frames_offset(&table->layout);

	if (offset < links)
		return image_page(table->arena->view, offset);
	/* Never anything but zeros. */
	if (offset < frames)
		return NULL;
	return kcmap_arena_page(table->arena, offset - frames, 0, peek);
}

/**
 * kcmap_table_image_size - bytes that an image of a table may be mapped with
 * @table: the table
 *
 * Context: any.
 */
u64 kcmap_table_image_size(const struct kcmap_table *table)
{
	return kcmap_image_frames_offset(&table->layout) +
	       ((u64)table->arena->limit
		<< (PAGE_SHIFT + table->layout.page_bits));
}

/**
 * kcmap_table_is_link - whether links are there in an image of a table
 * @table: the table
 * @offset: bytes from the start of the mapping
 *
 * Context: any.
 */
bool kcmap_table_is_link(const struct kcmap_table *table, u64 offset)
{
	return offset >= kcmap_image_links_offset(&table->layout) &&
	       offset < kcmap_image_frames_offset(&table->layout);
}

/**
 * kcmap_table_arena - the arena of a table
 * @table: the table
 *
 * Context: any.
 */
struct kcmap_arena *kcmap_table_arena(struct kcmap_table *table)
{
	return table->arena;
}
