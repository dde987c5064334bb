// SPDX-License-Identifier: GPL-2.0-only
/* KCMAP_MAP_SUBMIT of operations of any kind, one descriptor each. */
#include <linux/slab.h>

#include "submit.h"

/* A struct kcmap_op of a caller that is longer than this: E2BIG. */
#define KCMAP_OP_SIZE_MAX 4096

/* Key and value of a small item need no allocation. */
#define KCMAP_MIXED_STACK 512

/**
 * struct kcmap_item - an operation in kernel memory
 * @file: descriptor
 * @operands: the operands, ored together
 * @ustatus: where its status goes
 * @key: room for the key, aligned to 8 bytes
 * @value: room for the value, likewise
 * @written: the table may have been changed: there is no way back
 */
struct kcmap_item {
	struct file *file;
	u64 operands;
	u32 __user *ustatus;
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

/*
 * The operands of a descriptor, all ored together: no opcode of today has any,
 * so they need not be kept.
 */
static u64 kcmap_operands_any(const struct kcmap_op *op)
{
	u64 any = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(op->operand); i++)
		any |= op->operand[i];
	return any;
}

/*
 * A descriptor of the size that we know: neither trace_id, which nothing reads
 * yet, nor the operands are copied.
 */
static __always_inline int kcmap_op_read(struct kcmap_op *op,
					 const struct kcmap_op __user *uop,
					 u64 *operands_any)
{
	const u64 __user *from = (const u64 __user *)uop;
	u64 *to = (u64 *)op;
	u64 word, any = 0;

	BUILD_BUG_ON(offsetof(struct kcmap_op, operand) != 5 * sizeof(u64));
	BUILD_BUG_ON(sizeof(*op) != 16 * sizeof(u64));
	if (kcmap_fault_user() || !user_read_access_begin(uop, sizeof(*uop)))
		return -EFAULT;
	unsafe_get_user(to[0], &from[0], fault);
	unsafe_get_user(to[1], &from[1], fault);
	unsafe_get_user(to[2], &from[2], fault);
	unsafe_get_user(to[3], &from[3], fault);
#define KCMAP_ANY(i)                                    \
	do {                                            \
		unsafe_get_user(word, &from[i], fault); \
		any |= word;                            \
	} while (0)
	KCMAP_ANY(5);
	KCMAP_ANY(6);
	KCMAP_ANY(7);
	KCMAP_ANY(8);
	KCMAP_ANY(9);
	KCMAP_ANY(10);
	KCMAP_ANY(11);
	KCMAP_ANY(12);
	KCMAP_ANY(13);
	KCMAP_ANY(14);
	KCMAP_ANY(15);
#undef KCMAP_ANY
	user_read_access_end();
	*operands_any = any;
	return 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

/* 0: there is a status; -EFAULT: the item cannot be reached. */
static int kcmap_item_run(struct kcmap_item *item, const struct kcmap_op *op,
			  int *status)
{
	struct kcmap *map = item->file->private_data;
	void __user *uresult = u64_to_user_ptr(op->result);
	const struct kcmap_opcode_info *info;

	*status = kcmap_opcode_check(item->file, op->opcode,
				     op->reserved | op->flags, op->value,
				     op->result, &info);
	if (!*status && item->operands)
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
	if (uresult && kcmap_fault_in(uresult, map->value_size)) {
		*status = -EFAULT;
		return 0;
	}
	/* This is what it says if it can no longer be written below. */
	if (kcmap_copy_out_u32(KCMAP_STATUS_RESULT_LOST, item->ustatus))
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
	struct kcmap_op op __uninitialized;
	int status = 0;

	if (likely(op_size == sizeof(op))) {
		if (kcmap_op_read(&op, uop, &item->operands))
			return -EFAULT;
	} else {
		status = copy_struct_from_user(&op, sizeof(op), uop, op_size);
		if (status == -EFAULT)
			return status;
		item->operands = kcmap_operands_any(&op);
	}

	item->ustatus = (u32 __user *)&uop->status;
	item->written = false;
	if (!status && kcmap_item_run(item, &op, &status))
		return -EFAULT;
	if (kcmap_copy_out_u32(status, item->ustatus) && !item->written)
		return -EFAULT;
	return 0;
}

/**
 * kcmap_submit_mixed() - run operations that have a descriptor each
 * @file: descriptor of a map
 * @submit: what to do; what both forms share is checked
 * @usubmit: the caller's
 *
 * Context: process, may sleep.
 * Return: see kcmap_submit().
 */
long kcmap_submit_mixed(struct file *file, const struct kcmap_submit *submit,
			struct kcmap_submit __user *usubmit)
{
	u64 stack[KCMAP_MIXED_STACK / sizeof(u64)] __uninitialized;
	void __user *uop = u64_to_user_ptr(submit->ops);
	struct kcmap *map = file->private_data;
	u32 key_room = round_up(map->key_size, sizeof(u64));
	struct kcmap_item item __uninitialized;
	int ret = 0;
	u32 i;

	if ((submit->opcode | submit->op_flags | submit->keys | submit->values |
	     submit->results | submit->statuses) ||
	    submit->op_size < offsetofend(struct kcmap_op, transition))
		return -EINVAL;
	if (submit->op_size > KCMAP_OP_SIZE_MAX)
		return -E2BIG;

	item.file = file;
	item.key = stack;
	if (unlikely(key_room + map->value_size > sizeof(stack))) {
		item.key =
			kmalloc(key_room + map->value_size, GFP_KERNEL_ACCOUNT);
		if (!item.key)
			return -ENOMEM;
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
	if (unlikely(item.key != stack))
		kfree(item.key);
	return kcmap_submit_end(usubmit, i, ret);
}
