// SPDX-License-Identifier: GPL-2.0-only
/*
 * Look-ups through the live view, by libkcmap, while others update, grow, shrink,
 * clear and destroy the map, and take snapshots of it. No value is torn, none is
 * older than what had been stored when the look-up began; no key that is there is
 * missed, and none is found that never was.
 *
 * Some of the readers hesitate: a signal stops them wherever they are, in the middle
 * of a look-up as often as not, for so long that all they go by may have been
 * replaced and used again.
 *
 * Usage: uapi_view [SECONDS [TEST]...]
 */
#include "image.h"
#include "atomic.h"

#include <libkcmap.h>
#include <sys/sysinfo.h>
#include <sys/time.h>

#define NAME PREFIX "view"
#define STABLE 64 /* keys that are there all the time */
#define CHURN 1500 /* keys that come and go */
#define NEVER 64 /* keys that are never there */
#define KEYS (STABLE + CHURN + NEVER)
#define UPDATERS 2
#define HESITATING 8 /* readers */
#define BULK 32
#define KEY_MAX 16
#define VALUE_MAX 48
#define GENERATION_KEYS 500

static double run_seconds = 4;

/* What all processes see. */
struct shared {
	bool done;
	uint64_t lookups, found, updates, cycles, snapshots;
	/* Numbers of stable keys' values before and after an update. */
	uint64_t begun[STABLE], ended[STABLE];
	/* Clears that were begun, and that are done; in the latter's low half the
	 * entries that were inserted since.
	 */
	uint64_t clear_begun, clear_ended;
};

static struct shared *shared;
static uint32_t key_size, value_size;
static uint64_t keys[KEYS]; /* numbers that keys are made of */

static bool done(void)
{
	return __atomic_load_n(&shared->done, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&tap_shared->failures, __ATOMIC_RELAXED);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

static void make_key(uint8_t *key, uint64_t number)
{
	memset(key, 0xa5, key_size);
	memcpy(key, &number, sizeof(number));
}

/* 48 bits of the number, 16 that check it; the further words check it again. */
static void make_value(uint8_t *value, uint64_t key, uint64_t number)
{
	uint64_t word = number | mix(mix(key) + number) << 48;
	unsigned int at;

	for (at = 0; at < value_size; at += sizeof(word)) {
		memcpy(value + at, &word, sizeof(word));
		word = mix(word + key);
	}
}

/* The number, or UINT64_MAX: the value is not whole, or of another key. */
static uint64_t read_value(const uint8_t *value, uint64_t key)
{
	uint8_t want[VALUE_MAX];
	uint64_t number;

	memcpy(&number, value, sizeof(number));
	number &= (1ULL << 48) - 1;
	make_value(want, key, number);
	return memcmp(value, want, value_size) ? UINT64_MAX : number;
}

static int write_key(int fd, int opcode, uint64_t key, uint64_t number)
{
	uint8_t a_key[KEY_MAX], value[VALUE_MAX];

	make_key(a_key, key);
	make_value(value, key, number);
	return op(fd, opcode, a_key, opcode == KCMAP_OP_DELETE ? NULL : value,
		  NULL);
}

/* --- Readers --- */

struct reader {
	struct kcmap_map *map;
	struct kcmap_view *view;
	uint64_t random, lookups, found;
};

static void open_reader(struct reader *reader, unsigned int number)
{
	memset(reader, 0, sizeof(*reader));
	reader->random = number + 1;
	REQUIRE(kcmap_map_open(NAME, O_RDONLY, &reader->map) == 0);
	REQUIRE(kcmap_view_open(reader->map, &reader->view) == 0);
}

static void close_reader(struct reader *reader)
{
	kcmap_view_close(reader->view);
	kcmap_map_close(reader->map);
	add(&shared->lookups, reader->lookups);
	add(&shared->found, reader->found);
}

/* @oldest: number that a stable key's value had before. */
static void check_result(struct reader *reader, unsigned int k, uint64_t oldest,
			 int status, const uint8_t *value)
{
	uint64_t number;

	reader->lookups++;
	if (k < STABLE)
		CHECK_EQ(status, 0);
	else if (k < STABLE + CHURN)
		CHECK(status == 0 || status == -ENOENT);
	else
		CHECK_EQ(status, -ENOENT);
	if (status)
		return;
	reader->found++;
	number = read_value(value, keys[k]);
	if (!CHECK(number != UINT64_MAX) || k >= STABLE)
		return;
	if (!CHECK(number >= oldest) ||
	    !CHECK(number <= load(&shared->begun[k])))
		tap_diag("... key %u: %ju, was %ju, is %ju", k, number, oldest,
			 load(&shared->ended[k]));
}

static unsigned int any_key(struct reader *reader)
{
	uint64_t random = rnd(&reader->random) >> 8;

	/* Half of the look-ups of those that have to be there. */
	return random & 1 ? (random >> 1) % STABLE : (random >> 1) % KEYS;
}

static uint64_t oldest_of(unsigned int k)
{
	return k < STABLE ? load(&shared->ended[k]) : 0;
}

static void read_one(struct reader *reader)
{
	uint8_t key[KEY_MAX], value[VALUE_MAX];
	unsigned int k = any_key(reader);
	uint64_t oldest = oldest_of(k);
	int status;

	make_key(key, keys[k]);
	status = kcmap_view_lookup(reader->view, key, value);
	check_result(reader, k, oldest, status, value);
}

static void read_bulk(struct reader *reader)
{
	uint8_t bulk[BULK * KEY_MAX], values[BULK * VALUE_MAX];
	unsigned int k[BULK], i;
	int32_t statuses[BULK];
	uint64_t oldest[BULK];

	for (i = 0; i < BULK; i++) {
		k[i] = any_key(reader);
		oldest[i] = oldest_of(k[i]);
		make_key(bulk + i * key_size, keys[k[i]]);
	}
	CHECK(kcmap_view_lookup_bulk(reader->view, BULK, bulk, values,
				     statuses) >= 0);
	for (i = 0; i < BULK; i++)
		check_result(reader, k[i], oldest[i], statuses[i],
			     values + i * value_size);
}

/* Again after a while, in which some look-ups are done. */
static void hesitate_soon(void)
{
	const struct itimerval soon = { .it_value.tv_usec = 2000 };

	setitimer(ITIMER_REAL, &soon, NULL);
}

static void hesitate(int signal)
{
	static uint64_t random = 1;
	struct timespec pause = { .tv_nsec = rnd(&random) % 60000000 };
	int error = errno;

	(void)signal;
	nanosleep(&pause, NULL);
	hesitate_soon();
	errno = error;
}

static void start_hesitating(void)
{
	struct sigaction action = { .sa_handler = hesitate,
				    .sa_flags = SA_RESTART };

	sigaction(SIGALRM, &action, NULL);
	hesitate_soon();
}

static void reader(unsigned int number)
{
	struct reader reader;

	open_reader(&reader, number);
	if (number % 2)
		start_hesitating();
	while (!done()) {
		if (number / 2 % 2)
			read_bulk(&reader);
		else
			read_one(&reader);
	}
	close_reader(&reader);
}

/* --- Writers --- */

static int open_map(int flags)
{
	int fd = map_open(NAME, flags);

	REQUIRE(fd >= 0);
	return fd;
}

static void updater(unsigned int number)
{
	uint64_t random = number + 1, updates = 0, next;
	int fd = open_map(O_RDWR);

	while (!done()) {
		unsigned int k = rnd(&random) % STABLE;

		if (k % UPDATERS != number)
			continue;
		next = shared->begun[k] + 1;
		store(&shared->begun[k], next);
		CHECK_EQ(write_key(fd, KCMAP_OP_UPDATE, keys[k], next), 0);
		store(&shared->ended[k], next);
		updates++;
	}
	add(&shared->updates, updates);
}

/* The table grows to its full size, and shrinks. */
static void churner(unsigned int number)
{
	int fd = open_map(O_RDWR);
	uint64_t cycle;
	unsigned int k;

	(void)number;
	for (cycle = 0; !done(); cycle++) {
		for (k = STABLE; k < STABLE + CHURN && !done(); k++)
			CHECK_EQ(write_key(fd, KCMAP_OP_UPSERT, keys[k], cycle),
				 0);
		for (k = STABLE; k < STABLE + CHURN && !done(); k++)
			CHECK_EQ(write_key(fd, KCMAP_OP_DELETE, keys[k], 0), 0);
	}
	add(&shared->cycles, cycle);
}

/* One snapshot after another, now and then a few at a time. */
static void snapshotter(unsigned int number)
{
	int fd = open_map(O_RDONLY), open[4] = { -1, -1, -1, -1 };
	uint64_t random = number + 1, snapshots = 0;

	while (!done()) {
		unsigned int i = rnd(&random) % ARRAY_SIZE(open);

		close(open[i]);
		open[i] = snapshot_create(fd);
		snapshots++;
		i = rnd(&random) % ARRAY_SIZE(open);
		close(open[i]);
		open[i] = -1;
	}
	add(&shared->snapshots, snapshots);
}

static pid_t start(void (*fn)(unsigned int number), unsigned int number)
{
	pid_t pid = tap_fork();

	if (!pid) {
		fn(number);
		exit(0);
	}
	return pid;
}

/*
 * Keys of which the top bits of the hash are 0. Where that are many, the directory has
 * some leaves; and as splitting is in vain until then, some segments are chained.
 */
static void choose_keys(int fd, unsigned int top_bits)
{
	struct image image = image_map(fd);
	uint8_t key[KEY_MAX];
	unsigned int nr = 0;
	uint64_t number;

	for (number = 1; nr < KEYS; number++) {
		make_key(key, number);
		if (!image_top(image_hash(image_header(&image), key), top_bits))
			keys[nr++] = number;
	}
	image_unmap(&image);
}

static int setup(uint32_t key, uint32_t value, uint32_t flags,
		 unsigned int top_bits)
{
	int fd;

	key_size = key;
	value_size = value;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(shared != MAP_FAILED);
	fd = map_create_flags(NAME, 100000, key_size, value_size, flags);
	choose_keys(fd, top_bits);
	return fd;
}

/* Lets all run for a while; meanwhile the map's name is destroyed. */
static void run(const pid_t *pids, unsigned int nr)
{
	double begun = seconds();

	while (seconds() < begun + run_seconds * 0.8 && !done())
		usleep(50000);
	CHECK_OK(destroy(NAME));
	while (seconds() < begun + run_seconds && !done())
		usleep(50000);
	__atomic_store_n(&shared->done, true, __ATOMIC_RELEASE);
	while (nr--)
		tap_join(*pids++);
}

static void views(uint32_t key, uint32_t value, uint32_t flags,
		  unsigned int top_bits)
{
	int fd = setup(key, value, flags, top_bits);
	struct kcmap_stats stats;
	unsigned int i, nr = 0;
	pid_t pids[2 + HESITATING + UPDATERS + 2];

	for (i = 0; i < STABLE; i++)
		REQUIRE(!write_key(fd, KCMAP_OP_INSERT, keys[i], 0));
	/* Hesitating readers take no time. */
	for (i = 0; i < 2; i++)
		pids[nr++] = start(reader, 2 * i);
	for (i = 0; i < HESITATING; i++)
		pids[nr++] = start(reader, 2 * i + 1);
	for (i = 0; i < UPDATERS; i++)
		pids[nr++] = start(updater, i);
	pids[nr++] = start(churner, 0);
	pids[nr++] = start(snapshotter, 0);
	/* Those that come later find no name. */
	usleep(200000);
	run(pids, nr);

	stats = map_stats(fd);
	tap_diag(
		"%d CPUs: %ju look-ups, %ju found; %ju updates, %ju cycles, %ju snapshots",
		get_nprocs(), shared->lookups, shared->found, shared->updates,
		shared->cycles, shared->snapshots);
	tap_diag("%llu copies, %llu splits, %llu merges", stats.copies,
		 stats.splits, stats.merges);
	CHECK(shared->found > 1000 && shared->updates > 0);
	CHECK(shared->cycles > 0 && shared->snapshots > 0);
	/* Of keys near each other all may be chained. */
	CHECK(stats.copies > 0 && (stats.splits > 0 || top_bits));
}

TEST(views_of_words)
{
	views(8, 8, KCMAP_F_HASH_FAST, 0);
}

TEST(views_of_more)
{
	views(16, 48, 0, 0);
}

TEST(views_of_some_leaves)
{
	views(8, 8, KCMAP_F_HASH_FAST, 7);
}

/* --- A map that is cleared --- */

static void clearer(unsigned int number)
{
	struct kcmap_clear clear = { .size = sizeof(clear) };
	int fd = open_map(O_RDWR);
	uint64_t generation;
	unsigned int k;

	(void)number;
	for (generation = 1; !done(); generation++) {
		store(&shared->clear_begun, generation);
		CHECK_OK(ioctl(fd, KCMAP_MAP_CLEAR, &clear));
		for (k = 0; k < GENERATION_KEYS; k++) {
			store(&shared->clear_ended, generation << 32 | k);
			CHECK_EQ(write_key(fd, KCMAP_OP_INSERT, keys[k],
					   generation),
				 0);
		}
		store(&shared->clear_ended, generation << 32 | k);
	}
	add(&shared->cycles, generation);
}

static void read_cleared(struct reader *reader)
{
	uint64_t ended = load(&shared->clear_ended), number;
	unsigned int k = rnd(&reader->random) % GENERATION_KEYS;
	uint8_t key[KEY_MAX], value[VALUE_MAX];
	int status;

	make_key(key, keys[k]);
	status = kcmap_view_lookup(reader->view, key, value);
	reader->lookups++;
	if (status == 0) {
		reader->found++;
		number = read_value(value, keys[k]);
		CHECK(number != UINT64_MAX && number >= ended >> 32 &&
		      number <= load(&shared->clear_begun));
		return;
	}
	CHECK_EQ(status, -ENOENT);
	/* It had been inserted, and was not cleared meanwhile. */
	CHECK(k >= (uint32_t)ended ||
	      load(&shared->clear_begun) != ended >> 32);
}

static void cleared_reader(unsigned int number)
{
	struct reader reader;

	open_reader(&reader, number);
	if (number % 2)
		start_hesitating();
	while (!done())
		read_cleared(&reader);
	close_reader(&reader);
}

TEST(cleared)
{
	int fd = setup(8, 8, KCMAP_F_HASH_FAST, 0);
	unsigned int i, nr = 0;
	pid_t pids[HESITATING + 2];

	for (i = 0; i < HESITATING; i++)
		pids[nr++] = start(cleared_reader, i);
	pids[nr++] = start(clearer, 0);
	pids[nr++] = start(snapshotter, 0);
	usleep(200000);
	run(pids, nr);
	tap_diag("%ju look-ups, %ju found; %ju clears, %ju snapshots",
		 shared->lookups, shared->found, shared->cycles,
		 shared->snapshots);
	CHECK(shared->found > 0 && shared->cycles > 1);
	close(fd);
}

/* --- Numbers of frames that are used again --- */

/* What is idle for longer is given back to the kernel. */
static void wait_until_idle(void)
{
	usleep(1200000);
}

static void store_all(int fd, unsigned int from, unsigned int to, int opcode)
{
	for (; from < to; from++)
		REQUIRE(!write_key(fd, opcode, keys[from], 7));
}

/* That a view has just these keys of all. */
static void check_all(struct reader *reader, unsigned int from, unsigned int to)
{
	uint8_t key[KEY_MAX], value[VALUE_MAX];
	unsigned int k;

	for (k = 0; k < KEYS; k++) {
		bool there = k >= from && k < to;

		make_key(key, keys[k]);
		if (CHECK_EQ(kcmap_view_lookup(reader->view, key, value),
			     there ? 0 : -ENOENT) &&
		    there)
			CHECK_EQ(read_value(value, keys[k]), 7);
	}
}

/* Pages that a view shows are other pages afterwards. */
TEST(frames_used_again)
{
	int fd = setup(8, 8, KCMAP_F_HASH_FAST, 0), round;
	struct reader first, second;

	open_reader(&first, 0);
	open_reader(&second, 1);
	for (round = 0; round < 2; round++) {
		store_all(fd, 0, KEYS, KCMAP_OP_INSERT);
		check_all(&first, 0, KEYS);
		check_all(&second, 0, KEYS);
		store_all(fd, 0, KEYS, KCMAP_OP_DELETE);
		check_all(&first, 0, 0);
		wait_until_idle();
	}
	store_all(fd, KEYS / 2, KEYS, KCMAP_OP_INSERT);
	check_all(&first, KEYS / 2, KEYS);
	check_all(&second, KEYS / 2, KEYS);
}

/* Somebody has read where there was nothing, and now is. */
TEST(holes_used_again)
{
	int fd = setup(8, 8, KCMAP_F_HASH_FAST, 0);
	struct image image = image_map(fd);
	struct reader reader;
	size_t at;

	open_reader(&reader, 0);
	for (at = 0; at < image.size; at += KCMAP_IMAGE_PAGE)
		image_load(image.at + at);
	wait_until_idle();
	store_all(fd, 0, KEYS, KCMAP_OP_INSERT);
	check_all(&reader, 0, KEYS);
	CHECK_EQ(image_lookup(&image, &keys[KEYS - 1], NULL), 0);
	for (at = 0; at < KEYS; at++)
		CHECK_EQ(image_lookup(&image, &keys[at], NULL), 0);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		run_seconds = strtod(argv[1], NULL);
	/* And the tests that are named. */
	return tap_main(argc > 1 ? argc - 1 : 1, argc > 1 ? argv + 1 : argv);
}
