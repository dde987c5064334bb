/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Keys and values of the torture test, which the module and the program in
 * userspace both check: from a key's number follow its bytes, and from number and
 * version the bytes of its value.
 *
 * The first word of a value is the version (32 bits), the key's number (16 bits of
 * it) and a checksum of both; each further word follows from the one before. So
 * values of 8 bytes can be checked, which the table has a path of its own for, and
 * of longer ones each word.
 */
#ifndef _KCMAP_TORTURE_H
#define _KCMAP_TORTURE_H

#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif

#define KCMAP_TORTURE_KEY_MIN 4
#define KCMAP_TORTURE_KEY_MAX 64
#define KCMAP_TORTURE_VALUE_MIN 8
#define KCMAP_TORTURE_VALUE_MAX 128

static inline __u64 kcmap_torture_mix(__u64 x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

static inline __u32 kcmap_torture_part(__u32 size, __u32 at)
{
	return size - at < sizeof(__u64) ? size - at : sizeof(__u64);
}

static inline void kcmap_torture_key(void *key, __u32 size, __u32 number)
{
	__u64 word = number;
	__u32 at;

	for (at = 0; at < size; at += sizeof(word)) {
		memcpy((char *)key + at, &word, kcmap_torture_part(size, at));
		word = kcmap_torture_mix(word + number + 1);
	}
}

/* Return: whether @key is one of the test's; its number in @number. */
static inline int kcmap_torture_key_read(const void *key, __u32 size,
					 __u32 *number)
{
	char want[KCMAP_TORTURE_KEY_MAX];

	memcpy(number, key, sizeof(*number));
	kcmap_torture_key(want, size, *number);
	return !memcmp(want, key, size);
}

static inline void kcmap_torture_value(void *value, __u32 size, __u32 number,
				       __u32 version)
{
	__u64 word = (__u64)number << 32 | version;
	__u32 at;

	word = (word & 0xffffffffffffULL) | kcmap_torture_mix(word + 1) << 48;
	for (at = 0; at < size; at += sizeof(word)) {
		memcpy((char *)value + at, &word, kcmap_torture_part(size, at));
		word = kcmap_torture_mix(word + number);
	}
}

/* Return: the version, or 0: @value is torn, or of another key. */
static inline __u32 kcmap_torture_value_read(const void *value, __u32 size,
					     __u32 number)
{
	char want[KCMAP_TORTURE_VALUE_MAX];
	__u32 version;
	__u64 word;

	memcpy(&word, value, sizeof(word));
	version = (__u32)word;
	kcmap_torture_value(want, size, number, version);
	return memcmp(want, value, size) ? 0 : version;
}

#endif /* _KCMAP_TORTURE_H */
