/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a map has to hold, in memory that the processes of a run share, and what of each
 * kind was done and failed. One process writes the map, so that it knows this exactly;
 * a reader knows it within the window from before its read began to after it ended.
 */
#ifndef MODEL_H
#define MODEL_H

#include "image.h"

#define KEYS 2000
#define VALUE_WORDS 64
#define VALUE_SIZE (VALUE_WORDS * 8)

/* Of a key: number of the write that made it so, and whether it is there. */
#define STATE(serial, there) ((serial) << 1 | (there))
#define SERIAL(state) ((state) >> 1)
#define THERE(state) ((state) % 2)

enum deed {
	INSERT,
	UPDATE,
	DELETE,
	LOOKUP,
	SNAPSHOT,
	REFRESH,
	MMAP,
	TOUCH, /* reads of a mapping, which can end in SIGBUS */
	DEEDS,
};

static const char *const deed_names[DEEDS] = { "insert", "update",   "delete",
					       "lookup", "snapshot", "refresh",
					       "mmap",	 "touch" };

/* What makes allocations fail at random; kcmap's are in kmod/fault.c. */
#define INJECTORS 4

static const char *const injectors[INJECTORS] = { "failslab", "fail_page_alloc",
						  "kcmap/fail_alloc",
						  "kcmap/fail_mapping" };

/* How a call may fail when memory is short. */
enum cause { CAUSE_NOMEM, CAUSE_QUOTA, CAUSE_FAULT, CAUSE_FILES, CAUSES };

static const char *const cause_names[CAUSES] = { "ENOMEM", "EDQUOT",
						 "EFAULT/SIGBUS",
						 "ENFILE/EMFILE" };

struct result {
	unsigned int shortage;
	uint64_t injected[INJECTORS];
	uint64_t tries[DEEDS];
	uint64_t failed[DEEDS][CAUSES];
	uint64_t reads; /* of one entry, each checked */
	uint64_t lost, stale, corrupted;
	double seconds;
	double grace_ms; /* of a grace period, while it went on */
};

struct model {
	uint64_t done[KEYS]; /* the last write that has succeeded */
	uint64_t begun[KEYS]; /* and the one that goes on, if one does */
	uint64_t gone[KEYS]; /* serial of the last delete that is not known to fail */
	int stop;
};

static struct model *model;
static struct result *result;

#define LOAD(word) __atomic_load_n(&(word), __ATOMIC_SEQ_CST)
#define STORE(word, value) __atomic_store_n(&(word), value, __ATOMIC_SEQ_CST)
#define COUNT(counter, nr) __atomic_fetch_add(&(counter), nr, __ATOMIC_RELAXED)

static void *share(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return at;
}

/* Notes what came of @deed. Return: whether it was done. */
static bool note(enum deed deed, int ret)
{
	enum cause cause;

	COUNT(result->tries[deed], 1);
	if (ret >= 0)
		return true;
	switch (-ret) {
	case ENOMEM:
		cause = CAUSE_NOMEM;
		break;
	case EDQUOT:
		cause = CAUSE_QUOTA;
		break;
	case EFAULT:
		cause = CAUSE_FAULT;
		break;
	case ENFILE:
	case EMFILE:
		cause = CAUSE_FILES;
		break;
	default:
		tap_diag("%s: %s", deed_names[deed], strerrorname_np(-ret));
		tap_fail(__FILE__, __LINE__, "not what a shortage may do");
		return false;
	}
	COUNT(result->failed[deed][cause], 1);
	return false;
}

static uint64_t failures(const struct result *of, enum deed deed)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < CAUSES; i++)
		sum += of->failed[deed][i];
	return sum;
}

/* --- Values: each word says of which key and which write it is --- */

/* 62 bits: nothing that looks like an address of the kernel's. */
static uint64_t value_word(uint64_t key, uint64_t serial, unsigned int i)
{
	return image_fold(key ^ 0x9e3779b97f4a7c15ULL,
			  serial * VALUE_WORDS + i + 0xbf58476d1ce4e5b9ULL) >>
	       2;
}

static void value_make(uint64_t *value, uint64_t key, uint64_t serial)
{
	unsigned int i;

	value[0] = key;
	value[1] = serial;
	for (i = 2; i < VALUE_WORDS; i++)
		value[i] = value_word(key, serial, i);
}

static bool value_is_whole(const uint64_t *value, uint64_t key)
{
	unsigned int i;

	if (value[0] != key)
		return false;
	for (i = 2; i < VALUE_WORDS; i++)
		if (value[i] != value_word(key, value[1], i))
			return false;
	return true;
}

/* --- Reads --- */

/*
 * @value: NULL: the key was not there
 * @before: done, before the read began
 * @after: begun, after it ended
 * @gone: likewise
 */
static void judge(uint64_t key, const uint64_t *value, uint64_t before,
		  uint64_t after, uint64_t gone)
{
	COUNT(result->reads, 1);
	if (!value) {
		if (THERE(before) && gone <= SERIAL(before))
			COUNT(result->lost, 1);
	} else if (!value_is_whole(value, key) || value[1] > SERIAL(after)) {
		COUNT(result->corrupted, 1);
	} else if (value[1] < SERIAL(before) + !THERE(before)) {
		COUNT(result->stale, 1);
	}
}

/* A cut of the map: what each key may be in it, and which were met. */
struct cut {
	uint64_t before[KEYS], after[KEYS], gone[KEYS];
	bool met[KEYS];
};

static void cut_begin(struct cut *cut)
{
	unsigned int i;

	for (i = 0; i < KEYS; i++)
		cut->before[i] = LOAD(model->done[i]);
}

static void cut_end(struct cut *cut)
{
	unsigned int i;

	for (i = 0; i < KEYS; i++) {
		cut->gone[i] = LOAD(model->gone[i]);
		cut->after[i] = LOAD(model->begun[i]);
	}
}

static void cut_entry(const void *key, const void *value, void *ctx)
{
	struct cut *cut = ctx;
	uint64_t number;

	memcpy(&number, key, sizeof(number));
	if (number >= KEYS || cut->met[number]) {
		COUNT(result->corrupted, 1);
		return;
	}
	cut->met[number] = true;
	judge(number, value, cut->before[number], cut->after[number],
	      cut->gone[number]);
}

static void cut_begin_check(struct cut *cut)
{
	memset(cut->met, 0, sizeof(cut->met));
}

/* After all entries: those that are not there. */
static void cut_end_check(const struct cut *cut)
{
	unsigned int i;

	for (i = 0; i < KEYS; i++)
		if (!cut->met[i])
			judge(i, NULL, cut->before[i], cut->after[i],
			      cut->gone[i]);
}

#endif /* MODEL_H */
