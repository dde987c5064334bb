// SPDX-License-Identifier: MIT
/*
 * A saved snapshot. Nobody knows who wrote the file: its directory is checked as a
 * whole, so that what reads it later ends and stays inside. That holds even if
 * somebody changes the file meanwhile, since look-ups check each number again; if
 * it becomes shorter, reading ends in SIGBUS, as with any file that is mapped.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "image.h"
#include "internal.h"
#include "walk.h"

/**
 * struct check - a directory that is being checked
 * @probe: the image
 * @seen: a bit for each frame
 */
struct check {
	const struct kcmap_probe *probe;
	unsigned char *seen;
};

/* A frame is one leaf, or one segment, or not part of the image. */
static bool take(struct check *check, uint32_t frame)
{
	unsigned char bit = (unsigned char)(1U << (frame % 8));

	if (frame >= check->probe->nr_frames || check->seen[frame / 8] & bit)
		return false;
	check->seen[frame / 8] |= bit;
	return true;
}

/* In a row that stands for a number of bits: a power of two, in its place. */
static bool row_good(size_t start, size_t length)
{
	return !(length & (length - 1)) && !(start & (length - 1));
}

static bool chain_good(struct check *check, uint32_t frame)
{
	for (;;) {
		frame = kcmap_walk_link(check->probe, frame);
		if (!frame)
			return true;
		if (!take(check, frame))
			return false;
	}
}

static bool leaf_good(struct check *check, uint32_t frame)
{
	const struct kcmap_walk leaf = { .probe = check->probe, .leaf = frame };
	unsigned int start = 0, i;
	uint32_t segment;

	for (i = 1; i <= KCMAP_LEAF_ENTRIES; i++) {
		segment = kcmap_entry_frame(kcmap_walk_entry(&leaf, start));
		if (i < KCMAP_LEAF_ENTRIES &&
		    kcmap_entry_frame(kcmap_walk_entry(&leaf, i)) == segment)
			continue;
		if (!row_good(start, i - start) || !take(check, segment) ||
		    !chain_good(check, segment))
			return false;
		start = i;
	}
	return true;
}

static bool root_good(struct check *check)
{
	unsigned int depth = check->probe->root & KCMAP_IMAGE_ROOT_DEPTH;
	size_t nr = (size_t)1 << depth, start = 0, i;
	const uint64_t *words = check->probe->roots + nr;
	struct kcmap_image_root leaf;

	for (i = 1; i <= nr; i++) {
		if (i < nr && words[i] == words[start])
			continue;
		leaf = kcmap_root_of(words[start]);
		if (leaf.depth > depth || i - start != nr >> leaf.depth ||
		    !row_good(start, i - start) || !take(check, leaf.frame) ||
		    !leaf_good(check, leaf.frame))
			return false;
		start = i;
	}
	return true;
}

static int check_directory(const struct kcmap_probe *probe)
{
	struct check check = { .probe = probe };
	int err = 0;

	check.seen = calloc(1, probe->nr_frames / 8 + 1);
	if (!check.seen)
		return -ENOMEM;
	if (!root_good(&check))
		err = -EBADMSG;
	free(check.seen);
	return err;
}

static int check_file(struct kcmap_map_snapshot *snapshot, const void *image)
{
	struct kcmap_image *header = &snapshot->header;
	int err;

	err = kcmap_image_check(image, snapshot->size, false, header);
	if (err)
		return err;
	if (header->size != snapshot->size)
		return -EBADMSG;
	kcmap_probe_init(&snapshot->probe, image, header);
	return check_directory(&snapshot->probe);
}

int kcmap_snapshot_load(int fd, struct kcmap_map_snapshot **snapshot)
{
	struct kcmap_map_snapshot *s;
	struct stat st;
	void *image;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size < (off_t)sizeof(struct kcmap_image))
		return -EBADMSG;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->fd = -1;
	s->size = (size_t)st.st_size;
	image = mmap(NULL, s->size, PROT_READ, MAP_SHARED, fd, 0);
	if (image == MAP_FAILED) {
		err = -errno;
		goto free;
	}
	err = check_file(s, image);
	if (err)
		goto unmap;
	*snapshot = s;
	return 0;
unmap:
	munmap(image, s->size);
free:
	free(s);
	return err;
}
