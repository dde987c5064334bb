/* SPDX-License-Identifier: GPL-2.0-only */
/* fuzz_sequence: what the two forms of KCMAP_MAP_SUBMIT share. */
#ifndef FUZZ_SUBMIT_H
#define FUZZ_SUBMIT_H

#include "opcode.h"
#include "ops.h"

#define STRIDED_MAX 256

/* Nobody has written a status, a result. */
#define NO_STATUS 77
#define UNTOUCHED 0xa5

/* An item as it was chosen: what its bytes mean. */
struct item {
	unsigned int key;
	uint64_t value;
	/* Mixed form only. */
	bool dirty_tail;
};

/* Those of the call that is being made. */
extern struct item items[STRIDED_MAX];

const struct kcmap_create *made_of(const struct file *file);
unsigned int keys_of(const struct file *file);
unsigned int choose_opcode(struct world *w);
bool opcode_returns(unsigned int opcode);
const char *opcode_name(unsigned int opcode);
void expect_status(struct world *w, unsigned int opcode, unsigned int key,
		   int want, int got);
void check_result(struct world *w, const struct kcmap_create *made,
		  const uint8_t *at, uint64_t want);

#endif /* FUZZ_SUBMIT_H */
