/* SPDX-License-Identifier: MIT */
/* What the linker puts in the place of ioctl(), see --wrap in ld(1). */
#ifndef KCMAP_TESTS_WRAP_H
#define KCMAP_TESTS_WRAP_H

#include <stddef.h>
#include <sys/types.h>

int __wrap_ioctl(int fd, unsigned long request, void *arg);

void *__real_mmap(void *addr, size_t size, int prot, int flags, int fd,
		  off_t offset);
void *__wrap_mmap(void *addr, size_t size, int prot, int flags, int fd,
		  off_t offset);
int __real_munmap(void *addr, size_t size);
int __wrap_munmap(void *addr, size_t size);

#endif /* KCMAP_TESTS_WRAP_H */
