// SPDX-License-Identifier: MIT
/* What kcmap bench says on stderr while it works. */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

/* One line that changes, where somebody is looking; --progress asks for lines. */
static bool on_terminal(void)
{
	return !bench_config.progress && isatty(STDERR_FILENO);
}

void bench_progress(const char *fmt, ...)
{
	va_list ap;

	if (!bench_config.progress && !on_terminal())
		return;
	if (on_terminal())
		fputs("\r\033[K", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (!on_terminal())
		fputc('\n', stderr);
}

/* What is worth knowing whether or not somebody looks. */
void bench_say(const char *fmt, ...)
{
	va_list ap;

	bench_progress_end();
	fputs("kcmap: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void bench_progress_end(void)
{
	if (on_terminal())
		fputs("\r\033[K", stderr);
}
