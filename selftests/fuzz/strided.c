// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_sequence: KCMAP_MAP_SUBMIT of one opcode over packed items. */
#include <errno.h>
#include <string.h>

#include "submit.h"

/* An array that ends where nothing is, behind so many items. */
enum { KEYS_END, VALUES_END, RESULTS_END, STATUSES_END, NONE_ENDS };

static struct {
	unsigned int which;
	uint32_t there;
} short_array;

static uint64_t array(unsigned int which, uint32_t nr, uint32_t size)
{
	if (which == short_array.which)
		return ADDRESS(room_at_edge(short_array.there * size));
	return ADDRESS(room(nr * size + 1));
}

static uint32_t there(unsigned int which, uint32_t nr)
{
	return which == short_array.which ? short_array.there : nr;
}

/* Keys at random, or many in a row: a map fills up and empties. */
static void choose_keys(struct world *w, const struct file *file, uint32_t nr)
{
	uint32_t keys = keys_of(file), first = below(w, keys), i;
	bool row = one_in(w, 2);

	for (i = 0; i < nr; i++) {
		items[i].key = row ? (first + i) % keys : below(w, keys);
		items[i].value = ++w->last_value;
	}
	say(w, " nr %u %s %u", nr, row ? "from" : "random", first);
}

static void fill_arrays(const struct kcmap_submit *submit,
			const struct kcmap_create *made, uint32_t nr)
{
	uint8_t *keys = (void *)(uintptr_t)submit->keys;
	uint8_t *values = (void *)(uintptr_t)submit->values;
	int32_t *statuses = (void *)(uintptr_t)submit->statuses;
	uint32_t i;

	for (i = 0; i < there(KEYS_END, nr); i++)
		key_bytes(items[i].key, keys + i * made->key_size,
			  made->key_size);
	for (i = 0; values && i < there(VALUES_END, nr); i++)
		value_bytes(items[i].value, values + i * made->value_size,
			    made->value_size);
	for (i = 0; i < there(STATUSES_END, nr); i++)
		statuses[i] = NO_STATUS;
	if (submit->results)
		memset((void *)(uintptr_t)submit->results, UNTOUCHED,
		       there(RESULTS_END, nr) * made->value_size);
}

static void spoil_strided(struct world *w, struct kcmap_submit *submit)
{
	switch (below(w, 6)) {
	case 0:
		submit->ops = submit->keys;
		break;
	case 1:
		submit->op_size = sizeof(struct kcmap_op);
		break;
	case 2:
		submit->op_flags = 1;
		break;
	case 3:
		submit->values = submit->values ? 0 : submit->keys;
		break;
	case 4:
		submit->results = opcode_returns(submit->opcode) ? 0 :
								   submit->keys;
		break;
	default:
		submit->nr = KCMAP_SUBMIT_MAX + 1;
	}
}

void fill_strided(struct world *w, unsigned int agent, const struct file *file,
		  void *arg)
{
	const struct kcmap_create *made = made_of(file);
	struct kcmap_submit *submit = arg;
	uint32_t nr = below(w, one_in(w, 2) ? 4 : STRIDED_MAX + 1);
	const struct opcode *opcode;

	(void)agent;
	short_array.which = one_in(w, 8) ? below(w, NONE_ENDS) : NONE_ENDS;
	short_array.there = below(w, nr + 1);
	/* Of nothing there is always enough. */
	if (!made->value_size && (short_array.which == VALUES_END ||
				  short_array.which == RESULTS_END))
		short_array.which = NONE_ENDS;
	submit->flags = KCMAP_SUBMIT_STRIDED;
	submit->nr = nr;
	submit->opcode = choose_opcode(w);
	say(w, " %s", opcode_name(submit->opcode));
	choose_keys(w, file, nr);
	submit->keys = array(KEYS_END, nr, made->key_size);
	submit->statuses = array(STATUSES_END, nr, sizeof(int32_t));
	opcode = opcode_find(submit->opcode);
	if (opcode && opcode->stores)
		submit->values = array(VALUES_END, nr, made->value_size);
	if (opcode && opcode->returns && !one_in(w, 4))
		submit->results = array(RESULTS_END, nr, made->value_size);
	fill_arrays(submit, made, nr);
	if (short_array.which != NONE_ENDS)
		say(w, " array %u has %u", short_array.which,
		    short_array.there);
	if (one_in(w, 30))
		spoil_strided(w, submit);
}

static int strided_error(const struct file *file, const struct kcmap_submit *in)
{
	if (in->nr > KCMAP_SUBMIT_MAX || in->ops || in->op_size)
		return -EINVAL;
	return opcode_error(file, in->opcode, in->op_flags, in->values,
			    in->results);
}

static int model_strided_item(struct world *w, struct file *file,
			      const struct kcmap_submit *in, uint32_t i,
			      uint64_t *old)
{
	const struct opcode *opcode = opcode_find(in->opcode);
	bool bad_value = opcode->stores && file->map->made.value_size &&
			 (!in->values || i >= there(VALUES_END, in->nr));
	bool bad_result = in->results && i >= there(RESULTS_END, in->nr);
	int status;

	if (bad_value || (bad_result && opcode->writes))
		return -EFAULT;
	status = opcode_run(w, file, opcode, items[i].key, items[i].value, old);
	return !status && bad_result ? -EFAULT : status;
}

void model_strided(struct world *w, const struct call *call)
{
	const struct kcmap_submit *in = call->in, *out = call->out;
	const struct kcmap_create *made = &call->file->map->made;
	const int32_t *statuses = (void *)(uintptr_t)in->statuses;
	const uint8_t *results = (void *)(uintptr_t)in->results;
	uint32_t nr = in->nr, i;

	if (strided_error(call->file, in)) {
		expect_error(w, strided_error(call->file, in), call->got);
		return;
	}
	if (nr > there(KEYS_END, nr))
		nr = there(KEYS_END, nr);
	if (nr > there(STATUSES_END, in->nr))
		nr = there(STATUSES_END, in->nr);
	for (i = 0; i < nr; i++) {
		uint64_t old = 0;
		int status = model_strided_item(w, call->file, in, i, &old);

		expect_status(w, in->opcode, items[i].key, status, statuses[i]);
		if (results && i < there(RESULTS_END, in->nr))
			check_result(w, made, results + i * made->value_size,
				     status ? 0 : old);
	}
	for (; i < there(STATUSES_END, in->nr); i++)
		expect(w, "status that nobody reached", NO_STATUS, statuses[i]);
	expect(w, "done", nr, out->done);
	expect_error(w, !nr && in->nr ? -EFAULT : 0, call->got);
}
