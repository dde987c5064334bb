/* SPDX-License-Identifier: GPL-2.0-only */
/* fuzz_sequence: where mappings are. */
#ifndef FUZZ_MEMORY_H
#define FUZZ_MEMORY_H

#include <stdint.h>

uint64_t mapping_address(unsigned int place, unsigned int side);

#endif /* FUZZ_MEMORY_H */
