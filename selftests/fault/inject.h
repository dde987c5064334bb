/* SPDX-License-Identifier: GPL-2.0-only */
/* What makes the N-th allocation, copy or page fault of an operation fail. */
#ifndef INJECT_H
#define INJECT_H

#include "debugfs.h"

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

static void set_attribute(const char *name, const char *file, long value)
{
	char path[96], text[24];

	snprintf(path, sizeof(path), DEBUGFS "kcmap/%s/%s", name, file);
	snprintf(text, sizeof(text), "%ld", value);
	write_text(path, text);
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
