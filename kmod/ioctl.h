/* SPDX-License-Identifier: GPL-2.0-only */
/* One way to take an ioctl struct in and give it back. */
#ifndef _KCMAP_IOCTL_H
#define _KCMAP_IOCTL_H

#include <linux/build_bug.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/stddef.h>
#include <linux/types.h>

/* The largest ioctl struct of this module. All are multiples of 8 bytes. */
#define KCMAP_IOCTL_ARG_SIZE 192

/**
 * struct kcmap_ioctl - one ioctl of a node
 * @cmd: its number
 * @size_min: size of the struct as it was first published
 * @size: size of the struct as this module knows it
 * @mode: FMODE_READ, FMODE_WRITE: what the descriptor must be open for
 * @copy_out: give the struct back when @fn returns 0 or -EMSGSIZE. One that has
 *	to know that its output arrived, because it cannot be undone, does its own
 * @fn: gets the kernel's copy of the struct and the address of the caller's
 */
struct kcmap_ioctl {
	unsigned int cmd;
	u32 size_min;
	u32 size;
	fmode_t mode;
	bool copy_out;
	long (*fn)(struct file *file, void *arg, void __user *uarg);
};

/*
 * _last is the last member of the first published struct: it stays what it is
 * when members are added.
 */
#define KCMAP_IOCTL(_cmd, _struct, _last, _mode, _copy_out, _fn)       \
	[_IOC_NR(_cmd) & 0x1f] = {                                     \
		.cmd = (_cmd),                                         \
		.size_min = offsetofend(struct _struct, _last),        \
		.size = sizeof(struct _struct) +                       \
			BUILD_BUG_ON_ZERO(sizeof(struct _struct) >     \
					  KCMAP_IOCTL_ARG_SIZE) +      \
			BUILD_BUG_ON_ZERO(sizeof(struct _struct) % 8), \
		.mode = (_mode),                                       \
		.copy_out = (_copy_out),                               \
		.fn = (_fn),                                           \
	}

long kcmap_ioctl(struct file *file, unsigned int cmd, void __user *uarg,
		 const struct kcmap_ioctl *ioctls, unsigned int nr);

#endif /* _KCMAP_IOCTL_H */
