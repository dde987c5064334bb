// SPDX-License-Identifier: GPL-2.0-only
/* Keys, values, and whether an answer can be. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "soak.h"

/* Of a failure that happens again and again a few tell all. */
#define SAID_MAX 20

const struct map_shape shapes[SHAPES] = {
	{ "soak.small", 1, 1 },
	/* Takes long to copy: what is torn is seen. */
	{ "soak.large", 2, 16 },
};

static const char *const failure_names[FAIL_NR] = {
	"corrupt", "stale", "future", "lost", "revived", "twice",
	"instant", "count", "errno",  "died", "hung",
};

const char *failure_name(enum soak_failure failure)
{
	return failure_names[failure];
}

void die(const char *what, int err)
{
	printf("soak: %s: %s\n", what, strerror(-err));
	exit(2);
}

uint64_t rnd(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void fail(struct shared *shared, enum soak_failure failure, const char *fmt,
	  ...)
{
	char line[400];
	va_list ap;
	int n;

	if (__atomic_fetch_add(&shared->failures[failure], 1,
			       __ATOMIC_RELAXED) >= SAID_MAX)
		return;
	n = snprintf(line, sizeof(line),
		     "soak: FAILURE, %s: ", failure_name(failure));
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	/* One write: lines of several processes must not mix. */
	dprintf(STDOUT_FILENO, "%s\n", line);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 31) * 0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9ULL;
	return x ^ x >> 32;
}

void make_key(const struct map_shape *shape, uint64_t number, uint64_t *key)
{
	unsigned int i;

	key[0] = number;
	for (i = 1; i < shape->key_words; i++)
		key[i] = mix(number + i);
}

/*
 * The first word: version, number of the key, checksum; 32, 12 and 20 bits. The others
 * follow from it.
 */
void make_value(const struct map_shape *shape, uint64_t number,
		uint64_t version, uint64_t *value)
{
	uint64_t what = version << 12 | number;
	unsigned int i;

	value[0] = what << 20 | mix(what) >> 44;
	for (i = 1; i < shape->value_words; i++)
		value[i] = mix(value[0] + i);
}

/* The version that a value says it is; CORRUPT: it is not one of this key. */
int64_t version_of(struct shared *shared, const struct map_shape *shape,
		   uint64_t number, const uint64_t *value, const char *where)
{
	uint64_t expected[VALUE_WORDS_MAX], version = value[0] >> 32;
	unsigned int i;

	make_value(shape, number, version, expected);
	for (i = 0; i < shape->value_words; i++) {
		if (value[i] != expected[i]) {
			fail(shared, FAIL_CORRUPT,
			     "%s: %s, key %ju: word %u is %016jx, not %016jx",
			     where, shape->name, (uintmax_t)number, i,
			     (uintmax_t)value[i], (uintmax_t)expected[i]);
			return CORRUPT;
		}
	}
	return (int64_t)version;
}

/* The number of a key that was returned. */
int64_t number_of(struct shared *shared, const struct map_shape *shape,
		  const uint64_t *key, const char *where)
{
	uint64_t expected[KEY_WORDS_MAX];

	make_key(shape, key[0], expected);
	if (key[0] < KEYS &&
	    !memcmp(key, expected, shape->key_words * sizeof(*key)))
		return (int64_t)key[0];
	fail(shared, FAIL_CORRUPT, "%s: %s, a key that nobody stored: %016jx",
	     where, shape->name, (uintmax_t)key[0]);
	return CORRUPT;
}

struct key_state state_now(struct shared *shared, unsigned int shape,
			   uint64_t number)
{
	const struct key_state *key = &shared->keys[shape][number];

	return (struct key_state){ load(&key->committed), load(&key->started),
				   load(&key->absent) };
}

/**
 * judge() - whether a look-up may have answered so
 * @shared: where failures are counted
 * @shape: which map
 * @number: of the key
 * @before: &key_state.committed before it
 * @after: the state after it
 * @version: what was found; ABSENT, or CORRUPT, which was reported already
 * @where: for the report
 */
void judge(struct shared *shared, unsigned int shape, uint64_t number,
	   uint64_t before, const struct key_state *after, int64_t version,
	   const char *where)
{
	enum soak_failure failure;

	if (version == CORRUPT)
		return;
	if (version == ABSENT && before % 2 && after->absent < before)
		failure = FAIL_LOST;
	else if (version != ABSENT && version % 2 == 0)
		failure = FAIL_REVIVED;
	else if (version != ABSENT && (uint64_t)version < before)
		failure = FAIL_STALE;
	else if (version != ABSENT && (uint64_t)version > after->started)
		failure = FAIL_FUTURE;
	else
		return;
	fail(shared, failure,
	     "%s: %s, key %ju: version %jd, after %ju, started %ju, absent %ju",
	     where, shapes[shape].name, (uintmax_t)number, (intmax_t)version,
	     (uintmax_t)before, (uintmax_t)after->started,
	     (uintmax_t)after->absent);
}
