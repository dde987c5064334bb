// SPDX-License-Identifier: GPL-2.0-only
/* The descriptor of a snapshot. */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/kcmap_image.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "ioctl.h"
#include "map.h"
#include "mapping.h"
#include "plant.h"
#include "snapshot.h"
#include "user_copy.h"

/**
 * struct kcmap_snapshot_file - an open snapshot
 * @map: map that it is of, with a reference
 * @snapshot: the snapshot
 */
struct kcmap_snapshot_file {
	struct kcmap *map;
	struct kcmap_table_snapshot *snapshot;
};

static int kcmap_snapshot_release(struct inode *inode, struct file *file)
{
	struct kcmap_snapshot_file *open = file->private_data;

	if (kcmap_plant(UNLOAD))
		__module_get(THIS_MODULE);
	kcmap_snapshot_close(open->snapshot);
	kcmap_map_put(open->map);
	kfree(open);
	return 0;
}

static int kcmap_snapshot_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct kcmap_snapshot_file *open = file->private_data;

	return kcmap_mapping_mmap(open->map, open->snapshot, vma);
}

/* What the caller learns of a snapshot. */
static void kcmap_snapshot_describe(const struct kcmap_snapshot_file *open,
				    struct kcmap_snapshot *arg, int fd)
{
	struct kcmap_image image;

	kcmap_snapshot_header(open->snapshot, &image);
	*arg = (struct kcmap_snapshot){
		.size = arg->size,
		.fd = fd,
		.entries = image.entries,
		.epoch = image.epoch,
		.time_ns = image.time_ns,
		.image_size = image.size,
	};
}

static long kcmap_snapshot_ioctl_refresh(struct file *file, void *arg,
					 void __user *uarg)
{
	struct kcmap_snapshot_file *open = file->private_data;
	struct kcmap_snapshot __user *usnapshot = uarg;
	struct kcmap_snapshot *snapshot = arg;
	struct mem_cgroup *memcg;
	int ret;

	if (snapshot->flags || snapshot->reserved)
		return -EINVAL;
	/* What may fault comes first: after an error the image is as it was. */
	if (kcmap_put_user(-1, &usnapshot->fd))
		return -EFAULT;

	memcg = set_active_memcg(open->map->memcg);
	ret = kcmap_snapshot_refresh(open->snapshot);
	set_active_memcg(memcg);
	if (!ret)
		kcmap_snapshot_describe(open, snapshot, -1);
	return ret;
}

static const struct kcmap_ioctl kcmap_snapshot_ioctls[] = {
	KCMAP_IOCTL(KCMAP_SNAPSHOT_REFRESH, kcmap_snapshot, image_size,
		    FMODE_READ, true, kcmap_snapshot_ioctl_refresh),
};

static long kcmap_snapshot_ioctl(struct file *file, unsigned int cmd,
				 unsigned long arg)
{
	return kcmap_ioctl(file, cmd, (void __user *)arg, kcmap_snapshot_ioctls,
			   ARRAY_SIZE(kcmap_snapshot_ioctls));
}

static const struct file_operations kcmap_snapshot_fops = {
	.owner = THIS_MODULE,
	.release = kcmap_snapshot_release,
	.unlocked_ioctl = kcmap_snapshot_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = kcmap_snapshot_mmap,
};

/* The snapshot is the file's from here on; also on failure it is gone. */
static struct file *
kcmap_snapshot_getfile(struct kcmap *map, struct kcmap_table_snapshot *snapshot)
{
	struct kcmap_snapshot_file *open;
	struct file *file;

	open = kmalloc(sizeof(*open), GFP_KERNEL_ACCOUNT);
	if (!open) {
		kcmap_snapshot_close(snapshot);
		return ERR_PTR(-ENOMEM);
	}
	open->map = map;
	open->snapshot = snapshot;
	file = anon_inode_getfile("[kcmap-snapshot]", &kcmap_snapshot_fops,
				  open, O_RDONLY);
	if (IS_ERR(file)) {
		kcmap_snapshot_close(snapshot);
		kfree(open);
		return file;
	}
	if (kcmap_plant(UNLOAD))
		module_put(THIS_MODULE);
	kref_get(&map->ref);
	file->f_mapping = map->inode->i_mapping;
	return file;
}

/**
 * kcmap_map_ioctl_snapshot() - KCMAP_MAP_SNAPSHOT
 * @file: descriptor of a map
 * @arg: struct kcmap_snapshot
 * @uarg: that of the caller
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno; see struct kcmap_snapshot.
 */
long kcmap_map_ioctl_snapshot(struct file *file, void *arg, void __user *uarg)
{
	struct kcmap_table_snapshot *table_snapshot;
	struct kcmap *map = file->private_data;
	struct kcmap_snapshot *snapshot = arg;
	struct mem_cgroup *memcg;
	struct file *opened;
	int fd, ret;

	if (snapshot->flags || snapshot->reserved)
		return -EINVAL;
	if (map->flags & KCMAP_F_NO_MMAP)
		return -EPERM;

	memcg = set_active_memcg(map->memcg);
	table_snapshot = kcmap_snapshot_create(map->table);
	set_active_memcg(memcg);
	if (IS_ERR(table_snapshot))
		return PTR_ERR(table_snapshot);
	opened = kcmap_snapshot_getfile(map, table_snapshot);
	if (IS_ERR(opened))
		return PTR_ERR(opened);

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		ret = fd;
		goto err_file;
	}
	kcmap_snapshot_describe(opened->private_data, snapshot, fd);
	ret = -EFAULT;
	if (copy_to_user(uarg, snapshot,
			 min_t(size_t, snapshot->size, sizeof(*snapshot))))
		goto err_fd;
	fd_install(fd, opened);
	return 0;

err_fd:
	put_unused_fd(fd);
err_file:
	fput(opened);
	return ret;
}
