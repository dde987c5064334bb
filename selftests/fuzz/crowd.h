/* SPDX-License-Identifier: GPL-2.0-only */
/* fuzz_sequence: many processes at once, and killed in the middle. */
#ifndef FUZZ_CROWD_H
#define FUZZ_CROWD_H

#include <stdint.h>

void crowd_run(void *tap_shared, uint64_t seed, double seconds);

#endif /* FUZZ_CROWD_H */
