/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loops that are timed. Each engine compiles them with its own operations,
 * a constant, so that these are called directly and may be inlined, as they
 * would be where somebody uses that table. Sizes are constants likewise, so that
 * no engine pays for being general: engines_wide.c compiles all once more.
 */
#ifndef _KCMAP_BENCH_LOOP_H
#define _KCMAP_BENCH_LOOP_H

#include <linux/log2.h>

#include "bench.h"

#ifdef BENCH_WIDE
#define BENCH_ENGINE(name) name##_wide
#define BENCH_KEY_WORDS BENCH_KEY_WORDS_MAX
#define BENCH_VALUE_WORDS BENCH_VALUE_WORDS_MAX
#else
#define BENCH_ENGINE(name) name
#define BENCH_KEY_WORDS 1
#define BENCH_VALUE_WORDS 1
#endif

#define BENCH_KEY_SIZE (BENCH_KEY_WORDS * 8)
#define BENCH_VALUE_SIZE (BENCH_VALUE_WORDS * 8)

/* Numbers that no key in a table has. */
#define BENCH_ABSENT BIT_ULL(40)

/* Of number @i: different for each, and no pattern for a weak hash to use. */
static __always_inline void bench_key(u64 *key, u64 i)
{
	unsigned int word;

	i *= 0xd1342543de82ef95ULL;
	i = (i ^ (i >> 32)) * 0xaf251af3b0f025b5ULL;
	for (word = 0; word < BENCH_KEY_WORDS; word++)
		key[word] = i + word;
}

static __always_inline void bench_value(u64 *value, u64 number)
{
	unsigned int word;

	for (word = 0; word < BENCH_VALUE_WORDS; word++)
		value[word] = number + word;
}

/* Not 0 where @value is not that of @number. */
static __always_inline u64 bench_differ(const u64 *value, u64 number)
{
	u64 differ = 0;
	unsigned int word;

	for (word = 0; word < BENCH_VALUE_WORDS; word++)
		differ |= value[word] ^ (number + word);
	return differ;
}

static __always_inline u64 bench_random(struct bench_thread *thread, u64 add)
{
	thread->random = thread->random * 0x5851f42d4c957f2dULL + 1 + add;
	return ((thread->random >> 32) * thread->entries) >> 32;
}

/*
 * Of each octave of numbers as many as of any other, and within one uniform: in
 * such steps, how often a number comes up is one by the number.
 */
static __always_inline u64 bench_zipf(struct bench_thread *thread)
{
	u64 octave;

	bench_random(thread, 0);
	octave = ((thread->random >> 32) * ilog2(thread->entries)) >> 32;
	bench_random(thread, 0);
	return BIT_ULL(octave) |
	       ((thread->random >> 32) & (BIT_ULL(octave) - 1));
}

/* Not 0 where the answer is wrong. */
static __always_inline u64 bench_mix(const struct bench_engine *engine,
				     struct bench_thread *thread)
{
	u64 key[BENCH_KEY_WORDS], value[BENCH_VALUE_WORDS] = {};
	u64 number;
	int rc;

	number = thread->dist == BENCH_ZIPF ? bench_zipf(thread) :
					      bench_random(thread, 0);
	bench_key(key, number);
	if (((u32)thread->random * 100ULL) >> 32 < thread->read_pct) {
		rc = engine->lookup(thread->table, key, value);
		return rc ? 1 : bench_differ(value, number);
	}
	bench_value(value, number);
	return !!engine->update(thread->table, key, value);
}

static __always_inline void bench_bulk(const struct bench_engine *engine,
				       struct bench_thread *thread)
{
	struct bench_bulk *bulk = thread->bulk;
	unsigned int i;
	u64 wrong;

	for (i = 0; i < BENCH_BULK; i++) {
		bulk->numbers[i] = bench_random(thread, 0);
		bench_key(bulk->keys + i * BENCH_KEY_WORDS, bulk->numbers[i]);
	}
	wrong = engine->lookup_bulk(thread->table, bulk->keys, bulk->values) ^
		GENMASK_ULL(BENCH_BULK - 1, 0);
	for (i = 0; i < BENCH_BULK; i++)
		wrong |= bench_differ(bulk->values + i * BENCH_VALUE_WORDS,
				      bulk->numbers[i]);
	thread->errors += !!wrong;
}

/* The value of each key says its number, so every answer can be checked. */
static __always_inline void bench_loop(const struct bench_engine *engine,
				       struct bench_thread *thread, u32 bench,
				       u32 nr)
{
	u64 key[BENCH_KEY_WORDS], value[BENCH_VALUE_WORDS] = {};
	u64 number, differ = 0, wrong = 0;
	u32 i;
	int rc;

	switch (bench) {
	case BENCH_LOOKUP_HIT:
		for (i = 0; i < nr; i++) {
			number = bench_random(thread, 0);
			bench_key(key, number);
			wrong |= !!engine->lookup(thread->table, key, value);
			wrong |= bench_differ(value, number);
		}
		break;
	case BENCH_LOOKUP_MISS:
		for (i = 0; i < nr; i++) {
			number = bench_random(thread, 0) + BENCH_ABSENT;
			bench_key(key, number);
			wrong |= !engine->lookup(thread->table, key, value);
		}
		break;
	case BENCH_LOOKUP_DEPENDENT:
		/* The next key needs the value of this one: it adds 0. */
		for (i = 0; i < nr; i++) {
			number = bench_random(thread, differ);
			bench_key(key, number);
			wrong |= !!engine->lookup(thread->table, key, value);
			differ = bench_differ(value, number);
			wrong |= differ;
		}
		break;
	case BENCH_LOOKUP_BULK32:
		for (i = 0; i < nr && engine->lookup_bulk; i += BENCH_BULK)
			bench_bulk(engine, thread);
		break;
	case BENCH_UPDATE:
		for (i = 0; i < nr; i++) {
			number = bench_random(thread, 0);
			bench_key(key, number);
			bench_value(value, number);
			wrong |= !!engine->update(thread->table, key, value);
		}
		break;
	case BENCH_INSERT:
		for (i = 0; i < nr; i++) {
			number = thread->next++;
			bench_key(key, number);
			bench_value(value, number);
			rc = engine->insert(thread->table, key, value);
			if (rc) {
				thread->errors++;
				thread->error = rc;
			}
		}
		break;
	case BENCH_DELETE:
		for (i = 0; i < nr; i++) {
			bench_key(key, thread->next++);
			wrong |= !!engine->remove(thread->table, key);
		}
		break;
	case BENCH_MIX:
		for (i = 0; i < nr; i++)
			wrong |= bench_mix(engine, thread);
		break;
	}
	thread->errors += !!wrong;
}

#endif /* _KCMAP_BENCH_LOOP_H */
