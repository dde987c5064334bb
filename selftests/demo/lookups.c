// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many lookups a second one thread does: the keys of a map of flows, over
 * and over, in strided batches.
 *
 * Usage: lookups NAME MILLISECONDS
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/kcmap.h>
#include <linux/kcmap_classify.h>

#define BATCH 256

static struct kcmap_flow_key keys[BATCH];
static struct kcmap_flow_value values[BATCH];
static __s32 statuses[BATCH];

static void die(const char *what)
{
	fprintf(stderr, "lookups: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* The first keys of the map, repeated until the batch is full. */
static void read_keys(int map)
{
	struct kcmap_scan scan = {
		.size = sizeof(scan),
		.keys = (uintptr_t)keys,
		.capacity = BATCH,
	};
	unsigned int i;

	while (!scan.count) {
		if (ioctl(map, KCMAP_MAP_SCAN, &scan))
			die("KCMAP_MAP_SCAN");
		if (!scan.count && scan.flags & KCMAP_SCAN_END) {
			errno = ENOENT;
			die("no flows");
		}
		scan.flags = 0;
	}
	for (i = scan.count; i < BATCH; i++)
		keys[i] = keys[i - scan.count];
}

static void look_up(int map)
{
	struct kcmap_submit submit = {
		.size = sizeof(submit),
		.flags = KCMAP_SUBMIT_STRIDED,
		.nr = BATCH,
		.opcode = KCMAP_OP_LOOKUP,
		.keys = (uintptr_t)keys,
		.results = (uintptr_t)values,
		.statuses = (uintptr_t)statuses,
	};
	unsigned int i;

	if (ioctl(map, KCMAP_MAP_SUBMIT, &submit) || submit.done != BATCH)
		die("KCMAP_MAP_SUBMIT");
	for (i = 0; i < BATCH; i++) {
		errno = -statuses[i];
		if (statuses[i] || !values[i].packets)
			die("lookup");
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	unsigned long long lookups = 0;
	double start, end;
	char path[64];
	int map;

	if (argc != 3) {
		fprintf(stderr, "Usage: lookups NAME MILLISECONDS\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/dev/kcmap/%s", argv[1]);
	map = open(path, O_RDONLY);
	if (map < 0)
		die(path);
	read_keys(map);
	start = now();
	do {
		look_up(map);
		lookups += BATCH;
		end = now();
	} while ((end - start) * 1000 < atoi(argv[2]));
	printf("%llu lookups in %.2f s, %d in a call: %.0f lookups per second\n",
	       lookups, end - start, BATCH, (double)lookups / (end - start));
	return 0;
}
