// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_sequence: what the two forms of KCMAP_MAP_SUBMIT share; and a control. */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "submit.h"

struct item items[STRIDED_MAX];

/* Of a file that is no map's the call fails before anybody looks. */
const struct kcmap_create *made_of(const struct file *file)
{
	static const struct kcmap_create any = { .key_size = 8,
						 .value_size = 8 };

	return file && file->map ? &file->map->made : &any;
}

unsigned int keys_of(const struct file *file)
{
	return file && file->map ? file->map->keys : 1;
}

unsigned int choose_opcode(struct world *w)
{
	return one_in(w, 25) ? below(w, 256) :
			       opcodes[below(w, nr_opcodes)].opcode;
}

bool opcode_returns(unsigned int opcode)
{
	const struct opcode *known = opcode_find(opcode);

	return known && known->returns;
}

const char *opcode_name(unsigned int opcode)
{
	const struct opcode *known = opcode_find(opcode);

	return known ? known->name + strlen("KCMAP_OP_") : "NONE";
}

void expect_status(struct world *w, unsigned int opcode, unsigned int key,
		   int want, int got)
{
	char what[64];

	snprintf(what, sizeof(what), "status of %s of key %u",
		 opcode_name(opcode), key);
	expect(w, what, want, got);
}

/* @want: number of the value that must be there; 0: nothing was written. */
void check_result(struct world *w, const struct kcmap_create *made,
		  const uint8_t *at, uint64_t want)
{
	uint32_t i;

	if (want) {
		if (!value_is(want, at, made->value_size))
			complain(w, "a result is another value than %llu",
				 (unsigned long long)want);
		return;
	}
	for (i = 0; i < made->value_size; i++)
		if (at[i] != UNTOUCHED)
			complain(w, "byte %u of no result was written", i);
}

/* --- A control --- */

/* A map with something to spoil. */
static struct file *victim(struct world *w, unsigned int *agent,
			   unsigned int *fd)
{
	for (*agent = 0; *agent < AGENTS; ++*agent) {
		for (*fd = 0; *fd < FDS; ++*fd) {
			struct file *file = w->agents[*agent].fds[*fd];

			if (file && file->kind == KIND_MAP && file->readable &&
			    file->writable && file->map->entries &&
			    file->map->made.value_size >= 8)
				return file;
		}
	}
	return NULL;
}

/* Replaces a value, and says nothing to the model, which must notice. */
bool stranger(struct world *w)
{
	struct kcmap_submit *submit = room(sizeof(*submit));
	uint8_t *bytes = room(KCMAP_KEY_SIZE_MAX);
	struct kcmap_op *item = room(sizeof(*item));
	unsigned int agent, fd, key = 0;
	struct file *file = victim(w, &agent, &fd);

	if (!file)
		return false;
	while (!file->map->values[key])
		key++;
	say(w, "somebody else writes to process %u fd %u key %u; ", agent, fd,
	    key);
	key_bytes(key, bytes, file->map->made.key_size);
	item->opcode = KCMAP_OP_UPDATE;
	item->key = ADDRESS(bytes);
	item->value = ADDRESS(room(KCMAP_VALUE_SIZE_MAX));
	submit->size = sizeof(*submit);
	submit->nr = 1;
	submit->ops = ADDRESS(item);
	submit->op_size = sizeof(*item);
	return !DO(w, agent, SYS_ioctl, FD_BASE + fd, KCMAP_MAP_SUBMIT,
		   (long)submit);
}
