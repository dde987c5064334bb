/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is fuzzed of the library and the tool: each parser of text or files that others may
 * have written. A parser that is added is a line in the table of main.c.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "util.h"

/* A seed: @size bytes, a file that libFuzzer begins with. */
typedef void (*fuzz_seed_fn)(const void *bytes, size_t size);

/**
 * struct fuzz_target - a parser
 * @name: as the user gives it
 * @file: of its code, below userspace/
 * @without: sed's command that leaves out a check there: a bug that has to be found
 * @one: parses one input, and checks what can be checked of the result
 * @seeds: makes inputs to begin with
 * @header: mutate only so many bytes, every other time; 0: all of them
 */
struct fuzz_target {
	const char *name;
	const char *file;
	const char *without;
	void (*one)(const uint8_t *data, size_t size);
	void (*seeds)(fuzz_seed_fn seed);
	size_t header;
};

void fuzz_saved(const uint8_t *data, size_t size);
void fuzz_saved_seeds(fuzz_seed_fn seed);
void fuzz_types(const uint8_t *data, size_t size);
void fuzz_types_seeds(fuzz_seed_fn seed);
void fuzz_arguments(const uint8_t *data, size_t size);
void fuzz_arguments_seeds(fuzz_seed_fn seed);
void fuzz_soaks(const uint8_t *data, size_t size);
void fuzz_soaks_seeds(fuzz_seed_fn seed);
void fuzz_names(const uint8_t *data, size_t size);
void fuzz_names_seeds(fuzz_seed_fn seed);

/* text.c */
char *fuzz_text(const uint8_t *data, size_t size);
void fuzz_text_seeds(fuzz_seed_fn seed, const char *const *texts, size_t nr);

/* What has to be so; else it is a finding, as a crash is. */
#define MUST(condition)                   \
	do {                              \
		if (!(condition))         \
			__builtin_trap(); \
	} while (0)

/* What libFuzzer calls, and has. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed);

#endif /* FUZZ_H */
