// SPDX-License-Identifier: GPL-2.0-only
/*
 * Those who look keys up in the live view, as <linux/kcmap_image.h> describes it: by
 * the pages that a mapping would show, and known to nobody meanwhile. Each load is a
 * fault and an access; between two of them the reader may be away for so long that
 * all it goes by was replaced, and used again.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/mm.h>

#include <linux/kcmap_image.h>

#include "arena.h"
#include "busted.h"
#include "hash.h"
#include "plant.h"
#include "snapshot.h"
#include "torture.h"

#define LOOKUPS 64 /* in one mapping */
#define TRIES 100
#define PAUSE_ONE_IN 16 /* look-ups */
#define PAUSE_BITS 10 /* of the milliseconds of the longest */
#define KEY_WORDS (KCMAP_TORTURE_KEY_MAX / sizeof(u64))

/**
 * struct view - a look-up in a view
 * @self: who looks
 * @arena: of the map
 * @header: of the view
 * @hash: of the key
 * @leaf: where a race is planted: word of the leaf that was found first
 * @key: the key, padded
 * @value: room for the value
 */
struct view {
	struct torture_thread *self;
	struct kcmap_arena *arena;
	struct kcmap_image header;
	u64 hash;
	u64 leaf;
	u64 key[KEY_WORDS];
	u64 value[KCMAP_TORTURE_VALUE_MAX / sizeof(u64)];
};

/**
 * struct place - where the hash led to
 * @root: word of the header by which it went
 * @entry_at: entry of the leaf, bytes from the start, as all that follow
 * @entry: what it said
 * @segment: the segment
 */
struct place {
	u64 root;
	u64 entry_at;
	u64 entry;
	u64 segment;
};

union dirword {
	u64 word;
	struct kcmap_image_root root;
	struct kcmap_image_entry entry;
};

/* The page at an offset, or an error; NULL: zeros. Context: arena->faults. */
static u64 load_page(struct page *page, u64 offset)
{
	const u64 *word;
	u64 value;

	if (!page)
		return 0;
	word = page_address(page) + offset_in_page(offset);
	/*
	 * This stands for a program's load, which no race detector of the kernel sees:
	 * the frame may be anybody's by now. Whether that is found out is what
	 * torture_check() is for.
	 */
	value = data_race(smp_load_acquire(word));
	put_page(page);
	return value;
}

static u64 load(struct view *view, u64 offset)
{
	struct kcmap_table *table = torture.map->table;
	struct page *page;
	u64 value = 0;

	for (;;) {
		down_read(&view->arena->faults);
		page = kcmap_view_page(table, offset, false);
		if (!IS_ERR(page))
			value = load_page(page, offset);
		up_read(&view->arena->faults);
		if (page != ERR_PTR(-EAGAIN))
			break;
		/* As many holes as there may be; see kcmap_mapping_fault(). */
		kcmap_arena_work(&view->arena->worker.work);
	}
	if (IS_ERR(page) && page != ERR_PTR(-ENOMEM))
		torture_error("view: no page at %llu: %ld", offset,
			      PTR_ERR(page));
	return value;
}

static void hesitate(struct view *view)
{
	if (!torture_below(view->self, PAUSE_ONE_IN))
		torture_sleep(view->self,
			      1 << torture_below(view->self, PAUSE_BITS));
}

static u64 frame_at(const struct view *view, u32 frame)
{
	return view->header.frames_offset +
	       (u64)frame * view->header.frame_size;
}

/* Steps 1 and 2, up to the segment. */
static bool locate(struct view *view, struct place *place)
{
	const struct kcmap_image *header = &view->header;
	union dirword leaf, entry;
	unsigned int depth;

	place->root = load(view, offsetof(struct kcmap_image, root));
	depth = place->root & KCMAP_IMAGE_ROOT_DEPTH;
	leaf.word = load(view, header->root_offset +
				       ((1ULL << 63 | view->hash >> 1) >>
					(63 - depth)) *
					       sizeof(leaf));
	if (kcmap_plant(VIEW_ROOT)) {
		view->leaf = view->leaf ?: leaf.word;
		leaf.word = view->leaf;
	}
	hesitate(view);
	if (leaf.root.frame >= header->frames || leaf.root.depth > 56)
		return false;
	place->entry_at = frame_at(view, leaf.root.frame) +
			  (view->hash << leaf.root.depth >>
			   (64 - KCMAP_IMAGE_LEAF_BITS)) *
				  sizeof(entry);
	place->entry = load(view, place->entry_at);
	hesitate(view);
	entry.word = place->entry;
	if (entry.entry.frame >= header->frames)
		return false;
	place->segment = frame_at(view, entry.entry.frame);
	return true;
}

static u64 bucket_at(const struct view *view, const struct place *place,
		     unsigned int number)
{
	const struct kcmap_image *header = &view->header;

	return place->segment +
	       number / header->page_buckets * KCMAP_IMAGE_PAGE +
	       number % header->page_buckets * header->bucket_size;
}

static bool state_holds(struct view *view, u64 bucket, u64 state)
{
	return kcmap_plant(VIEW_STATE) || (!(state & KCMAP_IMAGE_STATE_ODD) &&
					   load(view, bucket) == state);
}

/* Steps 4 to 6. */
static bool holds(struct view *view, const struct place *place, u64 bucket,
		  u64 state)
{
	if (!state_holds(view, bucket, state) ||
	    (load(view, place->entry_at) != place->entry &&
	     !kcmap_plant(VIEW_ENTRY)))
		return false;
	return kcmap_plant(VIEW_ROOT) ||
	       load(view, offsetof(struct kcmap_image, root)) == place->root ||
	       kcmap_busted(KCMAP_BUSTED_NO_VIEW_ROOT);
}

static bool slot_has(struct view *view, u64 slot)
{
	unsigned int i;

	for (i = 0; i < DIV_ROUND_UP(view->header.key_size, 8); i++)
		if (load(view, slot + i * 8) != view->key[i])
			return false;
	return true;
}

/* Whether a bucket has the key; copies the value. */
static bool find(struct view *view, u64 bucket)
{
	const struct kcmap_image *header = &view->header;
	u64 tags = load(view, bucket + 8);
	u8 tag = view->hash >> 32;
	unsigned int i, j;
	u64 slot;

	tag += !tag;
	for (i = 0; i < header->bucket_slots; i++) {
		slot = bucket + 16 + i * header->slot_size;
		if ((u8)(tags >> 8 * i) != tag || !slot_has(view, slot))
			continue;
		slot += ALIGN(header->key_size, 8);
		for (j = 0; j < DIV_ROUND_UP(header->value_size, 8); j++)
			view->value[j] = load(view, slot + j * 8);
		return true;
	}
	return false;
}

static unsigned int alternate_of(const struct view *view, unsigned int home)
{
	unsigned int n = view->header.segment_buckets;

	if (view->header.flags & KCMAP_IMAGE_XOR)
		return home ^ ((view->hash >> 16 & (n - 1)) | 1);
	return (home + 1 + ((view->hash >> 16 & 0xffff) * (n - 1) >> 16)) % n;
}

/* Return: 0, -ENOENT; -EAGAIN: begin anew; -ESRCH: ask the kernel. */
static int try(struct view *view)
{
	u64 home, home_state, alternate, state;
	struct place place;
	unsigned int number;

	if (!locate(view, &place))
		return -EAGAIN;
	number = (view->hash & 0xffff) * view->header.segment_buckets >> 16;
	home = bucket_at(view, &place, number);
	home_state = load(view, home);
	if (find(view, home))
		return holds(view, &place, home, home_state) ? 0 : -EAGAIN;
	if (home_state & KCMAP_IMAGE_STATE_AWAY) {
		alternate = bucket_at(view, &place, alternate_of(view, number));
		state = load(view, alternate);
		if (find(view, alternate))
			return holds(view, &place, alternate, state) ? 0 :
								       -EAGAIN;
		if (!state_holds(view, alternate, state))
			return -EAGAIN;
	}
	if (!holds(view, &place, home, home_state))
		return -EAGAIN;
	return home_state & KCMAP_IMAGE_STATE_CHAIN ? -ESRCH : -ENOENT;
}

static int lookup(struct view *view, u32 number)
{
	struct kcmap_hash hash = {
		.fast = view->header.flags & KCMAP_IMAGE_HASH_FAST,
	};
	int rc = -EAGAIN, tries;

	memset(view->key, 0, sizeof(view->key));
	kcmap_torture_key(view->key, torture.key_size, number);
	memcpy(&hash.seed, view->header.seed, sizeof(hash.seed));
	view->hash = kcmap_hash_words(&hash, view->key,
				      DIV_ROUND_UP(torture.key_size, 8));
	for (tries = 0; tries < TRIES && rc == -EAGAIN; tries++)
		rc = try(view);
	torture_add(view->self, TORTURE_AGAIN, tries - 1);
	if (rc == -EAGAIN || rc == -ESRCH)
		rc = kcmap_lookup(torture.map, view->key, view->value);
	return rc;
}

static void look(struct view *view)
{
	u32 number = torture_pick(view->self), version = 0;
	struct torture_window window;
	int rc;

	/* Most often one that is not deleted: after a long pause it is still to be there. */
	if (torture_below(view->self, 4))
		number = torture_kept(number);
	torture_look(&window, number);
	rc = lookup(view, number);
	torture_looked(&window, number);
	torture_add(view->self, TORTURE_OPS, 1);
	if (!rc)
		version = torture_read_value("view", number, view->value);
	if (!rc && !version)
		return;
	torture_check("view", &window, number, version);
	torture_add(view->self, rc ? TORTURE_ABSENT : TORTURE_FOUND, 1);
}

/**
 * torture_view - look keys up in the live view
 * @self: who does
 *
 * Context: process, may sleep.
 */
void torture_view(struct torture_thread *self)
{
	struct view view = {
		.self = self,
		.arena = kcmap_table_arena(torture.map->table),
	};
	unsigned int i;

	if (kcmap_view_create(torture.map->table)) {
		torture_add(self, TORTURE_NOMEM, 1);
		return;
	}
	/* From here on frames are kept as they are for a mapping. */
	kcmap_arena_map(view.arena);
	for (i = 0; i < sizeof(view.header) / sizeof(u64); i++)
		((u64 *)&view.header)[i] = load(&view, i * sizeof(u64));
	for (i = 0; i < LOOKUPS && !READ_ONCE(torture.stopping); i++) {
		look(&view);
		cond_resched();
	}
	kcmap_arena_unmap(view.arena);
}
