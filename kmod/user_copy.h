/* SPDX-License-Identifier: GPL-2.0-only */
/* Small copies from and to user memory, inline. */
#ifndef _KCMAP_USER_COPY_H
#define _KCMAP_USER_COPY_H

#include <linux/types.h>
#include <linux/uaccess.h>

/**
 * kcmap_copy_in_words() - copy a struct of a few machine words from the caller
 * @to: where, aligned to 8 bytes
 * @from: the caller's
 * @nr: 64-bit words; best a constant
 *
 * For structs that every call copies: a general copy costs more than all the
 * rest of a single look-up.
 *
 * Context: process, may sleep.
 * Return: 0 or -EFAULT.
 */
static __always_inline int kcmap_copy_in_words(u64 *to, const u64 __user *from,
					       unsigned int nr)
{
	unsigned int i;

	if (!user_read_access_begin(from, nr * sizeof(u64)))
		return -EFAULT;
	for (i = 0; i < nr; i++)
		unsafe_get_user(to[i], &from[i], fault);
	user_read_access_end();
	return 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

/**
 * kcmap_copy_in() - copy a key or a value from the caller
 * @to: where, aligned to 8 bytes
 * @from: the caller's
 * @size: bytes
 *
 * Most keys and values are machine words, which are copied inline.
 *
 * Context: process, may sleep.
 * Return: 0 or -EFAULT.
 */
static __always_inline int kcmap_copy_in(void *to, const void __user *from,
					 u32 size)
{
	if (size == sizeof(u64))
		return get_user(*(u64 *)to, (const u64 __user *)from);
	if (size == sizeof(u32))
		return get_user(*(u32 *)to, (const u32 __user *)from);
	return copy_from_user(to, from, size) ? -EFAULT : 0;
}

/**
 * kcmap_copy_out() - copy a value to the caller
 * @to: the caller's
 * @from: value, aligned to 8 bytes
 * @size: bytes
 *
 * Context: process, may sleep.
 * Return: 0 or -EFAULT.
 */
static __always_inline int kcmap_copy_out(void __user *to, const void *from,
					  u32 size)
{
	if (size == sizeof(u64))
		return put_user(*(const u64 *)from, (u64 __user *)to);
	if (size == sizeof(u32))
		return put_user(*(const u32 *)from, (u32 __user *)to);
	return copy_to_user(to, from, size) ? -EFAULT : 0;
}

#endif /* _KCMAP_USER_COPY_H */
