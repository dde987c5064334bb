// SPDX-License-Identifier: GPL-2.0-only
/*
 * A live system: unloading, processes that are killed in the middle of things, many maps
 * at once, and many one after another. KCMAP_LONG=1 in the environment: as many as a
 * year of use would see.
 */
#include "image.h"

#include "atomic.h"
#include "meminfo.h"

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define NR 16384 /* items of a batch */
#define MIB (1LL << 20)

/* A value says its key, in each word. */
#define VALUE_WORDS 4

static bool is_long(void)
{
	const char *text = getenv("KCMAP_LONG");

	if (!text || strcmp(text, "1"))
		return false;
	alarm(0);
	return true;
}

static void *share(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	REQUIRE(at != MAP_FAILED);
	return at;
}

static void make_value(uint64_t value[VALUE_WORDS], uint64_t key)
{
	unsigned int i;

	for (i = 0; i < VALUE_WORDS; i++)
		value[i] = key ^ i;
}

static void check_entry(const void *key, const void *value, void *ctx)
{
	uint64_t want[VALUE_WORDS];
	uint64_t number;

	(void)ctx;
	memcpy(&number, key, sizeof(number));
	make_value(want, number);
	CHECK(!memcmp(value, want, sizeof(want)));
}

/* --- Unloading --- */

static int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK);
}

/* What alone keeps the module, one after another; and then nothing does. */
TEST(unload_refused_by_each)
{
	int fd, snapshot, control;
	struct image image;
	void *at;

	unload("kcmap_classify");
	/* A descriptor of the control node, of a map, of one without a name. */
	control = control_open();
	CHECK_ERRNO(unload("kcmap"), EWOULDBLOCK);
	close(control);
	fd = map_create(PREFIX "unload", 100, 8, 8);
	CHECK_ERRNO(unload("kcmap"), EWOULDBLOCK);
	/* A mapping of the live view, whose descriptor is closed. */
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(at != MAP_FAILED);
	snapshot = snapshot_create(fd);
	close(fd);
	image = image_map(snapshot);
	CHECK_OK(destroy(PREFIX "unload"));
	CHECK_ERRNO(unload("kcmap"), EWOULDBLOCK);
	CHECK_OK(munmap(at, 4096));
	/* A snapshot, and then its mapping. */
	CHECK_ERRNO(unload("kcmap"), EWOULDBLOCK);
	close(snapshot);
	CHECK_ERRNO(unload("kcmap"), EWOULDBLOCK);
	CHECK_EQ(image_each(&image, NULL, NULL), 0);
	image_unmap(&image);
	/* A module that uses it, as the classifier does. */
	CHECK_EQ(system("modprobe kcmap_classify"), 0);
	CHECK_ERRNO(unload("kcmap"), EWOULDBLOCK);
	CHECK_OK(unload("kcmap_classify"));
	CHECK_OK(unload("kcmap"));
	CHECK_ERRNO(access(CONTROL, F_OK), ENOENT);
	/* Nothing is left by what does not load. */
	CHECK(system("modprobe kcmap maps_max=0 2>/dev/null") != 0);
	CHECK_ERRNO(access(CONTROL, F_OK), ENOENT);
	CHECK_EQ(system("modprobe kcmap"), 0);
}

/* --- Killed in the middle --- */

/* What a process that is killed leaves behind: how far its call had come. */
struct batch {
	struct kcmap_submit submit;
	uint64_t running; /* opcode + 1; 0: between two */
	uint64_t batches;
	int32_t statuses[NR];
	uint64_t keys[NR];
	uint64_t values[NR][VALUE_WORDS];
	struct kcmap_op ops[NR];
};

static struct batch *batch_new(uint64_t first)
{
	struct batch *batch = share(sizeof(*batch));
	unsigned int i;

	for (i = 0; i < NR; i++) {
		batch->keys[i] = first + i;
		make_value(batch->values[i], first + i);
	}
	return batch;
}

/* All of the process's keys, in one call of either form. */
static void run_batch(int fd, struct batch *batch, int opcode, bool is_strided)
{
	bool stores = opcode == KCMAP_OP_INSERT;
	unsigned int i;

	batch->submit = (struct kcmap_submit){
		.size = sizeof(batch->submit),
		.nr = NR,
	};
	if (is_strided) {
		batch->submit.flags = KCMAP_SUBMIT_STRIDED;
		batch->submit.opcode = opcode;
		batch->submit.keys = PTR(batch->keys);
		batch->submit.values = stores ? PTR(batch->values) : 0;
		batch->submit.statuses = PTR(batch->statuses);
	} else {
		for (i = 0; i < NR; i++)
			batch->ops[i] = (struct kcmap_op){
				.opcode = opcode,
				.key = PTR(&batch->keys[i]),
				.value = stores ? PTR(batch->values[i]) : 0,
			};
		batch->submit.ops = PTR(batch->ops);
		batch->submit.op_size = sizeof(batch->ops[0]);
	}
	store(&batch->running, opcode + 1);
	CHECK_OK(ioctl(fd, KCMAP_MAP_SUBMIT, &batch->submit));
	CHECK_EQ(batch->submit.done, NR);
	store(&batch->running, 0);
	add(&batch->batches, 1);
}

/* Everything is inserted, everything is deleted, for ever. */
static void run_batches(int fd, struct batch *batch)
{
	unsigned int i;

	for (i = 0;; i++)
		run_batch(fd, batch, i % 2 ? KCMAP_OP_DELETE : KCMAP_OP_INSERT,
			  i % 4 < 2);
}

static bool is_present(int fd, uint64_t key)
{
	uint64_t value[VALUE_WORDS];
	int ret = op(fd, KCMAP_OP_LOOKUP, &key, NULL, value);

	CHECK(!ret || ret == -ENOENT);
	if (!ret)
		check_entry(&key, value, NULL);
	return !ret;
}

/*
 * Of a process that has been killed: items before done were executed, those behind were
 * not. Return: whether it was in the middle. Afterwards its keys are gone.
 */
static bool check_killed(int fd, const struct batch *batch)
{
	unsigned int done = batch->submit.done, i, wrong = 0;
	bool inserting = batch->running == KCMAP_OP_INSERT + 1;

	for (i = 0; i < NR && batch->running; i++)
		wrong += is_present(fd, batch->keys[i]) !=
			 (inserting ? i < done : i >= done);
	CHECK_EQ(wrong, 0);
	for (i = 0; i < NR; i++)
		op(fd, KCMAP_OP_DELETE, &batch->keys[i], NULL, NULL);
	return batch->running && done && done < NR;
}

TEST(killed_in_a_batch)
{
	enum { PROCESSES = 3 };
	unsigned int rounds = is_long() ? 400 : 12, round, p, middle = 0;
	int fd = map_create(NULL, PROCESSES * NR, 8, VALUE_WORDS * 8);
	struct batch *batch[PROCESSES];
	pid_t pids[PROCESSES];
	uint64_t seed = 42;

	for (p = 0; p < PROCESSES; p++)
		batch[p] = batch_new((uint64_t)p << 32);
	for (round = 0; round < rounds; round++) {
		for (p = 0; p < PROCESSES; p++) {
			batch[p]->batches = 0;
			batch[p]->running = 0;
			pids[p] = tap_fork();
			if (!pids[p])
				run_batches(fd, batch[p]);
		}
		for (p = 0; p < PROCESSES; p++)
			while (!load(&batch[p]->batches))
				usleep(1000);
		usleep(rnd(&seed) % 100000);
		for (p = 0; p < PROCESSES; p++)
			kill(pids[p], SIGKILL);
		for (p = 0; p < PROCESSES; p++)
			waitpid(pids[p], NULL, 0);
		for (p = 0; p < PROCESSES; p++)
			middle += check_killed(fd, batch[p]);
		CHECK_EQ(scan_all(fd, 8, VALUE_WORDS * 8, 1000, NULL, NULL), 0);
		CHECK_EQ(map_stats(fd).entries, 0);
	}
	tap_diag("%u of %u killed in the middle of a batch", middle,
		 rounds * PROCESSES);
	CHECK(middle > 0);
}

/* Snapshots, refreshes, images read, scans, views: for ever. */
static void read_for_ever(int fd)
{
	for (;;) {
		int snapshot = snapshot_create(fd);
		struct image image = image_map(snapshot), view = image_map(fd);
		unsigned int i;

		for (i = 0; i < 5; i++) {
			image_each(&image, check_entry, NULL);
			snapshot_refresh(snapshot);
			scan_all(fd, 8, VALUE_WORDS * 8, 500, check_entry,
				 NULL);
		}
		for (i = 0; i < 1000; i++) {
			uint64_t key = i, value[VALUE_WORDS];

			image_lookup(&view, &key, value);
		}
		image_unmap(&view);
		close(snapshot);
		image_unmap(&image);
	}
}

TEST(killed_while_reading)
{
	enum { PROCESSES = 4, ENTRIES = 5000 };
	unsigned int rounds = is_long() ? 400 : 15, round, i;
	int fd = map_create(NULL, ENTRIES, 8, VALUE_WORDS * 8);
	uint64_t seed = 7, key, value[VALUE_WORDS];
	pid_t pids[PROCESSES];
	struct kcmap_stats stats;
	uint64_t memory;
	double end;

	for (key = 0; key < ENTRIES; key++) {
		make_value(value, key);
		CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, value, NULL), 0);
	}
	memory = map_stats(fd).memory;
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < PROCESSES; i++) {
			pids[i] = tap_fork();
			if (!pids[i])
				read_for_ever(fd);
		}
		for (end = seconds() + 0.05 + rnd(&seed) % 300 / 1000.0;
		     seconds() < end;) {
			key = rnd(&seed) % ENTRIES;
			make_value(value, key);
			CHECK_EQ(op(fd, KCMAP_OP_UPDATE, &key, value, NULL), 0);
		}
		for (i = 0; i < PROCESSES; i++)
			kill(pids[i], SIGKILL);
		for (i = 0; i < PROCESSES; i++)
			waitpid(pids[i], NULL, 0);
		/* What only they had has gone with them. */
		CHECK_EQ(map_stats(fd).snapshots, 0);
		CHECK_EQ(map_stats(fd).snapshot_bytes, 0);
		CHECK_EQ(scan_all(fd, 8, VALUE_WORDS * 8, 1000, check_entry,
				  NULL),
			 ENTRIES);
	}
	/* And a little later what was kept for those who map it. */
	for (i = 0; i < 100; i++) {
		stats = map_stats(fd);
		if (stats.memory < memory * 5 / 4)
			break;
		usleep(50000);
	}
	tap_diag("%llu bytes before, %llu after", (unsigned long long)memory,
		 (unsigned long long)stats.memory);
	CHECK(stats.memory < memory * 5 / 4);
}

/* --- Out of memory --- */

static char base[64];

static void group_file(const char *file, char *text, size_t size, bool write_it)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/g/%s", base, file);
	if (!write_it) {
		read_text(path, text, size);
		return;
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) > 0);
	close(fd);
}

static void group_make(const char *limit)
{
	char path[128];
	int fd;

	snprintf(base, sizeof(base), "/tmp/cgroup.%d", getpid());
	REQUIRE(!mkdir(base, 0755));
	REQUIRE(!mount("none", base, "cgroup2", 0, NULL));
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", base);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(write(fd, "+memory", 7) == 7);
	close(fd);
	snprintf(path, sizeof(path), "%s/g", base);
	REQUIRE(!mkdir(path, 0755));
	group_file("memory.max", (char *)limit, 0, true);
}

static long long group_number(const char *file, const char *name)
{
	char text[512];
	const char *at;

	group_file(file, text, sizeof(text), false);
	at = strstr(text, name);
	return at ? atoll(at + strlen(name)) : -1;
}

/* More and more memory of its own, until somebody is killed for it. */
static void hog(void)
{
	char *at;

	while ((at = malloc(MIB))) {
		memset(at, 1, MIB);
		usleep(1000);
	}
	exit(0);
}

static void be_killed_first(bool yes)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	CHECK(write(fd, yes ? "1000" : "-900", 4) == 4);
	close(fd);
}

/*
 * The creator's control group has no more: the kernel kills who writes, in the middle of
 * a batch, while another in the group takes the memory.
 */
TEST(oom_killed_in_a_batch)
{
	unsigned int rounds = is_long() ? 100 : 5, round, middle = 0;
	struct batch *batch = batch_new(0);
	int status, fd;
	pid_t pids[2];
	char zero[] = "0";

	group_make("33554432");
	/* Charged here: what is shared must not count for the group. */
	memset(batch->ops, 0, sizeof(batch->ops));
	fd = map_create(NULL, NR, 8, VALUE_WORDS * 8);
	for (round = 0; round < rounds; round++) {
		batch->batches = 0;
		batch->running = 0;
		pids[0] = tap_fork();
		if (!pids[0]) {
			group_file("cgroup.procs", zero, 0, true);
			be_killed_first(true);
			run_batches(fd, batch);
		}
		while (!load(&batch->batches))
			usleep(1000);
		pids[1] = tap_fork();
		if (!pids[1]) {
			group_file("cgroup.procs", zero, 0, true);
			be_killed_first(false);
			hog();
		}
		CHECK(waitpid(pids[0], &status, 0) == pids[0] &&
		      WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		kill(pids[1], SIGKILL);
		waitpid(pids[1], NULL, 0);
		middle += check_killed(fd, batch);
		CHECK_EQ(map_stats(fd).entries, 0);
	}
	tap_diag("%lld killed, %u of %u in the middle of a batch",
		 group_number("memory.events", "oom_kill "), middle, rounds);
	CHECK(group_number("memory.events", "oom_kill ") >= rounds);
	close(fd);
	umount2(base, MNT_DETACH);
}

/* --- Many --- */

static unsigned int listed(void)
{
	static struct kcmap_map_info maps[64];
	struct kcmap_list list = {
		.size = sizeof(list),
		.maps = PTR(maps),
		.map_size = sizeof(maps[0]),
		.capacity = ARRAY_SIZE(maps),
	};
	unsigned int count = 0;
	int fd = control_open();

	do {
		CHECK_OK(ioctl(fd, KCMAP_CTL_LIST, &list));
		count += list.count;
	} while (list.count);
	close(fd);
	return count;
}

TEST(a_thousand_maps)
{
	enum { MAPS = 1000, ANONYMOUS = 100 };
	struct rlimit files = { 4096, 4096 };
	static int fds[MAPS + ANONYMOUS];
	uint64_t key, value[VALUE_WORDS];
	unsigned int i;
	char name[16];

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &files));
	for (i = 0; i < MAPS + ANONYMOUS; i++) {
		snprintf(name, sizeof(name), PREFIX "m%u", i);
		fds[i] = map_create(i < MAPS ? name : NULL, 1000, 8,
				    VALUE_WORDS * 8);
		REQUIRE(fds[i] >= 0);
	}
	CHECK_EQ(listed(), MAPS);
	/* Each has what was put there, and nothing that was put elsewhere. */
	for (i = 0; i < MAPS + ANONYMOUS; i++) {
		for (key = i; key < i + 3; key++) {
			make_value(value, key);
			CHECK_EQ(op(fds[i], KCMAP_OP_INSERT, &key, value, NULL),
				 0);
		}
	}
	for (i = 0; i < MAPS + ANONYMOUS; i++) {
		CHECK_EQ(map_stats(fds[i]).entries, 3);
		for (key = i; key < i + 3; key++)
			CHECK(is_present(fds[i], key));
		CHECK(!is_present(fds[i], i + 3));
	}
	for (i = 0; i < MAPS; i++) {
		snprintf(name, sizeof(name), PREFIX "m%u", i);
		CHECK_OK(destroy(name));
		CHECK(is_present(fds[i], i));
	}
	CHECK_EQ(listed(), 0);
	for (i = 0; i < MAPS + ANONYMOUS; i++)
		close(fds[i]);
}

/* --- Coming and going --- */

struct memory {
	long long used, slab, percpu, vmalloc;
};

static struct memory memory(void)
{
	/* Grace periods, and workers that free what they waited for. */
	sleep(2);
	/* What can be had back at any time is not lost. */
	sync();
	CHECK_EQ(system("echo 3 >/proc/sys/vm/drop_caches"), 0);
	return (struct memory){
		.used = meminfo_bytes("MemTotal") - meminfo_bytes("MemFree"),
		.slab = meminfo_bytes("Slab"),
		.percpu = meminfo_bytes("Percpu"),
		.vmalloc = meminfo_bytes("VmallocUsed"),
	};
}

/* One of a map's lives; each @number is another. */
static void live(unsigned int number)
{
	const char *name = number % 2 ? PREFIX "cycle" : NULL;
	uint8_t key[KCMAP_KEY_SIZE_MAX] = {}, value[KCMAP_VALUE_SIZE_MAX];
	int fd = map_create(name, 1 + number % 5000, 8 + number % 64,
			    number % 200);
	struct image view;
	unsigned int i;

	memset(value, 1, sizeof(value));
	for (i = 0; i < number % 32; i++) {
		memcpy(key, &i, sizeof(i));
		op(fd, KCMAP_OP_INSERT, key, value, NULL);
	}
	if (number % 8 == 0) {
		int snapshot = snapshot_create(fd);
		struct image image = image_map(snapshot);

		image_each(&image, NULL, NULL);
		op(fd, KCMAP_OP_DELETE, key, NULL, NULL);
		close(snapshot);
		image_unmap(&image);
	}
	if (name)
		CHECK_OK(destroy(name));
	if (number % 16 == 1) {
		view = image_map(fd);
		image_lookup(&view, key, value);
		image_unmap(&view);
	}
	close(fd);
}

TEST(created_and_destroyed)
{
	/*
	 * The least that a life could lose is 64 bytes or so; what the kernel keeps
	 * for itself goes up and down by less than a megabyte.
	 */
	const unsigned int cycles = is_long() ? 65536 : 1500, warm = 300;
	const long long most = 2 * MIB;
	struct memory before, after;
	double start;
	unsigned int i;

	for (i = 0; i < warm; i++)
		live(i);
	before = memory();
	start = seconds();
	for (i = 0; i < cycles; i++)
		live(i);
	tap_diag("%u cycles, %.0f us each", cycles,
		 (seconds() - start) / cycles * 1e6);
	after = memory();
	tap_diag("used %+lld, slab %+lld, percpu %+lld, vmalloc %+lld KiB",
		 (after.used - before.used) / 1024,
		 (after.slab - before.slab) / 1024,
		 (after.percpu - before.percpu) / 1024,
		 (after.vmalloc - before.vmalloc) / 1024);
	CHECK(after.used - before.used < most);
	CHECK(after.slab - before.slab < most);
	CHECK(after.percpu - before.percpu < most / 4);
	CHECK(after.vmalloc - before.vmalloc < most / 4);
	CHECK_EQ(listed(), 0);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
