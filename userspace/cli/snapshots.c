// SPDX-License-Identifier: MIT
/* Snapshots for the commands: of a map, or from a file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshots.h"

/*
 * Whether what the user names is a saved snapshot and not a map: a path is; a name
 * is if there is no map of that name, but a regular file.
 */
bool is_saved(const char *text)
{
	char path[sizeof(KCMAP_DEV_DIR) + KCMAP_NAME_SIZE];
	struct stat st;

	if (strchr(text, '/'))
		return true;
	if (kcmap_name_valid(text)) {
		snprintf(path, sizeof(path), "%s/%s", KCMAP_DEV_DIR, text);
		if (!access(path, F_OK))
			return false;
	}
	return !stat(text, &st) && S_ISREG(st.st_mode);
}

int load_snapshot(const char *path, struct kcmap_map_snapshot **snapshot)
{
	int err, fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return failed("cannot open %s: %s", path, strerror(errno));
	err = kcmap_snapshot_load(fd, snapshot);
	close(fd);
	switch (err) {
	case 0:
		return 0;
	case -EINVAL:
		return failed("%s is not a regular file", path);
	case -EBADMSG:
		return failed("%s is not a saved snapshot, or it is damaged",
			      path);
	case -EPROTONOSUPPORT:
		return failed("%s was saved by a newer kcmap: its format is not known here",
			      path);
	default:
		return failed("cannot load %s: %s", path, strerror(-err));
	}
}

static int snapshot_failed(const char *name, int err)
{
	switch (err) {
	case -EPERM:
		return failed("map %s has no snapshots: it was created with --no-mmap",
			      name);
	case -EDQUOT:
		return failed("map %s has as many snapshots, or as much memory, as may be",
			      name);
	case -ENOTTY:
		return failed(
			"this module has no snapshots: see kcmap feature");
	default:
		return failed("cannot take a snapshot of map %s: %s", name,
			      strerror(-err));
	}
}

int take_snapshot(struct kcmap_map *map, const char *name,
		  struct kcmap_map_snapshot **snapshot)
{
	int err = kcmap_snapshot_open(map, snapshot);

	return err ? snapshot_failed(name, err) : 0;
}

int refresh_snapshot(const char *name, struct kcmap_map_snapshot *snapshot)
{
	int err = kcmap_snapshot_refresh(snapshot);

	return err ? snapshot_failed(name, err) : 0;
}

/* Of a map or from a file, as is_saved() says. */
int open_snapshot(const char *text, struct kcmap_map_snapshot **snapshot)
{
	struct kcmap_map *map;
	int ret;

	if (is_saved(text))
		return load_snapshot(text, snapshot);
	ret = open_map(text, O_RDONLY, &map);
	if (ret)
		return ret;
	ret = take_snapshot(map, text, snapshot);
	kcmap_map_close(map);
	return ret;
}

void snapshot_info(const struct kcmap_map_snapshot *snapshot,
		   struct kcmap_snapshot_info *info)
{
	/* Fails for other sizes only. */
	kcmap_snapshot_get_info(snapshot, info, sizeof(*info));
}
