// SPDX-License-Identifier: GPL-2.0-only
/* Histograms of how long single operations take. */
#include <linux/bitops.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "latency.h"

static unsigned int bench_bin(u64 time)
{
	unsigned int shift;

	if (time < 128)
		return time;
	shift = fls64(time) - 7;
	return min_t(unsigned int, shift * 64 + (time >> shift),
		     BENCH_BINS - 1);
}

/* The longest time that is counted in @bin. */
static u64 bench_bin_time(unsigned int bin)
{
	unsigned int shift;

	if (bin < 128)
		return bin;
	shift = bin / 64 - 1;
	return ((u64)(64 + bin % 64 + 1) << shift) - 1;
}

/**
 * bench_histogram_count() - take a time
 * @histogram: where
 * @time: in units of bench_clock()
 */
void bench_histogram_count(struct bench_histogram *histogram, u64 time)
{
	histogram->count[bench_bin(time)]++;
	if (time > histogram->max)
		histogram->max = time;
}

/**
 * bench_timed() - operations, each timed by itself
 * @histogram: gets their times
 * @engine: engine
 * @thread: thread
 * @bench: enum bench_id
 * @nr: operations
 */
void bench_timed(struct bench_histogram *histogram,
		 const struct bench_engine *engine, struct bench_thread *thread,
		 u32 bench, u32 nr)
{
	u64 time;

	for (; nr; nr--) {
		time = bench_clock();
		engine->loop(thread, bench, 1);
		bench_histogram_count(histogram, bench_clock() - time);
	}
}

/**
 * bench_histogram_begin() - forget all times, and begin anew
 * @histogram: histogram
 *
 * Times are in units of bench_clock(), and how long these are is found out from
 * here to bench_histogram_end().
 */
void bench_histogram_begin(struct bench_histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
	histogram->began_ns = ktime_get_ns();
	histogram->began = bench_clock();
}

/* The time that @part in 10000 of the operations do not exceed. */
static u64 bench_percentile(const struct bench_histogram *histogram, u64 total,
			    u64 part)
{
	u64 before = div_u64(total * part + 9999, 10000);
	unsigned int bin;

	for (bin = 0; bin < BENCH_BINS - 1; bin++) {
		if (before <= histogram->count[bin])
			break;
		before -= histogram->count[bin];
	}
	return min(bench_bin_time(bin), histogram->max);
}

/**
 * bench_histogram_end() - percentiles
 * @histogram: since it was begun, for some milliseconds at least
 * @latency: result
 */
void bench_histogram_end(const struct bench_histogram *histogram,
			 struct kcmap_bench_latency *latency)
{
	u64 units = bench_clock() - histogram->began;
	u64 ns = ktime_get_ns() - histogram->began_ns;
	/* Nanoseconds a unit, in 1 / 2^20: no overflow in the first two hours. */
	u64 scale = div64_u64(ns << 20, units ?: 1);
	u64 total = 0;
	unsigned int bin;

	for (bin = 0; bin < BENCH_BINS; bin++)
		total += histogram->count[bin];
	latency->p50_ns = bench_percentile(histogram, total, 5000) * scale >>
			  20;
	latency->p99_ns = bench_percentile(histogram, total, 9900) * scale >>
			  20;
	latency->p9999_ns = bench_percentile(histogram, total, 9999) * scale >>
			    20;
	latency->max_ns = histogram->max * scale >> 20;
}
