// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs of calls that need programs: page faults beside writes of the torture test,
 * and any reader beside the destruction of its map and the unloading of the module.
 * Usage: pair fault SECONDS | pair destroy READER | pair unload READER
 *
 * Prints what was wrong. Exit status: 0: nothing; 1: something; 2: it cannot run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <libkcmap.h>

#define KEYS 600
#define MAX_VALUE 128
#define ROUNDS 30
#define ROUNDS_AFTER 5
#define NAME "pair"

static bool wrong;

static void say(const char *format, ...)
{
	va_list args;

	if (wrong)
		return;
	wrong = true;
	printf("wrong: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static void need(int rc, const char *what)
{
	if (!rc)
		return;
	printf("%s: %s\n", what, strerror(-rc));
	exit(2);
}

static struct kcmap_map *new_map(const char *name, uint32_t value_size,
				 uint64_t max_entries)
{
	struct kcmap_create_opts opts;
	struct kcmap_ctl *ctl;
	struct kcmap_map *map;

	need(kcmap_ctl_open(&ctl), "control");
	/* One that was killed may have left its map. */
	kcmap_ctl_destroy(ctl, name);
	kcmap_create_opts_init(&opts, 8, value_size, max_entries);
	need(kcmap_ctl_create(ctl, name, &opts), "create");
	kcmap_ctl_close(ctl);
	need(kcmap_map_open(name, O_RDWR, &map), "open");
	return map;
}

/* For a destroyed map its name is free: that is no error here. */
static void destroy(const char *name)
{
	struct kcmap_ctl *ctl;

	need(kcmap_ctl_open(&ctl), "control");
	kcmap_ctl_destroy(ctl, name);
	kcmap_ctl_close(ctl);
}

static void fill(struct kcmap_map *map)
{
	uint64_t key;

	for (key = 0; key < KEYS; key++)
		need(kcmap_map_insert(map, &key, &key), "insert");
}

/* What a reader holds; the map's descriptor is closed where it can do without. */
struct held {
	struct kcmap_map *map;
	struct kcmap_map_snapshot *snapshot;
	struct kcmap_view *view;
};

static void read_scan(struct held *held)
{
	const void *key, *value;
	struct kcmap_iter *iter;
	unsigned int nr = 0;

	need(kcmap_iter_new(held->map, 0, 0, &iter), "scan");
	while (kcmap_iter_next(iter, &key, &value) == 1)
		nr++;
	kcmap_iter_free(iter);
	if (nr != KEYS)
		say("a scan found %u of %u keys", nr, KEYS);
}

static void read_stats(struct held *held)
{
	struct kcmap_stats stats;
	int rc = kcmap_map_get_stats(held->map, &stats, sizeof(stats));

	if (rc || stats.entries != KEYS)
		say("STATS: %d, %llu of %u entries", rc,
		    (unsigned long long)stats.entries, KEYS);
}

static void read_snapshot(struct held *held)
{
	int rc = kcmap_snapshot_refresh(held->snapshot);

	if (rc || kcmap_snapshot_len(held->snapshot) != KEYS)
		say("a snapshot: %d, %llu of %u entries", rc,
		    (unsigned long long)kcmap_snapshot_len(held->snapshot),
		    KEYS);
}

static void look(const struct kcmap_view *view)
{
	uint64_t key, value;

	for (key = 0; key < KEYS; key++)
		if (kcmap_view_lookup(view, &key, &value) || value != key) {
			say("a view has not key %llu", (unsigned long long)key);
			break;
		}
}

static void read_view(struct held *held)
{
	look(held->view);
}

/* Another mapping each time: every page is faulted in. */
static void read_fault(struct held *held)
{
	struct kcmap_view *view;

	need(kcmap_view_open(held->map, &view), "view");
	look(view);
	kcmap_view_close(view);
}

static const struct reader {
	const char *name;
	void (*read)(struct held *held);
	bool snapshot;
	bool view;
} readers[] = {
	{ "scan", read_scan, false, false },
	{ "stats", read_stats, false, false },
	{ "snapshot", read_snapshot, true, false },
	{ "view", read_view, false, true },
	{ "fault", read_fault, false, false },
};

static const struct reader *find_reader(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(readers) / sizeof(*readers); i++)
		if (!strcmp(readers[i].name, name))
			return &readers[i];
	need(-EINVAL, name);
	return NULL;
}

static void hold(const struct reader *reader, struct held *held)
{
	held->map = new_map(NAME, 8, 100000);
	fill(held->map);
	if (reader->snapshot)
		need(kcmap_snapshot_open(held->map, &held->snapshot),
		     "snapshot");
	if (reader->view)
		need(kcmap_view_open(held->map, &held->view), "view");
	if (reader->snapshot || reader->view) {
		kcmap_map_close(held->map);
		held->map = NULL;
	}
}

static void let_go(const struct reader *reader, struct held *held)
{
	if (reader->view)
		kcmap_view_close(held->view);
	if (reader->snapshot)
		kcmap_snapshot_close(held->snapshot);
	if (held->map)
		kcmap_map_close(held->map);
}

static void *destroy_soon(void *arg)
{
	usleep(rand() % 20000);
	destroy(NAME);
	__atomic_store_n((bool *)arg, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Who has the map open goes on, whenever it is destroyed. */
static void pair_destroy(const struct reader *reader)
{
	int round, after;

	for (round = 0; round < ROUNDS && !wrong; round++) {
		struct held held = {};
		bool done = false;
		pthread_t thread;

		hold(reader, &held);
		need(-pthread_create(&thread, NULL, destroy_soon, &done),
		     "thread");
		for (after = 0; after < ROUNDS_AFTER && !wrong;
		     after += __atomic_load_n(&done, __ATOMIC_ACQUIRE))
			reader->read(&held);
		pthread_join(thread, NULL);
		let_go(reader, &held);
	}
}

static int module_users(void)
{
	FILE *file = fopen("/sys/module/kcmap/refcnt", "r");
	int users = -1;

	if (!file || fscanf(file, "%d", &users) != 1)
		need(-ENOENT, "refcnt");
	fclose(file);
	return users;
}

/*
 * Whether it could be unloaded is asked before it is tried: the success would be the
 * end of this kernel.
 */
static void *unload(void *arg)
{
	int round;

	for (round = 0; round < ROUNDS; round++) {
		if (module_users() <= 0) {
			say("the module is used, and could be unloaded");
			break;
		}
		if (!syscall(SYS_delete_module, "kcmap", O_NONBLOCK)) {
			say("the module is used, and was unloaded");
			break;
		}
		usleep(1000);
	}
	__atomic_store_n((bool *)arg, true, __ATOMIC_RELEASE);
	return NULL;
}

static void pair_unload(const struct reader *reader)
{
	struct held held = {};
	bool done = false;
	pthread_t thread;

	hold(reader, &held);
	need(-pthread_create(&thread, NULL, unload, &done), "thread");
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
		reader->read(&held);
	pthread_join(thread, NULL);
	let_go(reader, &held);
	destroy(NAME);
}

/* What a snapshot says; each look asks for pages that were not mapped before. */
struct walk {
	uint64_t entries;
	uint64_t sum;
};

static int visit(const void *key, const void *value, void *arg)
{
	struct walk *walk = arg;
	uint64_t words[2];

	memcpy(&words[0], key, sizeof(words[0]));
	memcpy(&words[1], value, sizeof(words[1]));
	walk->entries++;
	walk->sum += (words[0] + 1) * (words[1] | 1);
	return 0;
}

/* A page that is not there is as wrong as one that says something else. */
static void no_page(int signal)
{
	static const char text[] = "wrong: no page\n";

	(void)signal;
	_exit(write(1, text, sizeof(text) - 1) < 0 ? 2 : 1);
}

/* A snapshot of which the second half is asked for some time after the first. */
static void fault_snapshot(struct kcmap_map *map)
{
	struct kcmap_map_snapshot *snapshot;
	struct walk walks[3] = {};
	int i;

	need(kcmap_snapshot_open(map, &snapshot), "snapshot");
	/* Long enough for what was replaced meanwhile to be used for another. */
	usleep(rand() % 300000);
	for (i = 0; i < 3; i++) {
		usleep(20000);
		need(kcmap_snapshot_for_each(snapshot, visit, &walks[i]),
		     "walk");
	}
	if (walks[0].entries != kcmap_snapshot_len(snapshot) ||
	    walks[0].sum != walks[2].sum ||
	    walks[0].entries != walks[1].entries)
		say("a snapshot of %llu entries: %llu, sum %llx; then %llu, sum %llx",
		    (unsigned long long)kcmap_snapshot_len(snapshot),
		    (unsigned long long)walks[0].entries,
		    (unsigned long long)walks[0].sum,
		    (unsigned long long)walks[2].entries,
		    (unsigned long long)walks[2].sum);
	kcmap_snapshot_close(snapshot);
}

/* The live view, too: its frames come and go while they are faulted in. */
static void fault_view(struct kcmap_map *map)
{
	uint64_t key, value[MAX_VALUE / sizeof(uint64_t)];
	struct kcmap_view *view;

	need(kcmap_view_open(map, &view), "view");
	for (key = 0; key < 64; key++)
		kcmap_view_lookup(view, &key, value);
	kcmap_view_close(view);
}

static void pair_fault(int seconds)
{
	/* Few entries fill a segment, so that there are many. */
	struct kcmap_map *map = new_map(NAME, MAX_VALUE, 1000);
	time_t end = time(NULL) + seconds;

	signal(SIGBUS, no_page);
	puts("ready");
	fflush(stdout);
	while (time(NULL) < end && !wrong) {
		fault_snapshot(map);
		fault_view(map);
	}
	kcmap_map_close(map);
	destroy(NAME);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "fault"))
		pair_fault(atoi(argv[2]));
	else if (argc == 3 && !strcmp(argv[1], "destroy"))
		pair_destroy(find_reader(argv[2]));
	else if (argc == 3 && !strcmp(argv[1], "unload"))
		pair_unload(find_reader(argv[2]));
	else
		return 2;
	return wrong;
}
