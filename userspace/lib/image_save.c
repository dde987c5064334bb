// SPDX-License-Identifier: MIT
/*
 * Saving a snapshot: the same format with only the frames that can be reached,
 * and these numbered in the order of a walk: leaves, then segments, each with its
 * chain behind it. So every number follows from walking again, and the file is
 * written from its start to its end.
 */
#include <stdlib.h>
#include <unistd.h>

#include "image.h"
#include "internal.h"
#include "walk.h"

#define BUFFER_SIZE (256 * 1024)

/**
 * struct saver - a snapshot on its way to a file
 * @probe: what is saved
 * @header: of the file
 * @fd: where it goes
 * @progress: who wants to know how far it is; may be NULL
 * @arg: for @progress
 * @err: the first error
 * @done: bytes that were put
 * @used: bytes in @buffer
 * @buffer: not written yet
 */
struct saver {
	const struct kcmap_probe *probe;
	struct kcmap_image header;
	int fd;
	kcmap_progress_fn progress;
	void *arg;
	int err;
	uint64_t done;
	size_t used;
	unsigned char buffer[BUFFER_SIZE];
};

static void flush(struct saver *saver)
{
	size_t at = 0;
	ssize_t n;

	while (at < saver->used && !saver->err) {
		n = write(saver->fd, saver->buffer + at, saver->used - at);
		if (n >= 0)
			at += (size_t)n;
		else if (errno != EINTR)
			saver->err = -errno;
	}
	saver->used = 0;
	if (!saver->err && saver->progress &&
	    saver->progress(saver->done, saver->header.size, saver->arg))
		saver->err = -ECANCELED;
}

/* @bytes: NULL: zeros. */
static void put(struct saver *saver, const void *bytes, size_t size)
{
	const unsigned char *from = bytes;
	size_t n;

	for (; size && !saver->err; size -= n) {
		n = BUFFER_SIZE - saver->used;
		n = size < n ? size : n;
		if (from) {
			memcpy(saver->buffer + saver->used, from, n);
			from += n;
		} else {
			memset(saver->buffer + saver->used, 0, n);
		}
		saver->used += n;
		saver->done += n;
		if (saver->used == BUFFER_SIZE)
			flush(saver);
	}
}

static void put_up_to(struct saver *saver, uint64_t offset)
{
	put(saver, NULL, (size_t)(offset - saver->done));
}

static void count_frames(const struct kcmap_probe *probe, uint32_t *leaves,
			 uint32_t *segments)
{
	struct kcmap_walk walk;

	*leaves = 0;
	*segments = 0;
	kcmap_walk_init(&walk, probe, probe->root);
	while (kcmap_walk_leaf(&walk)) {
		(*leaves)++;
		while (kcmap_walk_segment(&walk))
			(*segments)++;
	}
}

static void plan(struct saver *saver, uint32_t leaves, uint32_t segments)
{
	struct kcmap_image *header = &saver->header;
	unsigned int depth = header->root & KCMAP_IMAGE_ROOT_DEPTH;
	uint64_t at = sizeof(*header);

	header->header_size = sizeof(*header);
	header->frames = leaves + segments;
	header->root_offset = at;
	at += 16ULL << depth;
	header->links_offset = at;
	at += header->frames * 4ULL;
	at = (at + KCMAP_IMAGE_PAGE - 1) & ~(KCMAP_IMAGE_PAGE - 1ULL);
	header->frames_offset = at;
	header->size = at + (uint64_t)header->frames * header->frame_size;
}

static void put_root(struct saver *saver)
{
	unsigned int depth = saver->header.root & KCMAP_IMAGE_ROOT_DEPTH;
	size_t i, nr = (size_t)1 << depth;
	uint32_t last = KCMAP_WALK_NONE;
	struct kcmap_image_root leaf;
	uint32_t number = 0;

	put_up_to(saver, saver->header.root_offset + nr * 8);
	for (i = nr; i < 2 * nr; i++) {
		leaf = kcmap_root_of(kcmap_load(&saver->probe->roots[i]));
		if (last != KCMAP_WALK_NONE && leaf.frame != last)
			number++;
		last = leaf.frame;
		leaf.frame = number;
		put(saver, &leaf, sizeof(leaf));
	}
}

static void put_links(struct saver *saver, uint32_t leaves)
{
	uint32_t number = leaves, link;
	struct kcmap_walk walk;

	put_up_to(saver, saver->header.links_offset + leaves * 4ULL);
	kcmap_walk_init(&walk, saver->probe, saver->probe->root);
	while (kcmap_walk_leaf(&walk)) {
		while (kcmap_walk_segment(&walk)) {
			number++;
			link = kcmap_walk_link(saver->probe, walk.segment) ?
				       number :
				       0;
			put(saver, &link, sizeof(link));
		}
	}
}

/* @number: of the next segment. Return: of the next behind this leaf's. */
static uint32_t put_leaf(struct saver *saver, const struct kcmap_walk *walk,
			 uint32_t number)
{
	struct kcmap_image_entry entries[KCMAP_LEAF_ENTRIES] = { 0 };
	struct kcmap_walk leaf = *walk;
	unsigned int at = 0;

	leaf.segment = KCMAP_WALK_NONE;
	leaf.head = KCMAP_WALK_NONE;
	for (; kcmap_walk_segment(&leaf); number++) {
		/* Chained: has no entry. */
		if (leaf.segment != leaf.head)
			continue;
		while (at < KCMAP_LEAF_ENTRIES &&
		       kcmap_entry_frame(kcmap_walk_entry(&leaf, at)) ==
			       leaf.head)
			entries[at++].frame = number;
	}
	put(saver, entries, sizeof(entries));
	put(saver, NULL, saver->header.frame_size - sizeof(entries));
	return number;
}

static void put_leaves(struct saver *saver, uint32_t leaves)
{
	uint32_t number = leaves;
	struct kcmap_walk walk;

	put_up_to(saver, saver->header.frames_offset);
	kcmap_walk_init(&walk, saver->probe, saver->probe->root);
	while (!saver->err && kcmap_walk_leaf(&walk))
		number = put_leaf(saver, &walk, number);
}

static void put_segments(struct saver *saver)
{
	const struct kcmap_probe *probe = saver->probe;
	size_t size = kcmap_segment_bytes(probe);
	struct kcmap_walk walk;

	kcmap_walk_init(&walk, probe, probe->root);
	while (!saver->err && kcmap_walk_leaf(&walk)) {
		while (!saver->err && kcmap_walk_segment(&walk)) {
			put(saver,
			    kcmap_probe_frame(probe, walk.segment,
					      probe->frame_shift),
			    size);
			put(saver, NULL, saver->header.frame_size - size);
		}
	}
}

int kcmap_snapshot_save(const struct kcmap_map_snapshot *snapshot, int fd,
			kcmap_progress_fn progress, void *arg)
{
	uint32_t leaves, segments;
	struct saver *saver;
	int err;

	saver = malloc(sizeof(*saver));
	if (!saver)
		return -ENOMEM;
	saver->probe = &snapshot->probe;
	saver->header = snapshot->header;
	saver->fd = fd;
	saver->progress = progress;
	saver->arg = arg;
	saver->err = 0;
	saver->done = 0;
	saver->used = 0;
	count_frames(saver->probe, &leaves, &segments);
	plan(saver, leaves, segments);

	put(saver, &saver->header, sizeof(saver->header));
	put_root(saver);
	put_links(saver, leaves);
	put_leaves(saver, leaves);
	put_segments(saver);
	if (!saver->err)
		flush(saver);
	err = saver->err;
	free(saver);
	return err;
}
