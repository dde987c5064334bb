/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KCMAP_MAP_SUBMIT: what its two forms share.
 *
 * A change cannot be taken back, so everything that can fault is touched before
 * it: keys and values are copied in, the status word is written, the room for a
 * result is faulted in.
 *
 * A call of one item is to cost little more than the system call itself. What
 * is certainly written before it is read is __uninitialized, since kernels that
 * clear the stack would store to all of it.
 */
#ifndef _KCMAP_SUBMIT_H
#define _KCMAP_SUBMIT_H

#include <linux/kernel.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>

#include "map.h"
#include "user_copy.h"

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
 * @write: enum kcmap_write, if @mode has FMODE_WRITE
 * @stores: it reads a value from the caller
 * @returns: it gives a value back
 */
struct kcmap_opcode_info {
	fmode_t mode;
	u8 write;
	bool stores;
	bool returns;
};

#define KCMAP_OPCODES (KCMAP_OP_LOOKUP_AND_DELETE + 1)

extern const struct kcmap_opcode_info kcmap_opcodes[KCMAP_OPCODES];

/*
 * What is wrong with an operation, if anything: 0 and what the opcode needs, or
 * a negative errno.
 */
static inline int kcmap_opcode_check(const struct file *file, u8 opcode,
				     u32 reserved, u64 value, u64 result,
				     const struct kcmap_opcode_info **pinfo)
{
	const struct kcmap_opcode_info *info;

	if (!opcode)
		return -EINVAL;
	if (opcode >= KCMAP_OPCODES)
		return -EOPNOTSUPP;
	info = &kcmap_opcodes[array_index_nospec(opcode, KCMAP_OPCODES)];
	if (reserved || (value && !info->stores) || (result && !info->returns))
		return -EINVAL;
	if ((file->f_mode & info->mode) != info->mode)
		return -EBADF;
	*pinfo = info;
	return 0;
}

/* Whether to go on. */
static inline bool kcmap_submit_breathe(void)
{
	if (fatal_signal_pending(current))
		return false;
	cond_resched();
	return true;
}

/*
 * What the call returns when @done items were reached, and why the next was not
 * if it is an errno that @ret says.
 */
static inline long kcmap_submit_end(struct kcmap_submit __user *usubmit,
				    u32 done, int ret)
{
	if (!done)
		return ret;
	return kcmap_copy_out_u32(done, &usubmit->done);
}

long kcmap_submit_mixed(struct file *file, const struct kcmap_submit *submit,
			struct kcmap_submit __user *usubmit);
long kcmap_submit_strided(struct file *file, const struct kcmap_submit *submit,
			  struct kcmap_submit __user *usubmit);

#endif /* _KCMAP_SUBMIT_H */
