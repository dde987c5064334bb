/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table: a concurrent hash table of fixed-size keys and values, and nothing
 * else. It knows no descriptors, no user memory and no names.
 */
#ifndef _KCMAP_TABLE_H
#define _KCMAP_TABLE_H

#include <linux/gfp_types.h>
#include <linux/types.h>

#include <kcmap.h>

struct kcmap_quota;
struct kcmap_table;

/**
 * struct kcmap_table_params - what a table is made to
 * @max_entries: 1 to KCMAP_ENTRIES_MAX
 * @key_size: bytes, 1 to KCMAP_KEY_SIZE_MAX
 * @value_size: bytes, 0 to KCMAP_VALUE_SIZE_MAX
 * @hash_fast: the fast keyed hash in place of SipHash
 * @id: number of the map, for images
 * @snapshots_max: most snapshots that may be open at once
 * @snapshot_bytes_max: most bytes that they may pin at worst
 * @quota: what the table's memory, that of its snapshots and of its view included, is
 *	charged to; NULL: without bounds
 */
struct kcmap_table_params {
	u64 max_entries;
	u32 key_size;
	u32 value_size;
	bool hash_fast;
	u64 id;
	u32 snapshots_max;
	u64 snapshot_bytes_max;
	struct kcmap_quota *quota;
};

/**
 * struct kcmap_geometry - how a table lays out its memory; fixed at creation
 * @slot_size: bytes of a slot: key and value, each padded to 8 bytes
 * @bucket_size: bytes of a bucket; whole cache lines
 * @bucket_slots: slots in a bucket
 * @segment_buckets: buckets in a segment
 * @segment_size: bytes of a segment's pages
 * @segments_max: segments that the directory can grow to
 */
struct kcmap_geometry {
	u32 slot_size;
	u32 bucket_size;
	u32 bucket_slots;
	u32 segment_buckets;
	u32 segment_size;
	u64 segments_max;
};

/* See struct kcmap_stats in the uapi header; the members are the same. */
struct kcmap_table_stats {
	u64 entries;
	u64 segments;
	u64 overflow_segments;
	u64 memory;
	u64 inserts;
	u64 updates;
	u64 deletes;
	u64 clears;
	u64 full;
	u64 nomem;
	u64 moves;
	u64 splits;
	u64 merges;
	u64 copies;
	u64 snapshots;
	u64 snapshot_bytes;
	u64 read_retries;
};

enum kcmap_write {
	KCMAP_WRITE_INSERT,
	KCMAP_WRITE_UPDATE,
	KCMAP_WRITE_UPSERT,
	KCMAP_WRITE_DELETE,
};

struct kcmap_table *kcmap_table_create(const struct kcmap_table_params *params);
void kcmap_table_destroy(struct kcmap_table *table);

const struct kcmap_table_params *
kcmap_table_params(const struct kcmap_table *table);
void kcmap_table_geometry(const struct kcmap_table *table,
			  struct kcmap_geometry *geometry);
void kcmap_table_stats(struct kcmap_table *table,
		       struct kcmap_table_stats *stats);

int kcmap_table_lookup(struct kcmap_table *table, const void *key, void *value);
u64 kcmap_table_lookup_bulk(struct kcmap_table *table, const void *keys,
			    void *values, unsigned int nr);
int kcmap_table_write(struct kcmap_table *table, enum kcmap_write op,
		      const void *key, const void *value, void *old, gfp_t gfp);
int kcmap_table_modify(struct kcmap_table *table, const void *key,
		       kcmap_modify_fn fn, void *ctx);
int kcmap_table_clear(struct kcmap_table *table);
int kcmap_table_scan(struct kcmap_table *table, u64 *cursor, void *keys,
		     void *values, u32 capacity, u32 *count, bool *end);

#endif /* _KCMAP_TABLE_H */
