// SPDX-License-Identifier: MIT
/* What writers notice of snapshots, and snapshots of writers. */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libkcmap.h>

#include "bench.h"

#define TAKEN_MS 2000
#define TAKEN_BRIEF_MS 500 /* where there are more CPUs than cores, perhaps */
#define TAKE_NS 10000000L /* a hundred in a second */
#define TAKEN_MAX 4096

/**
 * struct taken - what the process that takes snapshots shares with its parent
 * @stop: it is to end
 * @watch: it is to look at the kernel's memory, which disturbs writers
 * @error: errno
 * @nr: snapshots
 * @least: fewest free pages that it saw
 * @ns: how long each call took
 */
struct taken {
	bool stop, watch;
	int error;
	unsigned int nr;
	long least;
	uint64_t ns[TAKEN_MAX];
};

/**
 * bench_snapshot() - make a snapshot, and do nothing with it
 * @map: descriptor of the map
 *
 * Return: its descriptor, or a negative errno.
 */
int bench_snapshot(int map)
{
	struct kcmap_snapshot arg = { .size = sizeof(arg) };

	return ioctl(map, KCMAP_MAP_SNAPSHOT, &arg) ? -errno : arg.fd;
}

/* The kernel's threads have the first CPUs. */
static void go_to_last_cpu(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)(cpus > 0 && cpus < CPU_SETSIZE ? cpus - 1 : 0), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Each is closed when the next one is there. */
static void take(int map, struct taken *taken)
{
	struct timespec next;
	int fd = -1, old;
	uint64_t start;
	long pages;

	/* The parent may be killed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	go_to_last_cpu();
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!__atomic_load_n(&taken->stop, __ATOMIC_ACQUIRE)) {
		next.tv_nsec += TAKE_NS;
		if (next.tv_nsec >= 1000000000L) {
			next.tv_nsec -= 1000000000L;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		old = fd;
		start = bench_now();
		fd = bench_snapshot(map);
		if (fd < 0) {
			taken->error = -fd;
			break;
		}
		taken->ns[taken->nr % TAKEN_MAX] = bench_now() - start;
		taken->nr++;
		if (taken->watch && taken->nr % 8 == 0) {
			pages = bench_free_pages_now();
			if (pages < taken->least)
				taken->least = pages;
		}
		if (old >= 0)
			close(old);
	}
}

/* Updates in @threads kernel threads, of which the first is timed. */
static int write_timed(int fd, unsigned int threads, unsigned int ms,
		       struct sample *sample)
{
	struct kcmap_bench_timed timed = {
		.bench = BENCH_UPDATE,
		.threads = threads,
		.ms = ms,
	};

	if (ioctl(fd, KCMAP_BENCH_TIMED, &timed))
		return errno;
	sample->loop_ns = timed.loop_latency.p50_ns;
	sample_latency(sample, &timed.latency);
	return timed.errors ? EIO : 0;
}

/* The same while another process takes snapshots. Return: 0 or an errno. */
static int write_and_take(int fd, int map, unsigned int threads,
			  unsigned int ms, struct sample *sample,
			  struct taken *taken)
{
	pid_t pid;
	int error;

	taken->stop = false;
	taken->nr = 0;
	taken->least = LONG_MAX;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return errno;
	if (!pid) {
		take(map, taken);
		_exit(0);
	}
	error = write_timed(fd, threads, ms, sample);
	__atomic_store_n(&taken->stop, true, __ATOMIC_RELEASE);
	waitpid(pid, NULL, 0);
	error = error ?: taken->error;
	return error ?: taken->nr ? 0 : EIO;
}

/* One repeat; @before: free pages without the map, or 0: memory is not asked for. */
static int repeat_taken(int fd, int map, unsigned int threads, long before,
			struct sample *alone, struct sample *beside,
			struct sample *calls, struct taken *taken)
{
	double page = (double)sysconf(_SC_PAGESIZE) / alone->shape.entries;
	unsigned int ms = before ? TAKEN_MS : TAKEN_BRIEF_MS;
	struct sample unused = *beside;
	size_t n;
	int error;

	taken->watch = false;
	error = write_timed(fd, threads, ms, alone);
	error = error ?: write_and_take(fd, map, threads, ms, beside, taken);
	if (error)
		return error;
	n = taken->nr < TAKEN_MAX ? taken->nr : TAKEN_MAX;
	sample_times(calls, taken->ns, n);
	if (!before)
		return 0;
	taken->watch = true;
	error = write_and_take(fd, map, threads, ms, &unused, taken);
	beside->bytes_per_entry = (before - taken->least) * page;
	return error;
}

/**
 * taken_measure() - updates while snapshots are taken, a hundred in a second
 * @contender: kcmap
 * @shape: of the map
 * @threads: that update; the first is timed
 * @memory: count memory, too, and take longer over all
 * @repeats: of everything
 *
 * Samples: "snapshot_under_write": latencies of updates, with the timer, and the most
 * memory that there was; "snapshot_under_write_alone": the same without snapshots;
 * "snapshot_under_write_create": how long the calls took that made them.
 *
 * Return: false after a message.
 */
bool taken_measure(const struct contender *contender, const struct shape *shape,
		   unsigned int threads, bool memory, unsigned int repeats)
{
	struct sample alone, beside, calls;
	unsigned int repeat;
	struct taken *taken;
	int fd, map, error = 0;
	double own;
	long before;

	taken = mmap(NULL, sizeof(*taken), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (taken == MAP_FAILED)
		return false;
	before = memory ? bench_free_pages() : 0;
	fd = table_open(contender, shape, shape->entries, 1, &map);
	/* Now, since snapshots leave frames behind that go only by and by. */
	own = memory ? (double)(before - bench_free_pages()) *
			       sysconf(_SC_PAGESIZE) / shape->entries :
		       NAN;
	for (repeat = 0; fd >= 0 && repeat < repeats && !error; repeat++) {
		bench_progress("snapshots of %u entries, %u writers, repeat %u of %u",
			       shape->entries, threads, repeat + 1, repeats);
		alone = sample_of("snapshot_under_write_alone", contender,
				  shape, threads, repeat);
		beside = sample_of("snapshot_under_write", contender, shape,
				   threads, repeat);
		calls = sample_of("snapshot_under_write_create", contender,
				  shape, threads, repeat);
		alone.bytes_per_entry = own;
		error = repeat_taken(fd, map, threads, before, &alone, &beside,
				     &calls, taken);
		if (error)
			break;
		sample_add(&alone);
		sample_add(&beside);
		sample_add(&calls);
	}
	if (error)
		bench_say("snapshots beside writes: %s", strerror(error));
	if (fd >= 0) {
		close(map);
		close(fd);
	}
	munmap(taken, sizeof(*taken));
	return !error;
}
