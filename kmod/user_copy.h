/* SPDX-License-Identifier: GPL-2.0-only */
/* Small copies from and to user memory, inline. */
#ifndef _KCMAP_USER_COPY_H
#define _KCMAP_USER_COPY_H

#include <linux/kconfig.h>
#include <linux/pagemap.h>
#include <linux/types.h>
#include <linux/uaccess.h>

#include "fault.h"

/* As those of the kernel, which have no faults injected. */
#define kcmap_get_user(to, from) \
	(kcmap_fault_user() ? -EFAULT : get_user(to, from))
#define kcmap_put_user(from, to) \
	(kcmap_fault_user() ? -EFAULT : put_user(from, to))

/*
 * Above this many bytes a general copy is at least as good. Arrays of the caller
 * have no alignment.
 */
#define KCMAP_COPY_INLINE_MAX 512

static __always_inline bool kcmap_copy_inline(u32 size)
{
	return IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) &&
	       size % sizeof(u64) == 0 && size <= KCMAP_COPY_INLINE_MAX;
}

/**
 * kcmap_copy_in_words() - copy a few machine words from the caller
 * @to: where, aligned to 8 bytes
 * @from: the caller's
 * @nr: 64-bit words
 *
 * For what every call copies: a general copy costs more than all the rest of a
 * single look-up.
 *
 * Context: process, may sleep.
 * Return: 0 or -EFAULT.
 */
static __always_inline int kcmap_copy_in_words(u64 *to, const u64 __user *from,
					       unsigned int nr)
{
	if (kcmap_fault_user() ||
	    !user_read_access_begin(from, nr * sizeof(u64)))
		return -EFAULT;
	/* Unrolled by hand: the compiler does not where there is an asm goto. */
	for (; nr >= 8; nr -= 8, to += 8, from += 8) {
		unsafe_get_user(to[0], &from[0], fault);
		unsafe_get_user(to[1], &from[1], fault);
		unsafe_get_user(to[2], &from[2], fault);
		unsafe_get_user(to[3], &from[3], fault);
		unsafe_get_user(to[4], &from[4], fault);
		unsafe_get_user(to[5], &from[5], fault);
		unsafe_get_user(to[6], &from[6], fault);
		unsafe_get_user(to[7], &from[7], fault);
	}
	for (; nr; nr--)
		unsafe_get_user(*to++, from++, fault);
	user_read_access_end();
	return 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

/**
 * kcmap_copy_out_words() - copy a few machine words to the caller
 * @to: the caller's
 * @from: words, aligned to 8 bytes
 * @nr: 64-bit words
 *
 * Context: process, may sleep.
 * Return: 0 or -EFAULT; then some may have been copied.
 */
static __always_inline int kcmap_copy_out_words(u64 __user *to, const u64 *from,
						unsigned int nr)
{
	if (kcmap_fault_user() ||
	    !user_write_access_begin(to, nr * sizeof(u64)))
		return -EFAULT;
	for (; nr >= 8; nr -= 8, to += 8, from += 8) {
		unsafe_put_user(from[0], &to[0], fault);
		unsafe_put_user(from[1], &to[1], fault);
		unsafe_put_user(from[2], &to[2], fault);
		unsafe_put_user(from[3], &to[3], fault);
		unsafe_put_user(from[4], &to[4], fault);
		unsafe_put_user(from[5], &to[5], fault);
		unsafe_put_user(from[6], &to[6], fault);
		unsafe_put_user(from[7], &to[7], fault);
	}
	for (; nr; nr--)
		unsafe_put_user(*from++, to++, fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

/**
 * kcmap_copy_out_u32() - store a status or a count of the caller's
 * @value: what
 * @to: where
 *
 * Context: process, may sleep.
 * Return: 0 or -EFAULT.
 */
static __always_inline int kcmap_copy_out_u32(u32 value, u32 __user *to)
{
	if (kcmap_fault_user() || !user_write_access_begin(to, sizeof(*to)))
		return -EFAULT;
	unsafe_put_user(value, to, fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

/**
 * kcmap_fault_in() - see that the caller's memory can be written
 * @to: where
 * @size: bytes
 *
 * Context: process, may sleep.
 * Return: 0 or -EFAULT.
 */
static inline int kcmap_fault_in(void __user *to, size_t size)
{
	if (kcmap_fault_user() || fault_in_safe_writeable(to, size))
		return -EFAULT;
	return 0;
}

/**
 * kcmap_copy_in() - copy a key, a value or an array of them from the caller
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
		return kcmap_copy_in_words(to, from, 1);
	if (size == sizeof(u32))
		return kcmap_get_user(*(u32 *)to, (const u32 __user *)from);
	if (kcmap_copy_inline(size))
		return kcmap_copy_in_words(to, from, size / sizeof(u64));
	return copy_from_user(to, from, size) ? -EFAULT : 0;
}

/**
 * kcmap_copy_out() - copy a value, or an array of them, to the caller
 * @to: the caller's
 * @from: aligned to 8 bytes
 * @size: bytes
 *
 * Context: process, may sleep.
 * Return: 0 or -EFAULT.
 */
static __always_inline int kcmap_copy_out(void __user *to, const void *from,
					  u32 size)
{
	if (size == sizeof(u64))
		return kcmap_copy_out_words(to, from, 1);
	if (size == sizeof(u32))
		return kcmap_copy_out_u32(*(const u32 *)from, to);
	if (kcmap_copy_inline(size))
		return kcmap_copy_out_words(to, from, size / sizeof(u64));
	return copy_to_user(to, from, size) ? -EFAULT : 0;
}

#endif /* _KCMAP_USER_COPY_H */
