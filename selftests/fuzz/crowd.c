// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_sequence: processes that share maps, but not keys: whatever the others do, each
 * knows what its own keys must be. One of them is killed now and then, whatever it is
 * doing: each of its keys must then have the value that it had, or the one that it was
 * about to get.
 *
 * A value's number says whose it is, so that everybody can tell of any value whether
 * somebody wrote it, all of it.
 */
#include "../image.h"

#include "crowd.h"
#include "world.h"

#define CROWD 5
#define OWN 150
#define CROWD_MAPS 3

/* What a process of the crowd does to its keys. Shared, to outlive it. */
struct member {
	uint64_t random;
	uint64_t last_value;
	/* Numbers of values, 0: none: as it is, and as it will be. */
	uint64_t now[CROWD_MAPS][OWN], next[CROWD_MAPS][OWN];
	uint64_t calls, snapshots;
};

static const struct {
	uint32_t key_size, value_size, flags;
} sizes[CROWD_MAPS] = {
	{ 8, 8, KCMAP_F_HASH_FAST },
	{ 16, 40, 0 },
	{ 5, 200, 0 },
};

static struct member *members;
static int maps[CROWD_MAPS];
static struct image views[CROWD_MAPS];

/* Room for a batch of a process's. */
static uint8_t keys[OWN * 16], values[OWN * 200], results[OWN * 200];
static int32_t statuses[OWN];
static unsigned int which[OWN];

static uint64_t chance(struct member *member, uint64_t n)
{
	return rnd(&member->random) % n;
}

static unsigned int key_of(unsigned int me, unsigned int own)
{
	return me * OWN + own;
}

/* Whose value it is; -1: nobody's, or torn. */
static int writer_of(const void *value, unsigned int map)
{
	uint64_t number;

	memcpy(&number, value, sizeof(number));
	if (!value_is(number, value, sizes[map].value_size))
		return -1;
	return number % CROWD;
}

/* --- What is seen of all keys at once --- */

struct sight {
	unsigned int me, map;
	unsigned int seen[OWN];
};

static void sight_entry(const void *key, const void *value, void *ctx)
{
	struct sight *sight = ctx;
	int64_t number = key_number(key, sizes[sight->map].key_size);
	unsigned int own;

	if (!CHECK(number >= 0 && number < CROWD * OWN))
		return;
	CHECK_EQ(writer_of(value, sight->map), number / OWN);
	if (number / OWN != sight->me)
		return;
	own = number % OWN;
	sight->seen[own]++;
	CHECK(value_is(members[sight->me].now[sight->map][own], value,
		       sizes[sight->map].value_size));
}

/* Each own key that is there was seen once, and no other. */
static void sight_check(const struct sight *sight)
{
	unsigned int i;

	for (i = 0; i < OWN; i++)
		CHECK_EQ(sight->seen[i],
			 members[sight->me].now[sight->map][i] != 0);
}

static void look_snapshot(unsigned int me, unsigned int map)
{
	struct sight sight = { .me = me, .map = map }, again = sight;
	int fd = snapshot_create(maps[map]);
	struct image image = image_map(fd);

	image_each(&image, sight_entry, &sight);
	sight_check(&sight);
	usleep(chance(&members[me], 2000));
	image_each(&image, sight_entry, &again);
	sight_check(&again);
	image_unmap(&image);
	close(fd);
	members[me].snapshots++;
}

static void look_scan(unsigned int me, unsigned int map)
{
	struct sight sight = { .me = me, .map = map };

	CHECK(scan_all(maps[map], sizes[map].key_size, sizes[map].value_size,
		       1 + chance(&members[me], 300), sight_entry,
		       &sight) >= 0);
	sight_check(&sight);
}

static void look_view(unsigned int me, unsigned int map)
{
	uint8_t key[KCMAP_KEY_SIZE_MAX], value[KCMAP_VALUE_SIZE_MAX];
	unsigned int i;

	for (i = 0; i < 20; i++) {
		unsigned int own = chance(&members[me], OWN);
		uint64_t number = members[me].now[map][own];
		int ret;

		key_bytes(key_of(me, own), key, sizes[map].key_size);
		ret = image_lookup(&views[map], key, value);
		if (ret == -EREMOTE)
			continue;
		CHECK_EQ(ret, number ? 0 : -ENOENT);
		if (!ret)
			CHECK(value_is(number, value, sizes[map].value_size));
	}
}

/* Keys of others: absent, or a whole value of theirs. */
static void look_at_others(unsigned int me, unsigned int map)
{
	uint8_t key[KCMAP_KEY_SIZE_MAX], value[KCMAP_VALUE_SIZE_MAX];
	unsigned int number = chance(&members[me], CROWD * OWN);
	int ret;

	key_bytes(number, key, sizes[map].key_size);
	ret = op(maps[map], KCMAP_OP_LOOKUP, key, NULL, value);
	CHECK(ret == 0 || ret == -ENOENT);
	if (!ret)
		CHECK_EQ(writer_of(value, map), number / OWN);
}

/* --- Batches --- */

/* Some own keys, each once. Return: how many. */
static unsigned int choose(struct member *member, unsigned int me,
			   unsigned int map)
{
	unsigned int nr = 1 + chance(member, OWN - 1);
	unsigned int first = chance(member, OWN), i;

	for (i = 0; i < nr; i++) {
		which[i] = (first + i) % OWN;
		key_bytes(key_of(me, which[i]), keys + i * sizes[map].key_size,
			  sizes[map].key_size);
	}
	return nr;
}

/* What an item will do. Return: its status. */
static int predict(struct member *member, unsigned int me, unsigned int map,
		   unsigned int opcode, unsigned int i)
{
	uint64_t *next = &member->next[map][which[i]];
	uint64_t value = ++member->last_value * CROWD + me;

	value_bytes(value, values + i * sizes[map].value_size,
		    sizes[map].value_size);
	switch (opcode) {
	case KCMAP_OP_INSERT:
		if (*next)
			return -EEXIST;
		break;
	case KCMAP_OP_UPDATE:
		if (!*next)
			return -ENOENT;
		break;
	case KCMAP_OP_DELETE:
	case KCMAP_OP_LOOKUP_AND_DELETE:
		if (!*next)
			return -ENOENT;
		value = 0;
		break;
	case KCMAP_OP_LOOKUP:
		return *next ? 0 : -ENOENT;
	}
	*next = value;
	return 0;
}

static void batch(struct member *member, unsigned int me, unsigned int map)
{
	unsigned int opcode = 1 + chance(member, KCMAP_OP_LOOKUP_AND_DELETE);
	unsigned int nr = choose(member, me, map), i;
	uint32_t size = sizes[map].value_size;
	bool stores = opcode >= KCMAP_OP_INSERT && opcode <= KCMAP_OP_UPSERT;
	bool returns = opcode == KCMAP_OP_LOOKUP ||
		       opcode == KCMAP_OP_LOOKUP_AND_DELETE;
	int want[OWN];

	for (i = 0; i < nr; i++)
		want[i] = predict(member, me, map, opcode, i);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	CHECK_EQ(strided(maps[map], opcode, nr, keys, stores ? values : NULL,
			 returns ? results : NULL, statuses),
		 nr);
	for (i = 0; i < nr; i++) {
		uint64_t was = member->now[map][which[i]];

		CHECK_EQ(statuses[i], want[i]);
		if (returns && !statuses[i])
			CHECK(value_is(was, results + i * size, size));
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	memcpy(member->now[map], member->next[map], sizeof(member->now[map]));
}

static void __attribute__((noreturn)) live(unsigned int me)
{
	struct member *member = &members[me];

	for (;;) {
		unsigned int map = chance(member, CROWD_MAPS);

		member->calls++;
		switch (chance(member, 16)) {
		case 0:
			look_snapshot(me, map);
			break;
		case 1:
			look_scan(me, map);
			break;
		case 2:
			look_view(me, map);
			break;
		case 3:
			look_at_others(me, map);
			break;
		default:
			batch(member, me, map);
		}
	}
}

/* --- Who kills --- */

static pid_t start(unsigned int me)
{
	pid_t pid = tap_fork();

	if (!pid)
		live(me);
	return pid;
}

/* Each key is as it was, or as it was about to be; from there it goes on. */
static void check_dead(unsigned int me, unsigned int map)
{
	uint8_t key[KCMAP_KEY_SIZE_MAX], value[KCMAP_VALUE_SIZE_MAX];
	struct member *member = &members[me];
	uint32_t size = sizes[map].value_size;
	unsigned int i;

	for (i = 0; i < OWN; i++) {
		uint64_t was = member->now[map][i], will = member->next[map][i];
		int ret;

		key_bytes(key_of(me, i), key, sizes[map].key_size);
		ret = op(maps[map], KCMAP_OP_LOOKUP, key, NULL, value);
		if (ret == -ENOENT) {
			CHECK(!was || !will);
			was = 0;
		} else if (will && value_is(will, value, size)) {
			was = will;
		} else {
			CHECK(was && value_is(was, value, size));
		}
		member->now[map][i] = was;
		member->next[map][i] = was;
	}
}

static void reap(pid_t pid, unsigned int me)
{
	unsigned int map;
	int status;

	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	/* It does not end by itself. */
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	for (map = 0; map < CROWD_MAPS; map++)
		check_dead(me, map);
}

static void check_counts(void)
{
	uint64_t there, calls = 0, snapshots = 0;
	unsigned int map, me, i;

	for (map = 0; map < CROWD_MAPS; map++) {
		there = 0;
		for (me = 0; me < CROWD; me++)
			for (i = 0; i < OWN; i++)
				there += members[me].now[map][i] != 0;
		CHECK_EQ(map_stats(maps[map]).entries, there);
		CHECK_EQ(map_stats(maps[map]).snapshots, 0);
		CHECK_EQ(map_stats(maps[map]).full, 0);
	}
	for (me = 0; me < CROWD; me++) {
		calls += members[me].calls;
		snapshots += members[me].snapshots;
	}
	CHECK(snapshots > 0);
	tap_diag("%ju calls, %ju snapshots", calls, snapshots);
}

/* Return when the time is over; failures are counted in @shared. */
void crowd_run(void *shared, uint64_t seed, double seconds_to_run)
{
	double end = seconds() + seconds_to_run;
	unsigned int i, kills = 0;
	pid_t pids[CROWD];

	tap_shared = shared;
	members = mmap(NULL, sizeof(*members) * CROWD, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(members != MAP_FAILED);
	for (i = 0; i < CROWD_MAPS; i++) {
		maps[i] = map_create_flags(NULL, CROWD * OWN, sizes[i].key_size,
					   sizes[i].value_size, sizes[i].flags);
		views[i] = image_map(maps[i]);
	}
	for (i = 0; i < CROWD; i++) {
		members[i].random = seed * 0x9e3779b97f4a7c15 + i + 1;
		pids[i] = start(i);
	}
	while (seconds() < end && !tap_shared->failures) {
		usleep(rnd(&seed) % 30000);
		i = rnd(&seed) % CROWD;
		reap(pids[i], i);
		pids[i] = start(i);
		kills++;
	}
	for (i = 0; i < CROWD; i++)
		reap(pids[i], i);
	check_counts();
	tap_diag("%u killed", kills);
}
