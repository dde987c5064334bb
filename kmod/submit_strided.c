// SPDX-License-Identifier: GPL-2.0-only
/* KCMAP_MAP_SUBMIT of one opcode over packed keys, values and statuses. */
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "submit.h"

/* Items that are run at once where that can be had: their misses overlap. */
#define KCMAP_STRIDED_CHUNK 16

/* Gaps, so that values and statuses of a chunk are aligned, and end so. */
#define KCMAP_STRIDED_GAPS (3 * sizeof(u64))

/* 32 items of 8-byte keys and values, or KCMAP_STRIDED_CHUNK of 40 bytes. */
#define KCMAP_STRIDED_STACK (640 + KCMAP_STRIDED_GAPS)

/* A chunk of larger items. */
#define KCMAP_STRIDED_HEAP (16U << 10)

/**
 * struct kcmap_strided - one opcode over packed keys, values and statuses
 * @map: map
 * @info: what the opcode needs
 * @ukeys: the caller's keys that are left
 * @uvalues: the caller's values that are left
 * @uresults: the caller's room for results that is left; NULL: not wanted
 * @ustatuses: the caller's statuses that are left
 * @keys: room for the keys of a chunk
 * @values: room for its values
 * @statuses: room for its statuses
 */
struct kcmap_strided {
	struct kcmap *map;
	const struct kcmap_opcode_info *info;
	const void __user *ukeys;
	const void __user *uvalues;
	void __user *uresults;
	s32 __user *ustatuses;
	void *keys;
	void *values;
	s32 *statuses;
};

static __always_inline int kcmap_strided_result(const struct kcmap_strided *s,
						unsigned int first,
						unsigned int n)
{
	u32 size = s->map->value_size;

	return kcmap_copy_out(s->uresults + first * size,
			      s->values + first * size, n * size);
}

/* Not all of them can be reached: those that cannot get the status @fault. */
static noinline void kcmap_strided_results_one_by_one(struct kcmap_strided *s,
						      unsigned int first,
						      unsigned int end,
						      int fault)
{
	for (; first < end; first++)
		if (kcmap_strided_result(s, first, 1))
			s->statuses[first] = fault;
}

/*
 * Give the caller the values of the items whose bits are set in @which,
 * neighbours in one go; where that fails an item gets the status @fault.
 */
static void kcmap_strided_results(struct kcmap_strided *s, u64 which, int fault)
{
	unsigned int i, end;

	while (which) {
		i = __ffs64(which);
		/* Clears the neighbours and carries into the bit after them. */
		which += BIT_ULL(i);
		end = which ? __ffs64(which) : KCMAP_BULK_MAX;
		which &= which - 1;
		if (unlikely(kcmap_strided_result(s, i, end - i)))
			kcmap_strided_results_one_by_one(s, i, end, fault);
	}
}

/* Two at a time; there is room for one more. */
static void kcmap_strided_set(struct kcmap_strided *s, u32 status,
			      unsigned int n)
{
	memset64((u64 *)s->statuses, (u64)status << 32 | status,
		 DIV_ROUND_UP(n, 2));
}

static int kcmap_strided_lookup(struct kcmap_strided *s, unsigned int n)
{
	u64 hits, misses;

	hits = kcmap_table_lookup_bulk(s->map->table, s->keys,
				       s->uresults ? s->values : NULL, n);
	kcmap_strided_set(s, 0, n);
	for (misses = ~hits & GENMASK_ULL(n - 1, 0); misses;
	     misses &= misses - 1)
		s->statuses[__ffs64(misses)] = -ENOENT;
	if (s->uresults)
		kcmap_strided_results(s, hits, -EFAULT);
	return kcmap_copy_out(s->ustatuses, s->statuses, n * sizeof(s32));
}

static int kcmap_strided_write(struct kcmap_strided *s, unsigned int n)
{
	struct kcmap *map = s->map;
	u32 size = map->value_size;
	u64 done = 0;
	unsigned int i;

	if ((s->info->stores && size &&
	     kcmap_copy_in(s->values, s->uvalues, n * size)) ||
	    (s->uresults && kcmap_fault_in(s->uresults, n * size))) {
		/* Of several items, see which it is. */
		if (n > 1)
			return -EFAULT;
		return kcmap_put_user(-EFAULT, s->ustatuses);
	}

	/* This is what they say if they can no longer be written below. */
	kcmap_strided_set(s, KCMAP_STATUS_RESULT_LOST, n);
	if (kcmap_copy_out(s->ustatuses, s->statuses, n * sizeof(s32)))
		return -EFAULT;

	for (i = 0; i < n; i++) {
		const void *key = s->keys + i * map->key_size;
		void *value = s->values + i * size;
		void *old = s->uresults ? value : NULL;

		s->statuses[i] = kcmap_map_write(map, s->info->write, key,
						 value, old, KCMAP_GFP_USER);
		if (!s->statuses[i])
			done |= BIT_ULL(i);
	}
	if (s->uresults)
		kcmap_strided_results(s, done, KCMAP_STATUS_RESULT_LOST);
	/* They were reached, whether or not all of this arrives. */
	if (kcmap_copy_out(s->ustatuses, s->statuses, n * sizeof(s32)))
		for (i = 0; i < n; i++)
			if (kcmap_put_user(s->statuses[i], s->ustatuses + i))
				break;
	return 0;
}

/* 0: all @n items were reached; -EFAULT: nothing was changed. */
static int kcmap_strided_chunk(struct kcmap_strided *s, unsigned int n)
{
	u32 value_size = s->map->value_size;
	u32 key_size = s->map->key_size;
	int ret;

	if (kcmap_copy_in(s->keys, s->ukeys, n * key_size))
		return -EFAULT;
	if (s->info->mode & FMODE_WRITE)
		ret = kcmap_strided_write(s, n);
	else
		ret = kcmap_strided_lookup(s, n);
	if (ret)
		return ret;

	s->ukeys += n * key_size;
	s->uvalues += n * value_size;
	if (s->uresults)
		s->uresults += n * value_size;
	s->ustatuses += n;
	return 0;
}

static long kcmap_strided_run(struct kcmap_strided *s,
			      struct kcmap_submit __user *usubmit, u32 nr,
			      unsigned int max)
{
	unsigned int n;
	u32 i = 0;
	int ret;

	s->values = s->keys + round_up(max * s->map->key_size, sizeof(u64));
	s->statuses =
		s->values + round_up(max * s->map->value_size, sizeof(u64));
	for (;;) {
		n = min(nr - i, max);
		ret = kcmap_strided_chunk(s, n);
		if (!ret)
			i += n;
		else if (n > 1)
			max = 1; /* Up to the item that cannot be reached. */
		else
			break;
		if (i == nr)
			break;
		if (!kcmap_submit_breathe()) {
			ret = -EINTR;
			break;
		}
	}
	return kcmap_submit_end(usubmit, i, ret);
}

/**
 * kcmap_submit_strided() - run one opcode over packed items
 * @file: descriptor of a map
 * @submit: what to do; what both forms share is checked
 * @usubmit: the caller's
 *
 * Context: process, may sleep.
 * Return: see kcmap_submit().
 */
long kcmap_submit_strided(struct file *file, const struct kcmap_submit *submit,
			  struct kcmap_submit __user *usubmit)
{
	u64 stack[KCMAP_STRIDED_STACK / sizeof(u64)] __uninitialized;
	struct kcmap *map = file->private_data;
	struct kcmap_strided s = {
		.map = map,
		.ukeys = u64_to_user_ptr(submit->keys),
		.uvalues = u64_to_user_ptr(submit->values),
		.ustatuses = u64_to_user_ptr(submit->statuses),
		.keys = stack,
	};
	u32 item_size = map->key_size + map->value_size + sizeof(s32);
	u32 max = min_t(u32, submit->nr, KCMAP_BULK_MAX);
	u32 room = sizeof(stack) - KCMAP_STRIDED_GAPS;
	int ret;

	if (submit->ops || submit->op_size)
		return -EINVAL;
	ret = kcmap_opcode_check(file, submit->opcode, submit->op_flags,
				 submit->values, submit->results, &s.info);
	if (ret || !submit->nr)
		return ret;
	if (map->value_size)
		s.uresults = u64_to_user_ptr(submit->results);

	if (max * item_size <= room)
		return kcmap_strided_run(&s, usubmit, submit->nr, max);
	/* Where it is long enough, a chunk on the stack needs no allocation. */
	if (KCMAP_STRIDED_CHUNK * item_size <= room)
		return kcmap_strided_run(&s, usubmit, submit->nr,
					 room / item_size);

	room = KCMAP_STRIDED_HEAP - KCMAP_STRIDED_GAPS;
	max = min(max, room / item_size);
	s.keys = kmalloc(max * item_size + KCMAP_STRIDED_GAPS,
			 GFP_KERNEL_ACCOUNT);
	if (!s.keys)
		return -ENOMEM;
	ret = kcmap_strided_run(&s, usubmit, submit->nr, max);
	kfree(s.keys);
	return ret;
}
