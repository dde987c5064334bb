// SPDX-License-Identifier: MIT
/* The live view of a map: look-ups without a system call. */
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "image.h"
#include "internal.h"
#include "probe_bulk.h"
#include "walk.h"

/* How often a look-up is begun anew before the kernel is asked. */
#define RETRIES_MAX 100

/**
 * struct kcmap_view - a view; does not change once it is open
 * @probe: for look-ups
 * @map: for what a view cannot tell
 * @size: bytes that are mapped
 */
struct kcmap_view {
	struct kcmap_probe probe;
	struct kcmap_map *map;
	size_t size;
};

/* How much there is to be mapped is said in the first page. */
static int read_size(int fd, size_t *size)
{
	const struct kcmap_image *image;
	int err = 0;

	image = mmap(NULL, KCMAP_IMAGE_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (image == MAP_FAILED)
		return -errno;
	*size = image->size;
	if (image->magic != KCMAP_IMAGE_MAGIC)
		err = -EBADMSG;
	else if (*size != image->size)
		err = -EFBIG;
	munmap((void *)image, KCMAP_IMAGE_PAGE);
	return err;
}

int kcmap_view_open(struct kcmap_map *map, struct kcmap_view **view)
{
	struct kcmap_image header;
	struct kcmap_view *v;
	void *image;
	int err;

	v = malloc(sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->map = map;
	err = read_size(map->fd, &v->size);
	if (err)
		goto free;
	image = mmap(NULL, v->size, PROT_READ, MAP_SHARED, map->fd, 0);
	if (image == MAP_FAILED) {
		err = -errno;
		goto free;
	}
	err = kcmap_image_check(image, v->size, true, &header);
	if (err)
		goto unmap;
	kcmap_probe_init(&v->probe, image, &header);
	*view = v;
	return 0;
unmap:
	munmap(image, v->size);
free:
	free(v);
	return err;
}

void kcmap_view_close(struct kcmap_view *view)
{
	if (!view)
		return;
	munmap((void *)view->probe.image, view->size);
	free(view);
}

void kcmap_view_prefault(const struct kcmap_view *view)
{
	const struct kcmap_probe *probe = &view->probe;

	kcmap_walk_touch(probe, kcmap_load_acquire(probe->root_word),
			 kcmap_segment_bytes(probe));
}

/* A write is going on, or key or segment are of an unusual kind. */
static __attribute__((noinline)) int lookup_again(const void *reader,
						  const void *key, void *value)
{
	const struct kcmap_view *view = reader;
	unsigned int i;
	int rc;

	for (i = 0; i < RETRIES_MAX; i++) {
		rc = kcmap_any_lookup(&view->probe, true, key, value);
		if (rc <= 0)
			return rc;
		if (rc == KCMAP_PROBE_ASK)
			break;
	}
	return kcmap_map_lookup(view->map, key, value);
}

/*
 * Each reader by itself, and what is left to another as the last thing: so nothing
 * is kept for it.
 */
static __attribute__((noinline)) int lookup_sip(const struct kcmap_view *view,
						const void *key, void *value)
{
	int rc = kcmap_pair_lookup(&view->probe, true, false, key, value);

	return KCMAP_LIKELY(rc <= 0) ? rc : lookup_again(view, key, value);
}

int kcmap_view_lookup(const struct kcmap_view *view, const void *key,
		      void *value)
{
	const struct kcmap_probe *probe = &view->probe;
	int rc;

	if (KCMAP_UNLIKELY(probe->kind != KCMAP_PROBE_PAIR_FAST))
		return probe->kind == KCMAP_PROBE_PAIR_SIP ?
			       lookup_sip(view, key, value) :
			       lookup_again(view, key, value);
	rc = kcmap_pair_lookup(probe, true, true, key, value);
	return KCMAP_LIKELY(rc <= 0) ? rc : lookup_again(view, key, value);
}

int kcmap_view_lookup_bulk(const struct kcmap_view *view, unsigned int nr,
			   const void *keys, void *values, int32_t *statuses)
{
	if (nr > INT_MAX)
		return -EINVAL;
	return kcmap_probe_bulk(&view->probe, true, nr, keys, values, statuses,
				lookup_again, view);
}
