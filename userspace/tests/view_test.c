// SPDX-License-Identifier: MIT
/* The view, over images of all shapes; what a view cannot tell is for the kernel. */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "image_build.h"
#include "internal.h"
#include "tap.h"
#include "wrap.h"

#define BULK 70

static const struct shape *shape;
static unsigned int asked;

/* The stand-in for the kernel knows all keys. */
int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	struct kcmap_submit *submit = arg;
	struct kcmap_op *op = (void *)(uintptr_t)submit->ops;
	uint32_t number = 0;

	(void)fd;
	if (request != KCMAP_MAP_SUBMIT || submit->nr != 1 ||
	    op->opcode != KCMAP_OP_LOOKUP) {
		errno = ENOTTY;
		return -1;
	}
	asked++;
	memcpy(&number, (void *)(uintptr_t)op->key,
	       shape->key_size < 4 ? shape->key_size : 4);
	op->status = has_key(shape, number) ? 0 : -ENOENT;
	if (!op->status && op->result)
		make_value(shape, number, (void *)(uintptr_t)op->result);
	submit->done = 1;
	return 0;
}

static bool lookup_good(const struct kcmap_view *view, uint32_t number)
{
	unsigned char key[128], value[1024], want[1024];
	int rc;

	make_key(shape, number, key);
	make_value(shape, number, want);
	rc = kcmap_view_lookup(view, key, value);
	if (!has_key(shape, number))
		return rc == -ENOENT;
	return !rc && !memcmp(value, want, shape->value_size);
}

static bool bulk_good(const struct kcmap_view *view)
{
	unsigned char *keys = calloc(BULK, 128), *values = calloc(BULK, 1024);
	uint32_t i, number, here = 0;
	int32_t statuses[BULK];
	unsigned char want[1024];
	bool good = true;

	for (i = 0; i < BULK; i++) {
		number = i % 3 ? i / 2 : shape->entries + i / 2;
		here += has_key(shape, number);
		make_key(shape, number, keys + (size_t)i * shape->key_size);
	}
	good &= kcmap_view_lookup_bulk(view, BULK, keys, values, statuses) ==
		(int)here;
	for (i = 0; i < BULK; i++) {
		make_value(shape, i / 2, want);
		if (!(i % 3) || !has_key(shape, i / 2))
			good &= statuses[i] == -ENOENT;
		else
			good &= !statuses[i] &&
				!memcmp(values + (size_t)i * shape->value_size,
					want, shape->value_size);
	}
	free(keys);
	free(values);
	return good;
}

static bool bucket_has(const uint64_t *bucket, const void *key)
{
	const unsigned char *slot = (const unsigned char *)bucket + 16;
	uint32_t i;

	for (i = 0; i < shape->bucket_slots; i++, slot += shape->slot_size)
		if (bucket[0] >> (KCMAP_IMAGE_STATE_LIVE_SHIFT + i) & 1 &&
		    !memcmp(slot, key, shape->key_size))
			return true;
	return false;
}

/* Whether a key may be in a chain: then only the kernel can tell. */
static bool in_chain(struct image *image, uint32_t number)
{
	uint64_t hash, *home, *alternate;
	unsigned char key[128];
	uint32_t frame;

	make_key(shape, number, key);
	hash = hash_of(image, key);
	frame = leaf_entry(image, hash)->frame;
	home = bucket_at(image, frame, home_of(shape, hash));
	alternate = bucket_at(image, frame, alternate_of(shape, hash));
	return home[0] & KCMAP_IMAGE_STATE_CHAIN && !bucket_has(home, key) &&
	       !bucket_has(alternate, key);
}

static void test_shape(struct image *image, const struct kcmap_view *view)
{
	unsigned int chained = 0;
	uint32_t i, all = shape->key_size == 1 ? 256 : 2 * shape->entries;
	bool good = true;

	asked = 0;
	for (i = 1; i < all; i++)
		good &= lookup_good(view, i);
	for (i = 1; i < all; i++)
		chained += in_chain(image, i);
	ok(good, "%s: look-ups", shape->name);
	ok(chained == asked && chained < all,
	   "%s: the kernel is asked for chains alone: %u of %u", shape->name,
	   asked, all);
	ok(lookup_good(view, 0), "%s: key 0", shape->name);
	ok(bulk_good(view), "%s: bulk", shape->name);
	kcmap_view_prefault(view);
}

/* What leads nowhere, and for good: look-ups end, and ask the kernel. */
static void test_lost(struct image *image, const struct kcmap_view *view)
{
	struct kcmap_image_entry *entry;
	struct kcmap_image_root *root;
	unsigned char key[128];
	uint64_t hash, *home;

	make_key(shape, 5, key);
	hash = hash_of(image, key);
	entry = leaf_entry(image, hash);
	root = root_word(image, hash);
	home = bucket_at(image, entry->frame, home_of(shape, hash));

#define LOST(lvalue, number, what)                                             \
	do {                                                                   \
		__typeof__(lvalue) kept = (lvalue);                            \
		bool good;                                                     \
		(lvalue) = (number);                                           \
		asked = 0;                                                     \
		good = lookup_good(view, 5) && asked == 1;                     \
		ok(good, "%s: %s: the kernel is asked: %u", shape->name, what, \
		   asked);                                                     \
		asked = 0;                                                     \
		ok(bulk_good(view) && asked, "%s: %s: in bulk, too",           \
		   shape->name, what);                                         \
		kcmap_view_prefault(view);                                     \
		(lvalue) = kept;                                               \
	} while (0)
	LOST(home[0], home[0] + 1, "a write without an end");
	LOST(entry->frame, image->header->frames, "a segment that is none");
	LOST(entry->frame, ~0U, "the last segment");
	LOST(root->frame, image->header->frames, "a leaf that is none");
	LOST(root->frame, ~0U, "the last leaf");
	LOST(image->header->root, 0xff, "a root of depth 255");
	LOST(image->header->root, 30, "a root deeper than there is room for");
#undef LOST
	asked = 0;
	ok(lookup_good(view, 5) && !asked, "%s: undone, it is good",
	   shape->name);
}

static void test_open(struct image *image)
{
	struct kcmap_map map = { .fd = image->fd };
	struct kcmap_view *view;

	image->header->flags &= ~KCMAP_IMAGE_LIVE;
	ok(kcmap_view_open(&map, &view) == -EBADMSG, "a snapshot is no view");
	image->header->flags |= KCMAP_IMAGE_LIVE;
	image->header->version = 2;
	ok(kcmap_view_open(&map, &view) == -EPROTONOSUPPORT,
	   "a later version is refused");
	image->header->version = 1;
	image->header->magic--;
	ok(kcmap_view_open(&map, &view) == -EBADMSG, "so is another magic");
	image->header->magic++;
	map.fd = -1;
	ok(kcmap_view_open(&map, &view) == -EBADF, "an error is given");
	kcmap_view_close(NULL);
}

int main(void)
{
	struct kcmap_view *view;
	struct kcmap_map map = { 0 };
	struct image image;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		shape = &shapes[i];
		image_build(&image, shape);
		image.header->flags |= KCMAP_IMAGE_LIVE;
		map.fd = image.fd;
		map.key_size = shape->key_size;
		map.value_size = shape->value_size;
		if (!i)
			test_open(&image);
		/* A view has none. */
		image.header->links_offset = 0;
		if (ok(!kcmap_view_open(&map, &view), "%s: open",
		       shape->name)) {
			test_shape(&image, view);
			test_lost(&image, view);
			kcmap_view_close(view);
		}
		image_free(&image);
	}
	return tap_done();
}
