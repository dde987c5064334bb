// SPDX-License-Identifier: GPL-2.0-only
/* Maps for users in the kernel: see kmod/include/kcmap.h. */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/gfp.h>

#include "map.h"

/*
 * Writers may be in softirq or hold a spinlock, and a map that cannot grow is
 * theirs to deal with, not worth a message.
 */
#define KCMAP_GFP_KERNEL_USER (GFP_ATOMIC | __GFP_NOWARN)

/**
 * kcmap_get() - take a reference on a map by name
 * @name: name of the map
 *
 * The map stays usable until kcmap_put(), even if it is destroyed meanwhile.
 *
 * Context: process, may sleep.
 * Return: the map; ERR_PTR(-ENOENT): there is no map of that name.
 */
struct kcmap *kcmap_get(const char *name)
{
	return kcmap_map_get_name(name) ?: ERR_PTR(-ENOENT);
}
EXPORT_SYMBOL_GPL(kcmap_get);

/**
 * kcmap_get_fd() - take a reference on a map by descriptor
 * @fd: descriptor of the calling process
 * @write: it must be open for writing, too
 *
 * The map stays usable until kcmap_put(), even if the descriptor is closed.
 *
 * Context: process, may sleep.
 * Return: the map; ERR_PTR(-EBADF): no such descriptor, not of a map, or not
 * open for reading (and writing, with @write).
 */
struct kcmap *kcmap_get_fd(int fd, bool write)
{
	fmode_t mode = write ? FMODE_READ | FMODE_WRITE : FMODE_READ;
	struct kcmap *map = ERR_PTR(-EBADF);
	struct file *file = fget(fd);

	if (!file)
		return map;
	if (file->f_op == &kcmap_map_fops && (file->f_mode & mode) == mode) {
		map = file->private_data;
		kref_get(&map->ref);
	}
	fput(file);
	return map;
}
EXPORT_SYMBOL_GPL(kcmap_get_fd);

/**
 * kcmap_put() - let go of a map
 * @map: map of kcmap_get() or kcmap_get_fd()
 *
 * Context: process, may sleep. No call that uses the caller's reference may be
 * going on.
 */
void kcmap_put(struct kcmap *map)
{
	kcmap_map_put(map);
}
EXPORT_SYMBOL_GPL(kcmap_put);

/**
 * kcmap_id() - number of a map
 * @map: map
 *
 * Context: any.
 * Return: the number; no other map gets it while the module is loaded.
 */
u64 kcmap_id(const struct kcmap *map)
{
	return map->id;
}
EXPORT_SYMBOL_GPL(kcmap_id);

/**
 * kcmap_key_size() - size of a map's keys
 * @map: map
 *
 * Context: any.
 * Return: bytes.
 */
u32 kcmap_key_size(const struct kcmap *map)
{
	return map->key_size;
}
EXPORT_SYMBOL_GPL(kcmap_key_size);

/**
 * kcmap_value_size() - size of a map's values
 * @map: map
 *
 * Context: any.
 * Return: bytes; may be 0.
 */
u32 kcmap_value_size(const struct kcmap *map)
{
	return map->value_size;
}
EXPORT_SYMBOL_GPL(kcmap_value_size);

/**
 * kcmap_lookup() - find a key
 * @map: map
 * @key: key
 * @value: where to copy its value, or NULL
 *
 * Context: any, NMI included. Takes no lock and stores to nothing shared.
 * Return: 0; -ENOENT: the key is absent; -EAGAIN, from NMI only: a write that
 * was interrupted is in the way.
 */
int kcmap_lookup(struct kcmap *map, const void *key, void *value)
{
	return kcmap_table_lookup(map->table, key, value);
}
EXPORT_SYMBOL_GPL(kcmap_lookup);

/**
 * kcmap_lookup_bulk() - find several keys
 * @map: map
 * @keys: keys, packed
 * @values: where to copy their values, packed, or NULL; the room of a key that
 *	is absent is undefined
 * @nr: keys, at most KCMAP_BULK_MAX
 *
 * Each key is looked up by itself; together they take less time, since the
 * memory of one is fetched while another is compared.
 *
 * Context: any but NMI. Takes no lock and stores to nothing shared.
 * Return: bit N is set if key N was found.
 */
u64 kcmap_lookup_bulk(struct kcmap *map, const void *keys, void *values,
		      unsigned int nr)
{
	return kcmap_table_lookup_bulk(map->table, keys, values, nr);
}
EXPORT_SYMBOL_GPL(kcmap_lookup_bulk);

/**
 * kcmap_insert() - store a key that is absent
 * @map: map
 * @key: key
 * @value: value
 *
 * Context: process, softirq, hardirq; interrupts on or off; not NMI.
 * Return: 0; -EEXIST: the key is present; -ENOSPC: the map is full; -ENOMEM.
 */
int kcmap_insert(struct kcmap *map, const void *key, const void *value)
{
	return kcmap_map_write(map, KCMAP_WRITE_INSERT, key, value, NULL,
			       KCMAP_GFP_KERNEL_USER);
}
EXPORT_SYMBOL_GPL(kcmap_insert);

/**
 * kcmap_update() - replace the value of a key that is present
 * @map: map
 * @key: key
 * @value: value
 *
 * Context: process, softirq, hardirq; interrupts on or off; not NMI.
 * Return: 0; -ENOENT: the key is absent; -ENOMEM: a snapshot has it, and there is no
 * memory for a copy.
 */
int kcmap_update(struct kcmap *map, const void *key, const void *value)
{
	return kcmap_map_write(map, KCMAP_WRITE_UPDATE, key, value, NULL,
			       KCMAP_GFP_KERNEL_USER);
}
EXPORT_SYMBOL_GPL(kcmap_update);

/**
 * kcmap_upsert() - store a key whether it is present or absent
 * @map: map
 * @key: key
 * @value: value
 *
 * Context: process, softirq, hardirq; interrupts on or off; not NMI.
 * Return: 0; -ENOSPC: the key is absent and the map is full; -ENOMEM.
 */
int kcmap_upsert(struct kcmap *map, const void *key, const void *value)
{
	return kcmap_map_write(map, KCMAP_WRITE_UPSERT, key, value, NULL,
			       KCMAP_GFP_KERNEL_USER);
}
EXPORT_SYMBOL_GPL(kcmap_upsert);

/**
 * kcmap_delete() - remove a key
 * @map: map
 * @key: key
 *
 * Context: process, softirq, hardirq; interrupts on or off; not NMI.
 * Return: 0; -ENOENT: the key is absent; -ENOMEM: as kcmap_update().
 */
int kcmap_delete(struct kcmap *map, const void *key)
{
	return kcmap_map_write(map, KCMAP_WRITE_DELETE, key, NULL, NULL,
			       KCMAP_GFP_KERNEL_USER);
}
EXPORT_SYMBOL_GPL(kcmap_delete);

/**
 * kcmap_lookup_and_delete() - remove a key and copy its value
 * @map: map
 * @key: key
 * @value: where to copy the value, or NULL
 *
 * Context: process, softirq, hardirq; interrupts on or off; not NMI.
 * Return: 0; -ENOENT: the key is absent; -ENOMEM: as kcmap_update().
 */
int kcmap_lookup_and_delete(struct kcmap *map, const void *key, void *value)
{
	return kcmap_map_write(map, KCMAP_WRITE_DELETE, key, NULL, value,
			       KCMAP_GFP_KERNEL_USER);
}
EXPORT_SYMBOL_GPL(kcmap_lookup_and_delete);

/**
 * kcmap_modify() - change the value of a key in one atomic step
 * @map: map
 * @key: key
 * @fn: changes it
 * @ctx: passed on to @fn
 *
 * Context: process, softirq, hardirq; interrupts on or off; not NMI. For @fn see
 * &typedef kcmap_modify_fn.
 * Return: 0; @fn was not called: -ENOENT: the key is absent; -ENOMEM: a snapshot has
 * it, and there is no memory for a copy.
 */
int kcmap_modify(struct kcmap *map, const void *key, kcmap_modify_fn fn,
		 void *ctx)
{
	struct mem_cgroup *memcg = set_active_memcg(map->memcg);
	int ret = kcmap_table_modify(map->table, key, fn, ctx);

	set_active_memcg(memcg);
	return ret;
}
EXPORT_SYMBOL_GPL(kcmap_modify);
