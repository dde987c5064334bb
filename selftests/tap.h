/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small test harness that prints TAP. Each TEST() runs in a child with a
 * process group and a time limit of its own, so that one that crashes, hangs or
 * leaves children behind is a failed test and nothing more.
 *
 *	TEST(name) { CHECK_EQ(1 + 1, 2); }
 *	int main(int argc, char **argv) { return tap_main(argc, argv); }
 *
 * CHECK*() note a failure and go on; REQUIRE() ends the test.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#ifndef TAP_H
#define TAP_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAP_SECONDS 120

struct tap_test {
	const char *name;
	void (*fn)(void);
	struct tap_test *next;
};

/* Shared with the children, also those that a test makes itself. */
struct tap_shared {
	int failures;
	char skip[128];
};

static struct tap_test *tap_tests;
static struct tap_test **tap_tail __attribute__((unused)) = &tap_tests;
static struct tap_shared *tap_shared;
/* The test that runs: tests made from a table have one function. */
static const struct tap_test *tap_current;

#define TEST(test_name)                                                    \
	static void test_name(void);                                       \
	static struct tap_test tap_##test_name = { #test_name, test_name,  \
						   NULL };                 \
	static void __attribute__((constructor)) tap_add_##test_name(void) \
	{                                                                  \
		*tap_tail = &tap_##test_name;                              \
		tap_tail = &tap_##test_name.next;                          \
	}                                                                  \
	static void test_name(void)

static inline void __attribute__((format(printf, 1, 2)))
tap_diag(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* One write: lines of several processes must not mix. */
	dprintf(STDOUT_FILENO, "# %s\n", line);
}

static inline void tap_fail(const char *file, int line, const char *what)
{
	/* A check in a loop can fail thousands of times. */
	if (__atomic_fetch_add(&tap_shared->failures, 1, __ATOMIC_RELAXED) < 20)
		tap_diag("%s:%d: %s", file, line, what);
}

#define CHECK(condition)                                          \
	({                                                        \
		bool tap_good = (condition);                      \
		if (!tap_good)                                    \
			tap_fail(__FILE__, __LINE__, #condition); \
		tap_good;                                         \
	})

#define REQUIRE(condition)             \
	do {                           \
		if (!CHECK(condition)) \
			exit(1);       \
	} while (0)

#define CHECK_EQ(left, right)                                                  \
	({                                                                     \
		long long tap_left = (long long)(left);                        \
		long long tap_right = (long long)(right);                      \
		if (tap_left != tap_right) {                                   \
			char tap_what[256];                                    \
			snprintf(tap_what, sizeof(tap_what),                   \
				 "%s is %lld, not %s (%lld)", #left, tap_left, \
				 #right, tap_right);                           \
			tap_fail(__FILE__, __LINE__, tap_what);                \
		}                                                              \
		tap_left == tap_right;                                         \
	})

/* That a call that sets errno succeeds, or fails with the given one. */
#define CHECK_OK(call) CHECK_ERRNO(call, 0)
#define CHECK_ERRNO(call, expected)                                            \
	({                                                                     \
		int tap_errno;                                                 \
		errno = 0;                                                     \
		tap_errno = (call) < 0 ? errno : 0;                            \
		if (tap_errno != (expected)) {                                 \
			char tap_what[256];                                    \
			snprintf(tap_what, sizeof(tap_what), "%s: %s, not %s", \
				 #call, strerrorname_np(tap_errno),            \
				 strerrorname_np(expected));                   \
			tap_fail(__FILE__, __LINE__, tap_what);                \
		}                                                              \
		tap_errno == (expected);                                       \
	})

#define SKIP(reason)                                                       \
	do {                                                               \
		snprintf(tap_shared->skip, sizeof(tap_shared->skip), "%s", \
			 reason);                                          \
		exit(0);                                                   \
	} while (0)

/* A child of a test; its failures count. Wait for it with tap_join(). */
static inline pid_t tap_fork(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		tap_fail(__FILE__, __LINE__, "fork");
		exit(1);
	}
	return pid;
}

static inline void tap_join(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status))
		tap_fail(__FILE__, __LINE__, "a child died");
}

/* What a suite may do after each test, for example to sweep up. */
static void (*tap_after)(void);

/* By what a kernel with sanitizers is slower, if the runner says so. */
static unsigned int tap_patience(void)
{
	const char *times = getenv("TAP_PATIENCE");

	return times ? strtoul(times, NULL, 10) : 1;
}

static void tap_run(const struct tap_test *test, int nr)
{
	int status = 0;
	pid_t pid;

	memset(tap_shared, 0, sizeof(*tap_shared));
	tap_current = test;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		alarm(TAP_SECONDS * tap_patience());
		test->fn();
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		tap_fail(__FILE__, __LINE__, "fork");
	} else {
		kill(-pid, SIGKILL);
		if (WIFSIGNALED(status)) {
			tap_diag("killed by signal %d (%s)", WTERMSIG(status),
				 WTERMSIG(status) == SIGALRM ? "too slow" :
							       "crashed");
			tap_shared->failures++;
		} else if (WEXITSTATUS(status) && !tap_shared->failures) {
			tap_fail(__FILE__, __LINE__, "exit status not 0");
		}
	}
	if (tap_after)
		tap_after();

	printf("%sok %d - %s%s%s\n", tap_shared->failures ? "not " : "", nr,
	       test->name, tap_shared->skip[0] ? " # SKIP " : "",
	       tap_shared->skip);
	fflush(stdout);
}

/* Runs all tests, or those that are named. */
static inline int tap_main(int argc, char **argv)
{
	struct tap_test *test;
	int nr = 0, failed = 0;

	tap_shared = mmap(NULL, sizeof(*tap_shared), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tap_shared == MAP_FAILED) {
		printf("Bail out! mmap\n");
		return 1;
	}
	if (argc > 1) {
		struct tap_test **link = &tap_tests;

		while ((test = *link)) {
			int i = 1;

			while (i < argc && strcmp(argv[i], test->name))
				i++;
			if (i == argc)
				*link = test->next;
			else
				link = &test->next;
		}
	}
	for (test = tap_tests; test; test = test->next)
		nr++;

	printf("TAP version 13\n1..%d\n", nr);
	nr = 0;
	for (test = tap_tests; test; test = test->next) {
		tap_run(test, ++nr);
		failed += tap_shared->failures != 0;
	}
	return failed != 0;
}

#endif /* TAP_H */
