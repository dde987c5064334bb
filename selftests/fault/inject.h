/* SPDX-License-Identifier: GPL-2.0-only */
/* What makes the N-th allocation, copy or page fault of an operation fail. */
#ifndef INJECT_H
#define INJECT_H

#include "uapi.h"

#define DEBUGFS "/sys/kernel/debug/"

/* Through what. */
enum injector {
	NTH, /* this task's fail-nth: allocations, copies of user memory, page faults */
	ALLOC, /* of kcmap's own: what this task allocates for a table, from the N-th on */
	SOFTIRQ, /* likewise: what softirq does, the N-th alone */
	SOFTIRQ_ON, /* from the N-th on */
	MAPPING, /* likewise: page faults, the N-th alone */
};

/* More than any operation asks for. */
#define ALL 1000000

struct attribute {
	const char *name;
	int times;
	bool task_filter;
};

static const struct attribute attributes[] = {
	[ALLOC] = { "fail_alloc", ALL, true },
	[SOFTIRQ] = { "fail_softirq", 1, false },
	[SOFTIRQ_ON] = { "fail_softirq", ALL, false },
	[MAPPING] = { "fail_mapping", 1, false },
};

static int fail_nth = -1;

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		tap_diag("%s: %s", path, strerror(errno));
		tap_fail(__FILE__, __LINE__, "cannot write there");
		exit(1);
	}
	close(fd);
}

static long read_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strtol(text, NULL, 0);
}

static void set_attribute(const char *name, const char *file, long value)
{
	char path[96], text[24];

	snprintf(path, sizeof(path), DEBUGFS "kcmap/%s/%s", name, file);
	snprintf(text, sizeof(text), "%ld", value);
	write_text(path, text);
}

/*
 * The kernel's injectors leave out what may wait, and single pages, unless they are
 * told not to. None says in the log what it does: splats are looked for there.
 */
static void inject_init(void)
{
	write_text(DEBUGFS "failslab/ignore-gfp-wait", "N");
	write_text(DEBUGFS "failslab/verbose", "0");
	write_text(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N");
	write_text(DEBUGFS "fail_page_alloc/min-order", "0");
	write_text(DEBUGFS "fail_page_alloc/verbose", "0");
	write_text(DEBUGFS "fail_usercopy/verbose", "0");
	/* The kernel waits for several grace periods for each module that it refuses. */
	write_text("/sys/kernel/rcu_expedited", "1");
}

/* For this task, and before the first inject_arm(). */
static void inject_open(void)
{
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	REQUIRE(fail_nth >= 0);
	write_text("/proc/thread-self/make-it-fail", "1");
}

static void arm_nth(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	REQUIRE(pwrite(fail_nth, text, length, 0) == length);
}

/*
 * Both calls copy user memory, and may so be what fails: then nothing else did. Return:
 * what is left of the number; 0: it has failed.
 */
static unsigned int disarm_nth(void)
{
	char text[16] = "";
	unsigned int left = 1;

	if (pread(fail_nth, text, sizeof(text) - 1, 0) > 0)
		left = strtoul(text, NULL, 10);
	if (pwrite(fail_nth, "0", 1, 0) != 1)
		REQUIRE(pwrite(fail_nth, "0", 1, 0) == 1);
	return left;
}

/* From here on the @nth that comes fails. */
static void inject_arm(enum injector injector, unsigned int nth)
{
	const struct attribute *attribute = &attributes[injector];

	if (injector == NTH) {
		arm_nth(nth);
		return;
	}
	set_attribute(attribute->name, "verbose", 0);
	set_attribute(attribute->name, "task-filter", attribute->task_filter);
	set_attribute(attribute->name, "times", attribute->times);
	/* Each costs 1 of it, and nothing fails while there is more than 1. */
	set_attribute(attribute->name, "space", nth);
	set_attribute(attribute->name, "probability", 100);
}

/* Return: how many failed. */
static unsigned int inject_disarm(enum injector injector)
{
	const struct attribute *attribute = &attributes[injector];
	char path[96];

	if (injector == NTH)
		return !disarm_nth();
	set_attribute(attribute->name, "probability", 0);
	snprintf(path, sizeof(path), DEBUGFS "kcmap/%s/times", attribute->name);
	return attribute->times - read_number(path);
}

#endif /* INJECT_H */
