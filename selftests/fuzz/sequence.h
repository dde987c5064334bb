/* SPDX-License-Identifier: GPL-2.0-only */
/* fuzz_sequence: sequences of steps, and how they are run, repeated and made shorter. */
#ifndef FUZZ_SEQUENCE_H
#define FUZZ_SEQUENCE_H

#include "ops.h"

/* Never a stranger. */
#define NO_STRANGER UINT64_MAX

/**
 * struct sequence - what is to be run
 * @seed: seed
 * @steps: numbers of the steps
 * @nr: how many
 * @stranger: from this step on somebody changes a map behind the model's back, once
 * @verbose: print each step
 * @thorough: look at all after each step
 */
struct sequence {
	uint64_t seed;
	uint64_t *steps;
	uint64_t nr;
	uint64_t stranger;
	bool verbose, thorough;
};

/**
 * struct outcome - what came of it
 * @failed: something was not as expected
 * @at: after so many steps
 * @step: number of that step
 * @op: what it did
 * @text: with what
 * @complaint: what was wrong
 * @digest: of all calls and results, but for what the module may choose
 */
struct outcome {
	bool failed;
	uint64_t at, step;
	const char *op;
	char text[1024], complaint[1024];
	uint64_t digest;
};

/* How often each operation was run and succeeded, in this process. */
extern uint64_t op_runs[];

struct sequence sequence_new(uint64_t seed, uint64_t nr);
struct outcome sequence_run(const struct sequence *sequence);
struct outcome sequence_shorten(struct sequence *sequence, double seconds);
void sequence_print(const struct sequence *sequence,
		    const struct outcome *outcome);

#endif /* FUZZ_SEQUENCE_H */
