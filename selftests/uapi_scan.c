// SPDX-License-Identifier: GPL-2.0-only
/* KCMAP_MAP_SCAN and KCMAP_MAP_CLEAR. */
#include "uapi.h"

#define MANY 20000

static uint8_t seen[2 * MANY];

static void note(const void *key, const void *value, void *ctx)
{
	uint64_t k, v;

	(void)ctx;
	memcpy(&k, key, 8);
	memcpy(&v, value, 8);
	if (CHECK(k < ARRAY_SIZE(seen))) {
		CHECK_EQ(v, k * 10);
		if (seen[k] < 255)
			seen[k]++;
	}
}

static void insert(int fd, uint64_t from, uint64_t to)
{
	static uint64_t keys[4096], values[4096];
	static int32_t statuses[4096];

	while (from < to) {
		unsigned int i, n = to - from < 4096 ? to - from : 4096;

		for (i = 0; i < n; i++) {
			keys[i] = from + i;
			values[i] = (from + i) * 10;
		}
		REQUIRE(strided(fd, KCMAP_OP_INSERT, n, keys, values, NULL,
				statuses) == (int)n);
		for (i = 0; i < n; i++)
			REQUIRE(!statuses[i]);
		from += n;
	}
}

/* Every size of map with every room: each key once. */
TEST(each_once)
{
	static const uint32_t entries[] = { 0, 1, 2, 3, 10, 100, 1000, 5000 };
	static const uint32_t capacities[] = {
		1, 2, 3, 7, 64, 1000, 10000, 1000000,
	};
	unsigned int e, c, i;

	for (e = 0; e < ARRAY_SIZE(entries); e++) {
		int fd = map_create_flags(NULL, 5000, 8, 8,
					  e % 2 ? KCMAP_F_HASH_FAST : 0);

		insert(fd, 0, entries[e]);
		for (c = 0; c < ARRAY_SIZE(capacities); c++) {
			memset(seen, 0, sizeof(seen));
			CHECK_EQ(scan_all(fd, 8, 8, capacities[c], note, NULL),
				 entries[e]);
			for (i = 0; i < entries[e]; i++)
				CHECK_EQ(seen[i], 1);
		}
		close(fd);
	}
}

/* Large keys and values, more of them than one call takes. */
TEST(large_entries)
{
	static uint8_t key[128], value[1024];
	int fd = map_create(NULL, 2000, sizeof(key), sizeof(value));
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		memcpy(key, &i, sizeof(i));
		memcpy(value, &i, sizeof(i));
		CHECK_EQ(op(fd, KCMAP_OP_INSERT, key, value, NULL), 0);
	}
	CHECK_EQ(scan_all(fd, 128, 1024, 2000, NULL, NULL), 2000);
	CHECK_EQ(scan_all(fd, 128, 1024, 1, NULL, NULL), 2000);
}

TEST(arguments)
{
	int fd = map_create(NULL, 100, 8, 8);
	size_t page = sysconf(_SC_PAGESIZE);
	uint8_t *room = guarded(1);
	uint64_t keys[100] = {};
	struct kcmap_scan scan = {
		.size = sizeof(scan),
		.keys = PTR(keys),
		.capacity = 100,
	};

	insert(fd, 0, 100);
	scan.capacity = 0;
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SCAN, &scan), EINVAL);
	scan.capacity = 100;
	scan.flags = KCMAP_SCAN_END;
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SCAN, &scan), EINVAL);
	scan.flags = 0;

	/* A fault loses nothing: the cursor has not moved. */
	scan.keys = 0;
	scan.count = 7;
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SCAN, &scan), EFAULT);
	scan.keys = PTR(room + page - 40);
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SCAN, &scan), EFAULT);
	scan.keys = PTR(keys);
	scan.values = 8;
	CHECK_ERRNO(ioctl(fd, KCMAP_MAP_SCAN, &scan), EFAULT);
	CHECK_EQ(scan.cursor, 0);
	CHECK_EQ(scan.flags, 0);

	/* Values are not wanted; more capacity than there is room for. */
	scan.values = 0;
	scan.capacity = UINT32_MAX;
	while (!(scan.flags & KCMAP_SCAN_END) &&
	       CHECK_OK(ioctl(fd, KCMAP_MAP_SCAN, &scan)))
		scan.keys += scan.count * 8;
	CHECK_EQ(scan.keys, PTR(keys + 100));

	/* The last hash there can be. */
	scan = (struct kcmap_scan){
		.size = sizeof(scan),
		.cursor = UINT64_MAX,
		.keys = PTR(keys),
		.capacity = 100,
	};
	CHECK_OK(ioctl(fd, KCMAP_MAP_SCAN, &scan));
	CHECK_EQ(scan.flags, KCMAP_SCAN_END);
}

TEST(set)
{
	int fd = map_create(NULL, 100, 8, 0);
	uint64_t key;

	for (key = 0; key < 100; key++)
		CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, NULL, NULL), 0);
	CHECK_EQ(scan_all(fd, 8, 0, 9, NULL, NULL), 100);
}

/* Insert and delete the keys of one process, for ever. */
static void churn(int fd, uint64_t from, uint64_t to)
{
	for (;;) {
		uint64_t key;

		for (key = from; key < to; key++) {
			uint64_t value = key * 10;
			int ret = op(fd, KCMAP_OP_INSERT, &key, &value, NULL);

			CHECK_EQ(ret, 0);
		}
		for (key = from; key < to; key++)
			CHECK_EQ(op(fd, KCMAP_OP_DELETE, &key, NULL, NULL), 0);
	}
}

/*
 * Keys below MANY stay, others come and go: those that stay are returned exactly
 * once, in a number of calls that has nothing to do with the writers.
 */
TEST(stable_keys_under_writers)
{
	static const uint32_t capacities[] = { 5, 64, 1000, 100000 };
	int fd = map_create(NULL, 2 * MANY, 8, 8);
	pid_t pids[3];
	unsigned int i, c;

	insert(fd, 0, MANY);
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = tap_fork();
		if (!pids[i])
			churn(fd, MANY + i * 5000, MANY + (i + 1) * 5000);
	}
	for (c = 0; c < ARRAY_SIZE(capacities); c++) {
		uint32_t capacity = capacities[c];
		uint64_t *keys = malloc(capacity * 8);
		uint64_t *values = malloc(capacity * 8);
		struct kcmap_scan scan = {
			.size = sizeof(scan),
			.keys = PTR(keys),
			.values = PTR(values),
			.capacity = capacity,
		};
		struct kcmap_map_info info = { .size = sizeof(info) };
		unsigned int calls = 0, bad = 0;
		uint64_t cursor;

		CHECK_OK(ioctl(fd, KCMAP_MAP_INFO, &info));
		memset(seen, 0, sizeof(seen));
		do {
			cursor = scan.cursor;
			if (!CHECK_OK(ioctl(fd, KCMAP_MAP_SCAN, &scan)))
				break;
			CHECK(scan.count <= capacity);
			CHECK(scan.cursor > cursor ||
			      (scan.flags & KCMAP_SCAN_END));
			for (i = 0; i < scan.count; i++)
				note(&keys[i], &values[i], NULL);
			calls++;
		} while (!(scan.flags & KCMAP_SCAN_END));
		for (i = 0; i < MANY; i++)
			bad += seen[i] != 1;
		if (!CHECK_EQ(bad, 0))
			tap_diag("... capacity %u", capacity);
		/* Entries there can be, and a step for each segment. */
		CHECK(calls <=
		      2 * (2 * MANY / capacity + 1) + info.segments_max + 2);
		tap_diag("capacity %u: %u calls", capacity, calls);
		free(keys);
		free(values);
	}
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	for (i = 0; i < MANY; i++) {
		uint64_t key = i;

		CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, &key, NULL, NULL), 0);
	}
}

static int clear(int fd)
{
	struct kcmap_clear args = { .size = sizeof(args) };

	return ioctl(fd, KCMAP_MAP_CLEAR, &args);
}

TEST(clear_empties)
{
	int fd = map_create(NULL, 1000, 8, 8);
	unsigned int i;

	for (i = 1; i <= 3; i++) {
		struct kcmap_stats stats;

		insert(fd, 0, 1000);
		CHECK_OK(clear(fd));
		stats = map_stats(fd);
		CHECK_EQ(stats.entries, 0);
		CHECK_EQ(stats.clears, i);
		CHECK_EQ(stats.deletes, 0);
		CHECK_EQ(scan_all(fd, 8, 8, 100, NULL, NULL), 0);
	}
	CHECK_OK(clear(fd));
	insert(fd, 0, 1000);
}

/*
 * A clear is one instant: of the keys that a process inserts one after another,
 * those before it are gone and those after it are there.
 */
TEST(clear_is_one_instant)
{
	enum { PROCESSES = 3, KEYS = 20000, ROUNDS = 4 };
	uint64_t *progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int round, p, cuts = 0;

	for (round = 0; round < ROUNDS; round++) {
		int fd = map_create(NULL, PROCESSES * KEYS, 8, 8);
		pid_t pids[PROCESSES];
		uint64_t i;

		for (p = 0; p < PROCESSES; p++) {
			progress[p] = 0;
			pids[p] = tap_fork();
			if (!pids[p]) {
				for (i = 0; i < KEYS; i++) {
					uint64_t key = p * KEYS + i;
					int ret = op(fd, KCMAP_OP_INSERT, &key,
						     &key, NULL);

					CHECK_EQ(ret, 0);
					__atomic_store_n(&progress[p], i,
							 __ATOMIC_RELEASE);
				}
				exit(0);
			}
		}
		while (__atomic_load_n(&progress[0], __ATOMIC_ACQUIRE) <
		       KEYS / 4 * (round % 3) + 100)
			;
		CHECK_OK(clear(fd));
		for (p = 0; p < PROCESSES; p++) {
			unsigned int present = 0, holes = 0;

			tap_join(pids[p]);
			for (i = 0; i < KEYS; i++) {
				uint64_t key = p * KEYS + i;

				if (!op(fd, KCMAP_OP_LOOKUP, &key, NULL, NULL))
					present++;
				else if (present)
					holes++;
			}
			CHECK_EQ(holes, 0);
			cuts += present && present < KEYS;
		}
		close(fd);
	}
	/* Or the clears came too early or too late to say anything. */
	CHECK(cuts);
}

/* Scans and clears at once end, and return nothing that never was. */
TEST(clear_while_scanned)
{
	int fd = map_create(NULL, MANY, 8, 8);
	pid_t pid = tap_fork();
	unsigned int i;

	if (!pid) {
		for (;;) {
			unsigned int from;

			for (from = 0; from < 5000; from += 500)
				insert(fd, from, from + 500);
			CHECK_OK(clear(fd));
		}
	}
	for (i = 0; i < 50; i++) {
		long n;

		memset(seen, 0, sizeof(seen));
		n = scan_all(fd, 8, 8, 1 + i * 10, note, NULL);
		CHECK(n >= 0);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
