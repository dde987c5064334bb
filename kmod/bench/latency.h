/* SPDX-License-Identifier: GPL-2.0-only */
/* How long single operations take. */
#ifndef _KCMAP_BENCH_LATENCY_H
#define _KCMAP_BENCH_LATENCY_H

#include <linux/ktime.h>

#include "bench.h"

/* Bins of a 64th of an octave: 1.5 %. */
#define BENCH_BINS (64 * 40)

/**
 * struct bench_histogram - how often operations took how long
 * @began_ns: when it was begun, by the kernel's clock
 * @began: and by bench_clock()
 * @max: longest, in units of bench_clock()
 * @count: in each bin
 */
struct bench_histogram {
	u64 began_ns;
	u64 began;
	u64 max;
	u32 count[BENCH_BINS];
};

/*
 * The kernel's clock takes longer than a look-up; in user-mode Linux it is the
 * host's. The processor's counter is turned into nanoseconds in the end.
 */
static __always_inline u64 bench_clock(void)
{
#ifdef __x86_64__
	unsigned int low, high;

	/* Ordered: what is timed is neither begun before nor still under way. */
	asm volatile("lfence; rdtsc; lfence"
		     : "=a"(low), "=d"(high)
		     :
		     : "memory");
	return (u64)high << 32 | low;
#else
	return ktime_get_ns();
#endif
}

void bench_histogram_begin(struct bench_histogram *histogram);
void bench_histogram_count(struct bench_histogram *histogram, u64 time);
void bench_histogram_end(const struct bench_histogram *histogram,
			 struct kcmap_bench_latency *latency);
void bench_timed(struct bench_histogram *histogram,
		 const struct bench_engine *engine, struct bench_thread *thread,
		 u32 bench, u32 nr);

#endif /* _KCMAP_BENCH_LATENCY_H */
