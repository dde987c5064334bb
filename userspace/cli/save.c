// SPDX-License-Identifier: MIT
/*
 * A snapshot to a file, as a whole or not at all: written beside it under another
 * name, and renamed when it is on disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshots.h"

struct progress {
	uint64_t size;
	bool shown;
};

static int on_progress(uint64_t done, uint64_t size, void *arg)
{
	struct progress *progress = arg;

	progress->size = size;
	if (isatty(STDERR_FILENO)) {
		progress->shown = true;
		fprintf(stderr, "\r%ju of %ju MB", done / 1000000,
			size / 1000000);
	}
	return stop_wanted();
}

/* The new name is to last, too. */
static int sync_directory(const char *path)
{
	char *copy = strdup(path);
	int err = 0, fd;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return -errno;
	/* Some file systems cannot. */
	if (fsync(fd) && errno != EINVAL)
		err = -errno;
	close(fd);
	return err;
}

static int save_to(const struct kcmap_map_snapshot *snapshot, int fd,
		   uint64_t *size)
{
	struct progress progress = { 0 };
	int err;

	err = kcmap_snapshot_save(snapshot, fd, on_progress, &progress);
	if (progress.shown)
		fputs("\r\033[K", stderr);
	*size = progress.size;
	if (!err && fsync(fd))
		err = -errno;
	return err;
}

static int save_beside(const struct kcmap_map_snapshot *snapshot,
		       const char *path, char *beside, uint64_t *size)
{
	int err, fd;

	/* For its owner only: it has what the map has, and the seed of its hash. */
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = save_to(snapshot, fd, size);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(beside, path))
		err = -errno;
	if (err)
		unlink(beside);
	return err ? err : sync_directory(path);
}

/**
 * save_snapshot() - write a snapshot to a file
 * @snapshot: the snapshot
 * @path: the file; replaced if there is one
 * @size: result: its size
 *
 * Return: 0 or an exit code.
 */
int save_snapshot(const struct kcmap_map_snapshot *snapshot, const char *path,
		  uint64_t *size)
{
	struct stat st;
	char *beside;
	int err;

	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return failed("cannot save to %s: there is something that is no regular file",
			      path);
	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return failed("out of memory");
	catch_stop();
	err = save_beside(snapshot, path, beside, size);
	free(beside);
	if (err == -ECANCELED)
		return failed("interrupted: %s is as it was", path);
	if (err)
		return failed("cannot save to %s: %s", path, strerror(-err));
	return 0;
}
