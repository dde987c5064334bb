// SPDX-License-Identifier: GPL-2.0-only
/*
 * Look-ups in a snapshot as a reader in userspace does them, page by page, so that
 * the pages which a mapping would show are what is tested.
 */
#include <linux/kcmap_image.h>
#include <linux/mm.h>

#include "image.h"
#include "snapshot.h"
#include "table_testlib.h"

/* NULL: the snapshot has no page there. */
static void *bytes_at(struct kcmap_table_snapshot *snapshot, u64 offset)
{
	struct kcmap_arena *arena = kcmap_snapshot_table(snapshot)->arena;
	struct page *page;

	down_read(&arena->faults);
	page = kcmap_snapshot_page(snapshot, offset);
	up_read(&arena->faults);
	if (IS_ERR_OR_NULL(page))
		return NULL;
	/* The snapshot keeps it. */
	put_page(page);
	return page_address(page) + offset_in_page(offset);
}

static u64 frame_offset(const struct kcmap_image *image, u32 number)
{
	return image->frames_offset + (u64)number * image->frame_size;
}

/* -ENOENT: not in this bucket. @state: what the bucket says of others. */
static int look_in(struct kcmap_table_snapshot *snapshot, u32 frame, u32 number,
		   const u64 *key, u8 tag, void *value, u64 *state)
{
	struct kcmap_table *table = kcmap_snapshot_table(snapshot);
	const struct kcmap_image *image = kcmap_snapshot_image(snapshot);
	const struct kcmap_layout *layout = &table->layout;
	struct kcmap_bucket *bucket;
	int slot;

	bucket = bytes_at(snapshot,
			  frame_offset(image, frame) +
				  number / image->page_buckets * PAGE_SIZE +
				  number % image->page_buckets *
					  image->bucket_size);
	if (!bucket)
		return -EFAULT;
	*state = bucket->state;
	slot = kcmap_bucket_find(layout, bucket, key, tag);
	if (slot < 0)
		return -ENOENT;
	kcmap_words_read(value,
			 kcmap_slot(layout, bucket, slot) + layout->key_words,
			 layout->value_size);
	return 0;
}

static u32 chained_behind(struct kcmap_table_snapshot *snapshot, u32 frame)
{
	const struct kcmap_image *image = kcmap_snapshot_image(snapshot);
	u32 *link = bytes_at(snapshot, image->links_offset + 4ULL * frame);

	return link ? *link : 0;
}

/* 0, -ENOENT, or -EFAULT: something that should be in the snapshot is not. */
int test_snapshot_lookup(struct kcmap_table_snapshot *snapshot, const void *key,
			 void *value)
{
	struct kcmap_table *table = kcmap_snapshot_table(snapshot);
	const struct kcmap_image *image = kcmap_snapshot_image(snapshot);
	const struct kcmap_layout *layout = &table->layout;
	unsigned int depth = image->root & KCMAP_IMAGE_ROOT_DEPTH, home;
	u64 words[KCMAP_KEY_WORDS_MAX], hash, state, other;
	struct kcmap_image_entry *entry;
	struct kcmap_image_root *root;
	u32 frame;
	u8 tag;
	int rc;

	kcmap_words_pack(words, key, layout->key_size);
	hash = kcmap_table_hash(table, words);
	tag = kcmap_hash_tag(hash);
	home = kcmap_hash_home(layout, hash);
	root = bytes_at(snapshot,
			image->root_offset + 8 * ((1ULL << depth) +
						  kcmap_hash_top(hash, depth)));
	if (!root)
		return -EFAULT;
	entry = bytes_at(snapshot,
			 frame_offset(image, root->frame) +
				 8 * (hash >> (64 - KCMAP_IMAGE_LEAF_BITS -
					       root->depth) &
				      0xff));
	if (!entry)
		return -EFAULT;
	frame = entry->frame;
	rc = look_in(snapshot, frame, home, words, tag, value, &state);
	if (rc == -ENOENT && state & KCMAP_IMAGE_STATE_AWAY)
		rc = look_in(snapshot, frame,
			     kcmap_hash_alternate(layout, hash), words, tag,
			     value, &other);
	if (!(state & KCMAP_IMAGE_STATE_CHAIN))
		return rc;
	while (rc == -ENOENT && (frame = chained_behind(snapshot, frame)))
		rc = look_in(snapshot, frame, home, words, tag, value, &other);
	return rc;
}

/* Each frame that there is belongs to the table, or is idle; no cut keeps any. */
void test_check_frames(struct kunit *test, struct kcmap_table *table)
{
	struct kcmap_contents *contents = table->contents;
	struct kcmap_arena *arena = table->arena;
	unsigned long number, frames = 0;
	struct kcmap_segment *frame;
	unsigned int images;

	/* What was replaced is freed a grace period later. */
	rcu_barrier();
	xa_for_each(&arena->frames, number, frame)
		frames += !xa_is_value(frame);
	images = atomic_read(&contents->leaves);
	if (!*kcmap_directory_image(
		    rcu_dereference_protected(table->directory, true)))
		images = 0;
	KUNIT_EXPECT_EQ(test, frames,
			arena->nr_idle + images +
				atomic_read(&contents->segments) +
				atomic_read(&contents->chained));
	KUNIT_EXPECT_EQ(test, 0UL, arena->dead);
	KUNIT_EXPECT_EQ(test, 0U, arena->nr_cuts);
	KUNIT_EXPECT_EQ(test, 0ULL, arena->cut_bytes);
}
