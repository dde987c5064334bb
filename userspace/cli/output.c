// SPDX-License-Identifier: MIT
/*
 * Where output goes: results on stdout, diagnostics on stderr. With -j stdout is
 * one JSON value whatever happens: an error is an object with the members error
 * and status, in place of the result or as the last element of an array.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

bool json_wanted;
bool json_pretty;
struct json json;

void output_begin(void)
{
	json.out = stdout;
	json.pretty = json_pretty;
}

/**
 * output_end() - complete what was written
 * @status: exit code so far
 *
 * A full disk must not look like success.
 *
 * Return: exit code.
 */
int output_end(int status)
{
	if (json_wanted && !json.started)
		json_object(&json, NULL);
	while (json.depth)
		json_end(&json);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "kcmap: cannot write the output: %s\n",
			strerror(errno));
		return EXIT_FAILED;
	}
	return status;
}

PRINTF_LIKE(2, 0)
static int report(int status, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	/* Results that came before are to be seen before. */
	fflush(stdout);
	fprintf(stderr, "kcmap: %s\n", text ? text : "out of memory");
	if (json_wanted) {
		json_object(&json, NULL);
		json_string(&json, "error", text ? text : "out of memory");
		json_u64(&json, "status", (uint64_t)status);
		json_end(&json);
	}
	free(text);
	return status;
}

int usage_error(const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = report(EXIT_USAGE, fmt, ap);
	va_end(ap);
	return ret;
}

int absent(const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = report(EXIT_ABSENT, fmt, ap);
	va_end(ap);
	return ret;
}

int failed(const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = report(EXIT_FAILED, fmt, ap);
	va_end(ap);
	return ret;
}
