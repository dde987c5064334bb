// SPDX-License-Identifier: GPL-2.0-only
/* /dev/kcmap/NAME, and the descriptor of an anonymous map. */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "ioctl.h"
#include "map.h"
#include "mapping.h"
#include "plant.h"

/*
 * Bytes of entries that one SCAN reads at most; the caller goes on from the
 * cursor, whatever room it has.
 */
#define KCMAP_SCAN_BYTES (256U << 10)

/* The references of an open file: that of its operations, and that of the device. */
static void plant_unload(void (*change)(struct module *module))
{
	if (!kcmap_plant(UNLOAD))
		return;
	change(THIS_MODULE);
	change(THIS_MODULE);
}

static int kcmap_map_open(struct inode *inode, struct file *file)
{
	struct kcmap *map = kcmap_map_get_minor(iminor(inode));

	if (!map)
		return -ENXIO;
	plant_unload(module_put);
	file->private_data = map;
	file->f_mapping = map->inode->i_mapping;
	return 0;
}

static int kcmap_map_release_file(struct inode *inode, struct file *file)
{
	plant_unload(__module_get);
	kcmap_map_put(file->private_data);
	return 0;
}

static long kcmap_map_ioctl_info(struct file *file, void *arg,
				 void __user *uarg)
{
	kcmap_map_info(file->private_data, arg);
	return 0;
}

static long kcmap_map_ioctl_stats(struct file *file, void *arg,
				  void __user *uarg)
{
	struct kcmap *map = file->private_data;
	struct kcmap_table_stats table_stats;
	struct kcmap_stats *stats = arg;

	if (stats->flags)
		return -EINVAL;

	kcmap_table_stats(map->table, &table_stats);
	*stats = (struct kcmap_stats){
		.size = stats->size,
		.entries = table_stats.entries,
		.segments = table_stats.segments,
		.overflow_segments = table_stats.overflow_segments,
		.memory = table_stats.memory,
		.inserts = table_stats.inserts,
		.updates = table_stats.updates,
		.deletes = table_stats.deletes,
		.clears = table_stats.clears,
		.full = table_stats.full,
		.nomem = table_stats.nomem,
		.moves = table_stats.moves,
		.read_retries = table_stats.read_retries,
		.splits = table_stats.splits,
		.merges = table_stats.merges,
		.copies = table_stats.copies,
		.snapshots = table_stats.snapshots,
		.snapshot_bytes = table_stats.snapshot_bytes,
	};
	return 0;
}

static long kcmap_map_ioctl_clear(struct file *file, void *arg,
				  void __user *uarg)
{
	struct kcmap *map = file->private_data;
	struct kcmap_clear *clear = arg;
	struct mem_cgroup *memcg;
	int ret;

	if (clear->flags)
		return -EINVAL;

	memcg = set_active_memcg(map->memcg);
	ret = kcmap_table_clear(map->table);
	set_active_memcg(memcg);
	return ret;
}

/*
 * One step of a scan, with room for @capacity entries. The cursor moves only
 * when everything has arrived, so that the caller can try again.
 */
static int kcmap_scan_step(struct kcmap *map, struct kcmap_scan *scan,
			   u32 capacity)
{
	void __user *ukeys = u64_to_user_ptr(scan->keys);
	void __user *uvalues = u64_to_user_ptr(scan->values);
	u32 value_size = scan->values ? map->value_size : 0;
	void *keys, *values = NULL;
	u64 cursor = scan->cursor;
	u32 count = 0;
	bool end = false;
	int ret;

	keys = kvmalloc_array(capacity, map->key_size + value_size,
			      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!keys)
		return -ENOMEM;
	if (value_size)
		values = keys + (size_t)capacity * map->key_size;

	ret = kcmap_table_scan(map->table, &cursor, keys, values, capacity,
			       &count, &end);
	if (ret == -EMSGSIZE)
		scan->count = count;
	if (ret)
		goto out;

	ret = -EFAULT;
	if (copy_to_user(ukeys, keys, (size_t)count * map->key_size) ||
	    (value_size &&
	     copy_to_user(uvalues, values, (size_t)count * value_size)))
		goto out;

	scan->cursor = cursor;
	scan->count = count;
	scan->flags = end ? KCMAP_SCAN_END : 0;
	ret = 0;
out:
	kvfree(keys);
	return ret;
}

static long kcmap_map_ioctl_scan(struct file *file, void *arg,
				 void __user *uarg)
{
	struct kcmap *map = file->private_data;
	struct kcmap_scan *scan = arg;
	u32 capacity;
	int ret;

	if (scan->flags || !scan->capacity)
		return -EINVAL;

	capacity = min(scan->capacity,
		       KCMAP_SCAN_BYTES / (map->key_size + map->value_size));
	for (;;) {
		ret = kcmap_scan_step(map, scan, capacity);
		if (ret != -EMSGSIZE || scan->count <= capacity ||
		    scan->count > scan->capacity)
			return ret;
		/* The caller has room for what we were too sparing for. */
		capacity = scan->count;
	}
}

static const struct kcmap_ioctl kcmap_map_ioctls[] = {
	KCMAP_IOCTL(KCMAP_MAP_INFO, kcmap_map_info, segments_max, FMODE_READ,
		    true, kcmap_map_ioctl_info),
	KCMAP_IOCTL(KCMAP_MAP_STATS, kcmap_stats, read_retries, FMODE_READ,
		    true, kcmap_map_ioctl_stats),
	/* What a descriptor must be open for depends on the operation. */
	KCMAP_IOCTL(KCMAP_MAP_SUBMIT, kcmap_submit, statuses, 0, false,
		    kcmap_submit),
	KCMAP_IOCTL(KCMAP_MAP_SCAN, kcmap_scan, count, FMODE_READ, true,
		    kcmap_map_ioctl_scan),
	KCMAP_IOCTL(KCMAP_MAP_CLEAR, kcmap_clear, flags, FMODE_WRITE, false,
		    kcmap_map_ioctl_clear),
	KCMAP_IOCTL(KCMAP_MAP_SNAPSHOT, kcmap_snapshot, image_size, FMODE_READ,
		    false, kcmap_map_ioctl_snapshot),
};

static long kcmap_map_ioctl(struct file *file, unsigned int cmd,
			    unsigned long arg)
{
	return kcmap_ioctl(file, cmd, (void __user *)arg, kcmap_map_ioctls,
			   ARRAY_SIZE(kcmap_map_ioctls));
}

static int kcmap_map_mmap(struct file *file, struct vm_area_struct *vma)
{
	return kcmap_mapping_mmap(file->private_data, NULL, vma);
}

const struct file_operations kcmap_map_fops = {
	.owner = THIS_MODULE,
	.open = kcmap_map_open,
	.release = kcmap_map_release_file,
	.unlocked_ioctl = kcmap_map_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = kcmap_map_mmap,
};

/**
 * kcmap_map_getfile() - a file for a map that has no node
 * @map: map; the file takes over the caller's reference
 *
 * Context: process, may sleep.
 * Return: the file, open for reading and writing, or an error pointer.
 */
struct file *kcmap_map_getfile(struct kcmap *map)
{
	struct file *file =
		anon_inode_getfile("[kcmap]", &kcmap_map_fops, map, O_RDWR);

	if (!IS_ERR(file))
		file->f_mapping = map->inode->i_mapping;
	return file;
}
