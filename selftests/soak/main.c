// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: soak SECONDS SEED
 *
 * Makes the maps, starts the workers, kills some of them now and then, and prints how far
 * it is: a line for people, and one that begins with "record " and is JSON. The last of
 * these is the result, so that there is one even if the machine dies.
 *
 * Exit status: 0, 1: there were failures, 2: it could not begin.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "soak.h"

#define TICK_US 50000
#define REPORT_SECONDS 10
#define HUNG_SECONDS 60

const struct job jobs[] = {
	{ NULL, 40, job_single },	 { NULL, 10, job_batch },
	{ NULL, 10, job_strided },	 { NULL, 1, job_sweep },
	{ NULL, 40, job_pair },		 { NULL, 20, job_lookup },
	{ "view", 30, job_view },	 { "scan", 1, job_scan },
	{ "snapshot", 2, job_snapshot }, { "clear", 10, job_clear },
	{ "create", 2, job_create },	 { "stats", 2, job_stats },
};

const unsigned int nr_jobs = ARRAY_SIZE(jobs);

static struct shared *shared;
static struct kcmap_ctl *ctl;
static uint64_t seed, kills;

/* A worker's process, and when it last got on. */
static struct {
	pid_t pid;
	uint64_t turns;
	double since;
	bool killed;
} processes[WORKERS];

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void create_map(const char *name, unsigned int key_words,
		       unsigned int value_words, uint64_t max)
{
	struct kcmap_create_opts opts;
	int err;

	kcmap_create_opts_init(&opts, 8 * key_words, 8 * value_words, max);
	kcmap_ctl_destroy(ctl, name);
	err = kcmap_ctl_create(ctl, name, &opts);
	if (err)
		die(name, err);
}

static struct kcmap_map *open_map(const char *name)
{
	struct kcmap_map *map;
	int err = kcmap_map_open(name, O_RDWR, &map);

	if (err)
		die(name, err);
	return map;
}

static const struct job *choose_job(struct worker *worker)
{
	unsigned int sum = 0, at, i;

	for (i = 0; i < nr_jobs; i++)
		sum += jobs[i].weight;
	at = (unsigned int)(rnd(&worker->random) >> 20) % sum;
	for (i = 0; at >= jobs[i].weight; i++)
		at -= jobs[i].weight;
	return &jobs[i];
}

static void work(unsigned int number, uint64_t life)
{
	static struct worker worker;
	const struct job *job;
	unsigned int i;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	worker.number = number;
	worker.victim = number >= WORKERS - VICTIMS;
	worker.shared = shared;
	worker.random = (seed + 1) * 0x9e3779b97f4a7c15ULL + number * 1000003 +
			life * 7919;
	for (i = 0; i < SHAPES; i++) {
		worker.maps[i] = open_map(shapes[i].name);
		err = kcmap_view_open(worker.maps[i], &worker.views[i]);
		if (err)
			die("view", err);
	}
	worker.clear_map = open_map(CLEAR_NAME);
	adopt_lane(&worker);
	store(&shared->workers[number].ready, 1);
	while (!load(&shared->stop)) {
		job = choose_job(&worker);
		shared->workers[number].jobs[job - jobs] += job->run(&worker);
		store(&shared->workers[number].turns,
		      load(&shared->workers[number].turns) + 1);
	}
	exit(0);
}

static void start(unsigned int number)
{
	static uint64_t lives;

	lives++;
	fflush(stdout);
	processes[number].pid = fork();
	if (processes[number].pid < 0)
		die("fork", -errno);
	if (!processes[number].pid)
		work(number, lives);
	processes[number].killed = false;
	processes[number].since = now(CLOCK_MONOTONIC);
}

/* What a process had created and not yet destroyed. */
static void sweep(pid_t pid)
{
	char name[KCMAP_NAME_SIZE];

	snprintf(name, sizeof(name), "soak.new.%d", pid);
	kcmap_ctl_destroy(ctl, name);
}

static void reap(bool again)
{
	unsigned int i;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < WORKERS && processes[i].pid != pid; i++)
			;
		if (i == WORKERS)
			continue;
		if (!processes[i].killed && (again || status))
			fail(shared, FAIL_DIED, "worker %u: status %x", i,
			     (unsigned int)status);
		sweep(pid);
		processes[i].pid = 0;
		if (again)
			start(i);
	}
}

static void watch(void)
{
	double time = now(CLOCK_MONOTONIC);
	uint64_t turns;
	unsigned int i;

	for (i = 0; i < WORKERS; i++) {
		turns = load(&shared->workers[i].turns);
		if (turns != processes[i].turns) {
			processes[i].turns = turns;
			processes[i].since = time;
		} else if (processes[i].pid &&
			   time - processes[i].since > HUNG_SECONDS) {
			fail(shared, FAIL_HUNG, "worker %u, %ju turns", i,
			     (uintmax_t)turns);
			processes[i].since = time;
			processes[i].killed = true;
			kill(processes[i].pid, SIGKILL);
		}
	}
}

static void kill_one(uint64_t *random)
{
	unsigned int i =
		WORKERS - 1 - (unsigned int)(rnd(random) >> 20) % VICTIMS;

	/* One that is still taking over would never get to work. */
	if ((rnd(random) >> 20) % 4 || !processes[i].pid ||
	    processes[i].killed ||
	    load(&shared->workers[i].turns) == processes[i].turns)
		return;
	processes[i].killed = true;
	kill(processes[i].pid, SIGKILL);
	kills++;
}

static uint64_t sum_of(const char *name, bool print)
{
	uint64_t sum = 0, all = 0;
	unsigned int i, w;

	for (i = 0; i < OPCODES; i++, all += sum, sum = 0) {
		for (w = 0; w < WORKERS; w++)
			sum += load(&shared->workers[w].done[i]);
		if (print)
			printf("\"%s\":%ju,", opcodes[i].name, (uintmax_t)sum);
	}
	for (i = 0; i < nr_jobs; i++, all += sum, sum = 0) {
		for (w = 0; w < WORKERS && jobs[i].name; w++)
			sum += load(&shared->workers[w].jobs[i]);
		if (print && jobs[i].name)
			printf("\"%s\":%ju,", jobs[i].name, (uintmax_t)sum);
	}
	if (print)
		printf("\"%s\":%ju", name, (uintmax_t)kills);
	return all + kills;
}

static uint64_t failures(bool print)
{
	uint64_t sum = 0, count;
	unsigned int i;

	for (i = 0; i < FAIL_NR; i++) {
		count = load(&shared->failures[i]);
		sum += count;
		if (print)
			printf("%s\"%s\":%ju", i ? "," : "", failure_name(i),
			       (uintmax_t)count);
	}
	return sum;
}

/* Hours of the guest's monotonic clock: since all workers were at work. */
static void report(double seconds, double whole, double recovery)
{
	printf("soak: %.0f of %.0f s, %ju operations, %ju failures\n", seconds,
	       whole, (uintmax_t)sum_of("kill", false),
	       (uintmax_t)failures(false));
	printf("record {\"hours\":%.9f,\"operations\":{", seconds / 3600);
	sum_of("kill", true);
	printf("},\"failures\":{");
	failures(true);
	printf("},\"refused\":%ju,\"recovery_seconds\":%.2f}\n",
	       (uintmax_t)load(&shared->refused), recovery);
	fflush(stdout);
}

static bool all_ready(void)
{
	unsigned int i;

	for (i = 0; i < WORKERS; i++)
		if (!load(&shared->workers[i].ready))
			return false;
	return true;
}

/* A worker that does not come to its end has not got an answer. */
static void finish(void)
{
	double began = now(CLOCK_MONOTONIC);
	unsigned int i, left;

	do {
		reap(false);
		left = 0;
		for (i = 0; i < WORKERS; i++)
			left += !!processes[i].pid;
		usleep(TICK_US);
	} while (left && now(CLOCK_MONOTONIC) - began < HUNG_SECONDS);
	for (i = 0; i < WORKERS; i++)
		if (processes[i].pid)
			fail(shared, FAIL_HUNG, "worker %u, at the end", i);
}

static void run(double whole)
{
	uint64_t random = seed * 0x9e3779b97f4a7c15ULL | 1;
	double began, recovery, seconds, told = 0;

	while (!all_ready() && !failures(false)) {
		reap(true);
		usleep(TICK_US);
	}
	began = now(CLOCK_MONOTONIC);
	recovery = now(CLOCK_BOOTTIME);
	for (;;) {
		seconds = now(CLOCK_MONOTONIC) - began;
		if (seconds >= whole)
			break;
		if (seconds - told >= REPORT_SECONDS) {
			report(seconds, whole, recovery);
			told = seconds;
		}
		usleep(TICK_US);
		kill_one(&random);
		watch();
		reap(true);
	}
	store(&shared->stop, 1);
	finish();
	report(seconds, whole, recovery);
}

int main(int argc, char **argv)
{
	unsigned int i;
	double seconds;
	int err;

	if (argc != 3) {
		fprintf(stderr, "Usage: soak SECONDS SEED\n");
		return 2;
	}
	seconds = atof(argv[1]);
	seed = strtoull(argv[2], NULL, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap", -errno);
	err = kcmap_ctl_open(&ctl);
	if (err)
		die("cannot open " KCMAP_DEV_CONTROL, err);
	for (i = 0; i < SHAPES; i++)
		create_map(shapes[i].name, shapes[i].key_words,
			   shapes[i].value_words, KEYS);
	create_map(CLEAR_NAME, 1, 1, CLEAR_KEYS);
	for (i = 0; i < WORKERS; i++)
		start(i);
	run(seconds);
	return failures(false) ? 1 : 0;
}
