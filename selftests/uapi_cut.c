// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots are cuts: what is in one was so at one instant. Processes write all the
 * time, each in an order of its own that every snapshot has to respect:
 *
 * - pairs: a is counted up, then b. In each cut b <= a <= b + 1.
 * - amounts: a value has two halves, of which one gets what the other loses. In each
 *   cut their sum is what it was.
 * - stairs: keys 0, 1, 2, ... are inserted, and deleted in the opposite order. In each
 *   cut they are 0 to some number, without a gap; so the table grows and shrinks
 *   meanwhile.
 *
 * And a cut has as many entries as it says, and is the same when it is read again.
 *
 * Usage: uapi_cut [SECONDS [TEST]...]
 */
#include "image.h"
#include "atomic.h"

#include <sys/sysinfo.h>

#define NAME PREFIX "cut"
#define WRITERS 3
#define PAIRS 16 /* of a writer */
#define CLIMBERS 3
#define STAIR 300 /* highest, of a climber */
#define SUM (1ULL << 30)
#define VALUE_WORDS_MAX 4

static double run_seconds = 4;

/* What all processes see. */
struct shared {
	bool done;
	uint64_t begun[CLIMBERS], ended[CLIMBERS]; /* steps on a stair */
	uint64_t writes, cuts, refreshes;
};

static struct shared *shared;
static uint32_t value_size;

static bool done(void)
{
	/* One failure is enough, and what comes after it may take long. */
	return __atomic_load_n(&shared->done, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&tap_shared->failures, __ATOMIC_RELAXED);
}

static uint64_t stair_key(unsigned int climber, uint64_t step)
{
	return climber * (STAIR + 1) + step;
}

/* Keys of pairs are far from those of stairs. */
static uint64_t pair_key(unsigned int writer, unsigned int pair, bool second)
{
	return 1ULL << 32 | (writer * PAIRS + pair) * 2 | second;
}

static void make_value(uint64_t *words, uint64_t number)
{
	unsigned int i;

	for (i = 0; i < value_size / 8; i++)
		words[i] = number | (SUM - number) << 32;
}

/* Number of a value, if it is whole and its sum is right. */
static uint64_t read_value(const uint64_t *words)
{
	uint64_t number = (uint32_t)words[0];
	unsigned int i;

	CHECK_EQ(number + (words[0] >> 32), SUM);
	for (i = 1; i < value_size / 8; i++)
		CHECK_EQ(words[i], words[0]);
	return number;
}

static int write_key(int fd, int opcode, uint64_t key, uint64_t number)
{
	uint64_t value[VALUE_WORDS_MAX];

	make_value(value, number);
	return op(fd, opcode, &key, opcode == KCMAP_OP_DELETE ? NULL : value,
		  NULL);
}

static void write_pairs(int fd, unsigned int writer)
{
	uint64_t numbers[PAIRS] = {}, random = writer + 1, writes = 0;

	while (!done()) {
		unsigned int pair = rnd(&random) % PAIRS;
		uint64_t number = ++numbers[pair];

		CHECK_EQ(write_key(fd, KCMAP_OP_UPDATE,
				   pair_key(writer, pair, false), number),
			 0);
		CHECK_EQ(write_key(fd, KCMAP_OP_UPDATE,
				   pair_key(writer, pair, true), number),
			 0);
		writes += 2;
	}
	add(&shared->writes, writes);
}

/* Keys on the stair after a number of steps: up, and down again. */
static uint64_t stair_height(uint64_t steps)
{
	steps %= 2 * STAIR;
	return steps < STAIR ? steps : 2 * STAIR - steps;
}

static void climb(int fd, unsigned int climber)
{
	uint64_t steps = 0, now, then;

	while (!done()) {
		now = stair_height(steps);
		then = stair_height(++steps);
		store(&shared->begun[climber], steps);
		if (then > now)
			CHECK_EQ(write_key(fd, KCMAP_OP_INSERT,
					   stair_key(climber, now), now),
				 0);
		else
			CHECK_EQ(write_key(fd, KCMAP_OP_DELETE,
					   stair_key(climber, then), 0),
				 0);
		store(&shared->ended[climber], steps);
	}
}

/* What is in a cut. */
struct content {
	uint64_t pairs[WRITERS][PAIRS][2];
	bool stair[CLIMBERS][STAIR + 1];
	uint64_t pair_keys, stair_keys[CLIMBERS];
	uint64_t sum; /* of all words, to compare */
};

static void see(const void *key, const void *value, void *ctx)
{
	struct content *content = ctx;
	uint64_t k, number = read_value(value), of_pair;

	memcpy(&k, key, sizeof(k));
	content->sum += image_fold(k + 1, number + 0x9e3779b97f4a7c15ULL);
	if (k < CLIMBERS * (STAIR + 1)) {
		unsigned int climber = k / (STAIR + 1);

		k %= STAIR + 1;
		CHECK_EQ(number, k);
		CHECK(!content->stair[climber][k]);
		content->stair[climber][k] = true;
		content->stair_keys[climber]++;
		return;
	}
	of_pair = (uint32_t)k;
	if (!CHECK(k >> 32 == 1 && of_pair < WRITERS * PAIRS * 2))
		return;
	content->pair_keys++;
	content->pairs[of_pair / 2 / PAIRS][of_pair / 2 % PAIRS][of_pair & 1] =
		number;
}

static void check_pairs(const struct content *content)
{
	unsigned int writer, pair;

	CHECK_EQ(content->pair_keys, WRITERS * PAIRS * 2);
	for (writer = 0; writer < WRITERS; writer++) {
		for (pair = 0; pair < PAIRS; pair++) {
			uint64_t a = content->pairs[writer][pair][0];
			uint64_t b = content->pairs[writer][pair][1];

			if (!CHECK(b <= a && a <= b + 1))
				tap_diag("... a is %ju, b is %ju", a, b);
		}
	}
}

/* Steps that had ended before a cut, and that had begun after it. */
struct bounds {
	uint64_t oldest[CLIMBERS], newest[CLIMBERS];
};

static void load_all(uint64_t *to, const uint64_t *from)
{
	unsigned int climber;

	for (climber = 0; climber < CLIMBERS; climber++)
		to[climber] = load(&from[climber]);
}

static void check_stair(const struct content *content, unsigned int climber,
			const struct bounds *bounds)
{
	uint64_t height = content->stair_keys[climber], i, steps;

	for (i = 0; i < height; i++)
		if (!CHECK(content->stair[climber][i]))
			break;
	for (steps = bounds->oldest[climber]; steps <= bounds->newest[climber];
	     steps++)
		if (stair_height(steps) == height)
			return;
	CHECK(!"as many as there were at some time during the call");
	tap_diag("... %ju, steps %ju to %ju", height, bounds->oldest[climber],
		 bounds->newest[climber]);
}

static void read_content(const struct image *image, struct content *content)
{
	memset(content, 0, sizeof(*content));
	CHECK_EQ(image_each(image, see, content), image_header(image)->entries);
}

/* Now, and again when others have had time to spoil it. */
static void check_cut(const struct image *image, const struct bounds *bounds,
		      bool wait)
{
	static struct content content, again;
	unsigned int climber;

	read_content(image, &content);
	check_pairs(&content);
	for (climber = 0; climber < CLIMBERS; climber++)
		check_stair(&content, climber, bounds);
	if (wait)
		usleep(1000);
	read_content(image, &again);
	CHECK_EQ(again.sum, content.sum);
}

static void cut_afresh(int fd, unsigned int unused)
{
	uint64_t cuts = 0;

	(void)unused;
	while (!done()) {
		struct bounds bounds;
		struct image image;
		int snapshot;

		load_all(bounds.oldest, shared->ended);
		snapshot = snapshot_create(fd);
		load_all(bounds.newest, shared->begun);
		image = image_map(snapshot);
		check_cut(&image, &bounds, cuts++ % 16 == 0);
		close(snapshot);
		image_unmap(&image);
	}
	add(&shared->cuts, cuts);
}

static void cut_again(int fd, unsigned int unused)
{
	int snapshot = snapshot_create(fd);
	struct image image = image_map(snapshot);
	uint64_t cuts = 0;

	(void)unused;
	while (!done()) {
		struct bounds bounds;

		load_all(bounds.oldest, shared->ended);
		CHECK_EQ(snapshot_refresh(snapshot), 0);
		load_all(bounds.newest, shared->begun);
		check_cut(&image, &bounds, cuts++ % 16 == 0);
	}
	add(&shared->refreshes, cuts);
}

static pid_t start(void (*fn)(int fd, unsigned int number), unsigned int number)
{
	pid_t pid = tap_fork();

	if (!pid) {
		int fd = map_open(NAME, O_RDWR);

		REQUIRE(fd >= 0);
		fn(fd, number);
		exit(0);
	}
	return pid;
}

static void run_all(uint32_t size, uint32_t flags)
{
	pid_t pids[WRITERS + CLIMBERS + 2];
	unsigned int i, pair, nr = 0;
	struct kcmap_stats stats;
	double end;
	int fd;

	value_size = size;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(shared != MAP_FAILED);
	fd = map_create_flags(NAME, 4000, 8, value_size, flags);
	for (i = 0; i < WRITERS; i++) {
		for (pair = 0; pair < PAIRS; pair++) {
			REQUIRE(!write_key(fd, KCMAP_OP_INSERT,
					   pair_key(i, pair, false), 0));
			REQUIRE(!write_key(fd, KCMAP_OP_INSERT,
					   pair_key(i, pair, true), 0));
		}
	}
	for (i = 0; i < WRITERS; i++)
		pids[nr++] = start(write_pairs, i);
	for (i = 0; i < CLIMBERS; i++)
		pids[nr++] = start(climb, i);
	pids[nr++] = start(cut_afresh, 0);
	pids[nr++] = start(cut_again, 0);
	for (end = seconds() + run_seconds; seconds() < end && !done();)
		usleep(50000);
	__atomic_store_n(&shared->done, true, __ATOMIC_RELEASE);
	for (i = 0; i < nr; i++)
		tap_join(pids[i]);

	stats = map_stats(fd);
	tap_diag("%d CPUs: %ju cuts, %ju refreshes, %ju updates, %ju steps",
		 get_nprocs(), shared->cuts, shared->refreshes, shared->writes,
		 shared->ended[0]);
	tap_diag("%llu copies, %llu splits, %llu merges", stats.copies,
		 stats.splits, stats.merges);
	CHECK(shared->cuts > 0 && shared->refreshes > 0);
	CHECK(shared->writes > 0 && stats.copies > 0);
	CHECK_EQ(stats.snapshots, 0);
	CHECK_EQ(stats.snapshot_bytes, 0);
}

TEST(cuts_of_words)
{
	run_all(8, KCMAP_F_HASH_FAST);
}

TEST(cuts_of_more)
{
	run_all(32, 0);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		run_seconds = strtod(argv[1], NULL);
	/* And the tests that are named. */
	return tap_main(argc > 1 ? argc - 1 : 1, argc > 1 ? argv + 1 : argv);
}
