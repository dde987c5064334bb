// SPDX-License-Identifier: MIT
/* Times that a process takes. */
#include <stdlib.h>
#include <time.h>

#include "bench.h"

/* Return: nanoseconds since some moment. */
uint64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static int compare(const void *left, const void *right)
{
	uint64_t l = *(const uint64_t *)left, r = *(const uint64_t *)right;

	return l < r ? -1 : l > r;
}

/* The least that so many in 10000 of the sorted times do not exceed. */
static double percentile(const uint64_t *ns, size_t n, size_t part)
{
	return ns[(n * part + 9999) / 10000 - 1];
}

/**
 * sample_times() - percentiles of times that were taken one by one
 * @sample: gets them
 * @ns: the times; are sorted
 * @n: how many, not 0
 */
void sample_times(struct sample *sample, uint64_t *ns, size_t n)
{
	qsort(ns, n, sizeof(*ns), compare);
	sample->p50_ns = percentile(ns, n, 5000);
	sample->p99_ns = percentile(ns, n, 9900);
	sample->p9999_ns = percentile(ns, n, 9999);
	sample->max_ns = ns[n - 1];
}

/**
 * sample_latency() - percentiles that the kernel took
 * @sample: gets them
 * @latency: of kcmap_bench
 */
void sample_latency(struct sample *sample,
		    const struct kcmap_bench_latency *latency)
{
	sample->p50_ns = latency->p50_ns;
	sample->p99_ns = latency->p99_ns;
	sample->p9999_ns = latency->p9999_ns;
	sample->max_ns = latency->max_ns;
}
