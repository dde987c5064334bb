// SPDX-License-Identifier: GPL-2.0-only
/*
 * Latency of look-ups and writes under contention: reported, never judged.
 *
 * Usage: latency [DIRECTORY]
 *
 * DIRECTORY/latency.json has the figures; in the VM of the tests it is /out,
 * which goes to the host.
 *
 * Each process looks a random key up and replaces the value of another, by
 * turns, one ioctl each, and times both. "hot" is one key for all, "spread" is
 * KEYS keys.
 */
#include "uapi.h"

#include <sched.h>

#define KEYS 10000
#define SAMPLES 8000 /* of each kind, a process */
#define PROCESSES_MAX 8

struct samples {
	uint32_t ready, go;
	uint32_t ns[2][PROCESSES_MAX][SAMPLES];
};

static FILE *json;

static uint32_t now_since(const struct timespec *start)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	return (end.tv_sec - start->tv_sec) * 1000000000LL + end.tv_nsec -
	       start->tv_nsec;
}

static void measure(struct samples *samples, int fd, unsigned int process,
		    uint64_t keys)
{
	uint64_t seed = process + 1;
	unsigned int i;

	for (i = 0; i < SAMPLES; i++) {
		uint64_t key = rnd(&seed) % keys, value;
		struct timespec start;

		clock_gettime(CLOCK_MONOTONIC, &start);
		CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, &key, NULL, &value), 0);
		samples->ns[0][process][i] = now_since(&start);
		key = rnd(&seed) % keys;
		clock_gettime(CLOCK_MONOTONIC, &start);
		CHECK_EQ(op(fd, KCMAP_OP_UPDATE, &key, &value, NULL), 0);
		samples->ns[1][process][i] = now_since(&start);
	}
}

static int compare(const void *left, const void *right)
{
	uint32_t l = *(const uint32_t *)left, r = *(const uint32_t *)right;

	return l < r ? -1 : l > r;
}

static void report(uint32_t *ns, size_t n, const char *what,
		   unsigned int processes, const char *where)
{
	uint32_t p50, p99, p999, p9999, max;

	qsort(ns, n, sizeof(*ns), compare);
	p50 = ns[n / 2];
	p99 = ns[n * 99 / 100];
	p999 = ns[n * 999 / 1000];
	p9999 = ns[n * 9999 / 10000];
	max = ns[n - 1];
	tap_diag("%s, %u processes, %s keys:", what, processes, where);
	tap_diag("  p50 %u p99 %u p99.9 %u p99.99 %u max %u ns", p50, p99, p999,
		 p9999, max);
	if (!json)
		return;
	/* Each test is a process of its own: only the file knows who is first. */
	fseek(json, 0, SEEK_END);
	fprintf(json, "%s\n{\"operation\": \"%s\", \"processes\": %u, ",
		ftell(json) > 1 ? "," : "", what, processes);
	fprintf(json, "\"keys\": \"%s\", \"samples\": %zu, ", where, n);
	fprintf(json, "\"p50_ns\": %u, \"p99_ns\": %u, \"p99_9_ns\": %u, ", p50,
		p99, p999);
	fprintf(json, "\"p99_99_ns\": %u, \"max_ns\": %u}", p9999, max);
	fflush(json);
}

static void run(unsigned int processes, uint64_t keys, const char *where)
{
	struct samples *samples = mmap(NULL, sizeof(*samples),
				       PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = map_create(NULL, KEYS, 8, 8);
	pid_t pids[PROCESSES_MAX];
	unsigned int i;
	uint64_t key;

	REQUIRE(samples != MAP_FAILED);
	memset(samples, 0, sizeof(*samples));
	for (key = 0; key < KEYS; key++)
		CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &key, NULL), 0);
	for (i = 0; i < processes; i++) {
		pids[i] = tap_fork();
		if (!pids[i]) {
			__atomic_fetch_add(&samples->ready, 1,
					   __ATOMIC_RELAXED);
			while (!__atomic_load_n(&samples->go, __ATOMIC_ACQUIRE))
				sched_yield();
			measure(samples, fd, i, keys);
			_exit(0);
		}
	}
	while (__atomic_load_n(&samples->ready, __ATOMIC_ACQUIRE) < processes)
		sched_yield();
	__atomic_store_n(&samples->go, 1, __ATOMIC_RELEASE);
	for (i = 0; i < processes; i++)
		tap_join(pids[i]);
	report(samples->ns[0][0], (size_t)processes * SAMPLES, "lookup",
	       processes, where);
	report(samples->ns[1][0], (size_t)processes * SAMPLES, "update",
	       processes, where);
	munmap(samples, sizeof(*samples));
	close(fd);
}

#define LATENCY(processes)                      \
	TEST(latency_##processes##_processes)   \
	{                                       \
		run(processes, 1, "hot");       \
		run(processes, KEYS, "spread"); \
	}

LATENCY(1)
LATENCY(2)
LATENCY(4)
LATENCY(8)

int main(int argc, char **argv)
{
	const char *directory = getenv("KCMAP_VM") ? "/out" : NULL;
	char path[256];
	int ret;

	if (argc > 1)
		directory = argv[1];
	if (directory) {
		snprintf(path, sizeof(path), "%s/latency.json", directory);
		json = fopen(path, "w");
		if (!json) {
			printf("Bail out! cannot write %s\n", path);
			return 1;
		}
		fprintf(json, "[");
		fflush(json);
	}
	ret = tap_main(1, argv);
	if (json) {
		fprintf(json, "\n]\n");
		ret |= fclose(json) != 0;
	}
	return ret;
}
