// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_sequence: KCMAP_MAP_SUBMIT of operations with a descriptor each. */
#include <errno.h>
#include <string.h>

#include "submit.h"

#define MIXED_MAX 8
#define OP_SIZE_MAX 4096

/* An address where nothing is. */
#define NOWHERE 8

static void fill_item(struct world *w, const struct file *file,
		      struct item *item, struct kcmap_op *op)
{
	const struct kcmap_create *made = made_of(file);
	const struct opcode *opcode;
	void *key = room(made->key_size), *value = room(made->value_size + 1);
	uint8_t *result = room(made->value_size + 1);

	memset(op, 0, sizeof(*op));
	memset(item, 0, sizeof(*item));
	op->opcode = choose_opcode(w);
	op->status = NO_STATUS;
	op->trace_id = below(w, UINT64_MAX);
	opcode = opcode_find(op->opcode);
	item->key = below(w, keys_of(file));
	item->value = ++w->last_value;
	key_bytes(item->key, key, made->key_size);
	value_bytes(item->value, value, made->value_size);
	memset(result, UNTOUCHED, made->value_size);
	op->key = ADDRESS(key);
	if (opcode && opcode->stores)
		op->value = ADDRESS(value);
	if (opcode && opcode->returns && !one_in(w, 4))
		op->result = ADDRESS(result);
	say(w, " %s %u", opcode_name(op->opcode), item->key);
}

static void spoil_item(struct world *w, struct item *item, struct kcmap_op *op,
		       uint32_t op_size)
{
	unsigned int how = below(w, 9);

	say(w, " spoilt %u", how);
	switch (how) {
	case 0:
		op->reserved = 1;
		break;
	case 1:
		op->flags = 1 << below(w, 16);
		break;
	case 2:
		op->operand[below(w, COUNT(op->operand))] = 1;
		break;
	case 3:
		op->key = NOWHERE;
		break;
	case 4:
		op->value = op->value ? 0 : op->key;
		break;
	case 5:
		op->value = NOWHERE;
		break;
	case 6:
		op->result = opcode_returns(op->opcode) ? 0 : op->key;
		break;
	case 7:
		op->result = NOWHERE;
		break;
	default:
		if (op_size <= sizeof(*op))
			break;
		((uint8_t *)op)[sizeof(*op) + below(w, op_size - sizeof(*op))] =
			1;
		item->dirty_tail = true;
	}
}

/* A struct that cannot be that of the mixed form. */
static void spoil_mixed(struct world *w, struct kcmap_submit *submit)
{
	switch (below(w, 6)) {
	case 0:
		submit->op_size = below(w, sizeof(struct kcmap_op));
		break;
	case 1:
		submit->op_size = OP_SIZE_MAX + 1;
		break;
	case 2:
		submit->opcode = KCMAP_OP_LOOKUP;
		break;
	case 3:
		submit->keys = submit->ops;
		break;
	case 4:
		submit->reserved = 1;
		break;
	default:
		submit->nr = KCMAP_SUBMIT_MAX + 1 + below(w, 1000);
	}
}

void fill_mixed(struct world *w, unsigned int agent, const struct file *file,
		void *arg)
{
	struct kcmap_submit *submit = arg;
	uint32_t nr = below(w, MIXED_MAX + 1), there = nr, i;
	uint32_t op_size =
		sizeof(struct kcmap_op) + (one_in(w, 4) ? below(w, 100) : 0);
	uint8_t *at;

	(void)agent;
	/* The last ones cannot be read. */
	if (one_in(w, 20))
		there = below(w, nr + 1);
	at = there < nr ? room_at_edge(there * op_size) : room(nr * op_size);
	for (i = 0; i < there; i++) {
		struct kcmap_op *op = (void *)(at + i * op_size);
		struct kcmap_op filled;

		fill_item(w, file, &items[i], &filled);
		memcpy(op, &filled, sizeof(filled));
		if (one_in(w, 16))
			spoil_item(w, &items[i], op, op_size);
	}
	submit->nr = nr;
	submit->ops = ADDRESS(at);
	submit->op_size = op_size;
	if (one_in(w, 30))
		spoil_mixed(w, submit);
	say(w, " nr %u of %u size %u", there, nr, op_size);
}

/* Return: false: it must not have been reached. */
static bool model_item(struct world *w, struct file *file,
		       const struct item *item, const struct kcmap_op *op)
{
	const struct kcmap_create *made = &file->map->made;
	const struct opcode *opcode = opcode_find(op->opcode);
	bool bad_result = op->result == NOWHERE && made->value_size;
	uint64_t old = 0, any = 0;
	unsigned int i;
	int status;

	for (i = 0; i < COUNT(op->operand); i++)
		any |= op->operand[i];
	status = item->dirty_tail ? -E2BIG :
				    opcode_error(file, op->opcode,
						 op->reserved | op->flags,
						 op->value, op->result);
	if (!status && any)
		status = -EINVAL;
	if (!status && op->key == NOWHERE)
		return false;
	if (!status && opcode->stores && made->value_size &&
	    op->value <= NOWHERE)
		status = -EFAULT;
	if (!status && opcode->writes && bad_result)
		status = -EFAULT;
	if (!status) {
		status = opcode_run(w, file, opcode, item->key, item->value,
				    &old);
		if (!status && bad_result)
			status = -EFAULT;
		if (op->result > NOWHERE)
			check_result(w, made, (void *)(uintptr_t)op->result,
				     status ? 0 : old);
	}
	expect_status(w, op->opcode, item->key, status, op->status);
	return true;
}

static int mixed_error(const struct kcmap_submit *in)
{
	if (in->reserved || in->nr > KCMAP_SUBMIT_MAX || in->opcode ||
	    in->keys || in->op_size < sizeof(struct kcmap_op))
		return -EINVAL;
	return in->op_size > OP_SIZE_MAX ? -E2BIG : 0;
}

/* Whether an item is in what can be read; at the edge they end. */
static bool can_read(const struct kcmap_submit *in, uint32_t i)
{
	uint64_t end = in->ops + (uint64_t)(i + 1) * in->op_size;
	uint64_t edge = ADDRESS(room_at_edge(0));

	return in->ops > edge || end <= edge || in->ops < edge - (1U << 20);
}

void model_mixed(struct world *w, const struct call *call)
{
	const struct kcmap_submit *in = call->in, *out = call->out;
	const uint8_t *at = (void *)(uintptr_t)in->ops;
	uint32_t i;

	if (mixed_error(in)) {
		expect_error(w, mixed_error(in), call->got);
		return;
	}
	for (i = 0; i < in->nr; i++) {
		struct kcmap_op op;

		if (!can_read(in, i))
			break;
		memcpy(&op, at + i * in->op_size, sizeof(op));
		if (!model_item(w, call->file, &items[i], &op)) {
			expect(w, "status that nobody reached", NO_STATUS,
			       op.status);
			break;
		}
	}
	expect(w, "done", i, out->done);
	expect_error(w, !i && in->nr ? -EFAULT : 0, call->got);
}
