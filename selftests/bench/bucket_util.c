// SPDX-License-Identifier: GPL-2.0-only
/* Random numbers, statistics and tables for the bucket simulations. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bucket_util.h"

static __u64 rng_state;

void rng_seed(__u64 seed)
{
	rng_state = seed;
}

__u64 rng(void)
{
	rng_state += 0x9e3779b97f4a7c15ULL;
	return mix64(rng_state);
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p) {
		perror("calloc");
		exit(1);
	}
	return p;
}

int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void stat_add(struct stat *s, double x)
{
	s->n++;
	s->sum += x;
	s->sum2 += x * x;
}

double stat_mean(const struct stat *s)
{
	return s->n ? s->sum / s->n : 0;
}

double stat_sd(const struct stat *s)
{
	double mean = stat_mean(s);

	return s->n ? sqrt(fmax(0, s->sum2 / s->n - mean * mean)) : 0;
}

/* What separates the head of a markdown table from its rows. */
void print_rule(unsigned int columns)
{
	printf("|");
	while (columns--)
		printf("---|");
	printf("\n");
}
