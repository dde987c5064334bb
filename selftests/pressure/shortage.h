/* SPDX-License-Identifier: GPL-2.0-only */
/* The ways in which memory is made short, and given back. */
#ifndef SHORTAGE_H
#define SHORTAGE_H

#include <limits.h>
#include <sched.h>
#include <linux/membarrier.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "fault/debugfs.h"
#include "model.h"

enum {
	MEMCG = 1
		<< 0, /* memory.max of the map's creator is near what it needs */
	SLAB = 1
	       << 1, /* the injectors, in the order of their names: failslab */
	PAGE = 1 << 2, /* fail_page_alloc */
	TABLE = 1 << 3, /* kcmap's own allocations, those of its workers, too */
	MAPPED = 1 << 4, /* page faults of views and snapshots */
	RECLAIM =
		1
		<< 5, /* shrinkers run, and another process takes what is free */
	GRACE = 1 << 6, /* what is freed is free late */
};

static const char *const shortage_names[] = { "memcg", "failslab", "page_alloc",
					      "table", "mapping",  "reclaim",
					      "grace" };

/* What reclaim and late grace periods leave short shows where there is a limit. */
static const unsigned int kinds[] = {
	MEMCG, SLAB, PAGE, TABLE | MAPPED, RECLAIM | MEMCG, GRACE | MEMCG,
};

#define GROUP "/tmp/pressure/creator"
/* All entries, in buckets that are two thirds full, and what a snapshot pins. */
#define NEED (KEYS * (VALUE_SIZE + 8LL) * 3)
#define FQS "/sys/module/rcutree/parameters/jiffies_till_"

static pid_t reclaimer;

static void shortage_name(unsigned int shortage, char *name, size_t size)
{
	unsigned int i;

	name[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(shortage_names); i++) {
		if (!(shortage & 1U << i))
			continue;
		if (name[0])
			strncat(name, "+", size - strlen(name) - 1);
		strncat(name, shortage_names[i], size - strlen(name) - 1);
	}
}

static void write_number(const char *path, long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", number);
	write_text(path, text);
}

/* --- The creator's memory --- */

static void group_make(void)
{
	mkdir("/tmp/pressure", 0755);
	REQUIRE(!mount("none", "/tmp/pressure", "cgroup2", 0, NULL));
	write_text("/tmp/pressure/cgroup.subtree_control", "+memory");
	REQUIRE(!mkdir(GROUP, 0755));
}

static long group_charged(void)
{
	return read_number(GROUP "/memory.current");
}

/* Without what each CPU has in stock for the group, and without page cache. */
static long group_settled(void)
{
	long charged;

	write_text(GROUP "/memory.high", "0");
	charged = group_charged();
	write_text(GROUP "/memory.high", "max");
	return charged;
}

static void group_remove(void)
{
	unsigned int tries;

	for (tries = 0; rmdir(GROUP) && tries < 50; tries++)
		usleep(100000);
	umount("/tmp/pressure");
}

/* A map that the group pays for. */
static int group_map(const char *name)
{
	pid_t pid = tap_fork();

	if (!pid) {
		write_text(GROUP "/cgroup.procs", "0");
		close(map_create(name, KEYS, 8, VALUE_SIZE));
		exit(0);
	}
	tap_join(pid);
	return map_open(name, O_RDWR);
}

/* --- Injectors --- */

/*
 * The kernel's hit only tasks that ask for it, or shell and runner would die of them;
 * kcmap's hit whoever works for it.
 */
static void injector_set(const char *name, unsigned int percent)
{
	char path[96];

	snprintf(path, sizeof(path), DEBUGFS "%s/task-filter", name);
	write_text(path, strchr(name, '/') ? "N" : "Y");
	snprintf(path, sizeof(path), DEBUGFS "%s/verbose", name);
	write_text(path, "0");
	snprintf(path, sizeof(path), DEBUGFS "%s/times", name);
	write_number(path, INT_MAX);
	snprintf(path, sizeof(path), DEBUGFS "%s/probability", name);
	write_number(path, percent);
}

/* How many have failed since then. */
static uint64_t injector_hits(const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), DEBUGFS "%s/times", name);
	return INT_MAX - read_number(path);
}

/* --- Reclaim --- */

static long available_bytes(void)
{
	unsigned long kib = 0;
	char line[128];
	FILE *file = fopen("/proc/meminfo", "r");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lu", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib * 1024;
}

/* Takes all but what keeps the guest from having to kill, and gives it back. */
static void reclaim(void)
{
	long bytes;
	void *at;

	write_text("/proc/self/oom_score_adj", "1000");
	for (;;) {
		write_text("/proc/sys/vm/drop_caches", "3");
		bytes = available_bytes() - (96L << 20);
		if (bytes > 64L << 20)
			bytes = 64L << 20;
		if (bytes > 0) {
			at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
				  -1, 0);
			usleep(50000);
			if (at != MAP_FAILED)
				munmap(at, bytes);
		}
		usleep(20000);
	}
}

/* --- Grace periods --- */

/* 0: there is none of that name. */
static pid_t find_task(const char *name)
{
	char path[32], comm[32];
	FILE *file;
	pid_t pid;

	for (pid = 1; pid < 100; pid++) {
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (!fgets(comm, sizeof(comm), file))
			comm[0] = '\0';
		fclose(file);
		comm[strcspn(comm, "\n")] = '\0';
		if (!strcmp(comm, name))
			return pid;
	}
	return 0;
}

/* The task that ends grace periods gets what CPU time the others leave. */
static void grace_late(bool late)
{
	struct sched_param param = {};
	pid_t pid = find_task("rcu_preempt");

	REQUIRE(pid);
	CHECK_OK(sched_setscheduler(pid, late ? SCHED_IDLE : SCHED_OTHER,
				    &param));
	write_text(FQS "first_fqs", late ? "50" : "1");
	write_text(FQS "next_fqs", late ? "50" : "1");
}

/* How long one takes now: from the call to its end, as a writer would wait. */
static double grace_period_ms(void)
{
	double start = seconds();

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		return 0;
	return (seconds() - start) * 1000;
}

/* --- All of it --- */

/* @random decides how short memory is. */
static void shortage_begin(unsigned int shortage, uint64_t *random)
{
	unsigned int percent = 5 + rnd(random) % 26;
	long share = 25 + rnd(random) % 60;
	unsigned int i;

	inject_init();
	write_text("/sys/kernel/rcu_expedited", "0");
	if (shortage & MEMCG)
		write_number(GROUP "/memory.max",
			     group_charged() + NEED * share / 100);
	for (i = 0; i < INJECTORS; i++)
		injector_set(injectors[i], shortage & SLAB << i ? percent : 0);
	if (shortage & GRACE)
		grace_late(true);
	if (!(shortage & RECLAIM))
		return;
	reclaimer = tap_fork();
	if (!reclaimer)
		reclaim();
}

static void shortage_end(void)
{
	unsigned int i;

	for (i = 0; i < INJECTORS; i++) {
		result->injected[i] = injector_hits(injectors[i]);
		injector_set(injectors[i], 0);
	}
	grace_late(false);
	write_text(GROUP "/memory.max", "max");
	if (reclaimer > 0) {
		kill(reclaimer, SIGKILL);
		waitpid(reclaimer, NULL, 0);
		reclaimer = 0;
	}
}

/* From here on the kernel's injectors hit this task. */
static void shortage_hits_me(void)
{
	/* Not its own memory: that would be a test of the kernel's page faults. */
	REQUIRE(!mlockall(MCL_CURRENT));
	write_text("/proc/thread-self/make-it-fail", "1");
}

#endif /* SHORTAGE_H */
