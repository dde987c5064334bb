/* SPDX-License-Identifier: MIT */
/*
 * libkcmap: the maps of kcmap from userspace.
 *
 * Results
 *   Functions that return int give 0 or a count on success and a negative errno
 *   on failure; errno itself is not part of the interface.
 *
 * Threads
 *   A map, control or classifier handle does not change once it is open: any
 *   number of threads may use it at once, as long as none closes it meanwhile.
 *   A list or an iterator is for one thread at a time. A snapshot is as a map,
 *   but nobody may use it while it is refreshed.
 *
 * Sizes
 *   A function that fills in or reads a struct of <linux/kcmap.h> takes the
 *   size that its caller was compiled with, so that those structs can grow.
 */
#ifndef LIBKCMAP_H
#define LIBKCMAP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/kcmap.h>
#include <linux/kcmap_classify.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KCMAP_DEV_DIR "/dev/kcmap"
#define KCMAP_DEV_CONTROL KCMAP_DEV_DIR "/control"
#define KCMAP_DEV_CLASSIFY "/dev/kcmap_classify"

struct kcmap_ctl;
struct kcmap_map;
struct kcmap_map_list;
struct kcmap_iter;
struct kcmap_classifier;
struct kcmap_map_snapshot;
struct kcmap_view;

const char *kcmap_lib_version(void);

/* --- Control: create, destroy and list maps --- */

/**
 * struct kcmap_create_opts - what kind of map to create
 * @size: sizeof(struct kcmap_create_opts) of the caller
 * @flags: KCMAP_F_*, but not KCMAP_F_ANON
 * @max_entries: 1 to KCMAP_ENTRIES_MAX
 * @key_size: bytes, 1 to KCMAP_KEY_SIZE_MAX
 * @value_size: bytes, 0 to KCMAP_VALUE_SIZE_MAX
 * @mode: permission bits of the node; ignored for an anonymous map
 * @uid: owner, or KCMAP_ID_SELF
 * @gid: group, or KCMAP_ID_SELF
 * @snapshots_max: most snapshots that may be open at once; 0: the module's limit
 * @reserved: 0
 * @snapshot_bytes_max: most bytes that snapshots may pin at worst; 0: the
 *	module's limit
 */
struct kcmap_create_opts {
	size_t size;
	uint32_t flags;
	uint32_t mode;
	uint64_t max_entries;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t uid;
	uint32_t gid;
	uint32_t snapshots_max;
	uint32_t reserved;
	uint64_t snapshot_bytes_max;
};

static inline void kcmap_create_opts_init(struct kcmap_create_opts *opts,
					  uint32_t key_size,
					  uint32_t value_size,
					  uint64_t max_entries)
{
	memset(opts, 0, sizeof(*opts));
	opts->size = sizeof(*opts);
	opts->mode = 0600;
	opts->max_entries = max_entries;
	opts->key_size = key_size;
	opts->value_size = value_size;
	opts->uid = KCMAP_ID_SELF;
	opts->gid = KCMAP_ID_SELF;
}

int kcmap_ctl_open(struct kcmap_ctl **ctl);
void kcmap_ctl_close(struct kcmap_ctl *ctl);
int kcmap_ctl_fd(const struct kcmap_ctl *ctl);
int kcmap_ctl_get_info(struct kcmap_ctl *ctl, struct kcmap_ctl_info *info,
		       size_t size);
int kcmap_ctl_create(struct kcmap_ctl *ctl, const char *name,
		     const struct kcmap_create_opts *opts);
int kcmap_ctl_create_anon(struct kcmap_ctl *ctl,
			  const struct kcmap_create_opts *opts,
			  struct kcmap_map **map);
int kcmap_ctl_destroy(struct kcmap_ctl *ctl, const char *name);

int kcmap_map_list_new(struct kcmap_ctl *ctl, struct kcmap_map_list **list);
int kcmap_map_list_next(struct kcmap_map_list *list,
			struct kcmap_map_info *info, size_t size);
void kcmap_map_list_free(struct kcmap_map_list *list);

/* --- Maps --- */

int kcmap_name_valid(const char *name);

int kcmap_map_open(const char *name, int flags, struct kcmap_map **map);
int kcmap_map_from_fd(int fd, struct kcmap_map **map);
void kcmap_map_close(struct kcmap_map *map);
int kcmap_map_fd(const struct kcmap_map *map);
uint32_t kcmap_map_key_size(const struct kcmap_map *map);
uint32_t kcmap_map_value_size(const struct kcmap_map *map);
int kcmap_map_get_info(struct kcmap_map *map, struct kcmap_map_info *info,
		       size_t size);
int kcmap_map_get_stats(struct kcmap_map *map, struct kcmap_stats *stats,
			size_t size);
int kcmap_map_clear(struct kcmap_map *map);

/* --- One operation on one key --- */

int kcmap_map_lookup(struct kcmap_map *map, const void *key, void *value);
int kcmap_map_insert(struct kcmap_map *map, const void *key, const void *value);
int kcmap_map_update(struct kcmap_map *map, const void *key, const void *value);
int kcmap_map_upsert(struct kcmap_map *map, const void *key, const void *value);
int kcmap_map_delete(struct kcmap_map *map, const void *key);
int kcmap_map_take(struct kcmap_map *map, const void *key, void *value);

/* --- Many operations in one system call --- */

static inline void kcmap_prep(struct kcmap_op *op, enum kcmap_opcode opcode,
			      const void *key, const void *value, void *result)
{
	memset(op, 0, sizeof(*op));
	op->opcode = (__u8)opcode;
	op->key = (__u64)(uintptr_t)key;
	op->value = (__u64)(uintptr_t)value;
	op->result = (__u64)(uintptr_t)result;
}

static inline void kcmap_prep_lookup(struct kcmap_op *op, const void *key,
				     void *value)
{
	kcmap_prep(op, KCMAP_OP_LOOKUP, key, NULL, value);
}

static inline void kcmap_prep_insert(struct kcmap_op *op, const void *key,
				     const void *value)
{
	kcmap_prep(op, KCMAP_OP_INSERT, key, value, NULL);
}

static inline void kcmap_prep_update(struct kcmap_op *op, const void *key,
				     const void *value)
{
	kcmap_prep(op, KCMAP_OP_UPDATE, key, value, NULL);
}

static inline void kcmap_prep_upsert(struct kcmap_op *op, const void *key,
				     const void *value)
{
	kcmap_prep(op, KCMAP_OP_UPSERT, key, value, NULL);
}

static inline void kcmap_prep_delete(struct kcmap_op *op, const void *key)
{
	kcmap_prep(op, KCMAP_OP_DELETE, key, NULL, NULL);
}

static inline void kcmap_prep_take(struct kcmap_op *op, const void *key,
				   void *value)
{
	kcmap_prep(op, KCMAP_OP_LOOKUP_AND_DELETE, key, NULL, value);
}

int kcmap_map_submit(struct kcmap_map *map, struct kcmap_op *ops,
		     unsigned int nr, size_t op_size);
int kcmap_map_submit_strided(struct kcmap_map *map, enum kcmap_opcode opcode,
			     unsigned int nr, const void *keys,
			     const void *values, void *results,
			     int32_t *statuses);

/* --- All entries, in the order of their hash --- */

#define KCMAP_ITER_KEYS 1U /* values are not wanted */

int kcmap_iter_new(struct kcmap_map *map, unsigned int flags,
		   unsigned int batch, struct kcmap_iter **iter);
int kcmap_iter_next(struct kcmap_iter *iter, const void **key,
		    const void **value);
void kcmap_iter_free(struct kcmap_iter *iter);

/* --- Snapshots: the whole map at one instant --- */

/**
 * struct kcmap_snapshot_info - what a snapshot is
 * @size: bytes that were filled in
 * @flags: KCMAP_F_HASH_FAST or 0
 * @saved: 1: it was loaded from a file
 * @key_size: bytes
 * @value_size: bytes
 * @reserved: 0
 * @map_id: &kcmap_map_info.id of the map that it was taken of
 * @entries: entries, exact
 * @epoch: number of the cut, greater than that of any cut of the map before
 * @time_ns: CLOCK_REALTIME at the cut
 * @image_size: bytes that are mapped; most of them stand for nothing
 */
struct kcmap_snapshot_info {
	uint32_t size;
	uint32_t flags;
	uint32_t saved;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t reserved;
	uint64_t map_id;
	uint64_t entries;
	uint64_t epoch;
	uint64_t time_ns;
	uint64_t image_size;
};

/* An entry; other than 0: that was enough. @value: NULL where it has no bytes. */
typedef int (*kcmap_snapshot_fn)(const void *key, const void *value, void *arg);
/* @done of @size bytes are written; other than 0: stop. */
typedef int (*kcmap_progress_fn)(uint64_t done, uint64_t size, void *arg);

int kcmap_snapshot_open(struct kcmap_map *map,
			struct kcmap_map_snapshot **snapshot);
int kcmap_snapshot_refresh(struct kcmap_map_snapshot *snapshot);
void kcmap_snapshot_close(struct kcmap_map_snapshot *snapshot);
int kcmap_snapshot_get_info(const struct kcmap_map_snapshot *snapshot,
			    struct kcmap_snapshot_info *info, size_t size);
uint64_t kcmap_snapshot_len(const struct kcmap_map_snapshot *snapshot);
int kcmap_snapshot_lookup(const struct kcmap_map_snapshot *snapshot,
			  const void *key, void *value);
int kcmap_snapshot_lookup_bulk(const struct kcmap_map_snapshot *snapshot,
			       unsigned int nr, const void *keys, void *values,
			       int32_t *statuses);
int kcmap_snapshot_for_each(const struct kcmap_map_snapshot *snapshot,
			    kcmap_snapshot_fn fn, void *arg);
void kcmap_snapshot_prefault(const struct kcmap_map_snapshot *snapshot);
int kcmap_snapshot_save(const struct kcmap_map_snapshot *snapshot, int fd,
			kcmap_progress_fn progress, void *arg);
int kcmap_snapshot_load(int fd, struct kcmap_map_snapshot **snapshot);

/* --- The live view: look-ups without a system call --- */

int kcmap_view_open(struct kcmap_map *map, struct kcmap_view **view);
void kcmap_view_prefault(const struct kcmap_view *view);
int kcmap_view_lookup(const struct kcmap_view *view, const void *key,
		      void *value);
int kcmap_view_lookup_bulk(const struct kcmap_view *view, unsigned int nr,
			   const void *keys, void *values, int32_t *statuses);
void kcmap_view_close(struct kcmap_view *view);

/* --- The packet classifier --- */

int kcmap_classifier_open(struct kcmap_classifier **classifier);
void kcmap_classifier_close(struct kcmap_classifier *classifier);
int kcmap_classifier_fd(const struct kcmap_classifier *classifier);
int kcmap_classifier_attach(struct kcmap_classifier *classifier, int ifindex,
			    struct kcmap_map *map, uint32_t flags,
			    uint32_t default_verdict, uint32_t default_mark);
int kcmap_classifier_detach(struct kcmap_classifier *classifier, int ifindex);
int kcmap_classifier_get_stats(struct kcmap_classifier *classifier, int ifindex,
			       struct kcmap_classify_stats *stats, size_t size);
int kcmap_classifier_set(struct kcmap_classifier *classifier,
			 struct kcmap_map *map,
			 const struct kcmap_flow_key *key, uint32_t verdict,
			 uint32_t mark);

#ifdef __cplusplus
}
#endif

#endif /* LIBKCMAP_H */
