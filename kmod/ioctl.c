// SPDX-License-Identifier: GPL-2.0-only
/* One way to take an ioctl struct in and give it back. */
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "ioctl.h"
#include "user_copy.h"

/* A longer struct is refused before its tail is looked at. */
#define KCMAP_IOCTL_SIZE_MAX 4096

/**
 * kcmap_ioctl() - run one ioctl of a node
 * @file: descriptor
 * @cmd: number
 * @uarg: the caller's struct; its first member is its size
 * @ioctls: the node's ioctls, indexed by the low five bits of their numbers
 * @nr: elements of @ioctls
 *
 * Context: process, may sleep.
 * Return: what the ioctl returns; -ENOTTY: no such ioctl; -EBADF: @file is not
 * open for it; -EINVAL: the struct is too short; -E2BIG: too long, or its tail
 * is not zero; -EFAULT.
 */
long kcmap_ioctl(struct file *file, unsigned int cmd, void __user *uarg,
		 const struct kcmap_ioctl *ioctls, unsigned int nr)
{
	u64 arg[KCMAP_IOCTL_ARG_SIZE / sizeof(u64)];
	const struct kcmap_ioctl *ioctl;
	unsigned int i = _IOC_NR(cmd) & 0x1f;
	u32 size;
	long ret;

	if (i >= nr)
		return -ENOTTY;
	ioctl = &ioctls[array_index_nospec(i, nr)];
	if (ioctl->cmd != cmd)
		return -ENOTTY;
	if ((file->f_mode & ioctl->mode) != ioctl->mode)
		return -EBADF;

	if (get_user(size, (u32 __user *)uarg))
		return -EFAULT;
	if (size < ioctl->size_min)
		return -EINVAL;
	if (size > KCMAP_IOCTL_SIZE_MAX)
		return -E2BIG;
	if (likely(size == ioctl->size))
		ret = kcmap_copy_in_words(arg, uarg, size / sizeof(u64));
	else
		ret = copy_struct_from_user(arg, ioctl->size, uarg, size);
	if (ret)
		return ret;
	/* It may have been changed since it was read above. */
	*(u32 *)arg = size;

	ret = ioctl->fn(file, arg, uarg);
	if (!ioctl->copy_out || (ret && ret != -EMSGSIZE))
		return ret;
	if (copy_to_user(uarg, arg, min(size, ioctl->size)))
		return -EFAULT;
	return ret;
}
