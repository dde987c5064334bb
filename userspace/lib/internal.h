/* SPDX-License-Identifier: MIT */
/* What the files of libkcmap share and do not export. */
#ifndef KCMAP_INTERNAL_H
#define KCMAP_INTERNAL_H

#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <libkcmap.h>

struct kcmap_ctl {
	int fd;
};

/* Nothing here changes after the map is open: this is what lets threads share it. */
struct kcmap_map {
	int fd;
	uint32_t key_size;
	uint32_t value_size;
};

struct kcmap_classifier {
	int fd;
};

static inline int kcmap_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static inline __u64 kcmap_addr(const void *pointer)
{
	return (__u64)(uintptr_t)pointer;
}

#endif /* KCMAP_INTERNAL_H */
