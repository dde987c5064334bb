// SPDX-License-Identifier: GPL-2.0-only
/* KCMAP_MAP_SUBMIT: operations from user memory. */
#include "submit.h"

const struct kcmap_opcode_info kcmap_opcodes[KCMAP_OPCODES] = {
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

	if (submit->flags & ~KCMAP_SUBMIT_STRIDED || submit->reserved ||
	    submit->nr > KCMAP_SUBMIT_MAX)
		return -EINVAL;
	/* It must be possible to say what was done before anything is. */
	if (kcmap_copy_out_u32(0, &usubmit->done))
		return -EFAULT;

	if (submit->flags & KCMAP_SUBMIT_STRIDED)
		return kcmap_submit_strided(file, submit, usubmit);
	return kcmap_submit_mixed(file, submit, usubmit);
}
