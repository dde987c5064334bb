// SPDX-License-Identifier: MIT
/* Opening nodes, and saying what to do where that fails. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

static int no_node(const char *path, const char *module)
{
	return failed("no %s: is the module loaded? modprobe %s", path, module);
}

/* EACCES says little: say what the node wants. */
static int access_denied(const char *path, const char *doing, const char *hint)
{
	char user[32], group[32];
	struct stat st;

	if (stat(path, &st))
		return failed("cannot open %s%s: permission denied%s", path,
			      doing, hint);
	return failed("cannot open %s%s: permission denied (mode %04o, owner %s, group %s)%s",
		      path, doing, st.st_mode & 07777U,
		      user_name(st.st_uid, user), group_name(st.st_gid, group),
		      hint);
}

/* What to say where the control node may not be opened, or only for reading. */
int ctl_denied(const char *doing)
{
	return access_denied(KCMAP_DEV_CONTROL, doing,
			     ": become root, or let a udev rule give your group access, see kcmap(4)");
}

int open_ctl(struct kcmap_ctl **ctl)
{
	int err;

	err = kcmap_ctl_open(ctl);
	switch (err) {
	case 0:
		return 0;
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return no_node(KCMAP_DEV_CONTROL, "kcmap");
	case -EACCES:
	case -EPERM:
		return ctl_denied("");
	default:
		return failed("cannot open " KCMAP_DEV_CONTROL ": %s",
			      strerror(-err));
	}
}

int bad_name(const char *name)
{
	return usage_error("'%s' cannot be the name of a map: 1 to %d of A-Za-z0-9_.-, not control",
			   name, KCMAP_NAME_SIZE - 1);
}

int open_map(const char *name, int flags, struct kcmap_map **map)
{
	char path[sizeof(KCMAP_DEV_DIR) + KCMAP_NAME_SIZE];
	int err;

	if (!kcmap_name_valid(name))
		return bad_name(name);
	snprintf(path, sizeof(path), "%s/%s", KCMAP_DEV_DIR, name);
	err = kcmap_map_open(name, flags, map);
	switch (err) {
	case 0:
		return 0;
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		if (access(KCMAP_DEV_CONTROL, F_OK))
			return no_node(KCMAP_DEV_CONTROL, "kcmap");
		return failed("no map %s: see kcmap list", name);
	case -EACCES:
	case -EPERM:
		return access_denied(path,
				     flags == O_RDWR ? " for writing" :
						       " for reading",
				     "");
	case -ENOTTY:
		return failed("%s is not a map", path);
	default:
		return failed("cannot open %s: %s", path, strerror(-err));
	}
}

int open_classifier(struct kcmap_classifier **classifier)
{
	int err;

	err = kcmap_classifier_open(classifier);
	switch (err) {
	case 0:
		return 0;
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return no_node(KCMAP_DEV_CLASSIFY, "kcmap_classify");
	case -EACCES:
	case -EPERM:
		return access_denied(KCMAP_DEV_CLASSIFY, "", "");
	default:
		return failed("cannot open " KCMAP_DEV_CLASSIFY ": %s",
			      strerror(-err));
	}
}

/**
 * map_failed() - report what went wrong on a map that is open
 * @map: the map
 * @name: its name
 * @doing: what was tried, to stand after "cannot"
 * @err: negative errno
 *
 * Return: exit code.
 */
int map_failed(struct kcmap_map *map, const char *name, const char *doing,
	       int err)
{
	struct kcmap_map_info info;

	switch (err) {
	case -ENOSPC:
		if (kcmap_map_get_info(map, &info, sizeof(info)))
			return failed("map %s is full", name);
		return failed("map %s is full (max_entries %ju)", name,
			      (uint64_t)info.max_entries);
	case -ENOMEM:
		return failed("cannot %s map %s: there is no memory, or its user may have no more",
			      doing, name);
	case -EOPNOTSUPP:
		return failed("cannot %s map %s: this module cannot do that, see kcmap feature",
			      doing, name);
	default:
		return failed("cannot %s map %s: %s", doing, name,
			      strerror(-err));
	}
}
