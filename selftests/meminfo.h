/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says of its memory. */
#ifndef MEMINFO_H
#define MEMINFO_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What fits of a file, as a string; nothing where it cannot be read. */
static inline void read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	text[length > 0 ? length : 0] = 0;
	if (fd >= 0)
		close(fd);
}

/* Bytes that a line of /proc/meminfo says. */
static inline long long meminfo_bytes(const char *name)
{
	char text[8192], line[64];
	const char *at;

	text[0] = '\n';
	read_text("/proc/meminfo", text + 1, sizeof(text) - 1);
	snprintf(line, sizeof(line), "\n%s:", name);
	at = strstr(text, line);
	return at ? atoll(at + strlen(line)) * 1024 : 0;
}

#endif /* MEMINFO_H */
