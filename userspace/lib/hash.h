/* SPDX-License-Identifier: MIT */
/*
 * The hash functions of <linux/kcmap_image.h>, over keys padded with zeros to
 * words of 8 bytes: those of kmod/hash.h.
 */
#ifndef KCMAP_LIB_HASH_H
#define KCMAP_LIB_HASH_H

#include <stdint.h>

#define KCMAP_INLINE static inline __attribute__((always_inline))

KCMAP_INLINE uint64_t kcmap_hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

KCMAP_INLINE uint64_t kcmap_hash_fast(const uint64_t seed[3],
				      const uint64_t *key, unsigned int words)
{
	uint64_t h = seed[0];
	unsigned int i;

	for (i = 0; i < words; i++)
		h = kcmap_hash_fold(h ^ key[i], seed[1] + 2 * i);
	return kcmap_hash_fold(h ^ seed[2], 0x9e3779b97f4a7c15ULL);
}

KCMAP_INLINE uint64_t kcmap_rotl(uint64_t word, unsigned int by)
{
	return word << by | word >> (64 - by);
}

KCMAP_INLINE void kcmap_sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = kcmap_rotl(v[1], 13) ^ v[0];
	v[0] = kcmap_rotl(v[0], 32);
	v[2] += v[3];
	v[3] = kcmap_rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = kcmap_rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = kcmap_rotl(v[1], 17) ^ v[2];
	v[2] = kcmap_rotl(v[2], 32);
}

KCMAP_INLINE void kcmap_sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	kcmap_sip_round(v);
	kcmap_sip_round(v);
	v[0] ^= word;
}

/* SipHash-2-4 (Aumasson, Bernstein 2012) of whole words. */
KCMAP_INLINE uint64_t kcmap_hash_sip(const uint64_t seed[2],
				     const uint64_t *key, unsigned int words)
{
	uint64_t v[4] = {
		seed[0] ^ 0x736f6d6570736575ULL,
		seed[1] ^ 0x646f72616e646f6dULL,
		seed[0] ^ 0x6c7967656e657261ULL,
		seed[1] ^ 0x7465646279746573ULL,
	};
	unsigned int i;

	for (i = 0; i < words; i++)
		kcmap_sip_word(v, key[i]);
	/* The last word has the length in its top byte, and no bytes of the key. */
	kcmap_sip_word(v, (uint64_t)words << 59);
	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		kcmap_sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif /* KCMAP_LIB_HASH_H */
