// SPDX-License-Identifier: MIT
/*
 * The image changes in the middle of a look-up in the view, in the moments in which
 * one check alone notices. This is also built with each of the checks left out, and
 * then has to see a wrong answer just there.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>

enum kcmap_probe_moment;
static void on_moment(unsigned int moment);
#define KCMAP_PROBE_LINGER(moment) on_moment(moment)

/* The code itself, rather than as it is in the library. */
#include "view.c"

#include "image_build.h"
#include "tap.h"
#include "wrap.h"

#define KEY 5

static struct image image;
static unsigned int awaited; /* moment, and 1 more */
static void (*change)(void);
static unsigned int times; /* that it is made */
static unsigned int asked;

static void on_moment(unsigned int moment)
{
	if (awaited != moment + 1 || !times)
		return;
	times--;
	change();
}

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	struct kcmap_submit *submit = arg;
	struct kcmap_op *op = (void *)(uintptr_t)submit->ops;

	(void)fd;
	if (request != KCMAP_MAP_SUBMIT) {
		errno = ENOTTY;
		return -1;
	}
	asked++;
	op->status = 0;
	make_value(image.shape, KEY, (void *)(uintptr_t)op->result);
	submit->done = 1;
	return 0;
}

static uint64_t key_hash(void)
{
	unsigned char key[128];

	make_key(image.shape, KEY, key);
	return hash_of(&image, key);
}

static uint64_t *key_home(void)
{
	uint64_t hash = key_hash();

	return bucket_at(&image, leaf_entry(&image, hash)->frame,
			 home_of(image.shape, hash));
}

static void write_home(void)
{
	uint64_t *home = key_home();

	__atomic_store_n(home, *home + 2, __ATOMIC_RELEASE);
}

/* The key is deleted, and another is stored in its slot. */
static void reuse_slot(void)
{
	const struct shape *shape = image.shape;
	unsigned char key[128], *slot;
	uint64_t *home = key_home();
	uint32_t i;

	make_key(shape, KEY, key);
	for (i = 0; i < shape->bucket_slots; i++) {
		slot = (unsigned char *)home + 16 + i * shape->slot_size;
		if (memcmp(slot, key, shape->key_size))
			continue;
		make_key(shape, 999999, slot);
		memset(slot + (shape->key_size + 7) / 8 * 8, 0xbb,
		       shape->value_size);
		write_home();
	}
}

/* A frame is copied to a new one, and its own given back: zeros. */
static uint32_t move_frame(uint32_t from)
{
	uint32_t to = image_frame(&image);

	memcpy(frame_at(&image, to), frame_at(&image, from),
	       image.header->frame_size);
	memset(frame_at(&image, from), 0, image.header->frame_size);
	return to;
}

static void replace_segment(void)
{
	struct kcmap_image_entry *entry = leaf_entry(&image, key_hash());
	struct kcmap_image_entry *leaf;
	uint32_t old = entry->frame, new = move_frame(old);
	unsigned int i;

	leaf = frame_at(&image, root_word(&image, key_hash())->frame);
	for (i = 0; i < 256; i++) {
		if (leaf[i].frame != old)
			continue;
		leaf[i].frame = new;
		leaf[i].generation++;
	}
}

static void replace_leaf(void)
{
	unsigned int depth = image.shape->depth, i;
	struct kcmap_image_root *words =
		(void *)(image.base + image.header->root_offset);
	uint32_t old = root_word(&image, key_hash())->frame;
	uint32_t new = move_frame(old);

	for (i = 1U << depth; i < 2U << depth; i++)
		if (words[i].frame == old)
			words[i].frame = new;
	image.header->root += 0x100;
}

static int look(const struct kcmap_view *view, bool bulk, void *value)
{
	unsigned char keys[2 * 128], values[2 * 1024];
	int32_t statuses[2];
	int found;

	make_key(image.shape, KEY, keys);
	if (!bulk)
		return kcmap_view_lookup(view, keys, value);
	make_key(image.shape, KEY + 1, keys + image.shape->key_size);
	found = kcmap_view_lookup_bulk(view, 2, keys, values, statuses);
	if (found != !statuses[0] + !statuses[1])
		return -EIO;
	memcpy(value, values, image.shape->value_size);
	return statuses[0];
}

/* Found with its value; or, where it was deleted meanwhile, not found. */
static bool right(const struct kcmap_view *view, bool bulk, bool deleted)
{
	unsigned char value[1024], want[1024];
	int rc = look(view, bulk, value);

	make_value(image.shape, KEY, want);
	return (rc == -ENOENT && deleted) ||
	       (!rc && !memcmp(value, want, image.shape->value_size));
}

static void expect(unsigned int moment, void (*how)(void), unsigned int often)
{
	awaited = moment + 1;
	change = how;
	times = often;
	asked = 0;
}

static const struct {
	const char *what;
	unsigned int moment;
	void (*change)(void);
	bool busted;
} moments[] = {
	{ "the slot is given to another key", KCMAP_MOMENT_MATCH, reuse_slot,
	  KCMAP_PROBE_BUSTED_NO_STATE },
	{ "the segment is replaced", KCMAP_MOMENT_ENTRY, replace_segment,
	  KCMAP_PROBE_BUSTED_NO_ENTRY },
	{ "the leaf is replaced", KCMAP_MOMENT_ROOT, replace_leaf,
	  KCMAP_PROBE_BUSTED_NO_ROOT },
};

static void test_moment(size_t i, const struct shape *shape, bool bulk)
{
	struct kcmap_map map = { 0 };
	struct kcmap_view *view;
	bool good;

	image_build(&image, shape);
	image.header->flags |= KCMAP_IMAGE_LIVE;
	image.header->links_offset = 0;
	/* Where a leaf of zeros leads. */
	memset(frame_at(&image, 0), 0, shape->frame_size);
	map.fd = image.fd;
	expect(0, NULL, 0);
	if (!ok(!kcmap_view_open(&map, &view) && right(view, bulk, false),
		"open"))
		exit(1);
	expect(moments[i].moment, moments[i].change, 1);
	good = right(view, bulk, moments[i].change == reuse_slot) && !times;
	ok(good == !moments[i].busted, "%s: %s%s: %s", shape->name,
	   moments[i].what, bulk ? ", in bulk" : "",
	   moments[i].busted ? "seen, for that check is left out" :
			       "the answer is right");
	kcmap_view_close(view);
	image_free(&image);
}

/* Whoever is overtaken again and again asks the kernel in the end. */
static void test_overtaken(void)
{
	struct kcmap_map map = { 0 };
	struct kcmap_view *view;

	image_build(&image, &shapes[2]);
	image.header->flags |= KCMAP_IMAGE_LIVE;
	map.fd = image.fd;
	if (!ok(!kcmap_view_open(&map, &view), "open"))
		exit(1);
	expect(KCMAP_MOMENT_MATCH, write_home, 100000);
	ok(right(view, false, false) &&
		   (asked == 1) == !KCMAP_PROBE_BUSTED_NO_STATE,
	   "overtaken again and again");
	kcmap_view_close(view);
	image_free(&image);
}

int main(void)
{
	static const size_t chosen[] = { 0, 2, 4, 5 };
	size_t i, shape;

	for (shape = 0; shape < ARRAY_SIZE(chosen); shape++) {
		for (i = 0; i < ARRAY_SIZE(moments); i++) {
			test_moment(i, &shapes[chosen[shape]], false);
			test_moment(i, &shapes[chosen[shape]], true);
		}
	}
	test_overtaken();
	return tap_done();
}
