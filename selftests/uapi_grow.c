// SPDX-License-Identifier: GPL-2.0-only
/*
 * A map that grows from next to nothing to its limit and back, again and again,
 * under processes that look for keys that are there all the time. A value says
 * its key and a number that only goes up: it is whole, of this key, and not older
 * than what was stored before the look-up began.
 */
#include "uapi.h"
#include "atomic.h"

#include <pthread.h>
#include <sys/sysinfo.h>

#define NAME PREFIX "grow"
#define STABLE 1000 /* keys that are there all the time */
#define WRITERS 4
#define EACH 26000 /* keys of a writer */
#define LIMIT 100000 /* max_entries: some of those do not fit */
#define CYCLES 4
#define BATCH 64
#define KEY_MAX 40
#define VALUE_MAX 32

static uint32_t key_size, value_size;

/* What all processes see; the numbers of stable keys before and after an update. */
struct shared {
	pthread_barrier_t barrier;
	bool done;
	uint64_t stored, refused;
	uint64_t lookups, updates, scans;
	uint64_t begun[STABLE], ended[STABLE];
};

static struct shared *shared;

static bool done(void)
{
	return __atomic_load_n(&shared->done, __ATOMIC_ACQUIRE);
}

static void meet(void)
{
	pthread_barrier_wait(&shared->barrier);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

static void make_key(uint8_t *key, uint64_t k)
{
	memset(key, 0xa5, key_size);
	memcpy(key, &k, sizeof(k));
	memcpy(key + key_size - sizeof(k), &k, sizeof(k));
}

/* 48 bits of the number, 16 that check it; the further words check it again. */
static void make_value(uint8_t *value, uint64_t k, uint64_t number)
{
	uint64_t word = number | mix(mix(k) + number) << 48;
	unsigned int at;

	for (at = 0; at < value_size; at += sizeof(word)) {
		memcpy(value + at, &word, sizeof(word));
		word = mix(word + k);
	}
}

static bool read_value(const uint8_t *value, uint64_t k, uint64_t *number)
{
	uint8_t want[VALUE_MAX];

	memcpy(number, value, sizeof(*number));
	*number &= (1ULL << 48) - 1;
	make_value(want, k, *number);
	return !memcmp(value, want, value_size);
}

/* The value of a stable key, looked up when it was at least @oldest. */
static void check_stable(const uint8_t *value, uint64_t k, uint64_t oldest)
{
	uint64_t number;

	if (CHECK(read_value(value, k, &number))) {
		CHECK(number >= oldest);
		CHECK(number <= load(&shared->begun[k]));
	}
}

static void read_one(int fd, uint64_t *random)
{
	uint8_t key[KEY_MAX], value[VALUE_MAX];
	uint64_t k = rnd(random) % STABLE;
	uint64_t oldest = load(&shared->ended[k]);

	make_key(key, k);
	if (CHECK_EQ(op(fd, KCMAP_OP_LOOKUP, key, NULL, value), 0))
		check_stable(value, k, oldest);
	add(&shared->lookups, 1);
}

static void read_batch(int fd, uint64_t *random)
{
	uint8_t keys[BATCH * KEY_MAX], values[BATCH * VALUE_MAX];
	uint64_t k[BATCH], oldest[BATCH];
	int32_t statuses[BATCH];
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		k[i] = rnd(random) % STABLE;
		oldest[i] = load(&shared->ended[k[i]]);
		make_key(keys + i * key_size, k[i]);
	}
	REQUIRE(strided(fd, KCMAP_OP_LOOKUP, BATCH, keys, NULL, values,
			statuses) == BATCH);
	for (i = 0; i < BATCH; i++)
		if (CHECK_EQ(statuses[i], 0))
			check_stable(values + i * value_size, k[i], oldest[i]);
	add(&shared->lookups, BATCH);
}

struct sight {
	uint8_t seen[STABLE];
	uint64_t oldest[STABLE];
};

static void sight(const void *key, const void *value, void *ctx)
{
	struct sight *sight = ctx;
	uint8_t want[KEY_MAX];
	uint64_t k, number;

	memcpy(&k, key, sizeof(k));
	make_key(want, k);
	CHECK(!memcmp(key, want, key_size));
	if (k >= STABLE) {
		CHECK(read_value(value, k, &number));
		return;
	}
	sight->seen[k]++;
	check_stable(value, k, sight->oldest[k]);
}

/* Each stable key exactly once. */
static void scan(int fd, uint64_t *random)
{
	struct sight all = {};
	unsigned int i;

	for (i = 0; i < STABLE; i++)
		all.oldest[i] = load(&shared->ended[i]);
	CHECK(scan_all(fd, key_size, value_size, 300 + rnd(random) % 3000,
		       sight, &all) >= STABLE);
	for (i = 0; i < STABLE; i++)
		CHECK_EQ(all.seen[i], 1);
	add(&shared->scans, 1);
}

static void update(int fd, uint64_t *random)
{
	uint8_t key[KEY_MAX], value[VALUE_MAX];
	uint64_t k = rnd(random) % STABLE;
	uint64_t number = shared->begun[k] + 1;

	make_key(key, k);
	make_value(value, k, number);
	store(&shared->begun[k], number);
	CHECK_EQ(op(fd, KCMAP_OP_UPDATE, key, value, NULL), 0);
	store(&shared->ended[k], number);
	add(&shared->updates, 1);
}

/* A process that does the same all the time. */
static pid_t keep_on(void (*fn)(int fd, uint64_t *random), int flags)
{
	pid_t pid = tap_fork();

	if (!pid) {
		int fd = map_open(NAME, flags);
		uint64_t random = getpid();

		REQUIRE(fd >= 0);
		while (!done())
			fn(fd, &random);
		exit(0);
	}
	return pid;
}

/* An operation on all keys of a writer; what it returned for each. */
static void each(int fd, int opcode, uint64_t first, uint64_t number,
		 int32_t *statuses, uint8_t *results)
{
	uint8_t keys[BATCH * KEY_MAX], values[BATCH * VALUE_MAX];
	bool stores = opcode == KCMAP_OP_INSERT || opcode == KCMAP_OP_UPDATE;
	unsigned int from, i, n;

	for (from = 0; from < EACH; from += n) {
		n = EACH - from < BATCH ? EACH - from : BATCH;
		for (i = 0; i < n; i++) {
			make_key(keys + i * key_size, first + from + i);
			make_value(values + i * value_size, first + from + i,
				   number);
		}
		REQUIRE(strided(fd, opcode, n, keys, stores ? values : NULL,
				results ? results + from * value_size : NULL,
				statuses + from) == (int)n);
	}
}

/* Whether a key is there, and which value it has. */
static void check_each(uint64_t first, uint64_t number, const bool *there,
		       const int32_t *statuses, const uint8_t *results)
{
	unsigned int i;
	uint64_t seen;

	for (i = 0; i < EACH; i++) {
		if (!CHECK_EQ(statuses[i], there[i] ? 0 : -ENOENT) ||
		    !there[i] || !results)
			continue;
		CHECK(read_value(results + i * value_size, first + i, &seen));
		CHECK_EQ(seen, number);
	}
}

static void write_cycle(int fd, unsigned int cycle, uint64_t first)
{
	static uint8_t results[EACH * VALUE_MAX];
	static int32_t statuses[EACH];
	uint64_t number = 2 * cycle;
	static bool there[EACH];
	uint64_t stored = 0;
	unsigned int i;

	each(fd, KCMAP_OP_INSERT, first, number, statuses, NULL);
	for (i = 0; i < EACH; i++) {
		there[i] = !statuses[i];
		stored += there[i];
		CHECK(there[i] || statuses[i] == -ENOSPC);
	}
	add(&shared->stored, stored);
	add(&shared->refused, EACH - stored);
	meet();
	/* Full: looked at. */
	meet();
	each(fd, KCMAP_OP_LOOKUP, first, 0, statuses, results);
	check_each(first, number, there, statuses, results);
	each(fd, KCMAP_OP_UPDATE, first, number + 1, statuses, NULL);
	check_each(first, number, there, statuses, NULL);
	each(fd, KCMAP_OP_LOOKUP_AND_DELETE, first, 0, statuses, results);
	check_each(first, number + 1, there, statuses, results);
	meet();
	/* As good as empty: looked at. */
	meet();
}

static pid_t writer(unsigned int w)
{
	pid_t pid = tap_fork();

	if (!pid) {
		int fd = map_open(NAME, O_RDWR);
		unsigned int cycle;

		REQUIRE(fd >= 0);
		for (cycle = 0; cycle < CYCLES; cycle++)
			write_cycle(fd, cycle, STABLE + (uint64_t)w * EACH);
		exit(0);
	}
	return pid;
}

/* Once as many as there may be, however many wanted in. */
static uint64_t check_full(int fd, unsigned int cycle)
{
	struct kcmap_stats stats = map_stats(fd);

	CHECK_EQ(shared->stored, LIMIT - STABLE);
	CHECK_EQ(shared->refused, STABLE + WRITERS * EACH - LIMIT);
	CHECK_EQ(stats.entries, LIMIT);
	CHECK_EQ(stats.full, (cycle + 1) * shared->refused);
	CHECK_EQ(stats.nomem, 0);
	CHECK_EQ(stats.overflow_segments, 0);
	CHECK_EQ(stats.segments, 1 + stats.splits - stats.merges);
	shared->stored = 0;
	shared->refused = 0;
	return stats.memory;
}

static void check_empty(int fd, uint64_t entries, uint64_t memory_max)
{
	struct kcmap_stats stats = map_stats(fd);

	CHECK_EQ(stats.entries, entries);
	CHECK_EQ(stats.segments, 1 + stats.splits - stats.merges);
	if (!CHECK(stats.memory <= memory_max))
		tap_diag("%llu bytes", stats.memory);
}

static void grow(uint32_t key, uint32_t value, uint32_t flags)
{
	pthread_barrierattr_t attr;
	struct kcmap_stats stats;
	uint64_t k, memory = 0;
	pid_t others[4], writers[WRITERS];
	unsigned int i;
	int fd;

	key_size = key;
	value_size = value;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(shared != MAP_FAILED);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->barrier, &attr, WRITERS + 1);
	fd = map_create_flags(NAME, LIMIT, key_size, value_size, flags);
	for (k = 0; k < STABLE; k++) {
		uint8_t a_key[KEY_MAX], a_value[VALUE_MAX];

		make_key(a_key, k);
		make_value(a_value, k, 0);
		CHECK_EQ(op(fd, KCMAP_OP_INSERT, a_key, a_value, NULL), 0);
	}

	others[0] = keep_on(read_one, O_RDONLY);
	others[1] = keep_on(read_batch, O_RDONLY);
	others[2] = keep_on(scan, O_RDONLY);
	others[3] = keep_on(update, O_RDWR);
	for (i = 0; i < WRITERS; i++)
		writers[i] = writer(i);
	for (i = 0; i < CYCLES; i++) {
		meet();
		memory = check_full(fd, i);
		meet();
		meet();
		check_empty(fd, STABLE, memory / 8);
		meet();
	}
	for (i = 0; i < WRITERS; i++)
		tap_join(writers[i]);
	__atomic_store_n(&shared->done, true, __ATOMIC_RELEASE);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		tap_join(others[i]);

	stats = map_stats(fd);
	CHECK(stats.splits > 100 * CYCLES);
	CHECK(stats.merges > 100 * CYCLES);
	tap_diag("%d CPUs: %ju look-ups, %ju updates, %ju scans", get_nprocs(),
		 shared->lookups, shared->updates, shared->scans);
	tap_diag("%llu splits, %llu merges; %ju bytes when full, then %llu",
		 stats.splits, stats.merges, memory, stats.memory);
	for (k = 0; k < STABLE; k++) {
		uint8_t a_key[KEY_MAX];

		make_key(a_key, k);
		CHECK_EQ(op(fd, KCMAP_OP_DELETE, a_key, NULL, NULL), 0);
	}
	check_empty(fd, 0, memory / 16);
}

TEST(words_fast)
{
	grow(8, 8, KCMAP_F_HASH_FAST);
}

TEST(keys_of_40_bytes)
{
	grow(40, 32, 0);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
