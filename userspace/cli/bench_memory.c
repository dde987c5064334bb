// SPDX-License-Identifier: MIT
/*
 * How much memory a table takes while it grows: what the kernel's allocator of
 * pages has no more, whoever has it (slabs, vmalloc, page tables), and not what
 * the table says of itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

#define MEMORY_FROM (1 << 16)
/* To 16 times as many: four times from one split of all segments to the next. */
#define MEMORY_DOUBLINGS 4
#define MEMORY_STEPS 16 /* a doubling */
#define MEMORY_STEP 1.0442737824274138 /* the 16th root of 2 */
#define MEMORY_SAMPLES (MEMORY_DOUBLINGS * MEMORY_STEPS + 1)

#define ZONEINFO_SIZE 65536

/* Free pages, those included that CPUs hold ready. */
long bench_free_pages_now(void)
{
	static char info[ZONEINFO_SIZE];
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);
	long pages = 0, size = 0, got;
	char *line, *next = info;

	/* CPUs count for themselves; this adds it up. */
	if (fd < 0 || write(fd, "1", 1) != 1)
		return -1;
	close(fd);
	fd = open("/proc/zoneinfo", O_RDONLY | O_CLOEXEC);
	while ((got = read(fd, info + size, sizeof(info) - 1 - size)) > 0)
		size += got;
	close(fd);
	info[size] = 0;
	while ((line = strsep(&next, "\n"))) {
		line += strspn(line, " ");
		if (!strncmp(line, "pages free ", 11))
			pages += atol(line + 11);
		else if (!strncmp(line, "count: ", 7))
			pages += atol(line + 7);
	}
	return size ? pages : -1;
}

/* When nobody allocates or frees any more: tables may still grow by themselves. */
long bench_free_pages(void)
{
	long before, pages = bench_free_pages_now();
	int tries;

	for (tries = 0; tries < 100; tries++) {
		before = pages;
		usleep(10000);
		pages = bench_free_pages_now();
		if (labs(pages - before) < 4)
			break;
	}
	return pages;
}

/**
 * memory_measure() - memory of a table from 64 Ki to 1 Mi entries
 * @contender: of what kind
 * @shape: sizes of key and value
 *
 * A sample for each of 65 sizes, each 2^(1/16) times the one before: so that each
 * state between two splits counts alike. To be called once in the life of a
 * kernel: slabs keep what the table before had, and the next is then built of
 * that and seems to be smaller by a sixth.
 *
 * Return: false after a message.
 */
bool memory_measure(const struct contender *contender,
		    const struct shape *shape)
{
	struct kcmap_bench_resize resize = {};
	struct shape now = *shape;
	double bytes[MEMORY_SAMPLES];
	unsigned int entries[MEMORY_SAMPLES], i;
	double size = MEMORY_FROM;
	struct sample sample;
	long before, after;
	int fd;

	/* What the first of its kind leaves behind is not this one's. */
	now.entries = BENCH_ENTRIES_MIN;
	fd = table_open(contender, &now, MEMORY_FROM << MEMORY_DOUBLINGS, 1,
			NULL);
	if (fd < 0)
		return false;
	close(fd);
	before = bench_free_pages();
	fd = table_open(contender, &now, MEMORY_FROM << MEMORY_DOUBLINGS, 1,
			NULL);
	for (i = 0; i < MEMORY_SAMPLES && fd >= 0; i++) {
		entries[i] = size + 0.5;
		size *= MEMORY_STEP;
		resize.entries = entries[i];
		if (ioctl(fd, KCMAP_BENCH_RESIZE, &resize)) {
			bench_say("%s: growing to %u: %s", contender->name,
				  entries[i], strerror(errno));
			break;
		}
		after = bench_free_pages();
		bytes[i] = (double)(before - after) * sysconf(_SC_PAGESIZE) /
			   entries[i];
	}
	close(fd);
	/* Only now: samples take memory, too. */
	if (i < MEMORY_SAMPLES || before < 0 || after < 0)
		return false;
	for (i = 0; i < MEMORY_SAMPLES; i++) {
		now.entries = entries[i];
		sample = sample_of("memory", contender, &now, 1, 0);
		sample.bytes_per_entry = bytes[i];
		sample_add(&sample);
	}
	return true;
}
