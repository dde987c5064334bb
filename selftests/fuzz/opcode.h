/* SPDX-License-Identifier: GPL-2.0-only */
/* fuzz_sequence: the table of opcodes. */
#ifndef FUZZ_OPCODE_H
#define FUZZ_OPCODE_H

#include "world.h"

/**
 * struct opcode - a line of the table
 * @name: name
 * @opcode: enum kcmap_opcode
 * @reads: the descriptor must be open for reading
 * @writes: for writing
 * @stores: it takes a value
 * @returns: it has a result
 * @model: do it in the model; @old: the value that was there. Return: the status
 */
struct opcode {
	const char *name;
	unsigned int opcode;
	bool reads, writes, stores, returns;
	int (*model)(struct world *w, struct map *map, unsigned int key,
		     uint64_t value, uint64_t *old);
};

extern const struct opcode opcodes[];
extern const unsigned int nr_opcodes;

const struct opcode *opcode_find(unsigned int opcode);
int opcode_error(const struct file *file, unsigned int opcode, bool dirty,
		 bool value, bool result);
int opcode_run(struct world *w, struct file *file, const struct opcode *opcode,
	       unsigned int key, uint64_t value, uint64_t *old);

#endif /* FUZZ_OPCODE_H */
