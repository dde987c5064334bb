/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers, statistics and tables for the bucket simulations. */
#ifndef BUCKET_UTIL_H
#define BUCKET_UTIL_H

#include <linux/types.h>
#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct stat {
	double n, sum, sum2;
};

static inline __u64 mix64(__u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static inline __u64 scale(__u64 x, __u64 range)
{
	return (__uint128_t)x * range >> 64;
}

void rng_seed(__u64 seed);
__u64 rng(void);

void *xcalloc(size_t n, size_t size);
int cmp_double(const void *a, const void *b);
void stat_add(struct stat *s, double x);
double stat_mean(const struct stat *s);
double stat_sd(const struct stat *s);
void print_rule(unsigned int columns);

#endif
