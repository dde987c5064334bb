// SPDX-License-Identifier: MIT
/* create and destroy. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

static const char *key_size_text;
static const char *value_size_text;
static const char *max_entries_text;
static const char *mode_text;
static const char *owner_text;
static const char *group_text;
static const char *hash_text;
static const char *snapshots_max_text;
static const char *snapshot_bytes_max_text;
static bool no_mmap;

const struct option create_options[] = {
	{ "key-size", 0, "BYTES", "size of a key (or of --key-type)",
	  &key_size_text, NULL },
	{ "value-size", 0, "BYTES",
	  "size of a value, may be 0 (or of --value-type)", &value_size_text,
	  NULL },
	{ "max-entries", 0, "N", "most entries that the map holds",
	  &max_entries_text, NULL },
	{ "mode", 0, "MODE", "permissions of the node, in octal (0600)",
	  &mode_text, NULL },
	{ "owner", 0, "USER", "owner of the node (you)", &owner_text, NULL },
	{ "group", 0, "GROUP", "group of the node (yours)", &group_text, NULL },
	{ "hash", 0, "siphash|fast", "fast: for keys that no adversary chooses",
	  &hash_text, NULL },
	{ "no-mmap", 0, NULL,
	  "neither snapshots nor views, which tell the hash's seed", NULL,
	  &no_mmap },
	{ "snapshots-max", 0, "N", "most snapshots open at once",
	  &snapshots_max_text, NULL },
	{ "snapshot-bytes-max", 0, "BYTES", "most memory that they may pin",
	  &snapshot_bytes_max_text, NULL },
	{ 0 },
};

/* A size comes from --X-size, or from a type that has one. */
static int read_size(const char *what, const char *text, const char *type,
		     uint64_t min, uint64_t max, uint32_t *size)
{
	struct format format;
	uint64_t number = 0;
	struct why why;

	if (type && format_init(&format, type, &why))
		return usage_error("%s", why.text);
	if (text) {
		if (parse_u64(text, max, &number) || number < min)
			return usage_error("--%s-size %s: expected %ju to %ju",
					   what, text, min, max);
		if (type &&
		    format_fit(&format, type, number,
			       what[0] == 'k' ? "keys" : "values", &why))
			return usage_error("%s", why.text);
	} else if (type && format.size) {
		number = format.size;
		if (number > max)
			return usage_error("--%s-type %s has %ju bytes: expected at most %ju",
					   what, type, number, max);
	} else {
		return usage_error("how large is a %s? Give --%s-size, or --%s-type with a size",
				   what, what, what);
	}
	*size = (uint32_t)number;
	return 0;
}

static int read_mode(const char *text, uint32_t *mode)
{
	uint32_t n = 0;
	const char *p;

	for (p = text; *p; p++) {
		if (*p < '0' || *p > '7' || n > 077)
			break;
		n = n << 3 | (uint32_t)(*p - '0');
	}
	if (p == text || *p)
		return usage_error("--mode %s: expected permission bits in octal, at most 0777",
				   text);
	*mode = n;
	return 0;
}

static int read_owner(const char *text, uint32_t *uid)
{
	const struct passwd *pw = getpwnam(text);
	uint64_t number;

	if (pw) {
		*uid = pw->pw_uid;
		return 0;
	}
	if (parse_u64(text, UINT32_MAX - 1, &number))
		return usage_error("--owner %s: no such user", text);
	*uid = (uint32_t)number;
	return 0;
}

static int read_group(const char *text, uint32_t *gid)
{
	const struct group *gr = getgrnam(text);
	uint64_t number;

	if (gr) {
		*gid = gr->gr_gid;
		return 0;
	}
	if (parse_u64(text, UINT32_MAX - 1, &number))
		return usage_error("--group %s: no such group", text);
	*gid = (uint32_t)number;
	return 0;
}

static int read_snapshot_limits(struct kcmap_create_opts *opts)
{
	uint64_t number;

	if (snapshots_max_text) {
		if (parse_u64(snapshots_max_text, UINT32_MAX, &number) ||
		    !number)
			return usage_error("--snapshots-max %s: expected 1 to %u",
					   snapshots_max_text, UINT32_MAX);
		opts->snapshots_max = (uint32_t)number;
	}
	if (snapshot_bytes_max_text) {
		if (parse_u64(snapshot_bytes_max_text, UINT64_MAX, &number) ||
		    !number)
			return usage_error("--snapshot-bytes-max %s: expected bytes, at least 1",
					   snapshot_bytes_max_text);
		opts->snapshot_bytes_max = number;
	}
	return 0;
}

static int read_options(struct kcmap_create_opts *opts)
{
	uint32_t key_size, value_size;
	uint64_t max_entries;
	int ret;

	ret = read_size("key", key_size_text, key_type, 1, KCMAP_KEY_SIZE_MAX,
			&key_size);
	if (ret)
		return ret;
	ret = read_size("value", value_size_text, value_type, 0,
			KCMAP_VALUE_SIZE_MAX, &value_size);
	if (ret)
		return ret;
	if (!max_entries_text)
		return usage_error("how many entries? Give --max-entries");
	if (parse_u64(max_entries_text, KCMAP_ENTRIES_MAX, &max_entries) ||
	    !max_entries)
		return usage_error("--max-entries %s: expected 1 to %ju",
				   max_entries_text,
				   (uint64_t)KCMAP_ENTRIES_MAX);

	kcmap_create_opts_init(opts, key_size, value_size, max_entries);
	if (mode_text)
		ret = read_mode(mode_text, &opts->mode);
	if (!ret && owner_text)
		ret = read_owner(owner_text, &opts->uid);
	if (!ret && group_text)
		ret = read_group(group_text, &opts->gid);
	if (!ret)
		ret = read_snapshot_limits(opts);
	if (ret)
		return ret;
	if (no_mmap)
		opts->flags |= KCMAP_F_NO_MMAP;
	if (hash_text && !strcmp(hash_text, "fast"))
		opts->flags |= KCMAP_F_HASH_FAST;
	else if (hash_text && strcmp(hash_text, "siphash"))
		return usage_error("--hash %s: expected siphash or fast",
				   hash_text);
	return 0;
}

static int create_failed(struct kcmap_ctl *ctl, const char *name, int err)
{
	struct kcmap_ctl_info info;

	switch (err) {
	case -EBADF:
		return ctl_denied(" for writing");
	case -EEXIST:
		return failed("map %s exists already: see kcmap show %s", name,
			      name);
	case -EPERM:
		return failed("cannot create map %s: that owner or group takes CAP_SYS_ADMIN",
			      name);
	case -ENOSPC:
		if (kcmap_ctl_get_info(ctl, &info, sizeof(info)))
			info.maps_max = 0;
		return failed("cannot create map %s: there are as many as can be (%u)",
			      name, info.maps_max);
	case -EDQUOT:
		return failed("cannot create map %s: a user may have no more maps, or memory",
			      name);
	case -ENOMEM:
		return failed("cannot create map %s: out of memory, try a smaller --max-entries",
			      name);
	default:
		return failed("cannot create map %s: %s", name, strerror(-err));
	}
}

/* devtmpfs is at once, but /dev may be kept by somebody slower. */
static bool wait_for_node(const char *name)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	char path[sizeof(KCMAP_DEV_DIR) + KCMAP_NAME_SIZE];
	int i;

	snprintf(path, sizeof(path), "%s/%s", KCMAP_DEV_DIR, name);
	for (i = 0; i < 200; i++) {
		if (!access(path, F_OK))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

int cmd_create(char **args, int nr_args)
{
	struct kcmap_create_opts opts;
	struct kcmap_ctl *ctl;
	int ret;

	(void)nr_args;
	if (!kcmap_name_valid(args[0]))
		return bad_name(args[0]);
	ret = read_options(&opts);
	if (ret)
		return ret;
	ret = open_ctl(&ctl);
	if (ret)
		return ret;
	ret = kcmap_ctl_create(ctl, args[0], &opts);
	if (ret)
		ret = create_failed(ctl, args[0], ret);
	else if (!wait_for_node(args[0]))
		ret = failed("map %s was created, but %s/%s did not appear: what keeps /dev here?",
			     args[0], KCMAP_DEV_DIR, args[0]);
	kcmap_ctl_close(ctl);
	return ret;
}

int cmd_destroy(char **args, int nr_args)
{
	struct kcmap_ctl *ctl;
	int ret;

	(void)nr_args;
	if (!kcmap_name_valid(args[0]))
		return bad_name(args[0]);
	ret = open_ctl(&ctl);
	if (ret)
		return ret;
	ret = kcmap_ctl_destroy(ctl, args[0]);
	if (ret == -EBADF)
		ret = ctl_denied(" for writing");
	else if (ret == -ENOENT)
		ret = failed("no map %s: see kcmap list", args[0]);
	else if (ret == -EPERM)
		ret = failed("cannot destroy map %s: that takes its owner or CAP_SYS_ADMIN",
			     args[0]);
	else if (ret)
		ret = failed("cannot destroy map %s: %s", args[0],
			     strerror(-ret));
	kcmap_ctl_close(ctl);
	return ret;
}
