/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * kcmap: concurrent hash maps in the kernel, one character device each.
 *
 * Two kinds of node, and snapshots:
 *
 *   /dev/kcmap/control	KCMAP_CTL_*: create, destroy, list, version and features
 *   /dev/kcmap/NAME	KCMAP_MAP_*: one map; an anonymous map has only a descriptor.
 *			mmap() from offset 0 for reading: the live view, see
 *			<linux/kcmap_image.h>
 *   a snapshot		KCMAP_SNAPSHOT_*, mmap(); has only a descriptor
 *
 * Conventions, the same for every ioctl
 * -------------------------------------
 * - The first member, size, is the size of the struct that the caller was
 *   compiled with. A shorter struct than the first published one: EINVAL. A
 *   longer one than the kernel knows: the tail must be zero, else E2BIG; so is
 *   one of more than 4096 bytes.
 *   Output beyond the caller's size is not written.
 * - Unknown flags, and reserved members that are not zero: EINVAL.
 * - An output array that is too small for even one step of progress:
 *   EMSGSIZE, and the member that counts says how much is needed.
 * - An address that cannot be read or written: EFAULT.
 * - An ioctl number that the node does not know: ENOTTY.
 * - A descriptor without the permission that is needed (reading for look-ups,
 *   SCAN, INFO, STATS and LIST; writing for every change, CREATE and DESTROY
 *   included): EBADF.
 * - After an error nothing has been changed, unless said here.
 *
 * Numbers are in host byte order. Keys and values are strings of bytes of the
 * sizes that the map was created with; keys are equal if all bytes are.
 */
#ifndef _UAPI_LINUX_KCMAP_H
#define _UAPI_LINUX_KCMAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KCMAP_ABI_VERSION 1

#define KCMAP_NAME_SIZE 32 /* with the terminating NUL */
#define KCMAP_KEY_SIZE_MAX 128 /* bytes; at least 1 */
#define KCMAP_VALUE_SIZE_MAX 1024 /* bytes; may be 0: a set */
#define KCMAP_ENTRIES_MAX (1ULL << 28)
#define KCMAP_SUBMIT_MAX 65536 /* items in one KCMAP_MAP_SUBMIT */

/* "The caller's own": user and group in struct kcmap_create. */
#define KCMAP_ID_SELF (~0U)

/* --- Flags of a map (struct kcmap_create.flags, struct kcmap_map_info.flags) --- */

/* No name and no node; dies with its last descriptor. name must be empty. */
#define KCMAP_F_ANON (1U << 0)
/*
 * The fast keyed hash in place of SipHash: for keys that no adversary chooses.
 * Both are keyed with a random seed per map.
 */
#define KCMAP_F_HASH_FAST (1U << 1)
/*
 * No mappings: neither snapshots nor the live view (EPERM). Whoever maps a map
 * learns the seed of its hash, and could choose keys that collide.
 */
#define KCMAP_F_NO_MMAP (1U << 2)

/* --- Features (struct kcmap_ctl_info.features) --- */

#define KCMAP_FEATURE_ANON (1ULL << 0)
#define KCMAP_FEATURE_STRIDED (1ULL << 1) /* KCMAP_SUBMIT_STRIDED */
#define KCMAP_FEATURE_HASH_FAST (1ULL << 2)
#define KCMAP_FEATURE_SNAPSHOT (1ULL << 3) /* KCMAP_MAP_SNAPSHOT */
#define KCMAP_FEATURE_VIEW (1ULL << 4) /* mmap() of a map */

/**
 * struct kcmap_ctl_info - KCMAP_CTL_INFO: what this module is and can do
 * @size: sizeof(struct kcmap_ctl_info)
 * @flags: must be 0
 * @abi_version: out: KCMAP_ABI_VERSION of the module
 * @maps: out: number of named maps
 * @features: out: KCMAP_FEATURE_*
 * @opcodes: out: bit N set: opcode N (enum kcmap_opcode) is supported
 * @entries_max: out: largest max_entries
 * @key_size_max: out: bytes
 * @value_size_max: out: bytes
 * @submit_max: out: most items in one submission
 * @maps_max: out: most maps that may exist at once, anonymous ones included
 * @version: out: version of the module, a NUL-terminated string
 */
struct kcmap_ctl_info {
	__u32 size;
	__u32 flags;
	__u32 abi_version;
	__u32 maps;
	__aligned_u64 features;
	__aligned_u64 opcodes;
	__aligned_u64 entries_max;
	__u32 key_size_max;
	__u32 value_size_max;
	__u32 submit_max;
	__u32 maps_max;
	__u8 version[16];
};

/**
 * struct kcmap_create - KCMAP_CTL_CREATE: make a map
 * @size: sizeof(struct kcmap_create)
 * @flags: KCMAP_F_*
 * @name: 1 to 31 bytes of A-Z a-z 0-9 _ . - and zeros up to the end; "control",
 *	"." and ".." are reserved. All zeros with KCMAP_F_ANON.
 * @max_entries: 1 to KCMAP_ENTRIES_MAX; exact: the map never holds more, and
 *	never refuses an entry while it holds fewer, where an entry that is just
 *	being stored or deleted counts as held
 * @key_size: bytes, 1 to KCMAP_KEY_SIZE_MAX
 * @value_size: bytes, 0 to KCMAP_VALUE_SIZE_MAX
 * @mode: permission bits of the node, at most 0777; must be 0 with KCMAP_F_ANON
 * @uid: owner, in the caller's user namespace, or KCMAP_ID_SELF; anyone but
 *	oneself needs CAP_SYS_ADMIN
 * @gid: group, likewise; a group that the caller belongs to needs nothing
 * @fd: out: with KCMAP_F_ANON a descriptor open for reading and writing, close-
 *	on-exec; else -1
 * @snapshots_max: most snapshots that may be open at once; 0: the module's default
 * @reserved: must be 0
 * @snapshot_bytes_max: most bytes that all open snapshots together may keep from
 *	being freed at worst; 0: the module's default
 *
 * Errors: EEXIST (a map of that name), EINVAL (a size, name, mode or id out of
 * range), EPERM (owner or group), ENOSPC (as many maps as the module allows),
 * EDQUOT (as many maps, or as much memory, as the module allows one user without
 * CAP_SYS_RESOURCE: maps_per_user, bytes_per_user), ENOMEM, EMFILE and ENFILE (@fd).
 *
 * A map counts for who made it, whoever owns or fills it; in a user namespace, for the
 * user that made the outermost of those below the initial one. A write for which its
 * user may have no more memory fails with ENOMEM.
 */
struct kcmap_create {
	__u32 size;
	__u32 flags;
	__u8 name[KCMAP_NAME_SIZE];
	__aligned_u64 max_entries;
	__u32 key_size;
	__u32 value_size;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__s32 fd;
	__u32 snapshots_max;
	__u32 reserved;
	__aligned_u64 snapshot_bytes_max;
};

/**
 * struct kcmap_destroy - KCMAP_CTL_DESTROY: take a map's name and node away
 * @size: sizeof(struct kcmap_destroy)
 * @flags: must be 0
 * @name: name of the map
 *
 * Like unlink(2): the name is free at once; descriptors and users in the kernel
 * go on until they let go, and the memory goes with the last of them.
 *
 * Errors: ENOENT, EINVAL (not a name), EPERM (neither the map's owner nor
 * CAP_SYS_ADMIN).
 */
struct kcmap_destroy {
	__u32 size;
	__u32 flags;
	__u8 name[KCMAP_NAME_SIZE];
};

/**
 * struct kcmap_map_info - KCMAP_MAP_INFO, and one element of KCMAP_CTL_LIST
 * @size: sizeof(struct kcmap_map_info); in a list, out: the size written
 * @flags: out: KCMAP_F_*
 * @name: out: NUL-terminated; empty if anonymous or destroyed
 * @id: out: number of the map, never used again while the module is loaded
 * @max_entries: out
 * @key_size: out: bytes
 * @value_size: out: bytes
 * @mode: out: permission bits that the node was created with
 * @uid: out: owner, in the caller's user namespace
 * @gid: out: group, likewise
 * @slot_size: out: bytes that a key and its value take in a bucket
 * @bucket_size: out: bytes of a bucket, header and padding included
 * @bucket_slots: out: slots in a bucket
 * @segment_buckets: out: buckets in a segment
 * @segment_size: out: bytes of a segment's pages
 * @snapshots_max: out: most snapshots that may be open at once
 * @reserved: out: 0
 * @segments_max: out: segments that the directory can grow to
 * @snapshot_bytes_max: out: most bytes that they may keep from being freed at worst
 */
struct kcmap_map_info {
	__u32 size;
	__u32 flags;
	__u8 name[KCMAP_NAME_SIZE];
	__aligned_u64 id;
	__aligned_u64 max_entries;
	__u32 key_size;
	__u32 value_size;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 slot_size;
	__u32 bucket_size;
	__u32 bucket_slots;
	__u32 segment_buckets;
	__u32 segment_size;
	__u32 snapshots_max;
	__u32 reserved;
	__aligned_u64 segments_max;
	__aligned_u64 snapshot_bytes_max;
};

/**
 * struct kcmap_list - KCMAP_CTL_LIST: the named maps, in order of id
 * @size: sizeof(struct kcmap_list)
 * @flags: must be 0
 * @cursor: in: 0 to begin; out: where to go on
 * @maps: address of an array of struct kcmap_map_info
 * @map_size: sizeof(struct kcmap_map_info) of the caller: bytes from one element
 *	to the next; what the caller does not know of is left out, and what the
 *	module does not know of is set to zero
 * @capacity: elements in the array, at least 1
 * @count: out: elements written; 0: there are no more
 * @reserved: must be 0
 *
 * A map that exists from the first call to the last is listed exactly once.
 */
struct kcmap_list {
	__u32 size;
	__u32 flags;
	__aligned_u64 cursor;
	__aligned_u64 maps;
	__u32 map_size;
	__u32 capacity;
	__u32 count;
	__u32 reserved;
};

/**
 * struct kcmap_stats - KCMAP_MAP_STATS
 * @size: sizeof(struct kcmap_stats)
 * @flags: must be 0
 * @entries: out: entries stored. Never above max_entries; exact whenever no
 *	write is going on
 * @segments: out: segments that hold memory, overflow segments included
 * @overflow_segments: out: segments chained behind a full one
 * @memory: out: bytes of directory, segments and locks, as requested
 * @inserts: out: entries stored since creation
 * @updates: out: values replaced since creation
 * @deletes: out: entries deleted since creation, those of KCMAP_MAP_CLEAR not
 *	counted
 * @clears: out: KCMAP_MAP_CLEAR since creation
 * @full: out: writes refused with ENOSPC
 * @nomem: out: writes refused with ENOMEM
 * @moves: out: entries moved to make room for another
 * @read_retries: out: times that a look-up read a bucket again because a write
 *	was going on in it
 * @splits: out: segments that were split into two, to grow
 * @merges: out: pairs of segments that were merged into one, to shrink
 * @copies: out: segments that were copied, because a snapshot had them
 * @snapshots: out: snapshots that are open
 * @snapshot_bytes: out: bytes that only they keep from being freed
 *
 * All but @clears are sums over the CPUs, taken one after another while writers
 * go on: each is exact whenever no write is going on.
 */
struct kcmap_stats {
	__u32 size;
	__u32 flags;
	__aligned_u64 entries;
	__aligned_u64 segments;
	__aligned_u64 overflow_segments;
	__aligned_u64 memory;
	__aligned_u64 inserts;
	__aligned_u64 updates;
	__aligned_u64 deletes;
	__aligned_u64 clears;
	__aligned_u64 full;
	__aligned_u64 nomem;
	__aligned_u64 moves;
	__aligned_u64 read_retries;
	__aligned_u64 splits;
	__aligned_u64 merges;
	__aligned_u64 copies;
	__aligned_u64 snapshots;
	__aligned_u64 snapshot_bytes;
};

/**
 * enum kcmap_opcode - what an operation does
 * @KCMAP_OP_LOOKUP: value of the key to @result; ENOENT
 * @KCMAP_OP_INSERT: store a key that is absent; EEXIST, ENOSPC, ENOMEM
 * @KCMAP_OP_UPDATE: replace the value of a key that is present; ENOENT
 * @KCMAP_OP_UPSERT: store the key whether present or absent; ENOSPC, ENOMEM
 * @KCMAP_OP_DELETE: remove a key that is present; ENOENT
 * @KCMAP_OP_LOOKUP_AND_DELETE: remove the key, its value to @result; ENOENT
 *
 * The rest is reserved and answers EOPNOTSUPP; struct kcmap_op has their
 * operands already. 0 is not an opcode, so that a descriptor that was forgotten
 * is an error.
 */
enum kcmap_opcode {
	KCMAP_OP_LOOKUP = 1,
	KCMAP_OP_INSERT = 2,
	KCMAP_OP_UPDATE = 3,
	KCMAP_OP_UPSERT = 4,
	KCMAP_OP_DELETE = 5,
	KCMAP_OP_LOOKUP_AND_DELETE = 6,
	KCMAP_OP_LOOKUP_OR_INSERT = 7,
	KCMAP_OP_CMPXCHG = 8,
	KCMAP_OP_DELETE_IF = 9,
	KCMAP_OP_FETCH_ADD = 10,
	KCMAP_OP_TRANSITION = 11,
	KCMAP_OP_SWAP_VALUE = 12,
};

/*
 * Status of an item: negative errno: the item failed and changed nothing; 0:
 * done; KCMAP_STATUS_RESULT_LOST: done, but the result could not be copied to
 * the caller (the buffer was taken away during the call).
 */
#define KCMAP_STATUS_RESULT_LOST 1

/**
 * struct kcmap_bounded_add - one addition to a field of the value
 * @offset: byte offset of the field in the value
 * @width: bytes of the field: 1, 2, 4 or 8
 * @is_signed: whether field and bounds are signed
 * @reserved: must be 0
 * @delta: what to add
 * @min: result below this: refused
 * @max: result above this: refused
 */
struct kcmap_bounded_add {
	__u32 offset;
	__u8 width;
	__u8 is_signed;
	__u8 reserved[2];
	__s64 delta;
	__s64 min;
	__s64 max;
};

/**
 * struct kcmap_transition - operands of KCMAP_OP_TRANSITION
 * @offset: byte offset of the state field in the value
 * @width: bytes of the state field: 1, 2, 4 or 8
 * @nr_adds: how many of @adds are used
 * @reserved: must be 0
 * @from: bit N set: state N may be left
 * @to: state to enter
 * @adds: bounded additions in the same step
 */
struct kcmap_transition {
	__u32 offset;
	__u8 width;
	__u8 nr_adds;
	__u8 reserved[2];
	__aligned_u64 from;
	__aligned_u64 to;
	struct kcmap_bounded_add adds[2];
};

/**
 * struct kcmap_compare - operands of KCMAP_OP_CMPXCHG and KCMAP_OP_DELETE_IF
 * @offset: byte offset of the range in the value
 * @length: bytes of the range
 * @expected: address of the bytes that are expected
 * @mask: address of a mask of as many bytes; 0: all ones
 */
struct kcmap_compare {
	__u32 offset;
	__u32 length;
	__aligned_u64 expected;
	__aligned_u64 mask;
};

/**
 * struct kcmap_op - one operation on one key
 * @opcode: enum kcmap_opcode
 * @reserved: must be 0
 * @flags: must be 0
 * @status: out: see KCMAP_STATUS_RESULT_LOST; written for every item that was
 *	reached
 * @key: address of key_size bytes
 * @value: address of value_size bytes: what to store. Must be 0 for an opcode
 *	that stores nothing; ignored where value_size is 0
 * @result: address of value_size bytes: where a value that was found goes. 0:
 *	not wanted. Must be 0 for an opcode that has no result
 * @trace_id: caller's own number for tracepoints; not interpreted
 * @operand: operands of the opcode; unused ones must be 0
 * @add: operands of KCMAP_OP_FETCH_ADD
 * @compare: operands of KCMAP_OP_CMPXCHG and KCMAP_OP_DELETE_IF
 * @transition: operands of KCMAP_OP_TRANSITION
 */
struct kcmap_op {
	__u8 opcode;
	__u8 reserved;
	__u16 flags;
	__s32 status;
	__aligned_u64 key;
	__aligned_u64 value;
	__aligned_u64 result;
	__aligned_u64 trace_id;
	union {
		__aligned_u64 operand[11];
		struct kcmap_bounded_add add;
		struct kcmap_compare compare;
		struct kcmap_transition transition;
	};
};

/* struct kcmap_submit.flags: the strided form. */
#define KCMAP_SUBMIT_STRIDED (1U << 0)

/**
 * struct kcmap_submit - KCMAP_MAP_SUBMIT: run operations, one after another
 * @size: sizeof(struct kcmap_submit)
 * @flags: 0 or KCMAP_SUBMIT_STRIDED
 * @nr: items, 0 to KCMAP_SUBMIT_MAX
 * @done: out: items that were reached, in order; their statuses are written
 * @ops: address of an array of @nr struct kcmap_op
 * @op_size: sizeof(struct kcmap_op) of the caller: bytes from one element to the
 *	next
 * @opcode: strided form: enum kcmap_opcode, the same for all items
 * @op_flags: strided form: must be 0
 * @reserved: must be 0
 * @keys: strided form: address of @nr keys, key_size bytes each, packed
 * @values: strided form: address of @nr values to store, packed, or 0 as for
 *	&kcmap_op.value
 * @results: strided form: address of room for @nr values, packed, or 0 as for
 *	&kcmap_op.result; where an item has no result its room is not written
 * @statuses: strided form: address of @nr __s32
 *
 * Members of the form that is not used must be 0. Each item is atomic by itself
 * and has a status of its own; one that fails does not stop the rest.
 *
 * Returns 0 with @done. @done is less than @nr only where an item could not be
 * reached: its descriptor, key or status cannot be read or written, or a fatal
 * signal came. If that is the first item, the call fails with EFAULT or EINTR,
 * and @done is 0. An item's bad value or result address alone is that item's
 * status (EFAULT), in both forms. An element that is malformed (opcode, reserved,
 * flags, operands, an address that must be 0) has the status EINVAL, or
 * EOPNOTSUPP for an opcode that the module does not have; one of more than
 * sizeof(struct kcmap_op) bytes whose tail is not zero, E2BIG; a change through a
 * descriptor that is not open for writing, EBADF, and a look-up through one not
 * open for reading likewise. In the strided form the opcode is the call's, and
 * so are these errors: the call fails, and nothing was done.
 *
 * Should the caller's memory be taken away while the call runs, after an item
 * was executed and before its status is written, then the item counts in @done
 * all the same, and its status, where it can still be read, is
 * KCMAP_STATUS_RESULT_LOST. If it is @done that can no longer be written, the call
 * fails with EFAULT, @done is 0, and the statuses say what was reached.
 */
struct kcmap_submit {
	__u32 size;
	__u32 flags;
	__u32 nr;
	__u32 done;
	__aligned_u64 ops;
	__u32 op_size;
	__u8 opcode;
	__u8 reserved;
	__u16 op_flags;
	__aligned_u64 keys;
	__aligned_u64 values;
	__aligned_u64 results;
	__aligned_u64 statuses;
};

/* struct kcmap_scan.flags, out: the scan is complete. */
#define KCMAP_SCAN_END (1U << 0)

/**
 * struct kcmap_scan - KCMAP_MAP_SCAN: read entries in the order of their hash
 * @size: sizeof(struct kcmap_scan)
 * @flags: in: 0; out: KCMAP_SCAN_END
 * @cursor: in: 0 to begin; out: where to go on
 * @keys: address of room for @capacity keys, packed
 * @values: address of room for @capacity values, packed; 0: not wanted
 * @capacity: entries that there is room for, at least 1
 * @count: out: entries written; may be 0 without KCMAP_SCAN_END
 *
 * A key that is present from the first call to the last is returned exactly
 * once. One that is inserted or deleted meanwhile is returned at most once for
 * each time that it was inserted. The scan ends after a number of calls that
 * does not depend on what writers do.
 *
 * Errors: EMSGSIZE: more entries with one hash than @capacity, @count says how
 * many; EFAULT; ENOMEM; EINTR (a fatal signal).
 */
struct kcmap_scan {
	__u32 size;
	__u32 flags;
	__aligned_u64 cursor;
	__aligned_u64 keys;
	__aligned_u64 values;
	__u32 capacity;
	__u32 count;
};

/**
 * struct kcmap_clear - KCMAP_MAP_CLEAR: delete all entries at one instant
 * @size: sizeof(struct kcmap_clear)
 * @flags: must be 0
 *
 * Linearizable: every other operation comes wholly before or wholly after it.
 * Errors: ENOMEM (nothing was deleted).
 */
struct kcmap_clear {
	__u32 size;
	__u32 flags;
};

/**
 * struct kcmap_snapshot - KCMAP_MAP_SNAPSHOT: an image of the map at this instant;
 *	KCMAP_SNAPSHOT_REFRESH: move a snapshot to this instant
 * @size: sizeof(struct kcmap_snapshot)
 * @flags: must be 0
 * @fd: out: KCMAP_MAP_SNAPSHOT: descriptor of the snapshot, for reading only,
 *	close-on-exec; KCMAP_SNAPSHOT_REFRESH: -1
 * @reserved: must be 0
 * @entries: out: entries in the image, exact
 * @epoch: out: number of the cut; greater than that of any cut of this map before
 * @time_ns: out: CLOCK_REALTIME at the cut
 * @image_size: out: bytes to map from offset 0 on; see <linux/kcmap_image.h>
 *
 * The cut is linearizable: each operation of any user of the map comes wholly before
 * or wholly after it. It takes some microseconds, whatever the size of the map. The
 * image never changes, whatever becomes of the map, until the snapshot is refreshed;
 * what it keeps from being freed is freed when the descriptor and all mappings are
 * closed. From then on the first write to each segment of the map since the last cut
 * copies that segment, and fails with ENOMEM if there is no memory for that: updates
 * and deletes, too.
 *
 * A refresh costs time in proportion to what was changed since the last one, and no
 * mapping has to be made anew. While it runs nobody may read the image.
 *
 * Errors: EPERM (KCMAP_F_NO_MMAP), EDQUOT (more snapshots, or more bytes that they
 * could pin, than the map allows, or more memory than the module allows the user that
 * made the map), ENOMEM, EMFILE and ENFILE (@fd), EINTR (cuts are
 * rationed; a fatal signal came while waiting). After an error of a refresh the image
 * is as it was; but for EFAULT if the caller's memory was taken away during the call:
 * then the header of the image says of which instant it is.
 */
struct kcmap_snapshot {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 reserved;
	__aligned_u64 entries;
	__aligned_u64 epoch;
	__aligned_u64 time_ns;
	__aligned_u64 image_size;
};

#define KCMAP_IOC_TYPE 0xBC

/*
 * The number carries no size: struct sizes grow, and each struct says its own.
 */
#define KCMAP_CTL_INFO _IO(KCMAP_IOC_TYPE, 0x00)
#define KCMAP_CTL_CREATE _IO(KCMAP_IOC_TYPE, 0x01)
#define KCMAP_CTL_DESTROY _IO(KCMAP_IOC_TYPE, 0x02)
#define KCMAP_CTL_LIST _IO(KCMAP_IOC_TYPE, 0x03)

#define KCMAP_MAP_INFO _IO(KCMAP_IOC_TYPE, 0x20)
#define KCMAP_MAP_STATS _IO(KCMAP_IOC_TYPE, 0x21)
#define KCMAP_MAP_SUBMIT _IO(KCMAP_IOC_TYPE, 0x22)
#define KCMAP_MAP_SCAN _IO(KCMAP_IOC_TYPE, 0x23)
#define KCMAP_MAP_CLEAR _IO(KCMAP_IOC_TYPE, 0x24)
#define KCMAP_MAP_SNAPSHOT _IO(KCMAP_IOC_TYPE, 0x25)

#define KCMAP_SNAPSHOT_REFRESH _IO(KCMAP_IOC_TYPE, 0x40)

#endif /* _UAPI_LINUX_KCMAP_H */
