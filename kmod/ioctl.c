// SPDX-License-Identifier: GPL-2.0-only
/* One way to take an ioctl struct in and give it back. */
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "ioctl.h"
#include "user_copy.h"

/* A longer struct is refused before its tail is looked at. */
#define KCMAP_IOCTL_SIZE_MAX 4096

/* 0 and @arg filled up to the size that we know; or a negative errno. */
static noinline int kcmap_ioctl_copy_in(const struct kcmap_ioctl *ioctl,
					u64 *arg, void __user *uarg)
{
	u32 size;
	int ret;

	if (kcmap_get_user(size, (u32 __user *)uarg))
		return -EFAULT;
	if (size < ioctl->size_min)
		return -EINVAL;
	if (size > KCMAP_IOCTL_SIZE_MAX)
		return -E2BIG;
	ret = copy_struct_from_user(arg, ioctl->size, uarg, size);
	/* It may have been changed since it was read above. */
	*(u32 *)arg = size;
	return ret;
}

/*
 * The short way, for a struct that is as it was first published, in the module
 * and in the caller. It reads no more than any valid caller has.
 */
static __always_inline bool
kcmap_ioctl_copy_in_first(const struct kcmap_ioctl *ioctl, u64 *arg,
			  const void __user *uarg)
{
	u32 words = ioctl->size / sizeof(u64);

	return ioctl->size == ioctl->size_min &&
	       !kcmap_copy_in_words(arg, uarg, words) &&
	       *(u32 *)arg == ioctl->size;
}

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
	/* Kernels that clear the stack would clear it on every call. */
	u64 arg[KCMAP_IOCTL_ARG_SIZE / sizeof(u64)] __uninitialized;
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

	if (unlikely(!kcmap_ioctl_copy_in_first(ioctl, arg, uarg))) {
		ret = kcmap_ioctl_copy_in(ioctl, arg, uarg);
		if (ret)
			return ret;
	}
	size = *(u32 *)arg;

	ret = ioctl->fn(file, arg, uarg);
	if (!ioctl->copy_out || (ret && ret != -EMSGSIZE))
		return ret;
	if (copy_to_user(uarg, arg, min(size, ioctl->size)))
		return -EFAULT;
	return ret;
}
