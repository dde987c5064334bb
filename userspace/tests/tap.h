/* SPDX-License-Identifier: MIT */
/* TAP for the unit tests. */
#ifndef KCMAP_TESTS_TAP_H
#define KCMAP_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "util.h"

static int tap_count;
static int tap_failed;

PRINTF_LIKE(2, 3)
static inline bool ok(bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%s %d - ", good ? "ok" : "not ok", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	tap_failed += !good;
	return good;
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif /* KCMAP_TESTS_TAP_H */
