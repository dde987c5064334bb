// SPDX-License-Identifier: GPL-2.0-only
/*
 * What programs do with a map while kcmap_torture.ko tortures it: processes map its live
 * view and snapshots, fault their pages, look keys up, unmap, fork, and hesitate: a
 * signal stops them wherever they are. Values are those of kcmap_torture.h.
 *
 * A look-up through the view comes between two by ioctl. Versions of a key only rise,
 * so what it finds must be no older than what the first found, and no newer than what
 * the second did; and where these found the same, so must it.
 *
 * Usage: torture_view MAP RANGE SECONDS [PROCESSES]
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libkcmap.h>

#include "../../kmod/torture/kcmap_torture.h"

#define LOOKUPS 2000 /* through one mapping */
#define PROCESSES 4
#define PROCESSES_MAX 64

static struct kcmap_map *map;
static uint32_t key_size, value_size, range;
static uint64_t random_state;
static const char *name;
static time_t end;

/* What all processes did. */
struct counts {
	uint64_t lookups, found, snapshots, forks;
};

static struct counts *counts;

static void __attribute__((noreturn, format(printf, 1, 2)))
fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "torture_view: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	_exit(1);
}

static uint32_t below(uint32_t limit)
{
	random_state += 0x9e3779b97f4a7c15ULL;
	return (uint32_t)((kcmap_torture_mix(random_state) >> 32) * limit >>
			  32);
}

static void add(uint64_t *count, uint64_t nr)
{
	__atomic_add_fetch(count, nr, __ATOMIC_RELAXED);
}

/* Return: the version that was found; 0: none. */
static uint32_t version_of(const char *by, int rc, uint32_t number,
			   const void *value)
{
	uint32_t version;

	if (rc == -ENOENT)
		return 0;
	if (rc)
		fail("%s: key %u: %s", by, number, strerror(-rc));
	version = kcmap_torture_value_read(value, value_size, number);
	if (!version)
		fail("%s: key %u: a value that nobody stored", by, number);
	return version;
}

static uint32_t by_ioctl(uint32_t number, const void *key)
{
	uint8_t value[KCMAP_TORTURE_VALUE_MAX];

	return version_of("ioctl", kcmap_map_lookup(map, key, value), number,
			  value);
}

static void look(const struct kcmap_view *view)
{
	uint8_t key[KCMAP_TORTURE_KEY_MAX], value[KCMAP_TORTURE_VALUE_MAX];
	uint32_t number = below(below(2) ? range : range / 64 + 1);
	uint32_t before, seen, after;

	kcmap_torture_key(key, key_size, number);
	before = by_ioctl(number, key);
	seen = version_of("view", kcmap_view_lookup(view, key, value), number,
			  value);
	after = by_ioctl(number, key);
	if ((seen && (seen < before || (after && seen > after))) ||
	    (before && before == after && seen != before))
		fail("view: key %u: version %u (0: none), after %u and before %u",
		     number, seen, before, after);
	add(&counts->lookups, 1);
	add(&counts->found, !!seen);
}

static void look_often(const struct kcmap_view *view)
{
	unsigned int i;

	for (i = 0; i < LOOKUPS && time(NULL) < end; i++)
		look(view);
}

/* A child has the mapping of its parent, and may outlive it there. */
static void look_in_child(const struct kcmap_view *view)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (!pid) {
		look_often(view);
		_exit(0);
	}
	look(view);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid: %s", strerror(errno));
	if (status)
		_exit(1);
	add(&counts->forks, 1);
}

struct walk {
	uint64_t nr, sum;
};

static int note_entry(const void *key, const void *value, void *arg)
{
	struct walk *walk = arg;
	uint32_t number;

	if (!kcmap_torture_key_read(key, key_size, &number))
		fail("snapshot: a key that nobody stored");
	walk->nr++;
	walk->sum = kcmap_torture_mix(walk->sum + number);
	walk->sum = kcmap_torture_mix(walk->sum +
				      version_of("snapshot", 0, number, value));
	return 0;
}

static struct walk walk_snapshot(struct kcmap_map_snapshot *snapshot)
{
	struct walk walk = { 0 };
	int rc = kcmap_snapshot_for_each(snapshot, note_entry, &walk);

	if (rc)
		fail("snapshot: %s", strerror(-rc));
	if (walk.nr != kcmap_snapshot_len(snapshot))
		fail("snapshot: %ju entries, the header says %ju",
		     (uintmax_t)walk.nr,
		     (uintmax_t)kcmap_snapshot_len(snapshot));
	add(&counts->snapshots, 1);
	return walk;
}

static void check_snapshot(struct kcmap_map_snapshot *snapshot)
{
	struct walk first = walk_snapshot(snapshot), second;

	usleep(below(50000));
	second = walk_snapshot(snapshot);
	if (first.sum != second.sum)
		fail("snapshot: it has changed");
}

static void take_snapshot(void)
{
	struct kcmap_map_snapshot *snapshot;
	int rc;

	rc = kcmap_snapshot_open(map, &snapshot);
	/* As many as may be, or no memory for one. */
	if (rc == -EDQUOT || rc == -ENOMEM)
		return;
	if (rc)
		fail("snapshot: %s", strerror(-rc));
	check_snapshot(snapshot);
	rc = kcmap_snapshot_refresh(snapshot);
	if (!rc)
		check_snapshot(snapshot);
	else if (rc != -EDQUOT && rc != -ENOMEM)
		fail("refresh: %s", strerror(-rc));
	kcmap_snapshot_close(snapshot);
}

static void hesitate(int signal)
{
	const struct timespec while_ = { .tv_nsec = 1000000 * (signal + 50L) };
	int saved = errno;

	nanosleep(&while_, NULL);
	errno = saved;
}

static void open_map(void)
{
	struct kcmap_map_info info;
	int rc;

	rc = kcmap_map_open(name, O_RDONLY, &map);
	if (!rc)
		rc = kcmap_map_get_info(map, &info, sizeof(info));
	if (rc)
		fail("%s: %s", name, strerror(-rc));
	key_size = info.key_size;
	value_size = info.value_size;
	if (key_size < KCMAP_TORTURE_KEY_MIN ||
	    key_size > KCMAP_TORTURE_KEY_MAX ||
	    value_size < KCMAP_TORTURE_VALUE_MIN ||
	    value_size > KCMAP_TORTURE_VALUE_MAX)
		fail("%s: not a map that is tortured", name);
}

static void work(unsigned int number)
{
	const struct itimerval often = {
		.it_interval = { .tv_usec = 100000 + 7000 * number },
		.it_value = { .tv_usec = 50000 },
	};
	struct sigaction action = { .sa_handler = hesitate,
				    .sa_flags = SA_RESTART };
	struct kcmap_view *view;
	int rc;

	random_state = number;
	open_map();
	/* Every other one. */
	if (number % 2) {
		sigaction(SIGALRM, &action, NULL);
		setitimer(ITIMER_REAL, &often, NULL);
	}
	while (time(NULL) < end) {
		rc = kcmap_view_open(map, &view);
		if (rc)
			fail("view: %s", strerror(-rc));
		if (below(2))
			kcmap_view_prefault(view);
		if (below(2))
			look_in_child(view);
		else
			look_often(view);
		kcmap_view_close(view);
		take_snapshot();
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned int i, nr = argc > 4 ? strtoul(argv[4], NULL, 0) : PROCESSES;
	int status, bad = 0;

	if (argc < 4 || !nr || nr > PROCESSES_MAX) {
		fprintf(stderr,
			"usage: torture_view MAP RANGE SECONDS [PROCESSES]\n");
		return 2;
	}
	name = argv[1];
	range = strtoul(argv[2], NULL, 0);
	end = time(NULL) + strtol(argv[3], NULL, 0);
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
	for (i = 0; i < nr; i++)
		if (!fork())
			work(i);
	for (i = 0; i < nr; i++) {
		if (wait(&status) < 0)
			fail("wait: %s", strerror(errno));
		bad |= status;
	}
	printf("view: %ju look-ups, %ju found; %ju walks of snapshots; %ju forks\n",
	       (uintmax_t)counts->lookups, (uintmax_t)counts->found,
	       (uintmax_t)counts->snapshots, (uintmax_t)counts->forks);
	return bad || !counts->found || !counts->snapshots;
}
