// SPDX-License-Identifier: GPL-2.0-only
/* max_entries is exact: never more, and never refused while there are fewer. */
#include "uapi.h"

#include <sched.h>

#define PROCESSES 8

struct shared {
	uint32_t go;
	uint64_t stored, refused, other;
};

static struct shared *share(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared),
				     PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	REQUIRE(shared != MAP_FAILED);
	return shared;
}

static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static void race(uint64_t max, uint32_t key_size, uint32_t value_size,
		 uint32_t flags)
{
	int fd = map_create_flags(NULL, max, key_size, value_size, flags);
	uint64_t extra = max / 4 + 50, round;

	/* Full, emptied in part, and full again. */
	for (round = 0; round < 3; round++) {
		uint64_t before = map_stats(fd).entries;
		struct shared *shared = share();
		pid_t pids[PROCESSES];
		unsigned int p;

		for (p = 0; p < PROCESSES; p++) {
			pids[p] = tap_fork();
			if (!pids[p]) {
				uint8_t key[128] = {}, value[1024] = {};
				uint64_t i;

				while (!__atomic_load_n(&shared->go,
							__ATOMIC_ACQUIRE))
					sched_yield();
				for (i = p; i < max + extra; i += PROCESSES) {
					uint64_t k = i * 3 + round;
					int ret;

					memcpy(key, &k, 8);
					ret = op(fd, KCMAP_OP_INSERT, key,
						 value, NULL);
					if (!ret)
						count(&shared->stored);
					else if (ret == -ENOSPC)
						count(&shared->refused);
					else
						count(&shared->other);
				}
				exit(0);
			}
		}
		__atomic_store_n(&shared->go, 1, __ATOMIC_RELEASE);
		for (p = 0; p < PROCESSES / 2; p++)
			CHECK(map_stats(fd).entries <= max);
		for (p = 0; p < PROCESSES; p++)
			tap_join(pids[p]);

		CHECK_EQ(shared->stored, max - before);
		CHECK_EQ(shared->refused, extra + before);
		CHECK_EQ(shared->other, 0);
		CHECK_EQ(map_stats(fd).entries, max);
		CHECK_EQ(scan_all(fd, key_size, value_size, 1000, NULL, NULL),
			 max);

		/* Room again for as many as go. */
		for (p = 0; p < max + extra; p += 2) {
			uint8_t key[128] = {};
			uint64_t k = (uint64_t)p * 3 + round;

			memcpy(key, &k, 8);
			op(fd, KCMAP_OP_DELETE, key, NULL, NULL);
		}
		munmap(shared, sizeof(*shared));
	}
	close(fd);
}

TEST(exact_1)
{
	race(1, 8, 8, 0);
}

TEST(exact_7)
{
	race(7, 8, 8, 0);
}

TEST(exact_100)
{
	race(100, 8, 8, KCMAP_F_HASH_FAST);
}

TEST(exact_1000)
{
	race(1000, 40, 32, 0);
}

TEST(exact_1000_large)
{
	race(1000, 128, 1024, 0);
}

TEST(exact_20000)
{
	race(20000, 8, 8, KCMAP_F_HASH_FAST);
}

/*
 * As many keys as fit are shared out among the processes, each of which deletes
 * one of its own before it inserts another: there is always room.
 */
TEST(never_refused_below)
{
	enum { EACH = 25, ROUNDS = 4000 };
	int fd = map_create(NULL, PROCESSES * EACH, 8, 8);
	struct shared *shared = share();
	pid_t pids[PROCESSES];
	unsigned int p;

	for (p = 0; p < PROCESSES; p++) {
		pids[p] = tap_fork();
		if (!pids[p]) {
			uint64_t base = (uint64_t)(p + 1) << 32, i;

			for (i = 0; i < EACH; i++) {
				uint64_t key = base + i;

				CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &key,
					    NULL),
					 0);
			}
			while (__atomic_load_n(&shared->go, __ATOMIC_ACQUIRE) <
			       p)
				sched_yield();
			__atomic_fetch_add(&shared->go, 1, __ATOMIC_ACQ_REL);
			for (i = 0; i < ROUNDS; i++) {
				uint64_t old = base + i, key = old + EACH;

				CHECK_EQ(op(fd, KCMAP_OP_DELETE, &old, NULL,
					    NULL),
					 0);
				CHECK_EQ(op(fd,
					    i % 2 ? KCMAP_OP_INSERT :
						    KCMAP_OP_UPSERT,
					    &key, &key, NULL),
					 0);
			}
			exit(0);
		}
	}
	for (p = 0; p < 200; p++)
		CHECK(map_stats(fd).entries <= PROCESSES * EACH);
	for (p = 0; p < PROCESSES; p++)
		tap_join(pids[p]);
	CHECK_EQ(map_stats(fd).entries, PROCESSES * EACH);
}

/* A full map still takes new values for the keys that it has. */
TEST(full_map_takes_updates)
{
	int fd = map_create(NULL, 3, 8, 8);
	uint64_t key, value;

	for (key = 0; key < 3; key++)
		CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &key, NULL), 0);
	for (key = 0; key < 3; key++) {
		value = key + 100;
		CHECK_EQ(op(fd, KCMAP_OP_UPSERT, &key, &value, NULL), 0);
		value = 0;
		CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, &key, NULL, &value), 0);
		CHECK_EQ(value, key + 100);
		CHECK_EQ(op(fd, KCMAP_OP_INSERT, &key, &key, NULL), -EEXIST);
	}
	CHECK_EQ(op(fd, KCMAP_OP_UPSERT, &key, &key, NULL), -ENOSPC);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
