// SPDX-License-Identifier: MIT
/* How a table grows from 1 Ki to 4 Mi entries. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

#define GROW_FROM 1024
#define GROW_TO (1 << 22)

static const struct contender nothing = { "empty", NULL, BENCH_ENGINES };

static bool resize(int fd, unsigned int entries)
{
	struct kcmap_bench_resize args = { .entries = entries };

	return !ioctl(fd, KCMAP_BENCH_RESIZE, &args);
}

/*
 * Grow the table of @fd, and add what that took; where there is a reader,
 * what its look-ups took, under the name of @reader.
 */
static bool grow(int fd, const struct contender *contender,
		 const struct shape *shape, const char *reader,
		 unsigned int repeat, unsigned int *ms)
{
	struct kcmap_bench_grow args = {
		.entries = shape->entries,
		.readers = reader ? 1 : 0,
	};
	struct sample sample = sample_of(reader ?: "grow", contender, shape,
					 1 + args.readers, repeat);

	if (ioctl(fd, KCMAP_BENCH_GROW, &args))
		return false;
	if (args.errors) {
		bench_say("%s %s: %" PRIu64 " wrong answers", contender->name,
			  sample.bench, (uint64_t)args.errors);
		errno = EIO;
		return false;
	}
	if (reader) {
		sample.ns_per_op = (double)args.read_ns / args.reads;
		sample.dist = "uniform";
	} else {
		sample.ns_per_op = (double)args.ns / args.done;
		sample_latency(&sample, &args.latency);
	}
	sample_add(&sample);
	*ms = args.ns / 1000000 + 1;
	return true;
}

/* For as long as growing took: what the same clock says of nothing. */
static bool jitter(int fd, const struct shape *shape, unsigned int ms,
		   unsigned int repeat)
{
	struct sample sample =
		sample_of("grow_jitter", &nothing, shape, 1, repeat);
	struct kcmap_bench_jitter args = {
		.ms = ms < BENCH_MS_MAX ? ms : BENCH_MS_MAX,
	};

	if (ioctl(fd, KCMAP_BENCH_JITTER, &args))
		return false;
	sample_latency(&sample, &args.latency);
	sample_add(&sample);
	return true;
}

/**
 * grow_measure() - growth from 1 Ki to 4 Mi entries of 8-byte keys and values
 * @contender: what grows
 * @repeat: which one
 *
 * Samples: "grow", latencies of inserts, with the timer; "grow_jitter", those of
 * the machine and the timer alone; "grow_lookup", look-ups of the keys that were
 * there in the beginning, meanwhile; "grow_lookup_presized", the same under the
 * same inserts into the same map, which has been that large already: in the
 * kernel a delete never merges, so it has nothing left to do but to store.
 *
 * Return: false after a message.
 */
bool grow_measure(const struct contender *contender, unsigned int repeat)
{
	const struct shape from = { GROW_FROM, 8, 8 };
	const struct shape to = { GROW_TO, 8, 8 };
	bool good = false;
	unsigned int ms;
	int fd;

	fd = table_open(contender, &from, GROW_TO, 1, NULL);
	if (fd < 0)
		return true;
	if (!grow(fd, contender, &to, NULL, repeat, &ms) ||
	    !jitter(fd, &to, ms, repeat))
		goto out;
	close(fd);

	fd = table_open(contender, &from, GROW_TO, 1, NULL);
	if (fd < 0)
		return false;
	good = grow(fd, contender, &to, "grow_lookup", repeat, &ms) &&
	       resize(fd, GROW_FROM) &&
	       grow(fd, contender, &to, "grow_lookup_presized", repeat, &ms);
out:
	if (!good)
		bench_say("growing %s: %s", contender->name, strerror(errno));
	close(fd);
	return good;
}
