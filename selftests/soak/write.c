// SPDX-License-Identifier: GPL-2.0-only
/* What a worker writes: its own keys only, so that it knows each answer beforehand. */
#include <errno.h>
#include <string.h>

#include "soak.h"

const struct opcode opcodes[OPCODES] = {
	[OP_LOOKUP] = { "lookup", KCMAP_OP_LOOKUP, -ENOENT, KEEPS, true },
	[OP_INSERT] = { "insert", KCMAP_OP_INSERT, STORES, -EEXIST, false },
	[OP_UPDATE] = { "update", KCMAP_OP_UPDATE, -ENOENT, STORES, false },
	[OP_UPSERT] = { "upsert", KCMAP_OP_UPSERT, STORES, STORES, false },
	[OP_DELETE] = { "delete", KCMAP_OP_DELETE, -ENOENT, REMOVES, false },
	[OP_TAKE] = { "take", KCMAP_OP_LOOKUP_AND_DELETE, -ENOENT, REMOVES,
		      true },
};

/* An operation on a key, and the state that it leads to. */
struct item {
	const struct opcode *opcode;
	uint64_t number, version, next;
	int expected;
	uint64_t key[KEY_WORDS_MAX];
	uint64_t value[VALUE_WORDS_MAX], result[VALUE_WORDS_MAX];
};

static struct key_state *state_of(struct worker *worker, unsigned int shape,
				  uint64_t number)
{
	return &worker->shared->keys[shape][number];
}

/* An even version: absent. So storing goes to the next odd one. */
static uint64_t next_version(uint64_t version, int effect)
{
	switch (effect) {
	case STORES:
		return version + (version % 2 ? 2 : 1);
	case REMOVES:
		return version + 1;
	}
	return version;
}

static void plan(struct worker *worker, unsigned int shape, struct item *item)
{
	struct key_state *state = state_of(worker, shape, item->number);
	int effect;

	item->version = state->committed;
	effect = item->version % 2 ? item->opcode->present :
				     item->opcode->absent;
	item->expected = effect < 0 ? effect : 0;
	item->next = next_version(item->version, effect);
	make_key(&shapes[shape], item->number, item->key);
	make_value(&shapes[shape], item->number, item->next, item->value);
	if (item->next == item->version)
		return;
	if (item->next % 2 == 0)
		store(&state->absent, item->next);
	store(&state->started, item->next);
}

/* What is there, of keys whose owner was killed, or that did not answer as planned. */
static void adopt(struct worker *worker, unsigned int shape, uint64_t number,
		  bool check)
{
	struct key_state *state = state_of(worker, shape, number);
	uint64_t key[KEY_WORDS_MAX], value[VALUE_WORDS_MAX], before;
	int64_t version = ABSENT;
	int err;

	before = state->committed;
	make_key(&shapes[shape], number, key);
	err = kcmap_map_lookup(worker->maps[shape], key, value);
	if (!err)
		version = version_of(worker->shared, &shapes[shape], number,
				     value, "after a kill");
	else if (err != -ENOENT)
		fail(worker->shared, FAIL_ERRNO, "look-up: %s", strerror(-err));
	if (version == CORRUPT)
		return;
	/* What was interrupted was done, or was not. */
	if (check && version != ABSENT && (uint64_t)version != before &&
	    (uint64_t)version != state->started)
		fail(worker->shared, FAIL_REVIVED,
		     "after a kill: %s, key %ju: version %jd, not %ju or %ju",
		     shapes[shape].name, (uintmax_t)number, (intmax_t)version,
		     (uintmax_t)before, (uintmax_t)state->started);
	if (check && version == ABSENT && before % 2 &&
	    state->started != before + 1)
		fail(worker->shared, FAIL_LOST,
		     "after a kill: %s, key %ju: absent, not %ju or %ju",
		     shapes[shape].name, (uintmax_t)number, (uintmax_t)before,
		     (uintmax_t)state->started);
	if (version == ABSENT)
		version = (int64_t)(before + before % 2);
	store(&state->committed, (uint64_t)version);
	store(&state->started, (uint64_t)version);
}

/**
 * adopt_lane() - go on where a worker was killed
 * @worker: who takes its place
 */
void adopt_lane(struct worker *worker)
{
	uint64_t first = (uint64_t)worker->number * LANE, i;
	unsigned int shape;

	for (shape = 0; shape < SHAPES; shape++)
		for (i = first; i < first + LANE; i++)
			adopt(worker, shape, i, true);
}

/* An error of the item, or of the call for items that it did not come to. */
static void settle(struct worker *worker, unsigned int shape,
		   const struct item *item, int status)
{
	struct key_state *state = state_of(worker, shape, item->number);
	int64_t version;

	if (status == item->expected) {
		store(&state->committed, item->next);
		if (status || !item->opcode->reads)
			return;
		version = version_of(worker->shared, &shapes[shape],
				     item->number, item->result,
				     item->opcode->name);
		if (version != CORRUPT && (uint64_t)version != item->version)
			fail(worker->shared,
			     (uint64_t)version < item->version ? FAIL_STALE :
								 FAIL_FUTURE,
			     "%s, key %ju: version %jd, not %ju",
			     shapes[shape].name, (uintmax_t)item->number,
			     (intmax_t)version, (uintmax_t)item->version);
		return;
	}
	/* Documented: an upsert, say, may have to copy a segment. It changes nothing. */
	if (status == -ENOMEM) {
		add(&worker->shared->refused, 1);
		store(&state->started, item->version);
		return;
	}
	fail(worker->shared,
	     status == -ENOENT		  ? FAIL_LOST :
	     !status || status == -EEXIST ? FAIL_REVIVED :
					    FAIL_ERRNO,
	     "%s, %s, key %ju, version %ju: %s, not %s", item->opcode->name,
	     shapes[shape].name, (uintmax_t)item->number,
	     (uintmax_t)item->version, strerror(-status),
	     strerror(-item->expected));
	adopt(worker, shape, item->number, false);
}

/* What has no use for an operation has to be NULL. */
static bool writes(const struct opcode *opcode)
{
	return opcode->absent == STORES || opcode->present == STORES;
}

static void submit(struct worker *worker, unsigned int shape,
		   struct item *items, unsigned int nr)
{
	struct kcmap_op ops[BATCH];
	unsigned int i;
	int done;

	for (i = 0; i < nr; i++) {
		plan(worker, shape, &items[i]);
		kcmap_prep(&ops[i], items[i].opcode->opcode, items[i].key,
			   writes(items[i].opcode) ? items[i].value : NULL,
			   items[i].opcode->reads ? items[i].result : NULL);
	}
	done = kcmap_map_submit(worker->maps[shape], ops, nr, sizeof(ops[0]));
	for (i = 0; i < nr; i++) {
		bool reached = done >= 0 && i < (unsigned int)done;

		settle(worker, shape, &items[i],
		       reached	? ops[i].status :
		       done < 0 ? done :
				  -ENODATA);
		worker->shared->workers[worker->number]
			.done[items[i].opcode - opcodes]++;
	}
}

/* Neighbours from a random one on: each key once. */
static void choose_keys(struct worker *worker, struct item *items,
			unsigned int nr)
{
	uint64_t at = rnd(&worker->random), i;

	for (i = 0; i < nr; i++)
		items[i].number = (uint64_t)worker->number * LANE + PAIR +
				  (at + i) % (LANE - PAIR);
}

static unsigned int random_shape(struct worker *worker)
{
	return (unsigned int)(rnd(&worker->random) >> 20) % SHAPES;
}

static unsigned int random_nr(struct worker *worker)
{
	return 1 + (unsigned int)(rnd(&worker->random) >> 20) % BATCH;
}

static const struct opcode *random_opcode(struct worker *worker)
{
	return &opcodes[(rnd(&worker->random) >> 20) % OPCODES];
}

unsigned int job_single(struct worker *worker)
{
	struct item item;

	choose_keys(worker, &item, 1);
	item.opcode = random_opcode(worker);
	submit(worker, random_shape(worker), &item, 1);
	return 0;
}

unsigned int job_batch(struct worker *worker)
{
	unsigned int nr = random_nr(worker), i;
	struct item items[BATCH];

	choose_keys(worker, items, nr);
	for (i = 0; i < nr; i++)
		items[i].opcode = random_opcode(worker);
	submit(worker, random_shape(worker), items, nr);
	return 0;
}

static void submit_strided(struct worker *worker, unsigned int shape,
			   struct item *items, unsigned int nr)
{
	uint64_t keys[BATCH * KEY_WORDS_MAX], values[BATCH * VALUE_WORDS_MAX];
	uint64_t results[BATCH * VALUE_WORDS_MAX] = { 0 };
	const struct opcode *opcode = items[0].opcode;
	unsigned int kw = shapes[shape].key_words, i;
	unsigned int vw = shapes[shape].value_words;
	int32_t statuses[BATCH];
	int done;

	for (i = 0; i < nr; i++) {
		plan(worker, shape, &items[i]);
		memcpy(keys + i * kw, items[i].key, kw * 8);
		memcpy(values + i * vw, items[i].value, vw * 8);
	}
	done = kcmap_map_submit_strided(worker->maps[shape], opcode->opcode, nr,
					keys, writes(opcode) ? values : NULL,
					opcode->reads ? results : NULL,
					statuses);
	for (i = 0; i < nr; i++) {
		bool reached = done >= 0 && i < (unsigned int)done;

		memcpy(items[i].result, results + i * vw, vw * 8);
		settle(worker, shape, &items[i],
		       reached	? statuses[i] :
		       done < 0 ? done :
				  -ENODATA);
	}
	worker->shared->workers[worker->number].done[opcode - opcodes] += nr;
}

unsigned int job_strided(struct worker *worker)
{
	const struct opcode *opcode = random_opcode(worker);
	unsigned int nr = random_nr(worker), i;
	struct item items[BATCH];

	choose_keys(worker, items, nr);
	for (i = 0; i < nr; i++)
		items[i].opcode = opcode;
	submit_strided(worker, random_shape(worker), items, nr);
	return 0;
}

/* All keys at once: segments are split, or merged. */
unsigned int job_sweep(struct worker *worker)
{
	const struct opcode *opcode = rnd(&worker->random) >> 20 & 1 ?
					      &opcodes[OP_UPSERT] :
					      &opcodes[OP_DELETE];
	unsigned int shape = random_shape(worker), at, nr, i;
	struct item items[BATCH];

	for (at = PAIR; at < LANE; at += nr) {
		nr = LANE - at < BATCH ? LANE - at : BATCH;
		for (i = 0; i < nr; i++) {
			items[i].number =
				(uint64_t)worker->number * LANE + at + i;
			items[i].opcode = opcode;
		}
		submit_strided(worker, shape, items, nr);
	}
	return 0;
}

/*
 * Two keys, the first always written before the second: at no instant is the second
 * ahead, or the first by more than one write. A snapshot has to show that.
 */
unsigned int job_pair(struct worker *worker)
{
	unsigned int shape = random_shape(worker);
	uint64_t first = (uint64_t)worker->number * LANE;
	struct item item = { .opcode = &opcodes[OP_UPSERT] };
	bool ahead = state_of(worker, shape, first)->committed >
		     state_of(worker, shape, first + 1)->committed;

	item.number = first + ahead;
	submit(worker, shape, &item, 1);
	return 0;
}
