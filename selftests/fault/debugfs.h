/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of the kernel's, and its fault injectors as all who use them want them. */
#ifndef DEBUGFS_H
#define DEBUGFS_H

#include "uapi.h"

#define DEBUGFS "/sys/kernel/debug/"

static inline void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		tap_diag("%s: %s", path, strerror(errno));
		tap_fail(__FILE__, __LINE__, "cannot write there");
		exit(1);
	}
	close(fd);
}

static inline long read_number(const char *path)
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

/*
 * The kernel's injectors leave out what may wait, and single pages, unless they are
 * told not to. None says in the log what it does: splats are looked for there.
 */
static inline void inject_init(void)
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

#endif /* DEBUGFS_H */
