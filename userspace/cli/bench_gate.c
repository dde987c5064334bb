// SPDX-License-Identifier: MIT
/* What the gate takes: by itself, and in snapshots. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

#define GATE_MS 500
#define GATE_ENTRIES 65536

static bool time_gate(int fd, const struct contender *contender,
		      unsigned int threads, unsigned int repeat)
{
	const struct shape none = {};
	struct sample sample =
		sample_of("gate", contender, &none, threads, repeat);
	struct kcmap_bench_gate args = {
		.ms = GATE_MS,
		.writers = threads - 1,
	};

	if (ioctl(fd, KCMAP_BENCH_GATE, &args)) {
		bench_say("gate: %s", strerror(errno));
		return false;
	}
	sample_latency(&sample, &args.latency);
	sample_add(&sample);
	return true;
}

/**
 * gate_measure() - the gate, idle and with writers on all other CPUs
 * @contender: kcmap
 * @threads: CPUs
 * @repeats: of everything
 *
 * Samples: "gate": how long writers are kept out, nothing done meanwhile, where
 * threads are the keeper and its writers; those of taken_measure() for as many writers
 * as there are CPUs.
 *
 * Return: false after a message.
 */
bool gate_measure(const struct contender *contender, unsigned int threads,
		  unsigned int repeats)
{
	const struct shape shape = { bench_config.entries ?: GATE_ENTRIES, 8,
				     8 };
	int fd = open(BENCH_DEVICE, O_RDWR | O_CLOEXEC);
	unsigned int repeat;
	bool good = fd >= 0;

	for (repeat = 0; repeat < repeats && good; repeat++) {
		bench_progress("gate, %u threads, repeat %u of %u", threads,
			       repeat + 1, repeats);
		good = time_gate(fd, contender, 1, repeat);
		if (good && threads > 1)
			good = time_gate(fd, contender, threads, repeat);
	}
	close(fd);
	return good &&
	       taken_measure(contender, &shape, threads, false, repeats);
}
