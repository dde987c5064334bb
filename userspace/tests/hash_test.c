// SPDX-License-Identifier: MIT
/* The library's hashes, against published vectors and the kernel's own. */
#include <string.h>

#include "hash.h"
#include "tap.h"

/*
 * SipHash-2-4 of the first 8, 16, ... bytes of 00 01 02 ... under the key 00 01 ..
 * 0f: vectors 8, 16, 24, ... of the 64 of the reference implementation.
 */
static const uint64_t sip_vectors[] = {
	0x93f5f5799a932462ULL, 0x3f2acc7f57c29bdbULL, 0xb8ad50c6f649af94ULL,
	0x7127512f72f27cceULL, 0x0e3ea96b5304a7d0ULL, 0xe612a3cb9ecba951ULL,
	0xb78dbfaf3a8d83bdULL,
};

static uint64_t le64(const unsigned char *p)
{
	uint64_t word = 0;
	int i;

	for (i = 7; i >= 0; i--)
		word = word << 8 | p[i];
	return word;
}

static void test_sip(void)
{
	unsigned char bytes[64];
	uint64_t words[8], seed[2], hash;
	unsigned int i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = le64(bytes + i * 8);
	seed[0] = words[0];
	seed[1] = words[1];
	for (i = 0; i < ARRAY_SIZE(sip_vectors); i++) {
		hash = kcmap_hash_sip(seed, words, i + 1);
		ok(hash == sip_vectors[i], "SipHash-2-4 of %u bytes: %016jx",
		   (i + 1) * 8, (uintmax_t)hash);
	}
}

/* By hand, with products small enough to follow. */
static void test_fast(void)
{
	const uint64_t golden = 0x9e3779b97f4a7c15ULL;
	uint64_t seed[3] = { 0, 1, 0 }, key[2] = { 1, 0 };

	ok(kcmap_hash_fold(1ULL << 63, 4) == 2,
	   "both halves of the product count");
	ok(kcmap_hash_fold(~0ULL, ~0ULL) == ~0ULL, "the largest product");
	ok(kcmap_hash_fast(seed, key, 1) == golden, "one word");
	/* (1 * 1) ^ 2 = 3; 3 * (1 + 2) = 9. */
	key[1] = 2;
	ok(kcmap_hash_fast(seed, key, 2) == kcmap_hash_fold(9, golden),
	   "two words, each with a factor of its own");
	seed[0] = 4;
	seed[2] = 8;
	ok(kcmap_hash_fast(seed, key, 1) == kcmap_hash_fold(5 ^ 8, golden),
	   "all of the seed counts");
}

int main(void)
{
	test_sip();
	test_fast();
	return tap_done();
}
