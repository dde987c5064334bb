/* SPDX-License-Identifier: MIT */
#ifndef KCMAP_CLI_UTIL_H
#define KCMAP_CLI_UTIL_H

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* The compiler checks the arguments from @first on against format @fmt. */
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

#endif /* KCMAP_CLI_UTIL_H */
