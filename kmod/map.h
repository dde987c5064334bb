/* SPDX-License-Identifier: GPL-2.0-only */
/* A map: a table with a name, an owner, a node and users. */
#ifndef _KCMAP_MAP_H
#define _KCMAP_MAP_H

#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/sched/mm.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include <linux/kcmap.h>
#include <kcmap.h>

#include "table.h"

#define KCMAP_VERSION "0.1.0"

/* Minor of /dev/kcmap/control; maps have the following ones. */
#define KCMAP_MINOR_CONTROL 0
#define KCMAP_MINOR_MAP 1

struct kcmap_node;
struct kcmap_owner;
struct mem_cgroup;

/**
 * struct kcmap - a map
 * @table: the entries
 * @key_size: bytes
 * @value_size: bytes
 * @memcg: control group of the creator: whoever writes, the table's memory is
 *	charged to it
 * @owner: who answers for it, or NULL; not @uid: that is what it was made for
 * @inode: what its mappings, and those of its snapshots, hang on
 * @ref: one for the name, one for each descriptor, snapshots' included, and each
 *	user in the kernel; with the last of them the map goes
 * @id: number of the map, never used again
 * @flags: KCMAP_F_*
 * @mode: permission bits of the node
 * @uid: owner
 * @gid: group
 * @name: empty if anonymous
 * @linked: has a name and a node still; written under the registry's lock
 * @minor: of the node, while @linked
 * @by_name: in the registry, under its lock, while @linked
 * @node: the device, while @linked
 *
 * All members above @linked but @ref are constant once the map can be found, so
 * a reference is enough to read them.
 */
struct kcmap {
	struct kcmap_table *table;
	u32 key_size;
	u32 value_size;
	struct mem_cgroup *memcg;
	struct kcmap_owner *owner;
	struct inode *inode;
	struct kref ref;
	u64 id;
	u32 flags;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	char name[KCMAP_NAME_SIZE];

	bool linked;
	u32 minor;
	struct hlist_node by_name;
	struct kcmap_node *node;
};

/**
 * struct kcmap_map_params - what a map is made to
 * @table: the table
 * @flags: KCMAP_F_*
 * @mode: permission bits of the node
 * @uid: owner
 * @gid: group
 * @name: a valid name, or empty
 */
struct kcmap_map_params {
	struct kcmap_table_params table;
	u32 flags;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	char name[KCMAP_NAME_SIZE];
};

extern unsigned int kcmap_maps_max;
extern unsigned int kcmap_snapshots_max;
extern unsigned long kcmap_snapshot_bytes_max;

int kcmap_registry_init(dev_t base);
void kcmap_registry_exit(void);

struct kcmap *kcmap_map_create(const struct kcmap_map_params *params);
void kcmap_map_put(struct kcmap *map);
int kcmap_map_link(struct kcmap *map);
int kcmap_map_unlink(const char *name);
struct kcmap *kcmap_map_get_name(const char *name);
struct kcmap *kcmap_map_get_minor(u32 minor);
unsigned int kcmap_map_count(void);
void kcmap_map_info(const struct kcmap *map, struct kcmap_map_info *info);
unsigned int kcmap_map_list(u64 *cursor, struct kcmap_map_info *infos,
			    unsigned int capacity);

extern const struct file_operations kcmap_control_fops;
extern const struct file_operations kcmap_map_fops;

struct file *kcmap_map_getfile(struct kcmap *map);
long kcmap_map_ioctl_snapshot(struct file *file, void *arg, void __user *uarg);
long kcmap_submit(struct file *file, void *arg, void __user *uarg);
u64 kcmap_submit_opcodes(void);

/**
 * kcmap_map_write() - write to a map
 * @map: map
 * @op: what to do
 * @key: key
 * @value: value to store
 * @old: where to copy the value that a delete removes, or NULL
 * @gfp: how memory may be allocated
 *
 * Memory is charged to the creator of the map, not to the writer.
 *
 * Context: any but NMI.
 * Return: see kcmap_table_write().
 */
static inline int kcmap_map_write(struct kcmap *map, enum kcmap_write op,
				  const void *key, const void *value, void *old,
				  gfp_t gfp)
{
	struct mem_cgroup *memcg = set_active_memcg(map->memcg);
	int ret = kcmap_table_write(map->table, op, key, value, old, gfp);

	set_active_memcg(memcg);
	return ret;
}

#endif /* _KCMAP_MAP_H */
