/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of the uapi share: the ioctls with as few words as possible. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#ifndef UAPI_H
#define UAPI_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/stat.h>
#include <time.h>

#include <linux/kcmap.h>

#include "tap.h"

#define CONTROL "/dev/kcmap/control"
/* Maps of the tests have names that begin so, and are swept up. */
#define PREFIX "t."
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define PTR(pointer) ((uint64_t)(uintptr_t)(pointer))

static inline int control_open(void)
{
	int fd = open(CONTROL, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		tap_fail(__FILE__, __LINE__, "cannot open " CONTROL);
	return fd;
}

static inline void set_name(uint8_t to[KCMAP_NAME_SIZE], const char *name)
{
	size_t length = strlen(name);

	memset(to, 0, KCMAP_NAME_SIZE);
	memcpy(to, name, length < KCMAP_NAME_SIZE ? length : KCMAP_NAME_SIZE);
}

static inline struct kcmap_create create_args(const char *name,
					      uint64_t max_entries,
					      uint32_t key_size,
					      uint32_t value_size)
{
	struct kcmap_create args = {
		.size = sizeof(args),
		.flags = name ? 0 : KCMAP_F_ANON,
		.max_entries = max_entries,
		.key_size = key_size,
		.value_size = value_size,
		.mode = name ? 0600 : 0,
		.uid = KCMAP_ID_SELF,
		.gid = KCMAP_ID_SELF,
		.fd = -2,
	};

	if (name)
		set_name(args.name, name);
	return args;
}

static inline int destroy(const char *name)
{
	struct kcmap_destroy args = { .size = sizeof(args) };
	int fd = control_open();
	int ret, error;

	set_name(args.name, name);
	ret = ioctl(fd, KCMAP_CTL_DESTROY, &args);
	error = errno;
	close(fd);
	errno = error;
	return ret;
}

static inline int map_open(const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/kcmap/%s", name);
	return open(path, flags | O_CLOEXEC);
}

/* A map open for reading and writing; with a NULL name an anonymous one. */
static inline int map_create_flags(const char *name, uint64_t max_entries,
				   uint32_t key_size, uint32_t value_size,
				   uint32_t flags)
{
	struct kcmap_create args =
		create_args(name, max_entries, key_size, value_size);
	int control = control_open();

	args.flags |= flags;
	if (!CHECK_OK(ioctl(control, KCMAP_CTL_CREATE, &args)))
		exit(1);
	close(control);
	return name ? map_open(name, O_RDWR) : args.fd;
}

static inline int map_create(const char *name, uint64_t max_entries,
			     uint32_t key_size, uint32_t value_size)
{
	return map_create_flags(name, max_entries, key_size, value_size, 0);
}

/* One operation: 0 or a negative errno, of the call or of the item. */
static inline int op(int fd, int opcode, const void *key, const void *value,
		     void *result)
{
	struct kcmap_op item = {
		.opcode = opcode,
		.key = PTR(key),
		.value = PTR(value),
		.result = PTR(result),
	};
	struct kcmap_submit args = {
		.size = sizeof(args),
		.nr = 1,
		.ops = PTR(&item),
		.op_size = sizeof(item),
	};

	if (ioctl(fd, KCMAP_MAP_SUBMIT, &args))
		return -errno;
	return args.done == 1 ? item.status : -ENODATA;
}

/* The strided form: items done, or a negative errno. */
static inline int strided(int fd, int opcode, uint32_t nr, const void *keys,
			  const void *values, void *results, void *statuses)
{
	struct kcmap_submit args = {
		.size = sizeof(args),
		.flags = KCMAP_SUBMIT_STRIDED,
		.nr = nr,
		.opcode = opcode,
		.keys = PTR(keys),
		.values = PTR(values),
		.results = PTR(results),
		.statuses = PTR(statuses),
	};

	if (ioctl(fd, KCMAP_MAP_SUBMIT, &args))
		return -errno;
	return args.done;
}

static inline struct kcmap_stats map_stats(int fd)
{
	struct kcmap_stats stats = { .size = sizeof(stats) };

	CHECK_OK(ioctl(fd, KCMAP_MAP_STATS, &stats));
	return stats;
}

/* Scans to the end: entries, or a negative errno. Calls fn for each. */
static inline long
scan_all(int fd, uint32_t key_size, uint32_t value_size, uint32_t capacity,
	 void (*fn)(const void *key, const void *value, void *ctx), void *ctx)
{
	uint8_t *keys = malloc((size_t)capacity * key_size);
	uint8_t *values = malloc((size_t)capacity * value_size + 1);
	struct kcmap_scan scan = {
		.size = sizeof(scan),
		.keys = PTR(keys),
		.values = PTR(values),
		.capacity = capacity,
	};
	long count = 0;

	while (!(scan.flags & KCMAP_SCAN_END)) {
		uint32_t i;

		if (ioctl(fd, KCMAP_MAP_SCAN, &scan)) {
			count = -errno;
			break;
		}
		count += scan.count;
		for (i = 0; i < scan.count && fn; i++)
			fn(keys + (size_t)i * key_size,
			   values + (size_t)i * value_size, ctx);
	}
	free(keys);
	free(values);
	return count;
}

/* Pages with a page behind them that cannot be touched. */
static inline void *guarded(size_t pages)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint8_t *at = mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at + pages * page, page, PROT_NONE)) {
		tap_fail(__FILE__, __LINE__, "mmap");
		exit(1);
	}
	return at;
}

static inline double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* A random number that is the same in each run: xorshift. */
static inline uint64_t rnd(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Destroys what the tests left behind. */
static void sweep(void)
{
	struct kcmap_map_info maps[16];
	struct kcmap_list list = {
		.size = sizeof(list),
		.maps = PTR(maps),
		.map_size = sizeof(maps[0]),
		.capacity = ARRAY_SIZE(maps),
	};
	int fd = open(CONTROL, O_RDWR | O_CLOEXEC);

	while (fd >= 0 && !ioctl(fd, KCMAP_CTL_LIST, &list) && list.count) {
		uint32_t i;

		for (i = 0; i < list.count; i++)
			if (!strncmp((char *)maps[i].name, PREFIX,
				     strlen(PREFIX)))
				destroy((char *)maps[i].name);
	}
	close(fd);
}

__attribute__((constructor)) static void uapi_init(void)
{
	tap_after = sweep;
}

#endif /* UAPI_H */
