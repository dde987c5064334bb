// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which buckets may a key live in? Fill against probes, by simulation, and the
 * look-up times of the schemes that are left, side by side.
 *
 * A segment has B buckets of S slots. A scheme says which buckets a key may use
 * (its home, an alternate, stash buckets that all keys of the segment share),
 * which of them is tried first, and how many entries an insert may move to make
 * room. A segment that refuses a key is split in two.
 *
 * Every bucket counts the keys whose home it is and that live elsewhere, in one
 * counter or in HINTS counters by some bits of the hash ("hint"): a miss reads
 * no further than the home when the counter is zero.
 *
 * bucket_sim.c fills single segments, bucket_growth.c whole tables, and
 * bucket_time.c times look-ups in tables laid out as real ones.
 *
 * All output is markdown. The seed is fixed: only the times differ from run to
 * run.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bucket_schemes.h"
#include "bucket_sim.h"
#include "bucket_time.h"
#include "bucket_util.h"

static const struct geometry line_of_3 = { 64, 3, 1 };
static const struct geometry lines_of_6 = { 32, 6, 2 };
static const struct geometry lines_of_7 = { 32, 7, 2 };

int main(int argc, char **argv)
{
	bool simulate = argc < 2 || !strcmp(argv[1], "sim");
	bool timed = argc < 2 || !strcmp(argv[1], "time");

	if (argc > 2 || (!simulate && !timed)) {
		fprintf(stderr, "usage: %s [sim|time]\n", argv[0]);
		return 2;
	}
	setlinebuf(stdout);
	rng_seed(1);
	if (simulate) {
		report_fill(&line_of_3, 2000);
		report_geometries(1000);
		report_growth(&line_of_3, 2);
		report_growth(&lines_of_6, 2);
		report_growth(&lines_of_7, 2);
		report_sized(&line_of_3, 4096);
		report_churn(&line_of_3, 300);
	}
	if (timed) {
		report_time(1 << 20, 0.6, 0, 11);
		report_time(1 << 20, 0.7, 4, 11);
		report_time(1 << 20, 0.75, 0, 11);
		report_time(1 << 12, 0.7, 4, 11);
	}
	return 0;
}
