/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers that processes of a test share. */
#ifndef SELFTESTS_ATOMIC_H
#define SELFTESTS_ATOMIC_H

#include <stdint.h>

static inline uint64_t load(const uint64_t *from)
{
	return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

static inline void store(uint64_t *to, uint64_t number)
{
	__atomic_store_n(to, number, __ATOMIC_RELEASE);
}

static inline void add(uint64_t *to, uint64_t number)
{
	__atomic_fetch_add(to, number, __ATOMIC_RELAXED);
}

#endif /* SELFTESTS_ATOMIC_H */
