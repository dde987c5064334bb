/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loops that are timed. Each engine compiles them with its own operations,
 * a constant, so that these are called directly and may be inlined, as they
 * would be where somebody uses that table.
 */
#ifndef _KCMAP_BENCH_LOOP_H
#define _KCMAP_BENCH_LOOP_H

#include "bench.h"

/* Numbers that no key in a table has. */
#define BENCH_ABSENT BIT_ULL(40)

static __always_inline u64 bench_random(struct bench_thread *thread, u64 add)
{
	thread->random = thread->random * 0x5851f42d4c957f2dULL + 1 + add;
	return ((thread->random >> 32) * thread->entries) >> 32;
}

static __always_inline void bench_bulk(const struct bench_engine *engine,
				       struct bench_thread *thread)
{
	u64 numbers[BENCH_BULK], keys[BENCH_BULK], values[BENCH_BULK];
	unsigned int i;
	u64 found;

	for (i = 0; i < BENCH_BULK; i++) {
		numbers[i] = bench_random(thread, 0);
		keys[i] = bench_key(numbers[i]);
	}
	found = engine->lookup_bulk(thread->table, keys, values);
	thread->errors += found != GENMASK_ULL(BENCH_BULK - 1, 0);
	for (i = 0; i < BENCH_BULK; i++)
		thread->errors += values[i] != numbers[i];
}

/* The value of each key is its number, so every answer can be checked. */
static __always_inline void bench_loop(const struct bench_engine *engine,
				       struct bench_thread *thread, u32 bench,
				       u32 nr)
{
	u64 number, key, value = 0, differ = 0;
	u32 i;
	int rc;

	switch (bench) {
	case BENCH_LOOKUP_HIT:
		for (i = 0; i < nr; i++) {
			number = bench_random(thread, 0);
			key = bench_key(number);
			thread->errors +=
				!!engine->lookup(thread->table, &key, &value);
			thread->errors += value != number;
		}
		break;
	case BENCH_LOOKUP_MISS:
		for (i = 0; i < nr; i++) {
			number = bench_random(thread, 0) + BENCH_ABSENT;
			key = bench_key(number);
			thread->errors +=
				!engine->lookup(thread->table, &key, &value);
		}
		break;
	case BENCH_LOOKUP_DEPENDENT:
		/* The next key needs the value of this one: it adds 0. */
		for (i = 0; i < nr; i++) {
			number = bench_random(thread, differ);
			key = bench_key(number);
			thread->errors +=
				!!engine->lookup(thread->table, &key, &value);
			differ = value ^ number;
			thread->errors += !!differ;
		}
		break;
	case BENCH_LOOKUP_BULK32:
		for (i = 0; i < nr; i += BENCH_BULK)
			bench_bulk(engine, thread);
		break;
	case BENCH_UPDATE:
		for (i = 0; i < nr; i++) {
			value = bench_random(thread, 0);
			key = bench_key(value);
			thread->errors +=
				!!engine->update(thread->table, &key, &value);
		}
		break;
	case BENCH_INSERT:
		for (i = 0; i < nr; i++) {
			value = thread->next++;
			key = bench_key(value);
			rc = engine->insert(thread->table, &key, &value);
			if (rc) {
				thread->errors++;
				thread->error = rc;
			}
		}
		break;
	case BENCH_DELETE:
		for (i = 0; i < nr; i++) {
			key = bench_key(thread->next++);
			thread->errors += !!engine->remove(thread->table, &key);
		}
		break;
	}
}

#endif /* _KCMAP_BENCH_LOOP_H */
