// SPDX-License-Identifier: GPL-2.0-only
/*
 * KCMAP_MAP_SUBMIT: operations from user memory.
 *
 * A change cannot be taken back, so everything that can fault is touched before
 * it: keys and values are copied in, the status word is written, the room for a
 * result is faulted in.
 */
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "map.h"
#include "user_copy.h"

/* A struct kcmap_op of a caller that is longer than this: E2BIG. */
#define KCMAP_OP_SIZE_MAX 4096

/* Key and value of a small item, or a few of them, need no allocation. */
#define KCMAP_SUBMIT_STACK 512

/* Keys, values and statuses of a chunk of items. */
#define KCMAP_SUBMIT_HEAP (16U << 10)

/*
 * Memory is the creator's to pay for: where its control group has no more, the
 * item gets ENOMEM, and none of its processes is killed for what another wrote.
 */
#define KCMAP_GFP_USER (GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* Items between two looks at whether to stop or to yield the CPU. */
#define KCMAP_SUBMIT_BREATH 32

/**
 * struct kcmap_opcode_info - what an opcode needs
 * @mode: FMODE_READ, FMODE_WRITE; 0: no such opcode
 * @write: how it changes the table, if @mode has FMODE_WRITE
 * @stores: it reads a value from the caller
 * @returns: it gives a value back
 */
struct kcmap_opcode_info {
	fmode_t mode;
	enum kcmap_write write;
	bool stores;
	bool returns;
};

static const struct kcmap_opcode_info kcmap_opcodes[] = {
	[KCMAP_OP_LOOKUP] = {
		.mode = FMODE_READ,
		.returns = true,
	},
	[KCMAP_OP_INSERT] = {
		.mode = FMODE_WRITE,
		.write = KCMAP_WRITE_INSERT,
		.stores = true,
	},
	[KCMAP_OP_UPDATE] = {
		.mode = FMODE_WRITE,
		.write = KCMAP_WRITE_UPDATE,
		.stores = true,
	},
	[KCMAP_OP_UPSERT] = {
		.mode = FMODE_WRITE,
		.write = KCMAP_WRITE_UPSERT,
		.stores = true,
	},
	[KCMAP_OP_DELETE] = {
		.mode = FMODE_WRITE,
		.write = KCMAP_WRITE_DELETE,
	},
	[KCMAP_OP_LOOKUP_AND_DELETE] = {
		.mode = FMODE_READ | FMODE_WRITE,
		.write = KCMAP_WRITE_DELETE,
		.returns = true,
	},
};

/**
 * kcmap_submit_opcodes() - which opcodes there are
 *
 * Context: any.
 * Return: bit N is set for opcode N.
 */
u64 kcmap_submit_opcodes(void)
{
	u64 opcodes = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kcmap_opcodes); i++)
		if (kcmap_opcodes[i].mode)
			opcodes |= BIT_ULL(i);
	return opcodes;
}

/*
 * What is wrong with an operation, if anything: 0 and what the opcode needs, or
 * a negative errno.
 */
static int kcmap_opcode_check(const struct file *file, u8 opcode, u32 reserved,
			      u64 value, u64 result,
			      const struct kcmap_opcode_info **pinfo)
{
	const struct kcmap_opcode_info *info;

	if (!opcode)
		return -EINVAL;
	if (opcode >= ARRAY_SIZE(kcmap_opcodes))
		return -EOPNOTSUPP;
	info = &kcmap_opcodes[array_index_nospec(opcode,
						 ARRAY_SIZE(kcmap_opcodes))];
	if (reserved || (value && !info->stores) || (result && !info->returns))
		return -EINVAL;
	if ((file->f_mode & info->mode) != info->mode)
		return -EBADF;
	*pinfo = info;
	return 0;
}

/* Whether to go on. */
static bool kcmap_submit_breathe(void)
{
	if (fatal_signal_pending(current))
		return false;
	cond_resched();
	return true;
}

/**
 * struct kcmap_item - an operation in kernel memory
 * @file: descriptor
 * @op: operation
 * @ustatus: where its status goes
 * @key: room for the key, aligned to 8 bytes
 * @value: room for the value, likewise
 * @written: the table may have been changed: there is no way back
 */
struct kcmap_item {
	struct file *file;
	struct kcmap_op op;
	s32 __user *ustatus;
	void *key;
	void *value;
	bool written;
};

static int kcmap_item_lookup(struct kcmap *map, struct kcmap_item *item,
			     void __user *uresult)
{
	int ret = kcmap_table_lookup(map->table, item->key,
				     uresult ? item->value : NULL);

	if (!ret && uresult && map->value_size &&
	    kcmap_copy_out(uresult, item->value, map->value_size))
		return -EFAULT;
	return ret;
}

/* No opcode of today has operands. */
static bool kcmap_operands_zero(const struct kcmap_op *op)
{
	u64 any = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(op->operand); i++)
		any |= op->operand[i];
	return !any;
}

/* 0: there is a status; -EFAULT: the item cannot be reached. */
static int kcmap_item_run(struct kcmap_item *item, int *status)
{
	struct kcmap *map = item->file->private_data;
	struct kcmap_op *op = &item->op;
	void __user *uresult = u64_to_user_ptr(op->result);
	const struct kcmap_opcode_info *info;

	*status = kcmap_opcode_check(item->file, op->opcode,
				     op->reserved | op->flags, op->value,
				     op->result, &info);
	if (!*status && !kcmap_operands_zero(op))
		*status = -EINVAL;
	if (*status)
		return 0;

	if (kcmap_copy_in(item->key, u64_to_user_ptr(op->key), map->key_size))
		return -EFAULT;
	if (!(info->mode & FMODE_WRITE)) {
		*status = kcmap_item_lookup(map, item, uresult);
		return 0;
	}

	if (info->stores && map->value_size &&
	    kcmap_copy_in(item->value, u64_to_user_ptr(op->value),
			  map->value_size)) {
		*status = -EFAULT;
		return 0;
	}
	if (!map->value_size)
		uresult = NULL;
	if (uresult && fault_in_safe_writeable(uresult, map->value_size)) {
		*status = -EFAULT;
		return 0;
	}
	/* This is what it says if it can no longer be written below. */
	if (put_user(KCMAP_STATUS_RESULT_LOST, item->ustatus))
		return -EFAULT;

	item->written = true;
	*status = kcmap_map_write(map, info->write, item->key, item->value,
				  uresult ? item->value : NULL, KCMAP_GFP_USER);
	if (!*status && uresult &&
	    kcmap_copy_out(uresult, item->value, map->value_size))
		*status = KCMAP_STATUS_RESULT_LOST;
	return 0;
}

/* 0: the item was reached; -EFAULT: it was not. */
static int kcmap_submit_item(struct kcmap_item *item,
			     struct kcmap_op __user *uop, u32 op_size)
{
	int status = 0;

	if (likely(op_size == sizeof(item->op))) {
		if (kcmap_copy_in_words((u64 *)&item->op,
					(const u64 __user *)uop,
					sizeof(item->op) / sizeof(u64)))
			return -EFAULT;
	} else {
		status = copy_struct_from_user(&item->op, sizeof(item->op), uop,
					       op_size);
		if (status == -EFAULT)
			return status;
	}

	item->ustatus = &uop->status;
	item->written = false;
	if (!status && kcmap_item_run(item, &status))
		return -EFAULT;
	if (put_user(status, item->ustatus) && !item->written)
		return -EFAULT;
	return 0;
}

/* Operations of any kind, one descriptor each. */
static long kcmap_submit_mixed(struct file *file,
			       const struct kcmap_submit *submit, u32 *done)
{
	struct kcmap *map = file->private_data;
	void __user *uop = u64_to_user_ptr(submit->ops);
	u64 stack[KCMAP_SUBMIT_STACK / sizeof(u64)];
	u32 key_room = round_up(map->key_size, sizeof(u64));
	struct kcmap_item item = { .file = file, .key = stack };
	void *heap = NULL;
	int ret = 0;
	u32 i;

	if (submit->opcode || submit->op_flags || submit->keys ||
	    submit->values || submit->results || submit->statuses ||
	    submit->op_size < offsetofend(struct kcmap_op, transition))
		return -EINVAL;
	if (submit->op_size > KCMAP_OP_SIZE_MAX)
		return -E2BIG;

	if (key_room + map->value_size > sizeof(stack)) {
		heap = kmalloc(key_room + map->value_size, GFP_KERNEL_ACCOUNT);
		if (!heap)
			return -ENOMEM;
		item.key = heap;
	}
	item.value = item.key + key_room;

	for (i = 0; i < submit->nr; i++) {
		if (i % KCMAP_SUBMIT_BREATH == KCMAP_SUBMIT_BREATH - 1 &&
		    !kcmap_submit_breathe()) {
			ret = -EINTR;
			break;
		}
		ret = kcmap_submit_item(&item, uop, submit->op_size);
		if (ret)
			break;
		uop += submit->op_size;
	}
	kfree(heap);
	*done = i;
	return ret;
}

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

/*
 * Give the caller the values of the items that succeeded, neighbours in one go;
 * where that fails an item gets the status @fault.
 */
static void kcmap_strided_results(struct kcmap_strided *s, unsigned int n,
				  int fault)
{
	u32 size = s->map->value_size;
	unsigned int i, end;

	for (i = 0; i < n; i = end) {
		for (end = i; end < n && !s->statuses[end]; end++)
			;
		if (end == i) {
			end++;
			continue;
		}
		if (!copy_to_user(s->uresults + i * size, s->values + i * size,
				  (end - i) * size))
			continue;
		for (; i < end; i++)
			if (copy_to_user(s->uresults + i * size,
					 s->values + i * size, size))
				s->statuses[i] = fault;
	}
}

static int kcmap_strided_lookup(struct kcmap_strided *s, unsigned int n)
{
	unsigned int i;
	u64 hits;

	hits = kcmap_table_lookup_bulk(s->map->table, s->keys,
				       s->uresults ? s->values : NULL, n);
	for (i = 0; i < n; i++)
		s->statuses[i] = hits & BIT_ULL(i) ? 0 : -ENOENT;
	if (s->uresults)
		kcmap_strided_results(s, n, -EFAULT);
	return copy_to_user(s->ustatuses, s->statuses, n * sizeof(s32)) ?
		       -EFAULT :
		       0;
}

static int kcmap_strided_write(struct kcmap_strided *s, unsigned int n)
{
	struct kcmap *map = s->map;
	u32 size = map->value_size;
	unsigned int i;

	if ((s->info->stores && size &&
	     copy_from_user(s->values, s->uvalues, n * size)) ||
	    (s->uresults && fault_in_safe_writeable(s->uresults, n * size))) {
		/* Of several items, see which it is. */
		if (n > 1)
			return -EFAULT;
		return put_user(-EFAULT, s->ustatuses);
	}

	/* This is what they say if they can no longer be written below. */
	for (i = 0; i < n; i++)
		s->statuses[i] = KCMAP_STATUS_RESULT_LOST;
	if (copy_to_user(s->ustatuses, s->statuses, n * sizeof(s32)))
		return -EFAULT;

	for (i = 0; i < n; i++) {
		const void *key = s->keys + i * map->key_size;
		void *value = s->values + i * size;
		void *old = s->uresults ? value : NULL;

		s->statuses[i] = kcmap_map_write(map, s->info->write, key,
						 value, old, KCMAP_GFP_USER);
	}
	if (s->uresults)
		kcmap_strided_results(s, n, KCMAP_STATUS_RESULT_LOST);
	/* They were reached, whether or not all of this arrives. */
	for (i = 0; i < n; i++)
		if (put_user(s->statuses[i], s->ustatuses + i))
			break;
	return 0;
}

/* 0: all @n items were reached; -EFAULT: nothing was changed. */
static int kcmap_strided_chunk(struct kcmap_strided *s, unsigned int n)
{
	u32 value_size = s->map->value_size;
	u32 key_size = s->map->key_size;
	int ret;

	if (copy_from_user(s->keys, s->ukeys, n * key_size))
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

static int kcmap_strided_run(struct kcmap_strided *s, u32 nr, unsigned int max,
			     u32 *done)
{
	unsigned int n;
	u32 i = 0;
	int ret;

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
	*done = i;
	return ret;
}

static long kcmap_submit_strided(struct file *file,
				 const struct kcmap_submit *submit, u32 *done)
{
	struct kcmap *map = file->private_data;
	struct kcmap_strided s = {
		.map = map,
		.ukeys = u64_to_user_ptr(submit->keys),
		.uvalues = u64_to_user_ptr(submit->values),
		.ustatuses = u64_to_user_ptr(submit->statuses),
	};
	u32 item_size = map->key_size + map->value_size + sizeof(s32);
	u64 stack[KCMAP_SUBMIT_STACK / sizeof(u64)];
	unsigned int max;
	void *heap = NULL;
	int ret;

	if (submit->ops || submit->op_size)
		return -EINVAL;
	ret = kcmap_opcode_check(file, submit->opcode, submit->op_flags,
				 submit->values, submit->results, &s.info);
	if (ret || !submit->nr)
		return ret;
	if (map->value_size)
		s.uresults = u64_to_user_ptr(submit->results);

	/* Two gaps, so that the values and the statuses are aligned. */
	max = min_t(u32, submit->nr, KCMAP_BULK_MAX);
	s.keys = stack;
	if (max * item_size + 2 * sizeof(u64) > sizeof(stack)) {
		max = min_t(u32, max,
			    (KCMAP_SUBMIT_HEAP - 2 * sizeof(u64)) / item_size);
		heap = kmalloc(max * item_size + 2 * sizeof(u64),
			       GFP_KERNEL_ACCOUNT);
		if (!heap)
			return -ENOMEM;
		s.keys = heap;
	}
	s.values = s.keys + round_up(max * map->key_size, sizeof(u64));
	s.statuses = s.values + round_up(max * map->value_size, sizeof(u64));

	ret = kcmap_strided_run(&s, submit->nr, max, done);
	kfree(heap);
	return ret;
}

/**
 * kcmap_submit() - KCMAP_MAP_SUBMIT
 * @file: descriptor of a map
 * @arg: struct kcmap_submit, the kernel's copy
 * @uarg: struct kcmap_submit, the caller's
 *
 * Context: process, may sleep.
 * Return: 0 if at least one item was reached or there was none; else a negative
 * errno.
 */
long kcmap_submit(struct file *file, void *arg, void __user *uarg)
{
	const struct kcmap_submit *submit = arg;
	struct kcmap_submit __user *usubmit = uarg;
	u32 done = 0;
	long ret;

	if (submit->flags & ~KCMAP_SUBMIT_STRIDED || submit->reserved ||
	    submit->nr > KCMAP_SUBMIT_MAX)
		return -EINVAL;
	/* It must be possible to say what was done before anything is. */
	if (put_user(done, &usubmit->done))
		return -EFAULT;

	if (submit->flags & KCMAP_SUBMIT_STRIDED)
		ret = kcmap_submit_strided(file, submit, &done);
	else
		ret = kcmap_submit_mixed(file, submit, &done);
	if (!done)
		return ret;
	return put_user(done, &usubmit->done);
}
