// SPDX-License-Identifier: GPL-2.0-only
/* kcmap: a concurrent hash map with a device node. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "fault.h"
#include "map.h"
#include "mapping.h"
#include "owner.h"
#include "reserve.h"
#include "segment.h"

unsigned int kcmap_maps_max = 65536;
module_param_named(maps_max, kcmap_maps_max, uint, 0444);
MODULE_PARM_DESC(maps_max,
		 "Most maps at once, anonymous ones included (65536)");

unsigned int kcmap_snapshots_max = 64;
module_param_named(snapshots_max, kcmap_snapshots_max, uint, 0644);
MODULE_PARM_DESC(snapshots_max,
		 "Most open snapshots of a map that is made with 0 (64)");

unsigned long kcmap_snapshot_bytes_max;
module_param_named(snapshot_bytes_max, kcmap_snapshot_bytes_max, ulong, 0644);
MODULE_PARM_DESC(
	snapshot_bytes_max,
	"Most bytes that snapshots of a map may pin, likewise (a quarter of memory)");

/* Each user's, see owner.h. What one may take leaves room for others. */
unsigned int kcmap_maps_per_user = 1024;
module_param_named(maps_per_user, kcmap_maps_per_user, uint, 0644);
MODULE_PARM_DESC(maps_per_user,
		 "Most maps of one user without CAP_SYS_RESOURCE (1024)");

unsigned long kcmap_bytes_per_user;
module_param_named(bytes_per_user, kcmap_bytes_per_user, ulong, 0644);
MODULE_PARM_DESC(
	bytes_per_user,
	"Most bytes of memory that its maps and snapshots take (a quarter of memory)");

static dev_t kcmap_base;
static struct cdev kcmap_control_cdev;
static struct cdev kcmap_map_cdev;

static int __init kcmap_cdev_add(struct cdev *cdev,
				 const struct file_operations *fops,
				 unsigned int minor, unsigned int nr)
{
	cdev_init(cdev, fops);
	cdev->owner = THIS_MODULE;
	return cdev_add(cdev, kcmap_base + minor, nr);
}

static int __init kcmap_init(void)
{
	int ret;

	if (!kcmap_maps_max || kcmap_maps_max > MINORMASK) {
		pr_err("maps_max must be 1 to %u\n", MINORMASK);
		return -EINVAL;
	}

	ret = kcmap_segment_init();
	if (ret)
		return ret;
	if (!kcmap_snapshot_bytes_max)
		kcmap_snapshot_bytes_max = totalram_pages() / 4 * PAGE_SIZE;
	if (!kcmap_bytes_per_user)
		kcmap_bytes_per_user = totalram_pages() / 4 * PAGE_SIZE;
	ret = kcmap_reserve_init();
	if (ret)
		goto err_segment;
	ret = kcmap_mapping_init();
	if (ret)
		goto err_reserve;
	ret = alloc_chrdev_region(&kcmap_base, 0, 1 + kcmap_maps_max, "kcmap");
	if (ret)
		goto err_mapping;
	ret = kcmap_cdev_add(&kcmap_map_cdev, &kcmap_map_fops, KCMAP_MINOR_MAP,
			     kcmap_maps_max);
	if (ret)
		goto err_region;
	ret = kcmap_cdev_add(&kcmap_control_cdev, &kcmap_control_fops,
			     KCMAP_MINOR_CONTROL, 1);
	if (ret)
		goto err_map;
	ret = kcmap_registry_init(kcmap_base);
	if (ret)
		goto err_control;
	kcmap_fault_init();
	return 0;

err_control:
	cdev_del(&kcmap_control_cdev);
err_map:
	cdev_del(&kcmap_map_cdev);
err_region:
	unregister_chrdev_region(kcmap_base, 1 + kcmap_maps_max);
err_mapping:
	kcmap_mapping_exit();
err_reserve:
	kcmap_reserve_exit();
err_segment:
	kcmap_segment_exit();
	return ret;
}

static void __exit kcmap_exit(void)
{
	kcmap_fault_exit();
	kcmap_registry_exit();
	cdev_del(&kcmap_control_cdev);
	cdev_del(&kcmap_map_cdev);
	unregister_chrdev_region(kcmap_base, 1 + kcmap_maps_max);
	kcmap_mapping_exit();
	kcmap_reserve_exit();
	/* Callbacks of tables that were freed must not outlive the code. */
	rcu_barrier();
	kcmap_segment_exit();
}

module_init(kcmap_init);
module_exit(kcmap_exit);

MODULE_DESCRIPTION("Concurrent hash maps with device nodes");
MODULE_LICENSE("GPL");
MODULE_VERSION(KCMAP_VERSION);
