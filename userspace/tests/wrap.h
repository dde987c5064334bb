/* SPDX-License-Identifier: MIT */
/* What the linker puts in the place of ioctl(), see --wrap in ld(1). */
#ifndef KCMAP_TESTS_WRAP_H
#define KCMAP_TESTS_WRAP_H

int __wrap_ioctl(int fd, unsigned long request, void *arg);

#endif /* KCMAP_TESTS_WRAP_H */
