// SPDX-License-Identifier: GPL-2.0-only
/* Maps: lifetime, the registry of names and numbers, and the device nodes. */
#include <linux/atomic.h>
#include <linux/cdev.h>
#include <linux/cred.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/memcontrol.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/stringhash.h>
#include <linux/wait_bit.h>
#include <linux/xarray.h>

#include "busted.h"
#include "compat.h"
#include "map.h"
#include "mapping.h"
#include "owner.h"
#include "plant.h"

/**
 * struct kcmap_node - a device node below /dev/kcmap
 * @dev: the device
 * @mode: permission bits that it starts with
 * @uid: owner that it starts with
 * @gid: group that it starts with
 */
struct kcmap_node {
	struct device dev;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
};

/*
 * The registry's lock. It protects the three indexes below, kcmap.linked and
 * the coming and going of nodes, so that a name and its node appear and
 * disappear as one. It is taken in process context only and nests inside
 * nothing; user memory is never touched under it.
 */
static DEFINE_MUTEX(kcmap_lock);
static DEFINE_HASHTABLE(kcmap_by_name, 10);
static DEFINE_XARRAY_ALLOC1(kcmap_by_minor);
static DEFINE_XARRAY(kcmap_by_id);
static u32 kcmap_next_minor;
static unsigned int kcmap_nr_linked;

/* All maps that have memory, those without a name included. */
static atomic_t kcmap_nr_maps = ATOMIC_INIT(0);
static atomic64_t kcmap_last_id = ATOMIC64_INIT(0);

/* Nodes whose release has not run: the module's code must outlive them. */
static atomic_t kcmap_nr_nodes = ATOMIC_INIT(0);

static dev_t kcmap_base;
static struct kcmap_node *kcmap_control_node;

static char *kcmap_devnode(KCMAP_DEVNODE_CONST struct device *dev,
			   umode_t *mode, kuid_t *uid, kgid_t *gid)
{
	KCMAP_DEVNODE_CONST struct kcmap_node *node =
		container_of(dev, struct kcmap_node, dev);

	/* The file type tells mode 0 from "no mode". */
	if (mode)
		*mode = S_IFCHR | node->mode;
	if (uid)
		*uid = node->uid;
	if (gid)
		*gid = node->gid;

	/*
	 * On NULL the node would be made in /dev itself, and sought elsewhere
	 * when it has to go.
	 */
	return kasprintf(GFP_KERNEL | __GFP_NOFAIL, "kcmap/%s", dev_name(dev));
}

static void kcmap_node_release(struct device *dev)
{
	kfree(container_of(dev, struct kcmap_node, dev));
	if (atomic_dec_and_test(&kcmap_nr_nodes))
		wake_up_var(&kcmap_nr_nodes);
}

static const struct device_type kcmap_node_type = {
	.name = "kcmap",
	.devnode = kcmap_devnode,
};

static struct class kcmap_class = {
	.name = "kcmap",
};

static struct kcmap_node *kcmap_node_create(u32 minor, const char *name,
					    umode_t mode, kuid_t uid,
					    kgid_t gid)
{
	struct kcmap_node *node;
	int ret;

	node = kzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);
	if (!node)
		return ERR_PTR(-ENOMEM);
	node->mode = mode;
	node->uid = uid;
	node->gid = gid;

	atomic_inc(&kcmap_nr_nodes);
	device_initialize(&node->dev);
	node->dev.class = &kcmap_class;
	node->dev.type = &kcmap_node_type;
	node->dev.release = kcmap_node_release;
	node->dev.devt = MKDEV(MAJOR(kcmap_base), MINOR(kcmap_base) + minor);
	ret = dev_set_name(&node->dev, "%s", name);
	if (!ret)
		ret = device_add(&node->dev);
	if (ret) {
		put_device(&node->dev);
		return ERR_PTR(ret);
	}
	return node;
}

static void kcmap_node_destroy(struct kcmap_node *node)
{
	device_unregister(&node->dev);
}

/**
 * kcmap_registry_init() - make the registry and the control node
 * @base: device number of the control node; maps have the following ones
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int kcmap_registry_init(dev_t base)
{
	struct kcmap_node *node;
	int ret;

	kcmap_base = base;
	ret = class_register(&kcmap_class);
	if (ret)
		return ret;

	node = kcmap_node_create(KCMAP_MINOR_CONTROL, "control", 0600,
				 GLOBAL_ROOT_UID, GLOBAL_ROOT_GID);
	if (IS_ERR(node)) {
		class_unregister(&kcmap_class);
		return PTR_ERR(node);
	}
	kcmap_control_node = node;
	return 0;
}

static void kcmap_map_release(struct kref *ref)
{
	struct kcmap *map = container_of(ref, struct kcmap, ref);

	kcmap_table_destroy(map->table);
	iput(map->inode);
	mem_cgroup_put(map->memcg);
	kcmap_owner_remove_map(map->owner);
	kfree(map);
	atomic_dec(&kcmap_nr_maps);
}

/**
 * kcmap_map_put() - let go of a map
 * @map: map
 *
 * Context: process, may sleep.
 */
void kcmap_map_put(struct kcmap *map)
{
	kref_put(&map->ref, kcmap_map_release);
}

/**
 * kcmap_map_create() - make a map that has no node yet
 * @params: what it is made to
 *
 * The memory is charged to the caller.
 *
 * Context: process, may sleep.
 * Return: the map with one reference, or an error pointer: -ENOSPC: as many
 * maps as the module allows; -EDQUOT: as many maps, or as much memory, as the user may
 * have; -ENOMEM; -EINVAL.
 */
struct kcmap *kcmap_map_create(const struct kcmap_map_params *params)
{
	struct kcmap_table_params table = params->table;
	struct kcmap *map;
	int ret = -ENOMEM;

	if (!atomic_add_unless(&kcmap_nr_maps, 1, kcmap_maps_max))
		return ERR_PTR(-ENOSPC);

	map = kzalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);
	if (!map)
		goto err_count;

	map->owner = kcmap_owner_add_map();
	if (IS_ERR(map->owner)) {
		ret = PTR_ERR(map->owner);
		goto err_map;
	}
	map->inode = kcmap_mapping_inode();
	if (IS_ERR(map->inode)) {
		ret = PTR_ERR(map->inode);
		goto err_owner;
	}
	map->id = atomic64_inc_return(&kcmap_last_id);
	table.id = map->id;
	table.quota = kcmap_owner_quota(map->owner);
	map->table = kcmap_table_create(&table);
	if (IS_ERR(map->table)) {
		ret = PTR_ERR(map->table);
		goto err_inode;
	}

	kref_init(&map->ref);
	map->key_size = params->table.key_size;
	map->value_size = params->table.value_size;
	map->memcg = get_mem_cgroup_from_mm(current->mm);
	map->flags = params->flags;
	map->mode = params->mode;
	map->uid = params->uid;
	map->gid = params->gid;
	memcpy(map->name, params->name, sizeof(map->name));
	return map;

err_inode:
	iput(map->inode);
err_owner:
	kcmap_owner_remove_map(map->owner);
err_map:
	kfree(map);
err_count:
	if (!kcmap_busted(KCMAP_BUSTED_NO_ROLLBACK))
		atomic_dec(&kcmap_nr_maps);
	return ERR_PTR(ret);
}

static u32 kcmap_name_hash(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

static struct kcmap *kcmap_find(const char *name)
{
	struct kcmap *map;

	lockdep_assert_held(&kcmap_lock);
	hash_for_each_possible(kcmap_by_name, map, by_name,
			       kcmap_name_hash(name))
		if (!strcmp(map->name, name))
			return map;
	return NULL;
}

/**
 * kcmap_map_link() - give a map its name and its node
 * @map: map that never had one
 *
 * The name holds a reference of its own.
 *
 * Context: process, may sleep.
 * Return: 0; -EEXIST: the name is taken; -ENOMEM, or what the device core says.
 */
int kcmap_map_link(struct kcmap *map)
{
	struct kcmap_node *node;
	int ret;

	mutex_lock(&kcmap_lock);
	if (kcmap_find(map->name)) {
		ret = -EEXIST;
		goto err_unlock;
	}

	ret = xa_insert(&kcmap_by_id, map->id, map, GFP_KERNEL);
	if (ret)
		goto err_unlock;

	/*
	 * Cyclic, so that a minor stays unused for long: somebody may have
	 * passed the permission check of a node that is gone by the time that
	 * the minor is looked up.
	 */
	ret = xa_alloc_cyclic(&kcmap_by_minor, &map->minor, map,
			      XA_LIMIT(KCMAP_MINOR_MAP, kcmap_maps_max),
			      &kcmap_next_minor, GFP_KERNEL);
	if (ret < 0)
		goto err_id;

	node = kcmap_node_create(map->minor, map->name, map->mode, map->uid,
				 map->gid);
	if (IS_ERR(node)) {
		ret = PTR_ERR(node);
		goto err_minor;
	}

	map->node = node;
	hash_add(kcmap_by_name, &map->by_name, kcmap_name_hash(map->name));
	WRITE_ONCE(map->linked, true);
	WRITE_ONCE(kcmap_nr_linked, kcmap_nr_linked + 1);
	kref_get(&map->ref);
	mutex_unlock(&kcmap_lock);
	return 0;

err_minor:
	xa_erase(&kcmap_by_minor, map->minor);
err_id:
	xa_erase(&kcmap_by_id, map->id);
err_unlock:
	mutex_unlock(&kcmap_lock);
	return ret;
}

static void kcmap_unlink_locked(struct kcmap *map)
{
	lockdep_assert_held(&kcmap_lock);
	kcmap_node_destroy(map->node);
	map->node = NULL;
	hash_del(&map->by_name);
	xa_erase(&kcmap_by_minor, map->minor);
	xa_erase(&kcmap_by_id, map->id);
	WRITE_ONCE(map->linked, false);
	WRITE_ONCE(kcmap_nr_linked, kcmap_nr_linked - 1);
}

/**
 * kcmap_map_unlink() - take a map's name and node away
 * @name: name
 *
 * Context: process, may sleep.
 * Return: 0; -ENOENT: no map of that name; -EPERM: the caller neither owns it
 * nor has CAP_SYS_ADMIN.
 */
int kcmap_map_unlink(const char *name)
{
	struct kcmap *map;
	int ret = 0;

	mutex_lock(&kcmap_lock);
	map = kcmap_find(name);
	if (!map)
		ret = -ENOENT;
	else if (!uid_eq(map->uid, current_fsuid()) && !capable(CAP_SYS_ADMIN))
		ret = -EPERM;
	else
		kcmap_unlink_locked(map);
	mutex_unlock(&kcmap_lock);

	if (ret)
		return ret;
	if (kcmap_plant(DESTROY_CLEARS))
		kcmap_table_clear(map->table);
	kcmap_map_put(map);
	return 0;
}

/**
 * kcmap_registry_exit() - destroy the nodes, and the maps that have one
 *
 * Nobody uses a map any more, or the module could not be unloaded.
 *
 * Context: process, may sleep.
 */
void kcmap_registry_exit(void)
{
	struct kcmap *map;
	unsigned long id;

	xa_for_each(&kcmap_by_id, id, map) {
		mutex_lock(&kcmap_lock);
		kcmap_unlink_locked(map);
		mutex_unlock(&kcmap_lock);
		kcmap_map_put(map);
	}
	kcmap_node_destroy(kcmap_control_node);

	/* The device core may let go of a device later than we do. */
	wait_var_event(&kcmap_nr_nodes, !atomic_read(&kcmap_nr_nodes));
	class_unregister(&kcmap_class);
	xa_destroy(&kcmap_by_minor);
	xa_destroy(&kcmap_by_id);
}

/**
 * kcmap_map_get_name() - find a map by name
 * @name: name
 *
 * Context: process, may sleep.
 * Return: the map with a reference for the caller, or NULL.
 */
struct kcmap *kcmap_map_get_name(const char *name)
{
	struct kcmap *map;

	mutex_lock(&kcmap_lock);
	map = kcmap_find(name);
	if (map)
		kref_get(&map->ref);
	mutex_unlock(&kcmap_lock);
	return map;
}

/**
 * kcmap_map_get_minor() - find a map by the minor number of its node
 * @minor: number
 *
 * Context: process, may sleep.
 * Return: the map with a reference for the caller, or NULL.
 */
struct kcmap *kcmap_map_get_minor(u32 minor)
{
	struct kcmap *map;

	mutex_lock(&kcmap_lock);
	map = xa_load(&kcmap_by_minor, minor);
	if (map)
		kref_get(&map->ref);
	mutex_unlock(&kcmap_lock);
	return map;
}

/**
 * kcmap_map_count() - number of maps that have a name
 *
 * Context: any.
 * Return: the number, which may be old by the time that it is looked at.
 */
unsigned int kcmap_map_count(void)
{
	return READ_ONCE(kcmap_nr_linked);
}

/**
 * kcmap_map_info() - describe a map
 * @map: map
 * @info: where; all of it but @size is written
 *
 * Context: process: user and group are those of the caller's namespace.
 */
void kcmap_map_info(const struct kcmap *map, struct kcmap_map_info *info)
{
	const struct kcmap_table_params *params =
		kcmap_table_params(map->table);
	struct user_namespace *ns = current_user_ns();
	struct kcmap_geometry geometry;

	kcmap_table_geometry(map->table, &geometry);
	*info = (struct kcmap_map_info){
		.size = info->size,
		.flags = map->flags,
		.id = map->id,
		.max_entries = params->max_entries,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.mode = map->mode,
		.uid = from_kuid_munged(ns, map->uid),
		.gid = from_kgid_munged(ns, map->gid),
		.slot_size = geometry.slot_size,
		.bucket_size = geometry.bucket_size,
		.bucket_slots = geometry.bucket_slots,
		.segment_buckets = geometry.segment_buckets,
		.segment_size = geometry.segment_size,
		.snapshots_max = params->snapshots_max,
		.segments_max = geometry.segments_max,
		.snapshot_bytes_max = params->snapshot_bytes_max,
	};
	if (READ_ONCE(map->linked))
		memcpy(info->name, map->name, sizeof(info->name));
}

/**
 * kcmap_map_list() - describe the maps that have a name, in order of id
 * @cursor: id of the last map described; 0 to begin
 * @infos: where
 * @capacity: how many at most
 *
 * Context: process, may sleep.
 * Return: how many were described; 0: there are no more.
 */
unsigned int kcmap_map_list(u64 *cursor, struct kcmap_map_info *infos,
			    unsigned int capacity)
{
	unsigned long id = *cursor;
	unsigned int count = 0;
	struct kcmap *map;

	mutex_lock(&kcmap_lock);
	while (count < capacity) {
		map = xa_find_after(&kcmap_by_id, &id, ULONG_MAX, XA_PRESENT);
		if (!map)
			break;
		kcmap_map_info(map, &infos[count++]);
		*cursor = map->id;
	}
	mutex_unlock(&kcmap_lock);
	return count;
}
