// SPDX-License-Identifier: GPL-2.0-only
/*
 * Those who take snapshots, and walk their images as <linux/kcmap_image.h> describes
 * them: by the pages that a mapping would show.
 */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/mm.h>

#include <linux/kcmap_image.h>

#include "arena.h"
#include "snapshot.h"
#include "torture.h"

#define LEAF_ENTRIES BIT(KCMAP_IMAGE_LEAF_BITS)

/**
 * struct walk - a walk through a snapshot
 * @snapshot: the snapshot
 * @header: its header
 * @census: what is found
 * @rc: 0, or why a page could not be had
 */
struct walk {
	struct kcmap_table_snapshot *snapshot;
	const struct kcmap_image *header;
	struct torture_census *census;
	int rc;
};

/* The page at an offset, with a reference, or NULL. */
static struct page *get(struct walk *walk, u64 offset)
{
	struct kcmap_arena *arena =
		kcmap_table_arena(kcmap_snapshot_table(walk->snapshot));
	struct page *page;

	down_read(&arena->faults);
	page = kcmap_snapshot_page(walk->snapshot, offset);
	up_read(&arena->faults);
	if (!IS_ERR(page))
		return page;
	walk->rc = PTR_ERR(page);
	return NULL;
}

/* Plain loads: nobody may write there, and race detectors are to see it. */
static void read_words(struct walk *walk, u64 offset, void *to, size_t size)
{
	struct page *page = get(walk, offset);

	memset(to, 0, size);
	if (!page)
		return;
	memcpy(to, page_address(page) + offset_in_page(offset), size);
	put_page(page);
}

static u64 frame_at(const struct walk *walk, u32 frame)
{
	return walk->header->frames_offset +
	       (u64)frame * walk->header->frame_size;
}

static void walk_bucket(struct walk *walk, const u64 *bucket)
{
	const struct kcmap_image *header = walk->header;
	const u8 *slot = (const u8 *)(bucket + 2);
	u64 state = bucket[0];
	unsigned int i;

	if (state & KCMAP_IMAGE_STATE_ODD)
		torture_error("snapshot: a bucket is being written: %llx",
			      state);
	for (i = 0; i < header->bucket_slots; i++, slot += header->slot_size)
		if (state >> (KCMAP_IMAGE_STATE_LIVE_SHIFT + i) & 1)
			torture_census_add(walk->census, slot,
					   slot + ALIGN(header->key_size, 8));
}

static void walk_segment(struct walk *walk, u32 frame)
{
	const struct kcmap_image *header = walk->header;
	u64 offset = frame_at(walk, frame);
	struct page *page;
	unsigned int i;

	for (i = 0; i < header->segment_buckets; i += header->page_buckets) {
		page = get(walk, offset);
		if (!page)
			return;
		for (unsigned int j = 0; j < header->page_buckets; j++)
			walk_bucket(walk, page_address(page) +
						  j * header->bucket_size);
		put_page(page);
		offset += PAGE_SIZE;
	}
}

static void walk_chain(struct walk *walk, u32 frame)
{
	do {
		walk_segment(walk, frame);
		read_words(walk, walk->header->links_offset + frame * 4ULL,
			   &frame, sizeof(frame));
	} while (frame && !walk->rc);
}

static void walk_leaf(struct walk *walk, u32 frame)
{
	struct kcmap_image_entry entry;
	u32 last = U32_MAX;
	unsigned int i;

	for (i = 0; i < LEAF_ENTRIES && !walk->rc; i++) {
		read_words(walk, frame_at(walk, frame) + i * sizeof(entry),
			   &entry, sizeof(entry));
		if (entry.frame != last)
			walk_chain(walk, entry.frame);
		last = entry.frame;
		cond_resched();
	}
}

/* Return: 0, -ENOMEM or -ENOENT: a frame is lacking. */
static int walk_image(struct kcmap_table_snapshot *snapshot,
		      struct torture_census *census)
{
	struct walk walk = {
		.snapshot = snapshot,
		.header = kcmap_snapshot_image(snapshot),
		.census = census,
	};
	u64 nr = 1ULL << (walk.header->root & KCMAP_IMAGE_ROOT_DEPTH);
	struct kcmap_image_root leaf;
	u32 last = U32_MAX;
	u64 i;

	for (i = nr; i < 2 * nr && !walk.rc; i++) {
		read_words(&walk, walk.header->root_offset + i * sizeof(leaf),
			   &leaf, sizeof(leaf));
		if (leaf.frame != last)
			walk_leaf(&walk, leaf.frame);
		last = leaf.frame;
	}
	return walk.rc;
}

/* Walk it twice, a while apart, and check what was found. */
static int walk_twice(struct torture_thread *self,
		      struct kcmap_table_snapshot *snapshot,
		      struct torture_census *census)
{
	const char *who = self->actor->name;
	u64 entries = kcmap_snapshot_image(snapshot)->entries;
	int rc;

	rc = walk_image(snapshot, census);
	if (rc)
		return rc;
	if (torture_census_count(census) != entries)
		torture_error("%s: %u entries, the header says %llu", who,
			      torture_census_count(census), entries);
	if (entries > torture.max_entries)
		torture_error("%s: %llu entries of at most %llu", who, entries,
			      torture.max_entries);
	torture_add(self, TORTURE_FOUND, entries);
	torture_sleep(self, 20);
	rc = torture_census_again(census) ?: walk_image(snapshot, census);
	if (!rc)
		torture_census_check(census);
	return rc;
}

static void note_error(struct torture_thread *self, int rc)
{
	/* Many at once may be more than the map allows. */
	if (rc == -ENOMEM || rc == -EDQUOT)
		torture_add(self, TORTURE_NOMEM, 1);
	else if (rc)
		torture_error("%s: %d", self->actor->name, rc);
}

static int refresh(struct torture_thread *self,
		   struct kcmap_table_snapshot *snapshot)
{
	struct torture_census *census = torture_census_begin(self->actor->name);
	int rc;

	if (!census)
		return -ENOMEM;
	rc = kcmap_snapshot_refresh(snapshot);
	torture_census_end(census);
	torture_add(self, TORTURE_OPS, 1);
	if (!rc)
		rc = walk_twice(self, snapshot, census);
	torture_census_free(census);
	return rc;
}

/**
 * torture_snapshot - make a snapshot, walk it, refresh it, close it
 * @self: who does
 *
 * Context: process, may sleep.
 */
void torture_snapshot(struct torture_thread *self)
{
	struct torture_census *census = torture_census_begin(self->actor->name);
	struct kcmap_table_snapshot *snapshot;
	unsigned int i, refreshes = torture_below(self, 4);
	int rc;

	if (!census) {
		note_error(self, -ENOMEM);
		return;
	}
	snapshot = kcmap_snapshot_create(torture.map->table);
	torture_census_end(census);
	torture_add(self, TORTURE_OPS, 1);
	if (IS_ERR(snapshot)) {
		note_error(self, PTR_ERR(snapshot));
		torture_census_free(census);
		return;
	}
	rc = walk_twice(self, snapshot, census);
	torture_census_free(census);
	for (i = 0; i < refreshes && !rc; i++)
		rc = refresh(self, snapshot);
	kcmap_snapshot_close(snapshot);
	note_error(self, rc);
}
