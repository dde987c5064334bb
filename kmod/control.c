// SPDX-License-Identifier: GPL-2.0-only
/* /dev/kcmap/control: make, destroy and list maps. */
#include <linux/compiler.h>
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "ioctl.h"
#include "map.h"
#include "user_copy.h"

#define KCMAP_F_ALL (KCMAP_F_ANON | KCMAP_F_HASH_FAST | KCMAP_F_NO_MMAP)

/* A struct kcmap_map_info of a caller that is longer than this: E2BIG. */
#define KCMAP_LIST_STRIDE_MAX 4096

/* Maps described at a time, so that no user memory is touched under a lock. */
#define KCMAP_LIST_CHUNK 32

static long kcmap_ctl_info(struct file *file, void *arg, void __user *uarg)
{
	struct kcmap_ctl_info *info = arg;

	if (info->flags)
		return -EINVAL;

	*info = (struct kcmap_ctl_info){
		.size = info->size,
		.abi_version = KCMAP_ABI_VERSION,
		.maps = kcmap_map_count(),
		.features = KCMAP_FEATURE_ANON | KCMAP_FEATURE_STRIDED |
			    KCMAP_FEATURE_HASH_FAST | KCMAP_FEATURE_SNAPSHOT |
			    KCMAP_FEATURE_VIEW,
		.opcodes = kcmap_submit_opcodes(),
		.entries_max = KCMAP_ENTRIES_MAX,
		.key_size_max = KCMAP_KEY_SIZE_MAX,
		.value_size_max = KCMAP_VALUE_SIZE_MAX,
		.submit_max = KCMAP_SUBMIT_MAX,
		.maps_max = kcmap_maps_max,
		.version = KCMAP_VERSION,
	};
	return 0;
}

static bool kcmap_name_valid(const u8 name[KCMAP_NAME_SIZE])
{
	size_t len = strnlen(name, KCMAP_NAME_SIZE);
	size_t i;

	if (!len || len == KCMAP_NAME_SIZE ||
	    memchr_inv(name + len, 0, KCMAP_NAME_SIZE - len))
		return false;
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) ||
		    (!isalnum(name[i]) && !strchr("_.-", name[i])))
			return false;
	return strcmp(name, "control") && strcmp(name, ".") &&
	       strcmp(name, "..");
}

/* Owner and group of a new map: the caller's own, or with privilege any. */
static int kcmap_create_ids(const struct kcmap_create *create,
			    struct kcmap_map_params *params)
{
	struct user_namespace *ns = current_user_ns();

	params->uid = current_fsuid();
	params->gid = current_fsgid();
	if (create->uid != KCMAP_ID_SELF)
		params->uid = make_kuid(ns, create->uid);
	if (create->gid != KCMAP_ID_SELF)
		params->gid = make_kgid(ns, create->gid);
	if (!uid_valid(params->uid) || !gid_valid(params->gid))
		return -EINVAL;

	if ((!uid_eq(params->uid, current_fsuid()) ||
	     !in_group_p(params->gid)) &&
	    !capable(CAP_SYS_ADMIN))
		return -EPERM;
	return 0;
}

static int kcmap_create_check(const struct kcmap_create *create,
			      struct kcmap_map_params *params)
{
	if (create->flags & ~KCMAP_F_ALL || create->reserved)
		return -EINVAL;
	if (create->max_entries < 1 || create->max_entries > KCMAP_ENTRIES_MAX)
		return -EINVAL;
	if (create->key_size < 1 || create->key_size > KCMAP_KEY_SIZE_MAX ||
	    create->value_size > KCMAP_VALUE_SIZE_MAX)
		return -EINVAL;
	if (create->flags & KCMAP_F_ANON) {
		if (create->mode ||
		    memchr_inv(create->name, 0, sizeof(create->name)))
			return -EINVAL;
	} else if (create->mode & ~0777U || !kcmap_name_valid(create->name)) {
		return -EINVAL;
	}

	params->table.max_entries = create->max_entries;
	params->table.key_size = create->key_size;
	params->table.value_size = create->value_size;
	params->table.snapshots_max = create->snapshots_max ?:
					      READ_ONCE(kcmap_snapshots_max);
	params->table.snapshot_bytes_max =
		create->snapshot_bytes_max ?:
					     READ_ONCE(kcmap_snapshot_bytes_max);
	params->table.hash_fast = create->flags & KCMAP_F_HASH_FAST;
	params->flags = create->flags;
	params->mode = create->mode;
	memcpy(params->name, create->name, sizeof(params->name));
	return kcmap_create_ids(create, params);
}

/* Takes over the caller's reference, also on failure. */
static int kcmap_create_fd(struct kcmap *map, s32 __user *ufd)
{
	struct file *file;
	int fd, ret;

	file = kcmap_map_getfile(map);
	if (IS_ERR(file)) {
		kcmap_map_put(map);
		return PTR_ERR(file);
	}

	ret = get_unused_fd_flags(O_CLOEXEC);
	if (ret < 0)
		goto err_file;
	fd = ret;
	ret = -EFAULT;
	if (kcmap_put_user(fd, ufd))
		goto err_fd;
	fd_install(fd, file);
	return 0;

err_fd:
	put_unused_fd(fd);
err_file:
	fput(file);
	return ret;
}

static long kcmap_ctl_create(struct file *file, void *arg, void __user *uarg)
{
	struct kcmap_create __user *ucreate = uarg;
	struct kcmap_map_params params = {};
	struct kcmap *map;
	int ret;

	ret = kcmap_create_check(arg, &params);
	if (ret)
		return ret;
	/* What may fault comes first: a map that was made can be seen. */
	if (kcmap_put_user(-1, &ucreate->fd))
		return -EFAULT;

	map = kcmap_map_create(&params);
	if (IS_ERR(map))
		return PTR_ERR(map);

	if (params.flags & KCMAP_F_ANON)
		return kcmap_create_fd(map, &ucreate->fd);

	ret = kcmap_map_link(map);
	kcmap_map_put(map);
	return ret;
}

static long kcmap_ctl_destroy(struct file *file, void *arg, void __user *uarg)
{
	struct kcmap_destroy *destroy = arg;

	if (destroy->flags || !kcmap_name_valid(destroy->name))
		return -EINVAL;
	return kcmap_map_unlink(destroy->name);
}

static int kcmap_list_copy(void __user *umap, u32 stride,
			   struct kcmap_map_info *info)
{
	u32 size = min_t(u32, stride, sizeof(*info));

	info->size = size;
	if (copy_to_user(umap, info, size) || kcmap_fault_user() ||
	    clear_user(umap + size, stride - size))
		return -EFAULT;
	return 0;
}

static long kcmap_ctl_list(struct file *file, void *arg, void __user *uarg)
{
	struct kcmap_list *list = arg;
	void __user *umaps = u64_to_user_ptr(list->maps);
	struct kcmap_map_info *infos;
	unsigned int chunk, n, i;
	u64 cursor = list->cursor;
	u32 count = 0;
	int ret = 0;

	if (list->flags || list->reserved || !list->capacity ||
	    list->map_size < offsetofend(struct kcmap_map_info, segments_max))
		return -EINVAL;
	if (list->map_size > KCMAP_LIST_STRIDE_MAX)
		return -E2BIG;

	infos = kmalloc_array(KCMAP_LIST_CHUNK, sizeof(*infos), GFP_KERNEL);
	if (!infos)
		return -ENOMEM;

	while (count < list->capacity) {
		chunk = min_t(u32, list->capacity - count, KCMAP_LIST_CHUNK);
		n = kcmap_map_list(&cursor, infos, chunk);
		for (i = 0; i < n && !ret; i++) {
			ret = kcmap_list_copy(umaps, list->map_size, &infos[i]);
			umaps += list->map_size;
		}
		count += n;
		if (ret || n < chunk)
			break;
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		cond_resched();
	}
	kfree(infos);
	if (ret)
		return ret;

	list->cursor = cursor;
	list->count = count;
	return 0;
}

static const struct kcmap_ioctl kcmap_control_ioctls[] = {
	KCMAP_IOCTL(KCMAP_CTL_INFO, kcmap_ctl_info, version, FMODE_READ, true,
		    kcmap_ctl_info),
	KCMAP_IOCTL(KCMAP_CTL_CREATE, kcmap_create, fd, FMODE_WRITE, false,
		    kcmap_ctl_create),
	KCMAP_IOCTL(KCMAP_CTL_DESTROY, kcmap_destroy, name, FMODE_WRITE, false,
		    kcmap_ctl_destroy),
	KCMAP_IOCTL(KCMAP_CTL_LIST, kcmap_list, reserved, FMODE_READ, true,
		    kcmap_ctl_list),
};

static long kcmap_control_ioctl(struct file *file, unsigned int cmd,
				unsigned long arg)
{
	return kcmap_ioctl(file, cmd, (void __user *)arg, kcmap_control_ioctls,
			   ARRAY_SIZE(kcmap_control_ioctls));
}

const struct file_operations kcmap_control_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kcmap_control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
